package bytetech

import (
	"fmt"
	"net/url"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/farmacyfoods/pointofsale/pos"
)

// profileCheck collects what is wrong with a profile.
type profileCheck struct{ problems pos.Problems }

func (c *profileCheck) add(path, format string, args ...any) {
	c.problems = append(c.problems, pos.Problem{Field: "profile." + path, Reason: fmt.Sprintf(format, args...)})
}

// open are the objects whose member names are the host's own.
var open = []string{"auth.scopes", "webhook.events", "csv.columns", "csv.files"}

func isOpen(path string) bool {
	return slices.Contains(open, path) || strings.HasPrefix(path, "enums.") && strings.Count(path, ".") == 1
}

// compare reports members that the default profile lacks and values of
// another kind.
func (c *profileCheck) compare(path string, model, doc any) {
	want, isObject := model.(map[string]any)
	got, ok := doc.(map[string]any)
	switch {
	case isObject && !ok:
		c.add(path, "must be an object")
		return
	case !isObject:
		if reflect.TypeOf(model) != reflect.TypeOf(doc) {
			c.add(path, "must be %s", kindName(model))
		}
		return
	}
	for _, name := range sortedKeys(got) {
		below := strings.TrimPrefix(path+"."+name, ".")
		m, known := want[name]
		if isOpen(path) {
			m, known = "", true
		}
		if !known {
			c.add(below, "is not part of a profile")
			continue
		}
		c.compare(below, m, got[name])
	}
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

func kindName(v any) string {
	switch v.(type) {
	case string:
		return "a string"
	case bool:
		return "true or false"
	case []any:
		return "an array"
	}
	return "a number"
}

func (c *profileCheck) check(p *profile, model any) {
	c.oneOf("source", p.Source, "rest", "csv")
	c.oneOf("encoding.money", p.Encoding.Money, moneyMinor, moneyString, moneyNumber)
	c.oneOf("encoding.percent", p.Encoding.Percent, moneyString, moneyNumber)
	c.oneOf("encoding.temperature", p.Encoding.Temperature, "F", "C")
	c.times("encoding", p.Encoding)
	c.constants(p)
	c.fields(p)
	c.enums(p)
	if p.Source == "csv" {
		c.csv(p)
		return
	}
	c.transport(p, model)
}

func (c *profileCheck) oneOf(path, got string, allowed ...string) {
	if !slices.Contains(allowed, got) {
		c.add(path, "%q is none of %s", got, strings.Join(allowed, ", "))
	}
}

func (c *profileCheck) notEmpty(path, got string) {
	if got == "" {
		c.add(path, "is empty")
	}
}

func (c *profileCheck) positive(path string, n int) {
	if n <= 0 {
		c.add(path, "must be greater than 0")
	}
}

func (c *profileCheck) times(path string, e encoding) {
	if _, err := time.LoadLocation(e.TimeZone); err != nil {
		c.add(path+".time_zone", "%q is not an IANA time zone", e.TimeZone)
	}
	switch e.Time {
	case timeRFC3339, timeUnix, timeUnixMilli:
		return
	}
	probe := time.Date(2026, 11, 23, 21, 15, 30, 0, time.UTC)
	if back, err := time.Parse(e.Time, probe.Format(e.Time)); err != nil || !back.Equal(probe) {
		c.add(path+".time", "%q is neither rfc3339, unix_s, unix_ms nor a Go layout to the second", e.Time)
	}
}

func (c *profileCheck) constants(p *profile) {
	k := p.Constants
	if !k.Currency.Valid() {
		c.add("constants.currency", "%q is not in ISO 4217", string(k.Currency))
	}
	c.positive("constants.heartbeat_seconds", k.Heartbeat)
	c.positive("constants.offline_after_seconds", k.OfflineAfter)
	c.positive("constants.too_warm_heartbeats", k.TooWarmHeartbeats)
	c.positive("constants.default_shelf_life_days", k.DefaultShelfLife)
	c.positive("constants.no_expiry_beyond_days", k.NoExpiryBeyond)
	c.oneOf("constants.tax_base", k.TaxBase, "net", "gross")
	if p.Features.RefundWrite {
		c.add("features.refund_write", "must be false: this client does not refund")
	}
}

// fields checks those without which nothing can be mapped.
func (c *profileCheck) fields(p *profile) {
	f := &p.Fields
	for _, required := range []struct {
		path string
		f    field
	}{
		{"kiosk.id", f.Kiosk.ID},
		{"product.external_id", f.Product.ExternalID},
		{"product.name", f.Product.Name},
		{"product.price", f.Product.Price},
		{"discount.external_id", f.Discount.ExternalID},
		{"transaction.id", f.Transaction.ID},
		{"transaction.status", f.Transaction.Status},
		{"transaction.total", f.Transaction.Total},
		{"transaction.kiosk", f.Transaction.Kiosk},
	} {
		if !required.f.delivered() {
			c.add("fields."+required.path, "is required")
		}
	}
	if !f.Transaction.Placed.delivered() && !f.Transaction.Updated.delivered() {
		c.add("fields.transaction.placed", "is required unless updated is there")
	}
	if !f.Inventory.Available.delivered() && !f.Tag.EPC.delivered() {
		c.add("fields.inventory.available", "is required unless fields.tag.epc is there")
	}
	c.paths("fields", reflect.ValueOf(f).Elem())
	c.paths("errors", reflect.ValueOf(&p.Errors).Elem())
}

var dotted = regexp.MustCompile(`^[^.\[\]]+(\.[^.\[\]]+)*$`)

// paths checks the form of every field path in a struct of groups.
func (c *profileCheck) paths(at string, v reflect.Value) {
	for i := range v.NumField() {
		name := at + "." + v.Type().Field(i).Tag.Get("json")
		switch x := v.Field(i).Interface().(type) {
		case field:
			c.pathForm(name, x.String())
		case []field:
			for j := range x {
				c.pathForm(fmt.Sprintf("%s[%d]", name, j), x[j].String())
			}
		default:
			c.paths(name, v.Field(i))
		}
	}
}

func (c *profileCheck) pathForm(at, path string) {
	if path != "" && !dotted.MatchString(path) {
		c.add(at, "%q is not a dotted path (arrays have groups of their own)", path)
	}
}

// enumMeanings are the words that the client understands.
var enumMeanings = map[string][]string{
	"kiosk_health":       {healthOnline, healthOffline, healthRFID, healthTooWarm, healthArchived, healthMultiple, healthUnknown, healthOutOfOrder},
	"kiosk_mode":         {modeSale, modeRestock, modeOutOfOrder, healthUnknown},
	"door_state":         {doorOpen, doorClosed, healthUnknown},
	"temperature_unit":   {"F", "C"},
	"tag_state":          {tagInStock, "sold", "removed", "missing", "unassigned"},
	"transaction_status": {txPlaced, txFinalized, txProcessed, txAdjusted, txRefunded, txVoided, txDeclined, txError, txRestock},
	"payment_type":       {"card", "cash", "account", "prepaid", "gift_card", "wallet", "other", paymentNone},
	"adjustment_status":  {string(pos.RefundPending), string(pos.RefundCompleted), string(pos.RefundFailed), string(pos.RefundRejected)},
	"adjustment_type":    {adjustRefund, "price_change", "item_added", "item_removed"},
	"batch_outcome":      {"created", "updated", "unchanged", batchError},
	"discount_kind":      {kindStandard, kindHappyHour, kindShelfLife, kindCoupon},
	"discount_status":    {"scheduled", "active", discountEnded},
	"value_type":         {valuePercent, valueAmount},
	"coupon_type":        {couponSingleUse, couponReusable, "declining_balance"},
	"weekday":            {"0", "1", "2", "3", "4", "5", "6"},
	"error_code": {
		meansInvalid, meansConflict, meansDuplicate, meansAuth, meansPermission, meansNotFound,
		meansRateLimited, meansUnavailable, meansUnsupported, meansPageToken, meansInProgress,
	},
}

func (c *profileCheck) enums(p *profile) {
	for _, enum := range sortedKeys(enumMeanings) {
		for _, word := range sortedKeys(p.Enums[enum]) {
			c.oneOf("enums."+enum+"."+word, p.Enums[enum][word], enumMeanings[enum]...)
		}
	}
}

func (c *profileCheck) csv(p *profile) {
	if len([]rune(p.CSV.Delimiter)) != 1 {
		c.add("csv.delimiter", "must be one character")
	}
	c.oneOf("csv.encoding.money", p.CSV.Encoding.Money, moneyMinor, moneyString)
	c.times("csv.encoding", p.CSV.Encoding)
	if p.CSV.Files["transactions"] != "" {
		for _, name := range []string{"transaction.id", "transaction.kiosk", "transaction.status", "transaction.placed", "transaction.total"} {
			c.notEmpty("csv.columns."+name, p.CSV.Columns[name])
		}
	}
	if p.CSV.Files["inventory"] != "" {
		for _, name := range []string{"tag.epc", "tag.kiosk", "tag.external_id"} {
			c.notEmpty("csv.columns."+name, p.CSV.Columns[name])
		}
	}
}

// transport checks what only the REST source needs.
func (c *profileCheck) transport(p *profile, model any) {
	c.oneOf("auth.mode", p.Auth.Mode, authClientCredentials, authStatic)
	c.oneOf("auth.body", p.Auth.Body, "json", "form")
	c.notEmpty("auth.header", p.Auth.Header)
	if p.Auth.Mode == authClientCredentials {
		c.notEmpty("auth.token_field", p.Auth.Token.String())
		c.notEmpty("auth.client_id_field", p.Auth.ClientID)
		c.notEmpty("auth.client_secret_field", p.Auth.ClientSecret)
		if !strings.HasPrefix(p.Auth.TokenPath, "/") {
			c.add("auth.token_path", "must begin with a slash")
		}
	}
	c.oneOf("paging.style", p.Paging.Style, pageCursor, pageOffset, pageNumber, pageLink)
	c.notEmpty("paging.items", p.Paging.Items.String())
	if p.Paging.Style == pageCursor {
		c.notEmpty("paging.next", p.Paging.Next.String())
	}
	if p.Paging.Style != pageLink {
		c.notEmpty("paging.cursor_param", p.Paging.Cursor)
	}
	c.positive("paging.limit", p.Paging.Size)
	c.positive("limits.requests_per_second", p.Limits.PerSecond)
	c.positive("limits.burst", p.Limits.Burst)
	c.positive("limits.product_batch", p.Limits.ProductBatch)
	c.positive("limits.listing_batch", p.Limits.ListingBatch)
	tx := p.Query.Transactions
	since, sinceName := tx.Since, "since"
	if !p.Features.UpdatedFilter {
		since, sinceName = tx.PlacedSince, "placed_since"
	}
	c.notEmpty("query.transactions."+sinceName, since)
	c.placeholders(p, model)
	c.webhook(p)
}

var placeholder = regexp.MustCompile(`\{[^}]*\}`)

// placeholders compares those of each path with those of the default profile.
func (c *profileCheck) placeholders(p *profile, model any) {
	root, _ := model.(map[string]any)
	paths, _ := root["paths"].(map[string]any)
	for _, name := range sortedKeys(paths) {
		path, usual := p.Paths[name], fmt.Sprint(paths[name])
		if _, err := url.Parse(path); err != nil || !strings.HasPrefix(path, "/") {
			c.add("paths."+name, "%q must be a path that begins with a slash", path)
			continue
		}
		if got, want := placeholder.FindAllString(path, -1), placeholder.FindAllString(usual, -1); !slices.Equal(got, want) {
			c.add("paths."+name, "has the placeholders %v, want %v", got, want)
		}
	}
}

func (c *profileCheck) webhook(p *profile) {
	w := p.Webhook
	c.notEmpty("webhook.signature_header", w.SignatureHeader)
	c.oneOf("webhook.scheme", w.Scheme, "t_dot_body")
	c.oneOf("webhook.algorithm", w.Algorithm, "hmac-sha256")
	c.oneOf("webhook.encoding", w.Encoding, "hex", "base64")
	c.positive("webhook.tolerance_seconds", w.Tolerance)
	c.notEmpty("webhook.type_field", w.Type.String())
	c.pathForm("webhook.type_field", w.Type.String())
	c.pathForm("webhook.id_field", w.ID.String())
	for _, event := range sortedKeys(w.Events) {
		c.oneOf("webhook.events."+event, w.Events[event], string(pos.JobMenu), string(pos.JobCoupons), string(pos.JobStatus), string(pos.JobInventory), string(pos.JobPurchases))
	}
}
