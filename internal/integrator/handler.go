package integrator

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/farmacyfoods/pointofsale/events"
	"github.com/farmacyfoods/pointofsale/pos"
)

// maxCallback is the largest body of a callback.
const maxCallback = 1 << 20

// Handler serves callbacks and health:
//
//	POST /webhooks/{vendor}/{account}  callbacks of one account
//	POST /webhooks/{vendor}            callbacks that name the account themselves
//	GET  /healthz                      200 while the process lives
//	GET  /readyz                       200 when every account that is ours was read or is known to fail, else 503
//
// Any replica takes callbacks for any account.
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
	notices, err := verified.webhook.Parse(r.Header, body)
	if err != nil {
		e.log.LogAttrs(r.Context(), slog.LevelWarn, "callback not readable", slog.String("vendor", vendor), slog.Any("error", err))
		http.Error(w, "not readable", http.StatusBadRequest)
		return
	}
	c := events.Callback{ID: callbackID(notices), Vendor: vendor, Account: name, Header: kept(r.Header), Body: body, At: time.Now().UTC()}
	for _, queue := range e.queues(candidates, &c, notices) { //nolint:contextcheck // it looks at what is in memory
		if err := e.intake.PutCallback(r.Context(), queue, c); err != nil {
			e.log.LogAttrs(r.Context(), slog.LevelWarn, "callback not kept", slog.String("vendor", vendor), slog.Any("error", err))
			w.Header().Set("Retry-After", "5")
			http.Error(w, "try again", http.StatusServiceUnavailable)
			return
		}
	}
	w.WriteHeader(http.StatusOK)
}

// callbackID is the same for repeats, or empty.
func callbackID(notices []pos.Notice) string {
	parts := make([]string, 0, len(notices))
	for i := range notices {
		if notices[i].ID == "" {
			return ""
		}
		parts = append(parts, notices[i].ID)
	}
	if len(parts) == 0 {
		return ""
	}
	return events.ID(parts...)
}

// kept are the headers that are stored: credentials are not needed again.
func kept(h http.Header) http.Header {
	h = h.Clone()
	for _, name := range []string{"Authorization", "Proxy-Authorization", "Cookie"} {
		h.Del(name)
	}
	return h
}

// receivers returns the units of a vendor that lead accounts with callbacks;
// without a name, all of them.
func (e *Engine) receivers(vendor, name string) []*unit {
	var found []*unit
	for _, u := range e.leads() {
		if u.cfg.Webhook != nil && u.origin.Vendor == vendor && (name == "" || u.origin.Account == name) {
			found = append(found, u)
		}
	}
	return found
}

// verify returns the account whose webhook proves the callback genuine, or nil.
func verify(candidates []*unit, header http.Header, body []byte) *account {
	for _, u := range candidates {
		if u.cfg.Webhook.Verify(header, body) == nil {
			return u.account()
		}
	}
	return nil
}

// queues returns where a callback goes: to every part of every account that
// one of its notices is for.
func (e *Engine) queues(candidates []*unit, c *events.Callback, notices []pos.Notice) []string {
	var queues []string
	for i := range notices {
		o, ok := addressee(candidates, c, &notices[i])
		if !ok {
			e.log.LogAttrs(context.Background(), slog.LevelWarn, "notice for an unknown account", slog.String("vendor", c.Vendor), slog.String("account", notices[i].Account))
			continue
		}
		for _, u := range e.parts(o) {
			if q := u.queue(); !slices.Contains(queues, q) {
				queues = append(queues, q)
			}
		}
	}
	return queues
}

// addressee returns the account that a notice is for.
func addressee(candidates []*unit, c *events.Callback, n *pos.Notice) (events.Origin, bool) {
	for _, u := range candidates {
		if u.origin.Account == n.Account {
			return u.origin, true
		}
	}
	if c.Account != "" || len(candidates) == 1 {
		return candidates[0].origin, true // The vendor's id of the account is not our name for it.
	}
	return events.Origin{}, false
}

// queue is where callbacks for the unit are kept.
func (u *unit) queue() string {
	return word(u.engine.cfg.Name) + "." + u.key("part", strconv.Itoa(u.part))
}

// takeCallbacks turns kept callbacks into notices until stop ends.
func (a *account) takeCallbacks(stop, work context.Context) {
	err := a.engine.intake.TakeCallbacks(stop, a.queue(), func(_ context.Context, c events.Callback) error { return a.deliver(work, c) })
	if err != nil && stop.Err() == nil {
		a.log.Error("callbacks are not taken", "error", err)
	}
}

// deliver takes the notices of a callback in. The intake is trusted: the
// callback was verified before it was stored, and may be too old by now to
// pass again. Once they are in, the callback is done with: whoever takes over
// from us after a crash polls at once, and finds what they told of.
func (a *account) deliver(ctx context.Context, c events.Callback) error {
	notices, err := a.webhook.Parse(c.Header, c.Body)
	if err != nil {
		a.log.LogAttrs(ctx, slog.LevelError, "stored callback not readable", slog.Any("error", err))
		return nil
	}
	a.inbox.arrived(c.At)
	candidates := a.engine.receivers(c.Vendor, c.Account)
	for i := range notices {
		if o, ok := addressee(candidates, &c, &notices[i]); !ok || o != a.origin {
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
	// Uncertified is why no business days are certified; "" if they are.
	Uncertified string `json:"uncertified,omitempty"`
}

func (e *Engine) whyUncertified() string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.uncertified
}

func (e *Engine) readyz(w http.ResponseWriter, _ *http.Request) {
	state := readiness{Ready: e.knows(), Accounts: make(map[string]bool, len(e.units)), Uncertified: e.whyUncertified()}
	for _, u := range e.units {
		a, name := u.account(), u.origin.String()
		ok := !u.owned() || a.ready() || a.health.failing()
		if known, twice := state.Accounts[name]; twice {
			ok = ok && known
		}
		state.Accounts[name] = ok
		state.Ready = state.Ready && ok
	}
	w.Header().Set("Content-Type", "application/json")
	if !state.Ready {
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	_ = json.NewEncoder(w).Encode(state) // The client is gone if this fails.
}
