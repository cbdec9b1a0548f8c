package postest

import (
	"runtime/debug"
	"testing"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/pos/posfake"
)

// Harness is a provider together with the simulator that it talks to.
type Harness struct {
	// Provider is what is tested.
	Provider pos.Provider
	// Reopen builds another provider for the same account and Store, as a
	// process does after a restart. Nil: the provider keeps nothing, so that
	// the same value stands for the next process.
	Reopen func() pos.Provider
	// Sim drives the simulated system. Its clock follows the system's, which
	// is virtual here.
	Sim posfake.Simulator
	// Webhook reads the callbacks that Deliver collects: those that the
	// simulator has sent since the last call. Both are nil for systems
	// without.
	Webhook pos.Webhook
	Deliver func() []posfake.Callback
	// Subscription keeps the callbacks coming, and Unsubscribe ends them as the
	// vendor does without a word. Both are nil for systems whose subscriptions
	// are made by hand.
	Subscription pos.Subscription
	Unsubscribe  func()
	// Settle lets virtual time pass until everything recorded can be read, for
	// systems whose reads lag behind. Nil: at once.
	Settle func()
	// Conflict is the answer with which the system refuses a write because
	// somebody else changed the object. Zero: status 409.
	Conflict posfake.Fault
	// Budget is what the documentation promises about requests.
	Budget Budget
	// Secrets are marker texts that must never come out: credentials, and the
	// names and e-mail addresses of customers that the simulator has planted.
	Secrets []string
}

// Budget is the number of requests that the provider's documentation promises
// at most. Nil fields are not checked.
type Budget struct {
	// IdlePoll is for reading purchases of n locations without news.
	IdlePoll func(locations int) int
	// MenuWrites and MenuReads are for a push of a new menu.
	MenuWrites, MenuReads func(items, locations int) int
	// Status and Inventory are for reading all locations once.
	Status    func(locations int) int
	Inventory func(items, locations int) int
}

// Run proves that the provider keeps the contract of package pos.
func Run(t *testing.T, open func(t *testing.T) Harness) {
	t.Helper()
	caps, ok := probe(t, open)
	if !ok {
		return
	}
	for _, cs := range cases {
		if why := cs.excluded(caps); why != "" {
			t.Logf("postest: case %s not applicable: %s", cs.name, why)
			continue
		}
		t.Run(cs.name, func(t *testing.T) {
			result := cs.prove(t, open)
			for _, f := range result.failures {
				t.Errorf("%s: %s", cs.title(), f)
			}
			for _, n := range result.notes {
				t.Logf("postest: not simulated here: %s", n)
			}
		})
	}
	for _, row := range Applicability(caps) {
		if row.Why != "" {
			t.Logf("postest: %s", row)
		}
	}
}

// probe opens the harness once, for its capabilities and its completeness.
func probe(t *testing.T, open func(t *testing.T) Harness) (caps pos.Capabilities, ok bool) {
	t.Helper()
	bubble(t, func(t *testing.T) {
		t.Helper()
		h := open(t)
		defer func() {
			if e := recover(); e != nil {
				t.Errorf("postest: Describe panicked: %v\n%s", e, debug.Stack())
			}
		}()
		switch {
		case h.Provider == nil || h.Sim == nil:
			t.Error("postest: the harness needs Provider and Sim")
		case (h.Webhook == nil) != (h.Deliver == nil):
			t.Error("postest: the harness needs Webhook and Deliver, or neither")
		case h.Webhook == nil && h.Provider.Describe().Capabilities.Webhooks.OK():
			t.Error("postest: the capabilities declare webhooks, the harness has none")
		default:
			caps, ok = h.Provider.Describe().Capabilities, true
		}
	})
	return caps, ok
}
