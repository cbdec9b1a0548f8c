package events

import "strings"

// TraceID returns the trace id in a traceparent of W3C Trace Context, and false
// if the text is none. What is not valid must not be passed on.
func TraceID(traceparent string) (string, bool) {
	const version, trace, span, flags = 2, 32, 16, 2
	parts := strings.Split(traceparent, "-")
	if len(parts) < 4 || len(parts) > 4 && parts[0] == "00" { // Later versions may append.
		return "", false
	}
	for i, n := range []int{version, trace, span, flags} {
		if len(parts[i]) != n || strings.Trim(parts[i], "0123456789abcdef") != "" {
			return "", false
		}
	}
	if parts[0] == "ff" || zeros(parts[1]) || zeros(parts[2]) {
		return "", false
	}
	return parts[1], true
}

func zeros(hex string) bool { return strings.Trim(hex, "0") == "" }
