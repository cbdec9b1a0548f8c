package events

import (
	"strconv"
	"strings"
	"time"

	"github.com/farmacyfoods/pointofsale/pos"
)

// Certificate is the payload of the events about the completeness of a business
// day at a location: what was published of it, compared with what the vendor
// states itself.
//
// The type tells the result. [TypeDayCertified]: the figures agree.
// [TypeDayMismatch]: they do not; the first time, the day is read again from
// the vendor and another certificate follows. [TypeDayUnverified]: the vendor
// states no totals, and what was published stands for itself.
//
// Whoever keeps the purchases can check that all of them arrived: take the last
// version of each with this location and business date, and compare the hash.
type Certificate struct {
	Origin
	Location     string   `json:"location"`
	BusinessDate pos.Date `json:"business_date"`
	// From and Until are the window: the first instant of the business day, and
	// of the next one.
	From  time.Time `json:"from"`
	Until time.Time `json:"until"`
	// Purchases is how many were published, in all states, each counted once;
	// Hash is the digest of which ones: the SHA-256 in hexadecimal of the lines
	// "id TAB version NEWLINE", sorted by their bytes.
	Purchases int    `json:"purchases"`
	Hash      string `json:"hash"`
	// Published are their figures, by the last version of each; its count is
	// of the states that the vendor counts, or of all but pending ones.
	Published pos.DayFigures `json:"published"`
	// Stated are the vendor's own totals, Difference is what they have more.
	Stated     *pos.DayTotals  `json:"stated,omitempty"`
	Difference *pos.DayFigures `json:"difference,omitempty"`
	// Reason says why the day is unverified, or what could not be compared.
	Reason string `json:"reason,omitempty"`
	// Reread says that the day was read again from the vendor before this.
	// Found are the purchases of which a version was found and published then,
	// Unknown those that were published and that the vendor no longer has: at
	// most 100 ids each.
	Reread  bool     `json:"reread,omitempty"`
	Found   []string `json:"found,omitempty"`
	Unknown []string `json:"unknown,omitempty"`
	// Last says that the day is not looked at again: late sales are no longer
	// expected.
	Last bool `json:"last,omitempty"`
}

// maxNamed bounds the ids that a certificate names.
const maxNamed = 100

// NewCertificate builds the event of type [TypeDayCertified], [TypeDayMismatch]
// or [TypeDayUnverified].
func NewCertificate(typ string, o Origin, c Certificate, at time.Time) Event {
	c.Origin = o
	c.Found, c.Unknown = c.Found[:min(len(c.Found), maxNamed)], c.Unknown[:min(len(c.Unknown), maxNamed)]
	return o.event(typ, c.Location, at, c, typ, c.Location, string(c.BusinessDate), c.Hash,
		strconv.FormatBool(c.Reread), strconv.FormatBool(c.Last), stated(c.Stated))
}

// stated is what tells one statement of the vendor from another.
func stated(t *pos.DayTotals) string {
	if t == nil {
		return ""
	}
	f := t.DayFigures
	var parts []string
	if f.Count != nil {
		parts = append(parts, strconv.FormatInt(*f.Count, 10))
	}
	for _, m := range []pos.Money{f.Net, f.Refunds, f.Discounts, f.Taxes, f.Tips} {
		parts = append(parts, m.String())
	}
	return strings.Join(parts, " ")
}
