package main

import (
	"context"
	"net"
	"net/http"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/farmacyfoods/pointofsale/events"
	"github.com/farmacyfoods/pointofsale/events/jetstream"
	"github.com/farmacyfoods/pointofsale/fridge"
	"github.com/farmacyfoods/pointofsale/kiosk"
	"github.com/farmacyfoods/pointofsale/pos/inventory"
	"github.com/farmacyfoods/pointofsale/vendors/kit"
)

// world is everything that runs.
type world struct {
	systems []*system          // the vendors, each with our provider for it
	fridge  *fridge.Integrator // serves the fridges
	kiosk   *kiosk.Integrator  // serves all other points of sale
	stream  *jetstream.Stream  // between the integrators and Farmacy's services
	inbox   inbox              // of one such service, which listens to the events
	stock   inventory.Memory   // the inventory service, called directly
	mux     *http.ServeMux     // what vendors call: webhooks, and SOAP
	url     string             // of mux
	calls   atomic.Int64       // to vendors
	retries atomic.Int64       // among them
	stop    context.CancelFunc // ends all that runs
	running sync.WaitGroup     // all that runs
	cleanup []func()           // what is left to do then, last one first
}

// fast replaces schedules of minutes: here a minute takes a second or two.
var fast = fridge.Schedule{
	Purchases: 250 * time.Millisecond, Inventory: time.Second, InventoryFull: 4 * time.Second,
	Status: time.Second, Locations: 5 * time.Second,
}

// drain is how long work under way may take at the end.
const drain = time.Second

func open(ctx context.Context, o options) (_ *world, err error) {
	w := &world{}
	ctx, w.stop = context.WithCancel(ctx)
	defer func() {
		if err != nil {
			w.close()
		}
	}()
	if err := w.openStream(ctx); err != nil {
		return nil, err
	}
	if err := w.serve(ctx); err != nil {
		return nil, err
	}
	fridges, err := w.connect(ctx, o, openByte)
	if err != nil {
		return nil, err
	}
	counters, err := w.connect(ctx, o, openSquare, openSimphony, openQuickBooks, openQuickBooksDesktop)
	if err != nil {
		return nil, err
	}
	return w, w.integrate(ctx, fridges, counters)
}

// openStream starts the durable stream and Farmacy's side of it. The server runs
// inside this process. A real service keeps its directory, or connects to a
// cluster by URL.
func (w *world) openStream(ctx context.Context) error {
	dir, err := os.MkdirTemp("", "quickstart-")
	if err != nil {
		return err
	}
	w.finally(func() { _ = os.RemoveAll(dir) })
	if w.stream, err = jetstream.Open(ctx, jetstream.Config{Dir: dir}); err != nil {
		return err
	}
	w.finally(func() { _ = w.stream.Close() })
	_, err = w.stream.Subscribe(ctx, events.Filter{Group: "demo"}, w.inbox.take)
	return err
}

// serve opens the port that vendors call.
func (w *world) serve(ctx context.Context) error {
	var lc net.ListenConfig
	listener, err := lc.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	w.mux, w.url = http.NewServeMux(), "http://"+listener.Addr().String()
	server := &http.Server{Handler: w.mux, ReadHeaderTimeout: 5 * time.Second}
	w.running.Go(func() { _ = server.Serve(listener) })
	w.running.Go(func() { <-ctx.Done(); _ = server.Close() })
	return nil
}

// connect opens systems and returns our accounts there.
func (w *world) connect(ctx context.Context, o options, opens ...func(context.Context, *world, options) (*system, error)) ([]fridge.Account, error) {
	var accounts []fridge.Account
	for _, open := range opens {
		s, err := open(ctx, w, o)
		if err != nil {
			return nil, err
		}
		w.finally(s.fake.Close)
		w.systems = append(w.systems, s)
		accounts = append(accounts, fridge.Account{
			Provider: s.provider, Webhook: s.webhook, Schedule: s.schedule, Since: time.Now().Add(-time.Hour),
		})
	}
	return accounts, nil
}

// integrate starts the two integrators. Each is a component of its own, so that
// they could as well run in two services.
func (w *world) integrate(ctx context.Context, fridges, counters []fridge.Account) (err error) {
	w.fridge, err = fridge.New(fridge.Config{
		Accounts: fridges, Journal: w.stream, Subscriber: w.stream, Inventory: &w.stock, Schedule: fast, Drain: drain, NearExpiryDays: 1,
	})
	if err != nil {
		return err
	}
	w.kiosk, err = kiosk.New(kiosk.Config{
		Accounts: counters, Journal: w.stream, Subscriber: w.stream, Inventory: &w.stock, Schedule: fast, Drain: drain,
	})
	if err != nil {
		return err
	}
	w.mux.Handle("/fridge/", http.StripPrefix("/fridge", w.fridge.Handler()))
	w.mux.Handle("/kiosk/", http.StripPrefix("/kiosk", w.kiosk.Handler()))
	w.running.Go(func() { _ = w.fridge.Run(ctx) })
	w.running.Go(func() { _ = w.kiosk.Run(ctx) })
	return nil
}

// hook is where the webhooks of an account go.
func (w *world) hook(integrator, vendor, account string) string {
	return w.url + "/" + integrator + "/webhooks/" + vendor + "/" + account
}

// options makes providers impatient and counts what they do. Their state, such
// as tokens, is kept in the stream, too.
func (w *world) options() *kit.Options {
	return &kit.Options{
		Store: w.stream.Store(),
		Retry: kit.Retry{Attempts: 6, MinDelay: 50 * time.Millisecond, MaxDelay: time.Second},
		Observer: &kit.Observer{
			Call:  func(kit.CallInfo) { w.calls.Add(1) },
			Retry: func(kit.RetryInfo) { w.retries.Add(1) },
		},
	}
}

func (w *world) finally(end func()) { w.cleanup = append(w.cleanup, end) }

func (w *world) close() {
	w.stop()
	w.running.Wait()
	for _, end := range slices.Backward(w.cleanup) {
		end()
	}
}
