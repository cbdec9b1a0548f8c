package simphony

import (
	"cmp"
	"slices"
	"strings"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/vendors/kit"
)

// sale is a purchase on its way from a check of BI or TS1.
type sale struct {
	pos.Purchase
	// total is what the check says; nil where it does not, as in TS1.
	total *pos.Money
	// taxes are those of the check; inclusive says by their type that they are
	// part of the prices.
	taxes    []pos.Applied
	tip      pos.Money
	back     pos.Money // gross of returned lines
	returned bool      // there is a returned line
	sold     bool      // there is another one
	settled  bool
}

// amount reads an amount; one that cannot be read becomes a finding.
func (s *sale) amount(text, what string) pos.Money {
	m, err := parseMoney(text, s.Currency)
	if err != nil {
		s.Findings = append(s.Findings, pos.Finding{Code: pos.FindingUnreadable, Detail: what + ": " + err.Error()})
		return pos.Money{Amount: 0, Currency: s.Currency}
	}
	return m
}

// item is a line of a check.
type item struct {
	id, parent, num, name, sku string
	quantity, total            string
	returned                   bool
}

// addItem adds a line. Parts of another line, such as condiments, come after
// it and add to its price.
func (s *sale) addItem(it *item) {
	total := s.amount(it.total, "line "+it.id)
	if i := s.line(it.parent); i >= 0 {
		if s.Lines[i].Returned {
			total = total.Neg()
			s.back.Amount += total.Amount
		}
		s.Lines[i].Gross.Amount += total.Amount
		s.Lines[i].UnitPrice = pos.Money{}
		return
	}
	q, err := pos.ParseQuantity(cmp.Or(it.quantity, "1"))
	if err != nil {
		q = pos.Units(1)
	}
	l := pos.Line{ID: it.id, SKU: it.sku, VendorID: it.num, Name: it.name, Quantity: q, Gross: total}
	if it.returned || total.Amount < 0 {
		l.Returned, l.Gross = true, total.Neg()
		s.returned = true
		s.back.Amount += l.Gross.Amount
	} else {
		s.sold = true
	}
	if l.Quantity < 0 {
		l.Quantity = -l.Quantity
	}
	l.UnitPrice = unitPrice(l.Gross, l.Quantity)
	s.Lines = append(s.Lines, l)
}

// unitPrice is what one costs if that is a whole amount.
func unitPrice(gross pos.Money, q pos.Quantity) pos.Money {
	if n := q.Whole(); n > 0 && pos.Units(n) == q && gross.Amount%n == 0 {
		return pos.Money{Amount: gross.Amount / n, Currency: gross.Currency}
	}
	return pos.Money{}
}

func (s *sale) line(id string) int {
	if id == "" || id == "0" {
		return -1
	}
	return slices.IndexFunc(s.Lines, func(l pos.Line) bool { return l.ID == id })
}

// addDiscount adds a discount, which checks show as a negative amount. On a
// returned line it takes from what is given back.
func (s *sale) addDiscount(parent string, d pos.Applied) {
	d.Amount = d.Amount.Neg()
	if i := s.line(parent); i >= 0 {
		if s.Lines[i].Returned {
			s.back.Amount += d.Amount.Amount
			return
		}
		s.Lines[i].Discount.Currency = s.Currency
		s.Lines[i].Discount.Amount += d.Amount.Amount
	}
	s.Discounts = append(s.Discounts, d)
}

// balanced reports whether the parts add up to the total.
func (s *sale) balanced() bool {
	if s.State == pos.StateVoided {
		return true
	}
	s.settle()
	diff, err := s.Difference()
	return err == nil && diff.Amount == 0
}

// settle decides what the documentation leaves open, by what adds up: whether
// the total holds the tip and whether taxes are part of the prices.
func (s *sale) settle() {
	if s.settled {
		return
	}
	s.settled = true
	if s.returned && !s.sold {
		s.giveBack()
		return
	}
	s.Tip = pos.Money{}
	if s.tip.Amount != 0 {
		s.Tip = s.tip
	}
	s.Taxes = slices.Clone(s.taxes)
	if s.total == nil {
		s.Total = pos.Money{Amount: 0, Currency: s.Currency}
		if diff, err := s.Difference(); err == nil {
			s.Total.Amount = -diff.Amount
		}
		s.refund()
		return
	}
	plain := *s.total
	plain.Amount += s.back.Amount
	tipped := plain
	tipped.Amount += s.tip.Amount
	for _, total := range []pos.Money{plain, tipped} {
		for _, included := range []func(pos.Applied) bool{asTold, always, never} {
			s.Total = total
			for i := range s.Taxes {
				s.Taxes[i].Included = included(s.taxes[i])
			}
			if diff, err := s.Difference(); err == nil && diff.Amount == 0 {
				s.refund()
				return
			}
		}
	}
	s.Total, s.Taxes = plain, slices.Clone(s.taxes)
	s.refund()
}

func asTold(t pos.Applied) bool { return t.Included }
func always(pos.Applied) bool   { return true }
func never(pos.Applied) bool    { return false }

// giveBack makes a refund of a check with nothing but returns.
func (s *sale) giveBack() {
	amount := s.back.Amount
	if s.total != nil {
		amount = -s.total.Amount
	}
	s.back.Amount = max(amount, 0)
	s.Discounts, s.Taxes, s.Charges, s.Tip, s.Tenders = nil, nil, nil, pos.Money{}, nil
	s.Total = pos.Money{Amount: 0, Currency: s.Currency}
	s.refund()
}

// refund adds what returned lines gave back.
func (s *sale) refund() {
	if s.back.Amount <= 0 {
		return
	}
	s.back.Currency = s.Currency
	s.Refunds = []pos.Refund{{ID: s.ID + "/return", Amount: s.back, State: pos.RefundCompleted, At: s.OccurredAt}}
	if s.returned && !s.sold {
		return
	}
	s.Tenders = slices.DeleteFunc(s.Tenders, func(t pos.Tender) bool { return t.Amount.Amount < 0 })
}

// finish returns the purchase.
func (s *sale) finish() pos.Purchase {
	s.settle()
	p := s.Purchase
	if p.State == pos.StateVoided { // a void leaves lines and no totals
		p.Discounts, p.Taxes, p.Charges, p.Tip, p.Refunds = nil, nil, nil, pos.Money{}, nil
		for i := range p.Tenders {
			p.Tenders[i].Failed = true
		}
		p.Total = pos.Money{Amount: 0, Currency: p.Currency}
		for i := range p.Lines {
			if !p.Lines[i].Returned {
				p.Total.Amount += p.Lines[i].Gross.Amount
			}
		}
	}
	p.Reconcile()
	p.Version = kit.VersionOf(&p) // with RecordedAt: a check that is changed back is a new version too
	return p
}

// tenderKind maps the vendor's words for kinds of tenders.
func tenderKind(words ...string) string {
	s := strings.ToLower(strings.Join(words, " "))
	for _, k := range []struct{ word, kind string }{
		{"gift", "gift_card"},
		{"stored value", "gift_card"},
		{"cash", "cash"},
		{"room", "account"},
		{"account", "account"},
		{"card", "card"},
		{"credit", "card"},
		{"debit", "card"},
		{"visa", "card"},
		{"master", "card"},
		{"amex", "card"},
		{"pay", "wallet"},
	} {
		if strings.Contains(s, k.word) {
			return k.kind
		}
	}
	return "other"
}

// reference is the till's own number of a tender, unless it may be the number
// of a card.
func reference(s string) string {
	digits := 0
	for _, r := range s {
		if r >= '0' && r <= '9' || r == 'X' || r == '*' {
			digits++
		}
	}
	if digits >= 12 {
		return ""
	}
	return s
}
