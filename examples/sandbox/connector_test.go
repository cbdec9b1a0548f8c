package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/pos/posfake"
	"github.com/farmacyfoods/pointofsale/vendors/kit"
	"github.com/farmacyfoods/pointofsale/vendors/quickbooksdesktop"
	"github.com/farmacyfoods/pointofsale/vendors/quickbooksdesktop/quickbooksdesktopfake"
)

// newHost is the service of a host that knows what the sandbox printed.
func newHost(t *testing.T, e entry) (*quickbooksdesktop.Provider, string) {
	t.Helper()
	text, err := json.Marshal(e.Credentials)
	if err != nil {
		t.Fatal(err)
	}
	var c quickbooksdesktopfake.Credentials
	if err := json.Unmarshal(text, &c); err != nil {
		t.Fatal(err)
	}
	hash, err := quickbooksdesktop.HashPassword(pos.NewSecret(c.Password))
	if err != nil {
		t.Fatal(err)
	}
	p, err := quickbooksdesktop.New(quickbooksdesktop.Config{
		Account: "office", UserName: c.UserName, PasswordHash: hash, OwnerID: c.OwnerID, FileID: c.FileID, TimeZone: c.TimeZone,
	}, &kit.Options{Store: &pos.MemoryStore{}})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(p.Handler())
	t.Cleanup(server.Close)
	return p, server.URL
}

func TestTheWebConnectorCallsTheHost(t *testing.T) {
	t.Parallel()
	e := serve(t, "-vendors", "quickbooksdesktop", "-connector-every", "1h")["quickbooksdesktop"]
	if status, body := call(t, http.MethodPost, e.Control+"/run", ""); status != http.StatusUnprocessableEntity {
		t.Errorf("an update without a service: %d %s", status, body)
	}
	p, url := newHost(t, e)
	if status, body := call(t, http.MethodPost, e.Control+"/connect", `{"url":"`+url+`/qbwc"}`); status != http.StatusOK {
		t.Fatalf("connect: %d %s", status, body)
	}
	sale := `{"location":"` + e.Locations[0] + `","lines":[{"name":"Soup","unit_price":250}]}`
	if status, body := call(t, http.MethodPost, e.Control+"/sell", sale); status != http.StatusOK {
		t.Fatalf("sell: %d %s", status, body)
	}
	call(t, http.MethodPost, e.Control+"/clock", `{"advance":"2s"}`) // QuickBooks keeps whole seconds
	status, body := call(t, http.MethodPost, e.Control+"/run", "")
	var ended quickbooksdesktopfake.Run
	if err := json.Unmarshal(body, &ended); err != nil || status != http.StatusOK || ended.Outcome != quickbooksdesktopfake.Done {
		t.Fatalf("run: %d %s", status, body)
	}
	var sold []pos.Purchase
	for purchase, err := range pos.AllPurchases(t.Context(), p, pos.PurchaseQuery{}) {
		if err != nil {
			t.Fatal(err)
		}
		sold = append(sold, purchase)
	}
	if len(sold) != 1 || sold[0].Location != e.Locations[0] {
		t.Errorf("the host was told %+v", sold)
	}
	_, body = call(t, http.MethodGet, e.Control+"/calls", "")
	var calls []posfake.Request
	if err := json.Unmarshal(body, &calls); err != nil || len(calls) == 0 || calls[0].Op != "serverVersion" {
		t.Errorf("the calls: %s", body)
	}
}

// TestTheScheduleBeginsWhenConnected tells the service by a flag.
func TestTheScheduleBeginsWhenConnected(t *testing.T) {
	t.Parallel()
	called := make(chan struct{}, 100)
	host := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		called <- struct{}{}
		http.Error(w, "not today", http.StatusServiceUnavailable)
	}))
	defer host.Close()
	e := serve(t, "-vendors", "quickbooksdesktop", "-connector", host.URL, "-connector-every", "5m")["quickbooksdesktop"]
	select {
	case <-called:
	case <-time.After(30 * time.Second):
		t.Fatal("the service was not called at once")
	}
	// The five minutes begin when the first update has ended.
	again := time.NewTicker(100 * time.Millisecond)
	defer again.Stop()
	for end := time.After(30 * time.Second); ; {
		call(t, http.MethodPost, e.Control+"/clock", `{"advance":"5m"}`)
		select {
		case <-called:
			return
		case <-again.C:
		case <-end:
			t.Fatal("the service was not called after five minutes")
		}
	}
}

func TestConnectWantsAURL(t *testing.T) {
	t.Parallel()
	e := serve(t, "-vendors", "quickbooksdesktop")["quickbooksdesktop"]
	for _, body := range []string{``, `{}`, `{"url":"127.0.0.1:80"}`, `{"url":"http://"}`, `{"URI":"http://127.0.0.1:80/"}`, `{"url":"ftp://127.0.0.1/x"}`} {
		if status, answer := call(t, http.MethodPost, e.Control+"/connect", body); status != http.StatusUnprocessableEntity && status != http.StatusBadRequest {
			t.Errorf("%s: %d %s", body, status, answer)
		}
	}
}
