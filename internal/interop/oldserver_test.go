package interop

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/farmacyfoods/pointofsale/events"
	"github.com/farmacyfoods/pointofsale/events/jetstream"
	"github.com/farmacyfoods/pointofsale/pos"
)

// oldServer builds and runs a server of module oldserver and returns its URL.
func oldServer(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	program := filepath.Join(dir, "nats-server")
	build := exec.CommandContext(t.Context(), "go", "build", "-C", "../oldserver", "-o", program, "github.com/nats-io/nats-server/v2")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	run := exec.CommandContext(t.Context(), program, "-js", "-sd", dir, "-a", "127.0.0.1", "-p", "-1", "--ports_file_dir", dir)
	if err := run.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = run.Process.Kill() // It may have ended by itself.
		_ = run.Wait()
	})
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); {
		found, err := filepath.Glob(filepath.Join(dir, "*.ports"))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range found {
			var ports struct{ Nats []string }
			if text, err := os.ReadFile(name); err == nil && json.Unmarshal(text, &ports) == nil && len(ports.Nats) > 0 {
				return ports.Nats[0]
			}
		}
		wait(t, 10*time.Millisecond)
	}
	t.Fatal("the old server does not start")
	return ""
}

func wait(t *testing.T, d time.Duration) {
	t.Helper()
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-t.Context().Done():
	}
}

// TestOldServer: a server without atomic batches is refused by an error that
// names what is missing and what would help, and leaves nothing behind. With
// pages it works.
func TestOldServer(t *testing.T) {
	t.Parallel()
	url := oldServer(t)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for range 2 { // The second time shows that nothing was left.
		s, err := jetstream.Open(ctx, jetstream.Config{URL: url})
		if err == nil {
			_ = s.Close()
			t.Fatal("an old server was taken")
		}
		if !errors.Is(err, pos.ErrUnsupported) {
			t.Errorf("got %v", err)
		}
		for _, part := range []string{"allow_atomic", "version 2.11.", "needs version 2.12", "Config.Pages"} {
			if !strings.Contains(err.Error(), part) {
				t.Errorf("%v\ndoes not say %q", err, part)
			}
		}
	}
	s, err := jetstream.Open(ctx, jetstream.Config{URL: url, Pages: true})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	e := events.NewAlarm(events.TypeAccountAlarm, events.Origin{Vendor: "v", Account: "a"}, "1", time.Now(), events.Alarm{Detail: "x"})
	change := events.Change{Key: "k", Cursor: []byte("1"), Events: []events.Event{e}}
	if _, err := s.Commit(ctx, change); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Commit(ctx, change); !errors.Is(err, pos.ErrConflict) {
		t.Errorf("a stale commit: %v", err)
	}
	got := make(chan string, 2)
	if _, err := s.Subscribe(ctx, events.Filter{Group: "g"}, func(_ context.Context, e events.Event) error {
		got <- e.ID
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	select {
	case id := <-got:
		if id != e.ID {
			t.Errorf("event %s, want %s", id, e.ID)
		}
	case <-ctx.Done():
		t.Fatal("the event does not come")
	}
}
