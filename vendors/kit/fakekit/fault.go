package fakekit

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/farmacyfoods/pointofsale/pos/posfake"
)

// generic are the faults that every HTTP fake can show.
var generic = []string{
	posfake.FaultStatus, posfake.FaultLatency, posfake.FaultReset,
	posfake.FaultLostReply, posfake.FaultTruncate, posfake.FaultMalformed,
}

// hooked are the faults that a vendor's handlers show themselves.
var hooked = []string{
	posfake.FaultDuplicate, posfake.FaultToken, posfake.FaultPageToken, posfake.FaultScope,
	posfake.FaultWidened, posfake.FaultOmit, posfake.FaultStaleReads, posfake.FaultSilence, posfake.FaultRepeat,
}

// standing faults are not used up by requests: they last until cleared.
var standing = []string{posfake.FaultSilence, posfake.FaultRepeat, posfake.FaultStaleReads}

// ErrBadFault reports a fault that makes no sense, such as a status of 42.
var ErrBadFault = errors.New("fakekit: bad fault")

// faults is the set of scripted faults of a server.
type faults struct {
	mu    sync.Mutex
	armed []*armed
}

type armed struct {
	fault posfake.Fault
	skip  int
	left  int // requests still to hit, negative: no end
}

// checkFault refuses faults that could never do what their author means.
func checkFault(f posfake.Fault, hooks []string, ops map[string]bool) error {
	switch {
	case !slices.Contains(generic, f.Kind) && !slices.Contains(hooked, f.Kind):
		return fmt.Errorf("%w: no kind %q", ErrBadFault, f.Kind)
	case slices.Contains(hooked, f.Kind) && !slices.Contains(hooks, f.Kind):
		return fmt.Errorf("fault %q: %w", f.Kind, posfake.ErrNotSimulated)
	case f.Kind == posfake.FaultStatus && (f.Status < 300 || f.Status > 599):
		return fmt.Errorf("%w: status %d is not in 300 to 599", ErrBadFault, f.Status)
	case f.Kind == posfake.FaultLatency && f.Latency <= 0:
		return fmt.Errorf("%w: latency %v is not positive", ErrBadFault, f.Latency)
	case f.Times < -1 || f.Skip < 0 || f.Bytes < 0:
		return fmt.Errorf("%w: times %d, skip %d, bytes %d", ErrBadFault, f.Times, f.Skip, f.Bytes)
	case f.Kind == posfake.FaultSilence || f.Kind == posfake.FaultRepeat:
		return nil // here Op is an event type
	case f.Op != "" && !ops[f.Op]:
		return fmt.Errorf("%w: no operation %q", ErrBadFault, f.Op)
	}
	return nil
}

func (fs *faults) arm(f posfake.Fault) (disarm func()) {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	a := &armed{fault: f, skip: f.Skip, left: max(f.Times, 1)}
	if f.Times < 0 || slices.Contains(standing, f.Kind) {
		a.left = -1
	}
	fs.armed = append(fs.armed, a)
	return func() {
		fs.mu.Lock()
		defer fs.mu.Unlock()
		fs.armed = slices.DeleteFunc(fs.armed, func(x *armed) bool { return x == a })
	}
}

// hit uses up the faults that strike a request of op: at most one of each kind.
func (fs *faults) hit(op string) strikes {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	var out strikes
	for _, a := range fs.armed {
		if a.fault.Op != "" && a.fault.Op != op || slices.Contains(standing, a.fault.Kind) {
			continue
		}
		if _, twice := out.find(a.fault.Kind); twice {
			continue
		}
		if a.skip > 0 {
			a.skip--
			continue
		}
		if a.left > 0 {
			a.left--
		}
		out = append(out, a.fault)
	}
	fs.armed = slices.DeleteFunc(fs.armed, func(a *armed) bool { return a.left == 0 })
	return out
}

// stands looks a standing fault up without using it.
func (fs *faults) stands(kind, op string) (posfake.Fault, bool) {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	for _, a := range fs.armed {
		if a.fault.Kind == kind && (a.fault.Op == "" || a.fault.Op == op) {
			return a.fault, true
		}
	}
	return posfake.Fault{}, false
}

// strikes are the faults that hit one request.
type strikes []posfake.Fault

func (s strikes) find(kind string) (posfake.Fault, bool) {
	i := slices.IndexFunc(s, func(f posfake.Fault) bool { return f.Kind == kind })
	if i < 0 {
		return posfake.Fault{}, false
	}
	return s[i], true
}

// felt lists the faults that the request has shown, for the log. A handler that
// does not ask for a hooked fault answers as usual.
func (in *exchange) felt() string {
	var kinds []string
	for _, f := range in.strikes {
		if slices.Contains(generic, f.Kind) || slices.Contains(in.shown, f.Kind) {
			kinds = append(kinds, f.Kind)
		}
	}
	return strings.Join(kinds, ",")
}

// Struck tells a vendor's handler whether a fault of that kind hits the
// request, for the kinds that only the vendor can show: duplicate, token,
// page_token, scope and widened. Call it in the handler's own goroutine; from
// then on the request log tells of the fault.
func Struck(r *http.Request, kind string) (posfake.Fault, bool) {
	in, ok := r.Context().Value(exchangeKey{}).(*exchange)
	if !ok {
		return posfake.Fault{}, false
	}
	f, hit := in.strikes.find(kind)
	if hit {
		in.shown = append(in.shown, kind)
	}
	return f, hit
}
