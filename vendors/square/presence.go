package square

import (
	"github.com/go-json-experiment/json/jsontext"

	"github.com/farmacyfoods/pointofsale/pos"
)

// where numbers the seller's locations, so that sets of them are cheap.
type where struct {
	list   []pos.Location
	index  map[string]int
	spell  map[string]spelling // of sets that were written before
	target placeSet
	ids    []string // of the targets, in the order of the push
}

// placeSet tells for each location of the seller whether it is in the set.
type placeSet []bool

func newWhere(all []pos.Location, targets []string) *where {
	w := &where{list: all, index: make(map[string]int, len(all)), spell: make(map[string]spelling), ids: targets}
	for i := range all {
		w.index[all[i].ID] = i
	}
	w.target = w.set(targets)
	return w
}

// set returns the set of the ids that the seller has.
func (w *where) set(ids []string) placeSet {
	s := make(placeSet, len(w.list))
	for _, id := range ids {
		if i, ok := w.index[id]; ok {
			s[i] = true
		}
	}
	return s
}

func (s placeSet) count() int {
	n := 0
	for _, in := range s {
		if in {
			n++
		}
	}
	return n
}

func (s placeSet) equal(o placeSet) bool {
	for i := range s {
		if s[i] != o[i] {
			return false
		}
	}
	return true
}

// names returns the ids of the set.
func (w *where) names(s placeSet) []string {
	ids := make([]string, 0, len(s))
	for i, in := range s {
		if in {
			ids = append(ids, w.list[i].ID)
		}
	}
	return ids
}

// presence is the set of locations at which objects are present: all of them
// must be.
func (w *where) presence(objects ...*catalogObject) placeSet {
	s := make(placeSet, len(w.list))
	for i := range s {
		s[i] = true
	}
	for _, o := range objects {
		listed, all := w.set(o.PresentAt), o.PresentAll == nil || *o.PresentAll
		if all {
			listed = w.set(o.AbsentAt)
		}
		for i := range s {
			s[i] = s[i] && listed[i] != all
		}
	}
	return s
}

// spelling is how Square writes a set of locations.
type spelling struct {
	all  bool
	list []string // present ones, or with all the absent ones
}

// spelled returns the shorter of the two ways to write a set.
func (w *where) spelled(s placeSet) spelling {
	key := make([]byte, len(s))
	for i, in := range s {
		if in {
			key[i] = 1
		}
	}
	if known, ok := w.spell[string(key)]; ok {
		return known
	}
	n := s.count()
	sp := spelling{all: len(s)-n < n}
	if !sp.all {
		sp.list = w.names(s)
	} else {
		absent := make(placeSet, len(s))
		for i := range s {
			absent[i] = !s[i]
		}
		sp.list = w.names(absent)
	}
	w.spell[string(key)] = sp
	return sp
}

// place writes the set into an object.
func (w *where) place(o *rawObject, s placeSet) error {
	sp := w.spelled(s)
	o.drop("present_at_location_ids", "absent_at_location_ids")
	if err := o.set("present_at_all_locations", jsontext.Value(map[bool]string{true: "true", false: "false"}[sp.all])); err != nil {
		return err
	}
	switch {
	case len(sp.list) == 0:
		return nil
	case sp.all:
		return o.set("absent_at_location_ids", sp.list)
	}
	return o.set("present_at_location_ids", sp.list)
}
