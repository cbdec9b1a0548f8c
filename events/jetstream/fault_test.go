package jetstream_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/farmacyfoods/pointofsale/events"
	"github.com/farmacyfoods/pointofsale/events/eventstest"
	"github.com/farmacyfoods/pointofsale/events/jetstream"
	"github.com/farmacyfoods/pointofsale/pos"
)

// wire is a TCP proxy whose answers can be swallowed.
type wire struct {
	listener net.Listener
	target   string
	deaf     atomic.Bool // drop what the server says
	trap     atomic.Bool // become deaf with the answer to the next batch

	mu    sync.Mutex
	conns []net.Conn
}

func newWire(t *testing.T, url string) *wire {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w := &wire{listener: l, target: strings.TrimPrefix(url, "nats://")}
	t.Cleanup(func() { _ = l.Close(); w.cut() })
	go w.accept(t.Context())
	return w
}

func (w *wire) url() string { return "nats://" + w.listener.Addr().String() }

func (w *wire) accept(ctx context.Context) {
	for {
		client, err := w.listener.Accept()
		if err != nil {
			return
		}
		server, err := new(net.Dialer).DialContext(ctx, "tcp", w.target)
		if err != nil {
			_ = client.Close()
			continue
		}
		w.mu.Lock()
		w.conns = append(w.conns, client, server)
		w.mu.Unlock()
		go func() { _, _ = io.Copy(server, client) }()
		go func() { _, _ = io.Copy(mouth{client, w}, server) }()
	}
}

// cut ends all connections.
func (w *wire) cut() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, c := range w.conns {
		_ = c.Close()
	}
	w.conns = nil
}

type mouth struct {
	io.Writer
	w *wire
}

func (m mouth) Write(p []byte) (int, error) {
	if m.w.trap.Load() && bytes.Contains(p, []byte(`"batch":`)) {
		m.w.trap.Store(false)
		m.w.deaf.Store(true)
	}
	if m.w.deaf.Load() {
		return len(p), nil
	}
	return m.Writer.Write(p)
}

// TestLostAnswers swallows the server's answers to commits that it carries
// out, then cuts the connection. Each commit is found out to be done and not
// made twice.
func TestLostAnswers(t *testing.T) {
	t.Parallel()
	server := open(t, jetstream.Config{Dir: t.TempDir(), Listen: "127.0.0.1:0", NoSync: true})
	w := newWire(t, server.URL())
	s := open(t, jetstream.Config{URL: w.url(), Timeout: 300 * time.Millisecond})
	ctx, cancel := context.WithTimeout(t.Context(), eventstest.Limit)
	defer cancel()
	box := received(t, server)
	var revision pos.Revision
	var want int
	for round, size := range []int{0, 1, 3} {
		if round > 0 { // Something to replace.
			revisions, err := s.Commit(ctx, events.Change{Key: "k", Revision: revision, Cursor: []byte("before")})
			if err != nil {
				t.Fatal(err)
			}
			revision = revisions[0]
		}
		if size == 0 {
			w.deaf.Store(true)
		} else {
			w.trap.Store(true)
		}
		done := make(chan error, 1)
		var revisions []pos.Revision
		go func() {
			var evs []events.Event
			for i := range size {
				evs = append(evs, eventstest.Event("L1", want+i))
			}
			var err error
			revisions, err = s.Commit(ctx, events.Change{Key: "k", Revision: revision, Cursor: []byte("after"), Events: evs})
			done <- err
		}()
		waitFor(t, func() bool {
			rec, err := server.Load(ctx, "k")
			return err == nil && rec.Revision > revision && w.deaf.Load()
		})
		w.cut()
		w.deaf.Store(false)
		if err := <-done; err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
		revision = revisions[0]
		want += size
		rec, err := s.Load(ctx, "k")
		if err != nil || rec.Revision != revision || string(rec.Cursor) != "after" {
			t.Errorf("round %d: record %d %s, %v; want revision %d", round, rec.Revision, rec.Cursor, err, revision)
		}
	}
	got, err := box(ctx, want)
	if err != nil || len(got) != want {
		t.Errorf("%d events, %v; want %d", len(got), err, want)
	}
}

// TestOvertaken: the answer is lost, and before the writer can look, somebody
// else replaces the cursor. The writer is told that it cannot be known.
func TestOvertaken(t *testing.T) {
	t.Parallel()
	server := open(t, jetstream.Config{Dir: t.TempDir(), Listen: "127.0.0.1:0", NoSync: true})
	w := newWire(t, server.URL())
	s := open(t, jetstream.Config{URL: w.url(), Timeout: 300 * time.Millisecond})
	ctx, cancel := context.WithTimeout(t.Context(), eventstest.Limit)
	defer cancel()
	w.deaf.Store(true)
	done := make(chan error, 1)
	go func() {
		_, err := s.Commit(ctx, events.Change{Key: "k", Cursor: []byte("mine")})
		done <- err
	}()
	var rec events.Record
	waitFor(t, func() bool {
		var err error
		rec, err = server.Load(ctx, "k")
		return err == nil && rec.Revision != 0
	})
	if _, err := server.Commit(ctx, events.Change{Key: "k", Revision: rec.Revision, Cursor: []byte("theirs")}); err != nil {
		t.Fatal(err)
	}
	w.cut()
	w.deaf.Store(false)
	if err := <-done; err == nil || errors.Is(err, pos.ErrConflict) {
		t.Errorf("got %v, want an error that leaves the outcome open", err)
	}
	rec, err := s.Load(ctx, "k")
	if err != nil || string(rec.Cursor) != "theirs" {
		t.Errorf("record %s, %v", rec.Cursor, err)
	}
}

// TestContextEnds: a caller whose context ends leaves; what it had sent is
// unknown to it, and the next Load tells.
func TestContextEnds(t *testing.T) {
	t.Parallel()
	server := open(t, jetstream.Config{Dir: t.TempDir(), Listen: "127.0.0.1:0", NoSync: true})
	w := newWire(t, server.URL())
	s := open(t, jetstream.Config{URL: w.url(), Timeout: 300 * time.Millisecond})
	w.deaf.Store(true)
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	_, err := s.Commit(ctx, events.Change{Key: "k", Cursor: []byte("1")})
	if !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, pos.ErrConflict) {
		t.Errorf("got %v, want the deadline", err)
	}
	w.cut()
	w.deaf.Store(false)
	waitFor(t, func() bool {
		rec, err := s.Load(t.Context(), "k")
		return err == nil && string(rec.Cursor) == "1"
	})
}

// waitFor polls for something that other goroutines bring about.
func waitFor(t *testing.T, ok func() bool) {
	t.Helper()
	deadline := time.Now().Add(eventstest.Limit)
	for !ok() {
		if time.Now().After(deadline) {
			t.Fatal("it does not come about")
		}
		pause(t, 2)
	}
}
