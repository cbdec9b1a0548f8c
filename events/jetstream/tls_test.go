package jetstream_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/jwt/v2"
	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nkeys"

	"github.com/farmacyfoods/pointofsale/events"
	"github.com/farmacyfoods/pointofsale/events/eventstest"
	"github.com/farmacyfoods/pointofsale/events/jetstream"
	"github.com/farmacyfoods/pointofsale/pos"
)

// authority signs certificates for a test.
type authority struct {
	dir  string
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	file string // PEM of the certificate
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	a := &authority{dir: t.TempDir()}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test authority"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), KeyUsage: x509.KeyUsageCertSign,
	}
	var der []byte
	der, a.key = a.sign(t, template)
	var err error
	if a.cert, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	a.file = a.write(t, "ca.pem", "CERTIFICATE", der)
	return a
}

// sign signs a certificate; the authority's own if it has none.
func (a *authority) sign(t *testing.T, template *x509.Certificate) ([]byte, *ecdsa.PrivateKey) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	parent, signer := a.cert, a.key
	if parent == nil {
		parent, signer = template, key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), signer)
	if err != nil {
		t.Fatal(err)
	}
	return der, key
}

func (a *authority) write(t *testing.T, name, kind string, der []byte) string {
	t.Helper()
	path := filepath.Join(a.dir, name)
	if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// issue returns the files of a certificate for a host.
func (a *authority) issue(t *testing.T, host string) jetstream.TLSFiles {
	t.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: host}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	if ip := net.ParseIP(host); ip != nil {
		template.IPAddresses = []net.IP{ip}
	} else {
		template.DNSNames = []string{host}
	}
	der, key := a.sign(t, template)
	private, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return jetstream.TLSFiles{CA: a.file, Cert: a.write(t, host+".pem", "CERTIFICATE", der), Key: a.write(t, host+".key", "EC PRIVATE KEY", private)}
}

// serverTLS is the server's side of a certificate.
func serverTLS(t *testing.T, a *authority, f jetstream.TLSFiles, mutual bool) *tls.Config {
	t.Helper()
	pair, err := tls.LoadX509KeyPair(f.Cert, f.Key)
	if err != nil {
		t.Fatal(err)
	}
	c := &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{pair}}
	if mutual {
		c.ClientCAs, c.ClientAuth = x509.NewCertPool(), tls.RequireAndVerifyClientCert
		c.ClientCAs.AddCert(a.cert)
	}
	return c
}

// external starts a server as an operator would run it.
func external(t *testing.T, o server.Options) string {
	t.Helper()
	o.Host, o.Port, o.NoSigs, o.NoLog, o.JetStream, o.StoreDir = "127.0.0.1", server.RANDOM_PORT, true, true, true, t.TempDir()
	o.TLS = o.TLSConfig != nil
	s, err := server.NewServer(&o)
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	t.Cleanup(func() { s.Shutdown(); s.WaitForShutdown() })
	if !s.ReadyForConnections(eventstest.Limit) {
		t.Fatal("the server does not start")
	}
	return strings.Replace(s.ClientURL(), "tls://", "nats://", 1)
}

// works commits through a stream and reads it back.
func works(t *testing.T, c jetstream.Config) {
	t.Helper()
	s := open(t, c)
	old, err := s.Load(limited(t), "k")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Commit(limited(t), events.Change{Key: "k", Revision: old.Revision, Cursor: []byte("1"), Events: []events.Event{eventstest.Event("L1", 1)}}); err != nil {
		t.Fatal(err)
	}
	if rec, err := s.Load(limited(t), "k"); err != nil || string(rec.Cursor) != "1" {
		t.Errorf("%+v, %v", rec, err)
	}
}

// refused wants an error of a kind that says what is wrong, and no secret.
func refused(t *testing.T, c jetstream.Config, kind pos.Kind, says string) {
	t.Helper()
	c.Timeout = 2 * time.Second
	s, err := jetstream.Open(limited(t), c)
	if err == nil {
		_ = s.Close()
		t.Fatalf("want an error that says %q", says)
	}
	if pos.KindOf(err) != kind || !strings.Contains(err.Error(), says) || strings.Contains(err.Error(), "sample-not-secret") {
		t.Errorf("got %v: %v\nwant %v: %s", pos.KindOf(err), err, kind, says)
	}
}

func TestTLS(t *testing.T) {
	t.Parallel()
	ours, theirs := newAuthority(t), newAuthority(t)
	local, named := ours.issue(t, "127.0.0.1"), ours.issue(t, "nats.example.com")
	secret := pos.NewSecret("sample-not-secret")
	url := external(t, server.Options{TLSConfig: serverTLS(t, ours, local, false), Username: "u", Password: secret.Reveal()})
	client := func(f jetstream.TLSFiles) jetstream.Config {
		return jetstream.Config{URL: url, User: "u", Password: secret, TLSFiles: f}
	}
	works(t, client(jetstream.TLSFiles{CA: ours.file}))
	works(t, jetstream.Config{URL: strings.Replace(url, "nats://", "tls://", 1), User: "u", Password: secret, TLSFiles: jetstream.TLSFiles{CA: ours.file}})
	refused(t, client(jetstream.TLSFiles{CA: theirs.file}), pos.KindAuth, "the server's certificate is not trusted")
	refused(t, client(jetstream.TLSFiles{}), pos.KindAuth, "the server's certificate is not trusted")
	refused(t, client(jetstream.TLSFiles{CA: ours.file, ServerName: "other.example.com"}), pos.KindAuth, "the server's certificate is not trusted")
	wrong := client(jetstream.TLSFiles{CA: ours.file})
	wrong.Password = pos.NewSecret("sample-not-secret-2")
	refused(t, wrong, pos.KindAuth, "the server refuses the credentials")

	url = external(t, server.Options{TLSConfig: serverTLS(t, ours, named, true)})
	client = func(f jetstream.TLSFiles) jetstream.Config {
		f.ServerName = "nats.example.com"
		return jetstream.Config{URL: url, TLSFiles: f}
	}
	works(t, client(local))
	stranger := theirs.issue(t, "127.0.0.1")
	stranger.CA = ours.file
	refused(t, client(stranger), pos.KindAuth, "the server refuses our certificate")
	refused(t, client(jetstream.TLSFiles{CA: ours.file}), pos.KindAuth, "the server refuses our certificate")

	url = external(t, server.Options{})
	refused(t, jetstream.Config{URL: url, TLSFiles: jetstream.TLSFiles{CA: ours.file}}, pos.KindUnsupported, "the server has no TLS")
}

// TestEmbeddedTLS: the embedded server shows a certificate to those who connect,
// and asks for theirs.
func TestEmbeddedTLS(t *testing.T) {
	t.Parallel()
	ours := newAuthority(t)
	local := ours.issue(t, "127.0.0.1")
	s := open(t, jetstream.Config{Dir: t.TempDir(), Listen: "127.0.0.1:0", TLSFiles: local})
	works(t, jetstream.Config{URL: s.URL(), TLSFiles: local})
	refused(t, jetstream.Config{URL: s.URL(), TLSFiles: jetstream.TLSFiles{CA: ours.file}}, pos.KindAuth, "the server refuses our certificate")
}

func TestKeys(t *testing.T) {
	t.Parallel()
	user, other := newKey(t, nkeys.CreateUser), newKey(t, nkeys.CreateUser)
	url := external(t, server.Options{Nkeys: []*server.NkeyUser{{Nkey: user.public}}})
	works(t, jetstream.Config{URL: url, NKeyFile: user.file(t)})
	refused(t, jetstream.Config{URL: url, NKeyFile: other.file(t)}, pos.KindAuth, "the server refuses the credentials")
	refused(t, jetstream.Config{URL: url}, pos.KindAuth, "the server refuses the credentials")
	empty := filepath.Join(t.TempDir(), "empty")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	refused(t, jetstream.Config{URL: url, NKeyFile: empty}, pos.KindInvalid, "NKeyFile")
}

// TestPermissions: what the package comment lists is enough.
func TestPermissions(t *testing.T) {
	t.Parallel()
	secret := pos.NewSecret("sample-not-secret")
	url := external(t, server.Options{Users: []*server.User{{Username: "u", Password: secret.Reveal(), Permissions: &server.Permissions{
		Publish:   &server.SubjectPermission{Allow: []string{"pos.>", "$KV.POS-members.>", "$JS.API.>", "$JS.ACK.>"}},
		Subscribe: &server.SubjectPermission{Allow: []string{"_INBOX.>"}},
	}}}})
	c := jetstream.Config{URL: url, User: "u", Password: secret}
	works(t, c)
	s, ctx := open(t, c), limited(t)
	got, err := received(t, s)(ctx, 1)
	if err != nil || len(got) != 1 {
		t.Errorf("%d events, %v", len(got), err)
	}
	if err := s.PutCallback(ctx, "fridge.v.a.part.0", events.Callback{ID: "1", Vendor: "v"}); err != nil {
		t.Error(err)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	taken := make(chan struct{})
	go func() {
		_ = s.TakeCallbacks(ctx, "fridge.v.a.part.0", func(context.Context, events.Callback) error {
			close(taken)
			return nil
		})
	}()
	members := make(chan []string, 10)
	go s.Join(ctx, "fridge", "one", func(m []string) { members <- m })
	for range 2 {
		select {
		case <-taken:
			taken = nil
		case m := <-members:
			if len(m) != 1 || m[0] != "one" {
				t.Errorf("members %s", m)
			}
		case <-ctx.Done():
			t.Fatal("no callback or no members")
		}
	}
}

// TestCredentials: an operator vouches for an account, and the account for a
// user whose credentials are in a file.
func TestCredentials(t *testing.T) {
	t.Parallel()
	operator, account, user := newKey(t, nkeys.CreateOperator), newKey(t, nkeys.CreateAccount), newKey(t, nkeys.CreateUser)
	claims := jwt.NewAccountClaims(account.public)
	claims.Limits.JetStreamLimits = jwt.JetStreamLimits{MemoryStorage: -1, DiskStorage: -1, Streams: -1, Consumer: -1}
	accountJWT, err := claims.Encode(operator)
	if err != nil {
		t.Fatal(err)
	}
	resolver := new(server.MemAccResolver)
	if err := resolver.Store(account.public, accountJWT); err != nil {
		t.Fatal(err)
	}
	system := newKey(t, nkeys.CreateAccount)
	systemJWT, err := jwt.NewAccountClaims(system.public).Encode(operator)
	if err != nil {
		t.Fatal(err)
	}
	if err := resolver.Store(system.public, systemJWT); err != nil {
		t.Fatal(err)
	}
	url := external(t, server.Options{
		TrustedOperators: []*jwt.OperatorClaims{jwt.NewOperatorClaims(operator.public)}, AccountResolver: resolver, SystemAccount: system.public,
	})
	creds := func(signer key, expires time.Time) string {
		claims := jwt.NewUserClaims(user.public)
		if !expires.IsZero() {
			claims.Expires = expires.Unix()
		}
		token, err := claims.Encode(signer)
		if err != nil {
			t.Fatal(err)
		}
		text, err := jwt.FormatUserConfig(token, user.seed)
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(t.TempDir(), "user.creds")
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	file := creds(account, time.Time{})
	works(t, jetstream.Config{URL: url, CredentialsFile: file})
	replaced(t, url, creds(account, time.Now().Add(2*time.Second)), file)
	refused(t, jetstream.Config{URL: url, CredentialsFile: creds(newKey(t, nkeys.CreateAccount), time.Time{})}, pos.KindAuth, "the server refuses the credentials")
	refused(t, jetstream.Config{URL: url, CredentialsFile: creds(account, time.Now().Add(-time.Minute))}, pos.KindAuth, "the server refuses the credentials")
	empty := filepath.Join(t.TempDir(), "empty")
	if err := os.WriteFile(empty, []byte("nothing"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := jetstream.Open(limited(t), jetstream.Config{URL: url, CredentialsFile: empty}); !errors.Is(err, pos.ErrInvalid) || !strings.Contains(err.Error(), "CredentialsFile") {
		t.Errorf("a file without credentials: %v", err)
	}
}

// replaced opens a stream with credentials that expire soon, replaces them long
// after that, and wants the stream to go on.
func replaced(t *testing.T, url, expiring, lasting string) {
	t.Helper()
	s := open(t, jetstream.Config{URL: url, CredentialsFile: expiring, Timeout: 500 * time.Millisecond})
	failures := 0
	waitFor(t, func() bool { // The client gives up after two refusals unless it is told not to.
		pause(t, 100)
		if s.Check(limited(t)) == nil {
			return false
		}
		failures++
		return failures > 12
	})
	text, err := os.ReadFile(lasting)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(expiring, text, 0o600); err != nil {
		t.Fatal(err)
	}
	waitFor(t, func() bool { return s.Check(limited(t)) == nil })
}

// key is a pair of keys whose public one is known by name.
type key struct {
	nkeys.KeyPair
	public string
	seed   []byte
}

func newKey(t *testing.T, create func() (nkeys.KeyPair, error)) key {
	t.Helper()
	pair, err := create()
	if err != nil {
		t.Fatal(err)
	}
	public, err := pair.PublicKey()
	if err != nil {
		t.Fatal(err)
	}
	seed, err := pair.Seed()
	if err != nil {
		t.Fatal(err)
	}
	return key{pair, public, seed}
}

func (k key) file(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "seed")
	if err := os.WriteFile(path, k.seed, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
