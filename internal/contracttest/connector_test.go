package contracttest

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/vendors/kit"
	"github.com/farmacyfoods/pointofsale/vendors/quickbooksdesktop"
)

const (
	connectorWSDL = "quickbooks/QBWebConnectorSvc.wsdl"
	ownerID       = "{6b0f2d0e-4c55-4a36-8c5a-0e0f6f6f0a01}"
	companyFile   = "{1d4c1c9a-7a0b-4a4e-9f2c-90a1f5f6c014}"
	user          = "kiosk-014"
	password      = "correct horse"
	// passwordHash is of the password with few rounds, to keep the test fast.
	passwordHash = "pbkdf2-sha256$1000$ZmFrZS1zYWx0LTAwMDEwMQ$IVdNyoBWjNsbIBZCbchQgzwurcvKLRv2yKAxCzQk04w"
	className    = "Café “14” & <Lobby>"
)

var queries = regexp.MustCompile(`<(\w+)Rq requestID="([^"]*)"`)

// company answers a message set as QuickBooks does where there is one class and
// nothing else.
func company(document string) string {
	var b strings.Builder
	for _, m := range queries.FindAllStringSubmatch(document, -1) {
		status, content := ` statusCode="1" statusSeverity="Info" statusMessage="none"`, ""
		if m[1] == "ClassQuery" {
			name := strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(className)
			status = ` statusCode="0" statusSeverity="Info" statusMessage="Status OK"`
			content = "<ClassRet><ListID>80000011-1</ListID><Name>" + name + "</Name><FullName>" + name + "</FullName><IsActive>true</IsActive></ClassRet>"
		}
		fmt.Fprintf(&b, `<%sRs requestID="%s"%s>%s</%sRs>`, m[1], m[2], status, content, m[1])
	}
	return `<?xml version="1.0" ?><QBXML><QBXMLMsgsRs>` + b.String() + `</QBXMLMsgsRs></QBXML>`
}

// prelude is what the Web Connector passes on at the first call of a run.
const prelude = `<?xml version="1.0" ?><QBXML><QBXMLMsgsRs><CompanyQueryRs statusCode="0"><CompanyRet><CompanyName>Farmacy</CompanyName><DataExtRet><OwnerID>` + ownerID +
	`</OwnerID><DataExtName>FileID</DataExtName><DataExtType>STR255TYPE</DataExtType><DataExtValue>` + companyFile + `</DataExtValue></DataExtRet></CompanyRet></CompanyQueryRs></QBXMLMsgsRs></QBXML>`

// TestWebConnectorForeignClient lets a client that is not ours make the calls
// of a Web Connector run.
func TestWebConnectorForeignClient(t *testing.T) {
	t.Parallel()
	File(t, connectorWSDL)
	p, err := quickbooksdesktop.New(quickbooksdesktop.Config{
		Account: user, UserName: user, PasswordHash: passwordHash, TimeZone: "America/Los_Angeles",
		OwnerID: ownerID, FileID: companyFile,
	}, &kit.Options{Store: &pos.MemoryStore{}})
	if err != nil {
		t.Fatal(err)
	}
	said := &answers{handler: p.Handler()}
	server := httptest.NewServer(said)
	defer server.Close()
	c := connect(t, connectorWSDL, server.URL+"/")

	var version struct{ ServerVersionResult string }
	if c.call(t, "serverVersion", `{}`, &version); version.ServerVersionResult == "" {
		t.Error("serverVersion has no result")
	}
	c.refused(t, "wrong")
	c.run(t)
	c.refused(t, "wrong again")
	places, err := p.Locations(t.Context(), pos.LocationQuery{})
	if err != nil || len(places.Locations) != 1 || places.Locations[0].Name != className {
		t.Errorf("after the run: %+v, %v", places, err)
	}
	lint(t, File(t, connectorWSDL), said.bodies)
}

func marshal(args map[string]any) string {
	text, _ := json.Marshal(args) // texts and numbers always can
	return string(text)
}

// authenticate signs in with a password and returns the ticket and the word beside it.
func (c caller) authenticate(t *testing.T, secret string) (ticket, word string) {
	t.Helper()
	var answer struct {
		AuthenticateResult struct{ String []string }
	}
	c.call(t, "authenticate", marshal(map[string]any{"strUserName": user, "strPassword": secret}), &answer)
	list := answer.AuthenticateResult.String
	if len(list) != 2 {
		t.Fatalf("authenticate: %q", list)
	}
	return list[0], list[1]
}

func (c caller) refused(t *testing.T, secret string) {
	t.Helper()
	if ticket, word := c.authenticate(t, secret); ticket != "" || word != "nvu" {
		t.Errorf("signed in with a wrong password: %q %q", ticket, word)
	}
}

// run makes the calls of one run, to its end.
func (c caller) run(t *testing.T) {
	t.Helper()
	ticket, word := c.authenticate(t, password)
	if ticket == "" || word != "" {
		t.Fatalf("authenticate: %q %q", ticket, word)
	}
	first := prelude
	for percent, round := 0, 0; percent < 100; round++ {
		var request struct{ SendRequestXMLResult string }
		c.call(t, "sendRequestXML", marshal(map[string]any{
			"ticket": ticket, "strHCPResponse": first, "strCompanyFileName": `C:\QB\Farmacy.qbw`, "qbXMLCountry": "US", "qbXMLMajorVers": 13, "qbXMLMinorVers": 0,
		}), &request)
		first = ""
		document := request.SendRequestXMLResult
		if err := xml.Unmarshal([]byte(document), new(Node)); err != nil || !queries.MatchString(document) || round > 100 {
			t.Fatalf("round %d: %v in %q", round, err, document)
		}
		var done struct{ ReceiveResponseXMLResult int }
		c.call(t, "receiveResponseXML", marshal(map[string]any{"ticket": ticket, "response": company(document), "hresult": "", "message": ""}), &done)
		if percent = done.ReceiveResponseXMLResult; percent < 0 {
			var last struct{ GetLastErrorResult string }
			c.call(t, "getLastError", marshal(map[string]any{"ticket": ticket}), &last)
			t.Fatalf("receiveResponseXML: %d: %s", percent, last.GetLastErrorResult)
		}
	}
	var end struct{ CloseConnectionResult string }
	if c.call(t, "closeConnection", marshal(map[string]any{"ticket": ticket}), &end); end.CloseConnectionResult != "OK" {
		t.Errorf("closeConnection: %+v", end)
	}
}
