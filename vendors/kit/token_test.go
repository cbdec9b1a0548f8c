package kit_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/vendors/kit"
)

// issuer is a token endpoint. Refresh tokens are good for one use, unless
// grace allows the one before.
type issuer struct {
	mu       sync.Mutex
	n        int
	life     time.Duration
	grace    bool
	down     bool
	slow     time.Duration
	invalid  int
	requests int
}

func (i *issuer) refresh(ctx context.Context, old kit.Token) (kit.Token, error) {
	select {
	case <-time.After(10*time.Millisecond + i.slow):
	case <-ctx.Done():
		return kit.Token{}, ctx.Err()
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	i.requests++
	if i.down {
		return kit.Token{}, &pos.Error{Kind: pos.KindUnavailable, Err: errors.New("token endpoint down")}
	}
	spent := fmt.Sprintf("refresh-%d", i.n-1)
	if got := old.Refresh.Reveal(); got != fmt.Sprintf("refresh-%d", i.n) && !(i.grace && got == spent) {
		i.invalid++
		return kit.Token{}, &pos.Error{Kind: pos.KindAuth, Code: "invalid_grant", Err: errors.New("invalid_grant")}
	}
	i.n++
	return i.token(), nil
}

func (i *issuer) token() kit.Token {
	return kit.Token{
		Access:  pos.NewSecret(fmt.Sprintf("access-%d", i.n)),
		Refresh: pos.NewSecret(fmt.Sprintf("refresh-%d", i.n)),
		Expires: time.Now().Add(i.life).UTC(),
		Scopes:  []string{"items"},
		Extra:   map[string]string{"merchant": "M1"},
	}
}

func (i *issuer) source(t *testing.T, store pos.Store, change ...func(*kit.TokenConfig, *kit.Options)) *kit.TokenSource {
	t.Helper()
	cfg := kit.TokenConfig{
		Vendor: "acme", Key: "acme.token", Refresh: i.refresh,
		Initial: kit.Token{Refresh: pos.NewSecret("refresh-0")},
	}
	opts := &kit.Options{Store: store}
	for _, c := range change {
		c(&cfg, opts)
	}
	s, err := kit.NewTokenSource(cfg, opts)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func access(t *testing.T, s *kit.TokenSource) string {
	t.Helper()
	token, err := s.Token(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return token.Access.Reveal()
}

func TestTokenIsRenewedWhenDue(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		i := &issuer{life: time.Hour}
		s := i.source(t, &pos.MemoryStore{})
		for _, step := range []struct {
			after time.Duration
			want  string
		}{{0, "access-1"}, {30 * time.Minute, "access-1"}, {20 * time.Minute, "access-2"}, {2 * time.Hour, "access-3"}} {
			time.Sleep(step.after)
			if got := access(t, s); got != step.want {
				t.Errorf("after %v: %s, want %s", step.after, got, step.want)
			}
		}
	})
}

func TestTokenSurvivesARestartWithAllThatBelongsToIt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		i, store := &issuer{life: time.Hour}, &pos.MemoryStore{}
		first, err := i.source(t, store).Token(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		again, err := i.source(t, store).Token(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		reveal := cmp.Transformer("Reveal", pos.Secret.Reveal)
		if diff := cmp.Diff(first, again, reveal); diff != "" || again.Extra["merchant"] != "M1" {
			t.Error(diff)
		}
		if i.requests != 1 {
			t.Errorf("%d requests", i.requests)
		}
	})
}

func TestManyCallersRenewOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		i := &issuer{life: time.Hour}
		s := i.source(t, &pos.MemoryStore{})
		var wg sync.WaitGroup
		for range 100 {
			wg.Go(func() { access(t, s) })
		}
		wg.Wait()
		if i.requests != 1 {
			t.Errorf("%d requests", i.requests)
		}
	})
}

func TestTwoProcessesThousandRotations(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		i, store := &issuer{life: time.Hour}, &pos.MemoryStore{}
		sources := []*kit.TokenSource{i.source(t, store), i.source(t, store)}
		for range 1000 {
			var wg sync.WaitGroup
			for _, s := range sources {
				for range 3 {
					wg.Go(func() { access(t, s) })
				}
			}
			wg.Wait()
			time.Sleep(55 * time.Minute)
		}
		if i.invalid != 0 || i.n != 1000 || i.requests != 1000 {
			t.Errorf("%d invalid grants, %d rotations, %d requests", i.invalid, i.n, i.requests)
		}
	})
}

// TestRejectedTokenRotations forces each renewal by a 401 that both processes
// meet at the same time.
func TestRejectedTokenRotations(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		i, store := &issuer{life: 24 * 365 * time.Hour}, &pos.MemoryStore{}
		var valid atomic.Value
		valid.Store("Bearer access-1")
		client := func() *kit.Client {
			return newClient(t, kit.ClientConfig{Auth: i.source(t, store)}, nil, func(r *http.Request) (*http.Response, error) {
				if r.Header.Get("Authorization") != valid.Load() {
					return reply(401, ""), nil
				}
				return reply(200, "{}"), nil
			})
		}
		clients := []*kit.Client{client(), client()}
		for n := 1; n <= 100; n++ {
			valid.Store(fmt.Sprintf("Bearer access-%d", n))
			var wg sync.WaitGroup
			for _, c := range clients {
				for range 3 {
					wg.Go(func() {
						if err := get(t.Context(), c); err != nil {
							t.Errorf("rotation %d: %v", n, err)
						}
					})
				}
			}
			wg.Wait()
		}
		if i.invalid != 0 || i.n != 100 {
			t.Errorf("%d invalid grants, %d rotations", i.invalid, i.n)
		}
	})
}

func TestRejectedForEverDoesNotLoop(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		i := &issuer{life: time.Hour}
		calls := 0
		c := newClient(t, kit.ClientConfig{Auth: i.source(t, &pos.MemoryStore{})}, nil, func(*http.Request) (*http.Response, error) {
			calls++
			return reply(401, ""), nil
		})
		if err := get(t.Context(), c); !errors.Is(err, pos.ErrAuth) || calls != 2 || i.requests != 2 {
			t.Errorf("%d calls, %d refreshes: %v", calls, i.requests, err)
		}
	})
}

func TestFailedRefreshNeverChangesTheStore(t *testing.T) {
	t.Parallel()
	odd := func(token kit.Token, err error) func(*kit.TokenConfig, *kit.Options) {
		return func(c *kit.TokenConfig, _ *kit.Options) {
			good := c.Refresh
			c.Refresh = func(ctx context.Context, old kit.Token) (kit.Token, error) {
				if old.Refresh.Reveal() == "refresh-0" {
					return good(ctx, old)
				}
				return token, err
			}
		}
	}
	tests := map[string]struct {
		change func(*kit.TokenConfig, *kit.Options)
		kind   pos.Kind
	}{
		"unavailable":      {odd(kit.Token{}, &pos.Error{Kind: pos.KindUnavailable}), pos.KindUnavailable},
		"busy":             {odd(kit.Token{}, &pos.Error{Kind: pos.KindRateLimited, RetryAfter: time.Minute}), pos.KindRateLimited},
		"invalid_grant":    {odd(kit.Token{}, &pos.Error{Kind: pos.KindAuth}), pos.KindAuth},
		"error as success": {odd(kit.Token{}, nil), pos.KindProtocol},
		"plain error":      {odd(kit.Token{}, errors.New("eof")), pos.KindUnknown},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				i, store := &issuer{life: time.Hour}, &pos.MemoryStore{}
				s := i.source(t, store, test.change)
				access(t, s)
				before, revision, _ := store.Get(t.Context(), "acme.token")

				time.Sleep(50 * time.Minute) // due, still valid
				if got := access(t, s); got != "access-1" {
					t.Errorf("while valid: %s", got)
				}
				time.Sleep(time.Hour) // expired
				if _, err := s.Token(t.Context()); asPos(t, err).Kind != test.kind {
					t.Errorf("expired: %v", err)
				}
				after, now, err := store.Get(t.Context(), "acme.token")
				if err != nil || revision != now || string(before) != string(after) {
					t.Errorf("the store changed: %v", err)
				}
			})
		})
	}
}

func TestRefusedForEverAsksOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		i, store := &issuer{life: time.Hour, n: 7}, &pos.MemoryStore{}
		s := i.source(t, store)
		for range 10 {
			_, err := s.Token(t.Context())
			if e := asPos(t, err); e.Kind != pos.KindAuth || pos.IsRetryable(err) {
				t.Fatalf("got %v", err)
			}
		}
		if i.requests != 1 {
			t.Errorf("%d requests", i.requests)
		}
		time.Sleep(16 * time.Minute)
		if _, err := s.Token(t.Context()); !errors.Is(err, pos.ErrAuth) || i.requests != 2 {
			t.Errorf("later: %d requests, %v", i.requests, err)
		}
		// Somebody authorizes again, through another process.
		other := i.source(t, store)
		if err := other.Save(t.Context(), i.token()); err != nil {
			t.Fatal(err)
		}
		if got := access(t, s); got != "access-7" {
			t.Errorf("got %s", got)
		}
	})
}

// TestRefusedStoredTokenAsksOnce is the same with a token that comes out of the
// store each time.
func TestRefusedStoredTokenAsksOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		i := &issuer{life: time.Hour}
		s := i.source(t, &pos.MemoryStore{})
		access(t, s)
		i.n += 7 // the vendor's side has moved on
		time.Sleep(2 * time.Hour)
		before := i.requests
		for range 10 {
			if _, err := s.Token(t.Context()); asPos(t, err).Kind != pos.KindAuth {
				t.Fatalf("got %v", err)
			}
		}
		if n := i.requests - before; n != 1 {
			t.Errorf("%d requests", n)
		}
	})
}

func TestNewConfigurationWins(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		i, store := &issuer{life: time.Hour}, &pos.MemoryStore{}
		access(t, i.source(t, store))
		i.n = 50
		s := i.source(t, store, func(c *kit.TokenConfig, _ *kit.Options) { c.Initial.Refresh = pos.NewSecret("refresh-50") })
		if got := access(t, s); got != "access-51" {
			t.Errorf("got %s", got)
		}
	})
}

func TestInvalidGrantTakesWhatAnotherProcessStored(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		i, store := &issuer{life: time.Hour}, &pos.MemoryStore{}
		var s *kit.TokenSource
		s = i.source(t, store, func(c *kit.TokenConfig, _ *kit.Options) {
			good := c.Refresh
			c.Refresh = func(ctx context.Context, old kit.Token) (kit.Token, error) {
				// A process without leases renews behind our back.
				fresh, err := good(ctx, old)
				if err != nil {
					return kit.Token{}, err
				}
				if err := s.Save(ctx, fresh); err != nil {
					return kit.Token{}, err
				}
				return good(ctx, old)
			}
		})
		if got := access(t, s); got != "access-1" || i.invalid != 1 {
			t.Errorf("got %s, %d invalid", got, i.invalid)
		}
	})
}

// TestCrashBetweenRefreshAndSave kills a process after the vendor has answered.
func TestCrashBetweenRefreshAndSave(t *testing.T) {
	t.Parallel()
	for _, grace := range []bool{true, false} {
		t.Run(fmt.Sprintf("grace %v", grace), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				i, store := &issuer{life: time.Hour, grace: grace}, &pos.MemoryStore{}
				dead := &dyingStore{Store: store}
				doomed := i.source(t, dead, func(c *kit.TokenConfig, _ *kit.Options) {
					good := c.Refresh
					c.Refresh = func(ctx context.Context, old kit.Token) (kit.Token, error) {
						defer dead.dead.Store(true)
						return good(ctx, old)
					}
				})
				_, _ = doomed.Token(t.Context())
				began := time.Now()
				token, err := i.source(t, store).Token(t.Context())
				if took := time.Since(began); took < 50*time.Second || took > 65*time.Second {
					t.Errorf("took over after %v, the lease is a minute", took)
				}
				if grace && (err != nil || token.Access.Reveal() != "access-2") || !grace && !errors.Is(err, pos.ErrAuth) {
					t.Errorf("got %v, %v", token.Access.Reveal(), err)
				}
			})
		})
	}
}

// dyingStore does nothing once its process is dead.
type dyingStore struct {
	pos.Store
	dead atomic.Bool
}

var errDead = errors.New("store is down")

func (s *dyingStore) Get(ctx context.Context, key string) ([]byte, pos.Revision, error) {
	if s.dead.Load() {
		return nil, 0, errDead
	}
	return s.Store.Get(ctx, key)
}

func (s *dyingStore) Put(ctx context.Context, key string, value []byte, old pos.Revision) (pos.Revision, error) {
	if s.dead.Load() {
		return 0, errDead
	}
	return s.Store.Put(ctx, key, value, old)
}

func (s *dyingStore) Delete(ctx context.Context, key string, old pos.Revision) error {
	if s.dead.Load() {
		return errDead
	}
	return s.Store.Delete(ctx, key, old)
}

func TestTokenThatCannotBeStoredIsUsedAndStoredLater(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var events []kit.TokenEvent
		i, base := &issuer{life: time.Hour}, &pos.MemoryStore{}
		store := &dyingStore{Store: base}
		s := i.source(t, store, func(c *kit.TokenConfig, o *kit.Options) {
			o.Observer = &kit.Observer{Token: func(e kit.TokenInfo) { events = append(events, e.Event) }}
			good := c.Refresh
			c.Refresh = func(ctx context.Context, old kit.Token) (kit.Token, error) {
				store.dead.Store(true)
				return good(ctx, old)
			}
		})
		if got := access(t, s); got != "access-1" {
			t.Errorf("got %s", got)
		}
		store.dead.Store(false)
		time.Sleep(time.Minute)
		if got := access(t, s); got != "access-1" || i.requests != 1 {
			t.Errorf("got %s after %d requests", got, i.requests)
		}
		if got := access(t, i.source(t, base)); got != "access-1" {
			t.Errorf("stored: %s", got)
		}
		if diff := cmp.Diff([]kit.TokenEvent{kit.TokenUnsaved, kit.TokenRefreshed}, events); diff != "" {
			t.Error(diff)
		}
	})
}

func TestHeldLeaseDoesNotHoldUpAValidToken(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		i, store := &issuer{life: time.Hour}, &pos.MemoryStore{}
		slow, quick := i.source(t, store), i.source(t, store)
		access(t, slow)
		access(t, quick)
		time.Sleep(50 * time.Minute)
		i.slow = 20 * time.Second
		go func() { access(t, slow) }()
		synctest.Wait()
		began := time.Now()
		if got := access(t, quick); got != "access-1" || time.Since(began) > time.Second {
			t.Errorf("got %s after %v", got, time.Since(began))
		}
		time.Sleep(time.Minute)
		if got := access(t, quick); got != "access-2" || i.requests != 2 {
			t.Errorf("got %s after %d requests", got, i.requests)
		}
	})
}

func TestCallerWhoGivesUpDoesNotSpendTheToken(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		i, store := &issuer{life: time.Hour, slow: 5 * time.Second}, &pos.MemoryStore{}
		s := i.source(t, store)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := s.Token(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		if got := access(t, s); got != "access-1" || i.requests != 1 {
			t.Errorf("got %s after %d requests", got, i.requests)
		}
	})
}

// TestExpiringAuthorizationIsToldOnce, when renewing does not put its end off.
func TestExpiringAuthorizationIsToldOnce(t *testing.T) {
	t.Parallel()
	const day = 24 * time.Hour
	for name, rolling := range map[string]bool{"fixed end": false, "rolling end": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				end := time.Now().Add(30 * day).UTC()
				var told []kit.TokenInfo
				i := &issuer{life: time.Hour}
				s := i.source(t, &pos.MemoryStore{}, func(c *kit.TokenConfig, o *kit.Options) {
					o.Observer = &kit.Observer{Token: func(e kit.TokenInfo) {
						if e.Event == kit.TokenExpiring {
							told = append(told, e)
						}
					}}
					good := c.Refresh
					c.Refresh = func(ctx context.Context, old kit.Token) (kit.Token, error) {
						token, err := good(ctx, old)
						if token.RefreshExpires = end; rolling {
							token.RefreshExpires = time.Now().Add(30 * day).UTC()
						}
						return token, err
					}
				})
				for range 28 {
					if len(told) > 0 && time.Until(end) > 14*day {
						t.Errorf("told %v before the end", time.Until(end))
					}
					access(t, s)
					time.Sleep(day)
				}
				var want []kit.TokenInfo
				if !rolling {
					want = []kit.TokenInfo{{Vendor: "acme", Key: "acme.token", Event: kit.TokenExpiring, Expires: end}}
				}
				if diff := cmp.Diff(want, told); diff != "" {
					t.Error(diff)
				}
			})
		})
	}
}
