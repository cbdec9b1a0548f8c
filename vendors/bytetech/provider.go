package bytetech

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/vendors/kit"
)

// Config is one operator account.
type Config struct {
	// Account names the account in cursors, store keys and descriptions.
	// Required.
	Account string `json:"account"`
	// BaseURL is the address of the partner API. It wins over base_url of the
	// profile; one of them is required unless the source is csv.
	BaseURL string `json:"base_url,omitempty"`
	// ClientID and ClientSecret belong to auth.mode client_credentials, APIKey
	// to static.
	ClientID     string     `json:"client_id,omitempty"`
	ClientSecret pos.Secret `json:"client_secret,omitzero"`
	APIKey       pos.Secret `json:"api_key,omitzero"`
	// Profile replaces the default mapping profile: what it leaves out is as in
	// [DefaultProfile], and what the vendor does not deliver is "". ProfilePatch
	// changes the default or the replacement by merge-patch (RFC 7386).
	Profile      json.RawMessage `json:"profile,omitempty"`
	ProfilePatch json.RawMessage `json:"profile_patch,omitempty"`
	// Adopt names SKUs of products that are Farmacy's although no push of this
	// account created them, or the store of those pushes is lost: they may be
	// changed, and full pushes without them withdraw them.
	Adopt []string `json:"adopt,omitempty"`
	// VerifyListings makes each push read the listings of the pushed kiosks,
	// one call or more for each, instead of trusting what was pushed last. It
	// finds listings that somebody changed by hand.
	VerifyListings bool `json:"verify_listings,omitempty"`
	// Files holds exports of the dashboard; required if the source is csv.
	Files fs.FS `json:"-"`
}

// Provider is an operator account. It implements [pos.Provider].
type Provider struct {
	cfg     Config
	profile *profile
	opts    *kit.Options
	client  *kit.Client // nil if the source is csv
	feed    *kit.Feed
	kiosks  fleet
	coupons couponNames
	warned  sync.Map // what was logged once
}

var _ pos.Provider = (*Provider)(nil)

// New checks configuration and profile, reports every problem at once, and
// does no I/O.
func New(cfg Config, opts *kit.Options) (*Provider, error) {
	prof, problems := loadProfile(cfg.Profile, cfg.ProfilePatch)
	if prof == nil {
		prof = &profile{Source: "unknown"}
	}
	if cfg.BaseURL == "" {
		cfg.BaseURL = prof.BaseURL
	}
	problems = append(problems, cfg.check(prof)...)
	if len(problems) > 0 {
		return nil, &pos.Error{Vendor: Vendor, Op: "New", Kind: pos.KindInvalid, Err: problems}
	}
	cfg.Adopt = slices.Clone(cfg.Adopt)
	p := &Provider{cfg: cfg, profile: prof, opts: opts.Resolve(), kiosks: fleet{turn: make(chan struct{}, 1)}, coupons: couponNames{turn: make(chan struct{}, 1)}}
	if prof.Source == "csv" {
		return p, nil
	}
	if err := p.connect(); err != nil {
		return nil, err
	}
	p.feed = p.newFeed()
	return p, nil
}

func (c *Config) check(prof *profile) pos.Problems {
	var ps pos.Problems
	require := func(ok bool, field, reason string) {
		if !ok {
			ps = append(ps, pos.Problem{Field: field, Reason: reason})
		}
	}
	require(c.Account != "", "account", "is required")
	switch prof.Source {
	case "csv":
		require(c.Files != nil, "Files", "is required because the profile's source is csv")
	case "rest":
		require(c.BaseURL != "", "base_url", "is required: the vendor publishes no address")
		require(c.BaseURL == "" || kit.ValidBaseURL(c.BaseURL), "base_url", kit.BaseURLRule)
		if prof.Auth.Mode == authStatic {
			require(!c.APIKey.IsZero(), "api_key", "is required because auth.mode is static")
			break
		}
		require(c.ClientID != "", "client_id", "is required because auth.mode is client_credentials")
		require(!c.ClientSecret.IsZero(), "client_secret", "is required because auth.mode is client_credentials")
	}
	return ps
}

// connect makes the client.
func (p *Provider) connect() error {
	l := p.profile.Limits
	auth, err := p.newAuthorizer()
	if err != nil {
		return err
	}
	p.client, err = kit.NewClient(kit.ClientConfig{
		Vendor:          Vendor,
		BaseURL:         p.cfg.BaseURL,
		Header:          http.Header{"Accept": {"application/json"}},
		Auth:            auth,
		Budget:          kit.NewBudget(rate.Limit(l.PerSecond), l.Burst),
		Classify:        p.profile.classify,
		Hint:            kit.QuotaHeaders(l.Headers.Limit, l.Headers.Remaining, l.Headers.Reset),
		KeyHeader:       l.IdempotencyHeader,
		RequestIDHeader: l.RequestIDHeader,
	}, p.opts)
	return err
}

// noDayTotals says why there is no pos.DayTotaler.
func noDayTotals() pos.Support {
	return pos.Support{Level: pos.None, Why: "no interface tells the totals of a fridge by day", Nearest: "the dashboard's exports"}
}

// Describe implements [pos.Provider].
func (p *Provider) Describe() pos.Description {
	return pos.Description{Vendor: Vendor, Product: "Byte Technology", Account: p.cfg.Account, Capabilities: p.capabilities()}
}

func (p *Provider) capabilities() pos.Capabilities {
	f := p.profile.Features
	full := pos.Support{Level: pos.Full}
	if p.profile.Source == "csv" {
		return p.csvCapabilities()
	}
	c := pos.Capabilities{
		Menu: pos.MenuCaps{
			Support: full, LocationPrice: f.Listings, LocationAvailability: f.Listings,
			Fields: p.carried(), BatchSize: p.batchSize(),
		},
		Status: pos.StatusCaps{
			Support: full, Online: true, Open: true,
			Temperature: p.profile.Fields.Status.Temperature.delivered(), Door: f.Door,
			Interval: seconds(p.profile.Constants.Heartbeat),
		},
		Purchases: pos.PurchaseCaps{
			Support: full, Records: true, Refunds: true, Pending: true, Voids: true,
			LateBy:     seconds(p.profile.Query.Transactions.PlacedOverlap),
			SettleTime: seconds(p.profile.Query.Transactions.Recheck),
			DayTotals:  noDayTotals(),
		},
		Coupons:   p.couponCaps(),
		Inventory: p.inventoryCaps(),
		Webhooks:  pos.WebhookCaps{Support: pos.Support{Level: pos.None, Why: "the profile does not confirm webhooks", Nearest: "polling"}},
	}
	if f.Webhooks {
		c.Webhooks = pos.WebhookCaps{Support: full, Jobs: []pos.Job{pos.JobPurchases, pos.JobInventory, pos.JobStatus}}
	}
	return c
}

// Locations implements [pos.Provider]: the kiosks of the account, archived
// ones as closed.
func (p *Provider) Locations(ctx context.Context, q pos.LocationQuery) (pos.LocationPage, error) {
	if p.client == nil {
		return pos.LocationPage{}, p.noREST("Locations")
	}
	var at pageState
	if err := p.resume("locations", q.After, &at); err != nil {
		return pos.LocationPage{}, err
	}
	page, err := p.pageOrRest(ctx, p.kioskList(q.Limit, false), at.Token)
	if err != nil {
		return pos.LocationPage{}, err
	}
	var out pos.LocationPage
	err = p.each(opListKiosks, page, p.profile.shapes.kiosk, func(o *object) error {
		out.Locations = append(out.Locations, p.location(o))
		return nil
	})
	if err != nil {
		return pos.LocationPage{}, err
	}
	slices.SortStableFunc(out.Locations, func(a, b pos.Location) int { return strings.Compare(a.ID, b.ID) })
	out.Next, out.More, err = p.proceed("locations", pageState{Token: page.token})
	return out, err
}

// location maps a kiosk.
func (p *Provider) location(o *object) pos.Location {
	f := p.profile.Fields.Kiosk
	l := pos.Location{
		ID: o.text(f.ID), Name: o.text(f.Name), Kind: pos.KindFridge, Group: o.text(f.Campus),
		TimeZone: o.text(f.TimeZone), Currency: pos.Currency(o.text(f.Currency)),
	}
	l.Closed, _ = o.flag(f.Archived)
	l.TaxRate, _ = o.percent(f.SalesTax)
	if l.Currency == "" {
		l.Currency = p.profile.Constants.Currency
	}
	return l
}

func (p *Provider) kioskList(limit int, status bool) list {
	l := list{op: opListKiosks, path: p.profile.path("kiosks"), limit: limit, query: map[string][]string{}}
	if q := p.profile.Query.Kiosks; status {
		setQuery(l.query, q.Include, q.IncludeStatus)
	}
	return l
}

// fleet remembers the kiosks, for their time zones and currencies.
type fleet struct {
	turn chan struct{} // held while looking or reading
	byID map[string]pos.Location
	ids  []string // active ones, sorted
	read time.Time
}

// How long the list of kiosks is good, and how soon an unknown kiosk makes us
// read it again.
const (
	fleetLife  = time.Hour
	fleetRetry = 5 * time.Minute
)

// fleetNow returns the kiosks by id and the ids of the active ones. They are
// read again when they are old, or when one of the wanted is not among them.
func (p *Provider) fleetNow(ctx context.Context, wanted ...string) (map[string]pos.Location, []string, error) {
	f := &p.kiosks
	select {
	case f.turn <- struct{}{}:
		defer func() { <-f.turn }()
	case <-ctx.Done():
		return nil, nil, located(opListKiosks, ctx.Err())
	}
	age := time.Since(f.read)
	missing := slices.ContainsFunc(wanted, func(id string) bool { _, known := f.byID[id]; return !known })
	if f.byID != nil && age < fleetLife && (!missing || age < fleetRetry) {
		return f.byID, f.ids, nil
	}
	byID := make(map[string]pos.Location)
	err := p.all(ctx, p.kioskList(0, false), p.profile.shapes.kiosk, func(o *object) error {
		l := p.location(o)
		byID[l.ID] = l
		return nil
	})
	if err != nil {
		return nil, nil, err
	}
	f.byID, f.read, f.ids = byID, time.Now(), nil
	for id := range byID {
		if !byID[id].Closed {
			f.ids = append(f.ids, id)
		}
	}
	slices.Sort(f.ids)
	return f.byID, f.ids, nil
}

// targets returns the kiosks of a push, each once, all kiosks by id, and the
// ids of the active ones.
func (p *Provider) targets(ctx context.Context, asked []string) (all []string, byID map[string]pos.Location, active []string, err error) {
	byID, active, err = p.fleetNow(ctx, asked...)
	if err != nil {
		return nil, nil, nil, err
	}
	if len(asked) == 0 {
		return active, byID, active, nil
	}
	for i, id := range asked {
		if !slices.Contains(asked[:i], id) {
			all = append(all, id)
		}
	}
	return all, byID, active, nil
}

// pageState is the position in a plain list.
type pageState struct {
	Token string `json:"token"`
}

func (p *Provider) scope(job string) string { return Vendor + "/" + p.cfg.Account + "/" + job }

func (p *Provider) resume(job string, after pos.Cursor, state any) error {
	if after == "" {
		return nil
	}
	return kit.DecodeCursor(p.scope(job), after, state)
}

// proceed returns the cursor behind a page; the last page has none.
func (p *Provider) proceed(job string, state pageState) (pos.Cursor, bool, error) {
	if state.Token == "" {
		return "", false, nil
	}
	next, err := kit.EncodeCursor(p.scope(job), state)
	return next, true, err
}

// storeKey makes a key for the store; words that it would not take are encoded.
func (p *Provider) storeKey(words ...string) string {
	parts := []string{Vendor, storeWord(p.cfg.Account)}
	for _, w := range words {
		parts = append(parts, storeWord(w))
	}
	return strings.Join(parts, ".")
}

func storeWord(s string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-'
	}
	if s != "" && strings.IndexFunc(s, func(r rune) bool { return !plain(r) }) < 0 {
		return s
	}
	return "_" + base64.RawURLEncoding.EncodeToString([]byte(s))
}

// noREST refuses what the csv source does not have.
func (p *Provider) noREST(op string) error {
	return pos.Unsupported(Vendor, op, "exports of the dashboard hold inventory and purchases only", "the profile's source rest")
}

// warnOnce logs something about the contract that repeats with every row.
func (p *Provider) warnOnce(msg string, attrs ...slog.Attr) {
	key := fmt.Sprint(msg, attrs)
	if _, told := p.warned.LoadOrStore(key, true); told {
		return
	}
	args := []any{slog.String("vendor", Vendor)}
	for _, a := range attrs {
		args = append(args, a)
	}
	p.opts.Logger.Warn(msg, args...)
}

// warnUnreadable tells once which fields did not have the form of the profile.
func (p *Provider) warnUnreadable(op string, o *object) {
	for _, name := range o.unreadable {
		p.warnOnce("field does not have the form of the profile", slog.String("op", op), slog.String("field", name))
	}
}

// meaning translates a vendor's word; one that the profile lacks is logged
// once and means nothing.
func (p *Provider) meaning(enum, word string) string {
	ours, ok := p.profile.meaning(enum, word)
	if !ok && word != "" {
		p.warnOnce("word is not in the profile", slog.String("enum", enum), slog.String("word", clip(word, 64)))
	}
	return ours
}
