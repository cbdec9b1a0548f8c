package postest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"sync/atomic"
	"time"

	"github.com/farmacyfoods/pointofsale/pos"
)

// witness passes calls on, remembers everything that came out, and checks what
// holds for every call.
type witness struct {
	pos.Provider
	check *check
	said  []string
	quiet bool // benchmarks measure the provider, not the witness
	calls atomic.Int64
}

const (
	// patience is how long a call may take in virtual time until its context
	// ends. One that goes on for as long again never returns.
	patience = 24 * time.Hour
	// maxCalls bounds a case, so that pages without end are an error.
	maxCalls = 10_000
)

// watch calls a method of the provider. A panic is reported as a failure of the
// method. A call that does not return ends the test by name, since a bubble
// cannot end before its goroutines.
func watch[Q, R any](ctx context.Context, w *witness, op string, call func(context.Context, Q) (R, error), q Q) (r R, err error) {
	if w.quiet {
		return call(ctx, q)
	}
	fail := func(format string, args ...any) error {
		e := fmt.Errorf(format, args...)
		w.check.errorf("%s: %v", op, e)
		return &pos.Error{Op: op, Err: e}
	}
	if w.calls.Add(1) > maxCalls {
		return r, fail("no end after %d calls", maxCalls)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	ends := time.AfterFunc(patience, cancel)
	defer ends.Stop()
	hangs := time.AfterFunc(2*patience, func() {
		panic(fmt.Sprintf("postest: %s: %s does not return, its context ended %v ago", w.check.title, op, patience))
	})
	defer hangs.Stop()
	defer func() {
		if e := recover(); e != nil {
			err = fail("it panicked: %v\n%s", e, debug.Stack())
		}
	}()
	return call(ctx, q)
}

// saw remembers what came out of a call and checks its error.
func (w *witness) saw(op string, v any, err error) {
	if w.quiet {
		return
	}
	text, jsonErr := json.Marshal(v)
	if jsonErr != nil {
		w.check.errorf("%s: the result does not marshal: %v", op, jsonErr)
	}
	w.check.mu.Lock()
	w.said = append(w.said, string(text))
	if err != nil {
		w.said = append(w.said, err.Error(), fmt.Sprintf("%+v", err))
	}
	w.check.mu.Unlock()
	var typed *pos.Error
	if err != nil && !errors.As(err, &typed) {
		w.check.errorf("%s: the error is no *pos.Error: %T", op, err)
	}
}

// Locations implements [pos.Provider].
func (w *witness) Locations(ctx context.Context, q pos.LocationQuery) (pos.LocationPage, error) {
	page, err := watch(ctx, w, "Locations", w.Provider.Locations, q)
	w.saw("Locations", page, err)
	return page, err
}

// PushMenu implements [pos.Provider].
func (w *witness) PushMenu(ctx context.Context, push pos.MenuPush) (pos.PushReport, error) {
	defer w.unchanged("PushMenu", push)()
	report, err := watch(ctx, w, "PushMenu", w.Provider.PushMenu, push)
	w.saw("PushMenu", report, err)
	w.report("PushMenu", report)
	return report, err
}

// PushCoupons implements [pos.Provider].
func (w *witness) PushCoupons(ctx context.Context, push pos.CouponPush) (pos.PushReport, error) {
	defer w.unchanged("PushCoupons", push)()
	report, err := watch(ctx, w, "PushCoupons", w.Provider.PushCoupons, push)
	w.saw("PushCoupons", report, err)
	w.report("PushCoupons", report)
	return report, err
}

// unchanged remembers an input; the returned function compares.
func (w *witness) unchanged(op string, push any) func() {
	if w.quiet {
		return func() {}
	}
	before, _ := json.Marshal(push) // plain data always marshals
	return func() {
		if after, _ := json.Marshal(push); !bytes.Equal(before, after) {
			w.check.errorf("%s changed its input", op)
		}
	}
}

// report checks what holds for every report.
func (w *witness) report(op string, r pos.PushReport) {
	for i := range r.Outcomes {
		o := &r.Outcomes[i]
		bad := o.Action == pos.Refused || o.Action == pos.Failed
		if bad != (o.Err != nil) {
			w.check.errorf("%s: %s is %s with error %v", op, o.Item, o.Action, o.Err)
		}
		if o.Action == pos.Refused && !errors.Is(o.Err, pos.ErrUnsupported) {
			w.check.errorf("%s: %s is refused without ErrUnsupported: %v", op, o.Item, o.Err)
		}
		if len(o.Locations) == 0 {
			w.check.errorf("%s: the outcome of %s names no location", op, o.Item)
		}
		if o.Err != nil {
			w.saw(op, nil, o.Err)
		}
	}
}

// Status implements [pos.Provider].
func (w *witness) Status(ctx context.Context, q pos.StatusQuery) (pos.StatusPage, error) {
	page, err := watch(ctx, w, "Status", w.Provider.Status, q)
	w.saw("Status", page, err)
	return page, err
}

// Inventory implements [pos.Provider].
func (w *witness) Inventory(ctx context.Context, q pos.InventoryQuery) (pos.InventoryPage, error) {
	page, err := watch(ctx, w, "Inventory", w.Provider.Inventory, q)
	w.saw("Inventory", page, err)
	return page, err
}

// Purchases implements [pos.Provider].
func (w *witness) Purchases(ctx context.Context, q pos.PurchaseQuery) (pos.PurchasePage, error) {
	page, err := watch(ctx, w, "Purchases", w.Provider.Purchases, q)
	if !q.Raw { // a payload that was asked for may tell more
		w.saw("Purchases", page, err)
	}
	for i := range page.Purchases {
		if !w.quiet {
			w.purchase(&page.Purchases[i], q.Raw)
		}
	}
	return page, err
}

// purchase checks what holds for every purchase.
func (w *witness) purchase(p *pos.Purchase, raw bool) {
	fail := func(format string, args ...any) {
		w.check.errorf("purchase %s: %s", p.ID, fmt.Sprintf(format, args...))
	}
	switch {
	case p.ID == "" || p.Version == "" || p.Location == "" || p.State == "":
		fail("lacks id, version, location or state")
	case p.OccurredAt.IsZero() || p.RecordedAt.IsZero():
		fail("lacks OccurredAt or RecordedAt")
	case p.OccurredAt.Location() != time.UTC || p.RecordedAt.Location() != time.UTC:
		fail("times are not in UTC")
	case !p.Currency.Valid():
		fail("currency %q", p.Currency)
	case raw && !json.Valid(p.Raw):
		fail("Raw was asked for and is not JSON")
	case !raw && p.Raw != nil:
		fail("Raw was not asked for")
	}
	found := func(code string) bool {
		return slices.ContainsFunc(p.Findings, func(f pos.Finding) bool { return f.Code == code })
	}
	diff, err := p.Difference()
	if err != nil && !found(pos.FindingUnreadable) || err == nil && diff.Amount != 0 && !found(pos.FindingUnbalanced) {
		fail("the parts differ from the total by %v without a finding (%v)", diff, err)
	}
	paid, paidErr := p.PaidAmount()
	back, backErr := p.Refunded()
	if paidErr == nil && backErr == nil && len(p.Tenders) > 0 && back.Amount > paid.Amount && !found(pos.FindingOverRefund) {
		fail("refunds of %v exceed the %v paid without a finding", back, paid)
	}
}
