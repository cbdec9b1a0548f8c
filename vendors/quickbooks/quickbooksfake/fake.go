package quickbooksfake

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/pos/posfake"
	"github.com/farmacyfoods/pointofsale/vendors/kit/fakekit"
)

// Fake is a simulated company in QuickBooks Online. It is safe for concurrent use.
type Fake struct {
	*fakekit.Server
	cfg           Config
	zone, pacific *time.Location
	ledger        fakekit.Ledger
	sender        *fakekit.Sender

	mu      sync.Mutex
	rand    *rand.Rand
	tables  map[string]*table // by entity name
	paths   map[string]*table // by the name in paths
	auth    authority
	load    load
	replays map[string]any // answers by request id
	hooks   outbox
	till    till
	ghosts  map[string]bool // wrong deletions that change data capture will tell, by record id
	closed  string          // code with which the company refuses requests
}

var _ posfake.Simulator = (*Fake)(nil)

// New returns a fake of a company. It starts no goroutine and opens no port
// before it is asked for.
func New(cfg Config) (*Fake, error) {
	cfg = cfg.withDefaults()
	if err := cfg.check(); err != nil {
		return nil, err
	}
	zone, err := pos.Zone(cfg.TimeZone)
	if err != nil {
		return nil, err
	}
	pacific, err := pos.Zone("America/Los_Angeles")
	if err != nil {
		return nil, err
	}
	f := &Fake{
		cfg: cfg, zone: zone, pacific: pacific, rand: fakekit.Rand(cfg.Seed, "quickbooks"),
		tables: map[string]*table{}, paths: map[string]*table{}, replays: map[string]any{}, ghosts: map[string]bool{}, till: newTill(),
	}
	for _, k := range kinds() {
		t := newTable(k)
		f.tables[k.name], f.paths[strings.ToLower(k.name)] = t, t
	}
	f.Server = fakekit.NewServer(fakekit.Config{
		Simulator: f, Error: f.writeStatus, Ops: f.operations(), Malformed: []byte(`{"QueryResponse":{"Item":[{"Id":`),
		Faults: []string{
			posfake.FaultDuplicate, posfake.FaultToken, posfake.FaultScope, posfake.FaultWidened, posfake.FaultSilence, posfake.FaultRepeat,
		},
	}, f.routes()...)
	f.sender = fakekit.NewSender(fakekit.SenderConfig{
		Clock: &f.Server.Clock, Retries: retrySchedule, Timeout: webhookTry, Prepare: f.signDelivery, Done: f.delivered,
	})
	f.auth = newAuthority(cfg, f.Now())
	if err := f.furnish(); err != nil {
		return nil, err
	}
	return f, nil
}

// Close stops the loopback server and the webhook sender.
func (f *Fake) Close() {
	f.Server.Close()
	f.sender.Close()
}

// verbs are what the operations on entities are named after.
var verbs = []string{"Create", "Update", "Delete", "Void", "Read", "Query"}

// operations are the names of all operations: the verb and the entity, such as
// UpdateItem or QuerySalesReceipt.
func (f *Fake) operations() []string {
	var out []string
	for name := range f.tables {
		for _, verb := range verbs {
			out = append(out, verb+name)
		}
	}
	return out
}

// call is a request to the company.
type call struct{ *http.Request }

func (f *Fake) routes() []fakekit.Route {
	query := func(r *http.Request) (string, bool) { return f.queryOp(r), false }
	return []fakekit.Route{
		{Op: "Authorize", Pattern: "GET /connect/oauth2", Handler: f.authorize},
		{Op: "Token", Pattern: "POST /oauth2/v1/tokens/bearer", Write: true, Handler: f.serveToken},
		{Op: "Revoke", Pattern: "POST /v2/oauth2/tokens/revoke", Write: true, Handler: f.serveRevoke},
		{Op: "Query", Pattern: "GET /v3/company/{realm}/query", Resolve: query, Handler: f.serve(f.getQuery)},
		{Op: "Query", Pattern: "POST /v3/company/{realm}/query", Resolve: query, Handler: f.serve(f.getQuery)},
		{Op: "CDC", Pattern: "GET /v3/company/{realm}/cdc", Handler: f.serve(f.getChanges)},
		{Op: "Batch", Pattern: "POST /v3/company/{realm}/batch", Resolve: batchOp, Handler: f.serve(f.postBatch)},
		{Op: "Preferences", Pattern: "GET /v3/company/{realm}/preferences", Resolve: f.entityOp, Handler: f.serve(f.readOne)},
		{Op: "CompanyInfo", Pattern: "GET /v3/company/{realm}/companyinfo/{id}", Resolve: f.entityOp, Handler: f.serve(f.readOne)},
		{Op: "Read", Pattern: "GET /v3/company/{realm}/{entity}/{id}", Resolve: f.entityOp, Handler: f.serve(f.readOne)},
		{Op: "Write", Pattern: "POST /v3/company/{realm}/{entity}", Resolve: f.entityOp, Handler: f.serve(f.postEntity)},
	}
}

// segments are the parts of a path below the company.
func segments(r *http.Request) []string {
	parts := strings.Split(strings.Trim(r.URL.Path, "/"), "/")
	if len(parts) < 4 {
		return []string{""}
	}
	return parts[3:]
}

// entityOp names the operation of a request to an entity.
func (f *Fake) entityOp(r *http.Request) (op string, write bool) {
	t := f.paths[segments(r)[0]]
	if t == nil {
		return "Unknown", r.Method == http.MethodPost
	}
	if r.Method == http.MethodGet {
		return "Read" + t.name, false
	}
	q := r.URL.Query()
	var sent struct {
		ID string `json:"Id"`
	}
	_ = json.Unmarshal(fakekit.Body(r), &sent)
	switch {
	case q.Get("include") == "void" || q.Get("operation") == "void":
		return "Void" + t.name, true
	case q.Get("operation") == "delete":
		return "Delete" + t.name, true
	case sent.ID != "":
		return "Update" + t.name, true
	default:
		return "Create" + t.name, true
	}
}

// serve wraps an operation in authorisation, limits and the memory of request ids.
func (f *Fake) serve(handle func(*call) (map[string]any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		f.trace(w)
		reply, err := f.answer(&call{r}, handle)
		switch {
		case err != nil:
			f.writeFault(w, r, err)
		case wantsXML(r):
			writeXML(w, http.StatusOK, reply)
		default:
			writeJSON(w, http.StatusOK, reply)
		}
	}
}

func (f *Fake) answer(c *call, handle func(*call) (map[string]any, error)) (map[string]any, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.admit(c); err != nil {
		return nil, err
	}
	metered := c.Method == http.MethodGet || strings.HasSuffix(c.URL.Path, "/query")
	if err := f.load.admit(f.cfg, f.Now(), fakekit.Op(c.Request) == "Batch", metered); err != nil {
		return nil, err
	}
	key := c.URL.Query().Get("requestid")
	if c.Method == http.MethodGet {
		key = ""
	}
	if err := checkRequestID(key, fakekit.Op(c.Request) == "Batch"); err != nil {
		return nil, err
	}
	if first, ok := f.replays[key]; ok && key != "" {
		return first.(map[string]any), nil
	}
	reply, err := handle(c)
	if err != nil {
		return nil, err
	}
	reply["time"] = f.stamp(f.Now())
	if key != "" {
		f.replays[key] = reply
	}
	return reply, nil
}

// checkRequestID bounds request ids: 50 characters, 36 for batches.
func checkRequestID(id string, batch bool) error {
	limit := 50
	if batch {
		limit = 36
	}
	if len(id) > limit {
		return refuse("2050", "requestid", "requestid has a maximum length of %d characters", limit)
	}
	return nil
}

// trace gives an answer its id, which support asks for.
func (f *Fake) trace(w http.ResponseWriter) {
	f.mu.Lock()
	defer f.mu.Unlock()
	w.Header().Set("intuit_tid", "1-"+fakekit.Text(f.rand, fakekit.Hex, 8)+"-"+fakekit.Text(f.rand, fakekit.Hex, 24))
}

// decode reads a JSON object and keeps its numbers as they are.
func decode(body []byte) (map[string]any, error) {
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.UseNumber()
	var out map[string]any
	if err := dec.Decode(&out); err != nil || out == nil {
		return nil, refuse("2010", "", "The request body is no JSON object: %v", err)
	}
	return out, nil
}

// readOne answers GET /{entity}/{id} and GET /preferences.
func (f *Fake) readOne(c *call) (map[string]any, error) {
	parts := segments(c.Request)
	t := f.paths[parts[0]]
	if t == nil {
		return nil, refuse("500", "", "Operation %s is not supported.", parts[0])
	}
	id := "1" // the only Preferences
	if len(parts) > 1 && parts[1] != f.cfg.Realm {
		id = parts[1]
	}
	o := t.get(id)
	if o == nil {
		return nil, notFound(t.name + " " + id)
	}
	return map[string]any{t.name: f.view(o)}, nil
}

// postEntity creates, updates, deletes or voids.
func (f *Fake) postEntity(c *call) (map[string]any, error) {
	t := f.paths[segments(c.Request)[0]]
	if t == nil {
		return nil, refuse("500", "", "Operation %s is not supported.", segments(c.Request)[0])
	}
	sent, err := decode(fakekit.Body(c.Request))
	if err != nil {
		return nil, err
	}
	q := c.URL.Query()
	operation := q.Get("operation")
	if q.Get("include") == "void" {
		operation = "void"
	}
	return f.apply(t, operation, q.Get("include"), sent)
}

// apply does one write and answers with what is there now.
func (f *Fake) apply(t *table, operation, include string, sent map[string]any) (map[string]any, error) {
	var o *object
	var err error
	switch operation {
	case "", "create", "update":
		if (operation == "create" && sent["Id"] != nil) || (operation == "update" && sent["Id"] == nil) {
			return nil, missing("Id")
		}
		o, err = f.save(t, sent, how{anyDoc: include == "allowduplicatedocnum"})
	case "delete":
		if o, err = f.remove(t, sent); err == nil {
			return map[string]any{t.name: map[string]any{"domain": "QBO", "status": "Deleted", "Id": o.id}}, nil
		}
	case "void":
		o, err = f.void(t, sent)
	default:
		err = refuse("500", "", "Operation %s is not supported.", operation)
	}
	if err != nil {
		return nil, err
	}
	return map[string]any{t.name: f.view(o)}, nil
}
