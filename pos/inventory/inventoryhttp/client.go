package inventoryhttp

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"golang.org/x/time/rate"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/pos/inventory"
	"github.com/farmacyfoods/pointofsale/vendors/kit"
)

// Config says where the service is.
type Config struct {
	// BaseURL is the service without the contract's paths. Required.
	BaseURL string `json:"base_url"`
	// Token is the credential. Without it calls carry none, for networks that
	// authenticate by other means.
	Token pos.Secret `json:"token,omitzero"`
	// Header carries the token as it is; "" sends it as a bearer token.
	Header string `json:"header,omitempty"`
	// RequestsPerSecond is the rate; 0 means that only the service limits it.
	RequestsPerSecond int `json:"requests_per_second,omitempty"`
	// MaxBatch is how many snapshots the service takes in one call; 0 means
	// [inventory.MaxBatch], which is also the most.
	MaxBatch int `json:"max_batch,omitempty"`
}

// Client is an [inventory.Service] behind HTTP. It is safe for concurrent use.
type Client struct {
	client *kit.Client
	batch  int
}

var _ inventory.Service = (*Client)(nil)

const name = "inventory"

// New checks the configuration. Options may be nil.
func New(cfg Config, opts *kit.Options) (*Client, error) {
	if cfg.MaxBatch == 0 {
		cfg.MaxBatch = inventory.MaxBatch
	}
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	var auth kit.Authorizer
	switch {
	case cfg.Token.IsZero():
	case cfg.Header != "":
		auth = kit.HeaderAuth(cfg.Header, cfg.Token)
	default:
		auth = kit.BearerAuth(cfg.Token)
	}
	var budget *kit.Budget
	if cfg.RequestsPerSecond > 0 {
		budget = kit.NewBudget(rate.Limit(cfg.RequestsPerSecond), cfg.RequestsPerSecond)
	}
	c, err := kit.NewClient(kit.ClientConfig{
		Vendor: name, BaseURL: cfg.BaseURL, Auth: auth, Budget: budget, Classify: classify, KeyHeader: "Idempotency-Key",
	}, opts)
	if err != nil {
		return nil, err
	}
	return &Client{c, cfg.MaxBatch}, nil
}

func (c *Config) validate() error {
	var ps pos.Problems
	check := func(ok bool, field, reason string) {
		if !ok {
			ps = append(ps, pos.Problem{Field: field, Reason: reason})
		}
	}
	check(c.BaseURL != "", "BaseURL", "is missing")
	check(c.Header == "" || !c.Token.IsZero(), "Header", "has no Token to carry")
	check(c.RequestsPerSecond >= 0, "RequestsPerSecond", "is negative")
	check(c.MaxBatch > 0 && c.MaxBatch <= inventory.MaxBatch, "MaxBatch", fmt.Sprintf("is not in 1 to %d", inventory.MaxBatch))
	if ps != nil {
		return &pos.Error{Op: "New", Vendor: name, Kind: pos.KindInvalid, Err: ps}
	}
	return nil
}

// Put implements [inventory.Service].
func (c *Client) Put(ctx context.Context, batch ...inventory.Snapshot) ([]inventory.Receipt, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if len(batch) > inventory.MaxBatch {
		return nil, &pos.Error{Op: "Put", Vendor: name, Kind: pos.KindInvalid, Err: fmt.Errorf("%d snapshots, at most %d fit", len(batch), inventory.MaxBatch)}
	}
	h := handing{c, batch, make([]inventory.Receipt, len(batch))}
	var sound []int
	for i := range batch {
		if err := batch[i].Validate(); err != nil {
			h.receipts[i].Err = err
			continue
		}
		sound = append(sound, i)
	}
	for part := range slices.Chunk(sound, c.batch) {
		if err := h.put(ctx, part); err != nil {
			return nil, err
		}
	}
	return h.receipts, nil
}

// handing is one call of Put.
type handing struct {
	*Client
	batch    []inventory.Snapshot
	receipts []inventory.Receipt
}

// put sends the snapshots at these indices.
func (h *handing) put(ctx context.Context, at []int) error {
	if len(at) == 1 {
		return h.one(ctx, at[0])
	}
	err := h.many(ctx, at)
	if pos.KindOf(err) != pos.KindInvalid {
		return err
	}
	half := len(at) / 2
	if err := h.put(ctx, at[:half]); err != nil {
		return err
	}
	return h.put(ctx, at[half:])
}

func (h *handing) one(ctx context.Context, i int) error {
	s := &h.batch[i]
	r := kit.Request{
		Op: "putStock", Location: s.Location, Method: http.MethodPut, Path: "/v1/stock", // op: PUT /v1/stock
		Query: place(s.Vendor, s.Account, s.Location), Header: http.Header{}, Key: s.Key,
	}
	if !s.Full {
		r.Op, r.Method = "patchStock", http.MethodPatch // op: PATCH /v1/stock
	}
	if s.Base != 0 {
		r.Header.Set("If-Match", `"`+strconv.FormatUint(uint64(s.Base), 10)+`"`)
	}
	var got receipt
	_, err := h.client.JSON(ctx, r, stock{ObservedAt: s.ObservedAt, Lines: linesOf(s)}, &got)
	if refused, ok := errors.AsType[*pos.Error](err); ok && (refused.Kind == pos.KindInvalid || refused.Kind == pos.KindConflict) {
		refused.Vendor = s.Vendor
		h.receipts[i].Err = refused
		if why, ok := errors.AsType[*Refusal](err); ok {
			h.receipts[i].Revision = why.Revision
		}
		return nil
	}
	h.receipts[i].Revision = got.Revision
	return err
}

func (h *handing) many(ctx context.Context, at []int) error {
	const op = "putBatch"
	in := batch{Snapshots: make([]snapshot, len(at))}
	for n, i := range at {
		in.Snapshots[n] = snapshotOf(&h.batch[i])
	}
	var got receipts
	// op: POST /v1/stock/batch
	_, err := h.client.JSON(ctx, kit.Request{Op: op, Method: http.MethodPost, Path: "/v1/stock/batch", Repeatable: true}, in, &got)
	if err != nil {
		return err
	}
	if len(got.Receipts) != len(at) {
		return &pos.Error{Op: op, Vendor: name, Kind: pos.KindProtocol, Err: fmt.Errorf("%d receipts for %d snapshots", len(got.Receipts), len(at))}
	}
	for n, i := range at {
		h.receipts[i] = got.Receipts[n].of(&h.batch[i])
	}
	return nil
}

// Stock reads back what the service holds of a location, and its revision. If
// it holds nothing, the error matches [pos.ErrNotFound].
func (c *Client) Stock(ctx context.Context, vendor, account, location string) ([]pos.Stock, pos.Revision, error) {
	var got held
	// op: GET /v1/stock
	_, err := c.client.JSON(ctx, kit.Request{
		Op: "getStock", Location: location, Method: http.MethodGet, Path: "/v1/stock", Query: place(vendor, account, location),
	}, nil, &got)
	if err != nil {
		return nil, 0, err
	}
	return got.rows(location), got.Revision, nil
}

// Health returns nil if the service takes snapshots.
func (c *Client) Health(ctx context.Context) error {
	// op: GET /v1/health
	_, err := c.client.JSON(ctx, kit.Request{Op: "getHealth", Method: http.MethodGet, Path: "/v1/health", Anonymous: true}, nil, nil)
	return err
}

func place(vendor, account, location string) url.Values {
	return url.Values{"vendor": {vendor}, "account": {account}, "location": {location}}
}
