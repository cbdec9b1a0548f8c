package jetstream

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"github.com/farmacyfoods/pointofsale/pos"
)

const (
	// startTimeout bounds the recovery of a large store; 1 GB takes some 2 s.
	startTimeout = 2 * time.Minute
	maxPayload   = 2 << 20
	// memoryBound is what the embedded server may hold in memory streams.
	memoryBound = 1 << 30
)

// embedded is a server inside this process.
type embedded struct {
	*server.Server
	lock    *os.File // nil in memory
	scratch string   // directory to remove at the end, or ""
}

func startEmbedded(c Config) (_ *embedded, err error) {
	e := &embedded{}
	defer func() {
		if err != nil {
			e.release()
		}
	}()
	dir := c.Dir
	if c.Memory {
		if dir, err = os.MkdirTemp("", "pos-stream-"); err != nil {
			return nil, err
		}
		e.scratch = dir
	} else if e.lock, err = lockDir(dir); err != nil {
		return nil, err
	}
	opts, err := serverOptions(c, dir)
	if err != nil {
		return nil, err
	}
	if e.Server, err = server.NewServer(opts); err != nil {
		return nil, openError(pos.KindUnavailable, err)
	}
	e.SetLoggerV2(serverLog{c.Logger}, false, false, false)
	e.Start()
	if !e.ReadyForConnections(startTimeout) {
		e.Shutdown()
		return nil, openError(pos.KindUnavailable, errors.New("the embedded server does not start"))
	}
	if !e.JetStreamEnabled() {
		e.Shutdown()
		return nil, openError(pos.KindUnavailable, fmt.Errorf("the embedded server cannot use %s", dir))
	}
	return e, nil
}

func serverOptions(c Config, dir string) (*server.Options, error) {
	o := &server.Options{
		ServerName:         "pos-embedded",
		JetStream:          true,
		StoreDir:           dir,
		JetStreamMaxMemory: memoryBound,
		SyncAlways:         !c.NoSync && !c.Memory,
		MaxPayload:         maxPayload,
		NoSigs:             true,
		DontListen:         c.Listen == "",
		Username:           c.User,
		Password:           c.Password.Reveal(),
		Authorization:      c.Token.Reveal(),
	}
	if c.Listen != "" {
		host, port, err := net.SplitHostPort(c.Listen)
		if err != nil {
			return nil, err
		}
		n, err := strconv.Atoi(port)
		if err != nil {
			return nil, openError(pos.KindInvalid, fmt.Errorf("port of Listen: %w", err))
		}
		o.Host, o.Port = host, n
		if n == 0 {
			o.Port = server.RANDOM_PORT
		}
		o.TLSConfig, o.TLS = c.TLS, c.TLS != nil
	}
	return o, nil
}

// stop ends the server and gives the directory back.
func (e *embedded) stop() {
	e.Shutdown()
	e.WaitForShutdown()
	e.release()
}

func (e *embedded) release() {
	if e.lock != nil {
		_ = e.lock.Close() // The system drops the lock in any case.
	}
	if e.scratch != "" {
		_ = os.RemoveAll(e.scratch)
	}
}

// lockDir keeps other processes out of dir. The lock ends with the process,
// however it ends.
func lockDir(dir string) (*os.File, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, openError(pos.KindUnavailable, err)
	}
	name := filepath.Join(dir, "lock")
	f, err := lockFile(name)
	if errors.Is(err, errLocked) {
		owner := "another process"
		if pid, err := os.ReadFile(name); err == nil && len(pid) > 0 { //nolint:gosec // the host chose the directory
			owner = "process " + string(pid)
		}
		return nil, openError(pos.KindConflict, fmt.Errorf("directory %s is in use by %s; let one process embed the server and others connect to it by URL", dir, owner))
	}
	if err != nil {
		return nil, openError(pos.KindUnavailable, err)
	}
	if err := f.Truncate(0); err == nil {
		_, _ = f.WriteString(strconv.Itoa(os.Getpid())) // For the message above only.
	}
	return f, nil
}

var errLocked = errors.New("locked")

// serverLog hands the server's log lines to slog. Its notices are no news to
// the host.
type serverLog struct{ log *slog.Logger }

func (l serverLog) Noticef(format string, v ...any) {
	l.log.Debug("nats: " + fmt.Sprintf(format, v...))
}

func (l serverLog) Warnf(format string, v ...any) { l.log.Warn("nats: " + fmt.Sprintf(format, v...)) }

func (l serverLog) Errorf(format string, v ...any) { l.log.Error("nats: " + fmt.Sprintf(format, v...)) }

func (l serverLog) Debugf(format string, v ...any) { l.log.Debug("nats: " + fmt.Sprintf(format, v...)) }

func (l serverLog) Tracef(string, ...any) {}

// Fatalf is called for failures after which the server has stopped itself; it
// must not end the host.
func (l serverLog) Fatalf(format string, v ...any) { l.Errorf(format, v...) }
