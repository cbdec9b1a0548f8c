package bytetechfake

import (
	"slices"
	"time"
)

// stamp writes an instant as the cloud does.
func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

// optionalStamp is nil, JSON null, for a time that has not come.
func optionalStamp(t time.Time) *string {
	if t.IsZero() {
		return nil
	}
	return new(stamp(t))
}

type pageView struct {
	Data       []any   `json:"data"`
	NextCursor *string `json:"next_cursor"`
}

type campusView struct {
	CampusID string `json:"campus_id"`
	Name     string `json:"name"`
}

type addressView struct {
	Line1      *string `json:"line1"`
	Line2      *string `json:"line2"`
	City       *string `json:"city"`
	Region     *string `json:"region"`
	PostalCode *string `json:"postal_code"`
	Country    *string `json:"country"`
}

type kioskView struct {
	KioskID          string      `json:"kiosk_id"`
	Name             string      `json:"name"`
	CampusID         string      `json:"campus_id"`
	CampusName       string      `json:"campus_name"`
	Address          addressView `json:"address"`
	Timezone         string      `json:"timezone"`
	Currency         string      `json:"currency"`
	SalesTaxPercent  string      `json:"sales_tax_percent"`
	Model            string      `json:"model"`
	SerialNumber     string      `json:"serial_number"`
	ConnectivityType string      `json:"connectivity_type"`
	Archived         bool        `json:"archived"`
	CreatedAt        string      `json:"created_at"`
	UpdatedAt        string      `json:"updated_at"`
	Status           *statusView `json:"status,omitempty"`
}

type temperatureView struct {
	Value      float64 `json:"value"`
	Unit       string  `json:"unit"`
	MeasuredAt string  `json:"measured_at"`
}

type thresholdView struct {
	Value float64 `json:"value"`
	Unit  string  `json:"unit"`
}

type antennaView struct {
	Index    int `json:"index"`
	TagReads int `json:"tag_reads"`
}

type rfidView struct {
	Antennas      []antennaView `json:"antennas"`
	TotalTagReads int           `json:"total_tag_reads"`
}

type doorView struct {
	State     string  `json:"state"`
	Locked    *bool   `json:"locked"`
	ChangedAt *string `json:"changed_at"`
}

type statusView struct {
	KioskID                  string           `json:"kiosk_id"`
	Health                   string           `json:"health"`
	Issues                   []string         `json:"issues"`
	LastHeartbeatAt          *string          `json:"last_heartbeat_at"`
	HeartbeatIntervalSeconds int              `json:"heartbeat_interval_seconds"`
	Temperature              *temperatureView `json:"temperature"`
	TemperatureThreshold     thresholdView    `json:"temperature_threshold"`
	OutOfRangeSince          *string          `json:"out_of_range_since"`
	OOSCode                  *string          `json:"oos_code"`
	Door                     *doorView        `json:"door,omitempty"`
	RFID                     rfidView         `json:"rfid"`
	Mode                     string           `json:"mode"`
	InventoryCount           int              `json:"inventory_count"`
	LastRestockAt            *string          `json:"last_restock_at"`
	LastTransactionAt        *string          `json:"last_transaction_at"`
	AppVersion               string           `json:"app_version"`
	UpdatedAt                string           `json:"updated_at"`
}

type heartbeatView struct {
	At          string           `json:"at"`
	Temperature *temperatureView `json:"temperature"`
	OOSCode     *string          `json:"oos_code"`
	Antennas    []antennaView    `json:"antennas"`
	Health      string           `json:"health"`
}

func (f *Fake) viewKiosk(k *kiosk, withStatus bool) kioskView {
	v := kioskView{
		KioskID: k.id, Name: k.name, CampusID: k.campus.id, CampusName: k.campus.name,
		Address:  addressView{Line1: new("1 Sample Street"), City: new("San Francisco"), Region: new("CA"), PostalCode: new("94105"), Country: new("US")},
		Timezone: k.zone.String(), Currency: k.currency, SalesTaxPercent: percentText(k.tax),
		Model: "Dragonfruit", SerialNumber: "DF-" + k.id, ConnectivityType: "cellular",
		Archived: k.archived, CreatedAt: stamp(k.created), UpdatedAt: stamp(k.updated),
	}
	if withStatus {
		v.Status = new(f.viewStatus(k))
	}
	return v
}

func (f *Fake) viewStatus(k *kiosk) statusView {
	last, issues := k.lastBeat(f.now), k.issues(f.now)
	since, _ := k.warmSince(f.now)
	v := statusView{
		KioskID: k.id, Health: k.healthOf(issues), Issues: issues, LastHeartbeatAt: optionalStamp(last),
		HeartbeatIntervalSeconds: int(beatEvery / time.Second), TemperatureThreshold: thresholdView{tooWarmF, "F"},
		OutOfRangeSince: optionalStamp(since), OOSCode: optional(k.oos.at(last)), Mode: "sale", InventoryCount: k.count(),
		LastRestockAt: optionalStamp(k.lastRestock), LastTransactionAt: optionalStamp(k.lastTransaction),
		AppVersion: "4.12.0", UpdatedAt: stamp(latest(last, k.updated, k.counted)),
	}
	v.RFID.Antennas = []antennaView{}
	if !last.IsZero() {
		v.Temperature = &temperatureView{k.temperature(last), "F", stamp(last)}
		v.RFID.Antennas = k.antennas(last)
	}
	for _, a := range v.RFID.Antennas {
		v.RFID.TotalTagReads += a.TagReads
	}
	if v.OOSCode != nil {
		v.Mode = "out_of_order"
	}
	if f.has(Door) {
		v.Door = &doorView{k.door.state, k.door.locked, optionalStamp(k.door.changed)}
	}
	return v
}

func viewHeartbeat(k *kiosk, at time.Time) heartbeatView {
	return heartbeatView{
		At: stamp(at), Temperature: &temperatureView{k.temperature(at), "F", stamp(at)}, OOSCode: optional(k.oos.at(at)),
		Antennas: k.antennas(at), Health: k.healthOf(k.issues(at)),
	}
}

type categoryView struct {
	CategoryID string `json:"category_id"`
	Name       string `json:"name"`
}

type productView struct {
	ProductID     string  `json:"product_id"`
	ExternalID    *string `json:"external_id"`
	Name          string  `json:"name"`
	Description   *string `json:"description"`
	CategoryID    *string `json:"category_id"`
	CategoryName  *string `json:"category_name"`
	UPC           *string `json:"upc"`
	PriceCents    int64   `json:"price_cents"`
	Currency      string  `json:"currency"`
	CostCents     *int64  `json:"cost_cents"`
	ShelfLifeDays int     `json:"shelf_life_days"`
	Taxable       bool    `json:"taxable"`
	ImageURL      *string `json:"image_url"`
	Archived      bool    `json:"archived"`
	Version       int     `json:"version"`
	CreatedAt     string  `json:"created_at"`
	UpdatedAt     string  `json:"updated_at"`
}

func (f *Fake) viewProduct(p *product) productView {
	v := productView{
		ProductID: p.id, ExternalID: optional(p.externalID), Name: p.name, Description: optional(p.description), UPC: optional(p.upc),
		PriceCents: p.price, Currency: "USD", CostCents: p.cost, ShelfLifeDays: p.shelfLife, Taxable: !p.untaxed, ImageURL: optional(p.image),
		Archived: p.archived, Version: p.version, CreatedAt: stamp(p.created), UpdatedAt: stamp(p.updated),
	}
	if len(f.kiosks) > 0 {
		v.Currency = f.kiosks[0].currency
	}
	if p.category != nil {
		v.CategoryID, v.CategoryName = &p.category.id, &p.category.name
	}
	return v
}

type listingView struct {
	KioskID             string  `json:"kiosk_id"`
	ProductID           string  `json:"product_id"`
	ExternalID          *string `json:"external_id"`
	Listed              bool    `json:"listed"`
	PriceCents          *int64  `json:"price_cents"`
	EffectivePriceCents int64   `json:"effective_price_cents"`
	ParLevel            *int    `json:"par_level"`
	UpdatedAt           string  `json:"updated_at"`
}

// viewListing also shows a product that the kiosk lists as the catalogue has it.
func viewListing(k *kiosk, p *product) listingView {
	v := listingView{
		KioskID: k.id, ProductID: p.id, ExternalID: optional(p.externalID), Listed: true,
		EffectivePriceCents: k.price(p), UpdatedAt: stamp(listingChanged(k, p)),
	}
	if l := k.listings[p]; l != nil {
		v.Listed, v.PriceCents, v.ParLevel = !l.unlisted, l.price, l.par
	}
	return v
}

// listingChanged is when the listing last looked different; an inherited price
// changes with the product.
func listingChanged(k *kiosk, p *product) time.Time {
	if l := k.listings[p]; l != nil {
		return latest(l.updated, p.updated)
	}
	return p.updated
}

type resultView struct {
	Index      int        `json:"index"`
	ExternalID *string    `json:"external_id"`
	Outcome    string     `json:"outcome"`
	Error      *errorView `json:"error"`
}

type productResult struct {
	resultView
	Product *productView `json:"product"`
}

type listingResult struct {
	resultView
	KioskID   *string      `json:"kiosk_id"`
	ProductID *string      `json:"product_id"`
	Listing   *listingView `json:"listing"`
}

type discountView struct {
	DiscountID string `json:"discount_id"`
	discountWrite
	AppliesTo scopeWrite `json:"applies_to"`
	StartsAt  string     `json:"starts_at"`
	EndsAt    *string    `json:"ends_at"`
	Status    string     `json:"status"`
	Usage     usageView  `json:"usage"`
	CreatedAt string     `json:"created_at"`
	UpdatedAt string     `json:"updated_at"`
	EndedAt   *string    `json:"ended_at"`
}

type usageView struct {
	RedemptionCount int   `json:"redemption_count"`
	DiscountCents   int64 `json:"discount_cents"`
}

func (f *Fake) viewDiscount(d *discount) discountView {
	v := discountView{
		DiscountID: d.id, discountWrite: d.terms, StartsAt: stamp(d.starts), EndsAt: optionalStamp(d.ends),
		Status: d.status(f.now), Usage: usageView{d.redemptions, d.given},
		CreatedAt: stamp(d.created), UpdatedAt: stamp(d.updated), EndedAt: optionalStamp(d.endedAt(f.now)),
	}
	scope := *d.terms.AppliesTo
	v.AppliesTo = scopeWrite{list(scope.ProductIDs), list(scope.CategoryIDs), list(scope.KioskIDs)}
	return v
}

type codeView struct {
	Code          string  `json:"code"`
	State         string  `json:"state"`
	UsedAt        *string `json:"used_at"`
	TransactionID *string `json:"transaction_id"`
}

func (f *Fake) viewCode(c *couponCode) codeView {
	return codeView{c.code, c.state(f.now), optionalStamp(c.usedAt), optional(c.transaction)}
}

// list makes JSON show an empty array rather than null.
func list[T any](rows []T) []T {
	if rows == nil {
		return []T{}
	}
	return slices.Clone(rows)
}
