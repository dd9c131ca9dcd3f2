package reconcile

import (
	"encoding/json"
	"strings"
)

// The vocabulary of plans and runs. Every word is listed once, here, in the order
// in which people are shown it and with the sentence that explains it; metrics,
// pages, reports and the history range over these lists.

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

// Reason is the rule that asks for a change.
type Reason string

// The reasons for a change.
const (
	// Listed: the file says so.
	Listed Reason = "listed"
	// Expired: the user's `until` has passed.
	Expired Reason = "expired"
	// Departed: the roster says that the user no longer works here.
	Departed Reason = "departed"
	// Unlisted: no file lists the seat holder, and policy.unlisted is release.
	Unlisted Reason = "unlisted"
	// Inactive: policy.inactive found no sign of activity for too long.
	Inactive Reason = "inactive"
	// Reverted: it restores what an earlier run changed.
	Reverted Reason = "reverted"
)

// Hold is why a change is not carried out. The zero value means that it is.
type Hold string

// The holds. A change shows the first that applies, in the order of [Plan]'s rules.
const (
	// HeldAmbiguous: several live users, or seats, could be meant.
	HeldAmbiguous Hold = "ambiguous"
	// HeldRenamed: the user looks like someone in the files whose address is not in the account.
	HeldRenamed Hold = "renamed"
	// HeldNoSeat: the user has no seat record, which only a login makes.
	HeldNoSeat Hold = "no-seat"
	// HeldFlagUnknown: the API did not return a flag that the change needs.
	HeldFlagUnknown Hold = "flag-unknown"
	// HeldGrantsNever: policy.grants is never.
	HeldGrantsNever Hold = "grants-never"
	// HeldProtected: policy.protected, or the group of the user, keeps them.
	HeldProtected Hold = "protected"
	// HeldExempt: the user is exempt from the rule.
	HeldExempt Hold = "exempt"
	// HeldGroupUnknown: a group of the roster that may be the user's keeps the seat.
	HeldGroupUnknown Hold = "group-unknown"
	// HeldActivityUnknown: a sign of activity may exist that cannot be read.
	HeldActivityUnknown Hold = "activity-unknown"
	// HeldFreesSeat: taking half of a seat has freed a whole one on this account.
	HeldFreesSeat Hold = "frees-seat"
	// HeldNotAnnounced: no recorded run named the user early enough.
	HeldNotAnnounced Hold = "not-announced"
	// HeldTooManyReturned: too many of the people released lately came back.
	HeldTooManyReturned Hold = "too-many-returned"
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

// Mode is what a run does.
type Mode string

// The modes of a run.
const (
	// ModeDryRun plans and writes nothing.
	ModeDryRun Mode = "dry-run"
	// ModeApply plans and applies.
	ModeApply Mode = "apply"
)

// Status is what became of a change that was to be carried out.
type Status string

// The statuses of an outcome.
const (
	// Applied: the API's response shows the new state.
	Applied Status = "applied"
	// NotTaken: the API reported success, but its response still shows the old state.
	NotTaken Status = "not-taken"
	// Failed: the API refused, or its response could not be had.
	Failed Status = "failed"
	// Stale: the user's state has moved since the plan was made; nothing was written.
	Stale Status = "stale"
	// NotReached: the run ended before the change was tried; nothing was written.
	NotReached Status = "not-reached"
)

// Result is how a run ended.
type Result string

// The results of a run.
const (
	// ResultDone: everything that was to be done was done.
	ResultDone Result = "done"
	// ResultNotTaken: everything was tried, and the API's responses still show the
	// old state for some of it.
	ResultNotTaken Result = "not-taken"
	// ResultHeld: a limit held releases back; everything else was done.
	ResultHeld Result = "held"
	// ResultPartial: at least one change failed, went stale or was not reached.
	ResultPartial Result = "partial"
	// ResultFailed: the run ended with an error before anything was written.
	ResultFailed Result = "failed"
	// ResultKilled: the run never said that it ended.
	ResultKilled Result = "killed"
	// ResultRunning: the run has not ended and its process holds the lock.
	ResultRunning Result = "running"
	// ResultSkipped: the run did not begin because the one before was still going;
	// it has no record.
	ResultSkipped Result = "skipped"
)

// Severity is how much a finding matters.
type Severity string

// The severities, the least first.
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
	CodeExemptionEnded      Code = "exemption-ended"
	CodeLowerPurchased      Code = "lower-purchased"
	CodeDeviceEvidence      Code = "device-evidence-missing"
	CodeUnlistedUser        Code = "unlisted-user"
	CodeReturned            Code = "returned"
	CodeNarrowUndocumented  Code = "narrow-undocumented"
	CodeFlagUnknown         Code = "flag-unknown"
	CodeSharedSeat          Code = "shared-seat"
	CodeRevertNotGuaranteed Code = "revert-not-guaranteed"
	CodePatternUnused       Code = "pattern-matches-nobody"
	CodeSeatExpiration      Code = "seat-expiration-on"
	CodeSCIMDeprovision     Code = "scim-deprovision-on"
	CodeLicenseDiffers      Code = "license-differs"
	CodeNoHistory           Code = "no-history"
	CodeRosterUnmatched     Code = "roster-unmatched"
	CodeDepartedUser        Code = "departed-user"
	CodeBudgetExceededSoon  Code = "budget-exceeded-soon"
	CodeBudgetUnknown       Code = "budget-unknown"
)

// term is a word with the sentence that explains it.
type term[T ~string] struct {
	word     T
	sentence string
}

var kinds = [...]term[Kind]{
	{Release, "both flags end false: the seat is freed"},
	{Narrow, "one flag ends false, the other stays true"},
	{Grant, "a flag becomes true that was false"},
	{Rename, "the user gets another name"},
}

var reasons = [...]term[Reason]{
	{Listed, "the file says so"},
	{Expired, "the user's last day in the file has passed"},
	{Departed, "the roster says that the user no longer works here"},
	{Unlisted, "no file lists the seat holder"},
	{Inactive, "no sign of activity for too long"},
	{Reverted, "it restores what an earlier run changed"},
}

// The holds that someone can do something about come first, and the limits before all.
var holds = [...]term[Hold]{
	{HeldLimit, "more seats would be released than policy.limits allows"},
	{HeldTooManyReturned, "too many of the people released lately came back"},
	{HeldNotAnnounced, "no recorded run announced the release early enough"},
	{HeldFreesSeat, "taking half of a seat has freed a whole one on this account"},
	{HeldRenamed, "the user may be someone in the files whose address has changed"},
	{HeldAmbiguous, "several live users or seats could be meant"},
	{HeldGroupUnknown, "a group that may be the user's, as far as the roster says, keeps the seat"},
	{HeldActivityUnknown, "there may be a sign of activity that could not be read"},
	{HeldFlagUnknown, "the API did not return a flag that the change needs"},
	{HeldNoSeat, "the user has no seat record, which only a login makes"},
	{HeldGrantsNever, "policy.grants is never"},
	{HeldProtected, "the policy protects the user"},
	{HeldExempt, "the file exempts the user from the rule"},
}

var statuses = [...]term[Status]{
	{Applied, "the API's response shows the new state"},
	{Failed, "the API refused, or its response could not be had"},
	{NotTaken, "the API reported success and still shows the old state"},
	{Stale, "the user has changed since the plan was made, so nothing was written"},
	{NotReached, "the run ended before the change was tried, so nothing was written"},
}

var results = [...]term[Result]{
	{ResultDone, "everything that was to be done was done"},
	{ResultNotTaken, "everything was tried, and the API still shows the old state for some of it"},
	{ResultHeld, "a limit held releases back; everything else was done"},
	{ResultPartial, "at least one change failed, went stale or was not reached"},
	{ResultFailed, "the run ended with an error before anything was written"},
	{ResultKilled, "the run never said that it ended"},
	{ResultRunning, "the run has not ended"},
	{ResultSkipped, "the run did not begin because the one before was still going"},
}

var codes = [...]term[Code]{
	{CodeLimitExceeded, "more seats would be released than policy.limits allows"},
	{CodeNoHistory, "a rule needs run records, and there are none"},
	{CodeSeatsExhaustedSoon, "too few purchased seats are free"},
	{CodeBudgetExceededSoon, "the monthly bill will pass the budget"},
	{CodeBudgetUnknown, "no price says what the budget pays for"},
	{CodeLicenseDiffers, "the file and the subscription say different things"},
	{CodeLowerPurchased, "seats are paid for and not used"},
	{CodeDeviceEvidence, "devices could not be read"},
	{CodeFlagUnknown, "the API did not return whether a seat is in use"},
	{CodeReturned, "people whose seat was released hold one again"},
	{CodeSeatExpiration, "the account's own expiration removes people, whatever the file says"},
	{CodeSCIMDeprovision, "an identity provider removes people, whatever the file says"},
	{CodePatternUnused, "a pattern in the policy matches nobody in the account"},
	{CodeRosterUnmatched, "the roster does not list everybody who holds a seat"},
	{CodeDepartedUser, "the roster says that a seat holder no longer works here"},
	{CodeUnknownUser, "the file lists someone who is not in the account"},
	{CodeAmbiguousUser, "several live users or entries could be meant"},
	{CodeNoSeatRecord, "the user has no seat record"},
	{CodeSharedSeat, "several live users have the same seat"},
	{CodeNotice, "a release for inactivity is due soon"},
	{CodeExemptionEnding, "an exemption ends soon"},
	{CodeExemptionEnded, "an exemption has ended and is still in the file"},
	{CodeUnlistedUser, "someone holds a seat, and no file lists them"},
	{CodeNarrowUndocumented, "what the API does with half of a seat is not documented"},
	{CodeRevertNotGuaranteed, "not everything that a run changed can be restored"},
}

// Kinds lists the kinds of change.
func Kinds() []Kind { return words(kinds[:]) }

// Reasons lists the reasons in the order in which they are looked for.
func Reasons() []Reason { return words(reasons[:]) }

// Holds lists the holds, those that someone can do something about first.
func Holds() []Hold { return words(holds[:]) }

// Modes lists what a run can do.
func Modes() []Mode { return []Mode{ModeDryRun, ModeApply} }

// Statuses lists what can become of a change.
func Statuses() []Status { return words(statuses[:]) }

// Results lists how a run can end.
func Results() []Result { return words(results[:]) }

// Severities lists the severities, the least first.
func Severities() []Severity { return []Severity{SeverityInfo, SeverityWarning, SeverityError} }

// Codes lists the codes of findings.
func Codes() []Code { return words(codes[:]) }

// Sentence says what a change of the kind does.
func (k Kind) Sentence() string { return explain(kinds[:], k) }

// Doing names so many changes of the kind that are to be made: "release 2 seats".
func (k Kind) Doing(n int) string {
	if k == Rename {
		return "rename " + Count(n, "user")
	}
	return string(k) + " " + Count(n, "seat")
}

// Sentence explains the reason in general; a change says more in Because.
func (r Reason) Sentence() string { return explain(reasons[:], r) }

// Sentence explains the hold in general; a change says more in HeldBecause.
func (h Hold) Sentence() string { return explain(holds[:], h) }

// IsLimit reports whether a limit of the policy holds the change, which somebody may lift
// for a run.
func (h Hold) IsLimit() bool { return h == HeldLimit || h == HeldTooManyReturned }

// Sentence explains the status.
func (s Status) Sentence() string { return explain(statuses[:], s) }

// Sentence explains the result.
func (r Result) Sentence() string { return explain(results[:], r) }

// Sentence explains what findings with the code are about.
func (c Code) Sentence() string { return explain(codes[:], c) }

// IsSuccess reports whether a run did what it was to do. A limit that held
// releases back did its work, and so did an API that gives seats by login alone:
// people are told, but nothing is broken.
func (r Result) IsSuccess() bool {
	return r == ResultDone || r == ResultHeld || r == ResultNotTaken
}

// Label is the status as people read it: "not taken".
func (s Status) Label() string { return strings.ReplaceAll(string(s), "-", " ") }

// words returns the words of a table.
func words[T ~string](table []term[T]) []T {
	list := make([]T, len(table))
	for i := range table {
		list[i] = table[i].word
	}
	return list
}

// explain returns the sentence for a word, "" for one that this version does not know.
func explain[T ~string](table []term[T], word T) string {
	for i := range table {
		if table[i].word == word {
			return table[i].sentence
		}
	}
	return ""
}
