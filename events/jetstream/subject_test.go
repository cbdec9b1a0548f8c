package jetstream

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/farmacyfoods/pointofsale/events"
)

func TestEventSubject(t *testing.T) {
	t.Parallel()
	s := &Stream{prefix: "pos"}
	square := events.Origin{Vendor: "square", Account: "ML.7 *>"}.Source()
	for _, c := range []struct {
		event events.Event
		want  string
	}{
		{events.Event{Type: events.TypePurchaseRecorded, Source: square, Subject: "L1"}, "pos.ev.purchase/recorded/v1.square.ML/7=20=2A=3E.L1"},
		{events.Event{Type: events.TypeGapFound, Source: square}, "pos.ev.gap/found/v1.square.ML/7=20=2A=3E.="},
		{events.Event{Type: "com.example.x", Source: "/menu", Subject: "é"}, "pos.ev.=:com/example/x.=.=2Fmenu.=C3=A9"},
	} {
		if got := s.eventSubject(&c.event); got != c.want {
			t.Errorf("got %s, want %s", got, c.want)
		}
		f := events.Filter{Types: []string{c.event.Type}, Sources: []string{c.event.Source}, Subjects: []string{c.event.Subject}}
		if diff := cmp.Diff([]string{c.want}, s.filterSubjects(f)); diff != "" {
			t.Error(diff)
		}
		if !covers([]string{"other", "pos.ev.*.*.*.*"}, c.want) || !covers([]string{"pos.>"}, c.want) || covers([]string{"pos.ev.*.*.*", "pos.cur.>"}, c.want) {
			t.Errorf("covers(%s)", c.want)
		}
	}
}

// TestWideFilter: a filter of too many subjects is widened, not refused.
func TestWideFilter(t *testing.T) {
	t.Parallel()
	s := &Stream{prefix: "pos"}
	var f events.Filter
	for i := range 100 {
		f.Subjects = append(f.Subjects, strings.Repeat("x", i))
	}
	f.Types = []string{"a", "b"}
	if diff := cmp.Diff([]string{"pos.ev.=:a.*.*.*", "pos.ev.=:b.*.*.*"}, s.filterSubjects(f)); diff != "" {
		t.Error(diff)
	}
}

func FuzzEscape(f *testing.F) {
	for _, text := range []string{"", "a", "=", "=~", "a.b", "a/b", "%41", "* > \t\n", "Kühlregal 7", "\xff", strings.Repeat("ü", 100)} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		token := escape(text)
		if token == "" || strings.ContainsAny(token, ".*> \t\r\n\x00") || len(token) > maxToken {
			t.Fatalf("%q is no token", token)
		}
		if strings.ContainsAny(consumerName(text), "./\\*> \t\r\n") {
			t.Fatalf("%q is no name", consumerName(text))
		}
		if strings.HasPrefix(token, "=~") {
			return
		}
		if back, ok := unescape(token); !ok || back != text {
			t.Fatalf("%q comes back as %q, %v", text, back, ok)
		}
	})
}

func TestOneLine(t *testing.T) {
	t.Parallel()
	if got := oneLine("a\r\nX: b\xff" + strings.Repeat("é", 2000)); strings.ContainsAny(got, "\r\n") || len(got) > maxReason+3 {
		t.Errorf("%q", got)
	}
}
