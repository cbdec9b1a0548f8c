package bytetech_test

import (
	"context"
	"fmt"
	"net/http"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/vendors/bytetech"
	"github.com/farmacyfoods/pointofsale/vendors/bytetech/bytetechfake"
	"github.com/farmacyfoods/pointofsale/vendors/kit"
)

func ExampleNew() {
	fake, err := bytetechfake.New(bytetechfake.Config{Kiosks: 2})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer fake.Close()
	p, err := bytetech.New(bytetech.Config{
		Account:      "campus-west",
		BaseURL:      "https://partner.example",
		ClientID:     "fake-client",
		ClientSecret: pos.NewSecret("fake-client-secret"),
		ProfilePatch: []byte(`{"features":{"idempotency":true}}`), // confirmed by the vendor
	}, &kit.Options{HTTPClient: &http.Client{Transport: fake.Transport()}})
	if err != nil {
		fmt.Println(err)
		return
	}
	report, err := p.PushMenu(context.Background(), pos.MenuPush{Menu: pos.Menu{Items: []pos.Item{
		{SKU: "MEAL-0042", Name: "Salmon Bowl", Price: pos.Money{Amount: 1050, Currency: "USD"}, ShelfLifeDays: 5},
	}}})
	fmt.Println(report.Count(pos.Created), "created with", report.Writes, "write, error:", err)
	// Output: 2 created with 1 write, error: <nil>
}

func ExampleNewWebhook() {
	hook, err := bytetech.NewWebhook(bytetech.WebhookConfig{Secrets: []pos.Secret{pos.NewSecret("whsec_sample")}})
	if err != nil {
		fmt.Println(err)
		return
	}
	body := []byte(`{"id":"evt_1","type":"transaction.processed","kiosk_id":"1042","data":{"transaction_id":"tx_900145"}}`)
	fmt.Println(hook.Verify(http.Header{}, body))
	notices, err := hook.Parse(http.Header{}, body)
	fmt.Println(notices[0].Job, notices[0].Records, err)
	// Output:
	// VerifyWebhook: not authorized: kit: no signature: pos: not authorized in header Byte-Signature
	// purchases [tx_900145] <nil>
}
