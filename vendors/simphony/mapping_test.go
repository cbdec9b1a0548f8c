package simphony

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/vendors/kit"
)

var update = flag.Bool("update", false, "write golden files")

// golden compares a value with a file of JSON.
func golden(t *testing.T, path string, value any) {
	t.Helper()
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(value); err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), b.String()); diff != "" {
		t.Errorf("%s (-want +got):\n%s", path, diff)
	}
}

var lobby = pos.Location{ID: "lobby", TimeZone: "America/New_York", Currency: "USD", DayStart: 4 * 60}

func sampleNames() *names {
	row := func(n, name, kind string, tip bool) map[string]dimension {
		return map[string]dimension{n: {Num: text(n), Name: name, Type: text(kind), TipCharge: tip}}
	}
	return &names{
		items:     map[int64]named{510001: {"FARM-1", "Lentil bowl"}},
		discounts: map[int64]named{5000: {"CPN-1", "Spring"}},
		dims: &dimensions{kinds: map[string]map[string]dimension{
			dimItems:   row("999001", "Cola", "", false),
			dimCharges: row("901", "Charged tip", "", true),
			dimTenders: {"201": {Name: "Visa", Type: "Credit Card"}, "101": {Name: "Cash", Type: "Cash"}},
			dimTaxes:   row("28", "VAT", "3", false),
		}},
	}
}

func decodeCheck(data []byte) (pos.Purchase, error) {
	var c guestCheck
	if err := kit.Unmarshal(data, &c); err != nil {
		return pos.Purchase{}, err
	}
	s, err := c.sale(&lobby, sampleNames())
	if err != nil {
		return pos.Purchase{}, err
	}
	return s.finish(), nil
}

func decodeDetail(data []byte) (pos.Purchase, error) {
	var d detailXML
	if err := detailLimits.Unmarshal(data, &d); err != nil {
		return pos.Purchase{}, err
	}
	zone, err := pos.Zone(lobby.TimeZone)
	if err != nil {
		return pos.Purchase{}, err
	}
	at := time.Date(2026, 11, 22, 17, 3, 5, 0, time.UTC)
	tl := &till{location: lobby.ID, zone: zone, currency: lobby.Currency}
	return d.sale(tl, &lobby, &knownCheck{sum: summary{num: 1023, seq: 77, opened: at, touched: at.Add(time.Minute)}}, sampleNames()).finish(), nil
}

// TestChecks maps sample checks of both sources.
func TestChecks(t *testing.T) {
	t.Parallel()
	samples, err := filepath.Glob(filepath.Join("testdata", "golden", "*.*ml"))
	more, moreErr := filepath.Glob(filepath.Join("testdata", "golden", "*.json"))
	if err := errors.Join(err, moreErr); err != nil || len(samples) == 0 || len(more) == 0 {
		t.Fatal(err, len(samples), len(more))
	}
	for _, sample := range append(samples, more...) {
		t.Run(filepath.Base(sample), func(t *testing.T) {
			t.Parallel()
			data, err := os.ReadFile(sample)
			if err != nil {
				t.Fatal(err)
			}
			decode := decodeCheck
			if strings.HasSuffix(sample, ".xml") {
				decode = decodeDetail
			}
			p, err := decode(data)
			if err != nil {
				t.Fatal(err)
			}
			golden(t, strings.TrimSuffix(sample, filepath.Ext(sample))+".golden", p)
		})
	}
}

// TestCapabilities keeps what the README says about Simphony.
func TestCapabilities(t *testing.T) {
	t.Parallel()
	e := Endpoint{BaseURL: "https://simphony.example", ClientID: "client", Username: "user", Password: pos.NewSecret("password")}
	p, err := New(Config{
		Account: "example", Org: "farmacy", OIDC: &OIDC{BaseURL: "https://simphony.example"},
		BI: &BI{e}, STS2: &STS2{Endpoint: e},
		CCAPI: &CCAPI{
			Endpoint: e, ItemNumbers: Range{1, 2}, MenuItemClass: 1, FamilyGroups: map[string]int64{"Bowls": 1},
			Coupons: &Coupons{Percent: 1, Amount: 2, Numbers: Range{1, 2}},
		},
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	golden(t, filepath.Join("testdata", "capabilities.json"), p.Describe())
}

// TestChallenge is the vector of RFC 7636, appendix B.
func TestChallenge(t *testing.T) {
	t.Parallel()
	if got := challenge("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"); got != "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM" {
		t.Errorf("got %s", got)
	}
}

func TestParseMoney(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		text     string
		currency pos.Currency
		want     int64
		ok       bool
	}{
		{"12.50", "USD", 1250, true},
		{"", "USD", 0, true},
		{"20.809091", "USD", 2081, true},
		{"-20.805", "USD", -2081, true},
		{"-0.005", "USD", -1, true},
		{"0.004", "USD", 0, true},
		{"119.9", "USD", 11990, true},
		{"99.5", "JPY", 100, true},
		{"100", "JPY", 100, true},
		{"1e3", "USD", 0, false},
		{"12,50", "USD", 0, false},
		{"1.2.3", "USD", 0, false},
		{"99999999999999999999", "USD", 0, false},
	} {
		m, err := parseMoney(tc.text, tc.currency)
		if (err == nil) != tc.ok || tc.ok && m != (pos.Money{Amount: tc.want, Currency: tc.currency}) {
			t.Errorf("%q %s: got %v, %v", tc.text, tc.currency, m, err)
		}
	}
}

func TestParseTime(t *testing.T) {
	t.Parallel()
	zone, err := pos.Zone("America/New_York")
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		text string
		want time.Time
		ok   bool
	}{
		{"2026-11-22T12:03:05.123", time.Date(2026, 11, 22, 17, 3, 5, 123e6, time.UTC), true},
		{"2026-07-22T12:03:05", time.Date(2026, 7, 22, 16, 3, 5, 0, time.UTC), true},
		{"2026-11-22T12:03:05Z", time.Date(2026, 11, 22, 12, 3, 5, 0, time.UTC), true},
		{"0001-01-01T00:00:00", time.Time{}, true},
		{"", time.Time{}, true},
		{"yesterday", time.Time{}, false},
		{"2026-13-01T00:00:00", time.Time{}, false},
	} {
		got, err := parseTime(tc.text, zone)
		if (err == nil) != tc.ok || !got.Equal(tc.want) {
			t.Errorf("%q: got %v, %v", tc.text, got, err)
		}
	}
}

// TestDatesAreAsked follows a property through a day of polls: each date back
// to 31 days is asked from before the time up to which it had been asked.
func TestDatesAreAsked(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 10, 30, 3, 7, 0, 0, time.UTC) // over the end of summer time
	asked := make(map[pos.Date]time.Time)
	calls := 0
	done := start
	for now := start; now.Before(start.Add(10 * 24 * time.Hour)); now = now.Add(15 * time.Minute) {
		w := kit.Window{Until: now, Done: done, From: done.Add(-deepEvery - biOverlap)}
		for _, task := range biTasks(&lobby, w) {
			if last, ok := asked[task.date]; ok && task.since.After(last) {
				t.Fatalf("at %v %s is asked since %v, it was last asked at %v", now, task.date, task.since, last)
			}
			if task.since.Before(w.From) {
				t.Fatalf("at %v %s is asked since %v, the feed forgets at %v", now, task.date, task.since, w.From)
			}
			asked[task.date] = now
			calls++
		}
		zone := zoneOf(&lobby)
		for back := range deepDays + 1 {
			limit := deepEvery
			if back <= nearDays {
				limit = time.Hour
			}
			d := pos.DateOf(now, zone).AddDays(-back)
			if last, ok := asked[d]; now.Sub(start) > 48*time.Hour && (!ok || now.Sub(last) > limit+time.Hour) {
				t.Fatalf("at %v, %s was last asked at %v", now, d, last)
			}
		}
		done = now
	}
	// 96 polls, 6 hours of which ask yesterday too; 8 dates near and 1 far back an hour.
	if perDay := calls / 10; perDay > 96+24+24*9 {
		t.Errorf("%d calls a day for one property", perDay)
	}
}

func TestExposed(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]bool{
		"http://10.1.2.3:8080/x": false, "http://192.168.1.9/x": false, "http://127.0.0.1/x": false, "http://till.local/x": false, "http://till/x": false,
		"https://till.example.com/x": false, "http://203.0.113.9/x": true, "http://till.example.com/x": true, "http://[2001:db8::1]/x": true,
	} {
		if got := exposed(address); got != want {
			t.Errorf("%s: got %t", address, got)
		}
	}
}

// FuzzDecodeCheck: what comes from BI is mapped or refused, and adds up or
// says that it does not.
func FuzzDecodeCheck(f *testing.F) { fuzzDecode(f, "*.json", decodeCheck) }

// FuzzDecodeDetail does the same for TS1.
func FuzzDecodeDetail(f *testing.F) { fuzzDecode(f, "*.xml", decodeDetail) }

func fuzzDecode(f *testing.F, pattern string, decode func([]byte) (pos.Purchase, error)) {
	f.Helper()
	samples, err := filepath.Glob(filepath.Join("testdata", "golden", pattern))
	if err != nil {
		f.Fatal(err)
	}
	for _, s := range samples {
		data, err := os.ReadFile(s)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := decode(data)
		if err != nil {
			return
		}
		again, err := decode(data)
		if diff := cmp.Diff(p, again); err != nil || diff != "" {
			t.Errorf("decoded twice: %v %s", err, diff)
		}
		if diff, err := p.Difference(); (err != nil || diff.Amount != 0) && len(p.Findings) == 0 {
			t.Errorf("off by %v (%v) without a finding", diff, err)
		}
	})
}
