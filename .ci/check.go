//go:build ignore

// Check judges what the examples print. CI runs it as
//
//	go run .ci/check.go quickstart <result.json
//	go run .ci/check.go sandbox    <line.json
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"time"
)

func main() {
	checks := map[string]func() error{"quickstart": quickstart, "sandbox": sandbox}
	if len(os.Args) != 2 || checks[os.Args[1]] == nil {
		fmt.Fprintln(os.Stderr, "usage: check quickstart|sandbox")
		os.Exit(2)
	}
	if err := checks[os.Args[1]](); err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", os.Args[1], err)
		os.Exit(1)
	}
}

// quickstart wants both totals, and both zero.
func quickstart() error {
	var result struct {
		Lost    *int `json:"lost"`
		Doubled *int `json:"doubled"`
	}
	if err := json.NewDecoder(os.Stdin).Decode(&result); err != nil {
		return err
	}
	if result.Lost == nil || result.Doubled == nil {
		return errors.New("lost or doubled is missing")
	}
	fmt.Printf("lost %d, doubled %d\n", *result.Lost, *result.Doubled)
	if *result.Lost != 0 || *result.Doubled != 0 {
		return errors.New("not every sale was delivered exactly once")
	}
	return nil
}

// sandbox wants one JSON object, and a ledger from every fake in it.
func sandbox() error {
	var vendors map[string]struct {
		URL     string `json:"url"`
		Control string `json:"control"`
	}
	if err := json.NewDecoder(os.Stdin).Decode(&vendors); err != nil {
		return err
	}
	if len(vendors) == 0 {
		return errors.New("no vendor is served")
	}
	client := http.Client{Timeout: 10 * time.Second}
	for name, v := range vendors {
		res, err := client.Get(v.Control + "/ledger")
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		res.Body.Close()
		if res.StatusCode != http.StatusOK {
			return fmt.Errorf("%s: ledger: %s", name, res.Status)
		}
		fmt.Println(name, "serves at", v.URL)
	}
	return nil
}
