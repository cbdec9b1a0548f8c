package quickbooksdesktopfake

import (
	"context"
	"encoding/xml"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/farmacyfoods/pointofsale/pos/posfake"
)

// contracts is the directory of QuickBooks' published contracts.
func contracts(t *testing.T) string {
	t.Helper()
	dir := os.Getenv("POS_CONTRACTS")
	if dir == "" {
		t.Skip("POS_CONTRACTS is not set")
	}
	return filepath.Join(dir, "quickbooks")
}

type xsd struct {
	XMLName  xml.Name
	Attrs    []xml.Attr `xml:",any,attr"`
	Children []xsd      `xml:",any"`
}

func (x *xsd) get(name string) string {
	for _, a := range x.Attrs {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

// schema is what the schema files declare, by name.
type schema struct{ elements, types, groups map[string]*xsd }

func readSchema(t *testing.T) *schema {
	t.Helper()
	s := &schema{map[string]*xsd{}, map[string]*xsd{}, map[string]*xsd{}}
	files, err := filepath.Glob(filepath.Join(contracts(t), "qbxml13", "*.xsd"))
	if err != nil || len(files) != 4 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var root xsd
		if err := xml.Unmarshal(raw, &root); err != nil {
			t.Fatal(err)
		}
		for i := range root.Children {
			c := &root.Children[i]
			switch c.XMLName.Local {
			case "element":
				s.elements[c.get("name")] = c
			case "complexType", "simpleType":
				s.types[c.get("name")] = c
			case "group":
				s.groups[c.get("name")] = c
			}
		}
	}
	return s
}

func occurs(x *xsd) string {
	if x.get("maxOccurs") == "unbounded" {
		if x.get("minOccurs") == "0" {
			return "*"
		}
		return "+"
	}
	if x.get("minOccurs") == "0" {
		return "?"
	}
	return ""
}

// model is the content of a complex type as an expression over element names.
// Declarations of the elements go into seen.
func (s *schema) model(x *xsd, seen map[string]*xsd) string {
	var parts []string
	for i := range x.Children {
		c := &x.Children[i]
		if c.get("maxOccurs") == "0" {
			continue
		}
		switch c.XMLName.Local {
		case "sequence", "choice", "complexContent", "extension", "complexType":
			parts = append(parts, "(?:"+s.model(c, seen)+")"+occurs(c))
		case "group":
			parts = append(parts, "(?:"+s.model(s.groups[c.get("ref")], seen)+")"+occurs(c))
		case "element":
			name, decl := c.get("name"), c
			if ref := c.get("ref"); ref != "" {
				name, decl = ref, s.elements[ref]
			}
			seen[name] = decl
			parts = append(parts, "(?:"+name+",)"+occurs(c))
		}
	}
	if x.XMLName.Local == "choice" {
		return strings.Join(parts, "|")
	}
	return strings.Join(parts, "")
}

// content is the complex type of an element, or nil.
func (s *schema) content(decl *xsd) *xsd {
	for i := range decl.Children {
		if decl.Children[i].XMLName.Local == "complexType" {
			return &decl.Children[i]
		}
	}
	if t := s.types[decl.get("type")]; t != nil && t.XMLName.Local == "complexType" {
		return t
	}
	return nil
}

// kind is the type of a leaf in the notation of kinds.
func (s *schema) kind(decl *xsd) string {
	base, most, values := decl.get("type"), "", []string{}
	var walk func(*xsd)
	walk = func(x *xsd) {
		switch x.XMLName.Local {
		case "restriction":
			base = x.get("base")
		case "maxLength":
			most = x.get("value")
		case "enumeration":
			values = append(values, x.get("value"))
		case "minInclusive":
			base = "COUNTTYPE"
		}
		for i := range x.Children {
			walk(&x.Children[i])
		}
	}
	walk(decl)
	switch base {
	case "IDTYPE":
		return "36"
	case "ENUMTYPE":
		return strings.Join(values, "|")
	case "QUANTYPE", "PERCENTTYPE", "PRICETYPE":
		return "PRICE"
	case "STRTYPE":
		return most
	}
	return strings.TrimSuffix(base, "TYPE")
}

// TestModelsAgreeWithTheSchema compares the content models of the fake with the
// published ones on sequences of elements, right ones and damaged ones.
func TestModelsAgreeWithTheSchema(t *testing.T) {
	t.Parallel()
	s := readSchema(t)
	r := rand.New(rand.NewPCG(1, 2))
	visited := map[string]bool{}
	var compare func(name string, decl *xsd)
	compare = func(name string, decl *xsd) {
		if visited[name] || strings.HasSuffix(name, "Ref") {
			return
		}
		visited[name] = true
		seen := map[string]*xsd{}
		official := regexp.MustCompile("^(?:" + s.model(s.content(decl), seen) + ")$")
		mine := compiled[name]
		if mine == nil {
			t.Errorf("%s has children in the schema, here it has none", name)
			return
		}
		order := slices.Compact(elementName.FindAllString(models[name], -1))
		for range 1000 {
			var drawn strings.Builder
			for _, n := range order {
				for range r.IntN(3) * r.IntN(2) {
					drawn.WriteString(n + ",")
				}
			}
			names := drawn.String()
			if r.IntN(4) == 0 {
				names += order[r.IntN(len(order))] + ","
			}
			if official.MatchString(names) != mine.MatchString(names) {
				t.Fatalf("%s: the schema says %v to %s", name, official.MatchString(names), names)
			}
		}
		for child, d := range seen {
			if s.content(d) != nil {
				if !strings.HasPrefix(child, "Txn") {
					compare(child, d)
				}
				continue
			}
			kind, ok := kinds[name+"/"+child]
			if !ok {
				kind = kinds[child]
			}
			if want := s.kind(d); want != kind && child != "DateMacro" && child != "IncludeRetElement" {
				t.Errorf("%s/%s is %q, the schema says %q", name, child, kind, want)
			}
			if !slices.Contains(order, child) {
				t.Errorf("%s lacks %s", name, child)
			}
		}
	}
	for op := range operations() {
		compare(op+"Rq", &xsd{Attrs: []xml.Attr{{Name: xml.Name{Local: "type"}, Value: op + "RqType"}}})
	}
}

// conforms checks a response element against the schema, order and values.
func (s *schema) conforms(parent string, n *node, decl *xsd) error {
	ct := s.content(decl)
	if ct == nil {
		kind := s.kind(decl)
		if re := formats[kind]; re != nil && !re.MatchString(n.text) {
			return fmt.Errorf("%s/%s %q is no %s", parent, n.name, n.text, kind)
		}
		return nil
	}
	seen := map[string]*xsd{}
	re := regexp.MustCompile("^(?:" + s.model(ct, seen) + ")$")
	names := ""
	var namesText strings.Builder
	for _, c := range n.children {
		namesText.WriteString(c.name + ",")
	}
	names += namesText.String()
	if !re.MatchString(names) {
		return fmt.Errorf("%s: %s", n.name, names)
	}
	for _, a := range n.attrs {
		if !slices.ContainsFunc(ct.Children, func(x xsd) bool { return x.get("name") == a.name }) {
			return fmt.Errorf("%s has an attribute %s", n.name, a.name)
		}
	}
	for _, c := range n.children {
		if err := s.conforms(n.name, c, seen[c.name]); err != nil {
			return err
		}
	}
	return nil
}

// TestResponsesConformToTheSchema executes the published examples and more, and
// checks every response.
func TestResponsesConformToTheSchema(t *testing.T) {
	t.Parallel()
	s := readSchema(t)
	files, err := filepath.Glob(filepath.Join(contracts(t), "examples", "rq-*.xml"))
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	requests := []string{"<HostQueryRq/><CompanyQueryRq/><PreferencesQueryRq/><ItemQueryRq iterator=\"Start\"><MaxReturned>2</MaxReturned></ItemQueryRq><ClassQueryRq/><AccountQueryRq/><CustomerQueryRq/>" +
		"<InventorySiteQueryRq/><ItemSitesQueryRq/><InvoiceQueryRq><IncludeLineItems>true</IncludeLineItems><IncludeLinkedTxns>true</IncludeLinkedTxns></InvoiceQueryRq><ReceivePaymentQueryRq/>" +
		"<SalesReceiptQueryRq><IncludeLineItems>true</IncludeLineItems></SalesReceiptQueryRq><CreditMemoQueryRq><IncludeLineItems>true</IncludeLineItems><IncludeLinkedTxns>true</IncludeLinkedTxns></CreditMemoQueryRq>" +
		"<TxnDeletedQueryRq><TxnDelType>SalesReceipt</TxnDelType></TxnDeletedQueryRq>"}
	requests[0] = `<?qbxml version="13.0"?><QBXML><QBXMLMsgsRq onError="continueOnError">` + requests[0] + `</QBXMLMsgsRq></QBXML>`
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		requests = append(requests, string(raw))
	}
	for _, mode := range []Mode{ByClass, BySite} {
		f := sample(t, mode)
		for i, rq := range slices.Concat(requests[1:], requests[:1]) {
			out, _, err := f.process(context.Background(), rq)
			if err != nil {
				t.Errorf("%s, request %d: %v", mode, i, err)
				continue
			}
			root, _, err := parseXML(out)
			if err != nil {
				t.Fatal(err)
			}
			for _, rs := range root.children[0].children {
				decl := &xsd{Attrs: []xml.Attr{{Name: xml.Name{Local: "type"}, Value: rs.name + "Type"}}}
				if err := s.conforms("QBXMLMsgsRs", rs, decl); err != nil {
					t.Errorf("%s, request %d: %v", mode, i, err)
				}
			}
		}
	}
}

// sample is a company file with something of everything.
func sample(t *testing.T, mode Mode) *Fake {
	t.Helper()
	f, err := New(Config{Mode: mode, Items: 3})
	if err != nil {
		t.Fatal(err)
	}
	l := f.Locations()[0].ID
	sell := func(s posfake.Sale) posfake.Record {
		s.Location, s.Lines = l, []posfake.SaleLine{{SKU: "HOST-FARM-001", Quantity: 2}}
		r, err := f.Sell(s)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	done, invoice, gone, void := sell(posfake.Sale{}), sell(posfake.Sale{State: "pending"}), sell(posfake.Sale{}), sell(posfake.Sale{Tender: "none"})
	_, err1 := f.Refund(posfake.Refund{ID: done.ID, Reason: "cold"})
	_, err2 := f.Edit(posfake.Edit{ID: invoice.ID, Pay: true})
	_, err3 := f.Delete(gone.ID)
	_, err4 := f.Void(void.ID)
	for _, err := range []error{err1, err2, err3, err4} {
		if err != nil {
			t.Fatal(err)
		}
	}
	f.Restored(f.Now())
	return f
}
