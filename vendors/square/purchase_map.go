package square

import (
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/vendors/kit"
)

// journal collects the purchases of one answer and what is to be looked up
// for them.
type journal struct {
	purchases []pos.Purchase
	open      []string
	// rules are the pricing rules behind the discounts of a purchase, by index
	// in purchases (an answer may hold an order twice); "" where a discount
	// has none.
	rules map[int][]string
	cards []cardSale
}

// cardSale is a sale by card, whose payments tell more.
type cardSale struct {
	purchase           int // index in purchases
	payments           []paymentKey
	created, updatedAt time.Time
}

// addRaw adds an order and keeps its bytes.
func (j *journal) addRaw(raw *jsontext.Value) error {
	var o order
	if err := kit.Unmarshal(*raw, &o); err != nil {
		return err
	}
	n := len(j.purchases)
	if err := j.add(&o); err != nil {
		return err
	}
	if len(j.purchases) > n {
		j.purchases[n].Raw = []byte(*raw)
	}
	return nil
}

// add adds an order if it is a purchase.
func (j *journal) add(o *order) error {
	if !o.isPurchase() {
		return nil
	}
	n := len(j.purchases)
	j.purchases = append(j.purchases, o.neutral())
	s := &j.purchases[n]
	if slices.ContainsFunc(o.Discounts, func(d discount) bool { return d.PricingRuleID != "" }) {
		if j.rules == nil {
			j.rules = make(map[int][]string)
		}
		for i := range o.Discounts {
			j.rules[n] = append(j.rules[n], o.Discounts[i].PricingRuleID)
		}
	}
	if s.State == pos.StatePending || slices.ContainsFunc(o.Refunds, func(r refund) bool { return r.Status == "PENDING" }) {
		j.open = append(j.open, o.ID)
	}
	var payments []paymentKey
	for i := range o.Tenders {
		if o.Tenders[i].Type == "CARD" {
			payments = append(payments, paymentKey{o.Tenders[i].ID, o.Tenders[i].Card.Status == "AUTHORIZED"})
		}
	}
	if len(payments) > 0 {
		j.cards = append(j.cards, cardSale{n, payments, o.CreatedAt.Time, o.UpdatedAt.Time})
	}
	return nil
}

// objectIDs are the catalogue ids that the purchases refer to, each once.
func (j *journal) objectIDs() []string {
	ids := make(map[string]bool)
	for i := range j.purchases {
		for k := range j.purchases[i].Lines {
			ids[j.purchases[i].Lines[k].VendorID] = true
		}
	}
	for _, rules := range j.rules {
		for _, id := range rules {
			ids[id] = true
		}
	}
	delete(ids, "")
	return sortedKeys(ids)
}

func (j *journal) locationIDs() []string {
	ids := make(map[string]bool)
	for i := range j.purchases {
		ids[j.purchases[i].Location] = true
	}
	return sortedKeys(ids)
}

func sortedKeys(set map[string]bool) []string {
	keys := make([]string, 0, len(set))
	for k := range set {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// isPurchase tells sales and returns from carts: an order counts once it has
// been paid, in full, in part or without success, once it was completed for
// nothing, and when something came back. Paid orders stay open until they are
// handed out, so the order's state does not decide.
func (o *order) isPurchase() bool {
	if o.State == "DRAFT" {
		return false
	}
	if len(o.Returns) > 0 || len(o.Refunds) > 0 {
		return true
	}
	if slices.ContainsFunc(o.Tenders, func(t tender) bool { return t.Type != "NO_SALE" }) {
		return true
	}
	return o.State == "COMPLETED" && o.Total.Amount == 0 && len(o.Lines) > 0
}

// neutral maps an order as far as it tells.
func (o *order) neutral() pos.Purchase {
	c := o.currency()
	s := pos.Purchase{
		ID:          o.ID,
		Location:    o.LocationID,
		State:       o.state(),
		VendorState: o.State,
		OccurredAt:  o.CreatedAt.Time,
		RecordedAt:  o.CreatedAt.Time,
		UpdatedAt:   o.UpdatedAt.Time,
		Currency:    c,
		Discounts:   o.discounts(c),
		Taxes:       o.taxes(c),
		Charges:     o.charges(c),
		Tip:         some(o.Tip, c),
		Rounding:    some(o.Rounding.Amount, c),
		Total:       pos.Money{Amount: o.Total.Amount, Currency: c},
		Tenders:     o.tenders(c),
		Refunds:     o.refunds(c),
		Source:      o.Source.Name,
	}
	if s.OccurredAt.IsZero() || s.UpdatedAt.IsZero() {
		s.Findings = append(s.Findings, pos.Finding{Code: pos.FindingUnreadable, Detail: "created_at or updated_at"})
	}
	o.lines(&s, c)
	return s
}

// state tells how far the money is. Open orders may well be paid.
func (o *order) state() pos.PurchaseState {
	var tried, failed, voided int
	var paid int64
	authorized := false
	for i := range o.Tenders {
		t := &o.Tenders[i]
		switch {
		case t.Type == "NO_SALE":
			continue
		case t.Card.Status == "FAILED":
			failed++
		case t.Card.Status == "VOIDED":
			voided++
		default:
			paid += t.Amount.Amount
			authorized = authorized || t.Card.Status == "AUTHORIZED"
		}
		tried++
	}
	switch {
	case o.State == "CANCELED":
		return pos.StateVoided
	case tried > 0 && failed == tried:
		return pos.StateFailed
	case tried > 0 && failed+voided == tried:
		return pos.StateVoided
	case authorized:
		return pos.StatePending
	case o.State == "COMPLETED", o.State == "OPEN" && paid >= o.Total.Amount:
		return pos.StateCompleted
	case o.State == "OPEN":
		return pos.StatePending
	}
	return pos.StateUnknown
}

// currency is the first that any part of the order names.
func (o *order) currency() pos.Currency {
	if o.Total.Currency.Valid() {
		return o.Total.Currency
	}
	for i := range o.Tenders {
		if c := o.Tenders[i].Amount.Currency; c.Valid() {
			return c
		}
	}
	for i := range o.Refunds {
		if c := o.Refunds[i].Amount.Currency; c.Valid() {
			return c
		}
	}
	return ""
}

// some returns an amount, or none for nothing.
func some(m amount, c pos.Currency) pos.Money {
	if m.Amount == 0 {
		return pos.Money{}
	}
	return in(m, c)
}

// in returns the amount in the order's currency: Square writes
// UNKNOWN_CURRENCY or nothing where it does not matter.
func in(m amount, c pos.Currency) pos.Money {
	if m.Currency == c || m.Currency.Valid() {
		return pos.Money(m)
	}
	return pos.Money{Amount: m.Amount, Currency: c}
}

func (o *order) lines(s *pos.Purchase, c pos.Currency) {
	n := len(o.Lines)
	for i := range o.Returns {
		n += len(o.Returns[i].Lines)
	}
	if n == 0 {
		return
	}
	s.Lines = make([]pos.Line, 0, n)
	for i := range o.Lines {
		l := &o.Lines[i]
		s.Lines = append(s.Lines, pos.Line{
			ID: l.UID, VendorID: l.ObjectID, Name: lineName(l.Name, l.VariationName), Quantity: quantity(s, l.UID, l.Quantity),
			UnitPrice: some(l.BasePrice, c), Gross: o.gross(l, c), Discount: some(l.Discount, c), Tax: some(l.Tax, c),
		})
	}
	for i := range o.Returns {
		for k := range o.Returns[i].Lines {
			l := &o.Returns[i].Lines[k]
			gross := l.Gross
			if gross == (amount{}) {
				gross = l.Total
			}
			s.Lines = append(s.Lines, pos.Line{
				ID: l.UID, VendorID: l.ObjectID, Name: lineName(l.Name, l.VariationName), Quantity: quantity(s, l.UID, l.Quantity),
				UnitPrice: some(l.BasePrice, c), Gross: in(gross, c), Discount: some(l.Discount, c), Tax: some(l.Tax, c), Returned: true,
			})
		}
	}
}

// gross is the price of a line with the taxes that are part of it. Square
// takes those out in some countries and leaves them in in others; the line's
// total tells which, and what the price is where it is left out.
func (o *order) gross(l *orderLine, c pos.Currency) pos.Money {
	gross := in(l.Gross, c)
	if l.Gross == (amount{}) {
		gross.Amount = l.Total.Amount + l.Discount.Amount - l.Tax.Amount - l.Charge.Amount
	}
	var included int64
	for i := range l.AppliedTaxes {
		for k := range o.Taxes {
			if o.Taxes[k].UID == l.AppliedTaxes[i].TaxUID && o.Taxes[k].Type == taxIncluded {
				included += l.AppliedTaxes[i].Amount.Amount
			}
		}
	}
	if included != 0 && l.Total.Amount == gross.Amount-l.Discount.Amount+l.Tax.Amount+l.Charge.Amount {
		gross.Amount += included
	}
	return gross
}

const taxIncluded = "INCLUSIVE"

// lineName adds the variation where it says something.
func lineName(item, variation string) string {
	if variation == "" || variation == item || variation == defaultVariation {
		return item
	}
	return item + ", " + variation
}

// quantity reads a quantity; one that cannot be read becomes a finding.
func quantity(s *pos.Purchase, line, text string) pos.Quantity {
	q, err := pos.ParseQuantity(text)
	if err != nil {
		s.Findings = append(s.Findings, pos.Finding{Code: pos.FindingUnreadable, Detail: "quantity of line " + clip(line)})
	}
	return q
}

func (o *order) discounts(c pos.Currency) []pos.Applied {
	list := make([]pos.Applied, 0, len(o.Discounts))
	for i := range o.Discounts {
		d := &o.Discounts[i]
		list = append(list, applied(d.ObjectID, d.UID, d.Name, d.Percentage, in(d.Applied, c)))
	}
	return orNil(list)
}

func (o *order) taxes(c pos.Currency) []pos.Applied {
	list := make([]pos.Applied, 0, len(o.Taxes))
	for i := range o.Taxes {
		t := &o.Taxes[i]
		a := applied(t.ObjectID, t.UID, t.Name, t.Percentage, in(t.Applied, c))
		a.Included = t.Type == taxIncluded
		list = append(list, a)
	}
	return orNil(list)
}

func (o *order) charges(c pos.Currency) []pos.Applied {
	list := make([]pos.Applied, 0, len(o.Charges))
	for i := range o.Charges {
		x := &o.Charges[i]
		list = append(list, applied(x.ObjectID, x.UID, x.Name, x.Percentage, in(x.Applied, c)))
	}
	return orNil(list)
}

func orNil[T any](list []T) []T {
	if len(list) == 0 {
		return nil
	}
	return list
}

func applied(id, uid, name, percentage string, amount pos.Money) pos.Applied {
	if id == "" {
		id = uid
	}
	a := pos.Applied{ID: id, Name: name, Amount: amount}
	if percentage != "" {
		a.Rate, _ = pos.ParsePercent(percentage) // one that is finer than we keep is not told
	}
	return a
}

var tenderKinds = map[string]string{
	"CARD": "card", "THIRD_PARTY_CARD": "card", "CASH": "cash", "SQUARE_GIFT_CARD": "gift_card",
	"WALLET": "wallet", "SQUARE_ACCOUNT": "account", "BANK_ACCOUNT": "account",
}

func (o *order) tenders(c pos.Currency) []pos.Tender {
	list := make([]pos.Tender, 0, len(o.Tenders))
	for i := range o.Tenders {
		t := &o.Tenders[i]
		if t.Type == "NO_SALE" {
			continue
		}
		kind := tenderKinds[t.Type]
		if kind == "" {
			kind = "other"
		}
		list = append(list, pos.Tender{
			ID: t.ID, Kind: kind, Amount: in(t.Amount, c), Tip: some(t.Tip, c),
			Brand: t.Card.Card.Brand, Last4: t.Card.Card.Last4, Reference: t.reference(),
			Failed: t.Card.Status == "VOIDED" || t.Card.Status == "FAILED",
		})
	}
	return orNil(list)
}

// reference is the till's own number of the payment, by which a sale that an
// offline till sent twice is recognised. Square has no member for it, so a note
// that is one word with a digit is taken for one; other notes may be about
// people and stay where they are.
func (t *tender) reference() string {
	if len(t.Note) > 64 || !strings.ContainsAny(t.Note, "0123456789") || strings.ContainsFunc(t.Note, func(r rune) bool { return r <= ' ' || r > '~' || r == '@' }) {
		return t.ID
	}
	return t.Note
}

var refundStates = map[string]pos.RefundState{
	"PENDING": pos.RefundPending, "APPROVED": pos.RefundCompleted, "COMPLETED": pos.RefundCompleted,
	"REJECTED": pos.RefundRejected, "FAILED": pos.RefundFailed,
}

func (o *order) refunds(c pos.Currency) []pos.Refund {
	list := make([]pos.Refund, 0, len(o.Refunds))
	for i := range o.Refunds {
		r := &o.Refunds[i]
		state, ok := refundStates[r.Status]
		if !ok {
			state = pos.RefundState(strings.ToLower(r.Status))
		}
		list = append(list, pos.Refund{
			ID: r.ID, Of: o.refundOf(r), Amount: in(r.Amount, c), State: state, Reason: r.Reason, At: r.CreatedAt.Time,
		})
	}
	return orNil(list)
}

// refundOf names the sale that a refund belongs to. A return without a
// receipt has no source; where goods of several sales came back together,
// Square does not say which refund is whose.
func (o *order) refundOf(r *refund) string {
	source := ""
	for i := range o.Returns {
		id := o.Returns[i].SourceOrderID
		if source != "" && id != source {
			return ""
		}
		source = id
	}
	if len(o.Returns) > 0 {
		return source
	}
	if r.TransactionID != "" {
		return r.TransactionID
	}
	return o.ID
}
