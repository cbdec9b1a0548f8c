package faultmatrix

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"text/tabwriter"
	"time"

	"github.com/farmacyfoods/pointofsale/events"
	"github.com/farmacyfoods/pointofsale/events/eventsfake"
	"github.com/farmacyfoods/pointofsale/kiosk"
	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/pos/posfake"
	"github.com/farmacyfoods/pointofsale/vendors/kit/fakekit"
)

// trouble is a column of the table.
type trouble struct {
	name  string
	fault posfake.Fault
	skew  time.Duration // of the vendor's clock
	hooks bool          // concerns webhooks
}

var troubles = []trouble{
	{name: "none"},
	{name: "latency 5 s", fault: posfake.Fault{Kind: posfake.FaultLatency, Latency: 5 * time.Second, Times: -1}},
	{name: "reset mid-body", fault: posfake.Fault{Kind: posfake.FaultTruncate, Bytes: 200, Times: 6}},
	{name: "reply lost", fault: posfake.Fault{Kind: posfake.FaultLostReply, Times: 6}},
	{name: "429 storm", fault: posfake.Fault{Kind: posfake.FaultStatus, Status: http.StatusTooManyRequests, RetryAfter: "7", Times: 25}},
	{name: "500 storm", fault: posfake.Fault{Kind: posfake.FaultStatus, Status: http.StatusInternalServerError, Times: 25}},
	{name: "401 expired token", fault: posfake.Fault{Kind: posfake.FaultToken}},
	{name: "garbage", fault: posfake.Fault{Kind: posfake.FaultMalformed, Times: 6}},
	{name: "duplicate pages", fault: posfake.Fault{Kind: posfake.FaultDuplicate, Times: -1}},
	{name: "webhooks lost", fault: posfake.Fault{Kind: posfake.FaultSilence}, hooks: true},
	{name: "webhooks x 20", fault: posfake.Fault{Kind: posfake.FaultRepeat, Times: 20}, hooks: true},
	{name: "clock 10 min off", skew: 10 * time.Minute},
}

// rig is a vendor's fake with our provider on it.
type rig struct {
	provider  pos.Provider
	sim       posfake.Simulator
	locations []string
	webhook   pos.Webhook
	// receive sends the fake's callbacks to a handler; nil where there are none.
	receive func(*http.Client)
	// step does what the vendor does by itself, such as calling us; may be nil.
	step  func(context.Context)
	close func()
}

// TestFaultMatrix prints a row for each vendor. A cell is "ok" if nothing was
// lost, doubled or delivered wrong, or names what the vendor does not have.
func TestFaultMatrix(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	cells := make(map[string]map[string]string)
	t.Run("cells", func(t *testing.T) {
		for _, vendor := range vendors() {
			cells[vendor] = make(map[string]string)
			for _, tr := range troubles {
				t.Run(vendor+"/"+tr.name, func(t *testing.T) {
					t.Parallel()
					cell := "panic"
					synctest.Test(t, func(t *testing.T) { cell = run(t, rigs[vendor](t), tr) })
					mu.Lock()
					defer mu.Unlock()
					cells[vendor][tr.name] = cell
				})
			}
		}
	})
	t.Log("\n" + table(cells))
}

// run lets a vendor trade in trouble and returns what to write into its cell.
func run(t *testing.T, r rig, tr trouble) string {
	t.Helper()
	defer r.close()
	if tr.hooks && r.receive == nil {
		return "no webhooks"
	}
	var rec eventsfake.Recorder
	account := kiosk.Account{Provider: r.provider, Webhook: r.webhook, Since: time.Now().Add(-time.Hour)}
	k, err := kiosk.New(kiosk.Config{Accounts: []kiosk.Account{account}, Publisher: &rec, Schedule: kiosk.Schedule{Purchases: 30 * time.Second}})
	if err != nil {
		t.Fatal(err)
	}
	if r.receive != nil {
		r.receive(&http.Client{Transport: fakekit.NewTransport(k.Handler())})
	}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := k.Run(ctx); err != nil {
			t.Error(err)
		}
	}()
	defer func() { stop(); <-done }()

	r.trade(t, 2*time.Minute)
	if tr.fault.Kind != "" {
		end, err := r.sim.Inject(tr.fault)
		if errors.Is(err, posfake.ErrNotSimulated) {
			return "not simulated"
		}
		if err != nil {
			t.Fatal(err)
		}
		defer end()
		r.trade(t, 5*time.Minute)
		end()
	}
	if tr.skew != 0 {
		r.sim.Advance(tr.skew)
		r.trade(t, 5*time.Minute)
	}
	r.trade(t, 2*time.Minute)
	r.rest(30 * time.Minute)
	result := posfake.Reconcile(r.sim.Ledger(), delivered(t, &rec))
	if !result.OK() || result.Records == 0 {
		t.Error(result)
		return "FAILED"
	}
	return "ok"
}

// trade sells, and refunds some of it, for a while.
func (r rig) trade(t *testing.T, d time.Duration) {
	t.Helper()
	price := int64(650)
	for n, end := 0, time.Now().Add(d); time.Now().Before(end); n++ {
		sold, err := r.sim.Sell(posfake.Sale{
			Location: r.locations[n%len(r.locations)], Lines: []posfake.SaleLine{{Name: "Soup", Quantity: 2, Price: &price}},
		})
		if err != nil {
			t.Fatal(err)
		}
		if n%4 == 3 && sold.ID != "" && sold.State == "completed" {
			if _, err := r.sim.Refund(posfake.Refund{ID: sold.ID, Amount: 300}); err != nil {
				t.Fatal(err)
			}
		}
		r.rest(10 * time.Second)
	}
}

// rest lets virtual time pass.
func (r rig) rest(d time.Duration) {
	for end := time.Now().Add(d); time.Now().Before(end); {
		time.Sleep(min(time.Until(end), time.Minute))
		if r.step != nil {
			r.step(context.Background())
		}
	}
}

func delivered(t *testing.T, rec *eventsfake.Recorder) []pos.Purchase {
	t.Helper()
	var all []pos.Purchase
	for _, e := range rec.Events(events.TypePurchaseRecorded, events.TypePurchaseRevised, events.TypePurchaseRefunded, events.TypePurchaseVoided) {
		p, err := events.Decode[events.Purchase](e)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, p.Purchase)
	}
	return all
}

func table(cells map[string]map[string]string) string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 1, 2, ' ', 0)
	_, _ = fmt.Fprintf(w, "TROUBLE\t%s\n", strings.Join(vendors(), "\t"))
	for _, tr := range troubles {
		_, _ = fmt.Fprint(w, tr.name)
		for _, v := range vendors() {
			_, _ = fmt.Fprintf(w, "\t%s", cells[v][tr.name])
		}
		_, _ = fmt.Fprintln(w)
	}
	_ = w.Flush()
	return b.String()
}
