package integrator

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/farmacyfoods/pointofsale/events"
	"github.com/farmacyfoods/pointofsale/events/eventsfake"
	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/pos/posfake"
)

// quick is a schedule for tests of replicas.
var quick = Schedule{Purchases: time.Minute, Status: -1, Inventory: -1, Locations: time.Hour}

// shared is a journal that keeps callbacks too, as a stream does.
type shared struct {
	*events.MemoryJournal
	*memoryIntake
}

func newShared(rec *eventsfake.Recorder) shared {
	return shared{events.NewMemoryJournal(rec), newMemoryIntake()}
}

func (s shared) end(t *testing.T) {
	t.Helper()
	if err := s.Flush(t.Context()); err != nil {
		t.Error(err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

// owners records who works for what.
type owners struct {
	mu  sync.Mutex
	now map[string]map[string]bool // unit -> engine
}

func (o *owners) observe(engine string) func(OwnerInfo) {
	return func(i OwnerInfo) {
		o.mu.Lock()
		defer o.mu.Unlock()
		if o.now == nil {
			o.now = make(map[string]map[string]bool)
		}
		unit := i.Account + "#" + strconv.Itoa(i.Part)
		if o.now[unit] == nil {
			o.now[unit] = make(map[string]bool)
		}
		if i.Owned {
			o.now[unit][engine] = true
		} else {
			delete(o.now[unit], engine)
		}
	}
}

// count returns how many units each engine owns, and fails if one has none or
// several owners.
func (o *owners) count(t *testing.T, units int) map[string]int {
	t.Helper()
	o.mu.Lock()
	defer o.mu.Unlock()
	n := make(map[string]int)
	if len(o.now) != units {
		t.Errorf("%d units were owned, want %d", len(o.now), units)
	}
	for unit, engines := range o.now {
		if len(engines) != 1 {
			t.Errorf("%s has owners %v", unit, engines)
		}
		for e := range engines {
			n[e]++
		}
	}
	return n
}

func TestReplicasShareTheAccounts(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		const accounts = 24
		var rec eventsfake.Recorder
		journal := newShared(&rec)
		var cluster eventsfake.Cluster
		var own owners
		var fakes []*posfake.Fake
		var cfgs []Account
		for i := range accounts {
			f := newFake("a"+strconv.Itoa(i), 2, "A", "B", "C")
			fakes, cfgs = append(fakes, f), append(cfgs, serve(f))
		}
		replica := func(name string) (*Engine, func()) {
			e := build(t, Config{Journal: journal, Cluster: &cluster, Schedule: quick, Accounts: cfgs, Observer: Observer{Owner: own.observe(name)}})
			e.member = name
			return e, start(t, e)
		}
		trade := func() {
			for i := range 3 * accounts {
				sell(t, fakes[i%accounts], string(rune('A'+i/accounts)))
			}
			time.Sleep(2 * time.Minute)
		}
		_, stopOne := replica("one")
		time.Sleep(time.Second)
		if n := own.count(t, accounts); n["one"] != accounts {
			t.Errorf("alone: %v", n)
		}
		trade()
		two, stopTwo := replica("two")
		_, stopThree := replica("three")
		trade()
		n := own.count(t, accounts)
		if n["one"] == 0 || n["two"] == 0 || n["three"] == 0 {
			t.Errorf("three replicas: %v", n)
		}
		checkLedger(t, &rec, fakes...)

		// One that is paused hears of it when it wakes; the others have its
		// accounts at once.
		for _, f := range fakes {
			sell(t, f, "A")
		}
		cluster.Mute("test", "two", true)
		time.Sleep(5 * time.Second)
		if n := own.count(t, accounts); n["two"] != 0 {
			t.Errorf("two replicas: %v", n)
		}
		for _, u := range two.units {
			if u.owned() {
				t.Errorf("%s still has %s", two.member, u.origin)
			}
		}
		if code := get(t, two.Handler(), "/readyz"); code != 503 {
			t.Errorf("readyz of who is out: %d", code)
		}
		trade()
		cluster.Mute("test", "two", false)
		trade()
		if n := own.count(t, accounts); n["two"] == 0 {
			t.Errorf("after it came back: %v", n)
		}
		stopOne()
		stopThree()
		trade()
		if n := own.count(t, accounts); n["two"] != accounts {
			t.Errorf("the last one: %v", n)
		}
		stopTwo()
		checkLedger(t, &rec, fakes...)
		journal.end(t)
	})
}

func TestTakeoverPollsAtOnce(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		fake := newFake("a", 1, "A", "B", "C", "D")
		var rec eventsfake.Recorder
		journal := newShared(&rec)
		var cluster eventsfake.Cluster
		lazy := quick
		lazy.Purchases = time.Hour
		var stops []func()
		var engines []*Engine
		for _, name := range []string{"one", "two"} {
			e := build(t, Config{Journal: journal, Cluster: &cluster, Schedule: lazy, Accounts: []Account{serve(fake)}})
			e.member = name
			engines, stops = append(engines, e), append(stops, start(t, e))
		}
		time.Sleep(3 * time.Hour)
		for _, l := range []string{"A", "B", "C", "D"} {
			sell(t, fake, l)
		}
		time.Sleep(6 * time.Second) // until the vendor shows them
		mine := slices.IndexFunc(engines, func(e *Engine) bool { return e.units[0].owned() })
		cluster.Mute("test", engines[mine].member, true)
		time.Sleep(time.Second)
		checkLedger(t, &rec, fake)
		for _, stop := range stops {
			stop()
		}
		journal.end(t)
	})
}

// TestPausedOwnerCommitsNothing holds a page back in a replica that is out, as
// if its process were stopped, until the other one delivered it.
func TestPausedOwnerCommitsNothing(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		fake := newFake("a", 0, "A")
		var rec eventsfake.Recorder
		journal := newShared(&rec)
		held, release := make(chan struct{}), make(chan struct{})
		var hold atomic.Bool
		paused := &provider{Fake: fake}
		paused.purchases = func(ctx context.Context, q pos.PurchaseQuery) (pos.PurchasePage, error) {
			page, err := fake.Purchases(ctx, q)
			if len(page.Purchases) > 0 && hold.CompareAndSwap(true, false) {
				close(held)
				<-release
			}
			return page, err
		}
		var stale atomic.Int64
		one := build(t, Config{
			Journal: journal, Schedule: quick, Accounts: []Account{serve(paused)}, // It does not hear that it is out.
			Observer: Observer{Commit: func(c CommitInfo) {
				if errors.Is(c.Err, pos.ErrConflict) {
					stale.Add(1)
				}
			}},
		})
		stopOne := start(t, one)
		sell(t, fake, "A")
		time.Sleep(5 * time.Minute)
		sell(t, fake, "A")
		hold.Store(true)
		<-held
		two := start(t, build(t, Config{Journal: journal, Cluster: &eventsfake.Cluster{}, Schedule: quick, Accounts: []Account{serve(fake)}}))
		time.Sleep(5 * time.Minute)
		checkLedger(t, &rec, fake)
		close(release)
		time.Sleep(time.Second)
		if stale.Load() == 0 {
			t.Error("no stale commit was tried: the test proves nothing")
		}
		time.Sleep(time.Hour)
		stopOne()
		two()
		checkLedger(t, &rec, fake)
		journal.end(t)
	})
}

func TestSharesSplitAnAccount(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		var locations []string
		for i := range 40 {
			locations = append(locations, fmt.Sprintf("L%02d", i))
		}
		fake := newFake("a", 3, locations...)
		var rec eventsfake.Recorder
		journal := newShared(&rec)
		sched := quick
		sched.Status, sched.Inventory = time.Minute, time.Minute
		for _, parts := range []int{4, 1, 3} { // Their number may change.
			var cluster eventsfake.Cluster
			var own owners
			var stops []func()
			asked := make([]map[string]bool, parts)
			var mu sync.Mutex
			account := Account{}
			for i := range parts {
				asked[i] = make(map[string]bool)
				p := &provider{Fake: fake}
				p.purchases = func(ctx context.Context, q pos.PurchaseQuery) (pos.PurchasePage, error) {
					mu.Lock()
					for _, l := range q.Locations {
						asked[i][l] = true
					}
					mu.Unlock()
					return fake.Purchases(ctx, q)
				}
				if i == 0 {
					account.Provider = p
				} else {
					account.Shares = append(account.Shares, p)
				}
			}
			for _, name := range []string{"one", "two", "three"} {
				e := build(t, Config{
					Journal: journal, Cluster: &cluster, Schedule: sched, Accounts: []Account{account},
					Observer: Observer{Owner: own.observe(name)},
				})
				e.member = name
				stops = append(stops, start(t, e))
			}
			time.Sleep(5 * time.Minute)
			for _, l := range locations {
				sell(t, fake, l)
				time.Sleep(time.Second)
			}
			time.Sleep(5 * time.Minute)
			own.count(t, parts)
			for _, stop := range stops {
				stop()
			}
			checkLedger(t, &rec, fake)
			total := 0
			for i := range parts {
				if len(asked[i]) == 0 {
					t.Errorf("part %d of %d reads nothing", i, parts)
				}
				total += len(asked[i])
			}
			if total != len(locations) {
				t.Errorf("%d parts read %d locations, want each once: %d", parts, total, len(locations))
			}
		}
		for _, l := range locations {
			if got := statuses(t, &rec, l); len(got) != 1 {
				t.Errorf("%s: status events %v, want one", l, got)
			}
		}
		journal.end(t)
	})
}

func TestAnyReplicaTakesCallbacks(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		fake := newFake("a", 0, "A")
		var rec eventsfake.Recorder
		journal := newShared(&rec)
		var cluster eventsfake.Cluster
		lazy := quick
		lazy.Purchases = 24 * time.Hour
		var engines []*Engine
		var stops []func()
		for _, name := range []string{"one", "two", "three"} {
			e := build(t, Config{Journal: journal, Cluster: &cluster, Schedule: lazy, Accounts: []Account{{Provider: fake, Webhook: fake.Webhook()}}})
			e.member = name
			engines, stops = append(engines, e), append(stops, start(t, e))
		}
		time.Sleep(time.Minute)
		for _, e := range engines {
			sell(t, fake, "A")
			time.Sleep(10 * time.Second) // until the vendor shows it
			for _, code := range post(t, e.Handler(), "/webhooks/posfake/a", fake.Callbacks()...) {
				if code != 200 {
					t.Errorf("callback answered with %d", code)
				}
			}
			time.Sleep(10 * time.Second)
			checkLedger(t, &rec, fake)
		}
		for _, stop := range stops {
			stop()
		}
		journal.end(t)
	})
}

func TestCommandsReachTheOwner(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		var rec eventsfake.Recorder
		journal := newShared(&rec)
		bus := events.NewBus(events.BusOptions{})
		var cluster eventsfake.Cluster
		var pushed [6]atomic.Int64
		var stops []func()
		for _, name := range []string{"one", "two", "three"} {
			var accounts []Account
			for i := range pushed {
				p := &provider{Fake: newFake("a"+strconv.Itoa(i), 0, "A")}
				p.pushMenu = func(ctx context.Context, m pos.MenuPush) (pos.PushReport, error) {
					pushed[i].Add(1)
					return p.Fake.PushMenu(ctx, m)
				}
				accounts = append(accounts, serve(p))
			}
			e := build(t, Config{Journal: journal, Cluster: &cluster, Subscriber: bus, Schedule: quick, Accounts: accounts})
			e.member = name
			stops = append(stops, start(t, e))
		}
		time.Sleep(time.Minute)
		const changes = 5
		for n := range changes {
			ev := events.NewMenuPublished("/menu", fmt.Sprintf("change-%d", n), time.Now(), events.MenuCommand{MenuPush: pos.MenuPush{Menu: menu(500, "M-1")}})
			if err := bus.Publish(t.Context(), ev); err != nil {
				t.Fatal(err)
			}
			time.Sleep(10 * time.Second)
		}
		for i := range pushed {
			if n := pushed[i].Load(); n != changes {
				t.Errorf("account %d got %d pushes, want %d", i, n, changes)
			}
		}
		if err := bus.Close(); err != nil {
			t.Error(err)
		}
		for _, stop := range stops {
			stop()
		}
		seen := make(map[string]int)
		for _, e := range rec.Events(events.TypePushOutcome) {
			seen[e.Source+e.ID]++
		}
		for id, n := range seen {
			if n > 1 {
				t.Errorf("outcome %s published %d times", id, n)
			}
		}
		if len(seen) == 0 {
			t.Error("no outcome was published")
		}
		journal.end(t)
	})
}

func TestConfigOfReplicas(t *testing.T) {
	t.Parallel()
	cfg := Config{
		Name: "test", Publisher: &eventsfake.Recorder{}, Cluster: &eventsfake.Cluster{},
		Accounts: []Account{{Provider: newFake("a", 0), Shares: []pos.Provider{nil, newFake("b", 0)}}},
	}
	var ps pos.Problems
	if err := cfg.Validate(); !errors.As(err, &ps) {
		t.Fatal(err)
	}
	var fields []string
	for _, p := range ps {
		fields = append(fields, p.Field)
	}
	if diff := cmp.Diff([]string{"Accounts[0].Shares[0]", "Accounts[0].Shares[1]", "Journal"}, fields); diff != "" {
		t.Error(diff)
	}
}

func TestOwnersAreEven(t *testing.T) {
	t.Parallel()
	for _, members := range [][]string{{"a", "b"}, {"host-1", "host-2", "host-3"}, {"x-1", "x-2", "x-3", "x-4", "x-5"}} {
		const units = 10_000
		n := make(map[string]int)
		moved := 0
		for i := range units {
			u := digest("square/account-" + strconv.Itoa(i))
			o := owner(members, u)
			n[o]++
			if next := owner(members[1:], u); o != members[0] && next != o {
				moved++
			}
		}
		for m, k := range n {
			if mean := units / len(members); k < mean*9/10 || k > mean*11/10 {
				t.Errorf("%s of %v owns %d of %d", m, members, k, units)
			}
		}
		if moved > 0 {
			t.Errorf("%d units moved between members that stayed", moved)
		}
	}
	if got := owner(nil, 1); got != "" {
		t.Errorf("nobody is there, but %q owns", got)
	}
}

func TestQuietCursorsAreWrittenTogether(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		var locations []string
		for i := range 60 {
			locations = append(locations, fmt.Sprintf("L%02d", i))
		}
		fake := newFake("a", 1, locations...)
		var rec eventsfake.Recorder
		journal := newShared(&rec)
		var commits, polls atomic.Int64
		p := &provider{Fake: fake}
		// A system whose cursor moves with the clock.
		p.purchases = func(_ context.Context, _ pos.PurchaseQuery) (pos.PurchasePage, error) {
			polls.Add(1)
			return pos.PurchasePage{Next: pos.Cursor(time.Now().Format(time.RFC3339)), Through: time.Now()}, nil
		}
		e := build(t, Config{Journal: journal, Schedule: quick, Accounts: []Account{serve(p)}, Observer: Observer{
			Commit: func(CommitInfo) { commits.Add(1) },
		}})
		stop := start(t, e)
		time.Sleep(4 * time.Minute)
		began := commits.Load()
		time.Sleep(time.Hour)
		if n := commits.Load() - began; n > 14 {
			t.Errorf("%d commits in an hour of %d quiet polls", n, polls.Load())
		}
		stop()
		before := polls.Load()
		for i := range locations { // The end wrote them all.
			rec, err := journal.Load(t.Context(), "posfake.a.purchases."+strconv.Itoa(i))
			if err != nil || rec.Revision == 0 || !slices.Contains([]byte(string(rec.Cursor)), 'T') {
				t.Fatalf("group %d: %s %v", i, rec.Cursor, err)
			}
		}
		if diff := cmp.Diff(before, polls.Load()); diff != "" {
			t.Error("polls after the end")
		}
		journal.end(t)
	})
}
