// Package storetest is the conformance suite of [pos.Store].
package storetest

import (
	"bytes"
	"context"
	"errors"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/farmacyfoods/pointofsale/pos"
)

// Limit bounds every case.
const Limit = 30 * time.Second

// Run tests a store. Open makes a fresh, empty one for each case and registers
// what is to be cleaned up.
func Run(t *testing.T, open func(t *testing.T) pos.Store) {
	t.Helper()
	for _, c := range []struct {
		name string
		run  func(ctx context.Context, t *testing.T, s pos.Store)
	}{
		{"missing", testMissing},
		{"put and get", testPutGet},
		{"compare and swap", testSwap},
		{"delete", testDelete},
		{"values are copied", testCopies},
		{"a value of 1 MiB", testLarge},
		{"keys do not touch each other", testKeys},
		{"an ended context", testContext},
		{"concurrent counting", testCounting},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithTimeout(t.Context(), Limit)
			defer cancel()
			c.run(ctx, t, open(t))
		})
	}
}

func put(ctx context.Context, t *testing.T, s pos.Store, key, value string, old pos.Revision) pos.Revision {
	t.Helper()
	revision, err := s.Put(ctx, key, []byte(value), old)
	if err != nil {
		t.Fatal(err)
	}
	if revision <= old {
		t.Fatalf("revision %d after %d", revision, old)
	}
	return revision
}

func check(ctx context.Context, t *testing.T, s pos.Store, key, value string, revision pos.Revision) {
	t.Helper()
	got, r, err := s.Get(ctx, key)
	if err != nil || string(got) != value || r != revision {
		t.Errorf("Get(%s) = %.40q, %d, %v; want %.40q, %d", key, got, r, err, value, revision)
	}
}

func wants(t *testing.T, err, target error) {
	t.Helper()
	if !errors.Is(err, target) {
		t.Errorf("got error %v, want %v", err, target)
	}
}

func testMissing(ctx context.Context, t *testing.T, s pos.Store) {
	t.Helper()
	_, _, err := s.Get(ctx, "none")
	wants(t, err, pos.ErrNotFound)
	_, err = s.Put(ctx, "none", nil, 5)
	wants(t, err, pos.ErrConflict)
	wants(t, s.Delete(ctx, "none", 5), pos.ErrConflict)
	if err := s.Delete(ctx, "none", 0); err != nil {
		t.Error(err)
	}
}

func testPutGet(ctx context.Context, t *testing.T, s pos.Store) {
	t.Helper()
	one := put(ctx, t, s, "square.token_A-9", "first", 0)
	check(ctx, t, s, "square.token_A-9", "first", one)
	two := put(ctx, t, s, "square.token_A-9", "", one)
	check(ctx, t, s, "square.token_A-9", "", two)
}

func testSwap(ctx context.Context, t *testing.T, s pos.Store) {
	t.Helper()
	one := put(ctx, t, s, "k", "1", 0)
	two := put(ctx, t, s, "k", "2", one)
	for _, old := range []pos.Revision{0, one, two + 1} {
		_, err := s.Put(ctx, "k", []byte("x"), old)
		wants(t, err, pos.ErrConflict)
		wants(t, s.Delete(ctx, "k", old), pos.ErrConflict)
	}
	check(ctx, t, s, "k", "2", two)
}

func testDelete(ctx context.Context, t *testing.T, s pos.Store) {
	t.Helper()
	one := put(ctx, t, s, "k", "1", 0)
	if err := s.Delete(ctx, "k", one); err != nil {
		t.Fatal(err)
	}
	_, _, err := s.Get(ctx, "k")
	wants(t, err, pos.ErrNotFound)
	_, err = s.Put(ctx, "k", nil, one)
	wants(t, err, pos.ErrConflict)
	wants(t, s.Delete(ctx, "k", one), pos.ErrConflict)
	if err := s.Delete(ctx, "k", 0); err != nil {
		t.Error(err)
	}
	again := put(ctx, t, s, "k", "2", 0)
	if again <= one {
		t.Errorf("revision %d of the new value is not above %d", again, one)
	}
	check(ctx, t, s, "k", "2", again)
}

func testCopies(ctx context.Context, t *testing.T, s pos.Store) {
	t.Helper()
	value := []byte("abc")
	r, err := s.Put(ctx, "k", value, 0)
	if err != nil {
		t.Fatal(err)
	}
	value[0] = 'X'
	got, _, err := s.Get(ctx, "k")
	if err != nil {
		t.Fatal(err)
	}
	got[1] = 'X'
	check(ctx, t, s, "k", "abc", r)
}

func testLarge(ctx context.Context, t *testing.T, s pos.Store) {
	t.Helper()
	value := bytes.Repeat([]byte("0123456789abcdef"), 1<<16)
	r, err := s.Put(ctx, "k", value, 0)
	if err != nil {
		t.Fatal(err)
	}
	check(ctx, t, s, "k", string(value), r)
}

func testKeys(ctx context.Context, t *testing.T, s pos.Store) {
	t.Helper()
	keys := []string{"a", "a.b", "a.b.c", "A", "a-b", "a_b"}
	revisions := make([]pos.Revision, len(keys))
	for i, k := range keys {
		revisions[i] = put(ctx, t, s, k, strings.ToUpper(k)+strconv.Itoa(i), 0)
	}
	for i, k := range keys {
		check(ctx, t, s, k, strings.ToUpper(k)+strconv.Itoa(i), revisions[i])
	}
}

func testContext(ctx context.Context, t *testing.T, s pos.Store) {
	t.Helper()
	ended, cancel := context.WithCancel(ctx)
	cancel()
	_, _, err := s.Get(ended, "k")
	wants(t, err, context.Canceled)
	_, err = s.Put(ended, "k", nil, 0)
	wants(t, err, context.Canceled)
	wants(t, s.Delete(ended, "k", 0), context.Canceled)
	_, _, err = s.Get(ctx, "k")
	wants(t, err, pos.ErrNotFound)
}

func testCounting(ctx context.Context, t *testing.T, s pos.Store) {
	t.Helper()
	const writers, each = 4, 15
	var group sync.WaitGroup
	for range writers {
		group.Go(func() {
			for range each {
				if err := increment(ctx, s); err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	got, _, err := s.Get(ctx, "counter")
	if err != nil || string(got) != strconv.Itoa(writers*each) {
		t.Errorf("counter is %q, %v; want %d", got, err, writers*each)
	}
}

func increment(ctx context.Context, s pos.Store) error {
	for {
		value, revision, err := s.Get(ctx, "counter")
		if err != nil && !errors.Is(err, pos.ErrNotFound) {
			return err
		}
		n, _ := strconv.Atoi(string(value)) // Nothing counts as 0.
		_, err = s.Put(ctx, "counter", strconv.AppendInt(nil, int64(n+1), 10), revision)
		if !errors.Is(err, pos.ErrConflict) {
			return err
		}
	}
}
