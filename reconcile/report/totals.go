package report

import (
	"strconv"
	"strings"

	"github.com/seatsync/seatsync/reconcile"
)

// Fact is one labelled fact about the whole plan.
type Fact struct{ Label, Text string }

// facts lists the facts that apply to the plan.
func (v *View) facts() []Fact {
	plan := v.plan
	all := []Fact{{"Seats", v.Seats.Text}}
	add := func(label, text string) {
		if text != "" {
			all = append(all, Fact{label, text})
		}
	}
	if v.Cost != nil {
		add("Cost", v.Cost.text())
	}
	add("Idle", idleTotal(plan))
	add("Limit", limitTotal(plan))
	add("Returns", returnsTotal(plan))
	if plan.Run == nil {
		add("Requests", plannedCalls(plan.Summary.Calls))
	} else {
		add("Outcomes", outcomeTotal(plan.Run))
		add("Requests", runCalls(plan.Run.Calls))
		add("Run", runTotal(plan.Run))
	}
	add("Plan", originTotal(plan))
	return all
}

// Seats are the seats in use before and after: as planned, or, when the plan was
// applied, as far as its outcomes show. Purchased is nil where it is not known.
type Seats struct {
	Before, After int
	Purchased     *int
	// Text says all of it in words.
	Text string
}

func newSeats(plan *reconcile.Plan) Seats {
	s := Seats{Before: plan.Live.SeatsUsed, After: plan.Summary.SeatsAfter, Purchased: plan.Money.Purchased}
	if plan.Run != nil {
		s.After = plan.SeatsInUse().Used
	}
	s.Text = arrow(number(s.Before), number(s.After)) + " in use"
	if s.Purchased != nil {
		s.Text += " of " + number(*s.Purchased) + " purchased"
		if free := *s.Purchased - s.After; free >= 0 {
			s.Text += ", " + number(free) + " free"
		} else {
			s.Text += ", " + number(-free) + " too many"
		}
	}
	if plan.Run != nil && s.After != plan.Summary.SeatsAfter {
		s.Text += " (planned: " + number(plan.Summary.SeatsAfter) + ")"
	}
	return s
}

// Cost is what the seats in use cost before and after.
type Cost struct {
	MonthBefore, MonthAfter, YearBefore, YearAfter reconcile.Amount
	Currency                                       string
	// Idle says what the seats of inactive people cost whose release is held.
	Idle string
}

// newCost returns the cost of the plan or, when it was applied, of what its
// outcomes show.
func newCost(plan *reconcile.Plan, after int) *Cost {
	if plan.Summary.MonthlyCostBefore == "" {
		return nil
	}
	c := &Cost{
		MonthBefore: plan.Summary.MonthlyCostBefore, MonthAfter: plan.Summary.MonthlyCostAfter,
		YearBefore: plan.Money.YearlyCostBefore, YearAfter: plan.Money.YearlyCostAfter,
		Currency: plan.Summary.Currency, Idle: idleTotal(plan),
	}
	if plan.Run != nil {
		c.MonthAfter = plan.Money.Price.Times(after)
		c.YearAfter = c.MonthAfter.Times(12)
	}
	return c
}

// Month and Year write the cost before and after.
func (c *Cost) Month() string {
	return arrow(reconcile.Thousands(string(c.MonthBefore)), money(c.MonthAfter, c.Currency))
}

// Year is the same for a year.
func (c *Cost) Year() string {
	return arrow(reconcile.Thousands(string(c.YearBefore)), money(c.YearAfter, c.Currency))
}

// text says all of it in words.
func (c *Cost) text() string { return c.Month() + " a month, " + c.Year() + " a year" }

// Difference says what is saved, or what more is to be paid.
func (c *Cost) Difference() string {
	return signed(reconcile.Thousands(string(c.MonthAfter.Minus(c.MonthBefore)))) + " a month, " +
		signed(reconcile.Thousands(string(c.YearAfter.Minus(c.YearBefore)))) + " a year"
}

// idleTotal says what the seats of inactive people cost whose release is held.
func idleTotal(plan *reconcile.Plan) string {
	idle := plan.Money.IdleHeldSeats
	if idle == 0 {
		return ""
	}
	text := reconcile.CountOf(idle, "seat of an inactive person is", "seats of inactive people are") + " kept by a hold"
	if plan.Money.IdleHeldMonthlyCost != "" {
		text += ": " + money(plan.Money.IdleHeldMonthlyCost, plan.Summary.Currency) + " a month, " +
			money(plan.Money.IdleHeldYearlyCost, plan.Summary.Currency) + " a year"
	}
	return text
}

// limitTotal says how far the releases are from the limit.
func limitTotal(plan *reconcile.Plan) string {
	limit := plan.Limit
	if limit.Wanted == 0 && !limit.Tripped {
		return ""
	}
	if limit.Tripped {
		outcome := "this run releases nobody"
		if plan.Summary.Release > 0 {
			outcome = "the others wait"
		}
		return sentence(limit.Sentence()) + ": " + outcome + "; --allow-releases " + strconv.Itoa(limit.Wanted) + " lets them through"
	}
	text := number(limit.Wanted) + " of at most " + reconcile.Count(limit.Releases, "release")
	if limit.From != "" {
		text += " (" + sentence(limit.From) + ")"
	}
	return text
}

// returnsTotal says how many people came back after a release.
func returnsTotal(plan *reconcile.Plan) string {
	returns := plan.Returns
	if returns == nil || returns.Released == 0 {
		return ""
	}
	return number(returns.Returned) + " of " + reconcile.CountOf(returns.Released, "person", "people") + " released in the last " +
		reconcile.Count(returns.Days, "day") + " came back (" + value(returns.Share) + ")"
}

// outcomeTotal counts the outcomes of a run by status.
func outcomeTotal(run *reconcile.Run) string {
	var parts []string
	for _, status := range reconcile.Statuses() {
		if n := run.Count(status); n > 0 {
			parts = append(parts, statusMark(status)+" "+number(n)+" "+value(status.Label()))
		}
	}
	return strings.Join(parts, "  ")
}

// plannedCalls says how many writing requests a plan takes.
func plannedCalls(calls reconcile.CallCounts) string {
	return joinCounts(part{calls.Patch, "PATCH", "PATCH"}, part{calls.Put, "PUT", "PUT"})
}

// runCalls says how many requests a run took.
func runCalls(calls reconcile.RunCalls) string {
	return joinCounts(part{calls.Get, "GET", "GET"}, part{calls.Patch, "PATCH", "PATCH"}, part{calls.Put, "PUT", "PUT"},
		part{calls.Retries, "retry", "retries"}, part{calls.Throttled, "throttled answer", "throttled answers"})
}

// runTotal says which run it was and how long it took.
func runTotal(run *reconcile.Run) string {
	took := run.FinishedAt.Sub(run.StartedAt).Round(1e6)
	return value(run.ID) + ", started " + run.StartedAt.UTC().Format(minutes) + ", took " + took.String()
}

// originTotal says what the plan was made from.
func originTotal(plan *reconcile.Plan) string {
	parts := []string{"made " + plan.CreatedAt.UTC().Format(minutes)}
	if files := plan.Desired.Files; len(files) > 0 {
		from := "from " + value(files[0])
		if len(files) > 1 {
			from += " and " + reconcile.CountOf(len(files)-1, "more file", "more files")
		}
		parts = append(parts, from)
	}
	if commit := plan.Desired.Commit; commit != "" {
		parts = append(parts, "at "+value(reconcile.ShortCommit(commit)))
	}
	if plan.Tool != "" {
		parts = append(parts, "by "+value(plan.Tool))
	}
	return strings.Join(parts, " ")
}

// part is a number with its noun.
type part struct {
	n         int
	one, many string
}

// joinCounts lists the parts that are not zero.
func joinCounts(parts ...part) string {
	var texts []string
	for _, p := range parts {
		if p.n > 0 {
			texts = append(texts, reconcile.CountOf(p.n, p.one, p.many))
		}
	}
	return strings.Join(texts, ", ")
}
