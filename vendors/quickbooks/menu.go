package quickbooks

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/vendors/kit"
)

const maxName = 100 // characters of a name or SKU

// PushMenu implements [pos.Provider]. It reads all items, in pages of 1,000,
// and the points of sale, and writes what differs in batches of 30.
//
// Price and availability are those of the whole company: a push that names
// some of its locations is refused with [pos.ErrUnsupported], and so is an
// item with an override. Unavailable meals and those that left the menu are
// deactivated, never deleted; one that is new and unavailable is made when it
// becomes available. Categories are used by name, made where they are
// missing, and never changed.
//
// An item without our mark that has the SKU or the name of a meal fails that
// meal with [pos.ErrConflict].
func (p *Provider) PushMenu(ctx context.Context, push pos.MenuPush) (pos.PushReport, error) {
	const op = "PushMenu"
	if err := p.ready(op, pos.JobMenu); err != nil {
		return pos.PushReport{}, err
	}
	if err := push.Menu.Validate(); err != nil {
		return pos.PushReport{}, err
	}
	if err := p.lock(ctx, op); err != nil {
		return pos.PushReport{}, err
	}
	defer p.unlock()
	targets, err := p.targets(ctx, op, push.Locations)
	if err != nil {
		return pos.PushReport{}, err
	}
	now, err := p.readCatalogue(ctx)
	if err != nil {
		return pos.PushReport{}, err
	}
	skus := make([]string, len(push.Menu.Items))
	for i := range push.Menu.Items {
		skus[i] = push.Menu.Items[i].SKU
	}
	report := kit.NewReport(skus, targets, push.DryRun)
	m := &menuPush{
		writer: &writer{Provider: p, op: op, changeID: push.ChangeID, version: now.version, report: report, dryRun: push.DryRun},
		push:   &push, targets: targets, now: now, used: make(map[string]string),
	}
	if err := m.plan(); err != nil {
		return pos.PushReport{}, err
	}
	m.createCategories(ctx)
	m.write(ctx, m.changes())
	m.tell()
	return report.Push(), whole(ctx, op, m.plans)
}

// menuPush is the work of one push.
type menuPush struct {
	*writer
	push    *pos.MenuPush
	targets []string
	now     *catalogue
	plans   []*change
	fresh   []string          // names of categories to make
	used    map[string]string // SKU by category and name, of this push
}

// plan decides what becomes of every item and checks the limit.
func (m *menuPush) plan() error {
	onMenu := make(map[string]bool, len(m.push.Menu.Items))
	for i := range m.push.Menu.Items {
		it := &m.push.Menu.Items[i]
		onMenu[it.SKU] = true
		m.planItem(it)
	}
	if m.push.Partial {
		return nil
	}
	onSale, withdrawn := 0, 0
	for _, sku := range slices.Sorted(maps.Keys(m.now.meals)) {
		have := m.now.meals[sku]
		if !have.active() {
			continue
		}
		onSale += len(m.targets)
		if onMenu[sku] {
			continue
		}
		withdrawn += len(m.targets)
		m.withdraw(sku, have)
	}
	if err := pos.CheckWithdraw(withdrawn, onSale, m.push.MaxWithdraw); err != nil {
		return fail(m.op, pos.KindWithdrawLimit, causeOf(err))
	}
	return nil
}

// withdraw plans to take an item of ours off sale.
func (m *menuPush) withdraw(sku string, have *item) {
	c := &change{key: sku, want: &wanted{withdraw: true}, have: have}
	c.body, _ = c.want.diff(have)
	c.outcome = pos.Outcome{Item: sku, Locations: m.targets, Action: pos.Withdrawn, Fields: []string{"Unavailable"}, VendorID: have.ID}
	m.plans = append(m.plans, c)
}

// refusals are the reasons why an item cannot be expressed.
func (m *menuPush) refusals(it *pos.Item) pos.Problems {
	ps := m.describe.Capabilities.CheckItem(*it)
	refuse := func(bad bool, field, reason, nearest string) {
		if bad {
			ps = append(ps, pos.Problem{Item: it.SKU, Field: field, Reason: reason, Nearest: nearest})
		}
	}
	refuse(it.Price.Currency != m.cfg.Currency, "Price", fmt.Sprintf("is in %s, the company sells in %s", it.Price.Currency, m.cfg.Currency), "")
	for _, f := range []struct{ name, text string }{{"Name", it.Name}, {"Category", it.Category}} {
		refuse(len([]rune(f.text)) > maxName, f.name, "has more than 100 characters", "a shorter one")
		refuse(strings.ContainsAny(f.text, ":\t\n\r"), f.name, "holds a colon, a tab or a line break", "another character")
	}
	if !it.Unavailable { // inactive names are free
		other, used := m.used[placeOf(it.Category, it.Name)]
		refuse(used, "Name", "is that of "+other+" in the same category: names are unique in QuickBooks Online", "a name of its own")
		if !used {
			m.used[placeOf(it.Category, it.Name)] = it.SKU
		}
	}
	return ps
}

// planItem plans one item of the menu.
func (m *menuPush) planItem(it *pos.Item) {
	have := m.now.meals[it.SKU]
	o := pos.Outcome{Item: it.SKU, Locations: m.targets, Notes: m.describe.Capabilities.Uncarried(*it)}
	if ps := m.refusals(it); len(ps) > 0 {
		o.Action, o.Err = pos.Refused, fail(m.op, pos.KindUnsupported, ps)
		m.report.Add(o)
		return
	}
	if err := m.taken(it, have); err != nil {
		o.Action, o.Err = pos.Failed, err
		m.report.Add(o)
		return
	}
	if have == nil && it.Unavailable {
		o.Action = pos.Unchanged
		o.Notes = append(o.Notes, pos.Problem{Item: it.SKU, Field: "Unavailable", Reason: "the item is made when it becomes available"})
		m.report.Add(o)
		return
	}
	if it.Category != "" && m.now.categories[it.Category] == "" && !slices.Contains(m.fresh, it.Category) {
		m.fresh = append(m.fresh, it.Category)
	}
	c := &change{key: it.SKU, want: m.wanted(it), have: have, outcome: o}
	m.build(c)
	for _, twin := range m.now.twins[m.mealMark(it.SKU)] {
		if twin.active() {
			extra := &change{want: &wanted{withdraw: true}, have: twin}
			extra.body, _ = extra.want.diff(twin)
			m.plans = append(m.plans, extra)
		}
	}
	m.plans = append(m.plans, c)
}

// taken returns an error if somebody else's item stands in the way.
func (m *menuPush) taken(it *pos.Item, have *item) error {
	if theirs := m.now.skus[it.SKU]; theirs != nil && have == nil {
		return fail(m.op, pos.KindConflict, fmt.Errorf("SKU %s belongs to item %s, which is not ours", it.SKU, theirs.ID))
	}
	parent := m.now.categories[it.Category]
	if it.Unavailable || it.Category != "" && parent == "" {
		return nil // inactive names are free, and so are all in a new category
	}
	if theirs := m.now.names[placeOf(parent, it.Name)]; theirs != nil {
		return fail(m.op, pos.KindConflict, fmt.Errorf("the name %q belongs to item %s, which is not ours", it.Name, theirs.ID))
	}
	return nil
}

// build compares a meal with what is there and sets the outcome.
func (m *menuPush) build(c *change) {
	var fields []string
	c.body, fields = c.want.diff(c.have)
	switch {
	case c.have == nil:
		c.outcome.Action = pos.Created
	case len(fields) == 0:
		c.outcome.Action, c.outcome.VendorID = pos.Unchanged, c.have.ID
	default:
		c.outcome.Action, c.outcome.Fields, c.outcome.VendorID = pos.Updated, fields, c.have.ID
	}
}

// createCategories makes the categories that are missing and plans the items
// in them again with their ids.
func (m *menuPush) createCategories(ctx context.Context) {
	if len(m.fresh) == 0 {
		return
	}
	made := make([]*change, len(m.fresh))
	for i, name := range m.fresh {
		made[i] = &change{body: itemWrite{Name: &name, Type: typeCategory}}
	}
	m.write(ctx, made)
	if m.dryRun {
		return
	}
	failed := make(map[string]error)
	for i, c := range made {
		if c.err != nil {
			failed[m.fresh[i]] = c.err
		} else {
			m.now.categories[m.fresh[i]] = c.made.ID
		}
	}
	for _, c := range m.plans {
		if c.want.withdraw || !slices.Contains(m.fresh, c.want.category) {
			continue
		}
		if c.err = failed[c.want.category]; c.err == nil {
			c.want.parent = m.now.categories[c.want.category]
			m.build(c)
		}
	}
}

// changes returns what is to be written: first what frees names.
func (m *menuPush) changes() []*change {
	rank := func(c *change) int {
		switch {
		case c.want.withdraw || !c.want.active:
			return 0
		case c.have != nil:
			return 1
		}
		return 2
	}
	list := slices.DeleteFunc(slices.Clone(m.plans), func(c *change) bool { return c.err != nil || c.outcome.Action == pos.Unchanged })
	slices.SortStableFunc(list, func(a, b *change) int { return rank(a) - rank(b) })
	return list
}

// tell reports every item that was planned.
func (m *menuPush) tell() {
	for _, c := range m.plans {
		if c.key == "" {
			continue
		}
		o := c.outcome
		switch {
		case c.err != nil:
			o.Action, o.Err = pos.Failed, c.err
		case o.VendorID == "" && c.made != nil:
			o.VendorID = c.made.ID
		}
		m.report.Add(o)
	}
}

// wanted is what an item should be.
type wanted struct {
	withdraw bool // only take it off sale

	name, sku, description, mark string
	kind                         string // of a new item
	price                        pos.Money
	active                       bool
	category                     string // name
	parent                       string // id; unknown while the category is not made
	taxable                      *bool  // nil where QuickBooks does not use it
	income, expense, asset       string // accounts of a new item
}

// wanted says what the item of a meal should be.
func (m *menuPush) wanted(it *pos.Item) *wanted {
	w := &wanted{
		name: it.Name, sku: it.SKU, description: it.Description, mark: m.mealMark(it.SKU), kind: typeNonInventory,
		price: it.Price, active: !it.Unavailable, category: it.Category, parent: m.now.categories[it.Category],
		income: m.cfg.IncomeAccount, expense: m.cfg.ExpenseAccount, asset: m.cfg.AssetAccount,
	}
	if w.asset != "" {
		w.kind = typeInventory
	}
	if m.cfg.Country == "US" {
		taxable := !it.TaxExempt
		w.taxable = &taxable
	}
	return w
}

// inventoryStart is the day from which sales of counted items are taken: one
// that is dated before is refused.
const inventoryStart = "2020-01-01"

// diff returns the write that makes the item what is wanted, and the names of
// the fields that it changes. Without an item it makes one.
func (w *wanted) diff(have *item) (body itemWrite, fields []string) {
	if have == nil {
		return w.create(), nil
	}
	body = itemWrite{}.of(have)
	set := func(name string) { fields = append(fields, name) }
	if w.withdraw {
		if have.active() {
			body.Active = new(bool)
			set("Unavailable")
		}
		return body, fields
	}
	if have.name() != w.name {
		body.Name = &w.name
		set("Name")
	}
	if have.Sku != w.sku {
		body.Sku = &w.sku
		set("SKU")
	}
	if have.Description != w.description {
		body.Description = &w.description
		set("Description")
	}
	if now, err := have.UnitPrice.money(w.price.Currency); err != nil || now != w.price {
		body.UnitPrice = jsontext.Value(w.price.Decimal())
		set("Price")
	}
	if have.active() != w.active {
		body.Active = &w.active
		if w.active {
			body.Name = &w.name // it has QuickBooks' suffix now
		}
		set("Unavailable")
	}
	if w.category != "" && w.parent == "" || have.parent() != w.parent {
		sub := w.category != ""
		body.SubItem, body.ParentRef = &sub, parentRef(w.parent)
		set("Category")
	}
	if w.taxable != nil && have.Taxable != *w.taxable {
		body.Taxable = w.taxable
		set("TaxExempt")
	}
	return body, fields
}

// of is a write to an item that changes nothing yet.
func (itemWrite) of(it *item) itemWrite {
	return itemWrite{ID: it.ID, SyncToken: it.SyncToken, Sparse: true}
}

func parentRef(id string) jsontext.Value {
	if id == "" {
		return jsontext.Value("null")
	}
	text, _ := jsontext.AppendQuote([]byte(`{"value":`), id) // fails on bad UTF-8 alone, and mends it
	return jsontext.Value(append(text, '}'))
}

// create is the write that makes the item.
func (w *wanted) create() itemWrite {
	body := itemWrite{
		Name: &w.name, Sku: &w.sku, Type: w.kind, PurchaseDesc: &w.mark, Active: &w.active, Taxable: w.taxable,
		UnitPrice: jsontext.Value(w.price.Decimal()), IncomeAccountRef: &ref{Value: w.income}, ExpenseAccount: &ref{Value: w.expense},
	}
	if w.description != "" {
		body.Description = &w.description
	}
	if w.parent != "" {
		sub := true
		body.SubItem, body.ParentRef = &sub, parentRef(w.parent)
	}
	if w.kind == typeInventory {
		counted := true
		body.AssetAccount, body.TrackQtyOnHand = &ref{Value: w.asset}, &counted
		body.QtyOnHand, body.InvStartDate = jsontext.Value("0"), inventoryStart
	}
	return body
}
