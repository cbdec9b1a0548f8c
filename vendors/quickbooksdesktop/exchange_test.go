package quickbooksdesktop_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/farmacyfoods/pointofsale/pos"
)

// book answers requests from fixed texts, by kind of message. It stands in for
// QuickBooks where a test needs one certain answer.
type book struct {
	records map[string][]string // kind of query -> Ret elements, the next one for each request
	writes  map[string]string   // kind of write -> attributes and content of its answer
	pages   bool                // iterators go on while there are records
	seen    []string            // documents that were sent
}

const nothing = ` statusCode="1" statusSeverity="Info" statusMessage="none"`

var requests = regexp.MustCompile(`<(\w+)Rq requestID="([^"]*)"`)

// reply answers a message set.
func (b *book) reply(document string) string {
	b.seen = append(b.seen, document)
	var out strings.Builder
	for _, m := range requests.FindAllStringSubmatch(document, -1) {
		attrs, content := nothing, ""
		if queue := b.records[m[1]]; len(queue) > 0 {
			attrs, content = ` statusCode="0"`, queue[0]
			if b.records[m[1]] = queue[1:]; b.pages && len(queue) > 1 {
				attrs += ` iteratorRemainingCount="37" iteratorID="{4f1f9a0e-7f1e-4a43-9a55-1f1b0d2f7c11}"`
			}
		}
		if w, ok := b.writes[m[1]]; ok {
			attrs, content, _ = strings.Cut(w, ">")
		}
		fmt.Fprintf(&out, `<%sRs requestID="%s"%s>%s</%sRs>`, m[1], m[2], attrs, content, m[1])
	}
	return "<?xml version=\"1.0\" ?><QBXML><QBXMLMsgsRs>" + out.String() + "</QBXMLMsgsRs></QBXML>"
}

// run lets the Web Connector run once.
func (c *connector) run(b *book) {
	c.t.Helper()
	ticket, word := c.authenticate(password)
	if word != "" && !strings.Contains(word, `\`) {
		c.t.Fatalf("authenticate: %s", word)
	}
	for first := prelude(fileID); ; first = "" {
		request := c.send(ticket, first)
		if request == "" {
			c.t.Fatalf("no request: %s", c.call("getLastError", "ticket", ticket))
		}
		percent := c.receive(ticket, b.reply(request), "")
		if percent == "100" {
			break
		}
		if strings.HasPrefix(percent, "-") {
			c.t.Fatalf("receiveResponseXML: %s: %s", percent, c.call("getLastError", "ticket", ticket))
		}
		if len(b.seen) > 200 {
			c.t.Fatal("the run does not end")
		}
	}
	c.call("closeConnection", "ticket", ticket)
}

const class = `<ClassRet><ListID>80000011-1</ListID><Name>Kiosk 014</Name><FullName>Kiosk 014</FullName><IsActive>true</IsActive></ClassRet>`

// item is an inventory item as QuickBooks tells it.
func item(name, price, sequence, more string) string {
	return `<ItemInventoryRet><ListID>8000085A-` + name + `</ListID><EditSequence>` + sequence + `</EditSequence><Name>` + name + `</Name><FullName>` + name +
		`</FullName><IsActive>true</IsActive><SalesTaxCodeRef><FullName>Tax</FullName></SalesTaxCodeRef><SalesDesc>Bowl</SalesDesc><SalesPrice>` + price + `</SalesPrice><QuantityOnHand>5</QuantityOnHand><QuantityOnSalesOrder>1</QuantityOnSalesOrder>` + more + `</ItemInventoryRet>`
}

func menu(price int64) pos.MenuPush {
	return pos.MenuPush{Menu: pos.Menu{Items: []pos.Item{{SKU: "MEAL-0101", Name: "Bowl", Price: pos.Money{Amount: price, Currency: "USD"}}}}}
}

// outcome pushes and returns the action and the vendor's code.
func outcome(t *testing.T, p pos.Provider, push pos.MenuPush) (pos.Action, string) {
	t.Helper()
	report, err := p.PushMenu(t.Context(), push)
	if err != nil {
		t.Fatal(err)
	}
	o, ok := report.At("MEAL-0101", "80000011-1")
	if !ok {
		t.Fatalf("no outcome: %+v", report)
	}
	return o.Action, codeOf(o.Err)
}

// A new item, from the queue to its end, and a stale change after it.
func TestMenu(t *testing.T) {
	t.Parallel()
	p, c := open(t, &pos.MemoryStore{})
	c.run(&book{records: map[string][]string{"ClassQuery": {class}}})
	if a, _ := outcome(t, p, menu(1150)); a != pos.Pending {
		t.Errorf("the first push: %s", a)
	}
	b := &book{
		records: map[string][]string{"ClassQuery": {class}, "ItemInventoryQuery": {"", item("MEAL-0101", "11.50", "1", "")}},
		writes:  map[string]string{"ItemInventoryAdd": ` statusCode="0">` + item("MEAL-0101", "11.50", "1", "")},
	}
	c.run(b)
	for _, want := range []pos.Action{pos.Created, pos.Unchanged, pos.Unchanged} {
		if a, _ := outcome(t, p, menu(1150)); a != want {
			t.Errorf("after the run: %s, want %s", a, want)
		}
	}
	outcome(t, p, menu(1200))
	c.run(&book{
		records: map[string][]string{"ClassQuery": {class}, "ItemInventoryQuery": {item("MEAL-0101", "11.50", "1", ""), item("MEAL-0101", "11.50", "2", ""), item("MEAL-0101", "11.50", "3", "")}},
		writes:  map[string]string{"ItemInventoryMod": ` statusCode="3200" statusMessage="stale">`},
	})
	if a, code := outcome(t, p, menu(1200)); a != pos.Failed || code != "3200" {
		t.Errorf("a stale change: %s %s", a, code)
	}
}

// Somebody else's item is left alone.
func TestForeignItem(t *testing.T) {
	t.Parallel()
	p, c := open(t, &pos.MemoryStore{})
	c.run(&book{records: map[string][]string{"ClassQuery": {class}, "ItemInventoryQuery": {item("MEAL-0101", "3.00", "1", "")}}})
	if a, _ := outcome(t, p, menu(1150)); a != pos.Failed {
		t.Errorf("a taken name: %s", a)
	}
}

// A lost reply sends the same text with the same id again.
func TestLostReply(t *testing.T) {
	t.Parallel()
	p, c := open(t, &pos.MemoryStore{})
	c.run(&book{records: map[string][]string{"ClassQuery": {class}}})
	outcome(t, p, menu(1150))
	b := &book{records: map[string][]string{"ClassQuery": {class}}}
	ticket, _ := c.authenticate(password)
	c.receive(ticket, b.reply(c.send(ticket, prelude(fileID))), "")
	first := c.send(ticket, "")
	if !strings.Contains(first, "newMessageSetID") || !strings.Contains(first, "ItemInventoryAdd") {
		t.Fatalf("not a set of writes: %s", first)
	}
	ticket, _ = c.authenticate(password)
	if diff := cmp.Diff(first, c.send(ticket, prelude(fileID))); diff != "" {
		t.Errorf("the repeated set differs:\n%s", diff)
	}
	ended := b.reply(first)
	c.receive(ticket, ended, "")
	b.records = map[string][]string{"ClassQuery": {class}, "ItemInventoryQuery": {item("MEAL-0101", "11.50", "1", "")}}
	if got := c.receive(ticket, b.reply(c.send(ticket, "")), ""); got != "100" {
		t.Errorf("after the recovery: %s", got)
	}
	if a, _ := outcome(t, p, menu(1150)); a != pos.Created {
		t.Errorf("after the recovery: %s", a)
	}
}

// A set that QuickBooks cannot read is split until the bad change fails alone.
func TestPoison(t *testing.T) {
	t.Parallel()
	p, c := open(t, &pos.MemoryStore{})
	b := &book{records: map[string][]string{"ClassQuery": {class, class, class, class, class}}}
	c.run(b)
	outcome(t, p, menu(1150))
	for range 2 {
		ticket, _ := c.authenticate(password)
		c.receive(ticket, b.reply(c.send(ticket, prelude(fileID))), "")
		if got := c.send(ticket, ""); !strings.Contains(got, "ItemInventoryAdd") {
			t.Fatalf("not a write: %s", got)
		}
		if got := c.receive(ticket, "", "0x80040400"); got != "-1" {
			t.Errorf("receiveResponseXML: %s", got)
		}
		c.call("closeConnection", "ticket", ticket)
	}
	if a, code := outcome(t, p, menu(1150)); a != pos.Failed || code != "0x80040400" {
		t.Errorf("a poisoned change: %s %s", a, code)
	}
}

const receipt = `<SalesReceiptRet><TxnID>141CA5-1</TxnID><TimeCreated>2026-11-23T12:31:07-07:00</TimeCreated><TimeModified>2026-11-23T12:31:07-07:00</TimeModified><EditSequence>1</EditSequence>
<CustomerRef><FullName>Walk-in Wanda</FullName></CustomerRef><ClassRef><ListID>80000011-1</ListID></ClassRef><TxnDate>2026-11-23</TxnDate><RefNumber>K14-00731</RefNumber><PaymentMethodRef><FullName>Visa</FullName></PaymentMethodRef>
<Subtotal>20.70</Subtotal><ItemSalesTaxRef><FullName>County Tax</FullName></ItemSalesTaxRef><SalesTaxPercentage>8.25</SalesTaxPercentage><SalesTaxTotal>1.71</SalesTaxTotal><TotalAmount>22.41</TotalAmount>
<SalesReceiptLineRet><TxnLineID>1</TxnLineID><ItemRef><ListID>1</ListID><FullName>MEAL-0101</FullName></ItemRef><Desc>Bowl</Desc><Quantity>2</Quantity><Rate>11.50</Rate><Amount>23.00</Amount></SalesReceiptLineRet>
<SalesReceiptLineRet><TxnLineID>2</TxnLineID><ItemRef><ListID>2</ListID><FullName>Subtotal</FullName></ItemRef><Amount>23.00</Amount></SalesReceiptLineRet>
<SalesReceiptLineRet><TxnLineID>3</TxnLineID><ItemRef><ListID>3</ListID><FullName>CPN</FullName></ItemRef><Desc>LUNCH10</Desc><RatePercent>-10.0</RatePercent><Amount>-2.30</Amount></SalesReceiptLineRet></SalesReceiptRet>`

// A sale, read twice, is delivered once; its deletion follows as a version.
func TestPurchases(t *testing.T) {
	t.Parallel()
	synctest.Test(t, purchases)
}

func purchases(t *testing.T) {
	<-time.After(time.Until(time.Date(2026, time.November, 23, 21, 0, 0, 0, time.UTC)))
	p, c := open(t, &pos.MemoryStore{})
	last := func(docs ...string) []string { // the newest stretch of the first run is its last
		return append(make([]string, 12), docs...)
	}
	c.run(&book{records: map[string][]string{"ClassQuery": {class}, "SalesReceiptQuery": last(receipt)}})
	c.run(&book{records: map[string][]string{
		"ClassQuery": {class}, "SalesReceiptQuery": {receipt},
		"TxnDeletedQuery": {`<TxnDeletedRet><TxnDelType>SalesReceipt</TxnDelType><TxnID>141CA5-1</TxnID><TimeCreated>2026-11-23T12:31:07-07:00</TimeCreated><TimeDeleted>2026-11-23T13:00:00-07:00</TimeDeleted></TxnDeletedRet>`},
	}})
	page, err := p.Purchases(t.Context(), pos.PurchaseQuery{})
	if err != nil {
		t.Fatal(err)
	}
	if len(page.Purchases) != 2 {
		t.Fatalf("%d purchases: %+v", len(page.Purchases), page.Purchases)
	}
	sale := page.Purchases[0]
	if diff, err := sale.Difference(); err != nil || diff.Amount != 0 || len(sale.Lines) != 1 || len(sale.Findings) != 0 {
		t.Errorf("the sale does not add up: %v %v %+v", diff, err, sale)
	}
	if got := sale.OccurredAt.Format("2006-01-02T15:04:05Z07:00"); got != "2026-11-23T20:31:07Z" {
		t.Errorf("time of sale %s", got)
	}
	if gone := page.Purchases[1]; gone.State != pos.StateVoided || gone.ID != sale.ID || gone.Version == sale.Version {
		t.Errorf("the deletion: %+v", gone)
	}
	again, err := p.Purchases(t.Context(), pos.PurchaseQuery{After: page.Next})
	if err != nil || len(again.Purchases) != 0 || again.More {
		t.Errorf("behind the end: %+v %v", again, err)
	}
}
