package report

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/seatsync/seatsync/reconcile"
)

// View is what every report of a plan says, worked out once: the formats, the
// difference of two plans and the status page write it down and compute nothing.
// Its texts are inert; see inert.go.
type View struct {
	// Account names the account.
	Account string
	Verdict Verdict
	// Review is what is new and gone because of a change of the file; nil for a plan
	// without a base. The groups then have only what is new.
	Review *Review
	// Stopped says why a run ended before everything was tried, or is empty.
	Stopped string
	Seats   Seats
	// Costs are the figures of the bill; none where no price is known. Advice says
	// what can be saved and when, Kept what the holds keep, Freed what the freed seats
	// cost; each may be empty.
	Costs               []Cost
	Advice, Kept, Freed string
	// Shares has a row for each group of people; nil for a file without any.
	Shares *sheet
	// Kinds counts the changes that are carried out, by kind, zeros included, and
	// at the end those that are held. Outcomes counts what became of them, and is
	// empty without a run.
	Kinds, Outcomes []tally
	// Pending groups the changes that will be carried out, or were to be, by kind.
	// Held groups the others by hold, Findings the findings by code, the most
	// severe first.
	Pending, Held, Findings []Group
	// Head has seats and money in words, Facts the other facts about the whole plan.
	Head, Facts []Fact

	plan     *reconcile.Plan
	compared comparison
	// outcomes has the outcome of each change, nil where there is none; it is
	// empty without a run.
	outcomes []*reconcile.Outcome
	// note says more of a change; nil where there is nothing to say.
	note func(i int) string
}

// NewView works out what is to be said of a plan, and of its run if it has one.
// The view refers to the plan, which must not change after.
func NewView(plan *reconcile.Plan) *View {
	v := &View{plan: plan, outcomes: outcomes(plan), Account: account(plan.AccountID, plan.AccountName)}
	if plan.Base != nil && plan.Run == nil {
		v.Review = newReview(plan)
		v.note = func(i int) string { return was(&plan.Changes[i], plan.Changes[i].Was) }
	}
	v.group()
	bill := plan.Bill()
	v.Seats, v.Costs = newSeats(plan, &bill), newCosts(&bill)
	v.Advice, v.Kept, v.Freed = sentence(bill.Advice()), keptTotal(plan), freedTotal(&bill)
	v.compared = newComparison(&v.Seats, v.Costs)
	if v.Review != nil {
		v.compared = newReviewComparison(plan)
	}
	v.Shares = newShares(plan)
	v.Verdict = v.makeVerdict()
	v.tally()
	if plan.Run != nil {
		v.Stopped = sentence(plan.Run.Stopped)
	}
	v.Head, v.Facts = v.headFacts(), v.facts()
	return v
}

// Group is changes or findings that belong together, by their indices in the
// plan and in its order.
type Group struct {
	// Key is the kind, the hold or the code.
	Key string
	// Title says what the group is: what will be done, or why it is held; empty
	// for findings.
	Title    string
	Severity reconcile.Severity
	// Place is the line that most members come from, where they are many.
	// From says it in words, and whether others are named.
	Place, From string
	Members     []int
}

// mostRepeated is how often one line is named in a group before it is said once.
const mostRepeated = 5

// setPlace finds the line that most members come from.
func (g *Group) setPlace(placeOf func(i int) reconcile.Position) {
	places := make(map[reconcile.Position]int)
	for _, i := range g.Members {
		at := placeOf(i)
		if places[at]++; at.IsZero() || places[at] < mostRepeated || places[at]*2 <= len(g.Members) {
			continue
		}
		g.Place, g.From = place(at), "from "+place(at)
		if places[at] < len(g.Members) {
			g.From += ", where no other line is named"
		}
	}
}

// tally is a number of changes of one sort, with its share of the largest, or of
// all, in hundredths.
type tally struct {
	Label, Class, Count string
	Share               float64
}

// group fills in the groups.
func (v *View) group() {
	changes := v.plan.Changes
	v.Pending = groupBy(len(changes), reconcile.Kinds(), func(i int) (reconcile.Kind, bool) {
		return changes[i].Kind, changes[i].WillBeDone() && v.isShown(changes[i].New)
	})
	for i := range v.Pending {
		g := &v.Pending[i]
		g.Title = value(changes[g.Members[0]].Kind.Doing(len(g.Members)))
		g.setPlace(func(i int) reconcile.Position { return changes[i].Source })
	}
	v.Held = groupBy(len(changes), reconcile.Holds(), func(i int) (reconcile.Hold, bool) {
		return changes[i].Held, !changes[i].WillBeDone() && v.isShown(changes[i].New)
	})
	for i := range v.Held {
		v.Held[i].Title = v.sharedHold(&v.Held[i])
		v.Held[i].setPlace(func(i int) reconcile.Position { return changes[i].Source })
	}
	findings := v.plan.Findings
	v.Findings = groupBy(len(findings), nil, func(i int) (reconcile.Code, bool) { return findings[i].Code, v.isShown(findings[i].New) })
	for i := range v.Findings {
		g := &v.Findings[i]
		g.Severity = findings[slices.MaxFunc(g.Members, func(a, b int) int {
			return cmp.Compare(weight(findings[a].Severity), weight(findings[b].Severity))
		})].Severity
		g.setPlace(func(i int) reconcile.Position {
			if findings[i].Source == nil {
				return reconcile.Position{}
			}
			return *findings[i].Source
		})
	}
	slices.SortStableFunc(v.Findings, func(a, b Group) int { return cmp.Compare(weight(b.Severity), weight(a.Severity)) })
}

// weight orders severities. One of a newer version is better looked at than missed.
func weight(severity reconcile.Severity) int {
	at := slices.Index(reconcile.Severities(), severity)
	if at < 0 {
		return 1
	}
	return at
}

// groupBy groups the indices below n by key. Keys in order come first and in
// that order, others after them as they occur: a plan of a newer seatsync may
// have keys that this one does not know, and must not lose them.
func groupBy[Key ~string](n int, order []Key, keyOf func(int) (Key, bool)) []Group {
	members := make(map[Key][]int)
	order = slices.Clone(order)
	for i := range n {
		key, wanted := keyOf(i)
		if !wanted {
			continue
		}
		if members[key] == nil && !slices.Contains(order, key) {
			order = append(order, key)
		}
		members[key] = append(members[key], i)
	}
	var groups []Group
	for _, key := range order {
		if members[key] != nil {
			groups = append(groups, Group{Key: value(string(key)), Members: members[key]})
		}
	}
	return groups
}

// allMembers lists the members of all groups.
func allMembers(groups []Group) []int {
	var members []int
	for _, group := range groups {
		members = append(members, group.Members...)
	}
	return members
}

// sharedHold is the sentence over a group of held changes: their own if it is
// the same for all, or else what the hold means in general.
func (v *View) sharedHold(group *Group) string {
	first := heldBecause(&v.plan.Changes[group.Members[0]])
	for _, i := range group.Members[1:] {
		if heldBecause(&v.plan.Changes[i]) != first {
			return cmp.Or(v.plan.Changes[i].Held.Sentence(), "held back")
		}
	}
	return first
}

// heldBecause is the sentence about the hold of a change. Of an exemption it
// also says who answers for it and why.
func heldBecause(change *reconcile.Change) string {
	because := cmp.Or(sentence(change.HeldBecause), change.Held.Sentence(), "held back")
	exemption := change.Exemption
	if exemption == nil {
		return because
	}
	for _, detail := range [...]struct{ before, text string }{{", says ", exemption.Owner}, {": ", exemption.Reason}} {
		if detail.text != "" && !strings.Contains(change.HeldBecause, detail.text) {
			because += detail.before + sentence(detail.text)
		}
	}
	return because
}

// outcomes returns the outcome of each change, nil where it has none. It is
// empty for a plan without a run.
func outcomes(plan *reconcile.Plan) []*reconcile.Outcome {
	if plan.Run == nil {
		return nil
	}
	byChange := make([]*reconcile.Outcome, len(plan.Changes))
	for i := range plan.Run.Outcomes {
		outcome := &plan.Run.Outcomes[i]
		if outcome.Change >= 0 && outcome.Change < len(byChange) {
			byChange[outcome.Change] = outcome
		}
	}
	return byChange
}

// tally counts the changes and the outcomes.
func (v *View) tally() {
	counts, held := v.kindCounts(), v.heldCount()
	most := max(held, 1)
	for _, n := range counts {
		most = max(most, n)
	}
	add := func(list *[]tally, label, class string, n, whole int) {
		*list = append(*list, tally{label, className(class), reconcile.Number(n), percent(n, whole)})
	}
	for _, kind := range reconcile.Kinds() {
		add(&v.Kinds, string(kind), string(kind), counts[kind], most)
	}
	add(&v.Kinds, "held back", "held", held, most)
	if v.plan.Run == nil {
		return
	}
	for _, status := range reconcile.Statuses() {
		if n := v.plan.Run.Count(status); n > 0 || status == reconcile.Applied {
			add(&v.Outcomes, statusMark(status)+" "+value(status.Label()), string(status), n, len(v.plan.Run.Outcomes))
		}
	}
}

// percent returns part of whole in hundredths, with one decimal.
func percent(part, whole int) float64 {
	return float64(max(0, part)*1000/max(1, whole)) / 10
}

// className returns a word for a class: one of ours, or "other".
func className(word string) string {
	if word == "" || len(word) > 20 || strings.Trim(word, "abcdefghijklmnopqrstuvwxyz-") != "" {
		return "other"
	}
	return word
}

// Row is a change as reports show it.
type Row struct {
	*reconcile.Change
	// Person is the email, or what there is instead of one. Effect is what the
	// change does: the seats before and after, or the names.
	Person, Effect string
	// Why is the reason in a sentence, Hold that of the hold; empty when not held.
	Why, Hold string
	// State is what becomes of the change: "planned", "held: limit", "not taken".
	// Class is the same as one word of ours.
	State, Class string
	// Mark is the sign of what became of the change, and Failure says why it was
	// not made; both are empty where nothing was to be made.
	Mark, Failure string
	// Place is the line that asks for the change.
	Place string
	// Note is more to say, if there is.
	Note string
}

// Row returns how the change at an index of the plan is shown.
func (v *View) Row(i int) Row {
	change := &v.plan.Changes[i]
	row := Row{
		Change: change, Person: person(change), Effect: effect(change), Why: sentence(change.Because),
		Place: place(change.Source), State: "planned", Class: "planned",
	}
	if change.Held == "" {
		row.Why = joined(row.Why, change.Enrolment())
	}
	if v.note != nil {
		row.Note = v.note(i)
	}
	switch {
	case !change.WillBeDone():
		row.State, row.Class, row.Hold = "held: "+value(string(change.Held)), "held", heldBecause(change)
	case v.outcomes == nil:
	case v.outcomes[i] == nil:
		row.State, row.Class, row.Mark = "no outcome recorded", "not-reached", markMissing
	default:
		outcome := v.outcomes[i]
		row.State, row.Class, row.Mark = value(outcome.Status.Label()), className(string(outcome.Status)), statusMark(outcome.Status)
		// That a run was stopped is said once and not again for every change that
		// it did not reach.
		if outcome.Status != reconcile.NotReached || outcome.Error != v.plan.Run.Stopped {
			row.Failure = sentence(outcome.Error)
		}
	}
	return row
}

// Because is what the row says under a sentence that its group shares: why the
// change was wanted, and why it is held unless the sentence says that already.
// Without such a sentence it also names the hold.
func (r *Row) Because(shared string) string {
	switch {
	case r.Hold == "":
		return r.Why
	case shared == "":
		return r.State + "; " + r.Because(" ")
	case r.Hold == shared && r.Why == shared:
		return ""
	case r.Hold == shared:
		return r.Why
	case r.Hold == r.Why || r.Why == "":
		return r.Hold
	}
	return r.Why + "; " + r.Hold
}

// lastActivity is the day of the newest known sign of activity, in a form that
// also sorts; empty when none is known.
func (r *Row) lastActivity() string {
	day := ""
	for _, moment := range [...]reconcile.Moment{r.Evidence.LastSuccessfulLogin, r.Evidence.DeviceLastSeen} {
		if moment.IsKnown() {
			day = max(day, moment.Time().Format(time.DateOnly))
		}
	}
	return day
}

// findingRow is a finding as reports show it.
type findingRow struct {
	Severity          reconcile.Severity
	Mark, Text, Place string
}

// Finding returns how the finding at an index of the plan is shown: its message,
// with the user in front where the message does not name them.
func (v *View) Finding(i int) findingRow {
	finding := &v.plan.Findings[i]
	row := findingRow{Severity: finding.Severity, Mark: severityMark(finding.Severity), Text: sentence(finding.Message)}
	if finding.Source != nil {
		row.Place = place(*finding.Source)
	}
	if finding.Code == reconcile.CodeLowerPurchased && v.plan.Run != nil && v.Advice != "" {
		row.Text = v.Advice // the plan's own advice is about what was to be done, not what was
	}
	if finding.Email != "" && !strings.Contains(strings.ToLower(finding.Message), strings.ToLower(finding.Email)) {
		row.Text = value(finding.Email) + ": " + row.Text
	}
	return row
}

// joined joins two parts of a sentence, either of which may be empty.
func joined(a, b string) string {
	if a != "" && b != "" {
		return a + "; " + b
	}
	return a + b
}
