package main

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/farmacyfoods/pointofsale/events/jetstream"
	"github.com/farmacyfoods/pointofsale/fridge"
	"github.com/farmacyfoods/pointofsale/kiosk"
	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/vendors/bytetech"
	"github.com/farmacyfoods/pointofsale/vendors/kit"
	"github.com/farmacyfoods/pointofsale/vendors/quickbooksdesktop"
)

// workerConfig is what a worker reads from its standard input.
type workerConfig struct {
	URL      string        `json:"url"`
	TTL      time.Duration `json:"ttl"`
	Accounts []shopConfig  `json:"accounts"`
}

// shopConfig is an account at one of the simulated systems. Its credentials
// are those of the simulation.
type shopConfig struct {
	Vendor   string    `json:"vendor"`
	Account  string    `json:"account"`
	URL      string    `json:"url"`
	ClientID string    `json:"client_id,omitempty"`
	Secret   string    `json:"secret"`
	HookURL  string    `json:"hook_url"`
	HookKey  string    `json:"hook_key"`
	Since    time.Time `json:"since"`
	// More is what else the system needs, by names of its own.
	More map[string]string `json:"more,omitempty"`
}

// work runs both integrators until the process is killed, or drains them when
// it is told to end or the parent is gone.
func work(ctx context.Context, stdin io.Reader, stdout io.Writer) error {
	var cfg workerConfig
	in := json.NewDecoder(stdin)
	if err := in.Decode(&cfg); err != nil {
		return err
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	go func() {
		_, _ = io.Copy(io.Discard, stdin) // ends with the parent
		stop()
	}()
	log := slog.New(slog.NewTextHandler(os.Stderr, nil)).With("pid", os.Getpid())
	stream, err := connect(ctx, cfg.URL, log)
	if err != nil {
		return err
	}
	defer func() { _ = stream.Close() }()
	t := &teller{out: json.NewEncoder(stdout), polled: make(map[string]bool)}
	mux := http.NewServeMux()
	f, k, err := integrators(cfg, stream, t, log, mux)
	if err != nil {
		return err
	}
	mux.Handle("/fridge/", http.StripPrefix("/fridge", f.Handler()))
	mux.Handle("/kiosk/", http.StripPrefix("/kiosk", k.Handler()))
	var lc net.ListenConfig
	listener, err := lc.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	defer func() { _ = server.Close() }()
	go func() { _ = server.Serve(listener) }()
	t.say(message{Ready: listener.Addr().String()})
	var running sync.WaitGroup
	errs := make([]error, 2)
	running.Go(func() { errs[0] = f.Run(ctx); stop() })
	running.Go(func() { errs[1] = k.Run(ctx); stop() })
	running.Wait()
	return errors.Join(errs...)
}

// connect waits for the server.
func connect(ctx context.Context, url string, log *slog.Logger) (*jetstream.Stream, error) {
	for {
		s, err := jetstream.Open(ctx, jetstream.Config{
			URL: url, Logger: log, Timeout: 2 * time.Second, Delivery: jetstream.Delivery{AckWait: 2 * time.Second},
		})
		if err == nil || ctx.Err() != nil || errors.Is(err, pos.ErrInvalid) || errors.Is(err, pos.ErrConflict) {
			return s, err
		}
		timer := time.NewTimer(100 * time.Millisecond)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return nil, ctx.Err()
		}
	}
}

func integrators(cfg workerConfig, stream *jetstream.Stream, t *teller, log *slog.Logger, mux *http.ServeMux) (*fridge.Integrator, *kiosk.Integrator, error) {
	var fridges, counters []fridge.Account
	for _, s := range cfg.Accounts {
		a, err := s.account(stream.Store())
		if err != nil {
			return nil, nil, err
		}
		if s.Vendor == bytetech.Vendor {
			fridges = append(fridges, a)
		} else {
			counters = append(counters, a)
		}
	}
	called(mux, counters)
	schedule := fridge.Schedule{
		Purchases: 500 * time.Millisecond, Status: 5 * time.Second, Inventory: -1, Locations: 5 * time.Second,
	}
	cluster, journal := stream.Cluster(cfg.TTL), newJournal(stream, t.say)
	f, err := fridge.New(fridge.Config{
		Accounts: fridges, Journal: journal, Subscriber: stream, Cluster: cluster,
		Schedule: schedule, Observer: t.observer(), Logger: log, Drain: 5 * time.Second,
	})
	if err != nil {
		return nil, nil, err
	}
	k, err := kiosk.New(kiosk.Config{
		Accounts: counters, Journal: journal, Subscriber: stream, Cluster: cluster,
		Schedule: schedule, Observer: t.observer(), Logger: log, Drain: 5 * time.Second,
	})
	return f, k, err
}

// account opens the account, as every worker does.
func (s shopConfig) account(store pos.Store) (fridge.Account, error) {
	opts := &kit.Options{Store: store, Retry: kit.Retry{Attempts: 4, MinDelay: 50 * time.Millisecond, MaxDelay: time.Second}}
	provider, hook, err := systems[s.Vendor].serve(s, opts)
	return fridge.Account{Provider: provider, Webhook: hook, Since: s.Since}, err
}

// called mounts the services that systems call by themselves.
func called(mux *http.ServeMux, accounts []fridge.Account) {
	for _, a := range accounts {
		if service, ok := a.Provider.(interface{ Handler() http.Handler }); ok {
			mux.Handle("/called/"+a.Provider.Describe().Account, service.Handler())
		}
	}
}

// teller prints what the parent wants to know.
type teller struct {
	mu     sync.Mutex
	out    *json.Encoder
	polled map[string]bool // since the account is ours
}

func (t *teller) say(m message) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if m.At.IsZero() {
		m.At = time.Now()
	}
	_ = t.out.Encode(m) // The parent is gone if this fails, and we go too.
}

func (t *teller) observer() fridge.Observer {
	return fridge.Observer{
		Owner: func(i fridge.OwnerInfo) {
			t.mu.Lock()
			delete(t.polled, i.Origin.String())
			t.mu.Unlock()
			t.say(message{Account: i.Origin.String(), Owned: i.Owned, Lost: !i.Owned})
		},
		Poll: func(i fridge.PollInfo) {
			if i.Job != pos.JobPurchases || i.Err != nil && !waits(i.Err) {
				return
			}
			t.mu.Lock()
			first := !t.polled[i.Origin.String()]
			t.polled[i.Origin.String()] = true
			t.mu.Unlock()
			if first {
				t.say(message{Account: i.Origin.String(), Polled: true, At: time.Now().Add(-i.Duration)})
			}
		},
		Commit: func(i fridge.CommitInfo) {
			if errors.Is(i.Err, pos.ErrConflict) {
				t.say(message{Account: i.Origin.String(), Stale: true})
			}
		},
	}
}

// waits reports whether a poll could not succeed because the Web Connector has
// not called since the session before was cut off: the owner is at work.
func waits(err error) bool {
	e, ok := errors.AsType[*pos.Error](err)
	return ok && e.Vendor == quickbooksdesktop.Vendor && e.Kind == pos.KindUnavailable
}
