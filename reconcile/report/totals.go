package report

import (
	"strconv"
	"strings"
	"time"

	"github.com/seatsync/seatsync/reconcile"
)

// Fact is one labelled fact about the whole plan.
type Fact struct{ Label, Text string }

// headFacts lists seats and money, which some formats show at the top.
func (v *View) headFacts() []Fact {
	all := []Fact{{"Seats", v.Seats.Text}}
	for i := range v.Costs {
		all = append(all, v.Costs[i].fact())
	}
	if v.Advice != "" {
		all = append(all, Fact{"To save", v.Advice})
	}
	return all
}

// facts lists the other facts that apply to the plan.
func (v *View) facts() []Fact {
	var all []Fact
	add := func(label, text string) {
		if text != "" {
			all = append(all, Fact{label, text})
		}
	}
	plan := v.plan
	if v.Review != nil {
		add("Base", v.Review.Compared)
	}
	add("Kept", v.Kept)
	add("Limit", limitTotal(plan))
	for i := range plan.Limit.Windows {
		add("Window", windowTotal(&plan.Limit.Windows[i]))
	}
	add("Returns", returnsTotal(plan))
	if plan.Run == nil {
		add("Requests", plannedCalls(plan.Summary.Calls))
	} else {
		add("Outcomes", outcomeTotal(plan.Run))
		add("Requests", runCalls(plan.Run.Calls))
		add("Run", runTotal(plan.Run, Zone(plan.Timezone)))
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
	// idle are purchased and not in use, missing are in use and not purchased. Only a
	// sum over accounts can have both.
	idle, missing int
}

func newSeats(plan *reconcile.Plan, bill *reconcile.Bill) Seats {
	s := Seats{Before: bill.Before.Used, After: bill.After.Used, Purchased: bill.Purchased}
	if s.Purchased != nil {
		s.idle, s.missing = max(0, *s.Purchased-s.After), max(0, s.After-*s.Purchased)
	}
	s.Text = s.text()
	if plan.Run != nil && s.After != plan.Summary.SeatsAfter {
		s.Text += " (planned: " + reconcile.Number(plan.Summary.SeatsAfter) + ")"
	}
	return s
}

// text says how many seats are in use, and how many of those purchased are not.
func (s *Seats) text() string {
	text := arrow(reconcile.Number(s.Before), reconcile.Number(s.After)) + " in use"
	if s.Purchased == nil {
		return text
	}
	text += " of " + reconcile.Number(*s.Purchased) + " purchased"
	if s.idle > 0 || s.missing == 0 {
		text += ", " + reconcile.Number(s.idle) + " idle"
	}
	if s.missing > 0 {
		text += ", " + reconcile.Number(s.missing) + " too many"
	}
	return text
}

// Cost is one of three figures that are not to be confused: what the account is
// billed, what of it is used, and what is idle, before and after.
type Cost struct {
	Label         string
	Before, After reconcile.Amount
	Currency      string
}

// newCosts lists the figures that are known.
func newCosts(bill *reconcile.Bill) []Cost {
	var costs []Cost
	for _, cost := range [...]Cost{
		{"Billed", bill.Billed, bill.Billed, bill.Currency},
		{"Used", bill.Before.UsedCost, bill.After.UsedCost, bill.Currency},
		{"Idle", bill.Before.IdleCost, bill.After.IdleCost, bill.Currency},
	} {
		if cost.After != "" {
			costs = append(costs, cost)
		}
	}
	return costs
}

// Month and Year write the figure before and after: "1,204.00 → 987.00".
func (c Cost) Month() string { return c.times(1) }

// Year is the same for a year.
func (c Cost) Year() string { return c.times(12) }

func (c Cost) times(months int) string {
	return arrow(reconcile.Thousands(string(c.Before.Times(months))), reconcile.Thousands(string(c.After.Times(months))))
}

// fact writes the figure with its currency.
func (c Cost) fact() Fact {
	currency := strings.TrimSuffix(" "+value(c.Currency), " ")
	return Fact{c.Label, c.Month() + currency + " a month, " + c.Year() + currency + " a year"}
}

// freedTotal says what the seats that are freed cost; "" where there are none or no price is known.
func freedTotal(bill *reconcile.Bill) string {
	freed, less := bill.Before.Used-bill.After.Used, bill.Before.UsedCost.Minus(bill.After.UsedCost)
	if freed <= 0 || less == "" {
		return ""
	}
	return "The freed " + reconcile.CountOf(freed, "seat costs", "seats cost") + " " + money(less, bill.Currency) + " a month, " +
		money(less.Times(12), bill.Currency) + " a year"
}

// keptTotal says what the seats of inactive people cost whose release is held.
func keptTotal(plan *reconcile.Plan) string {
	kept := plan.Money.IdleHeldSeats
	if kept == 0 {
		return ""
	}
	text := reconcile.CountOf(kept, "seat of an inactive person is", "seats of inactive people are") + " kept by a hold"
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
	text := reconcile.Number(limit.Wanted) + " of at most " + reconcile.Count(limit.Releases, "release")
	if limit.From != "" {
		text += " (" + sentence(limit.From) + ")"
	}
	return text
}

// windowTotal says how much of a window earlier runs took, and what this one wants.
func windowTotal(window *reconcile.Window) string {
	took := "earlier runs took " + reconcile.Number(window.Used)
	if window.Unknown {
		took = "what earlier runs took is not known,"
	}
	return reconcile.Count(window.Days, "day") + ": " + took + " of at most " + reconcile.Count(window.Allowed, "release") +
		"; this one wants " + reconcile.Number(window.Wanted)
}

// returnsTotal says how many people came back after a release.
func returnsTotal(plan *reconcile.Plan) string {
	returns := plan.Returns
	if returns == nil || returns.Released == 0 {
		return ""
	}
	return reconcile.Number(returns.Returned) + " of " + reconcile.CountOf(returns.Released, "person", "people") + " released in the last " +
		reconcile.Count(returns.Days, "day") + " came back (" + value(returns.Share) + ")"
}

// outcomeTotal counts the outcomes of a run by status.
func outcomeTotal(run *reconcile.Run) string {
	var parts []string
	for _, status := range reconcile.Statuses() {
		if n := run.Count(status); n > 0 {
			parts = append(parts, statusMark(status)+" "+reconcile.Number(n)+" "+value(status.Label()))
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
		part{calls.Retries, "retry", "retries"}, part{calls.Throttled, "throttled response", "throttled responses"})
}

// runTotal says which run it was and how long it took.
func runTotal(run *reconcile.Run, zone *time.Location) string {
	took := run.FinishedAt.Sub(run.StartedAt).Round(1e6)
	return value(run.ID) + ", started " + run.StartedAt.In(zone).Format(minutes) + ", took " + took.String()
}

// originTotal says what the plan was made from.
func originTotal(plan *reconcile.Plan) string {
	zone := Zone(plan.Timezone)
	parts := []string{"made " + plan.CreatedAt.In(zone).Format(minutes)}
	if files := plan.Desired.Files; len(files) > 0 {
		from := "from " + value(files[0])
		more := len(files) - 1
		if plan.Desired.Roster != nil {
			more--
		}
		if more > 0 {
			from += " and " + reconcile.CountOf(more, "more file", "more files")
		}
		parts = append(parts, from)
	}
	if commit := plan.Desired.Commit; commit != "" {
		parts = append(parts, "at "+value(reconcile.ShortCommit(commit)))
	}
	if roster := plan.Desired.Roster; roster != nil {
		parts = append(parts, rosterOrigin(roster, zone))
	}
	if plan.Tool != "" {
		parts = append(parts, "by "+value(plan.Tool))
	}
	return strings.Join(parts, " ")
}

// rosterOrigin says which roster the plan was made from, and where it was read.
func rosterOrigin(roster *reconcile.RosterInfo, zone *time.Location) string {
	from := "with the roster " + value(roster.File)
	if roster.AsOf != nil {
		from += " of " + roster.AsOf.In(zone).Format(minutes)
	}
	if roster.Commit != "" {
		return from + " at " + value(reconcile.ShortCommit(roster.Commit))
	}
	return from + " (from the folder)"
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
