package kit

import (
	"context"
	"errors"
	"math"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/farmacyfoods/pointofsale/pos"
)

// maxPause is the longest that a server's hint is believed.
const maxPause = 15 * time.Minute

// Budget is what one account may ask of one vendor: a rate shared by all
// calls, in the order in which they asked. What the server says wins over the
// rate: a Retry-After stops everybody, a remaining quota is not overdrawn, and
// a 429 without any hint halves the rate, which then grows back by 5 % of its
// full value in each quiet minute. A Budget is safe for concurrent use and may
// be shared by several clients.
type Budget struct {
	// turn is held by the head of the queue. Go serves senders on a channel in
	// the order of their arrival.
	turn chan struct{}
	full rate.Limit
	most int           // calls on their way, 0 is no limit
	free chan struct{} // tells the head that a call was answered

	mu       sync.Mutex
	limiter  *rate.Limiter
	queued   int       // cost of those who wait
	flying   int       // calls sent and not yet answered
	resume   time.Time // nobody calls before
	drain    bool      // start with one token after the pause
	cutAt    time.Time // when the rate was last halved
	cutTo    rate.Limit
	quota    int // calls left until quotaEnd
	quotaEnd time.Time
	last     Hint // sets the next quota if the server is late to do so
}

// NewBudget returns a budget of perSecond calls, of which burst may come at
// once. Use [rate.Inf] where the vendor publishes no limit.
func NewBudget(perSecond rate.Limit, burst int) *Budget {
	return &Budget{
		turn:    make(chan struct{}, 1),
		free:    make(chan struct{}, 1),
		full:    perSecond,
		limiter: rate.NewLimiter(perSecond, max(burst, 1)),
	}
}

// Parallel limits how many calls are on their way at a time, from their start
// to the header of their answer; 0 is no limit. It is set before the first use
// and returns the budget.
func (b *Budget) Parallel(n int) *Budget {
	b.most = max(n, 0)
	return b
}

// Hint is what a server says about its limits.
type Hint struct {
	// Remaining calls are allowed until Reset has passed; then it is Limit, 0
	// if the server does not tell.
	Limit, Remaining int
	Reset            time.Duration
}

// errNoRoom is the cause when the queue is longer than the caller's time.
var errNoRoom = errors.New("the rate budget has no room before the deadline")

// acquire waits until a call of the given cost may be sent and returns how
// long it waited, 0 if not at all. It fails at once when the wait would outlast
// the context's deadline. After success the caller must call release.
func (b *Budget) acquire(ctx context.Context, cost int) (time.Duration, error) {
	start := time.Now()
	cost, err := b.enqueue(ctx, start, cost)
	if err != nil {
		return 0, err
	}
	defer b.dequeue(cost)
	waited := false
	select {
	case b.turn <- struct{}{}:
	default:
		waited = true
		select {
		case b.turn <- struct{}{}:
		case <-ctx.Done():
			return time.Since(start), ctx.Err()
		}
	}
	defer func() { <-b.turn }()
	for {
		wait, err := b.take(ctx, cost)
		switch {
		case err != nil:
			return time.Since(start), err
		case wait == 0 && !waited:
			return 0, nil
		case wait == 0:
			return time.Since(start), nil
		}
		waited = true
		if err := b.rest(ctx, wait); err != nil {
			return time.Since(start), err
		}
	}
}

// untilFree is the wait for a call to be answered.
const untilFree time.Duration = -1

// rest waits for a time or for a call to be answered.
func (b *Budget) rest(ctx context.Context, wait time.Duration) error {
	if wait != untilFree {
		return sleep(ctx, wait)
	}
	select {
	case <-b.free:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// release ends what a successful acquire began. The hint is nil if the answer
// had none.
func (b *Budget) release(hint *Hint) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.flying--
	select {
	case b.free <- struct{}{}:
	default: // one is enough: the head looks again
	}
	if hint != nil && hint.Reset > 0 {
		b.heed(time.Now(), *hint)
	}
}

// heed takes over a server's figures. Answers overtake each other, so within
// one quota the lowest figure counts and the latest end. What is on its way
// comes out of what remains.
func (b *Budget) heed(now time.Time, h Hint) {
	quota, end := max(h.Remaining-b.flying, 0), now.Add(min(h.Reset, maxPause))
	if now.Before(b.quotaEnd) {
		quota = min(quota, b.quota)
		if end.Before(b.quotaEnd) {
			end = b.quotaEnd
		}
	}
	b.last, b.quota, b.quotaEnd = h, quota, end
}

// Pause stops all calls for a while, at most 15 minutes. A shorter pause never
// cuts a longer one.
func (b *Budget) Pause(d time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if resume := time.Now().Add(min(d, maxPause)); resume.After(b.resume) {
		b.resume, b.drain = resume, true
	}
}

// slowDown halves the rate after a 429 without a hint, once for all the calls
// that were sent before the last cut.
func (b *Budget) slowDown(sent time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.full == rate.Inf || sent.Before(b.cutAt) {
		return
	}
	now := time.Now()
	b.recover(now)
	b.cutAt, b.cutTo = now, max(b.limiter.Limit()/2, b.full/64)
	b.limiter.SetLimitAt(now, b.cutTo)
}

// recover lets the rate grow with the quiet minutes since it was cut.
func (b *Budget) recover(now time.Time) {
	if b.cutAt.IsZero() {
		return
	}
	minutes := math.Floor(now.Sub(b.cutAt).Minutes())
	grown := min(b.cutTo+b.full*rate.Limit(0.05*minutes), b.full)
	if grown != b.limiter.Limit() {
		b.limiter.SetLimitAt(now, grown)
	}
	if grown == b.full {
		b.cutAt = time.Time{}
	}
}

func (b *Budget) enqueue(ctx context.Context, now time.Time, cost int) (int, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	cost = min(max(cost, 1), b.limiter.Burst())
	if err := noRoom(ctx, now, b.wait(now, b.queued+cost)); err != nil {
		return 0, err
	}
	b.queued += cost
	return cost, nil
}

func (b *Budget) dequeue(cost int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.queued -= cost
}

// take is called by the head of the queue: it takes the cost, or returns how
// long to wait before asking again.
func (b *Budget) take(ctx context.Context, cost int) (time.Duration, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.most > 0 && b.flying >= b.most {
		return untilFree, nil
	}
	now := time.Now()
	b.recover(now)
	if b.last.Limit > 0 && !now.Before(b.quotaEnd) {
		b.heed(now, Hint{Limit: b.last.Limit, Remaining: b.last.Limit, Reset: b.last.Reset})
	}
	if b.drain && !now.Before(b.resume) {
		b.drain = false
		if spare := int(b.limiter.TokensAt(now)) - cost; spare > 0 && b.full != rate.Inf {
			b.limiter.AllowN(now, spare)
		}
	}
	if wait := b.wait(now, cost); wait > 0 {
		return wait, noRoom(ctx, now, wait)
	}
	b.limiter.AllowN(now, cost)
	b.quota -= cost
	b.flying++
	return 0, nil
}

// wait estimates when the cost will be there: after the pause, the tokens that
// are missing, and the end of an exhausted quota.
func (b *Budget) wait(now time.Time, cost int) time.Duration {
	wait := max(b.resume.Sub(now), 0)
	if limit := b.limiter.Limit(); limit != rate.Inf {
		have := b.limiter.TokensAt(now.Add(wait))
		if b.drain {
			have = 1
		}
		if missing := float64(cost) - have; missing > 0 && limit > 0 {
			wait += time.Duration(math.Ceil(missing / float64(limit) * float64(time.Second)))
		}
	}
	if now.Before(b.quotaEnd) && b.quota < cost {
		wait = max(wait, b.quotaEnd.Sub(now))
	}
	return wait
}

// noRoom returns an error if the wait outlasts the context's deadline.
func noRoom(ctx context.Context, now time.Time, wait time.Duration) error {
	deadline, ok := ctx.Deadline()
	if !ok || wait == 0 || now.Add(wait).Before(deadline) {
		return nil
	}
	return &pos.Error{Kind: pos.KindRateLimited, RetryAfter: wait, Err: errNoRoom}
}

// sleep waits or returns the context's error as soon as that ends.
func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
