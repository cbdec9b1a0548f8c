package bytetechfake

import (
	"errors"
	"fmt"
	"hash/fnv"
	"iter"
	"slices"
	"time"

	"github.com/farmacyfoods/pointofsale/pos/posfake"
)

const (
	beatEvery    = 600 * time.Second
	offlineAfter = 3 * beatEvery // the cloud waits for three heartbeats before it says offline
	tooWarmF     = 41.0
	tooWarmBeats = 3
	normalF      = 37.4
	antennas     = 8
	normalReads  = 400
)

type campus struct{ id, name string }

// kiosk is one fridge: what the cloud knows of it, and what it has not sent yet.
type kiosk struct {
	id, name string
	campus   campus
	zone     *time.Location
	currency string
	tax      int64 // parts per million
	archived bool
	created  time.Time
	updated  time.Time

	connected bool
	outbox    []func() // what happened offline, in order
	beating   []span
	heat      history[*float64] // nil: as the fridge regulates it
	blind     history[bool]     // RFID reader out of order
	weak      history[map[int]int]
	oos       history[string]
	door      door
	health    string // as last told to webhooks
	warm      bool   // as last told to webhooks

	stock           sorted[*stock]
	tags            sorted[*tag]
	listings        map[*product]*listing
	counted         time.Time
	source          string
	lastRestock     time.Time
	lastTransaction time.Time
}

func (k *kiosk) key() string { return k.id }

type door struct {
	state   string
	locked  *bool
	changed time.Time
}

// span is a period of heartbeats: one at from and one every beatEvery until
// before to; a zero to has not come yet.
type span struct{ from, to time.Time }

// history is a value that changes at known times.
type history[T any] []struct {
	at    time.Time
	value T
}

func (h *history[T]) set(at time.Time, v T) {
	*h = append(*h, struct {
		at    time.Time
		value T
	}{at, v})
}

// at returns the value at t, the zero value before the first change.
func (h history[T]) at(t time.Time) (v T) {
	for _, change := range slices.Backward(h) {
		if !change.at.After(t) {
			return change.value
		}
	}
	return v
}

// open starts a kiosk that has been running for a day.
func (f *Fake) open(s posfake.LocationSeed) error {
	if s.ID == "" {
		return errors.New("bytetechfake: a location needs an ID")
	}
	if _, ok := f.kiosks.get(s.ID); ok {
		return fmt.Errorf("bytetechfake: location %q exists", s.ID)
	}
	if s.TimeZone == "" {
		s.TimeZone = "America/New_York"
	}
	zone, err := time.LoadLocation(s.TimeZone)
	if err != nil {
		return fmt.Errorf("bytetechfake: location %q: %w", s.ID, err)
	}
	if s.Name == "" {
		s.Name = "Fridge " + s.ID
	}
	if s.Currency == "" {
		s.Currency = "USD"
	}
	tax, _ := parsePercent(f.cfg.SalesTax) // checked with the configuration
	// Kiosks beat out of step with each other.
	phase := time.Duration(hash(s.ID)%600_000) * time.Millisecond
	k := &kiosk{
		id: s.ID, name: s.Name, campus: f.campuses[len(f.kiosks)%len(f.campuses)], zone: zone, currency: s.Currency, tax: tax,
		created: f.now.AddDate(0, 0, -30), updated: f.now, connected: true,
		beating: []span{{from: f.now.Add(-24*time.Hour - phase)}},
		door:    door{state: "closed", locked: new(true), changed: f.now.Add(-time.Hour)},
		health:  "online", listings: map[*product]*listing{}, counted: f.now, source: "heartbeat",
	}
	f.kiosks.put(k)
	return nil
}

// find returns an open kiosk.
func (f *Fake) find(id string) (*kiosk, error) {
	k, ok := f.kiosks.get(id)
	if !ok || k.archived {
		return nil, fmt.Errorf("bytetechfake: no location %q", id)
	}
	return k, nil
}

// do lets something happen in the fridge: the cloud learns of it now, or when
// the fridge is back online.
func (k *kiosk) do(what func()) {
	if k.connected {
		what()
		return
	}
	k.outbox = append(k.outbox, what)
}

// beats yields the heartbeats before or at t, latest first.
func (k *kiosk) beats(t time.Time) iter.Seq[time.Time] {
	return func(yield func(time.Time) bool) {
		for _, s := range slices.Backward(k.beating) {
			end := t
			if !s.to.IsZero() && !s.to.After(end) {
				end = s.to.Add(-time.Millisecond)
			}
			if end.Before(s.from) {
				continue
			}
			for at := s.from.Add(end.Sub(s.from) / beatEvery * beatEvery); !at.Before(s.from); at = at.Add(-beatEvery) {
				if !yield(at) {
					return
				}
			}
		}
	}
}

func (k *kiosk) lastBeat(t time.Time) (at time.Time) {
	for at = range k.beats(t) {
		return at
	}
	return time.Time{}
}

// beat ends or resumes the heartbeats at t.
func (k *kiosk) beat(t time.Time, on bool) {
	last := &k.beating[len(k.beating)-1]
	switch beating := last.to.IsZero(); {
	case on && !beating:
		k.beating = append(k.beating, span{from: t})
	case !on && beating:
		last.to = t
	}
}

// temperature is what the fridge reports at a heartbeat, in °F. Left alone, it
// swings by half a degree around normal.
func (k *kiosk) temperature(beat time.Time) float64 {
	if set := k.heat.at(beat); set != nil {
		return *set
	}
	swing := hash(fmt.Sprint(k.id, beat.Unix())) % 11
	return normalF + (float64(swing)-5)/10
}

// warmSince is the first heartbeat of the run of too warm ones that lasts
// until t, and the length of the run.
func (k *kiosk) warmSince(t time.Time) (since time.Time, n int) {
	for at := range k.beats(t) {
		if k.temperature(at) <= tooWarmF {
			break
		}
		since, n = at, n+1
	}
	return since, n
}

// issues is what is wrong with the kiosk as the cloud sees it at t.
func (k *kiosk) issues(t time.Time) []string {
	out := []string{}
	last := k.lastBeat(t)
	if t.Sub(last) > offlineAfter {
		out = append(out, "offline")
	}
	if k.blind.at(last) {
		out = append(out, "rfid_error")
	}
	if _, n := k.warmSince(t); n >= tooWarmBeats {
		out = append(out, "too_warm")
	}
	if k.oos.at(last) != "" {
		out = append(out, "out_of_order")
	}
	return out
}

// healthOf puts the issues into one word. Being out of order alone has no word
// of its own.
func (k *kiosk) healthOf(issues []string) string {
	switch {
	case k.archived:
		return "archived"
	case len(issues) > 1:
		return "multiple_issues"
	case len(issues) == 1 && issues[0] != "out_of_order":
		return issues[0]
	}
	return "online"
}

func (k *kiosk) antennas(beat time.Time) []antennaView {
	out := make([]antennaView, antennas)
	weak := k.weak.at(beat)
	for i := range out {
		out[i] = antennaView{Index: i + 1, TagReads: normalReads + int(hash(fmt.Sprint(k.id, i))%40)}
		if reads, ok := weak[i+1]; ok {
			out[i].TagReads = reads
		}
		if k.blind.at(beat) {
			out[i].TagReads = 0
		}
	}
	return out
}

// watch schedules the moments at which a change of the kiosk can show in its
// health, so that webhooks tell of it.
func (f *Fake) watch(k *kiosk) {
	look := func() { f.announceHealth(k) }
	last := k.lastBeat(f.now)
	f.at(last.Add(offlineAfter+time.Millisecond), look)
	if s := k.beating[len(k.beating)-1]; s.to.IsZero() {
		next := s.from
		if !last.Before(s.from) {
			next = last
		}
		for i := range tooWarmBeats + 1 {
			f.at(next.Add(time.Duration(i)*beatEvery), look)
		}
	}
	look()
}

func (f *Fake) announceHealth(k *kiosk) {
	last := k.lastBeat(f.now)
	if health := k.healthOf(k.issues(f.now)); health != k.health {
		f.emit("kiosk.status_changed", k.id, map[string]any{"health": health, "previous_health": k.health, "last_heartbeat_at": stamp(last)})
		k.health = health
	}
	since, n := k.warmSince(f.now)
	if warm := n >= tooWarmBeats; warm != k.warm {
		k.warm = warm
		f.emit("kiosk.temperature_alert", k.id, map[string]any{
			"temperature": temperatureView{k.temperature(last), "F", stamp(last)}, "out_of_range_since": optionalStamp(since), "active": warm,
		})
	}
}

func hash(s string) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(s))
	return h.Sum64()
}
