package main

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestRun(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	if err := run(t.Context(), &out); err != nil {
		t.Fatal(err)
	}
	want := `T1 MEAL-1 created []
T1 MEAL-2 created [MEAL-2: Description: not shown by this system]
sale-000001 version 2 completed total 26.90 USD refunded 12.95 USD
`
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Error(diff)
	}
}
