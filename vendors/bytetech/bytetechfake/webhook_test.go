package bytetechfake_test

import (
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/farmacyfoods/pointofsale/pos/posfake"
	"github.com/farmacyfoods/pointofsale/vendors/bytetech/bytetechfake"
	"github.com/farmacyfoods/pointofsale/vendors/kit/fakekit"
)

func TestSign(t *testing.T) {
	t.Parallel()
	body := `{"id":"evt_01JD9Q4Z8M","type":"transaction.processed","created_at":"2026-11-23T09:15:30.000Z","account_id":"acc_77","kiosk_id":"1042","data":{"transaction_id":"tx_900145","status":"processed","updated_at":"2026-11-23T09:15:29.412Z"}}`
	got := bytetechfake.Sign("whsec_9f2c6f0e4b7a4d0d8b6e1a2c3d4e5f60", time.Unix(1795425330, 0), []byte(body))
	if want := "t=1795425330,v1=18818d701100e867bcdcd2622d97d20d1e1c6489e9d63de083cb2f10d1523e54"; got != want {
		t.Errorf("got %s", got)
	}
}

// receiver keeps what it is sent and answers with status.
type receiver struct {
	mu     sync.Mutex
	status int
	got    []received
}

type received struct {
	ID, Type, Kiosk string
	Data            map[string]any
	header          http.Header
	body            []byte
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	body, _ := io.ReadAll(req.Body)
	var e struct {
		ID    string         `json:"id"`
		Type  string         `json:"type"`
		Kiosk *string        `json:"kiosk_id"`
		Data  map[string]any `json:"data"`
	}
	_ = json.Unmarshal(body, &e)
	in := received{ID: e.ID, Type: e.Type, Data: e.Data, header: req.Header.Clone(), body: body}
	if e.Kiosk != nil {
		in.Kiosk = *e.Kiosk
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.got = append(r.got, in)
	w.WriteHeader(r.status)
}

// take returns what has arrived so far, by type, and forgets it.
func (r *receiver) take() []received {
	synctest.Wait()
	r.mu.Lock()
	defer r.mu.Unlock()
	out := r.got
	r.got = nil
	slices.SortFunc(out, func(a, b received) int { return strings.Compare(a.ID, b.ID) })
	return out
}

func typesOf(events []received) (out []string) {
	for _, e := range events {
		out = append(out, e.Type)
	}
	return out
}

type webhook struct {
	ID      string `json:"webhook_id"`
	Secret  string `json:"secret"`
	Enabled bool   `json:"enabled"`
}

// subscribe must run in a synctest bubble.
func subscribe(t *testing.T, cfg bytetechfake.Config, body string) (*api, *receiver, webhook) {
	t.Helper()
	a := newAPI(t, cfg)
	r := &receiver{status: 204}
	a.fake.Sender().SetClient(&http.Client{Transport: fakekit.NewTransport(r)})
	var w webhook
	a.post("/v1/webhooks", `{"url":"https://hooks.test/byte",`+body+`}`, 201, &w)
	return a, r, w
}

func TestWebhookSubscriptions(t *testing.T) {
	t.Parallel()
	a := newAPI(t, bytetechfake.Config{})
	for _, tc := range []struct{ body, field string }{
		{`{"event_types":["*"]}`, "url"},
		{`{"url":"http://hooks.test","event_types":["*"]}`, "url"},
		{`{"url":"https://hooks.test","event_types":[]}`, "event_types"},
		{`{"url":"https://hooks.test","event_types":["order.*"]}`, "event_types[0]"},
		{`{"url":"https://hooks.test","event_types":["*"],"kiosk_ids":["9"]}`, "kiosk_ids[0]"},
	} {
		a.do("POST", "/v1/webhooks", tc.body).fails(422, "validation_failed", tc.field)
	}
	var w webhook
	a.post("/v1/webhooks", `{"url":"https://hooks.test","event_types":["transaction.*"],"kiosk_ids":["1042"]}`, 201, &w)
	if !strings.HasPrefix(w.Secret, "whsec_") || !w.Enabled {
		t.Errorf("%+v", w)
	}
	if got := all[webhook](a, "/v1/webhooks"); len(got) != 1 || got[0].Secret != "" {
		t.Errorf("%+v", got)
	}
	a.do("PATCH", "/v1/webhooks/"+w.ID, `{"enabled":false}`).want(200, nil)
	a.do("POST", "/v1/webhooks/"+w.ID+"/test", nil).fails(409, "invalid_state", "")
	a.do("DELETE", "/v1/webhooks/"+w.ID, nil).want(204, nil)
	a.do("DELETE", "/v1/webhooks/"+w.ID, nil).fails(404, "not_found", "")
}

func TestWebhookEvents(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a, r, w := subscribe(t, bytetechfake.Config{Locations: seeds("1042", "1043"), Products: 1, TagsPerKiosk: 3}, `"event_types":["*"],"kiosk_ids":["1042"]`)
		want := func(types ...string) []received {
			t.Helper()
			got := r.take()
			if diff := cmp.Diff(types, typesOf(got)); diff != "" {
				t.Error(diff)
			}
			return got
		}
		sold := a.sell(sale("FARM-001", 1))
		got := want("transaction.placed", "inventory.changed", "transaction.price_finalized", "transaction.processed")
		if e := got[3]; e.Kiosk != kid || e.Data["transaction_id"] != sold.ID || e.Data["revision"] != 3.0 {
			t.Errorf("%+v", e)
		}
		for _, e := range got {
			if e.header.Get("Byte-Event-Id") != e.ID || e.header.Get("Byte-Event-Type") != e.Type || e.header.Get("Byte-Delivery-Attempt") != "1" ||
				e.header.Get("Byte-Signature") != bytetechfake.Sign(w.Secret, time.Now(), e.body) {
				t.Errorf("headers %v", e.header)
			}
		}
		a.sell(posfake.Sale{Location: "1043", Lines: sale("FARM-001", 1).Lines})
		want()
		_, err := a.fake.Restock(kid, "FARM-001", 1, time.Time{})
		a.ok(err)
		want("inventory.changed", "restock.completed")
		warm := 50.0
		a.ok(a.fake.SetTemperature(kid, &warm))
		a.fake.Advance(31 * time.Minute)
		got = want("kiosk.status_changed", "kiosk.temperature_alert")
		if got[0].Data["health"] != "too_warm" || got[1].Data["active"] != true {
			t.Errorf("%+v", got)
		}
		a.ok(a.fake.SetOnline(kid, false))
		a.fake.Advance(31 * time.Minute)
		got = want("kiosk.status_changed")
		if got[0].Data["health"] != "multiple_issues" {
			t.Errorf("%+v", got)
		}
		a.discount("D", `"kind":"standard","value_type":"percent","percent":"1","ends_at":"2000-01-02T00:00:00Z"`)
		a.fake.Advance(48 * time.Hour)
		want("discount.started", "discount.ended")
		a.do("PATCH", "/v1/products/p_0000001", `{"name":"New"}`).want(200, nil)
		want("product.updated")
		a.post("/v1/webhooks/"+w.ID+"/test", nil, 200, nil)
		want("ping")
	})
}

func TestWebhookRotation(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a, r, w := subscribe(t, bytetechfake.Config{}, `"event_types":["ping"]`)
		old := w.Secret
		a.post("/v1/webhooks/"+w.ID+"/rotate", nil, 200, &w)
		ping := func(secrets ...string) {
			t.Helper()
			a.post("/v1/webhooks/"+w.ID+"/test", nil, 200, nil)
			e := r.take()[0]
			want := bytetechfake.Sign(secrets[0], a.fake.Now(), e.body)
			if len(secrets) > 1 {
				_, v1, _ := strings.Cut(bytetechfake.Sign(secrets[1], a.fake.Now(), e.body), ",")
				want += "," + v1
			}
			if got := e.header.Get("Byte-Signature"); got != want {
				t.Errorf("got %s, want %s", got, want)
			}
		}
		ping(w.Secret, old)
		a.fake.Advance(24 * time.Hour)
		ping(w.Secret)
	})
}

func TestWebhookRetries(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a, r, w := subscribe(t, bytetechfake.Config{}, `"event_types":["ping"]`)
		r.status = 500
		a.post("/v1/webhooks/"+w.ID+"/test", nil, 200, nil)
		first := r.take()[0]
		for i, wait := range []time.Duration{time.Minute, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour, 6 * time.Hour, 24 * time.Hour} {
			time.Sleep(wait - time.Second)
			if n := len(r.take()); n != 0 {
				t.Errorf("retry %d comes early", i+1)
			}
			time.Sleep(time.Second)
			got := r.take()
			if len(got) != 1 || got[0].ID != first.ID || got[0].header.Get("Byte-Signature") == first.header.Get("Byte-Signature") {
				t.Errorf("retry %d: %+v", i+1, got)
			}
		}
		time.Sleep(100 * time.Hour)
		if n := len(r.take()); n != 0 {
			t.Errorf("%d attempts too many", n)
		}
		a.post("/v1/webhooks/"+w.ID+"/test", nil, 200, nil)
		r.take()
		if got := all[webhook](a, "/v1/webhooks"); got[0].Enabled {
			t.Error("still enabled after 72 hours without a success")
		}
		a.do("PATCH", "/v1/webhooks/"+w.ID, `{"enabled":true}`).want(200, nil)
		r.status = http.StatusGone
		a.post("/v1/webhooks/"+w.ID+"/test", nil, 200, nil)
		r.take()
		if got := all[webhook](a, "/v1/webhooks"); got[0].Enabled {
			t.Error("still enabled after 410")
		}
		a.fake.Close()
	})
}

func TestWebhookFaults(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a, r, w := subscribe(t, bytetechfake.Config{}, `"event_types":["ping"]`)
		for kind, want := range map[string]int{posfake.FaultSilence: 0, posfake.FaultRepeat: 3} {
			end, err := a.fake.Inject(posfake.Fault{Kind: kind, Times: 3})
			a.ok(err)
			a.post("/v1/webhooks/"+w.ID+"/test", nil, 200, nil)
			if n := len(r.take()); n != want {
				t.Errorf("%s: %d deliveries", kind, n)
			}
			end()
		}
	})
}

func TestSubscribe(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := newAPI(t, bytetechfake.Config{WebhookSecret: "whsec_fixed", InsecureWebhooks: true})
		if _, err := a.fake.Subscribe("nowhere"); err == nil {
			t.Error("subscribed nowhere")
		}
		secret, err := a.fake.Subscribe("http://hooks.test")
		a.ok(err)
		r := &receiver{status: 204}
		a.fake.Sender().SetClient(&http.Client{Transport: fakekit.NewTransport(r)})
		a.product("M1", 1, "")
		got := r.take()
		if len(got) != 1 || secret != "whsec_fixed" || got[0].Type != "product.updated" || got[0].header.Get("Byte-Signature") != bytetechfake.Sign(secret, a.fake.Now(), got[0].body) {
			t.Errorf("%+v", got)
		}
	})
}
