package service

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"time"

	"example.com/integrator/settings"
)

// Flags are those of every service.
type Flags struct {
	Config string
	Check  bool
	For    time.Duration
}

// ParseFlags reads the command line.
func ParseFlags(name string, args []string, stderr io.Writer) (Flags, error) {
	var f Flags
	set := flag.NewFlagSet(name, flag.ContinueOnError)
	set.SetOutput(stderr)
	set.StringVar(&f.Config, "config", "", "YAML file; without one, simulated points of sale are served from a temporary directory")
	set.BoolVar(&f.Check, "check", false, "check the configuration, and end")
	set.DurationVar(&f.For, "for", 0, "end after this time; 0 runs until a signal comes")
	if err := set.Parse(args); err != nil {
		return f, err
	}
	switch {
	case set.NArg() > 0:
		return f, fmt.Errorf("unexpected argument %q", set.Arg(0))
	case f.For < 0:
		return f, fmt.Errorf("-for %s is negative", f.For)
	case f.Check && f.Config == "":
		return f, errors.New("-check needs -config")
	}
	return f, nil
}

// Context ends after Flags.For.
func (f Flags) Context(ctx context.Context) (context.Context, context.CancelFunc) {
	if f.For == 0 {
		return context.WithCancel(ctx)
	}
	return context.WithTimeout(ctx, f.For)
}

// ReadFile reads a YAML file into the struct that cfg points to; lookup finds
// environment variables.
func ReadFile(path string, lookup func(string) (string, bool), cfg any) (settings.Problems, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return settings.Read(text, lookup, cfg), nil
}
