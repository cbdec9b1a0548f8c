package bytetechfake

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

const (
	unknownShelfLife = 1000 // days; the cloud's default, no real date
	zeroLineLife     = 30 * 24 * time.Hour
)

// States of a tag.
const (
	inStock    = "in_stock"
	sold       = "sold"
	removed    = "removed"
	missing    = "missing"
	unassigned = "unassigned"
)

// tag is one package. Stock is nothing but tags.
type tag struct {
	epc         string
	product     *product // nil: unassigned
	lot         *lot
	kiosk       *kiosk
	state       string
	taken       bool // gone from the fridge, which has not told the cloud yet
	stocked     time.Time
	seen        time.Time
	transaction string
	restock     string
}

func (t *tag) key() string { return t.epc }

// lot is a batch of one product that expires together.
type lot struct {
	id      string
	expires string    // a day, "" if unknown
	end     time.Time // the instant from which it counts as expired, zero if unknown
}

func (l *lot) expired(t time.Time) bool { return !l.end.IsZero() && !t.Before(l.end) }

// stock is one product's line in a kiosk: the tags that are there or missing.
type stock struct {
	product *product
	tags    []*tag
	updated time.Time
	emptied time.Time // when the last tag went, zero while there are some
}

func (s *stock) key() string { return s.product.id }

// restock is one session of a restocker.
type restock struct {
	id        string
	kiosk     *kiosk
	started   time.Time
	ended     time.Time
	added     []*tag
	removed   []*tag
	reason    string
	resulting int
}

func (r *restock) key() string { return r.id }

// newLot is the lot of packages of p stocked at that time.
func (f *Fake) newLot(k *kiosk, p *product, stocked time.Time) *lot {
	l := &lot{id: f.id("lot")}
	if p.shelfLife < unknownShelfLife {
		day := stocked.In(k.zone).AddDate(0, 0, p.shelfLife)
		l.expires = day.Format(time.DateOnly)
		l.end = time.Date(day.Year(), day.Month(), day.Day()+1, 0, 0, 0, 0, k.zone)
	}
	return l
}

// newTag labels a package that is meant for the kiosk.
func (f *Fake) newTag(k *kiosk, p *product, l *lot, stocked time.Time) *tag {
	f.serial["epc"]++
	return &tag{epc: fmt.Sprintf("E280689400%014X", f.serial["epc"]), product: p, lot: l, kiosk: k, state: inStock, stocked: stocked, seen: f.now}
}

// line returns the kiosk's line of p, making one if there is none.
func (k *kiosk) line(p *product, now time.Time) *stock {
	s, ok := k.stock.get(p.id)
	if !ok {
		s = &stock{product: p, updated: now, emptied: now}
		k.stock.put(s)
	}
	return s
}

// stock adds n packages of p, as if a restocker had put them in at that time.
func (f *Fake) stock(k *kiosk, p *product, n int, stocked time.Time) *restock {
	r := f.beginRestock(k)
	l := f.newLot(k, p, stocked)
	s := k.line(p, f.now)
	for range n {
		t := f.newTag(k, p, l, stocked)
		t.restock = r.id
		k.tags.put(t)
		s.tags, r.added = append(s.tags, t), append(r.added, t)
	}
	s.emptied = time.Time{}
	f.endRestock(r, p)
	return r
}

// unstock takes packages out without selling them.
func (f *Fake) unstock(k *kiosk, p *product, tags []*tag, reason string) {
	r := f.beginRestock(k)
	r.removed, r.reason = tags, reason
	for _, t := range tags {
		t.state, t.restock = removed, r.id
	}
	f.endRestock(r, p)
}

func (f *Fake) beginRestock(k *kiosk) *restock {
	r := &restock{id: f.id("rs"), kiosk: k, started: f.now, ended: f.now}
	f.restocks.put(r)
	return r
}

func (f *Fake) endRestock(r *restock, p *product) {
	r.kiosk.lastRestock = f.now
	f.scan(r.kiosk, "restock", p)
	r.resulting = r.kiosk.count()
	f.bookRestock(r)
	f.emit("restock.completed", r.kiosk.id, map[string]any{"restock_id": r.id})
}

// scan counts the kiosk; the lines of the given products have changed.
func (f *Fake) scan(k *kiosk, source string, products ...*product) {
	k.counted, k.source = f.now, source
	data := []map[string]any{}
	for _, p := range products {
		if p == nil {
			continue
		}
		s := k.line(p, f.now)
		s.tags = slices.DeleteFunc(s.tags, func(t *tag) bool { return t.state != inStock && t.state != missing })
		if len(s.tags) == 0 && s.emptied.IsZero() {
			s.emptied = f.now
		}
		s.updated = f.now
		available, _ := s.counts(f.now)
		data = append(data, map[string]any{"product_id": p.id, "available_count": available})
	}
	f.emit("inventory.changed", k.id, map[string]any{"counted_at": stamp(f.now), "kiosk_id": k.id, "products": data})
}

// counts are the packages that can be sold and those past expiry.
func (s *stock) counts(now time.Time) (available, expired int) {
	for _, t := range s.tags {
		switch {
		case t.state != inStock:
		case t.lot.expired(now):
			expired++
		default:
			available++
		}
	}
	return available, expired
}

// changed is when the line last looked different: packages also expire by themselves.
func (s *stock) changed(now time.Time) time.Time {
	at := s.updated
	for _, t := range s.tags {
		if t.lot.expired(now) && t.lot.end.After(at) {
			at = t.lot.end
		}
	}
	return at
}

// shown reports whether the line still is in listings.
func (s *stock) shown(now time.Time) bool {
	return s.emptied.IsZero() || now.Sub(s.emptied) < zeroLineLife
}

// count is the number of packages that the kiosk sees.
func (k *kiosk) count() (n int) {
	for _, s := range k.stock {
		for _, t := range s.tags {
			if t.state == inStock {
				n++
			}
		}
	}
	return n
}

// pick takes n packages of p for a customer, those that expire first before
// the others. What the fridge lacks was stocked unnoticed just before.
func (f *Fake) pick(k *kiosk, p *product, n int) []*tag {
	var out []*tag
	if s, ok := k.stock.get(p.id); ok {
		for _, t := range s.tags {
			if t.state == inStock && !t.taken && !t.lot.expired(f.now) {
				out = append(out, t)
			}
		}
	}
	slices.SortStableFunc(out, func(a, b *tag) int { return cmp.Compare(a.lot.rank(), b.lot.rank()) })
	out = out[:min(n, len(out))]
	if lack := n - len(out); lack > 0 {
		l := f.newLot(k, p, f.now)
		for range lack {
			out = append(out, f.newTag(k, p, l, f.now))
		}
	}
	for _, t := range out {
		t.taken = true
	}
	return out
}

// rank orders lots by expiry, unknown last.
func (l *lot) rank() string {
	if l.expires == "" {
		return "~"
	}
	return l.expires
}
