package events

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/farmacyfoods/pointofsale/pos"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 123456789, time.UTC)

func sample() Event {
	return Event{
		ID: "a\"b\\", Source: "/pos/square/M1", Type: TypePurchaseRecorded, Subject: "Löwen 7", Time: noon,
		DataSchema: "https://example.com/s", TraceParent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
		PartitionKey: "p", Extensions: map[string]string{"zone": "eu", "attempt": "2"},
		Data: json.RawMessage(`{"total":{"amount":1295,"currency":"USD"}}`),
	}
}

func TestRoundTrip(t *testing.T) {
	t.Parallel()
	for name, e := range map[string]Event{
		"full":    sample(),
		"minimal": {ID: "1", Source: "x", Type: "t"},
		"null":    {ID: "1", Source: "x", Type: "t", Data: json.RawMessage(`null`)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			data, err := json.Marshal(e)
			if err != nil {
				t.Fatal(err)
			}
			got, err := Parse(data)
			if err != nil {
				t.Fatalf("%s: %v", data, err)
			}
			if diff := cmp.Diff(e, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	for name, in := range map[string]string{
		"empty":            ``,
		"list":             `[]`,
		"text behind":      `{"specversion":"1.0","id":"1","source":"s","type":"t"} {}`,
		"cut":              `{"specversion":"1.0","id":"1"`,
		"version":          `{"specversion":"0.3","id":"1","source":"s","type":"t"}`,
		"no id":            `{"specversion":"1.0","source":"s","type":"t"}`,
		"number id":        `{"specversion":"1.0","id":1,"source":"s","type":"t"}`,
		"repeated":         `{"specversion":"1.0","id":"1","id":"2","source":"s","type":"t"}`,
		"binary":           `{"specversion":"1.0","id":"1","source":"s","type":"t","data_base64":"AA=="}`,
		"content":          `{"specversion":"1.0","id":"1","source":"s","type":"t","datacontenttype":"text/xml","data":"x"}`,
		"time":             `{"specversion":"1.0","id":"1","source":"s","type":"t","time":"yesterday"}`,
		"structured extra": `{"specversion":"1.0","id":"1","source":"s","type":"t","ext":{}}`,
		"extension name":   `{"specversion":"1.0","id":"1","source":"s","type":"t","Ext":"x"}`,
		"bad UTF-8":        "{\"specversion\":\"1.0\",\"id\":\"\xff\",\"source\":\"s\",\"type\":\"t\"}",
		"control":          `{"specversion":"1.0","id":"a\u0007","source":"s","type":"t"}`,
		"source":           `{"specversion":"1.0","id":"1","source":"a b","type":"t"}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if e, err := Parse([]byte(in)); !errors.Is(err, pos.ErrInvalid) {
				t.Errorf("got %+v, %v, want an invalid error", e, err)
			}
		})
	}
}

func TestParseKeepsScalarExtensions(t *testing.T) {
	t.Parallel()
	e, err := Parse([]byte(`{"specversion":"1.0","id":"1","source":"s","type":"t","n":7,"b":true,"gone":null,"datacontenttype":"application/json; charset=utf-8"}`))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]string{"n": "7", "b": "true"}, e.Extensions); diff != "" {
		t.Error(diff)
	}
}

func TestValidateReportsEverything(t *testing.T) {
	t.Parallel()
	e := Event{Subject: "a\nb", Extensions: map[string]string{"data": "x"}, Data: json.RawMessage(`{`)}
	var ps pos.Problems
	if err := e.Validate(); !errors.As(err, &ps) || len(ps) != 6 {
		t.Errorf("got %v, want 6 problems", err)
	}
}

func TestAppendAllocatesNothing(t *testing.T) {
	e := sample()
	buf := make([]byte, 0, 4096)
	if n := testing.AllocsPerRun(100, func() { buf = e.AppendJSON(buf[:0]) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestID(t *testing.T) {
	t.Parallel()
	if ID("ab", "c") == ID("a", "bc") || ID("a") == ID("a", "") {
		t.Error("different parts share an id")
	}
	if got := ID("square", "M1"); got != ID("square", "M1") || len(got) != 32 {
		t.Errorf("id %q", got)
	}
}

func TestOrigin(t *testing.T) {
	t.Parallel()
	for _, o := range []Origin{{"square", "M1"}, {"simphony", "a/b c%"}} {
		e := NewAlarm(TypeTokenExpiring, o, "1", noon, Alarm{Detail: "x"})
		if err := e.Validate(); err != nil {
			t.Error(err)
		}
		if got, ok := e.Origin(); !ok || got != o {
			t.Errorf("origin %v %v, want %v", got, ok, o)
		}
	}
	if _, ok := (&Event{Source: "/menu"}).Origin(); ok {
		t.Error("a foreign source has an origin")
	}
}

func TestPurchaseType(t *testing.T) {
	t.Parallel()
	o := Origin{"square", "M1"}
	refund := func(s pos.RefundState) []pos.Refund { return []pos.Refund{{ID: "r", State: s}} }
	for name, c := range map[string]struct {
		p       pos.Purchase
		earlier bool
		want    string
	}{
		"first":                 {pos.Purchase{State: pos.StateCompleted}, false, TypePurchaseRecorded},
		"again":                 {pos.Purchase{State: pos.StateCompleted}, true, TypePurchaseRevised},
		"pending refund":        {pos.Purchase{Refunds: refund(pos.RefundPending)}, true, TypePurchaseRevised},
		"refunded at once":      {pos.Purchase{Refunds: refund(pos.RefundCompleted)}, false, TypePurchaseRefunded},
		"voided after a refund": {pos.Purchase{State: pos.StateVoided, Refunds: refund(pos.RefundCompleted)}, true, TypePurchaseVoided},
	} {
		c.p.ID, c.p.Version = "s1", "2"
		e := NewPurchase(o, c.p, c.earlier)
		if e.Type != c.want {
			t.Errorf("%s: %s, want %s", name, e.Type, c.want)
		}
		if again := NewPurchase(o, c.p, !c.earlier); again.ID != e.ID {
			t.Errorf("%s: the id depends on more than account, record and version", name)
		}
	}
}

func TestPayloadRoundTrip(t *testing.T) {
	t.Parallel()
	o := Origin{"square", "M1"}
	p := pos.Purchase{
		ID: "s1", Location: "L1", Version: "2", State: pos.StateCompleted, OccurredAt: noon, RecordedAt: noon,
		Currency: "USD", Total: pos.Money{Amount: 1295, Currency: "USD"},
		Lines: []pos.Line{{SKU: "M-1", Quantity: pos.Units(2), Gross: pos.Money{Amount: 1295, Currency: "USD"}}},
		Taxes: []pos.Applied{{Rate: pos.Percent(8), Amount: pos.Money{Amount: 96, Currency: "USD"}}},
		Raw:   json.RawMessage(`{"a":1,"a":2}`),
	}
	e := NewPurchase(o, p, false)
	got, err := Decode[Purchase](e)
	if err != nil {
		t.Fatalf("%s: %v", e.Data, err)
	}
	p.Raw = json.RawMessage(`"{\"a\":1,\"a\":2}"`)
	if diff := cmp.Diff(Purchase{o, p}, got); diff != "" {
		t.Error(diff)
	}

	s := pos.Status{Location: "L1", Online: pos.Yes, ObservedAt: noon, StaleAfter: 5 * time.Minute, Temperature: &pos.Temperature{Celsius: 3.5}}
	st, err := Decode[Status](NewStatus(o, s, &s, 1, noon))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(Status{o, s, &s}, st); diff != "" {
		t.Error(diff)
	}

	push := pos.MenuPush{Partial: true, Menu: pos.Menu{Items: []pos.Item{{SKU: "M-1", Name: "Bowl", Price: pos.Money{Amount: 1, Currency: "USD"}}}}}
	c, err := Decode[MenuCommand](NewMenuPublished("/menu", "c1", noon, MenuCommand{Target{Vendor: "square"}, push}))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(MenuCommand{Target{Vendor: "square"}, push}, c); diff != "" {
		t.Error(diff)
	}
}

func TestOutcomeTellsTheError(t *testing.T) {
	t.Parallel()
	out := pos.Outcome{Item: "M-1", Locations: []string{"L1"}, Action: pos.Refused, Err: pos.Unsupported("x", "PushMenu", "no prices", "")}
	e := NewOutcome(Origin{"x", "1"}, pos.JobMenu, "c1", out, true, noon)
	got, err := Decode[Outcome](e)
	if err != nil {
		t.Fatal(err)
	}
	if e.Subject != "L1" || got.Kind != "unsupported" || !strings.Contains(got.Error, "no prices") || got.Action != pos.Refused {
		t.Errorf("%+v", got)
	}
}

func TestDecodeNamesTheEvent(t *testing.T) {
	t.Parallel()
	_, err := Decode[Purchase](Event{ID: "e1", Type: "t", Data: json.RawMessage(`{"id":5}`)})
	if !errors.Is(err, pos.ErrInvalid) || !strings.Contains(err.Error(), "e1") {
		t.Errorf("got %v", err)
	}
}

func FuzzParse(f *testing.F) {
	e := sample()
	f.Add(e.AppendJSON(nil))
	f.Add([]byte(`{"specversion":"1.0","id":"1","source":"s","type":"t","n":1e400,"data":[1,{"a":null}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		first, err := Parse(data)
		if err != nil {
			return
		}
		second, err := Parse(first.AppendJSON(nil))
		if err != nil {
			t.Fatalf("own bytes are refused: %v", err)
		}
		if diff := cmp.Diff(first, second); diff != "" {
			t.Fatal(diff)
		}
		_, _ = Decode[Purchase](first)
	})
}

func BenchmarkAppendJSON(b *testing.B) {
	e := sample()
	buf := make([]byte, 0, 4096)
	b.Run("append", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			buf = e.AppendJSON(buf[:0])
		}
	})
	b.Run("yardstick encoding/json", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := json.Marshal(map[string]any{"specversion": "1.0", "id": e.ID, "source": e.Source, "type": e.Type, "data": e.Data}); err != nil {
				b.Fatal(err)
			}
		}
	})
}
