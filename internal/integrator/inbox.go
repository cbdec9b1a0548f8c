package integrator

import (
	"context"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/farmacyfoods/pointofsale/events"
	"github.com/farmacyfoods/pointofsale/pos"
)

const (
	// quietWindow is how long notices are collected after the last one,
	// longestWindow after the first.
	quietWindow   = time.Second
	longestWindow = 5 * time.Second
	// noticesKept is how many notice ids are remembered, recordsKept how many
	// records are collected before a poll is cheaper.
	noticesKept = 4096
	recordsKept = 500
)

// inbox collects the notices of one account: repeats are dropped, a burst
// becomes one read.
type inbox struct {
	account *account
	wake    chan struct{}

	mu          sync.Mutex
	seen        map[string]bool
	order       []string // of seen, a ring
	oldest      int
	first, last time.Time // of what is collected; zero if nothing is
	jobs        map[pos.Job]bool
	records     map[string]string // record -> location
	// came is when the oldest callback came whose notices are collected,
	// working is that of those that are acted upon; zero if there are none.
	came, working time.Time
	// longest is how long callbacks waited, at most, that came since the last
	// look.
	longest time.Duration
}

func newInbox(a *account) *inbox {
	return &inbox{
		account: a,
		wake:    make(chan struct{}, 1),
		seen:    make(map[string]bool),
		jobs:    make(map[pos.Job]bool),
		records: make(map[string]string),
	}
}

// add takes a notice; alarms become events at once.
func (b *inbox) add(ctx context.Context, n pos.Notice) error {
	a := b.account
	b.mu.Lock()
	repeat := n.ID != "" && b.seen[n.ID]
	b.mu.Unlock()
	if f := a.engine.cfg.Observer.Notice; f != nil {
		f(NoticeInfo{a.origin, n, !repeat})
	}
	if repeat {
		return nil
	}
	if n.Alarm != "" && a.lead() {
		if err := b.alarm(ctx, n); err != nil {
			return err
		}
	}
	b.mu.Lock()
	b.remember(n.ID)
	b.collect(n)
	b.mu.Unlock()
	select {
	case b.wake <- struct{}{}:
	default:
	}
	return nil
}

func (b *inbox) alarm(ctx context.Context, n pos.Notice) error {
	typ := events.TypeAccountAlarm
	word := strings.ToLower(n.Type + " " + n.Alarm)
	switch {
	case strings.Contains(word, "subscription"), strings.Contains(word, "webhook"):
		typ = events.TypeSubscriptionLost
	case strings.Contains(word, "expir"):
		typ = events.TypeTokenExpiring
	case strings.Contains(word, "deprecat"):
		typ = events.TypeAPIDeprecated
	case strings.Contains(word, "authoriz"), strings.Contains(word, "revoke"), strings.Contains(word, "uninstall"):
		typ = events.TypeAuthorizationLost
	}
	at := n.At
	if at.IsZero() {
		at = time.Now()
	}
	a := b.account
	a.log.LogAttrs(ctx, slog.LevelWarn, "alarm of the vendor", slog.String("type", n.Type), slog.String("alarm", n.Alarm))
	return a.publish(ctx, events.NewAlarm(typ, a.origin, n.ID, at, events.Alarm{Detail: n.Alarm}))
}

func (b *inbox) remember(id string) {
	if id == "" || b.seen[id] {
		return
	}
	b.seen[id] = true
	if len(b.order) < noticesKept {
		b.order = append(b.order, id)
		return
	}
	delete(b.seen, b.order[b.oldest])
	b.order[b.oldest] = id
	b.oldest = (b.oldest + 1) % noticesKept
}

func (b *inbox) collect(n pos.Notice) {
	now := time.Now()
	if b.first.IsZero() {
		b.first = now
	}
	b.last = now
	if n.Job != pos.JobPurchases || len(n.Records) == 0 || b.jobs[pos.JobPurchases] || len(b.records)+len(n.Records) > recordsKept {
		b.jobs[n.Job] = true
		return
	}
	for _, id := range n.Records {
		b.records[id] = n.Location
	}
}

// run reads what notices tell of until stop ends.
func (b *inbox) run(stop, work context.Context) {
	for {
		select {
		case <-stop.Done():
			return
		case <-b.wake:
		}
		for wait := b.due(); wait > 0; wait = b.due() {
			if sleep(stop, wait) != nil {
				return
			}
		}
		jobs, records := b.take()
		b.dispatch(work, jobs, records)
		b.done()
	}
}

// due returns how long to go on collecting.
func (b *inbox) due() time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.first.IsZero() {
		return 0
	}
	end := b.last.Add(quietWindow)
	if longest := b.first.Add(longestWindow); longest.Before(end) {
		end = longest
	}
	return time.Until(end)
}

func (b *inbox) take() (map[pos.Job]bool, map[string]string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	jobs, records := b.jobs, b.records
	b.jobs, b.records = make(map[pos.Job]bool), make(map[string]string)
	b.first, b.last = time.Time{}, time.Time{}
	b.working, b.came = b.came, time.Time{}
	return jobs, records
}

func (b *inbox) done() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.working = time.Time{}
}

// arrived notes when a callback came whose notices follow.
func (b *inbox) arrived(at time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.came.IsZero() || at.Before(b.came) {
		b.came = at
	}
	b.longest = max(b.longest, time.Since(at))
}

// behind is for how long the oldest callback has been waiting, or one that was
// waiting since the last look.
func (b *inbox) behind(_ context.Context, now time.Time) (time.Duration, bool, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	wait := b.longest
	b.longest = 0
	for _, at := range []time.Time{b.came, b.working} {
		if !at.IsZero() {
			wait = max(wait, now.Sub(at))
		}
	}
	return wait, true, nil
}

func (b *inbox) dispatch(ctx context.Context, jobs map[pos.Job]bool, records map[string]string) {
	a := b.account
	if jobs[pos.JobAccount] { // Notices may have been lost: look at everything.
		a.places.nudge()
		jobs = map[pos.Job]bool{pos.JobStatus: true, pos.JobInventory: true, pos.JobPurchases: true, pos.JobMenu: true, pos.JobCoupons: true}
	}
	for _, job := range []pos.Job{pos.JobStatus, pos.JobInventory} {
		if jobs[job] {
			a.nudge(job)
		}
	}
	for _, job := range []pos.Job{pos.JobMenu, pos.JobCoupons} {
		if q := a.queues[job]; jobs[job] && q != nil {
			q.loop.nudge() // A push that waits for the vendor may be complete.
		}
	}
	if a.feeds == nil {
		return
	}
	if jobs[pos.JobPurchases] || len(records) > 0 && !a.caps.Purchases.Records {
		a.feeds.nudge()
		return
	}
	byFeed := make(map[*feed][]string)
	for _, id := range slices.Sorted(maps.Keys(records)) {
		fd := a.feeds.of(records[id])
		if fd == nil && a.parts > 1 && records[id] != "" {
			continue // Another part reads it.
		}
		if fd == nil { // Nobody knows whose it is.
			a.feeds.nudge()
			return
		}
		byFeed[fd] = append(byFeed[fd], id)
	}
	for fd, ids := range byFeed {
		if err := fd.fetch(ctx, ids); err != nil {
			fd.loop.nudge() // The poll finds it, at its own pace.
		}
	}
}
