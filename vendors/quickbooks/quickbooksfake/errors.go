package quickbooksfake

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/farmacyfoods/pointofsale/vendors/kit/fakekit"
)

// fault is a refusal as the service words it.
type fault struct {
	status                         int
	kind                           string
	code, message, detail, element string
}

func (e *fault) Error() string { return e.code + ": " + e.message + ": " + e.detail }

// Types of faults. The schema misspells the third one.
const (
	validation     = "ValidationFault"
	systemFault    = "SystemFault"
	authorization  = "AuthorizatonFault"
	authentication = "AUTHENTICATION"
	service        = "SERVICE"
)

// refuse is a validation fault; its message belongs to the code.
func refuse(code, element, format string, args ...any) *fault {
	return &fault{http.StatusBadRequest, validation, code, messages[code], fmt.Sprintf(format, args...), element}
}

// messages are the fixed texts of the codes.
var messages = map[string]string{
	"-10600": "Inventory starting value cannot be changed",
	"500":    "Unsupported Operation",
	"610":    "Object Not Found",
	"2010":   "Request has invalid or unsupported property",
	"2020":   "Required param missing, need to supply the required value for the API",
	"2030":   "Invalid ID",
	"2050":   "String length is either too short or too long",
	"2080":   "Invalid Number",
	"2500":   "Invalid Reference Id",
	"4000":   "Error parsing query",
	"4001":   "Invalid query",
	"5010":   "Stale Object Error",
	"6000":   "A business validation error has occurred while processing your request",
	"6140":   "Duplicate Document Number Error",
	"6190":   "Invalid Company Status",
	"6240":   "Duplicate Name Exists Error",
}

func missing(element string) *fault {
	return refuse("2020", element, "Required parameter %s is missing in the request", element)
}

func notFound(what string) *fault {
	return refuse("610", "", "Object Not Found : Something you're trying to use has been made inactive. Check the fields with accounts, customers, items, vendors or employees. %s", what)
}

func stale() *fault {
	return refuse("5010", "", "Stale Object Error : You and another user were working on this at the same time.")
}

func business(format string, args ...any) *fault {
	return refuse("6000", "", "Business Validation Error: "+format, args...)
}

// unauthenticated is the answer of the gateway in front of the service.
func unauthenticated(detail string) *fault {
	return &fault{http.StatusUnauthorized, authentication, "3200", "message=AuthenticationFailed; errorCode=003200; statusCode=401", detail, ""}
}

func forbidden(code, detail string) *fault {
	return &fault{http.StatusForbidden, authorization, code, "message=ApplicationAuthorizationFailed; errorCode=00" + code + "; statusCode=403", detail, ""}
}

func throttled() *fault {
	return &fault{
		http.StatusTooManyRequests, service, "3001", "message=ThrottleExceeded; errorCode=003001; statusCode=429",
		"The request limit was reached. Try again later.", "",
	}
}

func faultOf(err error) *fault {
	if e := (*fault)(nil); errors.As(err, &e) {
		return e
	}
	return &fault{http.StatusInternalServerError, systemFault, "10000", "An application error has occurred while processing your request", err.Error(), ""}
}

// body is the Fault object of an answer or of one item of a batch.
func (e *fault) body() map[string]any {
	return map[string]any{
		"Error": []any{map[string]any{"Message": e.message, "Detail": e.detail, "code": e.code, "element": e.element}},
		"type":  e.kind,
	}
}

// gateway is the same in the gateway's own spelling.
func (e *fault) gateway(now time.Time) map[string]any {
	return map[string]any{
		"warnings": nil, "intuitObject": nil, "report": nil, "queryResponse": nil, "batchItemResponse": []any{}, "attachableResponse": []any{},
		"syncErrorResponse": nil, "requestId": nil, "time": now.UnixMilli(), "status": nil, "cdcresponse": []any{},
		"fault": map[string]any{
			"error": []any{map[string]any{"message": e.message, "detail": e.detail, "code": e.code, "element": nil}},
			"type":  e.kind,
		},
	}
}

func (f *Fake) writeFault(w http.ResponseWriter, r *http.Request, err error) {
	e := faultOf(err)
	switch {
	case e.kind == authentication:
		writeJSON(w, e.status, e.gateway(f.Now()))
	case wantsXML(r) || e.status == http.StatusTooManyRequests && f.cfg.XMLThrottle:
		writeXML(w, e.status, map[string]any{"time": f.stamp(f.Now()), "Fault": map[string]any{"type": e.kind, "Error": map[string]any{
			"code": e.code, "element": e.element, "Message": e.message, "Detail": e.detail,
		}}})
	default:
		writeJSON(w, e.status, map[string]any{"Fault": e.body(), "time": f.stamp(f.Now())})
	}
}

// writeStatus answers scripted statuses and unknown paths. The service has no
// 409: that one stands for a stale object, in a batch for stale updates.
func (f *Fake) writeStatus(w http.ResponseWriter, r *http.Request, status int) {
	f.trace(w)
	switch status {
	case http.StatusBadRequest:
		f.writeFault(w, r, refuse("2010", "", "Request has invalid or unsupported property"))
	case http.StatusUnauthorized:
		f.writeFault(w, r, unauthenticated("Token expired"))
	case http.StatusForbidden:
		f.writeFault(w, r, forbidden("3100", "The application is not authorized for this company."))
	case http.StatusConflict:
		if fakekit.Op(r) == "Batch" {
			writeJSON(w, http.StatusOK, f.staleBatch(r))
			return
		}
		f.writeFault(w, r, stale())
	case http.StatusTooManyRequests:
		f.writeFault(w, r, throttled())
	case http.StatusInternalServerError:
		f.writeFault(w, r, errors.New("unexpected internal error"))
	default: // load balancers and gateways answer in HTML
		w.Header().Set("Content-Type", "text/html")
		w.WriteHeader(status)
		_, _ = fmt.Fprintf(w, "<html><head><title>%d</title></head><body><h1>%d %s</h1></body></html>", status, status, http.StatusText(status))
	}
}

func writeJSON(w http.ResponseWriter, status int, body any) {
	text, err := json.Marshal(body)
	if err != nil {
		status, text = http.StatusInternalServerError, []byte(`{"Fault":{"Error":[{"Message":"encoding","code":"10000"}],"type":"SystemFault"}}`)
	}
	w.Header().Set("Content-Type", "application/json;charset=UTF-8")
	w.WriteHeader(status)
	_, _ = w.Write(text)
}
