package reconcile

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// JudgeOptions is what a judgement depends on besides the file and the account.
type JudgeOptions struct {
	// Now is the clock of every rule.
	Now time.Time
	// AllowReleases, when not nil, replaces the limit of the file for this run.
	AllowReleases *int
	// AllowEmpty lets policy.unlisted release act on a file that lists nobody.
	AllowEmpty bool
	// BatchSize is the number of seats in one request; 0 means DefaultBatchSize.
	BatchSize int
	// PastReleases are the seats that earlier runs released, for counting who
	// came back.
	PastReleases []PastRelease
	// Findings are added to those of the plan.
	Findings []Finding
	// Tool and Commit are written into the plan.
	Tool, Commit string
}

// RefusedError is a plan that is not made because it could only be a mistake.
type RefusedError struct{ Reason string }

// Error returns the reason.
func (e *RefusedError) Error() string { return e.Reason }

// MakePlan compares the file with the account and judges the result. It is
// [Diff] and [Judge] with the comparison done once.
func MakePlan(desired *Desired, live *Live, options JudgeOptions) (*Plan, error) {
	matched := match(desired, live)
	changes := diffPairs(matched.pairs, newDiffer(desired, live, options.Now))
	return judge(changes, matched, desired, live, options)
}

// Judge turns changes into a plan: it holds those that may not be done, adds what
// people should know, and counts seats and money. It returns a *[RefusedError]
// when the whole plan could only be a mistake. The changes themselves are not
// altered.
func Judge(changes []Change, desired *Desired, live *Live, options JudgeOptions) (*Plan, error) {
	return judge(append([]Change{}, changes...), match(desired, live), desired, live, options)
}

func judge(changes []Change, matched matching, desired *Desired, live *Live, options JudgeOptions) (*Plan, error) {
	if err := refuse(changes, desired, live, options); err != nil {
		return nil, err
	}
	doubtChanges(changes, matched)
	j := newJudgement(changes, matched, desired, live, options)
	seats := j.seats
	sortChanges(changes)
	for i := range changes {
		j.hold(&changes[i])
	}
	limit := j.holdForLimit(changes)
	plan := &Plan{
		FormatVersion: FormatVersion,
		CreatedAt:     options.Now.UTC().Truncate(time.Second),
		Tool:          options.Tool,
		AccountID:     live.AccountID,
		Desired: DesiredInfo{
			Files: desired.Files, SHA256: desired.SHA256, Commit: options.Commit, Users: len(desired.Users),
		},
		Live: LiveInfo{
			Users: seats.Users, AccessSeats: seats.Access, GatewaySeats: seats.Gateway, SeatsUsed: seats.Used,
			ReadAt: live.ReadAt.UTC().Truncate(time.Second), SHA256: fingerprint(matched.pairs),
		},
		Changes: changes,
		Limit:   limit,
	}
	plan.Activity = j.spread()
	plan.Summary = summarize(plan, desired.License, options.BatchSize)
	plan.Money = account(plan, desired.License)
	plan.Returns = countReturns(options.PastReleases, matched, options.Now)
	plan.Findings = j.findings(plan)
	plan.Digest = plan.computeDigest()
	return plan, nil
}

// refuse finds states that look like a failure rather than like someone's will.
func refuse(changes []Change, desired *Desired, live *Live, options JudgeOptions) error {
	if len(live.Users) == 0 && len(desired.Users) > 0 {
		return &RefusedError{Reason: fmt.Sprintf(
			"the account has no users, but the file lists %d: check the account id and the token's account; nothing was planned",
			len(desired.Users))}
	}
	if len(desired.Users) == 0 && desired.Policy.Unlisted == UnlistedRelease && !options.AllowEmpty && !areReverts(changes) {
		return &RefusedError{Reason: "the file lists nobody and policy.unlisted is release, which would release every seat: " +
			"list users, or pass --allow-empty if that is what you want"}
	}
	return nil
}

// areReverts reports whether the changes restore what a run changed, which takes
// nobody away for not being listed.
func areReverts(changes []Change) bool {
	return len(changes) > 0 && !slices.ContainsFunc(changes, func(change Change) bool { return change.Reason != Reverted })
}

// doubtChanges marks changes of users who cannot be tied to one person, where
// whoever proposed the change has not looked.
func doubtChanges(changes []Change, matched matching) {
	ambiguous := make(map[string]string)
	for i := range matched.pairs {
		if p := &matched.pairs[i]; p.ambiguous != "" {
			ambiguous[p.ID] = p.ambiguous
		}
	}
	if len(ambiguous) == 0 {
		return
	}
	for i := range changes {
		if changes[i].doubts.ambiguous == "" {
			changes[i].doubts.ambiguous = ambiguous[changes[i].UserID]
		}
	}
}

// judgement holds what is needed to judge changes.
type judgement struct {
	desired *Desired
	live    *Live
	options JudgeOptions
	matched matching
	seats   Seats
	// sharedSeats has the seat ids that several users claim.
	sharedSeats map[string]bool
}

func newJudgement(changes []Change, matched matching, desired *Desired, live *Live, options JudgeOptions) *judgement {
	return &judgement{
		desired: desired, live: live, options: options, matched: matched, seats: CountSeats(live.Users),
		sharedSeats: sharedSeats(changes, live.Users),
	}
}

// hold decides whether a change may be done, by the first rule that forbids it.
func (j *judgement) hold(change *Change) {
	for _, rule := range holdRules() {
		if because := rule.because(j, change); because != "" {
			change.held(rule.hold, because)
			if rule.hold == HeldExempt {
				change.Exemption = j.exemption(change)
			}
			return
		}
	}
}

// holdRule is one reason not to carry a change out. It returns why in a
// sentence, or "" when it does not apply.
type holdRule struct {
	hold    Hold
	because func(j *judgement, change *Change) string
}

// holdRules are the rules that look at one change, in their order. The limit,
// which looks at all of them together, comes after.
func holdRules() []holdRule {
	return []holdRule{
		{HeldAmbiguous, (*judgement).ambiguous},
		{HeldNoSeat, func(_ *judgement, change *Change) string {
			return when(change.IsSeatChange() && change.SeatUID == "", change.noSeatSentence())
		}},
		{HeldFlagUnknown, func(_ *judgement, change *Change) string {
			return when(change.doubts.flagUnknown, "the API does not tell a flag that the change would have to send")
		}},
		{HeldGrantsNever, func(j *judgement, change *Change) string {
			return when(change.Kind == Grant && j.desired.Policy.Grants == GrantsNever, "policy.grants is never")
		}},
		{HeldProtected, (*judgement).protected},
		{HeldExempt, func(j *judgement, change *Change) string {
			exemption := j.exemption(change)
			if exemption == nil {
				return ""
			}
			return "exempt until " + exemption.Until.String()
		}},
		{HeldActivityUnknown, func(_ *judgement, change *Change) string { return change.doubts.activity }},
	}
}

// noSeatSentence says what the lack of a seat_uid means for a change.
func (c *Change) noSeatSentence() string {
	if c.TakesAway() {
		return "the API tells no seat_uid, so the seat cannot be addressed"
	}
	return "there is no seat record: a seat comes with the next login"
}

// when returns a sentence where a condition holds, and "" where it does not.
func when(applies bool, because string) string {
	if applies {
		return because
	}
	return ""
}

// ambiguous says that several users, or seats, could be meant.
func (j *judgement) ambiguous(change *Change) string {
	if change.doubts.ambiguous != "" {
		return change.doubts.ambiguous
	}
	return when(change.IsSeatChange() && j.sharedSeats[seatKey(change.SeatUID)], "another live user has the same seat")
}

// protected says that the policy keeps the user from losing anything.
func (j *judgement) protected(change *Change) string {
	if !change.TakesAway() {
		return ""
	}
	glob := j.desired.Policy.protectedBy(EmailKey(change.Email))
	if glob == nil {
		return ""
	}
	return fmt.Sprintf("protected by %s:%d", glob.At.File, glob.At.Line)
}

// held marks a change as not carried out.
func (c *Change) held(hold Hold, because string) {
	c.Held, c.HeldBecause = hold, because
}

// exemption returns the exemption that keeps the rule behind the change from its
// user, or nil.
func (j *judgement) exemption(change *Change) *Exemption {
	if change.Reason != Inactive {
		return nil
	}
	return change.entry.exemptFrom(string(Inactive), j.options.Now, j.desired.Timezone)
}

// holdForLimit holds every release when there are more than one run may do.
func (j *judgement) holdForLimit(changes []Change) Limit {
	limit := Limit{}
	limit.Releases, limit.From = j.desired.Policy.Releases.Resolve(j.seats.Used)
	if allowed := j.options.AllowReleases; allowed != nil {
		limit.Releases, limit.From = *allowed, fmt.Sprintf("--allow-releases %d", *allowed)
	}
	for i := range changes {
		if changes[i].Kind == Release && changes[i].WillBeDone() {
			limit.Wanted++
		}
	}
	limit.Tripped = limit.Wanted > limit.Releases
	if !limit.Tripped {
		return limit
	}
	because := fmt.Sprintf("%s wanted, at most %d allowed (%s)", Count(limit.Wanted, "release"), limit.Releases, limit.From)
	for i := range changes {
		if changes[i].Kind == Release && changes[i].WillBeDone() {
			changes[i].held(HeldLimit, because)
		}
	}
	return limit
}

// sharedSeats finds the seats in changes that more than one user claims: to
// release one would release the other.
func sharedSeats(changes []Change, users []User) map[string]bool {
	owners := make(map[string]int)
	for i := range changes {
		if changes[i].IsSeatChange() && changes[i].SeatUID != "" {
			owners[seatKey(changes[i].SeatUID)] = 0
		}
	}
	shared := make(map[string]bool)
	for i := range users {
		key := seatKey(users[i].SeatUID)
		count, wanted := owners[key]
		if !wanted {
			continue
		}
		owners[key] = count + 1
		if count > 0 {
			shared[key] = true
		}
	}
	return shared
}

// seatKey is the form in which seat ids are compared: UUIDs, in either case.
func seatKey(seatUID string) string { return strings.ToLower(seatUID) }
