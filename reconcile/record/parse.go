package record

import (
	"bufio"
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/seatsync/seatsync/reconcile"
)

// Errors about what a file holds.
var (
	// errNothing is the file of a run that was killed before it had written its
	// first line. It had sent no request then.
	errNothing = errors.New("the run was killed before it had recorded anything")
	errNoStart = errors.New("the first line is not that of a run")
	errMisfit  = errors.New("an outcome is of no change in the plan")
)

// parse reads a journal. The start is what its name says of the run.
func parse(r io.Reader, named Start) (*Record, error) {
	j, err := readJournal(r)
	if err != nil {
		return nil, err
	}
	p := parser{intents: make(map[int]bool), outcomes: make(map[int]reconcile.Outcome), found: make(map[int]reconcile.Outcome), damage: j.damage}
	for i := range j.lines {
		p.take(&j.lines[i].line)
	}
	if p.start == nil {
		if !j.isSummed {
			return nil, errNoStart // in a journal without checksums no other line can be believed then
		}
		p.start = p.StartOf(named)
	}
	return p.record()
}

// journal is the lines of a journal that can be believed.
type journal struct {
	lines []decoded
	// isSummed is false for a journal of a version without checksums.
	isSummed bool
	// isEnded is true when the file ends with a line break.
	isEnded bool
	damage  []string
	// first is the beginning of the first line, and isCutEarly is true when the file
	// has no other and ends within it.
	first      []byte
	isCutEarly bool
}

// lastSum is the checksum that the next line links to.
func (j *journal) lastSum() string {
	if len(j.lines) == 0 {
		return ""
	}
	return j.lines[len(j.lines)-1].sum
}

// piece is what is between two line breaks.
type piece struct {
	lines   []decoded
	isWhole bool
	isCut   bool // the file ends without a line break after it
}

// readJournal reads the lines of the journal of a run, which has one at least.
func readJournal(r io.Reader) (*journal, error) {
	j, err := readLines(r)
	if err == nil && len(j.lines) == 0 {
		err = missingStart(j.first, j.isCutEarly)
	}
	if err != nil {
		return nil, err
	}
	return j, nil
}

// readLines reads the lines of a file in the form of a journal. A last line without its end is where
// the writing was cut off, and is not there. Any other line that is not as it was written
// is damage: it is left out and told of, and what follows it counts.
func readLines(r io.Reader) (*journal, error) {
	pieces, first, err := readPieces(r)
	if err != nil {
		return nil, err
	}
	j := &journal{isEnded: len(pieces) == 0 || !pieces[len(pieces)-1].isCut}
	for _, p := range pieces {
		j.isSummed = j.isSummed || slices.ContainsFunc(p.lines, func(d decoded) bool { return d.sum != "" })
	}
	var damaged []int // numbers of lines since the last one that counts
	for i, p := range pieces {
		if j.isSummed {
			sound := slices.DeleteFunc(p.lines, func(d decoded) bool { return d.sum == "" })
			p.isWhole, p.lines = p.isWhole && len(sound) == len(p.lines), sound
		}
		isTail := p.isCut && len(p.lines) == 0
		if !p.isWhole && !isTail {
			damaged = append(damaged, i+1)
		}
		for _, d := range p.lines {
			damaged = j.link(d, damaged, i+1)
			j.lines = append(j.lines, d)
		}
	}
	j.report(damaged)
	j.first, j.isCutEarly = first, len(pieces) <= 1 && !j.isEnded || len(pieces) == 0
	return j, nil
}

// link compares what a line says of the one before with that, and returns the
// damage that is still to be told of.
func (j *journal) link(d decoded, damaged []int, number int) []int {
	follows := d.line.Prev == j.lastSum()
	switch {
	case !j.isSummed:
		// An earlier version cut off what a killed run had left of its last line.
		follows = d.line.Type == lineRecovered
	case !follows && len(damaged) == 0:
		j.damage = append(j.damage, fmt.Sprintf("something is missing before line %d", number))
	}
	if len(damaged) > 0 && damaged[len(damaged)-1] < number && follows {
		// Nothing is missing in between: it was the last line of a run that was
		// killed while it wrote it.
		damaged = damaged[:len(damaged)-1]
	}
	j.report(damaged)
	return nil
}

// report notes lines that are damaged.
func (j *journal) report(damaged []int) {
	for _, number := range damaged {
		j.damage = append(j.damage, fmt.Sprintf("line %d", number))
	}
}

// readPieces reads what is between line breaks, and returns how the first of it
// begins.
func readPieces(r io.Reader) (pieces []piece, first []byte, err error) {
	reader := bufio.NewReader(r)
	for {
		data, err := reader.ReadBytes('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, nil, err
		}
		isCut := err != nil
		if isCut && len(data) == 0 {
			return pieces, first, nil
		}
		if pieces == nil {
			first = data[:min(len(data), longestBeginning)]
		}
		lines, isWhole := decode(bytes.TrimSuffix(data, []byte("\n")))
		if isCut && len(lines) > 0 && lines[0].sum == "" {
			lines, isWhole = nil, false // without a checksum nobody knows whether it is all of the line
		}
		pieces = append(pieces, piece{lines: lines, isWhole: isWhole, isCut: isCut})
		if isCut {
			return pieces, first, nil
		}
	}
}

// longestBeginning is how much of a first line says what it was to be.
const longestBeginning = 64

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
	start     *Start
	plan      *reconcile.Plan
	end       *line
	recovered time.Time // when a later run has first looked; zero when none has
	last      time.Time
	intents   map[int]bool // true while no result is known
	outcomes  map[int]reconcile.Outcome
	found     map[int]reconcile.Outcome // by later runs
	damage    []string
}

func (p *parser) take(l *line) {
	if l.Type != lineRecovered { // which a later run has written
		p.last = l.At
	}
	p.start = cmp.Or(p.start, l.Start)
	switch l.Type {
	case linePlan:
		p.plan = cmp.Or(p.plan, l.Plan)
	case lineIntent:
		for _, change := range l.Changes {
			p.intents[change] = true
		}
	case lineResult:
		for _, change := range l.Changes {
			p.intents[change] = false
		}
		for _, outcome := range l.Outcomes {
			p.outcomes[outcome.Change] = outcome
		}
	case lineRecovered:
		for _, outcome := range l.Outcomes {
			p.found[outcome.Change] = outcome
		}
		if p.recovered.IsZero() {
			p.recovered = l.At
		}
	case lineEnd:
		p.end = l
	}
}

// startOf completes what the name of a journal says of a run by what its lines do.
func (p *parser) StartOf(named Start) *Start {
	named.Mode = reconcile.ModeApply
	if p.end != nil && p.end.Run == nil && p.end.Result != reconcile.ResultFailed {
		named.Mode = reconcile.ModeDryRun // an apply that has ended says what it did
	}
	if p.plan != nil {
		named.AccountID, named.Commit = p.plan.AccountID, p.plan.Desired.Commit
	}
	return &named
}

// record returns what the lines say of the run.
func (p *parser) record() (*Record, error) {
	record := &Record{
		Start: *p.start, FinishedAt: p.last, Result: reconcile.ResultKilled, Plan: p.plan, recovered: !p.recovered.IsZero(), Damage: p.damage,
	}
	record.lastSent = p.lastSent()
	if p.end != nil {
		record.Result, record.Error, record.Run = p.end.Result, p.end.Error, p.end.Run
	}
	if p.plan != nil {
		p.plan.Run = nil
	}
	if record.Mode == reconcile.ModeDryRun {
		record.Run = nil
		return record, nil
	}
	if record.Run == nil && (p.plan != nil || len(p.intents)+len(p.outcomes) > 0) {
		record.Run = p.killedRun(record)
	}
	if p.plan == nil {
		return record, nil
	}
	for i, outcome := range record.Run.Outcomes {
		if outcome.Change < 0 || outcome.Change >= len(p.plan.Changes) {
			return nil, errMisfit
		}
		if found, ok := p.found[outcome.Change]; ok && outcome.Open {
			record.Run.Outcomes[i] = found
		}
		if record.Run.Outcomes[i].Open {
			record.unknown = append(record.unknown, outcome.Change)
		}
	}
	p.plan.Run = record.Run
	return record, nil
}

// lastSent returns when the last request of the run was sent at the latest. Of one
// that was killed nobody knows how long it went on repeating its last: no longer
// than a call takes, and it was gone when somebody looked.
func (p *parser) lastSent() time.Time {
	if p.end != nil {
		return p.end.At
	}
	latest := p.last.Add(longestCall)
	if !p.recovered.IsZero() && p.recovered.Before(latest) {
		return p.recovered
	}
	return latest
}

// isUnknown reports whether a change of a killed run has an intent and no result.
// Where a line is damaged it may have been the intent of any of which nothing is
// known.
func (p *parser) isUnknown(change int) bool {
	isOpen, isTold := p.intents[change]
	_, isKnown := p.outcomes[change]
	return isOpen || !isKnown && !isTold && len(p.damage) > 0
}

// notKnown is the outcome of a change of which it is not known whether it took effect.
func (p *parser) notKnown(change int) reconcile.Outcome {
	var planned *reconcile.Change
	if p.plan != nil && change >= 0 && change < len(p.plan.Changes) {
		planned = &p.plan.Changes[change]
	}
	return reconcile.JudgeOutcome(change, planned, reconcile.ErrKilled, nil, reconcile.ErrNotRead)
}

// killedRun puts together the run that a process did not get to report.
func (p *parser) killedRun(record *Record) *reconcile.Run {
	run := &reconcile.Run{
		ID: record.ID, StartedAt: record.StartedAt, FinishedAt: record.FinishedAt,
		Outcomes: []reconcile.Outcome{}, Stopped: cmp.Or(record.Error, "the run was killed"),
	}
	for _, i := range p.tried() {
		outcome, known := p.outcomes[i]
		switch {
		case p.isUnknown(i):
			outcome = p.notKnown(i)
		case !known:
			outcome = reconcile.Outcome{Change: i, Status: reconcile.NotReached, Error: run.Stopped}
		}
		run.Outcomes = append(run.Outcomes, outcome)
	}
	return run
}

// tried returns the changes that a killed run was to make, as far as they are known.
func (p *parser) tried() (changes []int) {
	if p.plan == nil {
		for change := range p.intents {
			changes = append(changes, change)
		}
		for change := range p.outcomes {
			changes = append(changes, change)
		}
		slices.Sort(changes)
		return slices.Compact(changes)
	}
	for i := range p.plan.Changes {
		if p.plan.Changes[i].WillBeDone() {
			changes = append(changes, i)
		}
	}
	return changes
}
