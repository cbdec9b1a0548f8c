package bytetechfake_test

import (
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/farmacyfoods/pointofsale/pos/posfake"
	"github.com/farmacyfoods/pointofsale/vendors/bytetech/bytetechfake"
)

type status struct {
	Health   string    `json:"health"`
	Issues   []string  `json:"issues"`
	LastBeat time.Time `json:"last_heartbeat_at"`
	Temp     struct {
		Value float64 `json:"value"`
	} `json:"temperature"`
	WarmSince *time.Time `json:"out_of_range_since"`
	OOS       *string    `json:"oos_code"`
	Door      *struct {
		State  string `json:"state"`
		Locked *bool  `json:"locked"`
	} `json:"door"`
	Mode string `json:"mode"`
	RFID struct {
		Antennas []struct {
			Reads int `json:"tag_reads"`
		} `json:"antennas"`
		Total int `json:"total_tag_reads"`
	} `json:"rfid"`
	Count int `json:"inventory_count"`
}

func (a *api) status() (s status) {
	a.t.Helper()
	a.get("/v1/kiosks/"+kid+"/status", &s)
	return s
}

func TestHealth(t *testing.T) {
	t.Parallel()
	warm := 44.6
	for _, tc := range []struct {
		name   string
		do     func(*bytetechfake.Fake) error
		wait   time.Duration
		health string
		issues []string
	}{
		{"fine", func(*bytetechfake.Fake) error { return nil }, 30 * 24 * time.Hour, "online", []string{}},
		{"just cut off", func(f *bytetechfake.Fake) error { return f.SetOnline(kid, false) }, 19 * time.Minute, "online", []string{}},
		{"cut off", func(f *bytetechfake.Fake) error { return f.SetOnline(kid, false) }, 31 * time.Minute, "offline", []string{"offline"}},
		{"two warm heartbeats", func(f *bytetechfake.Fake) error { return f.SetTemperature(kid, &warm) }, 20 * time.Minute, "online", []string{}},
		{"three warm heartbeats", func(f *bytetechfake.Fake) error { return f.SetTemperature(kid, &warm) }, 30 * time.Minute, "too_warm", []string{"too_warm"}},
		{"reader broken", func(f *bytetechfake.Fake) error { return f.SetRFIDError(kid, true) }, 10 * time.Minute, "rfid_error", []string{"rfid_error"}},
		{"restarting", func(f *bytetechfake.Fake) error { return f.Restart(kid) }, 9 * time.Minute, "rfid_error", []string{"rfid_error"}},
		{"restarted", func(f *bytetechfake.Fake) error { return f.Restart(kid) }, 10 * time.Minute, "online", []string{}},
		{"out of order", func(f *bytetechfake.Fake) error { return f.SetOutOfOrder(kid, "E42") }, 10 * time.Minute, "online", []string{"out_of_order"}},
		{"several", func(f *bytetechfake.Fake) error {
			return errors.Join(f.SetTemperature(kid, &warm), f.SetRFIDError(kid, true))
		}, 30 * time.Minute, "multiple_issues", []string{"rfid_error", "too_warm"}},
		{"no heartbeats", func(f *bytetechfake.Fake) error { return f.SetHeartbeats(kid, false) }, 31 * time.Minute, "offline", []string{"offline"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				a := newAPI(t, bytetechfake.Config{Locations: seeds(kid)})
				a.ok(tc.do(a.fake))
				a.fake.Advance(tc.wait)
				s := a.status()
				if s.Health != tc.health || !cmp.Equal(s.Issues, tc.issues) {
					t.Errorf("health %s, issues %v", s.Health, s.Issues)
				}
			})
		})
	}
}

func TestStatusDetails(t *testing.T) {
	t.Parallel()
	a := newAPI(t, bytetechfake.Config{Locations: seeds(kid), Products: 3, TagsPerKiosk: 12})
	warm := 50.0
	a.ok(a.fake.SetTemperature(kid, &warm))
	a.ok(a.fake.SetAntenna(kid, 3, 40))
	a.ok(a.fake.SetOutOfOrder(kid, "E42"))
	a.ok(a.fake.SetDoor(kid, "open", nil))
	before := a.status()
	if before.Temp.Value > 41 || before.OOS != nil || before.WarmSince != nil {
		t.Errorf("known before the heartbeat: %+v", before)
	}
	a.fake.Advance(40 * time.Minute)
	s := a.status()
	if s.Temp.Value != 50 || s.WarmSince == nil || *s.OOS != "E42" || s.Mode != "out_of_order" || s.RFID.Antennas[2].Reads != 40 || s.RFID.Total < 2800 || s.Count != 12 {
		t.Errorf("%+v", s)
	}
	if s.Door.State != "open" || s.Door.Locked != nil {
		t.Errorf("door %+v", s.Door)
	}
	a.ok(a.fake.SetTemperature(kid, nil))
	a.fake.Advance(10 * time.Minute)
	if s := a.status(); s.Temp.Value > 41 || s.WarmSince != nil {
		t.Errorf("%+v", s)
	}
	for _, err := range []error{a.fake.SetDoor(kid, "ajar", nil), a.fake.SetAntenna(kid, 9, 1), a.fake.SetTemperature("9", nil), a.fake.SetOnline("9", true)} {
		if err == nil {
			t.Error("accepted")
		}
	}
}

func TestHeartbeats(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := newAPI(t, bytetechfake.Config{Locations: seeds(kid)})
		start := a.fake.Now()
		a.fake.Advance(time.Hour)
		a.ok(a.fake.SetOnline(kid, false))
		a.fake.Advance(2 * time.Hour)
		a.ok(a.fake.SetOnline(kid, true))
		a.fake.Advance(time.Hour)
		type beat struct {
			At     time.Time `json:"at"`
			Health string    `json:"health"`
		}
		beats := all[beat](a, "/v1/kiosks/"+kid+"/heartbeats?limit=5&since="+start.Format(time.RFC3339))
		gaps := 0
		for i := 1; i < len(beats); i++ {
			if d := beats[i].At.Sub(beats[i-1].At); d > 10*time.Minute {
				gaps++
			} else if d != 10*time.Minute {
				t.Errorf("heartbeat after %v", d)
			}
		}
		// Six before the cut, one at once when back, six more.
		if len(beats) != 13 || gaps != 1 {
			t.Errorf("%d heartbeats, %d gaps", len(beats), gaps)
		}
		if got := all[beat](a, "/v1/kiosks/"+kid+"/heartbeats"); len(got) < 100 {
			t.Errorf("%d heartbeats in a day", len(got))
		}
	})
}

func TestKioskList(t *testing.T) {
	t.Parallel()
	a := newAPI(t, bytetechfake.Config{Kiosks: 5, Campuses: 2})
	type kiosk struct {
		ID       string  `json:"kiosk_id"`
		Campus   string  `json:"campus_id"`
		Archived bool    `json:"archived"`
		Status   *status `json:"status"`
	}
	got := all[kiosk](a, "/v1/kiosks?include=status&limit=2")
	if len(got) != 5 || got[0].Status == nil || got[0].Status.Health != "online" {
		t.Errorf("%+v", got)
	}
	if got := all[kiosk](a, "/v1/kiosks?campus_id=78"); len(got) != 2 || got[0].Status != nil {
		t.Errorf("%+v", got)
	}
	a.do("GET", "/v1/kiosks?include=all", nil).fails(400, "invalid_request", "include")
	a.ok(a.fake.AddLocation(posfake.LocationSeed{ID: "0099", TimeZone: "America/Chicago"}))
	a.ok(a.fake.RemoveLocation(kid))
	if err := a.fake.RemoveLocation(kid); err == nil {
		t.Error("removed twice")
	}
	for _, s := range []posfake.LocationSeed{{}, {ID: "0099"}, {ID: "1", TimeZone: "Mars/Olympus"}} {
		if err := a.fake.AddLocation(s); err == nil {
			t.Errorf("opened %+v", s)
		}
	}
	if got := all[kiosk](a, "/v1/kiosks?archived=false"); len(got) != 5 || got[0].ID != "0099" {
		t.Errorf("%+v", got)
	}
	var k kiosk
	a.get("/v1/kiosks/"+kid+"?include=status", &k)
	if !k.Archived || k.Status.Health != "archived" {
		t.Errorf("%+v", k)
	}
	if diff := cmp.Diff([]string{"0099", "1043", "1044", "1045", "1046"}, a.fake.Locations()); diff != "" {
		t.Error(diff)
	}
	if _, err := a.fake.Sell(posfake.Sale{Location: kid}); err == nil {
		t.Error("an archived kiosk sells")
	}
}

func TestCampusesLimitWhatATokenSees(t *testing.T) {
	t.Parallel()
	client := bytetechfake.DefaultClient()
	client.Campuses = []string{"78"}
	a := newAPI(t, bytetechfake.Config{Kiosks: 2, Campuses: 2, Products: 1, TagsPerKiosk: 1, Clients: []bytetechfake.Client{client}})
	for _, location := range []string{"1042", "1043"} {
		a.sell(posfake.Sale{Location: location, Lines: one("FARM-001", 1)})
	}
	for path, want := range map[string]int{"campuses": 1, "kiosks": 1, "inventory": 1, "transactions": 1, "restocks": 1} {
		if got := len(all[struct{}](a, "/v1/"+path)); got != want {
			t.Errorf("%s: %d", path, got)
		}
	}
	for _, path := range []string{"", "/status", "/inventory", "/tags", "/listings", "/heartbeats"} {
		a.do("GET", "/v1/kiosks/1042"+path, nil).fails(404, "not_found", "")
	}
	a.do("GET", "/v1/transactions/"+a.fake.Ledger()[0].ID, nil).fails(404, "not_found", "")
	a.do("POST", "/v1/listings/batch", `{"listings":[{"kiosk_id":"1042","external_id":"FARM-001"}]}`).want(200, nil)
	for _, row := range a.fake.Menu() {
		if !row.Available {
			t.Errorf("%+v", row)
		}
	}
}

func ExampleFake() {
	fake, err := bytetechfake.New(bytetechfake.Config{Products: 3, TagsPerKiosk: 6})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer fake.Close()
	record, err := fake.Sell(posfake.Sale{Location: "1042", Lines: []posfake.SaleLine{{SKU: "FARM-001", Quantity: 2}}})
	fmt.Println(record.State, len(record.Lines), err)
	// Output: completed 1 <nil>
}
