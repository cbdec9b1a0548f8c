package snackboxfake

import (
	"encoding/json"
	"net/http"
	"sort"
	"time"

	"github.com/farmacyfoods/pointofsale/pos/posfake"
	"github.com/farmacyfoods/pointofsale/vendors/kit/fakekit"
)

func (f *Fake) listTills(w http.ResponseWriter, _ *http.Request) {
	now := f.Now()
	list := []till{}
	for _, t := range f.tills {
		if !t.off {
			t.SeenAt = now
		}
		list = append(list, *t)
	}
	sort.Slice(list, func(i, j int) bool { return list[i].ID < list[j].ID })
	reply(w, list)
}

func (f *Fake) listItems(w http.ResponseWriter, _ *http.Request) {
	list := []item{}
	for _, it := range f.items {
		list = append(list, *it)
	}
	sort.Slice(list, func(i, j int) bool { return list[i].SKU < list[j].SKU })
	reply(w, list)
}

// putItem stores the whole item. If-Match guards against a lost update.
func (f *Fake) putItem(w http.ResponseWriter, r *http.Request) {
	var in item
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil || in.SKU != r.PathValue("sku") || in.Cents < 0 {
		problem(w, http.StatusBadRequest, "bad_item")
		return
	}
	old := f.items[in.SKU]
	if old != nil && old.Owner != in.Owner {
		problem(w, http.StatusConflict, "not_yours")
		return
	}
	if old != nil {
		in.Rev = old.Rev
	}
	in.Rev++
	f.items[in.SKU] = &in
	reply(w, in)
}

func (f *Fake) deleteItem(w http.ResponseWriter, r *http.Request) {
	delete(f.items, r.PathValue("sku"))
	reply(w, map[string]bool{"ok": true})
}

func (f *Fake) listStock(w http.ResponseWriter, _ *http.Request) {
	type row struct {
		Till   string `json:"till"`
		SKU    string `json:"sku"`
		OnHand int64  `json:"on_hand"`
	}
	list := []row{}
	for key, n := range f.stock {
		list = append(list, row{key[0], key[1], n})
	}
	sort.Slice(list, func(i, j int) bool { return list[i].Till+list[i].SKU < list[j].Till+list[j].SKU })
	reply(w, list)
}

const pageSize = 50

// listSales pages through the sales changed in [since, until] by (changed, id).
func (f *Fake) listSales(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	since, _ := time.Parse(time.RFC3339Nano, q.Get("since"))
	until, err := time.Parse(time.RFC3339Nano, q.Get("until"))
	if err != nil {
		problem(w, http.StatusBadRequest, "bad_until")
		return
	}
	if _, hit := fakekit.Struck(r, posfake.FaultWidened); hit {
		since, until = time.Time{}, f.Now()
	}
	query, after := q.Get("since")+" "+q.Get("until"), ""
	if token := q.Get("page"); token != "" {
		if _, hit := fakekit.Struck(r, posfake.FaultPageToken); hit {
			f.pages.Expire()
		}
		if after, err = f.pages.Redeem(token, query); err != nil {
			problem(w, http.StatusBadRequest, "bad_page")
			return
		}
	}
	var in []*sale
	for _, s := range f.sales {
		if !s.Changed.Before(since) && !s.Changed.After(until) && position(s) > after {
			in = append(in, s)
		}
	}
	sort.Slice(in, func(i, j int) bool { return position(in[i]) < position(in[j]) })
	body := struct {
		Sales []*sale `json:"sales"`
		Next  string  `json:"next,omitempty"`
	}{Sales: []*sale{}}
	if len(in) > pageSize {
		in = in[:pageSize]
		body.Next = f.pages.Issue(query, position(in[pageSize-1]))
	}
	body.Sales = append(body.Sales, in...)
	if _, hit := fakekit.Struck(r, posfake.FaultDuplicate); hit {
		body.Sales = append(body.Sales, in...)
	}
	reply(w, body)
}

// position orders sales for paging.
func position(s *sale) string {
	return s.Changed.UTC().Format("2006-01-02T15:04:05.000000000Z") + " " + s.ID
}

func (f *Fake) getSale(w http.ResponseWriter, r *http.Request) {
	if s := f.find(r.PathValue("id")); s != nil {
		reply(w, s)
		return
	}
	problem(w, http.StatusNotFound, "no_such_sale")
}
