package jetstream

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/url"
	"strings"

	"github.com/farmacyfoods/pointofsale/events"
	"github.com/farmacyfoods/pointofsale/pos"
)

// Subjects below the stream's prefix, here "pos":
//
//	pos.ev.<kind>.<vendor>.<account>.<location>  events
//	pos.cur.<key>                                cursors
//	pos.page.<key>                               events and cursor, with Config.Pages
//	pos.kv.<key>                                 values of the Store
//	pos.dead.<group>.<sequence>                  events that a group could not take
//	pos.again.<group>.<sequence>                 dead letters on their way back
//	pos.hook.<queue>                             callbacks of vendors
const (
	wordEvent  = ".ev."
	wordCursor = ".cur."
	wordPage   = ".page."
	wordValue  = ".kv."
	wordDead   = ".dead."
	wordAgain  = ".again."
)

// typePrefix is left out of <kind>; types without it are marked instead.
const typePrefix = "com.farmacyfoods.pos."

// maxToken is the longest token that is kept readable.
const maxToken = 160

// escape makes one token of a subject from any text. Letters, digits, '-' and
// '_' stand for themselves, '/' for a dot, "=XX" for any other byte, "=" alone
// for empty text. Text that would be too long is replaced by its hash, behind
// "=~".
func escape(text string) string { return string(appendEscaped(nil, text)) }

func appendEscaped(dst []byte, text string) []byte {
	if text == "" {
		return append(dst, '=')
	}
	start := len(dst)
	for i := range len(text) {
		switch c := text[i]; {
		case plain(c):
			dst = append(dst, c)
		case c == '.':
			dst = append(dst, '/')
		default:
			dst = fmt.Appendf(dst, "=%02X", c)
		}
	}
	if len(dst)-start > maxToken {
		sum := sha256.Sum256([]byte(text))
		return hex.AppendEncode(append(dst[:start], "=~"...), sum[:16])
	}
	return dst
}

func plain(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_'
}

// unescape is the inverse of escape; false if the token was not made by it or
// holds a hash.
func unescape(token string) (string, bool) {
	if token == "=" {
		return "", true
	}
	token, err := url.PathUnescape(strings.NewReplacer("%", "%25", "=", "%", "/", ".").Replace(token))
	return token, err == nil
}

// consumerName makes the name of a consumer from a group. Slashes are not
// allowed there.
func consumerName(group string) string { return strings.ReplaceAll(escape(group), "/", "=2E") }

func kindToken(typ string) string { return string(appendKind(nil, typ)) }

func appendKind(dst []byte, typ string) []byte {
	if short, ok := strings.CutPrefix(typ, typePrefix); ok {
		return appendEscaped(dst, short)
	}
	return appendEscaped(append(dst, "=:"...), typ)
}

// sourceTokens are <vendor>.<account>. Sources that are no vendor account keep
// the vendor empty.
func sourceTokens(source string) string { return string(appendSource(nil, source)) }

func appendSource(dst []byte, source string) []byte {
	e := events.Event{Source: source}
	o, ok := e.Origin()
	if !ok {
		return appendEscaped(append(dst, "=."...), source)
	}
	return appendEscaped(append(appendEscaped(dst, o.Vendor), '.'), o.Account)
}

func (s *Stream) eventSubject(e *events.Event) string {
	subject := append(make([]byte, 0, 256), s.prefix+wordEvent...)
	subject = append(appendKind(subject, e.Type), '.')
	subject = append(appendSource(subject, e.Source), '.')
	return string(appendEscaped(subject, e.Subject))
}

// maxFilters bounds the subjects of one consumer. A filter that needs more is
// widened, and what it lets through in excess is passed over here.
const maxFilters = 64

// filterSubjects are the subjects that hold what the filter matches.
func (s *Stream) filterSubjects(f events.Filter) []string {
	kinds := tokens(f.Types, kindToken, "*")
	sources := tokens(f.Sources, sourceTokens, "*.*")
	places := tokens(f.Subjects, escape, "*")
	if len(kinds)*len(sources)*len(places) > maxFilters {
		places = []string{"*"}
	}
	if len(kinds)*len(sources) > maxFilters {
		sources = []string{"*.*"}
	}
	if len(kinds) > maxFilters {
		kinds = []string{"*"}
	}
	var subjects []string
	for _, k := range kinds {
		for _, src := range sources {
			for _, p := range places {
				subjects = append(subjects, s.prefix+wordEvent+k+"."+src+"."+p)
			}
		}
	}
	return subjects
}

// tokens maps the distinct texts of a list; an empty list is a wildcard.
func tokens(list []string, token func(string) string, wildcard string) []string {
	if len(list) == 0 {
		return []string{wildcard}
	}
	var out []string
	seen := make(map[string]bool)
	for _, text := range list {
		if t := token(text); !seen[t] {
			seen[t] = true
			out = append(out, t)
		}
	}
	return out
}

// covers reports whether one of the patterns matches the subject.
func covers(patterns []string, subject string) bool {
	words := strings.Split(subject, ".")
	for _, p := range patterns {
		if covered(strings.Split(p, "."), words) {
			return true
		}
	}
	return false
}

func covered(pattern, words []string) bool {
	for i, p := range pattern {
		switch {
		case p == ">":
			return len(words) > i
		case i >= len(words), p != "*" && p != words[i]:
			return false
		}
	}
	return len(pattern) == len(words)
}

// maxKey keeps subjects well below the longest line of the protocol.
const maxKey = 1024

// checkKey refuses what is no key of a Journal or Store.
func checkKey(op, key string) error {
	ok := key != "" && len(key) <= maxKey
	for word := range strings.SplitSeq(key, ".") {
		ok = ok && word != ""
		for i := range len(word) {
			ok = ok && plain(word[i])
		}
	}
	if !ok {
		return &pos.Error{Op: op, Kind: pos.KindInvalid, Err: fmt.Errorf("key %.80q is not a list of words of letters, digits, '-' and '_', joined by dots", key)}
	}
	return nil
}
