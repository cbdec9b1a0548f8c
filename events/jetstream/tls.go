package jetstream

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nkeys"

	"github.com/farmacyfoods/pointofsale/pos"
)

// TLSFiles is TLS by PEM files, for an external server or an embedded one that
// listens. Give these or Config.TLS.
type TLSFiles struct {
	// CA has the authorities that sign the other side. Without it a client
	// trusts those of the system; a server asks for no certificate.
	CA string `json:"ca,omitempty"`
	// Cert and Key are our own: a server must have them, a client shows them to
	// servers that ask.
	Cert string `json:"cert,omitempty"`
	Key  string `json:"key,omitempty"`
	// ServerName replaces the host of the URL as the name on the server's
	// certificate. Clients only.
	ServerName string `json:"server_name,omitempty"`
}

// tlsConfig reads the files; nil means that there are none. Problems name the
// fields.
func (c *Config) tlsConfig() (*tls.Config, pos.Problems) {
	f := c.TLSFiles
	if f == (TLSFiles{}) {
		return c.TLS, nil
	}
	var ps pos.Problems
	add := func(field, format string, args ...any) {
		ps = append(ps, pos.Problem{Field: "TLSFiles" + field, Reason: fmt.Sprintf(format, args...)})
	}
	t := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: f.ServerName}
	if c.TLS != nil {
		add("", "does not go with TLS")
	}
	if c.URL == "" && c.Listen == "" {
		add("", "is of no use to an embedded server that does not listen")
	}
	if c.URL == "" && f.Cert == "" {
		add(".Cert", "is missing: a server must have one")
	}
	if c.URL == "" && f.ServerName != "" {
		add(".ServerName", "is for external servers")
	}
	if f.CA != "" {
		pem, err := os.ReadFile(f.CA)
		pool := x509.NewCertPool()
		switch {
		case err != nil:
			add(".CA", "%v", err)
		case !pool.AppendCertsFromPEM(pem):
			add(".CA", "%s holds no certificate", f.CA)
		}
		t.RootCAs = pool
		if c.URL == "" {
			t.RootCAs, t.ClientCAs, t.ClientAuth = nil, pool, tls.RequireAndVerifyClientCert
		}
	}
	if f.Cert != "" || f.Key != "" {
		pair, err := tls.LoadX509KeyPair(f.Cert, f.Key)
		if err != nil {
			add(".Cert", "with its key: %v", err)
		}
		t.Certificates = []tls.Certificate{pair}
	}
	return t, ps
}

// credentials are the options that tell the server who we are.
func (c *Config) credentials() ([]nats.Option, error) {
	switch {
	case c.User != "":
		return []nats.Option{nats.UserInfo(c.User, c.Password.Reveal())}, nil
	case !c.Token.IsZero():
		return []nats.Option{nats.Token(c.Token.Reveal())}, nil
	case c.CredentialsFile != "":
		if err := readableCredentials(c.CredentialsFile); err != nil {
			return nil, openError(pos.KindInvalid, fmt.Errorf("CredentialsFile: %w", err))
		}
		return []nats.Option{nats.UserCredentials(c.CredentialsFile)}, nil
	case c.NKeyFile != "":
		key, err := nats.NkeyOptionFromSeed(c.NKeyFile)
		if err != nil {
			return nil, openError(pos.KindInvalid, fmt.Errorf("NKeyFile: %w", err))
		}
		return []nats.Option{key}, nil
	}
	return nil, nil
}

// readableCredentials looks into a file that the client reads again at each
// connection, so that it can be replaced while we run.
func readableCredentials(name string) error {
	text, err := os.ReadFile(name) //nolint:gosec // the host names its own file
	if err != nil {
		return err
	}
	key, err := nkeys.ParseDecoratedUserNKey(text)
	if err == nil {
		key.Wipe()
		_, err = nkeys.ParseDecoratedJWT(text)
	}
	clear(text)
	return err
}

// connectError says why no server took us.
func connectError(err error) error {
	var alert tls.AlertError
	var remote *net.OpError
	switch _, untrusted := errors.AsType[*tls.CertificateVerificationError](err); {
	case untrusted:
		return openError(pos.KindAuth, fmt.Errorf("the server's certificate is not trusted: %w", err))
	case errors.As(err, &alert), errors.As(err, &remote) && remote.Op == "remote error", errors.Is(err, nats.ErrTLS):
		return openError(pos.KindAuth, fmt.Errorf("the server refuses our certificate: %w", err))
	case errors.Is(err, nats.ErrSecureConnWanted):
		return openError(pos.KindUnsupported, fmt.Errorf("the server has no TLS: %w", err))
	case errors.Is(err, nats.ErrAuthorization), errors.Is(err, nats.ErrAuthExpired), errors.Is(err, nats.ErrAuthRevoked),
		errors.Is(err, nats.ErrAccountAuthExpired), errors.Is(err, nats.ErrNkeysNotSupported):
		return openError(pos.KindAuth, fmt.Errorf("the server refuses the credentials: %w", err))
	}
	return openError(pos.KindUnavailable, err)
}
