package quickbooksdesktop

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/farmacyfoods/pointofsale/pos"
)

// The documents of an account in its store. Each is changed by compare-and-swap,
// so that several processes can serve one Web Connector.
const (
	docSession = "session" // run of the Web Connector, message set under way
	docJournal = "journal" // how far the log of sales goes, how far queries got
	docTasks   = "tasks"   // queue of changes, and what we own
	docPlaces  = "places"  // points of sale
	docItems   = "items"   // pages of items, by generation
	docStock   = "stock"   // pages of stock by site, by generation
	docLog     = "log"     // segments of the log of sales
)

const (
	maxDocument = 1 << 20   // what a store takes
	packFrom    = 256 << 10 // longer ones are compressed
	maxUnpacked = 64 << 20  // what a document may grow to when unpacked
)

func (p *Provider) storeKey(words ...string) string {
	return p.speaks.traits().family + "." + storeWord(p.cfg.Account) + "." + strings.Join(words, ".")
}

func storeWord(s string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-'
	}
	if s != "" && strings.IndexFunc(s, func(r rune) bool { return !plain(r) }) < 0 {
		return s
	}
	return "_" + base64.RawURLEncoding.EncodeToString([]byte(s))
}

// load reads a document; one that does not exist leaves out as it is.
func (p *Provider) load(ctx context.Context, key string, out any) (pos.Revision, error) {
	packed, rev, err := p.opts.Store.Get(ctx, p.storeKey(key))
	if errors.Is(err, pos.ErrNotFound) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	return rev, decode(key, packed, out)
}

// decode reads a stored document.
func decode(key string, packed []byte, out any) error {
	text, err := unpack(packed)
	if err == nil {
		err = json.Unmarshal(text, out)
	}
	if err != nil {
		return fmt.Errorf("quickbooksdesktop: stored document %s: %w", key, err)
	}
	return nil
}

// unpack returns the JSON of a stored document.
func unpack(packed []byte) ([]byte, error) {
	if len(packed) > 0 && packed[0] == '{' {
		return packed, nil
	}
	z, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(io.LimitReader(z, maxUnpacked))
}

// save writes a document that is still at the revision.
func (p *Provider) save(ctx context.Context, key string, doc any, old pos.Revision) (pos.Revision, error) {
	packed, err := pack(key, doc)
	if err != nil {
		return 0, err
	}
	return p.opts.Store.Put(ctx, p.storeKey(key), packed, old)
}

// pack returns a document as it is stored.
func pack(key string, doc any) ([]byte, error) {
	text, err := json.Marshal(doc)
	if err != nil {
		return nil, err
	}
	packed := text
	if len(text) > packFrom {
		var b bytes.Buffer
		z, _ := gzip.NewWriterLevel(&b, gzip.BestSpeed) // a level that exists
		_, _ = z.Write(text)                            // a buffer takes everything
		_ = z.Close()
		packed = b.Bytes()
	}
	if len(packed) > maxDocument || len(text) > maxUnpacked {
		return nil, fmt.Errorf("quickbooksdesktop: document %s is too large: %d bytes", key, len(text))
	}
	return packed, nil
}

// overwrite writes a document whatever was there.
func (p *Provider) overwrite(ctx context.Context, key string, doc any) error {
	return p.retry(func() error {
		_, rev, err := p.opts.Store.Get(ctx, p.storeKey(key))
		if err != nil && !errors.Is(err, pos.ErrNotFound) {
			return err
		}
		_, err = p.save(ctx, key, doc, rev)
		return err
	})
}

// remove deletes a document.
func (p *Provider) remove(ctx context.Context, key string) error {
	return p.retry(func() error {
		_, rev, err := p.opts.Store.Get(ctx, p.storeKey(key))
		if errors.Is(err, pos.ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		return p.opts.Store.Delete(ctx, p.storeKey(key), rev)
	})
}

// storeAttempts is how often a change is tried against other processes.
const storeAttempts = 10

func (p *Provider) retry(change func() error) error {
	var err error
	for range storeAttempts {
		if err = change(); !errors.Is(err, pos.ErrConflict) {
			return err
		}
	}
	return err
}

// held is a document as this process read or wrote it last.
type held struct {
	rev pos.Revision
	doc any
}

// hold reads a document for whoever has the turn. It is decoded only if it is
// not the one that was held last; nobody may change it but change and record.
func hold[T any](ctx context.Context, p *Provider, key string) (*T, pos.Revision, error) {
	packed, rev, err := p.opts.Store.Get(ctx, p.storeKey(key))
	if err != nil && !errors.Is(err, pos.ErrNotFound) {
		return nil, 0, err
	}
	if h, ok := p.held[key]; ok && h.rev == rev {
		if doc, ok := h.doc.(*T); ok {
			return doc, rev, nil
		}
	}
	doc := new(T)
	if rev != 0 {
		if err := decode(key, packed, doc); err != nil {
			return nil, 0, err
		}
	}
	p.held[key] = held{rev, doc}
	return doc, rev, nil
}

// change reads a document, lets fn change it, and writes it unless fn says that
// it changed nothing.
// The caller has the turn.
func change[T any](ctx context.Context, p *Provider, key string, fn func(*T) (write bool, err error)) error {
	return p.retry(func() error {
		doc, rev, err := hold[T](ctx, p, key)
		if err != nil {
			return err
		}
		delete(p.held, key) // from here on it may not be what is stored
		write, err := fn(doc)
		if err == nil && write {
			rev, err = p.save(ctx, key, doc, rev)
		}
		if err == nil {
			p.held[key] = held{rev, doc}
		}
		return err
	})
}

func pageKey(doc string, gen int64, page int) string {
	return doc + "." + strconv.FormatInt(gen%2, 10) + "." + strconv.Itoa(page)
}

// place is a point of sale.
type place struct {
	ID     string `json:"id"`
	Name   string `json:"name"`
	Closed bool   `json:"closed,omitempty"`
}

// placesDoc are the points of sale, ordered by id.
type placesDoc struct {
	Places []place   `json:"places"`
	Read   time.Time `json:"read"`
}

// layout is how wall clock times are written: without an offset, because the
// one that QuickBooks prints is wrong for half of the year.
const layout = "2006-01-02T15:04:05"

// wall is the local time of the QuickBooks computer; values compare as text.
type wall string

// wallOf cuts the offset off a time that QuickBooks wrote.
func wallOf(text string) wall {
	if len(text) < len(layout) {
		return ""
	}
	text = text[:len(layout)]
	if _, err := time.Parse(layout, text); err != nil {
		return ""
	}
	return wall(text)
}

func (w wall) add(d time.Duration) wall {
	t, err := time.Parse(layout, string(w))
	if err != nil {
		return w
	}
	return wall(t.Add(d).Format(layout))
}

// at returns the instant; of an hour that comes twice, one of both.
func (w wall) at(zone *time.Location) time.Time {
	t, err := time.ParseInLocation(layout, string(w), zone)
	if err != nil {
		return time.Time{}
	}
	return t.UTC()
}

func wallAt(t time.Time, zone *time.Location) wall { return wall(t.In(zone).Format(layout)) }

// overlapFrom is where the next query begins whose last record has this time:
// 10 minutes earlier, and an hour more where clocks were just set back.
func overlapFrom(last wall, zone *time.Location) wall {
	const overlap, around = 10 * time.Minute, 3 * time.Hour
	t := last.at(zone)
	_, before := t.Add(-around).In(zone).Zone()
	_, after := t.Add(around).In(zone).Zone()
	if after < before {
		return last.add(-overlap - time.Duration(before-after)*time.Second)
	}
	return last.add(-overlap)
}
