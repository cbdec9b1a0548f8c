// Command crashtest kills what it can and then counts. Simulated fridges and
// counters sell, edit and give back money; worker processes run the fridge and
// the kiosk integrator on them and share one JetStream, which runs in a process
// of its own. Workers are killed at random with SIGKILL, paused with SIGSTOP
// for longer than the others wait for them, and the server is killed and left
// down for longer than it remembers message ids. At the end the versions of all
// purchases in the stream are compared with the ledgers: none may be lost, none
// doubled.
//
//	go run ./internal/crashtest -kills 200
//
// The exit code is 1 if the comparison fails, and with -late also if takeovers
// took too long, which a busy machine may do.
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

// roleEnv tells a child process what it is.
const roleEnv = "POS_CRASHTEST_ROLE"

const (
	roleServer = "server"
	roleWorker = "worker"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := start(ctx)
	if errors.Is(err, flag.ErrHelp) {
		return
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "crashtest:", err)
		os.Exit(1)
	}
}

func start(ctx context.Context) error {
	switch os.Getenv(roleEnv) {
	case roleServer:
		return serve(ctx, os.Stdin, os.Stdout)
	case roleWorker:
		return work(ctx, os.Stdin, os.Stdout)
	default:
		return run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	}
}

// options are what the flags say.
type options struct {
	kills    int
	workers  int
	accounts int
	seed     uint64
	ttl      time.Duration
	limit    time.Duration
	dir      string
	late     bool
	verbose  bool
}

func parse(args []string, stderr io.Writer) (options, error) {
	var o options
	fs := flag.NewFlagSet("crashtest", flag.ContinueOnError)
	fs.SetOutput(stderr)
	fs.IntVar(&o.kills, "kills", 20, "how many workers are killed")
	fs.IntVar(&o.workers, "workers", 3, "how many workers there are")
	fs.IntVar(&o.accounts, "accounts", 4, "accounts of each vendor")
	fs.Uint64Var(&o.seed, "seed", 1, "what happens; the moments vary")
	fs.DurationVar(&o.ttl, "ttl", 3*time.Second, "how long a silent worker counts as alive")
	fs.DurationVar(&o.limit, "for", time.Hour, "end the killing after this time, however often it happened")
	fs.StringVar(&o.dir, "dir", "", "where a directory for the stream is made and removed; empty means the usual place")
	fs.BoolVar(&o.late, "late", false, "fail if the p99 of takeovers is above the TTL and a second")
	fs.BoolVar(&o.verbose, "v", false, "show what the processes log")
	if err := fs.Parse(args); err != nil {
		return o, err
	}
	switch {
	case fs.NArg() > 0:
		return o, fmt.Errorf("unexpected argument %q", fs.Arg(0))
	case o.kills < 1 || o.workers < 2 || o.accounts < 1:
		return o, errors.New("-kills, -workers and -accounts must be at least 1, 2 and 1")
	case o.ttl < time.Second:
		return o, fmt.Errorf("-ttl %s is shorter than a second", o.ttl)
	case o.limit <= 0:
		return o, fmt.Errorf("-for %s is not positive", o.limit)
	}
	return o, nil
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) (err error) {
	o, err := parse(args, stderr)
	if err != nil {
		return err
	}
	log := stderr
	if !o.verbose {
		log = io.Discard
	}
	c, err := open(ctx, o, log)
	if err != nil {
		return err
	}
	defer c.close()
	began := time.Now()
	if err := c.chaos(ctx); err != nil {
		return err
	}
	r, err := c.finish(ctx)
	if err != nil {
		return err
	}
	r.took = time.Since(began)
	return r.print(stdout)
}
