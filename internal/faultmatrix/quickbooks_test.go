package faultmatrix

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/pos/posfake"
	"github.com/farmacyfoods/pointofsale/vendors/kit"
	"github.com/farmacyfoods/pointofsale/vendors/quickbooks"
	"github.com/farmacyfoods/pointofsale/vendors/quickbooks/quickbooksfake"
	"github.com/farmacyfoods/pointofsale/vendors/quickbooksdesktop"
	"github.com/farmacyfoods/pointofsale/vendors/quickbooksdesktop/quickbooksdesktopfake"
)

func openQuickBooks(t *testing.T) *rig {
	t.Helper()
	fake, err := quickbooksfake.New(quickbooksfake.Config{Places: []posfake.LocationSeed{{ID: "14"}, {ID: "15"}}})
	must(t, err)
	c := fake.Credentials()
	token := fake.Subscribe("https://hooks.example/webhooks/quickbooks/" + c.Realm)
	hook, err := quickbooks.NewWebhook(quickbooks.WebhookConfig{VerifierTokens: []pos.Secret{pos.NewSecret(token)}})
	must(t, err)
	p, err := quickbooks.New(quickbooks.Config{
		Realm: c.Realm, BaseURL: "https://quickbooks.example",
		OAuth: &quickbooks.OAuth{ClientID: c.ClientID, ClientSecret: pos.NewSecret(c.ClientSecret), RefreshToken: pos.NewSecret(c.RefreshToken)},
	}, &kit.Options{HTTPClient: &http.Client{Transport: fake.Transport()}})
	must(t, err)
	return &rig{
		provider: p, sim: fake, locations: fake.LocationIDs(), webhook: hook,
		receive: fake.SetWebhookClient, close: fake.Close,
	}
}

// The password of a simulated Web Connector, and its hash.
const (
	connectorPassword = "correct horse"
	connectorHash     = "pbkdf2-sha256$1000$ZmFrZS1zYWx0LTAwMDEwMQ$IVdNyoBWjNsbIBZCbchQgzwurcvKLRv2yKAxCzQk04w"
)

// desktop has a Web Connector that calls on schedule. Nobody asks QuickBooks
// Desktop by HTTP, so that most troubles are those of the two ways from the Web
// Connector: to QuickBooks, and to us.
func desktop(every time.Duration) func(*testing.T) *rig {
	return func(t *testing.T) *rig {
		t.Helper()
		return openDesktop(t, every)
	}
}

func openDesktop(t *testing.T, every time.Duration) *rig {
	t.Helper()
	fake, err := quickbooksdesktopfake.New(quickbooksdesktopfake.Config{
		Locations: []posfake.LocationSeed{{ID: "80000011-1"}, {ID: "80000012-1"}}, Password: connectorPassword, Interval: every,
	})
	must(t, err)
	c := fake.Credentials()
	p, err := quickbooksdesktop.New(quickbooksdesktop.Config{
		Account: "demo", UserName: c.UserName, PasswordHash: connectorHash, OwnerID: c.OwnerID, FileID: c.FileID, TimeZone: c.TimeZone, Interval: every,
	}, &kit.Options{Store: &pos.MemoryStore{}})
	must(t, err)
	fake.Connect(p.Handler())
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = fake.AutoRun(ctx)
	}()
	return &rig{
		provider: p, sim: fake, locations: []string{"80000011-1", "80000012-1"}, close: func() { cancel(); <-done; fake.Close() },
		instead: desktopTroubles(fake),
	}
}

func desktopTroubles(fake *quickbooksdesktopfake.Fake) map[string]substitute {
	link := func(f posfake.Fault) mischief {
		return func(t *testing.T, _ *rig) (func(), func() bool) {
			t.Helper()
			return injected(t, fake.Inject, fake.Calls, f)
		}
	}
	return map[string]substitute{
		"reset mid-body": {"calls of the Web Connector that break in the middle of our answer", all(
			link(posfake.Fault{Kind: posfake.FaultTruncate, Op: "sendRequestXML", Bytes: 200, Times: 3}),
			link(posfake.Fault{Kind: posfake.FaultTruncate, Op: "receiveResponseXML", Bytes: 200, Times: 3}),
		)},
		"429 storm": {"a second computer that signs in all the time", often(7*time.Second, func(ctx context.Context) bool {
			_, _, err := fake.Authenticate(ctx)
			return err == nil
		})},
		"500 storm": {"statusCode 1000, and a company file that does not open (HRESULT 0x80040408)", all(
			inject(posfake.Fault{Kind: posfake.FaultStatus, Status: http.StatusInternalServerError, Times: -1}), closedFile(fake),
		)},
		"401 expired token": {"statusCode 3260: the user of QuickBooks may not read", inject(posfake.Fault{Kind: posfake.FaultStatus, Status: http.StatusUnauthorized, Times: 6})},
		"duplicate pages":   {"responses that are told again, because our answer was lost", link(posfake.Fault{Kind: posfake.FaultLostReply, Op: "receiveResponseXML", Times: 6})},
		"webhooks lost":     {"the computer is off", switchedOff(fake)},
		"webhooks x 20": {"a run every 10 seconds", often(10*time.Second, func(ctx context.Context) bool {
			run, err := fake.RunOnce(ctx)
			return err == nil && run.Outcome == quickbooksdesktopfake.Done
		})},
	}
}

// closedFile keeps the company file shut for some runs.
func closedFile(fake *quickbooksdesktopfake.Fake) mischief {
	return func(*testing.T, *rig) (func(), func() bool) {
		fake.FailOpen(quickbooksdesktopfake.HResultStart, 2)
		return func() { fake.FailOpen("", 0) }, func() bool { return called(fake, "connectionError") }
	}
}

func called(fake *quickbooksdesktopfake.Fake, op string) bool {
	for _, c := range fake.Calls() {
		if c.Op == op {
			return true
		}
	}
	return false
}

// switchedOff turns the computer off. Sales come in meanwhile, as from another
// computer in the network.
func switchedOff(fake *quickbooksdesktopfake.Fake) mischief {
	return func(t *testing.T, _ *rig) (func(), func() bool) {
		t.Helper()
		must(t, fake.SetOnline(quickbooksdesktopfake.CompanyID, false))
		time.Sleep(time.Second) // a run may be under way
		before, during := len(fake.Calls()), 0
		return func() {
			during = len(fake.Calls()) - before
			must(t, fake.SetOnline(quickbooksdesktopfake.CompanyID, true))
		}, func() bool { return before > 0 && during == 0 }
	}
}
