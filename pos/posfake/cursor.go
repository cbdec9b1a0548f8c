package posfake

import (
	"encoding/base64"
	"errors"
	"fmt"
	"hash/fnv"
	"slices"
	"strconv"
	"strings"

	"github.com/farmacyfoods/pointofsale/pos"
)

const cursorPrefix = "pf1"

// mark is an opened cursor: its fields as text.
type mark []string

// sealed makes a cursor of the fields. It belongs to the account, the job and
// the locations; a checksum tells it from anything else.
func (f *Fake) sealed(job string, locations []string, fields ...string) pos.Cursor {
	head := []string{cursorPrefix, job, f.binding(job, locations)}
	body := strings.Join(append(head, fields...), ".")
	return pos.Cursor(body + "." + checksum(body))
}

// opened reads a cursor with n fields; the empty cursor gives nil.
func (f *Fake) opened(job string, locations []string, c pos.Cursor, n int) (mark, error) {
	if c == "" {
		return nil, nil
	}
	parts := strings.Split(string(c), ".")
	last := len(parts) - 1
	switch {
	case len(parts) != n+4 || parts[0] != cursorPrefix || parts[last] != checksum(strings.Join(parts[:last], ".")):
		return nil, f.failure(job, pos.KindCursor, errors.New("it was not issued here"))
	case parts[1] != job:
		return nil, f.failure(job, pos.KindCursor, fmt.Errorf("it belongs to %s", parts[1]))
	case parts[2] != f.binding(job, locations):
		return nil, f.failure(job, pos.KindCursor, errors.New("it belongs to another account or other locations"))
	}
	return parts[3:last], nil
}

func (f *Fake) binding(job string, locations []string) string {
	ids := slices.Compact(slices.Sorted(slices.Values(locations)))
	return checksum(strings.Join(append([]string{f.cfg.Vendor, f.cfg.Account, job}, ids...), "\x00"))
}

// text packs a string into a field.
func text(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }

// text unpacks a field; "" if there is none.
func (m mark) text(i int) string {
	if i >= len(m) {
		return ""
	}
	raw, _ := base64.RawURLEncoding.DecodeString(m[i])
	return string(raw)
}

func number(n int64) string { return strconv.FormatInt(n, 10) }

func (m mark) number(i int) int64 {
	if i >= len(m) {
		return 0
	}
	n, _ := strconv.ParseInt(m[i], 10, 64)
	return n
}

func checksum(s string) string {
	h := fnv.New64a()
	_, _ = h.Write([]byte(s))
	return strconv.FormatUint(h.Sum64(), 36)
}
