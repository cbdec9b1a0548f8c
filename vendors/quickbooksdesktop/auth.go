package quickbooksdesktop

import (
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/farmacyfoods/pointofsale/pos"
)

const (
	hashScheme = "pbkdf2-sha256"
	hashRounds = 600_000
	minRounds  = 1_000
	maxRounds  = 10_000_000
	saltSize   = 16
)

// HashPassword derives what [Config.PasswordHash] takes from the password that
// the user types into the Web Connector: PBKDF2 with SHA-256 and a random salt.
func HashPassword(password pos.Secret) (string, error) {
	salt := make([]byte, saltSize)
	_, _ = rand.Read(salt) // never fails
	return hashWith(password.Reveal(), salt, hashRounds)
}

func hashWith(password string, salt []byte, rounds int) (string, error) {
	key, err := pbkdf2.Key(sha256.New, password, salt, rounds, sha256.Size)
	if err != nil {
		return "", err
	}
	enc := base64.RawStdEncoding
	return fmt.Sprintf("%s$%d$%s$%s", hashScheme, rounds, enc.EncodeToString(salt), enc.EncodeToString(key)), nil
}

// passwordHash is a parsed hash.
type passwordHash struct {
	rounds    int
	salt, key []byte
}

var errHash = errors.New("quickbooksdesktop: not a password hash")

func parseHash(text string) (passwordHash, error) {
	parts := strings.Split(text, "$")
	if len(parts) != 4 || parts[0] != hashScheme {
		return passwordHash{}, errHash
	}
	rounds, err1 := strconv.Atoi(parts[1])
	salt, err2 := base64.RawStdEncoding.DecodeString(parts[2])
	key, err3 := base64.RawStdEncoding.DecodeString(parts[3])
	if errors.Join(err1, err2, err3) != nil || rounds < minRounds || rounds > maxRounds || len(salt) < 8 || len(key) != sha256.Size {
		return passwordHash{}, errHash
	}
	return passwordHash{rounds, salt, key}, nil
}

// gate checks user name and password, and slows guessing down by user name
// and by address.
type gate struct {
	user string
	hash passwordHash

	mu       sync.Mutex
	local    [32]byte // key of the digest of the password that was right
	accepted []byte
	home     string // address that signed in last
	failures map[string]failure
}

type failure struct {
	count int
	until time.Time // refused until then
	last  time.Time
}

const (
	freeFailures = 5
	firstPause   = 10 * time.Second
	longestPause = 15 * time.Minute
	maxTracked   = 4096
	maxPassword  = 1024
)

func newGate(user string, hash passwordHash) *gate {
	g := &gate{user: user, hash: hash, failures: make(map[string]failure)}
	_, _ = rand.Read(g.local[:])
	return g
}

// check reports whether the caller may pass. A caller with too many failures
// is refused without looking at the password.
func (g *gate) check(user, password, address string) bool {
	now := time.Now()
	keys := []string{"u:" + clip(user, 64), "a:" + address}
	g.mu.Lock()
	for _, k := range keys {
		// Strangers who guess cannot lock out the address that is known.
		if now.Before(g.failures[k].until) && (k != keys[0] || address != g.home) {
			g.mu.Unlock()
			return false
		}
	}
	accepted := g.accepted
	g.mu.Unlock()
	right := len(password) <= maxPassword && g.matches(password, accepted)
	ok := subtle.ConstantTimeCompare([]byte(user), []byte(g.user)) == 1 && right
	g.mu.Lock()
	defer g.mu.Unlock()
	if ok {
		g.home = address
	}
	for _, k := range keys {
		if ok {
			delete(g.failures, k)
			continue
		}
		g.fail(k, now)
	}
	return ok
}

// fail counts a failure; the caller holds the lock.
func (g *gate) fail(key string, now time.Time) {
	f := g.failures[key]
	if now.Sub(f.last) > longestPause {
		f = failure{}
	}
	f.count++
	f.last = now
	if over := f.count - freeFailures; over >= 0 {
		f.until = now.Add(min(firstPause<<min(over, 10), longestPause))
	}
	if len(g.failures) >= maxTracked {
		for k, old := range g.failures {
			if now.Sub(old.last) > longestPause {
				delete(g.failures, k)
			}
		}
	}
	if _, known := g.failures[key]; known || len(g.failures) < maxTracked {
		g.failures[key] = f
	}
}

// matches compares in constant time. The password that was right before is
// recognised by a keyed digest, so that each run does not cost a derivation.
func (g *gate) matches(password string, accepted []byte) bool {
	mac := hmac.New(sha256.New, g.local[:])
	_, _ = mac.Write([]byte(password))
	digest := mac.Sum(nil)
	if accepted != nil && hmac.Equal(digest, accepted) {
		return true
	}
	key, err := pbkdf2.Key(sha256.New, password, g.hash.salt, g.hash.rounds, len(g.hash.key))
	if err != nil || subtle.ConstantTimeCompare(key, g.hash.key) != 1 {
		return false
	}
	g.mu.Lock()
	g.accepted = digest
	g.mu.Unlock()
	return true
}

// NewFileID returns a random GUID in braces, for [Config.FileID] or
// [Config.OwnerID].
func NewFileID() string {
	var b [16]byte
	_, _ = rand.Read(b[:])
	return guid(b)
}

func guid(b [16]byte) string {
	b[6], b[8] = b[6]&0x0F|0x40, b[8]&0x3F|0x80
	h := hex.EncodeToString(b[:])
	return "{" + h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:] + "}"
}

var guidPattern = regexp.MustCompile(`^\{[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\}$`)

func isGUID(s string) bool { return guidPattern.MatchString(s) }

// newTicket returns the bearer secret of a session.
func newTicket() string { return strings.Trim(NewFileID(), "{}") + "-" + rand.Text() }

// digest is how tickets are stored.
func digest(ticket string) string {
	sum := sha256.Sum256([]byte(ticket))
	return hex.EncodeToString(sum[:])
}
