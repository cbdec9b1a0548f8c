package postest

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/pos/posfake"
)

// only keeps the purchases for which keep is true.
func only(page *pos.PurchasePage, keep func(*pos.Purchase) bool) {
	page.Purchases = slices.DeleteFunc(page.Purchases, func(p pos.Purchase) bool { return !keep(&p) })
}

var purchaseBugs = []bug{
	{name: "lost page", caught: "purchases/plain", plant: func(m *mutant) {
		n := 0
		m.sales = func(_ *posfake.Fake, _ pos.PurchaseQuery, page *pos.PurchasePage) {
			if n++; n == 3 {
				page.Purchases = nil
			}
		}
	}},
	{name: "doubled page", caught: "purchases/plain", plant: func(m *mutant) {
		var last []pos.Purchase
		m.sales = func(_ *posfake.Fake, _ pos.PurchaseQuery, page *pos.PurchasePage) {
			news := page.Purchases
			page.Purchases = append(slices.Clone(last), news...)
			last = news
		}
	}},
	{name: "exclusive time filter", caught: "purchases/one timestamp", plant: func(m *mutant) {
		var newest time.Time
		m.sales = func(_ *posfake.Fake, _ pos.PurchaseQuery, page *pos.PurchasePage) {
			only(page, func(p *pos.Purchase) bool { return p.UpdatedAt.After(newest) })
			for i := range page.Purchases {
				newest = page.Purchases[i].UpdatedAt
			}
		}
	}},
	{name: "own clock as cursor", caught: "purchases/plain", plant: func(m *mutant) {
		var asked time.Time // by a clock that is half a minute fast
		m.sales = func(_ *posfake.Fake, _ pos.PurchaseQuery, page *pos.PurchasePage) {
			only(page, func(p *pos.Purchase) bool { return !p.UpdatedAt.Before(asked) })
			if !page.More {
				asked = time.Now().Add(30 * time.Second)
			}
		}
	}},
	{name: "ids as cursor", caught: "purchases/edit of an old sale", plant: func(m *mutant) {
		highest := ""
		m.sales = func(_ *posfake.Fake, _ pos.PurchaseQuery, page *pos.PurchasePage) {
			only(page, func(p *pos.Purchase) bool { return p.ID > highest })
			for i := range page.Purchases {
				highest = max(highest, page.Purchases[i].ID)
			}
		}
	}},
	{name: "refund without parent change lost", caught: "purchases/silent refund", plant: func(m *mutant) { m.sales = parentTime() }},
	{name: "payment without order change lost", caught: "purchases/silent payment", plant: func(m *mutant) {
		var through time.Time
		m.sales = func(_ *posfake.Fake, _ pos.PurchaseQuery, page *pos.PurchasePage) {
			only(page, func(p *pos.Purchase) bool { return !p.UpdatedAt.Before(through) })
			through = page.Through
		}
	}},
	{name: "late sale lost", caught: "purchases/late sale", plant: func(m *mutant) {
		m.sales = func(_ *posfake.Fake, _ pos.PurchaseQuery, page *pos.PurchasePage) {
			only(page, func(p *pos.Purchase) bool { return p.RecordedAt.Sub(p.OccurredAt) < 24*time.Hour })
		}
	}},
	{name: "till time taken for the time of recording", caught: "purchases/late sale", plant: func(m *mutant) {
		m.sales = func(_ *posfake.Fake, _ pos.PurchaseQuery, page *pos.PurchasePage) {
			for i := range page.Purchases {
				page.Purchases[i].OccurredAt = page.Purchases[i].RecordedAt
			}
		}
	}},
	{name: "void not delivered", caught: "purchases/void", plant: func(m *mutant) {
		m.sales = func(_ *posfake.Fake, _ pos.PurchaseQuery, page *pos.PurchasePage) {
			only(page, func(p *pos.Purchase) bool { return p.State != pos.StateVoided })
		}
	}},
	{name: "only paid sales", caught: "purchases/states", plant: func(m *mutant) {
		m.sales = func(_ *posfake.Fake, _ pos.PurchaseQuery, page *pos.PurchasePage) {
			only(page, func(p *pos.Purchase) bool { return p.State == pos.StateCompleted })
		}
	}},
	{name: "BusinessDate in UTC", caught: "purchases/business date", plant: func(m *mutant) {
		m.sales = func(_ *posfake.Fake, _ pos.PurchaseQuery, page *pos.PurchasePage) {
			for i := range page.Purchases {
				page.Purchases[i].BusinessDate = pos.DateOf(page.Purchases[i].OccurredAt, time.UTC)
			}
		}
	}},
	{name: "silent drop of unknown SKU lines", caught: "purchases/unknown item", plant: func(m *mutant) {
		m.sales = func(_ *posfake.Fake, _ pos.PurchaseQuery, page *pos.PurchasePage) {
			for i := range page.Purchases {
				p := &page.Purchases[i]
				p.Lines = slices.DeleteFunc(p.Lines, func(l pos.Line) bool { return l.SKU == "" })
			}
		}
	}},
	{name: "float rounding", caught: "purchases/money", plant: func(m *mutant) {
		m.sales = func(_ *posfake.Fake, _ pos.PurchaseQuery, page *pos.PurchasePage) {
			for i := range page.Purchases {
				p := &page.Purchases[i]
				dollars := float64(p.Total.Amount) / 100
				p.Total.Amount = int64(dollars * 100)
				for k := range p.Taxes {
					dollars := float64(p.Taxes[k].Amount.Amount) / 100
					p.Taxes[k].Amount.Amount = int64(dollars * 100)
				}
			}
		}
	}},
	{name: "tip left out", caught: "purchases/money", plant: func(m *mutant) {
		m.sales = func(_ *posfake.Fake, _ pos.PurchaseQuery, page *pos.PurchasePage) {
			for i := range page.Purchases {
				p := &page.Purchases[i]
				p.Total.Amount -= p.Tip.Amount
				p.Tip = pos.Money{}
			}
		}
	}},
	{name: "pending refund counted as done", caught: "purchases/refund states", plant: func(m *mutant) {
		m.sales = func(_ *posfake.Fake, _ pos.PurchaseQuery, page *pos.PurchasePage) {
			for i := range page.Purchases {
				for k := range page.Purchases[i].Refunds {
					page.Purchases[i].Refunds[k].State = pos.RefundCompleted
				}
			}
		}
	}},
	{name: "only the first refund", caught: "purchases/refunds", plant: func(m *mutant) {
		m.sales = func(_ *posfake.Fake, _ pos.PurchaseQuery, page *pos.PurchasePage) {
			for i := range page.Purchases {
				if p := &page.Purchases[i]; len(p.Refunds) > 1 {
					p.Refunds = p.Refunds[:1]
				}
			}
		}
	}},
	{name: "suspected duplicate swallowed", caught: "purchases/sent twice", plant: func(m *mutant) {
		m.sales = func(_ *posfake.Fake, _ pos.PurchaseQuery, page *pos.PurchasePage) {
			only(page, func(p *pos.Purchase) bool { return p.SuspectedDuplicateOf == "" })
		}
	}},
	{name: "locations of the query ignored", caught: "purchases/locations apart", plant: func(m *mutant) {
		m.purchases = func(f *posfake.Fake, ctx context.Context, q pos.PurchaseQuery) (pos.PurchasePage, error) {
			q.Locations = nil
			return f.Purchases(ctx, q)
		}
	}},
	{name: "locations fixed at the start", caught: "purchases/location set changes", plant: func(m *mutant) {
		m.sales = func(_ *posfake.Fake, _ pos.PurchaseQuery, page *pos.PurchasePage) {
			only(page, func(p *pos.Purchase) bool { return strings.HasPrefix(p.Location, "L") })
		}
	}},
	{name: "payload in the version", caught: "purchases/raw", plant: func(m *mutant) {
		m.sales = func(_ *posfake.Fake, q pos.PurchaseQuery, page *pos.PurchasePage) {
			for i := range page.Purchases {
				if q.Raw {
					page.Purchases[i].Version += "r"
				}
			}
		}
	}},
	{name: "default start", caught: "purchases/start", plant: func(m *mutant) {
		m.purchases = func(f *posfake.Fake, ctx context.Context, q pos.PurchaseQuery) (pos.PurchasePage, error) {
			if q.Since.IsZero() {
				q.Since = f.Now().Add(-time.Hour)
			}
			return f.Purchases(ctx, q)
		}
	}},
	{
		name: "clipped history untold", caught: "purchases/horizon",
		cfg: lesser(func(c *pos.Capabilities) { c.Purchases.History = 60 * 24 * time.Hour }),
		plant: func(m *mutant) {
			m.sales = func(_ *posfake.Fake, _ pos.PurchaseQuery, page *pos.PurchasePage) { page.Horizon = time.Time{} }
		},
	},
	{name: "idle cursor stands still", caught: "purchases/two polls without news", plant: func(m *mutant) {
		var through time.Time
		m.sales = func(_ *posfake.Fake, _ pos.PurchaseQuery, page *pos.PurchasePage) {
			if through.IsZero() || len(page.Purchases) > 0 {
				through = page.Through
			}
			page.Through = through
		}
	}},
	{name: "idle time read again", caught: "purchases/two polls without news", plant: func(m *mutant) {
		var since time.Time
		m.purchases = func(f *posfake.Fake, ctx context.Context, q pos.PurchaseQuery) (pos.PurchasePage, error) {
			if since.IsZero() {
				since = f.Now()
			}
			for t := since; t.Before(f.Now().Add(-24 * time.Hour)); t = t.Add(24 * time.Hour) { // a window for each day
				if _, err := f.Status(ctx, pos.StatusQuery{}); err != nil {
					return pos.PurchasePage{}, err
				}
			}
			return f.Purchases(ctx, q)
		}
	}},
	{name: "local time on instants", caught: "purchases/plain", plant: func(m *mutant) {
		zone, _ := time.LoadLocation("America/New_York")
		m.sales = func(_ *posfake.Fake, _ pos.PurchaseQuery, page *pos.PurchasePage) {
			for i := range page.Purchases {
				page.Purchases[i].OccurredAt = page.Purchases[i].OccurredAt.In(zone)
			}
		}
	}},
	{name: "expired page token looping", caught: "resume/expired page token", plant: func(m *mutant) {
		m.purchases = func(f *posfake.Fake, ctx context.Context, q pos.PurchaseQuery) (pos.PurchasePage, error) {
			page, err := f.Purchases(ctx, q)
			if all := f.Requests(); strings.Contains(all[len(all)-1].Fault, posfake.FaultPageToken) {
				err = &pos.Error{Op: "Purchases", Kind: pos.KindProtocol, Err: errors.New("page token expired")}
				m.Fake = f
				m.purchases = func(*posfake.Fake, context.Context, pos.PurchaseQuery) (pos.PurchasePage, error) {
					return pos.PurchasePage{}, err // for ever
				}
			}
			return page, err
		}
	}},
	{name: "duplicate webhook doubling a sale", caught: "webhooks/repeated", plant: func(m *mutant) { m.purchases = recordsForgotten }},
	{name: "record queries not remembered", caught: "purchases/records", plant: func(m *mutant) { m.purchases = recordsForgotten }},
	{name: "any cursor taken", caught: "resume/cursor is text", plant: func(m *mutant) {
		m.purchases = func(f *posfake.Fake, ctx context.Context, q pos.PurchaseQuery) (pos.PurchasePage, error) {
			page, err := f.Purchases(ctx, q)
			if errors.Is(err, pos.ErrCursor) {
				q.After = ""
				return f.Purchases(ctx, q)
			}
			return page, err
		}
	}},
	{name: "position kept in memory", caught: "resume/kill at page boundaries", plant: func(m *mutant) { m.purchases = positionInMemory() }, rig: func(h *Harness, f *posfake.Fake) {
		h.Reopen = func() pos.Provider { return &mutant{Fake: f, purchases: positionInMemory()} }
	}},
}

func parentTime() func(*posfake.Fake, pos.PurchaseQuery, *pos.PurchasePage) {
	seen := make(map[string]time.Time)
	return func(_ *posfake.Fake, _ pos.PurchaseQuery, page *pos.PurchasePage) {
		only(page, func(p *pos.Purchase) bool {
			same := seen[p.ID].Equal(p.UpdatedAt)
			seen[p.ID] = p.UpdatedAt
			return !same
		})
	}
}

// recordsForgotten answers Records queries as if they were the first.
func recordsForgotten(f *posfake.Fake, ctx context.Context, q pos.PurchaseQuery) (pos.PurchasePage, error) { //nolint:revive // the hooks of a mutant begin with the fake
	if len(q.Records) == 0 {
		return f.Purchases(ctx, q)
	}
	at := q.After
	q.After = ""
	page, err := f.Purchases(ctx, q)
	page.Next = at
	return page, err
}

// positionInMemory hands out numbers that mean something to one process only.
func positionInMemory() func(*posfake.Fake, context.Context, pos.PurchaseQuery) (pos.PurchasePage, error) {
	var at pos.Cursor
	return func(f *posfake.Fake, ctx context.Context, q pos.PurchaseQuery) (pos.PurchasePage, error) {
		q.After = at
		page, err := f.Purchases(ctx, q)
		if err == nil {
			at = page.Next
		}
		return page, err
	}
}
