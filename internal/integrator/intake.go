package integrator

import (
	"context"
	"errors"
	"sync"

	"github.com/farmacyfoods/pointofsale/events"
	"github.com/farmacyfoods/pointofsale/pos"
)

// memoryIntake keeps callbacks in bounded queues, for journals that cannot. It
// refuses callbacks while a queue is full, and vendors send them again.
type memoryIntake struct {
	mu     sync.Mutex
	queues map[string]chan events.Callback
}

// intakeSize bounds the callbacks that wait in a queue in memory.
const intakeSize = 1024

func newMemoryIntake() *memoryIntake {
	return &memoryIntake{queues: make(map[string]chan events.Callback)}
}

var errIntakeFull = &pos.Error{Op: "Intake.PutCallback", Kind: pos.KindUnavailable, Err: errors.New("too many callbacks are waiting")}

func (m *memoryIntake) queue(name string) chan events.Callback {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.queues[name] == nil {
		m.queues[name] = make(chan events.Callback, intakeSize)
	}
	return m.queues[name]
}

// PutCallback implements [events.Intake].
func (m *memoryIntake) PutCallback(_ context.Context, queue string, c events.Callback) error {
	select {
	case m.queue(queue) <- c:
		return nil
	default:
		return errIntakeFull
	}
}

// TakeCallbacks implements [events.Intake].
func (m *memoryIntake) TakeCallbacks(ctx context.Context, queue string, h func(context.Context, events.Callback) error) error {
	for q := m.queue(queue); ; {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case c := <-q:
			for pause := newBackoff(); h(ctx, c) != nil; {
				if err := sleep(ctx, pause.NextBackOff()); err != nil {
					return err
				}
			}
		}
	}
}
