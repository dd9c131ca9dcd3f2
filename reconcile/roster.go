package reconcile

import (
	"fmt"
	"time"
)

// Roster says who works here, as an identity provider or HR exported it. It is
// about people, not about seats. Like all of Desired it is only ever whole.
type Roster struct {
	// File is the roster as messages call it, and At is where the desired state
	// names it.
	File string
	At   Position
	// Commit is the git commit that it was read at; empty where it was read from
	// the folder.
	Commit string
	// Complete says that who is not in the roster does not work here. Without it
	// their absence says nothing.
	Complete bool
	// AtLeast is how many of the seat holders it has to name, a count or a share;
	// the zero value is the default, 50%.
	AtLeast   ReleaseLimit
	AtLeastAt Position
	// MaxAge is how old it may be; 0 allows any age.
	MaxAge   time.Duration
	MaxAgeAt Position
	// AsOf is when it was true; zero where that is not known, and Undated says why.
	AsOf    time.Time
	Undated string
	// People has everybody whom it names, by [EmailKey].
	People map[string]RosterPerson
}

// RosterPerson is what all rows of one email say.
type RosterPerson struct {
	// Works is True when a row says that they work here, False when one says that
	// they do not and none that they do, and Unknown when none says anything.
	Works Flag
	// Says is the status as written, in the row on Line; empty without a status.
	Says string
	Line int
	// Groups are those of the rows that count, in the order of the rows; mostly one.
	Groups []string
}

// Groups returns the groups of the person with an [EmailKey]; none for someone who
// is not in the roster, nor where there is no roster.
func (r *Roster) Groups(key string) []string {
	person, _ := r.person(key)
	return person.Groups
}

// person returns what the roster says of the person with an [EmailKey], and whether it
// names them.
func (r *Roster) person(key string) (person RosterPerson, isNamed bool) {
	if r != nil {
		person, isNamed = r.People[key]
	}
	return person, isNamed
}

// CheckAge returns what is wrong with the age of the roster, nil where nothing is. One
// whose age is not known is as good as old.
func (r *Roster) CheckAge(now time.Time) Problems {
	if r.MaxAge == 0 {
		return nil
	}
	problem := func(format string, args ...any) Problems {
		return Problems{{At: r.MaxAgeAt, Message: fmt.Sprintf("max_age: "+format, args...)}}
	}
	age := now.Sub(r.AsOf)
	switch {
	case r.AsOf.IsZero():
		return problem("the age of the roster %s is not known, since %s: name the column with the date of the export in as_of, or commit the file", r.File, r.Undated)
	case age < -Day:
		return problem("the roster %s is of %s, which is in the future: correct its date or the clock", r.File, r.AsOf.UTC().Format(time.RFC3339))
	case age > r.MaxAge:
		return problem("the roster %s is of %s and at most %s old is allowed: export it again", r.File, r.AsOf.UTC().Format(time.RFC3339), spanText(r.MaxAge))
	}
	return nil
}
