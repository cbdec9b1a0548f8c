// Package inventory is the way into Farmacy's inventory service: integrators
// hand over what points of sale have in stock by calling it directly.
//
// [Service] is the interface that integrators hold, and [OpenAPI] the contract
// of the HTTP service behind it. Three things implement it:
//
//   - inventoryhttp.New makes the client of a service that follows the contract.
//     It is a package of its own, so that whoever needs the interface alone
//     links no HTTP client.
//   - [Memory] keeps everything in memory, for tests and demonstrations.
//   - inventoryfake.New serves the contract from a Memory.
//
// What every implementation does is tested by package inventorytest.
package inventory

import (
	"context"
	"time"

	"github.com/farmacyfoods/pointofsale/pos"
)

// MaxBatch is how many snapshots one Put takes.
const MaxBatch = 100

// Service keeps the newest stock of every location.
//
// Implementations are safe for concurrent use.
type Service interface {
	// Put hands over snapshots of different locations, at most MaxBatch of
	// them, and returns one receipt for each, in their order. Snapshots are
	// independent: one that is refused has its error in its receipt, and the
	// others hold. Repeating a snapshot with its Key returns the receipt it
	// had. The error is non-nil when the outcome of the whole call is unknown;
	// repeat it then.
	Put(ctx context.Context, batch ...Snapshot) ([]Receipt, error)
}

// Snapshot is the stock of one location: all of it, or the lines that changed.
type Snapshot struct {
	// Key identifies the handing over, so that repeats do no harm.
	Key      string `json:"key"`
	Vendor   string `json:"vendor"`
	Account  string `json:"account"`
	Location string `json:"location"`
	// Full says that Stock is everything there is; what is not in it is gone.
	// Otherwise Stock replaces the lines it names.
	Full bool `json:"full"`
	// Base is the revision to which changed lines apply. If the service holds
	// another one, it refuses with [pos.ErrConflict], and a full snapshot is
	// due. Full snapshots may leave it 0: they replace whatever is there.
	Base pos.Revision `json:"base,omitempty"`
	// ObservedAt is when the stock was read from the point of sale.
	ObservedAt time.Time   `json:"observed_at"`
	Stock      []pos.Stock `json:"stock"`
}

// Receipt tells what became of a snapshot.
type Receipt struct {
	// Revision is the location's revision after the snapshot.
	Revision pos.Revision
	// Err is nil, or why the snapshot was refused: it matches [pos.ErrConflict]
	// (the base has moved on, or newer stock is known) or [pos.ErrInvalid].
	Err error
}

// Line identifies a line within a location: the SKU, and the vendor's id for
// what has none or has the SKU twice.
type Line struct{ SKU, VendorID string }

// LineOf returns the identity of a line.
func LineOf(s *pos.Stock) Line { return Line{s.SKU, s.VendorID} }

// Validate reports every problem of the snapshot at once, as a [*pos.Error] of
// kind invalid.
func (s *Snapshot) Validate() error {
	var ps pos.Problems
	add := func(item, field, reason string) {
		ps = append(ps, pos.Problem{Item: item, Field: field, Location: s.Location, Reason: reason})
	}
	for _, f := range []struct{ name, text string }{
		{"Key", s.Key}, {"Vendor", s.Vendor}, {"Account", s.Account}, {"Location", s.Location},
	} {
		if f.text == "" {
			add("", f.name, "is missing")
		}
	}
	if s.ObservedAt.IsZero() {
		add("", "ObservedAt", "is missing")
	}
	if !s.Full && s.Base == 0 {
		add("", "Base", "is missing: changed lines apply to a revision")
	}
	seen := make(map[Line]bool, len(s.Stock))
	for i := range s.Stock {
		row := &s.Stock[i]
		id := LineOf(row)
		switch {
		case row.Location != s.Location:
			add(row.SKU, "Stock.Location", "is "+row.Location)
		case id == Line{}:
			add("", "Stock.SKU", "a line has neither SKU nor VendorID")
		case seen[id]:
			add(row.SKU, "Stock.SKU", "appears twice")
		}
		seen[id] = true
	}
	if ps != nil {
		return &pos.Error{Op: "Snapshot.Validate", Vendor: s.Vendor, Location: s.Location, Kind: pos.KindInvalid, Err: ps}
	}
	return nil
}
