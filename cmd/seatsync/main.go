// Command seatsync keeps the seats and names of a Cloudflare Zero Trust account
// as a YAML file in git declares them.
//
// This package only wires: it reads flags and the environment, builds a source
// and, for apply alone, a sink, and hands over to package reconcile. It must
// never decide about a seat. Read on in plan.go and apply.go, which tell the two
// main stories; testdata/*.txtar are the tests of what users see.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"syscall"
	"time"
	_ "time/tzdata" // timezones also where the system has none, as in a small container
)

func main() {
	collectFirstAt32MiB()
	http.DefaultClient.CheckRedirect = refuseRedirect // of the receivers of notifications that use it
	app := &app{stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr, getenv: os.Getenv, clock: time.Now, ownsProcess: true}
	os.Exit(app.executeUntilSignal(os.Args[1:]))
}

// executeUntilSignal runs one command, which drains on the first signal. The second one
// ends the process at once.
func (a *app) executeUntilSignal(args []string) int {
	ctx, end := context.WithCancelCause(context.Background())
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop)
	a.end = end
	return a.execute(ctx, args)
}

// endOnHangup makes SIGHUP such a signal, unless nohup lets the command outlive its
// terminal. One more ends nothing: it comes from the terminal and from the shell.
func (a *app) endOnHangup() {
	if a.end == nil || signal.Ignored(syscall.SIGHUP) {
		return
	}
	hangup := make(chan os.Signal, 1)
	signal.Notify(hangup, syscall.SIGHUP)
	go func() {
		<-hangup
		a.end(errors.New("hangup signal received"))
	}()
}

// collectFirstAt32MiB puts the first garbage collection off, unless GOGC says otherwise: at 4 MiB,
// where it comes by default, most runs would collect several times before they end. All
// that follow come a little earlier than by default, which costs large accounts no time
// that can be measured, and saves a seventh of their memory.
func collectFirstAt32MiB() {
	if os.Getenv("GOGC") != "" {
		return
	}
	const first, later = 800, 70 // percent; the first is of 4 MiB
	debug.SetGCPercent(first)
	runtime.AddCleanup(new(string), func(percent int) { debug.SetGCPercent(percent) }, later)
}

// run is the whole program but for the process, which main owns.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer, getenv func(string) string) int {
	app := &app{stdin: stdin, stdout: stdout, stderr: stderr, getenv: getenv, clock: time.Now}
	return app.execute(ctx, args)
}

// execute runs one command and returns the exit code.
func (a *app) execute(ctx context.Context, args []string) int {
	root := a.rootCommand()
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	var exit exitError
	switch {
	case err == nil:
		return codeOK
	case errors.As(err, &exit) && exit.err == nil:
		return exit.code
	}
	a.printError(err)
	if errors.As(err, &exit) {
		return exit.code
	}
	return codeError
}

// The exit codes, which are promises.
const (
	// codeOK: done; for plan --detailed-exitcode: nothing to change.
	codeOK = 0
	// codeError: bad input or credentials, unreadable state; nothing was changed.
	codeError = 1
	// codePending: plan --detailed-exitcode found changes.
	codePending = 2
	// codeHeld: a limit held releases back.
	codeHeld = 3
	// codePartial: applied in part.
	codePartial = 4
)

// exitError ends the program with a code; without an error it says nothing, as
// the report has said it.
type exitError struct {
	code int
	err  error
}

func (e exitError) Error() string {
	if e.err == nil {
		return fmt.Sprintf("exit code %d", e.code)
	}
	return e.err.Error()
}

func (e exitError) Unwrap() error { return e.err }

// exitWith returns the error for a code, nil for success.
func exitWith(code int) error {
	if code == codeOK {
		return nil
	}
	return exitError{code: code}
}
