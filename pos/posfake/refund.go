package posfake

import (
	"fmt"
	"slices"

	"github.com/farmacyfoods/pointofsale/pos"
)

var refundStates = []pos.RefundState{pos.RefundPending, pos.RefundCompleted, pos.RefundFailed, pos.RefundRejected}

// Refund implements [Simulator].
func (f *Fake) Refund(in Refund) (Record, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	s, err := f.till.sold(in.ID)
	if err != nil {
		return Record{}, err
	}
	state := pos.RefundState(in.State)
	if state == "" {
		state = pos.RefundCompleted
	}
	left := s.Total - f.given(s)
	if in.Amount == 0 {
		in.Amount = left
	}
	switch {
	case !f.caps.Purchases.Refunds:
		return Record{}, fmt.Errorf("refunds: %w", ErrNotSimulated)
	case !slices.Contains(refundStates, state):
		return Record{}, fmt.Errorf("posfake: no state %q of a refund", in.State)
	case s.State != "completed":
		return Record{}, fmt.Errorf("posfake: sale %s is %s, nothing was paid", s.ID, s.State)
	case in.Amount <= 0 || in.Amount > left:
		return Record{}, fmt.Errorf("posfake: refund of %d of the %d that are left", in.Amount, left)
	}
	refund := pos.Refund{
		ID: fmt.Sprintf("refund-%06d", len(f.till.ledger)+1), Of: s.ID, State: state,
		Amount: pos.Money{Amount: in.Amount, Currency: s.unit}, Reason: in.Reason, At: f.now(),
	}
	if !f.cfg.RefundRecords {
		s.refunds = append(s.refunds, refund)
		return f.book(s, false), nil
	}
	return f.book(&sale{
		Record: Record{
			ID: refund.ID, Location: s.Location, Kind: "refund", Of: s.ID, State: recordState(state),
			Currency: s.Currency, OccurredAt: f.now(),
		},
		refunds: []pos.Refund{refund}, unit: s.unit,
	}, false), nil
}

// given is what was refunded of a sale or will be.
func (f *Fake) given(s *sale) int64 {
	var sum int64
	for _, other := range f.till.sales {
		for _, r := range other.refunds {
			if r.Of == s.ID && (r.State == pos.RefundCompleted || r.State == pos.RefundPending) {
				sum += r.Amount.Amount
			}
		}
	}
	return sum
}

// settle ends the pending refunds of a sale.
func (f *Fake) settle(s *sale, state pos.RefundState, silent bool) (Record, error) {
	if !slices.Contains(refundStates[1:], state) {
		return Record{}, fmt.Errorf("posfake: refunds do not end %q", state)
	}
	var last Record
	for _, id := range f.till.order() {
		holder, found := f.till.sales[id], false
		for i := range holder.refunds {
			if r := &holder.refunds[i]; r.Of == s.ID && r.State == pos.RefundPending {
				r.State, found = state, true
			}
		}
		if found {
			if holder.Kind == "refund" {
				holder.State = recordState(state)
			}
			last = f.book(holder, silent)
		}
	}
	if last.ID == "" {
		return Record{}, fmt.Errorf("posfake: sale %s has no pending refund", s.ID)
	}
	return last, nil
}

// order lists the ids of all records in the order of their first recording.
func (t *till) order() []string {
	var ids []string
	for _, r := range t.ledger {
		if r.Version == 1 {
			ids = append(ids, r.ID)
		}
	}
	return ids
}

func recordState(s pos.RefundState) string {
	switch s {
	case pos.RefundCompleted, pos.RefundPending:
		return string(s)
	default:
		return "failed"
	}
}
