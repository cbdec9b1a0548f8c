package integrator

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/farmacyfoods/pointofsale/events"
	"github.com/farmacyfoods/pointofsale/events/eventsfake"
	"github.com/farmacyfoods/pointofsale/pos"
)

const (
	callerTrace  = "4bf92f3577b34da6a3ce929d0e0e4736"
	callerParent = "00-" + callerTrace + "-00f067aa0ba902b7-01"
)

// tracer stands for a tracing library: a span is its name, and its context
// carries the trace.
type tracer struct {
	mu    sync.Mutex
	spans int
	ended map[string]error // by name, of the last span
}

type tracerKey struct{}

func (tr *tracer) observer() Observer {
	tr.ended = make(map[string]error)
	return Observer{
		Begin: func(ctx context.Context, s Span) (context.Context, func(error)) {
			tr.mu.Lock()
			defer tr.mu.Unlock()
			tr.spans++
			outer, _ := ctx.Value(tracerKey{}).(string)
			trace, ok := events.TraceID(s.Parent)
			if !ok {
				trace, ok = events.TraceID(outer)
			}
			if !ok {
				trace = fmt.Sprintf("%032x", tr.spans)
			}
			ctx = context.WithValue(ctx, tracerKey{}, fmt.Sprintf("00-%s-%016x-01", trace, tr.spans))
			return ctx, func(err error) {
				tr.mu.Lock()
				defer tr.mu.Unlock()
				tr.ended[s.Name] = err
			}
		},
		TraceParent: func(ctx context.Context) string {
			text, _ := ctx.Value(tracerKey{}).(string)
			return text
		},
	}
}

func (tr *tracer) names() []string {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	var all []string
	for name := range tr.ended {
		all = append(all, name)
	}
	slices.Sort(all)
	return all
}

// traces are the trace ids of events, each once.
func traces(t *testing.T, evs []events.Event) []string {
	t.Helper()
	var ids []string
	for i := range evs {
		id, ok := events.TraceID(evs[i].TraceParent)
		if !ok {
			t.Errorf("%s %s has traceparent %q", evs[i].Type, evs[i].ID, evs[i].TraceParent)
		}
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// TestOutcomesAreInTheTraceOfTheCommand, whether the host traces or not, and
// also when the process ended between the command and its push.
func TestOutcomesAreInTheTraceOfTheCommand(t *testing.T) {
	for _, traced := range []bool{false, true} {
		t.Run(fmt.Sprintf("host traces %v", traced), func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				var rec eventsfake.Recorder
				journal := events.NewMemoryJournal(&rec)
				defer journal.Close()
				bus := events.NewBus(events.BusOptions{})
				defer bus.Close()
				fake := newFake("one", 0, "A", "B")
				var tr tracer
				cfg := Config{Journal: journal, Subscriber: bus, Schedule: pushesOnly, Accounts: []Account{serve(fake)}}
				if traced {
					cfg.Observer = tr.observer()
				}
				down := cfg
				down.Accounts = []Account{serve(&provider{Fake: fake, pushMenu: func(context.Context, pos.MenuPush) (pos.PushReport, error) {
					return pos.PushReport{}, &pos.Error{Kind: pos.KindUnavailable, Err: errors.New("down")}
				}})}
				stop := start(t, build(t, down))
				time.Sleep(time.Second)
				command := published("c1", events.MenuCommand{MenuPush: pos.MenuPush{Menu: menu(900, "M-1")}})
				command.TraceParent = callerParent
				if err := bus.Publish(t.Context(), command); err != nil {
					t.Fatal(err)
				}
				time.Sleep(time.Second)
				stop()
				stop = start(t, build(t, cfg))
				time.Sleep(minutes(1))
				stop()
				if err := journal.Flush(t.Context()); err != nil {
					t.Fatal(err)
				}
				if got := outcomes(t, &rec); len(got) == 0 {
					t.Fatal("no outcomes")
				}
				if diff := cmp.Diff([]string{callerTrace}, traces(t, rec.Events(events.TypePushOutcome))); diff != "" {
					t.Error(diff)
				}
				if want := []string{"commit", "poll locations", "push menu", "take command"}; traced && !cmp.Equal(want, tr.names()) {
					t.Errorf("spans %s, want %s", tr.names(), want)
				}
			})
		})
	}
}

// TestSupersededKeepsItsTrace: the outcome belongs to the command that was not
// carried out, not to the one that took its place, unless it has none. A
// traceparent that is none is not passed on.
func TestSupersededKeepsItsTrace(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		var rec eventsfake.Recorder
		bus := events.NewBus(events.BusOptions{})
		defer bus.Close()
		release := make(chan struct{})
		fake := newFake("one", 0, "A")
		p := &provider{Fake: fake}
		p.pushMenu = func(ctx context.Context, m pos.MenuPush) (pos.PushReport, error) {
			if m.ChangeID == "c0" {
				<-release
			}
			return fake.PushMenu(ctx, m)
		}
		stop := start(t, build(t, Config{Publisher: &rec, Subscriber: bus, Schedule: pushesOnly, Accounts: []Account{serve(p)}}))
		defer stop()
		time.Sleep(time.Second)
		for i, parent := range []string{"not a traceparent", callerParent, "00-" + callerTrace[1:] + "1-00f067aa0ba902b7-01"} {
			command := published(fmt.Sprint("c", i), events.MenuCommand{MenuPush: pos.MenuPush{Menu: menu(int64(900+i), "M-1"), Partial: i == 0}})
			command.TraceParent = parent
			if err := bus.Publish(t.Context(), command); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Second)
		}
		close(release)
		time.Sleep(minutes(1))
		got := make(map[string]string)
		for _, e := range rec.Events(events.TypePushOutcome) {
			o, err := events.Decode[events.Outcome](e)
			if err != nil {
				t.Fatal(err)
			}
			trace, _ := events.TraceID(e.TraceParent)
			got[o.ChangeID+" "+string(o.Action)] = trace
		}
		want := map[string]string{"c0 created": "", "c1 superseded": callerTrace, "c2 updated": callerTrace[1:] + "1"}
		for key, trace := range want {
			if found, ok := got[key]; !ok || found != trace {
				t.Errorf("%s: trace %q, want %q (%v)", key, found, trace, got)
			}
		}
	})
}

func TestPollsBeginTraces(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		var rec eventsfake.Recorder
		var tr tracer
		fake := newFake("one", 1, "A", "B")
		e := build(t, Config{Publisher: &rec, Accounts: []Account{serve(fake)}, Observer: tr.observer()})
		stop := start(t, e)
		defer stop()
		time.Sleep(minutes(2))
		sell(t, fake, "A")
		sell(t, fake, "B")
		time.Sleep(minutes(2))
		if n := len(traces(t, rec.Events(purchaseTypes...))); n != 2 {
			t.Errorf("sales that two polls found are in %d traces", n)
		}
		own := events.NewAlarm(events.TypeAccountAlarm, events.Origin{Vendor: "fake", Account: "one"}, "1", time.Now(), events.Alarm{Detail: "x"})
		ctx := context.WithValue(t.Context(), tracerKey{}, callerParent)
		if err := e.Publish(ctx, own); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		if diff := cmp.Diff([]string{callerTrace}, traces(t, rec.Events(events.TypeAccountAlarm))); diff != "" {
			t.Error(diff)
		}
	})
}

// refusing does not subscribe before its context ends.
type refusing struct{}

func (refusing) Subscribe(ctx context.Context, _ events.Filter, _ events.Handler) (func(), error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

func TestEndDuringStart(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		var rec eventsfake.Recorder
		e := build(t, Config{Publisher: &rec, Subscriber: refusing{}, Accounts: []Account{serve(newFake("one", 0, "A"))}})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := e.Run(ctx); err != nil {
			t.Errorf("Run returns %v when its context ends during the start", err)
		}
	})
}
