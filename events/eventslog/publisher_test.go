package eventslog_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/farmacyfoods/pointofsale/events"
	"github.com/farmacyfoods/pointofsale/events/eventslog"
	"github.com/farmacyfoods/pointofsale/events/eventstest"
)

// log keeps what a JSON handler writes.
type log struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

// events reads the log back.
func (l *log) events(context.Context, int) ([]events.Event, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	var out []events.Event
	for dec := json.NewDecoder(bytes.NewReader(l.text.Bytes())); dec.More(); {
		var record struct {
			Event struct {
				ID, Type, Source, Subject, Schema, Traceparent, Data string
				Time                                                 time.Time
				PartitionKey                                         string `json:"partition_key"`
				Extensions                                           map[string]string
			}
		}
		if err := dec.Decode(&record); err != nil {
			return nil, err
		}
		e := record.Event
		out = append(out, events.Event{
			ID: e.ID, Type: e.Type, Source: e.Source, Subject: e.Subject, Time: e.Time, DataSchema: e.Schema, TraceParent: e.Traceparent,
			PartitionKey: e.PartitionKey, Extensions: e.Extensions, Data: []byte(e.Data),
		})
	}
	return out, nil
}

func TestConformance(t *testing.T) {
	t.Parallel()
	eventstest.RunPublisher(t, func(*testing.T) (events.Publisher, eventstest.Received) {
		l := new(log)
		return eventslog.New(slog.New(slog.NewJSONHandler(l, nil)), &eventslog.Options{Payload: true}), l.events
	})
}

func TestLevels(t *testing.T) {
	t.Parallel()
	l := new(log)
	logger := slog.New(slog.NewJSONHandler(l, &slog.HandlerOptions{Level: slog.LevelInfo}))
	p := eventslog.New(logger, &eventslog.Options{Level: slog.LevelDebug})
	if err := p.Publish(t.Context(), eventstest.Event("L1", 1)); err != nil || l.text.Len() > 0 {
		t.Errorf("logged %s, error %v", &l.text, err)
	}
}

// full is a handler that fails.
type full struct{ slog.Handler }

var errFull = errors.New("disk full")

func (full) Handle(context.Context, slog.Record) error { return errFull }

func TestFailure(t *testing.T) {
	t.Parallel()
	p := eventslog.New(slog.New(full{slog.Default().Handler()}), nil)
	if err := p.Publish(t.Context(), eventstest.Event("L1", 1)); !errors.Is(err, errFull) {
		t.Errorf("error %v", err)
	}
}

func ExampleNew() {
	logger := slog.New(slog.NewTextHandler(os.Stdout, &slog.HandlerOptions{ReplaceAttr: func(groups []string, a slog.Attr) slog.Attr {
		if len(groups) == 0 && a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}}))
	err := eventslog.New(logger, nil).Publish(context.Background(), events.NewDoor(
		events.Origin{Vendor: "bytetech", Account: "main"}, events.Door{Location: "F-7", Since: time.Unix(0, 0)}, time.Unix(0, 0)))
	fmt.Println(err)
	// Output:
	// level=INFO msg=event event.id=de920d3bdbf94e60d8b5ea84f1dab769 event.type=com.farmacyfoods.pos.door.open.v1 event.source=/pos/bytetech/main event.subject=F-7 event.time=1970-01-01T00:00:00.000Z event.partition_key=/pos/bytetech/main/F-7
	// <nil>
}
