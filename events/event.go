package events

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/farmacyfoods/pointofsale/pos"
)

// SpecVersion is the version of CloudEvents that events follow.
const SpecVersion = "1.0"

const contentType = "application/json"

// Event is a CloudEvents 1.0 event with a JSON payload.
type Event struct {
	// ID identifies what happened. Together with Source it is unique.
	ID string
	// Source is a URI reference of who speaks, for the integrators the vendor
	// account: "/pos/square/MLXYZ". See [Source].
	Source string
	// Type is one of the types of this package or the host's own.
	Type string
	// Subject is the location, or "" for the whole account.
	Subject string
	// Time is when it happened, or when it was noticed where that is unknown.
	Time time.Time
	// DataSchema is the URI of the payload's schema; optional.
	DataSchema string
	// TraceParent is the W3C trace context; optional.
	TraceParent string
	// PartitionKey groups events that must stay in order; optional.
	PartitionKey string
	// Extensions are further attributes by name: lower-case ASCII letters and
	// digits. Values that arrive as numbers or booleans are kept as text.
	Extensions map[string]string
	// Data is the payload, a JSON value.
	Data json.RawMessage
}

// reserved are the names that an extension cannot have.
var reserved = []string{"specversion", "id", "source", "type", "subject", "time", "datacontenttype", "dataschema", "traceparent", "partitionkey", "data", "data_base64"}

// Validate reports every problem of the envelope at once, as a [*pos.Error] of
// kind invalid. Of the payload it checks no more than that it is JSON.
func (e *Event) Validate() error { return e.validate(true) }

func (e *Event) validate(payload bool) error {
	var ps pos.Problems
	add := func(field, reason string) {
		ps = append(ps, pos.Problem{Item: e.ID, Field: field, Reason: reason})
	}
	for _, f := range []struct {
		name, text string
		required   bool
	}{
		{"ID", e.ID, true},
		{"Source", e.Source, true},
		{"Type", e.Type, true},
		{"Subject", e.Subject, false},
		{"DataSchema", e.DataSchema, false},
		{"TraceParent", e.TraceParent, false},
		{"PartitionKey", e.PartitionKey, false},
	} {
		switch {
		case f.required && f.text == "":
			add(f.name, "is missing")
		case !printable(f.text):
			add(f.name, "has control characters or is not valid UTF-8")
		}
	}
	if strings.ContainsAny(e.Source, " <>\"{}|\\^`") {
		add("Source", "is not a URI reference")
	}
	if y := e.Time.UTC().Year(); !e.Time.IsZero() && (y < 1 || y > 9999) {
		add("Time", "is out of range")
	}
	for _, name := range slices.Sorted(maps.Keys(e.Extensions)) {
		switch {
		case !extensionName(name) || slices.Contains(reserved, name):
			add("Extensions", fmt.Sprintf("%.40q cannot be the name of an extension", name))
		case !printable(e.Extensions[name]):
			add("Extensions", name+" has control characters or is not valid UTF-8")
		}
	}
	if payload && len(e.Data) > 0 && !jsontext.Value(e.Data).IsValid() {
		add("Data", "is not valid JSON")
	}
	if ps != nil {
		return &pos.Error{Op: "Event.Validate", Kind: pos.KindInvalid, Err: ps}
	}
	return nil
}

func extensionName(s string) bool {
	for i := range len(s) {
		if (s[i] < 'a' || s[i] > 'z') && (s[i] < '0' || s[i] > '9') {
			return false
		}
	}
	return s != ""
}

// MarshalJSON returns the event in the JSON format of CloudEvents. It does
// not validate.
func (e Event) MarshalJSON() ([]byte, error) { return e.AppendJSON(nil), nil }

// UnmarshalJSON is [Parse] into e.
func (e *Event) UnmarshalJSON(data []byte) error {
	parsed, err := Parse(data)
	if err == nil {
		*e = parsed
	}
	return err
}

// Parse reads one event in the JSON format of CloudEvents and validates it. It
// refuses what it could not keep: binary payloads, other content types,
// repeated attributes, text behind the event. The event keeps no part of data.
func Parse(data []byte) (Event, error) {
	e, err := parse(data)
	if err != nil {
		return Event{}, &pos.Error{Op: "events.Parse", Kind: pos.KindInvalid, Err: err}
	}
	return e, e.Validate()
}

func parse(data []byte) (Event, error) {
	d := jsontext.NewDecoder(bytes.NewBuffer(data))
	tok, err := d.ReadToken()
	if err != nil {
		return Event{}, err
	}
	if tok.Kind() != jsontext.KindBeginObject {
		return Event{}, errors.New("an event is a JSON object")
	}
	var e Event
	version := ""
	for d.PeekKind() != jsontext.KindEndObject {
		name, err := d.ReadToken()
		if err != nil {
			return Event{}, err
		}
		attribute := name.String()
		if attribute == "data" {
			v, err := d.ReadValue()
			if err != nil {
				return Event{}, err
			}
			e.Data = append(json.RawMessage(nil), v...)
			continue
		}
		value, err := d.ReadToken()
		if err != nil {
			return Event{}, err
		}
		if err := e.set(attribute, value, &version); err != nil {
			return Event{}, err
		}
	}
	if _, err := d.ReadToken(); err != nil {
		return Event{}, err
	}
	if _, err := d.ReadToken(); !errors.Is(err, io.EOF) {
		return Event{}, errors.New("there is text behind the event")
	}
	if version != SpecVersion {
		return Event{}, fmt.Errorf("specversion %.20q, want %s", version, SpecVersion)
	}
	return e, nil
}

func (e *Event) set(attribute string, value jsontext.Token, version *string) error {
	if value.Kind() == jsontext.KindNull {
		return nil // CloudEvents: as if absent.
	}
	text := value.String()
	switch value.Kind() {
	case jsontext.KindString:
	case jsontext.KindTrue, jsontext.KindFalse, jsontext.KindNumber:
		if slices.Contains(reserved, attribute) {
			return fmt.Errorf("attribute %s is not a string", attribute)
		}
	default:
		return fmt.Errorf("attribute %.40q is an object or a list", attribute)
	}
	switch attribute {
	case "specversion":
		*version = text
	case "id":
		e.ID = text
	case "source":
		e.Source = text
	case "type":
		e.Type = text
	case "subject":
		e.Subject = text
	case "dataschema":
		e.DataSchema = text
	case "traceparent":
		e.TraceParent = text
	case "partitionkey":
		e.PartitionKey = text
	case "time":
		t, err := time.Parse(time.RFC3339Nano, text)
		if err != nil {
			return fmt.Errorf("time %.40q is not an RFC 3339 instant", text)
		}
		e.Time = t.UTC()
	case "datacontenttype":
		if kind, _, _ := strings.Cut(text, ";"); !strings.EqualFold(strings.TrimSpace(kind), contentType) {
			return fmt.Errorf("datacontenttype %.40q, want %s", text, contentType)
		}
	case "data_base64":
		return errors.New("the payload is binary, want JSON")
	default:
		if e.Extensions == nil {
			e.Extensions = make(map[string]string)
		}
		e.Extensions[attribute] = text
	}
	return nil
}
