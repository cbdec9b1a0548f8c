package bytetech

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/farmacyfoods/pointofsale/pos"
)

// TestStatus derives what the vendor's words do not say.
func TestStatus(t *testing.T) {
	t.Parallel()
	const fresh, old = `"last_heartbeat_at":"1999-12-31T23:55:00.000Z"`, `"last_heartbeat_at":"1999-12-31T23:34:59.000Z"`
	const cool, warm = `"temperature":{"value":38,"unit":"F"},"temperature_threshold":{"value":41,"unit":"F"}`, `"temperature":{"value":44.6,"unit":"F"},"temperature_threshold":{"value":41,"unit":"F"}`
	type want struct {
		Online, Open, Safe, Closed, Locked pos.Tri
		Issues                             []string
	}
	for name, tc := range map[string]struct {
		in    string
		patch string
		want  want
	}{
		"all well":            {in: `"health":"online","mode":"sale","door":{"state":"closed","locked":true},` + fresh + `,` + cool, want: want{pos.Yes, pos.Yes, pos.Yes, pos.Yes, pos.Yes, nil}},
		"label of the page":   {in: `"health":"Online","mode":"sale",` + fresh + `,` + cool, want: want{Online: pos.Yes, Open: pos.Yes, Safe: pos.Yes}},
		"said to be online":   {in: `"health":"online","mode":"sale",` + old + `,` + cool, want: want{Online: pos.No, Open: pos.No, Issues: []string{"offline"}}},
		"said to be offline":  {in: `"health":"offline","mode":"sale",` + fresh, want: want{Online: pos.No, Open: pos.No, Issues: []string{"offline"}}},
		"hidden offline":      {in: `"health":"multiple_issues","issues":["offline","rfid_error"],` + fresh, want: want{Online: pos.No, Open: pos.No, Issues: []string{"offline", "rfid_error"}}},
		"nothing told":        {in: `"health":"new_word"`, want: want{}},
		"never heard of":      {in: `"health":"online","mode":"sale"`, want: want{}},
		"too warm":            {in: `"health":"too_warm","mode":"sale",` + fresh + `,` + warm, want: want{Online: pos.Yes, Open: pos.Yes, Safe: pos.No, Issues: []string{"too_warm"}}},
		"warm for 10 minutes": {in: `"health":"online","mode":"sale","out_of_range_since":"1999-12-31T23:50:00.000Z",` + fresh + `,` + warm, want: want{Online: pos.Yes, Open: pos.Yes, Safe: pos.Yes, Issues: []string{"above_limit"}}},
		"warm for 30 minutes": {in: `"health":"online","mode":"sale","out_of_range_since":"1999-12-31T23:30:00.000Z",` + fresh + `,` + warm, want: want{Online: pos.Yes, Open: pos.Yes, Safe: pos.No, Issues: []string{"too_warm"}}},
		"warm for how long":   {in: `"health":"online","mode":"sale",` + fresh + `,` + warm, want: want{Online: pos.Yes, Open: pos.Yes, Safe: pos.Unknown, Issues: []string{"above_limit"}}},
		"no temperature":      {in: `"health":"online","mode":"sale","temperature":null,` + fresh, want: want{Online: pos.Yes, Open: pos.Yes}},
		"out of order":        {in: `"health":"online","mode":"sale","oos_code":"E7",` + fresh + `,` + cool, want: want{Online: pos.Yes, Open: pos.No, Safe: pos.Yes, Issues: []string{"out_of_order"}}},
		"restocking":          {in: `"health":"online","mode":"restock","door":{"state":"open","locked":false},` + fresh + `,` + cool, want: want{pos.Yes, pos.No, pos.Yes, pos.No, pos.No, nil}},
		"door not confirmed": {
			in: `"health":"online","mode":"sale","door":{"state":"open","locked":true},` + fresh + `,` + cool, patch: `{"features":{"door":false}}`,
			want: want{Online: pos.Yes, Open: pos.Yes, Safe: pos.Yes},
		},
		"weak antenna": {
			in:   `"health":"online","mode":"sale","rfid":{"antennas":[{"index":1,"tag_reads":400},{"index":2,"tag_reads":60}]},` + fresh + `,` + cool,
			want: want{Online: pos.Yes, Open: pos.Yes, Safe: pos.Yes, Issues: []string{"antenna_weak"}},
		},
		"just started": {
			in: `"health":"rfid_error","mode":"sale","booted":"1999-12-31T23:54:00.000Z",` + fresh + `,` + cool, patch: `{"fields":{"status":{"started":"booted"}}}`,
			want: want{Online: pos.Yes, Open: pos.Yes, Safe: pos.Yes, Issues: []string{"starting"}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if tc.patch == "" {
				tc.patch = `{}`
			}
			synctest.Test(t, func(t *testing.T) { // begins at midnight of 1 January 2000
				p := mapper(t, tc.patch)
				var o object
				if err := p.profile.shapes.status.read([]byte("{"+tc.in+"}"), &p.profile.Encoding, &o); err != nil {
					t.Fatal(err)
				}
				s := p.status(&o, "1042", false)
				if diff := cmp.Diff(tc.want, want{s.Online, s.Open, s.SafeToSell, s.DoorClosed, s.Locked, s.Issues}); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
				if s.StaleAfter != 25*time.Minute || s.Source != "heartbeat" {
					t.Errorf("%+v", s)
				}
			})
		})
	}
}

func TestTemperatureUnits(t *testing.T) {
	t.Parallel()
	p := mapper(t, `{}`)
	for in, want := range map[string]*pos.Temperature{
		`{"temperature":{"value":41,"unit":"F"}}`:                                     {Celsius: 5, MaxCelsius: 5},
		`{"temperature":{"value":4,"unit":"C"}}`:                                      {Celsius: 4, MaxCelsius: 5},
		`{"temperature":{"value":50},"temperature_threshold":{"value":8,"unit":"C"}}`: {Celsius: 10, MaxCelsius: 8},
		`{"temperature":{"value":300,"unit":"K"}}`:                                    nil,
		`{"temperature":{"value":"warm","unit":"F"}}`:                                 nil,
		`{}`: nil,
	} {
		var o object
		if err := p.profile.shapes.status.read([]byte(in), &p.profile.Encoding, &o); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, p.temperature(&o)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", in, diff)
		}
	}
}
