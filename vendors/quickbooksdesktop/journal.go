package quickbooksdesktop

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/farmacyfoods/pointofsale/pos"
)

// journal says how far the log of sales goes and how far the queries that feed
// it got. Both move in one write, so that each version of a record is in the
// log once.
type journal struct {
	Head    int64            `json:"head"` // entries ever written
	Tail    int64            `json:"tail"` // first entry that is kept
	Through time.Time        `json:"through"`
	Feeds   map[string]*feed `json:"feeds,omitempty"`
	// Restored is when the company file was last restored from a backup.
	Restored wall `json:"restored,omitempty"`
}

// feed is how far one kind of query got.
type feed struct {
	From wall `json:"from"`
	// Seen holds the versions since From that are in the log, with their time
	// of modification.
	Seen map[string]wall `json:"seen,omitempty"`
	// Refs holds the receipt numbers of the last day, to recognise a sale that
	// a till sent twice.
	Refs map[string]origin `json:"refs,omitempty"`
}

// origin is the record that had a receipt number first.
type origin struct {
	ID string `json:"id"`
	At wall   `json:"at"`
}

// refsFor is how long receipt numbers are remembered, maxRefs how many.
const (
	refsFor = 24 * time.Hour
	maxRefs = 10_000
)

// suspect marks a sale whose receipt number, amount and place an earlier one
// had.
func (f *feed) suspect(p *pos.Purchase, at wall) {
	if p.Receipt == "" || p.Total.Amount == 0 {
		return
	}
	key := versionKey(p.Receipt+"\x00"+p.Location, p.Total.String())
	first, known := f.Refs[key]
	if known && first.ID != p.ID {
		p.SuspectedDuplicateOf = first.ID
		return
	}
	if f.Refs == nil || len(f.Refs) >= maxRefs {
		f.Refs = make(map[string]origin)
	}
	f.Refs[key] = origin{p.ID, at}
}

func (j *journal) feed(kind string, from wall) *feed {
	if j.Feeds == nil {
		j.Feeds = make(map[string]*feed)
	}
	f := j.Feeds[kind]
	if f == nil {
		f = &feed{From: from}
		j.Feeds[kind] = f
	}
	if f.Seen == nil {
		f.Seen = make(map[string]wall)
	}
	return f
}

// move sets where the next query begins and forgets what lies before.
func (f *feed) move(from wall) {
	f.From = max(f.From, from)
	for k, at := range f.Seen {
		if at < f.From {
			delete(f.Seen, k)
		}
	}
	oldest := f.From.add(-refsFor)
	for k, o := range f.Refs {
		if o.At < oldest {
			delete(f.Refs, k)
		}
	}
}

// versionKey is a short digest of a record's version.
func versionKey(id, version string) string {
	sum := sha256.Sum256([]byte(id + "\x00" + version))
	return base64.RawURLEncoding.EncodeToString(sum[:9])
}

// entry is one version of one record in the log. The payload is in Raw.
type entry struct {
	Kind     string       `json:"kind"`
	Purchase pos.Purchase `json:"purchase"`
	Modified wall         `json:"modified"`
	Received time.Time    `json:"received"`
}

// segmentSize is how many entries a document of the log holds.
const segmentSize = 64

type segment struct {
	Entries []entry `json:"entries"`
}

func segmentKey(at int64) string { return docLog + "." + strconv.FormatInt(at/segmentSize, 10) }

var errRival = errors.New("quickbooksdesktop: another process writes the log")

// record lets fn decide, from the journal, what to append, and commits the
// entries together with what fn changed. Who appends first claims the journal
// by writing it as it is, and checks its revision after reading the segments:
// of two processes that append at the same time one fails, and neither damages
// what the other wrote.
func (p *Provider) record(ctx context.Context, fn func(*journal) ([]entry, error)) error {
	j, rev, err := hold[journal](ctx, p, docJournal)
	if err != nil {
		return err
	}
	delete(p.held, docJournal)
	before, err := pack(docJournal, j)
	if err != nil {
		return err
	}
	add, err := fn(j)
	if err != nil {
		return err
	}
	if len(add) > 0 {
		if rev, err = p.opts.Store.Put(ctx, p.storeKey(docJournal), before, rev); err != nil {
			return err
		}
		if err := p.appendLog(ctx, j, rev, add); err != nil {
			return err
		}
	}
	after, err := pack(docJournal, j)
	if err != nil {
		return err
	}
	if len(add) > 0 || !bytes.Equal(before, after) {
		if rev, err = p.opts.Store.Put(ctx, p.storeKey(docJournal), after, rev); err != nil {
			return err
		}
	}
	p.held[docJournal] = held{rev, j}
	return nil
}

// appendLog writes entries behind the head of a journal that was claimed with
// the revision.
func (p *Provider) appendLog(ctx context.Context, j *journal, claim pos.Revision, add []entry) error {
	for len(add) > 0 {
		key := segmentKey(j.Head)
		var seg segment
		rev, err := p.load(ctx, key, &seg)
		if err != nil {
			return err
		}
		_, now, err := p.opts.Store.Get(ctx, p.storeKey(docJournal))
		if err != nil {
			return err
		}
		if now != claim {
			return &pos.Error{Vendor: Vendor, Kind: pos.KindConflict, Err: errRival}
		}
		used := int(j.Head % segmentSize)
		if len(seg.Entries) < used {
			return fmt.Errorf("quickbooksdesktop: the log has a hole before entry %d", j.Head)
		}
		n := min(segmentSize-used, len(add))
		seg.Entries = append(seg.Entries[:used], add[:n]...) // what is behind was never committed
		if _, err := p.save(ctx, key, seg, rev); err != nil {
			return err
		}
		j.Head += int64(n)
		add = add[n:]
	}
	return nil
}

// entries returns the committed entries of the segment that holds entry at,
// from that entry on.
func (p *Provider) entries(ctx context.Context, j *journal, at int64) ([]entry, error) {
	var seg segment
	if _, err := p.load(ctx, segmentKey(at), &seg); err != nil {
		return nil, err
	}
	start := at - at%segmentSize
	end := min(int64(len(seg.Entries)), j.Head-start)
	if end < at-start {
		return nil, fmt.Errorf("quickbooksdesktop: the log lacks entry %d", at)
	}
	return seg.Entries[at-start : end], nil
}

// newest returns the last entries of the records with the ids, looking
// backwards; if all is set, also of other records that match.
func (p *Provider) newest(ctx context.Context, j *journal, ids map[string]bool, match func(*pos.Purchase) bool, all bool) (map[string]entry, error) {
	found := make(map[string]entry, len(ids))
	passed := make(map[string]bool)
	for at := j.Head - 1; at >= j.Tail && (all || len(found) < len(ids)); {
		start := max(at-at%segmentSize, j.Tail)
		list, err := p.entries(ctx, j, start)
		if err != nil {
			return nil, err
		}
		for _, e := range slices.Backward(list) {
			id := e.Purchase.ID
			if !passed[id] && (ids[id] || all && match(&e.Purchase)) {
				found[id] = e
			}
			passed[id] = true
		}
		at = start - 1
	}
	return found, nil
}

// saveSales appends what is new on a page of transactions.
func (p *Provider) saveSales(ctx context.Context, st *state, q *query, r *reply) error {
	ours, _, err := hold[tasksDoc](ctx, p, docTasks)
	if err != nil {
		return err
	}
	versions := p.speaks.sales(q, r, ours.Owned)
	began := st.Session.Began
	again := false
	err = p.record(ctx, func(j *journal) ([]entry, error) {
		f := j.feed(q.Kind, q.From)
		if q.Kind == kindInvoice {
			if err := p.keepPayments(ctx, j, versions); err != nil {
				return nil, err
			}
		}
		var add []entry
		for _, v := range versions {
			sale, modified := v.purchase, v.modified
			q.Last = max(q.Last, modified)
			if sale.ID == "" || modified == "" {
				continue
			}
			key := versionKey(sale.ID, sale.Version)
			if _, known := f.Seen[key]; known || modified < f.From {
				continue
			}
			f.Seen[key] = modified
			f.suspect(&sale, modified)
			ours.credit(&sale)
			add = append(add, entry{Kind: q.Kind, Purchase: sale, Modified: modified, Received: began})
		}
		if q.Done {
			switch {
			case q.To != "":
				f.move(overlapFrom(q.To, p.zone).add(-p.cfg.LateBy))
			case q.Last != "":
				f.move(overlapFrom(q.Last, p.zone).add(-p.cfg.LateBy))
			}
			if again = q.To != ""; again {
				to := q.To
				p.window(q, j, began)
				q.From = max(q.From, overlapFrom(to, p.zone))
			}
		}
		return add, nil
	})
	if err == nil && q.Done && !again {
		err = p.prune(ctx, began)
	}
	return err
}

// deletedOverlap is how far back deletions are asked for again.
const deletedOverlap = 24 * time.Hour

// saveDeleted appends a voided version for each deleted record that the log
// holds.
func (p *Provider) saveDeleted(ctx context.Context, list []deletedRet, q *query, began time.Time) error {
	return p.record(ctx, func(j *journal) ([]entry, error) {
		f := j.feed(kindDeleted, q.From)
		ids := make(map[string]bool)
		var fresh []deletedRet
		var unpaid []paymentRet
		for _, d := range list {
			at := wallOf(d.TimeDeleted)
			q.Last = max(q.Last, at)
			key := versionKey(d.TxnID, "deleted")
			if _, known := f.Seen[key]; known || d.TxnID == "" || at == "" {
				continue
			}
			f.Seen[key] = at
			if d.TxnDelType == kindPayment {
				unpaid = append(unpaid, paymentRet{TxnID: d.TxnID, TimeModified: d.TimeDeleted, EditSequence: "deleted"})
				continue
			}
			ids[d.TxnID] = true
			fresh = append(fresh, d)
		}
		last, err := p.newest(ctx, j, ids, nil, false)
		if err != nil {
			return nil, err
		}
		add, err := p.applyPayments(ctx, j, unpaid, began)
		if err != nil {
			return nil, err
		}
		for _, d := range fresh {
			if e, known := last[d.TxnID]; known {
				at := wallOf(d.TimeDeleted)
				add = append(add, entry{Kind: e.Kind, Purchase: p.deletedPurchase(e.Purchase, at), Modified: at, Received: began})
			}
		}
		if q.Last != "" {
			f.move(q.Last.add(-deletedOverlap))
		}
		return add, nil
	})
}

// noteRestore starts over after the company file was restored from a backup:
// what was read may be from a future that did not happen. The versions in the
// log are remembered, so that none comes twice.
func (p *Provider) noteRestore(ctx context.Context, at wall, began time.Time) (rewind bool, err error) {
	j, _, err := hold[journal](ctx, p, docJournal)
	if err != nil || at == "" || j.Restored == at {
		return false, err
	}
	rewind = len(j.Feeds) > 0
	return rewind, p.record(ctx, func(j *journal) ([]entry, error) {
		j.Restored = at
		if !rewind { // nothing was read before
			return nil, nil
		}
		from := wallAt(began, p.zone).add(-p.cfg.Keep)
		for _, f := range j.Feeds {
			f.From = from
		}
		for i := j.Tail; i < j.Head; {
			list, err := p.entries(ctx, j, i)
			if err != nil {
				return nil, err
			}
			for k := range list {
				e := &list[k]
				j.feed(e.Kind, from).Seen[versionKey(e.Purchase.ID, e.Purchase.Version)] = e.Modified
			}
			i += int64(len(list))
		}
		return nil, nil
	})
}

// through notes that everything recorded before an instant is in the log.
func (p *Provider) through(ctx context.Context, at time.Time) error {
	return change(ctx, p, docJournal, func(j *journal) (bool, error) {
		j.Through = at
		return true, nil
	})
}

// maxPrune is how many old segments one run deletes.
const maxPrune = 16

// prune deletes segments that are older than what is kept.
func (p *Provider) prune(ctx context.Context, now time.Time) error {
	for range maxPrune {
		j, _, err := hold[journal](ctx, p, docJournal)
		if err != nil {
			return err
		}
		if j.Tail+segmentSize > j.Head {
			return nil
		}
		list, err := p.entries(ctx, j, j.Tail)
		if err != nil {
			return err
		}
		if len(list) == 0 || now.Sub(list[len(list)-1].Received) <= p.cfg.Keep {
			return nil
		}
		old := segmentKey(j.Tail)
		err = change(ctx, p, docJournal, func(j *journal) (bool, error) {
			j.Tail += segmentSize
			return true, nil
		})
		if err == nil {
			err = p.remove(ctx, old)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
