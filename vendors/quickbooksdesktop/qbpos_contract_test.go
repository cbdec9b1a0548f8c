package quickbooksdesktop_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/pos/posfake"
	"github.com/farmacyfoods/pointofsale/vendors/quickbooksdesktop"
	"github.com/farmacyfoods/pointofsale/vendors/quickbooksdesktop/quickbooksdesktopfake"
)

// The vendor describes qbposXML by sample documents: each element stands where
// it belongs, its text is a word for its type, and comments say what may be left
// out, what repeats, the longest text and the values of an enumeration. The
// excerpt at hand describes CompanyQuery in both directions, the answers to
// ItemInventoryQuery and SalesReceiptQuery, and ItemInventoryMod; ItemInventoryAdd
// has the fields of Mod without the ListID. The requests of the two queries are
// not in the excerpt: they are compared by the fake only.

// described is an element of the description.
type described struct {
	name, text     string
	attrs          []string
	optional, many bool
	longest        int
	values         []string
	children       []*described
}

var (
	enumerated = regexp.MustCompile(`^\s*(\w+) may have one of the following values: (.*\S)`)
	fieldMax   = regexp.MustCompile(`field max = (\d+)`)
)

// description reads the excerpt.
func description(t *testing.T, name string) map[string]*described {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	root := &described{}
	open, values := []*described{root}, map[string][]string{}
	var last *described // the element that a comment on the same line is about
	for d := xml.NewDecoder(bytes.NewReader(text)); ; {
		tok, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		switch tok := tok.(type) {
		case xml.StartElement:
			last = &described{name: tok.Name.Local, values: values[tok.Name.Local]}
			delete(values, tok.Name.Local)
			for _, a := range tok.Attr {
				last.attrs = append(last.attrs, a.Name.Local)
			}
			parent := open[len(open)-1]
			parent.children = append(parent.children, last)
			open = append(open, last)
		case xml.EndElement:
			last, open = open[len(open)-1], open[:len(open)-1]
		case xml.CharData:
			if word := strings.TrimSpace(string(tok)); word != "" {
				open[len(open)-1].text = word
			} else if bytes.ContainsRune(tok, '\n') {
				last = nil
			}
		case xml.Comment:
			last.remark(string(tok), values)
		}
	}
	out := make(map[string]*described)
	for _, c := range root.children[0].children {
		out[c.name] = c
	}
	return out
}

func (d *described) remark(comment string, values map[string][]string) {
	if m := enumerated.FindStringSubmatch(comment); m != nil {
		for v := range strings.SplitSeq(m[2], ",") {
			values[m[1]] = append(values[m[1]], strings.TrimSpace(v))
		}
		return
	}
	if d == nil {
		return
	}
	words := strings.Split(comment, ",")
	for i := range words {
		words[i] = strings.TrimSpace(words[i])
	}
	d.optional = slices.Contains(words, "opt")
	d.many = slices.Contains(words, "may rep") || slices.Contains(words, "rep (1 or more)")
	if m := fieldMax.FindStringSubmatch(comment); m != nil {
		d.longest, _ = strconv.Atoi(m[1])
	}
}

// told is an element of a document.
type told struct {
	XMLName  xml.Name
	Attrs    []xml.Attr `xml:",any,attr"`
	Text     string     `xml:",chardata"`
	Children []*told    `xml:",any"`
}

var typeWords = map[string]*regexp.Regexp{
	"INTTYPE":      regexp.MustCompile(`^-?\d+$`),
	"BOOLTYPE":     regexp.MustCompile(`^(true|false|0|1)$`),
	"AMTTYPE":      regexp.MustCompile(`^-?\d{1,13}\.\d\d$`),
	"QUANTYPE":     regexp.MustCompile(`^-?\d{1,10}(\.\d{1,5})?$`),
	"FLOATTYPE":    regexp.MustCompile(`^-?\d+(\.\d+)?$`),
	"PERCENTTYPE":  regexp.MustCompile(`^-?\d+(\.\d+)?$`),
	"DATETYPE":     regexp.MustCompile(`^\d{4}-\d\d-\d\d$`),
	"DATETIMETYPE": regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d([+-]\d\d:\d\d)?$`),
	"IDTYPE":       regexp.MustCompile(`^\S{1,36}$`),
	"GUIDTYPE":     regexp.MustCompile(`^\{[0-9a-f-]{36}\}$`),
	"STRTYPE":      nil, "ENUMTYPE": nil,
}

// check compares an element with its description: order, number, texts.
func (d *described) check(e *told) error {
	for _, a := range e.Attrs {
		if !slices.Contains(d.attrs, a.Name.Local) {
			return fmt.Errorf("%s has an attribute %s", e.XMLName.Local, a.Name.Local)
		}
	}
	if len(d.children) == 0 {
		return d.checkText(e)
	}
	rest := e.Children
	for _, c := range d.children {
		n := 0
		for len(rest) > 0 && rest[0].XMLName.Local == c.name {
			if err := c.check(rest[0]); err != nil {
				return fmt.Errorf("%s: %w", d.name, err)
			}
			n, rest = n+1, rest[1:]
		}
		if n == 0 && !c.optional || n > 1 && !c.many {
			return fmt.Errorf("%s holds %d times %s", d.name, n, c.name)
		}
	}
	if len(rest) > 0 {
		return fmt.Errorf("%s: %s is out of place", d.name, rest[0].XMLName.Local)
	}
	return nil
}

func (d *described) checkText(e *told) error {
	re, known := typeWords[d.text]
	switch {
	case len(e.Children) > 0 || !known:
		return fmt.Errorf("%s has children, or its type %q is unknown", d.name, d.text)
	case re != nil && !re.MatchString(e.Text), d.longest > 0 && utf8.RuneCountInString(e.Text) > d.longest, d.values != nil && !slices.Contains(d.values, e.Text):
		return fmt.Errorf("%s: %q is no %s of at most %d characters, or none of %v", d.name, e.Text, d.text, d.longest, d.values)
	}
	return nil
}

// wire passes calls on and keeps the documents of both directions.
type wire struct {
	service         http.Handler
	asked, answered []string
}

var (
	requestText  = regexp.MustCompile(`(?s)<sendRequestXMLResult>(.+?)</sendRequestXMLResult>`)
	responseText = regexp.MustCompile(`(?s)<response>(.+?)</response>`)
)

// ServeHTTP implements [http.Handler].
func (w *wire) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	r.Body = io.NopCloser(bytes.NewReader(body))
	rec := httptest.NewRecorder()
	w.service.ServeHTTP(rec, r)
	if m := responseText.FindSubmatch(body); m != nil {
		w.answered = append(w.answered, html.UnescapeString(string(m[1])))
	}
	if m := requestText.FindStringSubmatch(rec.Body.String()); m != nil {
		w.asked = append(w.asked, html.UnescapeString(m[1]))
	}
	rw.Header().Set("Content-Type", rec.Header().Get("Content-Type"))
	rw.WriteHeader(rec.Code)
	_, _ = rec.Body.WriteTo(rw)
}

// traffic is what a provider and QuickBooks Point of Sale say to each other in a
// life with everything.
func traffic(t *testing.T) *wire {
	t.Helper()
	s := newShop(t, func(c *quickbooksdesktop.Config) { c.Department = quickbooksdesktopfake.Department })
	p := s.open(t)
	w := &wire{service: p.Handler()}
	s.fake.Connect(w)
	s.run(t)
	outcomes(t, p, pos.MenuPush{Menu: pos.Menu{Items: usual}})
	s.run(t)
	changed := slices.Clone(usual)
	changed[0] = pos.Item{SKU: "MEAL-0101", Name: "Bowl & <more> é", Price: usd(1200), GTIN: "4006381333931", TaxExempt: true}
	outcomes(t, p, pos.MenuPush{Menu: pos.Menu{Items: changed}})
	n := int64(3)
	if err := s.fake.SetStock("2", "MEAL-0101", &n); err != nil {
		t.Fatal(err)
	}
	for _, sale := range []posfake.Sale{{Tip: 150}, {Tender: "cash"}, {Tender: "none"}, {}, {}} {
		sale.Location, sale.Lines = "2", []posfake.SaleLine{{SKU: "MEAL-0101", Quantity: 2}, {Name: "Sundry", Price: &n}}
		if _, err := s.fake.Sell(sale); err != nil {
			t.Fatal(err)
		}
	}
	sold := s.fake.Ledger()
	_, err1 := s.fake.Refund(posfake.Refund{ID: sold[3].ID, Amount: 100})
	_, err2 := s.fake.Void(sold[4].ID)
	if err := errors.Join(err1, err2); err != nil {
		t.Fatal(err)
	}
	s.run(t)
	s.run(t)
	return w
}

// messagesOf returns the messages of a document.
func messagesOf(t *testing.T, document string) []*told {
	t.Helper()
	var root told
	if err := xml.Unmarshal([]byte(document), &root); err != nil {
		t.Fatal(err)
	}
	if root.XMLName.Local != "QBPOSXML" || len(root.Children) != 1 {
		t.Fatalf("no qbposXML: %s", document)
	}
	return root.Children[0].Children
}

// Requests of the client and answers of the fake keep to the description.
func TestPOSMessagesAreAsDescribed(t *testing.T) {
	t.Parallel()
	dir := os.Getenv("POS_CONTRACTS")
	if dir == "" {
		t.Skip("POS_CONTRACTS is not set")
	}
	all := description(t, filepath.Join(dir, "quickbooks", "qbposxml30", "qbpos30-extract.xml"))
	mod := all["ItemInventoryModRq"].children[0]
	add := *mod
	add.name, add.children = "ItemInventoryAdd", mod.children[1:]
	all["ItemInventoryAddRq"] = &described{name: "ItemInventoryAddRq", attrs: []string{"requestID"}, children: []*described{&add}}
	answer := *all["ItemInventoryModRq"]
	answer.name, answer.attrs = "ItemInventoryModRs", all["ItemInventoryQueryRs"].attrs
	answer.children = all["ItemInventoryQueryRs"].children
	all["ItemInventoryModRs"], all["ItemInventoryAddRs"] = &answer, &answer
	compared := map[string]int{}
	w := traffic(t)
	for _, document := range slices.Concat(w.asked, w.answered) {
		for _, m := range messagesOf(t, document) {
			d := all[m.XMLName.Local]
			if d == nil {
				continue
			}
			compared[m.XMLName.Local]++
			if err := d.check(m); err != nil {
				t.Errorf("%v in %s", err, document)
			}
		}
	}
	for _, name := range []string{
		"CompanyQueryRq", "ItemInventoryAddRq", "ItemInventoryModRq",
		"CompanyQueryRs", "ItemInventoryQueryRs", "SalesReceiptQueryRs", "ItemInventoryAddRs", "ItemInventoryModRs",
	} {
		if compared[name] == 0 {
			t.Errorf("no %s was compared", name)
		}
	}
	// The comparison itself: one element out of place is noticed.
	for _, bad := range []string{
		"<ItemInventoryModRq><ItemInventoryMod><ListID>1</ListID><UPC>1</UPC><Price1>1.00</Price1></ItemInventoryMod></ItemInventoryModRq>",
		"<ItemInventoryModRq><ItemInventoryMod><Price1>1.00</Price1></ItemInventoryMod></ItemInventoryModRq>",
		"<ItemInventoryModRq><ItemInventoryMod><ListID>1</ListID><ALU>123456789012345678901</ALU></ItemInventoryMod></ItemInventoryModRq>",
		"<ItemInventoryModRq><ItemInventoryMod><ListID>1</ListID><ItemType>Meal</ItemType></ItemInventoryMod></ItemInventoryModRq>",
	} {
		var e told
		if err := xml.Unmarshal([]byte(bad), &e); err != nil {
			t.Fatal(err)
		}
		if all["ItemInventoryModRq"].check(&e) == nil {
			t.Errorf("passes: %s", bad)
		}
	}
}
