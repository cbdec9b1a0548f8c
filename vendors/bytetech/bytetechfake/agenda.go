package bytetechfake

import (
	"container/heap"
	"time"
)

// agenda is what will happen by itself, earliest first; what is due at the
// same time happens in the order of scheduling.
type agenda struct {
	items appointments
	count int
}

type appointment struct {
	at    time.Time
	order int
	run   func()
}

func (a *agenda) add(at time.Time, run func()) {
	a.count++
	heap.Push(&a.items, appointment{at, a.count, run})
}

// next takes the first appointment that is due at now.
func (a *agenda) next(now time.Time) (appointment, bool) {
	if len(a.items) == 0 || a.items[0].at.After(now) {
		return appointment{}, false
	}
	return heap.Pop(&a.items).(appointment), true
}

type appointments []appointment

func (h appointments) Len() int { return len(h) }
func (h appointments) Less(i, j int) bool {
	if h[i].at.Equal(h[j].at) {
		return h[i].order < h[j].order
	}
	return h[i].at.Before(h[j].at)
}
func (h appointments) Swap(i, j int) { h[i], h[j] = h[j], h[i] }

// Push implements heap.Interface.
func (h *appointments) Push(x any) { *h = append(*h, x.(appointment)) }

// Pop implements heap.Interface.
func (h *appointments) Pop() any {
	old := *h
	last := old[len(old)-1]
	*h = old[:len(old)-1]
	return last
}
