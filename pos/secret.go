package pos

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
)

// Secret is a credential. It prints, marshals and logs as "[redacted]";
// [Secret.Reveal] is the only way to the text. It unmarshals from a plain
// string, so that configuration files work.
//
// The text stands behind a pointer, because package fmt prints the unexported
// fields of a host's struct without asking the methods of their types.
type Secret struct{ text *string }

const redacted = "[redacted]"

// NewSecret wraps a credential.
func NewSecret(text string) Secret {
	if text == "" {
		return Secret{}
	}
	return Secret{&text}
}

// Reveal returns the credential itself.
func (s Secret) Reveal() string {
	if s.text == nil {
		return ""
	}
	return *s.text
}

// Equal reports whether two secrets hold the same credential. It is not meant
// for credentials that strangers present: its time depends on the text.
func (s Secret) Equal(o Secret) bool { return s.Reveal() == o.Reveal() }

// IsZero reports whether there is no credential.
func (s Secret) IsZero() bool { return s.text == nil }

// String returns "[redacted]", or "" for the zero secret.
func (s Secret) String() string {
	if s.IsZero() {
		return ""
	}
	return redacted
}

// GoString returns the redacted form for %#v.
func (s Secret) GoString() string { return fmt.Sprintf("pos.Secret(%q)", s.String()) }

// Format keeps every verb from reaching the text.
func (s Secret) Format(f fmt.State, verb rune) {
	if verb == 'v' && f.Flag('#') {
		_, _ = fmt.Fprint(f, s.GoString())
		return
	}
	_, _ = fmt.Fprint(f, s.String())
}

// MarshalText returns the redacted form.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// MarshalJSON returns the redacted form.
func (s Secret) MarshalJSON() ([]byte, error) { return json.Marshal(s.String()) }

// UnmarshalText takes the credential as it stands.
func (s *Secret) UnmarshalText(text []byte) error {
	*s = NewSecret(string(text))
	return nil
}

// UnmarshalJSON takes the credential from a JSON string.
func (s *Secret) UnmarshalJSON(data []byte) error {
	var text string
	if err := json.Unmarshal(data, &text); err != nil {
		return errors.New("pos: a secret must be a JSON string") // the cause may quote it
	}
	*s = NewSecret(text)
	return nil
}

// LogValue keeps the credential out of logs.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }
