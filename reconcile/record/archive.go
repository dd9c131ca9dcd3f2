package record

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"github.com/seatsync/seatsync/reconcile"
)

// Archive reads the records of several accounts. It writes nothing.
type Archive struct {
	state  string
	stores []*Store
}

// OpenArchive returns the records of an account, or of all accounts for "". Runs
// that ended before they knew their account are among them in either case: they
// may have been meant for it.
func OpenArchive(stateDir, account string) (*Archive, error) {
	archive := &Archive{state: stateDir, stores: []*Store{Open(stateDir, "")}}
	if account != "" {
		archive.stores = append(archive.stores, Open(stateDir, account))
		return archive, nil
	}
	accounts, err := Accounts(stateDir)
	for _, account := range accounts {
		archive.stores = append(archive.stores, Open(stateDir, account))
	}
	return archive, err
}

// Accounts returns the ids of the accounts that a state directory has anything of,
// in lower case and in their order.
func Accounts(stateDir string) ([]string, error) {
	if err := Open(stateDir, "").takeOver(); err != nil {
		return nil, fmt.Errorf("read the run records: %w", err)
	}
	state, err := openState(stateDir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the run records: %w", err)
	}
	defer state.Close()
	names, err := accountNames(state)
	if err != nil {
		return nil, fmt.Errorf("read the run records: %w", err)
	}
	return slices.DeleteFunc(names, func(name string) bool {
		return name == unread || reconcile.CheckAccountID(name) != nil
	}), nil
}

// Latest calls a function with the records of the latest runs, the latest first; with
// 0 with those of all. No more than one is held at a time. The error names those that
// cannot be read or are damaged; the others are passed all the same.
func (a *Archive) Latest(most int, each func(*Record)) error {
	type place struct {
		store *Store
		id    string
	}
	var places []place
	var problems []error
	for _, store := range a.stores {
		ids, err := store.IDs()
		problems = append(problems, err)
		for _, id := range ids {
			places = append(places, place{store, id})
		}
	}
	slices.SortStableFunc(places, func(a, b place) int { return cmp.Compare(b.id, a.id) })
	shown := 0
	for _, at := range places {
		if most > 0 && shown == most {
			break
		}
		record, err := at.store.read(at.id)
		switch {
		case errors.Is(err, fs.ErrNotExist): // removed meanwhile by retention
			continue
		case err != nil:
			problems = append(problems, err)
			continue
		case record.Damage != nil:
			problems = append(problems, &DamageError{RunID: at.id, Damage: record.Damage})
		}
		each(record)
		shown++
	}
	return errors.Join(problems...)
}

// Read returns the record of a run by its id, or by a beginning of the id that
// only one run has. The word "last" means the latest run. The error is a
// *[NoRunError] where there is none.
func (a *Archive) Read(id string) (*Record, error) {
	var found []*Store
	var ids []string
	for _, store := range a.stores {
		full, err := store.resolve(id)
		var none *NoRunError
		switch {
		case errors.As(err, &none):
			continue
		case err != nil:
			return nil, err
		}
		found, ids = append(found, store), append(ids, full)
	}
	switch {
	case len(found) == 0:
		return nil, &NoRunError{ID: id, Directory: a.state}
	case id == "last":
		latest := slices.Index(ids, slices.Max(ids))
		return found[latest].read(ids[latest])
	case len(found) > 1 && !slices.Contains(ids, id):
		return nil, fmt.Errorf("%q is the beginning of %d run ids: write more of it", id, len(found))
	}
	return found[max(0, slices.Index(ids, id))].read(ids[max(0, slices.Index(ids, id))])
}

// Verification is what [Archive.Verify] found.
type Verification struct {
	// Records is the number of records that were read.
	Records int
	// Problems say what is wrong with which record; nil when nothing is.
	Problems []error
}

// Verify reads every record and checks each line of it. What a killed run has left
// of its last line is no damage.
func (a *Archive) Verify() (Verification, error) {
	var found Verification
	for _, store := range a.stores {
		ids, err := store.IDs()
		if err != nil {
			return found, err
		}
		for _, id := range ids {
			record, err := store.read(id)
			switch {
			case errors.Is(err, fs.ErrNotExist), errors.Is(err, errNothing):
				continue
			case err == nil && record.Damage != nil:
				err = &DamageError{RunID: id, Damage: record.Damage}
			}
			found.Records++
			if err != nil {
				found.Problems = append(found.Problems, fmt.Errorf("%s: %w", store.path(id), err))
			}
		}
		if _, err := store.Carried(); err != nil {
			found.Problems = append(found.Problems, err)
		}
	}
	return found, nil
}
