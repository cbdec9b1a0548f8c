package fridge

import (
	"cmp"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/farmacyfoods/pointofsale/events"
	"github.com/farmacyfoods/pointofsale/internal/integrator"
	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/pos/inventory"
)

// watch holds what is known of each fridge.
type watch struct {
	near int
	door time.Duration

	mu      sync.Mutex
	fridges map[place]*fridge
}

type place struct {
	events.Origin
	location string
}

// fridge is one fridge as last seen.
type fridge struct {
	stock map[inventory.Line]pos.Stock
	told  map[lotNews]bool
	// unsafe are the devices whose goods are not safe; "" is the whole fridge.
	unsafe map[string]bool
	since  time.Time       // of the first of them
	off    map[string]bool // SKUs told to be unavailable
	doors  map[string]*door
}

type lotNews struct {
	typ     string
	line    inventory.Line
	lot     string
	expires pos.Date
}

type door struct {
	since time.Time
	told  bool
}

func newWatch(cfg Config) *watch {
	return &watch{
		near:    cfg.NearExpiryDays,
		door:    cmp.Or(cfg.DoorOpen, 5*time.Minute),
		fridges: make(map[place]*fridge),
	}
}

func (w *watch) rules() integrator.Rules {
	return integrator.Rules{Begin: w.begin, Status: w.onStatus, Stock: w.onStock, Tick: w.onTick}
}

// begin forgets an account that comes back from another replica.
func (w *watch) begin(o events.Origin) {
	w.mu.Lock()
	defer w.mu.Unlock()
	maps.DeleteFunc(w.fridges, func(p place, _ *fridge) bool { return p.Origin == o })
}

// at returns the fridge; the caller holds mu.
func (w *watch) at(o events.Origin, location string) *fridge {
	p := place{o, location}
	f := w.fridges[p]
	if f == nil {
		f = &fridge{
			stock:  make(map[inventory.Line]pos.Stock),
			told:   make(map[lotNews]bool),
			unsafe: make(map[string]bool),
			off:    make(map[string]bool),
			doors:  make(map[string]*door),
		}
		w.fridges[p] = f
	}
	return f
}

func (w *watch) onStock(o events.Origin, l pos.Location, stock []pos.Stock, full bool, now time.Time) []events.Event {
	w.mu.Lock()
	defer w.mu.Unlock()
	f := w.at(o, l.ID)
	if full {
		clear(f.stock)
	}
	for i := range stock {
		line := stock[i]
		line.Raw = nil
		f.stock[inventory.LineOf(&line)] = line
	}
	evs := f.chain(o, l.ID, now)
	if l.TimeZone == "" {
		return evs // The location may not be known yet; onTick judges expiry.
	}
	return append(evs, w.expiry(o, l, f, now)...)
}

// expiry tells of lots that expire, once for each.
func (w *watch) expiry(o events.Origin, l pos.Location, f *fridge, now time.Time) []events.Event {
	zone, err := pos.Zone(l.TimeZone)
	if err != nil {
		zone = time.UTC // Off by hours is better than silent.
	}
	today := pos.DateOf(now, zone)
	soon := today.AddDays(w.near)
	var evs []events.Event
	holds := make(map[lotNews]bool)
	for _, line := range sorted(f.stock) {
		for _, lot := range line.Lots {
			if lot.Expires == "" || lot.Quantity <= 0 || lot.Expires > soon {
				continue
			}
			typ := events.TypeLotExpiring
			if lot.Expires < today {
				typ = events.TypeLotExpired
			}
			news := lotNews{typ, inventory.LineOf(&line), lot.ID, lot.Expires}
			if !f.told[news] && !holds[news] {
				evs = append(evs, events.NewLot(typ, o, events.Lot{Location: l.ID, SKU: line.SKU, Name: line.Name, Lot: lot}, now))
			}
			holds[news] = true
		}
	}
	f.told = holds
	return evs
}

func sorted(stock map[inventory.Line]pos.Stock) []pos.Stock {
	return slices.SortedFunc(maps.Values(stock), func(x, y pos.Stock) int {
		return cmp.Or(cmp.Compare(x.SKU, y.SKU), cmp.Compare(x.VendorID, y.VendorID))
	})
}

func (w *watch) onStatus(o events.Origin, s *pos.Status, now time.Time) []events.Event {
	w.mu.Lock()
	defer w.mu.Unlock()
	f := w.at(o, s.Location)
	at := s.ObservedAt
	if at.IsZero() {
		at = now
	}
	evs := f.cold(o, s, at, now)
	switch d := f.doors[s.Device]; {
	case s.DoorClosed == pos.No && d == nil:
		f.doors[s.Device] = &door{since: at}
	case s.DoorClosed == pos.Yes:
		delete(f.doors, s.Device)
	}
	return append(evs, w.openDoors(o, s.Location, f, now)...)
}

// cold takes in whether the goods are safe to sell.
func (f *fridge) cold(o events.Origin, s *pos.Status, at, now time.Time) []events.Event {
	was := len(f.unsafe) > 0
	switch s.SafeToSell {
	case pos.No:
		f.unsafe[s.Device] = true
	case pos.Yes:
		delete(f.unsafe, s.Device)
	case pos.Unknown:
		return nil
	}
	is := len(f.unsafe) > 0
	switch {
	case is && !was:
		f.since = at
		e := events.NewGoods(events.TypeGoodsUnsafe, o, events.Goods{Location: s.Location, Issues: s.Issues, Since: at}, now)
		return append([]events.Event{e}, f.chain(o, s.Location, now)...)
	case was && !is:
		e := events.NewGoods(events.TypeGoodsSafe, o, events.Goods{Location: s.Location, Since: at}, now)
		return append([]events.Event{e}, f.chain(o, s.Location, now)...)
	}
	return nil
}

const coldChain = "cold_chain"

// chain takes the items of an unsafe fridge off sale and puts those of a safe
// one back.
func (f *fridge) chain(o events.Origin, location string, now time.Time) []events.Event {
	var evs []events.Event
	item := func(typ, sku string) {
		evs = append(evs, events.NewItem(typ, o, events.Item{Location: location, SKU: sku, Reason: coldChain, Since: f.since}, now))
	}
	if len(f.unsafe) == 0 {
		for _, sku := range slices.Sorted(maps.Keys(f.off)) {
			item(events.TypeItemAvailable, sku)
		}
		clear(f.off)
		return evs
	}
	for _, line := range sorted(f.stock) {
		if line.SKU != "" && !f.off[line.SKU] {
			f.off[line.SKU] = true
			item(events.TypeItemUnavailable, line.SKU)
		}
	}
	return evs
}

func (w *watch) openDoors(o events.Origin, location string, f *fridge, now time.Time) []events.Event {
	var evs []events.Event
	for _, device := range slices.Sorted(maps.Keys(f.doors)) {
		if d := f.doors[device]; !d.told && now.Sub(d.since) >= w.door {
			d.told = true
			evs = append(evs, events.NewDoor(o, events.Door{Location: location, Device: device, Since: d.since}, now))
		}
	}
	return evs
}

// onTick tells of what time alone brings, and forgets fridges that are gone.
func (w *watch) onTick(o events.Origin, locations []pos.Location, now time.Time) []events.Event {
	w.mu.Lock()
	defer w.mu.Unlock()
	var evs []events.Event
	there := make(map[string]bool, len(locations))
	for _, l := range locations {
		there[l.ID] = true
		if f := w.fridges[place{o, l.ID}]; f != nil {
			evs = append(evs, w.expiry(o, l, f, now)...)
			evs = append(evs, w.openDoors(o, l.ID, f, now)...)
		}
	}
	if len(locations) > 0 {
		maps.DeleteFunc(w.fridges, func(p place, _ *fridge) bool { return p.Origin == o && !there[p.location] })
	}
	return evs
}
