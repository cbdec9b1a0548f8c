package pos_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/farmacyfoods/pointofsale/pos"
)

const marker = "sample-secret-marker"

// config has a secret in every position that a host may put one.
type config struct {
	Key    pos.Secret
	hidden pos.Secret
	Deep   struct{ inner []pos.Secret }
	Ptr    *pos.Secret
	Map    map[string]pos.Secret
}

func secrets() config {
	s := pos.NewSecret(marker)
	c := config{Key: s, hidden: s, Ptr: &s, Map: map[string]pos.Secret{"k": s}}
	c.Deep.inner = []pos.Secret{s}
	return c
}

func TestSecretNeverPrints(t *testing.T) {
	t.Parallel()
	c := secrets()
	var out strings.Builder
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%t", "%p", "%T"} {
		for _, v := range []any{c, &c, c.Key, c.Ptr, c.hidden, c.Map, []any{c}} {
			fmt.Fprintf(&out, verb+"\n", v)
		}
	}
	for _, h := range []slog.Handler{slog.NewTextHandler(&out, nil), slog.NewJSONHandler(&out, nil)} {
		slog.New(h).Info("starting", "config", c, "key", c.Key, "pointer", &c, slog.Group("g", "key", c.Key))
	}
	text, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	out.Write(text)
	fmt.Fprint(&out, fmt.Errorf("refused: %v", c.Key), c.Key.GoString())
	for _, form := range []string{marker, fmt.Sprintf("%x", marker), fmt.Sprintf("%X", marker)} {
		if strings.Contains(out.String(), form) {
			t.Errorf("the secret shows as %s", form)
		}
	}
	if !strings.Contains(out.String(), "[redacted]") {
		t.Error("nothing is redacted")
	}
}

func TestSecret(t *testing.T) {
	t.Parallel()
	var s pos.Secret
	if !s.IsZero() || s.String() != "" || s.Reveal() != "" || !s.Equal(pos.NewSecret("")) {
		t.Error("the zero secret is not empty")
	}
	if err := json.Unmarshal([]byte(`"`+marker+`"`), &s); err != nil || s.Reveal() != marker {
		t.Errorf("got %q, %v", s.Reveal(), err)
	}
	if err := s.UnmarshalText([]byte("other")); err != nil || s.Reveal() != "other" || !s.Equal(pos.NewSecret("other")) {
		t.Errorf("got %q, %v", s.Reveal(), err)
	}
	err := json.Unmarshal([]byte(`{"Key":{"nested":"`+marker+`"}}`), &config{})
	if err == nil || strings.Contains(err.Error(), marker) {
		t.Errorf("got %v", err)
	}
}
