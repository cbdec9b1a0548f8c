package inventoryfake

import (
	"bytes"
	"encoding/json"
	"net/http"
	"regexp"
	"strconv"
	"time"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/pos/inventory"
	"github.com/farmacyfoods/pointofsale/vendors/kit/fakekit"
)

var (
	keyPattern  = regexp.MustCompile(`^[!-~]{1,128}$`)
	etagPattern = regexp.MustCompile(`^"([0-9]{1,19})"$`)
)

// place names a location.
type place struct{ vendor, account, location string }

func placeOf(r *http.Request) (place, error) {
	q := r.URL.Query()
	p := place{q.Get("vendor"), q.Get("account"), q.Get("location")}
	if p.vendor == "" || p.account == "" || p.location == "" {
		return p, bad("vendor, account and location are required")
	}
	return p, nil
}

func (f *Fake) getStock(w http.ResponseWriter, r *http.Request) (any, error) {
	p, err := placeOf(r)
	if err != nil {
		return nil, err
	}
	s, revision := f.memory.Held(p.vendor, p.account, p.location)
	if revision == 0 {
		return nil, &failure{status: http.StatusNotFound, code: "not_found", message: "nothing is held of this location"}
	}
	setETag(w, revision)
	return wireHeld{p.vendor, p.account, p.location, revision, s.ObservedAt, wireLines(s.Stock)}, nil
}

// putStock answers PUT and PATCH.
func (f *Fake) putStock(w http.ResponseWriter, r *http.Request) (any, error) {
	s, err := snapshotIn(r)
	if err != nil {
		return nil, err
	}
	receipts, err := f.memory.Put(r.Context(), s)
	if err != nil {
		return nil, err
	}
	if receipts[0].Err != nil {
		return nil, refusal(&s, receipts[0])
	}
	setETag(w, receipts[0].Revision)
	return wireReceipt{Revision: receipts[0].Revision}, nil
}

// snapshotIn reads the snapshot of one location.
func snapshotIn(r *http.Request) (s inventory.Snapshot, err error) {
	p, err := placeOf(r)
	if err != nil {
		return s, err
	}
	s = inventory.Snapshot{
		Key: r.Header.Get("Idempotency-Key"), Vendor: p.vendor, Account: p.account, Location: p.location, Full: r.Method == http.MethodPut,
	}
	if !keyPattern.MatchString(s.Key) {
		return s, bad("Idempotency-Key is missing or not of 1 to 128 visible ASCII characters")
	}
	switch tag := r.Header.Get("If-Match"); {
	case tag == "" && !s.Full:
		return s, &failure{status: http.StatusPreconditionRequired, code: "precondition_required", message: "changed lines need If-Match"}
	case tag != "":
		m := etagPattern.FindStringSubmatch(tag)
		if m == nil {
			return s, bad("If-Match is no revision in quotes")
		}
		n, err := strconv.ParseUint(m[1], 10, 64)
		if err != nil {
			return s, bad("If-Match is out of range")
		}
		s.Base = pos.Revision(n)
	}
	var body wireStock
	if err := decode(r, &body); err != nil {
		return s, err
	}
	return s, fill(&s, body.ObservedAt, body.Lines)
}

func (f *Fake) putBatch(_ http.ResponseWriter, r *http.Request) (any, error) {
	var body struct {
		Snapshots []wireSnapshot `json:"snapshots"`
	}
	if err := decode(r, &body); err != nil {
		return nil, err
	}
	if n := len(body.Snapshots); n == 0 || n > inventory.MaxBatch {
		return nil, bad("%d snapshots, want 1 to %d", n, inventory.MaxBatch)
	}
	batch := make([]inventory.Snapshot, len(body.Snapshots))
	for i, in := range body.Snapshots {
		batch[i] = inventory.Snapshot{Key: in.Key, Vendor: in.Vendor, Account: in.Account, Location: in.Location, Full: in.Full, Base: in.Base}
		if err := fill(&batch[i], in.ObservedAt, in.Lines); err != nil {
			return nil, err
		}
	}
	receipts, err := f.memory.Put(r.Context(), batch...)
	if err != nil {
		return nil, err
	}
	out := make([]wireReceipt, len(receipts))
	for i, got := range receipts {
		out[i].Revision = got.Revision
		if got.Err != nil {
			out[i].Error = refusal(&batch[i], got).wire()
		}
	}
	return map[string]any{"receipts": out}, nil
}

func decode(r *http.Request, into any) error {
	if err := json.NewDecoder(bytes.NewReader(fakekit.Body(r))).Decode(into); err != nil {
		return bad("the body cannot be read: %v", err)
	}
	return nil
}

// fill puts the lines into a snapshot.
func fill(s *inventory.Snapshot, observed time.Time, lines []wireLine) (err error) {
	s.ObservedAt = observed
	s.Stock = make([]pos.Stock, len(lines))
	for i := range lines {
		if s.Stock[i], err = lines[i].stock(s.Location); err != nil {
			return err
		}
	}
	return nil
}
