package snackbox

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/vendors/kit"
)

type wireSale struct {
	ID       string    `json:"id"`
	Till     string    `json:"till"`
	State    string    `json:"state"`
	Rev      int       `json:"rev"`
	At       time.Time `json:"at"`
	Recorded time.Time `json:"recorded"`
	Changed  time.Time `json:"changed"`
	Lines    []struct {
		SKU   string `json:"sku"`
		Name  string `json:"name"`
		Count int64  `json:"count"`
		Cents int64  `json:"cents"`
	} `json:"lines"`
	Tip     int64        `json:"tip"`
	Total   int64        `json:"total"`
	Refunds []wireRefund `json:"refunds"`
}

type wireRefund struct {
	ID    string    `json:"id"`
	Cents int64     `json:"cents"`
	State string    `json:"state"`
	At    time.Time `json:"at"`
}

// Purchases implements [pos.Provider]: the feed does the work.
func (p *Provider) Purchases(ctx context.Context, q pos.PurchaseQuery) (pos.PurchasePage, error) {
	return p.feed.Page(ctx, q)
}

// readSales fetches one page of one window.
func (p *Provider) readSales(ctx context.Context, w kit.Window) (kit.WindowPage, error) {
	query := url.Values{"until": {w.Until.Format(time.RFC3339Nano)}}
	if !w.From.IsZero() {
		query.Set("since", w.From.Format(time.RFC3339Nano))
	}
	if w.Token != "" {
		query.Set("page", w.Token)
	}
	var body struct {
		Sales []json.RawMessage `json:"sales"`
		Next  string            `json:"next"`
	}
	resp, err := p.client.JSON(ctx, kit.Request{Op: "ListSales", Method: http.MethodGet, Path: "/v1/sales", Query: query}, nil, &body)
	if err != nil {
		var e *pos.Error
		if errors.As(err, &e) && e.Code == "bad_page" {
			return kit.WindowPage{}, kit.ErrPageToken
		}
		return kit.WindowPage{}, err
	}
	page, err := p.mapSales(ctx, body.Sales, w.Locations, w.Raw)
	page.Token, page.Now = body.Next, resp.Date
	return page, err
}

// fetchSales reads single sales.
func (p *Provider) fetchSales(ctx context.Context, ids []string, raw bool) (kit.WindowPage, error) {
	var sales []json.RawMessage
	for _, id := range ids {
		var s json.RawMessage
		switch err := p.get(ctx, "GetSale", "/v1/sales/"+url.PathEscape(id), &s); {
		case errors.Is(err, pos.ErrNotFound):
		case err != nil:
			return kit.WindowPage{}, err
		default:
			sales = append(sales, s)
		}
	}
	return p.mapSales(ctx, sales, nil, raw)
}

// mapSales maps the sales of some tills, or of all; it needs the tills' zones
// for business dates.
func (p *Provider) mapSales(ctx context.Context, sales []json.RawMessage, tills []string, raw bool) (kit.WindowPage, error) {
	var page kit.WindowPage
	if len(sales) == 0 {
		return page, nil
	}
	at, err := p.places(ctx)
	if err != nil {
		return page, err
	}
	for _, data := range sales {
		var s wireSale
		if err := kit.Unmarshal(data, &s); err != nil {
			return page, err
		}
		if len(tills) > 0 && !slices.Contains(tills, s.Till) {
			continue
		}
		purchase := s.purchase(at[s.Till])
		if raw {
			purchase.Raw = data
		}
		page.Purchases = append(page.Purchases, purchase)
		if slices.ContainsFunc(s.Refunds, func(r wireRefund) bool { return r.State == "pending" }) {
			page.Open = append(page.Open, s.ID)
		}
	}
	return page, nil
}

// places returns the tills by id.
func (p *Provider) places(ctx context.Context) (map[string]pos.Location, error) {
	tills, err := p.tills(ctx, nil)
	places := make(map[string]pos.Location, len(tills))
	for _, t := range tills {
		places[t.ID] = t.location()
	}
	return places, err
}

func usd(cents int64) pos.Money { return pos.Money{Amount: cents, Currency: "USD"} }

// purchase maps a sale. Snackbox counts revisions, so they are the version.
func (s *wireSale) purchase(at pos.Location) pos.Purchase {
	state, known := map[string]pos.PurchaseState{"open": pos.StatePending, "paid": pos.StateCompleted, "void": pos.StateVoided, "refused": pos.StateFailed}[s.State]
	if !known {
		state = pos.StateUnknown
	}
	p := pos.Purchase{
		ID: s.ID, Location: s.Till, Version: strconv.Itoa(s.Rev), State: state, VendorState: s.State, Currency: "USD",
		OccurredAt: s.At.UTC(), RecordedAt: s.Recorded.UTC(), UpdatedAt: s.Changed.UTC(), BusinessDate: at.BusinessDate(s.At),
		Tip: usd(s.Tip), Total: usd(s.Total),
	}
	for _, l := range s.Lines {
		p.Lines = append(p.Lines, pos.Line{SKU: l.SKU, Name: l.Name, Quantity: pos.Units(l.Count), UnitPrice: usd(l.Cents), Gross: usd(l.Count * l.Cents)})
	}
	for _, r := range s.Refunds {
		state := map[string]pos.RefundState{"pending": pos.RefundPending, "done": pos.RefundCompleted, "failed": pos.RefundFailed}[r.State]
		p.Refunds = append(p.Refunds, pos.Refund{ID: r.ID, Of: s.ID, Amount: usd(r.Cents), State: state, At: r.At.UTC()})
	}
	p.Reconcile()
	return p
}
