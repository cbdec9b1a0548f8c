package events

import (
	"encoding/json"
	"math/rand/v2"
	"reflect"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-cmp/cmp"

	"github.com/farmacyfoods/pointofsale/pos"
)

var hostileTexts = []string{"", "x", "Löwen 7", "a\"b\\c", "line\nfeed\t\x00\x1f\x7f", "bad \xff\xfe UTF-8", "<&>\u2028\U0001F957", "{", ","}

// fill sets everything in v to random values, lists to at most two elements.
func fill(r *rand.Rand, v reflect.Value) {
	switch v.Interface().(type) {
	case time.Time:
		if r.IntN(3) > 0 {
			v.Set(reflect.ValueOf(noon.Add(time.Duration(r.Int64N(1e18))).In(time.FixedZone("", 3600*r.IntN(12)))))
		}
		return
	case json.RawMessage:
		v.SetBytes([]byte([]string{"", "null", `{ "a" : [ 1.50, "\u00e9\/" ] }`, `"{"`}[r.IntN(4)]))
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(hostileTexts[r.IntN(len(hostileTexts))])
	case reflect.Int64:
		v.SetInt([]int64{0, 1, -1, 123456, r.Int64(), -r.Int64()}[r.IntN(6)])
	case reflect.Bool:
		v.SetBool(r.IntN(2) == 0)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), r.IntN(3), 2))
		for i := range v.Len() {
			fill(r, v.Index(i))
		}
	case reflect.Struct:
		for _, field := range v.Fields() {
			fill(r, field)
		}
	default:
		panic("no values for " + v.Type().String())
	}
}

func plainly(t *testing.T, data []byte) string {
	t.Helper()
	out, err := jsontext.AppendFormat(nil, data)
	if err != nil || !jsontext.Value(data).IsValid() {
		t.Fatalf("%s: not strict JSON: %v", data, err)
	}
	return string(out)
}

// TestPurchaseIsEncodedByItsTags fails when a field, or a tag, is not in
// appendPurchase.
func TestPurchaseIsEncodedByItsTags(t *testing.T) {
	t.Parallel()
	for seed := range uint64(2000) {
		var p Purchase
		if seed > 0 { // The first is empty.
			fill(rand.New(rand.NewPCG(seed, 1)), reflect.ValueOf(&p).Elem())
		}
		if diff := cmp.Diff(plainly(t, encode(&p)), plainly(t, appendPurchase(nil, &p))); diff != "" {
			t.Fatalf("seed %d: %s", seed, diff)
		}
	}
}

// TestPurchaseWithHostileTextIsValid holds what Change.Encoded relies on.
func TestPurchaseWithHostileTextIsValid(t *testing.T) {
	t.Parallel()
	for _, text := range hostileTexts {
		p := pos.Purchase{ID: text, Version: text, Receipt: text, Lines: []pos.Line{{Name: text, Units: []string{text}}}, Raw: json.RawMessage(text)}
		e := NewPurchase(Origin{text, text}, p, false)
		if err := e.Validate(); err != nil {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestEncodedChangeIsNotParsedAgain(t *testing.T) {
	t.Parallel()
	broken := Event{ID: "1", Source: "s", Type: "t", Data: json.RawMessage(`{`)}
	for name, c := range map[string]struct {
		change Change
		ok     bool
	}{
		"parsed":           {Change{Events: []Event{sample(), broken}}, false},
		"taken on trust":   {Change{Events: []Event{sample(), broken}, Encoded: true}, true},
		"envelope checked": {Change{Events: []Event{sample(), {ID: "1", Source: "s"}}, Encoded: true}, false},
	} {
		if err := c.change.Validate(); (err == nil) != c.ok {
			t.Errorf("%s: %v", name, err)
		}
	}
}
