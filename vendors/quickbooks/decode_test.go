package quickbooks

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/vendors/kit"
)

func TestNumber(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		in           number
		plain, price string
	}{
		{"12.95", "12.95", "12.95"},
		{"1.5E+2", "150", "150.00"},
		{"-1.25e-1", "-0.125", "-0.12"},
		{"0.125", "0.125", "0.12"},
		{"0.135", "0.135", "0.14"},
		{"3.33333", "3.33333", "3.33"},
		{"3.3350000001", "3.3350000001", "3.34"},
		{"1E3", "1000", "1000.00"},
		{"100E-4", "0.0100", "0.01"},
	} {
		plain, err := tc.in.plain()
		if err != nil || plain != tc.plain {
			t.Errorf("%s: plain %q, %v, want %q", tc.in, plain, err, tc.plain)
		}
		price, err := tc.in.price("USD")
		if err != nil || price.Decimal() != tc.price {
			t.Errorf("%s: price %s, %v, want %s", tc.in, price.Decimal(), err, tc.price)
		}
	}
	for _, bad := range []number{"1e99", "e", "1e", "--1", "x", "1.2.3", "0x1", "1e+-2"} {
		if m, err := bad.price("USD"); err == nil {
			t.Errorf("%q is taken for %s", bad, m)
		}
	}
	if m, err := number("9.999").money("USD"); err == nil {
		t.Errorf("an amount with three decimals is taken for %s", m)
	}
}

func FuzzNumber(f *testing.F) {
	for _, seed := range []string{"12.95", "1E+2", "-0.0005", "99999999999999999999", "1e-20"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		n := number(s)
		exact, err := n.money("USD")
		price, perr := n.price("USD")
		if err == nil && (perr != nil || price != exact) {
			t.Errorf("%q: money %v, price %v (%v)", s, exact, price, perr)
		}
		if err == nil && n.zero() != (exact.Amount == 0) {
			t.Errorf("%q: zero %t, amount %v", s, n.zero(), exact)
		}
	})
}

func TestClassify(t *testing.T) {
	t.Parallel()
	const (
		stale   = `{"Fault":{"Error":[{"Message":"Stale Object Error","Detail":"changed","code":"5010","element":""}],"type":"ValidationFault"},"time":"2026-11-23T14:05:00.000-08:00"}`
		gateway = `{"warnings":null,"fault":{"error":[{"message":"message=AuthenticationFailed; errorCode=003200; statusCode=401","detail":"Malformed bearer token","code":"3200","element":null}],"type":"AUTHENTICATION"},"time":1633520295688}`
		xml429  = `<?xml version="1.0" encoding="UTF-8"?><IntuitResponse xmlns="http://schema.intuit.com/finance/v3"><Fault type="SERVICE"><Error code="3001"><Message>message=ThrottleExceeded</Message></Error></Fault></IntuitResponse>`
	)
	for name, tc := range map[string]struct {
		status int
		body   string
		kind   pos.Kind
		code   string
		retry  bool
		after  time.Duration
	}{
		"stale":            {400, stale, pos.KindConflict, "5010", false, 0},
		"gateway":          {401, gateway, pos.KindAuth, "3200", false, 0},
		"throttled in XML": {429, xml429, pos.KindRateLimited, "3001", true, time.Minute},
		"throttled":        {429, "", pos.KindRateLimited, "", true, time.Minute},
		"120 by chance":    {500, `{"Fault":{"Error":[{"code":"120"}],"type":"AuthorizationFault"}}`, pos.KindUnavailable, "120", true, 0},
		"access withdrawn": {403, `{"Fault":{"Error":[{"code":"000120"}],"type":"AuthorizatonFault"}}`, pos.KindPermission, "000120", false, 0},
		"gone":             {400, `{"Fault":{"Error":[{"code":"610"}],"type":"ValidationFault"}}`, pos.KindNotFound, "610", false, 0},
		"business":         {400, `{"Fault":{"Error":[{"code":"6000","Message":"no"}],"type":"ValidationFault"}}`, pos.KindInvalid, "6000", false, 0},
		"proxy":            {502, `<html><body>Bad Gateway</body></html>`, pos.KindUnavailable, "", true, 0},
		"entities":         {429, `<!DOCTYPE x [<!ENTITY a "b">]><IntuitResponse><Fault><Error code="&a;"/></Fault></IntuitResponse>`, pos.KindRateLimited, "", true, time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var e *pos.Error
			p := offlineProvider(t, refuser{tc.status, tc.body}, nil)
			_, err := p.Inventory(t.Context(), pos.InventoryQuery{})
			if !errors.As(err, &e) || e.Kind != tc.kind || e.Code != tc.code || e.RetryAfter != tc.after {
				t.Errorf("got %+v, want %v %s %v", e, tc.kind, tc.code, tc.after)
			}
			f := &kit.Failure{Status: tc.status, Body: []byte(tc.body), Error: &pos.Error{}, Retry: tc.status >= 500}
			if classify(f); f.Retry != tc.retry && tc.status != 429 {
				t.Errorf("retry %t, want %t", f.Retry, tc.retry)
			}
			if strings.Contains(fmt.Sprint(err), "Malformed bearer") {
				t.Errorf("the error repeats what a gateway said about a credential: %v", err)
			}
		})
	}
}

// refuser answers every call but those for tokens with a failure.
type refuser struct {
	status int
	body   string
}

func (f refuser) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := sampleAnswers().RoundTrip(r)
	if err == nil && !strings.HasSuffix(r.URL.Path, "bearer") {
		resp, err = answers{"query": f.body, "Item": f.body}.RoundTrip(r)
		resp.StatusCode = f.status
	}
	return resp, err
}

// FuzzFault: whatever a failed answer holds, an error comes out.
func FuzzFault(f *testing.F) {
	f.Add([]byte(`{"Fault":{"Error":[{"code":"5010"}],"type":"ValidationFault"}}`))
	f.Add([]byte(`<IntuitResponse><Fault type="SERVICE"><Error code="3001"/></Fault></IntuitResponse>`))
	f.Add([]byte(`{"fault":{"error":null}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		e := &pos.Error{Kind: pos.KindInvalid, Err: errors.New("before")}
		classify(&kit.Failure{Status: 400, Body: body, Error: e})
		if e.Err == nil || e.Error() == "" || len(e.Error()) > 1<<20 {
			t.Errorf("error %v", e)
		}
	})
}

// FuzzChanges: what strangers write into the books never panics, loses its id or
// differs between two reads.
func FuzzChanges(f *testing.F) {
	f.Add(`{"SalesReceipt":[{"Id":"1","SyncToken":"0","TotalAmt":1,"Line":[{"Amount":1,"DetailType":"SalesItemLineDetail","SalesItemLineDetail":{"ItemRef":{"value":"51"}}}]}]}`)
	f.Add(`{"Invoice":[{"Id":"1","Balance":"x","LinkedTxn":[{"TxnId":"2","TxnType":"Payment"}]}],"Payment":[{"Id":"2"}]}`)
	f.Add(`{"RefundReceipt":[{"Id":"1","PrivateNote":"refund-of:qbo:1234:SalesReceipt:","status":"Deleted"}]}`)
	f.Fuzz(func(t *testing.T, changes string) {
		a := sampleAnswers()
		a["cdc"] = `{"CDCResponse":[{"QueryResponse":[` + changes + `]}]}`
		read := func() []pos.Purchase {
			r := &journal{Provider: offlineProvider(t, a, nil)}
			page, err := r.capture(t.Context(), kit.Window{From: time.Unix(1_790_000_000, 0)})
			if err != nil {
				return nil
			}
			for i := range page.Purchases {
				p := &page.Purchases[i]
				p.OccurredAt, p.RecordedAt, p.UpdatedAt = time.Time{}, time.Time{}, time.Time{} // now, where none was told
				if p.ID == "" || p.Version == "" || p.Location == "" || !p.Currency.Valid() || p.Total.Currency != p.Currency {
					t.Errorf("incomplete: %+v", p)
				}
			}
			return page.Purchases
		}
		if diff := cmp.Diff(read(), read()); diff != "" {
			t.Error(diff)
		}
	})
}

func TestScanToken(t *testing.T) {
	t.Parallel()
	s := newScan([]string{salesReceipt, payment}, time.Unix(1000, 0))
	got, err := parseScan(s.token())
	if err != nil || !cmp.Equal(got, s) {
		t.Errorf("got %+v, %v", got, err)
	}
	for _, bad := range []string{"", "{}", `{"e":["Vendor"],"s":1}`, `{"e":["Invoice"],"s":0}`} {
		if _, err := parseScan(bad); !errors.Is(err, pos.ErrCursor) {
			t.Errorf("%q: %v", bad, err)
		}
	}
	// A second that fills pages is counted through, with an overlap.
	rows := make([]record, 100)
	for i := range rows {
		rows[i].MetaData.LastUpdatedTime.Time = time.Unix(2000, 0)
	}
	next := s.next(rows, true, 100)
	if next.At != 2000 || next.Start != 1 {
		t.Errorf("a later second begins at %+v", next)
	}
	if next = next.next(rows, true, 100); next.At != 2000 || next.Start != 81 {
		t.Errorf("the second goes on at %+v", next)
	}
	if next = next.next(rows[:1], false, 100); next.Entities[0] != payment || next.At != 1000 || next.Start != 1 {
		t.Errorf("the next entity begins at %+v", next)
	}
	if next = next.next(nil, false, 100); next != nil {
		t.Errorf("after the last entity there is %+v", next)
	}
}
