package kit

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"

	"github.com/go-json-experiment/json"

	"github.com/farmacyfoods/pointofsale/pos"
)

// maxCursor bounds what a cursor may hold, so that a forged one cannot make
// us allocate without limit.
const maxCursor = 4 << 20

// sealSize is the length of the seal in front of a cursor's content.
const sealSize = 8

// EncodeCursor turns the state of a read into an opaque cursor. The scope, such
// as "square/merchant-1/purchases", keeps it from being used elsewhere.
func EncodeCursor(scope string, state any) (pos.Cursor, error) {
	content, err := json.Marshal(state)
	if err != nil {
		return "", fmt.Errorf("kit: encoding a cursor: %w", err)
	}
	return pos.Cursor(base64.RawURLEncoding.EncodeToString(append(seal(scope, content), content...))), nil
}

// DecodeCursor reads what EncodeCursor made for the same scope. Anything else
// is an error that matches [pos.ErrCursor].
func DecodeCursor(scope string, c pos.Cursor, state any) error {
	if len(c) > maxCursor {
		return badCursor(scope, errors.New("too long"))
	}
	data, err := base64.RawURLEncoding.DecodeString(string(c))
	if err != nil || len(data) < sealSize {
		return badCursor(scope, errors.New("not a cursor"))
	}
	if string(data[:sealSize]) != string(seal(scope, data[sealSize:])) {
		return badCursor(scope, errors.New("damaged, or of another account or job"))
	}
	if err := json.Unmarshal(data[sealSize:], state); err != nil {
		return badCursor(scope, err)
	}
	return nil
}

// seal ties content to its scope and shows damage. It is no protection
// against forgery: a cursor grants nothing.
func seal(scope string, content []byte) []byte {
	h := sha256.New()
	h.Write([]byte(scope))
	h.Write([]byte{0})
	h.Write(content)
	return h.Sum(nil)[:sealSize]
}

func badCursor(scope string, err error) error {
	return &pos.Error{Op: scope, Kind: pos.KindCursor, Err: err}
}
