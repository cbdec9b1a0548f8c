// Command kiosk-integrator is a deployable service around the Kiosk Integrator:
// it serves accounts of Square, Oracle MICROS Simphony and QuickBooks Online as
// one YAML file says. Without a file it serves a simulated Square seller.
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

	"github.com/farmacyfoods/pointofsale/kiosk"

	"example.com/integrator/service"
	"example.com/integrator/settings"
)

const name = "kiosk-integrator"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintf(os.Stderr, "%s: %v\n", name, err)
		os.Exit(1)
	}
}

// run serves until ctx ends.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	flags, err := service.ParseFlags(name, args, stderr)
	if err != nil {
		return err
	}
	ctx, cancel := flags.Context(ctx)
	defer cancel()
	if flags.Config == "" {
		return simulate(ctx, stdout, stderr)
	}
	cfg, err := load(flags.Config, os.LookupEnv)
	if err != nil || flags.Check {
		return err
	}
	return serve(ctx, cfg, stdout, stderr, nil)
}

// serve runs the integrator, and trade beside it.
func serve(ctx context.Context, cfg config, stdout, stderr io.Writer, trade func(context.Context, *service.Service)) (err error) {
	s, err := service.Open(ctx, name, cfg.Config, stdout, stderr)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	var ps settings.Problems
	accounts := cfg.open(s.Options, &ps)
	if err := ps.Err(); err != nil {
		return err
	}
	k, err := kiosk.New(kiosk.Config{
		Accounts:   accounts,
		Journal:    s.Stream,
		Subscriber: s.Stream,
		Cluster:    s.Stream,
		Inventory:  s.Inventory,
		Schedule:   kiosk.Schedule(cfg.Schedule),
		Objectives: kiosk.Objectives(cfg.Objectives),
		Drain:      cfg.Drain,
		Logger:     s.Log,
		Observer:   observer(s.Telemetry),
		Silence:    cfg.Silence,
	})
	if err != nil {
		return err
	}
	return s.Run(ctx, k, trade)
}

func observer(t *service.Telemetry) kiosk.Observer {
	return kiosk.Observer{
		Poll:    func(i kiosk.PollInfo) { t.Poll(i.Origin, i.Job, i.Late, i.Duration, i.Rows, i.Err) },
		Commit:  func(i kiosk.CommitInfo) { t.Commit(i.Origin, i.Events, i.Duration, i.Err) },
		Notice:  func(i kiosk.NoticeInfo) { t.Notice(i.Origin, i.Notice.Job, i.Fresh) },
		Push:    func(i kiosk.PushInfo) { t.Push(i.Origin, i.Job, i.Duration, i.Report, i.Err) },
		Owner:   func(i kiosk.OwnerInfo) { t.Owner(i.Origin, i.Owned) },
		Lag:     t.Lag,
		Visible: func(i kiosk.VisibleInfo) { t.Visible(i.Origin, i.Job, i.Took) },
		Begin: func(ctx context.Context, i kiosk.Span) (context.Context, func(error)) {
			return t.Begin(ctx, i.Name, i.Origin, i.Parent)
		},
		TraceParent: t.TraceParent,
	}
}
