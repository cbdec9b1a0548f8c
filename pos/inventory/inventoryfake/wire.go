package inventoryfake

import (
	"encoding/json"
	"time"

	"github.com/farmacyfoods/pointofsale/pos"
)

type wireSnapshot struct {
	Key        string       `json:"key"`
	Vendor     string       `json:"vendor"`
	Account    string       `json:"account"`
	Location   string       `json:"location"`
	Full       bool         `json:"full"`
	Base       pos.Revision `json:"base"`
	ObservedAt time.Time    `json:"observed_at"`
	Lines      []wireLine   `json:"lines"`
}

type wireStock struct {
	ObservedAt time.Time  `json:"observed_at"`
	Lines      []wireLine `json:"lines"`
}

type wireHeld struct {
	Vendor     string       `json:"vendor"`
	Account    string       `json:"account"`
	Location   string       `json:"location"`
	Revision   pos.Revision `json:"revision"`
	ObservedAt time.Time    `json:"observed_at"`
	Lines      []wireLine   `json:"lines"`
}

// wireLine keeps counts as text or null.
type wireLine struct {
	SKU       *string         `json:"sku"`
	VendorID  string          `json:"vendor_id,omitempty"`
	Name      string          `json:"name,omitempty"`
	OnHand    *string         `json:"on_hand"`
	Available *string         `json:"available"`
	Committed *string         `json:"committed"`
	InStock   string          `json:"in_stock"`
	Lots      []wireLot       `json:"lots,omitempty"`
	CountedAt *time.Time      `json:"counted_at,omitempty"`
	Raw       json.RawMessage `json:"raw,omitempty"`
}

type wireLot struct {
	ID       string `json:"id,omitempty"`
	Expires  string `json:"expires,omitempty"`
	Quantity string `json:"quantity"`
}

type wireReceipt struct {
	Revision pos.Revision `json:"revision"`
	Error    *wireProblem `json:"error,omitempty"`
}

type wireProblem struct {
	Code      string       `json:"code"`
	Message   string       `json:"message"`
	Revision  pos.Revision `json:"revision,omitempty"`
	Details   []wireDetail `json:"details,omitempty"`
	RequestID string       `json:"request_id,omitempty"`
}

type wireDetail struct {
	Item     string `json:"item,omitempty"`
	Field    string `json:"field,omitempty"`
	Location string `json:"location,omitempty"`
	Reason   string `json:"reason"`
}

type wireError struct {
	Error wireProblem `json:"error"`
}

func (e *failure) wire() *wireProblem {
	p := &wireProblem{Code: e.code, Message: e.message, Revision: e.revision}
	for _, d := range e.details {
		p.Details = append(p.Details, wireDetail{d.Item, d.Field, d.Location, d.Reason})
	}
	return p
}

func (l *wireLine) stock(location string) (s pos.Stock, err error) {
	if l.SKU == nil {
		return s, bad("a line has no sku")
	}
	s = pos.Stock{Location: location, SKU: *l.SKU, VendorID: l.VendorID, Name: l.Name, Raw: l.Raw}
	if l.CountedAt != nil {
		s.CountedAt = l.CountedAt.UTC()
	}
	for _, c := range []struct {
		text *string
		to   *pos.Count
	}{{l.OnHand, &s.OnHand}, {l.Available, &s.Available}, {l.Committed, &s.Committed}} {
		if c.text == nil {
			continue
		}
		q, err := pos.ParseQuantity(*c.text)
		if err != nil {
			return s, bad("%v", err)
		}
		*c.to = pos.Counted(q)
	}
	switch l.InStock {
	case "yes":
		s.InStock = pos.Yes
	case "no":
		s.InStock = pos.No
	case "unknown":
	default:
		return s, bad("in_stock is neither yes, no nor unknown")
	}
	for _, lot := range l.Lots {
		q, err := pos.ParseQuantity(lot.Quantity)
		if err != nil {
			return s, bad("%v", err)
		}
		s.Lots = append(s.Lots, pos.Lot{ID: lot.ID, Expires: pos.Date(lot.Expires), Quantity: q})
	}
	return s, nil
}

func wireLines(rows []pos.Stock) []wireLine {
	lines := make([]wireLine, len(rows))
	for i := range rows {
		row := &rows[i]
		lines[i] = wireLine{
			SKU: &row.SKU, VendorID: row.VendorID, Name: row.Name,
			OnHand: text(row.OnHand), Available: text(row.Available), Committed: text(row.Committed),
			InStock: row.InStock.String(), Raw: row.Raw,
		}
		if !row.CountedAt.IsZero() {
			lines[i].CountedAt = &row.CountedAt
		}
		for _, l := range row.Lots {
			lines[i].Lots = append(lines[i].Lots, wireLot{l.ID, string(l.Expires), l.Quantity.String()})
		}
	}
	return lines
}

func text(c pos.Count) *string {
	if !c.Known {
		return nil
	}
	return new(c.Quantity.String())
}
