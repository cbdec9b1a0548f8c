package integrator

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"time"

	"github.com/farmacyfoods/pointofsale/events"
	"github.com/farmacyfoods/pointofsale/pos"
)

// maxCallback is the largest body of a callback.
const maxCallback = 1 << 20

// Callback is a verified callback of a vendor as it came.
type Callback struct {
	Vendor  string      `json:"vendor"`
	Account string      `json:"account,omitempty"` // "" if the URL names none
	Header  http.Header `json:"header"`
	Body    []byte      `json:"body"`
	At      time.Time   `json:"at"`
}

// Intake stores callbacks before they are answered and gives them back later.
type Intake interface {
	// Put stores a callback. Only then is the vendor told that it arrived.
	Put(ctx context.Context, c Callback) error
	// Run gives stored callbacks to deliver until ctx ends; one that fails
	// comes again.
	Run(ctx context.Context, deliver func(context.Context, Callback) error)
}

// memoryIntake is a bounded queue. It refuses callbacks while it is full, and
// vendors send them again.
type memoryIntake chan Callback

func newMemoryIntake() memoryIntake { return make(memoryIntake, 1024) }

var errIntakeFull = errors.New("integrator: too many callbacks are waiting")

// Put implements [Intake].
func (q memoryIntake) Put(_ context.Context, c Callback) error {
	select {
	case q <- c:
		return nil
	default:
		return errIntakeFull
	}
}

// Run implements [Intake].
func (q memoryIntake) Run(ctx context.Context, deliver func(context.Context, Callback) error) {
	for {
		select {
		case <-ctx.Done():
			return
		case c := <-q:
			for pause := newBackoff(); deliver(ctx, c) != nil; {
				if sleep(ctx, pause.NextBackOff()) != nil {
					return
				}
			}
		}
	}
}

// Handler serves callbacks and health:
//
//	POST /webhooks/{vendor}/{account}  callbacks of one account
//	POST /webhooks/{vendor}            callbacks that name the account themselves
//	GET  /healthz                      200 while the process lives
//	GET  /readyz                       200 when every account was read or is known to fail, else 503
func (e *Engine) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /webhooks/{vendor}", e.receive)
	mux.HandleFunc("POST /webhooks/{vendor}/{account}", e.receive)
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) })
	mux.HandleFunc("GET /readyz", e.readyz)
	return mux
}

func (e *Engine) receive(w http.ResponseWriter, r *http.Request) {
	vendor, name := r.PathValue("vendor"), r.PathValue("account")
	candidates := e.receivers(vendor, name)
	if len(candidates) == 0 {
		http.Error(w, "no such account", http.StatusNotFound)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxCallback))
	if err != nil {
		http.Error(w, "body unreadable or too large", http.StatusRequestEntityTooLarge)
		return
	}
	verified := verify(candidates, r.Header, body)
	if verified == nil {
		e.log.LogAttrs(r.Context(), slog.LevelWarn, "callback not verified", slog.String("vendor", vendor), slog.String("account", name))
		http.Error(w, "not verified", http.StatusUnauthorized)
		return
	}
	if _, err := verified.Parse(r.Header, body); err != nil {
		e.log.LogAttrs(r.Context(), slog.LevelWarn, "callback not readable", slog.String("vendor", vendor), slog.Any("error", err))
		http.Error(w, "not readable", http.StatusBadRequest)
		return
	}
	c := Callback{Vendor: vendor, Account: name, Header: r.Header.Clone(), Body: body, At: time.Now().UTC()}
	if err := e.intake.Put(r.Context(), c); err != nil {
		w.Header().Set("Retry-After", "5")
		http.Error(w, "try again", http.StatusServiceUnavailable)
		return
	}
	w.WriteHeader(http.StatusOK)
}

// receivers returns the accounts of a vendor that take callbacks; without a
// name, all of them.
func (e *Engine) receivers(vendor, name string) []*account {
	var found []*account
	for _, a := range e.accounts {
		if a.webhook != nil && a.origin.Vendor == vendor && (name == "" || a.origin.Account == name) {
			found = append(found, a)
		}
	}
	return found
}

// verify returns the webhook that proves the callback genuine, or nil.
func verify(candidates []*account, header http.Header, body []byte) pos.Webhook {
	for _, a := range candidates {
		if a.webhook.Verify(header, body) == nil {
			return a.webhook
		}
	}
	return nil
}

// deliver turns a stored callback into notices. The intake is trusted: the
// callback was verified before it was stored, and may be too old by now to
// pass again.
func (e *Engine) deliver(ctx context.Context, c Callback) error {
	candidates := e.receivers(c.Vendor, c.Account)
	if len(candidates) == 0 {
		return nil // The account was removed meanwhile.
	}
	notices, err := candidates[0].webhook.Parse(c.Header, c.Body)
	if err != nil {
		e.log.LogAttrs(ctx, slog.LevelError, "stored callback not readable", slog.String("vendor", c.Vendor), slog.Any("error", err))
		return nil
	}
	for i := range notices {
		a := e.account(events.Origin{Vendor: c.Vendor, Account: notices[i].Account})
		if a == nil && (c.Account != "" || len(candidates) == 1) {
			a = candidates[0] // The vendor's id of the account is not our name for it.
		}
		if a == nil {
			e.log.LogAttrs(ctx, slog.LevelWarn, "notice for an unknown account", slog.String("vendor", c.Vendor), slog.String("account", notices[i].Account))
			continue
		}
		if err := a.inbox.add(ctx, notices[i]); err != nil {
			return err
		}
	}
	return nil
}

type readiness struct {
	Ready    bool            `json:"ready"`
	Accounts map[string]bool `json:"accounts"`
}

func (e *Engine) readyz(w http.ResponseWriter, _ *http.Request) {
	state := readiness{e.up(), make(map[string]bool, len(e.accounts))}
	for _, a := range e.accounts {
		ok := a.ready() || a.health.failing()
		state.Accounts[a.origin.String()] = ok
		state.Ready = state.Ready && ok
	}
	w.Header().Set("Content-Type", "application/json")
	if !state.Ready {
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	_ = json.NewEncoder(w).Encode(state) // The client is gone if this fails.
}
