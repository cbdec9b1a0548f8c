package pos_test

import (
	"context"
	"errors"
	"io"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/farmacyfoods/pointofsale/pos"
)

// book has pages of ids; an empty page is not the last, "!" is an error and
// "=" a page whose cursor stands still.
type book struct {
	pos.Provider
	pages [][]string
	asked []pos.Cursor
}

func (b *book) turn(after pos.Cursor) (ids []string, next pos.Cursor, more bool, err error) {
	b.asked = append(b.asked, after)
	n, _ := strconv.Atoi(string(after))
	ids, next = b.pages[n], pos.Cursor(strconv.Itoa(n+1))
	if len(ids) > 0 && ids[0] == "!" {
		return nil, "", false, io.ErrUnexpectedEOF
	}
	if len(ids) > 0 && ids[0] == "=" {
		next = after
	}
	return ids, next, n+1 < len(b.pages), nil
}

func (b *book) Locations(_ context.Context, q pos.LocationQuery) (p pos.LocationPage, err error) {
	ids, next, more, err := b.turn(q.After)
	for _, id := range ids {
		p.Locations = append(p.Locations, pos.Location{ID: id})
	}
	p.Next, p.More = next, more
	return p, err
}

func (b *book) Status(_ context.Context, q pos.StatusQuery) (p pos.StatusPage, err error) {
	ids, next, more, err := b.turn(q.After)
	for _, id := range ids {
		p.Statuses = append(p.Statuses, pos.Status{Location: id})
	}
	p.Next, p.More = next, more
	return p, err
}

func (b *book) Inventory(_ context.Context, q pos.InventoryQuery) (p pos.InventoryPage, err error) {
	ids, next, more, err := b.turn(q.After)
	for _, id := range ids {
		p.Stock = append(p.Stock, pos.Stock{SKU: id})
	}
	p.Next, p.More = next, more
	return p, err
}

func (b *book) Purchases(_ context.Context, q pos.PurchaseQuery) (p pos.PurchasePage, err error) {
	ids, next, more, err := b.turn(q.After)
	for _, id := range ids {
		p.Purchases = append(p.Purchases, pos.Purchase{ID: id})
	}
	p.Next, p.More = next, more
	return p, err
}

// readers read a book in every way that there is.
func readers(b *book) map[string]func(stop int) ([]string, error) {
	ctx := context.Background()
	return map[string]func(int) ([]string, error){
		"locations": func(stop int) (ids []string, err error) {
			for l, err := range pos.AllLocations(ctx, b, pos.LocationQuery{}) {
				if err != nil {
					return ids, err
				}
				if ids = append(ids, l.ID); len(ids) == stop {
					break
				}
			}
			return ids, nil
		},
		"statuses": func(stop int) (ids []string, err error) {
			for s, err := range pos.AllStatuses(ctx, b, pos.StatusQuery{}) {
				if err != nil {
					return ids, err
				}
				if ids = append(ids, s.Location); len(ids) == stop {
					break
				}
			}
			return ids, nil
		},
		"stock": func(stop int) (ids []string, err error) {
			for s, err := range pos.AllStock(ctx, b, pos.InventoryQuery{}) {
				if err != nil {
					return ids, err
				}
				if ids = append(ids, s.SKU); len(ids) == stop {
					break
				}
			}
			return ids, nil
		},
		"purchases": func(stop int) (ids []string, err error) {
			for p, err := range pos.AllPurchases(ctx, b, pos.PurchaseQuery{}) {
				if err != nil {
					return ids, err
				}
				if ids = append(ids, p.ID); len(ids) == stop {
					break
				}
			}
			return ids, nil
		},
	}
}

func TestPages(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name  string
		pages [][]string
		stop  int
		want  []string
		asked int
		err   error
	}{
		{"one page", [][]string{{"a", "b"}}, 0, []string{"a", "b"}, 1, nil},
		{"an empty page between", [][]string{{"a"}, {}, {"b"}}, 0, []string{"a", "b"}, 3, nil},
		{"stops early", [][]string{{"a", "b"}, {"c"}}, 1, []string{"a"}, 1, nil},
		{"error", [][]string{{"a"}, {"!"}, {"b"}}, 0, []string{"a"}, 2, io.ErrUnexpectedEOF},
		{"stuck", [][]string{{"a"}, {"="}, {"b"}}, 0, []string{"a"}, 2, pos.ErrProtocol},
	} {
		for kind := range readers(nil) {
			b := &book{pages: tc.pages}
			got, err := readers(b)[kind](tc.stop)
			if diff := cmp.Diff(tc.want, got); diff != "" || !errors.Is(err, tc.err) || len(b.asked) != tc.asked {
				t.Errorf("%s, %s: asked %v, error %v, got:\n%s", tc.name, kind, b.asked, err, diff)
			}
		}
	}
}

func TestPurchasePages(t *testing.T) {
	t.Parallel()
	b := &book{pages: [][]string{{"a"}, {"b"}, {"!"}}}
	var stored pos.Cursor
	for page, err := range pos.PurchasePages(t.Context(), b, pos.PurchaseQuery{After: "1"}) {
		if err != nil {
			break
		}
		stored = page.Next
	}
	if stored != "2" {
		t.Errorf("reading resumes at %q", stored)
	}
}
