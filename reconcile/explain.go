package reconcile

import (
	"fmt"
	"time"
)

// Explanation is everything that bears on the decision about one live user, or
// about an entry that no live user belongs to.
type Explanation struct {
	// User is nil when nobody in the account has the email.
	User *User
	// Entry is nil when no file lists the user.
	Entry    *DesiredUser
	Group    Membership
	Evidence Evidence
	// Rules has each rule with its verdict, in the order in which they count.
	Rules []Verdict
	// Changes and Findings are those of the plan that are about the user.
	Changes  []Change
	Findings []Finding
}

// Membership is the group that someone is in. It is zero in a file without groups.
type Membership struct {
	// Name is empty for someone who is in no group.
	Name string `json:"name"`
	// Because says what put them there, and Source is that line of the file; both may
	// not be known.
	Because string    `json:"because"`
	Source  *Position `json:"source"`
}

// Verdict is what one rule says of one user.
type Verdict struct {
	// Rule is a reason for a change, or a reason to hold one.
	Rule string `json:"rule"`
	// Applies is true when the rule asks for a change, or holds it.
	Applies bool `json:"applies"`
	// Because is the verdict in a sentence.
	Because string `json:"because"`
	// Source is the line of the file behind the rule; nil where there is none.
	Source *Position `json:"source"`
}

// Explain says why the plan treats the people with an email as it does: each
// live user with it, whatever the case of letters, or the entry that no live
// user belongs to. It returns nothing when neither the account nor the file
// knows the email. The plan must be the one made of the same file and account.
func Explain(email string, desired *Desired, live *Live, plan *Plan, options PlanOptions) []Explanation {
	key := EmailKey(email)
	p := newPlanner(desired, live, options)
	var explanations []Explanation
	for i := range p.subjects {
		if s := &p.subjects[i]; s.key == key {
			explanations = append(explanations, p.explain(s, plan))
		}
	}
	for _, entry := range p.absent {
		if EmailKey(entry.Email) == key {
			explanations = append(explanations, Explanation{
				Entry: entry, Findings: findingsAbout(plan, entry.Email),
				Group: p.explainGroup(key, entry, desired.groupOf(key, entry)),
				Rules: []Verdict{{Rule: string(CodeUnknownUser), Applies: true, Source: pointer(entry.Position()),
					Because: "the file lists them, and nobody in the account has this email: a user appears with the first login"}},
			})
		}
	}
	return explanations
}

func (p *planner) explain(s *subject, plan *Plan) Explanation {
	explanation := Explanation{
		User: s.User, Entry: s.entry, Group: p.explainGroup(s.key, s.entry, s.group), Evidence: p.evidence(s), Findings: findingsAbout(plan, s.Email),
		Rules: []Verdict{p.explainListed(s), p.explainUntil(s), p.explainDeparted(s), p.explainUnlisted(s), p.explainInactive(s)},
	}
	if s.group == nil && len(p.openGroups(s)) > 0 {
		explanation.Group.Because += ", as far as is known: " + p.rosterGap(s)
	}
	for i := range plan.Changes {
		if plan.Changes[i].UserID == s.ID {
			explanation.Changes = append(explanation.Changes, plan.Changes[i])
		}
	}
	explanation.Rules = append(explanation.Rules, p.explainHolds(s, plan.Limit)...)
	return explanation
}

// explainGroup says which group someone is in, and why.
func (p *planner) explainGroup(key string, entry *DesiredUser, group *Group) Membership {
	switch {
	case len(p.desired.Groups) == 0:
		return Membership{}
	case group == nil:
		return Membership{Because: "no group has them, so the policy applies"}
	}
	member := group.membership(key, entry, p.desired.Roster.Groups(key), Glob.matches)
	return Membership{Name: group.Name, Because: member.because(), Source: pointer(member.At)}
}

// explainListed says what the user's own entry asks for.
func (p *planner) explainListed(s *subject) Verdict {
	verdict := Verdict{Rule: string(Listed)}
	change, differs := p.listedChange(s)
	switch {
	case s.entry == nil:
		verdict.Because = "no file lists them"
	case differs:
		verdict.Applies, verdict.Because, verdict.Source = true, change.Because, pointer(change.Source)
	case s.entry.AccessSeat == Unknown && s.entry.GatewaySeat == Unknown:
		verdict.Because, verdict.Source = "the file lists them and says nothing of the seat", s.position()
	default:
		verdict.Because, verdict.Source = "the file lists them, and the seat is as it says", s.position()
	}
	return verdict
}

// explainUntil says whether the user's time is up.
func (p *planner) explainUntil(s *subject) Verdict {
	verdict := Verdict{Rule: string(Expired), Because: "the file sets no last day"}
	if s.entry == nil || s.entry.Until.IsZero() {
		return verdict
	}
	verdict.Source = pointer(s.entry.At(s.entry.Lines.Until))
	verdict.Applies = p.isExpired(s)
	verdict.Because = fmt.Sprintf("the last day is %s and ends at %s", s.entry.Until,
		p.local(s.entry.Until.End(p.desired.Timezone)).Format(time.RFC3339))
	return verdict
}

// explainUnlisted says what the policy makes of people whom no file lists.
func (p *planner) explainUnlisted(s *subject) Verdict {
	verdict := Verdict{Rule: string(Unlisted), Because: "a file lists them"}
	if s.entry != nil {
		return verdict
	}
	verdict.Source = pointer(p.desired.Policy.UnlistedAt)
	verdict.Applies = p.desired.Policy.Unlisted == HolderRelease && s.HoldsSeat()
	verdict.Because = "no file lists them, and policy.unlisted is " + string(p.desired.Policy.Unlisted)
	return verdict
}

// explainInactive says what the rule about inactivity makes of the evidence.
func (p *planner) explainInactive(s *subject) Verdict {
	because, at := p.because(s.User, s.activity), p.at(s.activity)
	if s.activity.rule == nil && s.group != nil && !s.group.InactiveAt.IsZero() {
		because, at = "the group "+s.group.Name+" is never released for inactivity", s.group.InactiveAt
	}
	verdict := Verdict{Rule: string(Inactive), Because: because, Source: pointer(at)}
	if !s.HoldsSeat() {
		verdict.Because = "they hold no seat (" + because + ")"
		return verdict
	}
	verdict.Applies = s.activity.verdict != active
	if due := s.activity.due; due.IsKnown() {
		verdict.Because += ", due on " + p.dateOf(due.Time()) + " if nothing happens"
	}
	return verdict
}

// explainHolds says of each reason to hold the user's seat change whether it
// applies; of a user without one, what would protect the seat.
func (p *planner) explainHolds(s *subject, limit Limit) []Verdict {
	change, wanted := p.seatChange(s)
	if !wanted {
		change = p.release(s, Inactive, "", Position{})
	}
	candidate := p.candidate(&change, s)
	var verdicts []Verdict
	held := false
	for _, rule := range holdRules() {
		because := rule.because(p, candidate)
		verdict := Verdict{Rule: string(rule.hold), Applies: because != "" && wanted, Because: because}
		held = held || verdict.Applies
		switch {
		case because == "":
			verdict.Because = "does not apply"
		case !wanted:
			verdict.Because = "would hold a release: " + because
		}
		verdicts = append(verdicts, verdict)
	}
	verdict := Verdict{Rule: string(HeldLimit), Because: "does not apply", Source: pointer(p.desired.Policy.Releases.At)}
	if wanted && !held && change.Kind == Release {
		verdict.Applies, verdict.Because = limit.Tripped, limit.Sentence()
	}
	return append(verdicts, verdict)
}

// findingsAbout returns the findings of a plan about an email.
func findingsAbout(plan *Plan, email string) (findings []Finding) {
	for _, finding := range plan.Findings {
		if finding.Email != "" && EmailKey(finding.Email) == EmailKey(email) {
			findings = append(findings, finding)
		}
	}
	return findings
}
