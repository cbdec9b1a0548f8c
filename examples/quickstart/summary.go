package main

import (
	"cmp"
	"context"
	"fmt"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/pos/posfake"
)

// summary is the end: what the systems sold against what was delivered.
type summary struct {
	Lost         int           `json:"lost"`
	Doubled      int           `json:"doubled"`
	Wrong        int           `json:"wrong"`
	PointsOfSale []pointOfSale `json:"points_of_sale"`
	Findings     []string      `json:"findings,omitempty"`
	Events       int           `json:"events"`
	Repeated     int           `json:"repeated"`
	Calls        int64         `json:"calls"`
	Retries      int64         `json:"retries"`
	HandOvers    int           `json:"hand_overs"`
}

// pointOfSale is a row of the table.
type pointOfSale struct {
	System      string    `json:"system"`
	Location    string    `json:"location"`
	Name        string    `json:"name"`
	Status      string    `json:"status"`
	Stock       string    `json:"stock"`
	FirstExpiry pos.Date  `json:"first_expiry"`
	Sales       int       `json:"sales"`
	Revenue     pos.Money `json:"revenue"`
	Refunded    pos.Money `json:"refunded"`
	Delivered   int       `json:"delivered"`
	Lost        int       `json:"lost"`
	Doubled     int       `json:"doubled"`
	Wrong       int       `json:"wrong"`
}

// report compares ledgers and deliveries, system by system.
func (w *world) report(ctx context.Context) (summary, error) {
	r := summary{Calls: w.calls.Load(), Retries: w.retries.Load(), HandOvers: w.stock.Calls()}
	_, r.Events, r.Repeated = w.inbox.count()
	for _, s := range w.systems {
		rows, err := w.rows(ctx, s)
		if err != nil {
			return r, err
		}
		at := make(map[string]*pointOfSale, len(rows))
		for i := range rows {
			at[rows[i].Location] = &rows[i]
		}
		s.sold(at)
		delivered := w.inbox.delivered(s.vendor())
		for i := range delivered {
			if row := at[delivered[i].Location]; row != nil {
				row.Delivered++
			}
		}
		r.compare(s, at, posfake.Reconcile(s.fake.Ledger(), delivered))
		r.PointsOfSale = append(r.PointsOfSale, rows...)
	}
	return r, nil
}

// rows are the points of sale of a system as the integrators know them.
func (w *world) rows(ctx context.Context, s *system) ([]pointOfSale, error) {
	var rows []pointOfSale
	for l, err := range pos.AllLocations(ctx, s.provider, pos.LocationQuery{}) {
		if err != nil {
			return nil, err
		}
		row := pointOfSale{
			System: s.name, Location: l.ID, Name: l.Name, Status: "unknown", Stock: "not counted", FirstExpiry: "-",
			Revenue: usd(0), Refunded: usd(0),
		}
		if status, known := w.inbox.statusOf(s.vendor(), l.ID); known {
			row.Status = words(status)
		}
		row.Stock, row.FirstExpiry = w.shelf(s, l.ID)
		rows = append(rows, row)
	}
	return rows, nil
}

// words sums a status up.
func words(s pos.Status) string {
	text := map[pos.Tri]string{pos.Yes: "online", pos.No: "offline", pos.Unknown: "unknown"}[s.Online]
	if s.Temperature != nil {
		text += fmt.Sprintf(", %.1f °C", s.Temperature.Celsius)
	}
	if s.SafeToSell == pos.No {
		text += ", not safe to sell"
	}
	return text
}

// shelf sums up what the inventory service was told of a location, or of the
// whole company where that is all that the system counts.
func (w *world) shelf(s *system, location string) (stock string, expiry pos.Date) {
	lines, _ := w.stock.Stock(s.vendor(), s.account(), cmp.Or(s.company, location))
	var sum pos.Quantity
	counted := false
	expiry = "-"
	for i := range lines {
		if lines[i].OnHand.Known {
			counted = true
			sum += lines[i].OnHand.Quantity
		}
		if e := lines[i].EarliestExpiry(); e != "" && (expiry == "-" || e < expiry) {
			expiry = e
		}
	}
	if !counted {
		return "not counted", expiry
	}
	if s.company != "" {
		return sum.String() + " in all", expiry
	}
	return sum.String(), expiry
}

// sold adds up the ledger's last versions.
func (s *system) sold(at map[string]*pointOfSale) {
	last := map[string]posfake.Record{}
	for _, rec := range s.fake.Ledger() {
		last[rec.ID] = rec
	}
	for _, rec := range last {
		row := at[rec.Location]
		if row == nil {
			continue
		}
		row.Refunded.Amount += rec.Refunded
		if rec.Kind == "sale" && rec.State == "completed" {
			row.Sales++
			row.Revenue.Amount += rec.Total
		}
	}
}

// compare books differences on the points of sale.
func (r *summary) compare(s *system, at map[string]*pointOfSale, rec posfake.Reconciliation) {
	r.Lost += len(rec.Lost)
	r.Doubled += len(rec.Doubled)
	r.Wrong += len(rec.Wrong)
	if !rec.OK() {
		r.Findings = append(r.Findings, s.name+": "+rec.String())
	}
	place := map[string]string{}
	for _, l := range s.fake.Ledger() {
		place[l.ID] = l.Location
	}
	book := func(location string, count func(*pointOfSale)) {
		if row := at[location]; row != nil {
			count(row)
		}
	}
	for i := range rec.Lost {
		book(rec.Lost[i].Location, func(p *pointOfSale) { p.Lost++ })
	}
	for i := range rec.Doubled {
		book(rec.Doubled[i].Location, func(p *pointOfSale) { p.Doubled++ })
	}
	for i := range rec.Wrong {
		book(place[rec.Wrong[i].ID], func(p *pointOfSale) { p.Wrong++ })
	}
}
