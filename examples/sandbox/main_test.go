package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/farmacyfoods/pointofsale/pos/posfake"
)

// serve runs the sandbox and returns what it printed.
func serve(t *testing.T, args ...string) map[string]entry {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	out, in := io.Pipe()
	done := make(chan error, 1)
	go func() {
		err := run(ctx, args, in, io.Discard)
		_ = in.CloseWithError(err)
		done <- err
	}()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	line, err := bufio.NewReader(out).ReadBytes('\n')
	if err != nil {
		t.Fatal(err)
	}
	var ready map[string]entry
	if err := json.Unmarshal(line, &ready); err != nil {
		t.Fatalf("%s: %v", line, err)
	}
	return ready
}

func call(t *testing.T, method, url, body string) (int, []byte) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, data
}

// webhookless are the vendors that send no webhooks.
var webhookless = map[string]bool{"quickbooksdesktop": true}

func TestEveryVendorSellsAndTellsTheLedger(t *testing.T) {
	t.Parallel()
	ready := serve(t, "-locations", "2", "-items", "1")
	if len(ready) != len(registry) {
		t.Fatalf("%d vendors are served, want %d", len(ready), len(registry))
	}
	for name, e := range ready {
		if len(e.Locations) != 2 || e.Credentials == nil || (e.WebhookSecret == "") != webhookless[name] || e.Control != e.URL+"/_fake" {
			t.Errorf("%s: %+v", name, e)
			continue
		}
		sale := `{"location":"` + e.Locations[0] + `","lines":[{"name":"Soup","quantity":2,"unit_price":250}]}`
		status, body := call(t, http.MethodPost, e.Control+"/sell", sale)
		if status != http.StatusOK {
			t.Errorf("%s: selling: %d %s", name, status, body)
		}
		_, body = call(t, http.MethodGet, e.Control+"/ledger", "")
		var ledger []posfake.Record
		if err := json.Unmarshal(body, &ledger); err != nil || len(ledger) == 0 {
			t.Errorf("%s: ledger %s: %v", name, body, err)
		}
		if status, body = call(t, http.MethodPost, e.Control+"/sell", `{"nonsense":1}`); status != http.StatusBadRequest {
			t.Errorf("%s: nonsense: %d %s", name, status, body)
		}
	}
}

func TestASeedMakesItReproducible(t *testing.T) {
	t.Parallel()
	menu := func() []posfake.MenuRow {
		ready := serve(t, "-vendors", "square", "-seed", "7", "-items", "5")
		_, body := call(t, http.MethodGet, ready["square"].Control+"/menu", "")
		var rows []posfake.MenuRow
		if err := json.Unmarshal(body, &rows); err != nil || len(rows) == 0 {
			t.Fatalf("%s: %v", body, err)
		}
		for i := range rows {
			rows[i].Digest = "" // covers the time of writing
		}
		return rows
	}
	if diff := cmp.Diff(menu(), menu()); diff != "" {
		t.Error(diff)
	}
}

func TestFaultsFromAFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "faults")
	script := `{"vendor":"square","kind":"status","status":503,"times":-1}` + "\n" + `{"kind":"latency","latency":"1ms"}`
	if err := os.WriteFile(path, []byte(script), 0o600); err != nil {
		t.Fatal(err)
	}
	ready := serve(t, "-vendors", "square", "-faults", path)
	if status, body := call(t, http.MethodGet, ready["square"].URL+"/v2/locations", ""); status != http.StatusServiceUnavailable {
		t.Errorf("got %d %s", status, body)
	}
}

func TestAFaultForAllIsLeftOutWhereItCannotBe(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "faults")
	if err := os.WriteFile(path, []byte(`{"kind":"page_token"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if ready := serve(t, "-vendors", "square,quickbooksdesktop", "-faults", path); len(ready) != 2 {
		t.Errorf("%d vendors are served", len(ready))
	}
	script := `{"vendor":"quickbooksdesktop","kind":"page_token"}`
	if err := os.WriteFile(path, []byte(script), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := run(t.Context(), []string{"-faults", path}, io.Discard, io.Discard); !errors.Is(err, posfake.ErrNotSimulated) {
		t.Errorf("a fault that its vendor cannot show: %v", err)
	}
}

func TestAPortInUseIsNamed(t *testing.T) {
	t.Parallel()
	taken, stop, err := listen(t.Context(), http.NotFoundHandler(), 0, make(chan error, 1))
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	port := taken[strings.LastIndex(taken, ":")+1:]
	err = run(t.Context(), []string{"-vendors", "square", "-port", port}, io.Discard, io.Discard)
	if err == nil || !strings.Contains(err.Error(), "square") || !strings.Contains(err.Error(), port) {
		t.Errorf("port %s is taken: %v", port, err)
	}
}

func TestWebhooksGoToTheReceiver(t *testing.T) {
	t.Parallel()
	got := make(chan string, 100)
	receiver := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got <- r.URL.Path })
	failed := make(chan error, 1)
	url, stop, err := listen(t.Context(), receiver, 0, failed)
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	for name, e := range serve(t, "-webhooks", url+"/hooks/") {
		if webhookless[name] {
			continue
		}
		call(t, http.MethodPost, e.Control+"/sell", `{"location":"`+e.Locations[0]+`","lines":[{"name":"Soup","unit_price":250}]}`)
		for path := ""; path != "/hooks/"+name; { // others may still send
			select {
			case path = <-got:
			case <-time.After(10 * time.Second):
				t.Fatalf("%s: no webhook came", name)
			}
		}
	}
}

func TestBadFlags(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"-vendors", "nobody"}, "no vendor \"nobody\""},
		{[]string{"-port", "-1"}, "not a port"},
		{[]string{"-locations", "0"}, "-locations"},
		{[]string{"-faults", "no/such/file"}, "no such file"},
		{[]string{"-connector", "localhost:8080"}, "-connector"},
		{[]string{"-webhooks", "/hooks"}, "-webhooks"},
		{[]string{"-connector-every", "0s"}, "-connector-every"},
		{[]string{"extra"}, "unexpected argument"},
	} {
		err := run(t.Context(), c.args, io.Discard, io.Discard)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v: got %v, want %q", c.args, err, c.want)
		}
	}
	var told bytes.Buffer
	if err := run(t.Context(), []string{"-nonsense"}, io.Discard, &told); err == nil || told.Len() > 0 {
		t.Errorf("an unknown flag is told twice: %v and %s", err, told.String())
	}
	var help bytes.Buffer
	if err := run(t.Context(), []string{"-h"}, io.Discard, &help); !errors.Is(err, flag.ErrHelp) || !strings.Contains(help.String(), "-vendors") {
		t.Errorf("-h: %v\n%s", err, help.String())
	}
}
