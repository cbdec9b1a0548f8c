package pos

import (
	"encoding/json"
	"slices"
	"time"
)

// Status is what is known about a point of sale, or about one device in it.
type Status struct {
	Location string `json:"location"`
	// Device is the vendor's id of a device; empty for the location as a whole.
	Device string `json:"device,omitempty"`
	// Online: it can reach its vendor. Open: customers can buy now by hours
	// and mode. SafeToSell: the goods are kept as they must be.
	Online     Tri `json:"online"`
	Open       Tri `json:"open"`
	SafeToSell Tri `json:"safe_to_sell"`
	// ObservedAt is when the point of sale itself was last heard of, not when
	// we asked. Zero means that the system does not tell.
	ObservedAt time.Time `json:"observed_at,omitzero"`
	// StaleAfter is how old the observation may become before it says nothing.
	// 0 means that it does not age (an administrative state).
	StaleAfter time.Duration `json:"stale_after_ns,omitempty"`
	// Source is the vendor's interface that said it, such as "heartbeat".
	Source string `json:"source,omitempty"`
	// Temperature is nil where there is none.
	Temperature *Temperature `json:"temperature,omitempty"`
	DoorClosed  Tri          `json:"door_closed"`
	Locked      Tri          `json:"locked"`
	// LastRestock and LastSale are zero where the system does not tell.
	LastRestock time.Time `json:"last_restock,omitzero"`
	LastSale    time.Time `json:"last_sale,omitzero"`
	// Issues are short codes of what is wrong, such as "rfid_error".
	Issues []string        `json:"issues,omitempty"`
	Raw    json.RawMessage `json:"raw,omitempty"`
}

// Temperature of the goods. It is a measurement, not money, so a float.
type Temperature struct {
	Celsius    float64   `json:"celsius"`
	MaxCelsius float64   `json:"max_celsius,omitempty"` // limit, 0 means not told
	MeasuredAt time.Time `json:"measured_at,omitzero"`
}

// At returns the status as it may be believed at an instant: if the
// observation is older than StaleAfter, everything observed is Unknown and
// the issue "stale" is added.
func (s Status) At(now time.Time) Status {
	if s.StaleAfter == 0 || !s.ObservedAt.IsZero() && now.Sub(s.ObservedAt) <= s.StaleAfter {
		return s
	}
	s.Online, s.Open, s.SafeToSell, s.DoorClosed, s.Locked = Unknown, Unknown, Unknown, Unknown, Unknown
	s.Temperature = nil
	if !slices.Contains(s.Issues, "stale") {
		s.Issues = append(slices.Clone(s.Issues), "stale")
	}
	return s
}

// Age returns how old the observation is, and false if that is not known.
func (s Status) Age(now time.Time) (time.Duration, bool) {
	if s.ObservedAt.IsZero() {
		return 0, false
	}
	return now.Sub(s.ObservedAt), true
}

// StatusQuery asks for the status of points of sale.
type StatusQuery struct {
	// Locations are the points of sale; empty means all of the account.
	Locations []string
	After     Cursor
	// Limit is the most statuses per page; 0 means the vendor's best.
	Limit int
	// Raw asks for the vendor's payload.
	Raw bool
}

// StatusPage is a page of statuses.
type StatusPage struct {
	Statuses []Status
	Next     Cursor
	More     bool
}
