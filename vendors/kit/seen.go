package kit

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"slices"
	"time"
)

// seen remembers which versions were delivered and when each was recorded, so
// that reading a stretch of time again delivers nothing twice. It holds a
// fingerprint of eight bytes for each version; entries that no window can
// reach any more are dropped.
type seen map[fingerprint]int64 // milliseconds of recording, rounded up

type fingerprint uint64

// versionPrint identifies a version of a record.
func versionPrint(id, version string) fingerprint {
	sum := sha256.Sum256([]byte(id + "\x00" + version))
	return fingerprint(binary.BigEndian.Uint64(sum[:8]))
}

// ceilMilli rounds up, so that an entry is never thought older than it is.
func ceilMilli(t time.Time) int64 {
	ms := t.UnixMilli()
	if t.Nanosecond()%int(time.Millisecond) != 0 {
		ms++
	}
	return ms
}

// prune drops what was recorded before t.
func (s seen) prune(t time.Time) {
	limit := ceilMilli(t)
	for p, at := range s {
		if at < limit {
			delete(s, p)
		}
	}
}

// MarshalText packs the entries, ordered by time: the distance in time to the
// entry before as a varint, then the fingerprint.
func (s seen) MarshalText() ([]byte, error) {
	type entry struct {
		at int64
		p  fingerprint
	}
	entries := make([]entry, 0, len(s))
	for p, at := range s {
		entries = append(entries, entry{at, p})
	}
	slices.SortFunc(entries, func(a, b entry) int {
		if a.at != b.at {
			return int(max(-1, min(1, a.at-b.at)))
		}
		if a.p < b.p {
			return -1
		}
		return 1
	})
	packed := make([]byte, 0, 11*len(entries))
	var last int64
	for _, e := range entries {
		packed = binary.AppendVarint(packed, e.at-last)
		packed = binary.BigEndian.AppendUint64(packed, uint64(e.p))
		last = e.at
	}
	return base64.RawStdEncoding.AppendEncode(nil, packed), nil
}

// UnmarshalText reads what MarshalText packed.
func (s *seen) UnmarshalText(text []byte) error {
	packed, err := base64.RawStdEncoding.AppendDecode(nil, text)
	if err != nil {
		return err
	}
	out := make(seen, len(packed)/9)
	var at int64
	for len(packed) > 0 {
		step, n := binary.Varint(packed)
		if n <= 0 || len(packed) < n+8 {
			return errors.New("kit: damaged list of seen versions")
		}
		at += step
		out[fingerprint(binary.BigEndian.Uint64(packed[n:]))] = at
		packed = packed[n+8:]
	}
	*s = out
	return nil
}
