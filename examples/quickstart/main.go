// Command quickstart shows the whole SDK at work in some seconds, on one
// machine and without any account: fridges of Byte, counters of Square, tills of
// Oracle MICROS Simphony and the books of QuickBooks Online and QuickBooks
// Desktop, all of them simulated, the Smart Fridge Integrator and the Kiosk
// Integrator beside them, and the durable stream, embedded in the process, in
// the middle. It pushes a menu and coupons, lets customers buy, gives money
// back, breaks things, and ends with the proof: what the systems sold against
// what was delivered.
//
// The exit code is 1 if a sale was lost, doubled or delivered wrong.
//
// Read it as a tour. main.go is the way through a day. byte.go, square.go,
// simphony.go, quickbooks.go and quickbooksdesktop.go connect one vendor each,
// and are all that knows of vendors. world.go puts them, the integrators and the
// stream together, as a service of yours would; inbox.go is such a service that
// listens. menu.go pushes. business.go and faults.go play customers and
// misfortune, summary.go compares, print.go prints.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"
)

const usage = `quickstart simulates some seconds of business at smart fridges and counters.

It starts a Byte Technology cloud, a Square seller, an Oracle MICROS Simphony
enterprise, a company in QuickBooks Online and a computer with QuickBooks Desktop
on loopback ports, runs the fridge and the kiosk integrator against them, and
pushes a menu and coupons (plan first). Then customers buy while requests fail,
slow down, are cut off and lose their credentials, and webhooks are lost and
repeated. It ends with a table of the points of sale and compares what they sold
with what was delivered as events.
The exit code is 1 if anything was lost, doubled or delivered wrong.

`

// errBroken says that the proof failed.
var errBroken = errors.New("sales were lost, doubled or delivered wrong")

func main() {
	// A reader that goes away, as head does, ends the run like Ctrl-C: in order.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGPIPE)
	defer stop()
	switch err := run(ctx, os.Args[1:], os.Stdout, os.Stderr, isTerminal(os.Stdout)); {
	case errors.Is(err, flag.ErrHelp):
	case ctx.Err() != nil:
		fmt.Fprintln(os.Stderr, "\nquickstart: interrupted, nothing is proved")
		os.Exit(130)
	case err != nil:
		fmt.Fprintln(os.Stderr, "quickstart:", err)
		os.Exit(1)
	}
}

// options are what the flags say.
type options struct {
	json    bool
	seconds time.Duration
	seed    int64
	faults  bool
}

func parse(args []string, stderr io.Writer) (options, error) {
	var o options
	fs := flag.NewFlagSet("quickstart", flag.ContinueOnError)
	fs.SetOutput(io.Discard) // what is wrong with a flag is told once, by main
	fs.BoolVar(&o.json, "json", false, "print only the final tables, as one JSON object")
	fs.DurationVar(&o.seconds, "for", 8*time.Second, "how long the shops are open, at most 20s")
	fs.Int64Var(&o.seed, "seed", 1, "what customers do and what breaks")
	fs.BoolVar(&o.faults, "faults", true, "break things")
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
	case o.seconds <= 0 || o.seconds > 20*time.Second:
		return o, fmt.Errorf("-for %s is not between 0 and 20s", o.seconds)
	}
	return o, nil
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer, terminal bool) error {
	o, err := parse(args, stderr)
	if err != nil {
		return err
	}
	p := newPrinter(stdout, terminal, o.json)
	w, err := open(ctx, o)
	if err != nil {
		return err
	}
	defer w.close()
	if err := w.publish(ctx, p); err != nil {
		return err
	}
	if err := w.trade(ctx, o, p); err != nil {
		return err
	}
	p.phase("Closing time: faults end, the integrators catch up")
	w.settle(ctx)
	r, err := w.report(ctx)
	if err != nil {
		return err
	}
	if err := p.report(r, o.json); err != nil {
		return err
	}
	if r.Lost+r.Doubled+r.Wrong > 0 {
		return errBroken
	}
	return ctx.Err()
}

func isTerminal(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
