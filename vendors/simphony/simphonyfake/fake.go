package simphonyfake

import (
	"encoding/base64"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/farmacyfoods/pointofsale/pos/posfake"
	"github.com/farmacyfoods/pointofsale/vendors/kit/fakekit"
)

// Fake is the simulated enterprise. The embedded server answers requests, keeps
// their log and moves the clock; [fakekit] documents its methods. It is safe
// for concurrent use.
type Fake struct {
	*fakekit.Server
	cfg    Config
	ledger fakekit.Ledger
	sender *fakekit.Sender

	mu     sync.Mutex
	random *rand.Rand
	now    time.Time // of the request or change under way, in milliseconds
	identity
	tables     map[string]*table
	version    int // of the configuration, counts its changes
	views      map[int]*menuView
	foreign    map[int64]string // menu item master id -> the name that AddForeign gave
	jobs       []*bulkJob
	nextUnit   int
	properties []*property
	checks     map[string]*check // by record id
	nextCheck  int64
	nextLine   int64
	asked      int // getGuestChecks answered
	openItems  map[string]int64
	subscribers
}

var _ posfake.Simulator = (*Fake)(nil)

// New returns a fake enterprise, or an error that names everything wrong with
// cfg. It starts no goroutine and opens no port before it is asked for.
func New(cfg Config) (*Fake, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	f := &Fake{
		cfg: cfg, random: fakekit.Rand(cfg.Seed, "simphony"), identity: newIdentity(cfg), views: map[int]*menuView{},
		foreign: map[int64]string{}, nextUnit: 2, checks: map[string]*check{}, nextCheck: 5_000_000_000, nextLine: 60_000_000_000,
		openItems: map[string]int64{},
	}
	f.tables = newTables()
	f.Server = fakekit.NewServer(fakekit.Config{
		Simulator: f, Error: f.scripted, Ops: soapOperations(),
		Faults: []string{
			posfake.FaultDuplicate, posfake.FaultToken, posfake.FaultScope, posfake.FaultWidened, posfake.FaultOmit,
			posfake.FaultSilence, posfake.FaultRepeat,
		},
	}, slices.Concat(f.identityRoutes(), f.configRoutes(), f.biRoutes(), f.stsRoutes(), f.noticeRoutes(), f.soapRoutes())...)
	f.sender = fakekit.NewSender(fakekit.SenderConfig{
		Clock: &f.Server.Clock, Timeout: noticeTimeout, Prepare: f.signNotice, Standing: f.Standing,
	})
	if f.cfg.WebhookKeyID == "" {
		f.cfg.WebhookKeyID = fakekit.UUID(f.random)
	}
	if f.cfg.WebhookKey == "" {
		f.cfg.WebhookKey = base64.StdEncoding.EncodeToString([]byte(fakekit.Text(f.random, fakekit.Alphanum, 32)))
	}
	return f, f.seed()
}

// seed fills the enterprise as configured.
func (f *Fake) seed() error {
	defer f.begin()()
	seeds := f.cfg.Locations
	if len(seeds) == 0 {
		seeds = fakekit.Locations(f.cfg.Seed, "kiosk-", f.cfg.Properties)
	}
	for _, s := range seeds {
		if err := f.open(s); err != nil {
			return err
		}
	}
	f.seedConfiguration()
	for _, m := range fakekit.Meals(f.cfg.Seed+1, f.cfg.Items) {
		if err := f.addForeign("HOST-"+m.SKU, m.Name, m.Price); err != nil {
			return err
		}
	}
	return nil
}

// begin locks the fake and ends the bulk requests that have become due; the
// returned function unlocks. Everything that touches state goes through it.
func (f *Fake) begin() (end func()) {
	f.mu.Lock()
	if now := f.Now().Truncate(time.Millisecond); now.After(f.now) {
		f.now = now
	}
	f.runBulk()
	return f.mu.Unlock
}

// Advance moves the clock and lets everything happen that becomes due.
func (f *Fake) Advance(d time.Duration) {
	f.Server.Advance(d)
	f.begin()()
}

// Close stops the loopback server and the delivery of notifications.
func (f *Fake) Close() {
	f.sender.Close()
	f.Server.Close()
}

// Sender delivers the notifications of the fake, e.g. for its Flush and Results.
func (f *Fake) Sender() *fakekit.Sender { return f.sender }

// Credentials are what a client needs to talk to the fake.
type Credentials struct {
	Org        string    `json:"org"`
	Accounts   []Account `json:"accounts"`
	VendorCode string    `json:"vendor_code,omitempty"`
	Employee   int       `json:"employee"`
	// WebhookKeyID and WebhookKey are what Subscribe registers.
	WebhookKeyID string `json:"webhook_key_id"`
	WebhookKey   string `json:"webhook_key"`
}

// Credentials returns the credentials that the fake accepts.
func (f *Fake) Credentials() Credentials {
	defer f.begin()()
	c := f.cfg
	return Credentials{c.Org, slices.Clone(c.Accounts), c.VendorCode, c.Employee, c.WebhookKeyID, c.WebhookKey}
}

// Locations lists the references of the open properties.
func (f *Fake) Locations() []string {
	defer f.begin()()
	var out []string
	for _, p := range f.properties {
		if !p.closed {
			out = append(out, p.ref)
		}
	}
	return out
}

// PropertyURL is the TS1 endpoint of a property under the base URL of the fake,
// such as [fakekit.Server.URL].
func (f *Fake) PropertyURL(base, locRef string) string {
	return strings.TrimSuffix(base, "/") + "/properties/" + strings.ToLower(locRef) + "/EGateway/SimphonyPosApiWeb.asmx"
}

// handler answers a request with the fake locked. What it returns as error is
// written by the interface's own error writer.
type handler func(f *Fake, r *http.Request) (any, error)

// serve makes an HTTP handler that writes JSON and errors of one interface.
func (f *Fake) serve(h handler, fail func(http.ResponseWriter, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		out, err := f.locked(h, r)
		switch a, special := out.(answer); {
		case err != nil:
			fail(w, err)
		case special:
			a.write(w)
		default:
			answer{status: http.StatusOK, body: out}.write(w)
		}
	}
}

func (f *Fake) locked(h handler, r *http.Request) (any, error) {
	defer f.begin()()
	return h(f, r)
}
