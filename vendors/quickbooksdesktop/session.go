package quickbooksdesktop

import (
	"time"

	"github.com/farmacyfoods/pointofsale/pos"
)

// state is what an account remembers between the calls of its Web Connector.
type state struct {
	Session *session `json:"session,omitempty"`
	// Pending is a set of writes whose outcome is not known yet.
	Pending *pendingSet `json:"pending,omitempty"`
	// LastSet is the last set of writes that QuickBooks may forget.
	LastSet string `json:"last_set,omitempty"`

	File    string `json:"file,omitempty"` // path of the company file
	Company string `json:"company,omitempty"`
	Product string `json:"product,omitempty"`

	Called    time.Time `json:"called"`    // last call with a valid ticket
	Completed time.Time `json:"completed"` // end of the last complete run
	Error     string    `json:"error,omitempty"`
	ErrorAt   time.Time `json:"error_at,omitzero"`

	Items generation `json:"items"`
	Stock generation `json:"stock"`
	// Trouble counts, by query, the runs in a row that it ended.
	Trouble map[string]int `json:"trouble,omitempty"`
	Runs    int64          `json:"runs"`
}

// generation names a complete read of a list that is kept in pages.
type generation struct {
	Gen   int64     `json:"gen"`
	Pages int       `json:"pages"`
	At    time.Time `json:"at"`
}

// pendingSet is a set of writes as it was sent. It is stored before it is sent,
// and sent again with the same id until its answer is known: QuickBooks
// executes an id once.
type pendingSet struct {
	ID    string        `json:"id"`
	Text  string        `json:"text"`
	Tasks []pendingTask `json:"tasks"`
	// Run is the run that sent it first, Pass its pass.
	Run  int64 `json:"run"`
	Pass int   `json:"pass"`
}

type pendingTask struct {
	SKU    string     `json:"sku"`
	Action pos.Action `json:"action"`
	Fields []string   `json:"fields,omitempty"`
	Want   want       `json:"want"`
}

// session is one run of the Web Connector.
type session struct {
	Ticket  string    `json:"ticket"` // digest
	Address string    `json:"address"`
	Began   time.Time `json:"began"`
	Last    time.Time `json:"last"`
	// Outstanding: a request was handed out and its response is not here.
	Outstanding bool   `json:"outstanding,omitempty"`
	Ready       bool   `json:"ready,omitempty"` // the company file is the right one
	Closed      bool   `json:"closed,omitempty"`
	Phase       string `json:"phase"`
	Error       string `json:"error,omitempty"`
	Idle        int    `json:"idle,omitempty"` // empty answers so far

	Queries []*query `json:"queries,omitempty"`
	Rewind  bool     `json:"rewind,omitempty"` // the company file was restored
	Solo    bool     `json:"solo,omitempty"`   // one query at a time
	Gen     int64    `json:"gen"`
	Pages   int      `json:"pages,omitempty"`
	Sites   int      `json:"sites,omitempty"`
	Rounds  int      `json:"rounds,omitempty"` // passes of writing
	Wrote   bool     `json:"wrote,omitempty"`  // in this pass
	Done    int      `json:"done,omitempty"`   // message sets
}

// Phases of a session.
const (
	phaseRecover = "recover" // ask for the outcome of a set of writes again
	phaseRead    = "read"
	phaseWrite   = "write"
	phaseReread  = "reread" // items only, after writing
	phaseEnd     = "end"
)

// query is a read that may take several message sets.
type query struct {
	Kind     string `json:"kind"`
	Iterator string `json:"iterator,omitempty"`
	From     wall   `json:"from,omitempty"`
	To       wall   `json:"to,omitempty"` // "" is open
	Last     wall   `json:"last,omitempty"`
	Left     int    `json:"left,omitempty"` // records that the iterator still has
	Restarts int    `json:"restarts,omitempty"`
	Asked    bool   `json:"asked,omitempty"` // in the outstanding request
	Done     bool   `json:"done,omitempty"`
	Failed   bool   `json:"failed,omitempty"`
}

// How long a session may be silent before another takes its place. One on the
// same address takes over sooner: the Web Connector there was started anew.
const (
	idleLimit  = time.Hour
	sameCaller = time.Minute
)

// busy reports whether a session must be respected by a caller at the address.
// If a request is outstanding and its caller signs in again, the response was
// lost.
func (s *session) busy(address string, now time.Time) bool {
	if s == nil || s.Closed || s.Phase == phaseEnd || now.Sub(s.Last) >= idleLimit {
		return false
	}
	if s.Address != address {
		return true
	}
	return !s.Outstanding && now.Sub(s.Last) < sameCaller
}

// percent is how far the session is; 100 ends it.
func (s *session) percent(tasks int) int {
	if s.Phase == phaseEnd {
		return 100
	}
	left := 1 + tasks/writeBatch
	for _, q := range s.Queries {
		if !q.Done {
			left += 1 + q.Left/txnPage
		}
	}
	return min(max(100*s.Done/(s.Done+left), 1), 99)
}

// fail records an error for the user and for Status.
func (st *state) fail(text string, now time.Time) {
	text = clip(text, 300)
	st.Error, st.ErrorAt = text, now
	if st.Session != nil {
		st.Session.Error = text
	}
}
