package main

import (
	"context"
	"time"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/pos/posfake"
	"github.com/farmacyfoods/pointofsale/vendors/quickbooksdesktop"
	"github.com/farmacyfoods/pointofsale/vendors/quickbooksdesktop/quickbooksdesktopfake"
)

// connectorEvery is the schedule of the Web Connector, by the shops' clocks.
const connectorEvery = 10 * time.Second

// openQuickBooksDesktop switches on a computer with QuickBooks Desktop. Here the
// roles are reversed: we serve SOAP, and a program beside QuickBooks, the Web
// Connector, calls us on schedule. It brings what was sold and takes what was
// pushed, which is pending until then.
func openQuickBooksDesktop(ctx context.Context, w *world, o options) (*system, error) {
	const path = "/qbwc"
	fake, err := quickbooksdesktopfake.New(quickbooksdesktopfake.Config{
		Seed: o.seed, Items: 5, URL: w.url + path, Interval: connectorEvery,
		Locations: []posfake.LocationSeed{{ID: "80000031-1735689600", Name: "Bakery"}, {ID: "80000032-1735689600", Name: "Food truck"}},
	})
	if err != nil {
		return nil, err
	}
	c := fake.Credentials()
	hash, err := quickbooksdesktop.HashPassword(pos.NewSecret(c.Password))
	if err != nil {
		return nil, err
	}
	provider, err := quickbooksdesktop.New(quickbooksdesktop.Config{
		Account: demo, UserName: c.UserName, PasswordHash: hash, OwnerID: c.OwnerID, FileID: c.FileID,
		TimeZone: c.TimeZone, Interval: connectorEvery, Keep: 7 * 24 * time.Hour,
	}, w.options())
	if err != nil {
		return nil, err
	}
	w.mux.Handle(path, provider.Handler())
	if _, err := fake.RunOnce(ctx); err != nil { // nothing is known of a company file before
		return nil, err
	}
	w.running.Go(func() { _ = fake.AutoRun(ctx) })
	s := &system{
		name: "QuickBooks Desktop", fake: fake, provider: provider, company: quickbooksdesktop.Company,
		cash: true, late: threeDays, calm: 40, breakages: atTheConnector(),
		carryOut: func(ctx context.Context) error { return fake.RunUntilIdle(ctx, 5) },
	}
	for _, l := range fake.Locations() {
		s.locations = append(s.locations, l.ID)
	}
	return s, nil
}

// atTheConnector are what may go wrong between QuickBooks and the service that
// the Web Connector calls. Without an operation it strikes QuickBooks. A line
// that is cut between two calls is left out: the session might go on, and the
// service gives it a minute, which is longer than the shops are open here.
func atTheConnector() []breakage {
	return []breakage{
		{"QuickBooks crashes", posfake.Fault{Kind: posfake.FaultReset}},
		{"QuickBooks answers, the session is lost", posfake.Fault{Kind: posfake.FaultLostReply}},
		{"a torn answer", posfake.Fault{Kind: posfake.FaultTruncate, Bytes: 300}},
		{"a record that is locked", posfake.Fault{Kind: posfake.FaultStatus, Status: 3200}},
		{"slow answers", posfake.Fault{Kind: posfake.FaultLatency, Latency: 300 * time.Millisecond, Times: 3}},
		{"the line is cut before an answer is handed over", posfake.Fault{Kind: posfake.FaultReset, Op: "receiveResponseXML"}},
		{"a request gets lost", posfake.Fault{Kind: posfake.FaultLostReply, Op: "sendRequestXML"}},
	}
}
