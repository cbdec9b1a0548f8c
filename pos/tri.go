package pos

import "fmt"

// Tri is yes, no or unknown. The zero value is unknown.
type Tri int8

// The three values.
const (
	Unknown Tri = iota
	Yes
	No
)

// TriOf turns a bool into Yes or No.
func TriOf(b bool) Tri {
	if b {
		return Yes
	}
	return No
}

// String returns "unknown", "yes" or "no".
func (t Tri) String() string {
	switch t {
	case Yes:
		return "yes"
	case No:
		return "no"
	case Unknown:
	}
	return "unknown"
}

// MarshalText returns the same words as String.
func (t Tri) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

// UnmarshalText accepts the words of String.
func (t *Tri) UnmarshalText(text []byte) error {
	switch string(text) {
	case "unknown", "":
		*t = Unknown
	case "yes":
		*t = Yes
	case "no":
		*t = No
	default:
		return fmt.Errorf("pos: %q is not yes, no or unknown", text)
	}
	return nil
}
