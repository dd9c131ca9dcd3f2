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
	Evidence Evidence
	// Rules has each rule with its verdict, in the order in which they count.
	Rules []Verdict
	// Changes and Findings are those of the plan that are about the user.
	Changes  []Change
	Findings []Finding
}

// Verdict is what one rule says of one user.
type Verdict struct {
	// Rule is a reason for a change, or a reason to hold one.
	Rule string
	// Applies is true when the rule asks for a change, or holds it.
	Applies bool
	// Because is the verdict in a sentence.
	Because string
	// Source is the line of the file behind the rule; zero where there is none.
	Source Position
}

// Explain says why the plan treats the people with an email as it does: each
// live user with it, whatever the case of letters, or the entry that no live
// user belongs to. It returns nothing when neither the account nor the file
// knows the email. The plan must be the one made of the same file and account.
func Explain(email string, desired *Desired, live *Live, plan *Plan, options JudgeOptions) []Explanation {
	key := EmailKey(email)
	matched := match(desired, live)
	differ := newDiffer(desired, live, options.Now)
	judgement := newJudgement(plan.Changes, matched, desired, live, options)
	var explanations []Explanation
	for i := range matched.pairs {
		if p := &matched.pairs[i]; p.key == key {
			explanations = append(explanations, explainPair(p, differ, judgement, plan))
		}
	}
	for _, entry := range matched.absent {
		if EmailKey(entry.Email) == key {
			explanations = append(explanations, Explanation{
				Entry: entry, Findings: findingsAbout(plan, entry.Email),
				Rules: []Verdict{{Rule: string(CodeUnknownUser), Applies: true, Source: entry.Position(),
					Because: "the file lists them, and nobody in the account has this email: a user appears with the first login"}},
			})
		}
	}
	return explanations
}

func explainPair(p *pair, d *differ, j *judgement, plan *Plan) Explanation {
	explanation := Explanation{
		User: p.User, Entry: p.entry, Evidence: d.assessor.evidence(p.User),
		Findings: findingsAbout(plan, p.Email),
	}
	explanation.Rules = append(explanation.Rules, d.explainListed(p), d.explainUntil(p), d.explainUnlisted(p), d.explainInactive(p))
	for i := range plan.Changes {
		if plan.Changes[i].UserID == p.ID {
			explanation.Changes = append(explanation.Changes, plan.Changes[i])
		}
	}
	explanation.Rules = append(explanation.Rules, j.explainHolds(p, d, plan.Limit)...)
	return explanation
}

// explainListed says what the user's own entry asks for.
func (d *differ) explainListed(p *pair) Verdict {
	verdict := Verdict{Rule: string(Listed)}
	change, differs := d.listedChange(p)
	switch {
	case p.entry == nil:
		verdict.Because = "no file lists them"
	case differs:
		verdict.Applies, verdict.Because, verdict.Source = true, change.Because, change.Source
	case p.entry.AccessSeat == Unknown && p.entry.GatewaySeat == Unknown:
		verdict.Because, verdict.Source = "the file lists them and says nothing of the seat", p.entry.Position()
	default:
		verdict.Because, verdict.Source = "the file lists them, and the seat is as it says", p.entry.Position()
	}
	return verdict
}

// explainUntil says whether the user's time is up.
func (d *differ) explainUntil(p *pair) Verdict {
	verdict := Verdict{Rule: string(Expired), Because: "the file sets no last day"}
	if p.entry == nil || p.entry.Until.IsZero() {
		return verdict
	}
	verdict.Source = p.entry.At(p.entry.Lines.Until)
	verdict.Applies = p.entry.isExpired(d.assessor.now, d.desired.Timezone)
	verdict.Because = fmt.Sprintf("the last day is %s and is over at %s", p.entry.Until,
		p.entry.Until.End(d.desired.Timezone).Format(time.RFC3339))
	return verdict
}

// explainUnlisted says what the policy makes of people whom no file lists.
func (d *differ) explainUnlisted(p *pair) Verdict {
	verdict := Verdict{Rule: string(Unlisted), Because: "a file lists them"}
	if p.entry != nil {
		return verdict
	}
	verdict.Source = d.desired.Policy.UnlistedAt
	verdict.Applies = d.desired.Policy.Unlisted == UnlistedRelease && p.HoldsSeat()
	verdict.Because = "no file lists them, and policy.unlisted is " + string(d.desired.Policy.Unlisted)
	return verdict
}

// explainInactive says what the rule about inactivity makes of the evidence.
func (d *differ) explainInactive(p *pair) Verdict {
	assessment := d.assessor.assess(p.User)
	verdict := Verdict{Rule: string(Inactive), Because: assessment.because, Source: assessment.at}
	if !p.HoldsSeat() {
		verdict.Because = "they hold no seat (" + assessment.because + ")"
		return verdict
	}
	verdict.Applies = assessment.verdict != active
	if !assessment.due.IsZero() {
		verdict.Because += ", due on " + assessment.due.Format(time.DateOnly) + " if nothing happens"
	}
	return verdict
}

// explainHolds says of each reason to hold the user's seat change whether it
// applies; of a user without one, what would protect the seat.
func (j *judgement) explainHolds(p *pair, d *differ, limit Limit) []Verdict {
	change, wanted := d.seatChange(p)
	if !wanted {
		change = d.release(p, Inactive, "", Position{}, assessment{})
	}
	var verdicts []Verdict
	held := false
	for _, rule := range holdRules() {
		because := rule.because(j, &change)
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
	return append(verdicts, j.explainLimit(&change, wanted && !held, limit))
}

// explainLimit says whether the limit of the run holds the user's release.
func (j *judgement) explainLimit(change *Change, wanted bool, limit Limit) Verdict {
	verdict := Verdict{Rule: string(HeldLimit), Because: "does not apply", Source: j.desired.Policy.Releases.At}
	if wanted && change.Kind == Release {
		verdict.Applies = limit.Tripped
		verdict.Because = fmt.Sprintf("%s wanted, at most %d allowed (%s)", Count(limit.Wanted, "release"), limit.Releases, limit.From)
	}
	return verdict
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
