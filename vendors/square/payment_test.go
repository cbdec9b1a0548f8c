package square

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/vendors/kit"
)

// till answers lists of payments: online or offline ones, and keeps the queries.
type till struct {
	online, offline string
	asked           []url.Values
}

func (c *till) RoundTrip(r *http.Request) (*http.Response, error) {
	q := r.URL.Query()
	c.asked = append(c.asked, q)
	list := c.online
	if q.Get("is_offline_payment") == "true" {
		list = c.offline
	}
	return &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(`{"payments":[` + list + `]}`))}, nil
}

const (
	onlinePayment = `{"id":"P1","created_at":"2026-11-20T12:00:01Z","receipt_number":"P1aB","device_details":{"device_id":"device:T1"},
		"application_details":{"square_product":"SQUARE_POS"},"card_details":{"card":{"card_brand":"VISA","last_4":"1111"}}}`
	stranger       = `{"id":"P9","created_at":"2026-11-20T12:00:02Z","receipt_number":"P9zz","device_details":{"device_id":"device:T9"}}`
	offlinePayment = `{"id":"P1","created_at":"2026-11-20T12:00:01Z","receipt_number":"P1aB","device_details":{"device_id":"device:T1"},
		"is_offline_payment":true,"offline_payment_details":{"client_created_at":"2026-11-18T12:00:00Z"}}`
)

var noon = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

// sale is a sale by card as an order tells it.
func sale(j *journal, payment, status string, created, updated time.Time) {
	_ = j.add(&order{
		ID: "O" + payment, LocationID: "L1", State: "COMPLETED", CreatedAt: instant{created}, UpdatedAt: instant{updated},
		Tenders: []tender{{ID: payment, Type: "CARD", Card: cardDetails{Status: status}}},
	})
}

func tillProvider(t *testing.T, c *till) *Provider {
	t.Helper()
	p, err := New(
		Config{Account: "M1", BaseURL: "https://square.example", AccessToken: pos.NewSecret("fake")},
		&kit.Options{HTTPClient: &http.Client{Transport: c}, Retry: kit.Retry{Attempts: 1}})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// What the payment tells comes into the purchase, and nothing of another's.
func TestJoinPayments(t *testing.T) {
	t.Parallel()
	type joined struct {
		Device, Receipt, Source, Brand, Last4 string
		Occurred                              time.Time
		Calls                                 int
	}
	for _, tc := range []struct {
		name string
		till till
		want joined
	}{
		{"online", till{online: stranger + "," + onlinePayment}, joined{"device:T1", "P1aB", "SQUARE_POS", "VISA", "1111", noon, 1}},
		{"offline, dated by its upload", till{online: offlinePayment}, joined{"device:T1", "P1aB", "", "", "", noon.Add(-48 * time.Hour), 1}},
		{"offline, dated at the till", till{online: stranger, offline: offlinePayment}, joined{"device:T1", "P1aB", "", "", "", noon.Add(-48 * time.Hour), 2}},
		{"not listed", till{online: stranger}, joined{Occurred: noon, Calls: 2}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			p := tillProvider(t, &tc.till)
			var s *pos.Purchase
			for range 2 { // the second time everything is known
				var j journal
				sale(&j, "P1", "CAPTURED", noon, noon.Add(time.Minute))
				if err := p.joinPayments(t.Context(), &j); err != nil {
					t.Fatal(err)
				}
				s = &j.purchases[0]
				got := joined{s.Device, s.Receipt, s.Source, s.Tenders[0].Brand, s.Tenders[0].Last4, s.OccurredAt, len(tc.till.asked)}
				if diff := cmp.Diff(tc.want, got); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
			}
		})
	}
}

// What the order tells itself is not replaced.
func TestJoinKeepsTheOrder(t *testing.T) {
	t.Parallel()
	s := pos.Purchase{Source: "Kiosk", OccurredAt: noon, Tenders: []pos.Tender{{ID: "P1", Brand: "AMEX", Last4: "0005"}}}
	var x payment
	if err := kit.Unmarshal([]byte(onlinePayment), &x); err != nil {
		t.Fatal(err)
	}
	known := x.neutral()
	known.join(&s, "P1")
	want := pos.Purchase{
		Source: "Kiosk", OccurredAt: noon, Device: "device:T1", Receipt: "P1aB",
		Tenders: []pos.Tender{{ID: "P1", Brand: "AMEX", Last4: "0005"}},
	}
	if diff := cmp.Diff(want, s); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// A payment that was only authorized is read again when it is captured.
func TestPaymentReadAgainWhenCaptured(t *testing.T) {
	t.Parallel()
	c := &till{online: `{"id":"P1","device_details":{"device_id":"device:T1"}}`}
	p := tillProvider(t, c)
	for i, status := range []string{"AUTHORIZED", "AUTHORIZED", "CAPTURED", "CAPTURED"} {
		if status == "CAPTURED" {
			c.online = onlinePayment
		}
		var j journal
		sale(&j, "P1", status, noon, noon.Add(time.Minute))
		if err := p.joinPayments(t.Context(), &j); err != nil {
			t.Fatal(err)
		}
		if got := j.purchases[0].Receipt; (got != "") != (status == "CAPTURED") || len(c.asked) != 1+i/2 {
			t.Errorf("%s: receipt %q after %d calls", status, got, len(c.asked))
		}
	}
}

// Sales of one poll are one stretch; an old one stands alone, and does not
// drag in what lies between.
func TestStretches(t *testing.T) {
	t.Parallel()
	at := func(created, updated time.Duration) *cardSale {
		return &cardSale{created: noon.Add(created), updatedAt: noon.Add(updated)}
	}
	const day = 24 * time.Hour
	for _, tc := range []struct {
		name  string
		sales []*cardSale
		want  []time.Duration // from, until, from, until
	}{
		{"one", []*cardSale{at(0, time.Minute)}, []time.Duration{-time.Hour, time.Hour + time.Minute}},
		{"one poll", []*cardSale{at(time.Minute, time.Minute), at(0, 0)}, []time.Duration{-time.Hour, time.Hour + time.Minute}},
		{"the first lasts longest", []*cardSale{at(0, day), at(time.Hour, time.Hour)}, []time.Duration{-time.Hour, day + time.Hour}},
		{"an old one", []*cardSale{at(0, 0), at(-60*day, 0)}, []time.Duration{-60*day - time.Hour, -59*day + time.Hour, -time.Hour, time.Hour}},
	} {
		var got []time.Duration
		for _, s := range stretches(tc.sales) {
			got = append(got, s.from.Sub(noon), s.until.Sub(noon))
		}
		if diff := cmp.Diff(tc.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tc.name, diff)
		}
	}
}
