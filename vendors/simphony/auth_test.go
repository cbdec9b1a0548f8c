package simphony_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/vendors/kit"
	"github.com/farmacyfoods/pointofsale/vendors/simphony"
	"github.com/farmacyfoods/pointofsale/vendors/simphony/simphonyfake"
)

// ask makes a call that needs BI's token.
func ask(t *testing.T, p *simphony.Provider) error {
	t.Helper()
	_, err := p.Locations(t.Context(), pos.LocationQuery{})
	return err
}

func steps(fake *simphonyfake.Fake) (out [3]int) {
	for _, r := range fake.Requests() {
		switch r.Op {
		case "Authorize":
			out[0]++
		case "SignIn":
			out[1]++
		case "Token":
			out[2]++
		}
	}
	return out
}

// TestTokenLife signs in once, renews after a week without signing in, and
// signs in again when the refresh token is refused.
func TestTokenLife(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		fake := newFake(t, simphonyfake.Config{})
		store := &pos.MemoryStore{}
		p := newProvider(t, cloud(fake), fake, &kit.Options{Store: store})
		look := func(when string, want [3]int) {
			t.Helper()
			if err := ask(t, p); err != nil {
				t.Fatalf("%s: %v", when, err)
			}
			synctest.Wait()
			if got := steps(fake); got != want {
				t.Errorf("%s: authorize, sign-in, token were called %v times, want %v", when, got, want)
			}
		}
		look("at first", [3]int{1, 1, 1})
		<-time.After(6 * 24 * time.Hour)
		look("six days later", [3]int{1, 1, 1})
		p = newProvider(t, cloud(fake), fake, &kit.Options{Store: store})
		look("after a restart", [3]int{1, 1, 1})
		<-time.After(25 * time.Hour)
		look("after a week", [3]int{1, 1, 2})
		fake.ExpireTokens(true)
		look("when all tokens ended", [3]int{2, 2, 4})
	})
}

// TestPasswordRefused asks once, and not again at once: accounts are locked.
func TestPasswordRefused(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		fake := newFake(t, simphonyfake.Config{})
		cfg := cloud(fake)
		cfg.BI.Password = pos.NewSecret("wrong-password-marker")
		p := newProvider(t, cfg, fake, nil)
		for range 5 {
			err := ask(t, p)
			var problem *simphony.Problem
			if !errors.Is(err, pos.ErrAuth) {
				t.Fatalf("got %v", err)
			}
			if errors.As(err, &problem) && problem.Code != "AUTHENTICATION_INVALID" {
				t.Errorf("code %q", problem.Code)
			}
		}
		if got := steps(fake); got[1] != 1 {
			t.Errorf("the password was tried %d times", got[1])
		}
	})
}

func TestAccessToken(t *testing.T) {
	t.Parallel()
	fake := newFake(t, simphonyfake.Config{AcceptAccessToken: true})
	cfg := cloud(fake)
	cfg.OIDC.AccessToken = true
	if err := ask(t, newProvider(t, cfg, fake, nil)); err != nil {
		t.Error(err)
	}
}

// TestJobsFollowInterfaces: what is not configured is refused with a reason,
// without a request.
func TestJobsFollowInterfaces(t *testing.T) {
	t.Parallel()
	fake := newFake(t, simphonyfake.Config{})
	for name, tc := range map[string]struct {
		drop func(*simphony.Config)
		none []pos.Job
	}{
		"no CCAPI":     {func(c *simphony.Config) { c.CCAPI = nil }, []pos.Job{pos.JobMenu, pos.JobCoupons}},
		"no templates": {func(c *simphony.Config) { c.CCAPI.Coupons = nil }, []pos.Job{pos.JobCoupons}},
		"no STS2":      {func(c *simphony.Config) { c.STS2 = nil }, []pos.Job{pos.JobStatus, pos.JobInventory}},
		"no BI":        {func(c *simphony.Config) { c.BI = nil }, []pos.Job{pos.JobPurchases}},
	} {
		cfg := cloud(fake)
		tc.drop(&cfg)
		caps := newProvider(t, cfg, fake, nil).Describe().Capabilities
		for _, j := range pos.Jobs() {
			s, want := caps.Job(j), true
			for _, n := range tc.none {
				want = want && n != j
			}
			if s.OK() != want || !s.OK() && (s.Why == "" || s.Nearest == "") {
				t.Errorf("%s: %s is %+v", name, j, s)
			}
		}
	}
}
