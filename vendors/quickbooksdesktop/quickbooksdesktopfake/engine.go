package quickbooksdesktopfake

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/farmacyfoods/pointofsale/vendors/kit/fakekit"
)

// Status codes of qbXML messages.
const (
	codeOK         = 0
	codeNothing    = 1
	codeSomeIDs    = 500
	codeTaken      = 3100
	codeNoObject   = 3120
	codeBadRef     = 3140
	codeStale      = 3200
	codeBadValue   = 3210
	codeNotDone    = 3231
	codeFeatureOff = 3250
	codePermission = 3260
	codeIterator   = 3391
)

var codeTexts = map[int]string{
	codeOK:         "Status OK",
	codeNothing:    "A query request did not find a matching object in QuickBooks",
	codeSomeIDs:    "Some of the objects that were asked for could not be found in QuickBooks.",
	1000:           "There has been an internal error when processing the request.",
	codeTaken:      "The name is already in use.",
	codeNoObject:   "The object could not be found in QuickBooks.",
	codeBadRef:     "There is an invalid reference to an object.",
	codeStale:      "The provided edit sequence is out-of-date.",
	codeBadValue:   "A value in the request is not valid.",
	codeNotDone:    "The request has not been processed.",
	codeFeatureOff: "The feature is not enabled or not available in this version of QuickBooks.",
	codePermission: "Insufficient permission level to perform this action.",
	codeIterator:   "The iterator is not valid in this session.",
}

// HRESULTs of message sets that are not processed, and of company files that
// cannot be opened.
const (
	HResultParse      = "0x80040400"
	HResultUnexpected = "0x80040402"
	HResultStart      = "0x80040408"
	HResultOtherFile  = "0x8004040A"
)

const parseText = "QuickBooks found an error when parsing the provided XML text stream."

// reply is the outcome of one message.
type reply struct {
	code       int
	detail     string // follows the text of the code
	rets       []*node
	counted    bool // a query that tells retCount
	iterated   bool
	remaining  int
	iteratorID string
}

func failed(code int, detail string) *reply { return &reply{code: code, detail: detail} }

func (r *reply) isError() bool { return r.code >= 1000 }

func (r *reply) node(m *message) *node {
	severity, text := "Info", codeTexts[r.code]
	if r.code >= 1000 {
		severity = "Error"
	} else if r.code >= 500 {
		severity = "Warn"
	}
	if r.detail != "" {
		text = strings.TrimSpace(text + " " + r.detail)
	}
	n := &node{name: m.op + "Rs"}
	if id, ok := m.body.attr("requestID"); ok {
		n.set("requestID", id)
	}
	n.set("statusCode", strconv.Itoa(r.code)).set("statusSeverity", severity).set("statusMessage", text)
	if r.counted {
		n.set("retCount", strconv.Itoa(len(r.rets)))
	}
	if r.iterated {
		n.set("iteratorRemainingCount", strconv.Itoa(r.remaining))
		if r.iteratorID != "" {
			n.set("iteratorID", r.iteratorID)
		}
	}
	switch includes := m.body.texts("IncludeRetElement"); {
	case m.bare:
	case len(includes) > 0:
		n.add(only(r.rets, includes)...)
	default:
		n.add(r.rets...)
	}
	return n
}

// message is one request of a message set.
type message struct {
	op    string // without Rq
	body  *node
	bare  bool   // the reply leaves the objects out
	reply *reply // nil until it has been carried out
}

type messageKey struct{}

type operation struct {
	run   func(*Fake, *message) *reply
	write bool
}

// operations are the messages that the fake understands.
var operations = sync.OnceValue(listOperations)

func listOperations() map[string]operation {
	ops := map[string]operation{
		"HostQuery":              {run: (*Fake).hostQuery},
		"CompanyQuery":           {run: (*Fake).companyQuery},
		"CompanyActivityQuery":   {run: (*Fake).activityQuery},
		"PreferencesQuery":       {run: (*Fake).preferencesQuery},
		"ItemSitesQuery":         {run: (*Fake).itemSitesQuery},
		"TxnDeletedQuery":        {run: (*Fake).txnDeletedQuery},
		"ListDeletedQuery":       {run: (*Fake).listDeletedQuery},
		"InventoryAdjustmentAdd": {run: (*Fake).inventoryAdjustmentAdd, write: true},
	}
	for _, kind := range []string{"Item", "ItemInventory", "ItemNonInventory", "ItemDiscount", "Customer", "Account", "Class", "InventorySite"} {
		ops[kind+"Query"] = operation{run: (*Fake).listQuery}
	}
	for _, kind := range []string{"SalesReceipt", "CreditMemo", "Invoice", "ReceivePayment"} {
		ops[kind+"Query"] = operation{run: (*Fake).txnQuery}
	}
	for _, kind := range []string{"ItemInventory", "ItemNonInventory", "ItemDiscount"} {
		ops[kind+"Add"] = operation{run: (*Fake).itemAdd, write: true}
		ops[kind+"Mod"] = operation{run: (*Fake).itemMod, write: true}
	}
	return ops
}

// messageRoutes make every message a request of the embedded server, which logs
// it and strikes it with faults.
//
//	route: POST /qbxml/ClassQuery
//	route: POST /qbxml/CompanyActivityQuery
//	route: POST /qbxml/CreditMemoQuery
//	route: POST /qbxml/InventorySiteQuery
//	route: POST /qbxml/InvoiceQuery
//	route: POST /qbxml/ItemDiscountAdd
//	route: POST /qbxml/ItemDiscountMod
//	route: POST /qbxml/ItemDiscountQuery
//	route: POST /qbxml/ItemInventoryAdd
//	route: POST /qbxml/ItemInventoryMod
//	route: POST /qbxml/ItemInventoryQuery
//	route: POST /qbxml/ItemNonInventoryAdd
//	route: POST /qbxml/ItemNonInventoryMod
//	route: POST /qbxml/ItemNonInventoryQuery
//	route: POST /qbxml/ItemSitesQuery
//	route: POST /qbxml/ReceivePaymentQuery
//	route: POST /qbxml/SalesReceiptQuery
//	route: POST /qbxml/TxnDeletedQuery
func (f *Fake) messageRoutes() []fakekit.Route {
	var routes []fakekit.Route
	for op, o := range f.lang.ops {
		routes = append(routes, fakekit.Route{Op: op, Pattern: "POST " + f.lang.path + op, Write: o.write, Handler: func(w http.ResponseWriter, r *http.Request) {
			m, ok := r.Context().Value(messageKey{}).(*message)
			if !ok {
				http.NotFound(w, r)
				return
			}
			func() {
				defer f.begin()()
				m.reply = o.run(f, m)
			}()
			writeReply(w, m, m.reply)
		}})
	}
	return routes
}

func answerCode(w http.ResponseWriter, r *http.Request, code int) {
	if m, ok := r.Context().Value(messageKey{}).(*message); ok {
		writeReply(w, m, failed(code, ""))
	}
}

func writeReply(w http.ResponseWriter, m *message, r *reply) {
	w.Header().Set("Content-Type", "text/xml; charset=utf-8")
	if r.isError() {
		w.Header().Set("X-Error", strconv.Itoa(r.code))
	}
	_, _ = io.WriteString(w, r.node(m).String())
}

// only keeps the elements that were asked for.
func only(rets []*node, names []string) []*node {
	out := make([]*node, len(rets))
	for i, n := range rets {
		out[i] = &node{name: n.name}
		for _, c := range n.children {
			if slices.Contains(names, c.name) {
				out[i].add(c)
			}
		}
	}
	return out
}

// messageSet is a parsed request document and what is known of its execution.
type messageSet struct {
	oldID, newID  string
	stop, bare    bool
	text          string
	messages      []*message
	status        int // messageSetStatusCode
	statusIsKnown bool
}

// parseSet reads a request as strictly as QuickBooks does.
func (l *language) parseSet(text string) (*messageSet, error) {
	root, inst, err := parseXML(text)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errParse, err)
	}
	version, ok := inst[l.instruction]
	if !ok || !slices.Contains(l.versions, strings.Trim(strings.TrimPrefix(strings.TrimSpace(version), "version="), `"'`)) {
		return nil, fmt.Errorf("%w: %s instruction %q", errParse, l.instruction, version)
	}
	if root.name != l.root || root.space != "" || len(root.children) != 1 || root.children[0].name != l.root+"MsgsRq" {
		return nil, fmt.Errorf("%w: the root must be %s with one %sMsgsRq", errParse, l.root, l.root)
	}
	body := root.children[0]
	set := &messageSet{text: text}
	for _, a := range body.attrs {
		ok := a.name == "onError" || l.recalls
		switch a.name {
		case "onError":
			set.stop = a.value != "continueOnError" // a rollback is not honoured
			ok = slices.Contains([]string{"continueOnError", "stopOnError"}, a.value) || l.recalls && a.value == "rollbackOnError"
		case "newMessageSetID":
			set.newID = a.value
		case "oldMessageSetID":
			set.oldID = a.value
		case "responseData":
			set.bare = a.value == "includeNone"
			ok = ok && (set.bare || a.value == "includeAll")
		default:
			ok = false
		}
		if !ok {
			return nil, fmt.Errorf("%w: %s=%q", errParse, a.name, a.value)
		}
	}
	if _, ok := body.attr("onError"); !ok {
		return nil, fmt.Errorf("%w: onError is missing", errParse)
	}
	for _, c := range body.children {
		op, isRequest := strings.CutSuffix(c.name, "Rq")
		if _, known := l.ops[op]; !isRequest || !known {
			return nil, fmt.Errorf("%w: no message %s here", errParse, c.name)
		}
		if err := l.checkMessage(c); err != nil {
			return nil, err
		}
		set.messages = append(set.messages, &message{op: op, body: c, bare: set.bare})
	}
	return set, nil
}

// iterable are the queries that have iterators.
var iterable = []string{
	"ItemQueryRq", "ItemInventoryQueryRq", "ItemNonInventoryQueryRq", "ItemDiscountQueryRq", "ItemSitesQueryRq", "CustomerQueryRq",
	"SalesReceiptQueryRq", "CreditMemoQueryRq", "InvoiceQueryRq", "ReceivePaymentQueryRq",
}

func (l *language) checkMessage(n *node) error {
	for _, a := range n.attrs {
		ok := false
		switch a.name {
		case "requestID":
			ok = true
		case "metaData":
			ok = slices.Contains([]string{"NoMetaData", "MetaDataOnly", "MetaDataAndResponseData"}, a.value)
		case "iterator":
			ok = slices.Contains(l.iterable, n.name) && slices.Contains([]string{"Start", "Continue", "Stop"}, a.value)
		case "iteratorID":
			ok = slices.Contains(l.iterable, n.name)
		}
		if !ok {
			return fmt.Errorf("%w: %s has %s=%q", errParse, n.name, a.name, a.value)
		}
	}
	return l.validate(l.root+"MsgsRq", n)
}

// errLost reports a session that broke between QuickBooks and the service.
var errLost = errors.New("quickbooksdesktopfake: the session was lost")

// process executes a request document. The error says that QuickBooks refused
// it (errParse) or that the session is lost (errLost, or the context's error).
func (f *Fake) process(ctx context.Context, text string) (response string, writes int, err error) {
	set, err := f.lang.parseSet(text)
	if err != nil {
		return "", 0, err
	}
	set = f.recall(set)
	var b bytes.Buffer
	b.WriteString(`<?xml version="1.0" ?><` + f.lang.root + `><` + f.lang.root + `MsgsRs`)
	end := "</" + f.lang.root + "MsgsRs></" + f.lang.root + ">"
	if set.statusIsKnown {
		fmt.Fprintf(&b, ` newMessageSetID="%s" messageSetStatusCode="%d"`, escapeAttr(set.newID), set.status)
	}
	b.WriteByte('>')
	if set.status != 0 {
		b.WriteString(end)
		return b.String(), 0, nil
	}
	stopped := false
	for _, m := range set.messages {
		switch {
		case m.reply != nil: // known from an earlier attempt
			b.WriteString(m.reply.node(m).String())
			stopped = stopped || set.stop && m.reply.isError()
			continue
		case stopped:
			b.WriteString(failed(codeNotDone, "").node(m).String())
			continue
		}
		if f.lang.ops[m.op].write {
			writes++
		}
		bad, err := f.deliver(ctx, m, &b)
		if errors.Is(err, io.ErrUnexpectedEOF) { // torn: what follows does not arrive either
			return b.String(), writes, nil
		}
		if err != nil {
			return "", writes, err
		}
		stopped = set.stop && bad
	}
	b.WriteString(end)
	return b.String(), writes, nil
}

func escapeAttr(s string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", `"`, "&quot;").Replace(s)
}

// deliver puts a message to QuickBooks and adds its reply to the response.
func (f *Fake) deliver(ctx context.Context, m *message, b *bytes.Buffer) (bad bool, err error) {
	ctx = context.WithValue(ctx, messageKey{}, m)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://quickbooks"+f.lang.path+m.op, strings.NewReader(m.body.String()))
	if err != nil {
		return false, err
	}
	resp, err := f.Transport().RoundTrip(req)
	if err != nil {
		if ctx.Err() != nil {
			return false, ctx.Err()
		}
		return false, fmt.Errorf("%w: %w", errLost, err)
	}
	defer func() { _ = resp.Body.Close() }()
	_, err = b.ReadFrom(resp.Body)
	return resp.Header.Get("X-Error") != "", err
}

// recall finds out what QuickBooks remembers of a message set, and makes it
// remember a new one. A set that was broken off is completed; that, and the
// codes 9001 and 9002, are unconfirmed.
func (f *Fake) recall(set *messageSet) *messageSet {
	defer f.begin()()
	if set.newID == "" {
		if set.oldID == "" {
			return set
		}
		known := f.sets[set.oldID]
		if known == nil {
			return &messageSet{newID: set.oldID, status: 9002, statusIsKnown: true}
		}
		return known
	}
	if set.oldID != set.newID {
		delete(f.sets, set.oldID)
	}
	if known := f.sets[set.newID]; known != nil {
		if known.text != set.text {
			return &messageSet{newID: set.newID, status: 9001, statusIsKnown: true}
		}
		return known
	}
	set.statusIsKnown = true
	f.sets[set.newID] = set
	return set
}
