package quickbooksdesktop

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/vendors/kit"
)

// Lengths that the qbXML schema sets.
const (
	maxName    = 31
	maxBarCode = 50
)

// want is what an item should be.
type want struct {
	Name   string `json:"name"`
	Price  string `json:"price"`
	GTIN   string `json:"gtin,omitempty"`
	Exempt bool   `json:"exempt,omitempty"`
	Active bool   `json:"active,omitempty"`
	// Gone: the item left the menu; only Active counts.
	Gone bool `json:"gone,omitempty"`
	// Coupon is the id of the coupon that a discount item stands for; it gives
	// Percent, or the Price.
	Coupon  string `json:"coupon,omitempty"`
	Percent string `json:"percent,omitempty"`
}

// task is a change that waits for the Web Connector, or its end until a push
// has reported it.
type task struct {
	Want     want       `json:"want"`
	Ended    bool       `json:"ended,omitempty"`
	Action   pos.Action `json:"action,omitempty"`
	Fields   []string   `json:"fields,omitempty"`
	Code     string     `json:"code,omitempty"`
	Message  string     `json:"message,omitempty"`
	Attempts int        `json:"attempts,omitempty"`
	// Gen is the generation of items in which the change can be seen.
	Gen int64 `json:"gen,omitempty"`
	// Run is the run that tried last, Pass its pass; Alone: sent by itself.
	Run   int64 `json:"run,omitempty"`
	Pass  int   `json:"pass,omitempty"`
	Alone bool  `json:"alone,omitempty"`
}

// tasksDoc is the queue, by SKU, and what we own: SKU to ListID. Coupons are
// the names of discount items, which take the place of SKUs, and the coupons
// they stand for.
type tasksDoc struct {
	Tasks   map[string]*task  `json:"tasks,omitempty"`
	Owned   map[string]string `json:"owned,omitempty"`
	Coupons map[string]string `json:"coupons,omitempty"`
}

// claimed stands for the id of an item that was created, as far as is known.
const claimed = "claimed"

// maxTasks bounds the queue.
const maxTasks = 20_000

func (d *tasksDoc) own(sku, id string) {
	if d.Owned == nil {
		d.Owned = make(map[string]string)
	}
	d.Owned[sku] = id
}

// claim notes that an item may have been created.
func (d *tasksDoc) claim(pt pendingTask) {
	if pt.Action == pos.Created && d.Owned[pt.SKU] == "" {
		d.own(pt.SKU, claimed)
	}
}

// PushMenu implements [pos.Provider]. Items become items of the company file
// whose name is the SKU. What differs from the last read is put into the queue
// and reported as pending until the Web Connector has carried it out; repeating
// the push reports the end once, and unchanged after that.
//
// An item that no push created and that is not in [Config.Adopt] is left alone;
// an item that has its SKU fails as a conflict. Items that leave the menu are
// made inactive. The company file has one menu: a push that names only some of
// its locations is not supported.
func (p *Provider) PushMenu(ctx context.Context, push pos.MenuPush) (pos.PushReport, error) {
	const op = "PushMenu"
	if caps := p.capabilities().Menu; !caps.OK() {
		return pos.PushReport{}, pos.Unsupported(Vendor, op, caps.Why, caps.Nearest)
	}
	if err := push.Menu.Validate(); err != nil {
		return pos.PushReport{}, err
	}
	m := &menuPush{Provider: p, op: op, push: push}
	return m.run(ctx, m.decide)
}

// run fills the queue as decide says.
func (m *menuPush) run(ctx context.Context, decide func(*tasksDoc) (write bool, err error)) (pos.PushReport, error) {
	var err error
	if m.ids, err = m.everywhere(ctx, m.op, m.push.Locations); err != nil {
		return pos.PushReport{}, err
	}
	m.turn.Lock()
	defer m.turn.Unlock()
	st, _, err := hold[state](ctx, m.Provider, docSession)
	if err != nil {
		return pos.PushReport{}, located(m.op, err)
	}
	m.pending = st.Pending
	if m.cat, err = m.catalogue(ctx, st.Items); err != nil {
		return pos.PushReport{}, located(m.op, err)
	}
	if err := change(ctx, m.Provider, docTasks, decide); err != nil {
		return pos.PushReport{}, located(m.op, err)
	}
	return m.report.Push(), nil
}

// everywhere returns the open locations, if the push asks for all of them.
func (p *Provider) everywhere(ctx context.Context, op string, asked []string) ([]string, error) {
	open, err := p.wanted(ctx, op, nil)
	if err != nil {
		return nil, err
	}
	if _, err := p.wanted(ctx, op, asked); err != nil {
		return nil, err
	}
	var ids []string
	for _, pl := range open {
		if ids = append(ids, pl.ID); len(asked) > 0 && !slices.Contains(asked, pl.ID) {
			return nil, pos.Unsupported(Vendor, op, "the company file has one list of items for all its points of sale", "push without Locations, or name all of them")
		}
	}
	if len(asked) > 0 {
		return asked, nil
	}
	return ids, nil
}

// menuPush is the work of one PushMenu or PushCoupons call.
type menuPush struct {
	*Provider
	op      string
	push    pos.MenuPush
	ids     []string
	cat     *catalogue
	pending *pendingSet // on its way
	report  *kit.Report
	open    int // changes that wait or would wait
	coupons bool
}

// decide fills the report and the queue. It may be called several times.
func (m *menuPush) decide(doc *tasksDoc) (write bool, err error) {
	skus := make([]string, len(m.push.Menu.Items))
	onMenu := make(map[string]bool, len(skus))
	for i := range m.push.Menu.Items {
		skus[i] = m.push.Menu.Items[i].SKU
		onMenu[skus[i]] = true
	}
	m.begin(doc, skus)
	for i := range m.push.Menu.Items {
		m.item(doc, &m.push.Menu.Items[i])
	}
	if !m.push.Partial {
		err := m.withdraw(doc, onMenu, m.meals(doc), func(sku string) {
			m.report.Add(m.outcome(doc, sku, want{Gone: true}))
		})
		if err != nil {
			return false, err
		}
	}
	return m.finish(doc)
}

// begin makes the report.
func (m *menuPush) begin(doc *tasksDoc, keys []string) {
	m.report, m.open = kit.NewReport(keys, m.ids, m.push.DryRun), 0
	if doc.Tasks == nil {
		doc.Tasks = make(map[string]*task)
	}
}

// finish reports whether the queue is to be written.
func (m *menuPush) finish(doc *tasksDoc) (write bool, err error) {
	if m.push.DryRun {
		m.report.Wrote((m.open + writeBatch - 1) / writeBatch)
		return false, nil
	}
	if len(doc.Tasks) > maxTasks {
		return false, &pos.Error{Vendor: Vendor, Op: m.op, Kind: pos.KindUnavailable, RetryAfter: m.cfg.Interval, Err: errFull}
	}
	return true, nil
}

// refusals are the reasons why an item cannot be expressed.
func (m *menuPush) refusals(it *pos.Item) pos.Problems {
	ps := append(m.capabilities().CheckItem(*it), m.speaks.checkItem(it)...)
	if it.Price.Currency != m.cfg.Currency {
		ps = append(ps, pos.Problem{Item: it.SKU, Field: "Price", Reason: fmt.Sprintf("is in %s, the company file keeps %s", it.Price.Currency, m.cfg.Currency)})
	}
	return ps
}

func (m *menuPush) wish(it *pos.Item) (want, []pos.Problem) {
	name, lost := storable(it.Name)
	notes := m.capabilities().Uncarried(*it)
	if lost {
		notes = append(notes, pos.Problem{Item: it.SKU, Field: "Name", Reason: "has characters that QuickBooks cannot store; they are left out"})
	}
	if cut := firstRunes(name, m.speaks.traits().nameLength); cut != name {
		name = cut
		notes = append(notes, pos.Problem{Item: it.SKU, Field: "Name", Reason: fmt.Sprintf("is cut to %d characters", utf8.RuneCountInString(cut))})
	}
	return want{Name: name, Price: it.Price.Decimal(), GTIN: it.GTIN, Exempt: it.TaxExempt, Active: !it.Unavailable}, notes
}

func (m *menuPush) item(doc *tasksDoc, it *pos.Item) {
	if ps := m.refusals(it); len(ps) > 0 {
		m.report.Add(pos.Outcome{Item: it.SKU, Locations: m.ids, Action: pos.Refused, Err: m.fail(pos.KindUnsupported, ps)})
		return
	}
	w, notes := m.wish(it)
	o := m.outcome(doc, it.SKU, w)
	o.Notes = notes
	m.report.Add(o)
}

// outcome compares a wish with the last read and the queue.
func (m *menuPush) outcome(doc *tasksDoc, sku string, w want) pos.Outcome {
	o := pos.Outcome{Item: sku, Locations: m.ids, Action: pos.Pending}
	t := doc.Tasks[sku]
	var have *item
	if m.cat != nil {
		have = m.cat.find(sku)
	}
	if have != nil {
		o.VendorID = have.ListID
	}
	if t != nil && t.Want == w {
		switch {
		case !t.Ended, m.cat == nil, m.cat.gen < t.Gen && t.Code == "":
			m.open++
			return o
		case m.push.DryRun:
		default:
			delete(doc.Tasks, sku)
			o.Action, o.Fields = t.Action, t.Fields
			if t.Action == pos.Failed {
				o.Err = statusError(m.op, t.Code, t.Message)
			}
			return o
		}
	}
	if have != nil && !m.fits(doc.Owned, have, w) {
		o.Action = pos.Failed
		o.Err = m.fail(pos.KindConflict, errTaken)
		return o
	}
	if m.cat == nil {
		o.Fields = nil
	} else if have != nil {
		if o.Fields = m.differences(w, have); len(o.Fields) == 0 {
			if t != nil && !m.push.DryRun {
				delete(doc.Tasks, sku) // overtaken by this wish
			}
			o.Action = pos.Unchanged
			return o
		}
	}
	m.open++
	if m.push.DryRun {
		o.Action = planned(w, have, m.cat)
		return o
	}
	doc.Tasks[sku] = &task{Want: w}
	return o
}

// planned is what a change will be, as far as it is known.
func planned(w want, have *item, cat *catalogue) pos.Action {
	switch {
	case cat == nil:
		return pos.Pending
	case w.Gone:
		return pos.Withdrawn
	case have == nil:
		return pos.Created
	}
	return pos.Updated
}

// fail is an error of the push.
func (m *menuPush) fail(kind pos.Kind, err error) *pos.Error {
	return &pos.Error{Vendor: Vendor, Op: m.op, Kind: kind, Err: err}
}

// fits reports whether an item may become what is wanted: it is ours, and no
// discount becomes a meal.
func (p *Provider) fits(owned map[string]string, have *item, w want) bool {
	return p.owns(owned, have) && (have.Kind == kindDiscount) == (w.Coupon != "")
}

// meals lists the SKUs of ours, and of what is being created: that is ours
// before it is confirmed.
func (m *menuPush) meals(doc *tasksDoc) []string {
	ours := &tasksDoc{Owned: maps.Clone(doc.Owned)}
	if m.pending != nil {
		for _, pt := range m.pending.Tasks {
			ours.claim(pt)
		}
	}
	maps.DeleteFunc(ours.Owned, func(name, _ string) bool {
		if m.cat != nil {
			if it := m.cat.find(name); it != nil && it.Kind == kindDiscount {
				return true
			}
		}
		return doc.Coupons[name] != ""
	})
	return slices.Sorted(maps.Keys(ours.Owned))
}

// withdraw takes those of ours off sale that are not to be kept, by calling
// gone for each.
func (m *menuPush) withdraw(doc *tasksDoc, keep map[string]bool, ours []string, gone func(name string)) error {
	var names []string
	onSale := 0
	for _, sku := range ours {
		selling := false
		if m.cat != nil {
			it := m.cat.find(sku)
			selling = it != nil && it.Active
		}
		t := doc.Tasks[sku]
		waiting := t != nil && !t.Ended && (t.Want.Active || t.Want.Gone)
		if selling {
			onSale++
		}
		if !keep[sku] && (selling || waiting || t != nil && t.Want.Gone) {
			names = append(names, sku)
		}
	}
	if !m.speaks.traits().withdraws {
		m.keep(doc, names)
		return nil
	}
	off := 0
	for _, sku := range names {
		if m.cat != nil && m.cat.find(sku) != nil && m.cat.find(sku).Active {
			off++
		}
	}
	if err := pos.CheckWithdraw(off*len(m.ids), onSale*len(m.ids), m.push.MaxWithdraw); err != nil {
		if e, ok := errors.AsType[*pos.Error](err); ok {
			e.Vendor, e.Op = Vendor, m.op
		}
		return err
	}
	if !m.push.DryRun { // new items that never reached QuickBooks
		maps.DeleteFunc(doc.Tasks, func(sku string, t *task) bool {
			_, known := slices.BinarySearch(ours, sku)
			return !keep[sku] && !known && !t.Want.Gone && (t.Want.Coupon != "") == m.coupons
		})
	}
	for _, sku := range names {
		gone(sku)
	}
	return nil
}

// keep refuses to take items off sale, where the program cannot. Changes of
// them that wait are dropped.
func (m *menuPush) keep(doc *tasksDoc, gone []string) {
	for _, sku := range gone {
		if !m.push.DryRun {
			delete(doc.Tasks, sku)
		}
		if m.cat == nil || m.cat.find(sku) == nil {
			continue
		}
		m.report.Add(pos.Outcome{Item: sku, Locations: m.ids, Action: pos.Refused, Err: m.fail(pos.KindUnsupported, pos.Problems{
			{Item: sku, Field: fieldUnavailable, Reason: noWithdrawal, Nearest: atTheTill},
		})})
	}
}

// firstRunes returns the first n characters; 0 is all.
func firstRunes(s string, n int) string {
	if n == 0 || utf8.RuneCountInString(s) <= n {
		return s
	}
	return strings.TrimSpace(string([]rune(s)[:n]))
}

// Names of fields in outcomes.
const (
	fieldName        = "Name"
	fieldPrice       = "Price"
	fieldGTIN        = "GTIN"
	fieldTaxExempt   = "TaxExempt"
	fieldUnavailable = "Unavailable"
	fieldPercent     = "Percent"
	fieldAmount      = "Amount"
)

// differences names the fields in which an item is not as it should be.
func (p *Provider) differences(w want, have *item) []string {
	if w.Coupon != "" {
		return p.couponDifferences(w, have)
	}
	var fields []string
	differs := func(bad bool, field string) {
		if bad {
			fields = append(fields, field)
		}
	}
	if !w.Gone {
		differs(have.Desc != w.Name, fieldName)
		differs(!p.samePrice(have.Price, w.Price), fieldPrice)
		differs(w.GTIN != "" && have.BarCode != w.GTIN, fieldGTIN)
		differs(w.Exempt != strings.EqualFold(have.TaxCode, p.cfg.NonTaxCode), fieldTaxExempt)
	}
	differs(have.Active != w.Active, fieldUnavailable)
	return fields
}

func (p *Provider) samePrice(a, b string) bool {
	x, err := pos.ParseMoney(a, p.cfg.Currency)
	y, err2 := pos.ParseMoney(b, p.cfg.Currency)
	return err == nil && err2 == nil && x == y
}

// beyondLatin1 are the characters of Windows-1252 beyond Latin-1.
const beyondLatin1 = "€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ"

// storable leaves out what the code page of QuickBooks lacks, and collapses
// white space.
func storable(s string) (out string, lost bool) {
	var b strings.Builder
	for _, r := range s {
		if r >= 0x20 && r < 0x7F || r >= 0xA0 && r <= 0xFF || strings.ContainsRune(beyondLatin1, r) && r != utf8.RuneError {
			b.WriteRune(r)
		} else {
			lost = true
		}
	}
	return strings.Join(strings.Fields(b.String()), " "), lost
}
