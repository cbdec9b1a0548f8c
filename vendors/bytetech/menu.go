package bytetech

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/vendors/kit"
)

// Names of fields in outcomes.
const (
	fieldUnavailable   = "Unavailable"
	fieldOverridePrice = "Overrides.Price"
)

func (p *Provider) batchSize() int {
	if p.profile.Features.ProductBatch {
		return p.profile.Limits.ProductBatch
	}
	return 1
}

// PushMenu implements [pos.Provider]. Items become products of the account,
// found by their SKU in external_id; prices and availability of single kiosks
// become listings. A product that no push of this account wrote and that is not
// in [Config.Adopt] is left alone; an item that has its SKU fails as a conflict,
// unless the product already is as the item says.
//
// An item that is withdrawn from every kiosk is archived, from some it is
// unlisted there. Packages keep selling until somebody takes them out:
// [pos.Outcome.Manual] says where that is to be done.
func (p *Provider) PushMenu(ctx context.Context, push pos.MenuPush) (pos.PushReport, error) {
	if p.client == nil {
		return pos.PushReport{}, p.noREST("PushMenu")
	}
	if err := push.Menu.Validate(); err != nil {
		return pos.PushReport{}, err
	}
	m := &menuPush{Provider: p, push: push}
	if err := m.prepare(ctx); err != nil {
		return pos.PushReport{}, err
	}
	m.plan()
	if err := m.checkWithdraw(); err != nil {
		return pos.PushReport{}, err
	}
	if push.DryRun {
		m.rehearse()
	} else if err := m.execute(ctx); err != nil {
		return m.report.Push(), err
	}
	m.manual(ctx)
	m.tell()
	return m.report.Push(), nil
}

// menuPush is the work of one PushMenu call.
type menuPush struct {
	*Provider
	push     pos.MenuPush
	report   *kit.Report
	byID     map[string]pos.Location
	kiosks   []string // pushed, existing and not archived
	others   []string // active and not pushed
	products map[string]*product
	state    *menuState
	items    []*itemPlan // those on the menu that can be expressed
	gone     []*itemPlan // those withdrawn
}

// product is what the vendor has.
type product struct {
	id, sku  string
	archived bool
	raw      []byte
}

// itemPlan is what is to be done about one SKU.
type itemPlan struct {
	item     *pos.Item // nil for one that is withdrawn
	sku      string
	have     *product
	changes  document // product members to write, nil if none
	fields   []string
	revive   bool // unarchive
	archive  bool
	at       []string // the pushed kiosks where the item can be
	rows     []*listingRow
	manual   string
	left     []string // kiosks where packages are left
	err      error
	vendorID string
}

// listingRow is one listing to write.
type listingRow struct {
	plan   *itemPlan
	kiosk  string
	want   listing
	fields []string
	aside  bool // at a kiosk that is not part of the push
	err    error
}

// prepare reads what is there.
func (m *menuPush) prepare(ctx context.Context) error {
	asked, byID, active, err := m.targets(ctx, m.push.Locations)
	if err != nil {
		return err
	}
	m.byID = byID
	skus := make([]string, len(m.push.Menu.Items))
	for i := range m.push.Menu.Items {
		skus[i] = m.push.Menu.Items[i].SKU
	}
	m.report = kit.NewReport(skus, asked, m.push.DryRun)
	for _, id := range asked {
		if l, known := byID[id]; known && !l.Closed {
			m.kiosks = append(m.kiosks, id)
			continue
		}
		for _, sku := range skus {
			m.report.Add(pos.Outcome{Item: sku, Locations: []string{id}, Action: pos.Refused, Err: p404(id, "PushMenu")})
		}
	}
	inPush := make(map[string]bool, len(m.kiosks))
	for _, id := range m.kiosks {
		inPush[id] = true
	}
	for _, id := range active {
		if !inPush[id] {
			m.others = append(m.others, id)
		}
	}
	if !m.profile.Features.Listings && len(m.others) > 0 {
		return pos.Unsupported(Vendor, "PushMenu", "the system keeps one menu for all kiosks", "push without Locations, or name all of them")
	}
	if err := m.readProducts(ctx); err != nil {
		return err
	}
	if m.state, err = m.loadMenuState(ctx, active); err != nil {
		return err
	}
	if m.cfg.VerifyListings && m.profile.Features.Listings {
		return m.verifyListings(ctx, m.state, m.kiosks)
	}
	return nil
}

// p404 says that a kiosk is not there, or archived.
func p404(id, op string) error {
	return &pos.Error{Vendor: Vendor, Op: op, Location: id, Kind: pos.KindNotFound, Err: errNoKiosk}
}

var errNoKiosk = errors.New("the account has no such active kiosk")

// readProducts reads the catalogue; products without our key are none of ours.
func (m *menuPush) readProducts(ctx context.Context) error {
	f := m.profile.Fields.Product
	m.products = make(map[string]*product)
	l := list{op: opListProducts, path: m.profile.path("products")}
	return m.all(ctx, l, m.profile.shapes.product, func(o *object) error {
		if sku := o.text(f.ExternalID); sku != "" {
			archived, _ := o.flag(f.Archived)
			m.products[sku] = &product{o.text(f.ID), sku, archived, bytes.Clone(o.raw)}
		}
		return nil
	})
}

// plan decides what to write.
func (m *menuPush) plan() {
	onMenu := make(map[string]bool, len(m.push.Menu.Items))
	for i := range m.push.Menu.Items {
		it := &m.push.Menu.Items[i]
		onMenu[it.SKU] = true
		m.planItem(it)
	}
	if m.push.Partial {
		return
	}
	for _, sku := range sortedKeys(m.state.owned) {
		if have := m.products[sku]; have != nil && !have.archived && !onMenu[sku] {
			m.planWithdrawal(have)
		}
	}
}

// refusals are the reasons why an item cannot be expressed.
func (m *menuPush) refusals(it *pos.Item) pos.Problems {
	ps := m.capabilities().CheckItem(*it)
	if most := m.profile.Constants.DefaultShelfLife; it.ShelfLifeDays > most {
		ps = append(ps, pos.Problem{Item: it.SKU, Field: "ShelfLifeDays", Reason: fmt.Sprintf("%d days, the system keeps at most %d", it.ShelfLifeDays, most), Nearest: "leave it empty"})
	}
	return ps
}

func (m *menuPush) planItem(it *pos.Item) {
	if ps := m.refusals(it); len(ps) > 0 {
		m.report.Add(pos.Outcome{Item: it.SKU, Locations: m.kiosks, Action: pos.Refused, Err: &pos.Error{Vendor: Vendor, Op: "PushMenu", Kind: pos.KindUnsupported, Err: ps}})
		return
	}
	plan := &itemPlan{item: it, sku: it.SKU, have: m.products[it.SKU], at: m.sameCurrency(it)}
	if len(plan.at) == 0 {
		return
	}
	plan.changes, plan.fields = m.productChanges(it, plan.have)
	if plan.have != nil {
		plan.vendorID, plan.revive = plan.have.id, plan.have.archived
	}
	if m.taken(plan) {
		plan.err = &pos.Error{Vendor: Vendor, Op: "PushMenu", Kind: pos.KindConflict, Err: errTaken}
		plan.changes, plan.fields, plan.revive = nil, nil, false
		m.items = append(m.items, plan)
		return
	}
	if m.profile.Features.Listings {
		m.planListings(plan)
	} else { // there is no other way to take a product off sale
		plan.archive = it.Unavailable && (plan.have == nil || !plan.have.archived)
		plan.revive = plan.revive && !it.Unavailable
	}
	if plan.revive || plan.archive {
		plan.fields = append(plan.fields, fieldUnavailable)
	}
	m.items = append(m.items, plan)
}

// taken reports that a product with the SKU is there that none of our pushes
// wrote. One that already is as the item says may be ours from before the
// store was lost, and nothing is changed by taking it on.
func (m *menuPush) taken(plan *itemPlan) bool {
	return plan.have != nil && m.state.owned[plan.sku] == "" && (plan.changes != nil || plan.have.archived)
}

var errTaken = errors.New("somebody else's product has this SKU; if it is ours, name the SKU in Config.Adopt")

// sameCurrency returns the kiosks that sell in the item's currency and refuses
// the others.
func (m *menuPush) sameCurrency(it *pos.Item) []string {
	differs := func(id string) bool { return m.byID[id].Currency != it.Price.Currency }
	if !slices.ContainsFunc(m.kiosks, differs) {
		return m.kiosks
	}
	var same []string
	for _, id := range m.kiosks {
		if !differs(id) {
			same = append(same, id)
			continue
		}
		m.report.Add(pos.Outcome{Item: it.SKU, Locations: []string{id}, Action: pos.Refused, Err: &pos.Error{
			Vendor: Vendor, Op: "PushMenu", Location: id, Kind: pos.KindInvalid,
			Err: pos.Problems{{Item: it.SKU, Field: "Price", Location: id, Reason: fmt.Sprintf("is in %s, the kiosk sells in %s", it.Price.Currency, m.byID[id].Currency)}},
		}})
	}
	return same
}

// planListings finds the listings that are not as they should be. Only kiosks
// that can differ are looked at: those with an override or a remembered
// exception, all of them if nothing is known or the default does not fit.
func (m *menuPush) planListings(plan *itemPlan) {
	it := plan.item
	wants := make(map[string]listing, len(it.Overrides))
	for _, o := range it.Overrides {
		l := listing{Off: it.Unavailable || o.Unavailable}
		if o.Price != nil {
			l.Priced, l.Price = true, o.Price.Amount
		}
		wants[o.Location] = l
	}
	plain := listing{Off: it.Unavailable}
	appears := plan.have == nil || plan.have.archived
	known := plan.have == nil || m.state.owned[it.SKU] == skuKnown
	if plan.have == nil { // nothing is listed otherwise that does not exist
		m.state.owned[it.SKU] = skuKnown
		delete(m.state.bySKU, it.SKU)
	}
	all := !known || plain != m.state.usual
	for _, kiosk := range plan.at {
		want, special := wants[kiosk]
		if !special {
			want = plain
		}
		if _, noted := m.state.bySKU[it.SKU][kiosk]; all || special || noted {
			m.planRow(plan, kiosk, want, false)
		}
	}
	if appears || m.state.owned[it.SKU] == skuClaimed {
		for _, kiosk := range m.others { // it must not go on sale where nobody asked for it
			m.planRow(plan, kiosk, listing{Off: true}, true)
		}
	}
}

func (m *menuPush) planRow(plan *itemPlan, kiosk string, want listing, aside bool) {
	have, known := m.state.at(plan.sku, kiosk)
	if known && have == want {
		return
	}
	row := &listingRow{plan: plan, kiosk: kiosk, want: want, aside: aside}
	if !known || have.Off != want.Off {
		row.fields = append(row.fields, fieldUnavailable)
	}
	if !known && want.Priced || known && (have.Priced != want.Priced || have.Price != want.Price) {
		row.fields = append(row.fields, fieldOverridePrice)
	}
	plan.rows = append(plan.rows, row)
}

// planWithdrawal takes a product that left the menu off the pushed kiosks.
func (m *menuPush) planWithdrawal(have *product) {
	plan := &itemPlan{sku: have.sku, have: have, vendorID: have.id}
	for _, kiosk := range m.kiosks {
		if l, known := m.state.at(have.sku, kiosk); !known || !l.Off {
			plan.at = append(plan.at, kiosk)
		}
	}
	if len(plan.at) == 0 {
		return
	}
	elsewhere := slices.ContainsFunc(m.others, func(kiosk string) bool {
		l, known := m.state.at(have.sku, kiosk)
		return !known || !l.Off
	})
	if plan.archive = !elsewhere; elsewhere {
		for _, kiosk := range plan.at {
			m.planRow(plan, kiosk, listing{Off: true}, false)
		}
	}
	m.gone = append(m.gone, plan)
}

// checkWithdraw stops a push that takes too much off sale.
func (m *menuPush) checkWithdraw() error {
	withdrawn, onSale := 0, 0
	for _, plan := range m.gone {
		withdrawn += len(plan.at)
		onSale += len(plan.at)
	}
	for _, plan := range m.items {
		if plan.have == nil || plan.have.archived || m.state.owned[plan.sku] == "" {
			continue
		}
		onSale += len(m.kiosks)
		for _, kiosk := range m.kiosks {
			if l, _ := m.state.at(plan.sku, kiosk); l.Off {
				onSale--
			}
		}
	}
	err := pos.CheckWithdraw(withdrawn, onSale, m.push.MaxWithdraw)
	if e, ok := errors.AsType[*pos.Error](err); ok {
		e.Vendor, e.Op = Vendor, "PushMenu"
	}
	return err
}

// tell adds the outcomes of items and withdrawals to the report.
func (m *menuPush) tell() {
	caps := m.capabilities()
	for _, plan := range m.items {
		base := pos.Outcome{Item: plan.sku, Locations: plan.at, Action: pos.Unchanged, Fields: plan.fields, VendorID: plan.vendorID, Notes: caps.Uncarried(*plan.item)}
		switch {
		case plan.err != nil:
			base.Action, base.Err = pos.Failed, plan.err
		case plan.have == nil:
			base.Action = pos.Created
		case len(plan.fields) > 0:
			base.Action = pos.Updated
		}
		m.report.Add(base)
		if plan.err == nil {
			m.tellRows(plan, base)
		}
	}
	for _, plan := range m.gone {
		o := pos.Outcome{Item: plan.sku, Locations: plan.at, Action: pos.Withdrawn, Fields: []string{fieldUnavailable}, VendorID: plan.vendorID}
		if plan.err != nil {
			o.Action, o.Err = pos.Failed, plan.err
			m.report.Add(o)
			continue
		}
		m.report.Add(o)
		o.Locations, o.Manual = plan.left, plan.manual
		m.report.Add(o)
		o.Locations, o.Manual = plan.at, ""
		m.tellRows(plan, o)
	}
}

// tellRows adds what is different at single kiosks.
func (m *menuPush) tellRows(plan *itemPlan, base pos.Outcome) {
	groups := make(map[string][]string)
	for _, row := range plan.rows {
		switch {
		case row.err != nil && !row.aside:
			o := base
			o.Locations, o.Action, o.Err, o.Manual = []string{row.kiosk}, pos.Failed, row.err, ""
			m.report.Add(o)
		case row.err != nil: // it may now be on sale where nobody asked for it
			o := base
			o.Action, o.Err = pos.Failed, row.err
			m.report.Add(o)
			return
		case !row.aside && base.Action != pos.Withdrawn:
			key := strings.Join(row.fields, ",")
			groups[key] = append(groups[key], row.kiosk)
		}
	}
	for _, key := range sortedKeys(groups) {
		o := base
		o.Locations, o.Fields = groups[key], slices.Concat(base.Fields, strings.Split(key, ","))
		slices.Sort(o.Fields)
		o.Fields = slices.Compact(o.Fields)
		if o.Action == pos.Unchanged {
			o.Action = pos.Updated
		}
		m.report.Add(o)
	}
}
