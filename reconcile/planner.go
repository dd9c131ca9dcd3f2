package reconcile

import (
	"fmt"
	"time"
)

// PlanOptions is what a plan depends on besides the file and the account.
type PlanOptions struct {
	// Now is the clock of every rule.
	Now time.Time
	// AllowReleases, when not nil, replaces the limits of the file for this run.
	AllowReleases *int
	// AllowEmpty lets policy.unlisted release act on a file that lists nobody.
	AllowEmpty bool
	// BatchSize is the number of seats in one request; 0 means DefaultBatchSize.
	BatchSize int
	// History is what recorded runs of the account know.
	History History
	// Proposed, when not nil, are the changes to judge in place of what the file
	// asks for: those of [Revert], or of a saved plan. They are held to the same
	// rules; what is held already stays held.
	Proposed []Change
	// Findings are added to those of the plan.
	Findings []Finding
	// IsBase is true for a plan that another one is compared with, by [Plan.Against]: it has
	// no what_if, no digest, and none of the account.
	IsBase bool
	// HasBase is true for a plan that is compared by [Plan.Against], which makes its digest.
	HasBase bool
	// BaseURL is the API that was read, and Frozen the window that holds applies
	// back now; nil when none does. Both are written into the plan.
	BaseURL string
	Frozen  *Freeze
	// Tool and Commit are written into the plan.
	Tool, Commit string
}

// RefusedError is a plan that is not made because it could only be a mistake.
type RefusedError struct{ Reason string }

// Error returns the reason.
func (e *RefusedError) Error() string { return e.Reason }

// MakePlan compares the file with the account, proposes what the file asks for,
// holds what may not be done, adds what people should know, and counts seats and
// money. It returns a *[RefusedError] when the whole plan could only be a mistake,
// and [Problems] when it is made from a roster that cannot be trusted.
func MakePlan(desired *Desired, live *Live, options PlanOptions) (*Plan, error) {
	p := newPlanner(desired, live, options)
	if err := p.refuse(); err != nil {
		return nil, err
	}
	var changes []Change
	if options.Proposed == nil {
		changes = p.propose()
	} else {
		changes = append([]Change{}, options.Proposed...)
		sortChanges(changes)
	}
	subjects := p.join(changes)
	p.hold(changes, subjects)
	plan := &Plan{
		FormatVersion: FormatVersion,
		CreatedAt:     options.Now.UTC().Truncate(time.Second),
		Tool:          options.Tool,
		AccountID:     live.AccountID,
		AccountName:   desired.AccountName,
		Desired: DesiredInfo{
			Files: desired.Files, SHA256: desired.SHA256, Commit: options.Commit, Users: len(desired.Users), Roster: p.rosterInfo(),
		},
		Live: LiveInfo{
			Users: p.seats.Users, AccessSeats: p.seats.Access, GatewaySeats: p.seats.Gateway, SeatsUsed: p.seats.Used,
			ReadAt: live.ReadAt.UTC().Truncate(time.Second), Reads: live.Reads,
		},
		Changes:  changes,
		Limit:    p.limit(changes, subjects),
		Activity: p.spread(),
		BaseURL:  options.BaseURL, Freeze: options.Frozen, FreezeWindows: append([]Freeze{}, desired.Policy.Freeze...),
		Timezone: nameOf(desired.Timezone),
	}
	license := desired.License.With(live.Settings.Subscription)
	plan.Groups = p.groupShares()
	plan.sum(desired, license, options.BatchSize, nil)
	p.foresee(plan)
	plan.Returns, plan.CameBack = p.returns(), p.cameBack()
	if !options.IsBase {
		plan.WhatIf, plan.Live.SHA256 = p.whatIf(&plan.Money), fingerprint(p.subjects)
	}
	plan.Findings = p.findings(plan)
	if !options.IsBase && !options.HasBase {
		plan.Digest = plan.computeDigest()
	}
	return plan, nil
}

// refuse finds states that look like a failure rather than like someone's will.
func (p *planner) refuse() error {
	entries := len(p.desired.Users)
	if len(p.live.Users) == 0 && entries > 0 {
		return &RefusedError{Reason: fmt.Sprintf(
			"the account has no users, but the file lists %s: check the account id and the token's account; nothing was planned", Number(entries))}
	}
	// Changes that are proposed take nobody away for not being listed.
	asksFile := p.options.Proposed == nil && !p.options.AllowEmpty
	if entries == 0 && p.desired.Policy.Unlisted == HolderRelease && asksFile {
		return &RefusedError{Reason: "the file lists nobody and policy.unlisted is release, which would release every seat: " +
			"list users, or pass --allow-empty if that is what you want"}
	}
	if p.options.Proposed == nil {
		return p.desired.Roster.refusal(p.subjects, p.now)
	}
	return nil
}

// nameOf returns the name of a timezone; none is UTC.
func nameOf(zone *time.Location) string {
	if zone == nil {
		zone = time.UTC
	}
	return zone.String()
}
