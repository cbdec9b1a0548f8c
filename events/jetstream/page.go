package jetstream

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/farmacyfoods/pointofsale/events"
	"github.com/farmacyfoods/pointofsale/pos"
)

// A page is one message that holds a change: the cursor's bytes, then the
// events as a JSON array. The header tells where the cursor ends.
const (
	headerCursor = "Pos-Cursor-Length"
	contentPage  = "application/vnd.farmacyfoods.page"
)

// preparePages makes the message of a commit with Config.Pages.
func (s *Stream) preparePages(c *commit, changes []events.Change) error {
	for i := range changes {
		ch := &changes[i]
		c.ends[i] = -1
		if ch.Key == "" && len(ch.Events) == 0 {
			continue
		}
		if len(c.messages) > 0 {
			return &pos.Error{Op: opCommit, Kind: pos.KindUnsupported, Err: errors.New("a stream of pages takes one change per commit")}
		}
		c.ends[i] = 0
		m := page(ch)
		m.Header.Set(headerCommit, c.id)
		if ch.Key == "" {
			m.Subject = s.prefix + wordPage + "=." + sourceTokens(ch.Events[0].Source)
			m.Header.Set(jetstream.MsgIDHeader, ch.Events[0].Source+" "+ch.Events[0].ID)
		} else {
			m.Subject = s.cursorSubject(ch.Key)
			m.Header.Set(jetstream.ExpectedLastSubjSeqHeader, strconv.FormatUint(uint64(ch.Revision), 10))
			c.fences = append(c.fences, fence{ch.Key, m.Subject, uint64(ch.Revision), 0})
		}
		c.add(m)
	}
	return s.checkSize(c)
}

func page(ch *events.Change) *nats.Msg {
	data := append(make([]byte, 0, len(ch.Cursor)+2+1024*len(ch.Events)), ch.Cursor...)
	data = append(data, '[')
	for i := range ch.Events {
		if i > 0 {
			data = append(data, ',')
		}
		data = ch.Events[i].AppendJSON(data)
	}
	data = append(data, ']')
	return &nats.Msg{Data: data, Header: nats.Header{
		headerContentType: []string{contentPage},
		headerCursor:      []string{strconv.Itoa(len(ch.Cursor))},
	}}
}

// splitPage returns the cursor and the array of events.
func splitPage(h nats.Header, data []byte) (cursor, list []byte, err error) {
	n, err := strconv.Atoi(h.Get(headerCursor))
	if err != nil || n < 0 || n > len(data) {
		return nil, nil, fmt.Errorf("page with %s %.20q and %d bytes", headerCursor, h.Get(headerCursor), len(data))
	}
	return data[:n], data[n:], nil
}

// eventsIn returns the JSON of the events that a message holds.
func eventsIn(h nats.Header, data []byte) ([][]byte, error) {
	if h.Get(headerContentType) != contentPage {
		return [][]byte{data}, nil
	}
	_, list, err := splitPage(h, data)
	if err != nil {
		return nil, err
	}
	d := jsontext.NewDecoder(bytes.NewReader(list))
	if _, err := d.ReadToken(); err != nil {
		return nil, err
	}
	var out [][]byte
	for d.PeekKind() != jsontext.KindEndArray {
		v, err := d.ReadValue()
		if err != nil {
			return nil, err
		}
		out = append(out, bytes.Clone(v))
	}
	return out, nil
}
