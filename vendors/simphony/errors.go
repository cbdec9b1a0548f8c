package simphony

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/vendors/kit"
)

// Problem is an error as one of the REST interfaces tells it.
type Problem struct {
	Status int
	Title  string
	Detail string
	// Code is CCAPI's error code, the instance of STS2 or the code of the
	// OpenID provider.
	Code string
}

// Error returns title and detail.
func (p *Problem) Error() string {
	return strings.TrimSuffix(fmt.Sprintf("%s (%d): %s", p.Title, p.Status, p.Detail), ": ")
}

// problemWire has the members of all interfaces' problems.
type problemWire struct {
	Title        string          `json:"title"`
	Status       int             `json:"status"`
	Detail       string          `json:"detail"`
	Details      string          `json:"details"`
	Instance     string          `json:"instance"`
	ErrorDetails json.RawMessage `json:"errorDetails"`
	OCode        json.RawMessage `json:"o:errorCode"`
	Code         string          `json:"code"`
	Message      string          `json:"message"`
}

func (w *problemWire) problem() *Problem {
	p := &Problem{Status: w.Status, Title: clip(first(w.Title, w.Message))}
	p.Detail = clip(first(w.Detail, w.Details, strings.Trim(string(w.ErrorDetails), `"`)))
	p.Code = clip(first(strings.Trim(string(w.OCode), `"`), w.Instance, w.Code))
	return p
}

func first(texts ...string) string {
	for _, t := range texts {
		if t != "" && t != "null" {
			return t
		}
	}
	return ""
}

// statusLinkTimeout is STS2's answer when the property does not answer.
const statusLinkTimeout = 521

// classify reads the error bodies of the REST interfaces.
func classify(f *kit.Failure) {
	var w problemWire
	if json.Unmarshal(f.Body, &w) != nil {
		return
	}
	p := w.problem()
	if p.Title == "" && p.Detail == "" && p.Code == "" {
		return
	}
	p.Status = f.Status
	f.Error.Code, f.Error.Err = p.Code, p
	if f.Status == http.StatusBadRequest && strings.Contains(strings.ToLower(p.Detail), "duplicate") {
		f.Error.Kind = pos.KindConflict
	}
}

// inside turns a problem that came with status 200 into an error.
func inside(op, location string, w *problemWire) error {
	if w.Status < http.StatusBadRequest {
		return nil
	}
	p := w.problem()
	e := &pos.Error{Vendor: vendor, Op: op, Location: location, Kind: pos.KindInvalid, Code: p.Code, Err: p}
	switch {
	case w.Status == http.StatusUnauthorized:
		e.Kind = pos.KindAuth
	case w.Status == http.StatusForbidden:
		e.Kind = pos.KindPermission
	case w.Status == http.StatusNotFound:
		e.Kind = pos.KindNotFound
	case w.Status == http.StatusTooManyRequests:
		e.Kind = pos.KindRateLimited
	case w.Status >= http.StatusInternalServerError:
		e.Kind = pos.KindUnavailable
	}
	return e
}

func fail(op string, kind pos.Kind, err error) error {
	return &pos.Error{Vendor: vendor, Op: op, Kind: kind, Err: err}
}

func failAt(op, location string, kind pos.Kind, err error) error {
	return &pos.Error{Vendor: vendor, Op: op, Location: location, Kind: kind, Err: err}
}

// Refusal is TS1's reason for not doing what it was asked.
type Refusal struct {
	// Code is a value of the WSDL's list of error codes, which newer releases
	// may extend.
	Code string
	Text string
}

// Error returns code and text.
func (r *Refusal) Error() string { return strings.TrimSuffix(r.Code+": "+r.Text, ": ") }

// refusalKinds are the codes that are no fault of the request.
var refusalKinds = map[pos.Kind][]string{
	pos.KindUnavailable: {
		codeStarting, "ConnectionDown", "EGatewayClientStartError", "EGatewayClientStopError", "EGatewayConnectionError",
		"EGatewayConnectionNotInPool", "EGatewayWaitConnectionTimeout", "InternalCommunicationError", "CCServerDown",
		"TransactionLocked", "CheckOpenedOnSystem", "UnhandledException", "UnknownExceptionCode", "InternalProcessingError", "ErrorReadingCheck",
	},
	pos.KindPermission: {
		"LicensingFailed", "EmployeeNotFound", "EmployeeRVCMismatch", "EmployeeIDMismatch", "TransactionEmployeeNotFound", "InvalidEmployeeNumber",
		"SecurityInitFailed", "FailedSecurityAPIInitialization",
	},
	pos.KindNotFound:    {codeCheckNotFound, "CheckListNotFound", "DiscountNotFound", "TenderTypeNotFound"},
	pos.KindUnsupported: {"NotImplemented"},
}

const (
	codeStarting      = "AppInitInProgress"
	codeCheckNotFound = "CheckNotFound"
)

// refused makes the error of an operational result without success.
func refused(op, location, code, text string) error {
	e := &pos.Error{Vendor: vendor, Op: op, Location: location, Kind: pos.KindInvalid, Code: clip(code), Err: &Refusal{clip(code), clip(text)}}
	for kind, codes := range refusalKinds {
		for _, c := range codes {
			if c == code {
				e.Kind = kind
			}
		}
	}
	return e
}

func hasCode(err error, code string) bool {
	var e *pos.Error
	return errors.As(err, &e) && e.Code == code
}

// clip bounds what a server can put into our errors.
func clip(s string) string {
	const most = 300
	if len(s) > most {
		s = s[:most] + "..."
	}
	return strings.ToValidUTF8(s, "")
}
