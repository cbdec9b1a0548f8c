// Command matrix writes the table of vendors and jobs into README.md, from
// the descriptions that every vendor's tests keep in
// vendors/<vendor>/testdata/capabilities.json.
//
// It is run by go generate at the root of the module; -check only reports
// whether the table is up to date.
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/farmacyfoods/pointofsale/pos"
)

func main() {
	root := flag.String("root", ".", "directory of the module")
	check := flag.Bool("check", false, "report a stale table instead of writing it")
	flag.Parse()
	if err := run(*root, *check); err != nil {
		fmt.Fprintln(os.Stderr, "matrix:", err)
		os.Exit(1)
	}
}

const (
	begin = "<!-- matrix: written by go generate -->\n"
	end   = "<!-- matrix end -->\n"
)

func run(root string, check bool) error {
	vendors, err := load(root)
	if err != nil {
		return err
	}
	path := filepath.Join(root, "README.md")
	old, err := os.ReadFile(path) //nolint:gosec // the caller names the module
	if err != nil {
		return err
	}
	fresh, err := replace(old, table(vendors))
	switch {
	case err != nil:
		return err
	case bytes.Equal(old, fresh):
		return nil
	case check:
		return errors.New("the table in README.md is stale: run go generate")
	}
	return os.WriteFile(path, fresh, 0o644) //nolint:gosec // a public document
}

// load reads the descriptions, ordered by directory.
func load(root string) ([]pos.Description, error) {
	files, err := filepath.Glob(filepath.Join(root, "vendors", "*", "testdata", "capabilities.json"))
	if err != nil {
		return nil, err
	}
	var vendors []pos.Description
	for _, f := range files {
		data, err := os.ReadFile(f) //nolint:gosec // a file of the module
		if err != nil {
			return nil, err
		}
		var d pos.Description
		if err := json.Unmarshal(data, &d); err != nil {
			return nil, fmt.Errorf("%s: %w", f, err)
		}
		vendors = append(vendors, d)
	}
	return vendors, nil
}

// replace puts the table between the markers.
func replace(readme []byte, table string) ([]byte, error) {
	head, rest, ok := bytes.Cut(readme, []byte(begin))
	if !ok {
		return nil, errors.New("README.md has no " + strings.TrimSpace(begin))
	}
	_, tail, ok := bytes.Cut(rest, []byte(end))
	if !ok {
		return nil, errors.New("README.md has no " + strings.TrimSpace(end))
	}
	return fmt.Appendf(nil, "%s%s%s%s%s", head, begin, table, end, tail), nil
}

func table(vendors []pos.Description) string {
	var b, notes strings.Builder
	b.WriteString("| System |")
	for _, j := range pos.Jobs() {
		fmt.Fprintf(&b, " %s |", j)
	}
	b.WriteString(" notices |\n|---|" + strings.Repeat("---|", len(pos.Jobs())+1) + "\n")
	n := 0
	for _, v := range vendors {
		fmt.Fprintf(&b, "| %s (`vendors/%s`) |", v.Product, v.Vendor)
		cells := make([]pos.Support, 0, len(pos.Jobs())+1)
		for _, j := range pos.Jobs() {
			cells = append(cells, v.Capabilities.Job(j))
		}
		for i, s := range append(cells, v.Capabilities.Webhooks.Support) {
			fmt.Fprintf(&b, " %s", s.Level)
			if s.Why != "" {
				n++
				fmt.Fprintf(&b, " [%d]", n)
				fmt.Fprintf(&notes, "%d. %s, %s: %s.", n, v.Product, columns()[i], strings.TrimSuffix(s.Why, "."))
				if s.Nearest != "" {
					fmt.Fprintf(&notes, " Nearest: %s.", strings.TrimSuffix(s.Nearest, "."))
				}
				notes.WriteString("\n")
			}
			b.WriteString(" |")
		}
		b.WriteString("\n")
	}
	if notes.Len() > 0 {
		b.WriteString("\n" + notes.String())
	}
	return b.String()
}

func columns() []string {
	var names []string
	for _, j := range pos.Jobs() {
		names = append(names, string(j))
	}
	return append(names, "notices")
}
