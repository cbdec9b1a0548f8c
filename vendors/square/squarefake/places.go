package squarefake

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/farmacyfoods/pointofsale/pos/posfake"
	"github.com/farmacyfoods/pointofsale/vendors/kit/fakekit"
)

// place is a location of the seller with its terminal and drawer.
type place struct {
	id, name, timezone, currency string
	zone                         *time.Location
	active, online               bool
	tax                          int64 // basis points
	created                      time.Time
	cut                          time.Time // when the power went
}

type locationReply struct {
	ID           string   `json:"id"`
	Name         string   `json:"name"`
	Timezone     string   `json:"timezone"`
	Capabilities []string `json:"capabilities"`
	Status       string   `json:"status"`
	Type         string   `json:"type"`
	CreatedAt    string   `json:"created_at"`
	MerchantID   string   `json:"merchant_id"`
	Country      string   `json:"country"`
	LanguageCode string   `json:"language_code"`
	Currency     string   `json:"currency"`
	BusinessName string   `json:"business_name"`
	Hours        hours    `json:"business_hours"`
}

type hours struct {
	Periods []hoursPeriod `json:"periods"`
}

type hoursPeriod struct {
	Day   string `json:"day_of_week"`
	Start string `json:"start_local_time"`
	End   string `json:"end_local_time"`
}

// AddLocation opens another location. Its id has 1 to 32 characters.
func (f *Fake) AddLocation(seed posfake.LocationSeed) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if seed.ID == "" || len(seed.ID) > 32 || f.placeByID[seed.ID] != nil {
		return fmt.Errorf("squarefake: location id %q is empty, too long or taken", seed.ID)
	}
	if _, err := time.LoadLocation(seed.TimeZone); err != nil {
		return fmt.Errorf("squarefake: location %s: %w", seed.ID, err)
	}
	f.addPlace(seed)
	f.notify(event{kind: "location.created", object: "location", id: seed.ID, location: seed.ID})
	return nil
}

func (f *Fake) addPlace(seed posfake.LocationSeed) {
	p := &place{
		id: seed.ID, name: cmp.Or(seed.Name, seed.ID), timezone: cmp.Or(seed.TimeZone, "America/New_York"),
		currency: cmp.Or(seed.Currency, "USD"), active: true, online: true, tax: max(f.cfg.TaxBasisPoints, 0), created: f.moment(),
	}
	zone, err := time.LoadLocation(p.timezone)
	if err != nil { // a bad Config.Places; AddLocation checks
		zone, p.timezone = time.UTC, "UTC"
	}
	p.zone = zone
	f.places = append(f.places, p)
	f.placeByID[p.id] = p
}

// RemoveLocation closes a location: Square keeps it as INACTIVE.
func (f *Fake) RemoveLocation(id string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	p := f.placeByID[id]
	if p == nil || !p.active {
		return fmt.Errorf("%w: %q", errNoLocation, id)
	}
	p.active, p.online, p.cut = false, false, f.moment()
	f.notify(event{kind: "location.updated", object: "location", id: id, location: id})
	return nil
}

// SetOnline cuts or restores the power of a location's terminal.
func (f *Fake) SetOnline(location string, online bool) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	p := f.placeByID[location]
	if p == nil {
		return fmt.Errorf("%w: %q", errNoLocation, location)
	}
	if p.online && !online {
		p.cut = f.moment()
	}
	p.online = online
	return nil
}

// SetTax sets the sales tax of a location in 1/100 %.
func (f *Fake) SetTax(location string, basisPoints int64) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	p := f.placeByID[location]
	if p == nil || basisPoints < 0 {
		return fmt.Errorf("%w: %q, tax %d", errNoLocation, location, basisPoints)
	}
	p.tax = basisPoints
	return nil
}

func (f *Fake) showPlace(p *place) locationReply {
	r := locationReply{
		ID: p.id, Name: p.name, Timezone: p.timezone, Capabilities: []string{"CREDIT_CARD_PROCESSING", "AUTOMATIC_TRANSFERS"},
		Status: "ACTIVE", Type: "PHYSICAL", CreatedAt: stampOf(p.created), MerchantID: f.cfg.MerchantID, Country: "US",
		LanguageCode: "en-US", Currency: p.currency, BusinessName: "Sample Market",
	}
	if !p.active {
		r.Status = "INACTIVE"
	}
	for _, d := range []string{"MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN"} {
		r.Hours.Periods = append(r.Hours.Periods, hoursPeriod{d, "07:00:00", "22:00:00"})
	}
	return r
}

func (f *Fake) listLocations(c *call) (any, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	out := make([]locationReply, len(f.places))
	for i, p := range f.places {
		out[i] = f.showPlace(p)
	}
	slices.SortStableFunc(out, func(a, b locationReply) int { return cmp.Compare(a.Name, b.Name) })
	return map[string]any{"locations": twice(c, out)}, nil
}

func (f *Fake) retrieveLocation(c *call) (any, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	id := c.PathValue("id")
	if id == "main" {
		id = f.places[0].id
	}
	p := f.placeByID[id]
	if p == nil {
		return nil, notFound("Location", id)
	}
	return map[string]any{"location": f.showPlace(p)}, nil
}

// showDevice is the terminal of a location. The vendor refreshes it from time
// to time: here every full minute while it has power.
func (f *Fake) showDevice(p *place) map[string]any {
	seen, category := f.Now().Truncate(time.Minute), "AVAILABLE"
	if !p.online {
		seen, category = p.cut, "OFFLINE"
	}
	if seen.Before(p.created) {
		seen = p.created
	}
	var status any = map[string]any{"category": category}
	if f.cfg.BareDeviceStatus {
		status = category
	}
	return map[string]any{
		"id": deviceID(p.id),
		"attributes": map[string]any{
			"type": "TERMINAL", "manufacturer": "Square", "model": "T2", "name": p.name + " terminal",
			"manufacturers_id": strings.TrimPrefix(deviceID(p.id), "device:"), "updated_at": seen.Format(time.RFC3339Nano),
			"version": "5.41.0085", "merchant_token": f.cfg.MerchantID,
		},
		"components": []any{
			map[string]any{"type": "APPLICATION", "application_details": map[string]any{
				"application_type": "TERMINAL_API", "version": "6.25", "session_location": p.id,
			}},
			map[string]any{"type": "BATTERY", "battery_details": map[string]any{"visible_percent": 94, "external_power": "AVAILABLE_CHARGING"}},
			map[string]any{"type": "WIFI", "wifi_details": map[string]any{
				"active": p.online, "ssid": "store", "ip_address_v4": "192.0.2.10", "signal_strength": map[string]any{"value": 3},
			}},
		},
		"status": status,
	}
}

func (f *Fake) listDevices(c *call) (any, error) {
	q := c.URL.Query()
	f.mu.Lock()
	defer f.mu.Unlock()
	rows := []map[string]any{}
	for _, p := range f.places {
		if !f.cfg.NoTerminals && p.active && (q.Get("location_id") == "" || q.Get("location_id") == p.id) {
			rows = append(rows, f.showDevice(p))
		}
	}
	limit := atoi(q.Get("limit"))
	if limit <= 0 || limit > 100 {
		limit = 100
	}
	rows, next, err := page(f, c, rows, queryOf(c.Request), q.Get("cursor"), limit)
	if err != nil {
		return nil, err
	}
	reply := map[string]any{"devices": rows}
	if next != "" {
		reply["cursor"] = next
	}
	return reply, nil
}

// terminalAt finds the location of a device, whose id may lack its prefix.
func (f *Fake) terminalAt(id string) *place {
	for _, p := range f.places {
		if !f.cfg.NoTerminals && p.active && strings.TrimPrefix(id, "device:") == strings.TrimPrefix(deviceID(p.id), "device:") {
			return p
		}
	}
	return nil
}

func (f *Fake) getDevice(c *call) (any, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	p := f.terminalAt(c.PathValue("id"))
	if p == nil {
		return nil, notFound("Device", c.PathValue("id"))
	}
	return map[string]any{"device": f.showDevice(p)}, nil
}

// pingTime is how long a terminal takes to answer, from one state to the next.
const pingTime = time.Second

type terminalAction struct {
	id, device string
	place      *place
	created    time.Time
	deadline   time.Duration
	online     bool // when it was asked
}

func (f *Fake) createAction(c *call) (any, error) {
	var in struct {
		Key    string `json:"idempotency_key"`
		Action *struct {
			Type     string `json:"type"`
			Device   string `json:"device_id"`
			Deadline string `json:"deadline_duration"`
		} `json:"action"`
	}
	if err := decode(c.Request, &in); err != nil {
		return nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if in.Action == nil {
		return nil, missing("action")
	}
	if in.Action.Type != "PING" {
		return nil, invalid("INVALID_ENUM_VALUE", "action.type", "The fake knows PING only, not `%s`.", in.Action.Type)
	}
	deadline := 5 * time.Minute
	if in.Action.Deadline != "" {
		d, err := parseDuration(in.Action.Deadline)
		if err != nil || d < 10*time.Second || d > 5*time.Minute {
			return nil, invalid("INVALID_VALUE", "action.deadline_duration", "The deadline must be between PT10S and PT5M.")
		}
		deadline = d
	}
	p := f.terminalAt(in.Action.Device)
	if p == nil {
		return nil, invalid("NOT_FOUND", "action.device_id", "Could not find device matching device_id.")
	}
	return f.once(c, in.Key, 64, func() (any, bool, error) {
		a := &terminalAction{"termapia:" + f.id(fakekit.Alphanum, 16), in.Action.Device, p, f.moment(), deadline, p.online}
		f.actions[a.id] = a
		return map[string]any{"action": f.showAction(a)}, true, nil
	})
}

// showAction plays the states of an action by the time that has passed.
func (f *Fake) showAction(a *terminalAction) map[string]any {
	age := f.Now().Sub(a.created)
	out := map[string]any{
		"id": a.id, "device_id": a.device, "type": "PING", "created_at": stampOf(a.created), "updated_at": stampOf(a.created),
		"deadline_duration": fmt.Sprintf("PT%dS", int(a.deadline.Seconds())), "app_id": f.cfg.ApplicationID,
	}
	step := func(status string, after time.Duration) {
		out["status"], out["updated_at"] = status, stampOf(a.created.Add(after))
	}
	step("PENDING", 0)
	switch {
	case !a.online && age >= a.deadline:
		step("CANCELED", a.deadline)
		out["cancel_reason"] = "TIMED_OUT"
	case a.online && age >= 2*pingTime:
		step("COMPLETED", 2*pingTime)
		out["device_metadata"] = map[string]any{
			"battery_percentage": "94", "charging_state": "CHARGING", "location_id": a.place.id, "merchant_id": f.cfg.MerchantID,
			"network_connection_type": "WIFI", "serial_number": strings.TrimPrefix(deviceID(a.place.id), "device:"),
			"os_version": "5.41.0085", "app_version": "6.25", "wifi_network_name": "store", "wifi_network_strength": "GOOD",
			"ip_address": "192.0.2.10", "payment_region": "US",
		}
	case a.online && age >= pingTime:
		step("IN_PROGRESS", pingTime)
	}
	return out
}

func (f *Fake) getAction(c *call) (any, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	a := f.actions[c.PathValue("id")]
	if a == nil {
		return nil, notFound("Terminal action", c.PathValue("id"))
	}
	return map[string]any{"action": f.showAction(a)}, nil
}

// listShifts shows one open shift while the location has power.
func (f *Fake) listShifts(c *call) (any, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	p := f.placeByID[c.URL.Query().Get("location_id")]
	if p == nil {
		return nil, missing("location_id")
	}
	shift := map[string]any{
		"id": "shift-" + p.id, "state": "OPEN", "opened_at": stampOf(p.created), "created_at": stampOf(p.created),
		"updated_at": stampOf(p.created), "location_id": p.id,
	}
	if !p.online {
		shift["state"], shift["ended_at"], shift["updated_at"] = "ENDED", stampOf(p.cut), stampOf(p.cut)
	}
	return map[string]any{"cash_drawer_shifts": []any{shift}}, nil
}
