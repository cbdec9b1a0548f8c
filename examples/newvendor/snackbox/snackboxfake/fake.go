// Package snackboxfake is a Snackbox cloud in memory: the service that a
// Snackbox client talks to, written from the service's documentation and with
// wire types of its own.
package snackboxfake

import (
	"encoding/json"
	"net/http"
	"sync"
	"time"

	"github.com/farmacyfoods/pointofsale/pos/posfake"
	"github.com/farmacyfoods/pointofsale/vendors/kit/fakekit"
)

// Key is the API key that a new fake accepts.
const Key = "sk_fake_0000"

// Fake is a Snackbox cloud. It implements [posfake.Simulator], which is all
// that the conformance suite and the sandbox need to drive it.
type Fake struct {
	*fakekit.Server
	pages fakekit.Pages

	mu     sync.Mutex
	ledger fakekit.Ledger
	tills  map[string]*till
	items  map[string]*item
	stock  map[[2]string]int64 // till, sku
	sales  []*sale             // in the order of recording
	serial int
}

type till struct {
	ID       string    `json:"id"`
	Name     string    `json:"name"`
	TimeZone string    `json:"time_zone"`
	SeenAt   time.Time `json:"seen_at"`
	Closed   bool      `json:"closed"`
	off      bool
}

type item struct {
	SKU   string `json:"sku"`
	Name  string `json:"name"`
	Cents int64  `json:"cents"`
	Owner string `json:"owner"`
	Rev   int    `json:"rev"`
}

type sale struct {
	ID       string    `json:"id"`
	Till     string    `json:"till"`
	State    string    `json:"state"` // open, paid, void, refused
	Rev      int       `json:"rev"`
	At       time.Time `json:"at"`
	Recorded time.Time `json:"recorded"`
	Changed  time.Time `json:"changed"`
	Lines    []line    `json:"lines"`
	Tip      int64     `json:"tip"`
	Total    int64     `json:"total"`
	Refunds  []refund  `json:"refunds"`
}

type line struct {
	SKU   string `json:"sku"`
	Name  string `json:"name"`
	Count int64  `json:"count"`
	Cents int64  `json:"cents"` // of one
}

type refund struct {
	ID    string    `json:"id"`
	Cents int64     `json:"cents"`
	State string    `json:"state"` // pending, done, failed
	At    time.Time `json:"at"`
}

// New returns a fake with one till, T1.
func New() *Fake {
	f := &Fake{tills: map[string]*till{}, items: map[string]*item{}, stock: map[[2]string]int64{}}
	f.Server = fakekit.NewServer(
		fakekit.Config{Simulator: f, Faults: []string{posfake.FaultPageToken, posfake.FaultDuplicate, posfake.FaultScope, posfake.FaultWidened}},
		fakekit.Route{Op: "ListTills", Pattern: "GET /v1/tills", Handler: f.guard(f.listTills)},
		fakekit.Route{Op: "ListItems", Pattern: "GET /v1/items", Handler: f.guard(f.listItems)},
		fakekit.Route{Op: "PutItem", Pattern: "PUT /v1/items/{sku}", Write: true, Handler: f.guard(f.putItem)},
		fakekit.Route{Op: "DeleteItem", Pattern: "DELETE /v1/items/{sku}", Write: true, Handler: f.guard(f.deleteItem)},
		fakekit.Route{Op: "ListStock", Pattern: "GET /v1/stock", Handler: f.guard(f.listStock)},
		fakekit.Route{Op: "ListSales", Pattern: "GET /v1/sales", Handler: f.guard(f.listSales)},
		fakekit.Route{Op: "GetSale", Pattern: "GET /v1/sales/{id}", Handler: f.guard(f.getSale)},
	)
	f.pages = fakekit.Pages{Clock: &f.Clock, TTL: 10 * time.Minute}
	_ = f.AddLocation(posfake.LocationSeed{ID: "T1"})
	return f
}

// guard checks the key and the scripted loss of permission.
func (f *Fake) guard(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Api-Key") != Key {
			problem(w, http.StatusUnauthorized, "bad_key")
			return
		}
		if _, hit := fakekit.Struck(r, posfake.FaultScope); hit {
			problem(w, http.StatusForbidden, "missing_permission")
			return
		}
		f.mu.Lock()
		defer f.mu.Unlock()
		next(w, r)
	}
}

func reply(w http.ResponseWriter, body any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(body)
}

func problem(w http.ResponseWriter, status int, code string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]string{"code": code})
}
