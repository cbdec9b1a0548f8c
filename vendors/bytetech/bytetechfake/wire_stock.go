package bytetechfake

import (
	"cmp"
	"slices"

	"github.com/farmacyfoods/pointofsale/pos"
)

type lotView struct {
	LotID     string  `json:"lot_id"`
	ExpiresOn *string `json:"expires_on"`
	Count     int     `json:"count"`
}

type inventoryView struct {
	KioskID           string    `json:"kiosk_id"`
	ProductID         string    `json:"product_id"`
	ExternalID        *string   `json:"external_id"`
	Name              string    `json:"name"`
	AvailableCount    int       `json:"available_count"`
	ExpiredCount      int       `json:"expired_count"`
	ParLevel          *int      `json:"par_level"`
	EarliestExpiresOn *string   `json:"earliest_expires_on"`
	Lots              []lotView `json:"lots"`
	CountedAt         string    `json:"counted_at"`
	Source            string    `json:"source"`
	UpdatedAt         string    `json:"updated_at"`
}

func (f *Fake) viewInventory(k *kiosk, s *stock) inventoryView {
	v := inventoryView{
		KioskID: k.id, ProductID: s.product.id, ExternalID: optional(s.product.externalID), Name: s.product.name,
		Lots: s.lots(), CountedAt: stamp(k.counted), Source: k.source, UpdatedAt: stamp(s.changed(f.now)),
	}
	v.AvailableCount, v.ExpiredCount = s.counts(f.now)
	if l := k.listings[s.product]; l != nil {
		v.ParLevel = l.par
	}
	if len(v.Lots) > 0 {
		v.EarliestExpiresOn = v.Lots[0].ExpiresOn
	}
	return v
}

// lots counts the packages by lot, those that expire first before the others.
func (s *stock) lots() []lotView {
	out := []lotView{}
	rank := map[string]string{}
	for _, t := range s.tags {
		if t.state != inStock {
			continue
		}
		i := slices.IndexFunc(out, func(v lotView) bool { return v.LotID == t.lot.id })
		if i < 0 {
			i = len(out)
			out = append(out, lotView{LotID: t.lot.id, ExpiresOn: optional(t.lot.expires)})
			rank[t.lot.id] = t.lot.rank()
		}
		out[i].Count++
	}
	slices.SortStableFunc(out, func(a, b lotView) int { return cmp.Compare(rank[a.LotID], rank[b.LotID]) })
	return out
}

type tagView struct {
	EPC           string  `json:"epc"`
	ProductID     *string `json:"product_id"`
	ExternalID    *string `json:"external_id"`
	LotID         *string `json:"lot_id"`
	KioskID       string  `json:"kiosk_id"`
	State         string  `json:"state"`
	StockedAt     *string `json:"stocked_at"`
	ExpiresOn     *string `json:"expires_on"`
	LastSeenAt    *string `json:"last_seen_at"`
	TransactionID *string `json:"transaction_id"`
	RestockID     *string `json:"restock_id"`
}

func viewTag(t *tag) tagView {
	v := tagView{
		EPC: t.epc, KioskID: t.kiosk.id, State: t.state, StockedAt: optionalStamp(t.stocked), LastSeenAt: optionalStamp(t.seen),
		TransactionID: optional(t.transaction), RestockID: optional(t.restock),
	}
	if t.state == inStock {
		v.LastSeenAt = new(stamp(latest(t.seen, t.kiosk.counted)))
	}
	if t.product != nil {
		v.ProductID, v.ExternalID = &t.product.id, optional(t.product.externalID)
		v.LotID, v.ExpiresOn = &t.lot.id, optional(t.lot.expires)
	}
	return v
}

type movedView struct {
	ProductID  string   `json:"product_id"`
	ExternalID *string  `json:"external_id"`
	Count      int      `json:"count"`
	EPCs       []string `json:"epcs"`
	Reason     string   `json:"reason,omitempty"`
}

type restockView struct {
	RestockID      string      `json:"restock_id"`
	KioskID        string      `json:"kiosk_id"`
	UserName       string      `json:"user_name"`
	StartedAt      string      `json:"started_at"`
	EndedAt        string      `json:"ended_at"`
	Added          []movedView `json:"added"`
	Removed        []movedView `json:"removed"`
	ResultingCount int         `json:"resulting_count"`
}

func viewRestock(r *restock) restockView {
	return restockView{
		RestockID: r.id, KioskID: r.kiosk.id, UserName: "restocker-1", StartedAt: stamp(r.started), EndedAt: stamp(r.ended),
		Added: viewMoved(r.added, ""), Removed: viewMoved(r.removed, r.reason), ResultingCount: r.resulting,
	}
}

func viewMoved(tags []*tag, reason string) []movedView {
	out := []movedView{}
	for _, t := range tags {
		i := slices.IndexFunc(out, func(v movedView) bool { return v.ProductID == t.product.id })
		if i < 0 {
			i = len(out)
			out = append(out, movedView{ProductID: t.product.id, ExternalID: optional(t.product.externalID), Reason: reason})
		}
		out[i].Count++
		out[i].EPCs = append(out[i].EPCs, t.epc)
	}
	return out
}

type lineView struct {
	LineID           string   `json:"line_id"`
	ProductID        *string  `json:"product_id"`
	ExternalID       *string  `json:"external_id"`
	Name             string   `json:"name"`
	UPC              *string  `json:"upc"`
	Quantity         int64    `json:"quantity"`
	UnitPriceCents   int64    `json:"unit_price_cents"`
	GrossCents       int64    `json:"gross_cents"`
	DiscountCents    int64    `json:"discount_cents"`
	TaxCents         int64    `json:"tax_cents"`
	NetCents         int64    `json:"net_cents"`
	EPCs             []string `json:"epcs"`
	LotID            *string  `json:"lot_id"`
	ExpiresOn        *string  `json:"expires_on"`
	RefundedQuantity int64    `json:"refunded_quantity"`
}

type appliedView struct {
	DiscountID            string   `json:"discount_id"`
	Name                  string   `json:"name"`
	Kind                  string   `json:"kind"`
	Code                  *string  `json:"code"`
	AmountCents           int64    `json:"amount_cents"`
	BilledToLocationCents int64    `json:"billed_to_location_cents"`
	LineIDs               []string `json:"line_ids"`
}

type adjustmentLine struct {
	LineID   string `json:"line_id"`
	Quantity int64  `json:"quantity"`
	Amount   int64  `json:"amount_cents"`
}

type adjustmentView struct {
	AdjustmentID string           `json:"adjustment_id"`
	Type         string           `json:"type"`
	AmountCents  int64            `json:"amount_cents"`
	TaxCents     int64            `json:"tax_cents"`
	Status       string           `json:"status"`
	Reason       *string          `json:"reason"`
	Lines        []adjustmentLine `json:"lines"`
	CreatedAt    string           `json:"created_at"`
	ProcessedAt  *string          `json:"processed_at"`
	CreatedBy    *string          `json:"created_by"`
}

type paymentView struct {
	Type               string  `json:"type"`
	Brand              *string `json:"brand"`
	Last4              *string `json:"last4"`
	CardholderName     *string `json:"cardholder_name"`
	PreauthCents       int64   `json:"preauth_cents"`
	ProcessorReference *string `json:"processor_reference"`
}

type customerView struct {
	Email *string `json:"email"`
}

type transactionView struct {
	TransactionID       string           `json:"transaction_id"`
	KioskID             string           `json:"kiosk_id"`
	CampusID            string           `json:"campus_id"`
	Status              string           `json:"status"`
	Revision            int              `json:"revision"`
	PlacedAt            string           `json:"placed_at"`
	FinalizedAt         *string          `json:"finalized_at"`
	ProcessedAt         *string          `json:"processed_at"`
	UpdatedAt           string           `json:"updated_at"`
	Currency            string           `json:"currency"`
	Lines               []lineView       `json:"lines"`
	Discounts           []appliedView    `json:"discounts"`
	SubtotalCents       int64            `json:"subtotal_cents"`
	DiscountCents       int64            `json:"discount_cents"`
	TaxCents            int64            `json:"tax_cents"`
	TotalCents          int64            `json:"total_cents"`
	LocationBilledCents int64            `json:"location_billed_cents"`
	RefundedCents       int64            `json:"refunded_cents"`
	Payment             paymentView      `json:"payment"`
	Customer            *customerView    `json:"customer"`
	Adjustments         []adjustmentView `json:"adjustments"`
}

func (f *Fake) viewTransaction(tx *transaction) transactionView {
	v := transactionView{
		TransactionID: tx.id, KioskID: tx.kiosk.id, CampusID: tx.kiosk.campus.id, Status: tx.status, Revision: tx.revision,
		PlacedAt: stamp(tx.placed), FinalizedAt: optionalStamp(tx.finalized), ProcessedAt: optionalStamp(tx.processed), UpdatedAt: stamp(tx.updated),
		Currency: tx.kiosk.currency, Lines: []lineView{}, Discounts: []appliedView{}, Adjustments: []adjustmentView{},
		SubtotalCents: tx.subtotal, DiscountCents: tx.discount, TaxCents: tx.tax, TotalCents: tx.sum,
		LocationBilledCents: tx.billed, RefundedCents: tx.refunded, Payment: paymentView{Type: "none"},
	}
	if tx.status != restocked {
		v.Payment = paymentView{Type: "credit_card", Brand: new("VISA"), Last4: new("1111"), PreauthCents: 1000, ProcessorReference: optional(tx.reference)}
		if f.has(PersonalData) {
			v.Payment.CardholderName = new("SAMPLE SHOPPER")
			v.Customer = &customerView{new("shopper@example.invalid")}
		}
	}
	for _, l := range tx.lines {
		v.Lines = append(v.Lines, l.view())
	}
	for _, a := range tx.applied {
		av := appliedView{
			DiscountID: a.discount.id, Name: *a.discount.terms.Name, Kind: *a.discount.terms.Kind,
			AmountCents: a.amount, BilledToLocationCents: a.billed, LineIDs: list(a.lines),
		}
		if a.code != nil {
			av.Code = &a.code.code
		}
		v.Discounts = append(v.Discounts, av)
	}
	for _, a := range tx.adjustments {
		v.Adjustments = append(v.Adjustments, a.view())
	}
	return v
}

func (l *line) view() lineView {
	v := lineView{
		LineID: l.id, ExternalID: optional(l.externalID), Name: l.name, Quantity: l.quantity, UnitPriceCents: l.unitPrice,
		GrossCents: l.gross, DiscountCents: l.discount, TaxCents: l.tax, NetCents: l.gross - l.discount, EPCs: []string{}, RefundedQuantity: l.returned,
	}
	for _, t := range l.tags {
		v.EPCs = append(v.EPCs, t.epc)
	}
	if l.product != nil {
		v.ProductID, v.UPC = &l.product.id, optional(l.product.upc)
	}
	if l.lot != nil {
		v.LotID, v.ExpiresOn = &l.lot.id, optional(l.lot.expires)
	}
	return v
}

func (a *adjustment) view() adjustmentView {
	return adjustmentView{
		AdjustmentID: a.id, Type: "refund", AmountCents: a.amount, TaxCents: a.tax, Status: a.status, Reason: optional(a.reason),
		Lines: list(a.lines), CreatedAt: stamp(a.created), ProcessedAt: optionalStamp(a.processed), CreatedBy: optional(a.createdBy),
	}
}

func percentText(ppm int64) string { return pos.Rate(ppm).Percent() }
