package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/term"

	"github.com/seatsync/seatsync/reconcile"
	"github.com/seatsync/seatsync/reconcile/runner"
	"github.com/seatsync/seatsync/reconcile/zerotrust"
)

// The rules of the interface: the result goes to standard output and everything
// else to standard error; messages are lower case, without a full stop; an error
// is followed by a hint where we know one; nothing moves or has colour unless a
// terminal is there.

// hintedError is an error with the next step.
type hintedError struct {
	err  error
	hint string
}

func (e *hintedError) Error() string { return e.err.Error() }
func (e *hintedError) Unwrap() error { return e.err }

// hint adds the next step to an error.
func hint(err error, text string) error { return &hintedError{err: err, hint: text} }

// printError writes an error, with every problem of a file on its own line.
func (a *app) printError(err error) {
	if problems, ok := errors.AsType[reconcile.Problems](err); ok {
		fmt.Fprintln(a.stderr, a.mask.Text(problems.Error()))
		fmt.Fprintf(a.stderr, "seatsync: error: %s in the desired state; nothing was planned\n", reconcile.Count(problems.Count(), "problem"))
	} else {
		for _, line := range strings.Split(err.Error(), "\n") { // joined errors
			fmt.Fprintf(a.stderr, "seatsync: error: %s\n", a.inert(line))
		}
	}
	var hinted *hintedError
	if _, ok := errors.AsType[*zerotrust.IncompleteError](err); ok {
		fmt.Fprintln(a.stderr, "seatsync: hint: nothing was changed; run again later")
	}
	if _, ok := errors.AsType[*runner.FrozenError](err); ok {
		fmt.Fprintln(a.stderr, "seatsync: hint: apply it later, or pass --ignore-freeze")
	}
	if errors.As(err, &hinted) {
		fmt.Fprintf(a.stderr, "seatsync: hint: %s\n", a.inert(hinted.hint))
	}
}

// inert returns text from outside (an API, a file, its name) in one line that is safe to show.
func (a *app) inert(text string) string { return reconcile.Inert(a.mask.Text(text), 0) }

// note writes a line of advice to standard error.
func (a *app) note(format string, args ...any) {
	fmt.Fprintf(a.stderr, "seatsync: %s\n", a.inert(fmt.Sprintf(format, args...)))
}

// logNote returns what writes advice to the log of a daemon instead.
func logNote(a *app, log *slog.Logger) func(format string, args ...any) {
	return func(format string, args ...any) {
		log.Warn(strings.TrimPrefix(a.inert(fmt.Sprintf(format, args...)), "note: "))
	}
}

// oneOf checks the value of a flag with few words.
func oneOf(flag, value string, words []string) error {
	if slices.Contains(words, value) {
		return nil
	}
	return fmt.Errorf("--%s %q: use one of %s", flag, value, strings.Join(words, ", "))
}

// isTerminal reports whether a stream is a terminal.
func isTerminal(stream any) bool {
	file, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(file.Fd()))
}

// useColor says whether text may have colours.
func (a *app) useColor() bool {
	switch a.color {
	case "always":
		return true
	case "never":
		return false
	}
	return a.getenv("NO_COLOR") == "" && a.getenv("TERM") != "dumb" && isTerminal(a.stdout)
}

// width returns the columns that text has: COLUMNS where it is set, or those of the
// terminal, or 0 where there is none.
func (a *app) width() int {
	if columns, err := strconv.Atoi(a.getenv("COLUMNS")); err == nil && columns > 0 {
		return columns
	}
	return columnsOf(a.stdout)
}

// columnsOf returns the columns of a terminal, or 0 where a stream is none.
func columnsOf(stream any) int {
	file, ok := stream.(*os.File)
	if !ok {
		return 0
	}
	width, _, err := term.GetSize(int(file.Fd()))
	if err != nil {
		return 0
	}
	return width
}

// confirm asks a question on the terminal and returns true for yes. The answer
// is no when ctx ends first.
func (a *app) confirm(ctx context.Context, question string) (bool, error) {
	fmt.Fprintf(a.stderr, "%s [y/N] ", question)
	answers := make(chan string, 1)
	failures := make(chan error, 1)
	go func() {
		// This read cannot be interrupted; it ends with the process.
		answer, err := bufio.NewReader(a.stdin).ReadString('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			failures <- err
			return
		}
		answers <- answer
	}()
	select {
	case <-ctx.Done():
		fmt.Fprintln(a.stderr)
		return false, context.Cause(ctx)
	case err := <-failures:
		return false, fmt.Errorf("read the answer: %w", err)
	case answer := <-answers:
		answer = strings.ToLower(strings.TrimSpace(answer))
		return answer == "y" || answer == "yes", nil
	}
}
