package reconcile

import (
	"fmt"
	"strings"
)

// Why a user is ambiguous.
const (
	sharedEmail = "several live users have this email: name the id of the one you mean"
	otherEmail  = "the file lists this id with another email: correct the email"
	otherID     = "the file lists this email with another id: correct the id, or remove it"
	hiddenEmail = "the email has a character that cannot be seen, so it is not certain whose it is: correct it in the identity provider"
	noEmail     = "the API did not return the user's email, so nobody knows whether the file protects them"
)

// match finds the entry and the group of each live user, and the entries that no
// live user belongs to. Emails are compared without regard to case; an id decides between
// users that share one, and must then fit.
func match(desired *Desired, live *Live) (subjects []subject, absent []*DesiredUser) {
	index := indexEntries(desired.Users)
	users := sortUsers(live.Users)
	subjects = make([]subject, len(users))
	found := make([]bool, len(desired.Users))
	groups := desired.grouping()
	for i := range users {
		entry, byID := index.find(users[i])
		isShared := i > 0 && users[i-1].key == users[i].key || i+1 < len(users) && users[i+1].key == users[i].key
		subjects[i] = subject{keyedUser: users[i], ambiguous: index.ambiguous(users[i], entry, byID, isShared)}
		if entry >= 0 {
			subjects[i].entry = &desired.Users[entry]
			found[entry] = true
		}
		person, isNamed := desired.Roster.person(users[i].key)
		subjects[i].isInRoster, subjects[i].works = isNamed, person.Works
		subjects[i].group = groups.of(users[i].key, subjects[i].entry, person.Groups)
	}
	for i := range desired.Users {
		if !found[i] {
			absent = append(absent, &desired.Users[i])
		}
	}
	return subjects, absent
}

// ambiguous says why a user with the entry, -1 for none, may be someone else.
func (x *entryIndex) ambiguous(user keyedUser, entry int, byID, isShared bool) string {
	switch {
	case byID:
		return ""
	case user.key == "":
		return noEmail
	case strings.ContainsFunc(user.key, IsInvisible):
		return hiddenEmail
	case isShared:
		return sharedEmail
	case len(x.ids) > 0 && x.ids[strings.ToLower(user.ID)]:
		return otherEmail
	case entry >= 0:
		return ""
	}
	if _, isOther := x.withID[user.key]; isOther {
		return otherID
	}
	if alike := x.lookalike(user.key); alike >= 0 {
		at := x.entries[alike].Position()
		return fmt.Sprintf("the email looks like that of the entry at %s:%d and is not the same: correct one of them", at.File, at.Line)
	}
	return ""
}

// userKey is what may occur once in all files.
type userKey struct{ email, id string }

// entryIndex finds entries by email, and by email and id where they name one.
type entryIndex struct {
	byEmail map[string]int32
	byID    map[userKey]int32
	// ids are those that entries name, whatever the email beside them: someone
	// whose email has changed is not someone whom no file lists.
	ids map[string]bool
	// withID are the emails of entries that name an id: someone whose id has
	// changed is not someone whom no file lists.
	withID map[string]int32
	// alike has the entries whose email looks like another one, by [LookalikeKey].
	alike   map[string]int32
	entries []DesiredUser
}

func indexEntries(entries []DesiredUser) entryIndex {
	index := entryIndex{
		byEmail: make(map[string]int32, len(entries)), byID: make(map[userKey]int32),
		ids: make(map[string]bool), withID: make(map[string]int32), alike: make(map[string]int32), entries: entries,
	}
	for i := range entries {
		key := EmailKey(entries[i].Email)
		if entries[i].ID != "" {
			id := strings.ToLower(entries[i].ID) // UUIDs, which are written in either case
			index.byID[userKey{key, id}] = int32(i)
			index.ids[id], index.withID[key] = true, int32(i)
		} else {
			index.byEmail[key] = int32(i)
		}
		if alike := LookalikeKey(key); alike != key {
			index.alike[alike] = int32(i)
		}
	}
	return index
}

// lookalike returns the index of an entry whose email looks like a key that no entry
// has, or -1.
func (x *entryIndex) lookalike(key string) int {
	alike := LookalikeKey(key)
	for _, index := range [...]map[string]int32{x.alike, x.byEmail, x.withID} {
		if i, ok := index[alike]; ok {
			return int(i)
		}
	}
	return -1
}

// find returns the index of the user's entry, or -1, and whether it was found by
// id. Users without an email belong to no entry.
func (x *entryIndex) find(user keyedUser) (entry int, byID bool) {
	if user.key == "" {
		return -1, false
	}
	if len(x.byID) > 0 {
		if i, ok := x.byID[userKey{user.key, strings.ToLower(user.ID)}]; ok {
			return int(i), true
		}
	}
	if i, ok := x.byEmail[user.key]; ok {
		return int(i), false
	}
	return -1, false
}
