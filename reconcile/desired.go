package reconcile

import (
	"math/big"
	"time"
)

// Desired is what the files in git say. It is only ever complete: when a file
// has a problem, there is no Desired at all.
type Desired struct {
	// Account is the file's account, the fallback for flag and environment; empty
	// when the file names none.
	Account string
	// AccountName is what people call the account; empty when the file gives none.
	AccountName string
	// TokenVariable is the environment variable that holds the API token of this
	// account, or with _FILE behind it the file that does; empty for the usual ones.
	TokenVariable string
	License       License
	// Roster says who works here; nil when the file names none.
	Roster *Roster
	Policy Policy
	// Groups are the people with a policy of their own. Someone is in the first that
	// they match.
	Groups   []Group
	Schedule []ScheduleEntry
	// Timezone is that of Schedule; UTC when the file names none.
	Timezone *time.Location
	// Users holds every user of every file, in the order of the files.
	Users []DesiredUser
	// Files are the files read, the first one first, as the user spelled them.
	Files []string
	// SHA256 is the digest of what the files contain.
	SHA256 string
}

// License holds facts about the subscription, for the money columns.
type License struct {
	// FromSubscription takes facts that the file does not give from the account's
	// subscription.
	FromSubscription bool
	// Purchased is the number of seats on the subscription; nil when not given.
	Purchased *int
	// Price is per seat and month; none when not given.
	Price Amount
	// Currency is printed as written.
	Currency string
	// Renews is when the purchased count can next be lowered; zero when not given.
	Renews Date
	// Budget is what the seats may cost in a month, and BudgetSeats how many may be in
	// use; the file gives one of them, or neither. BudgetAt is its line.
	Budget      Amount
	BudgetSeats *int
	BudgetAt    Position
}

// Policy holds the rules of the file.
type Policy struct {
	// Unlisted says what becomes of seat holders whom no file lists.
	Unlisted   HolderPolicy
	UnlistedAt Position
	// Departed says what becomes of seat holders of whom the roster says that they
	// are gone; empty is HolderReport.
	Departed   HolderPolicy
	DepartedAt Position
	Grants     GrantsPolicy
	// Inactive is nil when nobody is released for inactivity.
	Inactive  *InactivePolicy
	Protected []Glob
	// Releases is the limit of one run, and Windows are those of all runs within
	// some days. Beyond says what a run does that wants more.
	Releases ReleaseLimit
	Windows  []WindowLimit
	Beyond   BeyondPolicy
	// Returned is the percentage of the last 30 days' releases that may come back
	// before inactivity releases nobody; nil means 20.
	Returned   *big.Rat
	ReturnedAt Position
	// Freeze are the windows in which an apply is a dry run.
	Freeze []Freeze
}

// HolderPolicy says what becomes of seat holders whom no file lists, or of whom the
// roster says that they are gone.
type HolderPolicy string

// The values of policy.unlisted, whose default is HolderKeep, and of policy.departed,
// whose default is HolderReport.
const (
	HolderKeep    HolderPolicy = "keep"
	HolderReport  HolderPolicy = "report"
	HolderRelease HolderPolicy = "release"
)

// BeyondPolicy says what a run does that wants more releases than it may.
type BeyondPolicy string

// The values of policy.limits.beyond; the default is BeyondHold.
const (
	// BeyondHold: the run releases nobody.
	BeyondHold BeyondPolicy = "hold"
	// BeyondLongestIdle: as many as allowed, what the file names first, then the
	// longest idle.
	BeyondLongestIdle BeyondPolicy = "longest-idle"
)

// GrantsPolicy says what to do when a flag is desired true and live is false.
type GrantsPolicy string

// The values of policy.grants; the default is GrantsRequest.
const (
	GrantsRequest GrantsPolicy = "request"
	GrantsNever   GrantsPolicy = "never"
)

// InactivePolicy is the rule that releases people who show no sign of activity.
type InactivePolicy struct {
	// After is how long someone may go without a sign of activity.
	After   time.Duration
	AfterAt Position
	// NeverAfter is how old the record of someone who never logged in may be; 0
	// means that such people are left alone.
	NeverAfter   time.Duration
	NeverAfterAt Position
	// Notice is how long before their release people are reported as due.
	Notice time.Duration
	// Announced releases only whom a recorded run named at least Notice ago.
	Announced bool
}

// ScheduleEntry is one line of the schedule.
type ScheduleEntry struct {
	Cron string
	Mode Mode
	At   Position
}

// DesiredUser is one entry under users.
type DesiredUser struct {
	// Email is the key, as written; compare with [EmailKey].
	Email string
	// ID tells apart users that share an email; empty when it is not needed.
	ID string
	// Name is empty when the live name is to be left alone.
	Name string
	// AccessSeat and GatewaySeat are Unknown when the file does not speak of them.
	AccessSeat  Flag
	GatewaySeat Flag
	// Until is the last day of the seat; zero when it does not end.
	Until Date
	// Exempt is nil when every rule applies.
	Exempt *Exemption
	// File is the file that the entry is in, and Lines say where in it.
	File  string
	Lines EntryLines
}

// EntryLines are the lines of an entry's values, 0 for those it does not have,
// and the columns that problems found later are reported at.
type EntryLines struct {
	Entry, Email, Name, AccessSeat, GatewaySeat, Until, Exempt int32
	EmailColumn, ExemptColumn                                  int32
}

// Position returns the place of the entry.
func (u *DesiredUser) Position() Position { return u.At(u.Lines.Entry) }

// At returns a place in the entry's file, or the entry's own for line 0.
func (u *DesiredUser) At(line int32) Position {
	if line == 0 {
		line = u.Lines.Entry
	}
	return Position{File: u.File, Line: int(line)}
}

// isExpired reports whether the last day of the user's seat has passed.
func (u *DesiredUser) isExpired(now time.Time, zone *time.Location) bool {
	return !u.Until.IsZero() && !now.Before(u.Until.End(zone))
}

// exemptFrom returns the exemption from a rule, or nil. One that has ended goes on
// holding until someone corrects the file: a day that was forgotten takes no seat.
func (u *DesiredUser) exemptFrom(rule string) *Exemption {
	if u == nil || u.Exempt == nil || u.Exempt.From != rule {
		return nil
	}
	return u.Exempt
}
