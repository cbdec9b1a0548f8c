package jetstream

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/farmacyfoods/pointofsale/events"
)

// views collects what a member was told.
type views struct {
	mu   sync.Mutex
	all  [][]string
	news chan struct{}
}

func newViews() *views { return &views{news: make(chan struct{}, 1)} }

func (v *views) add(members []string) {
	v.mu.Lock()
	v.all = append(v.all, slices.Clone(members))
	v.mu.Unlock()
	select {
	case v.news <- struct{}{}:
	default:
	}
}

// wait returns when the newest view is the given one.
func (v *views) wait(t *testing.T, want ...string) {
	t.Helper()
	deadline := time.After(20 * time.Second)
	for {
		v.mu.Lock()
		var last []string
		if len(v.all) > 0 {
			last = v.all[len(v.all)-1]
		}
		done := len(v.all) > 0 && slices.Equal(last, want)
		v.mu.Unlock()
		if done {
			return
		}
		select {
		case <-v.news:
		case <-deadline:
			t.Fatalf("members are %v, want %v", last, want)
		}
	}
}

func join(t *testing.T, c events.Cluster, member string) (*views, func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	v, done := newViews(), make(chan struct{})
	go func() {
		defer close(done)
		c.Join(ctx, "fridge", member, v.add)
	}()
	stop := func() { cancel(); <-done }
	t.Cleanup(stop)
	return v, stop
}

func TestMembersComeAndGo(t *testing.T) {
	t.Parallel()
	const ttl = time.Second
	dir := t.TempDir()
	s, err := Open(t.Context(), Config{Dir: dir, Listen: "127.0.0.1:0", NoSync: true})
	if err != nil {
		t.Fatal(err)
	}
	other, err := Open(t.Context(), Config{URL: s.URL()})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = other.Close() }()
	a, _ := join(t, s.Cluster(ttl), "host-a.1")
	a.wait(t, "host-a.1")
	b, stopB := join(t, s.Cluster(ttl), "host-b.1")
	a.wait(t, "host-a.1", "host-b.1")
	b.wait(t, "host-a.1", "host-b.1")
	c, _ := join(t, other.Cluster(ttl), "host-c.1")
	a.wait(t, "host-a.1", "host-b.1", "host-c.1")
	c.wait(t, "host-a.1", "host-b.1", "host-c.1")

	start := time.Now()
	stopB()
	a.wait(t, "host-a.1", "host-c.1")
	if took := time.Since(start); took > ttl {
		t.Errorf("a member that left was missed after %v", took)
	}

	// Its connection is cut, as if the process were killed: the others miss it,
	// and it knows by itself that it is out.
	start = time.Now()
	other.nc.Close()
	a.wait(t, "host-a.1")
	if took := time.Since(start); took > 2*ttl {
		t.Errorf("a dead member was missed after %v", took)
	}
	c.wait(t)
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

func TestMembersOutliveTheServer(t *testing.T) {
	t.Parallel()
	cfg := Config{Dir: t.TempDir(), Listen: "127.0.0.1:0", NoSync: true}
	s, err := Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	cfg.Listen = strings.TrimPrefix(s.URL(), "nats://")
	var clients []*Stream
	var seen []*views
	for _, name := range []string{"a", "b"} {
		c, err := Open(t.Context(), Config{URL: s.URL()})
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = c.Close() }()
		v, _ := join(t, c.Cluster(time.Second), name)
		clients, seen = append(clients, c), append(seen, v)
	}
	for _, v := range seen {
		v.wait(t, "a", "b")
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	for _, v := range seen { // Nobody can be sure any more.
		v.wait(t)
	}
	if s, err = Open(t.Context(), cfg); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	for _, v := range seen {
		v.wait(t, "a", "b")
	}
	v, _ := join(t, clients[0].Cluster(time.Second), "c")
	for _, v := range append(seen, v) {
		v.wait(t, "a", "b", "c")
	}
}

func TestCallbacksAreKept(t *testing.T) {
	t.Parallel()
	cfg := Config{Dir: t.TempDir(), NoSync: true}
	s, err := Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	callback := func(id, body string) events.Callback {
		return events.Callback{
			ID: id, Vendor: "square", Account: "main", Header: http.Header{"X-Event": {id}}, Body: []byte(body),
			At: time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC),
		}
	}
	first, second := callback("1", "{\n}"), callback("2", "")
	for _, c := range []events.Callback{first, first, second} { // the second one is a repeat
		if err := s.PutCallback(t.Context(), "fridge.square.main", c); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.PutCallback(t.Context(), "fridge.square.other", first); err != nil {
		t.Fatal(err)
	}
	if err := s.PutCallback(t.Context(), "no queue!", first); err == nil {
		t.Error("a bad name passed")
	}
	if err := s.Close(); err != nil { // Nobody was there to take them.
		t.Fatal(err)
	}
	if s, err = Open(t.Context(), cfg); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	got := take(t, s, "fridge.square.main", 2)
	if diff := cmp.Diff([]events.Callback{first, second}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	// They are dealt with: only what is new comes to the next process.
	third := callback("3", "x")
	if err := s.PutCallback(t.Context(), "fridge.square.main", third); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]events.Callback{third}, take(t, s, "fridge.square.main", 1)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// take takes n callbacks from a queue.
func take(t *testing.T, s *Stream, queue string, n int) (got []events.Callback) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	err := s.TakeCallbacks(ctx, queue, func(_ context.Context, c events.Callback) error {
		if got = append(got, c); len(got) == n {
			time.AfterFunc(50*time.Millisecond, cancel) // after the acknowledgement
		}
		return nil
	})
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("%d callbacks: %v", len(got), err)
	}
	return got
}
