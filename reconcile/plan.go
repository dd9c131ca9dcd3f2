package reconcile

import (
	"encoding/json"
	"time"
)

// FormatVersion is the version of the plan's JSON. A plan of another version is
// refused rather than guessed at.
const FormatVersion = 1

// Plan is what would be done to an account, and why. It is data: it can be
// saved, read back, compared and reviewed, and apply does what it says and
// nothing else. The order of its fields is the order of the JSON keys, which is
// a promise.
type Plan struct {
	FormatVersion int `json:"format_version"`
	// Digest names the decision: it covers everything but itself, when the plan
	// was made (CreatedAt, Live.ReadAt), with what (Tool), and Run.
	Digest    string      `json:"digest"`
	CreatedAt time.Time   `json:"created_at"`
	Tool      string      `json:"tool"`
	AccountID string      `json:"account_id"`
	Desired   DesiredInfo `json:"desired"`
	Live      LiveInfo    `json:"live"`
	Summary   Summary     `json:"summary"`
	Changes   []Change    `json:"changes"`
	Findings  []Finding   `json:"findings"`
	Limit     Limit       `json:"limit"`
	Money     Money       `json:"money"`
	Activity  *Activity   `json:"activity"`
	Returns   *Returns    `json:"returns"`
	Run       *Run        `json:"run,omitempty"`
}

// DesiredInfo says which files a plan was made from.
type DesiredInfo struct {
	Files  []string `json:"files"`
	SHA256 string   `json:"sha256"`
	// Commit is the git commit of the files, with "-dirty" when they differ from
	// it, or empty when it is not known.
	Commit string `json:"commit"`
	Users  int    `json:"users"`
}

// LiveInfo says which present a plan was made from.
type LiveInfo struct {
	Users        int       `json:"users"`
	AccessSeats  int       `json:"access_seats"`
	GatewaySeats int       `json:"gateway_seats"`
	SeatsUsed    int       `json:"seats_used"`
	ReadAt       time.Time `json:"read_at"`
	SHA256       string    `json:"sha256"`
}

// Summary counts the changes that will be carried out by kind, and all the
// others as held. SeatsAfter and the cost leave held ones as they are.
type Summary struct {
	Release           int        `json:"release"`
	Narrow            int        `json:"narrow"`
	Grant             int        `json:"grant"`
	Rename            int        `json:"rename"`
	Held              int        `json:"held"`
	Unchanged         int        `json:"unchanged"`
	SeatsAfter        int        `json:"seats_after"`
	Calls             CallCounts `json:"calls"`
	MonthlyCostBefore Amount     `json:"monthly_cost_before"`
	MonthlyCostAfter  Amount     `json:"monthly_cost_after"`
	Currency          string     `json:"currency"`
}

// Pending is the number of changes that will be carried out.
func (s Summary) Pending() int { return s.Release + s.Narrow + s.Grant + s.Rename }

// CallCounts are the writing requests that a plan takes.
type CallCounts struct {
	Patch int `json:"patch"`
	Put   int `json:"put"`
}

// Kind is what a change does.
type Kind string

// The kinds of change.
const (
	// Release ends with both flags false: the seat is freed.
	Release Kind = "release"
	// Narrow takes one flag away; the other stays true.
	Narrow Kind = "narrow"
	// Grant makes a flag true that was false.
	Grant Kind = "grant"
	// Rename changes the user's name.
	Rename Kind = "rename"
)

// Kinds lists the kinds in the order in which reports show them.
func Kinds() []Kind { return []Kind{Release, Narrow, Grant, Rename} }

// Reason is the rule that asks for a change.
type Reason string

// The reasons for a change.
const (
	// Listed: the file says so.
	Listed Reason = "listed"
	// Expired: the user's `until` has passed.
	Expired Reason = "expired"
	// Unlisted: no file lists the seat holder, and policy.unlisted is release.
	Unlisted Reason = "unlisted"
	// Inactive: policy.inactive found no sign of activity for too long.
	Inactive Reason = "inactive"
)

// Hold is why a change is not carried out. The zero value means that it is.
type Hold string

// The holds, in the order in which they are looked for; a change shows the
// first that applies.
const (
	// HeldAmbiguous: several live users, or seats, could be meant.
	HeldAmbiguous Hold = "ambiguous"
	// HeldNoSeat: the user has no seat record, which only a login makes.
	HeldNoSeat Hold = "no-seat"
	// HeldFlagUnknown: the API did not tell a flag that the change needs.
	HeldFlagUnknown Hold = "flag-unknown"
	// HeldGrantsNever: policy.grants is never.
	HeldGrantsNever Hold = "grants-never"
	// HeldProtected: policy.protected names the user.
	HeldProtected Hold = "protected"
	// HeldExempt: the user is exempt from the rule.
	HeldExempt Hold = "exempt"
	// HeldActivityUnknown: a sign of activity may exist that cannot be read.
	HeldActivityUnknown Hold = "activity-unknown"
	// HeldLimit: more seats would be released than policy.limits allows.
	HeldLimit Hold = "limit"
)

// MarshalJSON writes null for a change that is carried out.
func (h Hold) MarshalJSON() ([]byte, error) {
	if h == "" {
		return []byte("null"), nil
	}
	return json.Marshal(string(h))
}

// State is what of a user a change is about.
type State struct {
	AccessSeat  Flag   `json:"access_seat"`
	GatewaySeat Flag   `json:"gateway_seat"`
	Name        string `json:"name"`
}

// Change is one difference between the file and the account.
type Change struct {
	Kind    Kind   `json:"kind"`
	Email   string `json:"email"`
	UserID  string `json:"user_id"`
	SeatUID string `json:"seat_uid"`
	Before  State  `json:"before"`
	After   State  `json:"after"`
	Reason  Reason `json:"reason"`
	// Because is the reason in a sentence for people.
	Because  string   `json:"because"`
	Evidence Evidence `json:"evidence"`
	// Source is the line of the file that asks for the change: the user's, or
	// the policy's.
	Source Position `json:"source"`
	Held   Hold     `json:"held"`
	// HeldBecause is the hold in a sentence for people; empty when not held.
	HeldBecause string `json:"held_because,omitempty"`
	// Exemption is the user's exemption in the file, when it holds the change.
	Exemption *Exemption `json:"exemption,omitempty"`

	// entry is the desired user behind the change; nil when no file lists them.
	entry *DesiredUser
	// doubts are what Diff noticed and Judge holds the change for.
	doubts doubts
}

// WillBeDone reports whether apply carries the change out.
func (c *Change) WillBeDone() bool { return c.Held == "" }

// IsSeatChange reports whether the change is written with PATCH seats.
func (c *Change) IsSeatChange() bool { return c.Kind != Rename }

// TakesAway reports whether someone has less after the change than before.
func (c *Change) TakesAway() bool {
	return c.IsSeatChange() &&
		(c.Before.AccessSeat != False && c.After.AccessSeat == False ||
			c.Before.GatewaySeat != False && c.After.GatewaySeat == False)
}

// Evidence is what a decision about a user rests on. A moment that the API did
// not tell, or that cannot be read, is null; the names of the latter are in
// Unreadable.
type Evidence struct {
	LastSuccessfulLogin Moment   `json:"last_successful_login"`
	DeviceLastSeen      Moment   `json:"device_last_seen"`
	CreatedAt           Moment   `json:"created_at"`
	Unreadable          []string `json:"unreadable,omitempty"`
}

// Exemption keeps a user from a rule for some time.
type Exemption struct {
	// From is the rule: "inactive".
	From string `json:"from"`
	// Until is the last day on which it holds.
	Until  Date   `json:"until"`
	Owner  string `json:"owner"`
	Reason string `json:"reason"`
}

// Position is a place in a file. Column is 1-based and not part of the plan.
type Position struct {
	File   string `json:"file"`
	Line   int    `json:"line"`
	Column int    `json:"-"`
}

// IsZero reports whether the position names no place.
func (p Position) IsZero() bool { return p.File == "" && p.Line == 0 }

// Severity is how much a finding matters.
type Severity string

// The severities.
const (
	SeverityInfo    Severity = "info"
	SeverityWarning Severity = "warning"
	SeverityError   Severity = "error"
)

// Code names a kind of finding.
type Code string

// The codes of findings.
const (
	CodeUnknownUser         Code = "unknown-user"
	CodeAmbiguousUser       Code = "ambiguous-user"
	CodeNoSeatRecord        Code = "no-seat-record"
	CodeNotice              Code = "notice"
	CodeLimitExceeded       Code = "limit-exceeded"
	CodeSeatsExhaustedSoon  Code = "seats-exhausted-soon"
	CodeExemptionEnding     Code = "exemption-ending"
	CodeLowerPurchased      Code = "lower-purchased"
	CodeDeviceEvidence      Code = "device-evidence-missing"
	CodeUnlistedUser        Code = "unlisted-user"
	CodeReturned            Code = "returned"
	CodeNarrowUndocumented  Code = "narrow-undocumented"
	CodeFlagUnknown         Code = "flag-unknown"
	CodeSharedSeat          Code = "shared-seat"
	CodeRevertNotGuaranteed Code = "revert-not-guaranteed"
)

// Finding is something that people should know and that changes nothing.
type Finding struct {
	Severity Severity `json:"severity"`
	Code     Code     `json:"code"`
	Message  string   `json:"message"`
	// Email is the user whom the finding is about; empty when it is about none.
	Email string `json:"email"`
	// Source is null when no line of a file is behind the finding.
	Source *Position `json:"source"`
}

// Limit is the most seats that a run may release, and whether it was tripped.
type Limit struct {
	// Releases is the most seats that this run may release.
	Releases int `json:"releases"`
	// Wanted is the number of releases that nothing but the limit would hold.
	Wanted int `json:"wanted"`
	// Tripped is true when the run releases nobody because of the limit.
	Tripped bool `json:"tripped"`
	// From says where the limit comes from, for people: "25% of 1500 seats".
	From string `json:"from"`
}

// Money is what the seats cost. Amounts are exact decimals in Summary.Currency,
// and null where the file names no price; the same for counts of seats.
type Money struct {
	Price            Amount `json:"price"`
	Purchased        *int   `json:"purchased"`
	Free             *int   `json:"free"`
	FreeAfter        *int   `json:"free_after"`
	YearlyCostBefore Amount `json:"yearly_cost_before"`
	YearlyCostAfter  Amount `json:"yearly_cost_after"`
	// IdleHeldSeats counts the seats of people who are known to be inactive and
	// whose release is held.
	IdleHeldSeats       int    `json:"idle_held_seats"`
	IdleHeldMonthlyCost Amount `json:"idle_held_monthly_cost"`
	IdleHeldYearlyCost  Amount `json:"idle_held_yearly_cost"`
}

// Activity is the spread of days since the last sign of activity among those
// who hold a seat. It is null when the file has no rule about inactivity.
type Activity struct {
	// AfterDays is the threshold of the rule, NeverAfterDays that for people
	// who never logged in (0: no such rule), NoticeDays the notice.
	AfterDays      int `json:"after_days"`
	NeverAfterDays int `json:"never_after_days"`
	NoticeDays     int `json:"notice_days"`
	// BucketDays is the width of a bucket, Buckets the number of people in each,
	// from the most recent; the last bucket also holds everyone older.
	BucketDays int   `json:"bucket_days"`
	Buckets    []int `json:"buckets"`
	// Never counts those without any sign, Unknown those whose sign cannot be read.
	Never   int `json:"never"`
	Unknown int `json:"unknown"`
}

// Returns says how many of the people whose seat was released came back. It is
// null when no recorded run released a seat lately.
type Returns struct {
	// Days is how far back releases are counted, and how soon someone must come
	// back to be counted.
	Days     int `json:"days"`
	Released int `json:"released"`
	Returned int `json:"returned"`
	// Share is Returned of Released, as a percentage with one decimal: "7.5%".
	Share string `json:"share"`
}

// Run is what happened when a plan was applied.
type Run struct {
	ID         string    `json:"id"`
	StartedAt  time.Time `json:"started_at"`
	FinishedAt time.Time `json:"finished_at"`
	Outcomes   []Outcome `json:"outcomes"`
	Calls      RunCalls  `json:"calls"`
	// Stopped says why the run ended before everything was tried; empty when it
	// did not.
	Stopped string `json:"stopped,omitempty"`
}

// Outcome is what became of one change.
type Outcome struct {
	// Change is the index in Plan.Changes.
	Change int    `json:"change"`
	Status Status `json:"status"`
	// Error says why the status is not applied; empty when it is.
	Error string `json:"error,omitempty"`
}

// Status is what became of a change that was to be carried out.
type Status string

// The statuses of an outcome.
const (
	// Applied: the API's answer shows the new state.
	Applied Status = "applied"
	// NotTaken: the API answered success, but its answer still shows the old state.
	NotTaken Status = "not-taken"
	// Failed: the API refused, or its answer could not be had.
	Failed Status = "failed"
	// Stale: the user's state has moved since the plan was made; nothing was written.
	Stale Status = "stale"
	// NotReached: the run ended before the change was tried; nothing was written.
	NotReached Status = "not-reached"
)

// RunCalls counts the requests of a run.
type RunCalls struct {
	Get       int `json:"get"`
	Patch     int `json:"patch"`
	Put       int `json:"put"`
	Retries   int `json:"retries"`
	Throttled int `json:"throttled"`
}

// Count returns how many outcomes have the status.
func (r *Run) Count(status Status) int {
	count := 0
	for _, outcome := range r.Outcomes {
		if outcome.Status == status {
			count++
		}
	}
	return count
}
