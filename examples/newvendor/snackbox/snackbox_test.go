package snackbox_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/pos/posfake"
	"github.com/farmacyfoods/pointofsale/pos/postest"
	"github.com/farmacyfoods/pointofsale/vendors/kit"

	"example.com/newvendor/snackbox"
	"example.com/newvendor/snackbox/snackboxfake"
)

// TestConformance proves that Snackbox keeps the contract.
func TestConformance(t *testing.T) {
	postest.Run(t, func(t *testing.T) postest.Harness {
		t.Helper()
		fake := snackboxfake.New()
		t.Cleanup(fake.Close)
		if err := fake.AddLocation(posfake.LocationSeed{ID: "T2", TimeZone: "America/Los_Angeles"}); err != nil {
			t.Fatal(err)
		}
		open := func() pos.Provider {
			p, err := snackbox.New(
				snackbox.Config{Account: "demo", BaseURL: "http://snackbox.invalid", APIKey: pos.NewSecret(snackboxfake.Key)},
				&kit.Options{HTTPClient: &http.Client{Transport: fake.Transport()}},
			)
			if err != nil {
				t.Fatal(err)
			}
			return p
		}
		return postest.Harness{
			Provider: open(), Reopen: open, Sim: fake, Secrets: []string{snackboxfake.Key},
			Settle: func() { time.Sleep(time.Minute) }, // in virtual time
		}
	})
}
