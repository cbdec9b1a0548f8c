package pos_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/farmacyfoods/pointofsale/pos"
)

func spring() pos.Coupon {
	return pos.Coupon{ID: "SPRING", Name: "Spring", Percent: pos.Percent(15)}
}

func TestValidateCoupons(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)
	for _, tc := range []struct {
		name   string
		change func(*pos.Coupon)
		want   []string
	}{
		{"good", func(*pos.Coupon) {}, nil},
		{"amount", func(c *pos.Coupon) { c.Percent, c.Amount = 0, usd(100) }, nil},
		{"nothing off", func(c *pos.Coupon) { c.Percent = 0 }, []string{"SPRING Percent"}},
		{"both", func(c *pos.Coupon) { c.Amount = usd(100) }, []string{"SPRING Percent"}},
		{"more than all", func(c *pos.Coupon) { c.Percent = pos.Percent(101) }, []string{"SPRING Percent"}},
		{"negative", func(c *pos.Coupon) { c.Percent = -1 }, []string{"SPRING Percent"}},
		{"amount of nothing", func(c *pos.Coupon) { c.Percent, c.Amount = 0, usd(0) }, []string{"SPRING Amount"}},
		{"cap on an amount", func(c *pos.Coupon) { c.Percent, c.Amount, c.MaxDiscount = 0, usd(5), usd(5) }, []string{"SPRING MaxDiscount"}},
		{"cap of nothing", func(c *pos.Coupon) { c.MaxDiscount = usd(0) }, []string{"SPRING MaxDiscount"}},
		{"two currencies", func(c *pos.Coupon) { c.MaxDiscount, c.MinSubtotal = usd(5), pos.Money{Amount: 1, Currency: "EUR"} }, []string{"SPRING MinSubtotal"}},
		{"codes", func(c *pos.Coupon) { c.Codes = []string{"OK-1", "no", "ab", "TOO-" + strings.Repeat("X", 30), "OK-1"} }, []string{"SPRING Codes", "SPRING Codes", "SPRING Codes", "SPRING Codes"}},
		{"codes of both kinds", func(c *pos.Coupon) { c.Codes, c.GenerateCodes = []string{"ABC"}, 5 }, []string{"SPRING GenerateCodes"}},
		{"generated codes for all", func(c *pos.Coupon) { c.GenerateCodes, c.MaxUses = 5, 2 }, []string{"SPRING MaxUses"}},
		{"end before start", func(c *pos.Coupon) { c.Starts, c.Ends = now, now }, []string{"SPRING Ends"}},
		{"schedule", func(c *pos.Coupon) {
			c.Schedule = []pos.Hours{{From: 60, To: 60}, {From: -1, To: 60}, {From: 0, To: 1441}, {Days: []time.Weekday{7}, From: 0, To: 1440}}
		}, []string{"SPRING Schedule", "SPRING Schedule", "SPRING Schedule", "SPRING Schedule"}},
		{
			"negatives", func(c *pos.Coupon) {
				c.MaxUses, c.MaxUsesPerCustomer, c.NearExpiryDays, c.MinSubtotal = -1, -1, -1, usd(-1)
			},
			[]string{"SPRING MaxUses", "SPRING MaxUsesPerCustomer", "SPRING NearExpiryDays", "SPRING MinSubtotal"},
		},
		{"id and name", func(c *pos.Coupon) { c.ID, c.Name = "", "" }, []string{"ID", "Name"}},
	} {
		c := spring()
		tc.change(&c)
		if diff := cmp.Diff(tc.want, fields(t, pos.ValidateCoupons([]pos.Coupon{c}))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tc.name, diff)
		}
	}
	a, b, d := spring(), spring(), spring()
	a.Codes, b.Codes, d.ID, d.Codes = []string{"AAA"}, []string{"BBB"}, "OTHER", []string{"AAA"}
	want := []string{"SPRING ID", "OTHER Codes"}
	if diff := cmp.Diff(want, fields(t, pos.ValidateCoupons([]pos.Coupon{a, b, d}))); diff != "" {
		t.Errorf("across coupons (-want +got):\n%s", diff)
	}
}

func TestInForce(t *testing.T) {
	t.Parallel()
	tokyo := zone(t, "Asia/Tokyo")
	start := time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)
	c := spring()
	c.Starts, c.Ends = start, start.Add(24*time.Hour)
	c.Schedule = []pos.Hours{{From: 9 * 60, To: 12 * 60}}
	for offset, want := range map[time.Duration]bool{
		-time.Second: false, 0: true, 3*time.Hour - time.Second: true, 3 * time.Hour: false, 24*time.Hour - time.Second: false, 24 * time.Hour: false,
	} {
		if got := c.InForce(start.Add(offset), tokyo); got != want {
			t.Errorf("%v after the start: %t", offset, got)
		}
	}
	if !spring().InForce(start, tokyo) {
		t.Error("a coupon without bounds is not in force")
	}
}

// Each constraint that is not declared gives a problem with its field, and
// nothing else does.
func TestCheckCoupon(t *testing.T) {
	t.Parallel()
	full := pos.CouponCaps{
		Percent: true, Amount: true, WholeBasket: true, SKUScope: true, CategoryScope: true, Automatic: true, MaxCodes: 2, MaxGenerated: 10,
		MaxDiscount: true, MinSubtotal: true, Schedule: true, MaxUses: true, MaxUsesPerCustomer: true, FirstPurchaseOnly: true, NearExpiry: true, Exclusive: true,
	}
	for _, tc := range []struct {
		field  string
		coupon func(*pos.Coupon)
		lack   func(*pos.CouponCaps)
	}{
		{"Percent", func(*pos.Coupon) {}, func(c *pos.CouponCaps) { c.Percent = false }},
		{"Amount", func(c *pos.Coupon) { c.Percent, c.Amount = 0, usd(1) }, func(c *pos.CouponCaps) { c.Amount = false }},
		{"SKUs", func(*pos.Coupon) {}, func(c *pos.CouponCaps) { c.WholeBasket = false }},
		{"SKUs", func(c *pos.Coupon) { c.SKUs = []string{"A"} }, func(c *pos.CouponCaps) { c.SKUScope = false }},
		{"Categories", func(c *pos.Coupon) { c.Categories = []string{"A"} }, func(c *pos.CouponCaps) { c.CategoryScope = false }},
		{"Codes", func(*pos.Coupon) {}, func(c *pos.CouponCaps) { c.Automatic = false }},
		{"Codes", func(c *pos.Coupon) { c.Codes = []string{"AAA"} }, func(c *pos.CouponCaps) { c.MaxCodes = 0 }},
		{"Codes", func(c *pos.Coupon) { c.Codes = []string{"AAA", "BBB"} }, func(c *pos.CouponCaps) { c.MaxCodes = 1 }},
		{"GenerateCodes", func(c *pos.Coupon) { c.GenerateCodes = 5 }, func(c *pos.CouponCaps) { c.MaxGenerated = 4 }},
		{"MaxDiscount", func(c *pos.Coupon) { c.MaxDiscount = usd(1) }, func(c *pos.CouponCaps) { c.MaxDiscount = false }},
		{"MinSubtotal", func(c *pos.Coupon) { c.MinSubtotal = usd(1) }, func(c *pos.CouponCaps) { c.MinSubtotal = false }},
		{"Schedule", func(c *pos.Coupon) { c.Schedule = []pos.Hours{{To: 60}} }, func(c *pos.CouponCaps) { c.Schedule = false }},
		{"MaxUses", func(c *pos.Coupon) { c.MaxUses = 1 }, func(c *pos.CouponCaps) { c.MaxUses = false }},
		{"MaxUsesPerCustomer", func(c *pos.Coupon) { c.MaxUsesPerCustomer = 1 }, func(c *pos.CouponCaps) { c.MaxUsesPerCustomer = false }},
		{"FirstPurchaseOnly", func(c *pos.Coupon) { c.FirstPurchaseOnly = true }, func(c *pos.CouponCaps) { c.FirstPurchaseOnly = false }},
		{"NearExpiryDays", func(c *pos.Coupon) { c.NearExpiryDays = 1 }, func(c *pos.CouponCaps) { c.NearExpiry = false }},
		{"Exclusive", func(c *pos.Coupon) { c.Exclusive = true }, func(c *pos.CouponCaps) { c.Exclusive = false }},
	} {
		c, caps := spring(), full
		tc.coupon(&c)
		if ps := (pos.Capabilities{Coupons: caps}).CheckCoupon(c); ps != nil {
			t.Errorf("%s is declared and refused: %v", tc.field, ps)
		}
		tc.lack(&caps)
		ps := pos.Capabilities{Coupons: caps}.CheckCoupon(c)
		if len(ps) != 1 || ps[0].Field != tc.field || ps[0].Item != c.ID || ps[0].Reason == "" {
			t.Errorf("%s is not declared: %v", tc.field, ps)
		}
	}
	c := spring()
	c.GenerateCodes, c.MaxUses = 5, 1
	if ps := (pos.Capabilities{Coupons: pos.CouponCaps{Percent: true, WholeBasket: true, MaxGenerated: 5}}).CheckCoupon(c); ps != nil {
		t.Errorf("generated codes are good for one use by themselves: %v", ps)
	}
}

func TestCapabilitiesJob(t *testing.T) {
	t.Parallel()
	var c pos.Capabilities
	c.Menu.Level, c.Coupons.Level, c.Status.Level = pos.Full, pos.Partial, pos.None
	for job, want := range map[pos.Job]bool{
		pos.JobMenu: true, pos.JobCoupons: true, pos.JobStatus: false, pos.JobInventory: false, pos.JobPurchases: false, pos.JobAccount: false, "dance": false,
	} {
		if got := c.Job(job).OK(); got != want {
			t.Errorf("%s: %t", job, got)
		}
	}
}

func TestProblemText(t *testing.T) {
	t.Parallel()
	ps := pos.Problems{
		{Item: "A", Field: "Price", Location: "L1", Reason: "is negative", Nearest: "0"},
		{Reason: "no"},
	}
	err := fmt.Errorf("host: %w", &pos.Error{Kind: pos.KindInvalid, Err: ps})
	if got := err.Error(); got != "host: invalid: A: Price: L1: is negative (nearest: 0); no" {
		t.Errorf("got %q", got)
	}
	var found pos.Problems
	if !errors.As(err, &found) || len(found) != 2 {
		t.Errorf("got %v", found)
	}
}
