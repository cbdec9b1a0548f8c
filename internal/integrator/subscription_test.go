package integrator

import (
	"testing"
	"time"

	"github.com/farmacyfoods/pointofsale/events"
	"github.com/farmacyfoods/pointofsale/events/eventsfake"
	"github.com/farmacyfoods/pointofsale/pos/posfake"
)

// A subscription that the vendor ends is restored within one interval, what
// its callbacks would have told is read, and an event says so.
func TestALostSubscriptionIsRestored(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		fake := newFake("a", 0, "A")
		account := serve(fake)
		account.Subscription = fake.Subscription()
		account.Schedule = Schedule{Purchases: 24 * time.Hour, Subscription: 10 * time.Minute}
		var rec eventsfake.Recorder
		stop := start(t, build(t, Config{Publisher: &rec, Accounts: []Account{account}}))
		defer stop()
		time.Sleep(30 * time.Minute)
		if n := len(rec.Events(events.TypeSubscriptionLost)); n != 0 {
			t.Errorf("%d events while the subscription stood", n)
		}
		fake.DropSubscription()
		price := int64(500)
		if _, err := fake.Sell(posfake.Sale{Location: "A", Lines: []posfake.SaleLine{{Name: "Soup", Price: &price}}}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(11*time.Minute + time.Second)
		if n := len(rec.Events(events.TypeSubscriptionLost)); n != 1 {
			t.Errorf("%d events for a lost subscription", n)
		}
		if n := len(rec.Events(events.TypePurchaseRecorded)); n != 1 {
			t.Errorf("%d purchases were read after the loss", n)
		}
		if restored, err := fake.Subscription().Ensure(t.Context()); restored || err != nil {
			t.Errorf("the subscription was not restored: %v", err)
		}
	})
}
