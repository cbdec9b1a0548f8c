package pos_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/farmacyfoods/pointofsale/pos"
)

// fields lists "item field location" of every problem in an error.
func fields(t *testing.T, err error) []string {
	t.Helper()
	var ps pos.Problems
	if err != nil && !errors.Is(err, pos.ErrInvalid) || err != nil && !errors.As(err, &ps) {
		t.Fatalf("got %v, want an invalid error with problems", err)
	}
	var out []string
	for _, p := range ps {
		out = append(out, strings.TrimSpace(p.Item+" "+p.Field+" "+p.Location))
	}
	return out
}

func bowl() pos.Item {
	return pos.Item{SKU: "BOWL-1", Name: "Salmon bowl", Price: usd(1395), GTIN: "4006381333931", Allergens: []string{"fish", "soy"}, Diets: []string{"dairy-free"}}
}

func TestMenuValidate(t *testing.T) {
	t.Parallel()
	if err := (pos.Menu{Items: []pos.Item{bowl()}}).Validate(); err != nil {
		t.Errorf("a good menu: %v", err)
	}
	if err := (pos.Menu{}).Validate(); err != nil {
		t.Errorf("an empty menu: %v", err)
	}
	free, euro, debt := usd(0), pos.Money{Amount: 5, Currency: "EUR"}, usd(-1)
	for _, tc := range []struct {
		name   string
		change func(*pos.Item)
		want   []string
	}{
		{"no SKU", func(it *pos.Item) { it.SKU = "" }, []string{"SKU"}},
		{"space in SKU", func(it *pos.Item) { it.SKU = "A B" }, []string{"A B SKU"}},
		{"long SKU", func(it *pos.Item) { it.SKU = strings.Repeat("x", 65) }, []string{strings.Repeat("x", 40) + "... SKU"}},
		{"SKU of 64", func(it *pos.Item) { it.SKU = strings.Repeat("x", 64); it.Name = "" }, []string{strings.Repeat("x", 64) + " Name"}},
		{"long name", func(it *pos.Item) { it.Name = strings.Repeat("ü", 121) }, []string{"BOWL-1 Name"}},
		{"name of 120", func(it *pos.Item) { it.Name = strings.Repeat("ü", 120) }, nil},
		{"broken text", func(it *pos.Item) { it.Description = "\xff" }, []string{"BOWL-1 Description"}},
		{"no currency", func(it *pos.Item) { it.Price.Currency = "" }, []string{"BOWL-1 Price"}},
		{"no such currency", func(it *pos.Item) { it.Price.Currency = "BTC" }, []string{"BOWL-1 Price"}},
		{"free", func(it *pos.Item) { it.Price = free }, nil},
		{"bad check digit", func(it *pos.Item) { it.GTIN = "4006381333932" }, []string{"BOWL-1 GTIN"}},
		{"letters in GTIN", func(it *pos.Item) { it.GTIN = "4006381333a31" }, []string{"BOWL-1 GTIN"}},
		{"codes", func(it *pos.Item) { it.Allergens, it.Diets = []string{"dust", "fish"}, []string{"air"} }, []string{"BOWL-1 Allergens", "BOWL-1 Diets"}},
		{"negatives", func(it *pos.Item) { it.Calories, it.ShelfLifeDays, it.Price = -1, -1, debt }, []string{"BOWL-1 Price", "BOWL-1 ShelfLifeDays", "BOWL-1 Calories"}},
		{"overrides", func(it *pos.Item) {
			it.Overrides = []pos.Override{{Location: "L1", Price: &free}, {Location: "L2", Price: &euro}, {Location: "L1"}, {}, {Location: "L3", Price: &debt}}
		}, []string{"BOWL-1 Overrides.Price L2", "BOWL-1 Overrides L1", "BOWL-1 Overrides", "BOWL-1 Overrides.Price L3"}},
	} {
		it := bowl()
		tc.change(&it)
		if diff := cmp.Diff(tc.want, fields(t, pos.Menu{Items: []pos.Item{it}}.Validate())); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tc.name, diff)
		}
	}
}

// Problems of all items come at once, and hostile input does not fill the log.
func TestMenuValidateReportsAll(t *testing.T) {
	t.Parallel()
	a, b, c := bowl(), bowl(), bowl()
	b.SKU, b.Name = "B", ""
	c.SKU = strings.Repeat("\x00", 1<<20)
	err := pos.Menu{Items: []pos.Item{a, a, b, c}}.Validate()
	got := fields(t, err)
	if !slices.Contains(got, "BOWL-1 SKU") || !slices.Contains(got, "B Name") || len(got) != 3 {
		t.Errorf("got %q", got)
	}
	if len(err.Error()) > 1000 {
		t.Errorf("the error has %d bytes", len(err.Error()))
	}
}

func TestItemAt(t *testing.T) {
	t.Parallel()
	free, dear := usd(0), usd(2000)
	it := bowl()
	it.Overrides = []pos.Override{{Location: "L1", Price: &free}, {Location: "L2", Price: &dear, Unavailable: true}, {Location: "L3"}}
	for location, want := range map[string]struct {
		price     pos.Money
		available bool
	}{"L1": {free, true}, "L2": {dear, false}, "L3": {it.Price, true}, "L4": {it.Price, true}} {
		if price, available := it.At(location); price != want.price || available != want.available {
			t.Errorf("%s: got %v, %t", location, price, available)
		}
	}
	it.Unavailable = true
	if _, available := it.At("L1"); available {
		t.Error("an unavailable item is on sale")
	}
}

func TestCheckMenuAndNotes(t *testing.T) {
	t.Parallel()
	dear := usd(2000)
	it := bowl()
	it.Calories = 500
	it.Overrides = []pos.Override{{Location: "L1", Price: &dear}, {Location: "L2", Unavailable: true}, {Location: "L3", Price: &it.Price}}
	var none pos.Capabilities
	ps := none.CheckMenu(pos.Menu{Items: []pos.Item{it}})
	if len(ps) != 2 || ps[0].Location != "L1" || ps[1].Location != "L2" || ps[0].Nearest == "" {
		t.Errorf("got %v", ps)
	}
	all := pos.Capabilities{Menu: pos.MenuCaps{LocationPrice: true, LocationAvailability: true, Fields: []string{"Calories"}}}
	if ps := all.CheckMenu(pos.Menu{Items: []pos.Item{it}}); ps != nil {
		t.Errorf("got %v", ps)
	}
	var noted []string
	for _, n := range all.Uncarried(it) {
		noted = append(noted, n.Field)
	}
	if diff := cmp.Diff([]string{"GTIN", "Allergens", "Diets"}, noted); diff != "" {
		t.Errorf("notes (-want +got):\n%s", diff)
	}
}

func TestPushReport(t *testing.T) {
	t.Parallel()
	cause := &pos.Error{Op: "PushMenu", Kind: pos.KindConflict}
	r := pos.PushReport{Outcomes: []pos.Outcome{
		{Item: "A", Locations: []string{"L1", "L2"}, Action: pos.Created},
		{Item: "B", Locations: []string{"L1"}, Action: pos.Failed, Err: cause},
		{Item: "B", Locations: []string{"L2"}, Action: pos.Unchanged},
	}}
	if !errors.Is(r.Err(), pos.ErrConflict) || (pos.PushReport{}).Err() != nil {
		t.Errorf("got %v", r.Err())
	}
	if r.Count(pos.Created) != 2 || r.Count(pos.Failed) != 1 || r.Count(pos.Withdrawn) != 0 {
		t.Error("the counts are wrong")
	}
	if o, ok := r.At("B", "L2"); !ok || o.Action != pos.Unchanged {
		t.Errorf("got %v, %t", o, ok)
	}
	if _, ok := r.At("C", "L1"); ok {
		t.Error("C was not pushed")
	}
	var pairs []string
	for l, o := range r.Each() {
		if pairs = append(pairs, o.Item+l); len(pairs) == 3 {
			break
		}
	}
	if diff := cmp.Diff([]string{"AL1", "AL2", "BL1"}, pairs); diff != "" {
		t.Error(diff)
	}
}

func TestCheckWithdraw(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		withdrawn, onSale int
		limit             pos.Rate
		stops             bool
	}{
		{5, 10, 0, false},
		{6, 10, 0, true},
		{1, 10, pos.Percent(10), false},
		{2, 10, pos.Percent(10), true},
		{10, 10, pos.Percent(100), false},
		{0, 0, 1, false},
		{1 << 30, 1 << 30, 999_999, true},
	} {
		err := pos.CheckWithdraw(tc.withdrawn, tc.onSale, tc.limit)
		if errors.Is(err, pos.ErrWithdrawLimit) != tc.stops {
			t.Errorf("%+v: %v", tc, err)
		}
	}
}
