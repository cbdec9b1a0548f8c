package simphony

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/vendors/kit"
)

// Config is one Simphony enterprise, or the part of it where Farmacy sells. At
// least one of TS1, STS2, CCAPI and BI is configured; the capabilities follow
// from which.
type Config struct {
	// Account is a name of the host's choice of 1 to 64 letters, digits, '-' or
	// '_'. Required.
	Account string `json:"account"`
	// Org is the organization's short name, which is also the identifier in
	// BI's paths. Required for all but TS1.
	Org string `json:"org,omitempty"`
	// Properties are the points of sale. Empty means all that BI, STS2 or CCAPI
	// list. TS1 needs them.
	Properties []Property `json:"properties,omitempty"`
	// DayStart is when business days begin, local time; the APIs do not tell.
	DayStart pos.Clock `json:"day_start,omitempty"`
	// Owner marks what Farmacy owns in the configuration: 1 to 32 letters,
	// digits, '-' or '_'; empty means "farmacy". Everything else is left alone.
	Owner string `json:"owner,omitempty"`
	// SKUs tell the SKU of an object number, for menus that are kept by hand.
	SKUs map[int64]string `json:"skus,omitempty"`
	// OIDC is the OpenID provider. Required for all but TS1.
	OIDC *OIDC `json:"oidc,omitempty"`

	TS1   *TS1   `json:"ts1,omitempty"`
	STS2  *STS2  `json:"sts2,omitempty"`
	CCAPI *CCAPI `json:"ccapi,omitempty"`
	BI    *BI    `json:"bi,omitempty"`
}

// Property is a point of sale: a property with its revenue centers, or some of
// them.
type Property struct {
	// LocRef is Simphony's reference of the property, in lower case. It is the
	// id of the location. Required.
	LocRef string `json:"loc_ref"`
	Name   string `json:"name,omitempty"`
	// RevenueCenters are the object numbers of Farmacy's revenue centers; empty
	// means all. TS1 and status without STS2's list of them need it.
	RevenueCenters []int `json:"revenue_centers,omitempty"`
	// HierUnitID is the property's place in CCAPI's hierarchy; 0 asks CCAPI.
	HierUnitID int64 `json:"hier_unit_id,omitempty"`
	// TS1URL is the address of the property's Transaction Services Gen1, such
	// as "https://10.1.2.3:8080/EGateway/SimphonyPosApiWeb.asmx".
	TS1URL string `json:"ts1_url,omitempty"`
	// TimeZone and Currency are needed with TS1, whose times are local; BI and
	// STS2 tell them.
	TimeZone string       `json:"time_zone,omitempty"`
	Currency pos.Currency `json:"currency,omitempty"`
}

// OIDC is the OpenID provider of the enterprise.
type OIDC struct {
	// BaseURL is scheme and host, as the enterprise parameters show it. Required.
	BaseURL string `json:"base_url"`
	// BasePath replaces "/oidc-provider/v1".
	BasePath string `json:"base_path,omitempty"`
	// Header is sent with every request, such as the key of a gateway.
	Header map[string]pos.Secret `json:"header,omitempty"`
	// AccessToken sends the access token with API calls in place of the ID
	// token that the documentation names.
	AccessToken bool `json:"access_token,omitempty"`
}

// Endpoint is one of the REST interfaces. Each has an API account of its own.
type Endpoint struct {
	// BaseURL is scheme and host. Required.
	BaseURL string `json:"base_url"`
	// BasePath replaces the interface's standard path, for gateways.
	BasePath string `json:"base_path,omitempty"`
	// Header is sent with every request, such as the key of a gateway.
	Header map[string]pos.Secret `json:"header,omitempty"`
	// ClientID, Username and Password are those of the API account. Required.
	ClientID string     `json:"client_id"`
	Username string     `json:"username"`
	Password pos.Secret `json:"password"`
	// RequestsPerSecond is the rate; 0 means 5 for STS2 and BI and 2 for CCAPI.
	// Oracle publishes no limits.
	RequestsPerSecond int `json:"requests_per_second,omitempty"`
}

// STS2 is Transaction Services Gen2: status, availability and notifications.
type STS2 struct {
	Endpoint
	// StaleAfter is how long a positive probe holds; 0 means 10 minutes.
	StaleAfter time.Duration `json:"stale_after_ns,omitempty"`
}

// BI is the Business Intelligence API of Reporting & Analytics: purchases.
type BI struct{ Endpoint }

// CCAPI is the Configuration and Content API: menu and coupons.
type CCAPI struct {
	Endpoint
	// HierUnitID is where items and discounts are written: the enterprise, or
	// the zone that holds exactly the properties of this account. 0 means 1.
	HierUnitID int64 `json:"hier_unit_id,omitempty"`
	// Language of names; empty means "en-US".
	Language string `json:"language,omitempty"`
	// ItemNumbers are the object numbers for new items. Required.
	ItemNumbers Range `json:"item_numbers"`
	// MenuItemClass decides tax and print behaviour of new items. Required.
	MenuItemClass int64 `json:"menu_item_class"`
	// FamilyGroup and MajorGroup are those of new items; 0 gives none.
	FamilyGroup int64 `json:"family_group,omitempty"`
	MajorGroup  int64 `json:"major_group,omitempty"`
	// FamilyGroups tell the family group of a category. Without them
	// categories are not carried.
	FamilyGroups map[string]int64 `json:"family_groups,omitempty"`
	// BulkFrom is the number of records of one kind from which a push uses a
	// bulk request, which reports [pos.Pending] until it has ended; 0 means 50.
	BulkFrom int `json:"bulk_from,omitempty"`
	// BulkSize is the most records of one bulk request; 0 means 5,000.
	BulkSize int `json:"bulk_size,omitempty"`
	// Coupons say how coupons become discounts; nil refuses them.
	Coupons *Coupons `json:"coupons,omitempty"`
}

// Coupons say how coupons become discounts. Oracle does not document the
// discount record in full, so new discounts are copies of a template that
// somebody made in the back office: automatic, on the whole check, with no
// effectivity group.
type Coupons struct {
	// Percent and Amount are the object numbers of the templates; 0 refuses
	// that kind of coupon.
	Percent int64 `json:"percent,omitempty"`
	Amount  int64 `json:"amount,omitempty"`
	// PercentField and AmountField are the members of a discount record that
	// hold the value; empty means "percentage" and "amount".
	PercentField string `json:"percent_field,omitempty"`
	AmountField  string `json:"amount_field,omitempty"`
	// Numbers are the object numbers for new discounts and their effectivity
	// groups. Required.
	Numbers Range `json:"numbers"`
}

// Range is a range of object numbers, both ends included.
type Range struct {
	From int64 `json:"from"`
	To   int64 `json:"to"`
}

func (r Range) valid() bool { return r.From > 0 && r.To >= r.From && r.To <= maxObjectNum }

const maxObjectNum = 999_999_999

// TS1 is Transaction Services Gen1, which each property serves itself.
type TS1 struct {
	// VendorCode is the licence string, where the site wants one.
	VendorCode pos.Secret `json:"vendor_code,omitzero"`
	// Employee is the object number of an employee that exists at every
	// property. Required.
	Employee int32 `json:"employee"`
	// Namespace is what the servers use in place of the WSDL's; ActionBase
	// stands before the operation in SOAPAction. Empty means the WSDL's.
	Namespace  string `json:"namespace,omitempty"`
	ActionBase string `json:"action_base,omitempty"`
	// AllowPlain permits http to addresses that are not private: the interface
	// knows no passwords, whoever reaches it controls the tills.
	AllowPlain bool `json:"allow_plain,omitempty"`
	// StaleAfter is how long a positive probe holds; 0 means 10 minutes.
	StaleAfter time.Duration `json:"stale_after_ns,omitempty"`
	// RereadAfter is how old what is known of a closed check may become until
	// its detail is read again; 0 means 6 hours. A change that does not show in
	// the list of checks, such as a tip, is seen after that time.
	RereadAfter time.Duration `json:"reread_after_ns,omitempty"`
}

const (
	defaultOwner      = "farmacy"
	defaultStaleAfter = 10 * time.Minute
	defaultReread     = 6 * time.Hour
	maxReference      = 32 // characters of an external reference
)

func orDefault[T comparable](v *T, fallback T) {
	var zero T
	if *v == zero {
		*v = fallback
	}
}

// defaults fills in a copy whose sections are its own.
func (c *Config) defaults() {
	orDefault(&c.Owner, defaultOwner)
	c.Org = strings.ToLower(c.Org)
	c.Properties = append([]Property(nil), c.Properties...)
	for i := range c.Properties {
		c.Properties[i].LocRef = strings.ToLower(c.Properties[i].LocRef)
	}
	if c.OIDC != nil {
		s := *c.OIDC
		orDefault(&s.BasePath, "/oidc-provider/v1")
		c.OIDC = &s
	}
	if c.TS1 != nil {
		s := *c.TS1
		orDefault(&s.StaleAfter, defaultStaleAfter)
		orDefault(&s.RereadAfter, defaultReread)
		c.TS1 = &s
	}
	if c.STS2 != nil {
		s := *c.STS2
		s.Endpoint.defaults("/api/v1", 5)
		orDefault(&s.StaleAfter, defaultStaleAfter)
		c.STS2 = &s
	}
	if c.BI != nil {
		s := *c.BI
		s.Endpoint.defaults("/bi/v1", 5)
		c.BI = &s
	}
	if c.CCAPI != nil {
		s := *c.CCAPI
		s.defaults()
		c.CCAPI = &s
	}
}

func (e *Endpoint) defaults(path string, perSecond int) {
	orDefault(&e.BasePath, path)
	orDefault(&e.RequestsPerSecond, perSecond)
}

func (c *CCAPI) defaults() {
	c.Endpoint.defaults("/config/sim/v2", 2)
	orDefault(&c.HierUnitID, 1)
	orDefault(&c.Language, "en-US")
	orDefault(&c.BulkFrom, 50)
	orDefault(&c.BulkSize, 5000)
	if c.Coupons != nil {
		s := *c.Coupons
		orDefault(&s.PercentField, "percentage")
		orDefault(&s.AmountField, "amount")
		c.Coupons = &s
	}
}

// checker collects problems of a configuration.
type checker struct{ problems pos.Problems }

func (ch *checker) check(ok bool, field, reason string) {
	if !ok {
		ch.problems = append(ch.problems, pos.Problem{Field: field, Reason: reason})
	}
}

func (c *Config) problems() pos.Problems {
	var ch checker
	rest := c.STS2 != nil || c.CCAPI != nil || c.BI != nil
	ch.check(validName(c.Account, 64), "Account", "must be 1 to 64 letters, digits, '-' or '_'")
	ch.check(validName(c.Owner, maxReference), "Owner", "must be 1 to 32 letters, digits, '-' or '_'")
	ch.check(rest || c.TS1 != nil, "TS1", "none of TS1, STS2, CCAPI and BI is configured")
	ch.check(c.DayStart >= 0 && c.DayStart < 1440, "DayStart", "is not a time of day")
	if rest {
		ch.check(c.Org != "" && url.PathEscape(c.Org) == c.Org, "Org", "must be the organization's short name")
		ch.check(c.OIDC != nil, "OIDC", "is needed by STS2, CCAPI and BI")
	}
	if c.OIDC != nil {
		ch.check(kit.ValidBaseURL(c.OIDC.BaseURL), "OIDC.BaseURL", kit.BaseURLRule)
	}
	seen := make(map[string]bool)
	for i := range c.Properties {
		c.Properties[i].problems(&ch, fmt.Sprintf("Properties[%d].", i), c.TS1)
		ch.check(!seen[c.Properties[i].LocRef], fmt.Sprintf("Properties[%d].LocRef", i), "appears twice")
		seen[c.Properties[i].LocRef] = true
	}
	if c.TS1 != nil {
		ch.check(len(c.Properties) > 0, "Properties", "TS1 needs the address of each property")
		ch.check(c.TS1.Employee > 0, "TS1.Employee", "is missing")
	}
	if c.STS2 != nil {
		c.STS2.Endpoint.problems(&ch, "STS2.")
	}
	if c.BI != nil {
		c.BI.Endpoint.problems(&ch, "BI.")
	}
	if c.CCAPI != nil {
		c.CCAPI.problems(&ch)
	}
	return ch.problems
}

func (p *Property) problems(ch *checker, at string, ts1 *TS1) {
	ch.check(p.LocRef != "" && len(p.LocRef) <= 99 && !strings.ContainsAny(p.LocRef, "/:? "), at+"LocRef", "must be 1 to 99 characters without '/', ':', '?' and spaces")
	if p.TimeZone != "" {
		_, err := pos.Zone(p.TimeZone)
		ch.check(err == nil, at+"TimeZone", "is no IANA zone")
	}
	ch.check(p.Currency == "" || p.Currency.Valid(), at+"Currency", "is not in ISO 4217")
	if ts1 == nil {
		return
	}
	ch.check(validURL(p.TS1URL), at+"TS1URL", "must be http or https with a host")
	ch.check(ts1.AllowPlain || !exposed(p.TS1URL), at+"TS1URL", "is plain http to an address that is not private: use https or a tunnel, or TS1.AllowPlain")
	ch.check(p.TimeZone != "", at+"TimeZone", "is needed with TS1, whose times are local")
	ch.check(p.Currency != "", at+"Currency", "is needed with TS1")
}

func (e *Endpoint) problems(ch *checker, at string) {
	ch.check(kit.ValidBaseURL(e.BaseURL), at+"BaseURL", kit.BaseURLRule)
	ch.check(e.ClientID != "", at+"ClientID", "is empty")
	ch.check(e.Username != "", at+"Username", "is empty")
	ch.check(!e.Password.IsZero(), at+"Password", "is empty")
	ch.check(e.RequestsPerSecond > 0, at+"RequestsPerSecond", "is negative")
}

func (c *CCAPI) problems(ch *checker) {
	c.Endpoint.problems(ch, "CCAPI.")
	ch.check(c.ItemNumbers.valid(), "CCAPI.ItemNumbers", "must be a range within 1 to 999999999")
	ch.check(c.MenuItemClass > 0, "CCAPI.MenuItemClass", "is missing")
	ch.check(c.BulkFrom > 0 && c.BulkSize > 0, "CCAPI.BulkSize", "is negative")
	if c.Coupons != nil {
		ch.check(c.Coupons.Numbers.valid(), "CCAPI.Coupons.Numbers", "must be a range within 1 to 999999999")
		ch.check(c.Coupons.Percent > 0 || c.Coupons.Amount > 0, "CCAPI.Coupons.Percent", "no template is named")
	}
}

func validName(s string, most int) bool {
	ok := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_'
	}
	return s != "" && len(s) <= most && strings.IndexFunc(s, func(r rune) bool { return !ok(r) }) < 0
}

func validURL(s string) bool {
	u, err := url.Parse(s)
	return err == nil && u.Host != "" && (u.Scheme == "https" || u.Scheme == "http") && u.User == nil
}

// header makes the static headers of an interface.
func header(secrets map[string]pos.Secret) http.Header {
	h := http.Header{}
	for name, value := range secrets {
		h.Set(name, value.Reveal())
	}
	return h
}
