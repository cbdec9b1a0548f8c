package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/nats-io/nats.go"
	natsjs "github.com/nats-io/nats.go/jetstream"

	"github.com/farmacyfoods/pointofsale/events/jetstream"
)

// serverConfig is what the server process reads from its standard input.
type serverConfig struct {
	Dir    string        `json:"dir"`
	Listen string        `json:"listen"`
	Window time.Duration `json:"window"`
}

// message is a line that a process prints for its parent.
type message struct {
	Ready   string    `json:"ready,omitempty"` // address or URL
	Account string    `json:"account,omitempty"`
	Owned   bool      `json:"owned,omitempty"`
	Lost    bool      `json:"lost,omitempty"`
	Polled  bool      `json:"polled,omitempty"` // at At, for the first time since it is owned
	Stale   bool      `json:"stale,omitempty"`  // a commit was refused
	Change  *change   `json:"change,omitempty"`
	At      time.Time `json:"at"`
}

// serve runs the stream until it is killed or the parent is gone.
func serve(ctx context.Context, stdin io.Reader, stdout io.Writer) error {
	var cfg serverConfig
	in := json.NewDecoder(stdin)
	if err := in.Decode(&cfg); err != nil {
		return err
	}
	s, err := jetstream.Open(ctx, jetstream.Config{Dir: cfg.Dir, Listen: cfg.Listen})
	if err != nil {
		return err
	}
	defer func() { _ = s.Close() }()
	if err := shorten(ctx, s.URL(), cfg.Window); err != nil {
		return err
	}
	if err := json.NewEncoder(stdout).Encode(message{Ready: s.URL(), At: time.Now()}); err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, stdin)
	return err
}

// shorten sets how long the server remembers message ids, so that an outage
// need not last for minutes to be longer.
func shorten(ctx context.Context, url string, window time.Duration) error {
	nc, err := nats.Connect(url)
	if err != nil {
		return err
	}
	defer nc.Close()
	js, err := natsjs.New(nc)
	if err != nil {
		return err
	}
	st, err := js.Stream(ctx, "POS")
	if err != nil {
		return err
	}
	c := st.CachedInfo().Config
	c.Duplicates = window
	if _, err := js.UpdateStream(ctx, c); err != nil {
		return fmt.Errorf("duplicate window: %w", err)
	}
	return nil
}
