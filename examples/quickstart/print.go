package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/farmacyfoods/pointofsale/fridge"
	"github.com/farmacyfoods/pointofsale/pos"
)

// printer writes for people: with a line that moves on a terminal, and only
// lines that stay into a pipe. In JSON mode it prints nothing but the end.
type printer struct {
	w        io.Writer
	json     io.Writer
	terminal bool
	last     string // newest fault
}

func newPrinter(w io.Writer, terminal, onlyJSON bool) *printer {
	if onlyJSON {
		return &printer{w: io.Discard, json: w}
	}
	return &printer{w: w, terminal: terminal}
}

func (p *printer) line(format string, args ...any) {
	if p.terminal {
		_, _ = io.WriteString(p.w, "\r\033[K")
	}
	_, _ = fmt.Fprintf(p.w, format+"\n", args...)
}

func (p *printer) phase(title string) { p.line("\n%s", title) }

func (p *printer) fault(what string) { p.last = what }

// width is that of a terminal, at least: a moving line must not be longer.
const width = 79

// progress is the moving line.
func (p *printer) progress(at time.Duration, t tally, delivered, retries int) {
	if p.terminal {
		text := []rune(fmt.Sprintf("  %4.1fs  sold %d  refunded %d  edited %d  delivered %d  retries %d  %s",
			at.Seconds(), t.sales, t.refunds, t.edits, delivered, retries, p.last))
		_, _ = io.WriteString(p.w, "\r\033[K"+string(text[:min(len(text), width)]))
	}
}

func (p *printer) business(t tally) {
	p.line("  %d sales (%d of them sent late by offline tills), %d refunds, %d edits, %d voids, %d faults injected",
		t.sales, t.late, t.refunds, t.edits, t.voids, t.faults)
}

// push prints what became of a push at one system. Why something is refused is
// told with the plan: what cannot be done is known before anything is sent.
func (p *printer) push(s *system, job pos.Job, plan bool, reports []fridge.Report) {
	r, found := reportOf(s, reports)
	if !found {
		p.line("  %-18s refuses: it has no %s", s.name, job)
		if support := s.provider.Describe().Capabilities.Job(job); plan {
			p.reason("all", support.Why, support.Nearest)
		}
		return
	}
	verb := map[bool]string{true: "would send", false: "sent"}[plan]
	var counts []string
	for _, a := range []pos.Action{pos.Created, pos.Updated, pos.Unchanged, pos.Withdrawn, pos.Pending, pos.Refused, pos.Failed} {
		if n := r.Count(a); n > 0 {
			counts = append(counts, fmt.Sprintf("%d %s", n, a))
		}
	}
	p.line("  %-18s %s %d writes: %s", s.name, verb, r.Writes, strings.Join(counts, ", "))
	for _, o := range r.Outcomes {
		if o.Err != nil && (plan || o.Action != pos.Refused) {
			p.outcome(o)
		}
	}
}

// outcome tells why an item was refused or failed.
func (p *printer) outcome(o pos.Outcome) {
	var ps pos.Problems
	if !errors.As(o.Err, &ps) {
		p.reason(o.Item, o.Err.Error(), "")
	}
	told := map[string]bool{}
	for _, problem := range ps {
		if !told[problem.Reason] {
			told[problem.Reason] = true
			p.reason(o.Item, problem.Reason, problem.Nearest)
		}
	}
}

func (p *printer) reason(item, why, nearest string) {
	if nearest != "" {
		why += "; nearest: " + nearest
	}
	p.line("  %-18s   %s: %s", "", item, why)
}

// report prints the end.
func (p *printer) report(r summary, asJSON bool) error {
	if asJSON {
		return r.writeJSON(p)
	}
	p.phase("What the points of sale say, and what was delivered")
	tw := tabwriter.NewWriter(p.w, 0, 4, 2, ' ', 0)
	_, _ = fmt.Fprintln(tw, "  POINT OF SALE\tSTATUS\tSTOCK\tFIRST EXPIRY\tSALES\tREVENUE\tREFUNDED\tDELIVERED\tLOST\tDOUBLED\tWRONG")
	for _, s := range r.PointsOfSale {
		_, _ = fmt.Fprintf(tw, "  %s %s\t%s\t%s\t%s\t%d\t%s\t%s\t%d\t%d\t%d\t%d\n", s.System, s.Name, s.Status, s.Stock, s.FirstExpiry,
			s.Sales, s.Revenue, s.Refunded, s.Delivered, s.Lost, s.Doubled, s.Wrong)
	}
	if err := tw.Flush(); err != nil {
		return err
	}
	for _, f := range r.Findings {
		p.line("  %s", f)
	}
	p.line("\n%d events (%d repeated), %d vendor calls, %d retries, %d hand-overs to the inventory service",
		r.Events, r.Repeated, r.Calls, r.Retries, r.HandOvers)
	p.line("lost %d, doubled %d, wrong %d", r.Lost, r.Doubled, r.Wrong)
	return nil
}

func (r *summary) writeJSON(p *printer) error {
	enc := json.NewEncoder(p.json)
	enc.SetIndent("", "  ")
	return enc.Encode(r)
}
