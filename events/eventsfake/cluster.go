package eventsfake

import (
	"context"
	"maps"
	"slices"
	"sync"

	"github.com/farmacyfoods/pointofsale/events"
)

// Cluster is an [events.Cluster] of members in one process. The zero value is
// ready to use; all methods are safe for concurrent use.
type Cluster struct {
	mu     sync.Mutex
	groups map[string]map[string]*clusterMember
}

var _ events.Cluster = (*Cluster)(nil)

type clusterMember struct {
	mute bool
	wake chan struct{}
}

// Join implements [events.Cluster].
func (c *Cluster) Join(ctx context.Context, group, member string, changed func([]string)) {
	m := &clusterMember{wake: make(chan struct{}, 1)}
	c.update(group, func(members map[string]*clusterMember) { members[member] = m })
	defer c.update(group, func(members map[string]*clusterMember) { delete(members, member) })
	var told []string
	for first := true; ; first = false {
		select {
		case <-ctx.Done():
			return
		case <-m.wake:
		}
		if now := c.view(group, m); first || !slices.Equal(now, told) {
			changed(now)
			told = now
		}
	}
}

// Mute makes a member look dead, to the others and to itself, or alive again.
func (c *Cluster) Mute(group, member string, mute bool) {
	c.update(group, func(members map[string]*clusterMember) {
		if m := members[member]; m != nil {
			m.mute = mute
		}
	})
}

// Members lists who is in a group and not mute, in order.
func (c *Cluster) Members(group string) []string { return c.view(group, nil) }

func (c *Cluster) update(group string, change func(map[string]*clusterMember)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.groups == nil {
		c.groups = make(map[string]map[string]*clusterMember)
	}
	if c.groups[group] == nil {
		c.groups[group] = make(map[string]*clusterMember)
	}
	change(c.groups[group])
	for _, m := range c.groups[group] {
		select {
		case m.wake <- struct{}{}:
		default:
		}
	}
}

// view is what a member sees; nil sees all who are not mute.
func (c *Cluster) view(group string, of *clusterMember) []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if of != nil && of.mute {
		return nil
	}
	var names []string
	for _, name := range slices.Sorted(maps.Keys(c.groups[group])) {
		if !c.groups[group][name].mute {
			names = append(names, name)
		}
	}
	return names
}
