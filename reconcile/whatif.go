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
	idlers := p.idlers()
	rows := p.tabulate(nil, idlers, &money)
	if len(desired.Groups) == 0 {
		return rows
	}
	names := []string{}
	for i := range desired.Groups {
		names = append(names, desired.Groups[i].Name)
	}
	for _, name := range append(names, "") {
		rows = append(rows, p.tabulate(&name, idlers, &money)...)
	}
	return rows
}

// idler is a seat holder whom some threshold would release, with the verdict of each.
type idler struct {
	candidate
	verdicts []verdict
}

// whatIf judges every seat holder by each threshold, from what is known already.
func (p *planner) whatIf(money *Money) []WhatIf { return p.tabulate(nil, p.idlers(), money) }

// tabulate makes the rows of one group, of those who are in none for "", or of
// everybody where it is nil.
func (p *planner) tabulate(group *string, idlers []idler, money *Money) []WhatIf {
	days := WhatIfDays(p.desired.Policy.Inactive)
	rows := make([]WhatIf, len(days))
	releases := make([]map[string]int, len(days))
	for at, n := range days {
		rows[at] = WhatIf{Group: group, AfterDays: n, Holds: make(map[Hold]int)}
		releases[at] = make(map[string]int)
	}
	for _, found := range idlers {
		name := found.subject.group.name()
		if group != nil && name != *group {
			continue
		}
		hold := p.lastingHold(found.candidate)
		for at, verdict := range found.verdicts {
			if rows[at].count(verdict, hold) {
				releases[at][name]++
			}
		}
	}
	freed := p.options.History.Freed()
	for at := range rows {
		rows[at].MonthlySaving = money.costOf(releases[at])
		rows[at].countPast(freed, p.now)
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

// idlers finds the seat holders whom some threshold would release for inactivity, or
// who cannot be judged by it. Whoever is released for another reason is none, and so is
// everybody of a group that releases nobody for inactivity.
func (p *planner) idlers() []idler {
	thresholds := make(map[*InactivePolicy][]InactivePolicy)
	var found []idler
	var changes []Change
	for i := range p.subjects {
		s := &p.subjects[i]
		if !s.HoldsSeat() || s.activity.rule == nil && s.group != nil && !s.group.InactiveAt.IsZero() {
			continue
		}
		rules, ok := thresholds[s.activity.rule]
		if !ok {
			rules = p.thresholds(s.activity.rule)
			thresholds[s.activity.rule] = rules
		}
		verdicts, change := p.verdicts(s, rules)
		if verdicts != nil {
			found = append(found, idler{candidate{subject: s}, verdicts})
			changes = append(changes, change)
		}
	}
	shared := sharedSeats(changes, p.live.Users)
	for i := range found {
		found[i].change, found[i].hasSharedSeat = &changes[i], shared[seatKey(changes[i].SeatUID)]
	}
	return found
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

// verdicts judges a seat holder by each threshold, and returns the release that some of
// them would propose; nil where none would.
func (p *planner) verdicts(s *subject, rules []InactivePolicy) (verdicts []verdict, release Change) {
	judged := *s
	for at := range rules {
		judged.activity = p.assess(s.User, &rules[at])
		switch isActive := judged.activity.verdict == active; {
		case isActive && at == 0 && judged.activity.basis == bySign:
			return nil, Change{} // and so by every longer threshold
		case isActive:
			continue
		}
		change, ok := p.seatChange(&judged)
		if !ok || change.Reason != Inactive {
			continue
		}
		if verdicts == nil {
			verdicts = slices.Repeat([]verdict{active}, len(rules))
		}
		verdicts[at], release = judged.activity.verdict, change
		if s.activity.rule != nil && rules[at].After < s.activity.rule.After && s.mayUseDevices() && !p.devices.askedAbout(s.User) {
			verdicts[at] = unknown // the file's rule had no need to know of their devices
		}
	}
	return verdicts, release
}

// lastingHold returns what holds the release whatever the threshold, or "".
func (p *planner) lastingHold(c candidate) Hold {
	for _, rule := range holdRules() {
		switch rule.hold {
		case HeldNotAnnounced, HeldTooManyReturned, HeldActivityUnknown:
			continue
		}
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
