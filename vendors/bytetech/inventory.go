package bytetech

import (
	"bytes"
	"context"
	"errors"
	"hash/fnv"
	"slices"
	"strings"
	"time"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/vendors/kit"
)

// tagInStock is the state of a tag that lies in a fridge.
const tagInStock = "in_stock"

func (p *Provider) inventoryCaps() pos.InventoryCaps {
	f := p.profile.Features
	c := pos.InventoryCaps{Support: pos.Support{Level: pos.Full}, Counts: true, PerLocation: true, Lots: f.Tags, Changes: f.InventoryLines}
	if !f.InventoryLines && !f.Tags {
		return pos.InventoryCaps{Support: pos.Support{Level: pos.None, Why: "the profile has neither inventory lines nor tags", Nearest: "exports of the dashboard with source csv"}}
	}
	return c
}

// inventoryState is the content of an inventory cursor.
type inventoryState struct {
	Places uint64 `json:"places,omitempty"` // hash of the asked kiosks
	Token  string `json:"token,omitempty"`
	// Since is where a read of changes starts; zero is a full read.
	Since time.Time `json:"since,omitzero"`
	// Began is when the running read started, by the vendor's clock.
	Began time.Time `json:"began,omitzero"`
	// Kiosk is the one read last where each is read by itself.
	Kiosk string `json:"kiosk,omitempty"`
}

// Inventory implements [pos.Provider]: the whole fleet in one paged read, then
// what changed since, with an overlap. Rows may repeat. A package that the
// antennas did not see in the last scan is missing from the counts until it is
// seen again, so do not derive sales from differences.
func (p *Provider) Inventory(ctx context.Context, q pos.InventoryQuery) (pos.InventoryPage, error) {
	if p.client == nil {
		return p.csvInventory(ctx, q)
	}
	if caps := p.inventoryCaps(); !caps.OK() {
		return pos.InventoryPage{}, pos.Unsupported(Vendor, "Inventory", caps.Why, caps.Nearest)
	}
	st := inventoryState{}
	if err := p.resume("inventory", q.After, &st); err != nil {
		return pos.InventoryPage{}, err
	}
	if places := hashOf(q.Locations); q.After == "" {
		st.Places = places
	} else if st.Places != places {
		return pos.InventoryPage{}, &pos.Error{Vendor: Vendor, Op: "Inventory", Kind: pos.KindCursor, Err: errOtherPlaces}
	}
	if !p.profile.Features.InventoryLines {
		return p.tagInventory(ctx, q, st)
	}
	return p.lineInventory(ctx, q, st)
}

var errOtherPlaces = errors.New("made for other locations")

func hashOf(locations []string) uint64 {
	if len(locations) == 0 {
		return 0
	}
	h := fnv.New64a()
	for _, l := range slices.Sorted(slices.Values(locations)) {
		_, _ = h.Write([]byte(l + "\x00"))
	}
	return h.Sum64()
}

// kioskFilter is the filter for a few kiosks; more are filtered here.
func (p *Provider) kioskFilter(locations []string) string {
	if len(locations) > p.profile.Limits.KiosksPerQuery {
		return ""
	}
	return strings.Join(locations, ",")
}

// lineInventory reads one page of counts.
func (p *Provider) lineInventory(ctx context.Context, q pos.InventoryQuery, st inventoryState) (pos.InventoryPage, error) {
	qp := p.profile.Query.Inventory
	l := list{op: opListInventory, path: p.profile.path("inventory"), limit: q.Limit, query: map[string][]string{}}
	setQuery(l.query, qp.Kiosk, p.kioskFilter(q.Locations))
	if !st.Since.IsZero() {
		setQuery(l.query, qp.Since, p.profile.Encoding.formatTime(st.Since))
	}
	if st.Token == "" {
		st.Began = p.client.Now()
	}
	page, err := p.pageOrRest(ctx, l, st.Token)
	if err != nil {
		return pos.InventoryPage{}, err
	}
	out := pos.InventoryPage{Full: st.Since.IsZero()}
	err = p.each(opListInventory, page, p.profile.shapes.inventory, func(o *object) error {
		if s := p.stock(o, q.Raw); len(q.Locations) == 0 || slices.Contains(q.Locations, s.Location) {
			out.Stock = append(out.Stock, s)
		}
		return nil
	})
	if err != nil {
		return pos.InventoryPage{}, err
	}
	if st.Token == "" && !page.date.IsZero() && page.date.Before(st.Began) {
		st.Began = page.date
	}
	if st.Token = page.token; st.Token == "" {
		st.Since, st.Began = st.Began.Add(-seconds(qp.Overlap)), time.Time{}
	}
	out.More = st.Token != ""
	out.Next, err = kit.EncodeCursor(p.scope("inventory"), st)
	return out, err
}

// stock maps an inventory line.
func (p *Provider) stock(o *object, raw bool) pos.Stock {
	f := p.profile.Fields.Inventory
	s := pos.Stock{
		Location: o.text(f.Kiosk), SKU: o.text(f.ExternalID), VendorID: o.text(f.Product), Name: o.text(f.Name), CountedAt: o.instant(f.Counted),
	}
	available, counted := o.number(f.Available)
	if counted {
		expired, _ := o.number(f.Expired)
		s.Available = pos.Counted(pos.Units(available))
		s.OnHand = pos.Counted(pos.Units(available + expired))
		s.InStock = pos.TriOf(available > 0)
	}
	if p.profile.Features.Tags {
		_ = o.each(f.Lots, p.profile.shapes.lot, func(lot *object) error { // a failure is noted in o
			s.Lots = append(s.Lots, p.lot(lot, s.CountedAt))
			return nil
		})
	}
	if raw {
		s.Raw = bytes.Clone(o.raw)
	}
	return s
}

func (p *Provider) lot(o *object, counted time.Time) pos.Lot {
	f := p.profile.Fields.Lot
	n, _ := o.number(f.Count)
	return pos.Lot{ID: o.text(f.ID), Quantity: pos.Units(n), Expires: p.expiry(o.date(f.Expires), counted)}
}

// expiry drops a date that stands for "no shelf life": the vendor counts 1,000
// days for products without one.
func (p *Provider) expiry(d pos.Date, from time.Time) pos.Date {
	if from.IsZero() {
		from = time.Now()
	}
	if d > pos.DateOf(from, time.UTC).AddDays(p.profile.Constants.NoExpiryBeyond) {
		return ""
	}
	return d
}

// tagInventory counts the tags of one kiosk, the next in order of ids: a call
// or more for each kiosk.
func (p *Provider) tagInventory(ctx context.Context, q pos.InventoryQuery, st inventoryState) (pos.InventoryPage, error) {
	byID, kiosks, err := p.fleetNow(ctx)
	if err != nil {
		return pos.InventoryPage{}, err
	}
	if len(q.Locations) > 0 {
		kiosks = slices.Sorted(slices.Values(q.Locations))
	}
	out := pos.InventoryPage{Full: true}
	next, _ := slices.BinarySearch(kiosks, st.Kiosk+"\x00")
	if st.Kiosk == "" {
		next = 0
	}
	if next < len(kiosks) {
		st.Kiosk = kiosks[next]
		if out.Stock, err = p.countTags(ctx, byID[st.Kiosk], st.Kiosk); err != nil {
			return pos.InventoryPage{}, err
		}
	}
	if out.More = next+1 < len(kiosks); !out.More {
		st.Kiosk = ""
	}
	out.Next, err = kit.EncodeCursor(p.scope("inventory"), st)
	return out, err
}

// countTags reads the tags in a kiosk and counts them by product and expiry.
func (p *Provider) countTags(ctx context.Context, at pos.Location, kiosk string) ([]pos.Stock, error) {
	qp := p.profile.Query.Tags
	l := list{op: opListTags, path: p.profile.path("tags", kiosk), location: kiosk, query: map[string][]string{}}
	setQuery(l.query, qp.State, qp.InStock)
	zone, err := pos.Zone(at.TimeZone)
	if err != nil {
		zone = time.UTC
	}
	count := newTagCount(kiosk, pos.DateOf(p.client.Now(), zone))
	f := p.profile.Fields.Tag
	err = p.all(ctx, l, p.profile.shapes.tag, func(o *object) error {
		if p.meaning("tag_state", o.text(f.State)) != tagInStock {
			return nil
		}
		count.add(tagRow{
			product: o.text(f.Product), sku: o.text(f.ExternalID), lot: o.text(f.Lot),
			expires: p.expiry(o.date(f.Expires), o.instant(f.Stocked)), seen: o.instant(f.Seen),
		})
		return nil
	})
	if errors.Is(err, pos.ErrNotFound) { // closed meanwhile
		return nil, nil
	}
	return count.stock(), err
}

// tagRow is one package.
type tagRow struct {
	product, sku, name, lot string
	expires                 pos.Date
	seen                    time.Time
}

// tagCount adds up packages at one kiosk.
type tagCount struct {
	kiosk string
	today pos.Date
	rows  map[string]*pos.Stock // by product
}

func newTagCount(kiosk string, today pos.Date) *tagCount {
	return &tagCount{kiosk: kiosk, today: today, rows: make(map[string]*pos.Stock)}
}

func (c *tagCount) add(t tagRow) {
	key := t.product + "\x00" + t.sku
	s := c.rows[key]
	if s == nil {
		s = &pos.Stock{Location: c.kiosk, SKU: t.sku, VendorID: t.product, Name: t.name, OnHand: pos.Counted(0), Available: pos.Counted(0)}
		c.rows[key] = s
	}
	s.OnHand.Quantity += pos.Units(1)
	if t.expires == "" || t.expires >= c.today {
		s.Available.Quantity += pos.Units(1)
	}
	s.InStock = pos.TriOf(s.Available.Quantity > 0)
	if t.seen.After(s.CountedAt) {
		s.CountedAt = t.seen
	}
	at := slices.IndexFunc(s.Lots, func(l pos.Lot) bool { return l.ID == t.lot && l.Expires == t.expires })
	if at < 0 {
		s.Lots = append(s.Lots, pos.Lot{ID: t.lot, Expires: t.expires})
		at = len(s.Lots) - 1
	}
	s.Lots[at].Quantity += pos.Units(1)
}

// stock returns the rows ordered by product.
func (c *tagCount) stock() []pos.Stock {
	var out []pos.Stock
	for _, key := range sortedKeys(c.rows) {
		s := c.rows[key]
		slices.SortFunc(s.Lots, func(a, b pos.Lot) int { return strings.Compare(string(a.Expires)+a.ID, string(b.Expires)+b.ID) })
		out = append(out, *s)
	}
	return out
}
