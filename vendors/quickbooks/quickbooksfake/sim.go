package quickbooksfake

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
	"strconv"
	"strings"

	"github.com/farmacyfoods/pointofsale/pos/posfake"
)

var _ posfake.Tamperer = (*Fake)(nil)

// placeRef is the property of a form that names the place.
func (f *Fake) placeRef() string { return f.places().name + "Ref" }

// places are the departments, or the classes where those are the places.
func (f *Fake) places() *table {
	if f.cfg.ByClass {
		return f.tables["Class"]
	}
	return f.tables["Department"]
}

// place finds an open place by its id or by the id of its seed.
func (f *Fake) place(id string) *object {
	o := f.places().get(id)
	if o == nil {
		o = f.places().get(f.till.aliases[id])
	}
	if o == nil || !o.active() {
		return nil
	}
	return o
}

// LocationIDs lists the ids of the open departments in the order of opening.
func (f *Fake) LocationIDs() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.open()
}

// open lists the ids of the open places.
func (f *Fake) open() []string {
	var ids []string
	for _, o := range f.places().rows {
		if o.active() {
			ids = append(ids, o.id)
		}
	}
	return ids
}

// AddLocation opens another department. Its id is a number of the company's
// choice unless the seed has one; the methods of the simulator take both.
func (f *Fake) AddLocation(seed posfake.LocationSeed) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.addPlace(seed)
}

func (f *Fake) addPlace(seed posfake.LocationSeed) error {
	switch {
	case seed.ID == "" || f.place(seed.ID) != nil:
		return fmt.Errorf("quickbooksfake: location %q exists or has no id", seed.ID)
	case seed.Currency != "" && seed.Currency != f.cfg.Currency:
		return fmt.Errorf("location %q in %s, the company is in %s: %w", seed.ID, seed.Currency, f.cfg.Currency, posfake.ErrNotSimulated)
	}
	name, id := seed.Name, ""
	if name == "" {
		name = seed.ID
	}
	if _, err := strconv.ParseUint(seed.ID, 10, 31); err == nil && f.places().byID[seed.ID] == nil {
		id = seed.ID
	}
	o, err := f.save(f.places(), map[string]any{"Name": name}, how{foreign: true, id: id})
	if err != nil {
		return err
	}
	f.till.aliases[seed.ID] = o.id
	return nil
}

// RemoveLocation makes a department inactive.
func (f *Fake) RemoveLocation(id string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	o := f.place(id)
	if o == nil {
		return fmt.Errorf("%w: %q", errNoLocation, id)
	}
	return f.amend(o, map[string]any{"Active": false})
}

// SetOnline answers [posfake.ErrNotSimulated]: an accounting system does not
// know whether a till is on.
func (f *Fake) SetOnline(location string, _ bool) error {
	return fmt.Errorf("power of %q: %w", location, posfake.ErrNotSimulated)
}

// amend changes an entity as the bookkeeper would in the product.
func (f *Fake) amend(o *object, change map[string]any) error {
	change["Id"], change["SyncToken"], change["sparse"] = o.id, strconv.Itoa(o.version), true
	_, err := f.save(o.in, change, how{})
	return err
}

// bySKU finds what the tills sell under a SKU: an active item, rather one that
// was made through the API.
func (f *Fake) bySKU(sku string) *object {
	var found *object
	if sku == "" {
		return nil
	}
	for _, o := range f.tables["Item"].skus[sku] {
		if o.active() && (found == nil || found.foreign && !o.foreign) {
			found = o
		}
	}
	return found
}

// Menu lists the goods of the company, inventory and non-inventory items, at
// every open department: they are sold everywhere at one price. Services and
// categories are no goods.
func (f *Fake) Menu() []posfake.MenuRow {
	f.mu.Lock()
	defer f.mu.Unlock()
	open := f.open()
	var out []posfake.MenuRow
	for _, o := range f.tables["Item"].rows {
		if kind := o.text("Type"); kind != "Inventory" && kind != "NonInventory" {
			continue
		}
		row := posfake.MenuRow{
			SKU: o.text("Sku"), Name: strings.TrimSuffix(o.text("Name"), deletedSuffix), Price: minor(o.fields["UnitPrice"]),
			Available: o.active(), Foreign: o.foreign, Digest: digest(o),
		}
		for _, row.Location = range open {
			out = append(out, row)
		}
	}
	return out
}

// digest covers everything that is stored of an item.
func digest(o *object) string {
	text, _ := json.Marshal([]any{o.version, o.fields}) // decoded JSON always encodes
	h := fnv.New64a()
	_, _ = h.Write(text)
	return fmt.Sprintf("%016x", h.Sum64())
}

// AddForeign puts an item into the company as its bookkeeper would.
func (f *Fake) AddForeign(sku, name string, price int64) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.addForeign(sku, name, price)
}

func (f *Fake) addForeign(sku, name string, price int64) error {
	if sku == "" || name == "" || price < 0 {
		return fmt.Errorf("quickbooksfake: foreign item %q %q %d needs a SKU, a name and a price", sku, name, price)
	}
	_, err := f.save(f.tables["Item"], map[string]any{
		"Name": name, "Sku": sku, "Type": "NonInventory", "UnitPrice": number(fromCents(price)), "Taxable": true,
		"IncomeAccountRef": refTo(incomeAccount), "PurchaseDesc": "The host's own.",
	}, how{foreign: true})
	return err
}

// Tamper implements [posfake.Tamperer]: it changes an item that was made through
// the API, for all locations. The note goes into ManPartNum.
func (f *Fake) Tamper(e posfake.MenuEdit) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	o, err := f.ours(e.Location, e.SKU)
	if err != nil {
		return err
	}
	change := map[string]any{}
	if e.Name != "" {
		change["Name"] = e.Name
	}
	if e.Note != "" {
		change["ManPartNum"] = e.Note
	}
	if e.Price != nil {
		change["UnitPrice"] = number(fromCents(*e.Price))
	}
	if e.Available != nil {
		change["Active"] = *e.Available
	}
	return f.amend(o, change)
}

// Note implements [posfake.Tamperer].
func (f *Fake) Note(location, sku string) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	o, err := f.ours(location, sku)
	if err != nil {
		return ""
	}
	return o.text("ManPartNum")
}

// ours finds an item that was made through the API, an active one first.
func (f *Fake) ours(location, sku string) (*object, error) {
	if f.place(location) == nil {
		return nil, fmt.Errorf("%w: %q", errNoLocation, location)
	}
	var found *object
	for _, o := range f.tables["Item"].skus[sku] {
		if !o.foreign && (found == nil || !found.active()) {
			found = o
		}
	}
	if found == nil {
		return nil, fmt.Errorf("%w: %q", errNoItem, sku)
	}
	return found, nil
}
