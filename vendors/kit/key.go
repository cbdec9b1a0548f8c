package kit

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
)

// Key derives an idempotency key from what a write is about, such as the
// change id, the location and the body: the same parts give the same key
// after a restart and in another process. It has 40 hexadecimal digits, which
// every vendor takes. The boundaries between parts count.
func Key(parts ...string) string {
	h := sha256.New()
	var size [8]byte
	for _, p := range parts {
		binary.BigEndian.PutUint64(size[:], uint64(len(p)))
		h.Write(size[:])
		h.Write([]byte(p))
	}
	return hex.EncodeToString(h.Sum(nil)[:20])
}
