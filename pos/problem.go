package pos

import (
	"fmt"
	"strings"
)

// Problem is one thing that is wrong with an input or that a system cannot
// express, with the place where it stands.
type Problem struct {
	// Item is the SKU, coupon id or other identity of the thing concerned.
	Item string `json:"item,omitempty"`
	// Field is the path of the field inside the item, such as "Price" or
	// "Overrides[2].Location".
	Field string `json:"field,omitempty"`
	// Location is set when the problem exists at one location only.
	Location string `json:"location,omitempty"`
	Reason   string `json:"reason"`
	// Nearest names the closest thing that would be possible.
	Nearest string `json:"nearest,omitempty"`
}

// String returns the problem in one line.
func (p Problem) String() string {
	var b strings.Builder
	for _, part := range []string{p.Item, p.Field, p.Location} {
		if part != "" {
			b.WriteString(part)
			b.WriteString(": ")
		}
	}
	b.WriteString(p.Reason)
	if p.Nearest != "" {
		fmt.Fprintf(&b, " (nearest: %s)", p.Nearest)
	}
	return b.String()
}

// Problems is every problem found at once. As an error it is the cause inside
// an [*Error] of kind invalid or unsupported.
type Problems []Problem

// Error lists the problems, separated by semicolons.
func (ps Problems) Error() string {
	lines := make([]string, len(ps))
	for i, p := range ps {
		lines[i] = p.String()
	}
	return strings.Join(lines, "; ")
}

// invalid wraps problems into an error of kind invalid, or returns nil.
func invalid(op string, ps Problems) error {
	if len(ps) == 0 {
		return nil
	}
	return &Error{Op: op, Kind: KindInvalid, Err: ps}
}

// add appends a problem of one item.
func (ps *Problems) add(item, field, format string, args ...any) {
	*ps = append(*ps, Problem{Item: item, Field: field, Reason: fmt.Sprintf(format, args...)})
}
