package relay

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/cenkalti/backoff/v4"

	"github.com/farmacyfoods/pointofsale/events"
	"github.com/farmacyfoods/pointofsale/pos"
)

// Config says what is relayed where. Zero fields other than Source and Target
// have defaults.
type Config struct {
	Source Source
	Target Target
	// Batch is the most events that are handed over at a time; 0 means 100, at
	// most [events.MaxCommitEvents].
	Batch int
	// MaxDelay bounds the pause between attempts, which begins with 100 ms and
	// doubles; 0 means 30 s.
	MaxDelay time.Duration
	// Skip is asked about an event that the target will never take: its error
	// matches [events.ErrReject] or [pos.ErrInvalid]. True leaves the event
	// out; false, and a nil Skip, tries it again until somebody acts, and later
	// events wait.
	Skip func(e events.Event, reason error) bool
	// Relayed is told of the last event of each batch that was taken. It must
	// return soon.
	Relayed func(last Entry)
	// Logger is told of failures. Nil discards.
	Logger *slog.Logger
}

func (c *Config) complete() error {
	var ps pos.Problems
	if c.Source == nil {
		ps = append(ps, pos.Problem{Field: "Source", Reason: "is missing"})
	}
	if c.Target == nil {
		ps = append(ps, pos.Problem{Field: "Target", Reason: "is missing"})
	}
	if c.Batch < 0 || c.Batch > events.MaxCommitEvents {
		ps = append(ps, pos.Problem{Field: "Batch", Reason: "is out of range"})
	}
	if c.MaxDelay < 0 {
		ps = append(ps, pos.Problem{Field: "MaxDelay", Reason: "is negative"})
	}
	if ps != nil {
		return &pos.Error{Op: "relay.Run", Kind: pos.KindInvalid, Err: ps}
	}
	if c.Batch == 0 {
		c.Batch = 100
	}
	if c.MaxDelay == 0 {
		c.MaxDelay = 30 * time.Second
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return nil
}

// Run relays until ctx ends, whose error it returns, and comes back after
// failures of either side. Any other error is that of a bad Config.
func Run(ctx context.Context, cfg Config) error {
	if err := cfg.complete(); err != nil {
		return err
	}
	r := &relay{Config: cfg, pause: backoff.NewExponentialBackOff(
		backoff.WithInitialInterval(min(100*time.Millisecond, cfg.MaxDelay)),
		backoff.WithMultiplier(2),
		backoff.WithMaxInterval(cfg.MaxDelay),
		backoff.WithMaxElapsedTime(0),
	)}
	for {
		err := r.session(ctx)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		wait := max(r.pause.NextBackOff(), pos.RetryAfter(err))
		r.Logger.LogAttrs(ctx, slog.LevelWarn, "relay interrupted", slog.Any("error", err), slog.Duration("wait", wait))
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		}
	}
}

type relay struct {
	Config
	pause backoff.BackOff
	last  Position
	// alone counts the events that are handed over one by one, to find the one
	// that the target refuses.
	alone int
}

var errEnded = errors.New("relay: the source ended")

// session goes on from the target's last position until something fails.
func (r *relay) session(ctx context.Context) (err error) {
	if r.last, err = r.Target.Last(ctx); err != nil {
		return err
	}
	for batch, err := range r.Source.Follow(ctx, r.last, r.Batch) {
		if err != nil {
			return err
		}
		if err := r.hand(ctx, batch); err != nil {
			return err
		}
	}
	return errEnded
}

// hand gives a batch to the target.
func (r *relay) hand(ctx context.Context, batch []Entry) error {
	for len(batch) > 0 {
		n := len(batch)
		if r.alone > 0 {
			n = 1
		}
		end := batch[n-1]
		err := r.append(ctx, end, marked(batch[:n])...)
		switch final := errors.Is(err, events.ErrReject) || errors.Is(err, pos.ErrInvalid); {
		case err == nil:
		case final && n > 1:
			r.alone = n
			continue
		case final && r.Skip != nil && r.Skip(batch[0].Event, err):
			if err := r.append(ctx, end); err != nil {
				return err
			}
		default:
			return err
		}
		r.alone = max(r.alone-n, 0)
		batch = batch[n:]
	}
	return nil
}

// append moves the target's position to an entry, with the events that lead
// there or without.
func (r *relay) append(ctx context.Context, end Entry, evs ...events.Event) error {
	if err := r.Target.Append(ctx, r.last, end.Position, evs...); err != nil {
		return err
	}
	r.last = end.Position
	r.pause.Reset()
	if r.Relayed != nil {
		r.Relayed(end)
	}
	return nil
}
