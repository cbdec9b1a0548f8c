package simphonyfake

import (
	"encoding/json"
	"slices"
	"strings"
	"unicode"
)

// criterion is a parsed search criteria: it says whether a record matches.
type criterion func(record) bool

// parseCriteria reads the search criteria of CCAPI and BI: "where" and an
// expression of equals(path, value), lessThan, greaterThan, startsWith,
// endsWith, contains and isNull(path), with and, or, ! and parentheses. "" matches
// everything.
func parseCriteria(text string) (criterion, error) {
	if strings.TrimSpace(text) == "" {
		return func(record) bool { return true }, nil
	}
	p := &criteriaParser{tokens: criteriaTokens(text)}
	if !p.word("where") {
		return nil, badCriteria(text)
	}
	c, ok := p.or(0)
	if !ok || len(p.tokens) > 0 {
		return nil, badCriteria(text)
	}
	return c, nil
}

func badCriteria(text string) error {
	return fail(400, "VALIDATION ERROR", "Invalid search criteria: %.200s", text)
}

// criteriaTokens splits into words, numbers, quoted strings and signs. Quoted
// strings keep their opening quote.
func criteriaTokens(text string) []string {
	var out []string
	for len(text) > 0 {
		switch c := text[0]; {
		case c == '\'':
			end := strings.IndexByte(text[1:], '\'')
			if end < 0 {
				return append(out, "?")
			}
			out, text = append(out, text[:end+1]), text[end+2:]
		case strings.IndexByte("(),!", c) >= 0:
			out, text = append(out, text[:1]), text[1:]
		case unicode.IsSpace(rune(c)):
			text = text[1:]
		default:
			end := strings.IndexFunc(text, func(r rune) bool { return unicode.IsSpace(r) || strings.ContainsRune("(),!'", r) })
			if end < 0 {
				end = len(text)
			}
			out, text = append(out, text[:end]), text[end:]
		}
	}
	return out
}

// maxNesting bounds what strangers can make the parser recurse.
const maxNesting = 50

type criteriaParser struct{ tokens []string }

func (p *criteriaParser) next() string {
	if len(p.tokens) == 0 {
		return ""
	}
	t := p.tokens[0]
	p.tokens = p.tokens[1:]
	return t
}

func (p *criteriaParser) word(w string) bool {
	if len(p.tokens) > 0 && strings.EqualFold(p.tokens[0], w) {
		p.next()
		return true
	}
	return false
}

func (p *criteriaParser) or(depth int) (criterion, bool) {
	left, ok := p.and(depth)
	for ok && p.word("or") {
		a := left
		b, valid := p.and(depth)
		left, ok = func(r record) bool { return a(r) || b(r) }, valid
	}
	return left, ok
}

func (p *criteriaParser) and(depth int) (criterion, bool) {
	left, ok := p.term(depth)
	for ok && p.word("and") {
		a := left
		b, valid := p.term(depth)
		left, ok = func(r record) bool { return a(r) && b(r) }, valid
	}
	return left, ok
}

func (p *criteriaParser) term(depth int) (criterion, bool) {
	switch {
	case depth > maxNesting:
		return nil, false
	case p.word("!"):
		c, ok := p.term(depth + 1)
		return func(r record) bool { return !c(r) }, ok
	case p.word("("):
		c, ok := p.or(depth + 1)
		return c, ok && p.word(")")
	}
	return p.call()
}

// call reads one function.
func (p *criteriaParser) call() (criterion, bool) {
	name := strings.ToLower(p.next())
	if !p.word("(") {
		return nil, false
	}
	path := p.next()
	var arg any
	if name != "isnull" {
		if !p.word(",") {
			return nil, false
		}
		arg = argument(p.next())
	}
	test, known := criteriaTests[name]
	if !known || path == "" || !p.word(")") {
		return nil, false
	}
	return func(r record) bool {
		return slices.ContainsFunc(r.value(path), func(v any) bool { return test(v, arg) })
	}, true
}

func argument(token string) any {
	if text, quoted := strings.CutPrefix(token, "'"); quoted {
		return text
	}
	switch strings.ToLower(token) {
	case "true":
		return true
	case "false":
		return false
	}
	return json.Number(token)
}

var criteriaTests = map[string]func(v, arg any) bool{
	"equals":      func(v, arg any) bool { n, ok := compare(v, arg); return ok && n == 0 },
	"lessthan":    func(v, arg any) bool { n, ok := compare(v, arg); return ok && n < 0 },
	"greaterthan": func(v, arg any) bool { n, ok := compare(v, arg); return ok && n > 0 },
	"startswith":  func(v, arg any) bool { return v != nil && strings.HasPrefix(lower(v), lower(arg)) },
	"endswith":    func(v, arg any) bool { return v != nil && strings.HasSuffix(lower(v), lower(arg)) },
	"contains":    func(v, arg any) bool { return v != nil && strings.Contains(lower(v), lower(arg)) },
	"isnull":      func(v, _ any) bool { return v == nil },
}

func lower(v any) string { return strings.ToLower(plain(v)) }
