package record

import (
	"bufio"
	"cmp"
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
	// Plan always carries the run of an apply, also when it was killed: changes
	// that were being written then are failed and say that their outcome is not
	// known. A dry run wrote nothing, so its plan carries no run. It is nil when
	// the run ended before it had a plan.
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
		return "", &NoRunError{ID: id, AccountID: s.account, Directory: s.state}
	case 1:
		return found[0], nil
	default:
		return "", fmt.Errorf("%q is the beginning of %d run ids: write more of it", id, len(found))
	}
}

// NoRunError says that no run is recorded by an id, or by the word "last".
type NoRunError struct {
	ID string
	// AccountID is empty where those of all accounts were looked at.
	AccountID string
	Directory string
}

// Error says where it was looked for and what to do.
func (e *NoRunError) Error() string {
	if e.AccountID != "" {
		return fmt.Sprintf("no run %q of account %s is recorded in %s: see 'seatsync history'", e.ID, e.AccountID, e.Directory)
	}
	return fmt.Sprintf("no run %q is recorded in %s: see 'seatsync history'", e.ID, e.Directory)
}

// List returns the records of all runs, the latest first. A file that cannot be
// read as a record is left out and named in the error, beside the others.
func (s *Store) List() ([]*Record, error) {
	records, problems, err := s.readAll(time.Time{})
	return records, errors.Join(err, problems)
}

// readAll reads the records of runs that started no earlier than a time, the
// latest first, and collects what is wrong with those that cannot be read.
func (s *Store) readAll(since time.Time) (records []*Record, problems, err error) {
	ids, err := s.ids()
	if err != nil {
		return nil, nil, err
	}
	for _, id := range ids {
		if started, ok := startOf(id); ok && started.Before(since) {
			continue
		}
		record, err := s.read(id)
		switch {
		case errors.Is(err, fs.ErrNotExist): // removed meanwhile by retention
		case err != nil:
			problems = errors.Join(problems, err)
		default:
			records = append(records, record)
		}
	}
	return records, problems, nil
}

// startOf returns when the run with an id started, to the second.
func startOf(id string) (time.Time, bool) {
	text, _, _ := strings.Cut(id, "-")
	started, err := time.Parse(idTime, text)
	return started, err == nil
}

// read returns the record in one file.
func (s *Store) read(id string) (*Record, error) {
	record, err := s.readFile(id)
	if err == nil {
		err = s.misplaced(record, id)
	}
	if err != nil {
		return nil, fmt.Errorf("read the record of run %s: %w", id, err)
	}
	if record.IsKilled() && s.isHeldBy(record.ID) {
		record.Result = ResultRunning
	}
	return record, nil
}

func (s *Store) readFile(id string) (*Record, error) {
	runs, err := s.openRuns()
	if err != nil {
		return nil, err
	}
	defer runs.Close()
	file, err := openFile(runs, id+extension, os.O_RDONLY)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	record, _, err := parse(file)
	return record, err
}

// misplaced returns an error for a record that belongs elsewhere.
func (s *Store) misplaced(record *Record, id string) error {
	switch {
	case record.ID != id:
		return fmt.Errorf("it is of run %q, so it was renamed or copied", record.ID)
	case s.account != "" && !strings.EqualFold(record.AccountID, s.account):
		return fmt.Errorf("it is of account %q, so it was copied", record.AccountID)
	}
	return nil
}

// Errors about what a file holds.
var (
	// errNothing is the file of a run that was killed before it had written its
	// first line. It had sent no request then.
	errNothing = errors.New("the run was killed before it had recorded anything")
	errNoStart = errors.New("the first line is not that of a run")
	errMisfit  = errors.New("an outcome is of no change in the plan")
)

// parse reads a journal and returns how many bytes of it count. A line that is
// not whole is where the writing was cut off: it and all after it are not there.
func parse(r io.Reader) (*Record, int64, error) {
	p := parser{intents: make(map[int]bool), outcomes: make(map[int]reconcile.Outcome)}
	reader := bufio.NewReader(r)
	var whole int64
	for {
		data, err := reader.ReadBytes('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, 0, err
		}
		isCut := err != nil
		var l line
		isBroken := isCut || json.Unmarshal(data, &l) != nil
		isNoStart := l.Type != lineStart || l.Start == nil
		if isBroken || p.start == nil && isNoStart {
			if p.start == nil {
				return nil, 0, missingStart(data, isCut)
			}
			record, err := p.record()
			return record, whole, err
		}
		whole += int64(len(data))
		p.take(l)
	}
}

// missingStart says why there is no start, given the first line.
func missingStart(data []byte, isCut bool) error {
	const beginning = `{"type":"` + lineStart + `"`
	text := string(data[:min(len(data), len(beginning))])
	if isCut && strings.HasPrefix(beginning, text) {
		return errNothing
	}
	return errNoStart
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
	if l.Type != lineSettled { // which a later run has written
		p.last = l.At
	}
	switch l.Type {
	case lineStart:
		p.start = cmp.Or(p.start, l.Start)
	case linePlan:
		p.plan = cmp.Or(p.plan, l.Plan)
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
func (p *parser) record() (*Record, error) {
	record := &Record{Start: *p.start, FinishedAt: p.last, Result: ResultKilled, Plan: p.plan, settled: p.settled}
	var run *reconcile.Run
	if p.end != nil {
		record.Result, record.Error = p.end.Result, p.end.Error
		run = p.end.Run
	} else if p.plan != nil {
		record.unknown = p.unknownChanges()
	}
	if p.plan == nil {
		return record, nil
	}
	p.plan.Run = nil
	if record.Mode == reconcile.ModeDryRun {
		return record, nil
	}
	if run == nil {
		run = p.killedRun(record)
	}
	for _, outcome := range run.Outcomes {
		if outcome.Change < 0 || outcome.Change >= len(p.plan.Changes) {
			return nil, errMisfit
		}
	}
	p.plan.Run = run
	return record, nil
}

// unknownChanges are those with an intent and no result.
func (p *parser) unknownChanges() (changes []int) {
	for i := range p.plan.Changes {
		if p.intents[i] && p.plan.Changes[i].WillBeDone() {
			changes = append(changes, i)
		}
	}
	return changes
}

const killedMessage = "the run was killed while this was being written: whether it took effect is not known"

// killedRun puts together the run that a process did not get to report.
func (p *parser) killedRun(record *Record) *reconcile.Run {
	run := &reconcile.Run{
		ID: record.ID, StartedAt: record.StartedAt, FinishedAt: record.FinishedAt,
		Outcomes: []reconcile.Outcome{}, Stopped: cmp.Or(record.Error, "the run was killed"),
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
			outcome = reconcile.Outcome{Change: i, Status: reconcile.NotReached, Error: run.Stopped}
		}
		run.Outcomes = append(run.Outcomes, outcome)
	}
	return run
}

// longestRun is longer than any run takes.
const longestRun = 24 * time.Hour

// History returns what the runs since a time know, for the rules that look back. A
// record that cannot be read is passed over: it is no reason not to plan.
func (s *Store) History(since time.Time) (history reconcile.History) {
	records, _, _ := s.readAll(since.Add(-longestRun))
	for _, record := range records {
		if record.Plan != nil && !record.FinishedAt.Before(since) {
			history.Add(record.Plan, record.StartedAt, record.FinishedAt)
		}
	}
	return history
}
