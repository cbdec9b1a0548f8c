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
}

func parse(args []string, stderr io.Writer) (options, error) {
	var o options
	fs := flag.NewFlagSet("sandbox", flag.ContinueOnError)
	fs.SetOutput(stderr)
	fs.StringVar(&o.vendors, "vendors", "", "comma-separated vendors to serve; empty serves all: "+strings.Join(names(), ","))
	fs.IntVar(&o.port, "port", 0, "port of the first fake, the others follow; 0 takes free ports")
	fs.Int64Var(&o.seed, "seed", 1, "makes generated data reproducible")
	fs.IntVar(&o.locations, "locations", 3, "points of sale of each vendor")
	fs.IntVar(&o.items, "items", 10, "articles in each catalogue that are not Farmacy's")
	fs.DurationVar(&o.latency, "latency", 0, "delay of every answer")
	fs.StringVar(&o.faults, "faults", "", "file with one JSON fault a line, as for POST /_fake/fault, with an optional \"vendor\"")
	fs.StringVar(&o.webhooks, "webhooks", "", "base URL of a receiver: each vendor's webhooks go to BASE/VENDOR; empty sends none")
	if err := fs.Parse(args); err != nil {
		return o, err
	}
	switch {
	case fs.NArg() > 0:
		return o, fmt.Errorf("unexpected argument %q", fs.Arg(0))
	case o.port < 0 || o.port > 65000:
		return o, fmt.Errorf("-port %d is not a port", o.port)
	case o.locations < 1 || o.items < 0:
		return o, errors.New("-locations must be positive and -items not negative")
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
	failed := make(chan error, len(chosen))
	ready := make(map[string]entry, len(chosen))
	for i, name := range chosen {
		s, err := registry[name](o)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		defer s.close()
		if err := inject(name, s.sim, o.latency, lines); err != nil {
			return err
		}
		port := 0
		if o.port != 0 {
			port = o.port + i
		}
		url, stop, err := listen(ctx, s.handler, port, failed)
		if err != nil {
			return err
		}
		defer stop()
		e := s.entry
		e.URL, e.Control = url, url+"/_fake"
		if o.webhooks != "" {
			if err := s.subscribe(strings.TrimSuffix(o.webhooks, "/") + "/" + name); err != nil {
				return fmt.Errorf("%s: subscribing: %w", name, err)
			}
		}
		ready[name] = e
		log.Info("serving", "vendor", name, "url", url)
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

// inject scripts the faults of one vendor.
func inject(vendor string, sim posfake.Simulator, latency time.Duration, lines []scripted) error {
	if latency > 0 {
		lines = append(lines, scripted{Fault: posfake.Fault{Kind: posfake.FaultLatency, Latency: latency, Times: -1}})
	}
	for _, l := range lines {
		if l.Vendor != "" && l.Vendor != vendor {
			continue
		}
		if _, err := sim.Inject(l.Fault); err != nil {
			return fmt.Errorf("%s: fault %s: %w", vendor, l.Kind, err)
		}
	}
	return nil
}
