package jetstream_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/nats-io/nats.go"
	natsjs "github.com/nats-io/nats.go/jetstream"

	"github.com/farmacyfoods/pointofsale/events"
	"github.com/farmacyfoods/pointofsale/events/eventstest"
	"github.com/farmacyfoods/pointofsale/events/jetstream"
	"github.com/farmacyfoods/pointofsale/pos"
)

func TestRestart(t *testing.T) {
	t.Parallel()
	ctx, dir := t.Context(), filepath.Join(t.TempDir(), "made", "here")
	s := open(t, jetstream.Config{Dir: dir})
	revisions, err := s.Commit(ctx, events.Change{Key: "k", Cursor: []byte("c"), Events: []events.Event{eventstest.Event("L1", 0)}})
	if err != nil {
		t.Fatal(err)
	}
	value, err := s.Store().Put(ctx, "token", []byte("v"), 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := jetstream.Open(ctx, jetstream.Config{Dir: dir}); !errors.Is(err, pos.ErrConflict) ||
		!strings.Contains(err.Error(), dir) || !strings.Contains(err.Error(), fmt.Sprint("process ", os.Getpid())) {
		t.Errorf("second use of the directory: %v", err)
	}
	for range 2 {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
	for name, err := range map[string]error{
		"commit":    errOf(s.Commit(ctx, events.Change{Key: "k"})),
		"load":      errOf(s.Load(ctx, "k")),
		"subscribe": errOf(s.Subscribe(ctx, events.Filter{}, nil)),
		"check":     s.Check(ctx),
	} {
		if !errors.Is(err, events.ErrClosed) {
			t.Errorf("%s after close: %v", name, err)
		}
	}

	s = open(t, jetstream.Config{Dir: dir})
	if err := s.Check(ctx); err != nil {
		t.Error(err)
	}
	rec, err := s.Load(ctx, "k")
	if diff := cmp.Diff(events.Record{Revision: revisions[0], Cursor: []byte("c")}, rec); err != nil || diff != "" {
		t.Error(diff, err)
	}
	got, revision, err := s.Store().Get(ctx, "token")
	if err != nil || string(got) != "v" || revision != value {
		t.Errorf("value %q %d, %v", got, revision, err)
	}
	if _, err := received(t, s)(limited(t), 1); err != nil {
		t.Error(err)
	}
}

func errOf[T any](_ T, err error) error { return err }

func limited(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), eventstest.Limit)
	t.Cleanup(cancel)
	return ctx
}

// TestFencing has two replicas on one stream: what one commits the other
// knows, and a replica with an old revision commits nothing.
func TestFencing(t *testing.T) {
	t.Parallel()
	ctx := limited(t)
	one := open(t, jetstream.Config{Dir: t.TempDir(), NoSync: true, Listen: "127.0.0.1:0", Token: pos.NewSecret("sample-not-secret")})
	two := open(t, jetstream.Config{URL: one.URL(), Token: pos.NewSecret("sample-not-secret")})
	if _, err := jetstream.Open(ctx, jetstream.Config{URL: one.URL()}); !errors.Is(err, pos.ErrAuth) {
		t.Errorf("without the token: %v", err)
	}
	owner, err := one.Commit(ctx, events.Change{Key: "k", Cursor: []byte("1")})
	if err != nil {
		t.Fatal(err)
	}
	waitFor(t, func() bool { // The warm copy follows.
		rec, err := two.Load(ctx, "k")
		return err == nil && rec.Revision == owner[0]
	})
	taken, err := two.Commit(ctx, events.Change{Key: "k", Revision: owner[0], Cursor: []byte("2"), Events: []events.Event{eventstest.Event("L1", 0)}})
	if err != nil {
		t.Fatal(err)
	}
	_, err = one.Commit(ctx, events.Change{Key: "k", Revision: owner[0], Cursor: []byte("stale"), Events: []events.Event{eventstest.Event("L1", 1)}})
	if !errors.Is(err, pos.ErrConflict) {
		t.Errorf("the paused owner: %v", err)
	}
	rec, err := one.Load(ctx, "k") // At once: a conflict makes Load ask.
	if err != nil || rec.Revision != taken[0] || string(rec.Cursor) != "2" {
		t.Errorf("after the conflict: %d %s, %v", rec.Revision, rec.Cursor, err)
	}
}

// TestWarmCopy opens a second replica on many cursors.
func TestWarmCopy(t *testing.T) {
	t.Parallel()
	const n = 10_000
	ctx := limited(t)
	one := open(t, jetstream.Config{Dir: t.TempDir(), NoSync: true, Listen: "127.0.0.1:0", GroupWindow: time.Millisecond})
	var group sync.WaitGroup
	for w := range 20 {
		group.Go(func() {
			for i := 0; i < n/20; i += 100 {
				var changes []events.Change
				for k := range 100 {
					changes = append(changes, events.Change{Key: fmt.Sprintf("a.w%d.%d", w, i+k), Cursor: []byte(strings.Repeat("c", 100))})
				}
				if _, err := one.Commit(ctx, changes...); err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	start := time.Now()
	two := open(t, jetstream.Config{URL: one.URL()})
	small := open(t, jetstream.Config{URL: one.URL(), CacheBytes: 10_000})
	for name, s := range map[string]*jetstream.Stream{"warm": two, "beyond the limit": small} {
		count := 0
		for key, rec := range s.Records(ctx, "a.w1") {
			if rec.Revision == 0 || len(rec.Cursor) != 100 {
				t.Fatalf("%s: %s is %+v", name, key, rec)
			}
			count++
		}
		if want := 11 * n / 20; count != want { // w1 and w10 to w19.
			t.Errorf("%s: %d records, want %d", name, count, want)
		}
		t.Logf("%s: all records after %v", name, time.Since(start))
	}
}

func TestPoison(t *testing.T) {
	t.Parallel()
	for _, m := range modes {
		t.Run(m.name, func(t *testing.T) {
			t.Parallel()
			c := m.config(t)
			c.Delivery = jetstream.Delivery{Attempts: 3, RetryDelay: time.Millisecond}
			testPoison(t, open(t, c))
		})
	}
}

func testPoison(t *testing.T, s *jetstream.Stream) {
	t.Helper()
	ctx := limited(t)
	var mu sync.Mutex
	healed, calls := false, make(map[string]int)
	box, others := new(collector), new(collector)
	_, err := s.Subscribe(ctx, events.Filter{Group: "g.1"}, func(ctx context.Context, e events.Event) error {
		mu.Lock()
		defer mu.Unlock()
		calls[string(e.Data)]++
		switch n := string(e.Data); {
		case n == `{"n":1}` && !healed:
			return fmt.Errorf("%w: line\nbreak", events.ErrReject)
		case n == `{"n":2}` && !healed:
			return errors.New("database is down")
		}
		return box.take(ctx, e)
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Subscribe(ctx, events.Filter{Group: "other"}, others.take); err != nil {
		t.Fatal(err)
	}
	var evs []events.Event
	for n := range 4 {
		evs = append(evs, eventstest.Event("L1", n))
	}
	if err := s.Publish(ctx, evs...); err != nil {
		t.Fatal(err)
	}
	if _, err := box.wait(ctx, 2); err != nil {
		t.Fatal(err)
	}
	var letters []jetstream.DeadLetter
	for d, err := range s.DeadLetters(ctx, "g.1") {
		if err != nil {
			t.Fatal(err)
		}
		e, err := d.Event()
		if err != nil || d.Sequence == 0 || time.Since(d.Buried) > time.Hour {
			t.Errorf("letter %+v, %v", d, err)
		}
		if want := len(letters) + 1; e.ID != eventstest.Event("L1", want).ID {
			t.Errorf("letter %d is %s", want, e.Data)
		}
		letters = append(letters, d)
	}
	if len(letters) != 2 {
		t.Fatalf("%d dead letters", len(letters))
	}
	if l := letters[0]; l.Attempts != 1 || !strings.Contains(l.Reason, "line break") {
		t.Errorf("rejected: %d attempts, %q", l.Attempts, l.Reason)
	}
	if l := letters[1]; l.Attempts != 3 || l.Reason != "database is down" {
		t.Errorf("failed: %d attempts, %q", l.Attempts, l.Reason)
	}
	mu.Lock()
	healed = true
	mu.Unlock()
	if err := s.Replay(ctx, letters[1]); err != nil {
		t.Fatal(err)
	}
	if err := s.Discard(ctx, letters[0]); err != nil {
		t.Fatal(err)
	}
	got, err := box.wait(ctx, 3)
	if err != nil || got[2].ID != eventstest.Event("L1", 2).ID {
		t.Errorf("replayed: %v, %v", got, err)
	}
	told := box.deliveries()
	if told[2].Sequence <= told[1].Sequence || told[2].Group != "g.1" {
		t.Errorf("deliveries %+v", told)
	}
	for d, err := range s.DeadLetters(ctx, "g.1") {
		t.Errorf("left: %v, %v", d, err)
	}
	if n := len(others.all()); n != 4 {
		t.Errorf("the other group got %d events", n)
	}
	if diff := cmp.Diff(map[string]int{`{"n":0}`: 1, `{"n":1}`: 1, `{"n":2}`: 4, `{"n":3}`: 1}, calls); diff != "" {
		t.Error(diff)
	}
}

func TestRepeatsArePassedOver(t *testing.T) {
	t.Parallel()
	ctx := limited(t)
	s := open(t, jetstream.Config{Memory: true})
	box := received(t, s)
	for _, batch := range [][]int{{0}, {0}, {0, 1, 2}, {1}, {2, 3}, {0, 1, 2, 3}, {4}} {
		var evs []events.Event
		for _, n := range batch {
			evs = append(evs, eventstest.Event("L1", n))
		}
		if err := s.Publish(ctx, evs...); err != nil {
			t.Fatal(err)
		}
	}
	got, err := box(ctx, 5)
	if err != nil {
		t.Fatal(err)
	}
	for n, e := range got {
		if e.ID != eventstest.Event("L1", n).ID {
			t.Errorf("place %d: %s", n, e.Data)
		}
	}
}

func TestStart(t *testing.T) {
	t.Parallel()
	ctx := limited(t)
	s := open(t, jetstream.Config{Memory: true})
	publish := func(n int) {
		if err := s.Publish(ctx, eventstest.Event("L1", n)); err != nil {
			t.Fatal(err)
		}
	}
	publish(0)
	pause(t, 20)
	then := time.Now()
	publish(1)
	boxes := make(map[string]*collector)
	cases := map[string]struct {
		start jetstream.Start
		group string
		want  []int
	}{
		"all":               {jetstream.Start{}, "a", []int{0, 1, 2}},
		"new":               {jetstream.Start{New: true}, "b", []int{2}},
		"sequence":          {jetstream.Start{Sequence: 2}, "c", []int{1, 2}},
		"time":              {jetstream.Start{Time: then}, "d", []int{1, 2}},
		"no group":          {jetstream.Start{}, "", []int{2}},
		"no group, in past": {jetstream.Start{Sequence: 1}, "", []int{0, 1, 2}},
	}
	for name, c := range cases {
		b, err := s.Subscriber(jetstream.Delivery{Start: c.start})
		if err != nil {
			t.Fatal(err)
		}
		boxes[name] = new(collector)
		if _, err := b.Subscribe(ctx, events.Filter{Group: c.group}, boxes[name].take); err != nil {
			t.Fatal(err)
		}
	}
	publish(2)
	for name, c := range cases {
		got, err := boxes[name].wait(ctx, len(c.want))
		if err != nil || len(got) != len(c.want) || got[0].ID != eventstest.Event("L1", c.want[0]).ID {
			t.Errorf("%s: %d events, %v", name, len(got), err)
		}
	}
}

// TestRetention lets events age; cursors and values stay.
func TestRetention(t *testing.T) {
	t.Parallel()
	ctx := limited(t)
	s := open(t, jetstream.Config{Dir: t.TempDir(), Retention: time.Second})
	first, err := s.Commit(ctx, events.Change{Key: "k", Cursor: []byte("c"), Events: []events.Event{eventstest.Event("L1", 0)}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Store().Put(ctx, "v", []byte("v"), 0); err != nil {
		t.Fatal(err)
	}
	b, err := s.Subscriber(jetstream.Delivery{Start: jetstream.Start{Sequence: 1}})
	if err != nil {
		t.Fatal(err)
	}
	waitFor(t, func() bool { // Once the old event is gone, a reader from the start gets a newer one first.
		if err := s.Publish(ctx, events.Event{ID: strconv.FormatInt(time.Now().UnixNano(), 10), Source: "/test", Type: "t"}); err != nil {
			t.Fatal(err)
		}
		box := new(collector)
		stop, err := b.Subscribe(ctx, events.Filter{}, box.take)
		if err != nil {
			t.Fatal(err)
		}
		defer stop()
		got, err := box.wait(ctx, 1)
		return err == nil && got[0].Type == "t"
	})
	if rec, err := s.Load(ctx, "k"); err != nil || rec.Revision != first[0] {
		t.Errorf("cursor %+v, %v", rec, err)
	}
	if _, err := s.Commit(ctx, events.Change{Key: "k", Revision: first[0], Cursor: []byte("d")}); err != nil {
		t.Errorf("the cursor has aged: %v", err)
	}
	if _, _, err := s.Store().Get(ctx, "v"); err != nil {
		t.Errorf("the value has aged: %v", err)
	}
}

func TestFullStream(t *testing.T) {
	t.Parallel()
	ctx := limited(t)
	s := open(t, jetstream.Config{Dir: t.TempDir(), NoSync: true, MaxBytes: 1 << 20})
	token, err := s.Store().Put(ctx, "token", []byte("t"), 0)
	if err != nil {
		t.Fatal(err)
	}
	large := eventstest.Event("L1", 0)
	large.Data = []byte(`"` + strings.Repeat("x", 100_000) + `"`)
	for n := 0; ; n++ {
		large.ID = strconv.Itoa(n)
		_, err := s.Commit(ctx, events.Change{Key: fmt.Sprint("k", n), Cursor: []byte("c"), Events: []events.Event{large}})
		if err == nil && n < 20 {
			continue
		}
		if !errors.Is(err, pos.ErrUnavailable) || !strings.Contains(err.Error(), "full") || n < 5 {
			t.Errorf("commit %d: %v", n, err)
		}
		break
	}
	if _, revision, err := s.Store().Get(ctx, "token"); err != nil || revision != token {
		t.Errorf("the oldest value is gone: %v", err)
	}
}

// TestForeignStream meets streams that were made by hand.
func TestForeignStream(t *testing.T) {
	t.Parallel()
	ctx := limited(t)
	server := open(t, jetstream.Config{Memory: true, Listen: "127.0.0.1:0"})
	nc, err := nats.Connect(server.URL())
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	js, err := natsjs.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	good := natsjs.StreamConfig{
		Subjects: []string{"hand.>"}, Discard: natsjs.DiscardNew, MaxAge: time.Hour, MaxMsgs: -1,
		AllowDirect: true, AllowRollup: true, AllowMsgTTL: true, AllowAtomicPublish: true,
	}
	for _, c := range []struct {
		name    string
		change  func(c *natsjs.StreamConfig)
		want    error
		mention []string
	}{
		{"as needed", func(*natsjs.StreamConfig) {}, nil, nil},
		{"no atomic batches", func(c *natsjs.StreamConfig) { c.AllowAtomicPublish = false }, pos.ErrConflict, []string{"stream HAND: allow_atomic: is false, want true"}},
		{"several faults", func(c *natsjs.StreamConfig) { c.AllowRollup, c.AllowMsgTTL = false, false }, pos.ErrConflict, []string{"allow_rollup_hdrs", "allow_msg_ttl"}},
		{"drops what is old", func(c *natsjs.StreamConfig) { c.Discard = natsjs.DiscardOld }, pos.ErrConflict, []string{"discard"}},
		{"work queue", func(c *natsjs.StreamConfig) { c.Retention = natsjs.WorkQueuePolicy }, pos.ErrConflict, []string{"retention"}},
		{"other subjects", func(c *natsjs.StreamConfig) { c.Subjects = []string{"hand.ev.>"} }, pos.ErrConflict, []string{"subjects"}},
		{"bounded messages", func(c *natsjs.StreamConfig) { c.MaxMsgs = 5 }, pos.ErrConflict, []string{"max_msgs"}},
		{"under another name", func(c *natsjs.StreamConfig) { c.Name = "OTHER" }, pos.ErrConflict, []string{"hand.>"}},
	} {
		config := good
		config.Name = "HAND"
		c.change(&config)
		waitFor(t, func() bool { // The server may still be removing the files of the one before.
			_, err := js.CreateStream(ctx, config)
			return err == nil
		})
		s, err := jetstream.Open(ctx, jetstream.Config{URL: server.URL(), Stream: "HAND", Retention: 2 * time.Hour})
		if !errors.Is(err, c.want) {
			t.Errorf("%s: %v", c.name, err)
		}
		for _, text := range c.mention {
			if err != nil && !strings.Contains(err.Error(), text) {
				t.Errorf("%s: error %q does not mention %s", c.name, err, text)
			}
		}
		if s != nil {
			if _, err := s.Commit(ctx, events.Change{Key: "k", Events: []events.Event{eventstest.Event("L1", 0)}}); err != nil {
				t.Errorf("%s: %v", c.name, err)
			}
			if st, err := js.Stream(ctx, "HAND"); err != nil || st.CachedInfo().Config.MaxAge != 2*time.Hour {
				t.Errorf("%s: the retention was not changed", c.name)
			}
			_ = s.Close()
		}
		if err := js.DeleteStream(ctx, config.Name); err != nil {
			t.Fatal(err)
		}
	}
}

func TestConfig(t *testing.T) {
	t.Parallel()
	secret := pos.NewSecret("sample-not-secret")
	for name, c := range map[string]struct {
		config jetstream.Config
		fields []string
	}{
		"nothing":      {jetstream.Config{}, []string{"Dir"}},
		"two places":   {jetstream.Config{Dir: "d", URL: "nats://h"}, []string{"Dir"}},
		"open to all":  {jetstream.Config{Dir: "d", Listen: ":4222"}, []string{"Listen"}},
		"guarded":      {jetstream.Config{Dir: "d", Listen: ":4222", Token: secret}, nil},
		"loopback":     {jetstream.Config{Dir: "d", Listen: "localhost:4222"}, nil},
		"no port":      {jetstream.Config{Dir: "d", Listen: "localhost"}, []string{"Listen"}},
		"for embedded": {jetstream.Config{URL: "nats://h", Listen: "127.0.0.1:1", NoSync: true}, []string{"Listen", "NoSync"}},
		"for external": {jetstream.Config{Dir: "d", Replicas: 3, CredentialsFile: "f"}, []string{"Replicas", "CredentialsFile"}},
		"both":         {jetstream.Config{URL: "nats://h", User: "u", Token: secret}, []string{"User", "Password"}},
		"no files":     {jetstream.Config{URL: "nats://h", NKeyFile: "missing", CredentialsFile: "missing", TLSFiles: jetstream.TLSFiles{CA: "missing", Key: "missing"}}, []string{"User", "CredentialsFile", "NKeyFile", "TLSFiles.CA", "TLSFiles.Cert"}},
		"server TLS":   {jetstream.Config{Dir: "d", Listen: "127.0.0.1:1", TLSFiles: jetstream.TLSFiles{ServerName: "x"}}, []string{"TLSFiles.Cert", "TLSFiles.ServerName"}},
		"useless TLS":  {jetstream.Config{Dir: "d", NKeyFile: "f", TLS: new(tls.Config), TLSFiles: jetstream.TLSFiles{CA: "config.go"}}, []string{"NKeyFile", "TLSFiles", "TLSFiles", "TLSFiles.Cert", "TLSFiles.CA"}},
		"names":        {jetstream.Config{Dir: "d", Stream: "a.b"}, []string{"Stream"}},
		"numbers":      {jetstream.Config{Dir: "d", Replicas: 6, MaxBytes: -1, GroupMessages: 1001, GroupsInFlight: 99, Timeout: 1, GroupWindow: -1, CacheBytes: -1, Retention: 5, Drain: -1}, []string{"Replicas", "Replicas", "Retention", "MaxBytes", "GroupWindow", "GroupMessages", "GroupsInFlight", "Timeout", "Drain", "CacheBytes"}},
		"ageing pages": {jetstream.Config{Dir: "d", Pages: true, Retention: time.Hour}, []string{"Retention"}},
		"two starts":   {jetstream.Config{Dir: "d", Delivery: jetstream.Delivery{Start: jetstream.Start{New: true, Sequence: 1}, AckWait: 1, Attempts: -1}}, []string{"Delivery.Start", "Delivery.Attempts", "Delivery.AckWait"}},
		"cluster":      {jetstream.Config{URL: "nats://a,nats://b", Replicas: 3, User: "u", Password: secret}, nil},
	} {
		var fields []string
		err := c.config.Validate()
		if ps, ok := errors.AsType[pos.Problems](err); ok {
			for _, p := range ps {
				fields = append(fields, p.Field)
			}
		}
		if diff := cmp.Diff(c.fields, fields); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		if err != nil && (!errors.Is(err, pos.ErrInvalid) || strings.Contains(err.Error(), "sample-not-secret")) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestCommitLimits(t *testing.T) {
	t.Parallel()
	ctx := limited(t)
	s := open(t, jetstream.Config{Memory: true})
	many := make([]events.Event, 1000)
	for n := range many {
		many[n] = eventstest.Event("L1", n)
	}
	large := eventstest.Event("L1", 0)
	large.Data = []byte(`"` + strings.Repeat("x", 3<<20) + `"`)
	for name, changes := range map[string][]events.Change{
		"messages":  {{Key: "k", Events: many}},
		"one event": {{Key: "k", Events: []events.Event{large}}},
		"bad key":   {{Key: "a..b"}},
		"wildcard":  {{Key: "a.*"}},
		"key twice": {{Key: "a"}, {Key: "a"}},
	} {
		if _, err := s.Commit(ctx, changes...); !errors.Is(err, pos.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := s.Commit(ctx, events.Change{Key: "k", Events: many[:999]}); err != nil {
		t.Error(err)
	}
	if err := s.Publish(ctx, append(many, large)...); !errors.Is(err, pos.ErrInvalid) {
		t.Errorf("publish: %v", err)
	}
}
