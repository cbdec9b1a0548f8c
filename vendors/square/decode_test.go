package square

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/vendors/kit"
)

// reply answers every request with the same bytes.
type reply []byte

func (r reply) RoundTrip(*http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(bytes.NewReader(r))}, nil
}

// offlineProvider answers every call with the bytes and knows all locations
// and catalogue objects already.
func offlineProvider(t testing.TB, answer []byte) *Provider {
	t.Helper()
	p, err := New(
		Config{Account: "M1", BaseURL: "https://square.example", AccessToken: pos.NewSecret("fake"), SkipOfflineTimes: true, RequestsPerSecond: 1_000_000},
		&kit.Options{HTTPClient: &http.Client{Transport: reply(answer)}, Retry: kit.Retry{Attempts: 1}})
	if err != nil {
		t.Fatal(err)
	}
	p.places.list = []pos.Location{{ID: "LKIOSK02", TimeZone: "America/New_York", Currency: "USD"}}
	p.places.byID = map[string]*pos.Location{"LKIOSK02": &p.places.list[0]}
	p.places.at = time.Now()
	p.catalog.put("VAR411", known{sku: "FARM-411"})
	p.catalog.put("VAR412", known{sku: "FARM-412"})
	p.catalog.put("RULE15", known{coupon: "WINTER15"})
	return p
}

// page repeats the sample sale until the answer has about so many bytes.
func page(t testing.TB, size int) (answer []byte, orders int) {
	t.Helper()
	sample, err := os.ReadFile(filepath.Join("testdata", "golden", "sale_with_everything.json"))
	if err != nil {
		t.Fatal(err)
	}
	var flat bytes.Buffer
	if err := json.Compact(&flat, sample); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	b.WriteString(`{"orders":[`)
	for b.Len() < size {
		if orders > 0 {
			b.WriteByte(',')
		}
		b.Write(bytes.Replace(flat.Bytes(), []byte(`"ord_0001"`), fmt.Appendf(nil, `"ord_%06d"`, orders), 1))
		orders++
	}
	b.WriteString(`],"cursor":"next"}`)
	return b.Bytes(), orders
}

// BenchmarkOrders reads a page of 1 MB: streamed, decoded, mapped, with SKUs,
// coupons, dates and versions. The yardstick decodes the same bytes with
// encoding/json into structs of every member, and does nothing else.
func BenchmarkOrders(b *testing.B) {
	answer, orders := page(b, 1<<20)
	b.Run("purchases", func(b *testing.B) {
		p := offlineProvider(b, answer)
		b.SetBytes(int64(len(answer)))
		b.ReportAllocs()
		for b.Loop() {
			got, err := p.fetchOrders(b.Context(), []string{"x"}, false)
			if err != nil || len(got.Purchases) != orders {
				b.Fatal(len(got.Purchases), err)
			}
			for i := range got.Purchases {
				got.Purchases[i].Version = kit.VersionOf(&got.Purchases[i])
			}
		}
		b.ReportMetric(float64(testing.AllocsPerRun(1, func() {
			_, _ = p.fetchOrders(b.Context(), []string{"x"}, false)
		}))/float64(orders), "allocs/purchase")
	})
	b.Run("encoding-json", func(b *testing.B) {
		b.SetBytes(int64(len(answer)))
		b.ReportAllocs()
		for b.Loop() {
			var all fullOrders
			if err := json.Unmarshal(answer, &all); err != nil || len(all.Orders) != orders {
				b.Fatal(err)
			}
		}
	})
}

// A purchase with lines, discounts, taxes and tenders costs a bounded number of
// allocations, whatever the size of the page.
func TestOrdersAllocateLittle(t *testing.T) { //nolint:paralleltest // it counts allocations
	for _, size := range []int{256 << 10, 2 << 20} {
		answer, orders := page(t, size)
		p := offlineProvider(t, answer)
		allocs := testing.AllocsPerRun(5, func() {
			if got, err := p.fetchOrders(t.Context(), []string{"x"}, false); err != nil || len(got.Purchases) != orders {
				t.Fatal(len(got.Purchases), err)
			}
		})
		if each := allocs / float64(orders); each > 30 {
			t.Errorf("a page of %d bytes: %.1f allocations for each of %d purchases, want at most 30", size, each, orders)
		}
	}
}

// FuzzDecodePurchases: no bytes make the decoder panic, purchases have an id,
// and their parts add up or a finding says so.
func FuzzDecodePurchases(f *testing.F) {
	samples, err := filepath.Glob(filepath.Join("testdata", "golden", "*.json"))
	if err != nil {
		f.Fatal(err)
	}
	for _, s := range samples {
		data, err := os.ReadFile(s)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(append(append([]byte(`{"orders":[`), data...), `],"cursor":"c"}`...))
	}
	f.Add([]byte(`{"orders":[{"id":"o","tenders":[{"type":"CASH"}],"line_items":[{"quantity":"1e9"}],"discounts":[{"pricing_rule_id":"r"}]}]}`))
	f.Fuzz(func(t *testing.T, answer []byte) {
		resp := &kit.Response{Status: 200, Body: io.NopCloser(bytes.NewReader(answer))}
		var j journal
		var end pageEnd
		if kit.EachJSON(resp, "orders", j.add, &end) != nil {
			return
		}
		_, _ = j.objectIDs(), j.locationIDs()
		for i := range j.purchases {
			s := &j.purchases[i]
			s.Reconcile()
			diff, err := s.Difference()
			if (err != nil || diff.Amount != 0) && len(s.Findings) == 0 {
				t.Errorf("%q does not add up (%v, %v) and nothing says so", s.ID, diff, err)
			}
			if first, again := kit.VersionOf(s), kit.VersionOf(s); first != again {
				t.Error("the version is not stable")
			}
		}
	})
}

// fullOrders has every member of the sample, as a generated client would.
type fullOrders struct {
	Orders []fullOrder `json:"orders"`
	Cursor string      `json:"cursor"`
}

type fullMoney struct {
	Amount   int64  `json:"amount"`
	Currency string `json:"currency"`
}

type fullOrder struct {
	ID         string `json:"id"`
	LocationID string `json:"location_id"`
	Source     *struct {
		Name string `json:"name"`
	} `json:"source"`
	State        string            `json:"state"`
	CreatedAt    string            `json:"created_at"`
	UpdatedAt    string            `json:"updated_at"`
	ClosedAt     string            `json:"closed_at"`
	ReferenceID  string            `json:"reference_id"`
	CustomerID   string            `json:"customer_id"`
	TicketName   string            `json:"ticket_name"`
	Lines        []fullLine        `json:"line_items"`
	Discounts    []fullDiscount    `json:"discounts"`
	Taxes        []fullTax         `json:"taxes"`
	Charges      []fullCharge      `json:"service_charges"`
	Tenders      []fullTender      `json:"tenders"`
	Fulfillments []map[string]any  `json:"fulfillments"`
	Metadata     map[string]string `json:"metadata"`
	NetAmounts   *fullAmounts      `json:"net_amounts"`
	Rounding     *struct {
		UID    string     `json:"uid"`
		Amount *fullMoney `json:"amount_money"`
	} `json:"rounding_adjustment"`
	Total         *fullMoney `json:"total_money"`
	TotalTax      *fullMoney `json:"total_tax_money"`
	TotalDiscount *fullMoney `json:"total_discount_money"`
	TotalTip      *fullMoney `json:"total_tip_money"`
	TotalCharge   *fullMoney `json:"total_service_charge_money"`
	NetDue        *fullMoney `json:"net_amount_due_money"`
}

type fullAmounts struct {
	Total    *fullMoney `json:"total_money"`
	Tax      *fullMoney `json:"tax_money"`
	Discount *fullMoney `json:"discount_money"`
	Tip      *fullMoney `json:"tip_money"`
	Charge   *fullMoney `json:"service_charge_money"`
}

type fullApplied struct {
	UID         string     `json:"uid"`
	TaxUID      string     `json:"tax_uid"`
	DiscountUID string     `json:"discount_uid"`
	Applied     *fullMoney `json:"applied_money"`
}

type fullLine struct {
	UID              string        `json:"uid"`
	CatalogObjectID  string        `json:"catalog_object_id"`
	CatalogVersion   int64         `json:"catalog_version"`
	Name             string        `json:"name"`
	VariationName    string        `json:"variation_name"`
	Quantity         string        `json:"quantity"`
	ItemType         string        `json:"item_type"`
	Note             string        `json:"note"`
	BasePrice        *fullMoney    `json:"base_price_money"`
	VariationTotal   *fullMoney    `json:"variation_total_price_money"`
	Gross            *fullMoney    `json:"gross_sales_money"`
	TotalDiscount    *fullMoney    `json:"total_discount_money"`
	TotalTax         *fullMoney    `json:"total_tax_money"`
	TotalCharge      *fullMoney    `json:"total_service_charge_money"`
	Total            *fullMoney    `json:"total_money"`
	Modifiers        []fullCharge  `json:"modifiers"`
	AppliedDiscounts []fullApplied `json:"applied_discounts"`
	AppliedTaxes     []fullApplied `json:"applied_taxes"`
}

type fullDiscount struct {
	UID           string     `json:"uid"`
	ObjectID      string     `json:"catalog_object_id"`
	PricingRuleID string     `json:"pricing_rule_id"`
	Name          string     `json:"name"`
	Type          string     `json:"type"`
	Percentage    string     `json:"percentage"`
	Amount        *fullMoney `json:"amount_money"`
	Applied       *fullMoney `json:"applied_money"`
	Scope         string     `json:"scope"`
}

type fullTax struct {
	UID        string     `json:"uid"`
	ObjectID   string     `json:"catalog_object_id"`
	Name       string     `json:"name"`
	Type       string     `json:"type"`
	Percentage string     `json:"percentage"`
	Applied    *fullMoney `json:"applied_money"`
	Scope      string     `json:"scope"`
}

type fullCharge struct {
	UID      string     `json:"uid"`
	ObjectID string     `json:"catalog_object_id"`
	Name     string     `json:"name"`
	Quantity string     `json:"quantity"`
	Applied  *fullMoney `json:"applied_money"`
	Base     *fullMoney `json:"base_price_money"`
	Total    *fullMoney `json:"total_money"`
	Phase    string     `json:"calculation_phase"`
	Type     string     `json:"type"`
}

type fullTender struct {
	ID            string     `json:"id"`
	LocationID    string     `json:"location_id"`
	TransactionID string     `json:"transaction_id"`
	PaymentID     string     `json:"payment_id"`
	CreatedAt     string     `json:"created_at"`
	Note          string     `json:"note"`
	Amount        *fullMoney `json:"amount_money"`
	Tip           *fullMoney `json:"tip_money"`
	Fee           *fullMoney `json:"processing_fee_money"`
	Type          string     `json:"type"`
	Card          *struct {
		Status string `json:"status"`
		Card   *struct {
			Brand       string `json:"card_brand"`
			Last4       string `json:"last_4"`
			Fingerprint string `json:"fingerprint"`
		} `json:"card"`
		EntryMethod string `json:"entry_method"`
	} `json:"card_details"`
}
