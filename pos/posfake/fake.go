package posfake

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/farmacyfoods/pointofsale/pos"
)

// Fake is a point of sale in memory: a [pos.Provider] and its [Simulator].
// Every method is safe for concurrent use. It does not retry: a scripted fault
// is what the caller sees.
type Fake struct {
	cfg    Config
	caps   pos.Capabilities
	faults faults

	mu       sync.Mutex
	offset   time.Duration // of the clock, see Advance
	places   map[string]*place
	requests []Request
	outbox   []Callback
	// unsubscribed: no callbacks are sent until somebody subscribes again.
	unsubscribed bool
	notices      int
	till         till
	deferred     []deferral
	sequence     int64 // of changes of stock
	omits        bool  // the list that is being answered leaves a row out
}

var (
	_ pos.Provider = (*Fake)(nil)
	_ Simulator    = (*Fake)(nil)
	_ Tamperer     = (*Fake)(nil)
)

// place is a location with what stands in it.
type place struct {
	pos.Location
	menu    map[string]*row // by SKU, ours
	foreign map[string]*row // by SKU, of others
	coupons map[string]pos.Coupon
	stock   map[string]*shelf
	offline time.Time // when the power was cut; zero: on
	pinned  *pos.Status
	sold    time.Time
}

// New opens an account. It panics if the configuration is wrong, since only
// tests and demos call it.
func New(cfg Config) *Fake {
	cfg = cfg.withDefaults()
	f := &Fake{cfg: cfg, caps: *cfg.Capabilities, places: make(map[string]*place)}
	f.till.init()
	for _, seed := range cfg.Locations {
		if err := f.AddLocation(seed); err != nil {
			panic(err)
		}
	}
	return f
}

// Describe implements [pos.Provider].
func (f *Fake) Describe() pos.Description {
	return pos.Description{Vendor: f.cfg.Vendor, Product: f.cfg.Product, Account: f.cfg.Account, Capabilities: f.caps}
}

// Locations implements [pos.Provider].
func (f *Fake) Locations(ctx context.Context, q pos.LocationQuery) (pos.LocationPage, error) {
	after, err := f.opened("locations", nil, q.After, 1)
	if err != nil {
		return pos.LocationPage{}, err
	}
	var page pos.LocationPage
	err = f.call(ctx, "ListLocations", false, func() error {
		ids := slices.Sorted(maps.Keys(f.places))
		start, _ := slices.BinarySearch(ids, after.text(0)+"\x00")
		if after == nil {
			start = 0
		}
		end := min(len(ids), start+f.limit(q.Limit))
		for _, id := range ids[start:end] {
			page.Locations = append(page.Locations, f.places[id].Location)
		}
		if page.More = end < len(ids); page.More {
			page.Next = f.sealed("locations", nil, text(ids[end-1]))
		}
		return nil
	})
	if err != nil {
		return pos.LocationPage{}, err
	}
	return page, nil
}

// AddLocation implements [Simulator].
func (f *Fake) AddLocation(seed LocationSeed) error {
	l := pos.Location{ID: seed.ID, Name: seed.Name, Kind: pos.KindKiosk, TimeZone: seed.TimeZone, Currency: pos.Currency(seed.Currency), TaxRate: f.cfg.TaxRate}
	if l.Name == "" {
		l.Name = l.ID
	}
	if l.TimeZone == "" {
		l.TimeZone = "America/New_York"
	}
	if l.Currency == "" {
		l.Currency = "USD"
	}
	_, err := pos.Zone(l.TimeZone)
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case l.ID == "":
		return errors.New("posfake: a location needs an id")
	case err != nil:
		return err
	case !l.Currency.Valid():
		return fmt.Errorf("posfake: location %s: %q is not an ISO 4217 currency", l.ID, l.Currency)
	case f.places[l.ID] != nil:
		return fmt.Errorf("posfake: location %s exists", l.ID)
	}
	f.places[l.ID] = &place{
		Location: l,
		menu:     make(map[string]*row),
		foreign:  make(map[string]*row),
		coupons:  make(map[string]pos.Coupon),
		stock:    make(map[string]*shelf),
	}
	return nil
}

// RemoveLocation implements [Simulator]. The location stays in the list, closed.
func (f *Fake) RemoveLocation(id string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	p, err := f.place(id)
	if err != nil {
		return err
	}
	p.Closed = true
	return nil
}

// Now implements [Simulator]: the system's time plus what Advance added, in UTC.
func (f *Fake) Now() time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.now()
}

// Advance implements [Simulator]. The clock never goes back.
func (f *Fake) Advance(d time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.offset += max(d, 0)
}

// Requests implements [Simulator].
func (f *Fake) Requests() []Request {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.requests)
}

// Inject implements [Simulator]. Stale reads are not simulated. Duplicate
// rows, widened filters and expired tokens are, but the provider handles them:
// they show in the request log only.
func (f *Fake) Inject(fault Fault) (remove func(), err error) { return f.faults.inject(fault) }

func (f *Fake) now() time.Time { return time.Now().Add(f.offset).Round(0).UTC() }

func (f *Fake) limit(asked int) int {
	if asked <= 0 || asked > f.cfg.PageSize {
		return f.cfg.PageSize
	}
	return asked
}

// place finds a location.
func (f *Fake) place(id string) (*place, error) {
	p := f.places[id]
	if p == nil {
		return nil, fmt.Errorf("posfake: no location %q", id)
	}
	return p, nil
}

// scope returns the asked locations in order, or all of the account. Pushes
// leave closed ones out unless they are named.
func (f *Fake) scope(op string, ids []string, closed bool) ([]*place, error) {
	if len(ids) == 0 {
		var all []*place
		for _, id := range slices.Sorted(maps.Keys(f.places)) {
			if closed || !f.places[id].Closed {
				all = append(all, f.places[id])
			}
		}
		return all, nil
	}
	var found []*place
	var missing pos.Problems
	for _, id := range slices.Compact(slices.Sorted(slices.Values(ids))) {
		if p := f.places[id]; p != nil {
			found = append(found, p)
			continue
		}
		missing = append(missing, pos.Problem{Field: "Locations", Location: id, Reason: "the account has no such location"})
	}
	if missing != nil {
		return nil, f.failure(op, pos.KindNotFound, missing)
	}
	return found, nil
}

func (f *Fake) failure(op string, kind pos.Kind, cause error) *pos.Error {
	return &pos.Error{Vendor: f.cfg.Vendor, Op: op, Kind: kind, Err: cause}
}

// supported refuses a job that the capabilities leave out.
func (f *Fake) supported(job pos.Job, op string) error {
	s := f.caps.Job(job)
	if s.OK() {
		return nil
	}
	why := s.Why
	if why == "" {
		why = "the simulated system cannot do this"
	}
	return pos.Unsupported(f.cfg.Vendor, op, why, s.Nearest)
}
