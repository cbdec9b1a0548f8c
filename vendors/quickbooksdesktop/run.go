package quickbooksdesktop

import (
	"context"
	"encoding/xml"
	"slices"
	"strconv"
	"time"
)

// Kinds of queries; the qbXML message is the kind with "QueryRq" behind.
const (
	kindActivity     = "CompanyActivity"
	kindClass        = "Class"
	kindSite         = "InventorySite"
	kindInventory    = "ItemInventory"
	kindNonInventory = "ItemNonInventory"
	kindDiscount     = "ItemDiscount"
	kindStock        = "ItemSites"
	kindReceipt      = "SalesReceipt"
	kindMemo         = "CreditMemo"
	kindInvoice      = "Invoice"
	kindPayment      = "ReceivePayment"
	kindDeleted      = "TxnDeleted"
	kindCompany      = "Company"
)

// Records per message set: QuickBooks is a 32-bit program.
const (
	txnPage  = 100
	itemPage = 250
)

// After quarantineAfter runs in a row that a query ended, it is left out and
// tried again every retryEvery-th run.
const (
	quarantineAfter = 3
	retryEvery      = 10
)

func (d desktop) saleKinds() []string {
	kinds := []string{kindReceipt, kindMemo}
	if d.cfg.Invoices {
		kinds = append(kinds, kindInvoice)
	}
	return kinds
}

// txnKinds are the kinds of transactions that are read: sales, and what pays
// invoices.
func (d desktop) txnKinds() []string {
	kinds := d.saleKinds()
	if d.cfg.Invoices {
		kinds = append(kinds, kindPayment)
	}
	return kinds
}

func (d desktop) itemKinds() []string {
	kinds := []string{kindInventory, kindNonInventory}
	if d.cfg.LedgerCoupons {
		kinds = append(kinds, kindDiscount)
	}
	return kinds
}

func isSale(kind string) bool { return kind == kindReceipt || kind == kindMemo || kind == kindInvoice }

// fromJournal reports queries that go on where the journal says.
func fromJournal(kind string) bool {
	return isSale(kind) || kind == kindPayment || kind == kindDeleted
}

func isItem(kind string) bool {
	return kind == kindInventory || kind == kindNonInventory || kind == kindDiscount
}

// plan lists the queries of a full read.
func (p *Provider) plan(ctx context.Context, st *state) ([]*query, error) {
	j, _, err := hold[journal](ctx, p, docJournal)
	if err != nil {
		return nil, err
	}
	var qs []*query
	for _, kind := range p.speaks.queries() {
		if st.Trouble[kind] >= quarantineAfter && st.Runs%retryEvery != 0 {
			continue
		}
		q := &query{Kind: kind}
		if fromJournal(kind) {
			p.window(q, j, st.Session.Began)
		}
		qs = append(qs, q)
	}
	return qs, nil
}

// maxStretch splits long stretches, so that what must be remembered of one
// stays small.
const maxStretch = 7 * 24 * time.Hour

// window sets the stretch of time that a query asks for next.
func (p *Provider) window(q *query, j *journal, now time.Time) {
	here := wallAt(now, p.zone)
	q.From, q.To = here.add(-p.cfg.Keep), ""
	if f := j.Feeds[q.Kind]; f != nil {
		q.From = f.From
	}
	if to := q.From.add(maxStretch); isSale(q.Kind) && to < here.add(-24*time.Hour) {
		q.To = to
	}
	q.Last, q.Iterator, q.Left, q.Done = "", "", 0, false
}

// restart forgets how far the reads of a session got: their iterators lost a
// page with the response.
func restart(s *session) {
	s.Queries, s.Pages, s.Sites = nil, 0, 0
	if s.Phase != phaseReread {
		s.Phase = phaseRead
	}
}

// resume begins again after a response was lost. A set of writes that is
// executed once is sent again; without that, what became of it is read.
func (p *Provider) resume(ctx context.Context, st *state) error {
	set := st.Pending
	switch {
	case set != nil && p.speaks.traits().once:
		st.Session.Phase = phaseRecover
		return nil
	case set != nil:
		err := change(ctx, p, docTasks, func(doc *tasksDoc) (bool, error) {
			for _, pt := range set.Tasks {
				doc.claim(pt)
			}
			return true, nil
		})
		if err != nil {
			return err
		}
		st.Pending = nil
	}
	restart(st.Session)
	return nil
}

// nextRequest decides what QuickBooks is asked next.
func (p *Provider) nextRequest(ctx context.Context, st *state) (string, error) {
	s := st.Session
	for {
		switch s.Phase {
		case phaseRecover:
			if st.Pending != nil {
				return st.Pending.Text, nil
			}
			s.Phase = phaseRead
		case phaseRead, phaseReread:
			if s.Queries == nil {
				if err := p.begin(ctx, st); err != nil {
					return "", err
				}
			}
			if text, err := p.readRequest(s); err != nil || text != "" {
				return text, err
			}
			if err := p.finishRead(ctx, st); err != nil {
				return "", err
			}
		case phaseWrite:
			text, err := p.writeRequest(ctx, st)
			if err != nil || text != "" {
				return text, err
			}
			p.afterWrites(s)
		default:
			p.complete(st)
			return "", nil
		}
	}
}

// begin starts a pass of reading.
func (p *Provider) begin(ctx context.Context, st *state) error {
	s := st.Session
	s.Pages, s.Sites = 0, 0
	if s.Phase == phaseReread {
		for _, kind := range p.speaks.itemKinds() {
			s.Queries = append(s.Queries, &query{Kind: kind})
		}
		return nil
	}
	qs, err := p.plan(ctx, st)
	// What made trouble comes last and alone, so that it spoils nothing else.
	s.Solo = len(st.Trouble) > 0
	slices.SortStableFunc(qs, func(a, b *query) int { return st.Trouble[a.Kind] - st.Trouble[b.Kind] })
	s.Queries = qs
	return err
}

// maxPasses is how often one session writes and reads back.
const maxPasses = 4

func (p *Provider) afterWrites(s *session) {
	if s.Wrote {
		s.Wrote = false
		s.Phase, s.Queries = phaseReread, nil
		s.Rounds++
		return
	}
	s.Phase = phaseEnd
}

func (p *Provider) complete(st *state) {
	if st.Session.Error == "" {
		st.Completed = st.Session.Last
	}
}

// readRequest asks for the next page of every query that is not done.
func (p *Provider) readRequest(s *session) (string, error) {
	var set messageSet
	for _, q := range s.Queries {
		early := q.Kind == kindPayment && slices.ContainsFunc(s.Queries, func(q *query) bool { return q.Kind == kindInvoice && !q.Done })
		if q.Asked = !q.Done && !early && (!s.Solo || len(set.Requests) == 0); q.Asked {
			set.Requests = append(set.Requests, p.speaks.request(q))
		}
	}
	if len(set.Requests) == 0 {
		return "", nil
	}
	return p.speaks.document(set)
}

func (d desktop) request(q *query) any {
	name := xml.Name{Local: q.Kind + "QueryRq"}
	h := head{RequestID: q.Kind}
	switch q.Kind {
	case kindActivity:
		return plainQuery{XMLName: name, head: h}
	case kindClass, kindSite:
		return plainQuery{XMLName: name, head: h, ActiveStatus: "All"}
	case kindDeleted:
		return deletedQuery{XMLName: name, head: h, Types: d.txnKinds(), Deleted: deletedRange{string(q.From)}}
	}
	h.Iterator = "Start"
	if q.Iterator != "" {
		h.Iterator, h.IteratorID = "Continue", q.Iterator
	}
	if isSale(q.Kind) || q.Kind == kindPayment {
		return txnQuery{
			XMLName: name, head: h, MaxReturned: txnPage, IncludeLineItems: true,
			Modified: modifiedRange{string(q.From), string(q.To)}, IncludeLinkedTxns: q.Kind == kindMemo || q.Kind == kindInvoice,
		}
	}
	only := itemFields
	switch q.Kind {
	case kindStock:
		only = siteFields
	case kindDiscount:
		only = discountFields
	}
	return listQuery{XMLName: name, head: h, MaxReturned: itemPage, ActiveStatus: "All", Only: only}
}

// handle takes the replies to the request of the current phase. It returns how
// many changes wait, for the percentage.
func (p *Provider) handle(ctx context.Context, st *state, list []reply) (left int, err error) {
	s := st.Session
	switch s.Phase {
	case phaseRecover:
		err = p.wrote(ctx, st, list)
		s.Phase, s.Queries = phaseRead, nil
	case phaseWrite:
		err = p.wrote(ctx, st, list)
	case phaseRead, phaseReread:
		err = p.read(ctx, st, list)
	}
	if err != nil {
		return 0, err
	}
	return p.advance(ctx, st)
}

// advance moves to the next phase that has something to ask, so that the
// percentage is 100 when nothing is left.
func (p *Provider) advance(ctx context.Context, st *state) (left int, err error) {
	s := st.Session
	if s.Phase == phaseRead || s.Phase == phaseReread {
		if s.Queries == nil || slices.ContainsFunc(s.Queries, func(q *query) bool { return !q.Done }) {
			return p.waiting(ctx)
		}
		if err := p.finishRead(ctx, st); err != nil {
			return 0, err
		}
	}
	left, err = p.waiting(ctx)
	if err != nil {
		return 0, err
	}
	if s.Phase == phaseWrite {
		ready, err := p.anyWrite(ctx, st)
		if err != nil {
			return 0, err
		}
		if !ready {
			p.afterWrites(s)
		}
	}
	if s.Phase == phaseEnd {
		p.complete(st)
	}
	return left, nil
}

// read takes the pages of the queries.
func (p *Provider) read(ctx context.Context, st *state, list []reply) error {
	s := st.Session
	byID := make(map[string]*reply, len(list))
	for i := range list {
		byID[list[i].RequestID] = &list[i]
	}
	var restarted bool
	for _, q := range s.Queries {
		if !q.Asked || s.Error != "" {
			continue
		}
		r := byID[q.Kind]
		switch {
		case r == nil:
			p.spoil(st, q, "no answer to "+q.Kind+"Query")
		case r.code() == codeIteratorGone && q.Restarts < 2:
			q.Restarts++
			q.Iterator = ""
			restarted = restarted || isItem(q.Kind) || q.Kind == kindStock
		case r.bad():
			p.spoil(st, q, q.Kind+"Query: status "+clip(r.Code, 20)+" "+r.Message)
		case r.Remaining != "" && r.Remaining != "0" && r.IteratorID == "":
			p.spoil(st, q, q.Kind+"Query: more records and no iterator")
		case s.Rewind && fromJournal(q.Kind): // asked before the restore was known
		default:
			if err := p.take(ctx, st, q, r); err != nil {
				return err
			}
		}
	}
	if s.Rewind {
		s.Rewind = false
		return p.rewind(ctx, s)
	}
	if restarted { // pages of one generation belong together
		s.Pages, s.Sites = 0, 0
		for _, q := range s.Queries {
			if isItem(q.Kind) || q.Kind == kindStock {
				q.Iterator, q.Done = "", false
			}
		}
	}
	return nil
}

// rewind asks for sales anew from where the journal says.
func (p *Provider) rewind(ctx context.Context, s *session) error {
	j, _, err := hold[journal](ctx, p, docJournal)
	if err != nil {
		return err
	}
	for _, q := range s.Queries {
		if fromJournal(q.Kind) {
			p.window(q, j, s.Began)
		}
	}
	return nil
}

// spoil gives a query up for this run.
func (p *Provider) spoil(st *state, q *query, why string) {
	q.Done, q.Failed = true, true
	p.trouble(st, q.Kind)
	st.Error, st.ErrorAt = clip(why, 300), st.Session.Last
}

func (p *Provider) trouble(st *state, kind string) {
	if st.Trouble == nil {
		st.Trouble = make(map[string]int)
	}
	st.Trouble[kind]++
}

// take keeps what a page holds and notes how the query goes on.
func (p *Provider) take(ctx context.Context, st *state, q *query, r *reply) error {
	var err error
	switch {
	case q.Kind == kindActivity:
		if r.Activity != nil {
			st.Session.Rewind, err = p.noteRestore(ctx, wallOf(r.Activity.LastRestoreTime), st.Session.Began)
		}
	case q.Kind == kindCompany:
		err = p.saveStores(ctx, st, r)
	case q.Kind == kindClass:
		err = p.savePlaces(ctx, r.Classes, st.Session.Last)
	case q.Kind == kindSite:
		err = p.savePlaces(ctx, r.Sites, st.Session.Last)
	case isItem(q.Kind):
		if err = p.saveItems(ctx, st.Session, r); err == nil {
			err = p.saveStock(ctx, st.Session, r)
		}
	case q.Kind == kindStock:
		err = p.saveStock(ctx, st.Session, r)
	case q.Kind == kindDeleted:
		err = p.saveDeleted(ctx, r.Deleted, q, st.Session.Began)
	}
	if err != nil {
		return err
	}
	q.Left, _ = strconv.Atoi(r.Remaining)
	q.Iterator = ""
	if q.Left > 0 {
		q.Iterator = r.IteratorID
	}
	if q.Done = q.Iterator == ""; q.Done {
		delete(st.Trouble, q.Kind)
	}
	if isSale(q.Kind) {
		return p.saveSales(ctx, st, q, r)
	}
	if q.Kind == kindPayment {
		return p.savePayments(ctx, q, r, st.Session.Began)
	}
	return nil
}

// finishRead makes what a pass has read visible.
func (p *Provider) finishRead(ctx context.Context, st *state) error {
	s := st.Session
	failed := func(match func(kind string) bool) bool {
		return slices.ContainsFunc(s.Queries, func(q *query) bool { return q.Failed && match(q.Kind) })
	}
	has := func(kinds ...string) bool {
		return !slices.ContainsFunc(kinds, func(kind string) bool {
			return !slices.ContainsFunc(s.Queries, func(q *query) bool { return q.Kind == kind })
		})
	}
	if has(p.speaks.itemKinds()...) && !failed(isItem) {
		st.Items = generation{s.Gen, s.Pages, s.Last}
		if p.speaks.traits().stockWithItems || has(kindStock) && !failed(func(kind string) bool { return kind == kindStock }) {
			st.Stock = generation{s.Gen, s.Sites, s.Last}
		}
		if err := p.recognise(ctx, st); err != nil {
			return err
		}
		s.Gen++
	}
	if s.Phase == phaseRead && has(p.speaks.saleKinds()...) && !failed(isSale) {
		if err := p.through(ctx, s.Began.Add(-p.cfg.LateBy)); err != nil {
			return err
		}
	}
	s.Queries = nil
	s.Phase = phaseWrite
	if s.Rounds >= maxPasses {
		s.Phase = phaseEnd
	}
	return nil
}

// refused takes it that QuickBooks did not process a message set at all.
func (p *Provider) refused(ctx context.Context, st *state, hresult, message string) error {
	s := st.Session
	st.fail("QuickBooks did not process the request: "+hresult+" "+message, s.Last)
	if s.Phase == phaseWrite || s.Phase == phaseRecover {
		return p.writesRefused(ctx, st, hresult, message)
	}
	for _, q := range s.Queries {
		if q.Asked {
			p.trouble(st, q.Kind)
		}
	}
	return nil
}

// savePlaces keeps the points of sale.
func (p *Provider) savePlaces(ctx context.Context, list []placeRet, now time.Time) error {
	doc := placesDoc{Read: now}
	for _, r := range list {
		name := r.FullName
		if name == "" {
			name = r.Name
		}
		if r.ListID != "" {
			doc.Places = append(doc.Places, place{ID: r.ListID, Name: name, Closed: r.IsActive != "" && !yes(r.IsActive)})
		}
	}
	sortPlaces(doc.Places)
	return p.overwrite(ctx, docPlaces, doc)
}
