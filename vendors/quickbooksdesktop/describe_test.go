package quickbooksdesktop_test

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/vendors/quickbooksdesktop"
)

var update = flag.Bool("update", false, "rewrite the files in testdata")

// golden compares a value with a file.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	name = filepath.Join("testdata", name)
	if *update {
		if err := os.MkdirAll("testdata", 0o750); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, got, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-want +got), rewrite it with -update:\n%s", name, diff)
	}
}

func TestCapabilities(t *testing.T) {
	t.Parallel()
	p, _ := open(t, &pos.MemoryStore{})
	text, err := json.MarshalIndent(p.Describe(), "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "capabilities.json", append(text, '\n'))
}

func TestQWC(t *testing.T) {
	t.Parallel()
	p, _ := open(t, &pos.MemoryStore{})
	file, err := p.QWC(quickbooksdesktop.QWCConfig{AppName: "Farmacy POS Sync", AppURL: "https://pos.example.com/qbwc", Description: "Menu, stock and sales exchange"})
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "kiosk.qwc", file)
	if strings.Contains(string(file), password) {
		t.Error("the file holds the password")
	}
	for _, bad := range []quickbooksdesktop.QWCConfig{
		{},
		{AppName: "x", AppURL: "http://pos.example.com/"},
		{AppName: "x", AppURL: "https://192.0.2.7/"},
		{AppName: "x", AppURL: "https://pos.example.com/", AppSupport: "https://elsewhere.example/"},
		{AppName: "x", AppURL: "https://pos.example.com/", Description: strings.Repeat("x", 81)},
	} {
		if _, err := p.QWC(bad); !errors.Is(err, pos.ErrInvalid) {
			t.Errorf("%+v: %v", bad, err)
		}
	}
}

func TestConfigProblems(t *testing.T) {
	t.Parallel()
	_, err := quickbooksdesktop.New(quickbooksdesktop.Config{Location: "shelf", NonStock: true}, nil)
	var ps pos.Problems
	if !errors.As(err, &ps) || len(ps) < 7 {
		t.Errorf("problems: %v", err)
	}
}

func TestHashPassword(t *testing.T) {
	t.Parallel()
	hash, err := quickbooksdesktop.HashPassword(pos.NewSecret("fake-password"))
	if err != nil || strings.Contains(hash, "fake") {
		t.Fatalf("%q %v", hash, err)
	}
	cfg := config()
	cfg.PasswordHash = hash
	if _, err := quickbooksdesktop.New(cfg, nil); err != nil {
		t.Error(err)
	}
}

func TestCouponsAndRecordsAreRefused(t *testing.T) {
	t.Parallel()
	p, _ := open(t, &pos.MemoryStore{})
	if _, err := p.PushCoupons(t.Context(), pos.CouponPush{}); !errors.Is(err, pos.ErrUnsupported) {
		t.Errorf("coupons: %v", err)
	}
	if _, err := p.Purchases(t.Context(), pos.PurchaseQuery{Records: []string{"1"}}); !errors.Is(err, pos.ErrUnsupported) {
		t.Errorf("records: %v", err)
	}
	if _, err := p.Locations(t.Context(), pos.LocationQuery{}); !errors.Is(err, pos.ErrUnavailable) {
		t.Errorf("before the first run: %v", err)
	}
}

// Whatever is posted, the service answers with XML or a plain refusal.
func FuzzEnvelope(f *testing.F) {
	f.Add(`<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><authenticate xmlns="http://developer.intuit.com/"><strUserName>a</strUserName></authenticate></s:Body></s:Envelope>`)
	f.Add(`<!DOCTYPE a><a/>`)
	f.Fuzz(func(t *testing.T, body string) {
		_, c := open(t, &pos.MemoryStore{})
		if status, answer := c.post(body); status != 400 && xml.Unmarshal([]byte(answer), new(struct{})) != nil {
			t.Errorf("status %d: %s", status, answer)
		}
	})
}

// Whatever QuickBooks seems to answer, the service keeps its state and what it
// delivers adds up or says that it does not.
func FuzzReplies(f *testing.F) {
	f.Add((&book{records: map[string][]string{"ClassQuery": {class}, "SalesReceiptQuery": {receipt}, "ItemInventoryQuery": {item("A", "1", "1", "")}}}).reply(`<ClassQueryRq requestID="Class"<SalesReceiptQueryRq requestID="SalesReceipt"<ItemInventoryQueryRq requestID="ItemInventory"`))
	f.Add(`<QBXML><QBXMLMsgsRs messageSetStatusCode="9"/></QBXML>`)
	f.Fuzz(func(t *testing.T, response string) {
		p, c := open(t, &pos.MemoryStore{})
		ticket, _ := c.authenticate(password)
		for range 3 {
			if c.send(ticket, prelude(fileID)) != "" {
				c.receive(ticket, response, "")
			}
		}
		page, err := p.Purchases(t.Context(), pos.PurchaseQuery{})
		if err != nil {
			return
		}
		for i := range page.Purchases {
			if diff, err := page.Purchases[i].Difference(); err == nil && diff.Amount != 0 && len(page.Purchases[i].Findings) == 0 {
				t.Errorf("the parts differ by %v without a finding", diff)
			}
		}
	})
}
