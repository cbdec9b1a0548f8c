package bytetechfake

import (
	"fmt"
	"maps"
	"slices"
	"time"
)

// Restock puts n packages of a product into a fridge, as one lot, and returns
// the id of the session; while the fridge is offline it is not known yet and
// empty. A zero time of stocking means now; an earlier one brings the expiry
// forward.
func (f *Fake) Restock(location, sku string, n int, stockedAt time.Time) (id string, err error) {
	defer f.begin()()
	k, err := f.find(location)
	if err != nil {
		return "", err
	}
	p := f.product(sku)
	if p == nil || n <= 0 {
		return "", fmt.Errorf("bytetechfake: restock of %d x %q", n, sku)
	}
	if stockedAt.IsZero() {
		stockedAt = f.now
	}
	k.do(func() { id = f.stock(k, p, n, milliseconds(stockedAt)).id })
	return id, nil
}

// Remove takes n packages out without a sale, the oldest first. The reason is
// expired, moved, damaged or other.
func (f *Fake) Remove(location, sku string, n int, reason string) error {
	if !slices.Contains([]string{"expired", "moved", "damaged", "other"}, reason) {
		return fmt.Errorf("bytetechfake: no reason %q of a removal", reason)
	}
	defer f.begin()()
	k, tags, err := f.tagsOf(location, sku, inStock, n)
	if err != nil {
		return err
	}
	k.do(func() { f.unstock(k, tags[0].product, tags, reason) })
	return nil
}

// TagMissing hides n packages from the antennas, as metal lids do: the count
// drops although nothing was sold.
func (f *Fake) TagMissing(location, sku string, n int) error {
	return f.flicker(location, sku, n, inStock, missing)
}

// TagBack lets the antennas see n hidden packages again.
func (f *Fake) TagBack(location, sku string, n int) error {
	return f.flicker(location, sku, n, missing, inStock)
}

func (f *Fake) flicker(location, sku string, n int, from, to string) error {
	defer f.begin()()
	k, tags, err := f.tagsOf(location, sku, from, n)
	if err != nil {
		return err
	}
	k.do(func() {
		for _, t := range tags {
			if t.state != from {
				continue
			}
			t.state = to
			if to == inStock {
				t.seen = f.now
			}
		}
		f.scan(k, "heartbeat", tags[0].product)
	})
	return nil
}

// tagsOf finds n packages of a product in a state.
func (f *Fake) tagsOf(location, sku, state string, n int) (*kiosk, []*tag, error) {
	k, err := f.find(location)
	if err != nil {
		return nil, nil, err
	}
	var out []*tag
	if p := f.product(sku); p != nil {
		if s, ok := k.stock.get(p.id); ok {
			for _, t := range s.tags {
				if t.state == state && !t.taken {
					out = append(out, t)
				}
			}
		}
	}
	if n <= 0 || len(out) < n {
		return nil, nil, fmt.Errorf("bytetechfake: %s has %d tags of %q that are %s, not %d", location, len(out), sku, state, n)
	}
	return k, out[:n], nil
}

// reports changes what the fridge reports with its next heartbeats.
func (f *Fake) reports(location string, set func(*kiosk)) error {
	defer f.begin()()
	k, err := f.find(location)
	if err != nil {
		return err
	}
	set(k)
	f.watch(k)
	return nil
}

// SetTemperature fixes the store temperature in °F; nil lets the fridge
// regulate it again. The cloud learns of it with the next heartbeat.
func (f *Fake) SetTemperature(location string, fahrenheit *float64) error {
	return f.reports(location, func(k *kiosk) { k.heat.set(f.now, fahrenheit) })
}

// SetRFIDError breaks or repairs the RFID reader.
func (f *Fake) SetRFIDError(location string, broken bool) error {
	return f.reports(location, func(k *kiosk) { k.blind.set(f.now, broken) })
}

// SetAntenna fixes the tag reads of one antenna (1 to 8); fewer than 100 hint
// at a fault.
func (f *Fake) SetAntenna(location string, index, reads int) error {
	if index < 1 || index > antennas || reads < 0 {
		return fmt.Errorf("bytetechfake: antenna %d with %d reads", index, reads)
	}
	return f.reports(location, func(k *kiosk) {
		weak := maps.Clone(k.weak.at(f.now))
		if weak == nil {
			weak = map[int]int{}
		}
		weak[index] = reads
		k.weak.set(f.now, weak)
	})
}

// SetOutOfOrder gives the fridge an out-of-order code; an empty one puts it
// back into service.
func (f *Fake) SetOutOfOrder(location, code string) error {
	return f.reports(location, func(k *kiosk) { k.oos.set(f.now, code) })
}

// SetHeartbeats stops or resumes the heartbeats alone: sales still arrive. An
// offline fridge resumes them when it is back.
func (f *Fake) SetHeartbeats(location string, beating bool) error {
	return f.reports(location, func(k *kiosk) { k.beat(f.now, beating && k.connected) })
}

// Restart reboots the fridge: it sends a heartbeat at once, and for its first
// ten minutes it reports an RFID error, which is normal. An offline fridge
// restarts unnoticed.
func (f *Fake) Restart(location string) error {
	return f.reports(location, func(k *kiosk) {
		if !k.connected {
			return
		}
		k.beat(f.now, false)
		k.beat(f.now, true)
		k.blind.set(f.now, true)
		k.blind.set(f.now.Add(beatEvery), false)
	})
}

// SetDoor sets the state of the door (open, closed or unknown) and its lock,
// nil if the fridge cannot tell.
func (f *Fake) SetDoor(location, state string, locked *bool) error {
	if !slices.Contains([]string{"open", "closed", "unknown"}, state) {
		return fmt.Errorf("bytetechfake: no state %q of a door", state)
	}
	return f.reports(location, func(k *kiosk) { k.door = door{state, locked, f.now} })
}

// FailCapture lets the capture of a price_finalized sale fail: its state is
// error until Edit pays it.
func (f *Fake) FailCapture(id string) error {
	_, err := f.change(id, func(tx *transaction) error { return f.enter(tx, failed) })
	return err
}
