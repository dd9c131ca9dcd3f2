package sandbox

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

// The two accounts of every sandbox, with the identifiers of the examples in Cloudflare's documentation.
const (
	// MainAccount holds as many people as Options.Users says.
	MainAccount = "023e105f4ecef8ad9ca31a8372d0c353"
	// SmallAccount holds a dozen.
	SmallAccount = "699d98642c564d2e855e9661899b7252"
)

// BasePath is where Handler serves the API, as in https://api.cloudflare.com/client/v4.
const BasePath = "/client/v4"

// Operation names something the API can do.
type Operation string

// The operations, by the words that faults, Options.Deny and counters use.
const (
	OperationUsers   Operation = "users"   // list users
	OperationDevices Operation = "devices" // list physical devices; in faults and Options.Deny, registrations too
	OperationSeats   Operation = "seats"   // update seats
	OperationRename  Operation = "rename"  // update a user
	OperationVerify  Operation = "verify"  // verify a token, a user's or an account's
)

// OperationRegistrations lists registrations. The permission for it is the one to read devices.
const OperationRegistrations Operation = "registrations"

// The operations that show settings of the account, each optional.
const (
	OperationOrganization  Operation = "organization"  // show the organization
	OperationProviders     Operation = "providers"     // list identity providers
	OperationSubscriptions Operation = "subscriptions" // list subscriptions
)

// isOptional reports whether the operation shows settings that nothing rests on.
func (o Operation) isOptional() bool {
	return o == OperationOrganization || o == OperationProviders || o == OperationSubscriptions
}

// covers reports whether a fault or a denial of the operation applies to another.
func (o Operation) covers(other Operation) bool {
	return o == other || o == OperationDevices && other == OperationRegistrations
}

// Operations returns all operations.
func Operations() []Operation {
	return []Operation{
		OperationUsers, OperationDevices, OperationSeats, OperationRename, OperationVerify, OperationRegistrations,
		OperationOrganization, OperationProviders, OperationSubscriptions,
	}
}

// ParseOperation returns the operation of that name.
func ParseOperation(text string) (Operation, error) {
	if slices.Contains(Operations(), Operation(text)) {
		return Operation(text), nil
	}
	return "", fmt.Errorf("unknown operation %q: use one of %s", text, words(Operations()))
}

// Options say what a sandbox is like. The zero value is a sound default.
type Options struct {
	// Users is the number of people in the main account; 0 means 200. The cast comes first.
	Users int
	// Seed chooses the people who are not in the cast. The same seed and clock give the same people.
	Seed int64
	// Now is the clock of the data: all dates are relative to what it says when the sandbox is made, and changes are
	// dated by it. Nil means time.Now.
	Now func() time.Time

	// MaxPerPage is the most items on a page, whatever was asked for; 0 means 1,000.
	MaxPerPage int
	// PatchLimit is the most seats in one PATCH; 0 means any number. The real limit is unknown.
	PatchLimit int
	// PatchLimitStatus answers a PATCH beyond the limit: 413, which 0 means, or 400.
	PatchLimitStatus int
	// Seats says what a PATCH does where no source says what the real one does.
	Seats SeatBehaviour
	// Registrations says how registrations name their users where no source says how the real ones do.
	Registrations RegistrationBehaviour
	// Settings are what else the main account says about its seats, and the small one too.
	Settings Settings

	// Tokens are the API tokens that are accepted, and Keys the legacy API keys by email address. Where neither says
	// anything, all that is well formed is accepted; where either does, nothing else is.
	Tokens []string
	Keys   map[string]string
	// InvalidTokens are API tokens that are refused with 401 and 1000.
	InvalidTokens []string
	// TokenStatus is what verifying a token says; empty means active.
	TokenStatus string
	// Deny are the operations that the credentials have no permission for: 403 and 10000.
	Deny []Operation

	// Quota limits requests; nil means 1,200 in five minutes, as for a token of the real API.
	Quota *Quota
	// Latency is how long every request takes at least.
	Latency time.Duration
	// Faults are the things that go wrong. The first that applies to a request is the one that happens.
	Faults []Fault

	// OnRequest is called for every request before anything else happens to it, and may use every method of the
	// sandbox. It is called from many goroutines at once.
	OnRequest func(Request)
	// RequestLog is how many requests Requests remembers; 0 means 10,000.
	RequestLog int
}

// Quota is how many requests each token or key may make.
type Quota struct {
	// Requests in one window; 0 means any number, and responses carry no quota headers then.
	Requests int
	// Window is how long the count goes on before it starts again; 0 means five minutes.
	Window time.Duration
	// Now is the clock of the window; nil means time.Now. It is not Options.Now because that may stand still.
	Now func() time.Time
}

// SeatBehaviour sets what Cloudflare's documentation of PATCH seats leaves open. The zero value is the likeliest.
type SeatBehaviour struct {
	// BadItem says what happens when a PATCH names a seat that does not exist, or one of Bad.
	BadItem BadItem
	// Bad are seats whose change never succeeds, although they exist.
	Bad []string
	// Grant says what happens when a flag that is false should become true. By default the response shows the old
	// state, because seats are taken by logging in.
	Grant Change
	// Narrow says what happens when one of two flags should become false. By default it does.
	Narrow Change
}

// RegistrationBehaviour sets what the documentation of registrations leaves open. The zero value is the likeliest.
type RegistrationBehaviour struct {
	// ForeignIDs gives the users of registrations other identifiers than the list of users does; their addresses stay.
	ForeignIDs bool
	// FilterIgnored answers a request for the registrations of one user with those of everybody.
	FilterIgnored bool
	// WithoutUser leaves the user out of every registration.
	WithoutUser bool
}

// BadItem is what a PATCH does about an item that cannot be carried out.
type BadItem string

const (
	// BadItemReject refuses the whole array with 400 and changes nothing. It is the default.
	BadItemReject BadItem = "reject"
	// BadItemSkip carries out the other items and leaves this one out of the response.
	BadItemSkip BadItem = "skip"
	// BadItemOld carries out the other items and answers this one with the state it has; the flags of a seat that does
	// not exist are null.
	BadItemOld BadItem = "old"
)

// Change says whether a change that may or may not be possible is.
type Change string

const (
	// ChangeTaken carries the change out.
	ChangeTaken Change = "taken"
	// ChangeNotTaken reports success with the old state.
	ChangeNotTaken Change = "not-taken"
	// ChangeFreesSeat, of a Narrow, takes the other half as well.
	ChangeFreesSeat Change = "frees-seat"
)

// withDefaults returns the behaviour with every default filled in, or what is wrong with it.
func (b SeatBehaviour) withDefaults() (SeatBehaviour, error) {
	b.BadItem = cmp.Or(b.BadItem, BadItemReject)
	b.Grant = cmp.Or(b.Grant, ChangeNotTaken)
	b.Narrow = cmp.Or(b.Narrow, ChangeTaken)
	if all := []BadItem{BadItemReject, BadItemSkip, BadItemOld}; !slices.Contains(all, b.BadItem) {
		return b, fmt.Errorf("unknown treatment of bad items %q: use one of %s", b.BadItem, words(all))
	}
	all := []Change{ChangeTaken, ChangeNotTaken, ChangeFreesSeat}
	if grants := all[:2]; !slices.Contains(grants, b.Grant) {
		return b, fmt.Errorf("unknown treatment of a grant %q: use one of %s", b.Grant, words(grants))
	}
	if !slices.Contains(all, b.Narrow) {
		return b, fmt.Errorf("unknown treatment of a narrow %q: use one of %s", b.Narrow, words(all))
	}
	return b, nil
}

// withDefaults returns the options with every default filled in, or what is wrong with them.
func (o Options) withDefaults() (Options, error) {
	for _, number := range []struct {
		name  string
		value int
	}{
		{"users", o.Users}, {"max per page", o.MaxPerPage}, {"patch limit", o.PatchLimit}, {"request log", o.RequestLog},
	} {
		if number.value < 0 {
			return o, fmt.Errorf("sandbox: %s is %d: use 0 for the default, or more", number.name, number.value)
		}
	}
	for _, operation := range o.Deny {
		if _, err := ParseOperation(string(operation)); err != nil {
			return o, fmt.Errorf("sandbox: deny: %w", err)
		}
	}
	for _, fault := range o.Faults {
		if err := fault.check(); err != nil {
			return o, fmt.Errorf("sandbox: fault %v: %w", fault, err)
		}
	}
	switch o.PatchLimitStatus {
	case 0:
		o.PatchLimitStatus = 413
	case 400, 413:
	default:
		return o, fmt.Errorf("sandbox: patch limit status is %d: use 400 or 413", o.PatchLimitStatus)
	}
	seats, err := o.Seats.withDefaults()
	if err != nil {
		return o, fmt.Errorf("sandbox: seats: %w", err)
	}
	o.Seats = seats
	if o.Settings, err = o.Settings.withDefaults(); err != nil {
		return o, fmt.Errorf("sandbox: %w", err)
	}
	o.Users = cmp.Or(o.Users, 200)
	o.MaxPerPage = cmp.Or(o.MaxPerPage, 1000)
	o.RequestLog = cmp.Or(o.RequestLog, 10_000)
	o.TokenStatus = cmp.Or(o.TokenStatus, "active")
	if o.Now == nil {
		o.Now = time.Now
	}
	quota := Quota{Requests: 1200}
	if o.Quota != nil {
		quota = *o.Quota
	}
	quota.Window = cmp.Or(quota.Window, 5*time.Minute)
	if quota.Now == nil {
		quota.Now = time.Now
	}
	o.Quota = &quota
	return o, nil
}

// words lists names for the message of an error.
func words[T ~string](names []T) string {
	text := make([]string, len(names))
	for i, name := range names {
		text[i] = string(name)
	}
	return strings.Join(text, ", ")
}
