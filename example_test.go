package pointofsale_test

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/farmacyfoods/pointofsale/events"
	"github.com/farmacyfoods/pointofsale/kiosk"
	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/pos/inventory"
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

// embed is the second program of the README.
func embed(ctx context.Context, square pos.Provider, squareHook pos.Webhook, bus *events.Bus, inventoryService inventory.Service) error {
	integrator, err := kiosk.New(kiosk.Config{
		Accounts:  []kiosk.Account{{Provider: square, Webhook: squareHook}},
		Publisher: bus, Subscriber: bus, Inventory: inventoryService,
	})
	if err != nil {
		return err
	}
	http.Handle("/", integrator.Handler()) // /webhooks/square/..., /healthz, /readyz
	return integrator.Run(ctx)             // until ctx ends
}

var _ = embed // it is there to compile

// The programs in the README are those above, to the letter.
func TestReadmeShowsTheExamples(t *testing.T) {
	t.Parallel()
	source, err := os.ReadFile("example_test.go")
	if err != nil {
		t.Fatal(err)
	}
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for _, function := range []struct{ begin, end string }{{"func Example() {\n", "\t// Output:"}, {"func embed(", "\n}\n"}} {
		_, rest, _ := strings.Cut(string(source), "\n"+function.begin)
		if function.begin == "func embed(" {
			_, rest, _ = strings.Cut(rest, "{\n")
		}
		body, _, _ := strings.Cut(rest, function.end)
		want = append(want, strings.TrimSuffix(strings.ReplaceAll("\n"+body, "\n\t", "\n")[1:], "\n"))
	}
	var shown []string
	for _, part := range strings.Split(string(readme), "```go\n")[1:] {
		program, _, _ := strings.Cut(part, "\n```\n")
		shown = append(shown, program)
	}
	if diff := cmp.Diff(want, shown); diff != "" {
		t.Errorf("README.md differs from this file:\n%s", diff)
	}
}
