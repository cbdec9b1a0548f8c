package pos

import (
	"encoding/json"
	"fmt"
	"log/slog"
)

// Secret is a credential. It prints, marshals and logs as "[redacted]";
// [Secret.Reveal] is the only way to the text. It unmarshals from a plain
// string, so that configuration files work.
type Secret struct{ text string }

const redacted = "[redacted]"

// NewSecret wraps a credential.
func NewSecret(text string) Secret { return Secret{text} }

// Reveal returns the credential itself.
func (s Secret) Reveal() string { return s.text }

// IsZero reports whether there is no credential.
func (s Secret) IsZero() bool { return s.text == "" }

// String returns "[redacted]", or "" for the zero secret.
func (s Secret) String() string {
	if s.text == "" {
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
	s.text = string(text)
	return nil
}

// UnmarshalJSON takes the credential from a JSON string.
func (s *Secret) UnmarshalJSON(data []byte) error {
	return json.Unmarshal(data, &s.text)
}

// LogValue keeps the credential out of logs.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }
