package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/seatsync/seatsync/reconcile"
	"github.com/seatsync/seatsync/reconcile/desired"
	"github.com/seatsync/seatsync/reconcile/runner"
)

// baseRevision begins a --base that is the same file at a git revision.
const baseRevision = "git:"

// withoutBase is the way on where a base is of no use.
const withoutBase = "correct it, name another, or plan without --base"

// readBase reads the desired state that the file of a request is compared with.
func (t *target) readBase(ctx context.Context, name string, request *runner.Request) (*desired.Reading, error) {
	from := desired.Origin{Path: name}
	if revision, isRevision := strings.CutPrefix(name, baseRevision); isRevision {
		if from = (desired.Origin{Path: t.file, Revision: revision}); revision == "" {
			return nil, errors.New("--base git: without a revision: write for instance --base git:origin/main")
		}
	}
	switch {
	case request.Revert != "":
		return nil, errors.New("--base cannot be combined with --revert, which plans from no file")
	case from.Path == "-":
		return nil, fmt.Errorf("--base %s: standard input cannot be compared: name files with --file and --base", name)
	}
	base, err := desired.Load(ctx, from)
	if err != nil {
		return nil, hint(fmt.Errorf("--base %s: %w", name, firstProblem(err)), withoutBase)
	}
	if account := request.Desired.Account; base.Account != "" && account != "" && base.Account != account {
		return nil, hint(fmt.Errorf("--base %s is for account %s, and %s for %s", name, base.Account, request.Desired.Files[0], account), withoutBase)
	}
	return base, nil
}

// firstProblem returns an error in one line: what is wrong in the base is not wrong
// in the files that are planned from.
func firstProblem(err error) error {
	var problems reconcile.Problems
	if !errors.As(err, &problems) {
		return err
	}
	text := problems[0].String()
	if more := problems.Count() - 1; more > 0 {
		text += fmt.Sprintf(" (and %s)", reconcile.Count(more, "more problem"))
	}
	return errors.New(text)
}
