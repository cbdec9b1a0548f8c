package inventoryhttp

import (
	"net/http"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/pos/inventory"
	"github.com/farmacyfoods/pointofsale/vendors/kit"
)

// Refusal is the service's own word on why something was refused.
type Refusal struct {
	Code    string
	Message string
	// Revision is what the service holds, where it says so.
	Revision pos.Revision
	// Details lists everything that is wrong with a snapshot.
	Details pos.Problems
}

// Error returns the message and the details.
func (r *Refusal) Error() string {
	if len(r.Details) == 0 {
		return r.Message
	}
	return r.Message + ": " + r.Details.Error()
}

// kindOf classifies a refused snapshot by its code. What is not known may
// pass.
func kindOf(code string) pos.Kind {
	switch code {
	case "revision_mismatch", "older_stock":
		return pos.KindConflict
	case "invalid", "bad_request":
		return pos.KindInvalid
	}
	return pos.KindUnavailable
}

// classify reads the error of a failed call. Only these statuses say that the
// body is at fault; any other 4xx means that this is not the service that the
// contract describes.
func classify(f *kit.Failure) {
	var body failure
	if kit.Unmarshal(f.Body, &body) == nil && body.Error != nil && body.Error.Code != "" {
		f.Error.Code, f.Error.Err = body.Error.Code, body.Error.refusal()
		if body.Error.RequestID != "" {
			f.Error.RequestID = body.Error.RequestID
		}
	}
	judged := f.Error.Code != "" && (f.Status == http.StatusBadRequest || f.Status == http.StatusUnprocessableEntity)
	if f.Error.Kind == pos.KindInvalid && !judged && f.Status != http.StatusRequestEntityTooLarge {
		f.Error.Kind = pos.KindProtocol
	}
}

// of turns a receipt of a batch into the one of its snapshot.
func (r *receipt) of(s *inventory.Snapshot) inventory.Receipt {
	out := inventory.Receipt{Revision: r.Revision}
	if p := r.Error; p != nil {
		out.Err = &pos.Error{Op: "putBatch", Vendor: s.Vendor, Location: s.Location, Kind: kindOf(p.Code), Code: p.Code, RequestID: p.RequestID, Err: p.refusal()}
	}
	return out
}
