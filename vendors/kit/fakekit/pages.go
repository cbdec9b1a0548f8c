package fakekit

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"hash/fnv"
	"sync"
	"time"
)

// Errors of [Pages.Redeem].
var (
	ErrPageInvalid = errors.New("fakekit: the page token is none of ours")
	ErrPageExpired = errors.New("fakekit: the page token has expired")
	ErrPageQuery   = errors.New("fakekit: the page token belongs to another query")
)

// Pages issues page tokens that carry a position in a list, are bound to a
// query and live for a while. It remembers nothing per token. It is safe for
// concurrent use.
type Pages struct {
	Clock *Clock
	TTL   time.Duration // 0: tokens do not expire by age

	mu    sync.Mutex
	epoch int // tokens of an earlier epoch have expired
}

type pageToken struct {
	Epoch    int    `json:"e"`
	Issued   int64  `json:"t"` // Unix milliseconds
	Query    uint64 `json:"q"`
	Position string `json:"p"`
	Sum      uint64 `json:"s"`
}

// Issue returns a token for the rows after position of that query.
func (p *Pages) Issue(query, position string) string {
	p.mu.Lock()
	t := pageToken{Epoch: p.epoch, Issued: p.Clock.Now().UnixMilli(), Query: sum(query), Position: position}
	p.mu.Unlock()
	t.Sum = t.sum()
	text, _ := json.Marshal(t) // a struct of numbers and a string always encodes
	return base64.RawURLEncoding.EncodeToString(text)
}

// Redeem returns the position of a token that was issued for the same query.
func (p *Pages) Redeem(token, query string) (position string, err error) {
	text, err := base64.RawURLEncoding.DecodeString(token)
	var t pageToken
	if err != nil || json.Unmarshal(text, &t) != nil || t.Sum != t.sum() {
		return "", ErrPageInvalid
	}
	p.mu.Lock()
	epoch := p.epoch
	p.mu.Unlock()
	age := p.Clock.Now().Sub(time.UnixMilli(t.Issued))
	switch {
	case t.Epoch != epoch || p.TTL > 0 && age > p.TTL:
		return "", ErrPageExpired
	case t.Query != sum(query):
		return "", ErrPageQuery
	}
	return t.Position, nil
}

// Expire ends all tokens issued so far.
func (p *Pages) Expire() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.epoch++
}

// sum tells an altered token from an issued one; it is no signature.
func (t pageToken) sum() uint64 {
	t.Sum = 0
	text, _ := json.Marshal(t)
	return sum("page token " + string(text))
}

func sum(s string) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(s))
	return h.Sum64()
}
