package quickbooksdesktopfake_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/farmacyfoods/pointofsale/pos/posfake"
	"github.com/farmacyfoods/pointofsale/vendors/quickbooksdesktop/quickbooksdesktopfake"
)

// posSet is a request document of qbposXML.
func posSet(attrs string, messages ...string) string {
	return strings.NewReplacer("QBXML", "QBPOSXML", `<?qbxml version="13.0"?>`, `<?qbposxml version="3.0"?>`).Replace(set(attrs, messages...))
}

func openPOS(t *testing.T) (*quickbooksdesktopfake.POS, *service) {
	t.Helper()
	s := &service{}
	p, err := quickbooksdesktopfake.NewPOS(quickbooksdesktopfake.Config{Items: 3, Handler: s})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	return p, s
}

// posOne has one message set executed that is understood.
func posOne(t *testing.T, p *quickbooksdesktopfake.POS, s *service, messages ...string) string {
	t.Helper()
	out := ask(t, p.Fake, s, posSet(goOn, messages...))
	if len(out) != 1 || out[0].HResult != "" {
		t.Fatalf("responses %+v", out)
	}
	return out[0].XML
}

func posAdd(fields string) string {
	return `<ItemInventoryAddRq requestID="1"><ItemInventoryAdd>` + fields + `</ItemInventoryAdd></ItemInventoryAddRq>`
}

const (
	department = "<DepartmentListID>" + quickbooksdesktopfake.Department + "</DepartmentListID>"
	posBowl    = "<ALU>BOWL</ALU>" + department + "<Desc1>Bowl</Desc1><Price1>11.50</Price1><UPC>036000291452</UPC>"
)

func TestPOSStrictness(t *testing.T) {
	t.Parallel()
	for name, request := range map[string]string{
		"order":             posSet(goOn, posAdd("<ALU>BOWL</ALU>"+department+"<Price1>1.00</Price1><Desc1>Bowl</Desc1>")),
		"order of filters":  posSet(goOn, `<SalesReceiptQueryRq><TimeModifiedFilter><TimeModified>2026-11-23T07:00:00</TimeModified><MatchNumericCriterion>GreaterThanEqual</MatchNumericCriterion></TimeModifiedFilter></SalesReceiptQueryRq>`),
		"no department":     posSet(goOn, posAdd("<ALU>BOWL</ALU>")),
		"long code":         posSet(goOn, posAdd("<ALU>"+strings.Repeat("B", 21)+"</ALU>"+department)),
		"three decimals":    posSet(goOn, posAdd(strings.Replace(posBowl, "11.50", "11.505", 1))),
		"message set id":    posSet(goOn+` newMessageSetID="{1}"`, posAdd(posBowl)),
		"edit sequence":     posSet(goOn, `<ItemInventoryModRq><ItemInventoryMod><ListID>1</ListID><EditSequence>1</EditSequence></ItemInventoryMod></ItemInventoryModRq>`),
		"message of qbXML":  posSet(goOn, `<ClassQueryRq/>`),
		"another dialect":   set(goOn, `<CompanyQueryRq/>`),
		"rollback":          posSet(`onError="rollbackOnError"`, `<CompanyQueryRq/>`),
		"iterator of store": posSet(goOn, `<CompanyQueryRq iterator="Start"/>`),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, s := openPOS(t)
			out := ask(t, p.Fake, s, request)
			if len(out) != 1 || out[0].HResult != quickbooksdesktopfake.HResultParse || len(p.Requests()) != 0 {
				t.Errorf("response %+v", out)
			}
		})
	}
}

func TestPOSItems(t *testing.T) {
	t.Parallel()
	p, s := openPOS(t)
	added := posOne(t, p, s, posAdd(posBowl), posAdd(posBowl), posAdd("<ALU>X</ALU><DepartmentListID>2</DepartmentListID>"))
	id := field(added, "ListID")
	if codes(added) != "0 3100 3140" || field(added, "Price1") != "11.50" || field(added, "ItemType") != "Inventory" {
		t.Fatal(added)
	}
	mod := func(id, fields string) string {
		return `<ItemInventoryModRq><ItemInventoryMod><ListID>` + id + `</ListID>` + fields + `</ItemInventoryMod></ItemInventoryModRq>`
	}
	changed := posOne(t, p, s, mod(id, "<Price1>12.00</Price1>"), mod("77", "<Price1>1.00</Price1>"), mod(id, "<ALU>HOST-FARM-001</ALU>"),
		mod(id, "<TaxCode>Odd</TaxCode>"), mod(id, "<OnHandStore01>4</OnHandStore01>"))
	if codes(changed) != "0 3120 3100 3140 3250" || field(changed, "Price1") != "12.00" || field(changed, "Desc1") != "Bowl" {
		t.Error(changed)
	}
	page := posOne(t, p, s, `<ItemInventoryQueryRq iterator="Start"><MaxReturned>2</MaxReturned></ItemInventoryQueryRq>`)
	if value(page, "iteratorRemainingCount") != "3" {
		t.Error(page)
	}
	gone := posOne(t, p, s, `<ItemInventoryQueryRq iterator="Continue" iteratorID="`+value(page, "iteratorID")+`"><MaxReturned>2</MaxReturned></ItemInventoryQueryRq>`)
	if codes(gone) != "3391" {
		t.Errorf("an iterator of another session: %s", gone)
	}
}

// A reversed receipt and its twin, and what the ledger says of them.
func TestPOSReceipts(t *testing.T) {
	t.Parallel()
	p, s := openPOS(t)
	sell := func(sale posfake.Sale) posfake.Record {
		t.Helper()
		sale.Location, sale.Lines = "2", []posfake.SaleLine{{SKU: "HOST-FARM-001", Quantity: 2}}
		r, err := p.Sell(sale)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	ten := int64(10)
	if err := p.SetStock("2", "HOST-FARM-001", &ten); err != nil {
		t.Fatal(err)
	}
	sale, other := sell(posfake.Sale{Tip: 100}), sell(posfake.Sale{})
	p.Advance(time.Hour)
	if r, err := p.Void(sale.ID); err != nil || r.State != "voided" || r.Version != 2 {
		t.Errorf("the void: %+v %v", r, err)
	}
	if r, err := p.Refund(posfake.Refund{ID: other.ID}); err != nil || r.Kind != "refund" || r.Refunded != other.Total {
		t.Errorf("the return: %+v %v", r, err)
	}
	since := func(criterion string) string {
		return `<SalesReceiptQueryRq><TimeModifiedFilter><MatchNumericCriterion>` + criterion + `</MatchNumericCriterion><TimeModified>` +
			p.Now().Add(-time.Minute).In(time.FixedZone("", -5*3600)).Format("2006-01-02T15:04:05") + `</TimeModified></TimeModifiedFilter></SalesReceiptQueryRq>`
	}
	all := posOne(t, p, s, `<SalesReceiptQueryRq/>`, `<SalesReceiptQueryRq><TxnID>`+sale.ID+`</TxnID></SalesReceiptQueryRq>`, since("Equal"))
	if codes(all) != "0 0 3250" || strings.Count(all, "<HistoryDocStatus>Reversing</HistoryDocStatus>") != 1 ||
		strings.Count(all, "<HistoryDocStatus>Reversed</HistoryDocStatus>") != 2 || strings.Count(all, "<SalesReceiptType>Return</SalesReceiptType>") != 2 {
		t.Error(all)
	}
	items := posOne(t, p, s, `<ItemInventoryQueryRq/>`)
	if field(items, "OnHandStore02") != "10" {
		t.Errorf("goods that came back are missing: %s", items)
	}
	for what, err := range map[string]error{
		"a pending sale": second(p.Sell(posfake.Sale{Location: "1", Lines: []posfake.SaleLine{{SKU: "HOST-FARM-001"}}, State: "pending"})),
		"a deletion":     second(p.Delete(other.ID)),
		"a named store":  p.AddLocation(posfake.LocationSeed{ID: "LOBBY"}),
		"power":          p.SetOnline("1", false),
	} {
		if !errors.Is(err, posfake.ErrNotSimulated) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if err := p.AddLocation(posfake.LocationSeed{ID: "21"}); err == nil {
		t.Error("there is a store 21")
	}
}

func second[T any](_ T, err error) error { return err }
