package daemon

import (
	"cmp"
	"errors"
	"fmt"
	"time"
)

// livenessTimeout is how long an account may be without a look at the clock. Reading a
// very large file takes some of it.
const livenessTimeout = 5 * pollInterval

// health returns why the process cannot schedule runs, or nil.
func (d *Daemon) health(now time.Time) error {
	d.mu.Lock()
	stopping := d.stopping
	d.mu.Unlock()
	if stopping {
		return errors.New("stopping")
	}
	for _, a := range d.accounts {
		a.mu.Lock()
		silent, id := now.Sub(a.polledAt), a.id
		a.mu.Unlock()
		if silent > livenessTimeout {
			return fmt.Errorf("account %s has not looked at the clock for %s", id, silent.Round(time.Second))
		}
	}
	return nil
}

// readiness returns why the last due run has not succeeded, or nil. As anybody may ask,
// it names nobody: of an error it has what a notification would have.
func (a *account) readiness() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	switch {
	case a.last == nil && a.unread != nil:
		return fmt.Errorf("account %s: no run yet, and the file cannot be read: %s", a.id, impersonal(beginning(a.unread.Error())))
	case a.last == nil:
		next, _ := a.timetable.next()
		return fmt.Errorf("account %s: no run yet, the first is due at %s", a.id, stamp(next))
	case a.last.Result.IsSuccess():
		return nil
	case a.last.Error != "":
		return fmt.Errorf("account %s: run %s %s: %s", a.id, a.last.ID, a.last.Result, cmp.Or(a.last.impersonalError, "its record says why"))
	}
	return fmt.Errorf("account %s: the result of run %s is %s", a.id, a.last.ID, a.last.Result)
}

// readiness returns why the last due run of some account has not succeeded, or nil.
func (d *Daemon) readiness() error {
	var problems []error
	for _, a := range d.accounts {
		if err := a.readiness(); err != nil {
			problems = append(problems, err)
		}
	}
	return errors.Join(problems...)
}
