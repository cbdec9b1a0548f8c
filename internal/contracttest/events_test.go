package contracttest

import (
	"bytes"
	"encoding/json"
	"errors"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/farmacyfoods/pointofsale/events"
	"github.com/farmacyfoods/pointofsale/pos"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// sampleEvents are those of every constructor. Payloads are empty, or have
// every field set.
func sampleEvents(t *testing.T, full bool) []events.Event {
	t.Helper()
	o := events.Origin{Vendor: "acme", Account: "a1"}
	var (
		purchase  pos.Purchase
		status    pos.Status
		inventory events.Inventory
		gap       events.Gap
		alarm     events.Alarm
		poll      events.PollHealth
		outcome   pos.Outcome
		lot       events.Lot
		goods     events.Goods
		item      events.Item
		door      events.Door
		sales     events.Sales
		unmatched events.Unmatched
		menu      events.MenuCommand
		coupon    events.CouponCommand
		objective events.Objective
		day       events.Certificate
	)
	if full {
		for _, p := range []any{&purchase, &status, &inventory, &gap, &alarm, &poll, &outcome, &lot, &goods, &item, &door, &sales, &unmatched, &menu, &coupon, &objective, &day} {
			fill(t, reflect.ValueOf(p).Elem())
		}
	}
	previous := &status
	locations := []string{"L1"}
	if !full {
		previous, locations = nil, nil
	}
	recovered := poll
	recovered.Error = ""
	refunded, voided := purchase, purchase
	refunded.Refunds = []pos.Refund{{ID: "r"}}
	if full {
		refunded.Refunds = slices.Clone(purchase.Refunds)
	}
	refunded.Refunds[0].State = pos.RefundCompleted
	voided.State = pos.StateVoided
	if poll.Error == "" {
		poll.Error = "x"
	}
	if day.BusinessDate == "" {
		day.BusinessDate = "2026-01-02" // It has one always.
	}
	all := []events.Event{
		events.NewPurchase(o, purchase, false), events.NewPurchase(o, purchase, true), events.NewPurchase(o, refunded, true), events.NewPurchase(o, voided, true),
		events.NewStatus(o, status, previous, 1, noon),
		events.NewInventory(o, inventory),
		events.NewGap(o, "purchases", noon, gap),
		events.NewPollHealth(o, poll, noon), events.NewPollHealth(o, recovered, noon),
		events.NewObjective(events.TypeObjectiveBreached, o, objective, noon), events.NewObjective(events.TypeObjectiveRecovered, o, objective, noon),
		events.NewOutcome(o, pos.JobMenu, "c1", outcome, true, noon),
		events.NewLot(events.TypeLotExpiring, o, lot, noon), events.NewLot(events.TypeLotExpired, o, lot, noon),
		events.NewGoods(events.TypeGoodsUnsafe, o, goods, noon), events.NewGoods(events.TypeGoodsSafe, o, goods, noon),
		events.NewItem(events.TypeItemUnavailable, o, item, noon), events.NewItem(events.TypeItemAvailable, o, item, noon),
		events.NewDoor(o, door, noon),
		events.NewSales(events.TypeSalesStalled, o, sales, noon), events.NewSales(events.TypeSalesResumed, o, sales, noon),
		events.NewUnmatched(o, unmatched, noon),
		events.NewMenuPublished("/menu", "1", noon, menu), events.NewMenuWithdrawn("/menu", "2", noon, menu.Target, locations...),
		events.NewCouponPublished("/menu", "3", noon, coupon), events.NewCouponWithdrawn("/menu", "4", noon, menu.Target, locations...),
	}
	for _, typ := range []string{events.TypeAuthorizationLost, events.TypeSubscriptionLost, events.TypeTokenExpiring, events.TypeAPIDeprecated, events.TypeAccountAlarm} {
		all = append(all, events.NewAlarm(typ, o, "x", noon, alarm))
	}
	for _, typ := range []string{events.TypeDayCertified, events.TypeDayMismatch, events.TypeDayUnverified} {
		all = append(all, events.NewCertificate(typ, o, day, noon))
	}
	return all
}

// fill sets every field to something that is not zero.
func fill(t *testing.T, v reflect.Value) {
	t.Helper()
	known := map[reflect.Type]any{
		reflect.TypeFor[time.Time]():       noon,
		reflect.TypeFor[pos.Date]():        pos.Date("2026-11-23"),
		reflect.TypeFor[pos.Tri]():         pos.Yes,
		reflect.TypeFor[pos.Count]():       pos.Counted(pos.Units(2)),
		reflect.TypeFor[json.RawMessage](): json.RawMessage(`{"any": 1}`),
		reflect.TypeFor[error]():           errors.New("x"),
	}
	if value, ok := known[v.Type()]; ok {
		v.Set(reflect.ValueOf(value))
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString("x")
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int64, reflect.Int8:
		v.SetInt(5)
	case reflect.Uint64:
		v.SetUint(5)
	case reflect.Float64:
		v.SetFloat(4.5)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(t, v.Elem())
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(t, v.Index(0))
	case reflect.Struct:
		for _, f := range v.Fields() {
			fill(t, f)
		}
	default:
		t.Fatalf("no value for %v", v.Type())
	}
}

// schema compiles the schema of a type of event; exact makes every property
// required and forbids all others.
func schema(t *testing.T, typ string, exact bool) *jsonschema.Schema {
	t.Helper()
	text, ok := events.Schema(typ)
	if !ok {
		t.Fatalf("%s: no schema", typ)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatalf("%s: %v", typ, err)
	}
	if exact {
		eachObject(doc, func(o map[string]any) {
			properties, ok := o["properties"].(map[string]any)
			if !ok || o["type"] != "object" {
				return
			}
			var names []any
			for name := range properties {
				names = append(names, name)
			}
			o["required"], o["additionalProperties"] = names, false
		})
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	const at = "mem://schema.json"
	if err := c.AddResource(at, doc); err != nil {
		t.Fatalf("%s: %v", typ, err)
	}
	compiled, err := c.Compile(at)
	if err != nil {
		t.Fatalf("%s: %v", typ, err)
	}
	return compiled
}

// TestEventPayloads compares what every constructor makes with its schema: a
// payload of empty fields with the schema as it is, and one of full fields
// with a schema that wants all properties and no others.
func TestEventPayloads(t *testing.T) {
	t.Parallel()
	for _, full := range []bool{false, true} {
		covered := make(map[string]bool)
		for _, e := range sampleEvents(t, full) {
			covered[e.Type] = true
			payload, err := jsonschema.UnmarshalJSON(bytes.NewReader(e.Data))
			if err != nil {
				t.Fatal(err)
			}
			exact := full
			object, _ := payload.(map[string]any)
			switch e.Type {
			case events.TypeMenuWithdrawn, events.TypeCouponWithdrawn:
				exact = false // Constructors set target and locations alone.
			case events.TypePollRecovered:
				object["error"] = "" // Missing is what makes it a recovery.
			case events.TypeStatusChanged:
				if previous, ok := object["previous"].(map[string]any); ok {
					previous["raw"] = nil // Constructors leave it out.
				}
			}
			if err := schema(t, e.Type, exact).Validate(payload); err != nil {
				t.Errorf("%s: %v\n%s", e.Type, err, e.Data)
			}
		}
		files, err := filepath.Glob("../../events/schemas/*.json")
		if err != nil || len(files) == 0 {
			t.Fatal(files, err)
		}
		for _, f := range files {
			if typ := "com.farmacyfoods.pos." + strings.TrimSuffix(filepath.Base(f), ".json"); !covered[typ] {
				t.Errorf("%s: no constructor makes this type here", typ)
			}
		}
	}
}

// TestEventSchemasRefuse keeps the schemas from accepting anything.
func TestEventSchemasRefuse(t *testing.T) {
	t.Parallel()
	for name, payload := range map[string]string{
		"a list":       `[]`,
		"nothing":      `{}`,
		"a bad time":   `{"vendor":"v","account":"a","detail":"d","until":"soon"}`,
		"a wrong type": `{"vendor":"v","account":"a","detail":1}`,
	} {
		doc, err := jsonschema.UnmarshalJSON(strings.NewReader(payload))
		if err != nil {
			t.Fatal(err)
		}
		if schema(t, events.TypeAccountAlarm, false).Validate(doc) == nil {
			t.Errorf("%s passed", name)
		}
	}
}
