package main

import (
	"bytes"
	"io"
	"os"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/farmacyfoods/pointofsale/events"
	"github.com/farmacyfoods/pointofsale/events/relay"
	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/pos/posfake"
	"github.com/farmacyfoods/pointofsale/vendors/square/squarefake"
)

// TestMain lets the test binary play the children.
func TestMain(m *testing.M) {
	if os.Getenv(roleEnv) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

func TestNothingIsLostOrDoubledInCrashes(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var out bytes.Buffer
	err := run(t.Context(), []string{"-kills", "4", "-ttl", "1s", "-accounts", "2", "-for", "20s", "-dir", dir}, &out, io.Discard)
	t.Logf("\n%s", &out)
	if err != nil {
		t.Error(err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
}

func TestTheProofCanFail(t *testing.T) {
	t.Parallel()
	fake := squarefake.New(squarefake.Config{Places: []posfake.LocationSeed{{ID: "L1"}}})
	defer fake.Close()
	price := int64(500)
	for range 2 {
		if _, err := fake.Sell(posfake.Sale{Location: "L1", Lines: []posfake.SaleLine{{Name: "Soup", Price: &price}}}); err != nil {
			t.Fatal(err)
		}
	}
	o := events.Origin{Vendor: "square", Account: "a"}
	s := &shop{origin: o, fake: fake}
	r := newReader()
	stranger := events.NewPurchase(o, pos.Purchase{ID: "x", Version: "1", Location: "L1"}, false)
	for i := range uint64(3) {
		at := relay.Position{Sequence: max(i, 1)} // The second one is the first one once more.
		if err := r.take(relay.Entry{Position: at, Event: stranger}); err != nil {
			t.Fatal(err)
		}
	}
	diff, broken := r.compare([]*shop{s})
	if len(diff.Lost) != 2 || len(diff.Doubled) != 1 || len(broken) != 1 {
		t.Errorf("lost %d, doubled %d: %v", len(diff.Lost), len(diff.Doubled), broken)
	}
}

func TestTakeoversThatAreDisturbedDoNotCount(t *testing.T) {
	t.Parallel()
	tk := takeovers{pending: make(map[string]time.Time)}
	at := time.Now()
	tk.died([]string{"a", "b"}, at)
	tk.heard(nil, message{Account: "a", Polled: true, At: at.Add(-time.Second)}) // from before
	tk.heard(nil, message{Account: "a", Polled: true, At: at.Add(time.Second)})
	tk.disturbed()
	tk.heard(nil, message{Account: "b", Polled: true, At: at.Add(time.Minute)})
	if diff := cmp.Diff([]time.Duration{time.Second}, tk.samples); diff != "" || tk.spoiled != 1 {
		t.Errorf("spoiled %d, samples %s", tk.spoiled, diff)
	}
}

func TestFlags(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"-kills", "0"}, {"-workers", "1"}, {"-ttl", "1ms"}, {"-for", "0s"}, {"extra"}} {
		if err := run(t.Context(), args, io.Discard, io.Discard); err == nil {
			t.Errorf("%v passed", args)
		}
	}
}
