package simphonyfake

import (
	"encoding/xml"
	"strconv"

	"github.com/farmacyfoods/pointofsale/pos"
)

// amount is an amount as TS1 writes it.
func (f *Fake) amount(k *check, n int64) string {
	return pos.Money{Amount: n, Currency: k.property().currency}.Decimal()
}

// checkDocument is the document that GetCheckDetail answers.
type checkDocument struct {
	XMLName xml.Name        `xml:"Check"`
	Summary documentSummary `xml:"Summary"`
	Lines   documentLines   `xml:"DetailLines"`
}

type documentSummary struct {
	Number       int64           `xml:"CheckNumber"`
	OrderTypeID  int             `xml:"OrderTypeID"`
	OrderTypeNum int             `xml:"OrderTypeObjNum"`
	SubTotal     string          `xml:"SubTotal"`
	Tax          string          `xml:"Tax"`
	Due          string          `xml:"Due"`
	OpenTime     string          `xml:"CheckOpenTime"`
	TableID      int             `xml:"DiningTableID"`
	TableNum     int             `xml:"DiningTableObjNum"`
	Taxes        []documentTaxes `xml:"TaxBreakdown>ArrayOfTaxTotal>TaxTotal"`
}

type documentTaxes struct {
	Name    string `xml:"Name"`
	Taxable string `xml:"TaxableTotal"`
}

type documentLines struct {
	Lines []documentLine `xml:"DetailLine"`
}

type documentLine struct {
	Type       string          `xml:"DetailType"`
	Link       int             `xml:"DetailLink"`
	ParentLink int             `xml:"ParentDetailLink"`
	VoidLink   int             `xml:"VoidLink"`
	SalesCount *int64          `xml:"SalesCount"`
	Total      string          `xml:"Total"`
	Reference  string          `xml:"ReferenceInfo,omitempty"`
	MenuItem   *namedObject    `xml:"MenuItem"`
	Discount   *namedObject    `xml:"Discount"`
	Charge     *namedObject    `xml:"ServiceCharge"`
	Tender     *namedObject    `xml:"TenderMedia"`
	Taxes      []lineTaxTotals `xml:"taxTotals>CGwTaxTotals"`
}

type namedObject struct {
	Object int64  `xml:"obj"`
	Name   string `xml:"Name"`
	DBID   int64  `xml:"dscDbId,omitempty"`
	Tip    string `xml:"ChargeTipTotal,omitempty"`
}

type lineTaxTotals struct {
	Name      string `xml:"Name"`
	Taxable   string `xml:"mTaxableTotal"`
	Collected string `xml:"mTaxCollectedTotal"`
}

const taxName = "Sales tax"

// detailDocument describes a check. Charged tips are in the tender's line, not
// in the summary and not in a line of their own.
func (f *Fake) detailDocument(k *check) checkDocument {
	tax, taxable := k.tax()
	d := checkDocument{Summary: documentSummary{
		Number: k.num, OrderTypeID: orderType, OrderTypeNum: orderType, SubTotal: f.amount(k, k.subtotal()), Tax: f.amount(k, tax),
		Due: f.amount(k, f.total(k)-k.paid()), OpenTime: soapTime(k.opened, k.property().zone),
	}}
	if taxable != 0 {
		d.Summary.Taxes = []documentTaxes{{taxName, f.amount(k, taxable)}}
	}
	tip := k.tip()
	for i, l := range k.lines {
		if l.kind == chargeLine {
			continue
		}
		row := documentLine{Link: i + 1, Total: f.amount(k, l.total), Reference: l.ref}
		if l.voided {
			row.VoidLink = i + 1
		}
		o := &namedObject{Object: l.num, Name: l.name}
		switch l.kind {
		case itemLine:
			row.Type, row.MenuItem, row.SalesCount = "DtlMiType", o, &l.quantity
			if l.taxed {
				row.Taxes = []lineTaxTotals{{taxName, f.amount(k, netOf(l)), f.amount(k, l.tax)}}
			}
		case discountLine:
			row.Type, row.Discount = "DtlDscType", o
			o.DBID = l.num
		case tenderLine:
			row.Type, row.Tender = "DtlTmedType", o
			o.Tip, tip = f.amount(k, tip), 0
		case chargeLine:
		}
		d.Lines.Lines = append(d.Lines.Lines, row)
	}
	return d
}

// netOf is what an item line costs after discounts.
func netOf(l *line) int64 {
	if l.returned {
		return l.total + l.discount
	}
	return l.total - l.discount
}

// configTypes are the types of configuration, each at the place of its number.
var configTypes = []string{
	"UNDEFINED", "MENUITEMDEFINITIONS", "MENUITEMPRICE", "MENUITEMCLASS", "SERVICECHARGE", "DISCOUNTDEFINITIONS", "TENDERMEDIA",
	"ORDERTYPE", "FAMILYGROUP", "MAJORGROUP", "REVENUECENTERPARAMETER", "REVENUECENTERS", "INTERFACES", "MENUITEMMASTERS",
	"SERVINGPERIODS", "CURRENCY", "VERSION", "EMPLOYEES", "TABLES", "LANGUAGEINFORMATION", "MENULEVEL", "MENUITEMSLU",
	"MAINMENULEVEL", "SUBMENULEVEL", "EVENTTYPES", "EVENTSUBTYPES", "EVENTDEFINITIONS", "TAX",
}

// configAnswer is SimphonyPosApi_ConfigInfoResponse: a document for each type.
type configAnswer struct {
	Result       *result      `xml:"OperationalResult"`
	Types        *typesAnswer `xml:"ConfigInfoType"`
	Version      string       `xml:"Version,omitempty"`
	TenderMedia  string       `xml:"TenderMedia,omitempty"`
	RVCs         string       `xml:"RevenueCenters,omitempty"`
	OrderType    string       `xml:"OrderType,omitempty"`
	MajorGroup   string       `xml:"MajorGroup,omitempty"`
	Classes      string       `xml:"MenuItemClass,omitempty"`
	Prices       string       `xml:"MenuItemPrice,omitempty"`
	Employees    string       `xml:"Employees,omitempty"`
	Discounts    string       `xml:"Discounts,omitempty"`
	Currency     string       `xml:"Currency,omitempty"`
	Definitions  string       `xml:"MenuItemDefinitions,omitempty"`
	FamilyGroups string       `xml:"FamilyGroups,omitempty"`
	Masters      string       `xml:"MenuItemMasters,omitempty"`
	Tax          string       `xml:"Tax,omitempty"`
}

type typesAnswer struct {
	Types []string `xml:"EConfigurationInfoType"`
}

// dbDocument is a document of configuration: ArrayOfDb<X> with its items.
type dbDocument struct {
	XMLName xml.Name
	Rows    []dbRow
}

type dbRow struct {
	XMLName xml.Name
	Fields  []dbField
}

// dbField is a value, or a text in an element of its own.
type dbField struct {
	XMLName xml.Name
	Value   string `xml:",chardata"`
	Text    string `xml:"StringText,omitempty"`
}

func db(kind string) dbDocument { return dbDocument{XMLName: xml.Name{Local: "ArrayOfDb" + kind}} }

// add appends an item of names and values.
func (d *dbDocument) add(pairs ...any) {
	row := dbRow{XMLName: xml.Name{Local: d.XMLName.Local[len("ArrayOf"):]}}
	for i := 0; i+1 < len(pairs); i += 2 {
		name, _ := pairs[i].(string)
		field := dbField{XMLName: xml.Name{Local: name}}
		switch v := pairs[i+1].(type) {
		case label:
			field.Text = string(v)
		case string:
			field.Value = v
		case int:
			field.Value = strconv.Itoa(v)
		case int64:
			field.Value = strconv.FormatInt(v, 10)
		case bool:
			field.Value = strconv.FormatBool(v)
		}
		row.Fields = append(row.Fields, field)
	}
	d.Rows = append(d.Rows, row)
}

// label is a text that stands in an element StringText.
type label string
