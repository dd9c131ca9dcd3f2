package desired

import (
	"context"
	"strconv"
	"strings"
	"time"
)

// committedInFolder returns when a file was last committed, as it is in a folder.
// Where that is not known, undated says why.
func committedInFolder(ctx context.Context, directory, name string) (at time.Time, undated string) {
	changed, err := runGit(ctx, directory, nil, "status", "--porcelain", "--untracked-files=all", "--ignored", "--", ":(literal)"+name)
	switch {
	case err != nil:
		return time.Time{}, err.Error()
	case len(changed) > 0:
		return time.Time{}, "it is not committed as it is"
	}
	return committedAt(ctx, directory, "HEAD", name)
}

// committedAt returns when a file at a revision was last committed. Where that is
// not known, undated says why.
func committedAt(ctx context.Context, directory, revision, name string) (at time.Time, undated string) {
	output, err := runGit(ctx, directory, nil, "log", "-1", "--format=%ct %P", revision, "--", ":(literal)"+name)
	if err != nil {
		return time.Time{}, err.Error()
	}
	seconds, parents, _ := strings.Cut(strings.TrimSpace(string(output)), " ")
	unix, err := strconv.ParseInt(seconds, 10, 64)
	if err != nil {
		return time.Time{}, "it is in no commit"
	}
	if parents == "" {
		// Where history is cut off every file seems to come with the first commit that
		// is there, however old it is.
		isShallow, err := runGit(ctx, directory, nil, "rev-parse", "--is-shallow-repository")
		if err != nil || strings.TrimSpace(string(isShallow)) != "false" {
			return time.Time{}, "this is a shallow clone, without the commit that it came with: fetch the whole history"
		}
	}
	return time.Unix(unix, 0), ""
}
