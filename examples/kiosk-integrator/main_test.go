package main

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/farmacyfoods/pointofsale/events"
	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/pos/inventory/inventoryfake"
	"github.com/farmacyfoods/pointofsale/pos/posfake"
	"github.com/farmacyfoods/pointofsale/vendors/kit"
	"github.com/farmacyfoods/pointofsale/vendors/square/squarefake"

	"example.com/integrator/servicetest"
	"example.com/integrator/settings"
)

func TestMain(m *testing.M) { servicetest.TestMain(m, main) }

func environment(string) (string, bool) { return servicetest.Secret, true }

func TestREADMEExampleLoads(t *testing.T) {
	t.Parallel()
	cfg, err := load(servicetest.File(t, servicetest.Example(t, "README.md")), environment)
	if err != nil {
		t.Fatal(err)
	}
	accounts := cfg.open(func(*events.Origin) *kit.Options { return nil }, nil)
	if len(cfg.Accounts) != 3 || cfg.Silence != 2*time.Hour || cfg.Accounts[1].Schedule.Purchases != 2*time.Minute ||
		cfg.Objectives.Push != time.Hour || accounts[1].Objectives.Lag != 30*time.Minute || len(accounts[0].Shares) != 1 {
		t.Errorf("%+v", cfg)
	}
}

func TestEveryConfigurationErrorAtOnce(t *testing.T) {
	t.Parallel()
	file := servicetest.File(t, `
listen: nowhere
traces: everywhere
silence: -1s
streams: {}
stream:
  url: nats://a:4222
  dir: data
  user: me
  credentials_file: missing
  nkey_file: missing
  tls: {ca: missing, cert: missing, key: missing, server_name: x}
inventory: {token: "${ENV:INVENTORY_TOKEN}"}
push: [{name: x, url: "ftp://x"}]
accounts:
  - square: {account: "a b", access_token: "${ENV:SQUARE_TOKEN}", acount: x}
  - square: {account: same, access_token: "${ENV:KNOWN}"}
  - square: {account: same, access_token: "${ENV:KNOWN}", webhook: {}}
  - since: yesterday
  - quickbooks: {realm: x}
  - square: {account: split, access_token: "${ENV:KNOWN}", shares: 3, requests_per_second: 2}
  - square: {account: odd, access_token: "${ENV:KNOWN}", shares: -1}
`)
	_, err := load(file, func(name string) (string, bool) { return "fake-token", name == "KNOWN" })
	var ps settings.Problems
	if !errors.As(err, &ps) {
		t.Fatal(err)
	}
	var paths []string
	for _, p := range ps {
		paths = append(paths, p.Path)
	}
	want := []string{
		"streams", "inventory.token", "accounts[0].square.access_token", "accounts[0].square.acount", "accounts[3].since",
		"stream.dir", "stream.user", "stream.credentials_file", "stream.nkey_file", "stream.password", "stream.tls.ca", "stream.tls.cert", "listen", "traces", "inventory.base_url", "push[0].secrets", "push[0].url",
		"accounts[0].square.account", "accounts[0].square.access_token",
		"accounts[2].square.webhook.url", "accounts[2].square.webhook.keys", "accounts[3]",
		"accounts[4].quickbooks.realm", "accounts[4].quickbooks.oauth", "accounts[5].square.shares", "accounts[6].square.shares", "silence", "accounts[2]",
	}
	if diff := cmp.Diff(want, paths); diff != "" {
		t.Errorf("%s\n%v", diff, err)
	}
}

func TestCommandLine(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"x"}, {"-for", "-1s"}, {"-check"}, {"-config", "missing.yaml"}, {"-check", "-config", servicetest.File(t, "nonsense: 1")}} {
		if err := run(t.Context(), args, io.Discard, io.Discard); err == nil {
			t.Errorf("%s: no error", args)
		}
	}
}

func TestSaleBecomesEvent(t *testing.T) {
	fake := squarefake.New(squarefake.Config{Locations: 1, Items: 1})
	defer fake.Close()
	stock := inventoryfake.New(inventoryfake.Config{})
	defer stock.Close()
	t.Setenv("TEST_SECRET", servicetest.Secret)
	t.Setenv("TEST_SQUARE", fake.Credentials().PersonalToken)
	t.Setenv("TEST_INVENTORY", inventoryfake.DefaultToken)
	receiver, received := servicetest.Receive(t)
	dir := t.TempDir()
	file := servicetest.File(t, fmt.Sprintf(`
listen: 127.0.0.1:0
traces: stdout
stream: {dir: %q}
inventory: {base_url: %q, token: "${ENV:TEST_INVENTORY}"}
commands: {secrets: ["${ENV:TEST_SECRET}"]}
push: [{name: test, url: %q, secrets: ["${ENV:TEST_SECRET}"]}]
schedule: {purchases: 100ms, inventory: 100ms}
accounts: [{square: {account: demo, base_url: %q, access_token: "${ENV:TEST_SQUARE}", requests_per_second: 100}}]
`, dir, stock.URL(), receiver, fake.URL()))
	s := servicetest.Start(t, run, received, "-config", file)
	s.Event(t, events.TypeStatusChanged)
	s.Refused(t)
	price := pos.Money{Amount: 725, Currency: "USD"}
	command := events.NewMenuPublished("/test", "change-1", time.Now(), events.MenuCommand{MenuPush: pos.MenuPush{
		Menu: pos.Menu{Items: []pos.Item{{SKU: "SOUP", Name: "Lentil Soup", Price: price}}},
	}})
	command.TraceParent = servicetest.TraceParent
	s.Command(t, command)
	s.InTrace(t, s.Event(t, events.TypePushOutcome), command)

	location := fake.Menu()[0].Location
	sale, err := fake.Sell(posfake.Sale{Location: location, Lines: []posfake.SaleLine{{SKU: "SOUP", Quantity: 2}}})
	if err != nil {
		t.Fatal(err)
	}
	fake.Advance(2 * time.Minute) // Square's search is behind its sales.
	p, err := events.Decode[events.Purchase](s.Event(t, events.TypePurchaseRecorded))
	if err != nil || p.ID != sale.ID || p.Location != location || p.Lines[0].SKU != "SOUP" {
		t.Errorf("purchase %+v, %v, want %s", p, err, sale.ID)
	}

	for _, path := range []string{"/healthz", "/readyz"} {
		if status, body := s.Get(t, path); status != 200 {
			t.Errorf("%s: %d %s", path, status, body)
		}
	}
	account := []string{`vendor="square"`, `account="demo"`}
	s.Metric(t, "pos_poll_duration_seconds_count", append(account, `job="purchases"`, `outcome="ok"`)...)
	s.Metric(t, "pos_commit_events_total", account...)
	s.Metric(t, "pos_push_outcomes_total", append(account, `job="menu"`, `action="created"`)...)
	s.Metric(t, "pos_purchases_lag_seconds", account...)
	s.Metric(t, "pos_visible_duration_seconds_count", append(account, `job="purchases"`)...)
	s.Metric(t, "pos_visible_duration_seconds_count", append(account, `job="menu"`)...)
	s.Metric(t, "pos_takeovers_total", account...)
	s.Metric(t, "pos_call_duration_seconds_count", `vendor="square"`, `outcome="ok"`)
	s.Stop(t)
	spans := s.Spans(t, command)
	for _, name := range []string{"POST /events", "take command", "push menu", "HTTP POST", "commit"} {
		if !slices.Contains(spans, name) {
			t.Errorf("the command's trace has no %q, only %q", name, spans)
		}
	}
	if n := servicetest.Stored(t, dir, events.TypePurchaseRecorded); n != 1 {
		t.Errorf("%d purchases in the stream, want 1", n)
	}
}

func TestSimulation(t *testing.T) {
	t.Parallel()
	s := servicetest.Start(t, run, nil)
	s.Metric(t, "go_goroutines")
	s.Stop(t)
}

func TestTerminate(t *testing.T) {
	t.Parallel()
	servicetest.Terminate(t)
}
