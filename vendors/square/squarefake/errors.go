package squarefake

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
)

// apiError is one entry of the errors list of an answer.
type apiError struct {
	Category string `json:"category"`
	Code     string `json:"code"`
	Detail   string `json:"detail,omitempty"`
	Field    string `json:"field,omitempty"`
	status   int
}

func (e *apiError) Error() string { return e.Code + ": " + e.Detail }

type errorBody struct {
	Errors []*apiError `json:"errors"`
}

const (
	catInvalid = "INVALID_REQUEST_ERROR"
	catAuth    = "AUTHENTICATION_ERROR"
	catRate    = "RATE_LIMIT_ERROR"
	catAPI     = "API_ERROR"
)

func invalid(code, field, format string, args ...any) *apiError {
	return &apiError{catInvalid, code, fmt.Sprintf(format, args...), field, http.StatusBadRequest}
}

func missing(field string) *apiError {
	return invalid("MISSING_REQUIRED_PARAMETER", field, "Missing required parameter.")
}

func notFound(what, id string) *apiError {
	return &apiError{catInvalid, "NOT_FOUND", fmt.Sprintf("%s `%s` not found.", what, id), "", http.StatusNotFound}
}

func unauthorized(code, detail string) *apiError {
	return &apiError{catAuth, code, detail, "", http.StatusUnauthorized}
}

func rateLimited(detail string) *apiError {
	return &apiError{catRate, "RATE_LIMITED", detail, "", http.StatusTooManyRequests}
}

// byStatus are the errors for statuses that scripted faults ask for.
var byStatus = map[int]apiError{
	400: {Category: catInvalid, Code: "BAD_REQUEST", Detail: "Bad request."},
	401: {Category: catAuth, Code: "UNAUTHORIZED", Detail: "This request could not be authorized."},
	403: {Category: catAuth, Code: "FORBIDDEN", Detail: "You have insufficient permissions to perform that action."},
	404: {Category: catInvalid, Code: "NOT_FOUND", Detail: "Resource not found."},
	405: {Category: catInvalid, Code: "METHOD_NOT_ALLOWED", Detail: "Method not allowed."},
	408: {Category: catAPI, Code: "REQUEST_TIMEOUT", Detail: "The request timed out."},
	409: {Category: catInvalid, Code: "CONFLICT", Detail: "The request conflicts with the state of the resource."},
	410: {Category: catAPI, Code: "GONE", Detail: "The endpoint has been retired."},
	413: {Category: catInvalid, Code: "REQUEST_ENTITY_TOO_LARGE", Detail: "The request body is too large."},
	429: {Category: catRate, Code: "RATE_LIMITED", Detail: "Too many requests."},
	502: {Category: catAPI, Code: "BAD_GATEWAY", Detail: "Bad gateway."},
	503: {Category: catAPI, Code: "SERVICE_UNAVAILABLE", Detail: "Service unavailable."},
	504: {Category: catAPI, Code: "GATEWAY_TIMEOUT", Detail: "Gateway timeout."},
}

func writeStatus(w http.ResponseWriter, _ *http.Request, status int) {
	e, ok := byStatus[status]
	if !ok {
		e = apiError{Category: catAPI, Code: "INTERNAL_SERVER_ERROR", Detail: "An internal error has occurred."}
	}
	writeJSON(w, status, errorBody{[]*apiError{&e}})
}

func writeError(w http.ResponseWriter, err error) {
	e := (*apiError)(nil)
	if !errors.As(err, &e) {
		e = &apiError{catAPI, "INTERNAL_SERVER_ERROR", err.Error(), "", http.StatusInternalServerError}
	}
	writeJSON(w, e.status, errorBody{[]*apiError{e}})
}

func writeJSON(w http.ResponseWriter, status int, body any) {
	text, err := json.Marshal(body)
	if err != nil {
		status, text = http.StatusInternalServerError, []byte(`{"errors":[{"category":"API_ERROR","code":"INTERNAL_SERVER_ERROR"}]}`)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(text)
}
