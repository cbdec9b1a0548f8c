package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"io"
	"strings"
	"testing"

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
	sales := 0
	for _, p := range got.PointsOfSale {
		sales += p.Sales
		if p.Status == "unknown" || p.Stock == "not counted" {
			t.Errorf("%s %s: status %s, stock %s", p.System, p.Location, p.Status, p.Stock)
		}
	}
	if len(got.PointsOfSale) != 6 || sales == 0 || got.Events == 0 || got.HandOvers == 0 {
		t.Errorf("little happened: %+v", got)
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
