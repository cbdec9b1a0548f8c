package bytetechfake

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/farmacyfoods/pointofsale/pos/posfake"
	"github.com/farmacyfoods/pointofsale/vendors/kit/fakekit"
)

const accountID = "acc_77"

// Fake is the simulated cloud of one operator account. The embedded server
// answers requests, keeps their log and moves the clock; [fakekit] documents
// its methods. It is safe for concurrent use.
type Fake struct {
	*fakekit.Server
	cfg     Config
	limiter *fakekit.Limiter
	pages   *fakekit.Pages
	sender  *fakekit.Sender
	ledger  fakekit.Ledger

	mu     sync.Mutex
	random *rand.Rand
	now    time.Time // of the change being made, in milliseconds
	agenda agenda
	serial map[string]int // last number given out, by kind of id

	tokens        map[string]*grant
	replies       map[replyKey]reply
	campuses      []campus
	kiosks        sorted[*kiosk]
	products      sorted[*product]
	bySKU         map[string]*product
	foreign       map[string]*product // by external id; made by AddForeign
	categories    sorted[*category]
	discounts     sorted[*discount]
	codes         map[string][]*couponCode
	restocks      sorted[*restock]
	transactions  map[string]*transaction
	feed          []feedEntry
	stale         int // entries of feed that a later revision has replaced
	changed       []*transaction
	subscriptions sorted[*subscription]
}

var _ posfake.Simulator = (*Fake)(nil)

// New returns a fake account, or an error that names everything wrong with cfg.
func New(cfg Config) (*Fake, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	f := &Fake{
		cfg: cfg, random: fakekit.Rand(cfg.Seed, "bytetech"), serial: map[string]int{},
		tokens: map[string]*grant{}, replies: map[replyKey]reply{},
		bySKU: map[string]*product{}, foreign: map[string]*product{},
		codes: map[string][]*couponCode{}, transactions: map[string]*transaction{},
	}
	f.Server = fakekit.NewServer(fakekit.Config{Simulator: f, Error: scriptedError, Faults: []string{
		posfake.FaultDuplicate, posfake.FaultToken, posfake.FaultPageToken, posfake.FaultScope,
		posfake.FaultWidened, posfake.FaultSilence, posfake.FaultRepeat,
	}}, f.routes()...)
	f.pages = &fakekit.Pages{Clock: &f.Server.Clock}
	if cfg.RateLimit > 0 {
		f.limiter = fakekit.NewLimiter(&f.Server.Clock, cfg.RateLimit, 2*cfg.RateLimit)
	}
	f.sender = fakekit.NewSender(fakekit.SenderConfig{
		Clock: &f.Server.Clock, Retries: retries, Prepare: f.prepare, Done: f.delivered, Standing: f.Standing,
	})
	if err := f.seed(); err != nil {
		return nil, err
	}
	return f, nil
}

// Sender delivers the webhooks of the fake, e.g. for its Flush and Results.
func (f *Fake) Sender() *fakekit.Sender { return f.sender }

// Close stops the loopback server and the delivery of webhooks.
func (f *Fake) Close() {
	f.sender.Close()
	f.Server.Close()
}

// Credentials returns the accepted credentials.
func (f *Fake) Credentials() []Client { return slices.Clone(f.cfg.Clients) }

// Locations lists the ids of the kiosks that are not archived.
func (f *Fake) Locations() []string {
	defer f.begin()()
	var ids []string
	for _, k := range f.kiosks {
		if !k.archived {
			ids = append(ids, k.id)
		}
	}
	return ids
}

// begin locks the fake and does what has become due; the returned function
// records what changed and unlocks. Everything that touches state goes
// through it, so that nobody ever sees a state that time has overtaken.
func (f *Fake) begin() (end func()) {
	f.mu.Lock()
	now := milliseconds(f.Now())
	for {
		due, ok := f.agenda.next(now)
		if !ok {
			break
		}
		f.now = latest(f.now, due.at)
		due.run()
	}
	f.now = latest(f.now, now)
	return func() {
		f.record()
		f.mu.Unlock()
	}
}

// at schedules a change; begin makes it once its time has come.
func (f *Fake) at(t time.Time, run func()) { f.agenda.add(t, run) }

// id gives out the next id of a kind. Ids of one kind sort in the order of creation.
func (f *Fake) id(kind string) string {
	f.serial[kind]++
	return fmt.Sprintf("%s_%07d", kind, f.serial[kind])
}

func (f *Fake) has(feature Feature) bool { return !slices.Contains(f.cfg.Without, feature) }

// seed fills the account as configured.
func (f *Fake) seed() error {
	defer f.begin()()
	for i := range f.cfg.Campuses {
		f.campuses = append(f.campuses, campus{id: strconv.Itoa(77 + i), name: fmt.Sprintf("Campus %d", i+1)})
	}
	seeds := f.cfg.Locations
	if len(seeds) == 0 {
		seeds = fakekit.Locations(f.cfg.Seed, "", f.cfg.Kiosks)
		for i := range seeds {
			seeds[i].ID = strconv.Itoa(1042 + i)
		}
	}
	for _, s := range seeds {
		if err := f.open(s); err != nil {
			return err
		}
	}
	for _, m := range fakekit.Meals(f.cfg.Seed, f.cfg.Products) {
		p := f.newProduct(f.now.AddDate(0, 0, -30))
		p.externalID, p.name, p.category, p.price, p.shelfLife = m.SKU, m.Name, f.categoryNamed(m.Category), m.Price, 5
		f.bySKU[m.SKU] = p
	}
	for i, k := range f.kiosks {
		f.fill(k, i*7)
	}
	return nil
}

// fill stocks a kiosk with packages of up to ten products, the first of them
// at place first of the catalogue.
func (f *Fake) fill(k *kiosk, first int) {
	kinds := min(10, f.cfg.Products, f.cfg.TagsPerKiosk)
	for i := range kinds {
		n := f.cfg.TagsPerKiosk / kinds
		if i < f.cfg.TagsPerKiosk%kinds {
			n++
		}
		f.stock(k, f.products[(first+i)%len(f.products)], n, f.now.AddDate(0, 0, -(i%3)))
	}
}

// identified is anything that lists sort by id.
type identified interface{ key() string }

// sorted is a list ordered by key.
type sorted[T identified] []T

func (s sorted[T]) search(key string) (int, bool) {
	return slices.BinarySearchFunc(s, key, func(row T, key string) int { return cmp.Compare(row.key(), key) })
}

func (s sorted[T]) get(key string) (row T, ok bool) {
	i, ok := s.search(key)
	if ok {
		row = s[i]
	}
	return row, ok
}

func (s *sorted[T]) put(row T) {
	if i, ok := s.search(row.key()); !ok {
		*s = slices.Insert(*s, i, row)
	}
}

func (s *sorted[T]) drop(key string) {
	if i, ok := s.search(key); ok {
		*s = slices.Delete(*s, i, i+1)
	}
}

// after returns the rows behind key; all of them when key is empty.
func (s sorted[T]) after(key string) sorted[T] {
	i, ok := s.search(key)
	if ok {
		i++
	}
	return s[i:]
}

func milliseconds(t time.Time) time.Time { return t.UTC().Truncate(time.Millisecond) }

func latest(times ...time.Time) time.Time { return slices.MaxFunc(times, time.Time.Compare) }
