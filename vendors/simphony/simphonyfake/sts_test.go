package simphonyfake_test

import (
	"encoding/base64"
	"io"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/farmacyfoods/pointofsale/pos/posfake"
	"github.com/farmacyfoods/pointofsale/vendors/kit/fakekit"
	"github.com/farmacyfoods/pointofsale/vendors/simphony/simphonyfake"
)

func TestConnectionStatus(t *testing.T) {
	t.Parallel()
	c := setup(t, two)
	price := int64(500)
	c.sell(posfake.Sale{Location: "south", Lines: []posfake.SaleLine{{Name: "Meal", Price: &price}}})
	probe := func() reply { return c.sts("HEAD", "/api/v1/checks/connectionStatus", "SOUTH") }
	if got := probe().want(200).header.Get("Simphony-POS-Connected"); got != "true" {
		t.Errorf("connected %q", got)
	}
	if err := c.fake.SetOnline("south", false); err != nil {
		t.Fatal(err)
	}
	if got := probe().want(200).header.Get("Simphony-POS-Connected"); got != "false" {
		t.Errorf("cut off: connected %q", got)
	}
	got := c.sts("GET", "/api/v1/checks", "south").want(521)
	if got.header.Get("Content-Type") != "application/problem+json" || got.json().str("instance") != "error:pos-error" {
		t.Errorf("without connection: %s", got.body)
	}
	if err := c.fake.SetCenterOnline("north", 1, false); err != nil {
		t.Fatal(err)
	}
	if got := c.sts("HEAD", "/api/v1/checks/connectionStatus", "north").want(200).header.Get("Simphony-POS-Connected"); got != "false" {
		t.Errorf("revenue center cut off: connected %q", got)
	}
	c.sts("HEAD", "/api/v1/checks/connectionStatus", "nowhere").want(404)
	c.sts("HEAD", "/api/v1/checks/connectionStatus", "").want(400)
	c.sts("GET", "/api/v2/menus/items/unavailable"+in("south"), "south").want(404)
}

func TestOrganization(t *testing.T) {
	t.Parallel()
	c := setup(t, two)
	const org = "/api/v1/organizations/FARMACY/locations"
	all := c.sts("GET", org, "").want(200).json()
	if rows := all.list("location"); len(rows) != 2 || rows[1].str("locRef") != "south" || rows[1].str("timezone", "ianaName") != "America/Chicago" || rows[1].str("currency") != "USD" {
		t.Errorf("locations %v", all.v)
	}
	if page := c.sts("GET", org+"?offset=1&limit=1", "").json(); page.str("count") != "2" || page.str("location", 0, "locRef") != "south" {
		t.Errorf("page %v", page.v)
	}
	if rvcs := c.sts("GET", org+"/south/revenueCenters", "").want(200).json(); rvcs.str("items", 0, "rvcRef") != "1" {
		t.Errorf("revenue centers %v", rvcs.v)
	}
	if err := c.fake.RemoveLocation("south"); err != nil {
		t.Fatal(err)
	}
	if n := len(c.sts("GET", org, "").json().list("location")); n != 1 {
		t.Errorf("%d locations after one was closed", n)
	}
	c.sts("GET", org+"/south", "").want(404)
	if dims := c.bi("getLocationDimensions", "{}").json(); dims.flag("locations", 1, "active") || !dims.flag("locations", 0, "active") {
		t.Errorf("location dimensions %v", dims.v)
	}
	if err := c.fake.AddLocation(posfake.LocationSeed{ID: "A-First"}); err != nil {
		t.Fatal(err)
	}
	if r := c.sell(posfake.Sale{Location: "A-FIRST", Lines: []posfake.SaleLine{{Name: "Meal", Price: new(int64(1))}}}); r.Location != "a-first" {
		t.Errorf("location of the record %s", r.Location)
	}
}

func TestAvailability(t *testing.T) {
	t.Parallel()
	c := setup(t, two)
	c.meal("510001", "FARM-1", "9.50")
	path := "/api/v1/menus/items/unavailable" + in("south")
	first := c.sts("GET", path, "south").want(200)
	if first.json().at("items", 0).v != nil {
		t.Errorf("unavailable: %s", first.body)
	}
	tag := first.header.Get("ETag")
	c.sts("GET", path, "south", "If-None-Match", tag).want(304)
	if err := c.fake.SetStock("south", "FARM-1", new(int64(2))); err != nil {
		t.Fatal(err)
	}
	c.sts("GET", path, "south", "If-None-Match", tag).want(304)
	sale := c.sell(posfake.Sale{Location: "south", Lines: []posfake.SaleLine{{SKU: "FARM-1", Quantity: 2}}})
	got := c.sts("GET", path, "south", "If-None-Match", tag).want(200).json()
	if got.str("items", 0, "menuItemId") != "510001" || got.str("items", 0, "definitionSequence") != "1" || c.row("south", "FARM-1").Available {
		t.Errorf("sold out: %v", got.v)
	}
	if !c.row("north", "FARM-1").Available {
		t.Error("sold out elsewhere too")
	}
	if _, err := c.fake.Void(sale.ID); err != nil {
		t.Fatal(err)
	}
	c.sts("GET", path, "south", "If-None-Match", tag).want(304)
}

func TestReadBack(t *testing.T) {
	t.Parallel()
	c := setup(t, two)
	c.meal("510001", "FARM-1", "9.50")
	summary := c.sts("GET", "/api/v2/menus/summary"+in("south"), "south").want(200).json()
	id := summary.str("items", 0, "menuId")
	if id != "farmacy:south:1" {
		t.Errorf("summary %v", summary.v)
	}
	menu := c.sts("GET", "/api/v2/menus/"+id, "south").want(200)
	item := menu.json().at("menuItems", 0)
	if item.str("menuItemId") != "510001" || item.str("definitions", 0, "prices", 0, "price") != "9.50" {
		t.Errorf("menu item %v", item.v)
	}
	c.sts("GET", "/api/v2/menus/"+id, "south", "If-None-Match", menu.header.Get("ETag")).want(304)
	for _, path := range []string{"tenders/collection", "taxes", "serviceCharges/collection", "discounts/collection", "barcodes/collection"} {
		c.sts("GET", "/api/v1/"+path+in("south"), "south").want(200)
		c.sts("GET", "/api/v1/"+path, "south").want(400)
		c.sts("GET", "/api/v2/"+path+in("south"), "south").want(404)
	}
	c.sell(one("south", "FARM-1"))
	if list := c.sts("GET", "/api/v1/checks", "south").json().list("items"); len(list) != 0 {
		t.Errorf("closed checks among the open ones: %v", list)
	}
	list := c.sts("GET", "/api/v1/checks?includeClosed=true&checkNumbers=1,2&sinceTime=1999-12-31T23:59Z", "south").want(200).json().list("items")
	if len(list) != 1 || list[0].str("header", "status") != "closed" || list[0].str("totals", "totalDue") != "0" {
		t.Fatalf("checks %v", list)
	}
	ref := list[0].str("header", "checkRef")
	day := c.today("south")
	if got := c.checks("south", day, "").str("guestChecks", 0, "posChkGUID"); got != ref {
		t.Errorf("checkRef %s, posChkGUID %s", ref, got)
	}
	c.sts("GET", "/api/v1/checks/"+ref, "south").want(200)
	c.sts("GET", "/api/v1/checks/"+ref, "north").want(404)
	if lines := c.sts("GET", "/api/v1/checks/"+ref+"/printed", "south").want(200).json().list("checkPrintedLines", "lines"); len(lines) < 4 {
		t.Errorf("printed lines %v", lines)
	}
}

const (
	vectorKey  = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
	vectorBody = `{"messages":[{"id":"3f0e6f0e-5a53-4a55-9f6e-2a1c7f6f0a11","creationDate":"2026-11-23T10:15:30.000Z","messageType":{"id":"CheckNotification"},"resource":{"orgShortName":"farmacy","locRef":"kiosk-017","rvcRef":"1","checkRef":"929aacee2c6d42c78ae877e824c28eed00000431"},"data":{"status":"Submitted","timeStampUtc":"2026-11-23T10:15:29.501Z"}}]}`
)

func TestSign(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		sign func(string, []byte) (string, error)
		body string
		want string
	}{
		"worked example": {simphonyfake.Sign, vectorBody, "PZrtKVi3AEtqOxZbbgto7KfWu5BFL1mC8ljmbs3aG/0="},
		"UTF-8":          {simphonyfake.Sign, `{"name":"Café"}`, "gfDA9en6qm0S/YKquc2vMX9N8W/6SP6piFxBPEpYVcM="},
		"ASCII":          {simphonyfake.SignASCII, `{"name":"Café"}`, "dQe/IUzxaHIb3FRZbDYE/gljfwOYzTpRtPJ+HRFNFII="},
	} {
		got, err := tc.sign(vectorKey, []byte(tc.body))
		if err != nil || got != tc.want {
			t.Errorf("%s: %s, %v", name, got, err)
		}
	}
	if _, err := simphonyfake.Sign("short", nil); err == nil {
		t.Error("signed with a bad key")
	}
}

// inbox collects callbacks.
type inbox struct {
	mu     sync.Mutex
	status int
	bodies []string
	heads  []http.Header
}

func (b *inbox) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	b.mu.Lock()
	defer b.mu.Unlock()
	b.bodies, b.heads = append(b.bodies, string(body)), append(b.heads, r.Header.Clone())
	w.WriteHeader(b.status)
}

func TestNotifications(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := setup(t, two)
		box := &inbox{status: 500}
		c.fake.Sender().SetClient(&http.Client{Transport: fakekit.NewTransport(box)})
		auth := []string{"Authorization", "Bearer " + c.token(simphonyfake.STS2)}
		const notifications = base + "/api/v1/notifications/"
		body := func(kind, url, more string) string {
			return `{"callbackUri":"` + url + `","messageType":{"id":"` + kind + `"},"postOfficeOptions":{"PostOfficeType":"PushOnePostOffice"},"orgShortName":"farmacy"` + more + `}`
		}
		const hook = "https://hooks.farmacy.com/simphony"
		c.send("POST", notifications+"subscriptions", body("CheckNotification", hook, ""), auth...).want(400) // not registered
		key := base64.StdEncoding.EncodeToString([]byte("0123456789abcdef0123456789abcdef"))
		register := `{"keyId":"k1","hmacKey":"` + key + `","keyType":"hmac-sha256"}`
		c.send("PUT", notifications+"registration", `{"keyId":"k1","hmacKey":"c2hvcnQ=","keyType":"hmac-sha256"}`, auth...).want(400)
		c.send("PUT", notifications+"registration", register, auth...).want(201)
		c.send("PUT", notifications+"registration", register, auth...).want(204)
		c.send("POST", notifications+"registration", register, auth...).want(400)
		if n := len(c.send("GET", notifications+"discovery", "", auth...).want(200).json().list()); n != 4 {
			t.Errorf("%d message types", n)
		}
		for _, bad := range []string{"http://hooks.farmacy.com/", "https://hooks.farmacy.com:8443/", "https://hooks.farmacy.dev/", "x"} {
			c.send("POST", notifications+"subscriptions", body("CheckNotification", bad, ""), auth...).want(400)
		}
		id := c.send("POST", notifications+"subscriptions", body("CheckNotification", hook, `,"locRef":"South","rvcRef":1`), auth...).want(201).json().str("subscriptionId")
		c.send("POST", notifications+"subscriptions", body("ConfigurationNotification", hook, ""), auth...).want(201)

		c.meal("510001", "FARM-1", "9.50") // three records, two revenue centers
		c.sell(one("north", "FARM-1"))     // nobody asked for it
		r := c.sell(one("south", "FARM-1"))
		synctest.Wait()
		c.fake.Advance(48 * hour)
		synctest.Wait()
		box.mu.Lock()
		defer box.mu.Unlock()
		if len(box.bodies) != 7 { // sent once each, although they failed
			t.Fatalf("%d callbacks", len(box.bodies))
		}
		found := 0
		for i, text := range box.bodies {
			if digest, err := simphonyfake.Sign(key, []byte(text)); err != nil || box.heads[i].Get("Digest") != digest || box.heads[i].Get("Key-Id") != "k1" {
				t.Errorf("digest %q", box.heads[i].Get("Digest"))
			}
			m := reply{t: t, body: []byte(text)}.json().at("messages", 0)
			if m.str("messageType", "id") != "CheckNotification" {
				continue
			}
			found++
			if _, text := m.at("resource", "rvcRef").v.(string); !text || m.str("resource", "locRef") != r.Location || len(m.str("resource", "checkRef")) != 40 {
				t.Errorf("message %v", m.v)
			}
		}
		if found != 1 {
			t.Errorf("%d check notifications", found)
		}
		c.send("DELETE", notifications+"subscriptions/"+id, "", auth...).want(204)
		c.send("GET", notifications+"subscriptions/"+id, "", auth...).want(404)
		if n := len(c.send("GET", notifications+"subscriptions", "", auth...).json().list("items")); n != 1 {
			t.Errorf("%d subscriptions left", n)
		}
		c.send("DELETE", notifications+"registration", "", auth...).want(204)
	})
}

func TestSubscribe(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cfg := two
		cfg.InsecureCallbacks, cfg.WebhookKey, cfg.WebhookKeyID, cfg.ASCIIDigest = true, vectorKey, "id-1", true
		c := setup(t, cfg)
		box := &inbox{status: 200}
		c.fake.Sender().SetClient(&http.Client{Transport: fakekit.NewTransport(box)})
		if err := c.fake.Subscribe("http://127.0.0.1:1/hook"); err != nil {
			t.Fatal(err)
		}
		price := int64(500)
		c.sell(posfake.Sale{Location: "north", Lines: []posfake.SaleLine{{Name: "Meal", Price: &price}}})
		synctest.Wait()
		if len(box.bodies) != 1 || box.heads[0].Get("Key-Id") != "id-1" {
			t.Errorf("callbacks %v", box.bodies)
		}
		if cred := c.fake.Credentials(); cred.WebhookKey != vectorKey || cred.WebhookKeyID != "id-1" {
			t.Errorf("credentials %+v", cred)
		}
	})
}
