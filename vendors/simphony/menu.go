package simphony

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/vendors/kit"
)

const maxDescription = 1024 // characters, since CCAPI 23.7

// PushMenu implements [pos.Provider], through CCAPI. It reads our items,
// definitions and prices in pages of 1,000 records, and writes what differs: a
// record each, or in bulk requests from [CCAPI.BulkFrom] records of a kind on.
// A bulk request takes minutes: items in it are [pos.Pending] until a repeated
// push finds that it has ended; a new menu takes one for masters, one for
// definitions and one for prices.
//
// A meal is authored at [CCAPI.HierUnitID]. Properties that differ get a price
// or a definition of their own; a definition on no menu level takes a meal off
// sale. Nothing is deleted. Names are the same everywhere.
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
	m := &menuPush{Provider: p, push: &push}
	if err := m.prepare(ctx, op); err != nil {
		return pos.PushReport{}, err
	}
	if err := m.plan(); err != nil {
		return pos.PushReport{}, err
	}
	err := m.execute(ctx)
	m.tell()
	if !push.DryRun {
		p.forget()
	}
	return m.report.Push(), err
}

// menuPush is the work of one push.
type menuPush struct {
	*Provider
	push    *pos.MenuPush
	report  *kit.Report
	places  []pos.Location  // open ones, all of the account
	target  map[string]bool // those that the push is about
	targets []string
	units   map[string]int64
	cat     *catalogue
	plans   []*itemPlan
	jobs    *bulkJobs
}

// itemPlan is what is to be done about one SKU.
type itemPlan struct {
	sku      string
	item     *pos.Item // nil for one that is withdrawn
	have     *meal     // nil for a new one
	number   int64
	defs     map[int64]int64 // ids of definitions by unit, as far as they exist
	writes   []*recordWrite
	outcomes []pos.Outcome
}

// want is what should hold at a property.
type want struct {
	on     bool
	price  pos.Money
	target bool
}

// prepare reads what is there.
func (m *menuPush) prepare(ctx context.Context, op string) error {
	all, err := m.knownPlaces(ctx, op)
	if err != nil {
		return err
	}
	asked, err := m.placesOf(ctx, op, m.push.Locations)
	if err != nil {
		return err
	}
	m.target = make(map[string]bool)
	var gone []string
	for i := range asked {
		if asked[i].Closed {
			gone = append(gone, asked[i].ID)
			continue
		}
		m.target[asked[i].ID] = true
		m.targets = append(m.targets, asked[i].ID)
	}
	var ids []string
	for i := range all {
		if !all[i].Closed {
			m.places = append(m.places, all[i])
			ids = append(ids, all[i].ID)
		}
	}
	skus := make([]string, len(m.push.Menu.Items))
	for i := range m.push.Menu.Items {
		skus[i] = m.push.Menu.Items[i].SKU
	}
	m.report = kit.NewReport(skus, m.targets, m.push.DryRun)
	if len(m.push.Locations) > 0 {
		for _, id := range gone {
			for _, sku := range skus {
				m.report.Add(pos.Outcome{Item: sku, Locations: []string{id}, Action: pos.Failed, Err: failAt(op, id, pos.KindNotFound, errors.New("the property is closed"))})
			}
		}
	}
	if m.units, err = m.unitsOf(ctx, op, ids); err != nil {
		return err
	}
	if m.jobs, err = m.loadJobs(ctx, "menu"); err != nil {
		return err
	}
	if m.cat, err = m.readMeals(ctx); err != nil {
		return err
	}
	for _, sku := range skus {
		if m.cat.meals[sku] == nil {
			return m.readOthers(ctx, m.cat)
		}
	}
	return nil
}

// plan decides what becomes of every item and checks the limit.
func (m *menuPush) plan() error {
	onMenu := make(map[string]bool)
	for i := range m.push.Menu.Items {
		it := &m.push.Menu.Items[i]
		onMenu[it.SKU] = true
		m.planItem(it)
	}
	if m.push.Partial {
		return nil
	}
	onSale, withdrawn := 0, 0
	for _, sku := range sortedKeys(m.cat.meals) {
		have, n := m.cat.meals[sku], 0
		for _, id := range m.targets {
			if have.at(m.units[id], m.cat.base, m.cat.language).on {
				n++
			}
		}
		onSale += n
		if !onMenu[sku] && n > 0 {
			withdrawn += n
			m.planWithdrawal(have)
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

// refusals are the reasons why an item cannot be expressed.
func (m *menuPush) refusals(it *pos.Item) pos.Problems {
	ps := m.describe.Capabilities.CheckItem(*it)
	if len(it.SKU) > maxReference {
		ps = append(ps, pos.Problem{Item: it.SKU, Field: "SKU", Reason: "has more than 32 characters, the length of an external reference"})
	}
	if len([]rune(it.Description)) > maxDescription {
		ps = append(ps, pos.Problem{Item: it.SKU, Field: "Description", Reason: "has more than 1,024 characters", Nearest: "a shorter one"})
	}
	return ps
}

// planItem plans one item of the menu.
func (m *menuPush) planItem(it *pos.Item) {
	const op = "PushMenu"
	have := m.cat.meals[it.SKU]
	if ps := m.refusals(it); len(ps) > 0 {
		m.report.Add(pos.Outcome{Item: it.SKU, Locations: m.targets, Action: pos.Refused, Err: fail(op, pos.KindUnsupported, ps)})
		return
	}
	if number, theirs := m.cat.theirs[it.SKU]; theirs && have == nil {
		m.report.Add(pos.Outcome{Item: it.SKU, Locations: m.targets, Action: pos.Failed, Err: fail(op, pos.KindConflict,
			fmt.Errorf("external reference %s belongs to item %d, which is not ours", it.SKU, number))})
		return
	}
	plan := &itemPlan{sku: it.SKU, item: it, have: have, defs: make(map[int64]int64)}
	if have != nil {
		plan.number = have.number
	} else if plan.number = m.cat.number(m.cfg.CCAPI.ItemNumbers); plan.number == 0 {
		m.report.Add(pos.Outcome{Item: it.SKU, Locations: m.targets, Action: pos.Failed, Err: fail(op, pos.KindInvalid, errors.New("no object number is free in CCAPI.ItemNumbers"))})
		return
	}
	wants := make(map[string]want, len(m.places))
	for i := range m.places {
		l := &m.places[i]
		switch {
		case !m.target[l.ID]:
			wants[l.ID] = m.asIs(have, l)
		case l.Currency != "" && l.Currency != it.Price.Currency:
			wants[l.ID] = m.asIs(have, l)
			m.report.Add(pos.Outcome{Item: it.SKU, Locations: []string{l.ID}, Action: pos.Refused, Err: failAt(op, l.ID, pos.KindUnsupported, pos.Problems{{
				Item: it.SKU, Field: "Price", Location: l.ID, Reason: fmt.Sprintf("is in %s, the property sells in %s", it.Price.Currency, l.Currency),
			}})})
		default:
			price, on := it.At(l.ID)
			wants[l.ID] = want{on, price, true}
		}
	}
	m.build(plan, wants)
}

// asIs wants what a property has now.
func (m *menuPush) asIs(have *meal, l *pos.Location) want {
	if have == nil {
		return want{}
	}
	s := have.at(m.units[l.ID], m.cat.base, m.cat.language)
	price, err := parseMoney(s.price, l.Currency)
	if err != nil {
		price = pos.Money{}
	}
	return want{s.on, price, false}
}

// planWithdrawal takes a meal that left the menu off sale at the targets.
func (m *menuPush) planWithdrawal(have *meal) {
	plan := &itemPlan{sku: have.sku, have: have, number: have.number, defs: make(map[int64]int64)}
	wants := make(map[string]want, len(m.places))
	for i := range m.places {
		l := &m.places[i]
		w := m.asIs(have, l)
		w.target = m.target[l.ID] && w.on
		if m.target[l.ID] {
			w.on = false
		}
		wants[l.ID] = w
	}
	m.build(plan, wants)
}

// build finds the records to write and the outcomes that follow.
func (m *menuPush) build(plan *itemPlan, wants map[string]want) {
	if plan.have != nil {
		for unit, d := range plan.have.defs {
			plan.defs[unit] = d.num("menuItemDefinitionId")
		}
	}
	m.outcomes(plan, wants)
	m.planMaster(plan, wants)
	m.planDefinitions(plan, wants)
	if plan.item != nil {
		m.planPrices(plan, wants)
	}
	m.plans = append(m.plans, plan)
}

// outcomes compares what holds with what should, at each target.
func (m *menuPush) outcomes(plan *itemPlan, wants map[string]want) {
	groups := make(map[string]*pos.Outcome)
	for i := range m.places {
		id := m.places[i].ID
		w := wants[id]
		if !w.target {
			continue
		}
		o := pos.Outcome{Item: plan.sku, Action: pos.Updated, VendorID: strconv.FormatInt(plan.number, 10)}
		switch {
		case plan.item == nil:
			o.Action, o.Fields = pos.Withdrawn, []string{"Unavailable"}
		case plan.have == nil:
			o.Action = pos.Created
		default:
			if o.Fields = m.fields(plan, id, w); len(o.Fields) == 0 {
				o.Action = pos.Unchanged
			}
		}
		key := string(o.Action) + strings.Join(o.Fields, ",")
		if groups[key] == nil {
			if plan.item != nil {
				o.Notes = m.notes(plan.item)
			}
			groups[key] = &o
		}
		groups[key].Locations = append(groups[key].Locations, id)
	}
	for _, key := range sortedKeys(groups) {
		plan.outcomes = append(plan.outcomes, *groups[key])
	}
}

// fields are the names of the fields that differ at a property.
func (m *menuPush) fields(plan *itemPlan, id string, w want) []string {
	s := plan.have.at(m.units[id], m.cat.base, m.cat.language)
	var fields []string
	add := func(differs bool, name string) {
		if differs {
			fields = append(fields, name)
		}
	}
	add(s.name != plan.item.Name || plan.have.master.lang("name", m.cat.language) != plan.item.Name, "Name")
	add(s.description != plan.item.Description, "Description")
	add(w.on && !sameAmount(s.price, w.price), "Price")
	add(s.on != w.on, "Unavailable")
	if group := m.cfg.CCAPI.FamilyGroups[plan.item.Category]; group != 0 {
		add(plan.have.master.num("familyGroupObjNum", "familyGroupObjectNum") != group, "Category")
	}
	return fields
}

// notes are what the outcome says about fields that are not carried.
func (m *menuPush) notes(it *pos.Item) []pos.Problem {
	notes := m.describe.Capabilities.Uncarried(*it)
	if groups := m.cfg.CCAPI.FamilyGroups; it.Category != "" && len(groups) > 0 && groups[it.Category] == 0 {
		notes = append(notes, pos.Problem{Item: it.SKU, Field: "Category", Reason: "has no family group in CCAPI.FamilyGroups", Nearest: "the group stays as it is"})
	}
	return notes
}

// tell adds the outcomes to the report, with what became of the writes.
func (m *menuPush) tell() {
	unitOf := make(map[int64]string, len(m.units))
	for id, unit := range m.units {
		unitOf[unit] = id
	}
	for _, plan := range m.plans {
		var pending bool
		var whole error
		failed := make(map[string]error)
		for _, w := range plan.writes {
			pending = pending || w.pending
			switch id := unitOf[w.unit]; {
			case w.err == nil:
			case w.unit == m.cat.base || !m.target[id]:
				whole = w.err
			default:
				failed[id] = w.err
			}
		}
		for _, o := range plan.outcomes {
			locations := o.Locations
			if o.Action == pos.Unchanged && whole == nil && !pending {
				m.report.Add(o)
				continue
			}
			for _, id := range locations {
				one := o
				one.Locations = []string{id}
				switch err := failed[id]; {
				case whole != nil:
					one.Action, one.Err = pos.Failed, whole
				case err != nil:
					one.Action, one.Err = pos.Failed, err
				case pending && o.Action != pos.Unchanged:
					one.Action = pos.Pending
				}
				m.report.Add(one)
			}
		}
	}
}
