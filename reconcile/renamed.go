package reconcile

import (
	"fmt"
	"slices"
	"strings"

	"golang.org/x/text/unicode/norm"
)

// Someone whose address has changed is in the account under the new one and in the
// files under the old one, or the other way round. To every rule about people who
// are in no file they look like a stranger, so nothing is taken from them.

// findRenamed marks users whom no file lists and who look like someone in the files
// whose address is not in the account: they have the same id or the same name.
func (p *planner) findRenamed() {
	byID, byName := make(map[string]*DesiredUser), make(map[string]*DesiredUser)
	for _, entry := range slices.Backward(p.absent) { // the first of several is named
		if p.hasEmail(EmailKey(entry.Email)) {
			continue
		}
		if entry.ID != "" {
			byID[strings.ToLower(entry.ID)] = entry
		}
		if name := nameKey(entry.Name); name != "" {
			byName[name] = entry
		}
	}
	if len(byID)+len(byName) == 0 {
		return
	}
	p.renamed = make(map[*DesiredUser]*subject)
	for i := range p.subjects {
		s := &p.subjects[i]
		if s.entry != nil {
			continue
		}
		same, entry := "id", byID[strings.ToLower(s.ID)]
		if entry == nil {
			same, entry = "name", byName[nameKey(s.Name)]
		}
		if entry == nil {
			continue
		}
		at := entry.Position()
		s.renamed = fmt.Sprintf("%s:%d (%s) is probably theirs: it has the same %s, and its email is not in the account; correct the email there, or remove the entry",
			at.File, at.Line, entry.Email, same)
		if p.renamed[entry] == nil {
			p.renamed[entry] = s
		}
	}
}

// hasEmail reports whether a live user has an email key.
func (p *planner) hasEmail(key string) bool {
	_, found := slices.BinarySearchFunc(p.subjects, key, func(s subject, key string) int { return strings.Compare(s.key, key) })
	return found
}

// nameKey is the form in which names are compared.
func nameKey(name string) string {
	return fold(norm.NFC, strings.Join(strings.Fields(name), " "))
}
