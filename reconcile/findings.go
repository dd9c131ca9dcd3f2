package reconcile

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"time"
)

// exemptionWarning is how long before its end an exemption is reported.
const exemptionWarning = 14 * Day

// findings lists what people should know about the plan, in a fixed order: the
// account first, then people by email.
func (p *planner) findings(plan *Plan) []Finding {
	findings := []Finding{}
	findings = append(findings, p.limitFinding(plan)...)
	findings = append(findings, p.historyFinding()...)
	findings = append(findings, p.licenseFindings(plan)...)
	findings = append(findings, p.budgetFinding(plan)...)
	findings = append(findings, p.accountFindings()...)
	findings = append(findings, p.patternFindings()...)
	findings = append(findings, p.deviceFinding(plan)...)
	findings = append(findings, p.unreportedSeatsFinding()...)
	findings = append(findings, p.returnFindings(plan.Returns)...)

	roster, departed := p.rosterFindings()
	findings = append(findings, roster...)

	people := append(p.entryFindings(), departed...)
	people = append(people, p.subjectFindings(plan.Changes)...)
	people = append(people, p.changeFindings(plan.Changes)...)
	people = append(people, p.options.Findings...)
	slices.SortStableFunc(people, func(a, b Finding) int {
		return cmp.Or(
			cmp.Compare(a.Code, b.Code),
			cmp.Compare(EmailKey(a.Email), EmailKey(b.Email)),
			cmp.Compare(a.Message, b.Message),
		)
	})
	return append(findings, people...)
}

// pointer returns the position for a finding, nil when it names no place.
func pointer(at Position) *Position {
	if at.IsZero() {
		return nil
	}
	return &at
}

// limitFinding says that a limit held releases back, and what to do.
func (p *planner) limitFinding(plan *Plan) []Finding {
	if !plan.Limit.Tripped {
		return nil
	}
	outcome := "nobody is released"
	if p.desired.Policy.Beyond == BeyondLongestIdle {
		outcome = fmt.Sprintf("%s, what the file names first and then the longest idle", CountOf(plan.Summary.Release, "is released", "are released"))
	}
	limit := &plan.Limit
	allowed := fmt.Sprintf("a run may release at most %s (%s)", Number(limit.Releases), limit.From)
	if window := limit.windowThatHolds(); window != nil {
		allowed = window.sentence("may be")
	}
	return []Finding{{
		Severity: SeverityError, Code: CodeLimitExceeded, Source: pointer(p.desired.Policy.Releases.At),
		Message: fmt.Sprintf("%s would be released, but %s: %s; if it is right, run again with --allow-releases %d",
			Count(limit.Wanted, "seat"), allowed, outcome, limit.Wanted),
	}}
}

// deviceFinding says that devices could not be read, and what that holds back.
func (p *planner) deviceFinding(plan *Plan) []Finding {
	cause, rules := p.live.Devices.Err, p.desired.Rules()
	if cause == nil || len(rules) == 0 {
		return nil
	}
	held := 0
	for i := range plan.Changes {
		if plan.Changes[i].Held == HeldActivityUnknown && plan.Changes[i].HeldBecause == devicesUnread {
			held++
		}
	}
	next := "run again later"
	if refused, ok := errors.AsType[*APIError](cause); ok && refused.IsDenied() {
		next = "give the token a permission to read devices"
	}
	return []Finding{{
		Severity: SeverityWarning, Code: CodeDeviceEvidence, Source: pointer(rules[0].AfterAt),
		Message: fmt.Sprintf("devices could not be read, so nobody who may use one is called inactive (%s held): %s; %v",
			Count(held, "release"), next, cause),
	}}
}

// unreportedSeatsFinding says how many seat records have flags that nobody knows.
func (p *planner) unreportedSeatsFinding() []Finding {
	count := 0
	for i := range p.live.Users {
		user := &p.live.Users[i]
		if user.SeatUID != "" && !user.HoldsSeat() && (user.AccessSeat == Unknown || user.GatewaySeat == Unknown) {
			count++
		}
	}
	if count == 0 {
		return nil
	}
	return []Finding{{
		Severity: SeverityInfo, Code: CodeFlagUnknown,
		Message: fmt.Sprintf("the API did not report whether %s in use: not counted, and left alone",
			CountOf(count, "seat is", "seats are")),
	}}
}

// entryFindings are about entries of the file, whether or not they change anything.
func (p *planner) entryFindings() (findings []Finding) {
	for _, entry := range p.absent {
		message := "no live user has this email: a user appears with the first login"
		if entry.ID != "" {
			message = "no live user has this email and this id: correct the id, or remove it"
		}
		if other := p.renamed[entry]; other != nil {
			message = fmt.Sprintf("no live user has this email; %s (id %s) is in no file and is probably them: correct the email here", cmp.Or(other.Email, "someone without one"), other.ID)
		}
		findings = append(findings, Finding{
			Severity: SeverityWarning, Code: CodeUnknownUser, Email: entry.Email,
			Message: message, Source: pointer(entry.Position()),
		})
	}
	for i := range p.desired.Users {
		entry := &p.desired.Users[i]
		exemption := entry.exemptFrom(string(Inactive))
		if exemption == nil || exemption.Until.End(p.desired.Timezone).Sub(p.now) > exemptionWarning {
			continue
		}
		finding := Finding{
			Severity: SeverityWarning, Code: CodeExemptionEnding, Email: entry.Email,
			Message: fmt.Sprintf("the exemption from %s ends on %s: ask its owner to extend it, or remove it then",
				exemption.From, exemption.Until),
			Source: pointer(entry.At(entry.Lines.Exempt)),
		}
		if exemption.hasEnded(p.now, p.desired.Timezone) {
			finding.Code = CodeExemptionEnded
			finding.Message = fmt.Sprintf("the exemption from %s ended on %s and still holds: ask %s to extend it, or remove it",
				exemption.From, exemption.Until, exemption.Owner)
		}
		findings = append(findings, finding)
	}
	return findings
}

// subjectFindings are about live users, whether or not anything changes for them.
func (p *planner) subjectFindings(changes []Change) (findings []Finding) {
	released := make(map[string]bool)
	for i := range changes {
		if changes[i].Kind == Release && changes[i].WillBeDone() {
			released[changes[i].UserID] = true
		}
	}
	for i := range p.subjects {
		s := &p.subjects[i]
		if s.ambiguous != "" && s.renamed == "" && s.key != "" && (s.entry != nil || s.isConcerned) {
			findings = append(findings, Finding{
				Severity: SeverityWarning, Code: CodeAmbiguousUser, Email: s.Email, Source: s.position(),
				Message: fmt.Sprintf("%s (this one has the id %s)", s.ambiguous, s.ID),
			})
		}
		if s.entry == nil && s.HoldsSeat() && p.desired.Policy.Unlisted == HolderReport {
			findings = append(findings, Finding{
				Severity: SeverityInfo, Code: CodeUnlistedUser, Email: s.Email,
				Message: "holds a seat, and no file lists them", Source: pointer(p.desired.Policy.UnlistedAt),
			})
		}
		if due := s.activity.due; p.isDueSoon(s) && !released[s.ID] {
			findings = append(findings, Finding{
				Severity: SeverityInfo, Code: CodeNotice, Email: s.Email, Source: pointer(p.at(s.activity)),
				Message: fmt.Sprintf("falls due on %s, %s: %s", p.dateOf(due.Time()),
					p.daysUntil(due.Time()), p.because(s.User, s.activity)),
			})
		}
	}
	return findings
}

// position returns the place of the user's entry, nil where there is none.
func (s *subject) position() *Position {
	if s.entry == nil {
		return nil
	}
	return pointer(s.entry.Position())
}

// isDueSoon reports whether a seat holder falls due within the notice.
func (p *planner) isDueSoon(s *subject) bool {
	due, rule := s.activity.due, s.activity.rule
	return due.IsKnown() && rule.Notice > 0 && s.HoldsSeat() && s.ambiguous == "" &&
		!due.After(p.now.Add(rule.Notice)) && !p.isSpared(s)
}

// local returns a moment by the clocks of the file's timezone.
func (p *planner) local(at time.Time) time.Time { return at.In(cmp.Or(p.desired.Timezone, time.UTC)) }

// dateOf returns the date of a moment by the calendar of the file's timezone.
func (p *planner) dateOf(at time.Time) string { return p.local(at).Format(time.DateOnly) }

// daysUntil says how far off the day of a later moment is, by that calendar.
func (p *planner) daysUntil(due time.Time) string {
	days := wholeDays(p.local(p.now), p.local(due))
	if days == 0 {
		return "today"
	}
	return "in " + Count(days, "day")
}

// changeFindings are about changes that need a word more than their hold.
func (p *planner) changeFindings(changes []Change) (findings []Finding) {
	for i := range changes {
		change := &changes[i]
		var finding Finding
		switch {
		case change.Held == HeldNoSeat:
			finding = Finding{Severity: SeverityWarning, Code: CodeNoSeatRecord,
				Message: change.noSeatSentence()}
		case change.HeldBecause == sharedSeat:
			finding = Finding{Severity: SeverityWarning, Code: CodeSharedSeat,
				Message: fmt.Sprintf("the seat %s belongs to several live users, so it is left alone", change.SeatUID)}
		case change.Kind == Narrow && change.WillBeDone() && !p.options.History.KeepsNarrows:
			finding = Finding{Severity: SeverityInfo, Code: CodeNarrowUndocumented,
				Message: "what happens when half of a seat is taken is not documented: the API may keep it, or free the seat"}
		case change.isSwap() && change.WillBeDone():
			finding = Finding{Severity: SeverityInfo, Code: CodeNarrowUndocumented,
				Message: "what happens when one half of a seat is given for the other is not documented: the API may free the seat"}
		default:
			continue
		}
		finding.Email, finding.Source = change.Email, pointer(change.Source)
		findings = append(findings, finding)
	}
	return findings
}
