package desired

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/seatsync/seatsync/reconcile"
)

// File is a desired-state file in memory.
type File struct {
	// Name is how the user spelled the path, for messages.
	Name string
	Data []byte
}

// Origin says where the desired state is.
type Origin struct {
	// Path is that of the root file; "-" stands for Stdin.
	Path  string
	Stdin io.Reader
	// Revision is the git revision to read the files at, whatever lies in the
	// folder; empty reads the folder.
	Revision string
	// RequireClean refuses files that differ from what is committed.
	RequireClean bool
	// WithoutCommit leaves [Reading.Commit] empty, which takes a process of git to find out.
	WithoutCommit bool
	// StrictAt makes exemptions that are over by then problems; the zero time
	// leaves them to the plan.
	StrictAt time.Time
}

// Reading is the desired state with what is known about its files.
type Reading struct {
	*reconcile.Desired
	// Commit is the git commit that the files are from, with "-dirty" behind it
	// when they differ from it; empty where there is no git or no repository.
	Commit string

	path   string
	seen   *folder // what was read; nil where all of it is from a revision, which cannot change
	waited time.Duration
}

// Load reads the desired state from a file and the files that it includes. The
// error is [reconcile.Problems] when the files can be read but are wrong. When ctx
// ends it returns, although a read that blocks may be left behind.
func Load(ctx context.Context, from Origin) (*Reading, error) {
	type result struct {
		reading *Reading
		err     error
	}
	done := make(chan result, 1)
	go func() {
		reading, err := load(ctx, from)
		done <- result{reading, err}
	}()
	select {
	case <-ctx.Done():
		return nil, fmt.Errorf("read the desired state: %w", context.Cause(ctx))
	case result := <-done:
		return result.reading, result.err
	}
}

func load(ctx context.Context, from Origin) (*Reading, error) {
	reading := &Reading{path: from.Path}
	var err error
	switch {
	case from.Path == "-" && (from.Revision != "" || from.RequireClean):
		return nil, errors.New("standard input is in no git repository: name the file with --file")
	case from.Revision != "":
		err = reading.loadRevision(ctx, from)
	default:
		err = reading.loadFolder(ctx, from)
	}
	if err != nil {
		return nil, err
	}
	return reading, nil
}

// loadRevision reads the files at a revision.
func (r *Reading) loadRevision(ctx context.Context, from Origin) error {
	files, err := openRevision(ctx, filepath.Dir(from.Path), from.Revision)
	if err != nil {
		return err
	}
	data, err := files.read(filepath.Base(from.Path))
	if err != nil {
		return err
	}
	r.Commit = files.commit
	for {
		beside := &besideRevision{revision: files, path: from.Path}
		r.Desired, err = Parse(File{from.Path, data}, beside, from.StrictAt)
		why := beside.moved()
		if why == "" {
			r.seen = beside.folder
			return err
		}
		if err := r.pause(ctx, why); err != nil {
			return err
		}
	}
}

// loadFolder reads the files in the folder, once they are still.
func (r *Reading) loadFolder(ctx context.Context, from Origin) error {
	var stdin []byte
	if from.Path == "-" {
		var err error
		if stdin, err = io.ReadAll(io.LimitReader(from.Stdin, maxFileSize+1)); err != nil {
			return fmt.Errorf("read the desired state from standard input: %w", err)
		}
	}
	for {
		files, err := openFolder(from.Path)
		if err != nil {
			why := atWork(gitLock(filepath.Dir(from.Path)))
			if why == "" {
				return err
			}
			if err := r.pause(ctx, why); err != nil {
				return err
			}
			continue
		}
		err = r.readOnce(ctx, files, stdin, from.StrictAt)
		why := files.moved(false)
		files.close()
		if why == "" {
			r.seen = files
			if err == nil && from.RequireClean {
				err = checkClean(ctx, from.Path, r.patterns())
			}
			if err == nil && from.Path != "-" && !from.WithoutCommit {
				r.Commit = commitOf(ctx, r.committedFiles(ctx))
			}
			return err
		}
		if err := r.pause(ctx, why); err != nil {
			return err
		}
	}
}

// CheckAbsent returns an error unless a file is meant not to be there: git does not know
// of it, and is not at work in its folder.
func CheckAbsent(ctx context.Context, file string) error {
	directory := filepath.Dir(file)
	lock := gitLock(directory)
	if why := atWork(lock); why != "" {
		return fmt.Errorf("%s is not there, and %s", file, why)
	}
	switch isThere, err := isTracked(ctx, directory, filepath.Base(file)); {
	case isThere:
		return fmt.Errorf("%s is not there, and git has it: check it out", file)
	case err != nil && lock != "":
		return fmt.Errorf("%s is not there, and whether git has it is not known: %w", file, err)
	}
	if _, err := os.Lstat(file); err == nil || !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s was not there before", file)
	}
	return nil
}

// readOnce reads the files as they are at the moment.
func (r *Reading) readOnce(ctx context.Context, files *folder, stdin []byte, strictAt time.Time) (err error) {
	root := File{Name: "<stdin>", Data: stdin}
	if r.path != "-" {
		root.Name = r.path
		if root.Data, err = files.readRoot(); err != nil {
			return err
		}
	}
	r.Desired, err = Parse(root, besideFolder{ctx, files}, strictAt)
	return err
}

// patterns are what the files beside the root file were found by, for git.
func (r *Reading) patterns() (patterns []string) {
	for pattern := range r.seen.found {
		patterns = append(patterns, ":(glob)"+pattern)
	}
	if r.Roster != nil {
		patterns = append(patterns, ":(literal)"+r.rosterName())
	}
	return patterns
}

// rosterName is the roster's path below the folder of the root file.
func (r *Reading) rosterName() string {
	if r.path == "-" {
		return r.Roster.File
	}
	name, _ := filepath.Rel(filepath.Dir(r.path), r.Roster.File)
	return name
}

// committedFiles are the files whose commit is that of the desired state: all but a
// roster that git does not track, which comes from somewhere else.
func (r *Reading) committedFiles(ctx context.Context) []string {
	if r.Roster == nil {
		return r.Files
	}
	if isThere, err := isTracked(ctx, filepath.Dir(r.path), r.rosterName()); err == nil && isThere {
		return r.Files
	}
	return slices.DeleteFunc(slices.Clone(r.Files), func(name string) bool { return name == r.Roster.File })
}

// Still returns an error unless the files are, to the byte, what they were when
// they were read. It is for the moment before the first write.
func (r *Reading) Still(ctx context.Context) error {
	if r.seen == nil {
		return nil
	}
	for {
		why := r.seen.locked()
		if why == "" {
			break
		}
		if err := r.pause(ctx, why); err != nil {
			return err
		}
	}
	now, err := openFolder(r.path)
	if err != nil {
		return err
	}
	defer now.close()
	now.files, now.found = r.seen.files, r.seen.found
	if why := now.moved(true); why != "" {
		return fmt.Errorf("%s since it was read: nothing was changed; run again", why)
	}
	return nil
}

// store is where files are: in a folder or in a git revision. Names are paths
// below the folder of the root file.
type store interface {
	match(pattern string) ([]string, error)
	read(name string) ([]byte, error)
}

// includesOf reads the files of an include pattern, in the order of their names. A
// pattern that finds nothing is an error: were it ignored, a typing mistake would make a
// whole team unlisted.
func includesOf(files store, root, pattern string) ([]File, error) {
	inside := path.Clean(filepath.ToSlash(pattern))
	switch {
	case filepath.IsAbs(pattern):
		return nil, fmt.Errorf("%q is an absolute path: write it relative to this file", pattern)
	case strings.Contains(pattern, "**"):
		return nil, fmt.Errorf("%q has a **, which is not read: write a pattern for each level, such as teams/*.yaml and teams/*/*.yaml", pattern)
	case inside == ".." || strings.HasPrefix(inside, "../"):
		return nil, fmt.Errorf("%q leads out of the folder of this file: keep included files below it", pattern)
	}
	names, err := files.match(inside)
	if err != nil {
		return nil, err
	}
	names = slices.DeleteFunc(slices.Clone(names), func(name string) bool { return root != "-" && name == filepath.Base(root) })
	if len(names) == 0 {
		return nil, fmt.Errorf("%q finds no file beside this one: correct or remove it", pattern)
	}
	var included []File
	for _, name := range names {
		data, err := files.read(name)
		if err != nil {
			return nil, err
		}
		included = append(included, File{shownName(root, name), data})
	}
	return included, nil
}
