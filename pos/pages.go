package pos

import (
	"context"
	"errors"
	"iter"
)

// Cursor is a position in a read. It is opaque, may be stored as text, and is
// valid for the provider, the job and the locations it came from; anything
// else is refused with [ErrCursor]. The empty cursor is the beginning.
type Cursor string

// AllLocations yields the locations of every page. It stops after an error.
func AllLocations(ctx context.Context, p Provider, q LocationQuery) iter.Seq2[Location, error] {
	return rows(func(after Cursor) ([]Location, Cursor, bool, error) {
		q.After = after
		page, err := p.Locations(ctx, q)
		return page.Locations, page.Next, page.More, err
	}, q.After)
}

// AllStatuses yields the statuses of every page. It stops after an error.
func AllStatuses(ctx context.Context, p Provider, q StatusQuery) iter.Seq2[Status, error] {
	return rows(func(after Cursor) ([]Status, Cursor, bool, error) {
		q.After = after
		page, err := p.Status(ctx, q)
		return page.Statuses, page.Next, page.More, err
	}, q.After)
}

// AllStock yields the rows of one inventory read. It stops after an error.
// Callers that want the changes later read pages and keep the cursor.
func AllStock(ctx context.Context, p Provider, q InventoryQuery) iter.Seq2[Stock, error] {
	return rows(func(after Cursor) ([]Stock, Cursor, bool, error) {
		q.After = after
		page, err := p.Inventory(ctx, q)
		return page.Stock, page.Next, page.More, err
	}, q.After)
}

// PurchasePages yields pages until there is nothing more to read right now.
// Store the page's Next together with the page's effect; reading resumes there.
func PurchasePages(ctx context.Context, p Provider, q PurchaseQuery) iter.Seq2[PurchasePage, error] {
	return pages(func(after Cursor) (PurchasePage, Cursor, bool, error) {
		q.After = after
		page, err := p.Purchases(ctx, q)
		return page, page.Next, page.More, err
	}, q.After)
}

// AllPurchases yields the purchases that are there to read right now. It
// stops after an error. Callers that come again later use [PurchasePages].
func AllPurchases(ctx context.Context, p Provider, q PurchaseQuery) iter.Seq2[Purchase, error] {
	return rows(func(after Cursor) ([]Purchase, Cursor, bool, error) {
		q.After = after
		page, err := p.Purchases(ctx, q)
		return page.Purchases, page.Next, page.More, err
	}, q.After)
}

var errStuck = errors.New("the cursor does not move although there is more to read")

func pages[P any](fetch func(Cursor) (P, Cursor, bool, error), at Cursor) iter.Seq2[P, error] {
	return func(yield func(P, error) bool) {
		for more := true; more; {
			var page P
			var next Cursor
			var err error
			page, next, more, err = fetch(at)
			if err == nil && more && next == at {
				err = &Error{Op: "pages", Kind: KindProtocol, Err: errStuck}
			}
			if !yield(page, err) || err != nil {
				return
			}
			at = next
		}
	}
}

func rows[T any](fetch func(Cursor) ([]T, Cursor, bool, error), at Cursor) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for page, err := range pages(fetch, at) {
			if err != nil {
				var none T
				yield(none, err)
				return
			}
			for i := range page {
				if !yield(page[i], nil) {
					return
				}
			}
		}
	}
}
