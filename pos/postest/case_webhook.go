package postest

import (
	"slices"
	"strings"
	"time"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/pos/posfake"
)

var webhookCases = []proof{
	{"webhooks/purchase", "R16", []need{webhooks, purchases, purchaseNotices}, noticeOfSale},
	{"webhooks/repeated", "R16 R17", []need{webhooks, purchases, purchaseNotices}, repeatedNotices},
	{"webhooks/none arrives", "R19", []need{webhooks, purchases}, noNotices},
	{"webhooks/lost subscription", "R18", []need{webhooks, purchases, purchaseNotices}, lostSubscription},
	{"webhooks/signature", "R20", []need{webhooks, purchases, purchaseNotices}, badSignatures},
	{"webhooks/unknown kind", "", []need{webhooks}, unknownNotice},
}

var purchaseNotices = need{"webhooks.jobs purchases", func(c pos.Capabilities) bool { return slices.Contains(c.Webhooks.Jobs, pos.JobPurchases) }}

// callbacks returns what was sent since the last call, after the time that a
// sender may need.
func (c *check) callbacks() []posfake.Callback {
	c.wait(time.Minute)
	c.settle()
	return c.Deliver()
}

// notices verifies and reads callbacks.
func (c *check) notices(sent []posfake.Callback) []pos.Notice {
	var all []pos.Notice
	for _, cb := range sent {
		c.must(c.Webhook.Verify(cb.Header, cb.Body), "Verify of a genuine callback")
		ns, err := c.Webhook.Parse(cb.Header, cb.Body)
		c.must(err, "Parse of a genuine callback")
		for _, n := range ns {
			if n.ID == "" || n.Type == "" || n.Job == "" {
				c.errorf("a notice lacks id, type or job: %+v", n)
			}
			n.Raw = nil
			c.p.saw("Parse", n, nil)
		}
		all = append(all, ns...)
	}
	return all
}

// heed reads what a notice points at, as a host does.
func (c *check) heed(n pos.Notice) {
	if n.Job != pos.JobPurchases {
		return
	}
	if len(n.Records) > 0 && c.caps.Purchases.Records {
		c.poll(pos.PurchaseQuery{Records: n.Records})
		return
	}
	c.poll(pos.PurchaseQuery{})
}

func noticeOfSale(c *check) {
	lines := c.stocked()
	c.poll(pos.PurchaseQuery{})
	c.callbacks()
	sale := c.sell(posfake.Sale{Location: c.ids()[1], Lines: lines[:1]})
	heard := false
	for _, n := range c.notices(c.callbacks()) {
		if n.Job != pos.JobPurchases {
			continue
		}
		heard = true
		if n.Location != "" && n.Location != sale.Location {
			c.errorf("a sale at %s is announced for %s", sale.Location, n.Location)
		}
		c.heed(n)
	}
	if !heard {
		c.errorf("no notice of a sale came")
	}
	c.last(sale.ID)
	c.reconcile(pos.PurchaseQuery{})
}

func repeatedNotices(c *check) {
	lines := c.stocked()
	c.poll(pos.PurchaseQuery{})
	c.callbacks()
	end := c.inject(posfake.Fault{Kind: posfake.FaultRepeat, Times: 20})
	if end == nil {
		return
	}
	defer end()
	for range 3 {
		c.sell(posfake.Sale{Location: c.ids()[0], Lines: lines[:1]})
	}
	sent := c.callbacks()
	ids := make(map[string][]string) // those of each callback, by body
	for _, cb := range sent {
		var own []string
		for _, n := range c.notices([]posfake.Callback{cb}) {
			own = append(own, n.ID)
			c.heed(n)
		}
		ids[string(cb.Body)] = append(ids[string(cb.Body)], strings.Join(own, " "))
	}
	for _, same := range ids {
		if slices.ContainsFunc(same, func(id string) bool { return id != same[0] }) {
			c.errorf("repeats of one callback have the ids %v", slices.Compact(same))
		}
	}
	if len(sent) < 40 {
		c.errorf("three sales, each announced 20 times, gave %d callbacks", len(sent))
	}
	c.reconcile(pos.PurchaseQuery{})
}

func lostSubscription(c *check) {
	if c.Subscription == nil || c.Unsubscribe == nil {
		c.notes = append(c.notes, "a lost webhook subscription")
		return
	}
	lines := c.stocked()
	c.poll(pos.PurchaseQuery{})
	_, err := c.Subscription.Ensure(c.ctx)
	c.must(err, "Ensure of the first subscription")
	restored, err := c.Subscription.Ensure(c.ctx)
	c.must(err, "Ensure of a subscription that stands")
	if restored {
		c.errorf("Ensure restored a subscription that stood")
	}
	c.callbacks()
	c.Unsubscribe()
	c.sell(posfake.Sale{Location: c.ids()[0], Lines: lines[:1]})
	if sent := c.callbacks(); len(sent) > 0 {
		c.errorf("%d callbacks came without a subscription", len(sent))
	}
	restored, err = c.Subscription.Ensure(c.ctx)
	c.must(err, "Ensure of a lost subscription")
	if !restored {
		c.errorf("Ensure did not tell that the subscription was lost")
	}
	c.sell(posfake.Sale{Location: c.ids()[0], Lines: lines[:1]})
	if len(c.notices(c.callbacks())) == 0 {
		c.errorf("no callback came after the subscription was restored")
	}
	c.reconcile(pos.PurchaseQuery{})
}

func noNotices(c *check) {
	lines := c.stocked()
	c.callbacks()
	end := c.inject(posfake.Fault{Kind: posfake.FaultSilence})
	if end == nil {
		return
	}
	defer end()
	for i := range 10 {
		c.sell(posfake.Sale{Location: c.ids()[i%2], Lines: lines[:1]})
	}
	if n := len(c.callbacks()); n > 0 {
		c.errorf("webhooks are silenced, and %d callbacks came", n)
	}
	c.reconcile(pos.PurchaseQuery{})
}

func badSignatures(c *check) {
	lines := c.stocked()
	c.callbacks()
	c.sell(posfake.Sale{Location: c.ids()[0], Lines: lines[:1]})
	sent := c.callbacks()
	if len(sent) == 0 {
		c.fatalf("no callback came")
	}
	genuine := sent[0]
	c.must(c.Webhook.Verify(genuine.Header, genuine.Body), "Verify of a genuine callback")
	if len(sent) > 1 && string(sent[1].Body) != string(genuine.Body) {
		c.rejects("the signature of another callback", posfake.Callback{Header: sent[1].Header, Body: genuine.Body})
	}
	changed := slices.Clone(genuine.Body)
	changed[len(changed)/2] ^= 1
	c.rejects("a changed body", posfake.Callback{Header: genuine.Header, Body: changed})
	c.rejects("a body with a space more", posfake.Callback{Header: genuine.Header, Body: append(slices.Clone(genuine.Body), ' ')})
	c.rejects("an empty body", posfake.Callback{Header: genuine.Header})
	c.rejects("no header", posfake.Callback{Body: genuine.Body})
}

// rejects fails unless the callback is refused without showing a signature.
func (c *check) rejects(what string, cb posfake.Callback) {
	err := c.Webhook.Verify(cb.Header, cb.Body)
	c.wants(err, pos.ErrAuth, "Verify with "+what)
	if err == nil {
		return
	}
	c.p.saw("Verify", nil, err)
	for name, values := range cb.Header {
		for _, v := range values {
			if len(v) >= 20 && strings.Contains(err.Error(), v) {
				c.errorf("Verify with %s: the error shows the header %s", what, name)
			}
		}
	}
}

func unknownNotice(c *check) {
	for _, body := range []string{`{}`, `{"type":"nobody.knows","event_id":"x","id":"x"}`} {
		if ns, err := c.Webhook.Parse(nil, []byte(body)); len(ns) > 0 {
			c.errorf("a callback of unknown kind %s gives %d notices (%v)", body, len(ns), err)
		}
	}
	if _, err := c.Webhook.Parse(nil, []byte("not a callback")); err == nil {
		c.errorf("a callback that does not parse gives no error")
	}
}
