package bytetech

import (
	_ "embed"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/farmacyfoods/pointofsale/pos"
)

//go:embed profile.json
var defaultProfile []byte

// DefaultProfile returns the mapping profile that holds unless
// [Config.Profile] or [Config.ProfilePatch] says otherwise: a JSON document
// with every path, parameter, field, enum and unit that the client uses, and
// the names of the contract that no job needs, so that one document tells all.
func DefaultProfile() []byte { return slices.Clone(defaultProfile) }

// profile is the mapping between the vendor's contract and ours. No other
// place knows a name of the contract. Values of fields are dotted paths into
// the vendor's object; "" means that it is not delivered.
type profile struct {
	Profile   string            `json:"profile"`
	Source    string            `json:"source"`
	BaseURL   string            `json:"base_url"`
	Auth      authProfile       `json:"auth"`
	Paths     map[string]string `json:"paths"`
	Paging    pagingProfile     `json:"paging"`
	Query     queryProfile      `json:"query"`
	Encoding  encoding          `json:"encoding"`
	Constants constants         `json:"constants"`
	Features  features          `json:"features"`
	Limits    limits            `json:"limits"`
	Fields    fields            `json:"fields"`
	// Enums translate the vendor's words into those of the default profile.
	Enums   map[string]map[string]string `json:"enums"`
	Webhook webhookProfile               `json:"webhook"`
	Errors  errorFields                  `json:"errors"`
	CSV     csvProfile                   `json:"csv"`

	shapes shapes
	words  map[string]map[string]string // enums the other way round
}

type authProfile struct {
	Mode         string            `json:"mode"` // client_credentials or static
	TokenPath    string            `json:"token_path"`
	Body         string            `json:"body"` // json or form
	GrantType    string            `json:"grant_type_field"`
	ClientID     string            `json:"client_id_field"`
	ClientSecret string            `json:"client_secret_field"`
	Header       string            `json:"header"`
	Prefix       string            `json:"prefix"`
	Token        field             `json:"token_field"`
	ExpiresIn    field             `json:"expires_in_field"`
	Scopes       map[string]string `json:"scopes"` // by operation, for error texts
}

type pagingProfile struct {
	Style  string `json:"style"` // cursor, offset, page or link
	Items  field  `json:"items"`
	Next   field  `json:"next"`
	Cursor string `json:"cursor_param"`
	Limit  string `json:"limit_param"`
	Size   int    `json:"limit"`
}

type queryProfile struct {
	Kiosks struct {
		Include       string `json:"include"`
		IncludeStatus string `json:"include_status"`
	} `json:"kiosks"`
	Products struct {
		ExternalID string `json:"external_id"`
	} `json:"products"`
	Inventory struct {
		Since   string `json:"since"`
		Kiosk   string `json:"kiosk"`
		Overlap int    `json:"overlap_seconds"`
	} `json:"inventory"`
	Tags struct {
		State   string `json:"state"`
		InStock string `json:"in_stock"`
	} `json:"tags"`
	Transactions struct {
		Since          string `json:"since"`
		Until          string `json:"until"`
		UntilExclusive bool   `json:"until_exclusive"`
		PlacedSince    string `json:"placed_since"`
		PlacedUntil    string `json:"placed_until"`
		Kiosk          string `json:"kiosk"`
		Overlap        int    `json:"overlap_seconds"`
		PlacedOverlap  int    `json:"placed_overlap_seconds"`
		Lag            int    `json:"lag_seconds"`
		Recheck        int    `json:"recheck_seconds"`
		RecheckFor     int    `json:"recheck_for_seconds"`
	} `json:"transactions"`
}

type constants struct {
	Currency          pos.Currency `json:"currency"` // where an object names none
	Heartbeat         int          `json:"heartbeat_seconds"`
	OfflineAfter      int          `json:"offline_after_seconds"`
	TooWarmF          int          `json:"too_warm_f"`
	TooWarmHeartbeats int          `json:"too_warm_heartbeats"`
	StartingGrace     int          `json:"starting_grace_seconds"`
	AntennaMinReads   int          `json:"antenna_min_reads"`
	DefaultShelfLife  int          `json:"default_shelf_life_days"`
	// NoExpiryBeyond: an expiry that many days ahead comes from the default
	// shelf life and says nothing.
	NoExpiryBeyond int    `json:"no_expiry_beyond_days"`
	ListedDefault  bool   `json:"listed_by_default"`
	TaxBase        string `json:"tax_base"` // net or gross; says what tax_cents is of
}

type features struct {
	Listings       bool `json:"listings"`
	ProductBatch   bool `json:"product_batch"`
	Door           bool `json:"door"`
	DiscountWrite  bool `json:"discount_write"`
	InventoryLines bool `json:"inventory_lines"`
	Tags           bool `json:"tags"`
	UpdatedFilter  bool `json:"updated_filter"`
	Webhooks       bool `json:"webhooks"`
	Idempotency    bool `json:"idempotency"`
	PersonalData   bool `json:"personal_data"`
	RefundWrite    bool `json:"refund_write"` // must be false: this client gives nothing back
}

type limits struct {
	PerSecond         int    `json:"requests_per_second"`
	Burst             int    `json:"burst"`
	ProductBatch      int    `json:"product_batch"`
	ListingBatch      int    `json:"listing_batch"`
	GeneratedCodes    int    `json:"generated_codes"`
	KiosksPerQuery    int    `json:"kiosks_per_query"`
	IdempotencyHeader string `json:"idempotency_header"`
	RequestIDHeader   string `json:"request_id_header"`
	Headers           struct {
		Limit      string `json:"limit"`
		Remaining  string `json:"remaining"`
		Reset      string `json:"reset"`
		RetryAfter string `json:"retry_after"`
	} `json:"headers"`
}

type errorFields struct {
	Code      field `json:"code"`
	Message   field `json:"message"`
	Field     field `json:"field"`
	RequestID field `json:"request_id"`
}

type webhookProfile struct {
	SignatureHeader string            `json:"signature_header"`
	Scheme          string            `json:"scheme"`
	Algorithm       string            `json:"algorithm"`
	Encoding        string            `json:"encoding"`
	Tolerance       int               `json:"tolerance_seconds"`
	IDHeader        string            `json:"id_header"` // where the body has no id
	ID              field             `json:"id_field"`
	Type            field             `json:"type_field"`
	Events          map[string]string `json:"events"` // type, or prefix and ".*", to job
}

type csvProfile struct {
	Delimiter string            `json:"delimiter"`
	Files     map[string]string `json:"files"`
	Columns   map[string]string `json:"columns"`
	Encoding  encoding          `json:"encoding"`
}

// seconds turns a number of the profile into a duration.
func seconds(n int) time.Duration { return time.Duration(n) * time.Second }

// loadProfile applies replacement and merge-patch to the default profile and
// reports every problem by its JSON path.
func loadProfile(whole, patch []byte) (*profile, pos.Problems) {
	model, _ := tree(defaultProfile) // embedded and tested
	doc := model
	if len(whole) > 0 {
		own, err := tree(whole)
		if err != nil {
			return nil, pos.Problems{{Field: "profile", Reason: err.Error()}}
		}
		doc = complete("", own, model)
	}
	if len(patch) > 0 {
		change, err := tree(patch)
		if err != nil {
			return nil, pos.Problems{{Field: "profile_patch", Reason: err.Error()}}
		}
		doc = mergePatch(doc, change)
	}
	c := &profileCheck{}
	c.compare("", model, doc)
	if len(c.problems) > 0 {
		return nil, c.problems
	}
	merged, err := json.Marshal(doc)
	p := &profile{}
	if err == nil {
		err = json.Unmarshal(merged, p)
	}
	if err != nil {
		return nil, pos.Problems{{Field: "profile", Reason: problemOf(err)}}
	}
	c.check(p, model)
	if len(c.problems) > 0 {
		return nil, c.problems
	}
	p.compile()
	return p, nil
}

func problemOf(err error) string {
	if semantic, ok := errors.AsType[*json.SemanticError](err); ok {
		return fmt.Sprintf("%s: %v", semantic.JSONPointer, semantic.Err)
	}
	return err.Error()
}

func tree(text []byte) (any, error) {
	var doc any
	if err := json.Unmarshal(text, &doc); err != nil {
		return nil, err
	}
	return doc, nil
}

// complete gives a profile the members of the default that it leaves out. Maps
// whose names are the host's own stay as they are.
func complete(path string, doc, model any) any {
	own, ok := doc.(map[string]any)
	usual, isObject := model.(map[string]any)
	if !ok || !isObject || isOpen(path) {
		return doc
	}
	full := maps.Clone(own)
	for name, m := range usual {
		if given, there := own[name]; there {
			full[name] = complete(strings.TrimPrefix(path+"."+name, "."), given, m)
		} else {
			full[name] = m
		}
	}
	return full
}

// mergePatch applies a patch of RFC 7386.
func mergePatch(target, patch any) any {
	change, ok := patch.(map[string]any)
	if !ok {
		return patch
	}
	merged := map[string]any{}
	if old, ok := target.(map[string]any); ok {
		maps.Copy(merged, old)
	}
	for name, v := range change {
		if v == nil {
			delete(merged, name)
		} else {
			merged[name] = mergePatch(merged[name], v)
		}
	}
	return merged
}

// compile prepares what every call needs.
func (p *profile) compile() {
	p.Fields.Event.ID, p.Fields.Event.Type = p.Webhook.ID, p.Webhook.Type
	p.Encoding.compile()
	p.CSV.Encoding.compile()
	p.shapes = compileShapes(p)
	p.words = make(map[string]map[string]string, len(p.Enums))
	for name, enum := range p.Enums {
		words := make(map[string]string, len(enum))
		for word, ours := range enum {
			if old, taken := words[ours]; !taken || preferred(word, old, ours) {
				words[ours] = word
			}
		}
		p.words[name] = words
	}
}

// preferred chooses the word to send where several mean the same: our own
// spelling, else the first in order.
func preferred(word, old, ours string) bool { return word == ours || old != ours && word < old }

// meaning translates a vendor's word; ok is false if the profile lacks it.
func (p *profile) meaning(enum, word string) (ours string, ok bool) {
	ours, ok = p.Enums[enum][word]
	return ours, ok
}

// word is the vendor's word for one of ours; itself if the profile lacks it.
func (p *profile) word(enum, ours string) string {
	if w, ok := p.words[enum][ours]; ok {
		return w
	}
	return ours
}

// path fills an id into a path.
func (p *profile) path(name string, id ...string) string {
	path := p.Paths[name]
	for _, v := range id {
		open, end := strings.IndexByte(path, '{'), strings.IndexByte(path, '}')
		path = path[:open] + escape(v) + path[end+1:]
	}
	return path
}
