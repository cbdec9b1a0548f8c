package jetstream_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/nats-io/nats-server/v2/server"

	"github.com/farmacyfoods/pointofsale/events"
	"github.com/farmacyfoods/pointofsale/events/eventstest"
	"github.com/farmacyfoods/pointofsale/events/jetstream"
	"github.com/farmacyfoods/pointofsale/events/relay"
	"github.com/farmacyfoods/pointofsale/pos"
)

// threeServers starts a cluster whose servers know each other.
func threeServers(t *testing.T) []*server.Server {
	t.Helper()
	ports := freePorts(t, 3)
	var routes []*url.URL
	for _, port := range ports {
		routes = append(routes, &url.URL{Scheme: "nats-route", Host: net.JoinHostPort("127.0.0.1", strconv.Itoa(port))})
	}
	servers := make([]*server.Server, len(ports))
	for i, port := range ports {
		s, err := server.NewServer(&server.Options{
			ServerName: fmt.Sprint("n", i), Host: "127.0.0.1", Port: server.RANDOM_PORT, NoSigs: true, NoLog: true, MaxPayload: 2 << 20,
			JetStream: true, StoreDir: t.TempDir(), Cluster: server.ClusterOpts{Name: "test", Host: "127.0.0.1", Port: port}, Routes: routes,
		})
		if err != nil {
			t.Fatal(err)
		}
		s.Start()
		t.Cleanup(func() { s.Shutdown(); s.WaitForShutdown() })
		servers[i] = s
	}
	waitFor(t, func() bool {
		for _, s := range servers {
			if s.JetStreamIsLeader() && len(s.JetStreamClusterPeers()) == len(servers) {
				return true
			}
		}
		return false
	})
	return servers
}

// leader returns the server that leads a stream.
func leader(t *testing.T, servers []*server.Server, stream string) (found *server.Server) {
	t.Helper()
	waitFor(t, func() bool {
		for _, s := range servers {
			if s.JetStreamIsStreamLeader("$G", stream) {
				found = s
			}
		}
		return found != nil
	})
	return found
}

// freePorts are free until somebody else takes them.
func freePorts(t *testing.T, n int) []int {
	t.Helper()
	var ports []int
	for range n {
		l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = l.Close() }()
		ports = append(ports, l.Addr().(*net.TCPAddr).Port) //nolint:forcetypeassert // it listens on TCP
	}
	return ports
}

// roster is what a member was told last.
type roster struct {
	mu   sync.Mutex
	last []string
}

func (r *roster) set(members []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.last = slices.Clone(members)
}

func (r *roster) is(members ...string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Equal(r.last, members)
}

// openCluster opens the stream of three servers. While they elect a leader they
// are unavailable, for longer the slower the machine is.
func openCluster(t *testing.T, urls []string) *jetstream.Stream {
	t.Helper()
	c := jetstream.Config{URL: strings.Join(urls, ","), Replicas: 3, Timeout: time.Second, Drain: time.Second}
	var s *jetstream.Stream
	waitFor(t, func() bool {
		var err error
		if s, err = jetstream.Open(t.Context(), c); err != nil && !errors.Is(err, pos.ErrUnavailable) {
			t.Fatal(err)
		}
		return err == nil
	})
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// TestMembersOutliveALeader: when the server dies that leads the bucket of the
// members, they find each other again with the other two.
func TestMembersOutliveALeader(t *testing.T) {
	t.Parallel()
	servers := threeServers(t)
	urls := make([]string, len(servers))
	for i, s := range servers {
		urls[i] = s.ClientURL()
	}
	ctx, cancel := context.WithCancel(t.Context())
	var group sync.WaitGroup
	defer group.Wait()
	defer cancel()
	names := []string{"a", "b"}
	rosters := make([]roster, len(names))
	for i, member := range names {
		s := openCluster(t, urls)
		group.Go(func() { s.Join(ctx, "fridge", member, rosters[i].set) })
	}
	together := func() bool { return rosters[0].is(names...) && rosters[1].is(names...) }
	waitFor(t, together)
	third := openCluster(t, urls)
	leader(t, servers, "KV_POS-members").Shutdown()
	// Whether they lapse now depends on how long the election takes. A third
	// one shows that they are told of what happens after it.
	var seen roster
	group.Go(func() { third.Join(ctx, "fridge", "c", seen.set) })
	names = append(names, "c")
	waitFor(t, func() bool { return seen.is(names...) })
	waitFor(t, together)
}

// TestLeaderDies: three servers keep the stream, and the one that leads it ends
// while writers commit. They go on with the other two, and every commit is
// there once.
func TestLeaderDies(t *testing.T) {
	t.Parallel()
	const writers, commits = 4, 60
	servers := threeServers(t)
	urls := make([]string, len(servers))
	for i, s := range servers {
		urls[i] = s.ClientURL()
	}
	s := openCluster(t, urls)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()

	var done atomic.Int64
	var group sync.WaitGroup
	for w := range writers {
		group.Go(func() { write(ctx, t, s, w, commits, &done) })
	}
	for done.Load() < writers*commits/3 && ctx.Err() == nil {
		pause(t, 2)
	}
	leader(t, servers, "POS").Shutdown()
	before := done.Load()
	group.Wait()
	if before >= writers*commits {
		t.Error("everything was committed before the leader died")
	}

	want := make(map[string][]string)
	for w := range writers {
		location := fmt.Sprint("L", w)
		for n := range commits {
			want[location] = append(want[location], string(eventstest.Event(location, n).Data))
		}
	}
	if diff := cmp.Diff(want, bySubject(ctx, t, s)); diff != "" {
		t.Error(diff)
	}
}

// bySubject reads all events of a stream, in their order.
func bySubject(ctx context.Context, t *testing.T, s *jetstream.Stream) map[string][]string {
	t.Helper()
	if err := s.Publish(ctx, eventstest.Event("end", 0)); err != nil {
		t.Fatal(err)
	}
	got := make(map[string][]string)
	for batch, err := range s.Source(events.Filter{}).Follow(ctx, relay.Position{}, 100) {
		if err != nil {
			t.Fatal(err)
		}
		for _, entry := range batch {
			if entry.Event.Subject == "end" {
				return got
			}
			got[entry.Event.Subject] = append(got[entry.Event.Subject], string(entry.Event.Data))
		}
	}
	return got
}

// write commits one event after the other; the cursor counts them. After an
// error it goes on from what the stream has.
func write(ctx context.Context, t *testing.T, s *jetstream.Stream, w, commits int, done *atomic.Int64) {
	t.Helper()
	key, n, revision := fmt.Sprint("k", w), 0, pos.Revision(0)
	for n < commits {
		revisions, err := s.Commit(ctx, events.Change{
			Key: key, Revision: revision, Cursor: []byte(strconv.Itoa(n + 1)), Events: []events.Event{eventstest.Event(fmt.Sprint("L", w), n)},
		})
		if err == nil {
			revision, n = revisions[0], n+1
			done.Add(1)
			continue
		}
		if ctx.Err() != nil {
			t.Errorf("writer %d: %d commits, then %v", w, n, err)
			return
		}
		rec, err := s.Load(ctx, key)
		if err != nil || rec.Revision == 0 || errors.Is(err, pos.ErrNotFound) {
			continue
		}
		next, err := strconv.Atoi(string(rec.Cursor))
		if err != nil {
			t.Error(err)
			return
		}
		done.Add(int64(next - n))
		revision, n = rec.Revision, next
	}
}
