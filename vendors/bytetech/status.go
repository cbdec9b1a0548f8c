package bytetech

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"slices"
	"strconv"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/vendors/kit"
)

// Health of a kiosk and what may hide behind it; also codes of issues.
const (
	healthOnline     = "online"
	healthOffline    = "offline"
	healthRFID       = "rfid_error"
	healthTooWarm    = "too_warm"
	healthArchived   = "archived"
	healthMultiple   = "multiple_issues"
	healthOutOfOrder = "out_of_order"
	healthUnknown    = "unknown"
)

// Further codes of issues.
const (
	issueStarting = "starting"     // RFID errors are normal for some minutes
	issueAntenna  = "antenna_weak" // one antenna reads far fewer tags than the others
	issueWarm     = "above_limit"  // too warm, but not yet for long
)

// Modes and door states.
const (
	modeSale       = "sale"
	modeRestock    = "restock"
	modeOutOfOrder = "out_of_order"
	doorOpen       = "open"
	doorClosed     = "closed"
)

// Status implements [pos.Provider]: one read of the fleet, 200 kiosks for each
// page, or one call if a single kiosk is asked.
//
// The health that the vendor reports is not believed by itself: a kiosk whose
// last heartbeat is older than constants.offline_after_seconds is not online
// whatever else is said.
func (p *Provider) Status(ctx context.Context, q pos.StatusQuery) (pos.StatusPage, error) {
	if p.client == nil {
		return pos.StatusPage{}, p.noREST("Status")
	}
	if len(q.Locations) == 1 && q.After == "" {
		return p.oneStatus(ctx, q)
	}
	var at pageState
	if err := p.resume("status", q.After, &at); err != nil {
		return pos.StatusPage{}, err
	}
	page, err := p.pageOrRest(ctx, p.kioskList(q.Limit, true), at.Token)
	if err != nil {
		return pos.StatusPage{}, err
	}
	var out pos.StatusPage
	var o object
	err = p.each(opListKiosks, page, p.profile.shapes.kiosk, func(k *object) error {
		id := k.text(p.profile.Fields.Kiosk.ID)
		if len(q.Locations) > 0 && !slices.Contains(q.Locations, id) {
			return nil
		}
		s, err := p.embedded(ctx, k, id, &o, q.Raw)
		if err != nil {
			return err
		}
		if archived, _ := k.flag(p.profile.Fields.Kiosk.Archived); archived {
			s.Open = pos.No
			s.Issues = withIssue(s.Issues, healthArchived)
		}
		out.Statuses = append(out.Statuses, s)
		return nil
	})
	if err != nil {
		return pos.StatusPage{}, err
	}
	out.Next, out.More, err = p.proceed("status", pageState{page.token})
	return out, err
}

// embedded maps the status inside a kiosk, or reads it where the list of
// kiosks has none.
func (p *Provider) embedded(ctx context.Context, k *object, id string, o *object, raw bool) (pos.Status, error) {
	f := p.profile.Fields.Kiosk.Status
	if !f.delivered() {
		return p.readStatus(ctx, id, raw)
	}
	if !k.has(f) {
		return pos.Status{Location: id, StaleAfter: seconds(p.profile.Constants.OfflineAfter), Source: "heartbeat"}, nil
	}
	if err := p.profile.shapes.status.read(k.value(f), &p.profile.Encoding, o); err != nil {
		return pos.Status{}, err
	}
	return p.status(o, id, raw), nil
}

// oneStatus reads the status of a single kiosk; one that does not exist is
// left out.
func (p *Provider) oneStatus(ctx context.Context, q pos.StatusQuery) (pos.StatusPage, error) {
	s, err := p.readStatus(ctx, q.Locations[0], q.Raw)
	if errors.Is(err, pos.ErrNotFound) {
		return pos.StatusPage{}, nil
	}
	if err != nil {
		return pos.StatusPage{}, err
	}
	return pos.StatusPage{Statuses: []pos.Status{s}}, nil
}

func (p *Provider) readStatus(ctx context.Context, id string, raw bool) (pos.Status, error) {
	r := kit.Request{Op: opKioskStatus, Method: "GET", Path: p.profile.path("kiosk_status", id), Location: id}
	var body jsontext.Value
	if _, err := p.client.JSON(ctx, r, nil, &body); err != nil {
		return pos.Status{}, err
	}
	var o object
	if err := p.profile.shapes.status.read(body, &p.profile.Encoding, &o); err != nil {
		return pos.Status{}, protocol(r.Op, err)
	}
	return p.status(&o, id, raw), nil
}

// status maps a status object and derives what it implies.
func (p *Provider) status(o *object, id string, raw bool) pos.Status {
	f, k := p.profile.Fields.Status, p.profile.Constants
	s := pos.Status{
		Location: id, Source: "heartbeat", StaleAfter: seconds(k.OfflineAfter),
		ObservedAt: o.instant(f.LastHeartbeat), LastRestock: o.instant(f.LastRestock), LastSale: o.instant(f.LastTransaction),
	}
	now := p.client.Now()
	health := p.meaning("kiosk_health", o.text(f.Health))
	s.Issues = p.issues(o, health, now)
	s.Online = p.online(&s, health, now)
	if s.Online == pos.No {
		s.Issues = withIssue(s.Issues, healthOffline)
	}
	s.Temperature = p.temperature(o)
	s.SafeToSell = p.safeToSell(o, &s, now)
	s.Open = p.openNow(o, &s)
	p.door(o, &s)
	p.antennas(o, &s)
	slices.Sort(s.Issues)
	p.warnUnreadable(opListKiosks, o)
	if raw {
		s.Raw = bytes.Clone(o.raw)
	}
	return s
}

func withIssue(issues []string, code string) []string {
	if slices.Contains(issues, code) {
		return issues
	}
	return append(issues, code)
}

// issues are what health and the list behind it name.
func (p *Provider) issues(o *object, health string, now time.Time) []string {
	f := p.profile.Fields.Status
	var issues []string
	for _, word := range append(o.texts(f.Issues), o.text(f.Health)) {
		switch code := p.meaning("kiosk_health", word); code {
		case "", healthOnline, healthMultiple, healthUnknown:
		case healthRFID:
			started := o.instant(f.Started)
			if grace := seconds(p.profile.Constants.StartingGrace); !started.IsZero() && now.Sub(started) < grace {
				code = issueStarting
			}
			issues = withIssue(issues, code)
		default:
			issues = withIssue(issues, code)
		}
	}
	if o.text(f.OOSCode) != "" {
		issues = withIssue(issues, healthOutOfOrder)
	}
	if health == healthMultiple && len(issues) == 0 {
		issues = append(issues, healthMultiple)
	}
	return issues
}

// online follows the heartbeat; the vendor's word can only make it worse.
func (p *Provider) online(s *pos.Status, health string, now time.Time) pos.Tri {
	age, heard := s.Age(now)
	switch {
	case health == healthOffline, slices.Contains(s.Issues, healthOffline):
		return pos.No
	case heard && age > s.StaleAfter:
		return pos.No
	case !heard:
		return pos.Unknown
	}
	return pos.Yes
}

// safeToSell is no once the goods were too warm for too long, and unknown
// without a fresh temperature.
func (p *Provider) safeToSell(o *object, s *pos.Status, now time.Time) pos.Tri {
	k := p.profile.Constants
	if slices.Contains(s.Issues, healthTooWarm) {
		return pos.No
	}
	t := s.Temperature
	if t == nil || s.Online != pos.Yes {
		return pos.Unknown
	}
	if t.Celsius <= t.MaxCelsius {
		return pos.Yes
	}
	since := o.instant(p.profile.Fields.Status.OutOfRangeSince)
	if since.IsZero() {
		s.Issues = withIssue(s.Issues, issueWarm)
		return pos.Unknown
	}
	if now.Sub(since) >= seconds(k.Heartbeat*k.TooWarmHeartbeats) {
		s.Issues = withIssue(s.Issues, healthTooWarm)
		return pos.No
	}
	s.Issues = withIssue(s.Issues, issueWarm)
	return pos.Yes
}

// openNow: a fridge has no hours. It sells when it is online, in sale mode and
// not out of order.
func (p *Provider) openNow(o *object, s *pos.Status) pos.Tri {
	f := p.profile.Fields.Status
	mode := p.meaning("kiosk_mode", o.text(f.Mode))
	switch {
	case mode == modeRestock, mode == modeOutOfOrder, s.Online == pos.No, slices.Contains(s.Issues, healthOutOfOrder), slices.Contains(s.Issues, healthArchived):
		return pos.No
	case s.Online == pos.Yes && (mode == modeSale || !f.Mode.delivered() && f.OOSCode.delivered()):
		return pos.Yes
	}
	return pos.Unknown
}

func (p *Provider) door(o *object, s *pos.Status) {
	if !p.profile.Features.Door {
		return
	}
	f := p.profile.Fields.Status
	switch p.meaning("door_state", o.text(f.Door)) {
	case doorOpen:
		s.DoorClosed = pos.No
	case doorClosed:
		s.DoorClosed = pos.Yes
	}
	if locked, ok := o.flag(f.Locked); ok {
		s.Locked = pos.TriOf(locked)
	}
}

// antennas notes an antenna that reads few tags while others read many.
func (p *Provider) antennas(o *object, s *pos.Status) {
	least := int64(p.profile.Constants.AntennaMinReads)
	var weak, normal int
	err := o.each(p.profile.Fields.Status.Antennas, p.profile.shapes.antenna, func(a *object) error {
		switch n, ok := a.number(p.profile.Fields.Antenna.Reads); {
		case !ok:
		case n <= least:
			weak++
		default:
			normal++
		}
		return nil
	})
	if err != nil {
		p.opts.Logger.Debug("antennas are unreadable", slog.String("location", s.Location))
	}
	if weak > 0 && normal > 0 {
		s.Issues = withIssue(s.Issues, issueAntenna)
	}
}

// temperature converts the reading and its limit to Celsius; nil if there is none.
func (p *Provider) temperature(o *object) *pos.Temperature {
	f := p.profile.Fields.Status
	celsius, ok := p.celsius(o, f.Temperature, f.TemperatureUnit)
	if !ok {
		return nil
	}
	t := &pos.Temperature{Celsius: celsius, MeasuredAt: o.instant(f.Measured)}
	if t.MaxCelsius, ok = p.celsius(o, f.Threshold, f.ThresholdUnit); !ok {
		t.MaxCelsius = fahrenheit(float64(p.profile.Constants.TooWarmF))
	}
	return t
}

func (p *Provider) celsius(o *object, value, unit field) (float64, bool) {
	v := o.value(value)
	if v == nil {
		return 0, false
	}
	n, err := strconv.ParseFloat(textOf(v), 64)
	if err != nil {
		o.fail(value)
		return 0, false
	}
	u := p.profile.Encoding.Temperature
	if word := o.text(unit); word != "" {
		u = p.meaning("temperature_unit", word)
	}
	switch u {
	case "F":
		return fahrenheit(n), true
	case "C":
		return n, true
	}
	o.fail(unit)
	return 0, false
}

func fahrenheit(f float64) float64 { return (f - 32) * 5 / 9 }
