package events_test

import (
	"testing"

	"github.com/farmacyfoods/pointofsale/events"
)

func TestTraceID(t *testing.T) {
	t.Parallel()
	const trace, span = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
	for text, want := range map[string]string{
		"00-" + trace + "-" + span + "-01":                         trace,
		"00-" + trace + "-" + span + "-00":                         trace,
		"cc-" + trace + "-" + span + "-01-more":                    trace,
		"":                                                         "",
		"00-" + trace + "-" + span:                                 "",
		"00-" + trace + "-" + span + "-01-more":                    "",
		"ff-" + trace + "-" + span + "-01":                         "",
		"00-00000000000000000000000000000000-" + span + "-01":      "",
		"00-" + trace + "-0000000000000000-01":                     "",
		"00-4BF92F3577B34DA6A3CE929D0E0E4736-" + span + "-01":      "",
		"00-" + trace + "-00f067aa0ba902b-01":                      "",
		"0-" + trace + "-" + span + "-01":                          "",
		"00-" + trace + "-" + span + "-0x":                         "",
		"00-" + trace[:31] + "\n-" + span + "-01":                  "",
		trace + "-" + span + "-00-01":                              "",
		"00-4bf92f3577b34da6a3ce929d0e0e47365-00f067aa0ba902b7-00": "",
		"00-" + trace + "-" + span + "-011":                        "",
		"00 " + trace + " " + span + " 01":                         "",
		" 00-" + trace + "-" + span + "-01":                        "",
		"00-" + trace + "-" + span + "-":                           "",
	} {
		got, ok := events.TraceID(text)
		if got != want || ok != (want != "") {
			t.Errorf("%q: %q, %v, want %q", text, got, ok, want)
		}
	}
}
