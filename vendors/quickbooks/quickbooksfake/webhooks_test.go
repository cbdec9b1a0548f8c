package quickbooksfake_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/farmacyfoods/pointofsale/pos/posfake"
	"github.com/farmacyfoods/pointofsale/vendors/kit/fakekit"
	"github.com/farmacyfoods/pointofsale/vendors/quickbooks/quickbooksfake"
)

// TestSign checks the published vector.
func TestSign(t *testing.T) {
	t.Parallel()
	body := []byte(`{"eventNotifications":[{"realmId":"1185883450","dataChangeEvent":{"entities":[{"name":"Customer","id":"1","operation":"Create","lastUpdated":"2015-10-05T14:42:19-0700"}]}}]}`)
	if got := quickbooksfake.Sign("b5771f19b12ddb4bcdb9f08bdc50bc63878a", body); got != "JC2GUwciPmRBwEO7WvrRmKqu9tGOKL8FFallocTFi8Q=" {
		t.Errorf("signature %s", got)
	}
}

func TestSignVectors(t *testing.T) {
	t.Parallel()
	dir := os.Getenv("POS_CONTRACTS")
	if dir == "" {
		t.Skip("POS_CONTRACTS is not set: the signature vectors were not compared")
	}
	dir = filepath.Join(dir, "quickbooks", "vectors")
	text, err := os.ReadFile(filepath.Join(dir, "webhook-signatures.json"))
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Vectors []struct {
			Token     string `json:"verifier_token"`
			Body      string `json:"body_file"`
			Signature string `json:"signature"`
			Valid     bool   `json:"valid"`
		} `json:"vectors"`
	}
	if err := json.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	for _, v := range file.Vectors {
		body, err := os.ReadFile(filepath.Join(dir, v.Body))
		if err != nil {
			t.Fatal(err)
		}
		if got := quickbooksfake.Sign(v.Token, body); (got == v.Signature) != v.Valid {
			t.Errorf("%s under %s: %s", v.Body, v.Token, got)
		}
	}
}

// inbox receives notifications.
type inbox struct {
	mu     sync.Mutex
	status int
	got    []value
	signed []bool
	token  string
	t      *testing.T
}

func (b *inbox) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.status != 0 {
		w.WriteHeader(b.status)
		return
	}
	b.got = append(b.got, decode(b.t, body))
	b.signed = append(b.signed, r.Header.Get("Intuit-Signature") == quickbooksfake.Sign(b.token, body))
}

func (b *inbox) answer(status int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.status = status
}

func (b *inbox) take() []value {
	b.mu.Lock()
	defer b.mu.Unlock()
	out := b.got
	for _, ok := range b.signed {
		if !ok {
			b.t.Error("a notification has a wrong signature")
		}
	}
	b.got, b.signed = nil, nil
	return out
}

func hooked(t *testing.T, cfg quickbooksfake.Config) (*client, *inbox) {
	t.Helper()
	c := setup(t, cfg)
	box := &inbox{t: t}
	c.fake.SetWebhookClient(&http.Client{Transport: fakekit.NewTransport(box)})
	box.token = c.fake.Subscribe("https://hooks.farmacy.example/quickbooks")
	return c, box
}

func (c *client) flush() {
	c.t.Helper()
	if err := c.fake.FlushWebhooks(context.Background()); err != nil {
		c.t.Fatal(err)
	}
}

func TestCloudEvents(t *testing.T) {
	t.Parallel()
	c, box := hooked(t, quickbooksfake.Config{Items: 1})
	r := c.sell(c.saleOf("HOST-1"))
	c.flush()
	if _, err := c.fake.Void(r.ID); err != nil {
		t.Fatal(err)
	}
	c.flush()
	got := box.take()
	if len(got) != 2 {
		t.Fatalf("%d notifications, want 2", len(got))
	}
	for i, want := range []string{"qbo.salesreceipt.created.v1", "qbo.salesreceipt.voided.v1"} {
		e := got[i].at(0)
		if e.at("type").str() != want || e.at("intuitentityid").str() != "1" || e.at("intuitaccountid").str() != "9130350000000001" || e.at("specversion").str() != "1.0" {
			t.Errorf("notification %d: %v", i, e.v)
		}
		if _, err := time.Parse(time.RFC3339Nano, e.at("time").str()); err != nil {
			t.Error(err)
		}
	}
	c.fake.RotateVerifierToken("another-fake-token")
	c.sell(c.saleOf("HOST-1"))
	c.flush()
	box.token = "another-fake-token"
	if len(box.got) != 1 || box.signed[0] {
		t.Error("after the rotation the old token still signs")
	}
}

func TestClassic(t *testing.T) {
	t.Parallel()
	c, box := hooked(t, quickbooksfake.Config{Webhooks: quickbooksfake.Classic})
	at := time.Date(2026, 11, 23, 15, 4, 5, 0, time.UTC)
	c.fake.Notify(
		quickbooksfake.Notice{Entity: "SalesReceipt", ID: "812", Operation: "Create", At: at},
		quickbooksfake.Notice{Realm: "9130350000000002", Entity: "Item", ID: "37", DeletedID: "36", Operation: "Merge", At: at},
		quickbooksfake.Notice{Entity: "Invoice", ID: "9", Operation: "Emailed", At: at},
	)
	c.flush()
	want := `{"eventNotifications":[
	 {"realmId":"9130350000000001","dataChangeEvent":{"entities":[
	  {"name":"SalesReceipt","id":"812","operation":"Create","lastUpdated":"2026-11-23T15:04:05Z"},
	  {"name":"Invoice","id":"9","operation":"Emailed","lastUpdated":"2026-11-23T15:04:05+0000"}]}},
	 {"realmId":"9130350000000002","dataChangeEvent":{"entities":[
	  {"name":"Item","id":"37","deletedId":"36","operation":"Merge","lastUpdated":"2026-11-23T15:04:05.000Z"}]}}]}`
	got := box.take()
	if len(got) != 1 {
		t.Fatalf("%d notifications, want 1", len(got))
	}
	if diff := cmp.Diff(decode(t, []byte(want)).v, got[0].v); diff != "" {
		t.Errorf("notification (-want +got):\n%s", diff)
	}
}

// TestHeldBack shows that later notices wait for one that is not accepted, and
// then come together, in order.
func TestHeldBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, box := hooked(t, quickbooksfake.Config{Items: 1})
		box.answer(http.StatusInternalServerError)
		start := c.fake.Now()
		c.sell(c.saleOf("HOST-1"))
		c.flush()
		second := c.sell(c.saleOf("HOST-1"))
		c.sell(c.saleOf("HOST-1"))
		for _, tip := range []int64{1, 2} { // two updates become one notice
			if _, err := c.fake.Edit(posfake.Edit{ID: second.ID, Tip: &tip}); err != nil {
				t.Fatal(err)
			}
		}
		var waits []time.Duration
		<-time.After(3 * time.Hour)
		for _, r := range c.fake.Webhooks() {
			waits = append(waits, r.At.Sub(start))
		}
		want := []time.Duration{
			0, 10 * time.Second, 30 * time.Second, time.Minute, 6 * time.Minute, 26 * time.Minute, 2*time.Hour + 26*time.Minute,
		}
		if diff := cmp.Diff(want, waits); diff != "" {
			t.Errorf("attempts (-want +got):\n%s", diff)
		}
		box.answer(0)
		<-time.After(5 * time.Hour)
		c.flush()
		var got [][]string
		for _, v := range box.take() {
			var part []string
			for _, e := range v.list() {
				part = append(part, e.at("type").str()+" "+e.at("intuitentityid").str())
			}
			got = append(got, part)
		}
		const create, update = "qbo.salesreceipt.created.v1 ", "qbo.salesreceipt.updated.v1 "
		if diff := cmp.Diff([][]string{{create + "1"}, {create + "2", create + "3", update + "2"}}, got); diff != "" {
			t.Errorf("notices (-want +got):\n%s", diff)
		}
	})
}

func TestWebhookFaults(t *testing.T) {
	t.Parallel()
	c, box := hooked(t, quickbooksfake.Config{Items: 1})
	end, err := c.fake.Inject(posfake.Fault{Kind: posfake.FaultSilence})
	if err != nil {
		t.Fatal(err)
	}
	c.sell(c.saleOf("HOST-1"))
	c.flush()
	if n := len(box.take()); n != 0 {
		t.Errorf("%d notifications in silence", n)
	}
	end()
	if _, err := c.fake.Inject(posfake.Fault{Kind: posfake.FaultRepeat, Times: 3}); err != nil {
		t.Fatal(err)
	}
	c.sell(c.saleOf("HOST-1"))
	c.flush()
	got := box.take()
	if len(got) != 3 || cmp.Diff(got[0].v, got[2].v) != "" {
		t.Errorf("%d notifications, want the same one 3 times", len(got))
	}
	c.fake.Subscribe("")
	c.sell(c.saleOf("HOST-1"))
	c.flush()
	if n := len(box.take()); n != 0 {
		t.Errorf("%d notifications without an endpoint", n)
	}
}
