// Package settings reads a configuration from one YAML file into a struct and
// reports everything that is wrong with it at once, each time with the path of
// the field.
//
//   - Fields have the names of their json tags. Unknown and repeated ones are
//     errors, so that a slip of the pen is not a default.
//   - Durations are written as "90s", instants as "2026-09-01T00:00:00Z".
//   - ${ENV:NAME} in a value stands for an environment variable. Values of type
//     [pos.Secret] must come from one, so that the file can be shown around.
package settings

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/farmacyfoods/pointofsale/pos"
)

// Problem is one thing that is wrong with a configuration.
type Problem struct {
	// Path of the field, such as "accounts[0].square.account".
	Path   string
	Line   int // in the file; 0 if it is not known
	Reason string
}

// String returns the problem in one line.
func (p Problem) String() string {
	text := cmp.Or(p.Path, "file") + ": " + p.Reason
	if p.Line > 0 {
		text = fmt.Sprintf("line %d: %s", p.Line, text)
	}
	return text
}

// Problems is everything that is wrong with a configuration.
type Problems []Problem

// Error lists the problems, one a line.
func (ps Problems) Error() string {
	lines := make([]string, len(ps))
	for i, p := range ps {
		lines[i] = p.String()
	}
	return fmt.Sprintf("configuration: %d problems\n\t%s", len(ps), strings.Join(lines, "\n\t"))
}

// Err returns the problems as an error, nil if there are none.
func (ps Problems) Err() error {
	if len(ps) == 0 {
		return nil
	}
	return ps
}

// Add adds a problem that the file's syntax does not show.
func (ps *Problems) Add(path, format string, args ...any) {
	*ps = append(*ps, Problem{Path: path, Reason: fmt.Sprintf(format, args...)})
}

// Check takes over what a constructor said about its configuration, which
// stands in the file at path, and reports whether it was content. The names of
// Go fields in [pos.Problems] become those of the file.
func (ps *Problems) Check(path string, cfg any, err error) bool {
	if err == nil {
		return true
	}
	for _, p := range causes(err) {
		reason := p.Reason
		if p.Item != "" {
			reason = p.Item + ": " + reason
		}
		ps.Add(join(path, fileName(cfg, p.Field)), "%s", reason)
	}
	return false
}

// causes collects the problems of joined errors.
func causes(err error) pos.Problems {
	joined, ok := err.(interface{ Unwrap() []error })
	if _, one := err.(*pos.Error); ok && !one { //nolint:errorlint // only the outermost error is taken apart
		var all pos.Problems
		for _, e := range joined.Unwrap() {
			all = append(all, causes(e)...)
		}
		return all
	}
	if ps, ok := errors.AsType[pos.Problems](err); ok {
		return ps
	}
	return pos.Problems{{Reason: err.Error()}}
}

// Read decodes a YAML document into the struct that into points to; fields
// that the document leaves out keep their values. lookup finds environment
// variables, see [os.LookupEnv].
func Read(text []byte, lookup func(string) (string, bool), into any) Problems {
	var doc, more yaml.Node
	dec := yaml.NewDecoder(bytes.NewReader(text))
	switch err := dec.Decode(&doc); {
	case errors.Is(err, io.EOF):
		return nil
	case err != nil:
		return Problems{{Reason: err.Error()}}
	}
	if err := dec.Decode(&more); !errors.Is(err, io.EOF) {
		return Problems{{Reason: "has more than one document"}}
	}
	r := reader{lookup: lookup}
	r.document(doc.Content[0], into)
	return r.problems
}
