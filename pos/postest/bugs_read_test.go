package postest

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/pos/posfake"
)

var readBugs = []bug{
	{name: "unknown stock as 0", caught: "inventory/not counted is not zero", plant: func(m *mutant) {
		m.stock = changedStock(func(s *pos.Stock) { s.OnHand.Known, s.Available.Known = true, true })
	}},
	{name: "one figure for all locations", caught: "inventory/locations apart", plant: func(m *mutant) {
		m.stock = changedStock(func(s *pos.Stock) { s.OnHand = pos.Counted(pos.Units(10)) })
	}},
	{name: "first 500 rows only", caught: "inventory/501 rows", plant: func(m *mutant) {
		n := 0
		m.stock = func(f *posfake.Fake, ctx context.Context, q pos.InventoryQuery) (pos.InventoryPage, error) {
			page, err := f.Inventory(ctx, q)
			if n += len(page.Stock); n >= 500 {
				page.More = false
			}
			return page, err
		}
	}},
	{name: "changes without those to nothing", caught: "inventory/changes", plant: func(m *mutant) {
		m.stock = func(f *posfake.Fake, ctx context.Context, q pos.InventoryQuery) (pos.InventoryPage, error) {
			page, err := f.Inventory(ctx, q)
			page.Stock = slices.DeleteFunc(page.Stock, func(s pos.Stock) bool { return !s.OnHand.Known })
			return page, err
		}
	}},
	{name: "stale status shown as online", caught: "status/power cut", plant: func(m *mutant) {
		m.status = func(f *posfake.Fake, ctx context.Context, q pos.StatusQuery) (pos.StatusPage, error) {
			page, err := f.Status(ctx, q)
			for i := range page.Statuses {
				page.Statuses[i].Online, page.Statuses[i].ObservedAt = pos.Yes, f.Now()
			}
			return page, err
		}
	}},
	{name: "undeclared status told", caught: "status/unknown is not yes", cfg: lesser(func(c *pos.Capabilities) { c.Status.Open = false }), plant: func(m *mutant) {
		m.status = func(f *posfake.Fake, ctx context.Context, q pos.StatusQuery) (pos.StatusPage, error) {
			page, err := f.Status(ctx, q)
			for i := range page.Statuses {
				page.Statuses[i].Open = pos.Yes
			}
			return page, err
		}
	}},
	{name: "closed location hidden", caught: "locations/closed", plant: func(m *mutant) {
		m.locations = func(f *posfake.Fake, ctx context.Context, q pos.LocationQuery) (pos.LocationPage, error) {
			page, err := f.Locations(ctx, q)
			page.Locations = slices.DeleteFunc(page.Locations, func(l pos.Location) bool { return l.Closed })
			return page, err
		}
	}},
	{name: "locations in any order", caught: "locations/pages and order", plant: func(m *mutant) {
		m.locations = func(f *posfake.Fake, ctx context.Context, q pos.LocationQuery) (pos.LocationPage, error) {
			page, err := f.Locations(ctx, q)
			slices.SortFunc(page.Locations, func(a, b pos.Location) int { return cmp.Compare(a.Name, b.Name) })
			return page, err
		}
	}},
}

func changedStock(change func(*pos.Stock)) func(*posfake.Fake, context.Context, pos.InventoryQuery) (pos.InventoryPage, error) {
	return func(f *posfake.Fake, ctx context.Context, q pos.InventoryQuery) (pos.InventoryPage, error) {
		page, err := f.Inventory(ctx, q)
		for i := range page.Stock {
			change(&page.Stock[i])
		}
		return page, err
	}
}

// purchasesWith replaces the purchases call by one that mistreats errors.
func purchasesWith(handle func(f *posfake.Fake, ctx context.Context, q pos.PurchaseQuery, page pos.PurchasePage, err error) (pos.PurchasePage, error)) func(*mutant) {
	return func(m *mutant) {
		m.purchases = func(f *posfake.Fake, ctx context.Context, q pos.PurchaseQuery) (pos.PurchasePage, error) {
			page, err := f.Purchases(ctx, q)
			return handle(f, ctx, q, page, err)
		}
	}
}

var failureBugs = []bug{
	{name: "swallowed 403", caught: "failure/forbidden", plant: purchasesWith(func(_ *posfake.Fake, _ context.Context, q pos.PurchaseQuery, page pos.PurchasePage, err error) (pos.PurchasePage, error) {
		if errors.Is(err, pos.ErrPermission) {
			return pos.PurchasePage{Next: q.After}, nil
		}
		return page, err
	})},
	{name: "permission taken for an outage", caught: "failure/missing permission", plant: purchasesWith(func(_ *posfake.Fake, _ context.Context, _ pos.PurchaseQuery, page pos.PurchasePage, err error) (pos.PurchasePage, error) {
		if errors.Is(err, pos.ErrPermission) {
			err = &pos.Error{Op: "Purchases", Kind: pos.KindUnavailable}
		}
		return page, err
	})},
	{name: "retried 400", caught: "failure/bad request is not repeated", plant: purchasesWith(func(f *posfake.Fake, ctx context.Context, q pos.PurchaseQuery, page pos.PurchasePage, err error) (pos.PurchasePage, error) {
		if errors.Is(err, pos.ErrInvalid) {
			return f.Purchases(ctx, q)
		}
		return page, err
	})},
	{name: "Retry-After ignored", caught: "failure/rate limit", plant: purchasesWith(func(f *posfake.Fake, ctx context.Context, q pos.PurchaseQuery, page pos.PurchasePage, err error) (pos.PurchasePage, error) {
		for n := 0; errors.Is(err, pos.ErrRateLimited) && n < 5; n++ {
			<-time.After(time.Second)
			page, err = f.Purchases(ctx, q)
		}
		return page, err
	})},
	{name: "endless retries", caught: "failure/outage", plant: purchasesWith(func(f *posfake.Fake, ctx context.Context, q pos.PurchaseQuery, page pos.PurchasePage, err error) (pos.PurchasePage, error) {
		for n := 0; errors.Is(err, pos.ErrUnavailable) && n < 100; n++ {
			<-time.After(time.Second)
			page, err = f.Purchases(ctx, q)
		}
		return page, err
	})},
	{name: "back-off deaf to cancellation", caught: "failure/cancelled back-off", plant: purchasesWith(func(f *posfake.Fake, ctx context.Context, q pos.PurchaseQuery, page pos.PurchasePage, err error) (pos.PurchasePage, error) {
		if errors.Is(err, pos.ErrRateLimited) {
			<-time.After(pos.RetryAfter(err))
			return f.Purchases(ctx, q)
		}
		return page, err
	})},
	{name: "secret in an error", caught: "failure/outage", plant: purchasesWith(func(_ *posfake.Fake, _ context.Context, _ pos.PurchaseQuery, page pos.PurchasePage, err error) (pos.PurchasePage, error) {
		if err != nil {
			err = &pos.Error{Op: "GET /sales?key=" + posfake.WebhookSecret, Kind: pos.KindOf(err), Err: err}
		}
		return page, err
	})},
	{name: "untyped error", caught: "failure/outage", plant: purchasesWith(func(_ *posfake.Fake, _ context.Context, _ pos.PurchaseQuery, page pos.PurchasePage, err error) (pos.PurchasePage, error) {
		if err != nil {
			err = errors.New("something went wrong")
		}
		return page, err
	})},
	{name: "truncated page accepted", caught: "failure/unreadable answers", plant: purchasesWith(func(_ *posfake.Fake, _ context.Context, q pos.PurchaseQuery, page pos.PurchasePage, err error) (pos.PurchasePage, error) {
		if errors.Is(err, pos.ErrProtocol) {
			return pos.PurchasePage{Next: q.After}, nil
		}
		return page, err
	})},
	{name: "truncated page taken for half of one", caught: "resume/kill at bytes of an answer", plant: func(m *mutant) {
		cut := false
		m.purchases = func(f *posfake.Fake, ctx context.Context, q pos.PurchaseQuery) (pos.PurchasePage, error) {
			page, err := f.Purchases(ctx, q)
			if errors.Is(err, pos.ErrProtocol) {
				cut = true
				return pos.PurchasePage{Next: q.After, More: true}, nil
			}
			if cut {
				page.Purchases, cut = page.Purchases[len(page.Purchases)/2:], false
			}
			return page, err
		}
	}},
	{name: "ignored context", caught: "failure/cancelled", plant: func(m *mutant) {
		m.purchases = func(f *posfake.Fake, ctx context.Context, q pos.PurchaseQuery) (pos.PurchasePage, error) {
			return f.Purchases(context.WithoutCancel(ctx), q)
		}
	}},
	{name: "request before the refusal", caught: "contract/unsupported jobs", cfg: lesser(func(c *pos.Capabilities) {
		c.Inventory = pos.InventoryCaps{Support: pos.Support{Level: pos.None, Why: "not here"}}
	}), plant: func(m *mutant) {
		m.stock = func(f *posfake.Fake, ctx context.Context, q pos.InventoryQuery) (pos.InventoryPage, error) {
			if _, err := f.Status(ctx, pos.StatusQuery{}); err != nil {
				return pos.InventoryPage{}, err
			}
			return f.Inventory(ctx, q)
		}
	}},
	{name: "lost subscription not noticed", caught: "webhooks/lost subscription", rig: func(h *Harness, _ *posfake.Fake) { h.Subscription = trusting{} }},
	{name: "subscription restored in silence", caught: "webhooks/lost subscription", rig: func(h *Harness, _ *posfake.Fake) { h.Subscription = discreet{h.Subscription} }},
	{name: "signature not checked", caught: "webhooks/signature", rig: func(h *Harness, _ *posfake.Fake) { h.Webhook = credulous{h.Webhook} }},
	{name: "notice without stable id", caught: "webhooks/repeated", rig: func(h *Harness, _ *posfake.Fake) { h.Webhook = &renaming{Webhook: h.Webhook} }},
	{name: "callbacks of other jobs only", caught: "webhooks/purchase", rig: func(h *Harness, _ *posfake.Fake) {
		h.Deliver = func() []posfake.Callback { return nil }
	}},
}

// credulous accepts every callback that has some signature.
type credulous struct{ pos.Webhook }

func (c credulous) Verify(h http.Header, body []byte) error {
	if h.Get(posfake.SignatureHeader) == "" {
		return c.Webhook.Verify(h, body)
	}
	return nil
}

// renaming numbers notices as they come.
type renaming struct {
	pos.Webhook
	n int
}

func (r *renaming) Parse(h http.Header, body []byte) ([]pos.Notice, error) {
	ns, err := r.Webhook.Parse(h, body)
	for i := range ns {
		r.n++
		ns[i].ID += strings.Repeat("'", r.n)
	}
	return ns, err
}

// trusting believes that every subscription stands.
type trusting struct{}

func (trusting) Ensure(context.Context) (bool, error) { return false, nil }

// discreet restores subscriptions and does not tell.
type discreet struct{ pos.Subscription }

func (d discreet) Ensure(ctx context.Context) (bool, error) {
	_, err := d.Subscription.Ensure(ctx)
	return false, err
}
