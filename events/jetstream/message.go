package jetstream

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// Headers of our own.
const (
	// headerCommit identifies the commit that wrote a message. It stands on
	// the last message of each change.
	headerCommit = "Pos-Commit"
	// headerDeleted marks a value of the Store that is gone.
	headerDeleted = "Pos-Deleted"

	headerContentType = "Content-Type"
	contentEvent      = "application/cloudevents+json"

	// maxHeader is more than the headers of any message here.
	maxHeader = 4 << 10
)

// fenced makes a message the only one of its subject, if the last one there
// is still the given revision.
func fenced(m *nats.Msg, revision uint64) {
	m.Header.Set(jetstream.MsgRollup, jetstream.MsgRollupSubject)
	m.Header.Set(jetstream.ExpectedLastSubjSeqHeader, strconv.FormatUint(revision, 10))
}

// stored is a message as the server keeps it.
type stored struct {
	Subject  string    `json:"subject"`
	Sequence uint64    `json:"seq"`
	Time     time.Time `json:"time"`
	RawHead  []byte    `json:"hdrs"`
	Data     []byte    `json:"data"`
	Header   nats.Header
}

// last returns the newest message of a subject from the server that leads the
// stream, so that it is no older than any acknowledged write; nil if there is
// none.
func (s *Stream) last(ctx context.Context, subject string) (*stored, error) {
	return s.message(ctx, map[string]any{"last_by_subj": subject})
}

func (s *Stream) message(ctx context.Context, query map[string]any) (*stored, error) {
	ctx, cancel := context.WithTimeout(ctx, s.cfg.Timeout)
	defer cancel()
	request, err := json.Marshal(query)
	if err != nil {
		return nil, err
	}
	reply, err := s.nc.RequestWithContext(ctx, "$JS.API.STREAM.MSG.GET."+s.name, request)
	if err != nil {
		return nil, err
	}
	var answer struct {
		Error   *jetstream.APIError `json:"error"`
		Message *stored             `json:"message"`
	}
	if err := json.Unmarshal(reply.Data, &answer); err != nil {
		return nil, fmt.Errorf("answer of the server: %w", err)
	}
	switch {
	case answer.Error != nil && answer.Error.ErrorCode == jetstream.JSErrCodeMessageNotFound:
		return nil, nil
	case answer.Error != nil:
		return nil, answer.Error
	case answer.Message == nil:
		return nil, errors.New("answer of the server without a message")
	}
	if len(answer.Message.RawHead) > 0 {
		if answer.Message.Header, err = nats.DecodeHeadersMsg(answer.Message.RawHead); err != nil {
			return nil, err
		}
	}
	return answer.Message, nil
}
