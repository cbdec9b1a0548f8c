package quickbooksdesktop_test

import (
	"encoding/json"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/vendors/kit"
	"github.com/farmacyfoods/pointofsale/vendors/quickbooksdesktop"
)

const company = `<CompanyRet><CompanyName>Farmacy</CompanyName><StoreNumber>1</StoreNumber><StoreCode>1</StoreCode>` +
	`<Store><StoreNumber>1</StoreNumber><StoreCode>1</StoreCode><StoreName>Lobby</StoreName></Store><Store><StoreNumber>02</StoreNumber><StoreCode>2</StoreCode><StoreName></StoreName></Store></CompanyRet>`

const ware = `<ItemInventoryRet><ListID>100</ListID><TimeModified>2026-11-20T12:00:00-08:00</TimeModified><ALU>MEAL-0101</ALU><Desc1>Bowl</Desc1><ItemType>Inventory</ItemType>` +
	`<OnHandStore01>5</OnHandStore01><OnHandStore02>0.5</OnHandStore02><Price1>11.50</Price1><QuantityOnHand>5.5</QuantityOnHand><AvailableQty><StoreNumber>1</StoreNumber><QuantityOnCustomerOrder>2</QuantityOnCustomerOrder></AvailableQty><TaxCode>Tax</TaxCode></ItemInventoryRet>` +
	`<ItemInventoryRet><ListID>101</ListID><ALU>WASH</ALU><ItemType>Service</ItemType><OnHandStore01>0</OnHandStore01></ItemInventoryRet>`

// ticket is a receipt of 2 bowls at 11.50 with 8 % tax: what head and tail say is
// put around its lines.
func ticket(id, head, tail string) string {
	return `<SalesReceiptRet><TxnID>` + id + `</TxnID><TimeCreated>2026-11-23T12:31:07-08:00</TimeCreated><TimeModified>2026-11-23T12:31:0` + id[len(id)-1:] + `-08:00</TimeModified>` +
		`<Associate>Sam Sample</Associate><Cashier>Sysadmin</Cashier>` + head + `<SalesReceiptNumber>` + id + `</SalesReceiptNumber><StoreNumber>1</StoreNumber><TxnDate>2026-11-23</TxnDate><Workstation>3</Workstation>` +
		`<BillingInformation><FirstName>Walk-in</FirstName></BillingInformation>` + tail + `</SalesReceiptRet>`
}

func sold(price, extended, discount, qty string) string {
	return `<SalesReceiptItemRet><ListID>100</ListID><ALU>MEAL-0101</ALU><Desc1>Bowl</Desc1>` + discount + `<ExtendedPrice>` + extended + `</ExtendedPrice><Price>` + price + `</Price><Qty>` + qty + `</Qty></SalesReceiptItemRet>`
}

const tenOff = `<Discount>2.30</Discount><DiscountPercent>10</DiscountPercent><DiscountType>Staff</DiscountType><DiscountSource>Manual</DiscountSource>`

// tickets are receipts of every kind.
var tickets = strings.Join([]string{
	ticket("1", `<SalesReceiptType>Sales</SalesReceiptType><HistoryDocStatus>Regular</HistoryDocStatus><Subtotal>23.00</Subtotal><TaxAmount>1.84</TaxAmount><TaxCategory>County</TaxCategory><TaxPercentage>8</TaxPercentage><Total>24.84</Total>`,
		sold("11.50", "23.00", "", "2")+`<TenderCashRet><TenderAmount>10.00</TenderAmount></TenderCashRet><TenderCreditCardRet><CardName>Visa</CardName><TenderAmount>14.84</TenderAmount><TipAmount>3.00</TipAmount></TenderCreditCardRet>`),
	// The line's price is net of its discount, and a discount is on the receipt.
	ticket("2", `<Discount>1.00</Discount><SalesReceiptType>Sales</SalesReceiptType><PromoCode>MAIL</PromoCode><Subtotal>20.70</Subtotal><Total>19.70</Total>`,
		sold("10.35", "20.70", tenOff, "2")+`<TenderDebitCardRet><Cashback>20.00</Cashback><TenderAmount>39.70</TenderAmount></TenderDebitCardRet>`),
	// The line's price is before its discount, and the total holds the tip.
	ticket("3", `<SalesReceiptType>Sales</SalesReceiptType><Subtotal>20.70</Subtotal><Total>22.70</Total>`,
		sold("11.50", "23.00", tenOff, "2")+`<TenderGiftCardRet><TenderAmount>22.70</TenderAmount><TipAmount>2.00</TipAmount></TenderGiftCardRet>`),
	// A return with positive and one with negative amounts.
	ticket("4", `<SalesReceiptType>Return</SalesReceiptType><Subtotal>11.50</Subtotal><TaxAmount>0.92</TaxAmount><Total>12.42</Total>`, sold("11.50", "11.50", "", "1")),
	ticket("5", `<SalesReceiptType>Return</SalesReceiptType><Subtotal>-11.50</Subtotal><TaxAmount>-0.92</TaxAmount><Total>-12.42</Total>`, sold("11.50", "-11.50", "", "-1")),
	// An exchange: two sold, one brought back.
	ticket("6", `<SalesReceiptType>Sales</SalesReceiptType><Subtotal>11.50</Subtotal><TaxAmount>0.92</TaxAmount><Total>12.42</Total>`,
		sold("11.50", "23.00", "", "2")+strings.Replace(sold("11.50", "-11.50", "", "-1"), "<Price>", "<ExtendedTax>-0.92</ExtendedTax><Price>", 1)+`<TenderAccountRet><TenderAmount>12.42</TenderAmount></TenderAccountRet>`),
	// A reversed receipt, what reverses it, and what is no sale.
	ticket("7", `<HistoryDocStatus>Reversed</HistoryDocStatus><SalesReceiptType>Sales</SalesReceiptType><Subtotal>23.00</Subtotal><Total>23.00</Total>`, sold("11.50", "23.00", "", "2")),
	ticket("17", `<HistoryDocStatus>Reversing</HistoryDocStatus><SalesReceiptType>Return</SalesReceiptType><Total>-23.00</Total>`, sold("11.50", "-23.00", "", "-2")),
	ticket("27", `<SalesReceiptType>Sales</SalesReceiptType><TxnState>Held</TxnState><Total>23.00</Total>`, sold("11.50", "23.00", "", "2")),
	ticket("37", `<SalesReceiptType>Payout</SalesReceiptType><Total>-40.00</Total>`, ""),
	// Values that came later, and amounts that cannot be.
	ticket("8", `<SalesReceiptType>Layby</SalesReceiptType><Total>23.00</Total>`, sold("11.50", "23.00", "", "2")),
	ticket("9", `<SalesReceiptType>Sales</SalesReceiptType><Subtotal>99999999999999999.00</Subtotal><Total>99999999999999999.00</Total>`, sold("much", "11.5O", "", "1")+`<TenderCheckRet><TenderAmount>11.50</TenderAmount></TenderCheckRet>`),
}, "")

// answers answers all queries from fixed texts.
func answers(document string) string {
	b := &book{records: map[string][]string{"CompanyQuery": {company}, "ItemInventoryQuery": {ware}, "SalesReceiptQuery": {tickets}}}
	return strings.ReplaceAll(b.reply(document), "QBXML", "QBPOSXML")
}

// told lets the Web Connector run once, with these answers.
func (c *connector) told(answer func(document string) string) {
	c.t.Helper()
	ticket, _ := c.authenticate(password)
	for range 20 {
		request := c.send(ticket, "Not supported")
		if request == "" || c.receive(ticket, answer(request), "") == "100" {
			break
		}
	}
	c.call("closeConnection", "ticket", ticket)
}

func openRetail(t *testing.T) (*quickbooksdesktop.Provider, *connector) {
	t.Helper()
	cfg := retailConfig()
	cfg.Adopt, cfg.Keep = []string{"MEAL-0101"}, 48*time.Hour
	p, err := quickbooksdesktop.New(cfg, &kit.Options{Store: &pos.MemoryStore{}})
	if err != nil {
		t.Fatal(err)
	}
	return p, &connector{t, p.Handler(), "192.0.2.1:4711"}
}

// Stores, stock and receipts of every kind, as they are delivered.
func TestPOSMapping(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		noon()
		p, c := openRetail(t)
		c.told(answers)
		places, err1 := p.Locations(t.Context(), pos.LocationQuery{})
		stock, err2 := p.Inventory(t.Context(), pos.InventoryQuery{})
		page, err3 := p.Purchases(t.Context(), pos.PurchaseQuery{})
		if err1 != nil || err2 != nil || err3 != nil {
			t.Fatal(err1, err2, err3)
		}
		text, err := json.MarshalIndent(map[string]any{"locations": places.Locations, "stock": stock.Stock, "purchases": page.Purchases}, "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		golden(t, "pos_mapping.json", append(text, '\n'))
		for i := range page.Purchases {
			sale := &page.Purchases[i]
			if diff, err := sale.Difference(); sale.Receipt != "9" && (err != nil || diff.Amount != 0 || len(sale.Findings) != 0) {
				t.Errorf("%s does not add up: %v %v %v", sale.ID, diff, err, sale.Findings)
			}
		}
		raw, err := p.Purchases(t.Context(), pos.PurchaseQuery{Raw: true})
		if err != nil {
			t.Fatal(err)
		}
		for i := range raw.Purchases {
			for _, name := range []string{"Walk-in", "Sam Sample", "Sysadmin"} {
				if strings.Contains(string(raw.Purchases[i].Raw), name) {
					t.Errorf("%s is kept with the receipt", name)
				}
			}
		}
		c.told(answers)
		if n := count(t, p); n != len(page.Purchases) {
			t.Errorf("read twice, %d purchases are delivered, want %d", n, len(page.Purchases))
		}
	})
}

// Whatever QuickBooks Point of Sale seems to answer, the service keeps its state
// and what it delivers adds up or says that it does not.
func FuzzPOSReplies(f *testing.F) {
	f.Add(answers(`<CompanyQueryRq requestID="Company"<SalesReceiptQueryRq requestID="SalesReceipt"<ItemInventoryQueryRq requestID="ItemInventory"`))
	f.Add(`<QBPOSXML><QBPOSXMLMsgsRs/></QBPOSXML>`)
	f.Add(`<QBXML><QBXMLMsgsRs/></QBXML>`)
	f.Fuzz(func(t *testing.T, response string) {
		p, c := openRetail(t)
		c.told(func(string) string { return response })
		page, err := p.Purchases(t.Context(), pos.PurchaseQuery{})
		if err != nil {
			return
		}
		for i := range page.Purchases {
			sale := &page.Purchases[i]
			if diff, err := sale.Difference(); (err != nil || diff.Amount != 0) && len(sale.Findings) == 0 {
				t.Errorf("the parts differ by %v without a finding (%v)", diff, err)
			}
		}
	})
}
