package kit

import "time"

// Observer is told what happens on the way to a vendor. Every field may be
// nil; a nil Observer costs nothing. The functions are called from many
// goroutines and must return quickly. Nothing they get holds a secret.
type Observer struct {
	// Call is called after each attempt.
	Call func(CallInfo)
	// Wait is called after an attempt had to wait for the rate budget.
	Wait func(WaitInfo)
	// Retry is called before an attempt is repeated.
	Retry func(RetryInfo)
	// Token is called when an access token was refreshed or could not be, and
	// when the authorization behind it ends soon.
	Token func(TokenInfo)
	// Deprecated is called once for each operation whose answer announces that
	// it will go away.
	Deprecated func(DeprecationInfo)
}

// CallInfo is one attempt of a call.
type CallInfo struct {
	Vendor, Op, Location string
	Method               string
	// Path has neither host nor query.
	Path string
	// Attempt counts from 1.
	Attempt int
	// Status is 0 if no answer came.
	Status int
	// Duration ends with the header of the answer.
	Duration  time.Duration
	RequestID string
	Err       error
}

// WaitInfo is a wait for the rate budget.
type WaitInfo struct {
	Vendor, Op string
	Wait       time.Duration
}

// RetryInfo announces that an attempt will be repeated after a delay.
type RetryInfo struct {
	Vendor, Op string
	// Attempt is the one that failed, counted from 1.
	Attempt int
	Delay   time.Duration
	Err     error
}

// TokenInfo is what became of a token.
type TokenInfo struct {
	Vendor string
	// Key is the key in the store.
	Key   string
	Event TokenEvent
	// Expires is the end of the access token, with TokenExpiring that of the
	// authorization.
	Expires time.Time
	Err     error
}

// TokenEvent names what happened to a token.
type TokenEvent string

// The events of tokens.
const (
	TokenRefreshed TokenEvent = "refreshed" // the vendor issued a new one
	TokenAdopted   TokenEvent = "adopted"   // another process had refreshed it
	TokenFailed    TokenEvent = "failed"    // it could not be refreshed, see Err
	TokenUnsaved   TokenEvent = "unsaved"   // a new one could not be stored, see Err
	TokenExpiring  TokenEvent = "expiring"  // it cannot be refreshed for much longer: somebody must authorize again
)

// DeprecationInfo says that a vendor announced the end of an operation.
type DeprecationInfo struct {
	Vendor, Op string
	// Since is when it was deprecated, Sunset when it will stop to work; zero
	// where the vendor does not tell.
	Since, Sunset time.Time
	// Link documents the change; Reason is the vendor's wording.
	Link, Reason string
}

func (o *Observer) call(i CallInfo) {
	if o != nil && o.Call != nil {
		o.Call(i)
	}
}

func (o *Observer) wait(i WaitInfo) {
	if o != nil && o.Wait != nil {
		o.Wait(i)
	}
}

func (o *Observer) retry(i RetryInfo) {
	if o != nil && o.Retry != nil {
		o.Retry(i)
	}
}

func (o *Observer) token(i TokenInfo) {
	if o != nil && o.Token != nil {
		o.Token(i)
	}
}

func (o *Observer) deprecated(i DeprecationInfo) {
	if o != nil && o.Deprecated != nil {
		o.Deprecated(i)
	}
}
