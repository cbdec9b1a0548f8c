package service_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/farmacyfoods/pointofsale/events"
	"github.com/farmacyfoods/pointofsale/events/jetstream"
	"github.com/farmacyfoods/pointofsale/vendors/kit"

	"example.com/integrator/service"
)

// idle is an integrator without accounts.
type idle struct{}

func (idle) Run(ctx context.Context) error {
	<-ctx.Done()
	return nil
}

func (idle) Handler() http.Handler { return http.NotFoundHandler() }

// TestAnnouncementsBecomeAlarms: what vendors announce to their clients is
// published as events of the account.
func TestAnnouncementsBecomeAlarms(t *testing.T) {
	t.Parallel()
	cfg := service.Default()
	cfg.Stream = jetstream.Config{Memory: true}
	var err error
	if cfg.Listener, err = new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	s, err := service.Open(t.Context(), "test", cfg, io.Discard, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	account := new(events.Origin)
	observer := s.Options(account).Observer
	*account = events.Origin{Vendor: "square", Account: "main"}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	found := make(chan events.Event, 10)
	types := []string{events.TypeTokenExpiring, events.TypeAPIDeprecated}
	if _, err := s.Stream.Subscribe(ctx, events.Filter{Group: "g", Types: types}, func(_ context.Context, e events.Event) error {
		found <- e
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	running, end := context.WithCancel(ctx)
	go func() { done <- s.Run(running, idle{}, nil) }()

	until := time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)
	observer.Token(kit.TokenInfo{Vendor: "square", Event: kit.TokenRefreshed, Expires: until})
	observer.Token(kit.TokenInfo{Vendor: "square", Event: kit.TokenExpiring, Expires: until})
	observer.Deprecated(kit.DeprecationInfo{Vendor: "square", Op: "ListSites", Sunset: until, Reason: "use ListLocations"})
	for _, want := range []struct{ typ, detail string }{
		{events.TypeTokenExpiring, "the authorization ends: somebody must authorize the account again"},
		{events.TypeAPIDeprecated, "ListSites is deprecated use ListLocations"},
	} {
		select {
		case e := <-found:
			a, err := events.Decode[events.Alarm](e)
			if err != nil || e.Type != want.typ || a.Origin != *account || a.Detail != want.detail || !a.Until.Equal(until) {
				t.Errorf("%s %+v, %v", e.Type, a, err)
			}
		case <-ctx.Done():
			t.Fatalf("no %s came", want.typ)
		}
	}
	end()
	if err := <-done; err != nil {
		t.Error(err)
	}
}
