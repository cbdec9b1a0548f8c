package jetstream_test

import (
	"fmt"
	"net"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"github.com/farmacyfoods/pointofsale/events/eventstest"
	"github.com/farmacyfoods/pointofsale/events/jetstream"
	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/pos/storetest"
)

// cluster starts three servers and returns their URLs.
func cluster(t *testing.T) string {
	t.Helper()
	var routes []*url.URL
	var ports []int
	for range 3 { // Free ports: the servers must know each other's beforehand.
		l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		port := l.Addr().(*net.TCPAddr).Port
		_ = l.Close()
		ports = append(ports, port)
		routes = append(routes, &url.URL{Scheme: "nats", Host: fmt.Sprint("127.0.0.1:", port)})
	}
	var servers []*server.Server
	var urls []string
	for i, port := range ports {
		s, err := server.NewServer(&server.Options{
			ServerName: fmt.Sprint("n", i), Host: "127.0.0.1", Port: server.RANDOM_PORT,
			JetStream: true, StoreDir: t.TempDir(), NoSigs: true, NoLog: true, MaxPayload: 2 << 20,
			Cluster: server.ClusterOpts{Name: "test", Host: "127.0.0.1", Port: port}, Routes: routes,
		})
		if err != nil {
			t.Fatal(err)
		}
		s.Start()
		t.Cleanup(func() { s.Shutdown(); s.WaitForShutdown() })
		servers = append(servers, s)
	}
	for _, s := range servers {
		if !s.ReadyForConnections(eventstest.Limit) {
			t.Fatal("a server does not start")
		}
		urls = append(urls, s.ClientURL())
	}
	waitFor(t, func() bool {
		for _, s := range servers {
			if s.JetStreamIsLeader() {
				return len(s.JetStreamClusterPeers()) == 3
			}
		}
		return false
	})
	return strings.Join(urls, ",")
}

// TestCluster runs the suites of journal and store on three replicas, each
// case on a stream of its own.
func TestCluster(t *testing.T) {
	t.Parallel()
	urls := cluster(t)
	var streams atomic.Int32
	fresh := func(t *testing.T) *jetstream.Stream {
		t.Helper()
		return open(t, jetstream.Config{URL: urls, Replicas: 3, Stream: fmt.Sprint("S", streams.Add(1)), Timeout: 5 * time.Second})
	}
	t.Run("journal", func(t *testing.T) {
		eventstest.RunJournal(t, func(t *testing.T) eventstest.Journal {
			t.Helper()
			s := fresh(t)
			return eventstest.Journal{Journal: s, Received: received(t, s)}
		})
	})
	t.Run("store", func(t *testing.T) {
		storetest.Run(t, func(t *testing.T) pos.Store { return fresh(t).Store() })
	})
}
