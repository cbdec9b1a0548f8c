package bytetech_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/vendors/bytetech"
	"github.com/farmacyfoods/pointofsale/vendors/bytetech/bytetechfake"
	"github.com/farmacyfoods/pointofsale/vendors/kit"
)

// handlerTransport serves requests without a socket.
type handlerTransport struct{ http.Handler }

func (h handlerTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	resp := w.Result()
	resp.Request = r
	return resp, nil
}

// A cloud that pages otherwise, writes money as decimals and time in
// milliseconds, and takes a key in a header of its own, needs a profile and no
// code.
func TestOtherDialect(t *testing.T) {
	t.Parallel()
	const rows = 7
	for _, style := range []string{"offset", "page", "link"} {
		t.Run(style, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { dialect(t, style, rows) })
		})
	}
}

func dialect(t *testing.T, style string, rows int) {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/kiosks", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = fmt.Fprint(w, `{"rows":[{"kiosk_id":"7","timezone":"UTC","currency":"KWD"}]}`)
	})
	calls := 0
	mux.HandleFunc("GET /v1/transactions", func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		if r.Header.Get("X-Key") != "Token marker" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		calls++
		from, _ := strconv.Atoi(q.Get("at"))
		if style == "page" {
			from = (max(from, 1) - 1) * 3
		}
		to := min(from+3, rows)
		list := []any{}
		for i := from; i < to; i++ {
			ms := time.Now().Add(-time.Hour).UnixMilli()
			list = append(list, map[string]any{"transaction_id": i, "kiosk_id": 7, "status": "Processed", "placed_at": ms, "updated_at": ms, "total_cents": "1.234"})
		}
		if style == "link" && to < rows {
			w.Header().Set("Link", fmt.Sprintf(`<https://byte.example/v1/transactions?at=%d>; rel="next"`, to))
		}
		if _, err := strconv.ParseInt(q.Get("updated_until"), 10, 64); err != nil && q.Get("at") == "" {
			t.Errorf("time %q is not in milliseconds", q.Get("updated_until"))
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"rows": list})
	})
	p, err := bytetech.New(bytetech.Config{
		Account: "a", BaseURL: "https://byte.example", APIKey: pos.NewSecret("marker"),
		ProfilePatch: json.RawMessage(`{"auth":{"mode":"static","header":"X-Key","prefix":"Token "},
			"paging":{"style":"` + style + `","items":"rows","next":"","cursor_param":"at","limit":3},
			"encoding":{"money":"decimal_string","time":"unix_ms"},"fields":{"transaction":{"lines":"","revision":"","currency":""}}}`),
	}, &kit.Options{HTTPClient: &http.Client{Transport: handlerTransport{mux}}})
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for b, err := range pos.AllPurchases(t.Context(), p, pos.PurchaseQuery{}) {
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, b.ID)
		if b.Total != (pos.Money{Amount: 1234, Currency: "KWD"}) || len(b.Findings) > 0 {
			t.Errorf("%+v", b)
		}
	}
	slices.Sort(ids)
	if diff := cmp.Diff([]string{"0", "1", "2", "3", "4", "5", "6"}, ids); diff != "" || calls != 3 {
		t.Errorf("%d calls\n%s", calls, diff)
	}
}

// Without lines of inventory the tags are counted.
func TestTagInventory(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cfg := bytetechfake.Config{Locations: places, Products: 3, TagsPerKiosk: 12}
		byLine, byTag := open(t, cfg, `{}`), open(t, cfg, `{"features":{"inventory_lines":false}}`)
		read := func(a *account) []pos.Stock {
			t.Helper()
			var rows []pos.Stock
			for s, err := range pos.AllStock(t.Context(), a.provider, pos.InventoryQuery{}) {
				if err != nil {
					t.Fatal(err)
				}
				slices.SortFunc(s.Lots, func(a, b pos.Lot) int { return strings.Compare(a.ID, b.ID) })
				rows = append(rows, s)
			}
			slices.SortFunc(rows, func(a, b pos.Stock) int { return strings.Compare(a.Location+a.SKU, b.Location+b.SKU) })
			return rows
		}
		want := read(byLine)
		if len(want) != 6 {
			t.Fatalf("%d rows", len(want))
		}
		if diff := cmp.Diff(want, read(byTag), cmpopts.IgnoreFields(pos.Stock{}, "Name", "CountedAt")); diff != "" {
			t.Errorf("(-lines +tags):\n%s", diff)
		}
	})
}
