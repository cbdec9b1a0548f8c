package fakekit

import (
	"fmt"
	"hash/fnv"
	"math/rand/v2"

	"github.com/farmacyfoods/pointofsale/pos/posfake"
)

// Rand returns random numbers that depend on nothing but the seed and the
// name, so that adding one consumer does not change what another one draws.
func Rand(seed int64, name string) *rand.Rand {
	h := fnv.New64a()
	_, _ = h.Write([]byte(name))
	return rand.New(rand.NewPCG(uint64(seed), h.Sum64()))
}

// Alphabets for [Text].
const (
	Digits   = "0123456789"
	Hex      = "0123456789abcdef"
	Base32   = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
	Alphanum = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
)

// Text draws n characters of the alphabet.
func Text(r *rand.Rand, alphabet string, n int) string {
	out := make([]byte, n)
	for i := range out {
		out[i] = alphabet[r.IntN(len(alphabet))]
	}
	return string(out)
}

// UUID draws a version 4 UUID.
func UUID(r *rand.Rand) string {
	a, b := r.Uint64(), r.Uint64()
	return fmt.Sprintf("%08x-%04x-4%03x-%04x-%012x", a>>32, a>>16&0xffff, a&0xfff, b>>48&0x3fff|0x8000, b&0xffffffffffff)
}

// Meal is a made-up article to fill a catalogue with.
type Meal struct {
	SKU, Name, Category string
	Price               int64 // minor units
}

var (
	bases      = []string{"Salmon", "Chicken", "Tofu", "Falafel", "Beef", "Lentil", "Shrimp", "Quinoa", "Halloumi", "Turkey"}
	styles     = []string{"Teriyaki", "Harvest", "Lemon Herb", "Smoky", "Thai Basil", "Green Goddess", "Harissa", "Miso"}
	dishes     = []string{"Bowl", "Salad", "Wrap", "Soup", "Breakfast Pot"}
	categories = []string{"Bowls", "Salads", "Wraps", "Soups", "Breakfast"}
)

// Meals returns n different meals; the first ones of a longer list are the same.
func Meals(seed int64, n int) []Meal {
	r := Rand(seed, "meals")
	out := make([]Meal, n)
	for i := range out {
		d := r.IntN(len(dishes))
		out[i] = Meal{
			SKU:      fmt.Sprintf("FARM-%03d", i+1),
			Name:     styles[r.IntN(len(styles))] + " " + bases[r.IntN(len(bases))] + " " + dishes[d],
			Category: categories[d],
			Price:    495 + 50*r.Int64N(24),
		}
	}
	return out
}

var zones = []string{"America/New_York", "America/Chicago", "America/Denver", "America/Los_Angeles"}

// Locations returns n locations with ids prefix + 0001 and so on, spread over
// four time zones, in US dollars.
func Locations(seed int64, prefix string, n int) []posfake.LocationSeed {
	r := Rand(seed, "locations")
	out := make([]posfake.LocationSeed, n)
	for i := range out {
		out[i] = posfake.LocationSeed{
			ID:   fmt.Sprintf("%s%04d", prefix, i+1),
			Name: fmt.Sprintf("Store %04d", i+1), TimeZone: zones[r.IntN(len(zones))], Currency: "USD",
		}
	}
	return out
}
