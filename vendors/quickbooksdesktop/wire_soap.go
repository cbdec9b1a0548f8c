package quickbooksdesktop

import (
	"bytes"
	"encoding/xml"
	"fmt"
)

const (
	serviceSpace  = "http://developer.intuit.com/"
	envelopeSpace = "http://schemas.xmlsoap.org/soap/envelope/"
)

// The operations that the Web Connector calls.
//
//	op: POST / serverVersion
//	op: POST / clientVersion
//	op: POST / authenticate
//	op: POST / sendRequestXML
//	op: POST / receiveResponseXML
//	op: POST / connectionError
//	op: POST / getLastError
//	op: POST / closeConnection
const (
	opServerVersion   = "serverVersion"
	opClientVersion   = "clientVersion"
	opAuthenticate    = "authenticate"
	opSendRequest     = "sendRequestXML"
	opReceiveResponse = "receiveResponseXML"
	opConnectionError = "connectionError"
	opGetLastError    = "getLastError"
	opCloseConnection = "closeConnection"
)

// callEnvelope is a request; exactly one operation is in its body.
type callEnvelope struct {
	Body struct {
		Call call `xml:",any"`
	} `xml:"Body"`
}

// call holds the parameters of all operations: their names do not collide.
type call struct {
	XMLName  xml.Name
	Version  string `xml:"strVersion"`
	User     string `xml:"strUserName"`
	Password string `xml:"strPassword"`
	Ticket   string `xml:"ticket"`
	Prelude  string `xml:"strHCPResponse"`
	File     string `xml:"strCompanyFileName"`
	Country  string `xml:"qbXMLCountry"`
	Major    string `xml:"qbXMLMajorVers"`
	Minor    string `xml:"qbXMLMinorVers"`
	Response string `xml:"response"`
	HResult  string `xml:"hresult"`
	Message  string `xml:"message"`
}

// soapAnswer is the result of an operation: a text, or a list of them.
type soapAnswer struct {
	op   string
	text string
	list []string
}

type soapFault struct {
	code, text string
}

func answered(op, text string, list ...string) *soapAnswer { return &soapAnswer{op, text, list} }

// envelope writes the answer. Everything is in the service's namespace: of an
// array in another one the Web Connector sees nothing.
func (a *soapAnswer) envelope() []byte {
	var b bytes.Buffer
	b.WriteString("<" + a.op + `Response xmlns="` + serviceSpace + `"><` + a.op + "Result>")
	for _, s := range a.list {
		b.WriteString("<string>")
		_ = xml.EscapeText(&b, []byte(s)) // a buffer takes everything
		b.WriteString("</string>")
	}
	_ = xml.EscapeText(&b, []byte(a.text))
	b.WriteString("</" + a.op + "Result></" + a.op + "Response>")
	return wrap(b.Bytes())
}

func (f *soapFault) envelope() []byte {
	return wrap([]byte("<soap:Fault><faultcode>soap:" + f.code + "</faultcode><faultstring>" + f.text + "</faultstring></soap:Fault>"))
}

func wrap(body []byte) []byte {
	return fmt.Appendf(nil, `<?xml version="1.0" encoding="utf-8"?><soap:Envelope xmlns:soap="%s"><soap:Body>%s</soap:Body></soap:Envelope>`, envelopeSpace, body)
}
