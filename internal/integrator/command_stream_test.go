package integrator

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/farmacyfoods/pointofsale/events"
	"github.com/farmacyfoods/pointofsale/events/eventstest"
	"github.com/farmacyfoods/pointofsale/events/jetstream"
	"github.com/farmacyfoods/pointofsale/pos"
)

// full is a journal that takes nothing while it is full.
type full struct {
	events.Journal
	is atomic.Bool
}

func (f *full) Commit(ctx context.Context, changes ...events.Change) ([]pos.Revision, error) {
	if f.is.Load() {
		return nil, &pos.Error{Op: "Journal.Commit", Kind: pos.KindUnavailable, Err: errors.New("the disk is full")}
	}
	return f.Journal.Commit(ctx, changes...)
}

// buried waits for a number of dead letters of the group that takes commands.
func buried(t *testing.T, s *jetstream.Stream, n int) (letters []jetstream.DeadLetter) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), eventstest.Limit)
	defer cancel()
	for {
		letters = nil
		for d, err := range s.DeadLetters(ctx, "test-commands") {
			if err != nil {
				t.Fatal(err)
			}
			letters = append(letters, d)
		}
		if len(letters) == n {
			return letters
		}
		if err := sleep(ctx, 5*time.Millisecond); err != nil {
			t.Fatalf("%d dead letters, want %d", len(letters), n)
		}
	}
}

// TestPoisonCommandsAreDeadLetters with their reason, for which the sender gets
// an outcome. One that could not be stored is carried out when it is replayed;
// one that makes no sense is a dead letter again. Others are not held up.
func TestPoisonCommandsAreDeadLetters(t *testing.T) {
	t.Parallel()
	s, err := jetstream.Open(t.Context(), jetstream.Config{Dir: t.TempDir(), NoSync: true})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	commands, err := s.Subscriber(jetstream.Delivery{Attempts: 3, RetryDelay: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	fake, journal := newFake("a", 0, "A"), &full{Journal: s}
	stop := start(t, build(t, Config{Journal: journal, Subscriber: commands, Schedule: pushesOnly, Accounts: []Account{serve(fake)}}))
	defer stop()
	send := func(e events.Event) {
		t.Helper()
		if err := s.Publish(t.Context(), e); err != nil {
			t.Fatal(err)
		}
	}
	push := func(price int64) events.MenuCommand {
		return events.MenuCommand{MenuPush: pos.MenuPush{Menu: menu(price, "M-1")}}
	}
	replay := func(d jetstream.DeadLetter) {
		t.Helper()
		if err := s.Replay(t.Context(), d); err != nil {
			t.Fatal(err)
		}
	}
	outcome := func(n int, change string, action pos.Action) {
		t.Helper()
		found := onStream(t, s, n, events.TypePushOutcome)
		o, err := events.Decode[events.Outcome](found[n-1])
		if err != nil || o.ChangeID != change || o.Action != action || !o.Final {
			t.Errorf("outcome %d: %+v, %v", n, o, err)
		}
	}

	send(published("poison", push(-1)))
	letters := buried(t, s, 1)
	if e, err := letters[0].Event(); err != nil || e.ID != "poison" || !strings.Contains(letters[0].Reason, "Price") {
		t.Errorf("dead letter of %s, %v: %s", e.ID, err, letters[0].Reason)
	}
	outcome(1, "poison", pos.Refused)
	send(published("good", push(900)))
	outcome(2, "good", pos.Created)

	journal.is.Store(true)
	send(published("unlucky", push(950)))
	letters = buried(t, s, 2)
	if d := letters[1]; !strings.Contains(d.Reason, "disk is full") || d.Attempts != 3 {
		t.Errorf("dead letter after %d attempts: %s", d.Attempts, d.Reason)
	}
	journal.is.Store(false)
	replay(letters[1])
	outcome(3, "unlucky", pos.Updated)
	if got := prices(fake)["A M-1"]; got != 950 {
		t.Errorf("the price is %d, want 950", got)
	}

	replay(buried(t, s, 1)[0])
	again := buried(t, s, 1)[0]
	for deadline := time.Now().Add(eventstest.Limit); again.Sequence == letters[0].Sequence && time.Now().Before(deadline); again = buried(t, s, 1)[0] {
		_ = sleep(t.Context(), 5*time.Millisecond)
	}
	if err := s.Discard(t.Context(), again); err != nil || again.Sequence == letters[0].Sequence {
		t.Errorf("letter %d after %d, %v", again.Sequence, letters[0].Sequence, err)
	}
	buried(t, s, 0)
}
