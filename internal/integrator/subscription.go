package integrator

import (
	"context"
	"time"

	"github.com/farmacyfoods/pointofsale/events"
	"github.com/farmacyfoods/pointofsale/pos"
)

// subscription keeps an account's callbacks coming.
type subscription struct {
	account *account
	order   pos.Subscription
	poll    *loop
	stood   bool // it stood once in this life: only then it can be lost
}

func newSubscription(a *account, order pos.Subscription) *subscription {
	s := &subscription{account: a, order: order}
	s.poll = newLoop(a.schedule.Subscription, a.traced("check subscription", s.check))
	return s
}

// check restores a lost subscription, looks at everything that its callbacks
// would have told of, and raises an event.
func (s *subscription) check(ctx context.Context) (bool, error) {
	a, start := s.account, time.Now()
	restored, err := s.ensure(ctx)
	a.health.poll(ctx, "subscription", pos.JobAccount, s.poll.due, start, 0, err)
	if err != nil {
		return false, err
	}
	if restored && s.stood {
		a.inbox.dispatch(ctx, map[pos.Job]bool{pos.JobAccount: true}, nil)
		alarm := events.Alarm{Detail: "the vendor had ended the webhook subscription; it was ordered again"}
		err = a.publish(ctx, events.NewAlarm(events.TypeSubscriptionLost, a.origin, start.UTC().Format(time.RFC3339Nano), start, alarm))
	}
	s.stood = true
	return false, err
}

func (s *subscription) ensure(ctx context.Context) (bool, error) {
	ctx, cancel := s.account.call(ctx)
	defer cancel()
	return s.order.Ensure(ctx)
}
