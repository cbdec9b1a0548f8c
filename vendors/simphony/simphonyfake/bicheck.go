package simphonyfake

import (
	"encoding/json"
	"strconv"
	"time"

	"github.com/farmacyfoods/pointofsale/pos"
)

// simphonyVersion is the release that the properties run.
const simphonyVersion = "19.10.0.0"

type guestChecks struct {
	CurUTC      *string      `json:"curUTC"`
	LocRef      string       `json:"locRef"`
	GuestChecks []guestCheck `json:"guestChecks"` // null where there is none
}

type guestCheck struct {
	ID            int64        `json:"guestCheckId"`
	GUID          string       `json:"posChkGUID"`
	Num           int64        `json:"chkNum"`
	Name          *string      `json:"chkName"`
	Ref           *string      `json:"chkRef"`
	OpnBusDt      pos.Date     `json:"opnBusDt"`
	OpnUTC        *string      `json:"opnUTC"`
	OpnLcl        *string      `json:"opnLcl"`
	ClsdBusDt     *pos.Date    `json:"clsdBusDt"`
	ClsdUTC       *string      `json:"clsdUTC"`
	ClsdLcl       *string      `json:"clsdLcl"`
	ReopnBusDt    *pos.Date    `json:"reopnClsdChkClsdBusDt"`
	ReopnUTC      *string      `json:"reopnClsdChkClsdUTC"`
	LastTransUTC  *string      `json:"lastTransUTC"`
	LastTransLcl  *string      `json:"lastTransLcl"`
	LastUpdUTC    *string      `json:"lastUpdatedUTC"`
	LastUpdLcl    *string      `json:"lastUpdatedLcl"`
	Closed        bool         `json:"clsdFlag"`
	Cancelled     bool         `json:"cancelFlag"`
	SubTTL        json.Number  `json:"subTtl"`
	DscTTL        *json.Number `json:"dscTtl"`
	ChkTTL        json.Number  `json:"chkTtl"`
	PayTTL        *json.Number `json:"payTtl"`
	BalDueTTL     *json.Number `json:"balDueTtl"`
	SvcChgTTL     *json.Number `json:"svcChgTtl"`
	AutoSvcTTL    *json.Number `json:"autoSvcTtl"`
	TipTotal      *json.Number `json:"tipTotal"`
	TaxCollTTL    *json.Number `json:"taxCollTtl"`
	NonTxblSlsTTL *json.Number `json:"nonTxblSlsTtl"`
	VdTTL         *json.Number `json:"vdTtl"`
	MgrVdTTL      *json.Number `json:"mgrVdTtl"`
	ErrorTTL      *json.Number `json:"errorCorrectTtl"`
	ReturnTTL     *json.Number `json:"returnTtl"`
	RvcNum        int          `json:"rvcNum"`
	OtNum         int          `json:"otNum"`
	OcNum         *int         `json:"ocNum"`
	EmpNum        int          `json:"empNum"`
	TblNum        *int         `json:"tblNum"`
	TblName       *string      `json:"tblName"`
	GstCnt        int          `json:"gstCnt"`
	NumSrvcRd     int          `json:"numSrvcRd"`
	NumChkPrntd   int          `json:"numChkPrntd"`
	XferStatus    *string      `json:"xferStatus"`
	XferToChkNum  *int64       `json:"xferToChkNum"`
	SpltFrmChk    *int64       `json:"spltFrmChk"`
	Taxes         []guestTax   `json:"taxes"`
	DetailLines   []detailLine `json:"detailLines"`
}

type guestTax struct {
	Num        int         `json:"taxNum"`
	TxblSlsTTL json.Number `json:"txblSlsTtl"`
	TaxCollTTL json.Number `json:"taxCollTtl"`
	Rate       json.Number `json:"taxRate"`
	Type       int         `json:"type"`
}

type detailLine struct {
	ID         int64         `json:"guestCheckLineItemId"`
	DtlID      int           `json:"dtlId"`
	ParDtlID   *int          `json:"parDtlId"`
	LineNum    int           `json:"lineNum"`
	BusDt      pos.Date      `json:"busDt"`
	DetailUTC  *string       `json:"detailUTC"`
	DetailLcl  *string       `json:"detailLcl"`
	LastUpdUTC *string       `json:"lastUpdateUTC"`
	LastUpdLcl *string       `json:"lastUpdateLcl"`
	WsNum      int           `json:"wsNum"`
	RvcNum     int           `json:"rvcNum"`
	OtNum      int           `json:"dtlOtNum"`
	OcNum      *int          `json:"dtlOcNum"`
	SvcRndNum  int           `json:"svcRndNum"`
	SeatNum    *int          `json:"seatNum"`
	DspTTL     json.Number   `json:"dspTtl"`
	DspQty     int64         `json:"dspQty"`
	AggTTL     json.Number   `json:"aggTtl"`
	AggQty     int64         `json:"aggQty"`
	ChkEmpNum  int           `json:"chkEmpNum"`
	TransEmp   int           `json:"transEmpNum"`
	RsnCodeNum *int          `json:"rsnCodeNum"`
	RefInfo1   *string       `json:"refInfo1"`
	RefInfo2   *string       `json:"refInfo2"`
	Void       bool          `json:"vdFlag"`
	ErrorCor   bool          `json:"errCorFlag"`
	DoNotShow  bool          `json:"doNotShowFlag"`
	MenuItem   *menuDetail   `json:"menuItem,omitempty"`
	Discount   *dscDetail    `json:"discount,omitempty"`
	Charge     *chargeDetail `json:"serviceCharge,omitempty"`
	Tender     *tenderDetail `json:"tenderMedia,omitempty"`
}

type menuDetail struct {
	Num         int64        `json:"miNum"`
	ModFlag     bool         `json:"modFlag"`
	ModPrefix   *string      `json:"modPrfx"`
	InclTax     *json.Number `json:"inclTax"`
	ActiveTaxes *string      `json:"activeTaxes"`
	PrcLvl      int          `json:"prcLvl"`
	ReturnFlag  bool         `json:"returnFlag"`
}

type dscDetail struct {
	Num         int64        `json:"dscNum"`
	MiNum       *int64       `json:"dscMiNum"`
	InclTax     *json.Number `json:"inclTax"`
	ActiveTaxes *string      `json:"activeTaxes"`
}

type chargeDetail struct {
	Num     int64        `json:"svcChgNum"`
	InclTax *json.Number `json:"inclTax"`
}

type tenderDetail struct {
	Num int64 `json:"tmedNum"`
}

// guestCheck is a check as R&A shows it. With partial lines, those that have
// not changed since an instant are left out.
func (f *Fake) guestCheck(k *check, since time.Time) guestCheck {
	p := k.property()
	c := p.currency
	tax, taxable := k.tax()
	paid, owed := k.paid(), f.total(k)
	closed := f.businessDate(p, k.closed)
	again := f.businessDate(p, k.reopened)
	channel := orderChannel
	g := guestCheck{
		ID: k.id, GUID: k.guid, Num: k.num,
		OpnBusDt: f.businessDate(p, k.opened), OpnUTC: utcText(k.opened), OpnLcl: zoned(k.opened, p.zone),
		ClsdBusDt: optional(closed), ClsdUTC: utcText(k.closed), ClsdLcl: zoned(k.closed, p.zone),
		ReopnBusDt: optional(again), ReopnUTC: utcText(k.reopened),
		LastTransUTC: utcText(k.touched), LastTransLcl: zoned(k.touched, p.zone),
		LastUpdUTC: utcText(k.updated), LastUpdLcl: zoned(k.updated, p.zone),
		Closed: !k.closed.IsZero(), Cancelled: k.voided,
		SubTTL: decimal(k.subtotal(), c), DscTTL: optionalDecimal(k.discounts(), c), ChkTTL: decimal(owed, c),
		PayTTL: optionalDecimal(paid, c), BalDueTTL: optionalDecimal(owed-paid, c), TipTotal: optionalDecimal(k.tip(), c),
		TaxCollTTL: optionalDecimal(tax, c), NonTxblSlsTTL: optionalDecimal(k.subtotal()-taxable, c),
		VdTTL: optionalDecimal(-voidedTotal(k), c), ReturnTTL: optionalDecimal(k.returns(), c),
		RvcNum: k.rvc.num, OtNum: orderType, OcNum: &channel, EmpNum: f.cfg.Employee, GstCnt: 1, NumSrvcRd: 1,
		Taxes: []guestTax{}, DetailLines: []detailLine{},
	}
	if tax != 0 || taxable != 0 {
		g.Taxes = append(g.Taxes, guestTax{salesTax, decimal(taxable, c), decimal(tax, c), decimal(f.cfg.TaxBasisPoints, "USD"), f.taxType()})
	}
	for i, l := range k.lines {
		if f.cfg.PartialLines && !since.IsZero() && !l.updated.Truncate(time.Second).After(since) {
			continue
		}
		g.DetailLines = append(g.DetailLines, f.detailLine(k, l, i+1))
	}
	return g
}

func voidedTotal(k *check) (sum int64) {
	for _, l := range k.lines {
		if l.voided && l.kind == itemLine {
			sum += l.total
		}
	}
	return sum
}

func (f *Fake) detailLine(k *check, l *line, number int) detailLine {
	p := k.property()
	channel := orderChannel
	d := detailLine{
		ID: l.id, DtlID: number, LineNum: number, BusDt: f.businessDate(p, l.at), DetailUTC: utcText(l.at), DetailLcl: zoned(l.at, p.zone),
		LastUpdUTC: utcText(l.updated), LastUpdLcl: zoned(l.updated, p.zone), WsNum: workstation, RvcNum: k.rvc.num, OtNum: orderType, OcNum: &channel,
		SvcRndNum: 1, DspTTL: decimal(l.total, p.currency), DspQty: l.quantity, AggTTL: decimal(l.total, p.currency), AggQty: l.quantity,
		ChkEmpNum: f.cfg.Employee, TransEmp: f.cfg.Employee, RefInfo1: optional(l.ref), Void: l.voided,
	}
	switch l.kind {
	case itemLine:
		d.MenuItem = &menuDetail{Num: l.num, PrcLvl: 1, ReturnFlag: l.returned}
		if l.taxed {
			d.MenuItem.ActiveTaxes = optional(strconv.Itoa(salesTax))
		}
		if f.cfg.TaxIncluded {
			d.MenuItem.InclTax = optionalDecimal(l.tax, p.currency)
		}
	case discountLine:
		d.Discount = &dscDetail{Num: l.num}
	case chargeLine:
		d.Charge = &chargeDetail{Num: l.num}
	case tenderLine:
		d.Tender = &tenderDetail{Num: l.num}
	}
	return d
}
