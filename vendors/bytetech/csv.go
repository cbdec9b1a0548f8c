package bytetech

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/vendors/kit"
)

// csvCapabilities are those of an account that is known by exports only.
func (p *Provider) csvCapabilities() pos.Capabilities {
	none := func() pos.Support {
		return pos.Support{Level: pos.None, Why: "exports of the dashboard hold inventory and purchases only", Nearest: "the profile's source rest"}
	}
	has := func(file string) pos.Support {
		if p.profile.CSV.Files[file] == "" {
			return none()
		}
		return pos.Support{Level: pos.Partial, Why: "as of the last export", Nearest: "the profile's source rest"}
	}
	return pos.Capabilities{
		Menu:      pos.MenuCaps{Support: none()},
		Coupons:   pos.CouponCaps{Support: none()},
		Status:    pos.StatusCaps{Support: none()},
		Inventory: pos.InventoryCaps{Support: has("inventory"), Counts: true, Lots: p.profile.CSV.Columns["tag.expires"] != "", PerLocation: true},
		Purchases: pos.PurchaseCaps{Support: has("transactions"), Refunds: p.profile.CSV.Columns["transaction.refunded"] != "", Pending: true, Voids: true, DayTotals: noDayTotals()},
		Webhooks:  pos.WebhookCaps{Support: none()},
	}
}

// maxExport is the most that an exported file may hold.
const maxExport = 64 << 20

// export is one file of the dashboard.
type export struct {
	name, digest string
	data         []byte
}

// exports reads the files of a kind in the order of their names.
func (p *Provider) exports(ctx context.Context, kind string) ([]export, error) {
	names, err := fs.Glob(p.cfg.Files, p.profile.CSV.Files[kind])
	if err != nil {
		return nil, err
	}
	var out []export
	for _, name := range names {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		data, err := readExport(p.cfg.Files, name)
		if err != nil {
			return nil, &pos.Error{Vendor: Vendor, Op: "csv", Kind: pos.KindUnavailable, Err: err}
		}
		out = append(out, export{name, kit.Key(string(data)), data})
	}
	return out, nil
}

func readExport(files fs.FS, name string) (data []byte, err error) {
	f, err := files.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	data, err = io.ReadAll(io.LimitReader(f, maxExport+1))
	if err == nil && len(data) > maxExport {
		err = fmt.Errorf("%s is larger than %d bytes", name, maxExport)
	}
	return data, err
}

// csvRow is a row by our names of the columns.
type csvRow struct {
	cells  []string
	column map[string]int
}

func (r csvRow) text(name string) string {
	if i, ok := r.column[name]; ok && i < len(r.cells) {
		return strings.TrimSpace(r.cells[i])
	}
	return ""
}

// rows reads a file by its header; columns that the profile does not name are
// ignored. A column that it names must be there.
func (p *Provider) rows(e export, group string, fn func(csvRow) error) error {
	fail := func(err error) error {
		return &pos.Error{Vendor: Vendor, Op: "csv", Kind: pos.KindProtocol, Err: fmt.Errorf("%s: %w", e.name, err)}
	}
	r := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(e.data, []byte("\uFEFF"))))
	r.Comma, _ = utf8.DecodeRuneInString(p.profile.CSV.Delimiter)
	r.FieldsPerRecord, r.ReuseRecord = -1, true
	header, err := r.Read()
	if errors.Is(err, io.EOF) {
		return nil
	}
	if err != nil {
		return fail(err)
	}
	row := csvRow{column: make(map[string]int)}
	for _, name := range sortedKeys(p.profile.CSV.Columns) {
		column := p.profile.CSV.Columns[name]
		if column == "" || !strings.HasPrefix(name, group+".") {
			continue
		}
		if row.column[name] = slices.Index(header, column); row.column[name] < 0 {
			return fail(fmt.Errorf("no column %q", column))
		}
	}
	for {
		row.cells, err = r.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil {
			err = fn(row)
		}
		if err != nil {
			return fail(err)
		}
	}
}

// csvPurchaseState is the content of a cursor over exports.
type csvPurchaseState struct {
	Done  []string  `json:"done,omitempty"` // digests of the files that were delivered
	Since time.Time `json:"since,omitzero"`
}

// csvPurchases delivers the next file that was not delivered yet. Exports
// overlap: a sale that an earlier file still there holds in the same version
// is left out.
func (p *Provider) csvPurchases(ctx context.Context, q pos.PurchaseQuery) (pos.PurchasePage, error) {
	if p.profile.CSV.Files["transactions"] == "" {
		return pos.PurchasePage{}, pos.Unsupported(Vendor, "Purchases", "csv.files names no transactions", "the profile's source rest")
	}
	if len(q.Records) > 0 {
		return pos.PurchasePage{}, pos.Unsupported(Vendor, "Purchases", "exports cannot be asked for single records", "poll without Records")
	}
	st := csvPurchaseState{Since: q.Since}
	if err := p.resume("purchases", q.After, &st); err != nil {
		return pos.PurchasePage{}, err
	}
	files, err := p.exports(ctx, "transactions")
	if err != nil {
		return pos.PurchasePage{}, err
	}
	q.Since = st.Since
	var page pos.PurchasePage
	var todo []export
	var done []string // of files that are still there
	for _, e := range files {
		if slices.Contains(st.Done, e.digest) {
			done = append(done, e.digest)
		} else {
			todo = append(todo, e)
		}
	}
	if len(todo) > 0 {
		if page.Purchases, err = p.newSales(files, done, todo[0], q); err != nil {
			return pos.PurchasePage{}, err
		}
		done = append(done, todo[0].digest)
	}
	page.More = len(todo) > 1
	page.Next, err = kit.EncodeCursor(p.scope("purchases"), csvPurchaseState{done, st.Since})
	return page, err
}

// newSales returns the sales of a file that no delivered file holds.
func (p *Provider) newSales(files []export, done []string, next export, q pos.PurchaseQuery) ([]pos.Purchase, error) {
	seen := make(map[string]bool)
	for _, e := range files {
		if !slices.Contains(done, e.digest) {
			continue
		}
		if err := p.sales(e, false, func(b pos.Purchase) { seen[b.ID+"\x00"+b.Version] = true }); err != nil {
			return nil, err
		}
	}
	var out []pos.Purchase
	err := p.sales(next, q.Raw, func(b pos.Purchase) {
		key := b.ID + "\x00" + b.Version
		if seen[key] || b.OccurredAt.Before(q.Since) || len(q.Locations) > 0 && !slices.Contains(q.Locations, b.Location) {
			return
		}
		seen[key] = true
		out = append(out, b)
	})
	return out, err
}

// sales maps the rows of an export of transactions.
func (p *Provider) sales(e export, raw bool, fn func(pos.Purchase)) error {
	return p.rows(e, "transaction", func(r csvRow) error {
		b, ok, err := p.csvSale(r)
		if err != nil || !ok {
			return err
		}
		if raw {
			b.Raw, err = json.Marshal(p.rawRow(r))
		}
		fn(b)
		return err
	})
}

// rawRow is a row as an object: named columns only, so that no names of
// customers get through.
func (p *Provider) rawRow(r csvRow) map[string]string {
	m := make(map[string]string, len(r.column))
	for name := range r.column {
		m[p.profile.CSV.Columns[name]] = r.text(name)
	}
	return m
}

// csvSale maps a row. Exports have no lines: the goods are one line without SKU.
func (p *Provider) csvSale(r csvRow) (b pos.Purchase, ok bool, err error) {
	status := p.meaning("transaction_status", r.text("transaction.status"))
	if status == txRestock {
		return b, false, nil
	}
	b = pos.Purchase{
		ID: r.text("transaction.id"), Location: r.text("transaction.kiosk"), Device: r.text("transaction.kiosk"), Receipt: r.text("transaction.id"),
		State: stateOf(status), VendorState: r.text("transaction.status"), Source: "fridge", Currency: p.profile.Constants.Currency,
	}
	if b.ID == "" {
		return b, false, errors.New("a row has no transaction id")
	}
	if b.OccurredAt, err = p.profile.CSV.Encoding.parseTime(r.text("transaction.placed")); err != nil {
		return b, false, err
	}
	b.RecordedAt = b.OccurredAt
	amount := func(name string) pos.Money {
		text := strings.NewReplacer("$", "", ",", "").Replace(r.text(name))
		m := pos.Money{Currency: b.Currency}
		if text != "" {
			if m, err = p.profile.CSV.Encoding.parseMoney(text, b.Currency); err != nil {
				b.Findings = append(b.Findings, pos.Finding{Code: pos.FindingUnreadable, Detail: name})
				m, err = pos.Money{Currency: b.Currency}, nil
			}
		}
		return m
	}
	b.Total = amount("transaction.total")
	if tax := amount("transaction.tax"); tax.Amount != 0 {
		b.Taxes = []pos.Applied{{Name: "sales tax", Amount: tax}}
	}
	if discount := amount("transaction.discount"); discount.Amount != 0 {
		b.Discounts = []pos.Applied{{Amount: discount}}
	}
	if goods, err := b.Difference(); err == nil {
		b.Lines = []pos.Line{{Name: "not itemised", Gross: goods}}
	}
	if back := amount("transaction.refunded"); back.Amount > 0 {
		b.Refunds = []pos.Refund{{ID: b.ID + "/refund", Of: b.ID, Amount: back, State: pos.RefundCompleted}}
	}
	p.csvTender(r, &b)
	b.Version = kit.VersionOf(&b)
	b.Reconcile()
	return b, true, nil
}

func (p *Provider) csvTender(r csvRow, b *pos.Purchase) {
	if b.State != pos.StateCompleted && b.State != pos.StateFailed || b.Total.Amount == 0 {
		return
	}
	kind := "other"
	if r.text("transaction.credit_card") == "Y" {
		kind = "card"
	}
	b.Tenders = []pos.Tender{{Kind: kind, Amount: b.Total, Failed: b.State == pos.StateFailed}}
}

// csvInventory counts the tags in the newest export: the last by name.
func (p *Provider) csvInventory(ctx context.Context, q pos.InventoryQuery) (pos.InventoryPage, error) {
	if p.profile.CSV.Files["inventory"] == "" {
		return pos.InventoryPage{}, pos.Unsupported(Vendor, "Inventory", "csv.files names no inventory", "the profile's source rest")
	}
	files, err := p.exports(ctx, "inventory")
	if err != nil || len(files) == 0 {
		return pos.InventoryPage{Full: true}, err
	}
	counts := make(map[string]*tagCount)
	e := &p.profile.CSV.Encoding
	err = p.rows(files[len(files)-1], "tag", func(r csvRow) error {
		kiosk := r.text("tag.kiosk")
		state := p.meaning("tag_state", r.text("tag.state"))
		if p.profile.CSV.Columns["tag.state"] != "" && state != tagInStock || len(q.Locations) > 0 && !slices.Contains(q.Locations, kiosk) {
			return nil
		}
		if counts[kiosk] == nil {
			counts[kiosk] = newTagCount(kiosk, pos.DateOf(time.Now(), e.zone))
		}
		t := tagRow{product: r.text("tag.product"), sku: r.text("tag.external_id"), name: r.text("tag.name")}
		stocked, err := e.parseTime(r.text("tag.stocked"))
		if err != nil {
			stocked = time.Time{}
		}
		if d, err := pos.ParseDate(r.text("tag.expires")); err == nil {
			t.expires = p.expiry(d, stocked)
		}
		counts[kiosk].add(t)
		return nil
	})
	page := pos.InventoryPage{Full: true}
	for _, kiosk := range sortedKeys(counts) {
		page.Stock = append(page.Stock, counts[kiosk].stock()...)
	}
	return page, err
}
