package square

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/farmacyfoods/pointofsale/pos"
)

var update = flag.Bool("update", false, "write golden files")

// golden compares a value with a file of JSON.
func golden(t *testing.T, path string, value any) {
	t.Helper()
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(value); err != nil {
		t.Fatal(err)
	}
	got := b.Bytes()
	if *update {
		if err := os.WriteFile(path, got, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", path, diff)
	}
}

// TestOrders maps sample orders: what becomes a purchase, and how.
func TestOrders(t *testing.T) {
	t.Parallel()
	samples, err := filepath.Glob(filepath.Join("testdata", "golden", "*.json"))
	if err != nil || len(samples) == 0 {
		t.Fatal(err, len(samples))
	}
	for _, sample := range samples {
		t.Run(filepath.Base(sample), func(t *testing.T) {
			t.Parallel()
			data, err := os.ReadFile(sample)
			if err != nil {
				t.Fatal(err)
			}
			p := offlineProvider(t, fmt.Appendf(nil, `{"orders":[%s]}`, data))
			p.catalog.put("UNKNOWN", known{})
			page, err := p.fetchOrders(t.Context(), []string{"x"}, false)
			if err != nil {
				t.Fatal(err)
			}
			golden(t, strings.TrimSuffix(sample, ".json")+".golden", struct {
				Purchases []pos.Purchase `json:"purchases"`
				Open      []string       `json:"open,omitempty"`
			}{page.Purchases, page.Open})
		})
	}
}

// TestCapabilities keeps what the README says about Square.
func TestCapabilities(t *testing.T) {
	t.Parallel()
	p := offlineProvider(t, nil)
	d := p.Describe()
	d.Account = "example"
	golden(t, filepath.Join("testdata", "capabilities.json"), d)
}
