package reconcile

import "strings"

// pair is a live user together with the entry that speaks of them.
type pair struct {
	keyedUser
	// entry is nil when no file lists the user.
	entry *DesiredUser
	// ambiguous says why it is not certain that the entry, or the lack of one, is
	// about this user; "" when it is.
	ambiguous string
}

// Why a user is ambiguous.
const (
	sharedEmail = "several live users have this email: name the id of the one you mean"
	otherEmail  = "the file lists this id with another email: correct the email"
	otherID     = "the file lists this email with another id: correct the id, or remove it"
	noEmail     = "the API does not tell the user's email, so nobody knows whether the file protects them"
)

// matching is the result of laying the file beside the account.
type matching struct {
	// pairs has every live user once, ordered by email and id.
	pairs []pair
	// absent are the entries that no live user belongs to, in file order.
	absent []*DesiredUser
}

// match finds the entry of each live user. Emails are compared without regard to
// case; an id decides between users that share one, and must then fit.
func match(desired *Desired, live *Live) matching {
	index := indexEntries(desired.Users)
	users := sortUsers(live.Users)
	result := matching{pairs: make([]pair, len(users))}
	found := make([]bool, len(desired.Users))
	for start := 0; start < len(users); {
		end := start + 1
		for end < len(users) && users[end].key == users[start].key {
			end++
		}
		shared := end-start > 1
		for i := start; i < end; i++ {
			entry, byID := index.find(users[i])
			result.pairs[i] = pair{keyedUser: users[i]}
			switch {
			case byID:
			case users[i].key == "":
				result.pairs[i].ambiguous = noEmail
			case shared:
				result.pairs[i].ambiguous = sharedEmail
			case index.ids[strings.ToLower(users[i].ID)]:
				result.pairs[i].ambiguous = otherEmail
			case entry < 0 && index.withID[users[i].key]:
				result.pairs[i].ambiguous = otherID
			}
			if entry >= 0 {
				result.pairs[i].entry = &desired.Users[entry]
				found[entry] = true
			}
		}
		start = end
	}
	for i := range desired.Users {
		if !found[i] {
			result.absent = append(result.absent, &desired.Users[i])
		}
	}
	return result
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
	withID map[string]bool
}

func indexEntries(entries []DesiredUser) entryIndex {
	index := entryIndex{byEmail: make(map[string]int32, len(entries)), byID: make(map[userKey]int32), ids: make(map[string]bool), withID: make(map[string]bool)}
	for i := range entries {
		key := EmailKey(entries[i].Email)
		if entries[i].ID != "" {
			id := strings.ToLower(entries[i].ID) // UUIDs, which are written in either case
			index.byID[userKey{key, id}] = int32(i)
			index.ids[id], index.withID[key] = true, true
		} else {
			index.byEmail[key] = int32(i)
		}
	}
	return index
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
