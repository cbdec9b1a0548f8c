package kit

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/farmacyfoods/pointofsale/pos"
)

// lease is the entry that keeps other processes from renewing meanwhile.
type lease struct {
	Owner string    `json:"owner"`
	Until time.Time `json:"until"`
}

// errReauthorize tells a person what to do.
var errReauthorize = errors.New("the vendor refused to renew the access: authorize the account again")

// want is what a renewal is to bring about.
type want struct {
	good func(*Token) bool
	// must: a token that is not good is of no use, although it may not have
	// expired.
	must bool
}

// renew makes the current token what is wanted. The work goes on when a caller
// gives up: a refresh token that was sent may be spent.
func (s *TokenSource) renew(ctx context.Context, w want) error {
	for {
		s.mu.Lock()
		if w.good(&s.current) && !s.unsaved {
			s.mu.Unlock()
			return nil
		}
		run, joined := s.running, s.running != nil
		if !joined {
			run = &renewal{done: make(chan struct{})}
			s.running = run
			go s.work(context.WithoutCancel(ctx), run, w)
		}
		s.mu.Unlock()
		select {
		case <-run.done:
		case <-ctx.Done():
			return callEnded(ctx.Err(), nil)
		}
		if run.err != nil || !joined || !w.must {
			return run.err
		}
	}
}

// work is one renewal.
func (s *TokenSource) work(ctx context.Context, run *renewal, w want) {
	ctx, cancel := context.WithTimeout(ctx, s.cfg.Lease*2)
	defer cancel()
	err := s.exchange(ctx, w)
	s.mu.Lock()
	s.running, run.err, s.retryAt = nil, err, time.Time{}
	if err != nil || s.unsaved || !w.good(&s.current) {
		s.retryAt = time.Now().Add(max(pos.RetryAfter(err), 30*time.Second))
	}
	s.mu.Unlock()
	close(run.done)
}

// exchange takes the lease, or waits until another process has renewed.
func (s *TokenSource) exchange(ctx context.Context, w want) error {
	for pause := 50 * time.Millisecond; ; pause = min(2*pause, time.Second) {
		if err := s.read(ctx); err != nil {
			return err
		}
		if err := s.offer(ctx); err != nil {
			return err
		}
		old, refused := s.state()
		switch {
		case w.good(&old):
			return nil
		case refused != nil && refused.same(&old) && time.Now().Before(s.askAgain()):
			return s.fail(pos.KindAuth, errReauthorize)
		}
		held, revision, err := s.take(ctx)
		if err != nil {
			return err
		}
		if held {
			return s.refresh(ctx, w, revision)
		}
		if !w.must && old.valid(time.Now()) {
			return nil // the holder will do it
		}
		if err := sleep(ctx, pause); err != nil {
			return s.fail(pos.KindUnavailable, errors.New("another process is renewing the token and does not end"))
		}
	}
}

func (s *TokenSource) state() (current Token, refused *Token) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.current, s.refused
}

// askAgain is when a refused token is tried once more: the vendor may have
// lifted a suspension.
func (s *TokenSource) askAgain() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.refusedAt.Add(maxPause)
}

// offer gives the store a token that it did not take before.
func (s *TokenSource) offer(ctx context.Context) error {
	s.mu.Lock()
	unsaved, t := s.unsaved, s.current
	s.mu.Unlock()
	if !unsaved {
		return nil
	}
	return s.store(ctx, t)
}

func (s *TokenSource) leaseKey() string { return s.cfg.Key + ".lease" }

// take tries to get the lease.
func (s *TokenSource) take(ctx context.Context) (held bool, revision pos.Revision, err error) {
	data, revision, err := s.opts.Store.Get(ctx, s.leaseKey())
	if err != nil && !errors.Is(err, pos.ErrNotFound) {
		return false, 0, s.fail(pos.KindUnavailable, err)
	}
	var other lease
	if err == nil && json.Unmarshal(data, &other) == nil && time.Now().Before(other.Until) {
		return false, 0, nil
	}
	data, err = json.Marshal(lease{rand.Text(), time.Now().Add(s.cfg.Lease).UTC()})
	if err != nil {
		return false, 0, s.fail(pos.KindUnknown, err)
	}
	switch revision, err = s.opts.Store.Put(ctx, s.leaseKey(), data, revision); {
	case errors.Is(err, pos.ErrConflict):
		return false, 0, nil
	case err != nil:
		return false, 0, s.fail(pos.KindUnavailable, err)
	}
	return true, revision, nil
}

// refresh is what the holder of the lease does. The token is read once more:
// the holder before may have stored a new one.
func (s *TokenSource) refresh(ctx context.Context, w want, held pos.Revision) error {
	ctx, cancel := context.WithTimeout(ctx, s.cfg.Lease*3/4)
	defer cancel()
	defer func() {
		// A lease that stays runs out by itself.
		_ = s.opts.Store.Delete(context.WithoutCancel(ctx), s.leaseKey(), held)
	}()
	if err := s.read(ctx); err != nil {
		return err
	}
	old, _ := s.state()
	if w.good(&old) {
		return nil
	}
	asking, stop := context.WithTimeout(ctx, s.cfg.Lease/2)
	defer stop()
	fresh, err := s.cfg.Refresh(asking, old)
	if err == nil && fresh.Access.IsZero() {
		err = s.fail(pos.KindProtocol, errors.New("the vendor answered without an access token"))
	}
	if err != nil {
		return s.refreshFailed(ctx, &old, err)
	}
	if fresh.Refresh.IsZero() {
		fresh.Refresh, fresh.RefreshExpires = old.Refresh, old.RefreshExpires
	}
	fresh.Issued = time.Now().UTC()
	return s.store(ctx, fresh)
}

// refreshFailed leaves the store as it is. If the vendor refused for ever but
// another process has stored a different token, that one counts.
func (s *TokenSource) refreshFailed(ctx context.Context, old *Token, err error) error {
	e := asError(err)
	e.Vendor = s.cfg.Vendor
	if e.Op == "" {
		e.Op = "Token"
	}
	if errors.Is(e, pos.ErrAuth) {
		if rerr := s.read(ctx); rerr == nil {
			if now, _ := s.state(); !now.same(old) {
				return nil
			}
		}
		e.Err = fmt.Errorf("%w: %w", errReauthorize, e.Err)
		s.mu.Lock()
		s.refused, s.refusedAt = old, time.Now()
		s.mu.Unlock()
	}
	s.tell(ctx, TokenFailed, old, e)
	return e
}

// store keeps a new token whatever happens: the old one may be spent. If the
// store does not take it in a few attempts, it is used from memory and offered
// again later.
func (s *TokenSource) store(ctx context.Context, fresh Token) error {
	s.mu.Lock()
	revision := s.revision
	s.current, s.unsaved = fresh, true
	s.mu.Unlock()
	err := s.put(ctx, fresh, revision)
	for pause := 100 * time.Millisecond; err != nil; pause *= 2 {
		// The write may have come through, or another process was faster.
		if _, now, rerr := s.opts.Store.Get(ctx, s.cfg.Key); rerr == nil && now != revision {
			return s.adopt(ctx)
		}
		if pause > time.Second || sleep(ctx, pause) != nil {
			s.tell(ctx, TokenUnsaved, &fresh, err)
			return nil // the token itself is good
		}
		err = s.put(ctx, fresh, revision)
	}
	s.tell(ctx, TokenRefreshed, &fresh, nil)
	return nil
}

// adopt takes what is stored in place of what we could not store.
func (s *TokenSource) adopt(ctx context.Context) error {
	s.mu.Lock()
	s.unsaved = false
	s.mu.Unlock()
	return s.read(ctx)
}
