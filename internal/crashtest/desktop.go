package main

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/pos/posfake"
	"github.com/farmacyfoods/pointofsale/vendors/kit"
	"github.com/farmacyfoods/pointofsale/vendors/quickbooksdesktop"
	"github.com/farmacyfoods/pointofsale/vendors/quickbooksdesktop/quickbooksdesktopfake"
)

// office is a computer with QuickBooks Desktop, whose Web Connector calls any
// worker that lives. Sessions are in the store, so that a call may reach
// another worker than the one before.
type office struct {
	*quickbooksdesktopfake.Fake
	stop    context.CancelFunc
	running sync.WaitGroup
}

// Close switches the computer off.
func (o *office) Close() {
	o.stop()
	o.running.Wait()
	o.Fake.Close()
}

// Edit implements [posfake.Simulator] in the one way that QuickBooks has for
// all sales: they are saved again. There are no tips.
func (o *office) Edit(e posfake.Edit) (posfake.Record, error) {
	e.Tip = nil
	return o.Fake.Edit(e)
}

// The password of the Web Connector, and its hash.
const (
	connectorPassword = "correct horse"
	connectorHash     = "pbkdf2-sha256$1000$ZmFrZS1zYWx0LTAwMDEwMQ$IVdNyoBWjNsbIBZCbchQgzwurcvKLRv2yKAxCzQk04w"
)

// connectorPause is the time between two runs of the Web Connector.
const connectorPause = 2 * time.Second

func openDesktop(n int64, hooks string) (*shop, error) {
	account := fmt.Sprintf("crash-%d", n)
	seeds := []posfake.LocationSeed{{ID: "80000011-1"}, {ID: "80000012-1"}, {ID: "80000013-1"}}
	fake, err := quickbooksdesktopfake.New(quickbooksdesktopfake.Config{
		Seed: n, Items: 2, Locations: seeds, Password: connectorPassword, Interval: connectorPause,
		URL: hooks + "/called/" + account, Client: &http.Client{Timeout: 5 * time.Second},
	})
	if err != nil {
		return nil, err
	}
	c := fake.Credentials()
	ctx, stop := context.WithCancel(context.Background())
	o := &office{Fake: fake, stop: stop}
	o.running.Go(func() { _ = fake.AutoRun(ctx) })
	cfg := shopConfig{Account: account, More: map[string]string{"user": c.UserName, "owner": c.OwnerID, "file": c.FileID, "zone": c.TimeZone}}
	return &shop{cfg: cfg, fake: o, locations: ids(seeds), late: offline}, nil
}

func serveDesktop(s shopConfig, opts *kit.Options) (pos.Provider, pos.Webhook, error) {
	p, err := quickbooksdesktop.New(quickbooksdesktop.Config{
		Account: s.Account, UserName: s.More["user"], PasswordHash: connectorHash, OwnerID: s.More["owner"], FileID: s.More["file"],
		TimeZone: s.More["zone"], Interval: connectorPause,
	}, opts)
	return p, nil, err
}
