package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/farmacyfoods/pointofsale/pos/posfake"
	"github.com/farmacyfoods/pointofsale/vendors/square/squarefake"
)

func TestNothingIsLostOrDoubled(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	if err := run(t.Context(), []string{"-json", "-for", "3s", "-seed", "42"}, &out, io.Discard, false); err != nil {
		t.Fatalf("%v\n%s", err, out.String())
	}
	var got summary
	if err := json.Unmarshal(out.Bytes(), &got); err != nil {
		t.Fatalf("not one JSON object: %v\n%s", err, out.String())
	}
	if got.Lost != 0 || got.Doubled != 0 || got.Wrong != 0 {
		t.Errorf("lost %d, doubled %d, wrong %d: %v", got.Lost, got.Doubled, got.Wrong, got.Findings)
	}
	places := map[string]int{}
	for _, p := range got.PointsOfSale {
		places[p.System]++
		if p.Sales == 0 || p.Delivered < p.Sales {
			t.Errorf("%s %s: %d sales, %d delivered", p.System, p.Location, p.Sales, p.Delivered)
		}
		// A ledger does not know tills, and Simphony counts nothing.
		if (p.Status == "unknown") != (p.System == "QuickBooks Online") || (p.Stock == "not counted") != (p.System == "Simphony") {
			t.Errorf("%s %s: status %s, stock %s", p.System, p.Location, p.Status, p.Stock)
		}
	}
	want := map[string]int{"Byte": 3, "Square": 3, "Simphony": 2, "QuickBooks Online": 2, "QuickBooks Desktop": 2}
	if diff := cmp.Diff(want, places); diff != "" || got.Events == 0 || got.HandOvers == 0 {
		t.Errorf("points of sale: %s\n%d events, %d hand-overs", diff, got.Events, got.HandOvers)
	}
}

func TestPipedOutputIsPlain(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	if err := run(t.Context(), []string{"-for", "1s"}, &out, io.Discard, false); err != nil {
		t.Fatal(err)
	}
	if strings.ContainsAny(out.String(), "\r\033") || !strings.HasSuffix(out.String(), "lost 0, doubled 0, wrong 0\n") {
		t.Errorf("%q", out.String())
	}
	for _, want := range []string{ // what a system cannot do is in the plan, and what comes later is told
		"QuickBooks Online  refuses: it has no coupons\n                       all: QuickBooks Online is a ledger",
		"Simphony           would send 2 writes: 2 created, 4 refused\n",
		"SOUP-WEEK: the system cannot limit a discount to items; nearest: the whole basket\n",
		"QuickBooks Desktop sent 0 writes: 8 pending, 4 refused\n  QuickBooks Desktop called and took what was pending;",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is missing in\n%s", want, out.String())
		}
	}
}

// interrupted ends the run when the shops have opened.
type interrupted struct{ cancel context.CancelFunc }

func (i interrupted) Write(p []byte) (int, error) {
	if bytes.Contains(p, []byte("Open for")) {
		i.cancel()
	}
	return len(p), nil
}

func TestAnInterruptEndsInOrder(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	if err := run(ctx, []string{"-for", "20s"}, interrupted{cancel}, io.Discard, false); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("%v is left, %v", left, err)
	}
}

func TestTheProofCanFail(t *testing.T) {
	t.Parallel()
	fake := squarefake.New(squarefake.Config{Places: []posfake.LocationSeed{{ID: "LOBBY"}}})
	defer fake.Close()
	price := int64(500)
	for range 3 {
		if _, err := fake.Sell(posfake.Sale{Location: "LOBBY", Lines: []posfake.SaleLine{{Name: "Soup", Price: &price}}}); err != nil {
			t.Fatal(err)
		}
	}
	s := &system{name: "Square", fake: fake}
	at := map[string]*pointOfSale{"LOBBY": {}}
	var r summary
	r.compare(s, at, posfake.Reconcile(fake.Ledger(), nil))
	if r.Lost != 3 || at["LOBBY"].Lost != 3 || len(r.Findings) != 1 {
		t.Errorf("three sales that nobody delivered: %+v", r)
	}
}

func TestFlags(t *testing.T) {
	t.Parallel()
	var help bytes.Buffer
	if err := run(t.Context(), []string{"-h"}, io.Discard, &help, false); !errors.Is(err, flag.ErrHelp) || !strings.Contains(help.String(), "exit code is 1") {
		t.Errorf("-h: %v\n%s", err, help.String())
	}
	for _, args := range [][]string{{"-for", "0s"}, {"-for", "1h"}, {"extra"}, {"-nonsense"}} {
		if err := run(t.Context(), args, io.Discard, io.Discard, false); err == nil {
			t.Errorf("%v passed", args)
		}
	}
}
