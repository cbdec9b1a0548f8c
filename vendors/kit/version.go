package kit

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"time"

	"github.com/farmacyfoods/pointofsale/pos"
)

// VersionOf derives a version from the content of a purchase, for systems that
// number no versions: equal content, equal version. UpdatedAt, Raw, Findings
// and SuspectedDuplicateOf are not content: a system may touch a record
// without changing it.
func VersionOf(p *pos.Purchase) string {
	var h hasher
	h.buf = h.space[:0]
	h.strings(p.ID, p.Location, string(p.State), p.VendorState, string(p.Currency), p.Device, p.Receipt, p.Source)
	h.times(p.OccurredAt, p.RecordedAt)
	h.ints(p.Tip.Amount, p.Rounding.Amount, p.Total.Amount, int64(len(p.Lines)))
	for i := range p.Lines {
		l := &p.Lines[i]
		h.strings(l.ID, l.SKU, l.VendorID, l.Name, string(l.Expires))
		h.ints(int64(l.Quantity), l.UnitPrice.Amount, l.Gross.Amount, l.Discount.Amount, l.Tax.Amount, flag(l.Returned), int64(len(l.Units)))
		h.strings(l.Units...)
	}
	for _, list := range [][]pos.Applied{p.Discounts, p.Taxes, p.Charges} {
		h.ints(int64(len(list)))
		for i := range list {
			a := &list[i]
			h.strings(a.ID, a.Coupon, a.Code, a.Name)
			h.ints(int64(a.Rate), a.Amount.Amount, flag(a.Included))
		}
	}
	h.ints(int64(len(p.Tenders)))
	for i := range p.Tenders {
		t := &p.Tenders[i]
		h.strings(t.ID, t.Kind, t.Brand, t.Last4, t.Reference)
		h.ints(t.Amount.Amount, t.Tip.Amount, flag(t.Failed))
	}
	h.ints(int64(len(p.Refunds)))
	for i := range p.Refunds {
		r := &p.Refunds[i]
		h.strings(r.ID, r.Of, string(r.State), r.Reason)
		h.ints(r.Amount.Amount)
		h.times(r.At)
	}
	sum := sha256.Sum256(h.buf)
	return hex.EncodeToString(sum[:10])
}

// hasher collects an unambiguous encoding: strings carry their length.
type hasher struct {
	buf   []byte
	space [1024]byte
}

func (h *hasher) strings(list ...string) {
	for _, s := range list {
		h.buf = binary.AppendUvarint(h.buf, uint64(len(s)))
		h.buf = append(h.buf, s...)
	}
}

func (h *hasher) ints(list ...int64) {
	for _, n := range list {
		h.buf = binary.AppendVarint(h.buf, n)
	}
}

func (h *hasher) times(list ...time.Time) {
	for _, t := range list {
		if t.IsZero() {
			h.ints(0)
			continue
		}
		h.ints(t.UnixNano())
	}
}

func flag(b bool) int64 {
	if b {
		return 1
	}
	return 0
}
