package postest

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/farmacyfoods/pointofsale/pos"
)

// Row is a requirement that users of comparable systems had to learn the need
// for, and how the suite shows it for a provider.
type Row struct {
	ID    string // "R1" to "R45"
	Title string
	// Cases are the names of the cases that show it.
	Cases []string
	// Why says why no case shows it for this provider: the capability that
	// is not declared, or who shows it instead. "" if Cases show it.
	Why string
}

// String returns "R13 not applicable: purchases.late_by is not declared", or
// the cases.
func (r Row) String() string {
	if r.Why != "" {
		return fmt.Sprintf("%s not applicable (%s): %s", r.ID, r.Title, r.Why)
	}
	return fmt.Sprintf("%s (%s): %s", r.ID, r.Title, strings.Join(r.Cases, ", "))
}

// elsewhere names the tests of the rows that concern others than a provider.
var elsewhere = map[string]string{
	"R38": "TestAPIVersion beside a vendor's constant warns 90 days before its end (vendors/square); " +
		"TestObserver of vendors/kit shows that a vendor's announcement is told",
}

var titles = []string{
	"payment written after its order's window was read",
	"child changes that do not move the parent",
	"refunds complete",
	"calls of an idle poll",
	"clipped history is told",
	"sales in every state",
	"edits of old sales",
	"many sales with one timestamp",
	"resume after a kill anywhere",
	"idle cursor advances",
	"server ignores the filter",
	"UTC on the wire, business day of the location",
	"late sales of offline tills",
	"sale sent twice by a till",
	"money without a sale",
	"bursts of webhooks",
	"repeated webhooks",
	"lost webhook subscription",
	"no webhook at all",
	"webhook signatures",
	"rate limits",
	"cancellation and races",
	"expired tokens",
	"failed refresh harms nothing",
	"version conflicts",
	"unknown stock is not zero",
	"withdrawal reaches every location, limited",
	"fields that we do not manage survive",
	"price by location",
	"manual edits",
	"stock by location, complete",
	"available and committed kept apart",
	"large menus within the budget",
	"money adds up",
	"states of refunds",
	"many codes on one coupon",
	"coupons refused early, end on time",
	"end of an API version",
	"missing permission is an error",
	"offline shows, stale is unknown",
	"expired page tokens",
	"locations change during a run",
	"every problem at once",
	"start of history is explicit",
	"cancelled sales are visible",
}

// rowTitle returns the title of the row with the id.
func rowTitle(id string) string {
	n, err := strconv.Atoi(strings.TrimPrefix(id, "R"))
	if err != nil || n < 1 || n > len(titles) {
		return "?"
	}
	return titles[n-1]
}

// Rows lists the requirements with the cases that show them for a provider
// that declares everything.
func Rows() []Row { return applicability(nil) }

// Applicability lists the requirements for a provider with the capabilities:
// the cases that [Run] runs, or why there is none.
func Applicability(caps pos.Capabilities) []Row { return applicability(&caps) }

func applicability(caps *pos.Capabilities) []Row {
	rows := make([]Row, len(titles))
	for i, title := range titles {
		r := Row{ID: fmt.Sprintf("R%d", i+1), Title: title}
		for _, cs := range cases {
			if !slices.Contains(strings.Fields(cs.rows), r.ID) {
				continue
			}
			why := ""
			if caps != nil {
				why = cs.excluded(*caps)
			}
			if why == "" {
				r.Cases = append(r.Cases, cs.name)
			} else if r.Why == "" {
				r.Why = why
			}
		}
		switch {
		case len(r.Cases) > 0:
			r.Why = ""
		case r.Why == "":
			r.Why = elsewhere[r.ID]
		}
		rows[i] = r
	}
	return rows
}
