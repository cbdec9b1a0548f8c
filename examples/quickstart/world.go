package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/farmacyfoods/pointofsale/events"
	"github.com/farmacyfoods/pointofsale/events/jetstream"
	"github.com/farmacyfoods/pointofsale/fridge"
	"github.com/farmacyfoods/pointofsale/kiosk"
	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/pos/inventory"
	"github.com/farmacyfoods/pointofsale/pos/posfake"
	"github.com/farmacyfoods/pointofsale/vendors/bytetech"
	"github.com/farmacyfoods/pointofsale/vendors/bytetech/bytetechfake"
	"github.com/farmacyfoods/pointofsale/vendors/kit"
	"github.com/farmacyfoods/pointofsale/vendors/square"
	"github.com/farmacyfoods/pointofsale/vendors/square/squarefake"
)

// account is the name that this program gives to its account at each vendor.
const account = "demo"

// system is one vendor: its simulated service and our provider for it.
type system struct {
	vendor    string
	name      string
	fake      simulator
	provider  pos.Provider
	locations []string
	cash      bool // takes cash, tips and edits of booked sales
}

// simulator is what quickstart needs of a fake beside the business itself.
type simulator interface {
	posfake.Simulator
	URL() string
	Close()
}

// world is everything that runs.
type world struct {
	systems []*system
	fridge  *fridge.Integrator
	kiosk   *kiosk.Integrator
	dir     string // of the stream
	stream  *jetstream.Stream
	stock   inventory.Memory
	inbox   inbox
	calls   atomic.Int64
	retries atomic.Int64
	server  *http.Server
	stop    context.CancelFunc
	running sync.WaitGroup
}

// fast replaces schedules of minutes: here a minute takes a second or two.
var fast = fridge.Schedule{
	Purchases: 250 * time.Millisecond, Inventory: time.Second, InventoryFull: 4 * time.Second,
	Status: time.Second, Locations: 5 * time.Second,
}

func open(ctx context.Context, o options) (_ *world, err error) {
	w := &world{}
	ctx, w.stop = context.WithCancel(ctx)
	defer func() {
		if err != nil {
			w.close()
		}
	}()
	if w.dir, err = os.MkdirTemp("", "quickstart-"); err != nil {
		return nil, err
	}
	// The server runs inside this process. A real service keeps its directory,
	// or connects to a cluster by URL.
	if w.stream, err = jetstream.Open(ctx, jetstream.Config{Dir: w.dir}); err != nil {
		return nil, err
	}
	var lc net.ListenConfig
	listener, err := lc.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	hooks := "http://" + listener.Addr().String()
	fridges, err := w.openByte(o, hooks)
	if err != nil {
		return nil, err
	}
	counters, err := w.openSquare(o, hooks)
	if err != nil {
		return nil, err
	}
	if _, err := w.stream.Subscribe(ctx, events.Filter{Group: "demo"}, w.inbox.take); err != nil {
		return nil, err
	}
	w.fridge, err = fridge.New(fridge.Config{
		Accounts: []fridge.Account{fridges}, Journal: w.stream, Subscriber: w.stream, Inventory: &w.stock, Schedule: fast, NearExpiryDays: 1,
	})
	if err != nil {
		return nil, err
	}
	w.kiosk, err = kiosk.New(kiosk.Config{
		Accounts: []kiosk.Account{counters}, Journal: w.stream, Subscriber: w.stream, Inventory: &w.stock, Schedule: fast,
	})
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.Handle("/fridge/", http.StripPrefix("/fridge", w.fridge.Handler()))
	mux.Handle("/kiosk/", http.StripPrefix("/kiosk", w.kiosk.Handler()))
	w.server = &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	w.running.Go(func() { _ = w.server.Serve(listener) })
	w.running.Go(func() { _ = w.fridge.Run(ctx) })
	w.running.Go(func() { _ = w.kiosk.Run(ctx) })
	return w, nil
}

// options makes providers impatient and counts what they do.
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

func (w *world) openByte(o options, hooks string) (fridge.Account, error) {
	fake, err := bytetechfake.New(bytetechfake.Config{
		Seed: o.seed, InsecureWebhooks: true, RateLimit: 200, CaptureDelay: 20 * time.Second,
		Locations: []posfake.LocationSeed{
			{ID: "1042", Name: "Library fridge", TimeZone: "America/New_York"},
			{ID: "1043", Name: "Clinic fridge", TimeZone: "America/Chicago"},
			{ID: "1044", Name: "Depot fridge", TimeZone: "America/Los_Angeles"},
		},
	})
	if err != nil {
		return fridge.Account{}, err
	}
	s := &system{vendor: bytetech.Vendor, name: "Byte", fake: fake, locations: fake.Locations()}
	w.systems = append(w.systems, s)
	secret, err := fake.Subscribe(hooks + "/fridge/webhooks/" + s.vendor + "/" + account)
	if err != nil {
		return fridge.Account{}, err
	}
	hook, err := bytetech.NewWebhook(bytetech.WebhookConfig{Secrets: []pos.Secret{pos.NewSecret(secret)}})
	if err != nil {
		return fridge.Account{}, err
	}
	c := fake.Credentials()[0]
	s.provider, err = bytetech.New(bytetech.Config{
		Account: account, BaseURL: fake.URL(), ClientID: c.ID, ClientSecret: pos.NewSecret(c.Secret),
		ProfilePatch: []byte(`{"limits":{"requests_per_second":200,"burst":200},"features":{"webhooks":true,"idempotency":true}}`),
	}, w.options())
	return fridge.Account{Provider: s.provider, Webhook: hook, Since: time.Now().Add(-time.Hour)}, err
}

func (w *world) openSquare(o options, hooks string) (kiosk.Account, error) {
	fake := squarefake.New(squarefake.Config{
		Seed: o.seed, Items: 5,
		Places: []posfake.LocationSeed{
			{ID: "LOBBY", Name: "Lobby counter", TimeZone: "America/New_York"},
			{ID: "GYM", Name: "Gym kiosk", TimeZone: "America/Chicago"},
			{ID: "CAFE", Name: "Café counter", TimeZone: "America/Los_Angeles"},
		},
	})
	s := &system{vendor: "square", name: "Square", fake: fake, locations: []string{"LOBBY", "GYM", "CAFE"}, cash: true}
	w.systems = append(w.systems, s)
	url := hooks + "/kiosk/webhooks/" + s.vendor + "/" + account
	_, key := fake.Subscribe(url)
	hook, err := square.NewWebhook(square.WebhookConfig{URL: url, Keys: []pos.Secret{pos.NewSecret(key)}})
	if err != nil {
		return kiosk.Account{}, err
	}
	s.provider, err = square.New(square.Config{
		Account: account, BaseURL: fake.URL(), AccessToken: pos.NewSecret(fake.Credentials().PersonalToken),
		RequestsPerSecond: 200,
	}, w.options())
	return kiosk.Account{Provider: s.provider, Webhook: hook, Since: time.Now().Add(-time.Hour)}, err
}

func (w *world) close() {
	w.stop()
	if w.server != nil {
		_ = w.server.Close()
	}
	w.running.Wait()
	if w.stream != nil {
		_ = w.stream.Close()
	}
	for _, s := range w.systems {
		s.fake.Close()
	}
	_ = os.RemoveAll(w.dir)
}

// inbox is Farmacy's side of the stream: it keeps what arrives.
type inbox struct {
	mu        sync.Mutex
	purchases map[string][]pos.Purchase // by vendor
	seen      map[string]bool           // event ids, by source
	repeated  int
	status    map[string]pos.Status // by vendor and location
	events    int
	failing   map[string]bool
}

func (b *inbox) take(_ context.Context, e events.Event) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.seen == nil {
		b.seen, b.status, b.purchases, b.failing = map[string]bool{}, map[string]pos.Status{}, map[string][]pos.Purchase{}, map[string]bool{}
	}
	b.events++
	if key := e.Source + " " + e.ID; b.seen[key] {
		b.repeated++
	} else {
		b.seen[key] = true
	}
	switch e.Type {
	case events.TypePurchaseRecorded, events.TypePurchaseRevised, events.TypePurchaseRefunded, events.TypePurchaseVoided:
		p, err := events.Decode[events.Purchase](e)
		if err != nil {
			return errors.Join(events.ErrReject, err)
		}
		b.purchases[p.Vendor] = append(b.purchases[p.Vendor], p.Purchase)
	case events.TypeStatusChanged:
		s, err := events.Decode[events.Status](e)
		if err != nil {
			return errors.Join(events.ErrReject, err)
		}
		if s.Device == "" {
			b.status[s.Vendor+" "+s.Location] = s.Status
		}
	case events.TypePollFailing:
		b.failing[e.Source] = true
	}
	return nil
}

// delivered returns the purchases of a vendor in the order of delivery.
func (b *inbox) delivered(vendor string) []pos.Purchase {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]pos.Purchase(nil), b.purchases[vendor]...)
}

func (b *inbox) statusOf(vendor, location string) (pos.Status, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	s, ok := b.status[vendor+" "+location]
	return s, ok
}

func (b *inbox) count() (total, repeated int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.events, b.repeated
}

func describe(s *system, location string) string { return fmt.Sprintf("%s %s", s.name, location) }
