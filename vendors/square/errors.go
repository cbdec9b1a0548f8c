package square

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/vendors/kit"
)

// Detail is one entry of Square's list of errors.
type Detail struct {
	Category string `json:"category"`
	Code     string `json:"code"`
	Detail   string `json:"detail"`
	Field    string `json:"field"`
}

// APIError is what Square said when it refused a call. It is reached with
// errors.As; the [pos.Error] around it has the kind.
type APIError struct {
	// Status is the HTTP status; bulk operations can fail with 200.
	Status int
	// Details are all entries, in Square's order.
	Details []Detail
	// MissingScopes are the OAuth permissions that the call needs, when Square
	// said that one is missing.
	MissingScopes []string
}

// Error lists the codes with the fields they are about.
func (e *APIError) Error() string {
	parts := make([]string, 0, len(e.Details)+1)
	for _, d := range e.Details {
		text := d.Code
		if d.Field != "" {
			text += " in " + d.Field
		}
		// Only requests that were understood are explained in words that
		// cannot hold a credential.
		if d.Category == "INVALID_REQUEST_ERROR" && d.Detail != "" {
			text += ": " + clip(d.Detail)
		}
		parts = append(parts, text)
	}
	if len(e.MissingScopes) > 0 {
		parts = append(parts, "the authorization needs "+strings.Join(e.MissingScopes, " and "))
	}
	if len(parts) == 0 {
		return fmt.Sprintf("HTTP %d without a list of errors", e.Status)
	}
	return strings.Join(parts, "; ")
}

// Codes of errors on which this package acts.
const (
	codeVersionMismatch = "VERSION_MISMATCH"
	codeInvalidCursor   = "INVALID_CURSOR"
	codeTooLarge        = "REQUEST_ENTITY_TOO_LARGE"
)

// hasCode reports whether Square gave this code.
func hasCode(err error, code string) bool {
	var e *APIError
	return errors.As(err, &e) && slices.ContainsFunc(e.Details, func(d Detail) bool { return d.Code == code })
}

// classify makes the error of a failed answer. The status decides; codes make
// it finer.
func classify(f *kit.Failure) {
	if f.Error.RetryAfter == 0 {
		f.Error.RetryAfter = quotaReset(f.Header)
	}
	var body struct {
		Errors []Detail `json:"errors"`
	}
	// What is not Square's list, such as a proxy's page, leaves the status.
	if kit.Unmarshal(f.Body, &body) != nil || len(body.Errors) == 0 {
		return
	}
	refine(f.Error, f.Status, body.Errors)
	if f.Error.Kind == pos.KindRateLimited || f.Error.Kind == pos.KindUnavailable {
		f.Retry = true
	}
}

// quotaReset returns how long the quota is used up. Square documents no such
// header, but its own SDKs heed it.
func quotaReset(h http.Header) time.Duration {
	now, err := http.ParseTime(h.Get("Date"))
	if err != nil {
		now = time.Now()
	}
	wait, _ := kit.ParseRetryAfter(h.Get("X-RateLimit-Reset"), now)
	return wait
}

// refine puts Square's words into an error.
func refine(e *pos.Error, status int, details []Detail) {
	api := &APIError{Status: status, Details: details}
	e.Err, e.Code = api, details[0].Code
	for _, d := range details {
		switch d.Code {
		case codeVersionMismatch, "CONFLICT", "IDEMPOTENCY_KEY_REUSED":
			e.Kind = pos.KindConflict
		case "INSUFFICIENT_SCOPES", "FORBIDDEN":
			e.Kind = pos.KindPermission
			api.MissingScopes = scopesOf[e.Op]
		case "UNAUTHORIZED", "ACCESS_TOKEN_EXPIRED", "ACCESS_TOKEN_REVOKED", "CLIENT_DISABLED":
			e.Kind = pos.KindAuth
		case "NOT_FOUND":
			e.Kind = pos.KindNotFound
		case "RATE_LIMITED":
			e.Kind = pos.KindRateLimited
		default:
			continue
		}
		e.Code = d.Code
		return
	}
	if status != http.StatusOK {
		return
	}
	switch details[0].Category {
	case "RATE_LIMIT_ERROR":
		e.Kind = pos.KindRateLimited
	case "AUTHENTICATION_ERROR":
		e.Kind = pos.KindAuth
	case "API_ERROR":
		e.Kind = pos.KindUnavailable
	default:
		e.Kind = pos.KindInvalid
	}
}

// inside makes an error of the list that came inside a successful answer, or
// returns nil if there is none.
func inside(op, requestID string, details []Detail) error {
	if len(details) == 0 {
		return nil
	}
	e := &pos.Error{Vendor: vendor, Op: op, RequestID: requestID}
	refine(e, http.StatusOK, details)
	return e
}

// fail makes an error of this package's own.
func fail(op string, kind pos.Kind, err error) *pos.Error {
	return &pos.Error{Vendor: vendor, Op: op, Kind: kind, Err: err}
}

// clip keeps long texts of a vendor out of logs.
func clip(s string) string {
	if len(s) > 200 {
		return s[:200] + "..."
	}
	return s
}

// scopesOf names the permissions that each operation needs.
var scopesOf = map[string][]string{
	"ListLocations":                {scopeLocations},
	"ListDevices":                  {scopeDevices},
	"CatalogInfo":                  {scopeItemsRead},
	"SearchCatalogObjects":         {scopeItemsRead},
	"BatchRetrieveCatalogObjects":  {scopeItemsRead},
	"BatchUpsertCatalogObjects":    {scopeItemsWrite},
	"BatchDeleteCatalogObjects":    {scopeItemsWrite},
	"BatchRetrieveInventoryCounts": {scopeInventory},
	"SearchOrders":                 {scopeOrders},
	"BatchRetrieveOrders":          {scopeOrders},
	"ListPayments":                 {scopePayments},
}

// OAuth permissions.
const (
	scopeLocations  = "MERCHANT_PROFILE_READ"
	scopeDevices    = "DEVICES_READ"
	scopeItemsRead  = "ITEMS_READ"
	scopeItemsWrite = "ITEMS_WRITE"
	scopeInventory  = "INVENTORY_READ"
	scopeOrders     = "ORDERS_READ"
	scopePayments   = "PAYMENTS_READ"
)

// Scopes returns the OAuth permissions that the five jobs need: what to ask
// for in [OAuth.AuthorizeURL].
func Scopes() []string {
	return []string{scopeLocations, scopeDevices, scopeItemsRead, scopeItemsWrite, scopeInventory, scopeOrders, scopePayments}
}
