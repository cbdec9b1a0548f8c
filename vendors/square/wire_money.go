package square

import (
	"bytes"
	"strconv"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/farmacyfoods/pointofsale/pos"
)

// amount is a Money as orders hold dozens of. It decodes faster than pos.Money
// when it is written as Square writes it, and as well otherwise.
type amount pos.Money

// UnmarshalJSONFrom implements [json.UnmarshalerFrom].
func (a *amount) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	raw, err := d.ReadValue()
	if err != nil {
		return err
	}
	if m, ok := parseAmount(raw); ok {
		*a = m
		return nil
	}
	return json.Unmarshal(raw, (*pos.Money)(a), lenient)
}

// parseAmount reads {"amount":N,"currency":"C"} in that order and without
// spaces. Anything else is not its business.
func parseAmount(raw []byte) (amount, bool) {
	rest, ok := bytes.CutPrefix(raw, []byte(`{"amount":`))
	if !ok {
		return amount{}, false
	}
	digits, rest, ok := bytes.Cut(rest, []byte(`,"currency":"`))
	if !ok || len(rest) != 5 || rest[3] != '"' || rest[4] != '}' {
		return amount{}, false
	}
	n, err := strconv.ParseInt(string(digits), 10, 64)
	if err != nil {
		return amount{}, false
	}
	return amount{n, currencyOf(rest[:3])}, true
}

// currencyOf returns the code; the usual ones cost no memory.
func currencyOf(code []byte) pos.Currency {
	switch string(code) {
	case "USD":
		return "USD"
	case "CAD":
		return "CAD"
	case "EUR":
		return "EUR"
	case "GBP":
		return "GBP"
	case "JPY":
		return "JPY"
	case "AUD":
		return "AUD"
	}
	return pos.Currency(code)
}
