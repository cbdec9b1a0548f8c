package soapkit_test

import (
	"context"
	"encoding/xml"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"
	"github.com/hooklift/gowsdl/soap"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/vendors/kit"
	"github.com/farmacyfoods/pointofsale/vendors/kit/fakekit"
	"github.com/farmacyfoods/pointofsale/vendors/kit/soapkit"
)

const space = "http://example.com/greet/"

// greet and greetResponse look as gowsdl generates them.
type greet struct {
	XMLName xml.Name `xml:"http://example.com/greet/ Greet"`
	Name    string   `xml:"name,omitempty"`
	Times   *int32   `xml:"times,omitempty"`
}

type greetResponse struct {
	XMLName xml.Name `xml:"http://example.com/greet/ GreetResponse"`
	Text    string   `xml:"text,omitempty"`
	Count   *int32   `xml:"count,omitempty"`
}

func envelope(body string) string {
	return `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>` + body + `</s:Body></s:Envelope>`
}

const hello = `<GreetResponse xmlns="http://example.com/greet/"><text>Grüße</text><count>0</count></GreetResponse>`

// call makes one call to a service that the handler plays.
func call(ctx context.Context, t *testing.T, cfg soapkit.Config, h http.HandlerFunc) (greetResponse, error) {
	t.Helper()
	client, err := kit.NewClient(kit.ClientConfig{Vendor: "greet", BaseURL: "http://till.example"},
		&kit.Options{HTTPClient: &http.Client{Transport: fakekit.NewTransport(h)}})
	if err != nil {
		t.Fatal(err)
	}
	cfg.Client, cfg.URL, cfg.Namespace = client, "http://till.example/soap", space
	zero := int32(0)
	var out greetResponse
	err = soapkit.New(cfg).CallContext(ctx, space+"Greet", &greet{Name: "Ann", Times: &zero}, &out)
	return out, soapkit.Error(err, pos.Error{Vendor: "greet", Op: "Greet"})
}

func answer(status int, contentType, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header()["Content-Type"] = nil
		if contentType != "" {
			w.Header().Set("Content-Type", contentType)
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

func TestRequest(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name           string
		cfg            soapkit.Config
		action, within string
	}{
		{"plain", soapkit.Config{}, `"http://example.com/greet/Greet"`, `<Greet xmlns="http://example.com/greet/"><name>Ann</name><times>0</times></Greet>`},
		{"other namespace", soapkit.Config{WireNamespace: "http://till:8080/E/", ActionBase: "urn:e#"}, `"urn:e#Greet"`, `<Greet xmlns="http://till:8080/E/">`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			var got *http.Request
			var body string
			_, err := call(t.Context(), t, tc.cfg, func(w http.ResponseWriter, r *http.Request) {
				b, _ := io.ReadAll(r.Body)
				got, body = r, string(b)
				answer(200, "text/xml", envelope(strings.ReplaceAll(hello, space, "http://till:8080/E/")))(w, r)
			})
			if err != nil {
				t.Fatal(err)
			}
			if action := got.Header.Get("SOAPAction"); action != tc.action {
				t.Errorf("SOAPAction is %s, want %s", action, tc.action)
			}
			if !strings.Contains(body, tc.within) {
				t.Errorf("the body is %s", body)
			}
			if got.Close || !strings.Contains(got.UserAgent(), "farmacyfoods") {
				t.Errorf("close %t, user agent %q", got.Close, got.UserAgent())
			}
		})
	}
}

// TestConnections proves that calls share a connection.
func TestConnections(t *testing.T) {
	t.Parallel()
	seen := make(map[string]bool)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen[r.RemoteAddr] = true
		answer(200, "text/xml", envelope(hello))(w, r)
	}))
	defer srv.Close()
	client, err := kit.NewClient(kit.ClientConfig{Vendor: "greet", BaseURL: srv.URL}, nil)
	if err != nil {
		t.Fatal(err)
	}
	c := soapkit.New(soapkit.Config{Client: client, URL: srv.URL + "/soap", Namespace: space})
	for range 5 {
		var out greetResponse
		if err := c.CallContext(t.Context(), space+"Greet", &greet{}, &out); err != nil {
			t.Fatal(err)
		}
	}
	if len(seen) != 1 {
		t.Errorf("5 calls took %d connections", len(seen))
	}
}

func utf16le(s string) string {
	b := []byte{0xFF, 0xFE}
	for _, u := range utf16.Encode([]rune(s)) {
		b = append(b, byte(u), byte(u>>8))
	}
	return string(b)
}

func TestAnswers(t *testing.T) {
	t.Parallel()
	zero := int32(0)
	for _, tc := range []struct{ name, contentType, body string }{
		{"UTF-8", "text/xml; charset=utf-8", envelope(hello)},
		{"no content type", "", envelope(hello)},
		{"byte order mark", "text/xml", "\xEF\xBB\xBF" + envelope(hello)},
		{"ISO-8859-1 by header", `text/xml; charset="ISO-8859-1"`, strings.NewReplacer("ü", "\xFC", "ß", "\xDF").Replace(envelope(hello))},
		{"ISO-8859-1 by declaration", "text/xml", `<?xml version="1.0" encoding="iso-8859-1"?>` + strings.NewReplacer("ü", "\xFC", "ß", "\xDF").Replace(envelope(hello))},
		{"UTF-16", "text/xml; charset=utf-16", utf16le(`<?xml version="1.0" encoding="utf-16"?>` + envelope(hello))},
		{"other namespace", "text/xml", envelope(strings.Replace(hello, space, "http://server:8080/EGateway/", 1))},
		{"no namespace", "text/xml", envelope(strings.Replace(hello, ` xmlns="`+space+`"`, "", 1))},
		{"prefixes", "text/xml", envelope(`<x:GreetResponse xmlns:x="urn:x"><x:text>Grüße</x:text><x:count>0</x:count></x:GreetResponse>`)},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			got, err := call(t.Context(), t, soapkit.Config{}, answer(200, tc.contentType, tc.body))
			if err != nil {
				t.Fatal(err)
			}
			want := greetResponse{XMLName: xml.Name{Space: space, Local: "GreetResponse"}, Text: "Grüße", Count: &zero}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestNil(t *testing.T) {
	t.Parallel()
	body := envelope(`<GreetResponse xmlns="` + space + `" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><text>a</text><count xsi:nil="true"><deep/></count></GreetResponse>`)
	got, err := call(t.Context(), t, soapkit.Config{}, answer(200, "text/xml", body))
	if err != nil || got.Count != nil || got.Text != "a" {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestFailures(t *testing.T) {
	t.Parallel()
	fault := func(code string) string {
		return envelope(`<s:Fault><faultcode>` + code + `</faultcode><faultstring>no such thing</faultstring><detail><x/></detail></s:Fault>`)
	}
	for _, tc := range []struct {
		name   string
		status int
		body   string
		want   error
		text   string
	}{
		{"server fault with status 500", 500, fault("s:Server"), pos.ErrUnavailable, "no such thing"},
		{"client fault with status 500", 500, fault("soap:Client.Auth"), pos.ErrInvalid, "Client.Auth"},
		{"fault with status 200", 200, fault("Server"), pos.ErrUnavailable, "no such thing"},
		{"gateway page with status 500", 500, "<html><body>oops</body></html>", pos.ErrUnavailable, "HTTP 500"},
		{"nothing", 200, "", pos.ErrProtocol, "envelope"},
		{"no XML", 200, "not xml", pos.ErrProtocol, ""},
		{"page", 200, "<html><body/></html>", pos.ErrProtocol, "envelope"},
		{"SOAP 1.2", 200, `<e:Envelope xmlns:e="http://www.w3.org/2003/05/soap-envelope"><e:Body/></e:Envelope>`, pos.ErrProtocol, "SOAP 1.1"},
		{"truncated", 200, envelope(hello)[:150], pos.ErrProtocol, ""},
		{"another answer", 200, envelope("<Other/>"), pos.ErrProtocol, ""},
		{"bad number", 200, envelope(strings.Replace(hello, "<count>0", "<count>many", 1)), pos.ErrProtocol, ""},
		{"entity expansion", 200, `<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>` + envelope(hello), pos.ErrProtocol, "document type"},
		{"external entity", 200, `<!DOCTYPE x SYSTEM "http://attacker.example/x.dtd">` + envelope(hello), pos.ErrProtocol, "document type"},
		{"unknown entity", 200, envelope(strings.Replace(hello, "Grüße", "&b;", 1)), pos.ErrProtocol, ""},
		{"deep", 200, envelope(strings.Repeat("<a>", 5000) + strings.Repeat("</a>", 5000)), pos.ErrProtocol, "nested"},
		{"attributes", 200, envelope("<a " + strings.Repeat(`b="" `, 5000) + "/>"), pos.ErrProtocol, "attributes"},
		{"huge", 200, envelope("<a>" + strings.Repeat("x", 2<<20) + "</a>"), pos.ErrProtocol, "larger"},
		{"wrong encoding", 200, envelope("<a>\xFC</a>"), pos.ErrProtocol, "encoding"},
		{"unknown encoding", 200, `<?xml version="1.0" encoding="ebcdic-cp-us"?>` + envelope(hello), pos.ErrProtocol, "ebcdic"},
		{"unauthorized", 401, "", pos.ErrAuth, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			_, err := call(t.Context(), t, soapkit.Config{Limits: soapkit.Limits{Size: 1 << 20}}, answer(tc.status, "text/xml", tc.body))
			if !errors.Is(err, tc.want) || !strings.Contains(err.Error(), tc.text) || !strings.Contains(err.Error(), "greet: Greet: ") {
				t.Errorf("got %v, want %v with %q", err, tc.want, tc.text)
			}
		})
	}
}

func TestFaultType(t *testing.T) {
	t.Parallel()
	_, err := call(t.Context(), t, soapkit.Config{}, answer(500, "text/xml", envelope(`<s:Fault><faultcode>s:Server</faultcode><faultstring>busy</faultstring></s:Fault>`)))
	var f *soapkit.Fault
	if !errors.As(err, &f) || *f != (soapkit.Fault{Code: "Server", Text: "busy"}) {
		t.Errorf("got %+v", f)
	}
}

// TestRepeats proves that only operations described as repeatable are.
func TestRepeats(t *testing.T) {
	t.Parallel()
	for _, repeatable := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			calls := 0
			cfg := soapkit.Config{Describe: func(op string) kit.Request { return kit.Request{Repeatable: repeatable && op == "Greet"} }}
			_, err := call(t.Context(), t, cfg, func(w http.ResponseWriter, r *http.Request) {
				if calls++; calls == 1 {
					w.WriteHeader(http.StatusServiceUnavailable)
					return
				}
				answer(200, "text/xml", envelope(hello))(w, r)
			})
			if (err == nil) != repeatable || (calls == 2) != repeatable {
				t.Errorf("repeatable %t: %d calls, %v", repeatable, calls, err)
			}
		})
	}
}

func TestContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := call(ctx, t, soapkit.Config{}, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
		if !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, pos.ErrUnavailable) {
			t.Errorf("got %v", err)
		}
	})
}

// FuzzEnvelope feeds answers: no panic, and an error is typed.
func FuzzEnvelope(f *testing.F) {
	for _, s := range []string{envelope(hello), "<a", utf16le(envelope(hello)), envelope("<s:Fault/>"), `<?xml version="1.0" encoding="windows-1252"?>` + envelope("<a>\x80</a>")} {
		f.Add(s, "text/xml")
	}
	f.Fuzz(func(t *testing.T, body, contentType string) {
		if strings.ContainsAny(contentType, "\r\n") {
			return
		}
		_, err := call(t.Context(), t, soapkit.Config{Limits: soapkit.Limits{Size: 1 << 16}}, answer(200, contentType, body))
		var e *pos.Error
		if err != nil && !errors.As(err, &e) {
			t.Errorf("untyped: %v", err)
		}
		if errors.As(err, new(*soap.HTTPError)) {
			t.Errorf("an error of the runtime came out: %v", err)
		}
	})
}

func TestUnmarshal(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, document, want string
		ok                   bool
	}{
		{"declared otherwise", `<?xml version="1.0" encoding="utf-16"?><a><b>ü</b></a>`, "ü", true},
		{"document type", `<!DOCTYPE a [<!ENTITY b "x">]><a><b>&b;</b></a>`, "", false},
		{"deep", strings.Repeat("<a>", 100) + strings.Repeat("</a>", 100), "", false},
		{"cut", "<a><b>x</b>", "", false},
		{"empty", "", "", false},
	} {
		var out struct {
			B string `xml:"b"`
		}
		err := soapkit.Limits{}.Unmarshal([]byte(tc.document), &out)
		if (err == nil) != tc.ok || tc.ok && out.B != tc.want || err != nil && !errors.Is(err, pos.ErrProtocol) {
			t.Errorf("%s: got %q, %v", tc.name, out.B, err)
		}
	}
}
