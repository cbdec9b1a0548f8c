package simphonyfake

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/pos/posfake"
)

// enterpriseUnit is the hierarchy unit of the whole enterprise.
const enterpriseUnit = 1

// property is a location of the enterprise.
type property struct {
	ref      string
	name     string
	unit     int // its hierUnitId
	num      int // its object number
	zoneName string
	zone     *time.Location
	currency pos.Currency
	opened   time.Time
	closed   bool
	online   bool
	rvcs     []*revenueCenter
	seq      int64 // last CheckSeq
	checks   []*check
	counts   map[int64]int64 // what is counted down, by object number
	outbox   []func()        // what happened without connection
}

type revenueCenter struct {
	property *property
	num      int
	unit     int
	name     string
	cut      bool // its workstations are not connected
}

// connected reports whether the revenue center can be reached from the cloud.
func (c *revenueCenter) connected() bool { return c.property.online && !c.cut }

// path are the hierarchy units whose records the revenue center inherits, the
// highest first.
func (c *revenueCenter) path() []int { return []int{enterpriseUnit, c.property.unit, c.unit} }

// open adds a property with its revenue centers.
func (f *Fake) open(seed posfake.LocationSeed) error {
	ref := strings.ToLower(seed.ID)
	if ref == "" || len(ref) > 99 || strings.ContainsAny(ref, "/:. ") {
		return fmt.Errorf("simphonyfake: location id %q is empty, too long or has one of '/:. '", seed.ID)
	}
	if _, err := f.property(ref); err == nil {
		return fmt.Errorf("simphonyfake: location %q exists", ref)
	}
	p := &property{
		ref: ref, name: cmp.Or(seed.Name, seed.ID), num: len(f.properties) + 1, zoneName: cmp.Or(seed.TimeZone, "America/New_York"),
		currency: pos.Currency(cmp.Or(seed.Currency, "USD")), opened: f.now, online: true, counts: map[int64]int64{},
	}
	zone, err := pos.Zone(p.zoneName)
	if err != nil {
		return fmt.Errorf("simphonyfake: location %s: %w", ref, err)
	}
	if !p.currency.Valid() {
		return fmt.Errorf("simphonyfake: location %s: no currency %q", ref, p.currency)
	}
	p.zone = zone
	p.unit = f.unit()
	for i := range f.cfg.RevenueCenters {
		p.rvcs = append(p.rvcs, &revenueCenter{property: p, num: i + 1, unit: f.unit(), name: fmt.Sprintf("%s RVC %d", p.name, i+1)})
	}
	f.properties = append(f.properties, p)
	return nil
}

func (f *Fake) unit() int {
	f.nextUnit++
	return f.nextUnit - 1
}

// property finds a location by its reference, in any case.
func (f *Fake) property(ref string) (*property, error) {
	for _, p := range f.properties {
		if strings.EqualFold(p.ref, ref) {
			return p, nil
		}
	}
	return nil, fmt.Errorf("%w: %q", errNoLocation, ref)
}

// openProperty finds a location that has not been closed.
func (f *Fake) openProperty(ref string) (*property, error) {
	p, err := f.property(ref)
	if err == nil && p.closed {
		err = fmt.Errorf("%w: %q is closed", errNoLocation, ref)
	}
	return p, err
}

func (p *property) rvc(num int) *revenueCenter {
	for _, c := range p.rvcs {
		if c.num == num {
			return c
		}
	}
	return nil
}

// do does something that the enterprise learns of when the property is connected.
func (p *property) do(what func()) {
	if p.online {
		what()
		return
	}
	p.outbox = append(p.outbox, what)
}

// businessDate is the business day of the property at an instant.
func (f *Fake) businessDate(p *property, t time.Time) pos.Date {
	if t.IsZero() {
		return ""
	}
	day := pos.DateOf(t, p.zone)
	if pos.ClockOf(t, p.zone) < f.cfg.DayStart {
		return day.AddDays(-1)
	}
	return day
}

// hasUnit reports whether the hierarchy has such a unit.
func (f *Fake) hasUnit(unit int) bool { return unit >= enterpriseUnit && unit < f.nextUnit }

// AddLocation opens another property.
func (f *Fake) AddLocation(seed posfake.LocationSeed) error {
	defer f.begin()()
	if err := f.open(seed); err != nil {
		return err
	}
	f.notify("OrganizationsNotification", f.properties[len(f.properties)-1].rvcs[0], "")
	return nil
}

// RemoveLocation closes a property. It stays in the hierarchy and in R&A,
// marked inactive, and disappears from STS2.
func (f *Fake) RemoveLocation(id string) error {
	defer f.begin()()
	p, err := f.openProperty(id)
	if err != nil {
		return err
	}
	p.closed, p.online, p.outbox = true, false, nil
	f.notify("OrganizationsNotification", p.rvcs[0], "")
	return nil
}

// SetOnline cuts a property off or connects it again: then it posts at once
// what happened meanwhile.
func (f *Fake) SetOnline(location string, online bool) error {
	defer f.begin()()
	p, err := f.openProperty(location)
	if err != nil {
		return err
	}
	p.online = online
	if online {
		for _, what := range p.outbox {
			what()
		}
		p.outbox = nil
	}
	return nil
}

// SetCenterOnline cuts off one revenue center of a property for STS2 only, or
// connects it again.
func (f *Fake) SetCenterOnline(location string, rvc int, online bool) error {
	defer f.begin()()
	p, err := f.openProperty(location)
	if err != nil {
		return err
	}
	c := p.rvc(rvc)
	if c == nil {
		return fmt.Errorf("simphonyfake: %s has no revenue center %d", p.ref, rvc)
	}
	c.cut = !online
	return nil
}
