package squarefake

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"net/http"
	"net/url"
	"sort"
	"strings"
	"sync"
	"time"

	"github.com/farmacyfoods/pointofsale/pos/posfake"
	"github.com/farmacyfoods/pointofsale/vendors/kit/fakekit"
)

// APIVersion is the version that the fake speaks when a request names none.
const APIVersion = "2026-09-16"

// inventorySplit is the version that split an adjustment's location in two.
const inventorySplit = "2026-07-15"

const (
	cursorLife = 5 * time.Minute
	webhookTry = 10 * time.Second
)

// Config says what the simulated seller has. The zero value is a seller with
// three locations and an empty catalogue.
type Config struct {
	// Seed makes ids and data reproducible.
	Seed int64
	// Locations is how many locations to open, 0 means 3. Places lists them
	// instead. The first one is the seller's main location.
	Locations int
	Places    []posfake.LocationSeed
	// Items is how many items the host of the locations sells already; they are
	// foreign to whoever pushes a menu.
	Items int

	MerchantID        string // default MLFAKE0000001
	ApplicationID     string // default sq0idp-fake-application
	ApplicationSecret string // default sq0csp-fake-secret
	// PersonalToken has every permission, also for webhook subscriptions, and
	// does not expire. Default fake-personal-token.
	PersonalToken string
	// AccessToken and RefreshToken are the OAuth credential that a seller has
	// granted already. Defaults fake-access-token and fake-refresh-token.
	AccessToken, RefreshToken string
	// SignatureKey signs the webhooks of new subscriptions, until it is rotated;
	// empty: each gets one of its own.
	SignatureKey string
	// Scopes are the permissions of that credential; nil means all.
	Scopes []string
	// TokenLife is how long access tokens live, 0 means 30 days.
	TokenLife time.Duration
	// RequirePKCE makes refresh tokens good for one use and 90 days.
	RequirePKCE bool

	// TaxBasisPoints is the sales tax of every location in 1/100 %: 825 is
	// 8.25 %. 0 means 800, negative none. See [Fake.SetTax].
	TaxBasisPoints int64
	// WriteTime is how long a catalogue write takes; others get 429 meanwhile.
	WriteTime time.Duration
	// NoTerminals leaves the Devices API empty, as for sellers without Square
	// Terminals. Otherwise every location has one.
	NoTerminals bool
	// BareDeviceStatus shows a device's status as a string, as some samples of
	// the documentation do, instead of an object.
	BareDeviceStatus bool
	// Limits are those of the catalogue; a member that is 0 is as documented.
	Limits CatalogLimits
	// OrderLag keeps orders unreadable by id for a while after their payment
	// webhook.
	OrderLag time.Duration
}

// CatalogLimits are how much the Catalog API takes at once.
type CatalogLimits struct {
	BatchObjects, RequestObjects int // of an upsert, nested objects included: 1,000 and 10,000
	RetrieveIDs, DeleteIDs       int // 1,000 and 200
	SearchPage                   int // 1,000
}

func (l *CatalogLimits) defaults() {
	l.BatchObjects = cmp.Or(l.BatchObjects, 1000)
	l.RequestObjects = cmp.Or(l.RequestObjects, 10_000)
	l.RetrieveIDs = cmp.Or(l.RetrieveIDs, 1000)
	l.DeleteIDs = cmp.Or(l.DeleteIDs, 200)
	l.SearchPage = cmp.Or(l.SearchPage, 1000)
}

func (c Config) withDefaults() Config {
	c.Limits.defaults()
	set := func(field *string, value string) {
		if *field == "" {
			*field = value
		}
	}
	set(&c.MerchantID, "MLFAKE0000001")
	set(&c.ApplicationID, "sq0idp-fake-application")
	set(&c.ApplicationSecret, "sq0csp-fake-secret")
	set(&c.PersonalToken, "fake-personal-token")
	set(&c.AccessToken, "fake-access-token")
	set(&c.RefreshToken, "fake-refresh-token")
	if len(c.Places) == 0 {
		if c.Locations <= 0 {
			c.Locations = 3
		}
		c.Places = fakekit.Locations(c.Seed, "L", c.Locations)
	}
	if c.TokenLife <= 0 {
		c.TokenLife = 30 * 24 * time.Hour
	}
	if c.TaxBasisPoints == 0 {
		c.TaxBasisPoints = 800
	}
	return c
}

// Fake is a simulated Square. It is safe for concurrent use.
type Fake struct {
	*fakekit.Server
	cfg    Config
	ledger fakekit.Ledger
	pages  fakekit.Pages
	sender *fakekit.Sender

	writing sync.Mutex // the seller's catalogue write lock

	mu        sync.Mutex
	rand      *rand.Rand
	auth      authority
	catalog   catalog
	places    []*place
	placeByID map[string]*place
	sales     salesBook
	stock     stockBook
	actions   map[string]*terminalAction
	hooks     hookBook
	answers   map[string]answer // by idempotency key
	answered  []string          // its keys, oldest first
}

// maxAnswers bounds the idempotency keys that are remembered.
const maxAnswers = 1000

var _ posfake.Simulator = (*Fake)(nil)

// answer is what an idempotency key got.
type answer struct {
	body  uint64 // hash of the request
	reply any
}

// New returns a fake of a seller. It starts no goroutine and opens no port
// before it is asked for.
func New(cfg Config) *Fake {
	cfg = cfg.withDefaults()
	f := &Fake{
		cfg: cfg, rand: fakekit.Rand(cfg.Seed, "square"), catalog: newCatalog(), placeByID: map[string]*place{},
		sales: newSalesBook(), stock: newStockBook(), actions: map[string]*terminalAction{}, hooks: newHookBook(),
		answers: map[string]answer{},
	}
	f.Server = fakekit.NewServer(fakekit.Config{
		Simulator: f, Error: writeStatus,
		Faults: []string{
			posfake.FaultDuplicate, posfake.FaultToken, posfake.FaultPageToken, posfake.FaultScope,
			posfake.FaultWidened, posfake.FaultSilence, posfake.FaultRepeat, posfake.FaultStaleReads,
		},
	}, f.routes()...)
	f.pages = fakekit.Pages{Clock: &f.Server.Clock, TTL: cursorLife}
	f.sender = fakekit.NewSender(fakekit.SenderConfig{
		Clock: &f.Server.Clock, Retries: retrySchedule, Timeout: webhookTry,
		Prepare: f.signDelivery, Done: f.delivered, Standing: f.Standing,
	})
	f.auth = newAuthority(cfg, f.Now())
	for _, seed := range cfg.Places {
		f.addPlace(seed)
	}
	f.seedItems()
	return f
}

// Close stops the loopback server and the webhook sender.
func (f *Fake) Close() {
	f.Server.Close()
	f.sender.Close()
}

// Credentials are what a client needs to talk to the fake.
type Credentials struct {
	MerchantID        string `json:"merchant_id"`
	ApplicationID     string `json:"application_id"`
	ApplicationSecret string `json:"application_secret"`
	AccessToken       string `json:"access_token"`
	RefreshToken      string `json:"refresh_token"`
	PersonalToken     string `json:"personal_token"`
}

// Credentials returns the credentials that the fake was made with.
func (f *Fake) Credentials() Credentials {
	c := f.cfg
	return Credentials{c.MerchantID, c.ApplicationID, c.ApplicationSecret, c.AccessToken, c.RefreshToken, c.PersonalToken}
}

// call is an authorised request.
type call struct {
	*http.Request
	token   *token
	version string
}

// operation is one endpoint: its name, its pattern, the scopes it wants, and
// what it does.
type operation struct {
	op, pattern string
	scopes      string // separated by spaces
	flags       int
	handle      func(*Fake, *call) (any, error)
}

const (
	writes   = 1 << iota
	personal // only with the personal token
)

func (f *Fake) routes() []fakekit.Route {
	routes := []fakekit.Route{
		{Op: "Authorize", Pattern: "GET /oauth2/authorize", Handler: f.authorize},
		{Op: "ObtainToken", Pattern: "POST /oauth2/token", Write: true, Handler: f.plain((*Fake).obtainToken)},
		{Op: "RevokeToken", Pattern: "POST /oauth2/revoke", Write: true, Handler: f.plain((*Fake).revokeToken)},
	}
	for _, o := range operations {
		routes = append(routes, fakekit.Route{
			Op: o.op, Pattern: o.pattern, Write: o.flags&writes != 0, Handler: f.serve(o),
		})
	}
	return routes
}

var operations = []operation{
	{"RetrieveTokenStatus", "POST /oauth2/token/status", "", 0, (*Fake).tokenStatus},

	{"ListLocations", "GET /v2/locations", "MERCHANT_PROFILE_READ", 0, (*Fake).listLocations},
	{"RetrieveLocation", "GET /v2/locations/{id}", "MERCHANT_PROFILE_READ", 0, (*Fake).retrieveLocation},
	{"ListDevices", "GET /v2/devices", "DEVICES_READ", 0, (*Fake).listDevices},
	{"GetDevice", "GET /v2/devices/{id}", "DEVICES_READ", 0, (*Fake).getDevice},
	{"CreateTerminalAction", "POST /v2/terminals/actions", "PAYMENTS_WRITE", writes, (*Fake).createAction},
	{"GetTerminalAction", "GET /v2/terminals/actions/{id}", "PAYMENTS_READ", 0, (*Fake).getAction},
	{"ListCashDrawerShifts", "GET /v2/cash-drawers/shifts", "CASH_DRAWER_READ", 0, (*Fake).listShifts},

	{"CatalogInfo", "GET /v2/catalog/info", "ITEMS_READ", 0, (*Fake).catalogInfo},
	{"ListCatalog", "GET /v2/catalog/list", "ITEMS_READ", 0, (*Fake).listCatalog},
	{"SearchCatalogObjects", "POST /v2/catalog/search", "ITEMS_READ", 0, (*Fake).searchCatalog},
	{"SearchCatalogItems", "POST /v2/catalog/search-catalog-items", "ITEMS_READ", 0, (*Fake).searchItems},
	{"BatchRetrieveCatalogObjects", "POST /v2/catalog/batch-retrieve", "ITEMS_READ", 0, (*Fake).batchRetrieveCatalog},
	{"RetrieveCatalogObject", "GET /v2/catalog/object/{id}", "ITEMS_READ", 0, (*Fake).retrieveObject},
	{"BatchUpsertCatalogObjects", "POST /v2/catalog/batch-upsert", "ITEMS_WRITE", writes, (*Fake).batchUpsert},
	{"UpsertCatalogObject", "POST /v2/catalog/object", "ITEMS_WRITE", writes, (*Fake).upsertObject},
	{"BatchDeleteCatalogObjects", "POST /v2/catalog/batch-delete", "ITEMS_WRITE", writes, (*Fake).batchDelete},
	{"DeleteCatalogObject", "DELETE /v2/catalog/object/{id}", "ITEMS_WRITE", writes, (*Fake).deleteObject},

	{"BatchRetrieveInventoryCounts", "POST /v2/inventory/counts/batch-retrieve", "INVENTORY_READ", 0, (*Fake).inventoryCounts},
	{"RetrieveInventoryCount", "GET /v2/inventory/{id}", "INVENTORY_READ", 0, (*Fake).inventoryCount},
	{"BatchChangeInventory", "POST /v2/inventory/changes/batch-create", "INVENTORY_WRITE", writes, (*Fake).changeInventory},
	{"BatchRetrieveInventoryChanges", "POST /v2/inventory/changes/batch-retrieve", "INVENTORY_READ", 0, (*Fake).inventoryChanges},

	{"SearchOrders", "POST /v2/orders/search", "ORDERS_READ", 0, (*Fake).searchOrders},
	{"BatchRetrieveOrders", "POST /v2/orders/batch-retrieve", "ORDERS_READ", 0, (*Fake).batchRetrieveOrders},
	{"RetrieveOrder", "GET /v2/orders/{id}", "ORDERS_READ", 0, (*Fake).retrieveOrder},
	{"CalculateOrder", "POST /v2/orders/calculate", "", 0, (*Fake).calculateOrder},
	{"ListPayments", "GET /v2/payments", "PAYMENTS_READ", 0, (*Fake).listPayments},
	{"GetPayment", "GET /v2/payments/{id}", "PAYMENTS_READ", 0, (*Fake).getPayment},
	{"ListPaymentRefunds", "GET /v2/refunds", "PAYMENTS_READ", 0, (*Fake).listRefunds},
	{"GetPaymentRefund", "GET /v2/refunds/{id}", "PAYMENTS_READ", 0, (*Fake).getRefund},

	{"ListWebhookEventTypes", "GET /v2/webhooks/event-types", "", personal, (*Fake).listEventTypes},
	{"ListWebhookSubscriptions", "GET /v2/webhooks/subscriptions", "", personal, (*Fake).listSubscriptions},
	{"CreateWebhookSubscription", "POST /v2/webhooks/subscriptions", "", personal | writes, (*Fake).createSubscription},
	{"RetrieveWebhookSubscription", "GET /v2/webhooks/subscriptions/{id}", "", personal, (*Fake).retrieveSubscription},
	{"UpdateWebhookSubscription", "PUT /v2/webhooks/subscriptions/{id}", "", personal | writes, (*Fake).updateSubscription},
	{"DeleteWebhookSubscription", "DELETE /v2/webhooks/subscriptions/{id}", "", personal | writes, (*Fake).deleteSubscription},
	{"UpdateWebhookSubscriptionSignatureKey", "POST /v2/webhooks/subscriptions/{id}/signature-key", "", personal | writes, (*Fake).rotateKey},
	{"TestWebhookSubscription", "POST /v2/webhooks/subscriptions/{id}/test", "", personal | writes, (*Fake).testSubscription},
	{"SearchEvents", "POST /v2/events", "", personal, (*Fake).searchEvents},
	{"EnableEvents", "PUT /v2/events/enable", "", personal | writes, (*Fake).enableEvents},
	{"DisableEvents", "PUT /v2/events/disable", "", personal | writes, (*Fake).disableEvents},
}

// serve wraps an operation in version check and authorisation.
func (f *Fake) serve(o operation) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		c := &call{Request: r, version: r.Header.Get("Square-Version")}
		if c.version == "" {
			c.version = APIVersion
		}
		if _, err := time.Parse(time.DateOnly, c.version); err != nil {
			writeError(w, invalid("INVALID_SQUARE_VERSION_FORMAT", "", "The Square-Version header must look like YYYY-MM-DD."))
			return
		}
		w.Header().Set("Square-Version", c.version)
		reply, err := f.answer(o, c)
		if err != nil {
			writeError(w, err)
			return
		}
		writeJSON(w, http.StatusOK, reply)
	}
}

func (f *Fake) answer(o operation, c *call) (any, error) {
	if _, ok := fakekit.Struck(c.Request, posfake.FaultPageToken); ok {
		f.pages.Expire()
	}
	if err := f.admit(o, c); err != nil {
		return nil, err
	}
	return o.handle(f, c)
}

// plain serves the OAuth endpoints, which need no bearer token.
func (f *Fake) plain(fn func(*Fake, *http.Request) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		reply, err := fn(f, r)
		if err != nil {
			writeError(w, err)
			return
		}
		writeJSON(w, http.StatusOK, reply)
	}
}

// decode reads the JSON body; unknown fields are ignored, as Square does.
func decode(r *http.Request, into any) error {
	if err := json.Unmarshal(fakekit.Body(r), into); err != nil {
		field := ""
		if t := (*json.UnmarshalTypeError)(nil); errors.As(err, &t) {
			field = t.Field
		}
		return invalid("BAD_REQUEST", field, "The request body is not what was expected: %v", err)
	}
	return nil
}

// once answers a repeated idempotency key with the first answer. Call with the lock held.
func (f *Fake) once(c *call, key string, limit int, do func() (reply any, keep bool, err error)) (any, error) {
	switch {
	case key == "":
		return nil, missing("idempotency_key")
	case len(key) > limit:
		return nil, invalid("VALUE_TOO_LONG", "idempotency_key", "Field must not be longer than %d characters.", limit)
	}
	slot, body := fakekit.Op(c.Request)+"|"+key, hash(fakekit.Body(c.Request))
	if old, ok := f.answers[slot]; ok {
		if old.body != body {
			return nil, invalid("IDEMPOTENCY_KEY_REUSED", "idempotency_key", "The idempotency key was used with a different request before.")
		}
		return old.reply, nil
	}
	reply, keep, err := do()
	if err == nil && keep {
		if len(f.answered) == maxAnswers {
			delete(f.answers, f.answered[0])
			f.answered = f.answered[1:]
		}
		f.answers[slot] = answer{body, reply}
		f.answered = append(f.answered, slot)
	}
	return reply, err
}

// page cuts one page out of rows that follow a cursor. The position in a
// cursor is the number of rows already seen, which is right as long as the
// caller's order does not change in front of it; orders and counts use keys.
func page[T any](f *Fake, c *call, rows []T, query, cursor string, limit int) ([]T, string, error) {
	start := 0
	if cursor != "" {
		position, err := f.redeem(query, cursor)
		if err != nil {
			return nil, "", err
		}
		start = min(atoi(position), len(rows))
	}
	end := min(start+limit, len(rows))
	next := ""
	if end < len(rows) {
		next = f.pages.Issue(query, itoa(end))
	}
	return twice(c, rows[start:end]), next, nil
}

func (f *Fake) redeem(query, cursor string) (string, error) {
	position, err := f.pages.Redeem(cursor, query)
	if err != nil {
		return "", invalid("INVALID_CURSOR", "cursor", "The cursor has expired or belongs to another query.")
	}
	return position, nil
}

// twice shows the fault duplicate: every row of a list comes two times.
func twice[T any](c *call, rows []T) []T {
	if _, ok := fakekit.Struck(c.Request, posfake.FaultDuplicate); !ok {
		return rows
	}
	out := make([]T, 0, 2*len(rows))
	for _, r := range rows {
		out = append(out, r, r)
	}
	return out
}

// queryOf names a GET request's query without what may change between pages.
func queryOf(r *http.Request) string {
	q := url.Values{}
	for k, v := range r.URL.Query() {
		if k != "cursor" && k != "limit" {
			q[k] = v
		}
	}
	return r.URL.Path + "?" + q.Encode()
}

// bodyQuery names a POST request's query likewise.
func bodyQuery(r *http.Request) string {
	var m map[string]json.RawMessage
	if json.Unmarshal(fakekit.Body(r), &m) != nil {
		return r.URL.Path
	}
	var b strings.Builder
	b.WriteString(r.URL.Path)
	keys := make([]string, 0, len(m))
	for k := range m {
		if k != "cursor" && k != "limit" {
			keys = append(keys, k)
		}
	}
	sort.Strings(keys)
	for _, k := range keys {
		b.WriteString("|" + k + "=" + string(m[k]))
	}
	return b.String()
}

// id draws a new identifier. Call with the lock held.
func (f *Fake) id(alphabet string, n int) string { return fakekit.Text(f.rand, alphabet, n) }

// SetWebhookClient makes webhooks go out through the client, e.g. one whose
// transport calls the receiving handler without a socket.
func (f *Fake) SetWebhookClient(c *http.Client) { f.sender.SetClient(c) }

// FlushWebhooks waits until no webhook is due or under way.
func (f *Fake) FlushWebhooks(ctx context.Context) error { return f.sender.Flush(ctx) }

// Webhooks lists the attempts to deliver webhooks so far, oldest first.
func (f *Fake) Webhooks() []fakekit.Result { return f.sender.Results() }

// Ledger lists every version of every sale and refund in the order of recording.
func (f *Fake) Ledger() []posfake.Record { return f.ledger.All() }
