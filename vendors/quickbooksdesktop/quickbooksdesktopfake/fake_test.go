package quickbooksdesktopfake_test

import (
	"context"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/farmacyfoods/pointofsale/vendors/quickbooksdesktop/quickbooksdesktopfake"
)

// service is a tiny service for a Web Connector: it hands out a list of
// requests and keeps the responses.
type service struct {
	mu       sync.Mutex
	requests []string
	auth     []string // overrides the answer of authenticate
	percent  func(left int) int
	lastErr  func() string
	failed   string // answer of connectionError

	calls     []string
	responses []response
	preludes  []string
}

type response struct{ XML, HResult, Message string }

func (s *service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	body, _ := io.ReadAll(r.Body)
	var in struct {
		Body struct {
			Call struct {
				XMLName  xml.Name
				Response string `xml:"response"`
				HResult  string `xml:"hresult"`
				Message  string `xml:"message"`
				Prelude  string `xml:"strHCPResponse"`
			} `xml:",any"`
		} `xml:"Body"`
	}
	if err := xml.Unmarshal(body, &in); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	c := in.Body.Call
	op := c.XMLName.Local
	s.calls = append(s.calls, op)
	if c.XMLName.Space != quickbooksdesktopfake.Namespace || r.Header.Get("SOAPAction") != `"`+quickbooksdesktopfake.Namespace+op+`"` {
		http.Error(w, "namespace or SOAPAction", http.StatusBadRequest)
		return
	}
	result := ""
	switch op {
	case "authenticate":
		list := s.auth
		if list == nil {
			list = []string{"ticket-1", ""}
		}
		var resultText strings.Builder
		for _, v := range list {
			resultText.WriteString("<string>" + escaped(v) + "</string>")
		}
		result += resultText.String()
	case "sendRequestXML":
		s.preludes = append(s.preludes, c.Prelude)
		if len(s.requests) > 0 {
			result = escaped(s.requests[0])
		}
	case "receiveResponseXML":
		s.responses = append(s.responses, response{c.Response, c.HResult, c.Message})
		s.requests = s.requests[1:]
		percent := 100
		if len(s.requests) > 0 {
			percent = 50
		}
		if s.percent != nil {
			percent = s.percent(len(s.requests))
		}
		result = strconv.Itoa(percent)
	case "getLastError":
		result = "nothing to do"
		if s.lastErr != nil {
			result = s.lastErr()
		}
	case "connectionError":
		result = s.failed
	case "closeConnection":
		result = "OK"
	}
	w.Header().Set("Content-Type", "text/xml; charset=utf-8")
	_, _ = fmt.Fprintf(w, `<?xml version="1.0" encoding="utf-8"?><s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><%[1]sResponse xmlns="%[2]s"><%[1]sResult>%[3]s</%[1]sResult></%[1]sResponse></s:Body></s:Envelope>`,
		op, quickbooksdesktopfake.Namespace, result)
}

func escaped(s string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(s))
	return b.String()
}

// set is a request document around messages.
func set(attrs string, messages ...string) string {
	return `<?xml version="1.0" encoding="utf-8"?><?qbxml version="13.0"?><QBXML><QBXMLMsgsRq ` + attrs + `>` + strings.Join(messages, "") + `</QBXMLMsgsRq></QBXML>`
}

const goOn = `onError="continueOnError"`

func open(t *testing.T, cfg quickbooksdesktopfake.Config) (*quickbooksdesktopfake.Fake, *service) {
	t.Helper()
	s := &service{}
	cfg.Handler = s
	f, err := quickbooksdesktopfake.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(f.Close)
	return f, s
}

// ask has one request document executed and returns the response.
func ask(t *testing.T, f *quickbooksdesktopfake.Fake, s *service, requests ...string) []response {
	t.Helper()
	s.requests, s.responses = requests, nil
	if _, err := f.RunOnce(context.Background()); err != nil {
		t.Fatal(err)
	}
	return s.responses
}

// one is ask for a single message set of messages that go on after errors.
func one(t *testing.T, f *quickbooksdesktopfake.Fake, s *service, messages ...string) string {
	t.Helper()
	out := ask(t, f, s, set(goOn, messages...))
	if len(out) != 1 || out[0].HResult != "" {
		t.Fatalf("responses %+v", out)
	}
	return out[0].XML
}

// codes are the status codes of a response in order.
func codes(text string) string {
	var out []string
	for _, m := range regexp.MustCompile(` statusCode="(\d+)"`).FindAllStringSubmatch(text, -1) {
		out = append(out, m[1])
	}
	return strings.Join(out, " ")
}

// field is the text of the first element of that name.
func field(text, name string) string {
	m := regexp.MustCompile("<" + name + ">([^<]*)</" + name + ">").FindStringSubmatch(text)
	if m == nil {
		return ""
	}
	return m[1]
}

// value is the first value of an attribute.
func value(text, name string) string {
	m := regexp.MustCompile(name + `="([^"]*)"`).FindStringSubmatch(text)
	if m == nil {
		return ""
	}
	return m[1]
}

const bowl = `<ItemInventoryAddRq requestID="1"><ItemInventoryAdd><Name>BOWL</Name><SalesDesc>Bowl</SalesDesc><SalesPrice>11.5</SalesPrice>` +
	`<IncomeAccountRef><FullName>Sales</FullName></IncomeAccountRef><COGSAccountRef><FullName>Cost of Goods Sold</FullName></COGSAccountRef>` +
	`<AssetAccountRef><FullName>Inventory Asset</FullName></AssetAccountRef></ItemInventoryAdd></ItemInventoryAddRq>`
