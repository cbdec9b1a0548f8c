package quickbooksfake

import "time"

// window counts what happened in the last span of time.
type window struct{ times []time.Time }

// take counts a request unless there were limit already.
func (w *window) take(now time.Time, span time.Duration, limit int) bool {
	for len(w.times) > 0 && now.Sub(w.times[0]) >= span {
		w.times = w.times[1:]
	}
	if len(w.times) >= limit {
		return false
	}
	w.times = append(w.times, now)
	return true
}

// load is how much is asked of the company.
type load struct {
	minute, second, batches window
	month                   string
	reads                   int
}

// admit applies the request limits, if they are on, and counts metered reads.
func (l *load) admit(cfg Config, now time.Time, batch, read bool) error {
	if cfg.Limits && (!l.second.take(now, time.Second, 10) || !l.minute.take(now, time.Minute, 500) ||
		batch && !l.batches.take(now, time.Minute, 40)) {
		return throttled()
	}
	if !read {
		return nil
	}
	if month := now.Format("2006-01"); month != l.month {
		l.month, l.reads = month, 0
	}
	if cfg.ReadQuota > 0 && l.reads >= cfg.ReadQuota {
		return throttled()
	}
	l.reads++
	return nil
}

// MeteredReads counts the metered reads of the present calendar month: reads,
// queries and change data capture, also those inside batches.
func (f *Fake) MeteredReads() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.load.reads
}

// CloseCompany makes the company refuse every request with a code: 6190 when
// the subscription has lapsed, 120 when the user has lost access, 3100 when the
// application has. An empty code opens it again.
func (f *Fake) CloseCompany(code string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.closed = code
}
