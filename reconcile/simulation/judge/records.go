package judge

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The judge reads records by itself: what docs/apply.md says of them, and no more.

// line is what the judge looks at in a line of a record.
type line struct {
	Type     string    `json:"type"`
	At       time.Time `json:"at"`
	Plan     *plan     `json:"plan"`
	Changes  []int     `json:"changes"`
	Outcomes []outcome `json:"outcomes"`
	Run      *struct {
		Outcomes []outcome `json:"outcomes"`
	} `json:"run"`
	Result string `json:"result"`
}

type plan struct {
	Changes  []change `json:"changes"`
	Findings []struct {
		Code  string `json:"code"`
		Email string `json:"email"`
	} `json:"findings"`
}

type change struct {
	Kind   string `json:"kind"`
	Reason string `json:"reason"`
	Email  string `json:"email"`
	UserID string `json:"user_id"`
	Before flags  `json:"before"`
	After  flags  `json:"after"`
}

type flags struct {
	Access  *bool  `json:"access_seat"`
	Gateway *bool  `json:"gateway_seat"`
	Name    string `json:"name"`
}

func (f flags) seat() Seat {
	return Seat{Access: f.Access != nil && *f.Access, Gateway: f.Gateway != nil && *f.Gateway}
}

type outcome struct {
	Change int    `json:"change"`
	Status string `json:"status"`
	Error  string `json:"error"`
	Open   bool   `json:"open"`
	// Uncertain is true where nobody can know any more.
	Uncertain bool `json:"uncertain"`
}

// record is what a record says.
type record struct {
	changes  []change
	noticed  []string            // addresses of people who will fall due
	intents  map[int][]time.Time // by change
	outcomes map[int]outcome     // the last one of each change
	isEnded  bool
}

// readRecord reads a record. A last line that was cut off does not count.
func readRecord(path string) (*record, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	r := &record{intents: make(map[int][]time.Time), outcomes: make(map[int]outcome)}
	for text := range bytes.Lines(data) {
		var l line
		if json.Unmarshal(text, &l) != nil {
			continue
		}
		if l.Plan != nil {
			r.changes = l.Plan.Changes
			for _, finding := range l.Plan.Findings {
				if finding.Code == "notice" {
					r.noticed = append(r.noticed, finding.Email)
				}
			}
		}
		if l.Type == "intent" {
			for _, index := range l.Changes {
				r.intents[index] = append(r.intents[index], l.At)
			}
		}
		found := l.Outcomes
		if l.Run != nil {
			found = append(found, l.Run.Outcomes...)
		}
		for _, o := range found {
			r.outcomes[o.Change] = o
		}
		r.isEnded = r.isEnded || l.Type == "end"
	}
	return r, nil
}

// LookAt reads the record of a run as soon as it is over, or was killed: whom it names,
// and whether it has what the run sent.
func (j *Judge) LookAt(runID, path string, at time.Time) {
	r := j.byID[runID]
	names := slices.ContainsFunc(j.files, func(v version) bool { return v.file != nil && v.file.Notice > 0 })
	if r == nil || len(r.writes) == 0 && !names {
		return
	}
	found, err := readRecord(path)
	if err != nil {
		if len(r.writes) > 0 {
			j.broken(Intended, at, "run %s has written and left no record: %v", runID, err)
		}
		return
	}
	for _, c := range found.changes {
		if p := j.people[c.UserID]; p != nil && c.Reason == "inactive" {
			p.foretold = append(p.foretold, r.Begun)
		}
	}
	for _, p := range j.people {
		if slices.Contains(found.noticed, p.email) {
			p.foretold = append(p.foretold, r.Begun)
		}
	}
	for _, w := range r.writes {
		for _, item := range w.items {
			if !found.hasIntent(item, w.sent.Add(j.ClockOff)) {
				j.broken(Intended, at, "run %s asked for %s of %s, and its record has no intent of that", runID, item, j.name(item.UserID))
			}
		}
	}
}

// String says what an item asks for.
func (i Item) String() string {
	if i.Name != nil {
		return fmt.Sprintf("the name %q", *i.Name)
	}
	return i.Seat.String()
}

// hasIntent reports whether an intent for an item was recorded before it was sent.
func (r *record) hasIntent(item Item, sent time.Time) bool {
	for index, times := range r.intents {
		if index >= len(r.changes) || r.changes[index].UserID != item.UserID || (r.changes[index].Kind == "rename") != (item.Name != nil) {
			continue
		}
		if slices.ContainsFunc(times, func(at time.Time) bool { return !at.After(sent.Add(slack)) }) {
			return true
		}
	}
	return false
}

// LookAgain compares what the record of a run says with what became of it, once
// everything has landed. It reports whether there is nothing more to look at: a later
// apply has to have looked before everything is known, which it must be at the end.
func (j *Judge) LookAgain(runID, path string, isEnd bool, at time.Time) (isOver bool) {
	r := j.byID[runID]
	if r == nil || len(r.writes) == 0 {
		return true
	}
	found, err := readRecord(path)
	if errors.Is(err, fs.ErrNotExist) && at.Sub(r.ended) > j.Retention-day {
		return true // it was removed before everything in it was known, and looked at
	}
	if err != nil {
		j.broken(Truthful, at, "the record of run %s is gone: %v", runID, err)
		return true
	}
	for index := range found.intents {
		if o, isKnown := found.outcomes[index]; (!isKnown || o.Open) && !isEnd {
			return false // in a freeze, say, there is no apply
		}
	}
	for index := range found.changes {
		j.lookAtOutcome(r, found, index, at)
	}
	return true
}

// lookAtOutcome compares one outcome with what happened.
func (j *Judge) lookAtOutcome(r *run, found *record, index int, at time.Time) {
	c := &found.changes[index]
	p := j.people[c.UserID]
	if p == nil {
		return
	}
	o, isKnown := found.outcomes[index]
	isRename := c.Kind == "rename"
	isDone, wanted := slices.Contains(r.changed[c.UserID], c.After.seat()), c.After.seat().String()
	wasSo := p.heldAt(c.After.seat(), r.Begun, at)
	if isRename {
		isDone, wanted = slices.Contains(r.renamed[c.UserID], c.After.Name), strconv.Quote(c.After.Name)
		wasSo = p.wasNamed(c.After.Name, r.Begun, at)
	}
	sent := j.sentFor(r, c.UserID, isRename)
	switch {
	case !isKnown && sent.IsZero():
	case !isKnown:
		j.broken(Truthful, at, "run %s asked to %s %s, and its record does not say what became of it", r.ID, c.Kind, p.email)
	case o.Open:
		j.broken(Truthful, at, "whether run %s did %s %s is still not known %s later", r.ID, c.Kind, p.email, at.Sub(r.ended).Round(time.Hour))
	case o.Status == "applied" && !isDone && !wasSo:
		j.broken(Truthful, at, "the record of run %s says that it did %s %s, who has never had %s since", r.ID, c.Kind, p.email, wanted)
	case o.Status == "applied" && sent.IsZero():
		j.broken(Truthful, at, "the record of run %s says that it did %s %s, and it never asked for it", r.ID, c.Kind, p.email)
	case denies(o) && (isDone || c.Kind == "narrow" && len(r.changed[c.UserID]) > 0):
		j.broken(Truthful, at, "the record of run %s says of %s %s: %s %q, and it took effect", r.ID, c.Kind, p.email, o.Status, o.Error)
	}
}

// reservations are words of a failure that do not say that nothing happened.
var reservations = [...]string{
	"not known", "the user now has", "no longer in the account", "may have taken effect", "unless a device has enrolled", "unless somebody has undone it", "counts there",
}

// denies reports whether an outcome says that nothing happened.
func denies(o outcome) bool {
	switch o.Status {
	case "stale", "not-reached", "not-taken":
		return true
	case "failed":
		return !slices.ContainsFunc(reservations[:], func(words string) bool { return strings.Contains(o.Error, words) })
	}
	return false
}

// sentFor returns when a run first asked for something for somebody, the zero time
// when it never did.
func (j *Judge) sentFor(r *run, userID string, isRename bool) time.Time {
	for _, w := range r.writes {
		for _, item := range w.items {
			if item.UserID == userID && (item.Name != nil) == isRename {
				return w.sent
			}
		}
	}
	return time.Time{}
}
