package quickbooksdesktopfake

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/pos/posfake"
	"github.com/farmacyfoods/pointofsale/vendors/kit/fakekit"
)

// ByStore is the mode of a [POS]: a point of sale is a store, and its number is
// the id.
const ByStore Mode = "store"

// maxStores is how many stores a company has at most.
const maxStores = 20

// POS is a computer with QuickBooks Point of Sale and the Web Connector of the
// embedded [Fake]. It reads qbposXML 3.0 as strictly as the vendor describes it,
// and shares nothing with QuickBooks Desktop but the Web Connector: message sets
// have no ids, objects no edit sequences, saved receipts are never deleted.
//
// What the description leaves open is decided here: amounts of returns are
// negative, prices of lines are net of their discounts, totals and payments do
// not hold the tip, a receipt that is reversed is modified.
type POS struct {
	*Fake
	stores  []*store
	wares   []*ware
	tickets []*ticket
	nextID  int64
	// sundry is the item of lines that are not on the list.
	sundry *ware
}

var _ posfake.Simulator = (*POS)(nil)

// Department is the ListID of the only department of a [POS].
const Department = "1000000001"

type store struct {
	number int
	name   string
	gone   bool
}

func (s *store) id() string { return strconv.Itoa(s.number) }

// NewPOS installs the simulated computer with QuickBooks Point of Sale. The
// locations are stores; their ids are numbers from 1 to 20, empty ids are given
// in turn.
func NewPOS(cfg Config) (*POS, error) {
	if cfg.Mode != "" && cfg.Mode != ByStore {
		return nil, fmt.Errorf("quickbooksdesktopfake: mode %q", cfg.Mode)
	}
	stores := cfg.Locations
	if stores == nil {
		stores = []posfake.LocationSeed{{Name: "Store 1"}, {Name: "Store 2"}}
	}
	cfg.Mode, cfg.Locations = ByCompany, nil
	cfg.CompanyFile = cmp.Or(cfg.CompanyFile, "Computer Name=TILL-1;Company Data=farmacy kiosks;Version=12")
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	zone, err := pos.Zone(cfg.TimeZone)
	if err != nil {
		return nil, err
	}
	cfg.Mode = ByStore
	p := &POS{Fake: &Fake{}, nextID: 1_000_000_001}
	p.install(cfg, zone, p.language(), p)
	p.sundry = p.newWare("", "Off the menu", 0)
	p.sundry.foreign, p.sundry.kind = true, "NonInventory"
	for _, s := range stores {
		if err := p.AddLocation(s); err != nil {
			return nil, err
		}
	}
	for _, m := range fakekit.Meals(cfg.Seed+1, cfg.Items) {
		if err := p.AddForeign("HOST-"+m.SKU, m.Name, m.Price); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// id is a new IDTYPE.
func (p *POS) id() string {
	p.nextID++
	return strconv.FormatInt(p.nextID, 10)
}

// AddLocation opens a store.
func (p *POS) AddLocation(s posfake.LocationSeed) error {
	defer p.begin()()
	number := len(p.stores) + 1
	if s.ID != "" {
		n, err := strconv.Atoi(s.ID)
		if err != nil {
			return fmt.Errorf("quickbooksdesktopfake: store %q, which has no number: %w", s.ID, posfake.ErrNotSimulated)
		}
		number = n
	}
	switch {
	case s.TimeZone != "" && s.TimeZone != p.cfg.TimeZone || s.Currency != "" && s.Currency != p.cfg.Currency:
		return fmt.Errorf("quickbooksdesktopfake: store %d: a second time zone or currency: %w", number, posfake.ErrNotSimulated)
	case number < 1 || number > maxStores || slices.ContainsFunc(p.stores, func(o *store) bool { return o.number == number }):
		return fmt.Errorf("quickbooksdesktopfake: store %d is taken or not possible", number)
	}
	p.stores = append(p.stores, &store{number: number, name: s.Name})
	return nil
}

// store finds an open store.
func (p *POS) store(id string) (*store, error) {
	for _, s := range p.stores {
		if s.id() == id && !s.gone {
			return s, nil
		}
	}
	return nil, fmt.Errorf("quickbooksdesktopfake: no open store %q", id)
}

// RemoveLocation closes a store: the company no longer lists it.
func (p *POS) RemoveLocation(id string) error {
	defer p.begin()()
	s, err := p.store(id)
	if err == nil {
		s.gone = true
	}
	return err
}

// Locations lists the open stores in the order of creation.
func (p *POS) Locations() []posfake.LocationSeed {
	defer p.begin()()
	var out []posfake.LocationSeed
	for _, s := range p.stores {
		if !s.gone {
			out = append(out, posfake.LocationSeed{ID: s.id(), Name: s.name, TimeZone: p.cfg.TimeZone, Currency: p.cfg.Currency})
		}
	}
	return out
}

// SetOnline switches the computer off or on if the location is [CompanyID].
// Stores have no Web Connector of their own.
func (p *POS) SetOnline(location string, online bool) error {
	defer p.begin()()
	if location != CompanyID {
		if _, err := p.store(location); err != nil {
			return err
		}
		return fmt.Errorf("quickbooksdesktopfake: the power of one store: %w", posfake.ErrNotSimulated)
	}
	p.off = !online
	return nil
}

// ware is an item.
type ware struct {
	listID, alu, desc, upc, tax, kind string
	price                             int64 // cents
	created, modified                 time.Time
	foreign                           bool
	stock                             map[int]int64 // by store, in 1/100,000
}

func (p *POS) newWare(alu, desc string, cents int64) *ware {
	now := p.now()
	w := &ware{listID: p.id(), alu: alu, desc: desc, tax: "Tax", kind: "Inventory", price: cents, created: now, modified: now, stock: map[int]int64{}}
	p.wares = append(p.wares, w)
	return w
}

func (p *POS) ware(alu string) *ware {
	for _, w := range p.wares {
		if alu != "" && sameName(w.alu, alu) {
			return w
		}
	}
	return nil
}

// AddForeign creates an item, or changes the name and price of the one that has
// the SKU as its lookup code.
func (p *POS) AddForeign(sku, name string, minor int64) error {
	defer p.begin()()
	if sku == "" || len(sku) > 20 || minor < 0 {
		return fmt.Errorf("quickbooksdesktopfake: item %q at %d", sku, minor)
	}
	w := p.ware(sku)
	if w == nil {
		w = p.newWare(sku, "", 0)
		w.foreign = true
	}
	w.desc, w.price, w.modified = ansi(firstRunes(name, 30)), minor, p.now()
	return nil
}

func firstRunes(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:n])
	}
	return s
}

// Menu lists the items at every store: all have the same, and all of them are on
// sale.
func (p *POS) Menu() []posfake.MenuRow {
	places := p.Locations()
	defer p.begin()()
	var rows []posfake.MenuRow
	for _, l := range places {
		for _, w := range p.wares {
			if w == p.sundry {
				continue
			}
			rows = append(rows, posfake.MenuRow{
				Location: l.ID, SKU: w.alu, Name: w.desc, Price: w.price, Available: true, Foreign: w.foreign,
				Digest: fmt.Sprint(w.desc, w.upc, w.tax, w.kind, w.price),
			})
		}
	}
	return rows
}

// SetStock counts an item in a store; nil forgets the count.
func (p *POS) SetStock(location, sku string, n *int64) error {
	defer p.begin()()
	s, err := p.store(location)
	if err != nil {
		return err
	}
	w := p.ware(sku)
	switch {
	case w == nil || w.kind != "Inventory":
		return fmt.Errorf("quickbooksdesktopfake: no inventory item %q", sku)
	case n == nil:
		delete(w.stock, s.number)
	default:
		w.stock[s.number] = *n * fine
	}
	return nil
}

// Delete is not possible: saved receipts stay.
func (p *POS) Delete(string) (posfake.Record, error) {
	return posfake.Record{}, fmt.Errorf("quickbooksdesktopfake: to delete a receipt: %w", posfake.ErrNotSimulated)
}

// DeleteItem removes an item from the list.
func (p *POS) DeleteItem(sku string) error {
	defer p.begin()()
	w := p.ware(sku)
	if w == nil {
		return errors.New("quickbooksdesktopfake: no item " + strconv.Quote(sku))
	}
	p.wares = slices.DeleteFunc(p.wares, func(o *ware) bool { return o == w })
	return nil
}
