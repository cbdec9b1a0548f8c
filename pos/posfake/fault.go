package posfake

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/farmacyfoods/pointofsale/pos"
)

// operations are the requests of a Fake and the permission that each needs.
var operations = map[string]string{
	"ListLocations": "LOCATIONS_READ",
	"ReadMenu":      "MENU_READ",
	"WriteItems":    "MENU_WRITE",
	"ReadCoupons":   "COUPONS_READ",
	"WriteCoupons":  "COUPONS_WRITE",
	"ReadStatus":    "STATUS_READ",
	"ReadStock":     "STOCK_READ",
	"SearchSales":   "SALES_READ",
	"GetSales":      "SALES_READ",
	"SumSales":      "SALES_READ",
}

var (
	simulated = []string{
		FaultStatus, FaultLatency, FaultReset, FaultLostReply, FaultTruncate, FaultMalformed,
		FaultDuplicate, FaultToken, FaultPageToken, FaultScope, FaultWidened, FaultOmit, FaultSilence, FaultRepeat,
	}
	// standing faults last until cleared.
	standing = []string{FaultSilence, FaultRepeat}
)

type faults struct {
	mu    sync.Mutex
	armed []*armed
}

type armed struct {
	Fault
	left int // requests still to hit; negative: no end
}

func (fs *faults) inject(f Fault) (remove func(), err error) {
	_, known := operations[f.Op]
	webhook := slices.Contains(standing, f.Kind)
	switch {
	case !slices.Contains(simulated, f.Kind):
		return nil, fmt.Errorf("fault %q: %w", f.Kind, ErrNotSimulated)
	case f.Op != "" && !known && !webhook:
		return nil, fmt.Errorf("posfake: no operation %q", f.Op)
	case f.Kind == FaultStatus && (f.Status < 300 || f.Status > 599):
		return nil, fmt.Errorf("posfake: status %d is not in 300 to 599", f.Status)
	case f.Kind == FaultLatency && f.Latency <= 0:
		return nil, fmt.Errorf("posfake: latency %v is not positive", f.Latency)
	}
	a := &armed{Fault: f, left: max(f.Times, 1)}
	if f.Times < 0 || webhook {
		a.left = -1
	}
	fs.mu.Lock()
	defer fs.mu.Unlock()
	fs.armed = append(fs.armed, a)
	return func() {
		fs.mu.Lock()
		defer fs.mu.Unlock()
		fs.armed = slices.DeleteFunc(fs.armed, func(x *armed) bool { return x == a })
	}, nil
}

// strike uses up the faults that hit a request, at most one of each kind.
func (fs *faults) strike(op string) map[string]Fault {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	hit := make(map[string]Fault)
	for _, a := range fs.armed {
		_, twice := hit[a.Kind]
		switch {
		case twice, a.Op != "" && a.Op != op, slices.Contains(standing, a.Kind):
			continue
		case a.Skip > 0:
			a.Skip--
			continue
		case a.left > 0:
			a.left--
		}
		hit[a.Kind] = a.Fault
	}
	fs.armed = slices.DeleteFunc(fs.armed, func(a *armed) bool { return a.left == 0 })
	return hit
}

// stands looks up a standing fault.
func (fs *faults) stands(kind string) (Fault, bool) {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	for _, a := range fs.armed {
		if a.Kind == kind {
			return a.Fault, true
		}
	}
	return Fault{}, false
}

// call is one request to the simulated vendor: do works under the lock, and
// the scripted faults strike before or after it.
func (f *Fake) call(ctx context.Context, op string, write bool, do func() error) error {
	if err := ctx.Err(); err != nil {
		return f.failure(op, pos.KindUnavailable, err)
	}
	hit := f.faults.strike(op)
	if fault, ok := hit[FaultLatency]; ok {
		if err := pause(ctx, fault.Latency); err != nil {
			f.log(op, write, 0, hit)
			return f.failure(op, pos.KindUnavailable, err)
		}
	}
	if _, ok := hit[FaultToken]; ok {
		f.log("RefreshToken", false, http.StatusOK, nil)
	}
	if status, err := f.refusal(op, hit); err != nil {
		f.log(op, write, status, hit)
		return err
	}
	f.mu.Lock()
	f.complete()
	_, f.omits = hit[FaultOmit]
	err := do()
	f.mu.Unlock()
	if err == nil {
		err = f.brokenReply(op, hit)
	}
	f.log(op, write, http.StatusOK, hit)
	return err
}

// refusal is the error of faults that strike before the work.
func (f *Fake) refusal(op string, hit map[string]Fault) (status int, err error) {
	if _, ok := hit[FaultReset]; ok {
		return 0, f.failure(op, pos.KindUnavailable, errors.New("connection reset"))
	}
	if _, ok := hit[FaultScope]; ok {
		e := f.failure(op, pos.KindPermission, fmt.Errorf("the credential lacks %s", operations[op]))
		e.Code = "INSUFFICIENT_SCOPES"
		return http.StatusForbidden, e
	}
	if fault, ok := hit[FaultStatus]; ok {
		e := f.failure(op, kindOf(fault.Status), fmt.Errorf("status %d: %s", fault.Status, http.StatusText(fault.Status)))
		e.Code = strconv.Itoa(fault.Status)
		if e.Kind == pos.KindPermission {
			e.Code = operations[op]
		}
		if seconds, err := strconv.Atoi(fault.RetryAfter); err == nil {
			e.RetryAfter = time.Duration(seconds) * time.Second
		}
		return fault.Status, e
	}
	return 0, nil
}

// brokenReply is the error of faults that strike after the work was done.
func (f *Fake) brokenReply(op string, hit map[string]Fault) error {
	for _, broken := range []struct {
		kind string
		as   pos.Kind
		why  string
	}{
		{FaultLostReply, pos.KindUnavailable, "connection reset before the answer came"},
		{FaultTruncate, pos.KindProtocol, "the answer ends early"},
		{FaultMalformed, pos.KindProtocol, "the answer does not parse"},
	} {
		if _, ok := hit[broken.kind]; ok {
			return f.failure(op, broken.as, errors.New(broken.why))
		}
	}
	return nil
}

func (f *Fake) log(op string, write bool, status int, hit map[string]Fault) {
	kinds := make([]string, 0, len(hit))
	for kind := range hit {
		kinds = append(kinds, kind)
	}
	slices.Sort(kinds)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.requests = append(f.requests, Request{At: f.now(), Op: op, Status: status, Write: write, Fault: strings.Join(kinds, ",")})
}

func kindOf(status int) pos.Kind {
	switch {
	case status == http.StatusUnauthorized:
		return pos.KindAuth
	case status == http.StatusForbidden:
		return pos.KindPermission
	case status == http.StatusNotFound:
		return pos.KindNotFound
	case status == http.StatusConflict:
		return pos.KindConflict
	case status == http.StatusTooManyRequests:
		return pos.KindRateLimited
	case status >= 500:
		return pos.KindUnavailable
	case status >= 400:
		return pos.KindInvalid
	}
	return pos.KindProtocol
}

func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
