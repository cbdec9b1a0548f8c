package pos

import "time"

// LocationKind says what stands at a location.
type LocationKind string

// Kinds of locations.
const (
	KindFridge  LocationKind = "fridge"
	KindKiosk   LocationKind = "kiosk"
	KindCounter LocationKind = "counter"
)

// Location is a point of sale: a fridge, a kiosk, a counter.
type Location struct {
	// ID is the vendor's id, unique within the account.
	ID   string       `json:"id"`
	Name string       `json:"name"`
	Kind LocationKind `json:"kind,omitempty"`
	// Closed is true for a location that is archived or deactivated for good.
	Closed bool `json:"closed,omitempty"`
	// TimeZone is the IANA name; empty means that the system does not tell.
	TimeZone string   `json:"time_zone,omitempty"`
	Currency Currency `json:"currency,omitempty"`
	// DayStart is the local time at which a business day begins.
	DayStart Clock `json:"day_start,omitempty"`
	// Hours are the opening hours; empty means unknown, not closed.
	Hours []Hours `json:"hours,omitempty"`
	// TaxRate is the sales tax of the location where there is just one.
	TaxRate Rate `json:"tax_rate,omitempty"`
	// Group is the vendor's grouping, such as a campus.
	Group string `json:"group,omitempty"`
}

// BusinessDate returns the day to which a sale at the instant belongs: the
// local day, or the day before while the local time is before DayStart. It is
// "" when the zone is unknown.
func (l Location) BusinessDate(t time.Time) Date {
	zone, err := Zone(l.TimeZone)
	if err != nil || t.IsZero() {
		return ""
	}
	day := DateOf(t, zone)
	if ClockOf(t, zone) < l.DayStart {
		return day.AddDays(-1)
	}
	return day
}

// OpenAt tells from the opening hours whether the location is open; Unknown
// without hours or zone.
func (l Location) OpenAt(t time.Time) Tri {
	zone, err := Zone(l.TimeZone)
	if err != nil || len(l.Hours) == 0 {
		return Unknown
	}
	for _, h := range l.Hours {
		if h.Contains(t, zone) {
			return Yes
		}
	}
	return No
}

// LocationQuery asks for the locations of an account.
type LocationQuery struct {
	After Cursor
	// Limit is the most locations per page; 0 means the vendor's best.
	Limit int
}

// LocationPage is a page of locations.
type LocationPage struct {
	Locations []Location
	// Next continues behind this page.
	Next Cursor
	// More says that there are more pages; a page may be empty and not the last.
	More bool
}
