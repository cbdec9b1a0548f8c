package fakekit_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/farmacyfoods/pointofsale/pos/posfake"
	"github.com/farmacyfoods/pointofsale/vendors/kit/fakekit"
)

func TestPages(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := &fakekit.Pages{Clock: &fakekit.Clock{}, TTL: 5 * time.Minute}
		token := p.Issue("q", "row 7")
		tests := []struct {
			name, token, query string
			err                error
		}{
			{"same query", token, "q", nil},
			{"other query", token, "q2", fakekit.ErrPageQuery},
			{"altered", "A" + token[1:], "q", fakekit.ErrPageInvalid},
			{"foreign", "page-2", "q", fakekit.ErrPageInvalid},
		}
		for _, tt := range tests {
			got, err := p.Redeem(tt.token, tt.query)
			if !errors.Is(err, tt.err) || err == nil && got != "row 7" {
				t.Errorf("%s: %q %v, want %v", tt.name, got, err, tt.err)
			}
		}
		time.Sleep(5*time.Minute + time.Second)
		if _, err := p.Redeem(token, "q"); !errors.Is(err, fakekit.ErrPageExpired) {
			t.Errorf("old token: %v", err)
		}
		token = p.Issue("q", "")
		p.Expire()
		if _, err := p.Redeem(token, "q"); !errors.Is(err, fakekit.ErrPageExpired) {
			t.Errorf("expired token: %v", err)
		}
	})
}

func TestClockSetBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var c fakekit.Clock
		began := time.Now()
		c.SetBack(10 * time.Minute)
		c.SetBack(-time.Hour)
		c.Advance(time.Minute)
		if d := c.Now().Sub(began); d != -9*time.Minute {
			t.Errorf("the clock is off by %v", d)
		}
		if err := c.WaitUntil(t.Context(), began); err != nil || time.Since(began) != 9*time.Minute {
			t.Errorf("waited %v: %v", time.Since(began), err)
		}
	})
}

func TestLimiter(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := fakekit.NewLimiter(&fakekit.Clock{}, 10, 20)
		for i := range 20 {
			if a := l.Take("a"); !a.OK || a.Remaining != 19-i {
				t.Fatalf("request %d: %+v", i, a)
			}
		}
		want := fakekit.Allowance{Limit: 20, Retry: 100 * time.Millisecond, Reset: 2 * time.Second}
		if d := cmp.Diff(want, l.Take("a")); d != "" {
			t.Error(d)
		}
		if a := l.Take("b"); !a.OK {
			t.Errorf("another key: %+v", a)
		}
		time.Sleep(100 * time.Millisecond)
		if a := l.Take("a"); !a.OK {
			t.Errorf("after the wait: %+v", a)
		}
	})
}

func TestLedger(t *testing.T) {
	t.Parallel()
	var l fakekit.Ledger
	l.Append(posfake.Record{ID: "a", Total: 1})
	l.Append(posfake.Record{ID: "b", Total: 2})
	l.Append(posfake.Record{ID: "a", Total: 3})
	want := []posfake.Record{{ID: "a", Version: 1, Total: 1}, {ID: "b", Version: 1, Total: 2}, {ID: "a", Version: 2, Total: 3}}
	if d := cmp.Diff(want, l.All()); d != "" {
		t.Error(d)
	}
	if r, ok := l.Latest("a"); !ok || r.Version != 2 {
		t.Errorf("latest: %+v %v", r, ok)
	}
}

func TestSeedIsReproducible(t *testing.T) {
	t.Parallel()
	if d := cmp.Diff(fakekit.Meals(7, 30), fakekit.Meals(7, 60)[:30]); d != "" {
		t.Error(d)
	}
	if cmp.Equal(fakekit.Meals(7, 30), fakekit.Meals(8, 30)) {
		t.Error("another seed gives the same meals")
	}
	a, b := fakekit.Rand(1, "ids"), fakekit.Rand(1, "ids")
	if x, y := fakekit.UUID(a), fakekit.UUID(b); x != y || len(x) != 36 {
		t.Errorf("%s, %s", x, y)
	}
	if got := fakekit.Locations(1, "L", 3)[2].ID; got != "L0003" {
		t.Error(got)
	}
}
