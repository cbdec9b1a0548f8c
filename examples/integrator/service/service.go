package service

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"net"
	"net/http"
	"sync"
	"time"

	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"

	"github.com/farmacyfoods/pointofsale/events"
	"github.com/farmacyfoods/pointofsale/events/eventslog"
	"github.com/farmacyfoods/pointofsale/events/httppush"
	"github.com/farmacyfoods/pointofsale/events/jetstream"
	"github.com/farmacyfoods/pointofsale/pos/inventory"
	"github.com/farmacyfoods/pointofsale/pos/inventory/inventoryhttp"
	"github.com/farmacyfoods/pointofsale/vendors/kit"
)

// Service is what an integrator is built on. Close it.
type Service struct {
	Name      string
	Log       *slog.Logger
	Telemetry *Telemetry
	Stream    *jetstream.Stream
	// Inventory is nil if none is configured.
	Inventory inventory.Service

	cfg      Config
	client   *http.Client
	listener net.Listener
	commands *httppush.Keys // nil if none are taken
	alarms   chan events.Event
}

// Integrator is what fridge.Integrator and kiosk.Integrator have in common.
type Integrator interface {
	Run(ctx context.Context) error
	Handler() http.Handler
}

// Open opens the port and the stream. The configuration was checked. Logs go
// to stderr, traces to stdout.
func Open(ctx context.Context, name string, cfg Config, stdout, stderr io.Writer) (_ *Service, err error) {
	s := &Service{Name: name, cfg: cfg, listener: cfg.Listener, alarms: make(chan events.Event, waitingAlarms)}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Close())
		}
	}()
	s.Log = slog.New(slog.NewJSONHandler(stderr, &slog.HandlerOptions{Level: cfg.Log})).With("service", name)
	if s.Telemetry, err = newTelemetry(name, cfg.Traces, stdout); err != nil {
		return nil, err
	}
	s.client = s.Telemetry.client()
	if s.listener == nil {
		var lc net.ListenConfig
		if s.listener, err = lc.Listen(ctx, "tcp", cfg.Listen); err != nil {
			return nil, err
		}
	}
	cfg.Stream.Logger = s.Log
	if s.Stream, err = jetstream.Open(ctx, cfg.Stream); err != nil {
		return nil, fmt.Errorf("opening the stream: %w", err)
	}
	if cfg.Inventory != nil {
		if s.Inventory, err = inventoryhttp.New(*cfg.Inventory, &kit.Options{HTTPClient: s.client, Logger: s.Log, UserAgent: s.Name}); err != nil {
			return nil, err
		}
	}
	if cfg.Commands != nil {
		s.commands, err = httppush.NewKeys(cfg.Commands.Secrets...)
	}
	return s, err
}

// Run serves until ctx ends. Then it is not ready any more, running work ends,
// and the server stops last, so that callbacks are kept as long as possible.
// What is beside it, unless it is nil, runs until ctx ends too.
func (s *Service) Run(ctx context.Context, i Integrator, beside func(context.Context, *Service)) error {
	base, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	if err := s.forward(base); err != nil {
		return err
	}
	srv := &http.Server{Handler: s.routes(ctx, i), ReadHeaderTimeout: 10 * time.Second}
	failed := make(chan error, 1)
	var serving sync.WaitGroup
	work, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	serving.Go(func() {
		if err := srv.Serve(s.listener); !errors.Is(err, http.ErrServerClosed) {
			failed <- err
			cancel(err)
		}
	})
	serving.Go(func() { s.publishAlarms(work) })
	if beside != nil {
		serving.Go(func() { beside(work, s) })
	}
	s.Log.Info("listening", "addr", s.listener.Addr().String())
	err := i.Run(work)
	s.Log.Info("drained")
	cancel(nil)
	end, done := context.WithTimeout(base, 5*time.Second)
	defer done()
	if e := srv.Shutdown(end); e != nil {
		err = errors.Join(err, e, srv.Close())
	}
	serving.Wait()
	select {
	case e := <-failed:
		return errors.Join(err, e)
	default:
		return err
	}
}

func (s *Service) routes(running context.Context, i Integrator) http.Handler {
	inner := i.Handler()
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", s.Telemetry.handler())
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		if running.Err() != nil {
			http.Error(w, "draining", http.StatusServiceUnavailable)
			return
		}
		if err := s.Stream.Check(r.Context()); err != nil {
			http.Error(w, "the stream does not answer", http.StatusServiceUnavailable)
			return
		}
		inner.ServeHTTP(w, r)
	})
	mux.Handle("GET /healthz", inner)
	mux.Handle("/webhooks/", otelhttp.NewHandler(inner, "webhook", s.Telemetry.http()...))
	if s.commands != nil {
		take := func(ctx context.Context, e events.Event) error {
			if e.TraceParent == "" {
				e.TraceParent = s.Telemetry.TraceParent(ctx)
			}
			return s.Stream.Publish(ctx, e)
		}
		mux.Handle("POST /events", otelhttp.NewHandler(httppush.Receiver(s.commands, take, &httppush.ReceiverOptions{Logger: s.Log}), "command", s.Telemetry.http()...))
	}
	return mux
}

// news are the events that leave if nothing else is said: all but commands.
var news = []string{
	events.TypePurchaseRecorded, events.TypePurchaseRevised, events.TypePurchaseRefunded, events.TypePurchaseVoided,
	events.TypeStatusChanged, events.TypeInventoryChanged, events.TypeGapFound, events.TypePushOutcome,
	events.TypeDayCertified, events.TypeDayMismatch, events.TypeDayUnverified,
	events.TypeAuthorizationLost, events.TypeSubscriptionLost, events.TypeTokenExpiring, events.TypeAPIDeprecated,
	events.TypeAccountAlarm, events.TypePollFailing, events.TypePollRecovered, events.TypeObjectiveBreached, events.TypeObjectiveRecovered,
	events.TypeLotExpiring, events.TypeLotExpired, events.TypeGoodsUnsafe, events.TypeGoodsSafe,
	events.TypeItemUnavailable, events.TypeItemAvailable, events.TypeDoorOpen,
	events.TypeSalesStalled, events.TypeSalesResumed, events.TypeSaleUnmatched,
}

// forward sends events on until ctx ends. Each receiver has a group of its
// own, which the replicas share, and gets its events in order. An outage of any
// length holds them up; what a receiver rejects becomes a dead letter.
func (s *Service) forward(ctx context.Context) error {
	patient, err := s.Stream.Subscriber(jetstream.Delivery{Attempts: math.MaxInt32})
	if err != nil {
		return err
	}
	send := func(name string, types []string, to events.Publisher) error {
		if len(types) == 0 {
			types = news
		}
		_, err := patient.Subscribe(ctx, events.Filter{Group: s.Name + "-" + name, Types: types},
			func(ctx context.Context, e events.Event) error { return to.Publish(within(ctx, e.TraceParent), e) })
		return err
	}
	if s.cfg.LogEvents {
		if err := send("log", nil, eventslog.New(s.Log, nil)); err != nil {
			return err
		}
	}
	for _, p := range s.cfg.Push {
		to, err := httppush.New(p.Config, &httppush.Options{HTTPClient: s.client, Logger: s.Log})
		if err != nil {
			return err
		}
		if err := send("push-"+p.Name, p.Types, to); err != nil {
			return err
		}
	}
	return nil
}

// Close gives everything back that Open took.
func (s *Service) Close() error {
	var errs []error
	if s.listener != nil {
		if err := s.listener.Close(); !errors.Is(err, net.ErrClosed) {
			errs = append(errs, err)
		}
	}
	if s.Stream != nil {
		errs = append(errs, s.Stream.Close())
	}
	if s.Telemetry != nil {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		errs = append(errs, s.Telemetry.shutdown(ctx))
	}
	return errors.Join(errs...)
}
