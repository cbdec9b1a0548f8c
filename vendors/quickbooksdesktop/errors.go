package quickbooksdesktop

import (
	"context"
	"errors"
	"fmt"

	"github.com/farmacyfoods/pointofsale/pos"
)

// Vendor is the name of this package's system in errors, cursors and keys.
const Vendor = "quickbooksdesktop"

// StatusError is what QuickBooks said about a request: the status code of a
// qbXML element, or the HRESULT of a message set that was not processed. It is
// the cause of a [pos.Error]; get it with errors.As.
type StatusError struct {
	// Code is a number such as "3200" or an HRESULT such as "0x80040400".
	Code string
	// Message is QuickBooks' own text, at most 200 bytes.
	Message string
}

// Error returns code and text.
func (e *StatusError) Error() string {
	if e.Message == "" {
		return "QuickBooks status " + e.Code
	}
	return fmt.Sprintf("QuickBooks status %s: %s", e.Code, e.Message)
}

var (
	errNeverRead = errors.New("the Web Connector has not completed a run yet")
	errTaken     = errors.New("somebody else's item has this name; if it is ours, name the SKU in Config.Adopt")
	errOvertaken = errors.New("the list was read anew meanwhile, ask again")
	errBeyond    = errors.New("the cursor is ahead of the log: another store was used")
	errFull      = errors.New("too many changes wait for the Web Connector")
)

// Status codes with a meaning of their own.
const (
	codeNameTaken    = "3100"
	codeIteratorGone = 3391
	hresultParse     = "0x80040400"
	hresultOtherFile = "0x8004040A"
)

// kindOfStatus classifies a status code of a write.
func kindOfStatus(code string) pos.Kind {
	switch code {
	case "3000", "3120", "3140":
		return pos.KindNotFound
	case codeNameTaken, "3170", "3175", "3176", "3180", "3200":
		return pos.KindConflict
	case "3250":
		return pos.KindUnsupported
	case "3260", "3261", "0x80040420", "0x80040401":
		return pos.KindPermission
	case "0x80040408", hresultOtherFile, "0x80040402":
		return pos.KindUnavailable
	}
	return pos.KindInvalid
}

// transient reports codes that may pass: the object was changed or is open in
// a window of QuickBooks.
func transient(code string) bool {
	switch code {
	case "3170", "3175", "3176", "3180", "3200":
		return true
	}
	return false
}

func statusError(op, code, message string) *pos.Error {
	return &pos.Error{Vendor: Vendor, Op: op, Kind: kindOfStatus(code), Code: code, Err: &StatusError{code, clip(message, 200)}}
}

func clip(s string, most int) string {
	if len(s) <= most {
		return s
	}
	for most > 0 && s[most]&0xC0 == 0x80 { // not inside a character
		most--
	}
	return s[:most]
}

// located makes an error of a store or a context a [pos.Error].
func located(op string, err error) error {
	var e *pos.Error
	if err == nil || errors.As(err, &e) && e.Vendor != "" {
		return err
	}
	kind := pos.KindOf(err)
	switch {
	case kind != pos.KindUnknown || errors.Is(err, context.Canceled):
	case errors.Is(err, pos.ErrConflict):
		kind = pos.KindConflict
	default:
		kind = pos.KindUnavailable
	}
	return &pos.Error{Vendor: Vendor, Op: op, Kind: kind, Err: err}
}
