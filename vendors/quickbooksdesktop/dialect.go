package quickbooksdesktop

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/farmacyfoods/pointofsale/pos"
)

// The programs behind a Web Connector.
const (
	// Desktop is QuickBooks Desktop, the default.
	Desktop = "desktop"
	// PointOfSale is QuickBooks Point of Sale, which was discontinued on
	// 3 October 2023.
	PointOfSale = "pos"
)

// dialect is what differs between the programs that a Web Connector opens: the
// documents, what is asked, and what the answers mean. Sessions, queue, log and
// recovery are the same.
type dialect interface {
	// traits are constants of the program.
	traits() traits
	capabilities() pos.Capabilities
	// document writes a message set, readReplies reads the answer to one.
	document(messageSet) (string, error)
	readReplies(text string) ([]reply, error)
	// queries are the kinds of a full read, in order. saleKinds and itemKinds
	// are those of sales and of items.
	queries() []string
	saleKinds() []string
	itemKinds() []string
	request(*query) any
	// sales are the versions of records on a page; those without an id are no
	// sales.
	sales(q *query, r *reply, owned map[string]string) []version
	// checkItem returns why an item cannot be expressed; write makes the
	// request of one change.
	checkItem(*pos.Item) pos.Problems
	write(id string, pt *pendingTask, have *item) any
}

// checkProduct checks what only one of the programs has.
func (c *Config) checkProduct() pos.Problems {
	var ps pos.Problems
	refuse := func(bad bool, field, reason string) {
		if bad {
			ps = append(ps, pos.Problem{Field: field, Reason: reason})
		}
	}
	switch c.Product {
	case Desktop:
		refuse(!slices.Contains([]string{"", ByClass, BySite, ByCompany}, c.Location), "location", "must be class, site or company")
		refuse(c.Department != "", "department", "is for product pos only")
		refuse(c.LedgerCoupons && c.DiscountAccount == "", "discount_account", "is required by ledger_coupons")
		refuse(c.LateBy != 0, "late_by_ns", "is for product pos only")
	case PointOfSale:
		refuse(c.Location != "" && c.Location != ByStore, "location", "must be store or empty: product pos has stores")
		refuse(c.Accounts != Accounts{}, "accounts", "is for product desktop only")
		refuse(c.LateBy < 0 || c.LateBy > maxLate, "late_by_ns", "must be between 0 and 3 days")
		refuse(c.Invoices, "invoices", "is for product desktop only")
		refuse(c.LedgerCoupons, "ledger_coupons", "is for product desktop only")
	default:
		refuse(true, "product", "must be desktop or pos")
	}
	return ps
}

// maxLate is the longest [Config.LateBy]: shorter than a stretch, so that every
// one leads on.
const maxLate = 72 * time.Hour

func (c *Config) defaultLocation() string {
	if c.Product == PointOfSale {
		return ByStore
	}
	return ByClass
}

// traits are constants of a program.
type traits struct {
	product string // its name
	family  string // in front of store keys and cursors, so that products never mix
	qbType  string // in a .qwc file
	// once: a set of writes has an id, and is executed once however often it is
	// sent. Otherwise what became of it is seen from the items.
	once bool
	// stockWithItems: the query of items tells the stock by place, too.
	stockWithItems bool
	// withdraws: items can be taken off sale.
	withdraws  bool
	nameLength int // characters of an item's name; 0 is any
}

// version is a version of a record of sales.
type version struct {
	modified wall
	purchase pos.Purchase
}

// desktop is the dialect of QuickBooks Desktop.
type desktop struct{ *Provider }

func (desktop) traits() traits {
	return traits{product: "QuickBooks Desktop", family: Vendor, qbType: "QBFS", once: true, withdraws: true}
}

func (desktop) document(set messageSet) (string, error) { return document(set) }

func (desktop) readReplies(text string) ([]reply, error) { return readReplies(text) }

func (d desktop) queries() []string {
	kinds := []string{kindActivity}
	switch d.cfg.Location {
	case ByClass:
		kinds = append(kinds, kindClass)
	case BySite:
		kinds = append(kinds, kindSite, kindStock)
	}
	kinds = append(kinds, d.itemKinds()...)
	kinds = append(kinds, d.txnKinds()...)
	return append(kinds, kindDeleted)
}

func (d desktop) sales(q *query, r *reply, owned map[string]string) []version {
	m := mapper{Provider: d.Provider, owned: owned}
	var out []version
	for _, list := range [][]txnRet{r.Receipts, r.Memos, r.Invoices} {
		for i := range list {
			list[i].kind = q.Kind
			out = append(out, version{wallOf(list[i].TimeModified), m.purchase(&list[i])})
		}
	}
	return out
}

func (d desktop) checkItem(it *pos.Item) pos.Problems {
	var ps pos.Problems
	refuse := func(bad bool, field, reason, nearest string) {
		if bad {
			ps = append(ps, pos.Problem{Item: it.SKU, Field: field, Reason: reason, Nearest: nearest})
		}
	}
	refuse(len(it.SKU) > maxName, "SKU", fmt.Sprintf("is longer than the %d characters of an item name", maxName), "a shorter SKU")
	refuse(strings.Contains(it.SKU, ":"), "SKU", "holds a colon, which separates the levels of item names", "another character")
	refuse(len(it.GTIN) > maxBarCode, "GTIN", fmt.Sprintf("is longer than %d characters", maxBarCode), "")
	return ps
}
