package jetstream

import (
	"crypto/tls"
	"fmt"
	"log/slog"
	"net"
	"os"
	"regexp"
	"strings"
	"time"

	"github.com/farmacyfoods/pointofsale/pos"
)

// Config says where the stream is and how it is kept. Give Dir, Memory or URL.
type Config struct {
	// Dir is the directory of the embedded server; it is created if it does
	// not exist. One process at a time can use it.
	Dir string `json:"dir,omitempty"`
	// Memory keeps everything in memory: it is gone when the process ends.
	Memory bool `json:"memory,omitempty"`
	// URL is an external server or cluster, several URLs separated by commas:
	// "nats://a:4222,nats://b:4222".
	URL string `json:"url,omitempty"`

	// User and Password, or Token, are asked of clients by the embedded server
	// if it listens, and shown to an external one. External servers may want a
	// CredentialsFile, which holds a JWT and its key, or an NKeyFile, which holds
	// the seed of a key, instead.
	User            string     `json:"user,omitempty"`
	Password        pos.Secret `json:"password,omitzero"`
	Token           pos.Secret `json:"token,omitzero"`
	CredentialsFile string     `json:"credentials_file,omitempty"`
	NKeyFile        string     `json:"nkey_file,omitempty"`
	// TLS is the client's side for an external server, the server's side for
	// an embedded one that listens. Nil means no TLS, unless the URL or the
	// server says so.
	TLS *tls.Config `json:"-"`
	// TLSFiles make a TLS.
	TLSFiles TLSFiles `json:"tls,omitzero"`

	// Stream is the name of the stream; default "POS". In lower case it is the
	// first word of all subjects, so two streams can share a cluster.
	Stream string `json:"stream,omitempty"`
	// Replicas is how many servers of a cluster keep the stream; 0 means 1 in
	// a new stream, use 3 on a cluster.
	Replicas int `json:"replicas,omitempty"`
	// Retention is how long events are kept; 0 means 30 days in a new stream.
	// Cursors and the Store's values are kept until they are replaced.
	Retention time.Duration `json:"retention,omitempty"`
	// MaxBytes bounds the stream; 0 means that the disk does. A full stream
	// refuses what is new, so that nothing is lost unseen.
	MaxBytes int64 `json:"max_bytes,omitempty"`
	// Pages stores each change as one message, events and cursor together, for
	// servers before 2.12, which have no atomic batches. See the package
	// comment for what it costs. The choice belongs to the stream and cannot
	// be changed later.
	Pages bool `json:"pages,omitempty"`

	// Listen is the TCP address on which the embedded server takes other
	// processes, such as "127.0.0.1:4222"; "" means none. An address that
	// others can reach needs a Password or Token.
	Listen string `json:"listen,omitempty"`
	// NoSync acknowledges before the data is on disk: a crash of the process
	// loses nothing, a power failure may lose minutes. Embedded servers only;
	// external ones have a setting of their own (sync_interval).
	NoSync bool `json:"no_sync,omitempty"`

	// GroupWindow is the least time between two batches; default 20 ms. Commits
	// that come meanwhile travel together; one that comes later does not wait.
	GroupWindow time.Duration `json:"group_window,omitempty"`
	// GroupMessages bounds a batch that joins several commits; default 900, at
	// most 1,000. GroupsInFlight bounds how many are under way; default 4.
	GroupMessages  int `json:"group_messages,omitempty"`
	GroupsInFlight int `json:"groups_in_flight,omitempty"`
	// Timeout is how long a server may take to answer before the outcome
	// counts as unknown and is looked up; default 5 s.
	Timeout time.Duration `json:"timeout,omitempty"`
	// Drain is how long Close waits for commits under way, and for handlers;
	// default 10 s.
	Drain time.Duration `json:"drain,omitempty"`
	// CacheBytes bounds the cursors that are held in memory; default 256 MiB.
	// Beyond it Load asks the server.
	CacheBytes int64 `json:"cache_bytes,omitempty"`
	// Delivery is how Stream.Subscribe delivers.
	Delivery Delivery `json:"delivery,omitzero"`

	Logger *slog.Logger `json:"-"` // nil logs nothing
}

const (
	maxBatch  = 1000 // messages, a limit of the server
	maxAge    = 30 * 24 * time.Hour
	oneSecond = time.Second
)

var streamName = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

// withDefaults fills zero fields.
func (c Config) withDefaults() Config {
	c.Stream = or(c.Stream, "POS")
	c.GroupWindow = or(c.GroupWindow, 20*time.Millisecond)
	c.GroupMessages = or(c.GroupMessages, 900)
	c.GroupsInFlight = or(c.GroupsInFlight, 4)
	c.Timeout = or(c.Timeout, 5*time.Second)
	c.Drain = or(c.Drain, 10*time.Second)
	c.CacheBytes = or(c.CacheBytes, 256<<20)
	c.Delivery = c.Delivery.withDefaults()
	c.Logger = or(c.Logger, slog.New(slog.DiscardHandler))
	return c
}

func or[T comparable](value, otherwise T) T {
	var zero T
	if value == zero {
		return otherwise
	}
	return value
}

// Validate reports every problem of the configuration at once, as a
// [*pos.Error] of kind invalid.
func (c Config) Validate() error {
	c = c.withDefaults()
	var ps pos.Problems
	check := func(ok bool, field, format string, args ...any) {
		if !ok {
			ps = append(ps, pos.Problem{Field: field, Reason: fmt.Sprintf(format, args...)})
		}
	}
	places := 0
	for _, set := range []bool{c.Dir != "", c.Memory, c.URL != ""} {
		if set {
			places++
		}
	}
	check(places == 1, "Dir", "set exactly one of Dir, Memory and URL")
	check(streamName.MatchString(c.Stream), "Stream", "%.80q is not a name of letters, digits, '-' and '_'", c.Stream)
	check(c.Replicas >= 0 && c.Replicas <= 5, "Replicas", "%d, want 1 to 5", c.Replicas)
	check(c.Replicas <= 1 || c.URL != "", "Replicas", "%d, but an embedded server stands alone", c.Replicas)
	check(c.Retention == 0 || c.Retention >= oneSecond, "Retention", "%v is shorter than a second", c.Retention)
	check(c.Retention == 0 || !c.Pages, "Retention", "does not go with Pages: the last page is the cursor and must not age")
	check(c.MaxBytes >= 0, "MaxBytes", "is negative")
	check(c.GroupWindow > 0, "GroupWindow", "is negative")
	check(c.GroupMessages > 0 && c.GroupMessages <= maxBatch, "GroupMessages", "%d, want 1 to %d", c.GroupMessages, maxBatch)
	check(c.GroupsInFlight > 0 && c.GroupsInFlight <= 32, "GroupsInFlight", "%d, want 1 to 32", c.GroupsInFlight)
	check(c.Timeout >= 100*time.Millisecond, "Timeout", "%v is too short", c.Timeout)
	check(c.Drain > 0, "Drain", "is negative")
	check(c.CacheBytes >= 0, "CacheBytes", "is negative")
	check(c.URL == "" || c.Listen == "", "Listen", "is for embedded servers")
	check(c.URL == "" || !c.NoSync, "NoSync", "is for embedded servers")
	check(c.URL != "" || c.CredentialsFile == "", "CredentialsFile", "is for external servers")
	check(c.URL != "" || c.NKeyFile == "", "NKeyFile", "is for external servers")
	check(c.identities() <= 1, "User", "give one of User, Token, CredentialsFile and NKeyFile")
	for _, f := range []struct{ field, name string }{{"CredentialsFile", c.CredentialsFile}, {"NKeyFile", c.NKeyFile}} {
		if c.URL != "" && f.name != "" {
			_, err := os.Stat(f.name)
			check(err == nil, f.field, "%v", err)
		}
	}
	check(c.User == "" || !c.Password.IsZero(), "Password", "is missing")
	if c.Listen != "" {
		host, _, err := net.SplitHostPort(c.Listen)
		check(err == nil, "Listen", "%.80q is not host:port", c.Listen)
		check(err != nil || loopback(host) || c.User != "" || !c.Token.IsZero(), "Listen", "%q can be reached by others: set User and Password, or Token", c.Listen)
	}
	_, bad := c.tlsConfig()
	ps = append(ps, bad...)
	ps = append(ps, c.Delivery.problems()...)
	if ps != nil {
		return &pos.Error{Op: "jetstream.Open", Kind: pos.KindInvalid, Err: ps}
	}
	return nil
}

// identities counts what we could show to a server.
func (c *Config) identities() int {
	n := 0
	for _, given := range []bool{c.User != "", !c.Token.IsZero(), c.CredentialsFile != "", c.NKeyFile != ""} {
		if given {
			n++
		}
	}
	return n
}

func loopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}
