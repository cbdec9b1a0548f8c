package kit_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"golang.org/x/time/rate"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/vendors/kit"
)

// BenchmarkCall shows what the client adds to a bare http.Client on the same
// in-memory transport.
func BenchmarkCall(b *testing.B) {
	serve := trip(func(*http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(`{"id":"a","total":1}`))}, nil
	})
	b.Run("http.Client", func(b *testing.B) {
		c := &http.Client{Transport: serve}
		b.ReportAllocs()
		for b.Loop() {
			ctx, cancel := context.WithCancel(b.Context())
			r, _ := http.NewRequestWithContext(ctx, http.MethodGet, "https://api.acme.test/v1/list", nil)
			r.Header.Set("Authorization", "Bearer fake")
			resp, err := c.Do(r)
			if err != nil {
				b.Fatal(err)
			}
			var out sale
			if err := json.NewDecoder(resp.Body).Decode(&out); err != nil {
				b.Fatal(err)
			}
			_ = resp.Body.Close()
			cancel()
		}
	})
	b.Run("kit.Client", func(b *testing.B) {
		c := newClient(b, kit.ClientConfig{Auth: kit.BearerAuth(pos.NewSecret("fake")), Budget: kit.NewBudget(rate.Limit(1e9), 1000)}, nil, serve)
		r := kit.Request{Op: "List", Method: http.MethodGet, Path: "/list"}
		b.ReportAllocs()
		for b.Loop() {
			var out sale
			if _, err := c.JSON(b.Context(), r, nil, &out); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// wideSale has more members than a vendor maps, as answers do.
func widePage(n int) []byte {
	var page bytes.Buffer
	page.WriteString(`{"orders":[`)
	for i := range n {
		if i > 0 {
			page.WriteByte(',')
		}
		fmt.Fprintf(&page, `{"id":"order-%d","total":%d,"state":"COMPLETED","created_at":"2026-11-23T12:00:00.123Z",`+
			`"lines":[{"uid":"l1","name":"Chicken bowl","quantity":"2","money":{"amount":1900,"currency":"USD"}}],`+
			`"metadata":{"terminal":"T-17","shift":"early"},"note":"%s"}`, i, i, strings.Repeat("x", 200))
	}
	page.WriteString(`],"cursor":"next"}`)
	return page.Bytes()
}

// BenchmarkPage reads a page of 1,000 orders of which two members are wanted.
func BenchmarkPage(b *testing.B) {
	page := widePage(1000)
	b.Run("encoding/json", func(b *testing.B) {
		b.SetBytes(int64(len(page)))
		b.ReportAllocs()
		for b.Loop() {
			var out struct {
				Orders []sale `json:"orders"`
				Cursor string `json:"cursor"`
			}
			if err := json.NewDecoder(bytes.NewReader(page)).Decode(&out); err != nil || len(out.Orders) != 1000 {
				b.Fatal(err)
			}
		}
	})
	b.Run("kit.EachJSON", func(b *testing.B) {
		b.SetBytes(int64(len(page)))
		b.ReportAllocs()
		for b.Loop() {
			n := 0
			var rest struct {
				Cursor string `json:"cursor"`
			}
			resp := &kit.Response{Body: io.NopCloser(bytes.NewReader(page))}
			if err := kit.EachJSON(resp, "orders", func(*sale) error { n++; return nil }, &rest); err != nil || n != 1000 {
				b.Fatal(err)
			}
		}
	})
}
