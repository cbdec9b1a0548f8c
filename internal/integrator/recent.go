package integrator

import (
	"cmp"
	"encoding/binary"
	"hash/fnv"
	"slices"
	"time"

	"github.com/farmacyfoods/pointofsale/pos"
)

// recentSize bounds what a group remembers.
const recentSize = 1024

// recent are the last version delivered of each recent record, packed: for
// each the hash of the record, the hash of the version, and the time in Unix
// seconds, 8 bytes each. It serves two ends: a version that comes again after
// a restart without cursor is not delivered twice, and a later version of a
// record is told from a first one.
type recent []byte

// memory is a recent list while a page is worked on.
type memory struct {
	versions map[uint64]seen
	order    []uint64 // the records as they came
}

type seen struct {
	version uint64
	at      int64
}

func (r recent) open() *memory {
	n := len(r) / 24
	m := &memory{make(map[uint64]seen, n), make([]uint64, 0, n)}
	for ; len(r) >= 24; r = r[24:] {
		m.set(binary.LittleEndian.Uint64(r), seen{binary.LittleEndian.Uint64(r[8:]), int64(binary.LittleEndian.Uint64(r[16:]))})
	}
	return m
}

func (m *memory) set(record uint64, s seen) {
	if _, ok := m.versions[record]; !ok {
		m.order = append(m.order, record)
	}
	m.versions[record] = s
}

// delivered reports whether this very version was delivered before.
func (m *memory) delivered(p *pos.Purchase) bool {
	s, ok := m.versions[digest(p.ID)]
	return ok && s.version == digest(p.Version)
}

// earlier reports whether an earlier version of the record was delivered:
// everything recorded up to through was, later ones are remembered.
func (m *memory) earlier(p *pos.Purchase, through time.Time) bool {
	if m.has(p) {
		return true
	}
	return p.UpdatedAt.After(p.RecordedAt) && !p.RecordedAt.IsZero() && p.RecordedAt.Before(through)
}

// has reports whether some version of the record is remembered.
func (m *memory) has(p *pos.Purchase) bool {
	_, ok := m.versions[digest(p.ID)]
	return ok
}

func (m *memory) add(p *pos.Purchase) {
	at := p.RecordedAt
	if p.UpdatedAt.After(at) {
		at = p.UpdatedAt
	}
	m.put(p, at)
}

func (m *memory) put(p *pos.Purchase, at time.Time) {
	m.set(digest(p.ID), seen{digest(p.Version), at.Unix()})
}

// close packs what is not older than from, at most recentSize of the newest.
func (m *memory) close(from time.Time) recent {
	type entry struct {
		record uint64
		seen
	}
	entries := make([]entry, 0, len(m.order))
	for _, record := range m.order {
		if s := m.versions[record]; s.at >= from.Unix() {
			entries = append(entries, entry{record, s})
		}
	}
	// They come nearly in order, which makes this cheap.
	slices.SortFunc(entries, func(a, b entry) int { return cmp.Compare(a.at, b.at) })
	entries = entries[max(0, len(entries)-recentSize):]
	packed := make(recent, 0, 24*len(entries))
	for _, e := range entries {
		packed = binary.LittleEndian.AppendUint64(packed, e.record)
		packed = binary.LittleEndian.AppendUint64(packed, e.version)
		packed = binary.LittleEndian.AppendUint64(packed, uint64(e.at))
	}
	return packed
}

func digest(text string) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(text))
	return h.Sum64()
}
