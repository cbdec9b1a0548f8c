package quickbooksdesktop_test

import (
	"encoding/xml"
	"errors"
	"html"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/vendors/kit"
	"github.com/farmacyfoods/pointofsale/vendors/quickbooksdesktop"
)

const (
	ownerID  = "{6b0f2d0e-4c55-4a36-8c5a-0e0f6f6f0a01}"
	fileID   = "{1d4c1c9a-7a0b-4a4e-9f2c-90a1f5f6c014}"
	password = "correct horse"
	// passwordHash is of the password with few rounds, to keep tests fast.
	passwordHash = "pbkdf2-sha256$1000$ZmFrZS1zYWx0LTAwMDEwMQ$IVdNyoBWjNsbIBZCbchQgzwurcvKLRv2yKAxCzQk04w"
)

func config() quickbooksdesktop.Config {
	return quickbooksdesktop.Config{
		Account: "kiosk-014", UserName: "kiosk-014", PasswordHash: passwordHash,
		OwnerID: ownerID, FileID: fileID, TimeZone: "America/Los_Angeles",
	}
}

// connector calls the service as the Web Connector does.
type connector struct {
	t       *testing.T
	handler http.Handler
	address string
}

func open(t *testing.T, store pos.Store) (*quickbooksdesktop.Provider, *connector) {
	t.Helper()
	p, err := quickbooksdesktop.New(config(), &kit.Options{Store: store})
	if err != nil {
		t.Fatal(err)
	}
	return p, &connector{t, p.Handler(), "192.0.2.1:4711"}
}

var result = regexp.MustCompile(`(?s)<(\w+)Result[^>]*>(.*?)</\w+Result>|<(\w+)Result[^>]*></\w+Result>`)

// post sends an envelope and returns the status and the answer.
func (c *connector) post(body string) (int, string) {
	c.t.Helper()
	r := httptest.NewRequestWithContext(c.t.Context(), http.MethodPost, "/", strings.NewReader(body))
	r.Header.Set("Content-Type", "text/xml; charset=utf-8")
	r.RemoteAddr = c.address
	w := httptest.NewRecorder()
	c.handler.ServeHTTP(w, r)
	return w.Code, w.Body.String()
}

// call makes one call with parameters in the order name, value.
func (c *connector) call(op string, params ...string) string {
	c.t.Helper()
	var b strings.Builder
	b.WriteString(`<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body><` + op + ` xmlns="http://developer.intuit.com/">`)
	for i := 0; i < len(params); i += 2 {
		b.WriteString("<" + params[i] + ">")
		_ = xml.EscapeText(&b, []byte(params[i+1]))
		b.WriteString("</" + params[i] + ">")
	}
	b.WriteString("</" + op + "></soap:Body></soap:Envelope>")
	status, answer := c.post(b.String())
	if status != http.StatusOK {
		c.t.Fatalf("%s: status %d: %s", op, status, answer)
	}
	m := result.FindStringSubmatch(answer)
	if m == nil {
		c.t.Fatalf("%s: no result in %s", op, answer)
	}
	return html.UnescapeString(m[2])
}

var text = regexp.MustCompile(`<string>(.*?)</string>`)

func (c *connector) authenticate(pass string) (ticket, file string) {
	c.t.Helper()
	m := text.FindAllStringSubmatch(c.call("authenticate", "strUserName", "kiosk-014", "strPassword", pass), -1)
	if len(m) != 2 {
		c.t.Fatalf("authenticate: %v", m)
	}
	return m[0][1], m[1][1]
}

func (c *connector) send(ticket, prelude string) string {
	c.t.Helper()
	return c.call("sendRequestXML", "ticket", ticket, "strHCPResponse", prelude, "strCompanyFileName", `C:\QB\Farmacy.qbw`, "qbXMLCountry", "US", "qbXMLMajorVers", "13", "qbXMLMinorVers", "0")
}

func (c *connector) receive(ticket, response, hresult string) string {
	c.t.Helper()
	return c.call("receiveResponseXML", "ticket", ticket, "response", response, "hresult", hresult, "message", "")
}

// prelude is what QuickBooks tells first, with the FileID.
func prelude(id string) string {
	return `<QBXML><QBXMLMsgsRs><CompanyQueryRs statusCode="0"><CompanyRet><CompanyName>Farmacy</CompanyName><DataExtRet><OwnerID>` + ownerID +
		`</OwnerID><DataExtName>FileID</DataExtName><DataExtType>STR255TYPE</DataExtType><DataExtValue>` + id + `</DataExtValue></DataExtRet></CompanyRet></CompanyQueryRs></QBXMLMsgsRs></QBXML>`
}

// The order of one run, from signing in to closing.
func TestRun(t *testing.T) {
	t.Parallel()
	_, c := open(t, &pos.MemoryStore{})
	if got := c.call("serverVersion"); got == "" {
		t.Error("no server version")
	}
	if got := c.call("clientVersion", "strVersion", "2.3.0.207"); got != "" {
		t.Errorf("clientVersion: %q", got)
	}
	ticket, file := c.authenticate(password)
	if len(ticket) < 32 || file != "" {
		t.Fatalf("authenticate: %q, %q", ticket, file)
	}
	request := c.send(ticket, prelude(fileID))
	for _, part := range []string{`<?qbxml version="13.0"?>`, "SalesReceiptQueryRq", `iterator="Start"`, "ClassQueryRq", "TxnDeletedQueryRq"} {
		if !strings.Contains(request, part) {
			t.Errorf("the request lacks %s:\n%s", part, request)
		}
	}
	if got := c.receive(ticket, "", "0x80040400"); got != "-1" {
		t.Errorf("a refused request: %q", got)
	}
	if got := c.call("getLastError", "ticket", ticket); !strings.Contains(got, "0x80040400") {
		t.Errorf("getLastError: %q", got)
	}
	if got := c.call("closeConnection", "ticket", ticket); got != "OK" {
		t.Errorf("closeConnection: %q", got)
	}
	if got := c.send(ticket, ""); got != "" {
		t.Errorf("a closed ticket got %q", got)
	}
	if got := c.receive(ticket, "<QBXML/>", ""); got != "-1" {
		t.Errorf("a closed ticket got %q", got)
	}
}

func TestSignIn(t *testing.T) {
	t.Parallel()
	store := &pos.MemoryStore{}
	_, c := open(t, store)
	for range 4 {
		if ticket, word := c.authenticate("wrong"); ticket != "" || word != "nvu" {
			t.Fatalf("a wrong password: %q, %q", ticket, word)
		}
	}
	first, _ := c.authenticate(password)
	if _, word := c.authenticate(password); word != "busy" {
		t.Errorf("a second session: %q", word)
	}
	other := *c
	other.address = "198.51.100.7:80"
	if _, word := other.authenticate(password); word != "busy" {
		t.Errorf("a second machine: %q", word)
	}
	c.send(first, prelude(fileID))
	second, _ := c.authenticate(password) // the response was lost
	if second == "" || second == "busy" {
		t.Errorf("after a lost response: %q", second)
	}
	if got := c.receive(first, "<QBXML><QBXMLMsgsRs/></QBXML>", ""); got != "-1" {
		t.Errorf("the old ticket got %q", got)
	}
}

func TestGuessing(t *testing.T) {
	t.Parallel()
	_, c := open(t, &pos.MemoryStore{})
	for range 6 {
		c.authenticate("wrong")
	}
	if ticket, word := c.authenticate(password); ticket != "" || word != "nvu" {
		t.Errorf("after six failures: %q, %q", ticket, word)
	}
}

// Strangers who guess do not lock out the computer that signed in before.
func TestGuessingElsewhere(t *testing.T) {
	t.Parallel()
	_, c := open(t, &pos.MemoryStore{})
	ticket, _ := c.authenticate(password)
	c.call("closeConnection", "ticket", ticket)
	stranger := *c
	stranger.address = "198.51.100.7:80"
	for range 8 {
		stranger.authenticate("wrong")
	}
	if ticket, word := c.authenticate(password); ticket == "" {
		t.Errorf("the known computer is locked out: %s", word)
	}
}

func TestWrongCompanyFile(t *testing.T) {
	t.Parallel()
	_, c := open(t, &pos.MemoryStore{})
	ticket, _ := c.authenticate(password)
	if got := c.send(ticket, prelude("{00000000-0000-0000-0000-000000000000}")); got != "" {
		t.Errorf("the wrong file got %q", got)
	}
	if got := c.call("getLastError", "ticket", ticket); !strings.Contains(got, "wrong company file") {
		t.Errorf("getLastError: %q", got)
	}
}

func TestHostileEnvelopes(t *testing.T) {
	t.Parallel()
	_, c := open(t, &pos.MemoryStore{})
	deep := strings.Repeat("<a>", 200) + strings.Repeat("</a>", 200)
	for name, body := range map[string]string{
		"empty": "", "no XML": "hello", "truncated": "<soap:Envelope",
		"doctype":  `<!DOCTYPE x [<!ENTITY a "b">]><s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><serverVersion/></s:Body></s:Envelope>`,
		"deep":     `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>` + deep + `</s:Body></s:Envelope>`,
		"unknown":  `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><dropTables/></s:Body></s:Envelope>`,
		"no body":  `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"/>`,
		"charset":  `<?xml version="1.0" encoding="ebcdic"?><s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"/>`,
		"no utf-8": "<s:Envelope>\xff\xfe</s:Envelope>",
	} {
		if status, _ := c.post(body); status != http.StatusInternalServerError && status != http.StatusBadRequest {
			t.Errorf("%s: status %d", name, status)
		}
	}
	if status, _ := c.post(strings.Repeat("x", 17<<20)); status != http.StatusRequestEntityTooLarge {
		t.Errorf("a huge body: status %d", status)
	}
}

// codeOf returns the vendor's code of an error.
func codeOf(err error) string {
	if e, ok := errors.AsType[*pos.Error](err); ok {
		return e.Code
	}
	return ""
}

func TestSampleExchanges(t *testing.T) {
	t.Parallel()
	dir := os.Getenv("POS_CONTRACTS")
	if dir == "" {
		t.Skip("POS_CONTRACTS is not set")
	}
	dir = filepath.Join(dir, "quickbooks", "examples", "soap")
	_, c := open(t, &pos.MemoryStore{})
	ticket := ""
	for _, name := range []string{"01-serverVersion", "02-clientVersion", "03-authenticate", "04-sendRequestXML", "05-receiveResponseXML", "03-authenticate", "04-sendRequestXML", "05b-receiveResponseXML-parseerror", "06-connectionError", "07-getLastError", "08-closeConnection"} {
		body, err := os.ReadFile(filepath.Join(dir, name+".rq.xml"))
		if err != nil {
			t.Fatal(err)
		}
		status, answer := c.post(strings.ReplaceAll(string(body), "b0a1f3d2-6f64-4f0b-9f0e-1a8a4a5f7c90", ticket))
		if status != http.StatusOK {
			t.Errorf("%s: status %d: %s", name, status, answer)
		}
		if m := text.FindStringSubmatch(answer); strings.HasPrefix(name, "03-") && m != nil {
			ticket = m[1]
		}
		if m := result.FindStringSubmatch(answer); strings.HasPrefix(name, "04-") && (m == nil || m[2] == "") {
			t.Errorf("%s: nothing to do: %s", name, answer)
		}
	}
}
