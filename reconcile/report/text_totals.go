package report

import (
	"strconv"
	"strings"

	"github.com/seatsync/seatsync/reconcile"
)

// totals writes what it comes to: seats, money, requests, and where the plan
// comes from.
func (t *textReport) totals() {
	t.line("")
	for _, total := range totals(t.plan) {
		text := padded(total.Label, 9) + " " + total.Text
		if t.options.Width <= 0 || columns(text) <= t.options.Width {
			t.line(text)
			continue
		}
		for i, line := range wrapped(total.Text, t.options.Width-10) {
			if i == 0 {
				t.line(padded(total.Label, 9) + " " + line)
			} else {
				t.line(strings.Repeat(" ", 10) + line)
			}
		}
	}
}

// total is one labelled fact about the whole plan.
type total struct{ Label, Text string }

// totals lists the facts that apply to the plan.
func totals(plan *reconcile.Plan) []total {
	all := []total{{"Seats", seatTotal(plan)}}
	add := func(label, text string) {
		if text != "" {
			all = append(all, total{label, text})
		}
	}
	add("Cost", costTotal(plan))
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

// seatTotal says how many seats are used before and after, and how many are
// paid for.
func seatTotal(plan *reconcile.Plan) string {
	before, after := plan.Live.SeatsUsed, seatsAfter(plan)
	text := arrow(number(before), number(after)) + " in use"
	if purchased := plan.Money.Purchased; purchased != nil {
		text += " of " + number(*purchased) + " purchased"
		if free := *purchased - after; free >= 0 {
			text += ", " + number(free) + " free"
		} else {
			text += ", " + number(-free) + " too many"
		}
	}
	if plan.Run != nil && after != plan.Summary.SeatsAfter {
		text += " (planned: " + number(plan.Summary.SeatsAfter) + ")"
	}
	return text
}

// costTotal says what the seats in use cost before and after; empty without a
// price.
func costTotal(plan *reconcile.Plan) string {
	cost := costOf(plan)
	if cost.MonthBefore == "" {
		return ""
	}
	return arrow(grouped(string(cost.MonthBefore)), money(cost.MonthAfter, cost.Currency)) + " a month, " +
		arrow(grouped(string(cost.YearBefore)), money(cost.YearAfter, cost.Currency)) + " a year"
}

// cost is what the seats in use cost before and after.
type cost struct {
	MonthBefore, MonthAfter, YearBefore, YearAfter reconcile.Amount
	Currency                                       string
}

// costOf returns the cost of the plan or, when it was applied, of what its
// outcomes show. The amounts are empty when there is no price.
func costOf(plan *reconcile.Plan) cost {
	c := cost{
		MonthBefore: plan.Summary.MonthlyCostBefore,
		MonthAfter:  plan.Summary.MonthlyCostAfter,
		YearBefore:  plan.Money.YearlyCostBefore,
		YearAfter:   plan.Money.YearlyCostAfter,
		Currency:    plan.Summary.Currency,
	}
	if plan.Run != nil && c.MonthAfter != "" {
		c.MonthAfter = plan.Money.Price.Times(seatsAfter(plan))
		c.YearAfter = c.MonthAfter.Times(12)
	}
	return c
}

// idleTotal says what the seats of inactive people cost whose release is held.
func idleTotal(plan *reconcile.Plan) string {
	idle := plan.Money.IdleHeldSeats
	if idle == 0 {
		return ""
	}
	text := count(idle, "seat of an inactive person is", "seats of inactive people are") + " kept by a hold"
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
	text := number(limit.Wanted) + " of at most " + count(limit.Releases, "release", "releases")
	if limit.Tripped {
		text = count(limit.Wanted, "release", "releases") + " wanted, at most " + number(limit.Releases) + " allowed"
	}
	if limit.From != "" {
		text += " (" + sentence(limit.From) + ")"
	}
	if limit.Tripped {
		text += ": this run releases nobody; --allow-releases " + strconv.Itoa(limit.Wanted) + " lets them through"
	}
	return text
}

// returnsTotal says how many people came back after a release.
func returnsTotal(plan *reconcile.Plan) string {
	returns := plan.Returns
	if returns == nil || returns.Released == 0 {
		return ""
	}
	return number(returns.Returned) + " of " + count(returns.Released, "person", "people") + " released in the last " +
		count(returns.Days, "day", "days") + " came back (" + value(returns.Share) + ")"
}

// outcomeTotal counts the outcomes of a run by status.
func outcomeTotal(run *reconcile.Run) string {
	var parts []string
	for _, status := range statuses() {
		if n := run.Count(status); n > 0 {
			mark, _ := statusMark(status)
			parts = append(parts, mark+" "+number(n)+" "+statusWords(status))
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

// minutes is how reports show a moment.
const minutes = "2006-01-02 15:04 UTC"

// originTotal says what the plan was made from.
func originTotal(plan *reconcile.Plan) string {
	parts := []string{"made " + plan.CreatedAt.UTC().Format(minutes)}
	if files := plan.Desired.Files; len(files) > 0 {
		from := "from " + value(files[0])
		if len(files) > 1 {
			from += " and " + count(len(files)-1, "more file", "more files")
		}
		parts = append(parts, from)
	}
	if commit := plan.Desired.Commit; commit != "" {
		parts = append(parts, "at "+shortCommit(commit))
	}
	if plan.Tool != "" {
		parts = append(parts, "by "+value(plan.Tool))
	}
	return strings.Join(parts, " ")
}

// shortCommit cuts a commit id as git does and keeps its "-dirty".
func shortCommit(commit string) string {
	id, suffix, dirty := strings.Cut(commit, "-")
	if len(id) == 40 || len(id) == 64 {
		id = id[:12]
	}
	if dirty {
		id += "-" + suffix
	}
	return value(id)
}

// arrow writes a number before and after, once if it stays.
func arrow(before, after string) string {
	if bare, _, _ := strings.Cut(after, " "); bare == before {
		return after
	}
	return before + " → " + after
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
			texts = append(texts, count(p.n, p.one, p.many))
		}
	}
	return strings.Join(texts, ", ")
}
