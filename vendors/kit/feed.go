package kit

import (
	"context"
	"errors"
	"hash/fnv"
	"slices"
	"strconv"
	"time"

	"github.com/farmacyfoods/pointofsale/pos"
)

// ErrPageToken is what a vendor's [Feed.Read] returns (or wraps) when the
// vendor refuses a page token as expired or unknown. The feed then reads the
// window again from its start.
var ErrPageToken = errors.New("kit: page token expired")

// Feed turns a vendor's search by time of modification into
// [pos.Provider.Purchases]. The vendor gives Read, which fetches one page of
// one window; the feed does the rest: it chooses windows behind the vendor's
// clock, reads an overlap again to catch what became visible late, remembers
// the versions it delivered so that none comes twice, restarts windows whose
// page tokens expired, and looks again at records that may change without
// telling.
//
// A Feed is plain configuration and safe for concurrent use.
type Feed struct {
	// Vendor and Account go into cursors and errors.
	Vendor, Account string
	// Overlap is how far each window reaches back into the one before: at
	// least as long as a record may change, or appear, without a new time.
	Overlap time.Duration
	// Lag keeps windows that far behind the vendor's clock.
	Lag time.Duration
	// MaxWindow splits long stretches, such as a first read; 0 does not split.
	MaxWindow time.Duration
	// History is how far back the vendor can be asked; 0 is without limit.
	History time.Duration
	// Now is the vendor's clock, such as [Client.Now].
	Now func() time.Time

	// Read fetches one page of a window.
	Read func(ctx context.Context, w Window) (WindowPage, error)
	// Fetch reads single records; ids that do not exist are left out. Nil if
	// the vendor cannot.
	Fetch func(ctx context.Context, ids []string, raw bool) (WindowPage, error)
	// FetchLimit is how many ids go into one Fetch; 0 is no limit.
	FetchLimit int
	// Recheck is how often open records are fetched again, RecheckFor for how long.
	Recheck, RecheckFor time.Duration
	// SuspectDuplicates marks purchases whose tender reference and amount an
	// earlier one at the same location had, as tills that were offline send them.
	SuspectDuplicates bool
}

// Window is one page of one stretch of time to read. From and Until are both
// inclusive and name times of modification by the vendor's clock. A zero From
// means from the beginning.
type Window struct {
	Locations   []string
	From, Until time.Time
	// Done is where the window before ended: what was recorded until then was
	// delivered, and between From and Done is overlap. Zero for the first.
	Done time.Time
	// Token continues the window; it came with the page before.
	Token string
	Limit int
	Raw   bool
}

// WindowPage is what a vendor answered.
type WindowPage struct {
	// Purchases carry ID and UpdatedAt; those outside the window may be left
	// in. A purchase without a Version gets the one of [VersionOf].
	Purchases []pos.Purchase
	// Token is set if the window goes on.
	Token string
	// Now is the vendor's clock at the answer, zero if it did not tell.
	Now time.Time
	// Open names records that may change without a new time of modification:
	// they are fetched again. One that comes back without being named has
	// settled.
	Open []string
}

// Codes of findings that a feed adds to pages.
const (
	// FindingRecheckFailed: open records could not be read again this time.
	FindingRecheckFailed = "recheck_failed"
	// FindingUnsettled: a record is still open after RecheckFor.
	FindingUnsettled = "unsettled"
)

// feedState is the content of a purchase cursor.
type feedState struct {
	Since int64 `json:"since,omitempty"` // ns; rows before it were not asked for
	Mark  int64 `json:"mark,omitempty"`  // ns; all recorded up to it was delivered
	Done  bool  `json:"done,omitempty"`  // a first window was finished
	// The running window: what was asked, how far the answer can be trusted,
	// and where it goes on. Until is 0 when none is running.
	From    int64                 `json:"from,omitempty"`
	Until   int64                 `json:"until,omitempty"`
	Through int64                 `json:"through,omitempty"`
	Token   string                `json:"token,omitempty"`
	Capped  bool                  `json:"capped,omitempty"`  // MaxWindow ends the window early
	Recheck bool                  `json:"recheck,omitempty"` // windows are done, open records come next
	Places  []uint32              `json:"places,omitempty"`  // hashes of the locations, sorted
	Seen    seen                  `json:"seen,omitempty"`
	Open    map[string]openRecord `json:"open,omitempty"`
	Tenders []tenderMark          `json:"tenders,omitempty"` // oldest first
}

// tenderMark remembers which purchase had a tender first.
type tenderMark struct {
	Print fingerprint `json:"p,string"`
	ID    string      `json:"id"`
}

// openRecord is a record that may change without telling.
type openRecord struct {
	Print fingerprint `json:"p,string"` // version delivered last
	Next  int64       `json:"n"`        // ns
	End   int64       `json:"e"`        // ns
}

// Page answers one [pos.Provider.Purchases] call.
func (f *Feed) Page(ctx context.Context, q pos.PurchaseQuery) (pos.PurchasePage, error) {
	r := &feedRun{Feed: f, q: q}
	if err := r.load(); err != nil {
		return pos.PurchasePage{}, err
	}
	var err error
	switch {
	case len(q.Records) > 0:
		err = r.records(ctx)
	case r.feedState.Recheck:
		err = r.recheck(ctx)
	default:
		err = r.window(ctx)
	}
	if err != nil {
		return pos.PurchasePage{}, err
	}
	return r.finish()
}

// feedRun is the work of one Page call.
type feedRun struct {
	*Feed
	feedState
	q    pos.PurchaseQuery
	page pos.PurchasePage
}

func (f *Feed) scope() string { return f.Vendor + "/" + f.Account + "/purchases" }

func (r *feedRun) load() error {
	places := placesOf(r.q.Locations)
	if r.q.After == "" {
		r.feedState = feedState{Places: places}
		if !r.q.Since.IsZero() {
			r.Since = r.q.Since.UnixNano()
			r.Mark = r.Since
		}
	} else {
		if err := DecodeCursor(r.scope(), r.q.After, &r.feedState); err != nil {
			return err
		}
		if !r.narrow(places) {
			return badCursor(r.scope(), errors.New("made for other locations"))
		}
	}
	if r.Seen == nil {
		r.Seen = make(seen)
	}
	return nil
}

// narrow accepts the locations of the cursor or fewer: a location that is
// gone leaves the rest as it was. Page tokens belong to the old set.
func (r *feedRun) narrow(places []uint32) bool {
	if slices.Equal(places, r.Places) {
		return true
	}
	if len(places) == 0 || len(r.Places) == 0 {
		return false
	}
	for _, p := range places {
		if _, known := slices.BinarySearch(r.Places, p); !known {
			return false
		}
	}
	r.Places, r.Token = places, ""
	return true
}

func placesOf(locations []string) []uint32 {
	places := make([]uint32, 0, len(locations))
	for _, l := range locations {
		h := fnv.New32a()
		_, _ = h.Write([]byte(l))
		places = append(places, h.Sum32())
	}
	slices.Sort(places)
	if len(places) == 0 {
		return nil
	}
	return slices.Compact(places)
}

// open starts a window that ends Lag behind the vendor's clock. It returns
// false if there is nothing to read yet.
func (r *feedRun) open() bool {
	now := r.Now()
	until := now.Add(-r.Lag)
	var from time.Time
	if r.Mark != 0 {
		from = time.Unix(0, max(r.Mark-int64(r.Overlap), r.Since)).UTC()
	}
	if oldest := now.Add(-r.History); r.History > 0 && from.Before(oldest) {
		if !r.Done {
			r.page.Horizon = oldest
		}
		from = oldest
	}
	if r.MaxWindow > 0 && !from.IsZero() {
		if end := time.Unix(0, max(r.Mark, from.UnixNano())).Add(r.MaxWindow); end.Before(until) {
			until = end
		}
	}
	if until.Before(from) || !until.After(time.Unix(0, 0)) {
		return false
	}
	r.From, r.Until, r.Through, r.Token = 0, until.UnixNano(), until.UnixNano(), ""
	if !from.IsZero() {
		r.From = from.UnixNano()
	}
	return true
}

// window reads the next page. After a restart it goes on until it meets
// something new, so that a caller who comes too late for every page token
// still gets ahead. So it does once if it learned only now how late it is.
func (r *feedRun) window(ctx context.Context) error {
	if r.Until == 0 && !r.open() {
		return nil
	}
	restarted, late := false, false
	for {
		page, err := r.Read(ctx, r.request())
		if errors.Is(err, ErrPageToken) && r.Token != "" && !restarted {
			restarted, r.Token = true, ""
			continue
		}
		if err != nil {
			return err
		}
		if page.Token != "" && page.Token == r.Token {
			return &pos.Error{Vendor: r.Vendor, Op: "Purchases", Kind: pos.KindProtocol, Err: errors.New("the vendor's page token does not move")}
		}
		r.trust(page.Now)
		r.take(page, r.lower(), time.Unix(0, r.Until))
		r.Token = page.Token
		if r.Token == "" {
			if r.close() || late || !r.open() {
				return nil
			}
			late = true
			continue
		}
		if !restarted || len(r.page.Purchases) > 0 {
			r.page.More = true
			return nil
		}
	}
}

func (r *feedRun) request() Window {
	w := Window{Locations: r.q.Locations, Until: time.Unix(0, r.Until).UTC(), Token: r.Token, Limit: r.q.Limit, Raw: r.q.Raw}
	if r.From != 0 {
		w.From = time.Unix(0, r.From).UTC()
	}
	if r.Mark != 0 {
		w.Done = time.Unix(0, r.Mark).UTC()
	}
	return w
}

// trust moves the end of the window back if the vendor's clock shows that our
// idea of it was ahead: what it records between is read again next time.
func (r *feedRun) trust(now time.Time) {
	if now.IsZero() {
		return
	}
	if end := now.Add(-r.Lag).UnixNano(); end < r.Through {
		r.Through = max(end, r.From)
	}
}

// slack is how far a finished window may lie behind before the next one is
// worth reading at once.
const slack = time.Minute

// close ends a window that was read to its last page. If it was an old or a
// capped one, there is more to read at once. It returns false if that is so
// although the window led nowhere: it ended where the one before did, because
// until the vendor answered, its clock seemed to be behind, as it may after a
// restart. The caller's cursor would stand still.
func (r *feedRun) close() bool {
	now := r.Now()
	behind := now.Sub(time.Unix(0, r.Until)) > r.Lag+slack
	ahead := r.Through > r.Mark || len(r.page.Purchases) > 0
	r.Mark, r.Done = max(r.Mark, r.Through), true
	r.From, r.Until, r.Through, r.Token = 0, 0, 0, ""
	r.Seen.prune(r.lower())
	r.feedState.Recheck = !behind && len(r.due(now)) > 0
	r.page.More = behind && ahead || r.feedState.Recheck
	return ahead || !behind
}

// lower is the time before which everything was delivered and forgotten.
func (r *feedRun) lower() time.Time {
	if r.Mark == 0 {
		return time.Time{}
	}
	return time.Unix(0, max(r.Mark-int64(r.Overlap), r.Since))
}

var endOfTime = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)

// take delivers the purchases recorded between lower and upper that were not
// delivered before. Rows outside belong to another window.
func (r *feedRun) take(page WindowPage, lower, upper time.Time) {
	for i := range page.Purchases {
		p := &page.Purchases[i]
		if p.Version == "" {
			p.Version = VersionOf(p)
		}
		if !p.UpdatedAt.IsZero() && (p.UpdatedAt.Before(lower) || p.UpdatedAt.After(upper)) {
			continue
		}
		r.deliver(p)
	}
	r.watch(page)
}

func (r *feedRun) deliver(p *pos.Purchase) {
	mark := versionPrint(p.ID, p.Version)
	if _, dup := r.Seen[mark]; dup {
		return
	}
	if o, open := r.Open[p.ID]; open {
		if o.Print == mark {
			return
		}
		o.Print = mark
		r.Open[p.ID] = o
	}
	at := p.UpdatedAt
	if at.IsZero() {
		at = r.Now()
	}
	r.Seen[mark] = ceilMilli(at)
	if r.SuspectDuplicates {
		r.suspect(p)
	}
	r.page.Purchases = append(r.page.Purchases, *p)
}

// maxTenders bounds the memory for suspected duplicates.
const maxTenders = 256

// suspect marks a purchase whose tender was already seen in another one.
func (r *feedRun) suspect(p *pos.Purchase) {
	for i := range p.Tenders {
		t := &p.Tenders[i]
		if t.Reference == "" || t.Failed {
			continue
		}
		mark := versionPrint(p.Location+"\x00"+t.Reference, strconv.FormatInt(t.Amount.Amount, 10))
		at := slices.IndexFunc(r.Tenders, func(m tenderMark) bool { return m.Print == mark })
		switch {
		case at < 0:
			r.Tenders = append(r.Tenders, tenderMark{mark, p.ID})
			r.Tenders = r.Tenders[max(0, len(r.Tenders)-maxTenders):]
		case r.Tenders[at].ID != p.ID:
			p.SuspectedDuplicateOf = r.Tenders[at].ID
		}
	}
}

// records answers a query for single records. A record that no window can
// reach any more was delivered long ago.
func (r *feedRun) records(ctx context.Context) error {
	if r.Fetch == nil {
		return pos.Unsupported(r.Vendor, "Purchases", "the system cannot read single records", "poll without Records")
	}
	for _, ids := range chunks(r.q.Records, r.FetchLimit) {
		page, err := r.Fetch(ctx, ids, r.q.Raw)
		if err != nil {
			return err
		}
		page.Purchases = slices.DeleteFunc(page.Purchases, func(p pos.Purchase) bool {
			return len(r.q.Locations) > 0 && !slices.Contains(r.q.Locations, p.Location)
		})
		r.take(page, r.lower(), endOfTime)
	}
	r.page.More = r.Until != 0
	return nil
}

func chunks(ids []string, n int) [][]string {
	if n <= 0 {
		return [][]string{ids}
	}
	return slices.Collect(slices.Chunk(ids, n))
}
