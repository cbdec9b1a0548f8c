package bytetechfake

import (
	"fmt"
	"iter"
	"net/http"
	"slices"
	"strings"
)

func (c *call) listInventory() (int, any, error) {
	named := c.oneOf("kiosk_id")
	return c.inventory(func(k *kiosk) bool { return c.sees(k) && named(k.id) })
}

func (c *call) getKioskInventory() (int, any, error) {
	k, err := c.kiosk()
	if err != nil {
		return 0, nil, err
	}
	return c.inventory(func(other *kiosk) bool { return other == k })
}

// inventory pages through the lines of kiosks, by kiosk and product.
func (c *call) inventory(keep func(*kiosk) bool) (int, any, error) {
	w, err := c.window("updated")
	if err != nil {
		return 0, nil, err
	}
	return c.page(func(after string) iter.Seq2[string, func() any] {
		kioskID, productID, _ := strings.Cut(after, "\n")
		first, _ := c.kiosks.search(kioskID)
		return func(yield func(string, func() any) bool) {
			for _, k := range c.kiosks[first:] {
				lines := k.stock
				if k.id == kioskID {
					lines = lines.after(productID)
				}
				if !keep(k) {
					continue
				}
				for _, s := range lines {
					if s.shown(c.now) && w.contains(s.changed(c.now)) && !yield(k.id+"\n"+s.product.id, func() any { return c.viewInventory(k, s) }) {
						return
					}
				}
			}
		}
	})
}

func (c *call) listTags() (int, any, error) {
	k, err := c.kiosk()
	if err != nil {
		return 0, nil, err
	}
	inState, product := c.oneOf("state"), c.r.URL.Query().Get("product_id")
	return c.page(rowsOf(k.tags, func(t *tag) bool {
		return inState(t.state) && (product == "" || t.product != nil && t.product.id == product)
	}, func(t *tag) any { return viewTag(t) }))
}

func (c *call) listRestocks() (int, any, error) {
	w, err := c.window("updated")
	if err != nil {
		return 0, nil, err
	}
	named := c.oneOf("kiosk_id")
	return c.page(rowsOf(c.restocks, func(r *restock) bool {
		return c.sees(r.kiosk) && named(r.kiosk.id) && w.contains(r.ended)
	}, func(r *restock) any { return viewRestock(r) }))
}

func (c *call) listTransactions() (int, any, error) {
	c.record() // what has just become due is in the feed
	w, err := c.window("updated")
	if err != nil {
		return 0, nil, err
	}
	if !c.has(UpdatedFilter) {
		w = window{}
	}
	places, err := c.window("placed")
	if err != nil {
		return 0, nil, err
	}
	restocks, err := c.flag("include_restock")
	if err != nil {
		return 0, nil, err
	}
	atKiosk, inState := c.oneOf("kiosk_id"), c.oneOf("status")
	keep := func(tx *transaction) bool {
		return c.sees(tx.kiosk) && atKiosk(tx.kiosk.id) && inState(tx.status) && places.contains(tx.placed) && (tx.status != restocked || deref(restocks))
	}
	return c.page(func(after string) iter.Seq2[string, func() any] {
		first, _ := slices.BinarySearchFunc(c.feed, feedEntry{at: w.since}, feedEntry.compare)
		if after != "" {
			first, _ = slices.BinarySearchFunc(c.feed, after, func(e feedEntry, after string) int {
				return strings.Compare(e.position(), after+"\x00") // behind, not at
			})
		}
		return func(yield func(string, func() any) bool) {
			for _, e := range c.feed[first:] {
				if !w.until.IsZero() && !e.at.Before(w.until) {
					return
				}
				tx := c.transactions[e.id]
				if tx.updated.Equal(e.at) && keep(tx) && !yield(e.position(), func() any { return c.viewTransaction(tx) }) {
					return
				}
			}
		}
	})
}

// position orders entries as text: milliseconds have 13 digits until the year 2286.
func (e feedEntry) position() string { return fmt.Sprintf("%013d %s", e.at.UnixMilli(), e.id) }

// pathTransaction is the transaction in the path.
func (c *call) pathTransaction() (*transaction, error) {
	tx, ok := c.transactions[c.r.PathValue("transaction_id")]
	if !ok || !c.sees(tx.kiosk) {
		return nil, notFound("transaction")
	}
	return tx, nil
}

func (c *call) getTransaction() (int, any, error) {
	tx, err := c.pathTransaction()
	return shown(http.StatusOK, tx, err, c.viewTransaction)
}

// createAdjustment asks for a refund, which settles after the configured delay.
func (c *call) createAdjustment() (int, any, error) {
	tx, err := c.pathTransaction()
	if err != nil {
		return 0, nil, err
	}
	var in struct {
		Type        string           `json:"type"`
		AmountCents int64            `json:"amount_cents"`
		Reason      string           `json:"reason"`
		Lines       []adjustmentLine `json:"lines"`
	}
	if err := c.decode(&in); err != nil {
		return 0, nil, err
	}
	switch {
	case in.Type != "refund":
		return 0, nil, invalid("type", "is not refund")
	case in.AmountCents <= 0:
		return 0, nil, invalid("amount_cents", "is not positive")
	case !slices.Contains([]string{processed, adjusted, refunded}, tx.status):
		return 0, nil, conflict("invalid_state", "", "the transaction is "+tx.status)
	case in.AmountCents > tx.left():
		return 0, nil, fail(http.StatusUnprocessableEntity, "amount_exceeds_total", "amount_cents", fmt.Sprintf("%d is left", tx.left()))
	}
	for i, al := range in.Lines {
		j := slices.IndexFunc(tx.lines, func(l *line) bool { return l.id == al.LineID })
		if j < 0 || al.Quantity < 0 || al.Quantity > tx.lines[j].quantity-tx.lines[j].returned {
			return 0, nil, invalid(fmt.Sprintf("lines[%d]", i), "names no line or more than it has left")
		}
	}
	a := &adjustment{amount: in.AmountCents, reason: in.Reason, lines: in.Lines, createdBy: "api"}
	if err := c.adjust(tx, a); err != nil {
		return 0, nil, err
	}
	c.at(c.now.Add(c.cfg.RefundDelay), func() { _ = c.settle(tx, a, true) })
	return http.StatusCreated, a.view(), nil
}
