package square

import (
	"bytes"

	"github.com/go-json-experiment/json"

	"github.com/farmacyfoods/pointofsale/pos"
)

// The structs in this file and in the other wire files hold the members of
// Square's API that this package uses. Enums stay strings, because Square adds
// values in every release. Amounts are int64 in the smallest unit, so that
// [pos.Money] is decoded as it comes; the zero Money means that the member was
// absent.

// location is a Location.
//
//	op: GET /v2/locations https://developer.squareup.com/reference/square/locations-api/list-locations
type location struct {
	ID            string        `json:"id"`
	Name          string        `json:"name"`
	Status        string        `json:"status"`
	Type          string        `json:"type"`
	Timezone      string        `json:"timezone"`
	Currency      pos.Currency  `json:"currency"`
	MerchantID    string        `json:"merchant_id"`
	BusinessHours businessHours `json:"business_hours"`
}

type businessHours struct {
	Periods []businessPeriod `json:"periods"`
}

type businessPeriod struct {
	Day   string `json:"day_of_week"`
	Start string `json:"start_local_time"`
	End   string `json:"end_local_time"`
}

type locationsAnswer struct {
	Locations []location `json:"locations"`
	Errors    []Detail   `json:"errors"`
}

// device is a Device in Terminal API mode.
//
//	op: GET /v2/devices https://developer.squareup.com/reference/square/devices-api/list-devices
type device struct {
	ID         string            `json:"id"`
	Attributes deviceAttributes  `json:"attributes"`
	Components []deviceComponent `json:"components"`
	Status     deviceStatus      `json:"status"`
}

type deviceAttributes struct {
	Name      string  `json:"name"`
	UpdatedAt instant `json:"updated_at"`
}

type deviceComponent struct {
	Type        string             `json:"type"`
	Application applicationDetails `json:"application_details"`
	Battery     batteryDetails     `json:"battery_details"`
}

type applicationDetails struct {
	SessionLocation string `json:"session_location"`
}

type batteryDetails struct {
	Percent int    `json:"visible_percent"`
	Power   string `json:"external_power"`
}

// deviceStatus is an object in answers and a bare string in some callbacks.
type deviceStatus struct {
	Category string `json:"category"`
}

// UnmarshalJSON accepts both forms.
func (s *deviceStatus) UnmarshalJSON(data []byte) error {
	if bytes.HasPrefix(data, []byte(`"`)) {
		return json.Unmarshal(data, &s.Category)
	}
	type plain deviceStatus
	return json.Unmarshal(data, (*plain)(s))
}

// countsRequest asks for stock counts.
//
//	op: POST /v2/inventory/counts/batch-retrieve https://developer.squareup.com/reference/square/inventory-api/batch-retrieve-inventory-counts
type countsRequest struct {
	LocationIDs  []string `json:"location_ids,omitempty"`
	States       []string `json:"states"`
	UpdatedAfter string   `json:"updated_after,omitempty"`
	Cursor       string   `json:"cursor,omitempty"`
	Limit        int      `json:"limit"`
}

type inventoryCount struct {
	ObjectID     string  `json:"catalog_object_id"`
	State        string  `json:"state"`
	LocationID   string  `json:"location_id"`
	Quantity     string  `json:"quantity"`
	CalculatedAt instant `json:"calculated_at"`
}

// pageEnd is what a paged answer holds beside its rows.
type pageEnd struct {
	Cursor     string   `json:"cursor"`
	LatestTime instant  `json:"latest_time"`
	Errors     []Detail `json:"errors"`
}
