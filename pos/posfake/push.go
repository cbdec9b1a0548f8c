package posfake

import (
	"context"
	"reflect"
	"slices"
	"time"

	"github.com/farmacyfoods/pointofsale/pos"
)

// change is what a push does, or would do, with one item at one location.
type change struct {
	item, location string
	action         pos.Action
	fields         []string
	codes          []string
	notes          []pos.Problem
	err            error
	apply          func() // under the lock; nil: nothing to write
}

// deferral is a change that a deferred system completes later.
type deferral struct {
	at    time.Time
	apply func()
}

// completionTime is how long a deferred system takes for a push.
const completionTime = time.Minute

// execute writes the changes in batches. A batch that fails fails its items
// and no others.
func (f *Fake) execute(ctx context.Context, op string, size int, changes []change, dry bool) pos.PushReport {
	report := pos.PushReport{DryRun: dry}
	var todo []*change
	for i := range changes {
		if changes[i].apply != nil {
			todo = append(todo, &changes[i])
		}
	}
	for batch := range slices.Chunk(todo, max(size, 1)) {
		report.Writes++
		if dry {
			continue
		}
		err := f.call(ctx, op, true, func() error {
			for _, c := range batch {
				f.write(c)
			}
			return nil
		})
		for _, c := range batch {
			if err != nil {
				c.action, c.err = pos.Failed, err
			}
		}
	}
	report.Outcomes = grouped(changes)
	return report
}

func (f *Fake) write(c *change) {
	if !f.caps.Deferred {
		c.apply()
		return
	}
	c.action = pos.Pending
	f.deferred = append(f.deferred, deferral{f.now().Add(completionTime), c.apply})
}

// complete applies the deferred changes that are due.
func (f *Fake) complete() {
	for len(f.deferred) > 0 && !f.deferred[0].at.After(f.now()) {
		f.deferred[0].apply()
		f.deferred = f.deferred[1:]
	}
}

// grouped joins the locations of an item that share an outcome.
func grouped(changes []change) []pos.Outcome {
	var out []pos.Outcome
	first := 0 // of the outcomes of the current item
	for _, c := range changes {
		if first < len(out) && out[first].Item != c.item {
			first = len(out)
		}
		o := pos.Outcome{Item: c.item, Action: c.action, Fields: c.fields, Codes: c.codes, Notes: c.notes, Err: c.err, VendorID: "obj-" + c.item}
		i := slices.IndexFunc(out[first:], func(x pos.Outcome) bool {
			x.Locations = nil
			return reflect.DeepEqual(x, o) //nolint:govet // errors of one push are made alike if they are alike
		})
		if i < 0 {
			o.Locations = []string{c.location}
			out = append(out, o)
			continue
		}
		out[first+i].Locations = append(out[first+i].Locations, c.location)
	}
	return out
}

// changed names the fields in which two structs of one type differ.
func changed(a, b any) []string {
	var names []string
	x, y := reflect.ValueOf(a), reflect.ValueOf(b)
	for i := range x.NumField() {
		if !reflect.DeepEqual(x.Field(i).Interface(), y.Field(i).Interface()) {
			names = append(names, x.Type().Field(i).Name)
		}
	}
	return names
}
