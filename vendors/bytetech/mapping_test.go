package bytetech

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-cmp/cmp"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/vendors/kit"
)

var update = flag.Bool("update", false, "write the golden files")

// mapper returns a provider that is never connected.
func mapper(tb testing.TB, patch string) *Provider {
	tb.Helper()
	p, err := New(Config{Account: "a", BaseURL: "https://byte.example", ClientID: "c", ClientSecret: pos.NewSecret("s"), ProfilePatch: json.RawMessage(patch)}, &kit.Options{})
	if err != nil {
		tb.Fatal(err)
	}
	return p
}

var lobby = pos.Location{ID: "1042", TimeZone: "America/New_York", Currency: "USD"}

func (p *Provider) mapTransaction(text []byte, raw bool) (pos.Purchase, error) {
	var o object
	if !jsontext.Value(text).IsValid(lenient...) {
		return pos.Purchase{}, errNoObject
	}
	if err := p.profile.shapes.transaction.read(text, &p.profile.Encoding, &o); err != nil {
		return pos.Purchase{}, err
	}
	return p.purchase(&o, p.meaning("transaction_status", o.text(p.profile.Fields.Transaction.Status)), lobby, raw), nil
}

func TestGoldenTransactions(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/golden/*.in.json")
	if err != nil || len(files) == 0 {
		t.Fatal("no golden files", err)
	}
	p := mapper(t, `{}`)
	for _, in := range files {
		out := strings.TrimSuffix(in, ".in.json") + ".out.json"
		text, err := os.ReadFile(in)
		if err != nil {
			t.Fatal(err)
		}
		b, err := p.mapTransaction(text, false)
		if err != nil {
			t.Fatalf("%s: %v", in, err)
		}
		got, err := json.MarshalIndent(b, "", " ")
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, '\n')
		if *update {
			if err := os.WriteFile(out, got, 0o600); err != nil {
				t.Fatal(err)
			}
			continue
		}
		want, err := os.ReadFile(out)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), string(got)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", out, diff)
		}
	}
}

func TestRawHidesCustomers(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("testdata/golden/processed.in.json")
	if err != nil {
		t.Fatal(err)
	}
	for patch, want := range map[string]bool{`{}`: false, `{"features":{"personal_data":true}}`: true} {
		b, err := mapper(t, patch).mapTransaction(text, true)
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Contains(string(b.Raw), "Marker") || strings.Contains(string(b.Raw), "marker@"); got != want {
			t.Errorf("%s: customer shown %t, want %t: %s", patch, got, want, b.Raw)
		}
		if !strings.Contains(string(b.Raw), "307433E1702C9B80003D097B") {
			t.Errorf("%s: the payload is gone", patch)
		}
	}
}

// The same sale in another dialect is the same purchase.
func TestDialects(t *testing.T) {
	t.Parallel()
	const sale = `{"id":900145,"kiosk":"1042","state":{"code":"Processed"},"when":%WHEN%,"changed":%WHEN%,"cur":"USD","sum":%SUM%,"goods":%GOODS%,"vat":%VAT%,
		"pos":[{"n":2,"sku":"MEAL-0042","price":%PRICE%,"all":%GOODS%}],"pay":{"t":"credit_card"}}`
	const fields = `"fields":{"transaction":{"id":"id","kiosk":"kiosk","status":"state.code","placed":"when","updated":"changed","recorded":"","revision":"","currency":"cur","total":"sum","subtotal":"goods","tax":"vat",
		"discount":"","refunded":"","lines":"pos","payment_type":"pay.t"},"line":{"quantity":"n","external_id":"sku","unit_price":"price","gross":"all"}}`
	var first pos.Purchase
	for i, d := range []struct{ encoding, when, sum, goods, vat, price string }{
		{`{"money":"minor_int","time":"rfc3339"}`, `"2026-11-23T09:15:29.000Z"`, "2226", "2100", "126", "1050"},
		{`{"money":"decimal_string","time":"unix_ms"}`, `1795425329000`, `"22.26"`, `"21.00"`, `"1.26"`, `"10.5"`},
		{`{"money":"decimal_number","time":"unix_s"}`, `1795425329`, `22.26`, `21`, `1.26`, `10.50`},
		{`{"money":"decimal_string","time":"2006-01-02 15:04:05","time_zone":"America/New_York"}`, `"2026-11-23 04:15:29"`, `"22.26"`, `"21.00"`, `"1.26"`, `"10.5"`},
	} {
		text := strings.NewReplacer("%WHEN%", d.when, "%SUM%", d.sum, "%GOODS%", d.goods, "%VAT%", d.vat, "%PRICE%", d.price).Replace(sale)
		got, err := mapper(t, `{"encoding":`+d.encoding+`,`+fields+`}`).mapTransaction([]byte(text), false)
		if err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			first = got
			if len(got.Findings) > 0 || got.Total.Amount != 2226 || got.Lines[0].Quantity != pos.Units(2) || got.Version == "" {
				t.Fatalf("%+v", got)
			}
			continue
		}
		if diff := cmp.Diff(first, got); diff != "" {
			t.Errorf("%s (-first +got):\n%s", d.encoding, diff)
		}
	}
}

// Without lines the goods are one line, so that the purchase adds up.
func TestNotItemised(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("testdata/golden/processed.in.json")
	if err != nil {
		t.Fatal(err)
	}
	b, err := mapper(t, `{"fields":{"transaction":{"lines":"","subtotal":"","discounts":""}}}`).mapTransaction(text, false)
	if err != nil {
		t.Fatal(err)
	}
	want := []pos.Line{{Name: "not itemised", Gross: pos.Money{Amount: 2100, Currency: "USD"}}}
	if diff := cmp.Diff(want, b.Lines); diff != "" || len(b.Findings) > 0 {
		t.Errorf("%v\n%s", b.Findings, diff)
	}
}

func FuzzDecodePurchase(f *testing.F) {
	files, err := filepath.Glob("testdata/golden/*.in.json")
	if err != nil {
		f.Fatal(err)
	}
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	p := mapper(f, `{}`)
	f.Fuzz(func(t *testing.T, text []byte) {
		b, err := p.mapTransaction(text, true)
		if err != nil {
			return
		}
		again, err := p.mapTransaction(text, true)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(b, again); diff != "" {
			t.Error(diff)
		}
		balanced := true
		for _, found := range b.Findings {
			balanced = balanced && found.Code != pos.FindingUnbalanced && found.Code != pos.FindingUnreadable
		}
		if diff, err := b.Difference(); balanced && (err != nil || diff.Amount != 0) {
			t.Errorf("off by %v (%v) without a finding", diff, err)
		}
	})
}

// The scanner finds what a decoder finds, and survives what is not JSON.
func FuzzScan(f *testing.F) {
	f.Add([]byte(`{"a":{"b":[1,"x\\"",{"c":null}]},"d":true}`))
	f.Add([]byte(`{"\u0061":1, "a" : {"b":2} }`))
	f.Add([]byte(`{"a`))
	var group struct{ A, B, D field }
	group.A.path, group.B.path, group.D.path = []string{"a"}, []string{"a", "b"}, []string{"d"}
	s := newShape(&group)
	f.Fuzz(func(t *testing.T, text []byte) {
		var o object
		err := s.read(text, &encoding{}, &o)
		var want struct {
			A jsontext.Value `json:"a"`
			D jsontext.Value `json:"d"`
		}
		if jsonv2.Unmarshal(text, &want) != nil { // strict: no repeated names
			return
		}
		if err != nil && want.A != nil {
			t.Fatalf("%s: %v", text, err)
		}
		for name, pair := range map[string][2][]byte{"a": {want.A, o.value(group.A)}, "d": {want.D, o.value(group.D)}} {
			if string(pair[0]) == "null" {
				pair[0] = nil
			}
			if err == nil && string(pair[0]) != string(pair[1]) {
				t.Errorf("%s: member %s is %q, want %q", text, name, pair[1], pair[0])
			}
		}
	})
}

// page is an answer of 200 transactions.
func page(tb testing.TB) []byte {
	tb.Helper()
	text, err := os.ReadFile("testdata/golden/processed.in.json")
	if err != nil {
		tb.Fatal(err)
	}
	var one json.RawMessage = text
	rows := make([]json.RawMessage, 200)
	for i := range rows {
		rows[i] = one
	}
	out, err := json.Marshal(map[string]any{"data": rows, "next_cursor": nil})
	if err != nil {
		tb.Fatal(err)
	}
	return out
}

// fullTransaction has every member, as a client with wire structs would.
type fullTransaction struct {
	TransactionID       string         `json:"transaction_id"`
	KioskID             string         `json:"kiosk_id"`
	CampusID            string         `json:"campus_id"`
	Status              string         `json:"status"`
	Revision            int            `json:"revision"`
	PlacedAt            string         `json:"placed_at"`
	FinalizedAt         string         `json:"finalized_at"`
	ProcessedAt         string         `json:"processed_at"`
	UpdatedAt           string         `json:"updated_at"`
	Currency            string         `json:"currency"`
	SubtotalCents       int64          `json:"subtotal_cents"`
	DiscountCents       int64          `json:"discount_cents"`
	TaxCents            int64          `json:"tax_cents"`
	TotalCents          int64          `json:"total_cents"`
	LocationBilledCents int64          `json:"location_billed_cents"`
	RefundedCents       int64          `json:"refunded_cents"`
	Lines               []fullLine     `json:"lines"`
	Discounts           []fullDiscount `json:"discounts"`
	Payment             fullPayment    `json:"payment"`
	Customer            map[string]any `json:"customer"`
	Adjustments         []any          `json:"adjustments"`
}

type fullLine struct {
	LineID           string   `json:"line_id"`
	ProductID        string   `json:"product_id"`
	ExternalID       string   `json:"external_id"`
	Name             string   `json:"name"`
	UPC              string   `json:"upc"`
	Quantity         int      `json:"quantity"`
	UnitPriceCents   int64    `json:"unit_price_cents"`
	GrossCents       int64    `json:"gross_cents"`
	DiscountCents    int64    `json:"discount_cents"`
	TaxCents         int64    `json:"tax_cents"`
	NetCents         int64    `json:"net_cents"`
	EPCs             []string `json:"epcs"`
	ExpiresOn        string   `json:"expires_on"`
	RefundedQuantity int      `json:"refunded_quantity"`
}

type fullDiscount struct {
	DiscountID            string   `json:"discount_id"`
	Name                  string   `json:"name"`
	Kind                  string   `json:"kind"`
	Code                  string   `json:"code"`
	AmountCents           int64    `json:"amount_cents"`
	BilledToLocationCents int64    `json:"billed_to_location_cents"`
	LineIDs               []string `json:"line_ids"`
}

type fullPayment struct {
	Type               string `json:"type"`
	Brand              string `json:"brand"`
	Last4              string `json:"last4"`
	CardholderName     string `json:"cardholder_name"`
	PreauthCents       int64  `json:"preauth_cents"`
	ProcessorReference string `json:"processor_reference"`
}

// BenchmarkDecode maps a page of 200 transactions to purchases, beside
// encoding/json decoding the same bytes into full structs without mapping.
func BenchmarkDecode(b *testing.B) {
	text := page(b)
	b.Run("bytetech", func(b *testing.B) {
		p := mapper(b, `{}`)
		b.SetBytes(int64(len(text)))
		b.ReportAllocs()
		for b.Loop() {
			var o object
			var body jsontext.Value // the client reads an answer like this
			if err := jsonv2.Unmarshal(text, &body, lenient...); err != nil {
				b.Fatal(err)
			}
			if err := p.profile.shapes.envelope.read(body, &p.profile.Encoding, &o); err != nil {
				b.Fatal(err)
			}
			n := 0
			err := p.each(opListTransactions, listPage{rows: [][]byte{o.value(p.profile.Paging.Items)}}, p.profile.shapes.transaction, func(row *object) error {
				if bought := p.purchase(row, txProcessed, lobby, false); bought.ID != "" {
					n++
				}
				return nil
			})
			if err != nil || n != 200 {
				b.Fatal(n, err)
			}
		}
	})
	b.Run("encoding-json", func(b *testing.B) {
		b.SetBytes(int64(len(text)))
		b.ReportAllocs()
		for b.Loop() {
			var out struct {
				Data []fullTransaction `json:"data"`
			}
			if err := json.Unmarshal(text, &out); err != nil || len(out.Data) != 200 {
				b.Fatal(err)
			}
		}
	})
}

// TestCapabilities keeps what the README says about Byte.
func TestCapabilities(t *testing.T) {
	t.Parallel()
	p, err := New(Config{Account: "example", BaseURL: "https://byte.example", ClientID: "id", ClientSecret: pos.NewSecret("none")}, nil)
	if err != nil {
		t.Fatal(err)
	}
	got, err := json.MarshalIndent(p.Describe(), "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	const path = "testdata/capabilities.json"
	if *update {
		if err := os.WriteFile(path, append(got, '\n'), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.TrimSpace(string(want)), string(got)); diff != "" {
		t.Error(diff)
	}
}
