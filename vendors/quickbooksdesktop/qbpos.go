package quickbooksdesktop

import (
	"context"
	"encoding/xml"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/farmacyfoods/pointofsale/pos"
)

// retail is the dialect of QuickBooks Point of Sale, qbposXML 3.0. What is said
// of it comes from the description of its messages: it is no longer sold, so
// that nothing was tried on an installation.
type retail struct{ *Provider }

// Lengths that the description of qbposXML sets.
const (
	maxALU   = 20
	maxUPC   = 18
	maxDesc1 = 30
)

const (
	noWithdrawal = "qbposXML has nothing that takes an item off sale"
	atTheTill    = "staff delete or hide it at the till"
	onlyASample  = "the product was discontinued in 2023; this was tried on a simulation only"
)

func (retail) traits() traits {
	return traits{product: "QuickBooks Point of Sale", family: Vendor + "-pos", qbType: "QBPOS", stockWithItems: true, nameLength: maxDesc1}
}

func (p retail) capabilities() pos.Capabilities {
	partial := func(why string) pos.Support { return pos.Support{Level: pos.Partial, Why: why} }
	none := func(why, nearest string) pos.Support { return pos.Support{Level: pos.None, Why: why, Nearest: nearest} }
	c := pos.Capabilities{
		Menu:      pos.MenuCaps{Support: none("read only, as no department for new items is configured", "set department")},
		Coupons:   pos.CouponCaps{Support: none("a price discount holds for listed items between two dates: no code, condition or limit is enforced", "add a price discount by hand")},
		Status:    pos.StatusCaps{Support: partial("only when the Web Connector of the company called last"), Online: true, Interval: p.cfg.Interval},
		Inventory: pos.InventoryCaps{Support: partial(onlyASample), Counts: true, Committed: true, PerLocation: true},
		Purchases: pos.PurchaseCaps{
			Support: partial("a return does not name its sale; " + onlyASample),
			Refunds: true, Tips: true, Voids: true, LateBy: p.cfg.LateBy, History: p.cfg.Keep,
			DayTotals: none("qbposXML tells receipts only", "the till's own day report"),
		},
		Webhooks: pos.WebhookCaps{Support: none("QuickBooks Point of Sale sends none", "the Web Connector's schedule")},
	}
	if p.cfg.Department != "" {
		c.Deferred = true
		c.Menu = pos.MenuCaps{
			Support: partial("one price for all stores; " + noWithdrawal + ", so that unavailable items and those that leave the menu are refused; " + onlyASample),
			Fields:  []string{"GTIN", "TaxExempt"}, BatchSize: writeBatch,
		}
	}
	if p.cfg.NonStock {
		c.Inventory = pos.InventoryCaps{Support: none("items are written as non-stock, which are not counted", "non_stock off")}
	}
	return c
}

func (retail) queries() []string   { return []string{kindCompany, kindInventory, kindReceipt} }
func (retail) saleKinds() []string { return []string{kindReceipt} }
func (retail) itemKinds() []string { return []string{kindInventory} }

func (p retail) request(q *query) any {
	name := xml.Name{Local: q.Kind + "QueryRq"}
	h := head{RequestID: q.Kind}
	if q.Kind == kindCompany {
		return posCompanyQuery{XMLName: name, head: h, OwnerID: p.cfg.OwnerID}
	}
	h.Iterator = "Start"
	if q.Iterator != "" {
		h.Iterator, h.IteratorID = "Continue", q.Iterator
	}
	if q.Kind == kindInventory {
		return posItemQuery{XMLName: name, head: h, MaxReturned: itemPage}
	}
	r := posReceiptQuery{XMLName: name, head: h, MaxReturned: txnPage}
	if q.To == "" {
		r.Since = &posSince{"GreaterThanEqual", string(q.From)}
	} else {
		r.Between = &posBetween{string(q.From), string(q.To)}
	}
	return r
}

func (retail) checkItem(it *pos.Item) pos.Problems {
	var ps pos.Problems
	refuse := func(bad bool, field, reason, nearest string) {
		if bad {
			ps = append(ps, pos.Problem{Item: it.SKU, Field: field, Reason: reason, Nearest: nearest})
		}
	}
	refuse(utf8.RuneCountInString(it.SKU) > maxALU, "SKU", fmt.Sprintf("is longer than the %d characters of a lookup code (ALU)", maxALU), "a shorter SKU")
	refuse(len(it.GTIN) > maxUPC, "GTIN", fmt.Sprintf("is longer than %d characters", maxUPC), "")
	refuse(it.Unavailable, fieldUnavailable, noWithdrawal, atTheTill)
	return ps
}

func (p retail) write(id string, pt *pendingTask, have *item) any {
	f := posItemFields{Desc1: pt.Want.Name, Price1: pt.Want.Price, TaxCode: p.taxCode(pt.Want), UPC: pt.Want.GTIN}
	if have == nil {
		r := posItemAdd{head: head{RequestID: id}}
		r.Item.ALU, r.Item.DepartmentListID, r.Item.ItemType = pt.SKU, p.cfg.Department, typeInventory
		if p.cfg.NonStock {
			r.Item.ItemType = typeNonInventory
		}
		r.Item.Desc1, r.Item.Price1, r.Item.TaxCode, r.Item.UPC = f.Desc1, f.Price1, f.TaxCode, f.UPC
		return r
	}
	for field, text := range map[string]*string{fieldName: &f.Desc1, fieldPrice: &f.Price1, fieldTaxExempt: &f.TaxCode, fieldGTIN: &f.UPC} {
		if !slices.Contains(pt.Fields, field) {
			*text = ""
		}
	}
	r := posItemMod{head: head{RequestID: id}}
	r.Item.ListID, r.Item.posItemFields = have.ListID, f
	return r
}

// saveStores keeps the stores that the company tells. One that it no longer
// tells is closed. A company with another FileID ends the session.
func (p *Provider) saveStores(ctx context.Context, st *state, r *reply) error {
	if r.Company != nil {
		st.Company, st.Product = clip(r.Company.Name, 100), p.speaks.traits().product
		for i := range r.Company.Extensions {
			if e := &r.Company.Extensions[i]; p.marks(e) && !strings.EqualFold(e.Value, p.cfg.FileID) {
				st.fail("wrong company open: "+clip(r.Company.Name, 200), st.Session.Last)
				return nil
			}
		}
	}
	var before placesDoc
	if _, err := p.load(ctx, docPlaces, &before); err != nil {
		return err
	}
	told := slices.Clone(r.Sites)
	for _, old := range before.Places {
		if !slices.ContainsFunc(told, func(s placeRet) bool { return s.ListID == old.ID }) {
			told = append(told, placeRet{ListID: old.ID, Name: old.Name, IsActive: "false"})
		}
	}
	return p.savePlaces(ctx, told, st.Session.Last)
}
