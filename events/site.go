package events

import (
	"time"

	"github.com/farmacyfoods/pointofsale/pos"
)

// Lot is the payload of expiry events: packages of one item at one location
// that expire soon or have expired.
type Lot struct {
	Origin
	Location string `json:"location"`
	SKU      string `json:"sku"`
	Name     string `json:"name,omitempty"`
	pos.Lot
}

// NewLot builds the event of type [TypeLotExpiring] or [TypeLotExpired].
func NewLot(typ string, o Origin, l Lot, at time.Time) Event {
	l.Origin = o
	return o.event(typ, l.Location, at, l, typ, l.Location, l.SKU, l.ID, string(l.Expires))
}

// Goods is the payload of cold-chain events: whether the goods of a location
// may be sold.
type Goods struct {
	Origin
	Location string   `json:"location"`
	Issues   []string `json:"issues,omitempty"`
	// Since is when the point of sale said so.
	Since time.Time `json:"since"`
}

// NewGoods builds the event of type [TypeGoodsUnsafe] or [TypeGoodsSafe].
func NewGoods(typ string, o Origin, g Goods, at time.Time) Event {
	g.Origin = o
	return o.event(typ, g.Location, at, g, typ, g.Location, stamp(g.Since))
}

// Item is the payload of events that take one item off sale at a location, or
// put it back.
type Item struct {
	Origin
	Location string    `json:"location"`
	SKU      string    `json:"sku"`
	Reason   string    `json:"reason"`
	Since    time.Time `json:"since"`
}

// NewItem builds the event of type [TypeItemUnavailable] or [TypeItemAvailable].
func NewItem(typ string, o Origin, i Item, at time.Time) Event {
	i.Origin = o
	return o.event(typ, i.Location, at, i, typ, i.Location, i.SKU, i.Reason, stamp(i.Since))
}

// Door is the payload of [TypeDoorOpen]: a door that stands open too long.
type Door struct {
	Origin
	Location string    `json:"location"`
	Device   string    `json:"device,omitempty"`
	Since    time.Time `json:"since"`
}

// NewDoor builds the event for a door that stands open.
func NewDoor(o Origin, d Door, at time.Time) Event {
	d.Origin = o
	return o.event(TypeDoorOpen, d.Location, at, d, TypeDoorOpen, d.Location, d.Device, stamp(d.Since))
}

// Sales is the payload of events about an open point of sale that sells
// nothing, or sells again.
type Sales struct {
	Origin
	Location string    `json:"location"`
	LastSale time.Time `json:"last_sale,omitzero"`
	Since    time.Time `json:"since"` // start of the silence
}

// NewSales builds the event of type [TypeSalesStalled] or [TypeSalesResumed].
func NewSales(typ string, o Origin, s Sales, at time.Time) Event {
	s.Origin = o
	return o.event(typ, s.Location, at, s, typ, s.Location, stamp(s.Since))
}

// Unmatched is the payload of [TypeSaleUnmatched]: lines of a sale that match
// no SKU of Farmacy.
type Unmatched struct {
	Origin
	Location string     `json:"location"`
	Purchase string     `json:"purchase"`
	Version  string     `json:"version"`
	Lines    []pos.Line `json:"lines"`
}

// NewUnmatched builds the event for a sale with lines that match no SKU.
func NewUnmatched(o Origin, u Unmatched, at time.Time) Event {
	u.Origin = o
	return o.event(TypeSaleUnmatched, u.Location, at, u, TypeSaleUnmatched, u.Purchase, u.Version)
}
