package jetstream_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	natsjs "github.com/nats-io/nats.go/jetstream"

	"github.com/farmacyfoods/pointofsale/events"
	"github.com/farmacyfoods/pointofsale/events/eventstest"
	"github.com/farmacyfoods/pointofsale/events/jetstream"
	"github.com/farmacyfoods/pointofsale/pos"
)

// childEnv makes the test binary a process that can be killed: "serve ADDR
// DIR" or "work DIR".
const childEnv = "POS_JETSTREAM_CHILD"

func TestMain(m *testing.M) {
	if role := strings.Fields(os.Getenv(childEnv)); len(role) > 0 {
		if err := child(role); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func child(role []string) error {
	c := jetstream.Config{Dir: role[len(role)-1]}
	if role[0] == "serve" {
		c.Listen = role[1]
	}
	s, err := jetstream.Open(context.Background(), c)
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintln(os.Stdout, "ready", s.URL()); err != nil {
		return err
	}
	if role[0] == "work" {
		return count(context.Background(), s, 8, -1)
	}
	_, err = io.Copy(io.Discard, os.Stdin) // Until the parent goes.
	return err
}

// count lets workers advance one key each by one at a time, with events that
// tell the new count, until ctx ends or each has reached goal.
func count(ctx context.Context, s *jetstream.Stream, workers, goal int) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var group sync.WaitGroup
	for w := range workers {
		group.Go(func() {
			key := fmt.Sprint("w", w)
			for {
				rec, err := s.Load(ctx, key)
				if errors.Is(err, pos.ErrUnavailable) && ctx.Err() == nil {
					continue // The server is down; Load has waited for it.
				}
				if err != nil {
					cancel(err)
					return
				}
				n, _ := strconv.Atoi(string(rec.Cursor)) // Nothing is 0.
				if n == goal {
					return
				}
				size := 1 + rand.IntN(3)
				if goal >= 0 {
					size = min(size, goal-n)
				}
				var evs []events.Event
				for i := range size {
					evs = append(evs, eventstest.Event(key, n+i))
				}
				_, err = s.Commit(ctx, events.Change{Key: key, Revision: rec.Revision, Cursor: []byte(strconv.Itoa(n + size)), Events: evs})
				if err != nil && !errors.Is(err, pos.ErrConflict) && !errors.Is(err, pos.ErrUnavailable) {
					cancel(err)
					return
				}
			}
		})
	}
	group.Wait()
	return context.Cause(ctx)
}

// audit checks that the events in the stream are those that the cursors count,
// each once and in order.
func audit(t *testing.T, s *jetstream.Stream, workers int) (total int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), eventstest.Limit)
	defer cancel()
	for w := range workers {
		rec, err := s.Load(ctx, fmt.Sprint("w", w))
		if err != nil {
			t.Fatal(err)
		}
		n, _ := strconv.Atoi(string(rec.Cursor))
		total += n
	}
	box := new(collector)
	reader, err := s.Subscriber(jetstream.Delivery{Start: jetstream.Start{Sequence: 1}})
	if err != nil {
		t.Fatal(err)
	}
	stop, err := reader.Subscribe(ctx, events.Filter{}, box.take)
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	end := events.Event{ID: strconv.FormatUint(rand.Uint64(), 16), Source: "/end", Type: "end"}
	if err := s.Publish(ctx, end); err != nil {
		t.Fatal(err)
	}
	for box.last().ID != end.ID {
		if _, err := box.wait(ctx, box.count()+1); err != nil {
			t.Fatalf("%d messages, the cursors count %d events: %v", box.count(), total, err)
		}
	}
	seen := make(map[string]int)
	for _, e := range box.all() {
		if e.Type == "end" {
			continue
		}
		if want := eventstest.Event(e.Subject, seen[e.Subject]); want.ID != e.ID {
			t.Fatalf("%s: event %s where number %d is due", e.Subject, e.Data, seen[e.Subject])
		}
		seen[e.Subject]++
	}
	found := 0
	for _, n := range seen {
		found += n
	}
	if found != total {
		t.Errorf("%d events, the cursors count %d", found, total)
	}
	return total
}

func (c *collector) last() events.Event {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.events) == 0 {
		return events.Event{}
	}
	return c.events[len(c.events)-1]
}

func (c *collector) count() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.events)
}

// process is a child that is killed with SIGKILL.
type process struct {
	cmd *exec.Cmd
	url string
}

func start(t *testing.T, role string) *process {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), childEnv+"="+role)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	url, ok := strings.CutPrefix(strings.TrimSpace(line), "ready")
	if err != nil || !ok {
		t.Fatalf("child %s: %q, %v", role, line, err)
	}
	return &process{cmd, strings.TrimSpace(url)}
}

func (p *process) kill() {
	_ = p.cmd.Process.Kill()
	_ = p.cmd.Wait() // Says that it was killed.
}

// TestHostKilled kills a process with its embedded server while it commits.
func TestHostKilled(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	total := 0
	for round := range rounds(5) {
		p := start(t, "work "+dir)
		pause(t, 50+rand.N(200))
		p.kill()
		s, err := jetstream.Open(t.Context(), jetstream.Config{Dir: dir})
		if err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
		now := audit(t, s, 8)
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		if now < total {
			t.Errorf("round %d: %d events, there were %d", round, now, total)
		}
		total = now
	}
	if total == 0 {
		t.Error("no commit was made")
	}
	t.Logf("%d events", total)
}

// TestServerKilled kills a server under its clients again and again. The
// stream remembers ids for 100 ms only, less than each outage, so nothing
// can come of that memory.
func TestServerKilled(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	p := start(t, "serve 127.0.0.1:0 "+dir)
	address := strings.TrimPrefix(p.url, "nats://")
	shortMemory(t, p.url)
	var killer sync.WaitGroup
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	killer.Go(func() {
		for range rounds(5) {
			pause(t, 100+rand.N(300))
			p.kill()
			pause(t, 250)
			p = start(t, "serve "+address+" "+dir)
		}
		pause(t, 200)
		cancel()
	})
	s := open(t, jetstream.Config{URL: p.url, Timeout: time.Second})
	// Two clients work on the same keys.
	rival := open(t, jetstream.Config{URL: p.url, Timeout: time.Second})
	var group sync.WaitGroup
	for _, client := range []*jetstream.Stream{s, rival} {
		group.Go(func() {
			if err := count(ctx, client, 4, -1); err != nil && !errors.Is(err, context.Canceled) {
				t.Error(err)
			}
		})
	}
	group.Wait()
	killer.Wait()
	defer func() { p.kill() }()
	for _, client := range []*jetstream.Stream{s, rival} { // What is under way is seen through.
		if err := client.Close(); err != nil {
			t.Error(err)
		}
	}
	fresh := open(t, jetstream.Config{URL: p.url})
	if total := audit(t, fresh, 4); total == 0 {
		t.Error("no commit was made")
	} else {
		t.Logf("%d events", total)
	}
}

// shortMemory makes the stream forget message ids after 100 ms.
func shortMemory(t *testing.T, url string) {
	t.Helper()
	nc, err := nats.Connect(url)
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	js, err := natsjs.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	st, err := js.Stream(t.Context(), "POS")
	if err != nil {
		t.Fatal(err)
	}
	c := st.CachedInfo().Config
	c.Duplicates = 100 * time.Millisecond
	if _, err := js.UpdateStream(t.Context(), c); err != nil {
		t.Fatal(err)
	}
}

// rounds is how often a test kills; POS_KILLS raises it.
func rounds(n int) int {
	if kills, err := strconv.Atoi(os.Getenv("POS_KILLS")); err == nil {
		return kills
	}
	return n
}

// pause lets other processes work for some milliseconds.
func pause(t *testing.T, ms int) {
	t.Helper()
	timer := time.NewTimer(time.Duration(ms) * time.Millisecond)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-t.Context().Done():
	}
}
