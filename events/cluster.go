package events

import "context"

// Cluster tells the replicas of a service of each other, so that each of them
// can compute who does what. Nobody leads and nothing is locked.
//
// Two replicas may disagree for a moment. What they write is kept apart by the
// revisions of a [Journal]; a Cluster only keeps them from doing work twice.
type Cluster interface {
	// Join makes this process a member of the group until ctx ends, and calls
	// changed with the names of all members, in order: at first, and whenever
	// somebody comes or goes. Calls come one at a time and must return soon.
	//
	// A member that gives no sign of life for some seconds is gone. One that
	// cannot give signs gets an empty list before the others miss it, and must
	// stop then. Join returns when ctx has ended; the others learn of it at
	// once.
	Join(ctx context.Context, group, member string, changed func(members []string))
}
