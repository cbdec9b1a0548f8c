package square

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/vendors/kit"
)

// cacheForever asks for an object however long ago it was read.
const cacheForever = time.Duration(1<<63 - 1)

// known is what is remembered of a catalogue object: the SKU of a variation,
// the coupon of a pricing rule.
type known struct {
	sku, coupon string
	soldOut     []string // locations where the seller took it off sale
	at          time.Time
}

// catalogCache remembers catalogue objects by id.
type catalogCache struct {
	mu   sync.Mutex
	byID map[string]known
}

func (c *catalogCache) put(id string, k known) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.byID == nil {
		c.byID = make(map[string]known)
	}
	k.at = time.Now()
	c.byID[id] = k
}

// lookup returns what is remembered of the ids and which of them are unknown
// or older than age.
func (c *catalogCache) lookup(ids []string, age time.Duration) (found map[string]known, missing []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	found = make(map[string]known, len(ids))
	for _, id := range ids {
		k, ok := c.byID[id]
		if !ok || time.Since(k.at) > age {
			missing = append(missing, id)
			continue
		}
		found[id] = k
	}
	return found, missing
}

// resolve returns what the catalogue says of ids; ids that it does not know
// are zero. It reads as many unknown ids in one call as Square takes, deleted
// objects included: old sales refer to them.
func (p *Provider) resolve(ctx context.Context, ids []string, age time.Duration) (map[string]known, error) {
	found, missing := p.catalog.lookup(ids, age)
	if len(missing) == 0 {
		return found, nil
	}
	for part := range slices.Chunk(missing, p.limits(ctx).RetrieveIDs) {
		fresh := make(map[string]bool, len(part))
		err := p.retrieve(ctx, part, true, func(raw *jsontext.Value) error {
			var o catalogObject
			if err := kit.Unmarshal(*raw, &o); err != nil {
				return err
			}
			fresh[o.ID] = true
			p.remember(&o)
			return nil
		})
		if err != nil {
			return nil, err
		}
		for _, id := range part {
			if !fresh[id] {
				p.catalog.put(id, known{})
			}
		}
	}
	found, _ = p.catalog.lookup(ids, cacheForever)
	return found, nil
}

// remember keeps what sales and stock need of an object.
func (p *Provider) remember(o *catalogObject) {
	switch o.Type {
	case typeVariation:
		k := known{sku: o.Variation.SKU}
		for i := range o.Variation.Overrides {
			if over := &o.Variation.Overrides[i]; over.SoldOut && (over.SoldOutTill.IsZero() || over.SoldOutTill.After(p.client.Now())) {
				k.soldOut = append(k.soldOut, over.LocationID)
			}
		}
		p.catalog.put(o.ID, k)
	case typeRule:
		coupon, _ := p.couponOf(o.Rule.Name)
		p.catalog.put(o.ID, known{coupon: coupon})
	default:
		p.catalog.put(o.ID, known{})
	}
}

// search reads all objects of some types and returns the catalogue's time.
// Deleted objects are not among them.
func (p *Provider) search(ctx context.Context, each func(*jsontext.Value) error, types ...string) (latest time.Time, err error) {
	in := searchCatalogRequest{Types: types, Limit: p.limits(ctx).SearchPage}
	for {
		end, err := p.objects(ctx, "SearchCatalogObjects", "/v2/catalog/search", in, each)
		if err != nil {
			return time.Time{}, err
		}
		if in.Cursor == "" {
			latest = end.LatestTime.Time
		}
		if end.Cursor == "" || end.Cursor == in.Cursor {
			return latest, nil
		}
		in.Cursor = end.Cursor
	}
}

// retrieve reads objects by id; those that do not exist are left out.
func (p *Provider) retrieve(ctx context.Context, ids []string, deleted bool, each func(*jsontext.Value) error) error {
	in := retrieveCatalogRequest{IDs: ids, IncludeDeleted: deleted}
	_, err := p.objects(ctx, "BatchRetrieveCatalogObjects", "/v2/catalog/batch-retrieve", in, each)
	return err
}

// objects reads one answer with catalogue objects, one by one.
func (p *Provider) objects(ctx context.Context, op, path string, in any, each func(*jsontext.Value) error) (pageEnd, error) {
	body, err := json.Marshal(in)
	if err != nil {
		return pageEnd{}, fail(op, pos.KindInvalid, err)
	}
	resp, err := p.client.Do(ctx, kit.Request{
		Op: op, Method: http.MethodPost, Path: path,
		Body: body, ContentType: "application/json", Repeatable: true,
	})
	if err != nil {
		return pageEnd{}, err
	}
	var end pageEnd
	if err := kit.EachJSON(resp, "objects", each, &end); err != nil {
		return pageEnd{}, err
	}
	return end, inside(op, resp.RequestID, end.Errors)
}

// mark is what stands in front of every name and note by which this account's
// owner knows its objects again.
func (p *Provider) mark() string { return p.cfg.Owner + ":" }

// couponOf returns the coupon to which an object with this name belongs.
func (p *Provider) couponOf(name string) (id string, ours bool) {
	id, ours = strings.CutPrefix(name, p.mark())
	return id, ours && id != ""
}
