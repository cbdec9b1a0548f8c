// Command sandbox serves a fake of every vendor on a loopback port of its own
// until it is interrupted, so that any client, in any language, can be tried
// against them.
//
// When all fakes are ready it prints one line of JSON on standard output, with
// the vendor's directory name as key:
//
//	{"square":{"url":"http://127.0.0.1:40001","control":"http://127.0.0.1:40001/_fake",
//	  "credentials":{...},"locations":["L0001"],"webhook_secret":"..."}, ...}
//
// Under the control URL sales, refunds, edits and faults are made and ledger
// and request log are read; the documentation of package
// vendors/kit/fakekit lists the requests.
//
// # QuickBooks Desktop
//
// With QuickBooks Desktop the roles are reversed: you serve SOAP, and Intuit's
// Web Connector, a program beside QuickBooks, calls you. So the url of
// "quickbooksdesktop" serves nothing but its control endpoint, there is no
// webhook secret, and the credentials are those with which the Web Connector
// signs in at your service and which your service has to know:
//
//	{"quickbooksdesktop":{"url":"http://127.0.0.1:40002","control":"http://127.0.0.1:40002/_fake",
//	  "credentials":{"user_name":"kiosk-014","password":"...","owner_id":"{...}","file_id":"{...}",...},
//	  "locations":["80000001-1735689600"],"webhook_secret":""}}
//
// Tell it where your service is with -connector, or once that runs, by a
// request. From then on it calls on schedule, at once and then every
// -connector-every; it never stops trying. Standard error tells how updates end.
//
//	POST /_fake/connect {"url":"http://127.0.0.1:8080/qbwc"}
//
// An update can also be had at once; the answer, a quickbooksdesktopfake.Run,
// tells how it ended. One that could not be made is an error with status 422.
//
//	POST /_fake/run
//
// GET /_fake/requests lists the qbXML messages that QuickBooks got, and one more
// request the SOAP calls that your service got:
//
//	GET /_fake/calls
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/farmacyfoods/pointofsale/pos/posfake"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	if errors.Is(err, flag.ErrHelp) {
		return
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "sandbox:", err)
		os.Exit(1)
	}
}

const usage = `sandbox serves a fake of every vendor on a loopback port of its own, until it is
interrupted. When all are ready it prints one line of JSON on standard output:

  {"square":{"url":"http://127.0.0.1:40001","control":"http://127.0.0.1:40001/_fake",
    "credentials":{...},"locations":["L0001"],"webhook_secret":"..."}, ...}

Sell and break things through the control URL:

  curl -d '{"location":"L0001","lines":[{"name":"Soup","unit_price":250}]}' $CONTROL/sell
  curl -d '{"kind":"status","status":503,"times":3}' $CONTROL/fault
  curl $CONTROL/ledger

"go doc ./vendors/kit/fakekit" lists all of its requests. quickbooksdesktop is a
Web Connector: it calls your SOAP service rather than being called. Tell it where
that is with -connector or, at any time:

  curl -d '{"url":"http://127.0.0.1:8080/qbwc"}' $CONTROL/connect
  curl -X POST $CONTROL/run       # one update now, besides those on schedule
  curl $CONTROL/calls             # the SOAP calls that were made

`

// options are what the flags say.
type options struct {
	vendors   string
	port      int
	seed      int64
	locations int
	items     int
	latency   time.Duration
	faults    string
	webhooks  string
	connector string
	every     time.Duration
}

func parse(args []string, stderr io.Writer) (options, error) {
	var o options
	fs := flag.NewFlagSet("sandbox", flag.ContinueOnError)
	fs.SetOutput(io.Discard) // what is wrong with a flag is told once, by main
	fs.StringVar(&o.vendors, "vendors", "", "comma-separated vendors to serve; empty serves all: "+strings.Join(names(), ","))
	fs.IntVar(&o.port, "port", 0, "port of the first fake, the others follow; 0 takes free ports")
	fs.Int64Var(&o.seed, "seed", 1, "makes generated data reproducible")
	fs.IntVar(&o.locations, "locations", 3, "points of sale of each vendor")
	fs.IntVar(&o.items, "items", 10, "articles in each catalogue that are not Farmacy's")
	fs.DurationVar(&o.latency, "latency", 0, "delay of every answer")
	fs.StringVar(&o.faults, "faults", "", "file with one JSON fault a line, as for POST /_fake/fault, with an optional \"vendor\"")
	fs.StringVar(&o.webhooks, "webhooks", "", "base URL of a receiver: each vendor's webhooks go to BASE/VENDOR; empty sends none")
	fs.StringVar(&o.connector, "connector", "", "URL of the service that the Web Connector of quickbooksdesktop calls; empty waits for POST /_fake/connect")
	fs.DurationVar(&o.every, "connector-every", 5*time.Second, "schedule of the Web Connector")
	if err := fs.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			_, _ = io.WriteString(stderr, usage)
			fs.SetOutput(stderr)
			fs.PrintDefaults()
			return o, err
		}
		return o, fmt.Errorf("%w; -h lists the flags", err)
	}
	switch {
	case fs.NArg() > 0:
		return o, fmt.Errorf("unexpected argument %q", fs.Arg(0))
	case o.port < 0 || o.port > 65000:
		return o, fmt.Errorf("-port %d is not a port", o.port)
	case o.locations < 1 || o.items < 0:
		return o, errors.New("-locations must be positive and -items not negative")
	case o.latency < 0 || o.every <= 0:
		return o, errors.New("-latency must not be negative and -connector-every must be positive")
	}
	for name, address := range map[string]string{"webhooks": o.webhooks, "connector": o.connector} {
		if err := checkURL(address); address != "" && err != nil {
			return o, fmt.Errorf("-%s: %w", name, err)
		}
	}
	return o, nil
}

// entry is a vendor's part of the line on standard output.
type entry struct {
	URL           string   `json:"url"`
	Control       string   `json:"control"`
	Credentials   any      `json:"credentials"`
	Locations     []string `json:"locations"`
	WebhookSecret string   `json:"webhook_secret"`
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	o, err := parse(args, stderr)
	if err != nil {
		return err
	}
	log := slog.New(slog.NewTextHandler(stderr, nil))
	chosen, err := choose(o.vendors)
	if err != nil {
		return err
	}
	lines, err := readFaults(o.faults)
	if err != nil {
		return err
	}
	var running sync.WaitGroup
	defer running.Wait()
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	failed := make(chan error, len(chosen))
	ready := make(map[string]entry, len(chosen))
	for i, name := range chosen {
		s, err := registry[name](o, log)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		defer s.close()
		if err := inject(log, name, s.sim, o.latency, lines); err != nil {
			return err
		}
		port := 0
		if o.port != 0 {
			port = o.port + i
		}
		url, end, err := listen(ctx, s.handler, port, failed)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		defer end()
		e := s.entry
		e.URL, e.Control = url, url+"/_fake"
		if o.webhooks != "" && s.subscribe != nil {
			if err := s.subscribe(strings.TrimSuffix(o.webhooks, "/") + "/" + name); err != nil {
				return fmt.Errorf("%s: subscribing: %w", name, err)
			}
		}
		ready[name] = e
		log.Info("serving", "vendor", name, "url", url)
		if s.run != nil {
			running.Go(func() { s.run(ctx) })
		}
	}
	if err := json.NewEncoder(stdout).Encode(ready); err != nil {
		return err
	}
	select {
	case <-ctx.Done():
		log.Info("stopping")
		return nil
	case err := <-failed:
		return err
	}
}

// listen serves a fake on a loopback port.
func listen(ctx context.Context, h http.Handler, port int, failed chan<- error) (url string, stop func(), err error) {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		return "", nil, err
	}
	srv := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second}
	go func() {
		if err := srv.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			failed <- err
		}
	}()
	return "http://" + l.Addr().String(), func() { _ = srv.Close() }, nil
}

// scripted is a line of a fault file.
type scripted struct {
	Vendor  string `json:"vendor"`
	Latency string `json:"latency"`
	posfake.Fault
}

// readFaults reads a fault script.
func readFaults(path string) ([]scripted, error) {
	if path == "" {
		return nil, nil
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	var lines []scripted
	dec := json.NewDecoder(f)
	dec.DisallowUnknownFields()
	for {
		var s scripted
		err := dec.Decode(&s)
		if errors.Is(err, io.EOF) {
			return lines, nil
		}
		if err == nil && s.Latency != "" {
			s.Fault.Latency, err = time.ParseDuration(s.Latency)
		}
		if err == nil && s.Vendor != "" && registry[s.Vendor] == nil {
			err = fmt.Errorf("no vendor %q", s.Vendor)
		}
		if err != nil {
			return nil, fmt.Errorf("%s, fault %d: %w", path, len(lines)+1, err)
		}
		lines = append(lines, s)
	}
}

// inject scripts the faults of one vendor. A fault for all vendors is left out
// where the system cannot show it.
func inject(log *slog.Logger, vendor string, sim posfake.Simulator, latency time.Duration, lines []scripted) error {
	if latency > 0 {
		lines = append(lines, scripted{Fault: posfake.Fault{Kind: posfake.FaultLatency, Latency: latency, Times: -1}})
	}
	for _, l := range lines {
		if l.Vendor != "" && l.Vendor != vendor {
			continue
		}
		_, err := sim.Inject(l.Fault)
		if l.Vendor == "" && errors.Is(err, posfake.ErrNotSimulated) {
			log.Warn("no such fault here", "vendor", vendor, "kind", l.Kind)
			continue
		}
		if err != nil {
			return fmt.Errorf("%s: fault %s: %w", vendor, l.Kind, err)
		}
	}
	return nil
}
