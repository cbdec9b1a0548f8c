package pointofsale_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/pos/posfake"
)

func Example() {
	ctx := context.Background()
	till := posfake.New(posfake.Config{}) // in production: square.New, bytetech.New, ...

	bowl := pos.Item{SKU: "MEAL-42", Name: "Salmon Bowl", Price: pos.Money{Amount: 1295, Currency: "USD"}}
	report, err := till.PushMenu(ctx, pos.MenuPush{Menu: pos.Menu{Items: []pos.Item{bowl}}})
	if err != nil {
		log.Fatal(err)
	}
	for location, outcome := range report.Each() {
		fmt.Println(location, outcome.Item, outcome.Action)
	}

	sell(till) // somebody buys two bowls

	for purchase, err := range pos.AllPurchases(ctx, till, pos.PurchaseQuery{}) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(purchase.Location, purchase.Lines[0].SKU, purchase.Lines[0].Quantity, purchase.State)
	}
	// Output:
	// L1 MEAL-42 created
	// L1 MEAL-42 2 completed
}

func sell(till *posfake.Fake) {
	if _, err := till.Sell(posfake.Sale{Location: "L1", Lines: []posfake.SaleLine{{SKU: "MEAL-42", Quantity: 2}}}); err != nil {
		log.Fatal(err)
	}
}

// The program in the README is the example above, to the letter.
func TestReadmeShowsTheExample(t *testing.T) {
	t.Parallel()
	source, err := os.ReadFile("example_test.go")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(source), "func Example() {\n")
	body, _, _ := strings.Cut(rest, "\t// Output:")
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, found := strings.Cut(string(readme), "```go\n")
	shown, _, closed := strings.Cut(rest, "```\n")
	if !found || !closed {
		t.Fatal("README.md has no Go program")
	}
	want := strings.ReplaceAll("\n"+body, "\n\t", "\n")[1:]
	if diff := cmp.Diff(want, shown); diff != "" {
		t.Errorf("README.md differs from Example:\n%s", diff)
	}
}
