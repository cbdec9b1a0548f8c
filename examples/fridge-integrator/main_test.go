package main

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/farmacyfoods/pointofsale/events"
	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/pos/inventory/inventoryfake"
	"github.com/farmacyfoods/pointofsale/pos/posfake"
	"github.com/farmacyfoods/pointofsale/vendors/bytetech/bytetechfake"
	"github.com/farmacyfoods/pointofsale/vendors/kit"

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
	if len(cfg.Accounts) != 1 || cfg.DoorOpen != 5*time.Minute || cfg.Accounts[0].Schedule.Status != 2*time.Minute ||
		cfg.Objectives.Push != time.Hour || cfg.open(func(*events.Origin) *kit.Options { return nil }, nil)[0].Objectives.Lag != 30*time.Minute {
		t.Errorf("%+v", cfg)
	}
}

func TestEveryConfigurationErrorAtOnce(t *testing.T) {
	t.Parallel()
	file := servicetest.File(t, `
log: loud
door_open: -1s
near_expiry_days: -1
commands: {secrets: []}
push: [{url: "https://x.example.com", secrets: ["${ENV:PUSH}"]}]
accounts:
  - bytetech: {base_url: "https://x.example.com", client_id: 7, client_secret: hunter2, profile_patch: {nonsense: 1}, webhook_url: x}
  - {}
`)
	_, err := load(file, environment)
	var ps settings.Problems
	if !errors.As(err, &ps) {
		t.Fatal(err)
	}
	if strings.Contains(err.Error(), "hunter2") {
		t.Errorf("quotes a secret: %v", err)
	}
	var paths []string
	for _, p := range ps {
		paths = append(paths, p.Path)
	}
	want := []string{
		"log", "accounts[0].bytetech.client_secret", "commands.secrets", "push[0].name",
		"accounts[0].bytetech.profile.nonsense", "accounts[0].bytetech.account", "accounts[0].bytetech.webhook_url", "accounts[1]",
		"near_expiry_days", "door_open",
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
	fake, err := bytetechfake.New(bytetechfake.Config{Kiosks: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer fake.Close()
	stock := inventoryfake.New(inventoryfake.Config{})
	defer stock.Close()
	t.Setenv("TEST_SECRET", servicetest.Secret)
	client := fake.Credentials()[0]
	t.Setenv("TEST_BYTE", client.Secret)
	t.Setenv("TEST_INVENTORY", inventoryfake.DefaultToken)
	receiver, received := servicetest.Receive(t)
	dir := t.TempDir()
	file := servicetest.File(t, fmt.Sprintf(`
listen: 127.0.0.1:0
traces: none
stream: {dir: %q}
inventory: {base_url: %q, token: "${ENV:TEST_INVENTORY}"}
commands: {secrets: ["${ENV:TEST_SECRET}"]}
push: [{name: test, url: %q, secrets: ["${ENV:TEST_SECRET}"]}]
schedule: {purchases: 100ms, inventory: 100ms}
accounts: [{bytetech: {account: demo, base_url: %q, client_id: %q, client_secret: "${ENV:TEST_BYTE}"}}]
`, dir, stock.URL(), receiver, fake.URL(), client.ID))
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

	location, count := fake.Locations()[0], int64(5)
	if err := fake.SetStock(location, "SOUP", &count); err != nil {
		t.Fatal(err)
	}
	sale, err := fake.Sell(posfake.Sale{Location: location, Lines: []posfake.SaleLine{{SKU: "SOUP", Quantity: 2}}})
	if err != nil {
		t.Fatal(err)
	}
	fake.Advance(2 * time.Minute)
	p, err := events.Decode[events.Purchase](s.Event(t, events.TypePurchaseRecorded))
	if err != nil || p.ID != sale.ID || p.Location != location || p.Lines[0].SKU != "SOUP" {
		t.Errorf("purchase %+v, %v, want %s", p, err, sale.ID)
	}

	for _, path := range []string{"/healthz", "/readyz"} {
		if status, body := s.Get(t, path); status != 200 {
			t.Errorf("%s: %d %s", path, status, body)
		}
	}
	account := []string{`vendor="bytetech"`, `account="demo"`}
	s.Metric(t, "pos_poll_duration_seconds_count", append(account, `job="purchases"`, `outcome="ok"`)...)
	s.Metric(t, "pos_commit_events_total", account...)
	s.Metric(t, "pos_push_outcomes_total", append(account, `job="menu"`, `action="created"`)...)
	s.Metric(t, "pos_purchases_lag_seconds", account...)
	s.Metric(t, "pos_visible_duration_seconds_count", append(account, `job="purchases"`)...)
	s.Metric(t, "pos_visible_duration_seconds_count", append(account, `job="menu"`)...)
	s.Metric(t, "pos_takeovers_total", account...)
	s.Metric(t, "pos_call_duration_seconds_count", `vendor="bytetech"`, `outcome="ok"`)
	s.Stop(t)
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
