package postest

import (
	"fmt"
	"time"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/pos/posfake"
)

func silentPayment(c *check) {
	lines := c.stocked()
	c.poll(pos.PurchaseQuery{})
	sale, err := c.sim.Sell(posfake.Sale{Location: c.ids()[0], Lines: lines[:1], Tender: "none"})
	if !c.can(err, "an open order") {
		return
	}
	c.wait(30 * time.Second)
	c.settle()
	c.poll(pos.PurchaseQuery{})
	c.wait(90 * time.Second)
	if _, err = c.sim.Edit(posfake.Edit{ID: sale.ID, Pay: true, Silent: true}); !c.can(err, "a payment that does not move its order") {
		return
	}
	c.reconcile(pos.PurchaseQuery{})
}

func silentRefund(c *check) {
	lines := c.stocked()
	sale := c.sell(posfake.Sale{Location: c.ids()[0], Lines: lines[:1]})
	c.settle()
	c.poll(pos.PurchaseQuery{})
	c.wait(30 * time.Second)
	if _, err := c.sim.Refund(posfake.Refund{ID: sale.ID, Amount: 100, State: "pending"}); !c.can(err, "a pending refund") {
		return
	}
	c.settle()
	c.poll(pos.PurchaseQuery{})
	c.wait(30 * time.Second)
	if _, err := c.sim.Edit(posfake.Edit{ID: sale.ID, Settle: "completed", Silent: true}); !c.can(err, "a refund that ends without moving its sale") {
		return
	}
	c.reconcile(pos.PurchaseQuery{})
}

func manyRefunds(c *check) {
	lines := c.stocked()
	for i := range 12 {
		sale := c.sell(posfake.Sale{Location: c.ids()[i%2], Lines: lines[:2]})
		if i%2 == 0 {
			c.settle()
			c.poll(pos.PurchaseQuery{Limit: 5})
		}
		for n := range i % 4 {
			c.wait(time.Minute)
			_, err := c.sim.Refund(posfake.Refund{ID: sale.ID, Amount: int64(100 + n), Reason: "spoiled"})
			if !c.can(err, "several refunds of a sale") {
				return
			}
		}
		if i == 11 {
			_, err := c.sim.Refund(posfake.Refund{ID: sale.ID})
			c.can(err, "a refund of the rest")
		}
	}
	c.reconcile(pos.PurchaseQuery{Limit: 5})
}

func refundStates(c *check) {
	lines := c.stocked()
	for _, end := range []string{"completed", "failed", "rejected"} {
		sale := c.sell(posfake.Sale{Location: c.ids()[0], Lines: lines[:1]})
		if _, err := c.sim.Refund(posfake.Refund{ID: sale.ID, Amount: 200, State: "pending"}); !c.can(err, "a pending refund") {
			continue
		}
		c.reconcile(pos.PurchaseQuery{}) // pending: no money has moved
		c.wait(time.Minute)
		if _, err := c.sim.Edit(posfake.Edit{ID: sale.ID, Settle: end}); c.can(err, "a refund that ends "+end) {
			c.reconcile(pos.PurchaseQuery{})
		}
	}
}

func everyState(c *check) {
	lines := c.stocked()
	c.poll(pos.PurchaseQuery{})
	for _, s := range []posfake.Sale{{}, {State: "pending"}, {State: "failed"}, {Tender: "none"}, {Tender: "cash"}} {
		s.Location, s.Lines = c.ids()[0], lines[:1]
		sale, err := c.sim.Sell(s)
		if !c.can(err, fmt.Sprintf("a sale of state %q with tender %q", s.State, s.Tender)) {
			continue
		}
		c.reconcile(pos.PurchaseQuery{})
		if sale.State != "open" && sale.State != "pending" {
			continue
		}
		c.wait(time.Minute)
		if _, err := c.sim.Edit(posfake.Edit{ID: sale.ID, Pay: true}); c.can(err, "paying later") {
			c.reconcile(pos.PurchaseQuery{})
		}
	}
}

func voidedSale(c *check) {
	lines := c.stocked()
	sale := c.sell(posfake.Sale{Location: c.ids()[0], Lines: lines[:1]})
	other := c.sell(posfake.Sale{Location: c.ids()[0], Lines: lines[:1]})
	c.settle()
	c.poll(pos.PurchaseQuery{})
	for i, id := range []string{sale.ID, other.ID} {
		c.wait(time.Duration(1+i*25) * time.Hour)
		if _, err := c.sim.Void(id); !c.can(err, "a void some time after the sale") {
			return
		}
		c.reconcile(pos.PurchaseQuery{})
		if got := c.last(id).State; got != pos.StateVoided {
			c.errorf("the cancelled sale %s is delivered as %s", id, got)
		}
	}
}
