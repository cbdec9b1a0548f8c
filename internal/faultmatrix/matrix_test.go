package faultmatrix

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"os"
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

// rig is a vendor's fake with our provider on it.
type rig struct {
	provider  pos.Provider
	sim       posfake.Simulator
	locations []string
	webhook   pos.Webhook
	// receive sends the fake's callbacks to a handler; nil where there are none.
	receive func(*http.Client)
	// instead has what comes closest to troubles that the vendor cannot have.
	instead map[string]substitute
	close   func()

	calls counter // callbacks that we accepted
}

// substitute is trouble in the place of another one.
type substitute struct {
	name  string
	begin mischief
}

// cell is what the table says about a vendor in trouble.
type cell struct{ verdict, note string }

// TestFaultMatrix prints a row for each trouble. A cell is "ok" if it was felt
// and nothing was lost, doubled or delivered wrong. Where a vendor cannot have
// the trouble, a note names what was done instead, or why there is nothing.
func TestFaultMatrix(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	cells := make(map[string]map[string]cell)
	t.Run("cells", func(t *testing.T) {
		for _, vendor := range vendors() {
			cells[vendor] = make(map[string]cell)
			for _, tr := range troubles {
				t.Run(vendor+"/"+tr.name, func(t *testing.T) {
					t.Parallel()
					c := cell{verdict: "FAILED"}
					synctest.Test(t, func(t *testing.T) { c = run(t, rigs[vendor](t), tr) })
					mu.Lock()
					defer mu.Unlock()
					cells[vendor][tr.name] = c
				})
			}
		}
	})
	t.Log("\n" + table(cells))
}

// TestEveryVendorHasARow fails for a vendor that nobody troubles.
func TestEveryVendorHasARow(t *testing.T) {
	t.Parallel()
	dirs, err := os.ReadDir("../../vendors")
	must(t, err)
	for _, d := range dirs {
		if d.IsDir() && d.Name() != "kit" && rigs[d.Name()] == nil {
			t.Errorf("vendors/%s is not in the matrix", d.Name())
		}
	}
}

// run lets a vendor trade in trouble and returns what to write into its cell.
func run(t *testing.T, r *rig, tr trouble) cell {
	t.Helper()
	defer r.close()
	out, begin := cell{verdict: "ok"}, tr.begin
	if s, ok := r.instead[tr.name]; ok {
		out.note, begin = "as "+s.name, s.begin
		if begin == nil {
			return cell{"n/a", s.name}
		}
	} else if tr.hooks && r.receive == nil {
		return cell{"n/a", "it sends none"}
	}
	end, felt := func() {}, func() bool { return true }
	start := func() {
		if begin != nil {
			end, felt = begin(t, r)
			end = sync.OnceFunc(end)
		}
	}
	if tr.first {
		start()
	}
	var rec eventsfake.Recorder
	defer r.integrate(t, kiosk.Config{
		Publisher: &rec, Accounts: []kiosk.Account{{Since: time.Now().Add(-time.Hour)}}, Schedule: kiosk.Schedule{Purchases: 30 * time.Second},
	})()
	r.trade(t, pace, 6)
	if !tr.first {
		start()
	}
	defer func() { end() }()
	if tr.long {
		r.trade(t, time.Minute, 16)
	} else {
		r.trade(t, pace, 16)
	}
	end()
	r.trade(t, pace, 6)
	result := r.settle(t, &rec)
	switch {
	case !result.OK() || result.Records == 0:
		t.Error(result)
	case !felt():
		t.Error("nobody felt the trouble")
	default:
		return out
	}
	return cell{verdict: "FAILED"}
}

// integrate runs an integrator on the rig, as the only account of cfg, until it
// is told to stop.
func (r *rig) integrate(t *testing.T, cfg kiosk.Config) (stop func()) {
	t.Helper()
	cfg.Accounts[0].Provider, cfg.Accounts[0].Webhook = r.provider, r.webhook
	k, err := kiosk.New(cfg)
	must(t, err)
	if r.receive != nil {
		r.calls.RoundTripper = fakekit.NewTransport(k.Handler())
		r.receive(&http.Client{Transport: &r.calls})
	}
	var running sync.WaitGroup
	ctx, cancel := context.WithCancel(t.Context())
	running.Go(func() {
		if err := k.Run(ctx); err != nil {
			t.Error(err)
		}
	})
	return func() { cancel(); running.Wait() }
}

// pace is how often something is sold.
const pace = 15 * time.Second

// trade sells every now and then, and gives money back for some of it.
func (r *rig) trade(t *testing.T, every time.Duration, sales int) {
	t.Helper()
	price := int64(650)
	for n := range sales {
		sold, err := r.sim.Sell(posfake.Sale{
			Location: r.locations[n%len(r.locations)], Lines: []posfake.SaleLine{{Name: "Soup", Quantity: 2, Price: &price}},
		})
		must(t, err)
		if n%4 == 3 && sold.ID != "" && sold.State == "completed" {
			_, err := r.sim.Refund(posfake.Refund{ID: sold.ID, Amount: 300})
			must(t, err)
		}
		time.Sleep(every)
	}
}

// settle waits until everything has arrived, at most half an hour, and for what
// may come too often after that.
func (r *rig) settle(t *testing.T, rec *eventsfake.Recorder) posfake.Reconciliation {
	t.Helper()
	compare := func() posfake.Reconciliation { return posfake.Reconcile(r.sim.Ledger(), delivered(t, rec)) }
	for end := time.Now().Add(30 * time.Minute); time.Now().Before(end); {
		time.Sleep(time.Minute)
		if compare().OK() {
			break
		}
	}
	time.Sleep(3 * time.Minute)
	return compare()
}

func delivered(t *testing.T, rec *eventsfake.Recorder) []pos.Purchase {
	t.Helper()
	var all []pos.Purchase
	for _, e := range rec.Events(events.TypePurchaseRecorded, events.TypePurchaseRevised, events.TypePurchaseRefunded, events.TypePurchaseVoided) {
		p, err := events.Decode[events.Purchase](e)
		must(t, err)
		all = append(all, p.Purchase)
	}
	return all
}

// table prints the cells, and their notes below.
func table(cells map[string]map[string]cell) string {
	var b strings.Builder
	var notes []string
	w := tabwriter.NewWriter(&b, 0, 1, 2, ' ', 0)
	_, _ = fmt.Fprintf(w, "TROUBLE\t%s\n", strings.Join(vendors(), "\t"))
	for _, tr := range troubles {
		_, _ = fmt.Fprint(w, tr.name)
		for _, v := range vendors() {
			c := cells[v][tr.name]
			text := cmp.Or(c.verdict, "not run")
			if c.note != "" {
				notes = append(notes, fmt.Sprintf("%s, %s: %s", v, tr.name, c.note))
				text += fmt.Sprintf(" [%d]", len(notes))
			}
			_, _ = fmt.Fprintf(w, "\t%s", text)
		}
		_, _ = fmt.Fprintln(w)
	}
	_ = w.Flush()
	for i, note := range notes {
		_, _ = fmt.Fprintf(&b, "[%d] %s\n", i+1, note)
	}
	return b.String()
}
