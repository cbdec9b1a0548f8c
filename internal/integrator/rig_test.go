package integrator

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/farmacyfoods/pointofsale/events"
	"github.com/farmacyfoods/pointofsale/events/eventsfake"
	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/pos/posfake"
)

// provider wraps a fake so that tests can step in.
type provider struct {
	*posfake.Fake
	purchases func(context.Context, pos.PurchaseQuery) (pos.PurchasePage, error)
	locations func(context.Context, pos.LocationQuery) (pos.LocationPage, error)
	pushMenu  func(context.Context, pos.MenuPush) (pos.PushReport, error)
}

func (p *provider) Purchases(ctx context.Context, q pos.PurchaseQuery) (pos.PurchasePage, error) {
	if p.purchases != nil {
		return p.purchases(ctx, q)
	}
	return p.Fake.Purchases(ctx, q)
}

func (p *provider) Locations(ctx context.Context, q pos.LocationQuery) (pos.LocationPage, error) {
	if p.locations != nil {
		return p.locations(ctx, q)
	}
	return p.Fake.Locations(ctx, q)
}

func (p *provider) PushMenu(ctx context.Context, m pos.MenuPush) (pos.PushReport, error) {
	if p.pushMenu != nil {
		return p.pushMenu(ctx, m)
	}
	return p.Fake.PushMenu(ctx, m)
}

func newFake(account string, groupSize int, locations ...string) *posfake.Fake {
	caps := posfake.AllCapabilities()
	caps.Purchases.MaxLocations = groupSize
	cfg := posfake.Config{Account: account, Capabilities: &caps}
	for _, l := range locations {
		cfg.Locations = append(cfg.Locations, posfake.LocationSeed{ID: l})
	}
	return posfake.New(cfg)
}

// inBubble runs a test in virtual time; a goroutine that is left at its end
// fails it.
func inBubble(t *testing.T, test func(t *testing.T)) {
	t.Helper()
	t.Parallel()
	synctest.Test(t, test)
}

func build(t *testing.T, cfg Config) *Engine {
	t.Helper()
	if cfg.Name == "" {
		cfg.Name = "test"
	}
	e, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// start runs the engine; stop ends it, waits and checks the error.
func start(t *testing.T, e *Engine) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- e.Run(ctx) }()
	return func() {
		t.Helper()
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run: %v", err)
		}
	}
}

func serve(p pos.Provider) Account { return Account{Provider: p} }

func sell(t *testing.T, f *posfake.Fake, location string) posfake.Record {
	t.Helper()
	price := int64(995)
	r, err := f.Sell(posfake.Sale{Location: location, Lines: []posfake.SaleLine{{SKU: "M-1", Quantity: 1, Price: &price}}})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

var purchaseTypes = []string{events.TypePurchaseRecorded, events.TypePurchaseRevised, events.TypePurchaseRefunded, events.TypePurchaseVoided}

// delivered counts the deliveries of each version.
func delivered(t *testing.T, rec *eventsfake.Recorder) map[string]int {
	t.Helper()
	got := make(map[string]int)
	for _, e := range rec.Events(purchaseTypes...) {
		p, err := events.Decode[events.Purchase](e)
		if err != nil {
			t.Fatal(err)
		}
		got[p.Account+" "+p.ID+" "+p.Version]++
	}
	return got
}

// ledger is what must be delivered: the versions that were not replaced by a
// newer one before anybody could read them are a subset of it, so tests that
// compare exactly settle between changes.
func ledger(fakes ...*posfake.Fake) map[string]int {
	want := make(map[string]int)
	for _, f := range fakes {
		for _, r := range f.Ledger() {
			want[fmt.Sprintf("%s %s %d", f.Describe().Account, r.ID, r.Version)] = 1
		}
	}
	return want
}

func checkLedger(t *testing.T, rec *eventsfake.Recorder, fakes ...*posfake.Fake) {
	t.Helper()
	if diff := cmp.Diff(ledger(fakes...), delivered(t, rec)); diff != "" {
		t.Errorf("deliveries differ from the ledger (-want +got):\n%s", diff)
	}
}

func countOps(f *posfake.Fake, op string) int {
	n := 0
	for _, r := range f.Requests() {
		if r.Op == op {
			n++
		}
	}
	return n
}

func types(evs []events.Event) []string {
	var out []string
	for i := range evs {
		out = append(out, evs[i].Type)
	}
	return out
}

// post sends what the fake wants to call back.
func post(t *testing.T, h http.Handler, path string, callbacks ...posfake.Callback) (codes []int) {
	t.Helper()
	for _, c := range callbacks {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, path, bytes.NewReader(c.Body))
		r.Header = c.Header
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		codes = append(codes, w.Code)
	}
	return codes
}

func get(t *testing.T, h http.Handler, path string) int {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil))
	return w.Code
}

// killable is a journal whose process can be killed: from then on nothing is
// committed any more. It dies by itself when lives are used up, either before
// or after the last commit is done.
type killable struct {
	events.Journal
	dead  atomic.Bool
	lives atomic.Int64
	after bool // the last commit is done, but nobody learns of it
}

var errKilled = errors.New("killed")

func (k *killable) Commit(ctx context.Context, changes ...events.Change) ([]pos.Revision, error) {
	if k.dead.Load() {
		return nil, errKilled
	}
	if k.lives.Add(-1) > 0 {
		return k.Journal.Commit(ctx, changes...)
	}
	k.dead.Store(true)
	if k.after {
		if _, err := k.Journal.Commit(ctx, changes...); err != nil {
			return nil, err
		}
	}
	return nil, errKilled
}

func minutes(n int) time.Duration { return time.Duration(n) * time.Minute }
