package desired

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/seatsync/seatsync/reconcile"
)

// File is a desired-state file in memory.
type File struct {
	// Name is how the user spelled the path, for messages.
	Name string
	Data []byte
}

// Load reads the desired state from a file and the files that it includes; the
// path "-" stands for stdin. The error is [Problems] when the files can be read
// but are wrong. Exemptions that are over at now are wrong.
func Load(path string, stdin io.Reader, now time.Time) (*reconcile.Desired, error) {
	name := path
	if path == "-" {
		name = "<stdin>"
	}
	root, err := readFile(path, name, stdin)
	if err != nil {
		return nil, err
	}
	return Parse(root, func(pattern string) ([]File, error) {
		return readIncludes(path, pattern)
	}, now)
}

// readFile reads a file up to one byte more than may be parsed.
func readFile(path, name string, stdin io.Reader) (File, error) {
	source := stdin
	if path != "-" {
		file, err := os.Open(path)
		if errors.Is(err, os.ErrNotExist) {
			return File{}, fmt.Errorf("%s: no such file: name the desired state with --file, or make one with 'seatsync export'", path)
		}
		if err != nil {
			return File{}, fmt.Errorf("read the desired state: %w", err)
		}
		defer file.Close()
		source = file
	}
	data, err := io.ReadAll(io.LimitReader(source, maxFileSize+1))
	if err != nil {
		return File{}, fmt.Errorf("read the desired state from %s: %w", name, err)
	}
	return File{Name: name, Data: data}, nil
}

// readIncludes reads the files of one include pattern, in the order of their
// names. A pattern that finds nothing is an error: were it ignored, a typing
// mistake would make a whole team unlisted.
func readIncludes(root, pattern string) ([]File, error) {
	directory := "."
	if root != "-" {
		directory = filepath.Dir(root)
	}
	if filepath.IsAbs(pattern) {
		return nil, fmt.Errorf("%q is an absolute path: write it relative to this file", pattern)
	}
	if strings.Contains(pattern, "**") {
		return nil, fmt.Errorf("%q has a **, which is not read: write a pattern for each level, such as teams/*.yaml and teams/*/*.yaml", pattern)
	}
	if err := checkDirectories(directory, pattern); err != nil {
		return nil, err
	}
	paths, err := filepath.Glob(filepath.Join(directory, pattern))
	if err != nil {
		return nil, fmt.Errorf("%q is not a file pattern: close every [", pattern)
	}
	paths = slices.DeleteFunc(paths, func(path string) bool { return filepath.Clean(path) == filepath.Clean(root) })
	if len(paths) == 0 {
		return nil, fmt.Errorf("%q finds no file beside this one: correct or remove it", pattern)
	}
	slices.Sort(paths)
	files := make([]File, len(paths))
	for i, path := range paths {
		if files[i], err = readFile(path, filepath.ToSlash(path), nil); err != nil {
			return nil, err
		}
	}
	return files, nil
}

// checkDirectories returns an error when a directory that the pattern leads
// through cannot be read: filepath.Glob passes such a directory over, and with it
// everybody who is listed there.
func checkDirectories(root, pattern string) error {
	parent := filepath.Dir(filepath.Join(root, pattern))
	directories, err := filepath.Glob(parent)
	if err != nil {
		return fmt.Errorf("%q is not a file pattern: close every [", pattern)
	}
	if parent != filepath.Clean(root) && filepath.Dir(pattern) != "." {
		if err := checkDirectories(root, filepath.Dir(pattern)); err != nil {
			return err
		}
	}
	for _, directory := range directories {
		if info, err := os.Stat(directory); err == nil && !info.IsDir() {
			continue
		}
		if _, err := os.ReadDir(directory); err != nil {
			return fmt.Errorf("%q leads through a directory that cannot be read: %w", pattern, err)
		}
	}
	return nil
}

// Parse reads the desired state from a file in memory. Each pattern under
// include is handed to includes, whose error is reported at the pattern. The
// error is [Problems], with every problem of every file.
func Parse(root File, includes func(pattern string) ([]File, error), now time.Time) (*reconcile.Desired, error) {
	desired := &reconcile.Desired{Timezone: time.UTC, Policy: reconcile.Policy{Unlisted: reconcile.UnlistedKeep, Grants: reconcile.GrantsRequest}}
	top := &fileParser{document: document{file: root.Name}, desired: desired}
	top.parseRoot(root.Data)

	included, problems := top.resolveIncludes(includes)
	parsers := parseIncluded(included)

	files := []string{root.Name}
	sums := [][]byte{digestOf(root.Data)}
	total := len(top.users)
	for _, parser := range parsers {
		total += len(parser.users)
	}
	desired.Users = append(make([]reconcile.DesiredUser, 0, total), top.users...)
	problems = append(problems, top.problems...)
	for i, parser := range parsers {
		files = append(files, included[i].Name)
		sums = append(sums, digestOf(included[i].Data))
		desired.Users = append(desired.Users, parser.users...)
		parser.users = nil // a copy a file is enough
		problems = append(problems, parser.problems...)
	}
	problems = append(problems, duplicateProblems(desired.Users)...)
	problems = append(problems, exemptionProblems(desired, now)...)
	if len(problems) > 0 {
		return nil, sorted(problems, files)
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
func (p *fileParser) resolveIncludes(includes func(pattern string) ([]File, error)) (files []File, problems reconcile.Problems) {
	seen := make(map[string]bool)
	for _, include := range p.includes {
		found, err := includes(include.pattern)
		if err != nil {
			problems = append(problems, reconcile.Problem{At: include.at, Message: "include: " + err.Error()})
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
	group.SetLimit(runtime.GOMAXPROCS(0))
	for i, file := range files {
		parsers[i] = &fileParser{document: document{file: file.Name}}
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
	first := make(map[userKey]*reconcile.DesiredUser, len(users))
	anyID := make(map[string]*reconcile.DesiredUser)
	for i := range users {
		user := &users[i]
		key := userKey{email: reconcile.EmailKey(user.Email), id: strings.ToLower(user.ID)}
		if key.email == "" {
			continue // a problem of its own
		}
		earlier, plain := first[key], first[userKey{email: key.email}]
		switch {
		case earlier == nil && key.id != "":
			earlier = plain
		case earlier == nil:
			earlier = anyID[key.email]
		}
		if earlier != nil {
			at := earlier.Position()
			problems = append(problems, reconcile.Problem{At: emailPosition(user), Message: fmt.Sprintf(
				"%s is listed twice, first at %s:%d: keep one entry", user.Email, at.File, at.Line)})
			continue
		}
		first[key] = user
		if key.id != "" {
			anyID[key.email] = user
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

// exemptionProblems finds exemptions that are over.
func exemptionProblems(desired *reconcile.Desired, now time.Time) (problems reconcile.Problems) {
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
