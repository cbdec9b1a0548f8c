package quickbooks

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/vendors/kit"
)

// Detail is one entry of a fault.
type Detail struct {
	Code    string
	Message string
	Detail  string
	Element string
}

// Fault is what QuickBooks said when it refused a call or one part of a batch.
// It is reached with errors.As; the [pos.Error] around it has the kind.
type Fault struct {
	// Status is the HTTP status; parts of a batch fail with 200.
	Status int
	// Type is QuickBooks' class of the fault, such as "ValidationFault".
	Type    string
	Details []Detail
}

// Error lists the entries. What was wrong with a request is told in QuickBooks'
// words; other texts could hold credentials.
func (f *Fault) Error() string {
	parts := make([]string, 0, len(f.Details))
	for _, d := range f.Details {
		text := d.Code
		if d.Element != "" {
			text += " in " + clip(d.Element)
		}
		if strings.EqualFold(f.Type, "ValidationFault") {
			text += ": " + clip(d.Message)
			if d.Detail != "" {
				text += ": " + clip(d.Detail)
			}
		}
		parts = append(parts, text)
	}
	if len(parts) == 0 {
		return fmt.Sprintf("HTTP %d %s without details", f.Status, f.Type)
	}
	return strings.Join(parts, "; ")
}

func clip(s string) string {
	const most = 300
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + "..."
	}
	return s
}

// Codes of faults on which this package acts.
const (
	codeLostAccess   = "120"
	codeNotFound     = "610"
	codeThrottled    = "3001"
	codeForbidden    = "3100"
	codeUnauthorized = "3200"
	codeStale        = "5010"
	codeDuplicateDoc = "6140"
	codeLapsed       = "6190"
	codeDuplicate    = "6240"
)

// kinds are the kinds of codes; those that are not named go by the status or,
// with a ValidationFault, are invalid.
var kinds = map[string]pos.Kind{
	codeLostAccess:   pos.KindPermission,
	codeNotFound:     pos.KindNotFound,
	codeThrottled:    pos.KindRateLimited,
	codeForbidden:    pos.KindPermission,
	codeUnauthorized: pos.KindAuth,
	codeStale:        pos.KindConflict,
	codeDuplicateDoc: pos.KindConflict,
	codeLapsed:       pos.KindPermission,
	codeDuplicate:    pos.KindConflict,
}

// hasCode reports whether QuickBooks gave this code.
func hasCode(err error, code string) bool {
	var f *Fault
	return errors.As(err, &f) && slices.ContainsFunc(f.Details, func(d Detail) bool { return d.Code == code })
}

// fault is a fault in either spelling: that of the service and that of its
// gateway.
type fault struct {
	Type   string       `json:"type"`
	Errors []faultEntry `json:"Error"`
	Lower  []faultEntry `json:"error"`
}

type faultEntry struct {
	Code         string `json:"code"`
	Element      string `json:"element"`
	Message      string `json:"Message"`
	Detail       string `json:"Detail"`
	LowerMessage string `json:"message"`
	LowerDetail  string `json:"detail"`
}

func (f *fault) details() []Detail {
	var list []Detail
	for _, e := range slices.Concat(f.Errors, f.Lower) {
		list = append(list, Detail{e.Code, e.Message + e.LowerMessage, e.Detail + e.LowerDetail, e.Element})
	}
	return list
}

// xmlAnswer is a fault in XML, which gateways send in spite of Accept.
type xmlAnswer struct {
	Fault struct {
		Type   string `xml:"type,attr"`
		Errors []struct {
			Code    string `xml:"code,attr"`
			Element string `xml:"element,attr"`
			Message string `xml:"Message"`
			Detail  string `xml:"Detail"`
		} `xml:"Error"`
	} `xml:"Fault"`
}

// readFault finds a fault in the body of an answer, or returns nil.
func readFault(status int, body []byte) *Fault {
	body = bytes.TrimSpace(body)
	if bytes.HasPrefix(body, []byte("<")) {
		return readXMLFault(status, body)
	}
	var answer struct {
		Fault *fault `json:"Fault"`
		Lower *fault `json:"fault"`
	}
	if kit.Unmarshal(body, &answer) != nil {
		return nil
	}
	for _, f := range []*fault{answer.Fault, answer.Lower} {
		if f != nil {
			return &Fault{status, f.Type, f.details()}
		}
	}
	return nil
}

// readXMLFault reads XML without a document type, so that nothing expands.
func readXMLFault(status int, body []byte) *Fault {
	var answer xmlAnswer
	if bytes.Contains(body, []byte("<!")) || xml.Unmarshal(body, &answer) != nil || len(answer.Fault.Errors) == 0 {
		return nil
	}
	f := &Fault{Status: status, Type: answer.Fault.Type}
	for _, e := range answer.Fault.Errors {
		f.Details = append(f.Details, Detail{e.Code, e.Message, e.Detail, e.Element})
	}
	return f
}

// classify makes the error of a failed answer better. No header tells how long
// a throttled company has to wait: a minute, says the documentation.
func classify(f *kit.Failure) {
	if found := readFault(f.Status, f.Body); found != nil {
		refine(f.Error, found)
	}
	switch {
	case f.Error.Kind == pos.KindRateLimited:
		f.Retry = true
		if f.Error.RetryAfter == 0 {
			f.Error.RetryAfter = throttlePause
		}
	case f.Status >= http.StatusInternalServerError && f.Error.Code == codeLostAccess:
		// It comes without reason at times, and then the next attempt works.
		f.Error.Kind, f.Retry = pos.KindUnavailable, true
	}
}

// refine puts QuickBooks' words into an error.
func refine(e *pos.Error, f *Fault) {
	e.Err = f
	if len(f.Details) == 0 {
		return
	}
	e.Code = f.Details[0].Code
	for _, d := range f.Details {
		if kind, known := kinds[strings.TrimLeft(d.Code, "0")]; known {
			e.Kind, e.Code = kind, d.Code
			return
		}
	}
	if f.Status != http.StatusOK {
		return
	}
	switch strings.ToUpper(f.Type) {
	case "AUTHENTICATIONFAULT", "AUTHENTICATION":
		e.Kind = pos.KindAuth
	case "AUTHORIZATIONFAULT", "AUTHORIZATONFAULT":
		e.Kind = pos.KindPermission
	case "SYSTEMFAULT", "SERVICE":
		e.Kind = pos.KindUnavailable
	default:
		e.Kind = pos.KindInvalid
	}
}

// inside makes an error of a fault that came inside a successful answer, or
// returns nil if there is none.
func inside(op, requestID string, f *fault) error {
	if f == nil {
		return nil
	}
	e := &pos.Error{Vendor: vendor, Op: op, RequestID: requestID, Kind: pos.KindInvalid}
	refine(e, &Fault{http.StatusOK, f.Type, f.details()})
	return e
}

// classifyToken reads the errors of the token endpoint. A grant that is invalid
// will never be valid again: that is a refused credential.
func classifyToken(f *kit.Failure) {
	var body struct {
		Error string `json:"error"`
	}
	if kit.Unmarshal(f.Body, &body) != nil || body.Error == "" {
		return
	}
	f.Error.Code = clip(body.Error)
	switch body.Error {
	case "invalid_grant", "invalid_client", "unauthorized_client":
		f.Error.Kind = pos.KindAuth
	}
}

// fail makes an error of this package's own.
func fail(op string, kind pos.Kind, err error) *pos.Error {
	return &pos.Error{Vendor: vendor, Op: op, Kind: kind, Err: err}
}

// causeOf takes the outer pos.Error off.
func causeOf(err error) error {
	var e *pos.Error
	if errors.As(err, &e) && e.Err != nil {
		return e.Err
	}
	return err
}
