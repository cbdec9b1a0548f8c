package square

import (
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// instant is a time as Square writes it. One that cannot be read is zero: it
// must not cost the page that it stands on.
type instant struct{ time.Time }

// otherTimes are the forms in which some of Square's interfaces write times
// that are not RFC 3339.
var otherTimes = []string{"2006-01-02T15:04:05.999999999", "2006-01-02 15:04:05.999999999 -0700 MST", time.DateOnly}

// UnmarshalJSONFrom implements [json.UnmarshalerFrom].
func (i *instant) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	raw, err := d.ReadValue()
	if err != nil {
		return err
	}
	*i = instant{}
	if raw.Kind() != '"' {
		return nil
	}
	text := raw[1 : len(raw)-1]
	if i.UnmarshalText(text) == nil {
		i.Time = i.UTC()
		return nil
	}
	i.Time = time.Time{}
	for _, layout := range otherTimes {
		if t, err := time.Parse(layout, string(text)); err == nil {
			i.Time = t.UTC()
			break
		}
	}
	return nil
}
