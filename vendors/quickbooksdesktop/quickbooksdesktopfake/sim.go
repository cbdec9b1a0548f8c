package quickbooksdesktopfake

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/farmacyfoods/pointofsale/pos/posfake"
)

// place finds an open location; nil stands for the whole file.
func (f *Fake) place(id string) (*object, error) {
	if id == CompanyID {
		return nil, nil
	}
	o := f.find(f.placeKind(), id, "")
	if o == nil || id == "" || !o.active {
		return nil, fmt.Errorf("quickbooksdesktopfake: no open location %q", id)
	}
	return o, nil
}

func (f *Fake) placeKind() string {
	if f.cfg.Mode == BySite {
		return "InventorySite"
	}
	return "Class"
}

// AddLocation creates a class or a site. Currency and time zone must be those
// of the file.
func (f *Fake) AddLocation(s posfake.LocationSeed) error {
	defer f.begin()()
	if f.cfg.Mode == ByCompany {
		return fmt.Errorf("quickbooksdesktopfake: locations inside the file: %w", posfake.ErrNotSimulated)
	}
	name := cmp.Or(s.Name, s.ID)
	switch {
	case s.TimeZone != "" && s.TimeZone != f.cfg.TimeZone || s.Currency != "" && s.Currency != f.cfg.Currency:
		return fmt.Errorf("quickbooksdesktopfake: location %s: a second time zone or currency: %w", name, posfake.ErrNotSimulated)
	case name == "" || f.find(f.placeKind(), "", name) != nil || s.ID != "" && f.find(f.placeKind(), s.ID, "") != nil || len(s.ID) > 36 || s.ID == CompanyID:
		return fmt.Errorf("quickbooksdesktopfake: location %q: its id or name is taken or not possible", name)
	}
	o := f.create(f.placeKind(), name)
	f.unlist(o)
	o.listID = cmp.Or(s.ID, o.listID)
	f.enlist(o)
	if f.cfg.Mode == BySite {
		o.put(flag("IsDefaultSite", false))
	}
	return nil
}

// RemoveLocation makes a class or site inactive.
func (f *Fake) RemoveLocation(id string) error {
	defer f.begin()()
	o, err := f.place(id)
	if err != nil {
		return err
	}
	if o == nil {
		return fmt.Errorf("quickbooksdesktopfake: the file itself: %w", posfake.ErrNotSimulated)
	}
	o.active = false
	f.touch(o)
	return nil
}

// Locations lists the open locations in the order of creation.
func (f *Fake) Locations() []posfake.LocationSeed {
	defer f.begin()()
	if f.cfg.Mode == ByCompany {
		return []posfake.LocationSeed{{ID: CompanyID, Name: f.cfg.CompanyName, TimeZone: f.cfg.TimeZone, Currency: f.cfg.Currency}}
	}
	var out []posfake.LocationSeed
	for _, o := range f.objects {
		if o.kind == f.placeKind() && o.active {
			out = append(out, posfake.LocationSeed{ID: o.listID, Name: o.name, TimeZone: f.cfg.TimeZone, Currency: f.cfg.Currency})
		}
	}
	return out
}

// SetOnline switches the computer off or on if the location is [CompanyID]. No
// other location has a connection of its own.
func (f *Fake) SetOnline(location string, online bool) error {
	defer f.begin()()
	if _, err := f.place(location); err != nil {
		return err
	}
	if location != CompanyID {
		return fmt.Errorf("quickbooksdesktopfake: the power of one location: %w", posfake.ErrNotSimulated)
	}
	f.off = !online
	return nil
}

// AddForeign creates an item that is not counted, or changes the name and price
// of the item that has the SKU as its name.
func (f *Fake) AddForeign(sku, name string, minor int64) error {
	defer f.begin()()
	if sku == "" || len(sku) > 31 || minor < 0 {
		return fmt.Errorf("quickbooksdesktopfake: item %q at %d", sku, minor)
	}
	o := f.find("Item", "", sku)
	if o == nil {
		o = f.create("ItemNonInventory", sku)
		o.foreign = true
		o.put(f.taxRef("Tax"))
	} else {
		f.touch(o)
	}
	value := price(minor * fine / 100)
	if o.kind == "ItemInventory" {
		o.put(leaf("SalesDesc", ansi(name)), leaf("SalesPrice", value))
		return nil
	}
	o.put(f.terms("SalesOrPurchase", o.fields["SalesOrPurchase"], el("", leaf("Desc", name), leaf("Price", value), f.account["Sales"].ref("AccountRef"))))
	return nil
}

// Menu lists the items at every location: all have the same.
func (f *Fake) Menu() []posfake.MenuRow {
	places := f.Locations()
	defer f.begin()()
	var rows []posfake.MenuRow
	for _, l := range places {
		for _, o := range f.objects {
			cents, ok := o.price()
			if !ok || o == f.misc {
				continue
			}
			rows = append(rows, posfake.MenuRow{Location: l.ID, SKU: o.name, Name: o.title(), Price: cents, Available: o.active, Foreign: o.foreign, Digest: o.digest()})
		}
	}
	return rows
}

// Sell books a sales receipt. The state pending books an invoice that is not
// paid, the tender none a receipt that is not final; both are pending. Tips and
// refused payments do not exist.
func (f *Fake) Sell(s posfake.Sale) (posfake.Record, error) {
	defer f.begin()()
	place, err := f.place(s.Location)
	if err != nil {
		return posfake.Record{}, err
	}
	if err := f.checkSale(s); err != nil {
		return posfake.Record{}, err
	}
	lines, err := f.ring(s)
	if err != nil {
		return posfake.Record{}, err
	}
	kind := "SalesReceipt"
	if s.State == "pending" {
		kind = "Invoice"
	}
	t := f.newTxn(kind, place)
	t.method = f.methods["Visa"]
	if s.Tender == "cash" {
		t.method = f.methods["Cash"]
	}
	t.pending = kind == "SalesReceipt" && s.Tender == "none"
	t.ref = cmp.Or(s.Reference, "K-"+strconv.Itoa(t.number))
	if !s.OccurredAt.IsZero() {
		t.occurred = s.OccurredAt.UTC()
		t.date = f.date(s.OccurredAt)
	}
	t.lines = lines
	f.sum(t)
	for _, l := range lines {
		l.id = f.txnID()
		f.move(t, l, -l.quantity)
	}
	return f.publish(t), nil
}

func (f *Fake) checkSale(s posfake.Sale) error {
	switch {
	case len(s.Lines) == 0:
		return errors.New("quickbooksdesktopfake: a sale needs a line")
	case s.Tip != 0 || s.State == "failed":
		return fmt.Errorf("quickbooksdesktopfake: tips and refused payments: %w", posfake.ErrNotSimulated)
	case !slices.Contains([]string{"", "completed", "pending"}, s.State) || !slices.Contains([]string{"", "card", "cash", "none"}, s.Tender):
		return fmt.Errorf("quickbooksdesktopfake: state %q, tender %q", s.State, s.Tender)
	case s.OccurredAt.After(f.Now()):
		return errors.New("quickbooksdesktopfake: a sale cannot happen in the future")
	case len(s.Reference) > 11:
		return fmt.Errorf("quickbooksdesktopfake: reference %q: a RefNumber has 11 characters at most", s.Reference)
	}
	return nil
}

// ring writes the lines of a receipt. A code is the name of a discount item, or
// what follows "CPN-" in it: the cashier adds it below every line, or at the end
// if it is an amount.
func (f *Fake) ring(s posfake.Sale) ([]*txnLine, error) {
	var off []*object
	for _, code := range s.Codes {
		for _, name := range []string{code, "CPN-" + code} {
			if o := f.find("ItemDiscount", "", name); o != nil && o.active {
				off = append(off, o)
				break
			}
		}
	}
	var out, goods []*txnLine
	for i, in := range s.Lines {
		l, err := f.goods(in)
		if err != nil {
			return nil, fmt.Errorf("quickbooksdesktopfake: lines[%d]: %w", i, err)
		}
		goods = append(goods, l)
		out = append(out, l)
		for _, o := range off {
			if n := o.fields["DiscountRatePercent"]; n != nil {
				part := decimal(n.text, 5)
				out = append(out, discount(o, share(l.amount-l.discount, part, 100*fine), l))
				out[len(out)-1].percent = part
			}
		}
	}
	for _, o := range off {
		if n := o.fields["DiscountRate"]; n != nil {
			rest := share(decimal(n.text, 5), 100, fine)
			out = append(out, f.spread(o, rest, goods)...)
		}
	}
	return out, nil
}

func (f *Fake) goods(in posfake.SaleLine) (*txnLine, error) {
	if in.Quantity < 0 {
		return nil, fmt.Errorf("quantity %d is negative", in.Quantity)
	}
	l := &txnLine{item: f.misc, desc: cmp.Or(in.Name, "Off the menu"), quantity: max(in.Quantity, 1), taxed: true}
	var cents int64
	priced := false
	if o := f.find("Item", "", in.SKU); in.SKU != "" && o != nil && o.kind != "ItemDiscount" {
		l.item, l.desc, l.taxed = o, o.title(), o.taxed()
		if !o.foreign {
			l.sku = o.name
		}
		cents, priced = o.price()
	}
	if in.Price != nil {
		cents, priced = *in.Price, true
	}
	if !priced || cents < 0 {
		return nil, fmt.Errorf("item %q has no price", in.SKU)
	}
	l.rate, l.amount = cents*fine/100, cents*l.quantity
	return l, nil
}

func discount(o *object, cents int64, of *txnLine) *txnLine {
	of.discount += cents
	return &txnLine{item: o, desc: o.title(), amount: -cents, taxed: of.taxed}
}

// spread takes an amount off the goods, one line of the receipt for taxed and
// one for other goods.
func (f *Fake) spread(o *object, rest int64, goods []*txnLine) []*txnLine {
	var out []*txnLine
	for _, taxed := range []bool{true, false} {
		sum := int64(0)
		for _, l := range goods {
			if part := min(rest, l.amount-l.discount); l.taxed == taxed && part > 0 {
				l.discount += part
				sum, rest = sum+part, rest-part
			}
		}
		if sum > 0 {
			out = append(out, &txnLine{item: o, desc: o.title(), rate: sum * fine / 100, amount: -sum, taxed: taxed})
		}
	}
	return out
}

// sum computes tax and total.
func (f *Fake) sum(t *txn) {
	var all, taxed int64
	for _, l := range t.lines {
		all += l.amount
		if l.taxed {
			taxed += l.amount
		}
	}
	t.taxPoints = f.cfg.TaxBasisPoints
	t.tax = share(taxed, t.taxPoints, 10_000)
	t.total = all + t.tax
}

// move takes goods out of stock, or back.
func (f *Fake) move(t *txn, l *txnLine, units int64) {
	if l.item.kind == "ItemInventory" {
		l.item.stock[f.site(t.place)] += units * fine
	}
}
