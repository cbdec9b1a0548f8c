package jetstream

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/farmacyfoods/pointofsale/events"
)

// memberTTL is how long a member may be silent.
const memberTTL = 3 * time.Second

var _ events.Cluster = (*Stream)(nil)

// Join implements [events.Cluster]. Each member writes a key of its own into a
// bucket in the server's memory once a second, and follows the others' keys.
// Who is silent for 3 s is gone.
func (s *Stream) Join(ctx context.Context, group, member string, changed func([]string)) {
	s.Cluster(memberTTL).Join(ctx, group, member, changed)
}

// Cluster returns the cluster whose members are gone when they are silent for
// ttl, at least 300 ms; all members of a stream have the same one.
func (s *Stream) Cluster(ttl time.Duration) events.Cluster {
	return cluster{s, max(ttl, 300*time.Millisecond)}
}

type cluster struct {
	s   *Stream
	ttl time.Duration
}

// Join implements [events.Cluster].
func (c cluster) Join(ctx context.Context, group, member string, changed func([]string)) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(c.s.life, cancel)() //nolint:contextcheck // ends with the stream too
	m := &membership{
		cluster: c, group: escape(group), self: escape(member), changed: changed,
		heard: make(map[string]time.Time),
	}
	defer m.leave() //nolint:contextcheck // ctx has ended
	for ctx.Err() == nil {
		err := m.session(ctx)
		if ctx.Err() != nil {
			return
		}
		c.s.log.Info("membership interrupted", "group", group, "error", err)
		_, _ = m.tell(time.Now()) // We may have lapsed meanwhile.
		timer := time.NewTimer(c.ttl / 15)
		select {
		case <-ctx.Done():
		case <-timer.C:
		}
		timer.Stop()
	}
}

// membership is one member's view of its group.
type membership struct {
	cluster
	group, self string // escaped
	changed     func([]string)

	kv       jetstream.KeyValue // of the last session
	revision uint64             // of our key in it
	beaten   time.Time          // when the last sign that arrived was sent
	complete bool               // all members were heard of
	heard    map[string]time.Time
	told     []string
	began    bool // something was told
}

var (
	errLapsed  = errors.New("no sign of life arrived in time")
	errReplace = errors.New("the bucket was replaced")
	errUnwatch = errors.New("the members can no longer be followed")
)

// session beats and follows until something fails.
func (m *membership) session(ctx context.Context) error {
	if err := m.open(ctx); err != nil {
		return err
	}
	if err := m.beat(ctx); err != nil {
		return err
	}
	watch, err := m.kv.Watch(ctx, m.group+".*")
	if err != nil {
		return err
	}
	defer func() { _ = watch.Stop() }() // The server forgets it in any case.
	ticker := time.NewTicker(m.ttl / 3)
	defer ticker.Stop()
	timer := time.NewTimer(m.ttl)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case e, ok := <-watch.Updates():
			if !ok {
				return errUnwatch
			}
			m.take(e)
		case <-ticker.C:
			if err := m.beat(ctx); err != nil {
				return err
			}
		case <-timer.C:
		}
		next, err := m.tell(time.Now())
		if err != nil {
			return err
		}
		timer.Reset(time.Until(next))
	}
}

// open finds or makes the bucket, which a restart of the server may have lost.
func (m *membership) open(ctx context.Context) error {
	ctx, cancel := m.bounded(ctx)
	defer cancel()
	c := jetstream.KeyValueConfig{
		Bucket: m.s.name + "-members", Description: "Replicas that are alive", Storage: jetstream.MemoryStorage,
		TTL: m.ttl, LimitMarkerTTL: max(m.ttl, time.Second), Replicas: or(m.s.cfg.Replicas, 1),
	}
	kv, err := m.s.js.CreateOrUpdateKeyValue(ctx, c)
	if errors.Is(err, jetstream.ErrLimitMarkerTTLNotSupported) { // Then our own clock has to do.
		c.LimitMarkerTTL = 0
		kv, err = m.s.js.CreateOrUpdateKeyValue(ctx, c)
	}
	if err != nil {
		return fmt.Errorf("bucket %s: %w", c.Bucket, err)
	}
	m.kv, m.revision = kv, 0
	return nil
}

// bounded limits a request to the time until we must count ourselves as gone.
func (m *membership) bounded(ctx context.Context) (context.Context, context.CancelFunc) {
	left := m.ttl
	if !m.beaten.IsZero() {
		left = max(time.Until(m.beaten.Add(m.ttl)), m.ttl/3)
	}
	return context.WithTimeout(ctx, left)
}

// beat gives a sign of life.
func (m *membership) beat(ctx context.Context) error {
	ctx, cancel := m.bounded(ctx)
	defer cancel()
	sent := time.Now()
	revision, err := m.kv.Put(ctx, m.group+"."+m.self, nil)
	switch {
	case err != nil:
		return err
	case revision <= m.revision:
		return errReplace // What we follow is gone.
	}
	m.revision, m.beaten = revision, sent
	return nil
}

// take notes what the bucket says; nil ends the list of what there was.
func (m *membership) take(e jetstream.KeyValueEntry) {
	if e == nil {
		m.complete = true
		return
	}
	name := strings.TrimPrefix(e.Key(), m.group+".")
	if e.Operation() == jetstream.KeyValuePut {
		m.heard[name] = time.Now()
	} else {
		delete(m.heard, name)
	}
}

// tell reports the members if they changed, and returns when to look again. A
// process that was paused finds here that its own time is over.
func (m *membership) tell(now time.Time) (next time.Time, err error) {
	next = m.beaten.Add(m.ttl)
	if !now.Before(next) {
		clear(m.heard)
		m.complete = false
		if m.began {
			m.report(nil)
		}
		return now, errLapsed
	}
	if !m.complete {
		return next, nil
	}
	var members []string
	m.heard[m.self] = now
	for _, name := range slices.Sorted(maps.Keys(m.heard)) {
		// The server tells of ends; this is for one that cannot.
		end := m.heard[name].Add(m.ttl + m.ttl/8)
		switch {
		case !now.Before(end):
			delete(m.heard, name)
			continue
		case end.Before(next):
			next = end
		}
		if plainName, ok := unescape(name); ok {
			members = append(members, plainName)
		}
	}
	slices.Sort(members)
	m.report(members)
	return next, nil
}

func (m *membership) report(members []string) {
	if m.began && slices.Equal(m.told, members) {
		return
	}
	m.began, m.told = true, members
	m.changed(members)
}

// leave tells the others at once.
func (m *membership) leave() {
	if m.kv == nil || m.s.life.Err() != nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if err := m.kv.Delete(ctx, m.group+"."+m.self); err != nil {
		m.s.log.Debug("leaving", "error", err)
	}
}
