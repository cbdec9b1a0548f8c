package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"sync"

	"github.com/farmacyfoods/pointofsale/pos/posfake"
	"github.com/farmacyfoods/pointofsale/vendors/kit/fakekit"
	"github.com/farmacyfoods/pointofsale/vendors/quickbooksdesktop/quickbooksdesktopfake"
)

// connector is a computer with QuickBooks Desktop whose Web Connector calls the
// service that it is told.
type connector struct {
	fake      *quickbooksdesktopfake.Fake
	log       *slog.Logger
	last      string // how the last update ended
	once      sync.Once
	connected chan struct{}
}

func openConnector(o options, log *slog.Logger) (service, error) {
	c := &connector{log: log, connected: make(chan struct{})}
	cfg := quickbooksdesktopfake.Config{Seed: o.seed, Items: o.items, Interval: o.every, Ran: c.ran}
	for i := range o.locations {
		// Ids that QuickBooks gives end with the time, which no seed makes again.
		cfg.Locations = append(cfg.Locations, posfake.LocationSeed{ID: fmt.Sprintf("8000%04X-1735689600", 1+i), Name: fmt.Sprintf("Kiosk %03d", 1+i)})
	}
	var err error
	if c.fake, err = quickbooksdesktopfake.New(cfg); err != nil {
		return service{}, err
	}
	if o.connector != "" {
		c.connect(o.connector)
	}
	e := entry{Credentials: c.fake.Credentials()}
	for _, l := range c.fake.Locations() {
		e.Locations = append(e.Locations, l.ID)
	}
	return service{handler: c.handler(), sim: c.fake, entry: e, run: c.run, close: c.fake.Close}, nil
}

// handler is the control endpoint of every fake and what only this one has.
func (c *connector) handler() http.Handler {
	type address struct {
		URL string `json:"url"`
	}
	mux := http.NewServeMux()
	mux.Handle("/", c.fake)
	mux.Handle("POST /_fake/connect", fakekit.Command(func(_ context.Context, in address) (any, error) {
		if err := checkURL(in.URL); err != nil {
			return nil, err
		}
		c.connect(in.URL)
		return nil, nil
	}))
	mux.Handle("POST /_fake/run", fakekit.Command(func(ctx context.Context, _ struct{}) (quickbooksdesktopfake.Run, error) {
		return c.fake.RunOnce(ctx)
	}))
	mux.Handle("GET /_fake/calls", fakekit.Command(func(context.Context, struct{}) ([]posfake.Request, error) {
		return append([]posfake.Request{}, c.fake.Calls()...), nil
	}))
	return mux
}

func (c *connector) connect(service string) {
	c.fake.ConnectURL(service)
	c.once.Do(func() { close(c.connected) })
}

// run makes updates on schedule as soon as there is somebody to call.
func (c *connector) run(ctx context.Context) {
	select {
	case <-ctx.Done():
	case <-c.connected:
		_ = c.fake.AutoRun(ctx)
	}
}

// ran logs how an update ended, if it did not end like the one before.
func (c *connector) ran(r quickbooksdesktopfake.Run, err error) {
	if errors.Is(err, context.Canceled) {
		return
	}
	how := fmt.Sprint(r.Outcome, r.Message, err)
	if how == c.last && r.Writes == 0 {
		return
	}
	c.last = how
	if err != nil || r.Outcome != quickbooksdesktopfake.Done {
		c.log.Warn("the Web Connector could not update", "outcome", r.Outcome, "why", why(r, err))
		return
	}
	c.log.Info("the Web Connector updated", "message sets", r.Sets, "writes", r.Writes)
}

func checkURL(address string) error {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return fmt.Errorf("%q is not the URL of a service, such as http://127.0.0.1:8080/path", address)
	}
	return nil
}

func why(r quickbooksdesktopfake.Run, err error) string {
	if err != nil {
		return err.Error()
	}
	return r.Message
}
