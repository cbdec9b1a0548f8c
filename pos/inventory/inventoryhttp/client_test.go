package inventoryhttp_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/pos/inventory"
	"github.com/farmacyfoods/pointofsale/pos/inventory/inventoryfake"
	"github.com/farmacyfoods/pointofsale/pos/inventory/inventoryhttp"
	"github.com/farmacyfoods/pointofsale/pos/posfake"
	"github.com/farmacyfoods/pointofsale/vendors/kit"
)

func setup(t *testing.T) (*inventoryfake.Fake, *inventoryhttp.Client) {
	t.Helper()
	fake := inventoryfake.New(inventoryfake.Config{})
	t.Cleanup(fake.Close)
	client, err := inventoryhttp.New(
		inventoryhttp.Config{BaseURL: "https://inventory.example", Token: pos.NewSecret(inventoryfake.DefaultToken)},
		&kit.Options{HTTPClient: &http.Client{Transport: fake.Transport()}})
	if err != nil {
		t.Fatal(err)
	}
	return fake, client
}

func snapshot(location string, n int64) inventory.Snapshot {
	return inventory.Snapshot{
		Key: "k", Vendor: "v", Account: "a", Location: location, Full: true, ObservedAt: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC),
		Stock: []pos.Stock{{Location: location, SKU: "A", OnHand: pos.Counted(pos.Units(n))}},
	}
}

func TestNewReportsEverything(t *testing.T) {
	t.Parallel()
	_, err := inventoryhttp.New(inventoryhttp.Config{Header: "X-Key", RequestsPerSecond: -1, MaxBatch: 101}, nil)
	var ps pos.Problems
	if !errors.As(err, &ps) || !errors.Is(err, pos.ErrInvalid) {
		t.Fatal(err)
	}
	var fields []string
	for _, p := range ps {
		fields = append(fields, p.Field)
	}
	if diff := cmp.Diff([]string{"BaseURL", "Header", "RequestsPerSecond", "MaxBatch"}, fields); diff != "" {
		t.Error(diff)
	}
}

// TestFailuresThatPass hands over one and several snapshots through each
// failure: the revision shows that each was taken once.
func TestFailuresThatPass(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]posfake.Fault{
		"lost reply": {Kind: posfake.FaultLostReply},
		"reset":      {Kind: posfake.FaultReset},
		"truncated":  {Kind: posfake.FaultTruncate},
		"429":        {Kind: posfake.FaultStatus, Status: 429, RetryAfter: "2"},
		"503":        {Kind: posfake.FaultStatus, Status: 503},
		"500":        {Kind: posfake.FaultStatus, Status: 500},
		"slow":       {Kind: posfake.FaultLatency, Latency: 5 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				fake, client := setup(t)
				for _, batch := range [][]inventory.Snapshot{{snapshot("L1", 1)}, {snapshot("L2", 1), snapshot("L3", 2)}} {
					if _, err := fake.Inject(fault); err != nil {
						t.Fatal(err)
					}
					receipts, err := client.Put(t.Context(), batch...)
					if err != nil {
						t.Fatal(err)
					}
					for i, r := range receipts {
						if r.Err != nil || r.Revision != 1 {
							t.Errorf("%s: %+v", batch[i].Location, r)
						}
					}
				}
			})
		})
	}
}

func TestFailuresThatStay(t *testing.T) {
	t.Parallel()
	for status, want := range map[int]error{
		401: pos.ErrAuth, 403: pos.ErrPermission, 404: pos.ErrNotFound, 405: pos.ErrProtocol, 415: pos.ErrProtocol, 503: pos.ErrUnavailable,
	} {
		t.Run(strconv.Itoa(status), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				fake, client := setup(t)
				if _, err := fake.Inject(posfake.Fault{Kind: posfake.FaultStatus, Status: status, Times: -1}); err != nil {
					t.Fatal(err)
				}
				for _, batch := range [][]inventory.Snapshot{{snapshot("L1", 1)}, {snapshot("L2", 1), snapshot("L3", 2)}} {
					receipts, err := client.Put(t.Context(), batch...)
					if !errors.Is(err, want) || receipts != nil {
						t.Errorf("%d receipts, error %v, want %v", len(receipts), err, want)
					}
					if err != nil && strings.Contains(err.Error(), inventoryfake.DefaultToken) {
						t.Errorf("the error shows the token: %v", err)
					}
				}
			})
		})
	}
}

// TestRefusedBatch sends a batch that the service cannot read because of one
// snapshot. Only that one fails.
func TestRefusedBatch(t *testing.T) {
	t.Parallel()
	fake, client := setup(t)
	fake.Intercept(func(r *http.Request) bool {
		return r.Method != http.MethodGet
	}, func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(body(t, r), "poison") {
			w.WriteHeader(http.StatusUnprocessableEntity)
			_, _ = fmt.Fprint(w, `{"error":{"code":"invalid","message":"no","details":[{"item":"poison","field":"sku","reason":"is banned"}]}}`)
			return
		}
		fake.Pass(w, r)
	})
	batch := make([]inventory.Snapshot, 9)
	for i := range batch {
		batch[i] = snapshot(fmt.Sprint("L", i), 1)
	}
	batch[6].Stock[0].SKU = "poison"
	receipts, err := client.Put(t.Context(), batch...)
	if err != nil {
		t.Fatal(err)
	}
	for i, r := range receipts {
		if i != 6 && (r.Err != nil || r.Revision != 1) {
			t.Errorf("%d: %+v", i, r)
		}
	}
	var why *inventoryhttp.Refusal
	if !errors.Is(receipts[6].Err, pos.ErrInvalid) || !errors.As(receipts[6].Err, &why) {
		t.Fatalf("%+v", receipts[6])
	}
	want := &inventoryhttp.Refusal{Code: "invalid", Message: "no", Details: pos.Problems{{Item: "poison", Field: "sku", Reason: "is banned"}}}
	if diff := cmp.Diff(want, why); diff != "" {
		t.Error(diff)
	}
	if text := receipts[6].Err.Error(); !strings.Contains(text, "v: putStock: L6: invalid (invalid") || !strings.HasSuffix(text, "no: poison: sku: is banned") {
		t.Error(text)
	}
}

func body(t *testing.T, r *http.Request) string {
	t.Helper()
	var b strings.Builder
	if err := r.Write(&b); err != nil {
		t.Error(err)
	}
	return b.String()
}

// TestOddReceipts covers answers that a later or faulty service may give.
func TestOddReceipts(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		answer string
		call   error // of the call
		second error // in the second receipt
	}{
		"one too few":        {`{"receipts":[{"revision":1}]}`, pos.ErrProtocol, nil},
		"no JSON":            {`hello`, pos.ErrProtocol, nil},
		"a code of tomorrow": {`{"receipts":[{"revision":1},{"revision":0,"error":{"code":"shard_busy","message":"later","new":1}}],"x":[]}`, nil, pos.ErrUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				fake, client := setup(t)
				fake.Intercept(nil, func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprint(w, c.answer) })
				receipts, err := client.Put(t.Context(), snapshot("L1", 1), snapshot("L2", 1))
				if !errors.Is(err, c.call) {
					t.Errorf("error %v, want %v", err, c.call)
				}
				if c.call != nil {
					return
				}
				e, ok := errors.AsType[*pos.Error](receipts[1].Err)
				if !errors.Is(receipts[1].Err, c.second) || !ok || e.Location != "L2" || e.Code != "shard_busy" {
					t.Errorf("%+v", receipts[1])
				}
			})
		})
	}
}

func TestHealth(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		fake, client := setup(t)
		if err := client.Health(t.Context()); err != nil {
			t.Error(err)
		}
		if _, err := fake.Inject(posfake.Fault{Kind: posfake.FaultStatus, Status: 503, Times: -1}); err != nil {
			t.Fatal(err)
		}
		if err := client.Health(t.Context()); !errors.Is(err, pos.ErrUnavailable) {
			t.Error(err)
		}
	})
}

func ExampleNew() {
	fake := inventoryfake.New(inventoryfake.Config{})
	defer fake.Close()
	service, err := inventoryhttp.New(inventoryhttp.Config{BaseURL: fake.URL(), Token: pos.NewSecret(inventoryfake.DefaultToken)}, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.Background()
	receipts, err := service.Put(ctx, inventory.Snapshot{
		Key: "1", Vendor: "bytetech", Account: "main", Location: "F-7", Full: true, ObservedAt: time.Now(),
		Stock: []pos.Stock{{Location: "F-7", SKU: "BOWL-1", OnHand: pos.Counted(pos.Units(4))}},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	stock, revision, err := service.Stock(ctx, "bytetech", "main", "F-7")
	fmt.Println(receipts[0].Err, revision, stock[0].SKU, stock[0].OnHand, err)
	// Output: <nil> 1 BOWL-1 4 <nil>
}
