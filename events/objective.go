package events

import (
	"strconv"
	"time"
)

// What objectives can be set for.
const (
	// ObjectiveLag is how far behind now the purchases are.
	ObjectiveLag = "purchases.lag"
	// ObjectiveCallbacks is for how long the oldest callback has been waiting.
	ObjectiveCallbacks = "callbacks.waiting"
	// ObjectivePush is for how long the oldest command is without its last
	// outcome.
	ObjectivePush = "push.pending"
)

// Objective is the payload of events about an account that falls behind what
// was set for it, or keeps up again.
type Objective struct {
	Origin
	// Name is "purchases.lag", "callbacks.waiting" or "push.pending".
	Name string `json:"name"`
	// Part tells the parts of an account apart that several replicas share.
	Part int `json:"part,omitempty"`
	// LimitSeconds was set, ObservedSeconds was found.
	LimitSeconds    int64 `json:"limit_seconds"`
	ObservedSeconds int64 `json:"observed_seconds"`
	// Since is when the limit was passed; both events of an episode have it.
	Since time.Time `json:"since"`
}

// NewObjective builds the event of type [TypeObjectiveBreached] or
// [TypeObjectiveRecovered].
func NewObjective(typ string, o Origin, p Objective, at time.Time) Event {
	p.Origin = o
	return o.event(typ, "", at, p, "objective", typ, p.Name, strconv.Itoa(p.Part), stamp(p.Since))
}
