package reconcile

import (
	"slices"
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
	// was made (CreatedAt, Live.ReadAt), with what (Tool, BaseURL), and Run.
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
	// Groups has a row for each group of the file, in its order.
	Groups   []GroupShare `json:"groups"`
	Activity *Activity    `json:"activity"`
	Returns  *Returns     `json:"returns"`
	// CameBack are the people whose seat a recorded run freed and who hold one
	// again, each in the first plan that saw it.
	CameBack []CameBack `json:"came_back"`
	// WhatIf is what other thresholds of inactivity would free.
	WhatIf []WhatIf `json:"what_if"`
	// AccountName is what the file calls the account; empty when it does not say.
	AccountName string `json:"account_name"`
	// BaseURL is the API that the account was read from.
	BaseURL string `json:"base_url"`
	// Freeze is the window that held applies back when the plan was made; nil when
	// none did. FreezeWindows are all that the file has, for when the plan is
	// applied, and Timezone is theirs.
	Freeze        *Freeze  `json:"freeze"`
	FreezeWindows []Freeze `json:"freeze_windows"`
	Timezone      string   `json:"timezone"`
	// Base is what the plan was compared with; nil without one.
	Base *Base `json:"base,omitempty"`
	Run  *Run  `json:"run,omitempty"`
}

// DesiredInfo says which files a plan was made from.
type DesiredInfo struct {
	Files  []string `json:"files"`
	SHA256 string   `json:"sha256"`
	// Commit is the git commit of the files, with "-dirty" when they differ from
	// it, or empty when it is not known.
	Commit string `json:"commit"`
	Users  int    `json:"users"`
	// Roster is nil when the file names none.
	Roster *RosterInfo `json:"roster,omitempty"`
}

// RosterInfo says which roster a plan was made from.
type RosterInfo struct {
	File string `json:"file"`
	// Commit is the git commit that it was read at, or empty when it was read from
	// the folder.
	Commit string `json:"commit"`
	// AsOf is when it was true; null where that is not known.
	AsOf *time.Time `json:"as_of"`
	// People is how many people it names, and Gone how many of them no longer work here.
	People int `json:"people"`
	Gone   int `json:"gone"`
}

// LiveInfo says which state of the account a plan was made from.
type LiveInfo struct {
	Users        int       `json:"users"`
	AccessSeats  int       `json:"access_seats"`
	GatewaySeats int       `json:"gateway_seats"`
	SeatsUsed    int       `json:"seats_used"`
	ReadAt       time.Time `json:"read_at"`
	SHA256       string    `json:"sha256"`
	// Reads is how many requests it took to read it, each counted once however often it was
	// sent; 0 where nobody counted.
	Reads int `json:"reads,omitempty"`
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
func (s Summary) Pending() int {
	pending := 0
	for _, kind := range Kinds() {
		pending += *s.of(kind)
	}
	return pending
}

// CallCounts are the writing requests that a plan takes.
type CallCounts struct {
	Patch int `json:"patch"`
	Put   int `json:"put"`
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
	// Group is the name of the group that the user is in; empty for none.
	Group string `json:"group"`
	// Devices is how many registered devices a release signs out; nil for other
	// changes and when it is not known.
	Devices *int `json:"devices"`
	// HeldBecause is the hold in a sentence for people; empty when not held.
	HeldBecause string `json:"held_because,omitempty"`
	// Exemption is the user's exemption in the file, when it holds the change.
	Exemption *Exemption `json:"exemption,omitempty"`
	// New says whether the change is new beside the base of the plan; unknown
	// without one. Was is what the base has in the place of a new change, if anything.
	New Flag    `json:"new,omitempty"`
	Was *Change `json:"was,omitempty"`
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

// takesHalf reports whether the change takes half of a seat and leaves, or gives, the other.
func (c *Change) takesHalf() bool { return c.Kind == Narrow || c.isSwap() }

// isSwap reports whether a grant gives one half of the seat for the only other one.
func (c *Change) isSwap() bool { return c.Kind == Grant && c.TakesAway() }

// Evidence is what a decision about a user rests on. A moment that the API did
// not return, or that cannot be read, is null; the names of the latter are in
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

// hasEnded reports whether the last day of the exemption has passed.
func (e *Exemption) hasEnded(now time.Time, zone *time.Location) bool {
	return !now.Before(e.Until.End(zone))
}

// Position is a place in a file. Column is 1-based and not part of the plan.
type Position struct {
	File   string `json:"file"`
	Line   int    `json:"line"`
	Column int    `json:"-"`
}

// IsZero reports whether the position names no place.
func (p Position) IsZero() bool { return p.File == "" && p.Line == 0 }

// Finding is something that people should know and that changes nothing.
type Finding struct {
	Severity Severity `json:"severity"`
	Code     Code     `json:"code"`
	Message  string   `json:"message"`
	// Email is the user whom the finding is about; empty when it is about none.
	Email string `json:"email"`
	// Source is null when no line of a file is behind the finding.
	Source *Position `json:"source"`
	// New says whether the finding is new beside the base of the plan; unknown
	// without one.
	New Flag `json:"new,omitempty"`
}

// Limit is the most seats that a run may release, and whether it was tripped.
type Limit struct {
	// Releases is the most seats that this run may release.
	Releases int `json:"releases"`
	// Wanted is the number of changes that count and that nothing but a limit
	// would hold: releases, and what may free the whole seat; see [Limit.Counts].
	Wanted int `json:"wanted"`
	// Tripped is true when the limit of the run or that of a window held some back.
	Tripped bool `json:"tripped"`
	// From says where the limit comes from, for people: "25% of 1500 seats".
	From string `json:"from"`
	// Windows are the limits over all recorded runs of some days, this one included.
	Windows []Window `json:"windows"`
	// UnprovenNarrows is how many of the wanted changes are narrows, as long as none
	// has been seen to keep the other half on this account. The first of them goes
	// in a request of its own, before any other.
	UnprovenNarrows int `json:"unproven_narrows,omitempty"`
	// What follows lets a saved plan be held to the limits that it was made under.
	// Replaced is true where --allow-releases replaced every limit of the file, windows
	// and the limit on returns included.
	Replaced bool `json:"replaced,omitempty"`
	// Beyond is policy.limits.beyond, and Returned policy.limits.returned, "20%";
	// both are empty where the file has none.
	Beyond   BeyondPolicy `json:"beyond,omitempty"`
	Returned string       `json:"returned,omitempty"`
}

// IsLimited reports whether a limit held releases back, that on returns included.
func (p *Plan) IsLimited() bool {
	return p.Limit.Tripped || slices.ContainsFunc(p.Changes, func(c Change) bool { return c.Held == HeldTooManyReturned })
}

// Window is how many seats all runs of some days may release, and what they have.
type Window struct {
	Days int `json:"days"`
	// Allowed is the limit, and Used what earlier recorded runs took of it.
	Allowed int `json:"allowed"`
	Used    int `json:"used"`
	// Wanted is what this run wants.
	Wanted int `json:"wanted"`
	// Tripped is true where that is more than is left.
	Tripped bool `json:"tripped"`
	// Unknown is true where earlier runs may have taken more than Used, since the
	// record of one cannot be read.
	Unknown bool `json:"unknown,omitempty"`
}

// Money is what the seats cost. Amounts are exact decimals in Summary.Currency,
// and null where the file names no price; the same for counts of seats.
type Money struct {
	Price Amount `json:"price"`
	// GroupPrices are the prices of groups that have their own.
	GroupPrices      map[string]Amount `json:"group_prices,omitempty"`
	Purchased        *int              `json:"purchased"`
	Free             *int              `json:"free"`
	FreeAfter        *int              `json:"free_after"`
	YearlyCostBefore Amount            `json:"yearly_cost_before"`
	YearlyCostAfter  Amount            `json:"yearly_cost_after"`
	// Renews is when the purchased count can next be lowered; null when not known.
	Renews *Date `json:"renews"`
	// Budget is the most that the seats may cost in a month, and BudgetSeats the most
	// that may be in use; the file names at most one. BudgetExceededOn is the day on
	// which it is passed, and SeatsExhaustedOn that on which the last purchased seat is
	// taken, both at the present pace: today where that is so already, and null where it
	// is not in sight or cannot be said.
	Budget           Amount `json:"budget"`
	BudgetSeats      *int   `json:"budget_seats"`
	BudgetExceededOn *Date  `json:"budget_exceeded_on"`
	SeatsExhaustedOn *Date  `json:"seats_exhausted_on"`
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
	// Near and Past are, of each bucket, those who are due within the notice and those
	// who are inactive by the rule of their own group; empty in a file without groups,
	// where the thresholds say it.
	Near []int `json:"near,omitempty"`
	Past []int `json:"past,omitempty"`
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

// Applied returns the indexes of the changes that the plan's run applied; none
// before it has one. Outcomes of no change in the plan are passed over.
func (p *Plan) Applied() map[int]bool {
	applied := make(map[int]bool)
	if p.Run == nil {
		return applied
	}
	for _, outcome := range p.Run.Outcomes {
		if outcome.Status == Applied && outcome.Change >= 0 && outcome.Change < len(p.Changes) {
			applied[outcome.Change] = true
		}
	}
	return applied
}

// SeatsInUse counts the seats in use as far as the plan knows: those that were
// read, and what its run, if it has one, has changed since.
func (p *Plan) SeatsInUse() Seats {
	seats := Seats{Users: p.Live.Users, Used: p.Live.SeatsUsed, Access: p.Live.AccessSeats, Gateway: p.Live.GatewaySeats}
	for i := range p.Applied() {
		seats.add(p.Changes[i].After, 1)
		seats.add(p.Changes[i].Before, -1)
	}
	return seats
}
