package report

import (
	"cmp"
	"slices"
	"sync"

	"github.com/seatsync/seatsync/reconcile"
)

// withheld stands where a text is left out whole, because no mask of it would
// tell a reader anything.
const withheld = "withheld"

// Masker hides who is meant in everything that is shown: plans, messages, logs.
// It learns from each plan the names and ids to look for in messages. A nil
// Masker hides nothing. It may be used by several goroutines.
type Masker struct {
	mu sync.Mutex
	masker
}

// NewMasker returns a masker whose masks depend on nothing but what they stand
// for and the key.
func NewMasker(key string) *Masker {
	return &Masker{masker: masker{key: []byte(key), phrases: make(map[string][]phrase), known: make(map[string]bool)}}
}

// Plan returns a copy of the plan in which emails, names, user ids and seat
// uids are masks, in every field and within every sentence. A mask depends on
// nothing but what it stands for and the key, so one person has the same mask
// in every report that was made with the same key.
//
// Without a key, someone who guesses an email can compute its mask and compare;
// with one they cannot. What is left in the open: the account id, file names
// and lines, the moments of logins, and all counts. Changes and findings are
// put in the order of their masks, since the order of emails would tell on them.
//
// A redacted plan cannot be applied: it keeps the digest of the plan that it
// was made from, so that the two can be told to belong together, and a digest
// that does not match the content is refused.
func (m *Masker) Plan(plan *reconcile.Plan) *reconcile.Plan {
	if m == nil {
		return plan
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.learn(plan)
	return m.plan(plan)
}

// Text returns a message as it may be shown: emails and ids are found by their
// form, names and other ids where a plan had them. A name of one word cannot be
// told from other words here.
func (m *Masker) Text(text string) string {
	if m == nil {
		return text
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.replacePhrases(m.byForm(text))
}

// Person returns the name or the email of somebody as it may be shown.
func (m *Masker) Person(name string) string {
	if m == nil {
		return name
	}
	return m.owner(name)
}

// plan masks a plan that it has learned from.
func (m *masker) plan(plan *reconcile.Plan) *reconcile.Plan {
	masked := *plan
	if plan.Desired.Roster != nil {
		roster := *plan.Desired.Roster
		roster.File = m.path(roster.File)
		masked.Desired.Roster = &roster
	}
	masked.Desired.Files = slices.Clone(plan.Desired.Files)
	for i, file := range masked.Desired.Files {
		masked.Desired.Files[i] = m.path(file)
	}
	masked.Limit.From = m.text(plan.Limit.From, nil)
	masked.Groups = slices.Clone(plan.Groups)
	for i := range masked.Groups {
		masked.Groups[i].Name = m.text(plan.Groups[i].Name, nil)
	}
	masked.Money.GroupPrices = m.groupPrices(plan.Money.GroupPrices)
	order := m.order(plan.Changes)
	masked.Changes = make([]reconcile.Change, len(order))
	position := make([]int, len(order)) // from an index in plan to the one in masked
	for at, from := range order {
		masked.Changes[at] = m.change(&plan.Changes[from])
		position[from] = at
	}
	masked.CameBack = make([]reconcile.CameBack, len(plan.CameBack))
	for i, person := range plan.CameBack {
		masked.CameBack[i] = reconcile.CameBack{UserID: m.id(person.UserID), Email: m.email(person.Email), ReleasedAt: person.ReleasedAt}
	}
	slices.SortStableFunc(masked.CameBack, func(a, b reconcile.CameBack) int { return cmp.Compare(a.Email+a.UserID, b.Email+b.UserID) })
	masked.Findings = m.findings(plan)
	masked.Base = m.base(plan.Base)
	masked.Run = m.run(plan, position)
	masked.FreezeWindows = make([]reconcile.Freeze, len(plan.FreezeWindows))
	for i, window := range plan.FreezeWindows {
		masked.FreezeWindows[i] = m.freeze(window)
	}
	if plan.Freeze != nil {
		window := m.freeze(*plan.Freeze)
		masked.Freeze = &window
	}
	return &masked
}

// base returns the masked base, its changes in the order of their masks.
func (m *masker) base(base *reconcile.Base) *reconcile.Base {
	if base == nil {
		return nil
	}
	masked := *base
	masked.Files = slices.Clone(base.Files)
	for i, file := range masked.Files {
		masked.Files[i] = m.path(file)
	}
	masked.GoneChanges = make([]reconcile.Change, 0, len(base.GoneChanges))
	for _, i := range m.order(base.GoneChanges) {
		masked.GoneChanges = append(masked.GoneChanges, m.change(&base.GoneChanges[i]))
	}
	return &masked
}

// freeze returns a window without what somebody may have written about people.
func (m *masker) freeze(window reconcile.Freeze) reconcile.Freeze {
	window.Reason, window.At.File = m.text(window.Reason, nil), m.path(window.At.File)
	return window
}

// groupPrices returns the prices with the names of groups masked as elsewhere.
func (m *masker) groupPrices(prices map[string]reconcile.Amount) map[string]reconcile.Amount {
	if prices == nil {
		return nil
	}
	masked := make(map[string]reconcile.Amount, len(prices))
	for name, price := range prices {
		masked[m.text(name, nil)] = price
	}
	return masked
}

// order returns the indices of changes by kind and mask.
func (m *masker) order(changes []reconcile.Change) []int {
	masks := make([]string, len(changes))
	order := make([]int, len(changes))
	for i := range changes {
		order[i], masks[i] = i, m.email(changes[i].Email)+m.id(changes[i].UserID)
	}
	slices.SortStableFunc(order, func(a, b int) int {
		return cmp.Or(cmp.Compare(masks[a], masks[b]), cmp.Compare(changes[a].Kind, changes[b].Kind))
	})
	return order
}

// change returns the masked change. It is made field by field: a field that is
// new in the plan stays empty here until someone decides what may be shown.
func (m *masker) change(change *reconcile.Change) reconcile.Change {
	own := ownWords(change)
	masked := reconcile.Change{
		Kind:        change.Kind,
		Email:       m.email(change.Email),
		UserID:      m.id(change.UserID),
		SeatUID:     m.id(change.SeatUID),
		Before:      m.state(change.Before),
		After:       m.state(change.After),
		Reason:      change.Reason,
		Because:     m.text(change.Because, own),
		Evidence:    change.Evidence,
		Source:      change.Source,
		Held:        change.Held,
		Group:       m.text(change.Group, nil),
		Devices:     change.Devices,
		HeldBecause: m.text(change.HeldBecause, own),
		New:         change.New,
	}
	if change.Was != nil {
		was := m.change(change.Was)
		masked.Was = &was
	}
	masked.Source.File = m.path(change.Source.File)
	if exemption := change.Exemption; exemption != nil {
		masked.Exemption = &reconcile.Exemption{From: exemption.From, Until: exemption.Until, Owner: m.owner(exemption.Owner)}
		if exemption.Reason != "" {
			masked.Exemption.Reason = withheld
		}
	}
	return masked
}

// state returns the state with the name masked.
func (m *masker) state(state reconcile.State) reconcile.State {
	state.Name = m.name(state.Name)
	return state
}

// findings returns the masked findings, those about people by code and mask.
func (m *masker) findings(plan *reconcile.Plan) []reconcile.Finding {
	own := make(map[string][]ownWord)
	for _, finding := range plan.Findings {
		if finding.Email != "" {
			own[reconcile.EmailKey(finding.Email)] = nil
		}
	}
	for i := range plan.Changes {
		key := reconcile.EmailKey(plan.Changes[i].Email)
		if words, wanted := own[key]; wanted {
			own[key] = append(words, ownWords(&plan.Changes[i])...)
		}
	}
	masked := slices.Clone(plan.Findings)
	for i := range masked {
		finding := &masked[i]
		finding.Message = m.text(finding.Message, own[reconcile.EmailKey(finding.Email)])
		finding.Email = m.email(finding.Email)
		if finding.Source != nil {
			source := *finding.Source
			source.File = m.path(source.File)
			finding.Source = &source
		}
	}
	slices.SortStableFunc(masked, func(a, b reconcile.Finding) int {
		if a.Email == "" || b.Email == "" {
			return cmp.Compare(min(len(a.Email), 1), min(len(b.Email), 1)) // about nobody: first, as they were
		}
		return cmp.Or(cmp.Compare(a.Code, b.Code), cmp.Compare(a.Email, b.Email), cmp.Compare(a.Message, b.Message))
	})
	return masked
}

// run returns the masked run with its outcomes at the new positions of changes.
func (m *masker) run(plan *reconcile.Plan, position []int) *reconcile.Run {
	if plan.Run == nil {
		return nil
	}
	masked := *plan.Run
	masked.Stopped = m.text(plan.Run.Stopped, nil)
	masked.Outcomes = slices.Clone(plan.Run.Outcomes)
	for i := range masked.Outcomes {
		outcome := &masked.Outcomes[i]
		var own []ownWord
		if from := outcome.Change; from >= 0 && from < len(position) {
			own = ownWords(&plan.Changes[from])
			outcome.Change = position[from]
		}
		outcome.Error = m.text(outcome.Error, own)
	}
	slices.SortStableFunc(masked.Outcomes, func(a, b reconcile.Outcome) int { return cmp.Compare(a.Change, b.Change) })
	return &masked
}
