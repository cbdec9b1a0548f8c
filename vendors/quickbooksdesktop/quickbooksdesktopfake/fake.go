package quickbooksdesktopfake

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/pos/posfake"
	"github.com/farmacyfoods/pointofsale/vendors/kit/fakekit"
)

// Fake is a company file with its Web Connector. The embedded server counts the
// qbXML messages, strikes them with faults, holds the clock and serves the
// control endpoint; it has no API of its own to be called by anybody. It is
// safe for concurrent use.
type Fake struct {
	*fakekit.Server
	lang   *language
	link   *fakekit.Server // between the Web Connector and the service
	cfg    Config
	zone   *time.Location
	ledger fakekit.Ledger

	turn sync.Mutex // one update at a time

	mu       sync.Mutex
	random   *rand.Rand
	service  http.Handler
	url      string
	off      bool // the computer
	openFail openFailure
	books
	iterators map[string]*iterator
	sets      map[string]*messageSet // by newMessageSetID
}

var _ posfake.Simulator = (*Fake)(nil)

// New installs the simulated computer, or returns an error that names
// everything wrong with cfg. It starts no goroutine and calls nobody.
func New(cfg Config) (*Fake, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	zone, err := pos.Zone(cfg.TimeZone)
	if err != nil {
		return nil, err
	}
	f := &Fake{}
	f.install(cfg, zone, desktopLanguage(), f)
	if err := f.seed(); err != nil {
		return nil, err
	}
	return f, nil
}

// install sets up a computer with an empty program on it, which the simulator
// drives.
func (f *Fake) install(cfg Config, zone *time.Location, lang *language, simulator posfake.Simulator) {
	f.cfg, f.zone, f.lang, f.random = cfg, zone, lang, fakekit.Rand(cfg.Seed, "quickbooksdesktop")
	f.service, f.url = cfg.Handler, cfg.URL
	f.iterators, f.sets, f.books = map[string]*iterator{}, map[string]*messageSet{}, newBooks()
	for _, id := range []*string{&f.cfg.OwnerID, &f.cfg.FileID} {
		if *id == "" {
			*id = f.guid()
		}
	}
	f.Server = fakekit.NewServer(fakekit.Config{Simulator: simulator, Error: statusInstead, Malformed: []byte("<Torn")}, f.messageRoutes()...)
	f.link = fakekit.NewServer(fakekit.Config{Malformed: []byte("<Torn")}, f.linkRoutes()...)
}

func (f *Fake) guid() string { return "{" + fakekit.UUID(f.random) + "}" }

// seed fills the company file.
func (f *Fake) seed() error {
	f.openBooks()
	for _, s := range f.cfg.Locations {
		if err := f.AddLocation(s); err != nil {
			return err
		}
	}
	for _, m := range fakekit.Meals(f.cfg.Seed+1, f.cfg.Items) {
		if err := f.AddForeign("HOST-"+m.SKU, m.Name, m.Price); err != nil {
			return err
		}
	}
	return nil
}

// Connect replaces the service that the Web Connector calls, without a socket.
func (f *Fake) Connect(service http.Handler) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.service, f.url = service, ""
}

// ConnectURL replaces the service that the Web Connector calls by the one at
// the URL; an empty one connects it to nobody.
func (f *Fake) ConnectURL(url string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.service, f.url = nil, url
}

// Credentials are what the .qwc file and the user tell the Web Connector, and
// what a service needs to know of it.
type Credentials struct {
	UserName    string `json:"user_name"`
	Password    string `json:"password"`
	OwnerID     string `json:"owner_id"`
	FileID      string `json:"file_id"`
	CompanyFile string `json:"company_file"`
	TimeZone    string `json:"time_zone"`
	Mode        Mode   `json:"mode"`
}

// Credentials returns what a service needs to know of this Web Connector.
func (f *Fake) Credentials() Credentials {
	return Credentials{f.cfg.UserName, f.cfg.Password, f.cfg.OwnerID, f.cfg.FileID, f.cfg.CompanyFile, f.cfg.TimeZone, f.cfg.Mode}
}

// Advance moves the clock of QuickBooks and of the Web Connector.
func (f *Fake) Advance(d time.Duration) {
	f.Server.Advance(d)
	f.link.Advance(d)
}

// Calls lists the SOAP calls of the Web Connector, oldest first, while
// [Fake.Requests] lists the qbXML messages that QuickBooks got.
func (f *Fake) Calls() []posfake.Request { return f.link.Requests() }

// Inject scripts a fault. If Op names a qbXML message, such as
// "ItemInventoryMod", or is empty, it strikes messages:
//
//   - reset: QuickBooks crashes before the message, the session is lost
//   - lost_reply: the message is carried out, then the session is lost
//   - status of 1000 and above: that statusCode, and nothing is done;
//     401 and 403 mean 3260, 409 means 3200, any other 1000
//   - malformed, truncate: the response is torn, latency: it takes time
//
// If Op names a SOAP call, such as "receiveResponseXML", the same kinds strike
// the connection between the Web Connector and the service.
func (f *Fake) Inject(fault posfake.Fault) (remove func(), err error) {
	if slices.Contains(f.link.Operations(), fault.Op) {
		return f.link.Inject(fault)
	}
	if fault.Kind == posfake.FaultStatus && fault.Status >= 1000 {
		return f.injectCode(fault)
	}
	return f.Server.Inject(fault)
}

// injectCode answers messages with a statusCode of qbXML, which is no status of
// HTTP.
func (f *Fake) injectCode(fault posfake.Fault) (remove func(), err error) {
	if fault.Op != "" && !slices.Contains(f.Operations(), fault.Op) || fault.Status > 9999 || fault.Times < -1 || fault.Skip < 0 {
		return nil, fmt.Errorf("%w: op %q, status %d, times %d, skip %d", fakekit.ErrBadFault, fault.Op, fault.Status, fault.Times, fault.Skip)
	}
	var mu sync.Mutex
	skip, left := fault.Skip, fault.Times
	if left == 0 {
		left = 1
	}
	match := func(r *http.Request) bool {
		mu.Lock()
		defer mu.Unlock()
		if left == 0 || fault.Op != "" && fakekit.Op(r) != fault.Op {
			return false
		}
		if skip > 0 {
			skip--
			return false
		}
		if left > 0 {
			left--
		}
		return true
	}
	return f.Intercept(match, func(w http.ResponseWriter, r *http.Request) { answerCode(w, r, fault.Status) }), nil
}

// statusInstead translates the statuses of HTTP that scripts share.
func statusInstead(w http.ResponseWriter, r *http.Request, status int) {
	code := 1000
	switch status {
	case http.StatusUnauthorized, http.StatusForbidden:
		code = codePermission
	case http.StatusConflict:
		code = codeStale
	}
	if _, ok := r.Context().Value(messageKey{}).(*message); !ok {
		http.NotFound(w, r)
		return
	}
	answerCode(w, r, code)
}

// begin locks the fake; the returned function unlocks.
func (f *Fake) begin() (end func()) {
	f.mu.Lock()
	return f.mu.Unlock
}

// now is the time in whole seconds: QuickBooks keeps no others.
func (f *Fake) now() time.Time { return f.Now().Truncate(time.Second) }

func sameName(a, b string) bool { return strings.EqualFold(strings.TrimSpace(a), strings.TrimSpace(b)) }
