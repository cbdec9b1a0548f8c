package main

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/farmacyfoods/pointofsale/pos/posfake"
)

// breakage is something that may go wrong.
type breakage struct {
	name  string
	fault posfake.Fault
}

// threeDays is how late most systems may tell of a sale.
const threeDays = 71 * time.Hour

var (
	// tokensExpire is for accounts that can get new access tokens.
	tokensExpire = breakage{"access tokens expire", posfake.Fault{Kind: posfake.FaultToken}}
	// tooManyCalls does not tell how long to wait, which can be a minute.
	tooManyCalls = breakage{"429 without a word", posfake.Fault{Kind: posfake.FaultStatus, Status: 429, Times: 2}}
)

// anywhere are what may go wrong with any service behind HTTP.
func anywhere() []breakage {
	return []breakage{
		{"429 with Retry-After", posfake.Fault{Kind: posfake.FaultStatus, Status: 429, RetryAfter: "1", Times: 2}},
		tooManyCalls,
		{"500", posfake.Fault{Kind: posfake.FaultStatus, Status: 500, Times: 3}},
		{"503", posfake.Fault{Kind: posfake.FaultStatus, Status: 503, Times: 2}},
		{"connection reset", posfake.Fault{Kind: posfake.FaultReset, Times: 2}},
		{"reply lost", posfake.Fault{Kind: posfake.FaultLostReply, Times: 2}},
		{"answer cut off", posfake.Fault{Kind: posfake.FaultTruncate, Bytes: 300, Times: 2}},
		{"garbage", posfake.Fault{Kind: posfake.FaultMalformed}},
		{"slow answers", posfake.Fault{Kind: posfake.FaultLatency, Latency: 300 * time.Millisecond, Times: 3}},
		{"rows twice", posfake.Fault{Kind: posfake.FaultDuplicate, Times: 2}},
		{"rows not asked for", posfake.Fault{Kind: posfake.FaultWidened, Times: 2}},
		{"page token expired", posfake.Fault{Kind: posfake.FaultPageToken}},
		{"webhooks lost", posfake.Fault{Kind: posfake.FaultSilence}},
		{"webhooks repeated", posfake.Fault{Kind: posfake.FaultRepeat, Times: 20}},
	}
}

func without(list []breakage, b breakage) []breakage {
	return slices.DeleteFunc(list, func(x breakage) bool { return x == b })
}

// broken is how long a fault lasts, if it does not end by striking. A system has
// one at a time: clients rightly ask less and less of one that only fails, and
// would not be back before this program ends.
const broken = time.Second

// breakSomething injects a fault.
func (s *system) breakSomething(rnd *rand.Rand) (string, error) {
	for {
		b := s.breakages[rnd.IntN(len(s.breakages))]
		end, err := s.fake.Inject(b.fault)
		if errors.Is(err, posfake.ErrNotSimulated) { // this vendor has no page tokens, say
			continue
		}
		if err != nil {
			return "", fmt.Errorf("%s: %s: %w", s.name, b.name, err)
		}
		time.AfterFunc(broken, end)
		s.mended = time.Now().Add(broken)
		return b.name, nil
	}
}
