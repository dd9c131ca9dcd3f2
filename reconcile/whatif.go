package reconcile

import (
	"cmp"
	"slices"
	"time"
)

// WhatIf is what a threshold of inactivity would free in place of the file's: the
// seats that a run would release for inactivity, and those that a hold keeps. Limits,
// announcements and returns do not count as holds, since they only put a release off.
type WhatIf struct {
	// Group is nil for the whole account, and "" for those who are in no group.
	Group *string `json:"group,omitempty"`
	// AfterDays is the threshold: [InactivePolicy.After] in days.
	AfterDays int `json:"after_days"`
	Releases  int `json:"releases"`
	// MonthlySaving is the price of those seats; null where none is known.
	MonthlySaving Amount `json:"monthly_saving"`
	// Held counts the seats that a hold keeps, and Holds the same by hold.
	Held  int          `json:"held"`
	Holds map[Hold]int `json:"holds"`
	// ReleasedEarlier are the releases for inactivity in the run records of people who
	// had been idle for so long then, and CameBack those of them who held a seat again
	// within 30 days.
	ReleasedEarlier int `json:"released_earlier"`
	CameBack        int `json:"came_back"`
}

// WhatIfDays lists the thresholds in days, shortest first, with that of a rule among
// them where it is of whole days. The rule may be nil.
func WhatIfDays(rule *InactivePolicy) []int {
	days := []int{30, 45, 60, 90, 120, 180, 270, 365}
	if rule == nil || rule.After%Day != 0 {
		return days
	}
	own := int(rule.After / Day)
	if at, found := slices.BinarySearch(days, own); !found && own > days[0] && own < days[len(days)-1] {
		days = slices.Insert(days, at, own)
	}
	return days
}

// WhatIfs judges every seat holder by each threshold, for the whole account and then
// for each group of the file and those who are in none. It makes the same of an account
// and its records as a plan does.
func WhatIfs(desired *Desired, live *Live, options PlanOptions) []WhatIf {
	p := newPlanner(desired, live, options)
	license := desired.License.With(live.Settings.Subscription)
	money := Money{Price: license.Price, GroupPrices: desired.groupPrices()}
	tables := []whatIfTable{p.newWhatIfTable(nil)}
	if len(desired.Groups) > 0 {
		for i := range desired.Groups {
			tables = append(tables, p.newWhatIfTable(&desired.Groups[i].Name))
		}
		tables = append(tables, p.newWhatIfTable(new(string)))
	}
	return p.tabulate(&money, tables...)
}

// whatIf judges every seat holder by each threshold, from what is known already.
func (p *planner) whatIf(money *Money) []WhatIf { return p.tabulate(money, p.newWhatIfTable(nil)) }

// whatIfTable counts the rows of one group, of those who are in none for "", or of
// everybody where it is nil.
type whatIfTable struct {
	group *string
	rows  []WhatIf
	// releases are those of each row, by group.
	releases []map[string]int
}

func (p *planner) newWhatIfTable(group *string) whatIfTable {
	days := WhatIfDays(p.desired.Policy.Inactive)
	table := whatIfTable{group: group, rows: make([]WhatIf, len(days)), releases: make([]map[string]int, len(days))}
	for at, n := range days {
		table.rows[at] = WhatIf{Group: group, AfterDays: n, Holds: make(map[Hold]int)}
		table.releases[at] = make(map[string]int)
	}
	return table
}

// count adds a person of a group, with the verdict of each threshold.
func (t *whatIfTable) count(group string, verdicts []verdict, hold Hold) {
	if t.group != nil && group != *t.group {
		return
	}
	for at, verdict := range verdicts {
		if t.rows[at].count(verdict, hold) {
			t.releases[at][group]++
		}
	}
}

// tabulate fills in the tables in one pass over the seat holders, and returns their rows.
func (p *planner) tabulate(money *Money, tables ...whatIfTable) (rows []WhatIf) {
	lasting := lastingHoldRules()
	p.eachIdler(func(c candidate, verdicts []verdict) {
		hold := p.firstHold(lasting, c)
		for i := range tables {
			tables[i].count(c.subject.group.name(), verdicts, hold)
		}
	})
	freed := p.options.History.Freed()
	for _, table := range tables {
		for at := range table.rows {
			table.rows[at].MonthlySaving = money.costOf(table.releases[at])
			table.rows[at].countPast(freed, p.now)
		}
		rows = append(rows, table.rows...)
	}
	return rows
}

// count adds one person, and reports whether the threshold would release them.
func (w *WhatIf) count(verdict verdict, hold Hold) bool {
	if verdict == unknown {
		hold = cmp.Or(hold, HeldActivityUnknown)
	}
	switch {
	case verdict == active:
		return false
	case hold == "":
		w.Releases++
		return true
	}
	w.Held++
	w.Holds[hold]++
	return false
}

// countPast adds the releases of the past that the threshold would have made as well.
func (w *WhatIf) countPast(freed []FreedSeat, now time.Time) {
	for i := range freed {
		seat := &freed[i]
		isIdle := seat.LastSign.IsZero() || seat.At.Sub(seat.LastSign) >= time.Duration(w.AfterDays)*Day
		isOurs := w.Group == nil || *w.Group == seat.Group
		if !isOurs || seat.Reason != Inactive || !isIdle || seat.At.After(now) {
			continue
		}
		w.ReleasedEarlier++
		if !seat.Restored && !seat.Back.IsZero() && seat.Back.Sub(seat.At) <= returnDays*Day {
			w.CameBack++
		}
	}
}

// eachIdler visits the seat holders whom some threshold would release for inactivity,
// or who cannot be judged by it, with that release and the verdict of each threshold,
// both valid during the visit. Whoever is released for another reason is none, and so is
// everybody of a group that releases nobody for inactivity.
func (p *planner) eachIdler(visit func(c candidate, verdicts []verdict)) {
	thresholds := make(map[*InactivePolicy][]InactivePolicy)
	var verdicts []verdict
	var release Change
	for i := range p.subjects {
		s := &p.subjects[i]
		if !s.HoldsSeat() || s.activity.rule == nil && s.group != nil && !s.group.InactiveAt.IsZero() {
			continue
		}
		rules, ok := thresholds[s.activity.rule]
		if !ok {
			rules = p.thresholds(s.activity.rule)
			thresholds[s.activity.rule] = rules
			verdicts = make([]verdict, len(rules))
		}
		if p.assessByEach(s, rules, verdicts, &release) {
			visit(p.candidate(&release, s), verdicts)
		}
	}
}

// thresholds returns a rule, which may be nil, with each threshold.
func (p *planner) thresholds(rule *InactivePolicy) []InactivePolicy {
	days := WhatIfDays(p.desired.Policy.Inactive)
	rules := make([]InactivePolicy, len(days))
	for at, n := range days {
		if rule != nil {
			rules[at] = *rule
		}
		rules[at].After = time.Duration(n) * Day
	}
	return rules
}

// assessByEach assesses a seat holder by each threshold, and reports whether some of them
// would propose a release, which is put beside the verdicts without what it rests on.
func (p *planner) assessByEach(s *subject, rules []InactivePolicy, verdicts []verdict, release *Change) (isIdle bool) {
	if s.loggedInWithin(rules[0].After, p.now) {
		return false // by the shortest threshold, and so by every other
	}
	// Where the file asks for nothing, what is proposed depends on the verdict alone.
	_, isListed := p.listedChange(s)
	devices := p.devices.signs(s.ID)
	judged := *s
	last, isProposed := active, false
	clear(verdicts)
	for at := range rules {
		judged.activity = p.assessSigns(s.User, &devices, &rules[at])
		judged.activity.rule = &rules[at]
		switch isActive := judged.activity.verdict == active; {
		case isActive && at == 0 && judged.activity.basis == bySign:
			return false // and so by every longer threshold
		case isActive:
			continue
		}
		if isListed || judged.activity.verdict != last {
			last = judged.activity.verdict
			_, _, isProposed = p.seatChangeOrIdle(&judged)
		}
		if !isProposed {
			continue
		}
		isIdle, verdicts[at] = true, judged.activity.verdict
		if s.activity.rule != nil && rules[at].After < s.activity.rule.After && s.mayUseDevices() && !p.devices.askedAbout(s.User) {
			verdicts[at] = unknown // the file's rule had no need to know of their devices
		}
	}
	*release = s.change(Release, Inactive)
	release.After.AccessSeat, release.After.GatewaySeat = False, False
	return isIdle
}

// lastingHoldRules are the reasons to hold a release whatever the threshold.
func lastingHoldRules() []holdRule {
	return slices.DeleteFunc(holdRules(), func(rule holdRule) bool {
		return rule.hold == HeldNotAnnounced || rule.hold == HeldTooManyReturned || rule.hold == HeldActivityUnknown
	})
}

// firstHold returns the first of the reasons that holds a change, or "".
func (p *planner) firstHold(rules []holdRule, c candidate) Hold {
	for _, rule := range rules {
		if rule.because(p, c) != "" {
			return rule.hold
		}
	}
	return ""
}

// ForShortestThreshold returns the file as it would be with the shortest threshold for
// everybody who has one, to read the account by: what is not read of someone's devices
// cannot be judged.
func ForShortestThreshold(desired *Desired) *Desired {
	shortest := func(rule *InactivePolicy) *InactivePolicy {
		shorter := InactivePolicy{}
		if rule != nil {
			shorter = *rule
		}
		shorter.After = time.Duration(WhatIfDays(nil)[0]) * Day
		return &shorter
	}
	changed := *desired
	changed.Policy.Inactive = shortest(desired.Policy.Inactive)
	changed.Groups = slices.Clone(desired.Groups)
	for i := range changed.Groups {
		if group := &changed.Groups[i]; group.Inactive != nil || group.InactiveAt.IsZero() {
			group.Inactive = shortest(group.Inactive)
		}
	}
	return &changed
}
