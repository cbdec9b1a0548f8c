package quickbooksdesktopfake

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/pos/posfake"
)

// Mode says what stands for a point of sale in the company file.
type Mode string

// The modes. In every one of them sales may also be booked at [CompanyID]:
// they name no class and no site.
const (
	ByClass   Mode = "class"   // ClassRef of the transaction; the default
	BySite    Mode = "site"    // InventorySiteRef of the lines (Enterprise with Advanced Inventory)
	ByCompany Mode = "company" // the file as a whole
)

// CompanyID is the location that stands for the whole company file.
const CompanyID = "company"

// Config describes a computer with QuickBooks, its company file and its Web
// Connector. The zero value has two classes, no items and nobody to call.
type Config struct {
	// Seed makes ids and generated data reproducible.
	Seed int64
	// Mode is what a point of sale is; empty means [ByClass].
	Mode Mode
	// Locations are the classes or sites; their ids become ListIDs. Nil means
	// two that are made up, empty ids are made up, too. One currency and one
	// time zone hold for the whole file.
	Locations []posfake.LocationSeed
	// TimeZone is the IANA zone of the computer, by default America/New_York.
	TimeZone string
	// Currency is the home currency, by default USD. It has two decimals.
	Currency string
	// Items is how many items somebody else already sells.
	Items int
	// TaxBasisPoints is the sales tax in 1/100 %; 0 means 825, negative none.
	TaxBasisPoints int64

	// CompanyName and CompanyFile (a Windows path) have defaults.
	CompanyName, CompanyFile string
	// OwnerID and FileID are what the .qwc file says, GUIDs in braces. The Web
	// Connector keeps the FileID in the company file. By default made up.
	OwnerID, FileID string
	// UserName is from the .qwc file, Password what the user has typed.
	// Defaults: "kiosk-014" and "sample-password".
	UserName, Password string

	// Handler is the service that the Web Connector calls without a socket, and
	// URL where it is; one of them may also be given later, see [Fake.Connect]
	// and [Fake.ConnectURL].
	Handler http.Handler
	URL     string
	// Client calls URL; nil: one with a timeout of 60 s.
	Client *http.Client
	// Interval is the schedule of [Fake.AutoRun], by default 5 minutes.
	Interval time.Duration
	// Ran is told how each update of [Fake.AutoRun] ended; nil: nobody is.
	Ran func(Run, error)
}

// DefaultPassword is the password of a Web Connector that is not told another.
const DefaultPassword = "sample-password"

const defaultURL = "https://pos.example.com/qbwc"

func (c Config) withDefaults() (Config, error) {
	c.Mode = cmp.Or(c.Mode, ByClass)
	c.TimeZone = cmp.Or(c.TimeZone, "America/New_York")
	c.Currency = cmp.Or(c.Currency, "USD")
	c.CompanyName = cmp.Or(c.CompanyName, "Farmacy Kiosks")
	c.CompanyFile = cmp.Or(c.CompanyFile, `C:\QB\Farmacy Kiosks.qbw`)
	c.UserName = cmp.Or(c.UserName, "kiosk-014")
	c.Password = cmp.Or(c.Password, DefaultPassword)
	c.Interval = cmp.Or(c.Interval, 5*time.Minute)
	c.TaxBasisPoints = max(cmp.Or(c.TaxBasisPoints, 825), 0)
	if c.Locations == nil && c.Mode != ByCompany {
		c.Locations = []posfake.LocationSeed{{Name: "Kiosk 001"}, {Name: "Kiosk 002"}}
	}
	if c.Client == nil {
		c.Client = &http.Client{Timeout: time.Minute}
	}
	var errs []error
	if c.Mode != ByClass && c.Mode != BySite && c.Mode != ByCompany {
		errs = append(errs, fmt.Errorf("mode %q", c.Mode))
	}
	if _, err := pos.Zone(c.TimeZone); err != nil {
		errs = append(errs, fmt.Errorf("time zone: %w", err))
	}
	if unit := pos.Currency(c.Currency); !unit.Valid() || unit.Digits() != 2 {
		errs = append(errs, fmt.Errorf("currency %q: two decimals are needed", c.Currency))
	}
	for name, id := range map[string]string{"OwnerID": c.OwnerID, "FileID": c.FileID} {
		if id != "" && (id == "0" || !formats["GUID"].MatchString(id)) {
			errs = append(errs, fmt.Errorf("%s %q is no GUID in braces", name, id))
		}
	}
	if c.Handler != nil && c.URL != "" {
		errs = append(errs, errors.New("both Handler and URL"))
	}
	if len(errs) > 0 {
		return c, fmt.Errorf("quickbooksdesktopfake: %w", errors.Join(errs...))
	}
	return c, nil
}
