package pos_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/farmacyfoods/pointofsale/pos"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// basket has one line for each amount; SKUs are A, B, C ..., categories take
// turns between "hot" and "cold".
func basket(amounts ...int64) pos.Basket {
	b := pos.Basket{At: noon, Zone: time.UTC}
	for i, n := range amounts {
		b.Lines = append(b.Lines, pos.BasketLine{
			SKU: string(rune('A' + i)), Category: []string{"hot", "cold"}[i%2], Quantity: pos.Units(1), UnitPrice: usd(n),
		})
	}
	return b
}

func TestPrice(t *testing.T) {
	t.Parallel()
	two := 2
	for _, tc := range []struct {
		name    string
		basket  pos.Basket
		coupons []pos.Coupon
		want    []int64 // discount of each line
	}{
		{"nothing", basket(1000), nil, []int64{0}},
		{"percent on each line", basket(999, 333), []pos.Coupon{{ID: "p", Percent: pos.Percent(15)}}, []int64{150, 50}},
		{"amount in proportion", basket(1000, 500), []pos.Coupon{{ID: "a", Amount: usd(100)}}, []int64{67, 33}},
		{"amount up to the goods", basket(30, 20), []pos.Coupon{{ID: "a", Amount: usd(100)}}, []int64{30, 20}},
		{"one item", basket(1000, 500), []pos.Coupon{{ID: "p", Percent: pos.Percent(10), SKUs: []string{"B"}}}, []int64{0, 50}},
		{"one category", basket(1000, 500, 100), []pos.Coupon{{ID: "p", Percent: pos.Percent(10), Categories: []string{"hot"}}}, []int64{100, 0, 10}},
		{"cap spread", basket(1000, 1000, 1000), []pos.Coupon{{ID: "p", Percent: pos.Percent(50), MaxDiscount: usd(100)}}, []int64{34, 33, 33}},
		{"minimum not reached", basket(999), []pos.Coupon{{ID: "p", Percent: pos.Percent(10), MinSubtotal: usd(1000)}}, []int64{0}},
		{"minimum reached", basket(1000), []pos.Coupon{{ID: "p", Percent: pos.Percent(10), MinSubtotal: usd(1000)}}, []int64{100}},
		{"code not given", basket(1000), []pos.Coupon{{ID: "p", Percent: pos.Percent(10), Codes: []string{"AAA"}}}, []int64{0}},
		{"items before the basket, percent before amount", basket(1000, 1000), []pos.Coupon{
			{ID: "a", Amount: usd(190)}, {ID: "b", Percent: pos.Percent(10)}, {ID: "c", Amount: usd(100), SKUs: []string{"A"}},
		}, []int64{100 + 90 + 90, 100 + 100}},
		{"never below zero", basket(100), []pos.Coupon{{ID: "a", Amount: usd(80)}, {ID: "b", Amount: usd(80)}}, []int64{100}},
		{"exclusive alone when better", basket(1000), []pos.Coupon{{ID: "a", Percent: pos.Percent(10)}, {ID: "x", Percent: pos.Percent(30), Exclusive: true}}, []int64{300}},
		{"others when better", basket(1000), []pos.Coupon{{ID: "a", Percent: pos.Percent(20)}, {ID: "b", Percent: pos.Percent(20)}, {ID: "x", Percent: pos.Percent(30), Exclusive: true}}, []int64{360}},
		{"others on a tie", basket(1000), []pos.Coupon{{ID: "x", Percent: pos.Percent(30), Exclusive: true}, {ID: "z", Percent: pos.Percent(30)}}, []int64{300}},
		{"near expiry", pos.Basket{At: noon, Lines: []pos.BasketLine{
			{SKU: "A", Quantity: pos.Units(1), UnitPrice: usd(1000), ExpiresInDays: &two}, {SKU: "B", Quantity: pos.Units(1), UnitPrice: usd(1000)},
		}}, []pos.Coupon{{ID: "p", Percent: pos.Percent(50), NearExpiryDays: 2}}, []int64{500, 0}},
		{"hours in no zone are UTC", pos.Basket{At: noon, Lines: basket(1000).Lines}, []pos.Coupon{{ID: "p", Percent: pos.Percent(10), Schedule: []pos.Hours{{From: 720, To: 721}}}}, []int64{100}},
		{"free goods", basket(0, 0), []pos.Coupon{{ID: "a", Amount: usd(100)}}, []int64{0, 0}},
		{"weighed goods", pos.Basket{At: noon, Lines: []pos.BasketLine{{SKU: "A", Quantity: 33_333, UnitPrice: usd(1000)}}}, []pos.Coupon{{ID: "p", Percent: pos.Percent(50)}}, []int64{167}},
	} {
		q, err := pos.Price(tc.basket, tc.coupons)
		if err != nil {
			t.Errorf("%s: %v", tc.name, err)
			continue
		}
		var got []int64
		for _, d := range q.Discount {
			got = append(got, d.Amount)
		}
		if diff := cmp.Diff(tc.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tc.name, diff)
		}
	}
}

func TestPriceErrors(t *testing.T) {
	t.Parallel()
	b := basket(1000)
	if _, err := pos.Price(b, []pos.Coupon{{ID: "e", Amount: pos.Money{Amount: 1, Currency: "EUR"}}}); !errors.Is(err, pos.ErrCurrencyMismatch) {
		t.Errorf("a coupon in euros: %v", err)
	}
	if _, err := pos.Price(b, []pos.Coupon{{ID: "e", Percent: 1, MinSubtotal: pos.Money{Amount: 1, Currency: "JPY"}}}); !errors.Is(err, pos.ErrCurrencyMismatch) {
		t.Errorf("a minimum in yen: %v", err)
	}
	b.Lines = append(b.Lines, pos.BasketLine{Quantity: pos.Units(1), UnitPrice: pos.Money{Amount: 1, Currency: "EUR"}})
	if _, err := pos.Price(b, nil); !errors.Is(err, pos.ErrCurrencyMismatch) {
		t.Errorf("lines in two currencies: %v", err)
	}
	if _, err := pos.Price(basket(-1), nil); !errors.Is(err, pos.ErrInvalid) {
		t.Errorf("a negative line: %v", err)
	}
	if q, err := pos.Price(pos.Basket{}, []pos.Coupon{{ID: "a", Amount: usd(5)}}); err != nil || !q.Total.IsZero() {
		t.Errorf("an empty basket: %+v, %v", q, err)
	}
}

// scene draws a valid basket and coupons from a source of chance.
func scene(dice *rand.Rand) (pos.Basket, []pos.Coupon) {
	b := pos.Basket{At: noon, Zone: time.UTC}
	for i := range 1 + dice.IntN(5) {
		l := pos.BasketLine{
			SKU: string(rune('A' + i)), Category: []string{"", "hot", "cold"}[dice.IntN(3)],
			Quantity: pos.Quantity(dice.Int64N(500_000)), UnitPrice: usd(dice.Int64N(3000)),
		}
		if dice.IntN(2) == 0 {
			days := dice.IntN(5)
			l.ExpiresInDays = &days
		}
		b.Lines = append(b.Lines, l)
	}
	var coupons []pos.Coupon
	for i := range dice.IntN(5) {
		c := pos.Coupon{ID: fmt.Sprintf("C%d", i), Name: "n", Exclusive: dice.IntN(4) == 0, NearExpiryDays: max(0, dice.IntN(6)-3)}
		if dice.IntN(2) == 0 {
			c.Percent = 1 + pos.Rate(dice.Int64N(int64(pos.Percent(100))))
			if dice.IntN(2) == 0 {
				c.MaxDiscount = usd(1 + dice.Int64N(500))
			}
		} else {
			c.Amount = usd(1 + dice.Int64N(2000))
		}
		switch dice.IntN(3) {
		case 0:
			c.SKUs = []string{"A", "C"}
		case 1:
			c.Categories = []string{"hot"}
		}
		if dice.IntN(3) == 0 {
			c.MinSubtotal = usd(dice.Int64N(3000))
		}
		if dice.IntN(3) == 0 {
			c.Codes = []string{fmt.Sprintf("CODE-%d", i)}
			if dice.IntN(2) == 0 {
				b.Codes = append(b.Codes, c.Codes...)
			}
		}
		coupons = append(coupons, c)
	}
	return b, coupons
}

// holds checks what must be true of every quote.
func holds(t *testing.T, b pos.Basket, coupons []pos.Coupon) {
	t.Helper()
	if err := pos.ValidateCoupons(coupons); err != nil {
		t.Fatalf("the scene is invalid: %v", err)
	}
	q, err := pos.Price(b, coupons)
	if err != nil {
		t.Fatal(err)
	}
	byLine := make([]int64, len(b.Lines))
	byCoupon := make(map[string]int64)
	for _, p := range q.Parts {
		if p.Amount.Amount <= 0 {
			t.Errorf("%s gives %v", p.Coupon, p.Amount)
		}
		byLine[p.Line] += p.Amount.Amount
		byCoupon[p.Coupon] += p.Amount.Amount
	}
	var total int64
	for i := range b.Lines {
		d := q.Discount[i].Amount
		if d < 0 || d > q.Gross[i].Amount || d != byLine[i] {
			t.Errorf("line %d of %v: discount %d, parts %d", i, q.Gross[i], d, byLine[i])
		}
		total += q.Gross[i].Amount - d
	}
	if q.Total.Amount != total {
		t.Errorf("total %v, lines leave %d", q.Total, total)
	}
	exclusive := false
	for _, c := range coupons {
		given := byCoupon[c.ID]
		if most := c.Amount.Amount + c.MaxDiscount.Amount; most > 0 && given > most {
			t.Errorf("%s gives %d, at most %d", c.ID, given, most)
		}
		exclusive = exclusive || c.Exclusive && given > 0
	}
	if exclusive && len(byCoupon) > 1 {
		t.Errorf("an exclusive coupon is combined: %v", byCoupon)
	}
	for _, c := range coupons { // nobody would pay less with one exclusive coupon alone
		if alone, err := pos.Price(b, []pos.Coupon{c}); c.Exclusive && (err != nil || alone.Total.Amount < q.Total.Amount) {
			t.Errorf("%s alone leaves %v, all leave %v (%v)", c.ID, alone.Total, q.Total, err)
		}
	}
	shuffled := make([]pos.Coupon, len(coupons))
	for i := range coupons {
		shuffled[len(coupons)-1-i] = coupons[i]
	}
	other, err := pos.Price(b, shuffled)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(q, other); diff != "" {
		t.Errorf("the order of the coupons matters:\n%s", diff)
	}
}

func TestPriceProperties(t *testing.T) {
	t.Parallel()
	dice := rand.New(rand.NewPCG(3, 4))
	for range 3000 {
		b, coupons := scene(dice)
		if holds(t, b, coupons); t.Failed() {
			t.Fatalf("basket %+v\ncoupons %+v", b, coupons)
		}
	}
}

func FuzzPrice(f *testing.F) {
	for i := range byte(8) {
		f.Add([]byte{i, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16})
	}
	f.Fuzz(func(t *testing.T, seed []byte) {
		seed = append(seed, make([]byte, 16)...)
		b, coupons := scene(rand.New(rand.NewPCG(binary.LittleEndian.Uint64(seed), binary.LittleEndian.Uint64(seed[8:]))))
		holds(t, b, coupons)
	})
}

func BenchmarkPrice(b *testing.B) {
	bought, coupons := basket(1395, 1095, 895, 350), []pos.Coupon{
		{ID: "a", Percent: pos.Percent(15)}, {ID: "b", Amount: usd(100), SKUs: []string{"A", "B"}}, {ID: "c", Percent: pos.Percent(20), Exclusive: true},
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := pos.Price(bought, coupons); err != nil {
			b.Fatal(err)
		}
	}
}
