package inventoryhttp

import (
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/pos/inventory"
)

// The schemas of the contract, by their names there.

type batch struct {
	Snapshots []snapshot `json:"snapshots"`
}

type snapshot struct {
	Key        string       `json:"key"`
	Vendor     string       `json:"vendor"`
	Account    string       `json:"account"`
	Location   string       `json:"location"`
	Full       bool         `json:"full"`
	Base       pos.Revision `json:"base,omitzero"`
	ObservedAt time.Time    `json:"observed_at"`
	Lines      []line       `json:"lines"`
}

type stock struct {
	ObservedAt time.Time `json:"observed_at"`
	Lines      []line    `json:"lines"`
}

type held struct {
	Revision pos.Revision `json:"revision"`
	Lines    []line       `json:"lines"`
}

type line struct {
	SKU       string         `json:"sku"`
	VendorID  string         `json:"vendor_id,omitzero"`
	Name      string         `json:"name,omitzero"`
	OnHand    pos.Count      `json:"on_hand"`
	Available pos.Count      `json:"available"`
	Committed pos.Count      `json:"committed"`
	InStock   pos.Tri        `json:"in_stock"`
	Lots      []lot          `json:"lots,omitzero"`
	CountedAt time.Time      `json:"counted_at,omitzero"`
	Raw       jsontext.Value `json:"raw,omitzero"`
}

type lot struct {
	ID       string       `json:"id,omitzero"`
	Expires  pos.Date     `json:"expires,omitzero"`
	Quantity pos.Quantity `json:"quantity"`
}

type receipts struct {
	Receipts []receipt `json:"receipts"`
}

type receipt struct {
	Revision pos.Revision `json:"revision"`
	Error    *problem     `json:"error"`
}

type failure struct {
	Error *problem `json:"error"`
}

type problem struct {
	Code      string       `json:"code"`
	Message   string       `json:"message"`
	Revision  pos.Revision `json:"revision"`
	RequestID string       `json:"request_id"`
	Details   []detail     `json:"details"`
}

type detail struct {
	Item     string `json:"item"`
	Field    string `json:"field"`
	Location string `json:"location"`
	Reason   string `json:"reason"`
}

func (p *problem) refusal() *Refusal {
	r := &Refusal{Code: p.Code, Message: p.Message, Revision: p.Revision}
	for _, d := range p.Details {
		r.Details = append(r.Details, pos.Problem{Item: d.Item, Field: d.Field, Location: d.Location, Reason: d.Reason})
	}
	return r
}

func snapshotOf(s *inventory.Snapshot) snapshot {
	return snapshot{s.Key, s.Vendor, s.Account, s.Location, s.Full, s.Base, s.ObservedAt.UTC(), linesOf(s)}
}

func linesOf(s *inventory.Snapshot) []line {
	lines := make([]line, len(s.Stock))
	for i := range s.Stock {
		row := &s.Stock[i]
		lines[i] = line{
			row.SKU, row.VendorID, row.Name, row.OnHand, row.Available, row.Committed, row.InStock,
			nil, row.CountedAt.UTC(), jsontext.Value(row.Raw),
		}
		for _, l := range row.Lots {
			lines[i].Lots = append(lines[i].Lots, lot(l))
		}
	}
	return lines
}

// rows turns what is held into stock of the location.
func (h *held) rows(location string) []pos.Stock {
	rows := make([]pos.Stock, len(h.Lines))
	for i := range h.Lines {
		l := &h.Lines[i]
		rows[i] = pos.Stock{
			Location: location, SKU: l.SKU, VendorID: l.VendorID, Name: l.Name,
			OnHand: l.OnHand, Available: l.Available, Committed: l.Committed, InStock: l.InStock,
			CountedAt: l.CountedAt, Raw: []byte(l.Raw),
		}
		for _, t := range l.Lots {
			rows[i].Lots = append(rows[i].Lots, pos.Lot(t))
		}
	}
	return rows
}
