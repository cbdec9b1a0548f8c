package kit

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/farmacyfoods/pointofsale/pos"
)

// TokenConfig says where a token is kept and how it is renewed.
type TokenConfig struct {
	// Vendor is for errors and observers.
	Vendor string
	// Key is the key in the store, such as "square.token.M123". Key+".lease"
	// is used as well. Processes with the same account use the same key.
	Key string
	// Refresh gets a new token from the vendor. old is the zero Token if there
	// is none yet: grants that need no refresh token sign in, others return an
	// error that matches [pos.ErrAuth]. That error means that a person must
	// act: the vendor is asked again only after 15 minutes or with another
	// token. Any other error is tried again soon. Until old expires, it stays
	// in use. A zero Refresh in the result keeps the old one.
	Refresh func(ctx context.Context, old Token) (Token, error)
	// Initial is the configured token. It is used until the first refresh, and
	// again when the configuration changes.
	Initial Token
	// MaxAge is the age at which a token is renewed; 0 means 80 % of its life.
	MaxAge time.Duration
	// Lease is how long one process may be busy renewing; 0 means 1 minute. A
	// process that crashes meanwhile holds up the others for as long.
	Lease time.Duration
}

// TokenSource keeps one access token fresh. It is an [Authorizer] that sends a
// bearer token, and safe for concurrent use.
//
// Only one caller of a process renews at a time, and only one process: before
// it asks the vendor, it writes a lease beside the token by compare-and-swap,
// and reads the token again. The others wait and read what it stored. So a
// refresh token that is good for one use is spent once. The new token is
// stored before it is used. A refresh that fails never changes the stored
// token.
//
// A process that dies between the vendor's answer and the store loses the new
// token. The next process takes over when the lease has run out and spends the
// old refresh token again; that works with vendors that accept it for some
// time (QuickBooks: 24 hours) or always (Square's code flow). With others the
// account must be authorized again. The clocks of the processes may differ by
// some seconds, not by as much as the lease.
type TokenSource struct {
	cfg  TokenConfig
	opts *Options

	mu        sync.Mutex
	current   Token
	revision  pos.Revision // of the stored token
	unsaved   bool         // the store did not take current
	loaded    bool
	refused   *Token // the vendor will not renew this one
	refusedAt time.Time
	retryAt   time.Time // do not renew before, the token is still valid
	warned    time.Time // of which end of the authorization
	running   *renewal
}

// renewal is a refresh on its way; done is closed when it has ended.
type renewal struct {
	done chan struct{}
	err  error
}

// NewTokenSource checks the configuration.
func NewTokenSource(cfg TokenConfig, opts *Options) (*TokenSource, error) {
	switch {
	case cfg.Key == "":
		return nil, configError(cfg.Vendor, errors.New("the token has no key"))
	case cfg.Refresh == nil:
		return nil, configError(cfg.Vendor, errors.New("the token has no Refresh function"))
	}
	cfg.Lease = orDefault(cfg.Lease, time.Minute)
	return &TokenSource{cfg: cfg, opts: opts.Resolve()}, nil
}

// Authorize implements [Authorizer].
func (s *TokenSource) Authorize(ctx context.Context, r *http.Request) error {
	t, err := s.Token(ctx)
	if err != nil {
		return err
	}
	r.Header.Set("Authorization", "Bearer "+t.Access.Reveal())
	return nil
}

// Rejected implements [Authorizer]: it renews the token that the request
// carried, unless that has happened already.
func (s *TokenSource) Rejected(ctx context.Context, r *http.Request) (bool, error) {
	used := r.Header.Get("Authorization")
	err := s.renew(ctx, want{func(t *Token) bool { return "Bearer "+t.Access.Reveal() != used }, true})
	return err == nil, err
}

// Token returns a valid token, renewed if it is due.
func (s *TokenSource) Token(ctx context.Context) (Token, error) {
	if err := s.load(ctx); err != nil {
		return Token{}, err
	}
	s.mu.Lock()
	t, now := s.current, time.Now()
	fresh := t.valid(now) && (now.Before(s.retryAt) || now.Before(s.due(&t)) && !s.unsaved)
	s.mu.Unlock()
	if fresh {
		s.warn(ctx, &t)
		return t, nil
	}
	err := s.renew(ctx, want{good: func(t *Token) bool { return t.valid(time.Now()) && time.Now().Before(s.due(t)) }, must: !t.valid(now)})
	s.mu.Lock()
	t = s.current
	s.mu.Unlock()
	if t.valid(time.Now()) && ctx.Err() == nil {
		s.warn(ctx, &t)
		return t, nil // perhaps not renewed, but good for now
	}
	if err == nil {
		err = s.fail(pos.KindAuth, errors.New("the vendor gave a token that is not valid now"))
	}
	return Token{}, err
}

// warnBefore is how long before its end an authorization expires soon.
const warnBefore = 14 * 24 * time.Hour

// warn tells once that renewing will come to an end. Vendors that put the end
// off with each renewal have done so by now.
func (s *TokenSource) warn(ctx context.Context, t *Token) {
	end := t.RefreshExpires
	if end.IsZero() || time.Until(end) > warnBefore {
		return
	}
	s.mu.Lock()
	known := s.warned.Equal(end)
	s.warned = end
	s.mu.Unlock()
	if !known {
		s.tell(ctx, TokenExpiring, &Token{Expires: end}, nil)
	}
}

// Save puts a token into the store, such as the first one from an
// authorization, in place of whatever is there.
func (s *TokenSource) Save(ctx context.Context, t Token) error {
	if t.Issued.IsZero() {
		t.Issued = time.Now().UTC()
	}
	for {
		_, revision, err := s.opts.Store.Get(ctx, s.cfg.Key)
		if err != nil && !errors.Is(err, pos.ErrNotFound) {
			return s.fail(pos.KindUnavailable, err)
		}
		switch err := s.put(ctx, t, revision); {
		case err == nil:
			return nil
		case !errors.Is(err, pos.ErrConflict):
			return s.fail(pos.KindUnavailable, err)
		}
	}
}

// due is when a token should be renewed.
func (s *TokenSource) due(t *Token) time.Time {
	switch {
	case s.cfg.MaxAge > 0 && !t.Issued.IsZero():
		return t.Issued.Add(s.cfg.MaxAge)
	case t.Expires.IsZero():
		return endOfTime
	case t.Issued.IsZero():
		return t.Expires.Add(-5 * time.Minute)
	}
	return t.Issued.Add(t.Expires.Sub(t.Issued) * 4 / 5)
}

// load reads the store the first time.
func (s *TokenSource) load(ctx context.Context) error {
	s.mu.Lock()
	loaded := s.loaded
	s.mu.Unlock()
	if loaded {
		return nil
	}
	return s.read(ctx)
}

// read takes over what the store holds. A configured token that the stored one
// does not descend from wins: somebody has authorized the account again.
func (s *TokenSource) read(ctx context.Context) error {
	data, revision, err := s.opts.Store.Get(ctx, s.cfg.Key)
	if err != nil && !errors.Is(err, pos.ErrNotFound) {
		return s.fail(pos.KindUnavailable, err)
	}
	t := s.cfg.Initial
	if err == nil {
		stored, seed, err := decodeToken(data)
		if err != nil {
			return s.fail(pos.KindProtocol, err)
		}
		if own := seedOf(&s.cfg.Initial); own == "" || seed == "" || seed == own {
			t = stored
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.unsaved && revision == s.revision {
		return nil // ours is newer
	}
	if s.loaded && !t.same(&s.current) {
		s.opts.Observer.token(TokenInfo{Vendor: s.cfg.Vendor, Key: s.cfg.Key, Event: TokenAdopted, Expires: t.Expires})
	}
	s.current, s.revision, s.loaded, s.unsaved = t, revision, true, false
	return nil
}

// put stores a token over the revision and makes it the current one.
func (s *TokenSource) put(ctx context.Context, t Token, revision pos.Revision) error {
	data, err := encodeToken(t, seedOf(&s.cfg.Initial))
	if err != nil {
		return err
	}
	revision, err = s.opts.Store.Put(ctx, s.cfg.Key, data, revision)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.current, s.revision, s.loaded, s.unsaved, s.refused = t, revision, true, false, nil
	return nil
}

func (s *TokenSource) fail(kind pos.Kind, err error) *pos.Error {
	return &pos.Error{Op: "Token", Vendor: s.cfg.Vendor, Kind: kind, Err: err}
}

// tell reports what became of a renewal.
func (s *TokenSource) tell(ctx context.Context, event TokenEvent, t *Token, err error) {
	level := slog.LevelInfo
	if err != nil {
		level = slog.LevelWarn
	}
	s.opts.Logger.LogAttrs(ctx, level, "token "+string(event), slog.String("vendor", s.cfg.Vendor),
		slog.String("key", s.cfg.Key), slog.Time("expires", t.Expires), slog.Any("error", err))
	s.opts.Observer.token(TokenInfo{Vendor: s.cfg.Vendor, Key: s.cfg.Key, Event: event, Expires: t.Expires, Err: err})
}
