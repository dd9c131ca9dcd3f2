package record

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"regexp"
	"strings"
	"time"

	"github.com/seatsync/seatsync/reconcile"
)

// Record is what is known of one run.
type Record struct {
	Start
	FinishedAt time.Time
	Result     Result
	// Error is why the run failed; empty when it did not.
	Error string
	// Plan carries the run, also when the run was killed: changes that were
	// being written then are failed and say that their outcome is not known.
	// It is nil when the run failed before it had a plan.
	Plan *reconcile.Plan

	// unknown are the changes that were being written when the run was killed.
	unknown []int
	// settled is true when a later run has looked after a killed one.
	settled bool
}

// IsKilled reports whether the run ended without saying so.
func (r *Record) IsKilled() bool { return r.Result == ResultKilled }

// Unknown returns the changes of a killed run, by index, of which it is not known
// whether they took effect.
func (r *Record) Unknown() []int { return r.unknown }

// idPattern keeps an id from naming a file elsewhere.
var idPattern = regexp.MustCompile(`^[0-9A-Za-z-]{1,64}$`)

// Read returns the record of a run by its id, or by a beginning of the id that
// only one run has. The word "last" means the latest run.
func (s *Store) Read(id string) (*Record, error) {
	full, err := s.resolve(id)
	if err != nil {
		return nil, err
	}
	return s.read(full)
}

// resolve completes an id.
func (s *Store) resolve(id string) (string, error) {
	if !idPattern.MatchString(id) {
		return "", fmt.Errorf("%q is not a run id: see 'seatsync history'", id)
	}
	ids, err := s.ids()
	if err != nil {
		return "", err
	}
	if id == "last" && len(ids) > 0 {
		return ids[0], nil
	}
	var found []string
	for _, candidate := range ids {
		if candidate == id {
			return id, nil
		}
		if strings.HasPrefix(candidate, id) {
			found = append(found, candidate)
		}
	}
	switch len(found) {
	case 0:
		return "", fmt.Errorf("no run %q is recorded in %s: see 'seatsync history'", id, s.directory)
	case 1:
		return found[0], nil
	default:
		return "", fmt.Errorf("%q is the beginning of %d run ids: write more of it", id, len(found))
	}
}

// List returns the records of all runs, the latest first. A file that cannot be
// read as a record is left out and named in the error, beside the others.
func (s *Store) List() ([]*Record, error) {
	ids, err := s.ids()
	if err != nil {
		return nil, err
	}
	var records []*Record
	var problems []error
	for _, id := range ids {
		record, err := s.read(id)
		switch {
		case errors.Is(err, fs.ErrNotExist): // removed meanwhile by retention
		case err != nil:
			problems = append(problems, err)
		default:
			records = append(records, record)
		}
	}
	return records, errors.Join(problems...)
}

// read returns the record in one file.
func (s *Store) read(id string) (*Record, error) {
	file, err := os.Open(s.path(id))
	if err != nil {
		return nil, fmt.Errorf("read the record of run %s: %w", id, err)
	}
	defer file.Close()
	record, err := parse(file)
	if err != nil {
		return nil, fmt.Errorf("read the record of run %s: %w", id, err)
	}
	if record.IsKilled() && s.isHeldBy(record.ID) {
		record.Result = ResultRunning
	}
	return record, nil
}

// errNoStart is a file that is not a journal, or of which not even the first
// line was written.
var errNoStart = errors.New("the first line is not that of a run")

// parse reads a journal. A line that is not whole is where the writing was cut
// off: it and all after it are not there.
func parse(r io.Reader) (*Record, error) {
	p := parser{intents: make(map[int]bool), outcomes: make(map[int]reconcile.Outcome)}
	reader := bufio.NewReader(r)
	for {
		data, err := reader.ReadBytes('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, err
		}
		if errors.Is(err, io.EOF) {
			break
		}
		var l line
		if json.Unmarshal(bytes.TrimSpace(data), &l) != nil {
			break
		}
		p.take(l)
	}
	if p.start == nil {
		return nil, errNoStart
	}
	return p.record(), nil
}

// parser collects the lines of one journal.
type parser struct {
	start    *Start
	plan     *reconcile.Plan
	end      *line
	settled  bool
	last     time.Time
	intents  map[int]bool // true while no result is known
	outcomes map[int]reconcile.Outcome
}

func (p *parser) take(l line) {
	p.last = l.At
	switch l.Type {
	case lineStart:
		p.start = l.Start
	case linePlan:
		p.plan = l.Plan
	case lineIntent:
		for _, change := range l.Changes {
			p.intents[change] = true
		}
	case lineResult, lineSettled:
		for _, change := range l.Changes {
			p.intents[change] = false
		}
		for _, outcome := range l.Outcomes {
			p.outcomes[outcome.Change] = outcome
		}
		p.settled = p.settled || l.Type == lineSettled
	case lineEnd:
		p.end = &l
	}
}

// record returns what the lines say of the run.
func (p *parser) record() *Record {
	record := &Record{Start: *p.start, Plan: p.plan, settled: p.settled}
	if p.end != nil {
		record.FinishedAt, record.Result, record.Error = p.end.At, p.end.Result, p.end.Error
		if record.Plan != nil {
			record.Plan.Run = p.end.Run
		}
		return record
	}
	record.FinishedAt, record.Result = p.last, ResultKilled
	if record.Plan != nil {
		record.unknown = p.unknownChanges()
		record.Plan.Run = p.killedRun(record)
	}
	return record
}

// unknownChanges are those with an intent and no result.
func (p *parser) unknownChanges() (changes []int) {
	for i := range p.plan.Changes {
		if p.intents[i] {
			changes = append(changes, i)
		}
	}
	return changes
}

const killedMessage = "the run was killed while this was being written: whether it took effect is not known"

// killedRun puts together the run that a killed process could not report.
func (p *parser) killedRun(record *Record) *reconcile.Run {
	run := &reconcile.Run{
		ID: record.ID, StartedAt: record.StartedAt, FinishedAt: record.FinishedAt,
		Outcomes: []reconcile.Outcome{}, Stopped: "the run was killed",
	}
	for i := range p.plan.Changes {
		if !p.plan.Changes[i].WillBeDone() {
			continue
		}
		outcome, known := p.outcomes[i]
		switch {
		case p.intents[i]:
			outcome = reconcile.Outcome{Change: i, Status: reconcile.Failed, Error: killedMessage}
		case !known:
			outcome = reconcile.Outcome{Change: i, Status: reconcile.NotReached, Error: "the run was killed"}
		}
		run.Outcomes = append(run.Outcomes, outcome)
	}
	return run
}

// PastReleases returns the seats that recorded runs released since a time. A
// record that cannot be read is passed over: it is no reason not to plan.
func (s *Store) PastReleases(accountID string, since time.Time) []reconcile.PastRelease {
	records, _ := s.List()
	var releases []reconcile.PastRelease
	for _, record := range records {
		if record.Plan == nil || record.Plan.Run == nil || record.AccountID != accountID || record.FinishedAt.Before(since) {
			continue
		}
		for _, outcome := range record.Plan.Run.Outcomes {
			change := &record.Plan.Changes[outcome.Change]
			if outcome.Status == reconcile.Applied && change.Kind == reconcile.Release {
				releases = append(releases, reconcile.PastRelease{
					UserID: change.UserID, Email: change.Email, At: record.FinishedAt,
				})
			}
		}
	}
	return releases
}
