package reconcile

import (
	"cmp"
	"slices"
	"strings"
)

// Person is somebody whom the account, the file or a recorded plan knows.
type Person struct {
	Email string `json:"email"`
	Name  string `json:"name,omitempty"`
}

// FindPeople returns the people whom a text means, in the order of their emails: the
// one with exactly this email, whatever its case, or else all who have the text in
// their email or name. Each email is there once, with the first name that is known.
func FindPeople(text string, known []Person) []Person {
	part := EmailKey(text)
	if part == "" {
		return nil
	}
	found := make(map[string]Person)
	for _, person := range known {
		key := EmailKey(person.Email)
		if key == "" || !strings.Contains(key, part) && !strings.Contains(EmailKey(person.Name), part) {
			continue
		}
		if earlier, ok := found[key]; ok {
			person = Person{earlier.Email, cmp.Or(earlier.Name, person.Name)}
		}
		found[key] = person
	}
	if exact, ok := found[part]; ok {
		return []Person{exact}
	}
	people := make([]Person, 0, len(found))
	for _, person := range found {
		people = append(people, person)
	}
	slices.SortStableFunc(people, func(a, b Person) int { return cmp.Compare(EmailKey(a.Email), EmailKey(b.Email)) })
	return people
}

// ExplainRecorded says what a recorded plan knows of the people with an email: those
// whom it changes, as they were, or an explanation without a user that has the
// findings and the entry of the file as it is now. Desired is nil where the file
// cannot be read. No rule has a verdict, since a plan does not have the rules that
// did not apply. It returns nothing when neither knows the email.
func ExplainRecorded(email string, desired *Desired, plan *Plan) []Explanation {
	key := EmailKey(email)
	var entry *DesiredUser
	if desired != nil {
		if at := slices.IndexFunc(desired.Users, func(user DesiredUser) bool { return EmailKey(user.Email) == key }); at >= 0 {
			entry = &desired.Users[at]
		}
	}
	findings := findingsAbout(plan, email)
	var explanations []Explanation
	byID := make(map[string]int) // index in explanations
	for _, change := range plan.Changes {
		if EmailKey(change.Email) != key {
			continue
		}
		at, known := byID[change.UserID]
		if !known {
			at = len(explanations)
			byID[change.UserID] = at
			explanations = append(explanations, Explanation{
				User: &User{ID: change.UserID, Email: change.Email, Name: change.Before.Name, SeatUID: change.SeatUID,
					AccessSeat: change.Before.AccessSeat, GatewaySeat: change.Before.GatewaySeat},
				Entry: entry, Group: Membership{Name: change.Group}, Evidence: change.Evidence, Findings: findings,
			})
		}
		explanations[at].Changes = append(explanations[at].Changes, change)
	}
	if len(explanations) == 0 && (entry != nil || len(findings) > 0) {
		explanations = append(explanations, Explanation{Entry: entry, Findings: findings})
	}
	return explanations
}
