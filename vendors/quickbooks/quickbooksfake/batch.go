package quickbooksfake

import (
	"net/http"
	"slices"
	"strings"

	"github.com/farmacyfoods/pointofsale/vendors/kit/fakekit"
)

// Limits of a batch.
const (
	maxBatch = 30
	maxBID   = 10
)

// batchOp names a batch, and says whether any of its items writes.
func batchOp(r *http.Request) (op string, write bool) {
	items, _ := batchItems(r)
	return "Batch", slices.ContainsFunc(items, func(item map[string]any) bool { return item["operation"] != nil })
}

func batchItems(r *http.Request) ([]map[string]any, error) {
	sent, err := decode(fakekit.Body(r))
	if err != nil {
		return nil, err
	}
	list, _ := sent["BatchItemRequest"].([]any)
	var items []map[string]any
	for _, v := range list {
		item, ok := v.(map[string]any)
		if !ok {
			return nil, refuse("2010", "BatchItemRequest", "An item of a batch is an object")
		}
		items = append(items, item)
	}
	return items, nil
}

// postBatch does the items one after another; each succeeds or fails for
// itself. The answer comes in an order of its own.
func (f *Fake) postBatch(c *call) (map[string]any, error) {
	items, err := batchItems(c.Request)
	switch {
	case err != nil:
		return nil, err
	case len(items) == 0:
		return nil, missing("BatchItemRequest")
	case len(items) > maxBatch: // the code is unconfirmed
		return nil, business("A batch has %d items at most, this one has %d.", maxBatch, len(items))
	}
	seen := map[string]bool{}
	for _, item := range items {
		id, _ := item["bId"].(string)
		switch {
		case id == "" || seen[id]:
			return nil, refuse("2020", "bId", "Every item of a batch needs a bId of its own")
		case len(id) > maxBID && c.URL.Query().Get("requestid") != "":
			return nil, refuse("2050", "bId", "bId has a maximum length of %d characters", maxBID)
		}
		seen[id] = true
	}
	replies := make([]any, 0, len(items))
	for _, item := range items {
		reply, err := f.batchItem(c, item)
		if err != nil {
			reply = map[string]any{"Fault": faultOf(err).body()}
		}
		reply["bId"] = item["bId"]
		replies = append(replies, reply)
	}
	if f.rand.IntN(2) == 0 {
		slices.Reverse(replies)
	}
	return map[string]any{"BatchItemResponse": replies}, nil
}

// batchItem does one item: a query, a read of changes, or a write.
func (f *Fake) batchItem(c *call, item map[string]any) (map[string]any, error) {
	text, isQuery := item["Query"].(string)
	changes, isChanges := item["CDCQuery"].(map[string]any)
	if isQuery || isChanges {
		if err := f.load.admit(Config{ReadQuota: f.cfg.ReadQuota}, f.Now(), false, true); err != nil {
			return nil, err
		}
	}
	if isQuery {
		answer, err := f.query(text, biasOf(c.Request))
		return map[string]any{"QueryResponse": answer}, err
	}
	if isChanges {
		entities, _ := changes["Entities"].(string)
		since, _ := changes["ChangedSince"].(string)
		answer, err := f.changes(entities, since, biasOf(c.Request))
		return map[string]any{"CDCResponse": answer}, err
	}
	operation, _ := item["operation"].(string)
	options, _ := item["optionsData"].(string)
	if strings.EqualFold(options, "void") {
		operation = "void"
	}
	for name, t := range f.tables {
		if sent, ok := item[name].(map[string]any); ok {
			if operation == "" {
				return nil, missing("operation")
			}
			return f.apply(t, operation, options, sent)
		}
	}
	return nil, refuse("2010", "BatchItemRequest", "The item of the batch holds no entity that is known")
}

// staleBatch answers a batch whose updates all come too late.
func (f *Fake) staleBatch(r *http.Request) map[string]any {
	items, _ := batchItems(r)
	replies := []any{}
	for _, item := range items {
		replies = append(replies, map[string]any{"bId": item["bId"], "Fault": stale().body()})
	}
	return map[string]any{"BatchItemResponse": replies, "time": f.stamp(f.Now())}
}
