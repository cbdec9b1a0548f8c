package bytetechfake

import (
	"iter"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/farmacyfoods/pointofsale/vendors/kit/fakekit"
)

const tokenPrefix = "byt_"

func (c *call) issueToken() (int, any, error) {
	var in struct {
		GrantType    string `json:"grant_type"`
		ClientID     string `json:"client_id"`
		ClientSecret string `json:"client_secret"`
	}
	if err := c.decode(&in); err != nil {
		return 0, nil, err
	}
	if in.GrantType != "client_credentials" {
		return 0, nil, fail(http.StatusBadRequest, "invalid_request", "grant_type", "is not client_credentials")
	}
	i := slices.IndexFunc(c.cfg.Clients, func(cl Client) bool { return cl.ID == in.ClientID && cl.Secret == in.ClientSecret })
	if i < 0 {
		return 0, nil, fail(http.StatusUnauthorized, "invalid_client", "", "unknown client or wrong secret")
	}
	cl := &c.cfg.Clients[i]
	g := &grant{token: tokenPrefix + fakekit.Text(c.random, fakekit.Alphanum, 32), client: cl, expires: c.now.Add(c.cfg.TokenLife)}
	c.tokens[g.token] = g
	scopes := cl.Scopes
	if scopes == nil {
		scopes = Scopes()
	}
	return http.StatusOK, struct {
		AccessToken string `json:"access_token"`
		TokenType   string `json:"token_type"`
		ExpiresIn   int    `json:"expires_in"`
		Scope       string `json:"scope"`
	}{g.token, "Bearer", int(c.cfg.TokenLife / time.Second), strings.Join(scopes, " ")}, nil
}

// inPath is the row whose id the path names.
func inPath[T identified](c *call, rows sorted[T], what string) (row T, err error) {
	row, ok := rows.get(c.r.PathValue(what + "_id"))
	if !ok {
		err = notFound(what)
	}
	return row, err
}

// shown answers with the view of a row, or with the error that came instead.
func shown[T, V any](status int, row T, err error, view func(T) V) (int, any, error) {
	if err != nil {
		return 0, nil, err
	}
	return status, view(row), nil
}

// kiosk is the one in the path.
func (c *call) kiosk() (*kiosk, error) {
	k, ok := c.kiosks.get(c.r.PathValue("kiosk_id"))
	if !ok || !c.sees(k) {
		return nil, notFound("kiosk")
	}
	return k, nil
}

func (c *call) listCampuses() (int, any, error) {
	return c.page(func(after string) iter.Seq2[string, func() any] {
		return func(yield func(string, func() any) bool) {
			for _, v := range c.campuses {
				only := c.grant.client.Campuses
				if v.id <= after || only != nil && !slices.Contains(only, v.id) {
					continue
				}
				if !yield(v.id, func() any { return campusView{v.id, v.name} }) {
					return
				}
			}
		}
	})
}

// withStatus reads the parameter include.
func (c *call) withStatus() (bool, error) {
	switch c.r.URL.Query().Get("include") {
	case "":
		return false, nil
	case "status":
		return true, nil
	}
	return false, fail(http.StatusBadRequest, "invalid_request", "include", "is not status")
}

func (c *call) listKiosks() (int, any, error) {
	archived, err := c.flag("archived")
	if err != nil {
		return 0, nil, err
	}
	w, err := c.window("updated")
	if err != nil {
		return 0, nil, err
	}
	status, err := c.withStatus()
	if err != nil {
		return 0, nil, err
	}
	inCampus := c.oneOf("campus_id")
	return c.page(rowsOf(c.kiosks, func(k *kiosk) bool {
		return c.sees(k) && inCampus(k.campus.id) && w.contains(k.updated) && (archived == nil || *archived == k.archived)
	}, func(k *kiosk) any { return c.viewKiosk(k, status) }))
}

func (c *call) getKiosk() (int, any, error) {
	k, err := c.kiosk()
	if err != nil {
		return 0, nil, err
	}
	status, err := c.withStatus()
	return http.StatusOK, c.viewKiosk(k, status), err
}

func (c *call) getKioskStatus() (int, any, error) {
	k, err := c.kiosk()
	if err != nil {
		return 0, nil, err
	}
	return http.StatusOK, c.viewStatus(k), nil
}

func (c *call) listHeartbeats() (int, any, error) {
	k, err := c.kiosk()
	if err != nil {
		return 0, nil, err
	}
	since, err := c.instant("since")
	if err != nil {
		return 0, nil, err
	}
	until, err := c.instant("until")
	if err != nil {
		return 0, nil, err
	}
	if since.IsZero() {
		since = c.now.Add(-24 * time.Hour)
	}
	if until.IsZero() || until.After(c.now) {
		until = c.now.Add(time.Millisecond)
	}
	var beats []time.Time
	for at := range k.beats(until.Add(-time.Millisecond)) {
		if at.Before(since) {
			break
		}
		beats = append(beats, at)
	}
	slices.Reverse(beats)
	return c.page(func(after string) iter.Seq2[string, func() any] {
		return func(yield func(string, func() any) bool) {
			for _, at := range beats {
				if stamp(at) > after && !yield(stamp(at), func() any { return viewHeartbeat(k, at) }) {
					return
				}
			}
		}
	})
}

func (c *call) listCategories() (int, any, error) {
	return c.page(rowsOf(c.categories, func(*category) bool { return true }, func(v *category) any { return categoryView{v.id, v.name} }))
}

func (c *call) createCategory() (int, any, error) {
	var in struct {
		Name string `json:"name"`
	}
	if err := c.decode(&in); err != nil {
		return 0, nil, err
	}
	if in.Name == "" || len([]rune(in.Name)) > 80 {
		return 0, nil, invalid("name", "is not 1 to 80 characters")
	}
	v := c.categoryNamed(in.Name)
	return http.StatusCreated, categoryView{v.id, v.name}, nil
}

func (c *call) listProducts() (int, any, error) {
	archived, err := c.flag("archived")
	if err != nil {
		return 0, nil, err
	}
	w, err := c.window("updated")
	if err != nil {
		return 0, nil, err
	}
	named := c.oneOf("external_id")
	return c.page(rowsOf(c.products, func(p *product) bool {
		return named(p.externalID) && w.contains(p.updated) && (archived == nil || *archived == p.archived)
	}, func(p *product) any { return c.viewProduct(p) }))
}

func (c *call) postProduct() (int, any, error) {
	var in productWrite
	if err := c.decode(&in); err != nil {
		return 0, nil, err
	}
	p, err := c.createProduct(in, "")
	return shown(http.StatusCreated, p, err, c.viewProduct)
}

// pathProduct is the product in the path.
func (c *call) pathProduct() (*product, error) { return inPath(c, c.products, "product") }

func (c *call) getProduct() (int, any, error) {
	p, err := c.pathProduct()
	return shown(http.StatusOK, p, err, c.viewProduct)
}

func (c *call) archiveProduct() (int, any, error)   { return c.setArchived(true) }
func (c *call) unarchiveProduct() (int, any, error) { return c.setArchived(false) }

func (c *call) setArchived(archived bool) (int, any, error) {
	p, err := c.pathProduct()
	if err != nil {
		return 0, nil, err
	}
	c.archive(p, archived)
	return http.StatusOK, c.viewProduct(p), nil
}

func (c *call) listListings() (int, any, error) {
	k, err := c.kiosk()
	if err != nil {
		return 0, nil, err
	}
	w, err := c.window("updated")
	if err != nil {
		return 0, nil, err
	}
	return c.page(rowsOf(c.products, func(p *product) bool { return w.contains(listingChanged(k, p)) },
		func(p *product) any { return viewListing(k, p) }))
}

func (c *call) listDiscounts() (int, any, error) {
	status, kind, named := c.oneOf("status"), c.oneOf("kind"), c.oneOf("external_id")
	return c.page(rowsOf(c.discounts, func(d *discount) bool {
		return status(d.status(c.now)) && kind(*d.terms.Kind) && named(deref(d.terms.ExternalID))
	}, func(d *discount) any { return c.viewDiscount(d) }))
}

func (c *call) postDiscount() (int, any, error) {
	var in discountWrite
	if err := c.decode(&in); err != nil {
		return 0, nil, err
	}
	d, err := c.createDiscount(in)
	return shown(http.StatusCreated, d, err, c.viewDiscount)
}

// pathDiscount is the discount in the path.
func (c *call) pathDiscount() (*discount, error) { return inPath(c, c.discounts, "discount") }

func (c *call) getDiscount() (int, any, error) {
	d, err := c.pathDiscount()
	return shown(http.StatusOK, d, err, c.viewDiscount)
}

func (c *call) endDiscount() (int, any, error) {
	d, err := c.pathDiscount()
	if err != nil {
		return 0, nil, err
	}
	c.Fake.endDiscount(d)
	return http.StatusOK, c.viewDiscount(d), nil
}

func (c *call) listCouponCodes() (int, any, error) {
	d, err := c.pathDiscount()
	if err != nil {
		return 0, nil, err
	}
	return c.page(rowsOf(sorted[*couponCode](d.codes), func(*couponCode) bool { return true }, func(v *couponCode) any { return c.viewCode(v) }))
}
