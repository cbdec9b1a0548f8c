package integrator

import (
	"context"
	"crypto/rand"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/farmacyfoods/pointofsale/events"
	"github.com/farmacyfoods/pointofsale/pos"
)

// unit is what one replica owns as a whole: a vendor account, or a part of one
// that is too large for a machine. The rate limit, the tokens and the callbacks
// of an account so have one owner, and need nothing shared.
type unit struct {
	engine   *Engine
	cfg      Account
	provider pos.Provider // with its share of the account's rate
	origin   events.Origin
	part     int // 0 leads: it pushes, keeps the subscription and groups locations
	parts    int
	hash     uint64
	wake     chan struct{}

	mu     sync.Mutex
	wanted bool // we own it
	urgent bool // somebody died: work at once
	end    func()
	// now is the account as it runs, or as it would.
	now *account
}

// units makes the units of an account.
func units(e *Engine, cfg Account) []*unit {
	d := cfg.Provider.Describe()
	o := events.Origin{Vendor: d.Vendor, Account: d.Account}
	providers := append([]pos.Provider{cfg.Provider}, cfg.Shares...)
	all := make([]*unit, len(providers))
	for i, p := range providers {
		name := o.String()
		if i > 0 {
			name += "#" + strconv.Itoa(i)
		}
		u := &unit{
			engine: e, cfg: cfg, provider: p, origin: o, part: i, parts: len(providers),
			hash: digest(name), wake: make(chan struct{}, 1),
		}
		u.now = newAccount(u)
		all[i] = u
	}
	return all
}

// lead reports whether the unit does what is done once for each account.
func (u *unit) lead() bool { return u.part == 0 }

// has reports whether a location belongs to the unit.
func (u *unit) has(location string) bool {
	return u.parts == 1 || shardOf(location)%u.parts == u.part
}

func (u *unit) account() *account {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.now
}

func (u *unit) owned() bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.wanted
}

// own takes the unit over or gives it up. What runs for a unit that is given
// up is cancelled: the next owner is already at work.
func (u *unit) own(wanted, urgent bool) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if wanted == u.wanted {
		return
	}
	u.wanted, u.urgent = wanted, urgent
	if !wanted && u.end != nil {
		u.end()
	}
	u.poke()
}

func (u *unit) poke() {
	select {
	case u.wake <- struct{}{}:
	default:
	}
}

// run works whenever the unit is ours, until stop ends.
func (u *unit) run(stop, work context.Context) {
	for {
		select {
		case <-stop.Done():
			return
		case <-u.wake:
		}
		u.serve(stop, work)
	}
}

func (u *unit) serve(stop, work context.Context) {
	stop, halt := context.WithCancel(stop)
	defer halt()
	work, abort := context.WithCancel(work)
	defer abort()
	u.mu.Lock()
	if !u.wanted || stop.Err() != nil {
		u.mu.Unlock()
		return
	}
	u.end = func() { halt(); abort() }
	a, urgent := u.now, u.urgent
	u.mu.Unlock()

	u.tell(true)
	a.run(stop, work, urgent)
	u.tell(false)

	u.mu.Lock()
	defer u.mu.Unlock()
	u.end = nil
	u.now = newAccount(u) // What the old one knows is no longer ours.
	if u.wanted {
		u.poke() // It was lost and came back meanwhile.
	}
}

func (u *unit) tell(owned bool) {
	if f := u.engine.cfg.Observer.Owner; f != nil {
		f(OwnerInfo{u.origin, u.part, owned})
	}
}

// owner returns the member that owns a unit: the one with the highest score,
// so that a member that comes or goes moves its own share only.
func owner(members []string, unit uint64) string {
	best, highest := "", uint64(0)
	for _, m := range members {
		if score := mix(digest(m) ^ unit); best == "" || score > highest {
			best, highest = m, score
		}
	}
	return best
}

// mix makes every bit depend on all others.
func mix(x uint64) uint64 {
	x ^= x >> 30
	x *= 0xbf58476d1ce4e5b9
	x ^= x >> 27
	x *= 0x94d049bb133111eb
	return x ^ x>>31
}

// memberName is unique to this run of this process.
func memberName() string {
	host, err := os.Hostname()
	if err != nil {
		host = "host" // The rest is enough.
	}
	return host + "-" + strconv.Itoa(os.Getpid()) + "-" + strings.ToLower(rand.Text()[:8])
}

// share takes what is ours among the members. Those of the first list come
// into work as at any start; later ones have been waiting since their owner
// went.
func (e *Engine) share(members []string) {
	e.mu.Lock()
	again := e.placed
	e.placed = e.placed || len(members) > 0
	e.seen = len(members) > 0
	e.mu.Unlock()
	n := 0
	for _, u := range e.units {
		mine := owner(members, u.hash) == e.member
		u.own(mine, again)
		if mine {
			n++
		}
	}
	e.log.Info("members changed", "member", e.member, "members", len(members), "owned", n, "of", len(e.units))
}

// join shares the units with the other members until ctx ends. Without a
// cluster all are ours.
func (e *Engine) join(ctx context.Context) {
	if e.cfg.Cluster == nil {
		e.share([]string{e.member})
		return
	}
	e.cfg.Cluster.Join(ctx, e.cfg.Name, e.member, e.share)
}

// lookAfter is how often an owner looks for what other replicas left for it.
const lookAfter = time.Second
