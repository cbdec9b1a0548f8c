package kit

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// maxRest is the most that a document may hold beside the array.
const maxRest = 1 << 20

var errShape = errors.New("unexpected JSON")

// stream reads one document: elements of the array go to each, all else is
// copied to rest.
type stream struct {
	dec  *jsontext.Decoder
	rest *jsontext.Encoder // nil if nobody asks
	size *bytes.Buffer     // behind rest
	each func(*jsontext.Decoder) error
}

func eachJSON[T any](r io.Reader, path string, each func(*T) error, rest any) error {
	var element, zero T
	s := &stream{
		dec: jsontext.NewDecoder(r, lenient),
		each: func(d *jsontext.Decoder) error {
			element = zero
			if err := json.UnmarshalDecode(d, &element); err != nil {
				return err
			}
			if err := each(&element); err != nil {
				return callbackError{err}
			}
			return nil
		},
	}
	if rest != nil {
		s.size = new(bytes.Buffer)
		s.rest = jsontext.NewEncoder(s.size, lenient)
	}
	var names []string
	if path != "" {
		names = strings.Split(path, ".")
	}
	if err := s.value(names); err != nil {
		return noEarlyEnd(err)
	}
	if err := s.end(); err != nil {
		return err
	}
	if rest == nil || s.size.Len() == 0 {
		return nil
	}
	return json.Unmarshal(s.size.Bytes(), rest, lenient)
}

// end makes sure that nothing follows the document.
func (s *stream) end() error {
	switch _, err := s.dec.ReadToken(); {
	case err == nil:
		return fmt.Errorf("%w behind the end", errShape)
	case errors.Is(err, io.EOF):
		return nil
	default:
		return err
	}
}

// value descends along the names to the array.
func (s *stream) value(names []string) error {
	if len(names) == 0 {
		return s.elements()
	}
	switch s.dec.PeekKind() {
	case jsontext.KindNull:
		return s.copy()
	case jsontext.KindBeginObject:
		return s.object(names)
	default:
		return s.unexpected()
	}
}

// elements reads the array.
func (s *stream) elements() error {
	switch s.dec.PeekKind() {
	case jsontext.KindNull:
		return s.dec.SkipValue()
	case jsontext.KindBeginArray:
		return s.array()
	default:
		return s.unexpected()
	}
}

// unexpected says what is wrong with the next value.
func (s *stream) unexpected() error {
	kind := s.dec.PeekKind()
	if kind == jsontext.KindInvalid {
		_, err := s.dec.ReadToken()
		return err
	}
	return fmt.Errorf("%w: %s at %q", errShape, kind, s.dec.StackPointer())
}

func (s *stream) object(names []string) error {
	if err := s.token(); err != nil {
		return err
	}
	for s.dec.PeekKind() == jsontext.KindString {
		name, err := s.dec.ReadToken()
		if err != nil {
			return err
		}
		wanted := name.String() == names[0]
		if wanted && len(names) == 1 {
			err = s.elements()
		} else {
			err = s.member(name, wanted, names[1:])
		}
		if err != nil {
			return err
		}
	}
	return s.token()
}

// member copies a member, or descends into it if the array is below.
func (s *stream) member(name jsontext.Token, wanted bool, below []string) error {
	if err := s.write(name); err != nil {
		return err
	}
	if wanted {
		return s.value(below)
	}
	return s.copy()
}

func (s *stream) array() error {
	if _, err := s.dec.ReadToken(); err != nil {
		return err
	}
	for kind := s.dec.PeekKind(); kind != jsontext.KindEndArray && kind != jsontext.KindInvalid; kind = s.dec.PeekKind() {
		if err := s.each(s.dec); err != nil {
			return err
		}
	}
	_, err := s.dec.ReadToken()
	return err
}

// token passes one token on.
func (s *stream) token() error {
	t, err := s.dec.ReadToken()
	if err != nil {
		return err
	}
	return s.write(t)
}

func (s *stream) write(t jsontext.Token) error {
	if s.rest == nil {
		return nil
	}
	return s.rest.WriteToken(t)
}

// copy passes one value on.
func (s *stream) copy() error {
	if s.rest == nil {
		return s.dec.SkipValue()
	}
	v, err := s.dec.ReadValue()
	if err != nil {
		return err
	}
	if s.rest.OutputOffset()+int64(len(v)) > maxRest {
		return fmt.Errorf("%w: more than %d bytes beside the array", errShape, maxRest)
	}
	return s.rest.WriteValue(v)
}

// noEarlyEnd makes an end inside the document what it is: a cut-off body.
func noEarlyEnd(err error) error {
	if errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
