package squarefake

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/vendors/kit/fakekit"
)

// change is one entry of a write.
type change struct {
	Type  string        `json:"type"`
	Count *stockRequest `json:"physical_count"`
	Move  *stockRequest `json:"adjustment"`
}

type stockRequest struct {
	Object    string `json:"catalog_object_id"`
	Reference string `json:"reference_id"`
	State     string `json:"state"`
	FromState string `json:"from_state"`
	ToState   string `json:"to_state"`
	Location  string `json:"location_id"`
	From      string `json:"from_location_id"`
	To        string `json:"to_location_id"`
	Quantity  string `json:"quantity"`
	Occurred  string `json:"occurred_at"`
}

// checkedChange is a change whose every field has been looked at.
type checkedChange struct {
	*stockRequest
	variation *object
	quantity  pos.Quantity
	at        time.Time
	physical  bool
}

func (f *Fake) changeInventory(c *call) (any, error) {
	var in struct {
		Key     string   `json:"idempotency_key"`
		Changes []change `json:"changes"`
		Ignore  *bool    `json:"ignore_unchanged_counts"`
	}
	if err := decode(c.Request, &in); err != nil {
		return nil, err
	}
	switch {
	case len(in.Changes) == 0:
		return nil, missing("changes")
	case len(in.Changes) > 100:
		return nil, invalid("ARRAY_LENGTH_TOO_LONG", "changes", "At most 100 changes are allowed.")
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.once(c, in.Key, maxKey, func() (any, bool, error) {
		checked := make([]checkedChange, len(in.Changes))
		for i, ch := range in.Changes {
			var err error
			if checked[i], err = f.checkChange(ch, c.version >= inventorySplit); err != nil {
				if e := (*apiError)(nil); errors.As(err, &e) && e.Field != "" {
					e.Field = fmt.Sprintf("changes[%d].%s", i, e.Field)
				}
				return nil, false, err
			}
		}
		return f.applyChanges(checked, in.Ignore == nil || *in.Ignore, c.version >= inventorySplit), true, nil
	})
}

func (f *Fake) checkChange(ch change, split bool) (checkedChange, error) {
	out := checkedChange{physical: ch.Type == "PHYSICAL_COUNT"}
	field := "adjustment"
	switch {
	case out.physical && ch.Count != nil:
		field, out.stockRequest = "physical_count", ch.Count
		out.From, out.To = ch.Count.Location, ch.Count.Location
	case ch.Type == "ADJUSTMENT" && ch.Move != nil:
		out.stockRequest = ch.Move
		if split && ch.Move.Location != "" {
			return out, invalid("UNKNOWN_BODY_PARAMETER", field+".location_id", "Use from_location_id and to_location_id.")
		}
		if !split {
			out.From, out.To = ch.Move.Location, ch.Move.Location
		}
	default:
		return out, invalid("INVALID_ENUM_VALUE", "type", "`%s` is not a change type, or its body is missing.", ch.Type)
	}
	if f.placeByID[out.From] == nil || f.placeByID[out.To] == nil {
		return out, invalid("INVALID_VALUE", field+".location_id", "Location does not exist.")
	}
	out.variation = f.catalog.live(out.Object)
	if out.variation == nil || out.variation.kind != "ITEM_VARIATION" {
		return out, invalid("INVALID_VALUE", field+".catalog_object_id", "Item variation `%s` not found.", out.Object)
	}
	q, err := pos.ParseQuantity(out.Quantity)
	if err != nil || q < 0 {
		return out, invalid("INVALID_VALUE", field+".quantity", "`%s` is not a quantity.", out.Quantity)
	}
	out.quantity = q
	if out.Occurred == "" {
		return out, missing(field + ".occurred_at")
	}
	if out.at, err = parseTime(field+".occurred_at", out.Occurred); err != nil {
		return out, err
	}
	if now := f.Now(); out.at.After(now) || now.Sub(out.at) > 24*time.Hour {
		return out, invalid("INVALID_TIME", field+".occurred_at", "The time must lie in the last 24 hours.")
	}
	return out, nil
}

func (f *Fake) applyChanges(list []checkedChange, ignore, split bool) any {
	var changes []map[string]any
	var keys []countKey
	for _, ch := range list {
		if ch.physical {
			k := countKey{ch.variation.id, ch.To, cmp.Or(ch.State, "IN_STOCK")}
			if r := f.stock.rows[k]; ignore && r != nil && r.quantity == ch.quantity {
				keys = append(keys, k)
				continue
			}
			changes = append(changes, f.physicalCount(ch.variation, ch.To, k.state, ch.quantity, ch.at, ch.Reference))
			keys = append(keys, k)
			continue
		}
		change, moved := f.adjust(ch, split)
		changes = append(changes, change)
		keys = append(keys, moved...)
	}
	f.countsChanged(keys)
	var counts []countReply
	for _, k := range keys {
		counts = append(counts, f.stock.rows[k].show())
	}
	return struct {
		Counts  []countReply     `json:"counts,omitempty"`
		Changes []map[string]any `json:"changes,omitempty"`
	}{counts, changes}
}

// adjust moves a quantity from one state to another; NONE and SOLD have no count.
func (f *Fake) adjust(ch checkedChange, split bool) (change map[string]any, keys []countKey) {
	now := f.moment()
	from, to := countKey{ch.variation.id, ch.From, ch.FromState}, countKey{ch.variation.id, ch.To, ch.ToState}
	for _, side := range []struct {
		k countKey
		q pos.Quantity
	}{{from, -ch.quantity}, {to, ch.quantity}} {
		if slices.Contains([]string{"", "NONE", "SOLD", "UNLINKED_RETURN"}, side.k.state) {
			continue
		}
		f.stock.add(side.k, stockChange{ch.at, false, side.q}, now)
		f.refreshSoldOutAt(ch.variation, side.k.location)
		keys = append(keys, side.k)
	}
	wire := map[string]any{
		"id": f.id(fakekit.Base32, 24), "catalog_object_id": ch.variation.id, "catalog_object_type": "ITEM_VARIATION",
		"from_state": ch.FromState, "to_state": ch.ToState, "quantity": ch.quantity.String(),
		"occurred_at": stampOf(ch.at), "created_at": stampOf(now),
	}
	if ch.Reference != "" {
		wire["reference_id"] = ch.Reference
	}
	if split {
		wire["from_location_id"], wire["to_location_id"] = ch.From, ch.To
	} else {
		wire["location_id"] = ch.From
	}
	change = map[string]any{"type": "ADJUSTMENT", "adjustment": wire}
	f.stock.remember(changeRow{change, ch.at, now, from})
	return change, keys
}
