package desired

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/seatsync/seatsync/reconcile"
)

// Beside reads what a root file names.
type Beside interface {
	// Include returns the files of an include pattern, in the order of their names.
	Include(pattern string) ([]File, error)
	// Roster returns a roster, with when it was committed where dated asks for that.
	Roster(name string, dated bool) (RosterFile, error)
}

// RosterFile is a roster in memory, and where it is from.
type RosterFile struct {
	File
	// Commit is the git commit that it was read at; empty for one in the folder.
	Commit string
	// Committed is when it was last committed; zero where that is not known, and
	// Undated says why.
	Committed time.Time
	Undated   string
}

// Parse reads the desired state from a file in memory, and what it names from
// beside it; an error of that is reported where it is named. The
// error is [reconcile.Problems], with every problem of every file. Exemptions that
// are over at strictAt are problems too; the zero time leaves them to the plan, which
// goes on holding those people.
func Parse(root File, beside Beside, strictAt time.Time) (*reconcile.Desired, error) {
	desired := &reconcile.Desired{Timezone: time.UTC, Policy: reconcile.Policy{Unlisted: reconcile.HolderKeep, Grants: reconcile.GrantsRequest}}
	top := &fileParser{document: document{file: root.Name}, desired: desired, parts: min(runtime.GOMAXPROCS(0), len(root.Data)/smallestPart)}
	top.parseRoot(root.Data)

	included, problems := top.resolveIncludes(beside)
	roster := top.readRoster(beside, strictAt)
	parsers := parseIncluded(included)

	files := []string{root.Name}
	for _, file := range included {
		files = append(files, file.Name)
	}
	top.resolveGroups(files)
	sums := [][]byte{digestOf(root.Data)}
	total := len(top.users)
	for _, parser := range parsers {
		total += len(parser.users)
	}
	desired.Users = append(make([]reconcile.DesiredUser, 0, total), top.users...)
	problems = append(problems, top.problems...)
	unlisted := top.unlisted
	for i, parser := range parsers {
		sums = append(sums, digestOf(included[i].Data))
		desired.Users = append(desired.Users, parser.users...)
		parser.users = nil // a copy a file is enough
		problems = append(problems, parser.problems...)
		unlisted += parser.unlisted
	}
	problems = append(problems, duplicateProblems(desired.Users)...)
	if roster != nil {
		files = append(files, roster.Name)
		sums = append(sums, digestOf(roster.Data))
	}
	if !strictAt.IsZero() {
		problems = append(problems, endedExemptions(desired, strictAt)...)
	}
	if len(problems) > 0 {
		return nil, listed(sorted(problems, files), unlisted)
	}
	desired.Files = files
	desired.SHA256 = hex.EncodeToString(digestOf(slices.Concat(sums...)))
	return desired, nil
}

// digestOf returns the SHA-256 of data.
func digestOf(data []byte) []byte {
	sum := sha256.Sum256(data)
	return sum[:]
}

// resolveIncludes reads the files of every include pattern, each file once.
func (p *fileParser) resolveIncludes(beside Beside) (files []File, problems reconcile.Problems) {
	seen := make(map[string]bool)
	for _, include := range p.includes {
		found, err := beside.Include(include.Text)
		if err != nil {
			problems = append(problems, reconcile.Problem{At: include.At, Message: "include: " + err.Error()})
			continue
		}
		for _, file := range found {
			if !seen[file.Name] {
				seen[file.Name] = true
				files = append(files, file)
			}
		}
	}
	return files, problems
}

// parseIncluded parses files side by side.
func parseIncluded(files []File) []*fileParser {
	parsers := make([]*fileParser, len(files))
	var group errgroup.Group
	atOnce := runtime.GOMAXPROCS(0)
	group.SetLimit(atOnce)
	for i, file := range files {
		parsers[i] = &fileParser{document: document{file: file.Name}, parts: min(atOnce/len(files), len(file.Data)/smallestPart)}
		group.Go(func() error {
			parsers[i].parseTeam(file.Data)
			return nil
		})
	}
	_ = group.Wait() // parsers keep their problems to themselves
	return parsers
}

// userKey is what may occur once in all files.
type userKey struct{ email, id string }

// duplicateProblems finds users who are listed twice, in one file or in two. An
// email may be listed again only where both entries name different ids.
func duplicateProblems(users []reconcile.DesiredUser) (problems reconcile.Problems) {
	withoutID := make(map[string]*reconcile.DesiredUser, len(users)) // by email, as nearly all are
	anyID := make(map[string]*reconcile.DesiredUser)
	byID := make(map[userKey]*reconcile.DesiredUser)
	for i := range users {
		user := &users[i]
		key := userKey{email: reconcile.EmailKey(user.Email), id: strings.ToLower(user.ID)}
		if key.email == "" {
			continue // a problem of its own
		}
		earlier := withoutID[key.email]
		switch {
		case earlier != nil:
		case key.id != "":
			earlier = byID[key]
		default:
			earlier = anyID[key.email]
		}
		if earlier != nil {
			at := earlier.Position()
			problems = append(problems, reconcile.Problem{At: emailPosition(user), Message: fmt.Sprintf(
				"%s is listed twice, first at %s:%d: keep one entry", user.Email, at.File, at.Line)})
			continue
		}
		if key.id == "" {
			withoutID[key.email] = user
		} else {
			byID[key], anyID[key.email] = user, user
		}
	}
	return problems
}

// emailPosition returns the place of the email.
func emailPosition(user *reconcile.DesiredUser) reconcile.Position {
	at := user.At(user.Lines.Email)
	at.Column = int(user.Lines.EmailColumn)
	return at
}

// endedExemptions finds exemptions that are over at now.
func endedExemptions(desired *reconcile.Desired, now time.Time) (problems reconcile.Problems) {
	for i := range desired.Users {
		user := &desired.Users[i]
		if user.Exempt == nil || now.Before(user.Exempt.Until.End(desired.Timezone)) {
			continue
		}
		at := user.At(user.Lines.Exempt)
		at.Column = int(user.Lines.ExemptColumn)
		problems = append(problems, reconcile.Problem{At: at, Message: fmt.Sprintf(
			"the exemption of %s ended on %s: remove it, or ask %s to extend it",
			user.Email, user.Exempt.Until, user.Exempt.Owner)})
	}
	return problems
}

// listed returns the first of the problems, with the number of the others.
func listed(problems reconcile.Problems, unlisted int) reconcile.Problems {
	if more := len(problems) - maxProblems + unlisted; more > 0 {
		last := min(len(problems), maxProblems)
		at := reconcile.Position{File: problems[last-1].At.File}
		problems = append(problems[:last:last], reconcile.Problem{At: at, More: more,
			Message: fmt.Sprintf("%s more: correct the first ones, and look again", reconcile.Count(more, "problem"))})
	}
	return problems
}

// sorted orders problems by the order of files, and then by place.
func sorted(problems reconcile.Problems, files []string) reconcile.Problems {
	order := make(map[string]int, len(files))
	for i, file := range files {
		order[file] = i
	}
	slices.SortStableFunc(problems, func(a, b reconcile.Problem) int {
		return cmp.Or(
			cmp.Compare(order[a.At.File], order[b.At.File]),
			cmp.Compare(a.At.Line, b.At.Line),
			cmp.Compare(a.At.Column, b.At.Column),
		)
	})
	return problems
}
