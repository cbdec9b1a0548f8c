package snackbox

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/vendors/kit"
)

type wireItem struct {
	SKU   string `json:"sku"`
	Name  string `json:"name"`
	Cents int64  `json:"cents"`
	Owner string `json:"owner"`
}

// PushMenu implements [pos.Provider]: read, compare, write the difference.
func (p *Provider) PushMenu(ctx context.Context, push pos.MenuPush) (pos.PushReport, error) {
	if err := push.Menu.Validate(); err != nil {
		return pos.PushReport{}, err
	}
	tills, err := p.tills(ctx, nil)
	if err != nil {
		return pos.PushReport{}, err
	}
	if err := oneMenu(tills, push.Locations); err != nil {
		return pos.PushReport{}, err
	}
	stored, err := p.items(ctx)
	if err != nil {
		return pos.PushReport{}, err
	}
	m := &menuPush{Provider: p, push: push, stored: stored}
	for _, t := range tills {
		m.tills = append(m.tills, t.ID)
	}
	return m.run(ctx)
}

// oneMenu refuses a push to some tills only: all tills show the same menu.
func oneMenu(tills []wireTill, asked []string) error {
	if len(asked) == 0 {
		return nil
	}
	for _, id := range asked {
		if !slices.ContainsFunc(tills, func(t wireTill) bool { return t.ID == id }) {
			return &pos.Error{Vendor: vendor, Op: "PushMenu", Location: id, Kind: pos.KindNotFound, Err: fmt.Errorf("no till %q", id)}
		}
	}
	for _, t := range tills {
		if !slices.Contains(asked, t.ID) {
			return pos.Unsupported(vendor, "PushMenu", "all tills of an account show one menu, and "+t.ID+" is not among the locations", "push to all tills")
		}
	}
	return nil
}

func (p *Provider) items(ctx context.Context) (map[string]wireItem, error) {
	var list []wireItem
	if err := p.get(ctx, "ListItems", "/v1/items", &list); err != nil {
		return nil, err
	}
	items := make(map[string]wireItem, len(list))
	for _, it := range list {
		items[it.SKU] = it
	}
	return items, nil
}

// menuPush is the work of one push.
type menuPush struct {
	*Provider
	push   pos.MenuPush
	tills  []string
	stored map[string]wireItem
	report *kit.Report
}

func (m *menuPush) run(ctx context.Context) (pos.PushReport, error) {
	wanted := make(map[string]bool, len(m.push.Menu.Items))
	skus := make([]string, 0, len(m.push.Menu.Items))
	for _, it := range m.push.Menu.Items {
		skus = append(skus, it.SKU)
		wanted[it.SKU] = !it.Unavailable
	}
	var gone []string
	owned := 0
	for sku, it := range m.stored {
		if it.Owner != m.cfg.Owner {
			continue
		}
		owned++
		if keep, named := wanted[sku]; !keep && (named || !m.push.Partial) {
			gone = append(gone, sku)
		}
	}
	slices.Sort(gone)
	if err := pos.CheckWithdraw(len(gone), owned, m.push.MaxWithdraw); err != nil {
		return pos.PushReport{}, err
	}
	m.report = kit.NewReport(skus, m.tills, m.push.DryRun)
	for _, it := range m.push.Menu.Items {
		if !it.Unavailable {
			m.put(ctx, it)
		}
	}
	for _, sku := range gone {
		m.done(sku, pos.Withdrawn, m.write(ctx, "DeleteItem", http.MethodDelete, sku, nil))
	}
	m.report.Rest(pos.Outcome{Action: pos.Unchanged, Locations: m.tills})
	return m.report.Push(), nil
}

// put writes one item if it differs.
func (m *menuPush) put(ctx context.Context, it pos.Item) {
	old, exists := m.stored[it.SKU]
	caps := m.Describe().Capabilities
	notes := caps.Uncarried(it)
	if refused := caps.CheckItem(it); len(refused) > 0 {
		m.report.Add(pos.Outcome{Item: it.SKU, Locations: m.tills, Action: pos.Refused, Err: &pos.Error{Vendor: vendor, Op: "PushMenu", Kind: pos.KindUnsupported, Err: refused}})
		return
	}
	if exists && old.Owner != m.cfg.Owner {
		m.done(it.SKU, pos.Failed, &pos.Error{Vendor: vendor, Op: "PutItem", Kind: pos.KindConflict, Err: fmt.Errorf("%s belongs to %s", it.SKU, old.Owner)})
		return
	}
	want := wireItem{SKU: it.SKU, Name: it.Name, Cents: it.Price.Amount, Owner: m.cfg.Owner}
	switch {
	case it.Price.Currency != "USD":
		m.done(it.SKU, pos.Failed, &pos.Error{Vendor: vendor, Op: "PutItem", Kind: pos.KindInvalid, Err: fmt.Errorf("%s is priced in %s, the tills take USD", it.SKU, it.Price.Currency)})
	case old == want:
		m.done(it.SKU, pos.Unchanged, nil, notes...)
	case exists:
		m.done(it.SKU, pos.Updated, m.write(ctx, "PutItem", http.MethodPut, it.SKU, want), notes...)
	default:
		m.done(it.SKU, pos.Created, m.write(ctx, "PutItem", http.MethodPut, it.SKU, want), notes...)
	}
}

// write sends one write, or only counts it in a dry run. Both of Snackbox's
// writes state a final state and may be repeated.
func (m *menuPush) write(ctx context.Context, op, method, sku string, body any) error {
	m.report.Wrote(1)
	if m.push.DryRun {
		return nil
	}
	_, err := m.client.JSON(ctx, kit.Request{Op: op, Method: method, Path: "/v1/items/" + url.PathEscape(sku), Repeatable: true}, body, nil)
	return err
}

func (m *menuPush) done(sku string, action pos.Action, err error, notes ...pos.Problem) {
	o := pos.Outcome{Item: sku, Locations: m.tills, Action: action, VendorID: sku, Err: err, Notes: notes}
	if err != nil {
		o.Action = pos.Failed
	}
	m.report.Add(o)
}
