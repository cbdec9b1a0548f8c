package simphony

import (
	"encoding/json"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// The documentation of the interfaces:
//
//	STS2  https://docs.oracle.com/en/industries/food-beverage/simphony/omsstsg2api/
//	CCAPI https://docs.oracle.com/en/industries/food-beverage/simphony/ccapi/
//	BI    https://docs.oracle.com/en/industries/food-beverage/back-office/20.1/biapi/
//	TS1   Transaction Services API Reference Guide, F75947-02

// signInAnswer ends the second step of a sign-in.
//
//	op: GET /oidc-provider/v1/oauth2/authorize https://docs.oracle.com/en/industries/food-beverage/simphony/omsstsg2api/authenticate.html
//	op: POST /oidc-provider/v1/oauth2/signin https://docs.oracle.com/en/industries/food-beverage/simphony/omsstsg2api/authenticate.html
type signInAnswer struct {
	RedirectURL string `json:"redirectUrl"`
}

// tokenAnswer holds tokens.
//
//	op: POST /oidc-provider/v1/oauth2/token https://docs.oracle.com/en/industries/food-beverage/simphony/omsstsg2api/authenticate.html
type tokenAnswer struct {
	AccessToken  string   `json:"access_token"`
	IDToken      string   `json:"id_token"`
	RefreshToken string   `json:"refresh_token"`
	ExpiresIn    looseInt `json:"expires_in"`
}

// text is a JSON scalar as text: numbers keep their digits, null is "".
type text string

// UnmarshalJSON accepts any scalar.
func (t *text) UnmarshalJSON(data []byte) error {
	switch s := string(data); {
	case s == "null":
		*t = ""
	case strings.HasPrefix(s, `"`):
		var v string
		if err := json.Unmarshal(data, &v); err != nil {
			return err
		}
		*t = text(v)
	default:
		*t = text(s)
	}
	return nil
}

// biRequest is the body of all BI calls.
//
//	op: POST /bi/v1/{org}/getGuestChecks https://docs.oracle.com/en/industries/food-beverage/back-office/20.1/biapi/op-bi-v1-orgidentifier-getguestchecks-post.html
//	op: POST /bi/v1/{org}/getControlDailyTotals https://docs.oracle.com/en/industries/food-beverage/back-office/20.1/biapi/op-bi-v1-orgidentifier-getcontroldailytotals-post.html
//	op: POST /bi/v1/{org}/getLocationDimensions https://docs.oracle.com/en/industries/food-beverage/back-office/20.1/biapi/getlocationdimensions.html
//	op: POST /bi/v1/{org}/getMenuItemDimensions https://docs.oracle.com/en/industries/food-beverage/back-office/20.1/biapi/reconcile_guest_check.html
//	op: POST /bi/v1/{org}/getTenderMediaDimensions https://docs.oracle.com/en/industries/food-beverage/back-office/20.1/biapi/reconcile_guest_check.html
//	op: POST /bi/v1/{org}/getServiceChargeDimensions https://docs.oracle.com/en/industries/food-beverage/back-office/20.1/biapi/reconcile_guest_check.html
//	op: POST /bi/v1/{org}/getDiscountDimensions https://docs.oracle.com/en/industries/food-beverage/back-office/20.1/biapi/reconcile_guest_check.html
//	op: POST /bi/v1/{org}/getTaxDimensions https://docs.oracle.com/en/industries/food-beverage/back-office/20.1/biapi/reconcile_guest_check.html
type biRequest struct {
	LocRef          string `json:"locRef,omitempty"`
	BusDt           string `json:"busDt,omitempty"`
	ClsdBusDt       string `json:"clsdBusDt,omitempty"`
	ChangedSinceUTC string `json:"changedSinceUTC,omitempty"`
	RvcNum          int    `json:"rvcNum,omitempty"`
	ApplicationName string `json:"applicationName"`
}

// biEnd is what BI answers beside its rows, or in their place.
type biEnd struct {
	problemWire
	CurUTC     string `json:"curUTC"`
	UpdatedUTC string `json:"lastUpdatedUTC"` // of control totals
}

// controlTotals are those of a revenue center.
type controlTotals struct {
	Rvc         int   `json:"rvcNum"`
	ClosedCount int64 `json:"numClsdChks"`
	ClosedTotal text  `json:"clsdChkTtl"`
}

// guestCheck is a check in Reporting & Analytics. Amounts are decimals in major
// units; times have no zone, by their names they are UTC or local.
type guestCheck struct {
	ID          text         `json:"guestCheckId"`
	Number      text         `json:"chkNum"`
	OpenBusDt   string       `json:"opnBusDt"`
	OpenUTC     string       `json:"opnUTC"`
	CloseBusDt  string       `json:"clsdBusDt"`
	CloseUTC    string       `json:"clsdUTC"`
	UpdatedUTC  string       `json:"lastUpdatedUTC"`
	TransUTC    string       `json:"lastTransUTC"`
	Closed      bool         `json:"clsdFlag"`
	Cancelled   bool         `json:"cancelFlag"`
	Total       text         `json:"chkTtl"`
	TipTotal    text         `json:"tipTotal"`
	Rvc         int          `json:"rvcNum"`
	TransferTo  text         `json:"xferToChkNum"`
	Taxes       []checkTax   `json:"taxes"`
	DetailLines []detailLine `json:"detailLines"`
}

type checkTax struct {
	Num       text `json:"taxNum"`
	Collected text `json:"taxCollTtl"`
	Rate      text `json:"taxRate"`
	Type      text `json:"type"`
}

type detailLine struct {
	LineID    text      `json:"guestCheckLineItemId"`
	ID        text      `json:"dtlId"`
	Parent    text      `json:"parDtlId"`
	Ws        text      `json:"wsNum"`
	Total     text      `json:"dspTtl"`
	Quantity  text      `json:"dspQty"`
	Ref       string    `json:"refInfo1"`
	RefLong   string    `json:"referenceInfo"`
	Void      bool      `json:"vdFlag"`
	Corrected bool      `json:"errCorFlag"`
	MenuItem  *lineItem `json:"menuItem"`
	Discount  *struct {
		Num text `json:"dscNum"`
	} `json:"discount"`
	Charge *struct {
		Num text `json:"svcChgNum"`
	} `json:"serviceCharge"`
	Tender *struct {
		Num text `json:"tmedNum"`
	} `json:"tenderMedia"`
}

type lineItem struct {
	Num      text `json:"miNum"`
	Modifier bool `json:"modFlag"`
	Return   bool `json:"returnFlag"`
}

// dimension is a row of one of BI's dimensions.
type dimension struct {
	Num       text   `json:"num"`
	Name      string `json:"name"`
	Type      text   `json:"type"`
	TipCharge bool   `json:"chrgTipsFlag"`
}

// biLocation is a property in Reporting & Analytics.
type biLocation struct {
	LocRef   string `json:"locRef"`
	Name     string `json:"name"`
	Active   *bool  `json:"active"`
	TimeZone string `json:"tz"`
	Currency string `json:"curr"`
}

// stsLocation is a property in STS2. The documentation leaves open how the
// zone is nested.
//
//	op: GET /api/v1/organizations/{org}/locations https://docs.oracle.com/en/industries/food-beverage/simphony/omsstsg2api/
type stsLocation struct {
	LocRef   string         `json:"locRef"`
	Name     string         `json:"name"`
	Currency string         `json:"currency"`
	Zone     jsontext.Value `json:"timezone"`
	ZoneToo  jsontext.Value `json:"timeZone"`
}

// stsCenter is a revenue center in STS2.
//
//	op: GET /api/v1/organizations/{org}/locations/{locRef}/revenueCenters https://docs.oracle.com/en/industries/food-beverage/simphony/omsstsg2api/
//	op: HEAD /api/v1/checks/connectionStatus https://docs.oracle.com/en/industries/food-beverage/simphony/omsstsg2api/api-checks-api.html
type stsCenter struct {
	RvcRef looseInt `json:"rvcRef"`
}

// stsPage is a list in STS2, under the names that occur.
type stsPage[T any] struct {
	Items          []T `json:"items"`
	Location       []T `json:"location"`
	Locations      []T `json:"locations"`
	RevenueCenter  []T `json:"revenueCenter"`
	RevenueCenters []T `json:"revenueCenters"`
}

func (p *stsPage[T]) all() []T {
	for _, list := range [][]T{p.Items, p.Location, p.Locations, p.RevenueCenter, p.RevenueCenters} {
		if len(list) > 0 {
			return list
		}
	}
	return nil
}

// unavailableItem is an item that a revenue center has run out of. The names
// of its members are not documented.
//
//	op: GET /api/v1/menus/items/unavailable https://docs.oracle.com/en/industries/food-beverage/simphony/omsstsg2api/op-api-v1-menus-items-unavailable-get.html
type unavailableItem struct {
	MenuItemID text `json:"menuItemId"`
}

// subscriber and subscription set up notifications.
//
//	op: PUT /api/v1/notifications/registration https://docs.oracle.com/en/industries/food-beverage/simphony/omsstsg2api/api-notifications-api.html
//	op: POST /api/v1/notifications/subscriptions https://docs.oracle.com/en/industries/food-beverage/simphony/omsstsg2api/api-notifications-api.html
//	op: GET /api/v1/notifications/subscriptions https://docs.oracle.com/en/industries/food-beverage/simphony/omsstsg2api/api-notifications-api.html
type subscriber struct {
	KeyID   string `json:"keyId"`
	HMACKey string `json:"hmacKey"`
	KeyType string `json:"keyType"`
}

type subscription struct {
	CallbackURI string      `json:"callbackUri"`
	MessageType messageType `json:"messageType"`
	PostOffice  postOffice  `json:"postOfficeOptions"`
	Org         string      `json:"orgShortName"`
	LocRef      string      `json:"locRef,omitempty"`
}

// subscriptions come as an array, bare or under "items".
type subscriptions []subscription

// UnmarshalJSON accepts both.
func (s *subscriptions) UnmarshalJSON(data []byte) error {
	var list []subscription
	if strings.HasPrefix(strings.TrimSpace(string(data)), "[") {
		if err := json.Unmarshal(data, &list); err != nil {
			return err
		}
		*s = list
		return nil
	}
	var page stsPage[subscription]
	if err := json.Unmarshal(data, &page); err != nil {
		return err
	}
	*s = page.all()
	return nil
}

type messageType struct {
	ID string `json:"id"`
}

type postOffice struct {
	Type string `json:"PostOfficeType"`
}

// notification is the body of a callback.
type notification struct {
	Messages []message `json:"messages"`
}

type message struct {
	ID       string      `json:"id"`
	Created  string      `json:"creationDate"`
	Type     messageType `json:"messageType"`
	Resource struct {
		Org      string `json:"orgShortName"`
		LocRef   string `json:"locRef"`
		RvcRef   text   `json:"rvcRef"`
		CheckRef string `json:"checkRef"`
	} `json:"resource"`
	Data struct {
		Status string `json:"status"`
		At     string `json:"timeStampUtc"`
	} `json:"data"`
}

// Paths below CCAPI's base. All calls are POST.
//
//	op: POST /config/sim/v2/hierarchy/getLocations https://docs.oracle.com/en/industries/food-beverage/simphony/ccapi/
//	op: POST /config/sim/v2/menuItems/getMenuItemMasters https://docs.oracle.com/en/industries/food-beverage/simphony/ccapi/
//	op: POST /config/sim/v2/menuItems/getMenuItemDefinitions https://docs.oracle.com/en/industries/food-beverage/simphony/ccapi/
//	op: POST /config/sim/v2/menuItems/getMenuItemPrices https://docs.oracle.com/en/industries/food-beverage/simphony/ccapi/
//	op: POST /config/sim/v2/menuItems/menuItemMasters https://docs.oracle.com/en/industries/food-beverage/simphony/ccapi/
//	op: POST /config/sim/v2/menuItems/menuItemDefinitions https://docs.oracle.com/en/industries/food-beverage/simphony/ccapi/
//	op: POST /config/sim/v2/menuItems/upsertMenuItemPrices https://docs.oracle.com/en/industries/food-beverage/simphony/ccapi/
//	op: POST /config/sim/v2/menuItems/updateMenuItemMasters https://docs.oracle.com/en/industries/food-beverage/simphony/ccapi/
//	op: POST /config/sim/v2/menuItems/updateMenuItemDefinitions https://docs.oracle.com/en/industries/food-beverage/simphony/ccapi/
//	op: POST /config/sim/v2/menuItems/bulkInsertMenuItemMasters https://docs.oracle.com/en/industries/food-beverage/simphony/ccapi/
//	op: POST /config/sim/v2/menuItems/bulkUpdateMenuItemMasters https://docs.oracle.com/en/industries/food-beverage/simphony/ccapi/
//	op: POST /config/sim/v2/menuItems/bulkInsertMenuItemDefinitions https://docs.oracle.com/en/industries/food-beverage/simphony/ccapi/
//	op: POST /config/sim/v2/menuItems/bulkUpdateMenuItemDefinitions https://docs.oracle.com/en/industries/food-beverage/simphony/ccapi/
//	op: POST /config/sim/v2/menuItems/bulkInsertMenuItemPrices https://docs.oracle.com/en/industries/food-beverage/simphony/ccapi/
//	op: POST /config/sim/v2/menuItems/bulkUpdateMenuItemPrices https://docs.oracle.com/en/industries/food-beverage/simphony/ccapi/
//	op: POST /config/sim/v2/sales/getDiscounts https://docs.oracle.com/en/industries/food-beverage/simphony/ccapi/
//	op: POST /config/sim/v2/sales/upsertDiscounts https://docs.oracle.com/en/industries/food-beverage/simphony/ccapi/
//	op: POST /config/sim/v2/setup/getEffectivityGroups https://docs.oracle.com/en/industries/food-beverage/simphony/ccapi/
//	op: POST /config/sim/v2/setup/effectivityGroups https://docs.oracle.com/en/industries/food-beverage/simphony/ccapi/
//	op: POST /config/sim/v2/setup/updateEffectivityGroups https://docs.oracle.com/en/industries/food-beverage/simphony/ccapi/
//	op: POST /config/sim/v2/setup/effectivityGroups/getEnableEffectivityGroups https://docs.oracle.com/en/industries/food-beverage/simphony/ccapi/
//	op: POST /config/sim/v2/setup/effectivityGroups/enableEffectivityGroups https://docs.oracle.com/en/industries/food-beverage/simphony/ccapi/
//	op: POST /config/sim/v2/setup/effectivityGroups/updateEnableEffectivityGroups https://docs.oracle.com/en/industries/food-beverage/simphony/ccapi/
//	op: POST /config/sim/v2/bulkStatusRequest https://docs.oracle.com/en/industries/food-beverage/simphony/ccapi/
const (
	pathLocations   = "/hierarchy/getLocations"
	pathMasters     = "/menuItems/getMenuItemMasters"
	pathDefinitions = "/menuItems/getMenuItemDefinitions"
	pathPrices      = "/menuItems/getMenuItemPrices"
	pathDiscounts   = "/sales/getDiscounts"
	pathGroups      = "/setup/getEffectivityGroups"
	pathSwitches    = "/setup/effectivityGroups/getEnableEffectivityGroups"

	pathAddMaster      = "/menuItems/menuItemMasters"
	pathAddDefinition  = "/menuItems/menuItemDefinitions"
	pathSetMaster      = "/menuItems/updateMenuItemMasters"
	pathSetDefinition  = "/menuItems/updateMenuItemDefinitions"
	pathPutPrice       = "/menuItems/upsertMenuItemPrices"
	pathPutDiscount    = "/sales/upsertDiscounts"
	pathAddGroup       = "/setup/effectivityGroups"
	pathSetGroup       = "/setup/updateEffectivityGroups"
	pathAddSwitch      = "/setup/effectivityGroups/enableEffectivityGroups"
	pathSetSwitch      = "/setup/effectivityGroups/updateEnableEffectivityGroups"
	pathBulkMasters    = "/menuItems/bulkInsertMenuItemMasters"
	pathBulkSetMasters = "/menuItems/bulkUpdateMenuItemMasters"
	pathBulkDefs       = "/menuItems/bulkInsertMenuItemDefinitions"
	pathBulkSetDefs    = "/menuItems/bulkUpdateMenuItemDefinitions"
	pathBulkPrices     = "/menuItems/bulkInsertMenuItemPrices"
	pathBulkSetPrices  = "/menuItems/bulkUpdateMenuItemPrices"
	// pathBulkStatus is unconfirmed: the documentation names the endpoint
	// bulkStatusRequest without its path.
	pathBulkStatus = "/bulkStatusRequest"
)

// readRequest is the body of CCAPI's reads.
type readRequest struct {
	Include    string `json:"include,omitempty"`
	IncludeAll string `json:"includeAll,omitempty"`
	Criteria   string `json:"searchCriteria,omitempty"`
	Limit      int    `json:"limit"`
	Offset     int    `json:"offset"`
}

// readAnswer is a page of records.
type readAnswer struct {
	Count   looseInt `json:"count"`
	HasMore bool     `json:"hasMore"`
	Items   []record `json:"items"`
}
