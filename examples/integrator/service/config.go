// Package service is what two deployable services share: the part of their
// configuration that is the same, the durable stream, telemetry, and the server
// for callbacks, commands, health and metrics.
package service

import (
	"log/slog"
	"net"
	"time"

	"github.com/farmacyfoods/pointofsale/events"
	"github.com/farmacyfoods/pointofsale/events/httppush"
	"github.com/farmacyfoods/pointofsale/events/jetstream"
	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/pos/inventory/inventoryhttp"

	"example.com/integrator/settings"
)

// Config is the part of the file that all services share.
type Config struct {
	// Listen is where callbacks, commands, health and metrics are served.
	Listen string `json:"listen"`
	// Log is the least level that is logged.
	Log slog.Level `json:"log"`
	// Traces is "none", or "stdout" for one JSON object a span.
	Traces string `json:"traces"`
	// Drain is how long running work may take after SIGTERM.
	Drain time.Duration `json:"drain"`
	// Stream keeps events and cursors. Without dir, memory and url it is
	// embedded and in the directory "data".
	Stream jetstream.Config `json:"stream"`
	// Inventory takes the stock; left out, only events tell of it.
	Inventory *inventoryhttp.Config `json:"inventory"`
	// Commands takes menu and coupon commands at POST /events.
	Commands *Commands `json:"commands"`
	// Push sends events on to services without a broker.
	Push []Push `json:"push"`
	// LogEvents writes each event into the log, without its payload.
	LogEvents bool `json:"log_events"`
	// Schedule is how often things are read.
	Schedule Schedule `json:"schedule"`
	// Objectives are limits whose breach is an event.
	Objectives Objectives `json:"objectives"`

	// Listener replaces Listen.
	Listener net.Listener `json:"-"`
}

// Commands says whose signatures POST /events accepts: those of Standard
// Webhooks, see package httppush.
type Commands struct {
	Secrets []pos.Secret `json:"secrets"`
}

// Push is a receiver of events.
type Push struct {
	// Name identifies the receiver: its place in the stream is kept under it.
	Name string `json:"name"`
	// Types are the events it gets; none means all but commands.
	Types []string `json:"types"`
	httppush.Config
}

// Schedule has the fields of the integrators' schedules.
type Schedule struct {
	Purchases     time.Duration `json:"purchases"`
	Inventory     time.Duration `json:"inventory"`
	InventoryFull time.Duration `json:"inventory_full"`
	Status        time.Duration `json:"status"`
	Locations     time.Duration `json:"locations"`
	Subscription  time.Duration `json:"subscription"`
	// Certificates is how long after a business day its completeness is
	// certified.
	Certificates time.Duration `json:"certificates"`
}

// Objectives has the fields of the integrators' objectives.
type Objectives struct {
	Lag       time.Duration `json:"lag"`
	Callbacks time.Duration `json:"callbacks"`
	Push      time.Duration `json:"push"`
}

// Account is what every account has, whatever its vendor.
type Account struct {
	// Since is where purchases begin; left out, as far back as the system goes.
	Since time.Time `json:"since"`
	// Schedule replaces single intervals for this account.
	Schedule Schedule `json:"schedule"`
	// Objectives replace single limits for this account.
	Objectives Objectives `json:"objectives"`
}

// Default is the configuration of an empty file.
func Default() Config {
	return Config{Listen: "127.0.0.1:8080", Traces: "none", Drain: 10 * time.Second}
}

// Check completes the configuration and reports what is wrong with it.
func (c *Config) Check(ps *settings.Problems) {
	if c.Stream.Dir == "" && !c.Stream.Memory && c.Stream.URL == "" {
		c.Stream.Dir = "data"
	}
	ps.Check("stream", c.Stream, c.Stream.Validate())
	if _, _, err := net.SplitHostPort(c.Listen); err != nil {
		ps.Add("listen", "%q is not host:port", c.Listen)
	}
	if c.Traces != "none" && c.Traces != "stdout" {
		ps.Add("traces", "%q is neither none nor stdout", c.Traces)
	}
	if c.Drain < 0 {
		ps.Add("drain", "is negative")
	}
	if c.Inventory != nil {
		_, err := inventoryhttp.New(*c.Inventory, nil)
		ps.Check("inventory", c.Inventory, err)
	}
	if c.Commands != nil {
		_, err := httppush.NewKeys(c.Commands.Secrets...)
		ps.Check("commands", c.Commands, err)
	}
	c.checkPush(ps)
}

func (c *Config) checkPush(ps *settings.Problems) {
	seen := make(map[string]bool)
	for i, p := range c.Push {
		path := settings.Index("push", i)
		switch {
		case p.Name == "":
			ps.Add(path+".name", "is missing")
		case seen[p.Name]:
			ps.Add(path+".name", "%q is there twice", p.Name)
		}
		seen[p.Name] = true
		_, err := httppush.New(p.Config, nil)
		ps.Check(path, p.Config, err)
	}
}

// Unopened stands for a provider whose configuration is wrong, so that the
// rest can be checked.
type Unopened struct {
	pos.Provider
	Path string
}

// Describe gives each a name of its own.
func (u Unopened) Describe() pos.Description {
	return pos.Description{Vendor: "unopened", Account: u.Path}
}

// OriginOf is the account that a provider serves.
func OriginOf(p pos.Provider) events.Origin {
	d := p.Describe()
	return events.Origin{Vendor: d.Vendor, Account: d.Account}
}
