package quickbooksfake

import (
	"strconv"
	"strings"
)

// Page sizes of queries.
const (
	defaultResults = 100
	maxResults     = 1000
)

// statement is a parsed query.
type statement struct {
	fields   []string // "*" for all
	count    bool
	entity   string
	where    []condition
	order    string
	desc     bool
	start, n int
}

type condition struct {
	property, op string
	values       []string
}

// token is a word, a quoted text or a symbol.
type token struct {
	text   string
	quoted bool
}

// parse reads a statement of the query language. Keywords have any case.
func parse(text string) (statement, error) {
	tokens, err := scan(text)
	if err != nil {
		return statement{}, err
	}
	p := &parser{tokens: tokens}
	s := statement{start: 1, n: defaultResults}
	if !p.keyword("SELECT") {
		return s, p.unexpected()
	}
	if err := p.selection(&s); err != nil {
		return s, err
	}
	if !p.keyword("FROM") {
		return s, p.unexpected()
	}
	if s.entity = p.word(); s.entity == "" {
		return s, p.unexpected()
	}
	if p.keyword("WHERE") {
		if err := p.conditions(&s); err != nil {
			return s, err
		}
	}
	if err := p.tail(&s); err != nil {
		return s, err
	}
	if len(p.tokens) > 0 {
		return s, p.unexpected()
	}
	return s, nil
}

type parser struct{ tokens []token }

func (p *parser) peek() token {
	if len(p.tokens) == 0 {
		return token{}
	}
	return p.tokens[0]
}

func (p *parser) next() token {
	t := p.peek()
	if len(p.tokens) > 0 {
		p.tokens = p.tokens[1:]
	}
	return t
}

// keyword takes a symbol or keyword if it comes next.
func (p *parser) keyword(word string) bool {
	if t := p.peek(); t.quoted || !strings.EqualFold(t.text, word) {
		return false
	}
	p.next()
	return true
}

// word takes an identifier, "" if none comes.
func (p *parser) word() string {
	t := p.peek()
	if t.quoted || t.text == "" || !letter(t.text[0]) {
		return ""
	}
	return p.next().text
}

func (p *parser) unexpected() error {
	what := p.peek().text
	if what == "" {
		what = "<EOF>"
	}
	return refuse("4000", "", "QueryParserError: Encountered %q", what)
}

func (p *parser) selection(s *statement) error {
	if p.keyword("COUNT") {
		s.count = true
		if !p.keyword("(") || !p.keyword("*") || !p.keyword(")") {
			return p.unexpected()
		}
		return nil
	}
	for {
		switch name := p.word(); {
		case name != "":
			s.fields = append(s.fields, name)
		case p.keyword("*"):
			s.fields = append(s.fields, "*")
		default:
			return p.unexpected()
		}
		if !p.keyword(",") {
			return nil
		}
	}
}

func (p *parser) conditions(s *statement) error {
	for {
		c := condition{property: p.word()}
		if c.property == "" {
			return p.unexpected()
		}
		c.op = strings.ToUpper(p.next().text)
		switch c.op {
		case "=", "<", ">", "<=", ">=", "LIKE":
			if !p.value(&c) {
				return p.unexpected()
			}
		case "IN":
			if !p.keyword("(") {
				return p.unexpected()
			}
			for first := true; first || p.keyword(","); first = false {
				if !p.value(&c) {
					return p.unexpected()
				}
			}
			if !p.keyword(")") {
				return p.unexpected()
			}
		default: // also OR, NOT and !=
			return refuse("4000", "", "QueryParserError: Encountered %q", c.op)
		}
		s.where = append(s.where, c)
		if !p.keyword("AND") {
			return nil
		}
	}
}

// value takes a text in single quotes, or true or false without.
func (p *parser) value(c *condition) bool {
	t := p.peek()
	if !t.quoted && !strings.EqualFold(t.text, "true") && !strings.EqualFold(t.text, "false") {
		return false
	}
	p.next()
	if !t.quoted {
		t.text = strings.ToLower(t.text)
	}
	c.values = append(c.values, t.text)
	return true
}

func (p *parser) tail(s *statement) error {
	if p.keyword("ORDERBY") {
		if s.order = p.word(); s.order == "" {
			return p.unexpected()
		}
		if s.desc = p.keyword("DESC"); !s.desc {
			p.keyword("ASC")
		}
	}
	for _, clause := range []struct {
		word string
		into *int
		most int
	}{{"STARTPOSITION", &s.start, 1 << 30}, {"MAXRESULTS", &s.n, maxResults}} {
		if !p.keyword(clause.word) {
			continue
		}
		n, err := strconv.Atoi(p.next().text)
		if err != nil {
			return p.unexpected()
		}
		if n < 1 || n > clause.most {
			return refuse("4001", "", "QueryValidationError: %s %d is not in 1 to %d", clause.word, n, clause.most)
		}
		*clause.into = n
	}
	return nil
}

// scan cuts a statement into tokens.
func scan(text string) ([]token, error) {
	var out []token
	for i := 0; i < len(text); {
		c := text[i]
		switch {
		case c == ' ' || c == '\t' || c == '\n' || c == '\r':
			i++
		case c == '\'':
			value, n, ok := quoted(text[i+1:])
			if !ok {
				return nil, refuse("4000", "", "QueryParserError: Lexical error, a text has no end")
			}
			out = append(out, token{value, true})
			i += n + 1
		case strings.IndexByte("<>!", c) >= 0 && i+1 < len(text) && text[i+1] == '=':
			out = append(out, token{text[i : i+2], false})
			i += 2
		case strings.IndexByte("(),*=<>", c) >= 0:
			out = append(out, token{text[i : i+1], false})
			i++
		case letter(c):
			n := i
			for n < len(text) && letter(text[n]) {
				n++
			}
			out = append(out, token{text[i:n], false})
			i = n
		default:
			return nil, refuse("4000", "", "QueryParserError: Lexical error, encountered %q", string(rune(c)))
		}
	}
	return out, nil
}

// quoted reads up to the closing quote; a backslash takes the next character as
// it is. It returns how many bytes it read.
func quoted(text string) (value string, n int, ok bool) {
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '\'':
			return b.String(), i + 1, true
		case '\\':
			if i++; i == len(text) {
				return "", 0, false
			}
			fallthrough
		default:
			b.WriteByte(text[i])
		}
	}
	return "", 0, false
}

// letter reports whether c belongs to a word or a number.
func letter(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '.' || c == '_' || c == '-'
}
