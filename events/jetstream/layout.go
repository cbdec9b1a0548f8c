package jetstream

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/farmacyfoods/pointofsale/pos"
)

// pagesPerKey bounds what a key's subject holds in a stream of pages: events
// older than that many commits of their key are gone.
const pagesPerKey = 1000

// duplicateWindow is how long ids of events without a cursor are remembered.
const duplicateWindow = 2 * time.Minute

func prefixOf(stream string) string { return strings.ToLower(stream) }

// layout is the stream that this package needs.
func (s *Stream) layout() jetstream.StreamConfig {
	c := jetstream.StreamConfig{
		Name:              s.name,
		Description:       "Events, cursors and state of points of sale",
		Subjects:          []string{s.prefix + ".>"},
		Retention:         jetstream.LimitsPolicy,
		Discard:           jetstream.DiscardNew,
		MaxMsgs:           -1,
		MaxMsgsPerSubject: -1,
		MaxMsgSize:        -1,
		MaxBytes:          or(s.cfg.MaxBytes, -1),
		MaxAge:            or(s.cfg.Retention, maxAge),
		Replicas:          or(s.cfg.Replicas, 1),
		Storage:           jetstream.FileStorage,
		AllowRollup:       true,
		AllowDirect:       true,
	}
	if s.cfg.Memory {
		c.Storage = jetstream.MemoryStorage
	}
	if s.cfg.Pages {
		c.MaxAge, c.MaxMsgsPerSubject = 0, pagesPerKey
		return c
	}
	c.Duplicates = min(duplicateWindow, c.MaxAge)
	c.AllowMsgTTL, c.AllowAtomicPublish = true, true
	return c
}

// ensure creates the stream or checks the one that is there.
func (s *Stream) ensure(ctx context.Context) error {
	want := s.layout()
	for {
		st, err := s.js.Stream(ctx, s.name)
		switch {
		case err == nil:
			return s.adopt(ctx, want, st.CachedInfo().Config)
		case !errors.Is(err, jetstream.ErrStreamNotFound):
			return s.serverError("look for stream "+s.name, err)
		}
		st, err = s.js.CreateStream(ctx, want)
		switch {
		case err == nil:
			return s.created(ctx, want, st.CachedInfo().Config)
		case errors.Is(err, jetstream.ErrStreamNameAlreadyInUse): // Another process was faster.
			continue
		case strings.Contains(err.Error(), "overlap"):
			return openError(pos.KindConflict, fmt.Errorf("another stream has the subjects %s: choose another Stream name or remove that stream: %w", want.Subjects[0], err))
		default:
			return s.serverError("create stream "+s.name, err)
		}
	}
}

// created checks what came of a new stream: old servers pass over the settings
// that they do not know. Such a stream is removed again.
func (s *Stream) created(ctx context.Context, want, got jetstream.StreamConfig) error {
	lacking := differences(want, got)
	if lacking == nil {
		return nil
	}
	_ = s.js.DeleteStream(ctx, s.name) // It is empty, and the error below says the rest.
	return openError(pos.KindUnsupported, fmt.Errorf("the server (version %s) has no %s; it needs version 2.12 or later, or Config.Pages",
		s.nc.ConnectedServerVersion(), strings.Join(names(lacking), ", ")))
}

// adopt checks a stream that was there, and changes limits that the
// configuration states and the stream has otherwise.
func (s *Stream) adopt(ctx context.Context, want, got jetstream.StreamConfig) error {
	if diff := differences(want, got); diff != nil {
		ps := make(pos.Problems, len(diff))
		for i, d := range diff {
			ps[i] = pos.Problem{Item: "stream " + s.name, Field: d.setting, Reason: fmt.Sprintf("is %v, want %v", d.got, d.want)}
		}
		return openError(pos.KindConflict, ps)
	}
	next := got
	if s.cfg.Retention != 0 {
		next.MaxAge = want.MaxAge
		next.Duplicates = min(next.Duplicates, next.MaxAge)
	}
	if s.cfg.MaxBytes != 0 {
		next.MaxBytes = want.MaxBytes
	}
	if s.cfg.Replicas != 0 {
		next.Replicas = want.Replicas
	}
	if next.MaxAge == got.MaxAge && next.MaxBytes == got.MaxBytes && next.Replicas == got.Replicas {
		return nil
	}
	s.log.Info("changing the limits of the stream", "retention", next.MaxAge, "max_bytes", next.MaxBytes, "replicas", next.Replicas)
	if _, err := s.js.UpdateStream(ctx, next); err != nil {
		return s.serverError("change the limits of stream "+s.name, err)
	}
	return nil
}

type difference struct {
	setting   string
	got, want any
}

func names(ds []difference) []string {
	var out []string
	for _, d := range ds {
		out = append(out, d.setting)
	}
	return out
}

// differences are the settings without which the guarantees do not hold.
// Limits are the host's affair.
func differences(want, got jetstream.StreamConfig) []difference {
	all := []difference{
		{"subjects", strings.Join(got.Subjects, " "), strings.Join(want.Subjects, " ")},
		{"allow_atomic", got.AllowAtomicPublish, want.AllowAtomicPublish},
		{"allow_msg_ttl", got.AllowMsgTTL, want.AllowMsgTTL},
		{"allow_rollup_hdrs", got.AllowRollup, want.AllowRollup},
		{"allow_direct", got.AllowDirect, want.AllowDirect},
		{"retention", got.Retention, want.Retention},
		{"discard", got.Discard, want.Discard},
		{"storage", got.Storage, want.Storage},
		{"max_msgs", got.MaxMsgs, want.MaxMsgs},
		{"max_msgs_per_subject", got.MaxMsgsPerSubject, want.MaxMsgsPerSubject},
		{"max_msg_size", got.MaxMsgSize, want.MaxMsgSize},
		{"no_ack", got.NoAck, false},
		{"sealed", got.Sealed, false},
		{"deny_purge", got.DenyPurge, false},
		{"mirror", got.Mirror != nil, false},
		{"subject_transform", got.SubjectTransform != nil, false},
		{"persist_mode", got.PersistMode, want.PersistMode},
	}
	if !want.AllowMsgTTL { // Pages: they must not age, and need no TTL.
		all = append(all, difference{"max_age", got.MaxAge, time.Duration(0)})
	}
	var out []difference
	for _, d := range all {
		if d.got != d.want {
			out = append(out, d)
		}
	}
	return out
}

func (s *Stream) serverError(doing string, err error) error {
	if errors.Is(err, jetstream.ErrJetStreamNotEnabled) || errors.Is(err, jetstream.ErrJetStreamNotEnabledForAccount) {
		return openError(pos.KindUnsupported, fmt.Errorf("the server (version %s) does not offer JetStream to this user: %w", s.nc.ConnectedServerVersion(), err))
	}
	return openError(pos.KindUnavailable, fmt.Errorf("%s: %w", doing, err))
}
