package kit_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/vendors/kit"
)

// Acme is a vendor as it is built with the kit.
type Acme struct{ client *kit.Client }

// NewAcme checks the configuration and does no I/O.
func NewAcme(baseURL string, token pos.Secret, opts *kit.Options) (*Acme, error) {
	client, err := kit.NewClient(kit.ClientConfig{
		Vendor:    "acme",
		BaseURL:   baseURL,
		Auth:      kit.BearerAuth(token),
		Budget:    kit.NewBudget(10, 20), // ten calls a second
		Classify:  classify,
		Hint:      kit.QuotaHeaders("RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset"),
		KeyHeader: "Idempotency-Key",
	}, opts)
	if err != nil {
		return nil, err
	}
	return &Acme{client}, nil
}

// classify reads Acme's error body {"code": "..."}.
func classify(f *kit.Failure) {
	var body struct {
		Code string `json:"code"`
	}
	if kit.Unmarshal(f.Body, &body) == nil {
		f.Error.Code = body.Code
	}
	if body.Code == "scope_missing" {
		f.Error.Kind = pos.KindPermission
	}
}

type acmeSale struct {
	ID string `json:"id"`
}

// Sales reads a page of sales, element by element.
func (a *Acme) Sales(ctx context.Context, cursor string, each func(id string)) (next string, err error) {
	resp, err := a.client.Do(ctx, kit.Request{
		Op: "ListSales", Method: http.MethodGet, Path: "/sales", Query: url.Values{"cursor": {cursor}},
	})
	if err != nil {
		return "", err
	}
	var rest struct {
		Next string `json:"next"`
	}
	err = kit.EachJSON(resp, "sales", func(s *acmeSale) error {
		each(s.ID)
		return nil
	}, &rest)
	return rest.Next, err
}

// PutPrice sets a price in cents. The key comes from the content, so that a
// restart repeats it.
func (a *Acme) PutPrice(ctx context.Context, changeID, sku string, cents int64) error {
	_, err := a.client.JSON(ctx, kit.Request{
		Op: "PutPrice", Method: http.MethodPost, Path: "/prices",
		Key: kit.Key(changeID, sku, strconv.FormatInt(cents, 10)),
	}, map[string]any{"sku": sku, "price": cents}, nil)
	return err
}

func Example() {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			w.WriteHeader(http.StatusForbidden)
			_, _ = io.WriteString(w, `{"code":"scope_missing"}`)
			return
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"sales": []any{map[string]string{"id": "s1"}, map[string]string{"id": "s2"}}, "next": "c2"})
	}))
	defer server.Close()

	acme, err := NewAcme(server.URL, pos.NewSecret("fake-token"), nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.Background()
	next, err := acme.Sales(ctx, "", func(id string) { fmt.Println("sale", id) })
	fmt.Println("next", next, err)
	fmt.Println(acme.PutPrice(ctx, "change-1", "SKU-1", 950))
	// Output:
	// sale s1
	// sale s2
	// next c2 <nil>
	// acme: PutPrice: permission missing (scope_missing): HTTP 403 Forbidden
}

func ExampleReport() {
	r := kit.NewReport([]string{"SKU-1", "SKU-2"}, []string{"L1", "L2"}, false)
	r.Add(pos.Outcome{Item: "SKU-1", Locations: []string{"L1", "L2"}, Action: pos.Created})
	r.Add(pos.Outcome{Item: "SKU-2", Locations: []string{"L1"}, Action: pos.Unchanged})
	r.Rest(pos.Outcome{Action: pos.Pending})
	r.Wrote(1)
	for _, o := range r.Push().Outcomes {
		fmt.Println(o.Item, o.Locations, o.Action)
	}
	// Output:
	// SKU-1 [L1 L2] created
	// SKU-2 [L1] unchanged
	// SKU-2 [L2] pending
}
