package quickbooksdesktop

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	_ "embed"

	"github.com/farmacyfoods/pointofsale/pos"
)

// maxCall is the largest request; responses of QuickBooks are inside.
const maxCall = 16 << 20

//go:embed service.wsdl
var serviceWSDL []byte

// Handler is the SOAP service that the Web Connector of the company file calls.
// Serve it over TLS at the AppURL of [QWCConfig]. GET answers 200, with the
// WSDL for ?wsdl. It is safe for concurrent use, also by several processes
// that share a store.
//
// Put it behind nothing that hides the caller's address, or every caller
// shares the limit on failed sign-ins.
func (p *Provider) Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.Method {
		case http.MethodGet, http.MethodHead:
			p.describeService(w, r)
		case http.MethodPost:
			p.serve(w, r)
		default:
			w.Header().Set("Allow", "GET, HEAD, POST")
			http.Error(w, "the Web Connector sends POST", http.StatusMethodNotAllowed)
		}
	})
}

func (p *Provider) describeService(w http.ResponseWriter, r *http.Request) {
	for name := range r.URL.Query() {
		if strings.EqualFold(name, "wsdl") {
			w.Header().Set("Content-Type", "text/xml; charset=utf-8")
			_, _ = w.Write(serviceWSDL)
			return
		}
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = io.WriteString(w, "QuickBooks Web Connector service\n")
}

func (p *Provider) serve(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxCall))
	if err != nil {
		status := http.StatusBadRequest
		if errors.As(err, new(*http.MaxBytesError)) {
			status = http.StatusRequestEntityTooLarge
		}
		http.Error(w, http.StatusText(status), status)
		return
	}
	var envelope callEnvelope
	if err := limits.Decode(body, r.Header.Get("Content-Type"), serviceSpace, &envelope); err != nil {
		p.opts.Logger.Warn("unreadable call", slog.String("vendor", Vendor), slog.Any("error", err))
		p.answer(w, http.StatusInternalServerError, &soapFault{"Client", "the envelope cannot be read"})
		return
	}
	a, err := p.dispatch(r.Context(), &envelope.Body.Call, address(r))
	switch {
	case err != nil:
		p.opts.Logger.Error("call failed", slog.String("vendor", Vendor), slog.String("op", envelope.Body.Call.XMLName.Local), slog.Any("error", err))
		p.answer(w, http.StatusInternalServerError, &soapFault{"Server", "the service could not keep its state, try again"})
	case a == nil:
		p.answer(w, http.StatusInternalServerError, &soapFault{"Client", "unknown operation"})
	default:
		p.answer(w, http.StatusOK, a)
	}
}

func (p *Provider) answer(w http.ResponseWriter, status int, a interface{ envelope() []byte }) {
	w.Header().Set("Content-Type", "text/xml; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(a.envelope()) //nolint:gosec // XML, and every text in it is escaped
}

// address is the caller's address without the port.
func address(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return clip(r.RemoteAddr, 64)
	}
	return host
}

// Answers of authenticate in place of a company file.
const (
	invalidUser = "nvu"
	busyNow     = "busy"
)

// noOp in getLastError makes the Web Connector ask for work again in 5 seconds.
const noOp = "NoOp"

const errExpired = "session expired"

// dispatch carries out one call; an unknown operation gives nil.
func (p *Provider) dispatch(ctx context.Context, c *call, from string) (*soapAnswer, error) {
	op := c.XMLName.Local
	switch op {
	case opServerVersion, "getServerVersion":
		return answered(op, "farmacy-pos/1"), nil
	case opClientVersion:
		return answered(op, ""), nil // any version will do
	case "getInteractiveURL", "interactiveRejected":
		return answered(op, ""), nil // there is no interactive mode
	case "interactiveDone":
		return answered(op, "Done"), nil
	case opAuthenticate:
		list, err := p.authenticate(ctx, c, from)
		return answered(op, "", list...), err
	}
	var text string
	work := map[string]func(context.Context, *state, *call) (string, error){
		opSendRequest: p.sendRequest, opReceiveResponse: p.receiveResponse, opConnectionError: p.connectionError,
		opGetLastError: p.lastError, opCloseConnection: p.closeConnection,
	}[op]
	if work == nil {
		return nil, nil
	}
	p.turn.Lock()
	defer p.turn.Unlock()
	err := change(ctx, p, docSession, func(st *state) (write bool, err error) {
		now := time.Now().UTC()
		s := st.Session
		if s == nil || s.Closed || digest(c.Ticket) != s.Ticket || now.Sub(s.Last) >= idleLimit {
			text = strangers[op]
			return false, nil
		}
		s.Last, st.Called = now, now
		text, err = work(ctx, st, c)
		return true, err
	})
	return answered(op, text), err
}

// strangers are the answers to calls with a ticket that is not valid.
var strangers = map[string]string{
	opSendRequest: "", opReceiveResponse: "-1", opConnectionError: "done", opGetLastError: errExpired, opCloseConnection: "OK",
}

func (p *Provider) authenticate(ctx context.Context, c *call, from string) ([]string, error) {
	if !p.gate.check(c.User, c.Password, from) {
		return []string{"", invalidUser}, nil
	}
	p.turn.Lock()
	defer p.turn.Unlock()
	var list []string
	err := change(ctx, p, docSession, func(st *state) (bool, error) {
		now := time.Now().UTC()
		if st.Session.busy(from, now) {
			list = []string{"", busyNow}
			return false, nil
		}
		ticket := newTicket()
		st.Runs++
		st.Called = now
		st.Session = &session{Ticket: digest(ticket), Address: from, Began: now, Last: now, Gen: st.Items.Gen + 1, Phase: phaseRead}
		list = []string{ticket, st.File}
		return true, p.resume(ctx, st)
	})
	return list, err
}

// connectionError ends the run: QuickBooks could not be opened. The path of the
// company file is forgotten, in case it moved.
func (p *Provider) connectionError(_ context.Context, st *state, c *call) (string, error) {
	st.fail("QuickBooks could not be reached: "+c.HResult+" "+c.Message, st.Session.Last)
	st.File = ""
	return "done", nil
}

// maxIdle is how often the Web Connector is told to come back in 5 seconds.
const maxIdle = 3

func (p *Provider) lastError(_ context.Context, st *state, _ *call) (string, error) {
	s := st.Session
	if s.Error != "" {
		return s.Error, nil
	}
	if s.Idle++; s.Idle > maxIdle {
		return "there is nothing to do", nil
	}
	return noOp, nil
}

func (p *Provider) closeConnection(_ context.Context, st *state, _ *call) (string, error) {
	st.Session.Closed = true
	st.Session.Queries = nil
	return "OK", nil
}

// sendRequest returns the next message set, or "" if there is none.
func (p *Provider) sendRequest(ctx context.Context, st *state, c *call) (string, error) {
	s := st.Session
	if s.Error != "" {
		return "", nil
	}
	if !s.Ready {
		if !p.rightFile(st, c) {
			return "", nil
		}
		s.Ready = true
	}
	if s.Outstanding { // the response was lost
		if err := p.resume(ctx, st); err != nil {
			return "", err
		}
	}
	text, err := p.nextRequest(ctx, st)
	s.Outstanding = err == nil && text != ""
	return text, err
}

// receiveResponse returns the percentage done, or a negative number.
func (p *Provider) receiveResponse(ctx context.Context, st *state, c *call) (string, error) {
	s := st.Session
	if !s.Outstanding {
		st.fail("a response came that nobody asked for", s.Last)
		return "-1", nil
	}
	s.Outstanding = false
	s.Done++
	if c.HResult != "" || strings.TrimSpace(c.Response) == "" {
		return "-1", p.refused(ctx, st, c.HResult, c.Message)
	}
	list, err := p.speaks.readReplies(c.Response)
	if err != nil {
		p.opts.Logger.Warn("unreadable response", slog.String("vendor", Vendor), slog.Any("error", err))
		return "-1", p.refused(ctx, st, "unreadable", "the response is no qbXML")
	}
	left, err := p.handle(ctx, st, list)
	if err != nil {
		return "", err
	}
	if s.Error != "" {
		return "-1", nil
	}
	return strconv.Itoa(s.percent(left)), nil
}

// rightFile compares the open company file with the one of this account, by
// the FileID that the Web Connector keeps in it. A file that does not tell must
// be the one that was open the last time.
func (p *Provider) rightFile(st *state, c *call) bool {
	id := ""
	if list, err := p.speaks.readReplies(c.Prelude); err == nil {
		for i := range list {
			if h := list[i].Host; h != nil {
				st.Product = clip(strings.TrimSpace(h.Product+" "+h.Major+"."+h.Minor), 100)
			}
			if co := list[i].Company; co != nil {
				st.Company = clip(co.Name, 100)
				for _, e := range co.Extensions {
					if p.marks(&e) {
						id = e.Value
					}
				}
			}
		}
	}
	right := strings.EqualFold(id, p.cfg.FileID) || id == "" && (st.File == "" || st.File == c.File)
	if !right {
		st.fail("wrong company file open: "+clip(c.File, 200), st.Session.Last)
		return false
	}
	st.File = clip(c.File, 500)
	return true
}

// marks reports whether a data extension holds the FileID.
func (p *Provider) marks(e *dataExt) bool {
	return e.Name == "FileID" && (e.OwnerID == "" || strings.EqualFold(e.OwnerID, p.cfg.OwnerID))
}

// NewWebhook reports that QuickBooks Desktop has no webhooks: its Web Connector
// calls [Provider.Handler] instead.
func NewWebhook() (pos.Webhook, error) {
	return nil, pos.Unsupported(Vendor, "NewWebhook", "QuickBooks Desktop sends no callbacks", "serve Provider.Handler for its Web Connector")
}
