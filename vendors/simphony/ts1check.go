package simphony

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/vendors/kit"
	"github.com/farmacyfoods/pointofsale/vendors/kit/soapkit"
	"github.com/farmacyfoods/pointofsale/vendors/simphony/internal/ts1"
)

// How the checks of a property are read: those opened since the day before
// yesterday are listed, and the details of what changed are asked for.
const (
	ts1Overlap = 48 * time.Hour
	ts1History = 31 * 24 * time.Hour
	// ts1Recheck is how often checks that stay open are looked at when the
	// list does not reach back to them, ts1RecheckFor for how long.
	ts1Recheck, ts1RecheckFor = 30 * time.Minute, 35 * 24 * time.Hour
	ts1FetchLimit             = 50
	// knownFor is how long details are kept: longer than the list reaches.
	knownFor = 5 * 24 * time.Hour
)

// knownCheck is a detail that was read, with what the summary said then.
type knownCheck struct {
	print  string
	open   bool
	detail string
	read   time.Time // by our clock
	seen   time.Time
	sum    summary
}

// summary is what the mapping takes from a check's summary.
type summary struct {
	num, seq        int32
	opened, touched time.Time
}

// readTS1 reads the next properties of a window. The token names the first of
// the next page.
func (p *Provider) readTS1(ctx context.Context, w kit.Window) (kit.WindowPage, error) {
	list, err := p.windowPlaces(ctx, w.Locations)
	if err != nil {
		return kit.WindowPage{}, err
	}
	at := 0
	if w.Token != "" {
		at, _ = slices.BinarySearchFunc(list, w.Token, func(l pos.Location, id string) int { return strings.Compare(l.ID, id) })
	}
	var page kit.WindowPage
	for i := at; i < len(list); i++ {
		if full(2*(i-at), len(page.Purchases), w.Limit) {
			page.Token = list[i].ID
			break
		}
		part, err := p.readTill(ctx, &list[i], w)
		if err != nil {
			return kit.WindowPage{}, err
		}
		page.Purchases = append(page.Purchases, part.Purchases...)
		page.Open = append(page.Open, part.Open...)
	}
	return page, nil
}

// readTill lists the checks of one property. The open ones come first: what is
// closed between the two calls is still open for this time.
func (p *Provider) readTill(ctx context.Context, l *pos.Location, w kit.Window) (kit.WindowPage, error) {
	t := p.ts1[l.ID]
	open, err := t.openChecks(ctx)
	if err != nil {
		return kit.WindowPage{}, err
	}
	since, err := pos.DateOf(w.From, t.zone).Start(t.zone)
	if err != nil {
		return kit.WindowPage{}, failAt("GetChecks", l.ID, pos.KindInvalid, err)
	}
	rows, err := t.checks(ctx, since)
	if err != nil {
		return kit.WindowPage{}, err
	}
	var page kit.WindowPage
	var found []knownCheck
	for _, row := range rows {
		if isSet(row.CheckInTraining) || len(t.centers) > 0 && !slices.Contains(t.centers, int(value(row.CheckRevenueCenterObjectNum))) {
			continue
		}
		k, err := t.read(ctx, row, open[*row.CheckSeq])
		if errors.Is(err, pos.ErrNotFound) {
			continue // gone since the list was made
		}
		if err != nil {
			return kit.WindowPage{}, err
		}
		found = append(found, k)
		if k.open {
			page.Open = append(page.Open, t.id(k.sum.seq))
		}
	}
	page.Purchases, err = p.tillSales(ctx, t, l, found, w.Raw)
	t.forget()
	return page, err
}

// read returns the detail of a check, asked for if it changed or grew old.
func (t *till) read(ctx context.Context, row *ts1.SimphonyPosApi_CheckSummary, open bool) (knownCheck, error) {
	const op = "GetChecks"
	seq := *row.CheckSeq
	sum := summary{num: value(row.CheckNum), seq: seq}
	var err error
	if sum.opened, err = t.time(row.CheckOpenTime); err != nil {
		return knownCheck{}, failAt(op, t.location, pos.KindProtocol, fmt.Errorf("check %d: CheckOpenTime: %w", seq, err))
	}
	if sum.touched, err = t.time(row.CheckLastServiceTime); err != nil {
		return knownCheck{}, failAt(op, t.location, pos.KindProtocol, fmt.Errorf("check %d: CheckLastServiceTime: %w", seq, err))
	}
	if sum.touched.Before(sum.opened) {
		sum.touched = sum.opened
	}
	mark := strings.Join([]string{row.CheckTotalDue, row.CheckLastServiceTime, fmt.Sprint(open, sum.num)}, "|")
	t.mu.Lock()
	k, ok := t.known[seq]
	t.mu.Unlock()
	now := time.Now()
	if !ok || k.print != mark || now.Sub(k.read) >= t.cfg.RereadAfter {
		k.read, k.print, k.open = now, mark, open
		if k.detail, err = t.detail(ctx, sum.num, seq); err != nil {
			return knownCheck{}, err
		}
	}
	k.seen, k.sum = now, sum
	t.mu.Lock()
	t.known[seq] = k
	t.mu.Unlock()
	return k, nil
}

// forget drops details of checks that no list names any more.
func (t *till) forget() {
	t.mu.Lock()
	defer t.mu.Unlock()
	for seq, k := range t.known {
		if time.Since(k.seen) > knownFor {
			delete(t.known, seq)
		}
	}
}

// fetchTS1 reads checks that stayed open again.
func (p *Provider) fetchTS1(ctx context.Context, ids []string, raw bool) (kit.WindowPage, error) {
	byTill := make(map[string][]int32)
	for _, id := range ids {
		if location, seq, ok := split(id); ok && p.ts1[location] != nil {
			byTill[location] = append(byTill[location], seq)
		}
	}
	var page kit.WindowPage
	for _, location := range sortedKeys(byTill) {
		if err := p.fetchTill(ctx, location, byTill[location], raw, &page); err != nil {
			return kit.WindowPage{}, err
		}
	}
	return page, nil
}

func (p *Provider) fetchTill(ctx context.Context, location string, seqs []int32, raw bool, page *kit.WindowPage) error {
	places, err := p.placesOf(ctx, "Purchases", []string{location})
	if err != nil {
		return err
	}
	t := p.ts1[location]
	open, err := t.openChecks(ctx)
	if err != nil {
		return err
	}
	rows, err := t.checks(ctx, t.client.Now().Add(-ts1RecheckFor))
	if err != nil {
		return err
	}
	var found []knownCheck
	for _, row := range rows {
		if !slices.Contains(seqs, *row.CheckSeq) {
			continue
		}
		k, err := t.read(ctx, row, open[*row.CheckSeq])
		if errors.Is(err, pos.ErrNotFound) {
			continue
		}
		if err != nil {
			return err
		}
		found = append(found, k)
		if k.open {
			page.Open = append(page.Open, t.id(k.sum.seq))
		}
	}
	sales, err := p.tillSales(ctx, t, &places[0], found, raw)
	page.Purchases = append(page.Purchases, sales...)
	return err
}

// detailXML is the document inside the answer of GetCheckDetail. Its order is
// not documented, and more members may come.
type detailXML struct {
	SubTotal string    `xml:"Summary>SubTotal"`
	Tax      string    `xml:"Summary>Tax"`
	Lines    []lineXML `xml:"DetailLines>DetailLine"`
}

type lineXML struct {
	Type     string     `xml:"DetailType"`
	Link     string     `xml:"DetailLink"`
	Parent   string     `xml:"ParentDetailLink"`
	Void     string     `xml:"VoidLink"`
	Count    string     `xml:"SalesCount"`
	Total    string     `xml:"Total"`
	Ref      string     `xml:"ReferenceInfo"`
	MenuItem objectXML  `xml:"MenuItem"`
	Discount objectXML  `xml:"Discount"`
	Charge   objectXML  `xml:"ServiceCharge"`
	Tender   tenderXML  `xml:"TenderMedia"`
	Taxes    []taxTotal `xml:"taxTotals>CGwTaxTotals"`
}

// objectXML is what a line is about. Where its reference stands, here or in the
// line, and under which name is unconfirmed.
type objectXML struct {
	Num  string `xml:"obj"`
	Name string `xml:"Name"`
	Ref  string `xml:"Reference"`
}

type tenderXML struct {
	objectXML
	Tip string `xml:"ChargeTipTotal"`
}

type taxTotal struct {
	Name      string `xml:"Name"`
	Collected string `xml:"mTaxCollectedTotal"`
}

// detailLimits bound the document.
var detailLimits = soapkit.Limits{Size: 4 << 20}

// tillSales maps details to purchases.
func (p *Provider) tillSales(ctx context.Context, t *till, l *pos.Location, found []knownCheck, raw bool) ([]pos.Purchase, error) {
	docs := make([]detailXML, len(found))
	items, discounts := make(map[int64]bool), make(map[int64]bool)
	for i := range found {
		if err := detailLimits.Unmarshal([]byte(found[i].detail), &docs[i]); err != nil {
			return nil, failAt("GetCheckDetail", t.location, pos.KindProtocol, fmt.Errorf("check %d: %w", found[i].sum.seq, causeOf(err)))
		}
		for k := range docs[i].Lines {
			if d := &docs[i].Lines[k]; d.MenuItem.Num != "" {
				items[number(text(d.MenuItem.Num))] = true
			} else if d.Discount.Num != "" {
				discounts[number(text(d.Discount.Num))] = true
			}
		}
	}
	if len(found) == 0 {
		return nil, nil
	}
	skus, coupons, err := p.namesOf(ctx, sortedKeys(items), sortedKeys(discounts))
	if err != nil {
		return nil, err
	}
	sales := make([]pos.Purchase, len(found))
	for i := range found {
		s := docs[i].sale(t, l, &found[i], &names{items: skus, discounts: coupons})
		sales[i] = s.finish()
		if raw {
			if sales[i].Raw, err = json.Marshal(map[string]string{"CheckDetail": found[i].detail}); err != nil {
				return nil, failAt("GetCheckDetail", t.location, pos.KindUnknown, err)
			}
		}
	}
	return sales, nil
}

// sale maps a check of TS1.
func (d *detailXML) sale(t *till, l *pos.Location, k *knownCheck, n *names) *sale {
	s := &sale{}
	s.ID, s.Location, s.Currency, s.Receipt = t.id(k.sum.seq), t.location, t.currency, strconv.Itoa(int(k.sum.num))
	s.OccurredAt, s.RecordedAt, s.UpdatedAt = k.sum.opened, k.sum.touched, k.sum.touched
	s.BusinessDate = l.BusinessDate(k.sum.opened)
	s.State, s.VendorState = pos.StateCompleted, "closed"
	if k.open {
		s.State, s.VendorState = pos.StatePending, "open"
	}
	live := slices.ContainsFunc(d.Lines, func(x lineXML) bool { return x.MenuItem.Num != "" && !x.voided() })
	if !live && !k.open && len(d.Lines) > 0 {
		s.State, s.VendorState = pos.StateVoided, "all lines voided"
	}
	d.items(s, n)
	paid := d.others(s, n)
	d.taxes(s)
	if paid != nil && s.State == pos.StateCompleted {
		s.total = paid
	}
	return s
}

func (x *lineXML) voided() bool { return x.Void != "" && x.Void != "0" }

// items maps menu items, those before what belongs to them.
func (d *detailXML) items(s *sale, n *names) {
	for _, parts := range []bool{false, true} {
		for i := range d.Lines {
			x := &d.Lines[i]
			if x.MenuItem.Num == "" || (x.Parent != "" && x.Parent != "0") != parts || x.voided() && s.State != pos.StateVoided {
				continue
			}
			known := n.items[number(text(x.MenuItem.Num))]
			s.addItem(&item{
				id: x.Link, parent: x.Parent, num: x.MenuItem.Num, name: first(x.MenuItem.Name, known.name), sku: known.key,
				quantity: x.Count, total: x.Total,
			})
		}
	}
}

// others maps the other lines and returns what was paid, nil if nothing was.
func (d *detailXML) others(s *sale, n *names) *pos.Money {
	var paid *pos.Money
	s.tip.Currency = s.Currency
	for i := range d.Lines {
		x := &d.Lines[i]
		if x.voided() && s.State != pos.StateVoided {
			continue
		}
		switch {
		case x.Discount.Num != "":
			known := n.discounts[number(text(x.Discount.Num))]
			s.addDiscount(x.Parent, pos.Applied{
				ID: x.Discount.Num, Coupon: known.key, Code: first(x.Ref, x.Discount.Ref), Name: first(known.name, x.Discount.Name), Amount: s.amount(x.Total, "discount"),
			})
		case x.Charge.Num != "":
			if a := s.amount(x.Total, "service charge"); a.Amount != 0 {
				s.Charges = append(s.Charges, pos.Applied{ID: x.Charge.Num, Name: x.Charge.Name, Amount: a})
			}
		case x.Tender.Num != "":
			tip := s.amount(x.Tender.Tip, "tip")
			s.tip.Amount += tip.Amount
			tender := pos.Tender{ID: x.Link, Kind: tenderKind(x.Tender.Name), Amount: s.amount(x.Total, "tender"), Reference: reference(first(x.Ref, x.Tender.Ref))}
			if tip.Amount != 0 {
				tender.Tip = tip
			}
			s.Tenders = append(s.Tenders, tender)
			if paid == nil {
				paid = &pos.Money{Amount: 0, Currency: s.Currency}
			}
			paid.Amount += tender.Amount.Amount
		}
	}
	s.withoutTipCharges()
	return paid
}

// withoutTipCharges drops service charges that are the tip once more: sites
// book charged tips as a service charge.
func (s *sale) withoutTipCharges() {
	var sum int64
	for i := range s.Charges {
		sum += s.Charges[i].Amount.Amount
	}
	if s.tip.Amount != 0 && sum == s.tip.Amount {
		s.Charges = nil
	}
}

// taxes sums up the taxes of the lines, else takes the total of the summary.
func (d *detailXML) taxes(s *sale) {
	sums := make(map[string]int64)
	for i := range d.Lines {
		if x := &d.Lines[i]; !x.voided() {
			for _, tax := range x.Taxes {
				sums[tax.Name] += s.amount(tax.Collected, "tax").Amount
			}
		}
	}
	if len(sums) == 0 {
		sums[""] = s.amount(d.Tax, "tax").Amount
	}
	for _, name := range sortedKeys(sums) {
		if sums[name] != 0 {
			s.taxes = append(s.taxes, pos.Applied{Name: name, Amount: pos.Money{Amount: sums[name], Currency: s.Currency}})
		}
	}
}
