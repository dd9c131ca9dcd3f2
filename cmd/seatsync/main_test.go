package main

import (
	"os"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/seatsync/seatsync/reconcile"
	"github.com/seatsync/seatsync/reconcile/zerotrust"
)

// TestMain lets tests run this test binary as the program itself, and checks
// that they leave no goroutine behind.
func TestMain(m *testing.M) {
	limitFiles()
	testscript.Main(leakChecked{m}, map[string]func(){"seatsync": seatsyncForTests, "gh": standInForGh})
}

// seatsyncForTests is main with waits before retries that tests have time for.
func seatsyncForTests() {
	app := &app{
		stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr, getenv: os.Getenv, clock: time.Now,
		adjust: func(config *zerotrust.Config) {
			config.RetryWait, config.RetryWaitMax = time.Millisecond, 10*time.Millisecond
		},
	}
	os.Exit(app.executeUntilSignal(os.Args[1:]))
}

func TestEveryResultHasItsExitCode(t *testing.T) {
	for _, result := range reconcile.Results() {
		code := resultCode(result)
		if isFine := code == codeOK || code == codeHeld; isFine != result.IsSuccess() {
			t.Errorf("%s exits with %d", result, code)
		}
	}
}
