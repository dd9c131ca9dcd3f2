package desired

import (
	"bytes"
	"context"
	"crypto/sha256"
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
)

// Someone else may be changing the files while they are read. Git removes a file
// before it writes it anew, so a reading in the middle of a checkout finds a team
// file missing, and everybody in it would be unlisted. Files are therefore read,
// and then looked at again; where something moved, they are read again.

// patience is how long all waits for files that change may take in one run, and
// pollInterval how long a single one takes.
const (
	patience     = 2 * time.Second
	pollInterval = 100 * time.Millisecond
)

// folder reads the root file and those beside it, and remembers what it saw. No
// link leads out of it.
type folder struct {
	path   string // of the root file, "-" for stdin
	within *os.Root
	lock   string // git's, "" where the folder is in no repository
	files  []seenFile
	found  map[string][]string // the names that a pattern found
}

// seenFile is a file as it was when it was read.
type seenFile struct {
	name string
	info fs.FileInfo // nil for one that was not there
	sum  [sha256.Size]byte
	torn bool // what was read is not what the file came to be
}

func openFolder(path string) (*folder, error) {
	directory := "."
	if path != "-" {
		directory = filepath.Dir(path)
	}
	within, err := os.OpenRoot(directory)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, noSuchFile(path)
	}
	if err != nil {
		return nil, fmt.Errorf("read the desired state: %w", err)
	}
	return &folder{path: path, within: within, lock: gitLock(directory), found: make(map[string][]string)}, nil
}

func (f *folder) close() { _ = f.within.Close() }

func noSuchFile(path string) error { return noSuchFileError(path) }

// noSuchFileError is a root file that is not there; it is [fs.ErrNotExist].
type noSuchFileError string

func (e noSuchFileError) Error() string {
	return string(e) + ": no such file: name the desired state with --file, or make one with 'seatsync export'"
}

func (noSuchFileError) Is(target error) bool { return target == fs.ErrNotExist }

// readRoot reads the root file, which may be a link to anywhere: someone named it.
func (f *folder) readRoot() ([]byte, error) {
	data, err := f.readFile("", os.Stat, func(string) (*os.File, error) { return os.Open(f.path) })
	if errors.Is(err, fs.ErrNotExist) {
		return nil, noSuchFile(f.path)
	}
	return data, err
}

// read reads an included file.
func (f *folder) read(name string) ([]byte, error) {
	data, err := f.readFile(name, f.within.Stat, f.within.Open)
	if isEscape(err) {
		return nil, fmt.Errorf("%s leads out of the folder of this file: keep included files below it", name)
	}
	return data, err
}

// readFile reads a regular file, up to one byte more than may be parsed. What is
// no regular file could block, or never end.
func (f *folder) readFile(name string, stat func(string) (fs.FileInfo, error), open func(string) (*os.File, error)) ([]byte, error) {
	shown := name
	if name == "" {
		shown = f.path
	}
	info, err := stat(shown)
	if err != nil {
		f.files = append(f.files, seenFile{name: name})
		return nil, fmt.Errorf("read the desired state: %w", err)
	}
	if info.IsDir() {
		return nil, fmt.Errorf("%s is a directory: name a file", shown)
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is not a regular file: pass what a program prints with --file - on standard input", shown)
	}
	file, err := open(shown)
	if err != nil {
		f.files = append(f.files, seenFile{name: name})
		return nil, fmt.Errorf("read the desired state: %w", err)
	}
	defer file.Close()
	data := bytes.NewBuffer(make([]byte, 0, min(info.Size(), maxFileSize)+bytes.MinRead))
	_, err = data.ReadFrom(io.LimitReader(file, maxFileSize+1))
	if err == nil {
		info, err = file.Stat()
	}
	if err != nil {
		return nil, fmt.Errorf("read the desired state from %s: %w", shown, err)
	}
	f.files = append(f.files, seenFile{name, info, sha256.Sum256(data.Bytes()), int64(data.Len()) != min(info.Size(), maxFileSize+1)})
	return data.Bytes(), nil
}

// isEscape reports whether a link leads out of an [os.Root]. Package os has no
// name for that error.
func isEscape(err error) bool {
	return err != nil && strings.HasSuffix(err.Error(), "path escapes from parent")
}

// match returns the names of the files that a pattern finds, in their order.
func (f *folder) match(pattern string) ([]string, error) {
	if err := f.checkDirectories(path.Dir(pattern)); err != nil {
		return nil, err
	}
	names, err := f.glob(pattern)
	if err != nil {
		return nil, err
	}
	f.found[pattern] = names
	return names, nil
}

func (f *folder) glob(pattern string) ([]string, error) {
	names, err := fs.Glob(f.within.FS(), pattern)
	if err != nil {
		return nil, fmt.Errorf("%q is not a file pattern: close every [", pattern)
	}
	if _, err := f.within.Lstat(pattern); err == nil && len(names) == 0 {
		names = []string{pattern} // a link that leads out: reading it says so
	}
	// A mounted config map has its files in a folder called ..2026_11_22 and so on,
	// with links to them beside it.
	names = slices.DeleteFunc(names, func(name string) bool { return strings.HasPrefix(name, "..") })
	slices.Sort(names)
	return names, nil
}

// checkDirectories returns an error when a directory that a pattern leads through
// cannot be read: fs.Glob passes such a directory over, and with it everybody who
// is listed there.
func (f *folder) checkDirectories(pattern string) error {
	directories, err := f.glob(pattern)
	if err != nil {
		return err
	}
	if pattern != "." {
		if err := f.checkDirectories(path.Dir(pattern)); err != nil {
			return err
		}
	}
	for _, directory := range directories {
		info, err := f.within.Stat(directory)
		switch {
		case isEscape(err):
			return fmt.Errorf("%s leads out of the folder of this file: keep included files below it", directory)
		case errors.Is(err, fs.ErrNotExist) || err == nil && !info.IsDir():
			continue
		}
		if _, err := fs.ReadDir(f.within.FS(), directory); err != nil {
			return fmt.Errorf("%q leads through a directory that cannot be read: %w", pattern, err)
		}
	}
	return nil
}

// moved looks at everything again and says what is not as it was when it was read,
// "" when nothing moved. With content, files are read again too.
func (f *folder) moved(content bool) string {
	if why := f.locked(); why != "" {
		return why
	}
	for _, file := range f.files {
		stat, shown := f.within.Stat, file.name
		if file.name == "" {
			stat, shown = os.Stat, f.path
		}
		info, err := stat(shown)
		if file.info == nil && err != nil {
			continue
		}
		if file.info == nil || file.torn || err != nil || !os.SameFile(info, file.info) || info.Size() != file.info.Size() || !info.ModTime().Equal(file.info.ModTime()) {
			return shown + " has changed"
		}
		if content && !f.isSame(file) {
			return shown + " has changed"
		}
	}
	for pattern, names := range f.found {
		if now, err := f.glob(pattern); err != nil || !slices.Equal(now, names) {
			return fmt.Sprintf("%s finds other files than before", pattern)
		}
	}
	return ""
}

// isSame reports whether a file still contains what it did.
func (f *folder) isSame(file seenFile) bool {
	again := folder{path: f.path, within: f.within}
	read := func() ([]byte, error) { return again.read(file.name) }
	if file.name == "" {
		read = again.readRoot
	}
	data, err := read()
	return err == nil && sha256.Sum256(data) == file.sum
}

// locked says that git is at work in the folder, or "".
func (f *folder) locked() string { return atWork(f.lock) }

// atWork says that git is at work where its lock is at a path, "" for none, or "".
func atWork(lock string) string {
	if lock == "" {
		return ""
	}
	if _, err := os.Lstat(lock); err != nil {
		return ""
	}
	return lock + " is there: git is at work, or was ended and left it behind"
}

// gitLock returns the path at which git keeps others from changing the files of
// the repository that a directory is in, or "".
func gitLock(directory string) string {
	absolute, err := filepath.Abs(directory)
	if err != nil {
		return ""
	}
	if resolved, err := filepath.EvalSymlinks(absolute); err == nil {
		absolute = resolved
	}
	for {
		repository := filepath.Join(absolute, ".git")
		info, err := os.Stat(repository)
		switch {
		case err == nil && info.IsDir():
			return filepath.Join(repository, "index.lock")
		case err == nil && info.Mode().IsRegular(): // a worktree or a submodule
			text, _ := os.ReadFile(repository)
			linked, ok := strings.CutPrefix(strings.TrimSpace(string(text)), "gitdir: ")
			if !ok {
				return ""
			}
			if !filepath.IsAbs(linked) {
				linked = filepath.Join(absolute, linked)
			}
			return filepath.Join(linked, "index.lock")
		case filepath.Dir(absolute) == absolute:
			return ""
		}
		absolute = filepath.Dir(absolute)
	}
}

// pause waits a little for files to be still, and returns an error when the time
// for that is over.
func (r *Reading) pause(ctx context.Context, why string) error {
	if r.waited >= patience {
		return fmt.Errorf("the files of the desired state are changing (%s): nothing is done on a part of them; run again when they are at rest", why)
	}
	r.waited += pollInterval
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(pollInterval):
		return nil
	}
}
