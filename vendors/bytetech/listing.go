package bytetech

import (
	"context"
	"errors"
	"hash/fnv"
	"maps"
	"strconv"

	"github.com/go-json-experiment/json"

	"github.com/farmacyfoods/pointofsale/pos"
)

// listing is how a product stands at a kiosk.
type listing struct {
	Off    bool  `json:"off,omitempty"`
	Priced bool  `json:"priced,omitempty"` // has a price of its own
	Price  int64 `json:"price,omitempty"`  // minor units
}

// What is known about a SKU of ours.
const (
	skuClaimed = "claimed" // about to be created here; its listings may be unfinished
	skuAdopted = "adopted" // was there before; listings may be anything unless recorded
	skuKnown   = "known"   // all listings that differ from the default are recorded
)

// menuState is what earlier pushes left behind. Reading the listings of a
// thousand kiosks would cost thousands of calls, so it is remembered: SKUs
// that are ours, and listings that are not the default.
type menuState struct {
	owned map[string]string
	bySKU map[string]map[string]listing // by SKU and kiosk
	usual listing
	dirty map[string]map[string]listing // by kiosk and SKU: to be saved
}

// listingShards is over how many keys the listings are spread, by kiosk, so
// that a large account does not outgrow a value of the store.
const listingShards = 64

func shardOf(kiosk string) int {
	h := fnv.New32a()
	_, _ = h.Write([]byte(kiosk))
	return int(h.Sum32() % listingShards)
}

func (p *Provider) shardKey(n int) string { return p.storeKey("listings", strconv.Itoa(n)) }

// loadMenuState reads what is remembered about the kiosks.
func (p *Provider) loadMenuState(ctx context.Context, kiosks []string) (*menuState, error) {
	s := &menuState{
		owned: make(map[string]string), bySKU: make(map[string]map[string]listing), dirty: make(map[string]map[string]listing),
		usual: listing{Off: !p.profile.Constants.ListedDefault},
	}
	if _, err := p.load(ctx, p.storeKey("skus"), &s.owned); err != nil {
		return nil, err
	}
	for _, sku := range p.cfg.Adopt {
		if s.owned[sku] == "" {
			s.owned[sku] = skuAdopted
		}
	}
	if !p.profile.Features.Listings {
		return s, nil
	}
	asked := make(map[int]bool)
	for _, k := range kiosks {
		asked[shardOf(k)] = true
	}
	for n := range asked {
		shard := make(map[string]map[string]listing)
		if _, err := p.load(ctx, p.shardKey(n), &shard); err != nil {
			return nil, err
		}
		for kiosk, rows := range shard {
			for sku, l := range rows {
				s.put(sku, kiosk, l)
			}
		}
	}
	return s, nil
}

// at returns the listing of a SKU at a kiosk; ok is false if nobody knows it.
func (s *menuState) at(sku, kiosk string) (l listing, ok bool) {
	if l, ok = s.bySKU[sku][kiosk]; ok {
		return l, true
	}
	return s.usual, s.owned[sku] == skuKnown
}

func (s *menuState) put(sku, kiosk string, l listing) {
	if s.bySKU[sku] == nil {
		s.bySKU[sku] = make(map[string]listing)
	}
	s.bySKU[sku][kiosk] = l
}

// set records a listing that was written or read, to be saved.
func (s *menuState) set(sku, kiosk string, l listing) {
	s.put(sku, kiosk, l)
	if s.dirty[kiosk] == nil {
		s.dirty[kiosk] = make(map[string]listing)
	}
	s.dirty[kiosk][sku] = l
}

// saveListings merges what changed into the store.
func (p *Provider) saveListings(ctx context.Context, s *menuState) error {
	byShard := make(map[int][]string)
	for kiosk := range s.dirty {
		n := shardOf(kiosk)
		byShard[n] = append(byShard[n], kiosk)
	}
	for n, kiosks := range byShard {
		shard := make(map[string]map[string]listing)
		err := p.update(ctx, p.shardKey(n), &shard, func() {
			for _, k := range kiosks {
				merged := maps.Clone(shard[k])
				if merged == nil {
					merged = make(map[string]listing)
				}
				for sku, l := range s.dirty[k] {
					if merged[sku] = l; l == s.usual && s.owned[sku] == skuKnown {
						delete(merged, sku)
					}
				}
				shard[k] = merged
			}
		})
		if err != nil {
			return err
		}
	}
	clear(s.dirty)
	return nil
}

// saveOwned merges SKUs into the set of ours.
func (p *Provider) saveOwned(ctx context.Context, skus map[string]string) error {
	if len(skus) == 0 {
		return nil
	}
	owned := make(map[string]string)
	return p.update(ctx, p.storeKey("skus"), &owned, func() { maps.Copy(owned, skus) })
}

// load reads a value of the store; one that is not there leaves out alone.
func (p *Provider) load(ctx context.Context, key string, out any) (pos.Revision, error) {
	text, rev, err := p.opts.Store.Get(ctx, key)
	if errors.Is(err, pos.ErrNotFound) {
		return 0, nil
	}
	if err != nil {
		return 0, located("Store.Get", err)
	}
	if err := json.Unmarshal(text, out); err != nil {
		return 0, protocol("Store.Get", err)
	}
	return rev, nil
}

// maxSwaps is how often a change of the store is tried again after somebody
// else was faster.
const maxSwaps = 10

// update changes a value of the store by compare-and-swap.
func (p *Provider) update(ctx context.Context, key string, value any, change func()) error {
	for n := 0; ; n++ {
		rev, err := p.load(ctx, key, value)
		if err != nil {
			return err
		}
		change()
		text, err := json.Marshal(value, json.Deterministic(true))
		if err != nil {
			return err
		}
		_, err = p.opts.Store.Put(ctx, key, text, rev)
		if !errors.Is(err, pos.ErrConflict) || n == maxSwaps {
			return located("Store.Put", err)
		}
	}
}

// verifyListings replaces what is remembered about kiosks by what is there.
func (p *Provider) verifyListings(ctx context.Context, s *menuState, kiosks []string) error {
	f := p.profile.Fields.Listing
	for _, kiosk := range kiosks {
		found := make(map[string]listing)
		l := list{op: opListListings, path: p.profile.path("listings", kiosk), location: kiosk}
		err := p.all(ctx, l, p.profile.shapes.listing, func(o *object) error {
			have := listing{Off: s.usual.Off}
			if listed, ok := o.flag(f.Listed); ok {
				have.Off = !listed
			}
			if m, ok := o.money(f.Price, p.profile.Constants.Currency); ok {
				have.Priced, have.Price = true, m.Amount
			}
			found[o.text(f.ExternalID)] = have
			return nil
		})
		if err != nil {
			return err
		}
		for sku := range s.owned {
			have, ok := found[sku]
			if !ok {
				have = s.usual
			}
			if old, known := s.at(sku, kiosk); !known || old != have {
				s.set(sku, kiosk, have)
			}
		}
	}
	return nil
}
