package bytetechfake

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
)

// apiError is an error as the cloud answers it.
type apiError struct {
	status  int
	code    string
	field   string
	message string
}

func (e *apiError) Error() string { return e.code + ": " + e.message }

func fail(status int, code, field, message string) error {
	return &apiError{status, code, field, message}
}

func invalid(field, message string) error {
	return fail(http.StatusUnprocessableEntity, "validation_failed", field, message)
}

func conflict(code, field, message string) error {
	return fail(http.StatusConflict, code, field, message)
}

func badRequest(message string) error {
	return fail(http.StatusBadRequest, "invalid_request", "", message)
}

func notFound(what string) error {
	return fail(http.StatusNotFound, "not_found", "", "no such "+what)
}

type errorView struct {
	Code      string  `json:"code"`
	Message   string  `json:"message"`
	Field     *string `json:"field"`
	RequestID string  `json:"request_id"`
}

type errorBody struct {
	Error errorView `json:"error"`
}

// viewError is the inner object of an error answer.
func viewError(err error, requestID string) errorView {
	e := (*apiError)(nil)
	if !errors.As(err, &e) {
		e = &apiError{code: "internal", message: err.Error()}
	}
	return errorView{e.code, e.message, optional(e.field), requestID}
}

// codes are the error codes of answers that no operation gives: scripted ones
// and those for unknown paths.
var codes = map[int]string{
	http.StatusBadRequest: "invalid_request", http.StatusUnauthorized: "token_expired", http.StatusForbidden: "insufficient_scope",
	http.StatusNotFound: "not_found", http.StatusMethodNotAllowed: "method_not_allowed", http.StatusConflict: "invalid_state",
	http.StatusPreconditionFailed: "version_mismatch", http.StatusUnprocessableEntity: "validation_failed",
	http.StatusRequestEntityTooLarge: "invalid_request", http.StatusTooManyRequests: "rate_limited", http.StatusInternalServerError: "internal",
}

// scriptedError answers a status that no operation chose.
func scriptedError(w http.ResponseWriter, r *http.Request, status int) {
	code := codes[status]
	if code == "" {
		code = "unavailable"
	}
	id := r.Header.Get("X-Request-Id")
	if id == "" {
		id = "req_scripted"
	}
	w.Header().Set("X-Request-Id", id)
	text, err := json.Marshal(errorBody{errorView{Code: code, Message: strings.ToLower(http.StatusText(status)), RequestID: id}})
	if err == nil {
		send(w, status, text)
	}
}

func send(w http.ResponseWriter, status int, body []byte) {
	if len(body) > 0 {
		w.Header().Set("Content-Type", "application/json")
	}
	w.WriteHeader(status)
	_, _ = w.Write(body)
}
