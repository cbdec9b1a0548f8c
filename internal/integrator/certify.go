package integrator

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/farmacyfoods/pointofsale/events"
	"github.com/farmacyfoods/pointofsale/pos"
)

// rereadPages bounds how much is read again of one day.
const rereadPages = 500

// counted are the states that Count counts where the vendor does not say.
var counted = []pos.PurchaseState{pos.StateCompleted, pos.StateVoided, pos.StateFailed, pos.StateUnknown}

var typesOfPurchases = []string{
	events.TypePurchaseRecorded, events.TypePurchaseRevised, events.TypePurchaseRefunded, events.TypePurchaseVoided,
}

// day is a business day while it is looked at.
type day struct {
	look
	place       pos.Location
	from, until time.Time
}

// certify looks at a day and returns its certificate. If the vendor's totals
// differ, it raises an event, reads the day again, publishes what was missing
// and looks once more. The zero Event means that the look fell through.
func (c *certifier) certify(ctx context.Context, l look) (events.Event, error) {
	a := c.account
	d := day{look: l, place: a.location(l.location)}
	var err error
	if d.from, d.until, err = d.place.Span(l.date); err != nil || d.from.Before(a.since) {
		return events.Event{}, nil //nolint:nilerr // It is no longer there, or was not to be read as a whole.
	}
	cert, typ, err := c.compare(ctx, &d)
	if errors.Is(err, pos.ErrUnsupported) {
		a.log.LogAttrs(ctx, slog.LevelWarn, "no completeness certificate", slog.String("location", l.location), slog.String("date", string(l.date)), slog.Any("error", err))
		return events.Event{}, nil
	}
	if err != nil || typ != events.TypeDayMismatch {
		return events.NewCertificate(typ, a.origin, cert, time.Now()), err
	}
	if !c.told[l] {
		if err := a.publish(ctx, events.NewCertificate(typ, a.origin, cert, time.Now())); err != nil {
			return events.Event{}, err
		}
		c.told[l] = true
		a.log.LogAttrs(ctx, slog.LevelWarn, "the vendor's totals differ from what was published; reading the day again",
			slog.String("location", l.location), slog.String("date", string(l.date)))
	}
	found, unknown, err := c.mend(ctx, &d)
	if err != nil {
		return events.Event{}, err
	}
	if cert, typ, err = c.compare(ctx, &d); err != nil {
		return events.Event{}, err
	}
	cert.Reread, cert.Found, cert.Unknown = true, found, unknown
	return events.NewCertificate(typ, a.origin, cert, time.Now()), nil
}

// compare sets what was published against what the vendor states.
func (c *certifier) compare(ctx context.Context, d *day) (events.Certificate, string, error) {
	sold, err := c.published(ctx, d)
	if err != nil {
		return events.Certificate{}, "", err
	}
	purchases := sold.on(d)
	cert := events.Certificate{
		Location: d.location, BusinessDate: d.date, From: d.from.UTC(), Until: d.until.UTC(), Last: d.last,
		Purchases: len(purchases), Hash: pos.DayHash(purchases),
	}
	totals, why, err := c.stated(ctx, d)
	if err != nil {
		return cert, "", err
	}
	cert.Reason = why
	states, currency := counted, d.place.Currency
	if totals != nil {
		cert.Stated = totals
		currency = cmp.Or(currency, totals.Net.Currency, totals.Refunds.Currency, totals.Taxes.Currency)
		if totals.Counted != nil {
			states = totals.Counted
		}
	}
	if cert.Published, err = pos.FiguresOf(purchases, states, currency); err != nil {
		cert.Reason = "what was published cannot be summed up: " + err.Error()
		return cert, events.TypeDayUnverified, nil
	}
	if totals == nil {
		return cert, events.TypeDayUnverified, nil
	}
	difference, err := totals.Minus(cert.Published)
	switch {
	case err != nil:
		cert.Reason = "the totals cannot be compared: " + err.Error()
		return cert, events.TypeDayMismatch, nil
	case !difference.Stated():
		cert.Reason = "the vendor states no figure that can be compared"
		return cert, events.TypeDayUnverified, nil
	}
	cert.Difference = &difference
	if !difference.IsZero() {
		return cert, events.TypeDayMismatch, nil
	}
	return cert, events.TypeDayCertified, nil
}

// stated reads the vendor's own totals; nil, and why, if it has none.
func (c *certifier) stated(ctx context.Context, d *day) (*pos.DayTotals, string, error) {
	a := c.account
	support := a.caps.Purchases.DayTotals
	from, ok := a.provider.(pos.DayTotaler)
	switch {
	case !support.OK():
		return nil, cmp.Or(support.Why, "the vendor states no totals"), nil
	case !ok:
		return nil, "the provider declares totals and cannot be asked for them", nil
	}
	ctx, cancel := a.call(ctx)
	defer cancel()
	t, err := from.DayTotals(ctx, pos.DayTotalsQuery{Location: d.location, BusinessDate: d.date})
	switch {
	case errors.Is(err, pos.ErrUnsupported), errors.Is(err, pos.ErrPermission):
		// Asking again would not help; the certificate says who does not confirm it.
		a.log.LogAttrs(ctx, slog.LevelWarn, "the vendor's totals cannot be read", slog.String("location", d.location), slog.Any("error", err))
		return nil, err.Error(), nil
	case err != nil:
		return nil, "", err
	}
	return &t, "", nil
}

// sold is what was published of a location: the versions of each purchase, and
// the last one.
type sold struct {
	versions map[string][]string
	last     map[string]pos.Purchase
}

// published reads back what was published of a location since a day began.
func (c *certifier) published(ctx context.Context, d *day) (sold, error) {
	s := sold{make(map[string][]string), make(map[string]pos.Purchase)}
	filter := events.Filter{
		Types: typesOfPurchases, Sources: []string{c.account.origin.Source()}, Subjects: []string{strings.ToValidUTF8(d.location, "\ufffd")},
	}
	for e, err := range c.history.Published(ctx, filter, d.from.Add(-historyMargin)) {
		if err != nil {
			return s, err
		}
		p, err := events.Decode[events.Purchase](e)
		if err != nil {
			return s, err
		}
		p.Lines, p.Tenders, p.Raw = nil, nil, nil // Not needed, and large.
		s.versions[p.ID] = append(s.versions[p.ID], p.Version)
		s.last[p.ID] = p.Purchase
	}
	return s, nil
}

// on returns the purchases of a day, each by its last version.
func (s sold) on(d *day) []pos.Purchase {
	var list []pos.Purchase
	for _, p := range s.last {
		if p.Location == d.location && p.BusinessDate == d.date {
			list = append(list, p)
		}
	}
	return list
}

// mend reads a day again from the vendor and publishes the versions that were
// not. It returns the ids of those, and of purchases that the vendor no longer
// has.
func (c *certifier) mend(ctx context.Context, d *day) (found, unknown []string, err error) {
	before, err := c.published(ctx, d)
	if err != nil {
		return nil, nil, err
	}
	fresh, err := c.reread(ctx, d)
	if err != nil {
		return nil, nil, err
	}
	fd := c.account.feeds.of(d.location)
	if fd == nil {
		return nil, nil, nil // The location has just left.
	}
	found, err = fd.recover(ctx, func(ctx context.Context) ([]pos.Purchase, sold, error) {
		now, err := c.published(ctx, d)
		if err != nil {
			return nil, now, err
		}
		var lacking []pos.Purchase
		for _, p := range fresh {
			had, have := before.versions[p.ID], now.versions[p.ID]
			// What was published while the day was read again may be newer.
			if !slices.Contains(have, p.Version) && len(had) == len(have) {
				lacking = append(lacking, p)
			}
		}
		return lacking, now, nil
	})
	for _, p := range before.on(d) {
		if _, ok := fresh[p.ID]; !ok {
			unknown = append(unknown, p.ID)
		}
	}
	slices.Sort(unknown)
	return found, unknown, err
}

// reread reads a day from the vendor anew, apart from every cursor that is
// kept, and returns its purchases by id.
func (c *certifier) reread(ctx context.Context, d *day) (map[string]pos.Purchase, error) {
	fresh := make(map[string]pos.Purchase)
	q := pos.PurchaseQuery{Locations: []string{d.location}, Since: d.from}
	for range rereadPages {
		page, err := c.readPage(ctx, q)
		if err != nil {
			return nil, err
		}
		for _, p := range page.Purchases {
			delete(fresh, p.ID)
			if p.Location == d.location && p.BusinessDate == d.date {
				fresh[p.ID] = p
			}
		}
		switch {
		case !page.More:
			return fresh, nil
		case page.Next == q.After:
			return nil, &pos.Error{Op: "Purchases", Vendor: c.account.origin.Vendor, Location: d.location, Kind: pos.KindProtocol, Err: errStuck}
		}
		q.After = page.Next
	}
	return nil, &pos.Error{Op: "Purchases", Vendor: c.account.origin.Vendor, Location: d.location, Kind: pos.KindProtocol, Err: errTooMuch}
}

var errTooMuch = errors.New("a day does not come to its end")

func (c *certifier) readPage(ctx context.Context, q pos.PurchaseQuery) (pos.PurchasePage, error) {
	ctx, cancel := c.account.call(ctx)
	defer cancel()
	return c.account.provider.Purchases(ctx, q)
}
