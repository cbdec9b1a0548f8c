package pos_test

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"testing"

	"github.com/farmacyfoods/pointofsale/pos"
)

func TestMemoryStore(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	var s pos.MemoryStore
	if _, _, err := s.Get(ctx, "a.b"); !errors.Is(err, pos.ErrNotFound) {
		t.Errorf("Get of nothing: %v", err)
	}
	if err := s.Delete(ctx, "a.b", 0); err != nil {
		t.Errorf("Delete of nothing: %v", err)
	}
	value := []byte("one")
	first, err := s.Put(ctx, "a.b", value, 0)
	if err != nil {
		t.Fatal(err)
	}
	value[0] = 'X'
	got, rev, err := s.Get(ctx, "a.b")
	if err != nil || string(got) != "one" || rev != first {
		t.Errorf("got %q, %d, %v", got, rev, err)
	}
	got[0] = 'X'
	if again, _, _ := s.Get(ctx, "a.b"); string(again) != "one" {
		t.Errorf("the store's copy was changed to %q", again)
	}
	if _, err := s.Put(ctx, "a.b", nil, 0); !errors.Is(err, pos.ErrConflict) {
		t.Errorf("Put as if new: %v", err)
	}
	second, err := s.Put(ctx, "a.b", []byte("two"), first)
	if err != nil || second <= first {
		t.Errorf("got revision %d after %d, %v", second, first, err)
	}
	if err := s.Delete(ctx, "a.b", first); !errors.Is(err, pos.ErrConflict) {
		t.Errorf("Delete at an old revision: %v", err)
	}
	if err := s.Delete(ctx, "a.b", second); err != nil {
		t.Error(err)
	}
	third, err := s.Put(ctx, "a.b", nil, 0)
	if err != nil || third <= second { // an old revision must never match again
		t.Errorf("got revision %d after %d, %v", third, second, err)
	}
	ended, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := s.Put(ended, "a.b", nil, third); !errors.Is(err, context.Canceled) {
		t.Errorf("Put with an ended context: %v", err)
	}
}

// Many writers add one each; compare-and-swap loses none.
func TestMemoryStoreRaces(t *testing.T) {
	t.Parallel()
	var s pos.MemoryStore
	ctx := t.Context()
	var wg sync.WaitGroup
	const writers, times = 8, 50
	for range writers {
		wg.Go(func() {
			for done := 0; done < times; {
				value, rev, err := s.Get(ctx, "count")
				if err != nil && !errors.Is(err, pos.ErrNotFound) {
					t.Error(err)
					return
				}
				n, _ := strconv.Atoi(string(value))
				if _, err := s.Put(ctx, "count", []byte(strconv.Itoa(n+1)), rev); err == nil {
					done++
				} else if !errors.Is(err, pos.ErrConflict) {
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	if value, _, _ := s.Get(ctx, "count"); string(value) != strconv.Itoa(writers*times) {
		t.Errorf("got %s, want %d", value, writers*times)
	}
}
