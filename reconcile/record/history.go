package record

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/seatsync/seatsync/reconcile"
)

// Record is what is known of one run.
type Record struct {
	Start
	FinishedAt time.Time
	Result     reconcile.Result
	// Error is why the run failed; empty when it did not.
	Error string
	// Plan always carries the run of an apply, also when it was killed: changes
	// that were being written then are failed and say that their outcome is not
	// known. A dry run wrote nothing, so its plan carries no run. It is nil when
	// the run ended before it had a plan, or the line with it is damaged.
	Plan *reconcile.Plan
	// Run is that of Plan, and of an apply whose plan is nil because of damage; nil
	// for a dry run.
	Run *reconcile.Run
	// Damage says what is wrong with lines of the journal that do not count
	// because of it; nil for a sound one. What the others say counts.
	Damage []string

	// unknown are the changes of which it is not known whether they took effect.
	unknown []int
	// recovered is true when a later run has recovered a killed one.
	recovered bool
	// lastSent is when the last request was sent at the latest.
	lastSent time.Time
}

// IsKilled reports whether the run ended without saying so.
func (r *Record) IsKilled() bool { return r.Result == reconcile.ResultKilled }

// Unknown returns the changes of a run, by index, of which it is not known
// whether they took effect.
func (r *Record) Unknown() []int { return r.unknown }

// DamageError says that lines of a record are damaged. The record itself is there:
// what its other lines say counts.
type DamageError struct {
	RunID  string
	Damage []string
}

// Error says which lines.
func (e *DamageError) Error() string {
	return fmt.Sprintf("the record of run %s is damaged: %s; what its other lines say counts", e.RunID, strings.Join(e.Damage, ", "))
}

// idPattern keeps an id from naming a file elsewhere.
var idPattern = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[0-9A-Za-z-]{1,64}$`) })

// Read returns the record of a run by its id, or by a beginning of the id that
// only one run has. The word "last" means the latest run.
func (s *Store) Read(id string) (*Record, error) {
	if idPattern().MatchString(id) {
		// Most have the whole id, and a directory of thousands takes its time to list.
		if record, err := s.read(id); !errors.Is(err, fs.ErrNotExist) {
			return record, err
		}
	}
	full, err := s.resolve(id)
	if err != nil {
		return nil, err
	}
	return s.read(full)
}

// LastChange returns the record of the last run that changed something. The error
// is a *[NoRunError] where none did.
func (s *Store) LastChange() (*Record, error) {
	entries, err := s.entries(time.Time{})
	if err != nil {
		return nil, err
	}
	for i := range entries {
		if entries[i].err == nil && entries[i].Applied > 0 {
			return s.read(entries[i].ID)
		}
	}
	return nil, &NoRunError{ID: "last", AccountID: s.account, Directory: s.state, Changed: true}
}

// LastPlanned returns the record of the latest run with a plan of what a file asks for,
// which one that takes a run back is not; nil where there is none.
func (s *Store) LastPlanned() (*Record, error) {
	entries, err := s.entries(time.Time{})
	if err != nil {
		return nil, err
	}
	for i := range entries {
		if entries[i].Past != nil && !entries[i].IsRevert {
			return s.read(entries[i].ID)
		}
	}
	return nil, nil
}

// People returns everybody of whom a run tried to change something, once for each
// change. Records that cannot be read are passed over.
func (s *Store) People() (people []reconcile.Person) {
	entries, _ := s.entries(time.Time{})
	for i := range entries {
		people = append(people, entries[i].People...)
	}
	return people
}

// Concerning returns the records of the runs that tried to change something of whoever
// has an email, the latest first. Those that cannot be read are passed over.
func (s *Store) Concerning(email string) (records []*Record) {
	entries, _ := s.entries(time.Time{})
	key := reconcile.EmailKey(email)
	for i := range entries {
		if !slices.ContainsFunc(entries[i].People, func(p reconcile.Person) bool { return reconcile.EmailKey(p.Email) == key }) {
			continue
		}
		if record, err := s.read(entries[i].ID); err == nil {
			records = append(records, record)
		}
	}
	return records
}

// people returns those of whom the run tried to change something.
func (r *Record) people() (people []reconcile.Person) {
	if r.Plan.Run == nil {
		return nil
	}
	for _, outcome := range r.Plan.Run.Outcomes {
		change := &r.Plan.Changes[outcome.Change]
		people = append(people, reconcile.Person{Email: change.Email, Name: change.Before.Name})
	}
	return people
}

// resolve completes an id.
func (s *Store) resolve(id string) (string, error) {
	if !idPattern().MatchString(id) {
		return "", fmt.Errorf("%q is not a run id: see 'seatsync history'", id)
	}
	ids, err := s.IDs()
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
	// Changed is true where only a run that changed something would do.
	Changed bool
}

// Error says where it was looked for and what to do.
func (e *NoRunError) Error() string {
	if e.Changed {
		return fmt.Sprintf("no run of account %s that changed something is recorded in %s, so there is nothing to restore: see 'seatsync history'", e.AccountID, e.Directory)
	}
	if e.AccountID != "" {
		return fmt.Sprintf("no run %q of account %s is recorded in %s: see 'seatsync history'", e.ID, e.AccountID, e.Directory)
	}
	return fmt.Sprintf("no run %q is recorded in %s: see 'seatsync history'", e.ID, e.Directory)
}

// List returns the records of all runs, the latest first. A file that cannot be
// read as a record is left out and named in the error, beside the others; so is a
// record with damaged lines, which is not left out: see [DamageError].
func (s *Store) List() (records []*Record, err error) {
	archive := Archive{stores: []*Store{s}}
	err = archive.Latest(0, func(record *Record) { records = append(records, record) })
	return records, err
}

// StartOf returns when the run with an id started, to the second.
func StartOf(id string) (time.Time, bool) {
	text, _, _ := strings.Cut(id, "-")
	started, err := time.Parse(idTime, text)
	return started, err == nil
}

// read returns the record in one file.
func (s *Store) read(id string) (*Record, error) {
	runs, err := s.openRuns()
	if err != nil {
		return nil, fmt.Errorf("read the record of run %s: %w", id, err)
	}
	defer runs.Close()
	return s.readIn(runs, id)
}

// readIn returns the record in one file of the directory of the journals.
func (s *Store) readIn(runs *os.Root, id string) (*Record, error) {
	record, err := s.readFile(runs, id)
	if err == nil {
		err = s.misplaced(record, id)
	}
	if err != nil {
		return nil, fmt.Errorf("read the record of run %s: %w", id, err)
	}
	if record.IsKilled() && s.isHeldBy(record.ID) {
		record.Result = reconcile.ResultRunning
	}
	return record, nil
}

func (s *Store) readFile(runs *os.Root, id string) (*Record, error) {
	file, err := openFile(runs, id+extension, os.O_RDONLY)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return parse(file, s.startFromName(id))
}

// startFromName is what the name of a journal says of its run, for one whose
// lines that say it are damaged.
func (s *Store) startFromName(id string) Start {
	started, _ := StartOf(id)
	return Start{ID: id, StartedAt: started, AccountID: s.account}
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

// past returns what a run with a plan says to later ones.
func (r *Record) past() reconcile.PastRun {
	past := reconcile.PastRunOf(r.Plan, r.StartedAt, r.FinishedAt)
	past.ID = r.ID
	if r.AsIf {
		past.Announced = nil
	}
	return past
}

// longestRun is longer than any run takes.
const longestRun = 24 * time.Hour

// History returns what the runs since a time know, for the rules that look back. A
// record that is damaged or cannot be read is among the unreadable runs: it is no
// reason not to plan, and one for such rules to release nobody.
func (s *Store) History(since time.Time) reconcile.History {
	entries, err := s.entries(since)
	return s.historyOf(entries, err, since)
}

// historyOf makes a history of the entries since a time, and of why not all are there.
func (s *Store) historyOf(entries []*entry, err error, since time.Time) (history reconcile.History) {
	if err != nil {
		history.Unreadable = append(history.Unreadable, reconcile.UnreadableRun{Why: err.Error()})
	}
	for _, one := range entries {
		switch {
		case errors.Is(one.err, errNothing): // nothing was done
			continue
		case one.err != nil:
			history.Unreadable = append(history.Unreadable, reconcile.UnreadableRun{At: one.StartedAt, Why: one.err.Error()})
			continue
		case one.Damage != nil:
			damage := &DamageError{RunID: one.ID, Damage: one.Damage}
			history.Unreadable = append(history.Unreadable, reconcile.UnreadableRun{At: one.StartedAt, Why: damage.Error()})
		}
		if one.Past != nil && !one.FinishedAt.Before(since) {
			history.Add(*one.Past)
		}
	}
	s.addCarried(&history, entries, since)
	return history
}

// addCarried adds what is carried forward of runs whose record is gone.
func (s *Store) addCarried(history *reconcile.History, entries []*entry, since time.Time) {
	carried, err := s.Carried()
	if err != nil {
		// What is wrong with the whole directory is there already.
		if why := (reconcile.UnreadableRun{Why: err.Error()}); !slices.Contains(history.Unreadable, why) {
			history.Unreadable = append(history.Unreadable, why)
		}
	}
	if len(carried) == 0 {
		return
	}
	isThere := make(map[string]bool, len(entries))
	for i := range entries {
		isThere[entries[i].ID] = true
	}
	for i := range carried {
		if past := &carried[i]; !isThere[past.ID] && !past.FinishedAt.Before(since) {
			history.Add(*past)
		}
	}
}
