package events

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"net/url"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	jsonv1 "github.com/go-json-experiment/json/v1"

	"github.com/farmacyfoods/pointofsale/pos"
)

// Origin is the vendor account that an event is about. Payloads embed it.
type Origin struct {
	// Vendor and Account are those of [pos.Description].
	Vendor  string `json:"vendor"`
	Account string `json:"account"`
}

// String returns "vendor/account".
func (o Origin) String() string { return o.Vendor + "/" + o.Account }

// Source returns the Source of events about the account.
func (o Origin) Source() string {
	return "/pos/" + url.PathEscape(o.Vendor) + "/" + url.PathEscape(o.Account)
}

// Origin returns the account that Source names, and false if Source is none
// that [Origin.Source] made.
func (e *Event) Origin() (Origin, bool) {
	rest, ok := strings.CutPrefix(e.Source, "/pos/")
	vendor, account, two := strings.Cut(rest, "/")
	if !ok || !two || strings.Contains(account, "/") {
		return Origin{}, false
	}
	v, errV := url.PathUnescape(vendor)
	a, errA := url.PathUnescape(account)
	return Origin{v, a}, errV == nil && errA == nil
}

// ID derives an event id from what identifies the happening. Different parts
// give different ids, also where their concatenations are equal.
func ID(parts ...string) string {
	h := sha256.New()
	var length [8]byte
	for _, p := range parts {
		binary.BigEndian.PutUint64(length[:], uint64(len(p)))
		h.Write(length[:])
		h.Write([]byte(p))
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// Decode reads the payload of an event strictly: it refuses repeated names,
// invalid text and values of the wrong type. Unknown fields are passed over,
// so that payloads can grow.
func Decode[T any](e Event) (T, error) {
	var payload T
	if err := json.Unmarshal(e.Data, &payload, jsonv1.FormatDurationAsNano(true)); err != nil {
		return payload, &pos.Error{Op: "events.Decode", Kind: pos.KindInvalid, Err: fmt.Errorf("event %.64q of type %.80q: %w", e.ID, e.Type, err)}
	}
	return payload, nil
}

// encode turns a payload of this package into JSON. Invalid UTF-8 is replaced;
// nothing else in the payload types can fail, since constructors have passed
// raw text and measurements through clean and finite.
func encode(payload any) []byte {
	data, err := json.Marshal(payload,
		jsonv1.FormatDurationAsNano(true),
		jsonv1.OmitEmptyWithLegacySemantics(true),
		jsontext.AllowInvalidUTF8(true),
		json.Deterministic(true))
	if err != nil {
		panic(fmt.Sprintf("events: payload %T: %v", payload, err))
	}
	return data
}

// clean returns raw if it is strict JSON, else a JSON string that holds it.
func clean(raw []byte) []byte {
	if len(raw) == 0 || jsontext.Value(raw).IsValid() {
		return raw
	}
	return appendString(nil, string(raw))
}
