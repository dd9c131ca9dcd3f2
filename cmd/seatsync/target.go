package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"path/filepath"
	"strings"
	"time"

	"github.com/seatsync/seatsync/reconcile"
	"github.com/seatsync/seatsync/reconcile/desired"
	"github.com/seatsync/seatsync/reconcile/runner"
	"github.com/seatsync/seatsync/reconcile/zerotrust"
)

// target says which account to work on: where its file is, and who is told
// what. Every account of a fleet has one.
type target struct {
	app      *app
	file     string
	account  string // as asked for; empty leaves it to the file
	requests requestFlags
	log      *slog.Logger
	note     func(format string, arguments ...any)
	// limiter, when not nil, returns the rate limiter of a token: in a daemon it
	// outlives connections.
	limiter func(zerotrust.Credentials) *zerotrust.RateLimiter
	// observe, when not nil, is called for each request.
	observe func(account string, seen zerotrust.Observation)
}

// target returns what the global flags name.
func (a *app) target(requests requestFlags) *target {
	return &target{
		app: a, file: a.file, account: a.account, requests: requests, log: a.logger(), note: a.note,
	}
}

// load reads the desired state.
func (t *target) load(ctx context.Context) (*desired.Reading, error) { return t.loadFile(ctx, t.file) }

// loadFile reads a desired state as the flags say.
func (t *target) loadFile(ctx context.Context, file string) (*desired.Reading, error) {
	from := t.app.origin
	from.Path, from.Stdin = file, t.app.stdin
	return desired.Load(ctx, from)
}

// workplace is an account that can be reached, with everything that a run needs.
// Close it when it is no longer needed.
type workplace struct {
	*runner.Runner
	connection *zerotrust.Connection
	finish     func() // clears the progress bar
}

func (w *workplace) Close() {
	w.finish()
	w.connection.Close()
}

// open reads the file into the request, unless there is a saved plan to apply, and
// prepares the connection. Nothing is sent yet.
func (t *target) open(ctx context.Context, request *runner.Request) (*workplace, error) {
	if request.Saved != nil {
		tokenVariable, err := t.readBeside(ctx, request)
		if err != nil {
			return nil, err
		}
		return t.connect(cmp.Or(t.account, request.Saved.AccountID), tokenVariable)
	}
	reading, err := t.load(ctx)
	if err != nil {
		return nil, err
	}
	account, err := t.accountID(reading.Account)
	if err != nil {
		return nil, err
	}
	request.Desired, request.Commit, request.Still = reading.Desired, reading.Commit, reading.Still
	w, err := t.connect(account, reading.TokenVariable)
	if err != nil {
		return nil, err
	}
	w.Source = w.connection.Source().WithSettings(reconcile.NeedSettings(reading.Desired))
	return w, nil
}

// readBeside reads the file that is there beside a saved plan into the request, and
// returns the variable of its token: the one that --file names, or the one that the plan
// was made from. One that cannot be read is an error: nobody knows then what it freezes,
// protects and exempts, and which token is the account's. Where there is none, none may
// come before the first write.
func (t *target) readBeside(ctx context.Context, request *runner.Request) (tokenVariable string, err error) {
	file, isNamed := t.file, t.app.namesFile
	if !isNamed && len(request.Saved.Desired.Files) > 0 {
		file = request.Saved.Desired.Files[0]
	}
	if file == "-" || strings.HasPrefix(file, "<") {
		return "", nil // standard input may be what answers the question
	}
	beside, err := t.loadFile(ctx, file)
	if errors.Is(err, fs.ErrNotExist) && !isNamed && t.app.origin.Revision == "" {
		request.Still = func(ctx context.Context) error { return desired.CheckAbsent(ctx, file) }
		if err = request.Still(ctx); err == nil {
			return "", nil
		}
	}
	if err != nil {
		return "", hint(err, "nothing is applied while the file of a saved plan cannot be read, since what it freezes and protects is not known: correct it, or name another with --file")
	}
	request.Desired, request.Still = beside.Desired, beside.Still
	return beside.TokenVariable, nil
}

// runner returns what performs, and records, the runs on an account. Without a
// connection it can only record that one failed.
func (t *target) runner(account string) *runner.Runner {
	return &runner.Runner{
		AccountID: account, File: absolute(t.file), Store: t.app.store(account), Clock: t.app.clock, Tool: tool(),
		Note: func(text string) { t.note("note: %s", text) },
	}
}

// absolute names a file whatever the working folder is.
func absolute(path string) string {
	if full, err := filepath.Abs(path); err == nil && path != "-" {
		return full
	}
	return path
}

// errNoAccount says that nothing tells which account to work on.
var errNoAccount = errors.New("no account is named")

// accountID returns the account to work on: the flag, the environment, or the
// file's. A file that was written for another account is worth a word.
func (t *target) accountID(fromFile string) (string, error) {
	account := cmp.Or(t.account, fromFile)
	if account == "" {
		return "", hint(errNoAccount,
			"pass --account, set CLOUDFLARE_ACCOUNT_ID, or write 'account:' into the file")
	}
	if err := reconcile.CheckAccountID(account); err != nil {
		return "", err
	}
	if fromFile != "" && fromFile != account {
		t.note("note: working on account %s as you asked, although the file names %s", account, fromFile)
	}
	return account, nil
}

// connect prepares the connection to the API with the credentials of the
// environment, where the token may stand in a variable of its own.
func (t *target) connect(account, tokenVariable string) (*workplace, error) {
	credentials, err := t.app.credentials(tokenVariable)
	if err != nil {
		return nil, err
	}
	if notice := credentials.Notice(); notice != "" {
		t.note("note: %s", notice)
	}
	advance, finish := t.app.progress("reading users", nil)
	config := zerotrust.Config{
		BaseURL: t.app.baseURL, AccountID: account, Credentials: credentials, UserAgent: tool(),
		QuotaShare: t.requests.quotaShare, Progress: advance, Logger: t.log,
	}
	if t.limiter != nil {
		config.RateLimiter = t.limiter(credentials)
	}
	if t.observe != nil {
		config.Observe = func(seen zerotrust.Observation) { t.observe(account, seen) }
	}
	if t.app.adjust != nil {
		t.app.adjust(&config)
	}
	connection, err := zerotrust.Connect(config)
	if err != nil {
		return nil, err
	}
	w := &workplace{Runner: t.runner(account), connection: connection, finish: finish}
	w.BaseURL = strings.TrimRight(cmp.Or(t.app.baseURL, zerotrust.DefaultBaseURL), "/")
	w.Source, w.Counts = connection.Source(), connection.Counts
	w.Sink = func() reconcile.Sink { return connection.Sink() }
	w.Applying = func(ctx context.Context, plan *reconcile.Plan) (func(done, total int), func()) {
		return t.applying(ctx, connection, plan)
	}
	return w, nil
}

// applying shows how far an apply has come, and says when it is told to stop.
func (t *target) applying(ctx context.Context, connection *zerotrust.Connection, plan *reconcile.Plan) (advance func(done, total int), finish func()) {
	calls := len(reconcile.Calls(plan, t.requests.batchSize))
	advance, clearBar := t.app.progress("applying", func(done, total int) time.Duration {
		return connection.Estimate(calls * (total - done) / max(1, total))
	})
	stopNotice := context.AfterFunc(ctx, func() {
		t.note("stopping: no new request starts, and those in flight finish; a second signal ends at once")
	})
	return advance, func() {
		stopNotice()
		clearBar()
	}
}

// credentials reads the credentials of an account. Where the file names a
// variable for its token, that one alone counts: the token of another account
// would be worse than none.
func (a *app) credentials(variable string) (zerotrust.Credentials, error) {
	if variable == "" {
		return zerotrust.ReadCredentials(a.getenv, a.tokenFile)
	}
	if a.tokenFile != "" {
		a.note("note: the token is that of %s, as account_token_env says; --api-token-file is not used", variable)
	}
	if a.getenv(variable) == "" && a.getenv(variable+"_FILE") == "" {
		return zerotrust.Credentials{}, fmt.Errorf("account_token_env: neither %s nor %s_FILE is set: set one of them to the token of this account, or to the file that holds it",
			variable, variable)
	}
	return zerotrust.ReadCredentials(func(name string) string {
		switch name {
		case zerotrust.EnvToken:
			return a.getenv(variable)
		case zerotrust.EnvTokenFile:
			return a.getenv(variable + "_FILE")
		}
		return ""
	}, "")
}
