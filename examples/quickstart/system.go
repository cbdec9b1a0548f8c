package main

import (
	"context"
	"fmt"
	"time"

	"github.com/farmacyfoods/pointofsale/fridge"
	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/pos/posfake"
)

// demo is the name of our account wherever we may choose it.
const demo = "demo"

// system is one vendor: its simulated service, our provider for it, and how
// business is done there. The files named after vendors open one each; all else
// in this program is the same for all of them.
type system struct {
	name     string
	fake     simulator
	provider pos.Provider
	webhook  pos.Webhook     // nil: the vendor sends none
	schedule fridge.Schedule // where it differs from the others'

	locations []string
	onSale    map[string][]string // SKUs by location
	codes     bool                // customers know coupon codes
	cash      bool                // takes cash
	tips      bool                // takes tips, and edits them later
	late      time.Duration       // how late tills that were offline may send a sale
	calm      int                 // something breaks in one of this many moments
	breakages []breakage
	mended    time.Time // when what broke last is over
	company   string    // location that has the stock of all the others; "" if each has its own

	// carryOut waits until what was pushed holds; nil: at once.
	carryOut func(context.Context) error
}

// simulator is what every vendor's fake can be told to do.
type simulator interface {
	posfake.Simulator
	Close()
}

func (s *system) vendor() string  { return s.provider.Describe().Vendor }
func (s *system) account() string { return s.provider.Describe().Account }

// restock fills fridges and shelves with what is on sale at them.
func (s *system) restock() error {
	s.onSale = map[string][]string{}
	for _, row := range s.fake.Menu() {
		if row.Available && !row.Foreign {
			s.onSale[row.Location] = append(s.onSale[row.Location], row.SKU)
		}
	}
	for i, l := range s.locations {
		if len(s.onSale[l]) == 0 {
			return fmt.Errorf("%s: nothing of the menu is on sale at %s", s.name, l)
		}
		for j, sku := range s.onSale[l] {
			n := int64(60 + 10*i + j)
			if s.company != "" {
				n *= 5 // the last one counts, for all locations
			}
			if err := s.fake.SetStock(l, sku, &n); err != nil {
				return fmt.Errorf("%s: stocking %s at %s: %w", s.name, sku, l, err)
			}
		}
	}
	return nil
}
