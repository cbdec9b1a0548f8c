package jetstream_test

import (
	"errors"
	"testing"
	"time"

	"github.com/farmacyfoods/pointofsale/events"
	"github.com/farmacyfoods/pointofsale/events/eventstest"
	"github.com/farmacyfoods/pointofsale/events/jetstream"
	"github.com/farmacyfoods/pointofsale/pos"
)

func TestHistory(t *testing.T) {
	t.Parallel()
	for _, m := range modes[:2] {
		t.Run(m.name, func(t *testing.T) {
			t.Parallel()
			eventstest.RunHistory(t, func(t *testing.T, retention time.Duration) eventstest.History {
				t.Helper()
				c := m.config(t)
				c.Retention = retention
				return open(t, c)
			})
		})
	}
}

// A stream of pages keeps a number of commits and not a time: it reads nothing
// back. Nor does a stream that is closed.
func TestNoHistory(t *testing.T) {
	t.Parallel()
	failure := func(s *jetstream.Stream) (got error) {
		for _, err := range s.Published(limited(t), events.Filter{}, time.Now()) {
			got = err
		}
		return got
	}
	if err := failure(open(t, jetstream.Config{Memory: true, Pages: true})); !errors.Is(err, pos.ErrUnsupported) {
		t.Errorf("pages: %v", err)
	}
	s := open(t, jetstream.Config{Memory: true})
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if err := failure(s); !errors.Is(err, events.ErrClosed) {
		t.Errorf("closed: %v", err)
	}
}
