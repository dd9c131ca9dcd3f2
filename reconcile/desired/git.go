package desired

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// runGit runs a reading command of git in a directory. A file-system monitor is
// switched off, since a repository's configuration could make it run any program,
// and so are the locks that git takes to save itself work: they make someone's
// checkout fail.
func runGit(ctx context.Context, directory string, stdin io.Reader, arguments ...string) ([]byte, error) {
	command := exec.CommandContext(ctx, "git", append([]string{"-C", directory, "-c", "core.fsmonitor=false"}, arguments...)...)
	command.Env = append(os.Environ(), "GIT_OPTIONAL_LOCKS=0", "LC_ALL=C")
	command.Stdin = stdin
	output, err := command.Output()
	var failed *exec.ExitError
	switch {
	case errors.Is(err, exec.ErrNotFound):
		return nil, errors.New("git is not installed here: it reads the files of a revision")
	case errors.As(err, &failed):
		reason, _, _ := strings.Cut(strings.TrimSpace(string(failed.Stderr)), "\n")
		return nil, fmt.Errorf("git %s: %s", arguments[0], strings.TrimPrefix(reason, "fatal: "))
	}
	return output, err
}

// revision reads files from git's objects, whatever lies in the folder.
type revision struct {
	ctx       context.Context
	directory string
	name      string // as the user wrote it
	commit    string
	objects   map[string]string // from the path below the directory
	links     map[string]bool
}

func openRevision(ctx context.Context, directory, name string) (*revision, error) {
	if name == "" || strings.HasPrefix(name, "-") {
		return nil, fmt.Errorf("%q is not a git revision: write a commit, a branch or a tag", name)
	}
	commit, err := runGit(ctx, directory, nil, "rev-parse", "--verify", "--quiet", name+"^{commit}")
	if err != nil {
		if _, none := runGit(ctx, directory, nil, "rev-parse", "--git-dir"); none != nil {
			return nil, fmt.Errorf("read the desired state at %q: %w", name, none)
		}
		return nil, fmt.Errorf("%q is not a git revision of the repository here: fetch it first", name)
	}
	r := &revision{
		ctx: ctx, directory: directory, name: name, commit: string(bytes.TrimSpace(commit)),
		objects: make(map[string]string), links: make(map[string]bool),
	}
	listing, err := runGit(ctx, directory, nil, "ls-tree", "-r", "-z", r.commit)
	if err != nil {
		return nil, fmt.Errorf("read the desired state at %q: %w", name, err)
	}
	for entry := range strings.SplitSeq(string(listing), "\x00") {
		about, file, _ := strings.Cut(entry, "\t")
		if fields := strings.Fields(about); len(fields) == 3 && fields[1] == "blob" {
			r.objects[file] = fields[2]
			r.links[file] = fields[0] == "120000"
		}
	}
	return r, nil
}

func (r *revision) match(pattern string) (names []string, err error) {
	for name := range r.objects {
		matched, err := path.Match(pattern, name)
		if err != nil {
			return nil, fmt.Errorf("%q is not a file pattern: close every [", pattern)
		}
		if matched {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names, nil
}

func (r *revision) read(name string) ([]byte, error) {
	object, known := r.objects[name]
	switch {
	case !known:
		return nil, fmt.Errorf("%s: no such file at %s", name, r.name)
	case r.links[name]:
		return nil, fmt.Errorf("%s is a symbolic link at %s: only files are read from git", name, r.name)
	}
	output, err := runGit(r.ctx, r.directory, strings.NewReader(object+"\n"), "cat-file", "--batch")
	if err != nil {
		return nil, fmt.Errorf("read %s at %s: %w", name, r.name, err)
	}
	// The response is a line "OBJECT blob SIZE", the content, and the end of a line.
	reader := bufio.NewReader(bytes.NewReader(output))
	header, _ := reader.ReadString('\n')
	fields := strings.Fields(header)
	size := -1
	if len(fields) == 3 && fields[1] == "blob" {
		size, _ = strconv.Atoi(fields[2])
	}
	if data := output[len(header):]; size >= 0 && len(data) == size+1 {
		return data[:size], nil
	}
	return nil, fmt.Errorf("read %s at %s: git did not return the whole file", name, r.name)
}

// commitTimeout bounds the question for the commit, which nothing depends on.
const commitTimeout = 5 * time.Second

// commitOf returns the git commit that files in a directory are from, with
// "-dirty" when they differ from it, or "" where there is no git or no repository.
func commitOf(ctx context.Context, files []string) string {
	ctx, cancel := context.WithTimeout(ctx, commitTimeout)
	defer cancel()
	directory := filepath.Dir(files[0])
	commit, err := runGit(ctx, directory, nil, "rev-parse", "HEAD")
	if err != nil {
		return ""
	}
	paths := make([]string, len(files))
	for i, file := range files {
		if paths[i], err = filepath.Abs(file); err != nil {
			return ""
		}
	}
	changed, err := runGit(ctx, directory, nil, append([]string{"status", "--porcelain", "--"}, paths...)...)
	if err != nil {
		return ""
	}
	// A file that git ignores is not in the status, and not in the commit either.
	_, untracked := runGit(ctx, directory, nil, append([]string{"ls-files", "--error-unmatch", "--"}, paths...)...)
	if len(changed) > 0 || untracked != nil {
		return string(bytes.TrimSpace(commit)) + "-dirty"
	}
	return string(bytes.TrimSpace(commit))
}

// isTracked reports whether git knows of a file in a directory. The error says why that
// is not known: there is no repository, say.
func isTracked(ctx context.Context, directory, name string) (bool, error) {
	found, err := runGit(ctx, directory, nil, "ls-files", "-z", "--", ":(literal)"+name)
	return len(found) > 0, err
}

// checkClean returns an error unless what is in the folder is what is committed:
// the root file, and everything that patterns of git find there or found in the
// commit.
func checkClean(ctx context.Context, root string, patterns []string) error {
	directory := filepath.Dir(root)
	paths := []string{"--", ":(literal)" + filepath.Base(root)}
	paths = append(paths, patterns...)
	changed, err := runGit(ctx, directory, nil, append([]string{"status", "--porcelain", "-z", "--untracked-files=all", "--ignored"}, paths...)...)
	if err != nil {
		return fmt.Errorf("--require-clean: %w", err)
	}
	if len(changed) == 0 {
		if isThere, err := isTracked(ctx, directory, filepath.Base(root)); err != nil || !isThere {
			return fmt.Errorf("--require-clean: %s is not committed", root)
		}
		return nil
	}
	first, _, _ := strings.Cut(string(changed), "\x00")
	more := ""
	if count := bytes.Count(changed, []byte{0}); count > 1 {
		more = fmt.Sprintf(" and %d more", count-1)
	}
	return fmt.Errorf("--require-clean: %q%s differs from what is committed: commit it, or read a revision with --git-ref", first[min(3, len(first)):], more)
}
