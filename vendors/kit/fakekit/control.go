package fakekit

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/farmacyfoods/pointofsale/pos/posfake"
)

const (
	controlPrefix  = "/_fake/"
	maxControlBody = 1 << 20
)

// problem is an error of the control endpoint with its HTTP status.
type problem struct {
	status int
	err    error
}

func (p *problem) Error() string { return p.err.Error() }
func (p *problem) Unwrap() error { return p.err }

func badRequest(format string, args ...any) error {
	return &problem{http.StatusBadRequest, fmt.Errorf(format, args...)}
}

// Control returns the control endpoint that drives a simulator, to be served
// under /_fake/. The package documentation lists its requests. A [Server] with a
// simulator serves it already.
func Control(sim posfake.Simulator) http.Handler {
	c := &controller{sim: sim, mux: http.NewServeMux(), clears: map[int]func(){}}
	c.handle("POST /_fake/sell", posting(sim.Sell))
	c.handle("POST /_fake/refund", posting(sim.Refund))
	c.handle("POST /_fake/edit", posting(sim.Edit))
	c.handle("POST /_fake/void", posting(func(in idBody) (posfake.Record, error) { return sim.Void(in.ID) }))
	c.handle("POST /_fake/stock", posting(func(in stockBody) (any, error) {
		return nil, sim.SetStock(in.Location, in.SKU, in.Quantity)
	}))
	c.handle("POST /_fake/online", posting(func(in onlineBody) (any, error) {
		return nil, sim.SetOnline(in.Location, in.Online)
	}))
	c.handle("POST /_fake/location", posting(func(in posfake.LocationSeed) (any, error) { return nil, sim.AddLocation(in) }))
	c.handle("DELETE /_fake/location/{id}", func(r *http.Request) (any, error) {
		return nil, sim.RemoveLocation(r.PathValue("id"))
	})
	c.handle("POST /_fake/foreign", posting(func(in foreignBody) (any, error) {
		return nil, sim.AddForeign(in.SKU, in.Name, in.Price)
	}))
	c.handle("POST /_fake/fault", posting(c.fault))
	c.handle("DELETE /_fake/fault/{id}", c.clearOne)
	c.handle("DELETE /_fake/fault", c.clearAll)
	c.handle("POST /_fake/clock", posting(c.advance))
	c.handle("GET /_fake/clock", func(*http.Request) (any, error) { return nowBody{sim.Now()}, nil })
	c.handle("GET /_fake/ledger", func(*http.Request) (any, error) { return list(sim.Ledger()), nil })
	c.handle("GET /_fake/requests", func(*http.Request) (any, error) { return list(sim.Requests()), nil })
	c.handle("GET /_fake/menu", func(*http.Request) (any, error) { return list(sim.Menu()), nil })
	return c
}

// controller is the control endpoint of one simulator.
type controller struct {
	sim posfake.Simulator
	mux *http.ServeMux

	mu     sync.Mutex
	next   int
	clears map[int]func()
}

func (c *controller) handle(pattern string, fn func(*http.Request) (any, error)) {
	c.mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
		answer, err := fn(r)
		writeControl(w, answer, err)
	})
}

func (c *controller) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	handler, pattern := c.mux.Handler(r)
	if pattern != "" {
		c.mux.ServeHTTP(w, r)
		return
	}
	probe := newRecorder()
	handler.ServeHTTP(probe, r)
	writeControl(w, nil, &problem{max(probe.code, http.StatusNotFound), fmt.Errorf("no %s %s here", r.Method, r.URL.Path)})
}

type (
	idBody struct {
		ID string `json:"id"`
	}
	stockBody struct {
		Location string `json:"location"`
		SKU      string `json:"sku"`
		Quantity *int64 `json:"quantity"`
	}
	onlineBody struct {
		Location string `json:"location"`
		Online   bool   `json:"online"`
	}
	foreignBody struct {
		SKU   string `json:"sku"`
		Name  string `json:"name"`
		Price int64  `json:"price"`
	}
	clockBody struct {
		Advance string `json:"advance"`
	}
	nowBody struct {
		Now time.Time `json:"now"`
	}
	// faultBody accepts a latency as text beside latency_ns.
	faultBody struct {
		posfake.Fault
		Text string `json:"latency"`
	}
	armedBody struct {
		ID int `json:"id"`
	}
)

// Command makes a handler of a further request of a control endpoint, one that
// only this vendor's fake has. It reads the body as strictly and answers in the
// same way as the requests of [Control]; an empty body is that of {}.
func Command[In, Out any](fn func(context.Context, In) (Out, error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ContentLength == 0 {
			r.Body = io.NopCloser(strings.NewReader("{}"))
		}
		ctx := r.Context()
		answer, err := posting(func(in In) (Out, error) { return fn(ctx, in) })(r)
		writeControl(w, answer, err)
	})
}

func (c *controller) fault(in faultBody) (any, error) {
	if in.Text != "" {
		d, err := time.ParseDuration(in.Text)
		if err != nil {
			return nil, badRequest("latency: %w", err)
		}
		in.Latency = d
	}
	end, err := c.sim.Inject(in.Fault)
	if errors.Is(err, ErrBadFault) {
		return nil, badRequest("%w", err)
	}
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.next++
	c.clears[c.next] = end
	return armedBody{c.next}, nil
}

func (c *controller) clearOne(r *http.Request) (any, error) {
	id, _ := strconv.Atoi(r.PathValue("id"))
	c.mu.Lock()
	end := c.clears[id]
	delete(c.clears, id)
	c.mu.Unlock()
	if end == nil {
		return nil, &problem{http.StatusNotFound, fmt.Errorf("no fault %q", r.PathValue("id"))}
	}
	end()
	return nil, nil
}

func (c *controller) clearAll(*http.Request) (any, error) {
	c.mu.Lock()
	all := c.clears
	c.clears = map[int]func(){}
	c.mu.Unlock()
	for _, end := range all {
		end()
	}
	return nil, nil
}

func (c *controller) advance(in clockBody) (any, error) {
	d, err := time.ParseDuration(in.Advance)
	if err != nil {
		return nil, badRequest("advance: %w", err)
	}
	if d < 0 {
		return nil, badRequest("advance: %v is negative, and the clock never goes back", d)
	}
	c.sim.Advance(d)
	return nowBody{c.sim.Now()}, nil
}

// posting decodes the body strictly before it calls fn.
func posting[In, Out any](fn func(In) (Out, error)) func(*http.Request) (any, error) {
	return func(r *http.Request) (any, error) {
		var in In
		dec := json.NewDecoder(http.MaxBytesReader(nil, r.Body, maxControlBody))
		dec.DisallowUnknownFields()
		if err := dec.Decode(&in); err != nil {
			return nil, badRequest("body: %w", err)
		}
		if _, err := dec.Token(); !errors.Is(err, io.EOF) {
			return nil, badRequest("body: something follows the JSON value")
		}
		return fn(in)
	}
}

// list makes an empty list an empty array.
func list[T any](rows []T) []T {
	if rows == nil {
		return []T{}
	}
	return rows
}

func writeControl(w http.ResponseWriter, answer any, err error) {
	status := http.StatusOK
	if err != nil {
		status = http.StatusUnprocessableEntity
		p := (*problem)(nil)
		switch {
		case errors.As(err, &p):
			status = p.status
		case errors.Is(err, posfake.ErrNotSimulated):
			status = http.StatusNotImplemented
		}
		answer = map[string]any{"error": err.Error(), "status": status}
	} else if answer == nil {
		answer = map[string]any{"ok": true}
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(answer)
}
