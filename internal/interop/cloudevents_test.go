package interop

import (
	"encoding/json"
	"testing"
	"time"

	cloudevents "github.com/cloudevents/sdk-go/v2/event"

	"github.com/farmacyfoods/pointofsale/events"
	"github.com/farmacyfoods/pointofsale/pos"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 5000, time.UTC)

func samples() []events.Event {
	o := events.Origin{Vendor: "square", Account: "main account/1"}
	usd := func(n int64) pos.Money { return pos.Money{Amount: n, Currency: "USD"} }
	out := []events.Event{
		events.NewPurchase(o, pos.Purchase{ID: "s1", Version: "1", Location: "Löwen \"7\"", RecordedAt: noon, Currency: "USD", Total: usd(1295)}, false),
		events.NewStatus(o, pos.Status{Location: "L1", Online: pos.Yes, StaleAfter: time.Minute}, nil, 1, noon),
		events.NewGap(o, "f", noon, events.Gap{Reason: "horizon", Until: noon}),
		events.NewMenuPublished("/menu", "c1", noon, events.MenuCommand{MenuPush: pos.MenuPush{Menu: pos.Menu{Items: []pos.Item{{SKU: "M-1", Name: "Bowl", Price: usd(1)}}}}}),
	}
	out[0].TraceParent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
	out[0].DataSchema = "https://example.com/purchase.json"
	out[0].Extensions = map[string]string{"region": "eu"}
	return out
}

func TestTheSDKReadsOurs(t *testing.T) {
	t.Parallel()
	for _, ours := range samples() {
		var theirs cloudevents.Event
		if err := json.Unmarshal(ours.AppendJSON(nil), &theirs); err != nil {
			t.Fatalf("%s: %v", ours.Type, err)
		}
		if err := theirs.Validate(); err != nil {
			t.Errorf("%s: %v", ours.Type, err)
		}
		if theirs.ID() != ours.ID || theirs.Source() != ours.Source || theirs.Type() != ours.Type ||
			theirs.Subject() != ours.Subject || !theirs.Time().Equal(ours.Time) ||
			theirs.DataContentType() != "application/json" || string(theirs.Data()) != string(ours.Data) {
			t.Errorf("read as %s", theirs)
		}
		if ours.TraceParent != "" && theirs.Extensions()["traceparent"] != ours.TraceParent {
			t.Errorf("extensions %v", theirs.Extensions())
		}
	}
}

func TestWeReadTheSDKs(t *testing.T) {
	t.Parallel()
	theirs := cloudevents.New()
	theirs.SetID("1")
	theirs.SetSource("/menu")
	theirs.SetType(events.TypeMenuPublished)
	theirs.SetTime(noon)
	theirs.SetExtension("attempt", 2)
	theirs.SetExtension("partitionkey", "p")
	if err := theirs.SetData(cloudevents.ApplicationJSON, map[string]any{"menu": map[string]any{"items": []any{}}}); err != nil {
		t.Fatal(err)
	}
	data, err := json.Marshal(theirs)
	if err != nil {
		t.Fatal(err)
	}
	ours, err := events.Parse(data)
	if err != nil {
		t.Fatalf("%s: %v", data, err)
	}
	if ours.ID != "1" || ours.PartitionKey != "p" || ours.Extensions["attempt"] != "2" || !ours.Time.Equal(noon) {
		t.Errorf("read as %+v", ours)
	}
	if _, err := events.Decode[events.MenuCommand](ours); err != nil {
		t.Error(err)
	}
}
