package square

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/vendors/kit"
)

// PushMenu implements [pos.Provider]. It reads the catalogue in pages of 1,000
// objects, and writes what differs in one request for up to 10,000 objects,
// after one more for categories that do not exist yet.
//
// A meal is an item with one variation, which carries SKU, price and our mark.
// Name, description and category are the same at all locations of a seller;
// price and presence are not. A meal that is on the menu nowhere is archived,
// never deleted. An item without our mark that has the SKU of a meal fails
// that meal with [pos.ErrConflict].
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
	all, targets, err := p.targets(ctx, op, push.Locations)
	if err != nil {
		return pos.PushReport{}, err
	}
	skus := make([]string, len(push.Menu.Items))
	for i := range push.Menu.Items {
		skus[i] = push.Menu.Items[i].SKU
	}
	m := &menuPush{p: p, push: &push, where: newWhere(all, targets), report: kit.NewReport(skus, targets, push.DryRun)}
	if err := m.read(ctx); err != nil {
		return pos.PushReport{}, err
	}
	if err := m.plan(); err != nil {
		return pos.PushReport{}, err
	}
	err = m.write(ctx)
	return m.report.Push(), err
}

// menuPush is the work of one push.
type menuPush struct {
	p      *Provider
	push   *pos.MenuPush
	where  *where
	report *kit.Report
	latest time.Time // of the catalogue

	ours       map[string]*ownItem // by SKU
	foreign    map[string]string   // SKU to item id
	categories map[string]string   // name to id, new ones to "#..."
	names      map[string]string   // category id to name
	fresh      []string            // names of categories to create
	edits      []*itemEdit
}

// ownItem is an item of ours as it stands in the catalogue.
type ownItem struct {
	sku       string
	raw       jsontext.Value
	item      catalogObject
	variation catalogObject
	at        int      // of the variation in the item
	twins     []string // other items with the same mark
	present   placeSet
}

// onSale reports whether the item can be sold anywhere.
func (o *ownItem) onSale() bool { return !o.item.Item.IsArchived }

// read reads items and categories.
func (m *menuPush) read(ctx context.Context) (err error) {
	m.ours, m.foreign = make(map[string]*ownItem), make(map[string]string)
	m.categories, m.names = make(map[string]string), make(map[string]string)
	m.latest, err = m.p.search(ctx, func(v *jsontext.Value) error {
		var o catalogObject
		if err := kit.Unmarshal(*v, &o); err != nil {
			return err
		}
		switch {
		case o.Type == typeCategory && (o.Category.Type == "" || o.Category.Type == regularCategory):
			m.names[o.ID] = o.Category.Name
			if id, taken := m.categories[o.Category.Name]; !taken || o.ID < id {
				m.categories[o.Category.Name] = o.ID
			}
		case o.Type == typeItem:
			return m.addItem(*v, &o)
		}
		return nil
	}, typeItem, typeCategory)
	return err
}

const regularCategory = "REGULAR_CATEGORY"

// addItem sorts an item to ours or theirs.
func (m *menuPush) addItem(raw jsontext.Value, o *catalogObject) error {
	own, skus, err := m.p.ownItem(raw, o)
	if err != nil {
		return err
	}
	if own == nil {
		for _, sku := range skus {
			m.foreign[sku] = o.ID
		}
		return nil
	}
	own.present = m.where.presence(&own.item, &own.variation)
	switch first := m.ours[own.sku]; {
	case first == nil:
		m.ours[own.sku] = own
	case own.item.ID == first.item.ID || slices.Contains(first.twins, own.item.ID): // the answer held it twice
	case own.item.ID < first.item.ID:
		own.twins = append(first.twins, first.item.ID)
		m.ours[own.sku] = own
	default:
		first.twins = append(first.twins, own.item.ID)
	}
	return nil
}

// ownItem returns the item if one of its variations carries our mark, else
// the SKUs that it has.
func (p *Provider) ownItem(raw jsontext.Value, o *catalogObject) (own *ownItem, skus []string, err error) {
	for i, v := range o.Item.Variations {
		var x catalogObject
		if err := kit.Unmarshal(v, &x); err != nil {
			return nil, nil, err
		}
		if sku, ours := strings.CutPrefix(x.Variation.UserData, p.mark()); ours && sku != "" {
			return &ownItem{sku: sku, raw: raw, item: *o, variation: x, at: i}, nil, nil
		}
		if x.Variation.SKU != "" {
			skus = append(skus, x.Variation.SKU)
		}
	}
	return nil, skus, nil
}

// plan decides what becomes of every item and checks the limit.
func (m *menuPush) plan() error {
	onMenu := make(map[string]bool, len(m.push.Menu.Items))
	for i := range m.push.Menu.Items {
		it := &m.push.Menu.Items[i]
		onMenu[it.SKU] = true
		if err := m.planItem(it); err != nil {
			return err
		}
	}
	if m.push.Partial {
		return nil
	}
	onSale, withdrawn := 0, 0
	for _, sku := range slices.Sorted(maps.Keys(m.ours)) {
		own := m.ours[sku]
		if !own.onSale() {
			continue
		}
		n := 0
		for i, in := range own.present {
			if in && m.where.target[i] {
				n++
			}
		}
		onSale += n
		if onMenu[sku] || n == 0 {
			continue
		}
		withdrawn += n
		if err := m.edit(nil, sku, m.where.target); err != nil {
			return err
		}
	}
	if err := pos.CheckWithdraw(withdrawn, onSale, m.push.MaxWithdraw); err != nil {
		return fail("PushMenu", pos.KindWithdrawLimit, causeOf(err))
	}
	return nil
}

// causeOf takes the outer pos.Error off.
func causeOf(err error) error {
	var e *pos.Error
	if errors.As(err, &e) && e.Err != nil {
		return e.Err
	}
	return err
}

// planItem plans one item of the menu.
func (m *menuPush) planItem(it *pos.Item) error {
	if id, theirs := m.foreign[it.SKU]; theirs && m.ours[it.SKU] == nil {
		m.report.Add(pos.Outcome{
			Item: it.SKU, Locations: m.where.ids, Action: pos.Failed, VendorID: id,
			Err: fail("PushMenu", pos.KindConflict, fmt.Errorf("SKU %s belongs to an item that is not ours", it.SKU)),
		})
		return nil
	}
	if it.Category != "" && m.categories[it.Category] == "" {
		m.categories[it.Category] = fmt.Sprintf("#category-%d", len(m.fresh))
		m.fresh = append(m.fresh, it.Category)
	}
	return m.edit(it, it.SKU, m.sellable(it))
}

// sellable returns the targets whose currency is that of the price, and
// reports the others as refused.
func (m *menuPush) sellable(it *pos.Item) placeSet {
	ok := slices.Clone(m.where.target)
	refused := make(map[pos.Currency][]string)
	for i := range m.where.list {
		l := &m.where.list[i]
		if ok[i] && l.Currency != "" && l.Currency != it.Price.Currency {
			ok[i] = false
			refused[l.Currency] = append(refused[l.Currency], l.ID)
		}
	}
	for _, c := range slices.Sorted(maps.Keys(refused)) {
		m.report.Add(pos.Outcome{
			Item: it.SKU, Locations: refused[c], Action: pos.Refused,
			Err: fail("PushMenu", pos.KindUnsupported, pos.Problems{{
				Item: it.SKU, Field: "Price", Reason: "is in " + string(it.Price.Currency) + ", these locations sell in " + string(c),
			}}),
		})
	}
	return ok
}

// itemEdit is an item on its way to what it should be.
type itemEdit struct {
	unit
	sku      string
	want     *pos.Item // nil takes it off the menu
	at       placeSet  // locations that the push is about
	outcomes []pos.Outcome
}

// edit plans an item at some locations.
func (m *menuPush) edit(want *pos.Item, sku string, at placeSet) error {
	e := &itemEdit{sku: sku, want: want, at: at}
	if err := m.build(e, m.ours[sku]); err != nil {
		return err
	}
	e.rebuild = func(now map[string]jsontext.Value) error { return m.rebuild(e, now) }
	e.made = func(ids map[string]string) { m.made(e, ids) }
	m.edits = append(m.edits, e)
	return nil
}

// rebuild plans an item again from what the catalogue holds now. If it is gone
// it is made anew.
func (m *menuPush) rebuild(e *itemEdit, now map[string]jsontext.Value) error {
	var own *ownItem
	for _, id := range e.ids {
		raw, ok := now[id]
		if !ok {
			continue
		}
		var o catalogObject
		if err := kit.Unmarshal(raw, &o); err != nil {
			return err
		}
		var err error
		if own, _, err = m.p.ownItem(raw, &o); err != nil {
			return err
		}
		if own == nil {
			return fail("PushMenu", pos.KindConflict, fmt.Errorf("item %s has lost the mark by which we know it", id))
		}
		own.present = m.where.presence(&own.item, &own.variation)
	}
	return m.build(e, own)
}

// made completes outcomes with the ids of new objects.
func (m *menuPush) made(e *itemEdit, ids map[string]string) {
	for i := range e.outcomes {
		if id := ids[e.outcomes[i].VendorID]; id != "" {
			e.outcomes[i].VendorID = id
		}
	}
	for _, o := range e.outcomes {
		if e.want != nil && o.VendorID != "" {
			m.p.catalog.put(o.VendorID, known{sku: e.sku})
		}
	}
}

// write sends what is planned and reports what became of it.
func (m *menuPush) write(ctx context.Context) error {
	var units []*unit
	for _, e := range m.edits {
		if len(e.objects) > 0 {
			units = append(units, &e.unit)
		}
	}
	w := &writer{p: m.p, limits: m.p.limits(ctx), changeID: m.push.ChangeID, latest: m.latest, report: m.report}
	switch {
	case m.push.DryRun:
		m.report.Wrote(parts(len(m.fresh), w.limits.RequestObjects) + len(grouped(units, w.limits.RequestObjects)))
	default:
		if err := m.createCategories(ctx, w); err != nil {
			for _, u := range units {
				u.err = err
			}
			break
		}
		w.write(ctx, units)
	}
	return m.finish(ctx)
}

// createCategories creates the categories that are missing and plans the items
// in them again with their ids.
func (m *menuPush) createCategories(ctx context.Context, w *writer) error {
	if len(m.fresh) == 0 {
		return nil
	}
	var units []*unit
	for _, name := range m.fresh {
		id := m.categories[name]
		var o rawObject
		err := cmp.Or(o.set("type", typeCategory), o.set("id", id), o.set("category_data", categoryData{name, regularCategory}))
		if err != nil {
			return err
		}
		raw, err := o.MarshalJSON()
		if err != nil {
			return err
		}
		units = append(units, &unit{
			objects: []jsontext.Value{raw}, size: 1, news: []string{id},
			rebuild: func(map[string]jsontext.Value) error { return nil },
			made:    func(ids map[string]string) { m.categories[name], m.names[ids[id]] = ids[id], name },
		})
	}
	w.write(ctx, units)
	failed := make(map[string]error)
	for i, u := range units {
		if u.err != nil {
			failed[m.fresh[i]] = u.err
		}
	}
	for _, e := range m.edits {
		if e.want == nil || !slices.Contains(m.fresh, e.want.Category) {
			continue
		}
		if err := failed[e.want.Category]; err != nil {
			e.objects, e.err = nil, err
			continue
		}
		if err := m.build(e, m.ours[e.sku]); err != nil {
			return err
		}
	}
	return nil
}

// finish reports every planned item. The error is that of the context or of a
// missing permission, which concern the whole push.
func (m *menuPush) finish(ctx context.Context) error {
	var whole error
	for _, e := range m.edits {
		if errors.Is(e.err, pos.ErrAuth) {
			whole = e.err
		}
		reportEdit(m.report, e.outcomes, e.err)
	}
	if err := ctx.Err(); err != nil {
		return fail("PushMenu", pos.KindUnknown, err)
	}
	return whole
}
