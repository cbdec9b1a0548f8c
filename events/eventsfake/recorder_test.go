package eventsfake_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/farmacyfoods/pointofsale/events"
	"github.com/farmacyfoods/pointofsale/events/eventsfake"
	"github.com/farmacyfoods/pointofsale/pos"
)

func TestRecorder(t *testing.T) {
	t.Parallel()
	var rec eventsfake.Recorder
	ctx := t.Context()
	if err := rec.Publish(ctx, events.Event{ID: "1"}); !errors.Is(err, pos.ErrInvalid) {
		t.Errorf("invalid event: %v", err)
	}
	down := errors.New("down")
	rec.Fail(down)
	good := events.Event{ID: "1", Source: "/s", Type: "t"}
	if err := rec.Publish(ctx, good); !errors.Is(err, down) {
		t.Errorf("while it fails: %v", err)
	}
	rec.Fail(nil)
	waited := make(chan int)
	go func() {
		found, err := rec.Wait(ctx, 1, "t")
		if err != nil {
			t.Error(err)
		}
		waited <- len(found)
	}()
	if err := rec.Publish(ctx, good); err != nil {
		t.Error(err)
	}
	if n := <-waited; n != 1 {
		t.Errorf("waited for %d events", n)
	}
	rec.Reset()
	ended, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := rec.Wait(ended, 1); !errors.Is(err, context.Canceled) {
		t.Errorf("wait that ended: %v", err)
	}
	if err := rec.Close(); err != nil {
		t.Error(err)
	}
	if err := rec.Publish(ctx, good); !errors.Is(err, events.ErrClosed) {
		t.Errorf("after close: %v", err)
	}
}

func ExampleRecorder() {
	var rec eventsfake.Recorder
	alarm := events.NewAlarm(events.TypeTokenExpiring, events.Origin{Vendor: "square", Account: "main"}, "token-1", time.Now(), events.Alarm{Detail: "renew it"})
	if err := rec.Publish(context.Background(), alarm); err != nil {
		fmt.Println(err)
	}
	for _, e := range rec.Events(events.TypeTokenExpiring) {
		fmt.Println(e.Source, e.Type)
	}
	// Output: /pos/square/main com.farmacyfoods.pos.token.expiring.v1
}
