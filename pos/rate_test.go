package pos_test

import (
	"encoding/json"
	"testing"

	"github.com/farmacyfoods/pointofsale/pos"
)

func TestRate(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		text string
		want pos.Rate
		back string
	}{
		{"15", pos.Percent(15), "15%"},
		{"8.25", 82_500, "8.25%"},
		{"7.5000", 75_000, "7.5%"},
		{"0.0001", 1, "0.0001%"},
		{"-2", pos.Percent(-2), "-2%"},
		{"100", pos.Percent(100), "100%"},
	} {
		got, err := pos.ParsePercent(tc.text)
		if err != nil || got != tc.want || got.String() != tc.back {
			t.Errorf("%q: got %d (%s), %v; want %d (%s)", tc.text, got, got, err, tc.want, tc.back)
		}
	}
	for _, text := range []string{"", "%", "15%", "1e2", "0.00001"} {
		if got, err := pos.ParsePercent(text); err == nil {
			t.Errorf("%q is accepted as %s", text, got)
		}
	}
}

func TestQuantity(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		text  string
		want  pos.Quantity
		whole int64
		back  string
	}{
		{"2", pos.Units(2), 2, "2"},
		{"0.5", 50_000, 0, "0.5"},
		{"-1.25", -125_000, -1, "-1.25"},
		{"1.00000", pos.Units(1), 1, "1"},
		{"0.00001", 1, 0, "0.00001"},
	} {
		got, err := pos.ParseQuantity(tc.text)
		if err != nil || got != tc.want || got.Whole() != tc.whole || got.String() != tc.back {
			t.Errorf("%q: got %d (%s, whole %d), %v", tc.text, got, got, got.Whole(), err)
		}
	}
	if got, err := pos.ParseQuantity("0.000001"); err == nil {
		t.Errorf("six decimal places are accepted as %s", got)
	}
}

// Not counted, zero and a number stay apart in JSON.
func TestCountJSON(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]pos.Count{
		`null`:   {},
		`"0"`:    pos.Counted(0),
		`"2.5"`:  pos.Counted(250_000),
		`"-1"`:   pos.Counted(pos.Units(-1)),
		`"1000"`: pos.Counted(pos.Units(1000)),
	} {
		var got pos.Count
		if err := json.Unmarshal([]byte(text), &got); err != nil || got != want {
			t.Errorf("%s: got %v, %v; want %v", text, got, err, want)
		}
		back, err := json.Marshal(want)
		if err != nil || string(back) != text {
			t.Errorf("%v: got %s, %v; want %s", want, back, err, text)
		}
	}
	for _, text := range []string{`3`, `"x"`, `{}`, `""`, `true`} {
		var got pos.Count
		if err := json.Unmarshal([]byte(text), &got); err == nil {
			t.Errorf("%s is accepted as %v", text, got)
		}
	}
	if got := (pos.Count{}).String(); got != "not counted" {
		t.Errorf("got %q", got)
	}
}

// What is written into events comes back the same.
func TestTextRoundTrips(t *testing.T) {
	t.Parallel()
	type all struct {
		Rate     pos.Rate
		Quantity pos.Quantity
		Tri      pos.Tri
		Clock    pos.Clock
	}
	want := all{82_500, 150_000, pos.No, 9*60 + 5}
	text, err := json.Marshal(want)
	if err != nil || string(text) != `{"Rate":"8.25","Quantity":"1.5","Tri":"no","Clock":"09:05"}` {
		t.Fatalf("got %s, %v", text, err)
	}
	var got all
	if err := json.Unmarshal(text, &got); err != nil || got != want {
		t.Errorf("got %+v, %v; want %+v", got, err, want)
	}
	if err := json.Unmarshal([]byte(`{"Tri":"maybe"}`), &got); err == nil {
		t.Error("maybe is accepted")
	}
}
