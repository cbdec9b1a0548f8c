package bytetech

import "bytes"

// scanner steps through JSON that a decoder has found to be valid; it only has
// to find where values end. Text that is not valid makes it stop early, never
// run on.
type scanner struct {
	text []byte
	at   int
}

// peek skips space and returns the next byte, 0 at the end.
func (s *scanner) peek() byte {
	for ; s.at < len(s.text); s.at++ {
		switch c := s.text[s.at]; c {
		case ' ', '\t', '\n', '\r':
		default:
			return c
		}
	}
	return 0
}

// comma skips a comma between elements.
func (s *scanner) comma() {
	if s.peek() == ',' {
		s.at++
	}
}

// value returns the next value, nil if there is none.
func (s *scanner) value() []byte {
	first := s.peek()
	start := s.at
	switch first {
	case 0, ',', ':', ']', '}':
		return nil
	case '"':
		s.str()
	case '{', '[':
		s.nested()
	default:
		for s.at < len(s.text) && !ends[s.text[s.at]] {
			s.at++
		}
	}
	return s.text[start:s.at]
}

// ends are the bytes behind a number or a word.
var ends = [256]bool{',': true, ']': true, '}': true, ':': true, ' ': true, '\t': true, '\n': true, '\r': true}

// str steps over a string.
func (s *scanner) str() {
	for s.at++; s.at < len(s.text); {
		n := bytes.IndexByte(s.text[s.at:], '"')
		if n < 0 {
			break
		}
		s.at += n + 1
		escapes := 0
		for i := s.at - 2; s.text[i] == '\\'; i-- {
			escapes++
		}
		if escapes%2 == 0 {
			return
		}
	}
	s.at = len(s.text)
}

// nested steps over an object or array.
func (s *scanner) nested() {
	for depth := 0; s.at < len(s.text); {
		switch s.text[s.at] {
		case '"':
			s.str()
			continue
		case '{', '[':
			depth++
		case '}', ']':
			depth--
		}
		if s.at++; depth == 0 {
			return
		}
	}
}

// object reads the members of an object that n names; false if it is torn.
func (s *scanner) object(n *node, values [][]byte) bool {
	for s.at++; s.peek() == '"'; s.comma() {
		name := s.value()
		if len(name) < 2 || s.peek() != ':' {
			return false
		}
		s.at++
		child := n.below[string(name[1:len(name)-1])]
		if child == nil && bytes.IndexByte(name, '\\') >= 0 {
			child = n.below[unquote(name)]
		}
		if child != nil && len(child.slots) == 0 && s.peek() == '{' {
			if !s.object(child, values) {
				return false
			}
			continue
		}
		v := s.value()
		if v == nil {
			return false
		}
		if child != nil && v[0] != 'n' && !child.take(v, values) {
			return false
		}
	}
	if s.peek() != '}' {
		return false
	}
	s.at++
	return true
}

// take stores a value and reads what is of interest inside it.
func (n *node) take(v []byte, values [][]byte) bool {
	for _, slot := range n.slots {
		values[slot] = v
	}
	return n.below == nil || v[0] != '{' || n.read(v, values) == nil
}
