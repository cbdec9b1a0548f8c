package simphonyfake_test

import (
	"testing"
	"testing/synctest"

	"github.com/farmacyfoods/pointofsale/pos/posfake"
	"github.com/farmacyfoods/pointofsale/vendors/simphony/simphonyfake"
)

func TestSignIn(t *testing.T) {
	t.Parallel()
	for name, cfg := range map[string]simphonyfake.Config{
		"plain": {}, "strings": {StringNumbers: true, ShortRedirect: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := setup(t, cfg)
			a := account(c.fake, simphonyfake.BI)
			c.signIn(a, a.Password).want(400) // no cookie yet
			c.authorize("nobody").want(401)
			c.authorize(a.ClientID).want(200)
			bad := c.signIn(a, "wrong").want(401).json()
			if bad.str("code") != "AUTHENTICATION_INVALID" || bad.str("message") != "invalid.credentials" {
				t.Errorf("a wrong password answers %v", bad.v)
			}
			in := c.signIn(a, a.Password).want(200).json()
			if _, text := in.at("success").v.(string); text != cfg.StringNumbers {
				t.Errorf("success is %v", in.at("success").v)
			}
			given := code(t, in.str("redirectUrl"))
			args := []string{
				"grant_type", "authorization_code", "client_id", a.ClientID, "code", given, "redirect_uri", "apiaccount://callback",
				"scope", "openid", "code_verifier", verifier,
			}
			out := c.form("token", args...).want(200).json()
			if out.str("expires_in") != "1209600" || out.str("token_type") != "Bearer" {
				t.Errorf("token answer %v", out.v)
			}
			c.form("token", args...).want(400) // a code is good for one use
			c.tokens[simphonyfake.BI] = out.str("access_token")
			c.bi("getLocationDimensions", "{}").want(401)
			c.tokens[simphonyfake.BI] = out.str("id_token")
			c.bi("getLocationDimensions", "{}").want(200)
			c.tokens[simphonyfake.CCAPI] = out.str("id_token")
			c.config("menuItems/getMenuItemMasters", "{}").want(403)

			again := []string{"grant_type", "refresh_token", "client_id", a.ClientID, "refresh_token", out.str("refresh_token"), "scope", "openid"}
			if fresh := c.form("token", again...).want(200).json(); fresh.str("refresh_token") == out.str("refresh_token") {
				t.Error("the refresh token did not rotate")
			}
			c.form("token", again...).want(400)
		})
	}
}

func TestWrongVerifier(t *testing.T) {
	t.Parallel()
	c := setup(t, simphonyfake.Config{})
	a := account(c.fake, simphonyfake.STS2)
	c.authorize(a.ClientID).want(200)
	in := c.signIn(a, a.Password).want(200).json()
	c.form("token", "grant_type", "authorization_code", "client_id", a.ClientID, "code", code(t, in.str("redirectUrl")),
		"redirect_uri", "apiaccount://callback", "code_verifier", "something-else").want(400)
}

func TestLockOut(t *testing.T) {
	t.Parallel()
	c := setup(t, simphonyfake.Config{})
	a := account(c.fake, simphonyfake.BI)
	c.authorize(a.ClientID).want(200)
	for range 5 {
		c.signIn(a, "wrong").want(401)
	}
	if got := c.signIn(a, a.Password).want(401).json().str("code"); got != "ACCOUNT_LOCKED" {
		t.Errorf("after five wrong passwords: %s", got)
	}
	c.fake.Advance(hour)
	c.token(simphonyfake.BI)
	if err := c.fake.SetPassword(a.ClientID, "fresh"); err != nil {
		t.Fatal(err)
	}
	c.authorize(a.ClientID).want(200)
	c.signIn(a, a.Password).want(401)
	c.signIn(a, "fresh").want(200)
}

func TestTokensExpire(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := setup(t, simphonyfake.Config{})
		c.bi("getLocationDimensions", "{}").want(200)
		c.fake.Advance(14*24*hour - 1)
		c.bi("getLocationDimensions", "{}").want(200)
		c.fake.Advance(1)
		c.bi("getLocationDimensions", "{}").want(401)
		c.tokens = map[simphonyfake.API]string{}
		c.bi("getLocationDimensions", "{}").want(200)
		if _, err := c.fake.Inject(posfake.Fault{Kind: posfake.FaultToken}); err != nil {
			t.Fatal(err)
		}
		c.bi("getLocationDimensions", "{}").want(401)
		c.tokens = map[simphonyfake.API]string{}
		if _, err := c.fake.Inject(posfake.Fault{Kind: posfake.FaultScope, Op: "getLocationDimensions"}); err != nil {
			t.Fatal(err)
		}
		c.bi("getLocationDimensions", "{}").want(403)
		c.bi("getLocationDimensions", "{}").want(200)
	})
}
