package integrator

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/farmacyfoods/pointofsale/events/eventsfake"
	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/pos/inventory/inventoryfake"
	"github.com/farmacyfoods/pointofsale/pos/inventory/inventoryhttp"
	"github.com/farmacyfoods/pointofsale/pos/posfake"
	"github.com/farmacyfoods/pointofsale/vendors/kit"
)

// sent notes what reaches the inventory service: "PATCH A M-1=4" for changed
// lines, "PUT A 20" for a whole location with its number of lines.
type sent struct {
	mu    sync.Mutex
	lines []string
}

type sentLines []struct {
	SKU    string `json:"sku"`
	OnHand any    `json:"on_hand"`
}

func (s *sent) watch(fake *inventoryfake.Fake) {
	fake.Intercept(func(r *http.Request) bool { return r.Method != http.MethodGet }, func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return // The client is gone.
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		fake.Pass(w, r)
		var in struct {
			Lines     sentLines
			Snapshots []struct {
				Location string
				Full     bool
				Lines    sentLines
			}
		}
		if err := json.Unmarshal(body, &in); err != nil {
			s.add(err.Error())
			return
		}
		if r.Method != http.MethodPost {
			s.note(r.Method, r.URL.Query().Get("location"), in.Lines)
			return
		}
		for _, snap := range in.Snapshots {
			s.note(map[bool]string{true: http.MethodPut, false: http.MethodPatch}[snap.Full], snap.Location, snap.Lines)
		}
	})
}

func (s *sent) note(method, location string, lines sentLines) {
	if method == http.MethodPut {
		s.add(fmt.Sprintf("PUT %s %d", location, len(lines)))
		return
	}
	var names []string
	for _, l := range lines {
		names = append(names, fmt.Sprintf("%s=%v", l.SKU, l.OnHand))
	}
	s.add(fmt.Sprintf("PATCH %s %s", location, strings.Join(names, " ")))
}

func (s *sent) add(line string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lines = append(s.lines, line)
}

// take returns what was sent since the last call, in order.
func (s *sent) take() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	got := s.lines
	s.lines = nil
	slices.Sort(got)
	return got
}

// TestStockReachesTheService from a point of sale through the engine and the
// HTTP client: all of it once, then changed lines only; after an outage the
// newest state, whatever happened in between.
func TestStockReachesTheService(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		caps := posfake.AllCapabilities()
		fake := posfake.New(posfake.Config{Account: "a", Capabilities: &caps, Locations: []posfake.LocationSeed{{ID: "A"}, {ID: "B"}}})
		for i := range 20 {
			stocked(t, fake, "A", fmt.Sprint("M-", i), 5)
			stocked(t, fake, "B", fmt.Sprint("M-", i), 5)
		}
		service := inventoryfake.New(inventoryfake.Config{})
		defer service.Close()
		var calls sent
		calls.watch(service)
		client, err := inventoryhttp.New(inventoryhttp.Config{BaseURL: "https://inventory.example.com", Token: pos.NewSecret(inventoryfake.DefaultToken)},
			&kit.Options{HTTPClient: &http.Client{Transport: service.Transport()}})
		if err != nil {
			t.Fatal(err)
		}
		var rec eventsfake.Recorder
		cfg := Config{Publisher: &rec, Inventory: client, Schedule: Schedule{Purchases: -1, Status: -1, InventoryFull: 24 * time.Hour}, Accounts: []Account{serve(fake)}}
		stop := start(t, build(t, cfg))
		check := func(when string, want ...string) {
			t.Helper()
			if diff := cmp.Diff(want, calls.take()); diff != "" {
				t.Errorf("%s (-want +got):\n%s", when, diff)
			}
		}
		time.Sleep(minutes(6))
		check("first read", "PUT A 20", "PUT B 20")
		time.Sleep(time.Hour)
		check("nothing changed")
		stocked(t, fake, "A", "M-3", 4)
		time.Sleep(minutes(6))
		check("a change", "PATCH A M-3=4")

		service.Memory().Fail(&pos.Error{Kind: pos.KindUnavailable, Err: errOutage})
		for n := range int64(30) {
			stocked(t, fake, "A", "M-3", n)
			stocked(t, fake, "B", fmt.Sprint("M-", n%3), n)
			time.Sleep(minutes(6))
		}
		calls.take()
		service.Memory().Fail(nil)
		time.Sleep(minutes(12))
		check("after an outage of 3 h", "PATCH A M-3=29", "PATCH B M-0=27 M-1=28 M-2=29")

		if _, err := service.Inject(posfake.Fault{Kind: posfake.FaultLostReply, Op: "patchStock", Times: 1}); err != nil {
			t.Fatal(err)
		}
		stocked(t, fake, "A", "M-4", 1)
		time.Sleep(minutes(12))
		if got := calls.take(); len(got) != 2 || got[0] != "PATCH A M-4=1" || got[1] != got[0] {
			t.Errorf("after a lost answer: %s", got)
		}
		service.Memory().Forget()
		stocked(t, fake, "B", "M-5", 2)
		time.Sleep(minutes(20))
		if got := calls.take(); !slices.Contains(got, "PUT A 20") || !slices.Contains(got, "PUT B 20") {
			t.Errorf("after the service lost its state: %s", got)
		}
		stop()
		for _, location := range []string{"A", "B"} {
			held, _ := service.Memory().Stock("posfake", "a", location)
			want := make(map[string]string)
			for _, row := range stockOf(t, fake, location) {
				want[row.SKU] = row.OnHand.String()
			}
			got := make(map[string]string)
			for _, row := range held {
				got[row.SKU] = row.OnHand.String()
			}
			if diff := cmp.Diff(want, got); diff != "" || len(want) != 20 {
				t.Errorf("%s at the end (-point of sale +service):\n%s", location, diff)
			}
		}
	})
}

var errOutage = errors.New("down")

func stockOf(t *testing.T, f *posfake.Fake, location string) []pos.Stock {
	t.Helper()
	page, err := f.Inventory(t.Context(), pos.InventoryQuery{Locations: []string{location}})
	if err != nil {
		t.Fatal(err)
	}
	return page.Stock
}
