package jetstream

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/farmacyfoods/pointofsale/events"
	"github.com/farmacyfoods/pointofsale/pos"
)

// Stream is one durable stream of events, cursors and state. It is an
// [events.Publisher], [events.Subscriber] and [events.Journal]; Store gives
// the [pos.Store]. All methods are safe for concurrent use. Close it.
type Stream struct {
	cfg    Config
	name   string
	prefix string // of subjects
	log    *slog.Logger
	server *embedded // nil if external
	nc     *nats.Conn
	js     jetstream.JetStream
	group  *grouper
	warm   *cache

	// life ends with Close. subscribers counts running deliveries.
	life        context.Context
	end         context.CancelFunc
	subscribers sync.WaitGroup
	closing     sync.Once
}

var (
	_ events.Publisher  = (*Stream)(nil)
	_ events.Subscriber = (*Stream)(nil)
	_ events.Journal    = (*Stream)(nil)
)

// Open starts the embedded server or connects to an external one, creates the
// stream if it does not exist and checks it otherwise. ctx bounds the opening
// only.
func Open(ctx context.Context, c Config) (*Stream, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	c = c.withDefaults()
	c.TLS, _ = c.tlsConfig() // Its problems were reported.
	c.TLSFiles = TLSFiles{}
	s := &Stream{cfg: c, name: c.Stream, prefix: prefixOf(c.Stream), log: c.Logger}
	s.life, s.end = context.WithCancel(context.Background())
	if err := s.open(ctx); err != nil {
		s.end()
		s.disconnect()
		return nil, err
	}
	s.group = newGrouper(s) //nolint:contextcheck // commits outlive the context of Open
	return s, nil
}

func (s *Stream) open(ctx context.Context) (err error) {
	if err := ctx.Err(); err != nil {
		return err
	}
	if s.cfg.URL == "" {
		if s.server, err = startEmbedded(s.cfg); err != nil {
			return err
		}
	}
	if s.nc, err = s.connect(); err != nil {
		return connectError(err)
	}
	if s.js, err = jetstream.New(s.nc, jetstream.WithDefaultTimeout(s.cfg.Timeout)); err != nil {
		return err
	}
	if err := s.ensure(ctx); err != nil {
		return err
	}
	if s.nc.MaxPayload() < maxPayload/2+maxHeader {
		s.log.Warn("the server's max_payload keeps values below 1 MiB", "max_payload", s.nc.MaxPayload())
	}
	s.warm, err = s.openCache(ctx)
	return err
}

func (s *Stream) connect() (*nats.Conn, error) {
	c := &s.cfg
	opts := []nats.Option{
		nats.Name("pointofsale " + s.name),
		nats.MaxReconnects(-1),
		nats.ReconnectWait(250 * time.Millisecond),
		// What is written while the connection is down fails at once: a message
		// that leaves later would act behind its sender's back.
		nats.ReconnectBufSize(-1),
		nats.NoCallbacksAfterClientClose(),
		// Credentials that are refused may be replaced, or allowed again.
		nats.IgnoreAuthErrorAbort(),
		nats.DisconnectErrHandler(func(_ *nats.Conn, err error) {
			if s.life.Err() == nil {
				s.log.Warn("connection to the stream lost", "error", err)
			}
		}),
		nats.ReconnectHandler(func(*nats.Conn) { s.log.Info("connection to the stream is back") }),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) { s.log.Warn("stream", "error", err) }),
	}
	identity, err := c.credentials()
	if err != nil {
		return nil, err
	}
	opts = append(opts, identity...)
	if s.server != nil {
		return nats.Connect("", append(opts, nats.InProcessServer(s.server))...)
	}
	if c.TLS != nil {
		opts = append(opts, nats.Secure(c.TLS))
	}
	return nats.Connect(c.URL, opts...)
}

// URL is where other processes reach the embedded server, "" if they cannot
// or the server is an external one.
func (s *Stream) URL() string {
	if s.server == nil || s.cfg.Listen == "" {
		return ""
	}
	return s.server.ClientURL()
}

// Check reports whether the stream answers, for readiness probes.
func (s *Stream) Check(ctx context.Context) error {
	if s.life.Err() != nil {
		return events.ErrClosed
	}
	ctx, cancel := context.WithTimeout(ctx, s.cfg.Timeout)
	defer cancel()
	if _, err := s.js.Stream(ctx, s.name); err != nil {
		return &pos.Error{Op: "jetstream.Check", Kind: pos.KindUnavailable, Err: err}
	}
	return nil
}

// Close ends subscriptions, waits up to Config.Drain for commits under way
// and for handlers, and gives the connection back. An embedded server stops. It is
// idempotent.
func (s *Stream) Close() error {
	s.closing.Do(func() {
		s.group.close(s.cfg.Drain)
		s.end()
		if !within(s.cfg.Drain, s.subscribers.Wait) {
			s.log.Warn("a handler does not return; closing without it")
		}
		s.disconnect()
	})
	return nil
}

func (s *Stream) disconnect() {
	if s.nc != nil {
		s.nc.Close()
	}
	if s.server != nil {
		s.server.stop()
	}
}

// within reports whether f returns in time.
func within(d time.Duration, f func()) bool {
	done := make(chan struct{})
	go func() {
		defer close(done)
		f()
	}()
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-done:
		return true
	case <-timer.C:
		return false
	}
}

func openError(kind pos.Kind, err error) error {
	if _, ok := errors.AsType[*pos.Error](err); ok {
		return err
	}
	return &pos.Error{Op: "jetstream.Open", Kind: kind, Err: err}
}

func invalid(format string, args ...any) error {
	return &pos.Error{Op: opCommit, Kind: pos.KindInvalid, Err: fmt.Errorf(format, args...)}
}
