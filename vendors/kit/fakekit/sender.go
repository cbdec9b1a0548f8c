package fakekit

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/farmacyfoods/pointofsale/pos/posfake"
)

// Delivery is one webhook on its way to one receiver.
type Delivery struct {
	URL   string
	Event string // event type, what faults call Op
	ID    string // event id
	Body  []byte
	Tag   any // the fake's own, e.g. its subscription
	// Attempt counts from 1; First is the time of attempt 1, At of this one.
	Attempt   int
	First, At time.Time
	// Last is the outcome of the attempt before, "" for attempt 1; see [Result].
	Last string
}

// Result of one attempt: "ok" (2xx), "status" (any other), "timeout" or "error".
type Result struct {
	Delivery
	Outcome string
	Status  int // 0 without an answer
}

// SenderConfig says how a vendor sends webhooks.
type SenderConfig struct {
	Clock *Clock
	// Retries are the waits before attempt 2, 3 ...; then the delivery is dropped.
	Retries []time.Duration
	// Timeout is what the vendor grants the receiver; 0 means 10 s.
	Timeout time.Duration
	// Workers bounds the deliveries under way at once; 0 means 8.
	Workers int
	// Prepare sets headers and the signature of an attempt.
	Prepare func(*http.Request, Delivery)
	// Done, where set, is told the result of every attempt.
	Done func(Result)
	// Standing looks up the faults silence and repeat; see [Server.Standing].
	Standing func(kind, event string) (posfake.Fault, bool)
	// Client sends; nil: one without proxies. Redirects are never followed.
	Client *http.Client
}

// Sender delivers webhooks in the background, in no particular order, and
// repeats those that fail. It keeps no goroutine while it has nothing to do.
// It is safe for concurrent use.
type Sender struct {
	cfg    SenderConfig
	ctx    context.Context
	cancel context.CancelFunc
	slots  chan struct{}
	wg     sync.WaitGroup

	mu      sync.Mutex
	client  *http.Client
	busy    int // deliveries that are due or under way
	waiting int // deliveries that wait for their retry
	idle    chan struct{}
	closed  bool
	log     []Result
}

// NewSender returns a sender. [Sender.Close] stops it.
func NewSender(cfg SenderConfig) *Sender {
	if cfg.Timeout <= 0 {
		cfg.Timeout = 10 * time.Second
	}
	if cfg.Workers <= 0 {
		cfg.Workers = 8
	}
	s := &Sender{cfg: cfg, slots: make(chan struct{}, cfg.Workers)}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	s.SetClient(cfg.Client)
	return s
}

// SetClient replaces the client, e.g. with one whose transport calls the
// receiving handler without a socket; see [NewTransport].
func (s *Sender) SetClient(c *http.Client) {
	client := http.Client{Transport: &http.Transport{Proxy: nil, DisableKeepAlives: true}}
	if c != nil {
		client = *c
	}
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	s.mu.Lock()
	defer s.mu.Unlock()
	s.client = &client
}

// Send queues a delivery. The fault silence loses it, repeat multiplies it.
func (s *Sender) Send(d Delivery) {
	times := 1
	if s.cfg.Standing != nil {
		if _, silent := s.cfg.Standing(posfake.FaultSilence, d.Event); silent {
			return
		}
		if f, ok := s.cfg.Standing(posfake.FaultRepeat, d.Event); ok {
			times = max(f.Times, 2)
		}
	}
	d.Attempt, d.First = 1, s.cfg.Clock.Now()
	for range times {
		s.start(d)
	}
}

func (s *Sender) start(d Delivery) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return
	}
	s.busy++
	s.wg.Go(func() { s.deliver(d) })
}

// deliver makes every attempt of one delivery.
func (s *Sender) deliver(d Delivery) {
	defer func() { s.shift(-1, 0) }()
	for {
		res := s.attempt(d)
		if res.Outcome == "ok" || s.ctx.Err() != nil || d.Attempt > len(s.cfg.Retries) {
			return
		}
		s.shift(-1, +1)
		err := s.cfg.Clock.WaitUntil(s.ctx, s.cfg.Clock.Now().Add(s.cfg.Retries[d.Attempt-1]))
		s.shift(+1, -1)
		if err != nil {
			return
		}
		d.Attempt++
		d.Last = res.Outcome
	}
}

// shift moves deliveries between busy and waiting and wakes Flush.
func (s *Sender) shift(busy, waiting int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.busy += busy
	s.waiting += waiting
	if s.busy == 0 && s.idle != nil {
		close(s.idle)
		s.idle = nil
	}
}

func (s *Sender) attempt(d Delivery) Result {
	select {
	case s.slots <- struct{}{}:
		defer func() { <-s.slots }()
	case <-s.ctx.Done():
		return Result{Delivery: d, Outcome: "error"}
	}
	d.At = s.cfg.Clock.Now()
	res := s.post(d)
	s.mu.Lock()
	if s.log = append(s.log, res); len(s.log) > defaultLogLimit {
		s.log = slices.Clone(s.log[len(s.log)-defaultLogLimit/2:])
	}
	s.mu.Unlock()
	if s.cfg.Done != nil {
		s.cfg.Done(res)
	}
	return res
}

func (s *Sender) post(d Delivery) Result {
	res := Result{Delivery: d, Outcome: "error"}
	ctx, cancel := context.WithTimeout(s.ctx, s.cfg.Timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, d.URL, bytes.NewReader(d.Body))
	if err != nil {
		return res
	}
	req.Header.Set("Content-Type", "application/json")
	if s.cfg.Prepare != nil {
		s.cfg.Prepare(req, d)
	}
	s.mu.Lock()
	client := s.client
	s.mu.Unlock()
	resp, err := client.Do(req)
	if err != nil {
		if errors.Is(err, context.DeadlineExceeded) {
			res.Outcome = "timeout"
		}
		return res
	}
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 1<<20))
	_ = resp.Body.Close()
	res.Status, res.Outcome = resp.StatusCode, "status"
	if resp.StatusCode >= 200 && resp.StatusCode < 300 {
		res.Outcome = "ok"
	}
	return res
}

// Flush waits until no delivery is due or under way. Deliveries that wait for
// the time of their retry are not waited for: move the clock first.
func (s *Sender) Flush(ctx context.Context) error {
	s.mu.Lock()
	if s.busy == 0 {
		s.mu.Unlock()
		return nil
	}
	if s.idle == nil {
		s.idle = make(chan struct{})
	}
	idle := s.idle
	s.mu.Unlock()
	select {
	case <-idle:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Waiting counts the deliveries that wait for the time of their retry.
func (s *Sender) Waiting() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.waiting
}

// Results lists the attempts made so far, oldest first.
func (s *Sender) Results() []Result {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.log)
}

// Close drops what is queued, breaks off what is under way and returns when no
// goroutine is left. Later sends are ignored.
func (s *Sender) Close() {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.cancel()
	s.wg.Wait()
}
