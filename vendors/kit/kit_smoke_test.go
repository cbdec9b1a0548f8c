package kit_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/vendors/kit"
)

type trip func(*http.Request) (*http.Response, error)

func (f trip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func reply(status int, body string, header ...string) *http.Response {
	h := http.Header{}
	for i := 0; i+1 < len(header); i += 2 {
		h.Add(header[i], header[i+1])
	}
	return &http.Response{StatusCode: status, Header: h, Body: io.NopCloser(strings.NewReader(body))}
}

func newClient(t testing.TB, cfg kit.ClientConfig, opts *kit.Options, serve trip) *kit.Client {
	t.Helper()
	if cfg.Vendor == "" {
		cfg.Vendor = "acme"
	}
	if cfg.BaseURL == "" {
		cfg.BaseURL = "https://api.acme.test/v1"
	}
	var o kit.Options
	if opts != nil {
		o = *opts
	}
	o.HTTPClient = &http.Client{Transport: serve}
	c, err := kit.NewClient(cfg, &o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestSmoke(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n := 0
		c := newClient(t, kit.ClientConfig{Budget: kit.NewBudget(5, 1), Auth: kit.BearerAuth(pos.NewSecret("fake"))}, nil, func(*http.Request) (*http.Response, error) {
			if n++; n == 1 {
				return reply(503, "busy"), nil
			}
			return reply(200, `{"orders":[{"id":"a"},{"id":"b"}],"cursor":"c"}`), nil
		})
		type order struct {
			ID string `json:"id"`
		}
		var page struct {
			Orders []order `json:"orders"`
			Cursor string  `json:"cursor"`
		}
		if _, err := c.JSON(context.Background(), kit.Request{Op: "ListOrders", Method: "GET", Path: "/orders"}, nil, &page); err != nil {
			t.Fatal(err)
		}
		if len(page.Orders) != 2 || page.Cursor != "c" {
			t.Fatalf("%+v", page)
		}
		resp, err := c.Do(context.Background(), kit.Request{Op: "ListOrders", Method: "GET", Path: "/orders"})
		if err != nil {
			t.Fatal(err)
		}
		var ids []string
		var rest struct {
			Cursor string `json:"cursor"`
		}
		if err := kit.EachJSON(resp, "orders", func(o *order) error { ids = append(ids, o.ID); return nil }, &rest); err != nil {
			t.Fatal(err)
		}
		if len(ids) != 2 || rest.Cursor != "c" {
			t.Fatal(ids, rest)
		}
	})
}
