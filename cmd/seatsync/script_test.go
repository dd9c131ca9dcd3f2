package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"gopkg.in/yaml.v3"

	"github.com/seatsync/seatsync"
	"github.com/seatsync/seatsync/reconcile/sandbox"
)

var updateScripts = flag.Bool("update", false, "write what the program does into the scripts, instead of comparing")

// The scripts are what users see of the program: read testdata/*.txtar. Besides
// the commands of testscript they have
//
//	sandbox [-flags] [PEOPLE]    serve a stand-in for the API, with its cast or with the people in a file
//	meanwhile WHAT EMAIL [NAME]  change somebody behind the program's back
//	requests [METHOD=N ...]      exactly these requests have been sent since the last time
//	bodies METHOD                print the bodies of the requests of a method
//	exits CODE PROGRAM [ARG ...] run a program that must exit with the code
//	still FILE INTO              copy a file without what differs from run to run
//	[!] conforms SCHEMA FILE ... JSON or YAML files (do not) fit a JSON Schema
//	example FILE                 write the example desired-state.yaml
func TestScripts(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Dir:                "testdata",
		UpdateScripts:      *updateScripts,
		RequireUniqueNames: true,
		Setup: func(env *testscript.Env) error {
			// A race-enabled process sleeps a second before it exits, unless told not to.
			env.Setenv("GORACE", "atexit_sleep_ms=0")
			// A repository around the temporary directory is not the script's.
			env.Setenv("GIT_CEILING_DIRECTORIES", env.WorkDir)
			env.Setenv("NOW", scriptNow.Format(time.RFC3339))
			env.Setenv("ACCOUNT", sandbox.MainAccount)
			env.Values[stageKey{}] = &stage{}
			return nil
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"sandbox":   scriptSandbox,
			"meanwhile": scriptMeanwhile,
			"requests":  scriptRequests,
			"bodies":    scriptBodies,
			"exits":     scriptExits,
			"still":     scriptStill,
			"conforms":  scriptConforms,
			"example":   scriptExample,
		},
	})
}

// scriptNow is where time stands in the sandbox of a script, and in $NOW.
var scriptNow = time.Date(2026, 11, 22, 6, 0, 0, 0, time.UTC)

// stage is what the commands of one script share.
type stage struct{ box *sandbox.Sandbox }

type stageKey struct{}

// sandboxOf returns the sandbox of a script that has one.
func sandboxOf(ts *testscript.TestScript) *sandbox.Sandbox {
	box := ts.Value(stageKey{}).(*stage).box
	if box == nil {
		ts.Fatalf("there is no sandbox: begin with the command sandbox")
	}
	return box
}

func scriptSandbox(ts *testscript.TestScript, _ bool, args []string) {
	options := sandbox.Options{Seed: 1, Now: func() time.Time { return scriptNow }, Quota: &sandbox.Quota{}}
	flags := flag.NewFlagSet("sandbox", flag.ContinueOnError)
	flags.IntVar(&options.Users, "users", 40, "")
	flags.Int64Var(&options.Seed, "seed", 1, "")
	flags.IntVar(&options.PatchLimit, "patch-limit", 0, "")
	flags.Func("token", "", func(text string) error {
		options.Tokens = append(options.Tokens, text)
		return nil
	})
	flags.StringVar(&options.Settings.SeatExpiration, "seat-expiration", "", "")
	flags.BoolVar(&options.Settings.SeatDeprovision, "seat-deprovision", false, "")
	flags.Func("subscription", "", func(text string) error {
		options.Settings.Subscription = sandbox.Subscription(text)
		return nil
	})
	flags.BoolFunc("clock-runs", "the clock does not stand still", func(string) error {
		options.Now = time.Now
		return nil
	})
	flags.BoolFunc("narrows-free-seats", "", func(string) error {
		options.Seats.Narrow = sandbox.ChangeFreesSeat
		return nil
	})
	flags.Func("deny", "", func(text string) error {
		operation, err := sandbox.ParseOperation(text)
		options.Deny = append(options.Deny, operation)
		return err
	})
	flags.Func("fault", "", func(text string) error {
		fault, err := sandbox.ParseFault(text)
		options.Faults = append(options.Faults, fault)
		return err
	})
	ts.Check(flags.Parse(args))
	box, err := sandbox.New(options)
	ts.Check(err)
	if flags.NArg() > 0 {
		people := parsePeople(ts, ts.ReadFile(flags.Arg(0)))
		box.Replace(sandbox.MainAccount)
		for i := range people {
			people[i].join(box)
		}
	}
	server := httptest.NewServer(box.Handler())
	ts.Defer(func() {
		box.Close()
		server.Close()
	})
	ts.Value(stageKey{}).(*stage).box = box
	ts.Setenv("CLOUDFLARE_BASE_URL", server.URL+sandbox.BasePath)
	ts.Setenv("CLOUDFLARE_API_TOKEN", "token-of-the-script")
	ts.Setenv("CLOUDFLARE_ACCOUNT_ID", sandbox.MainAccount)
}

// scriptPerson is one line of a file of people:
//
//	EMAIL [name="A Name"] [access] [gateway] [login=DAYS|unreadable] [created=DAYS] [seen=DAYS] [shared=DAYS] [id=ID] [noseat]
//
// Seen is when their own device was, shared when they were on a machine on which somebody else was seen after them.
// Days are days ago. Who has no login never logged in; the record is 400 days old.
type scriptPerson struct {
	record sandbox.Record
	seen   sandbox.Field[string]
	shared sandbox.Field[string]
}

var personWord = regexp.MustCompile(`[a-z]+="[^"]*"|\S+`)

func parsePeople(ts *testscript.TestScript, text string) []scriptPerson {
	var people []scriptPerson
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			people = append(people, parsePerson(ts, line, len(people)+1))
		}
	}
	return people
}

func parsePerson(ts *testscript.TestScript, line string, number int) scriptPerson {
	words := personWord.FindAllString(line, -1)
	p := scriptPerson{record: sandbox.Record{
		ID:         sandbox.Value(fmt.Sprintf("00000000-0000-4000-8000-%012d", number)),
		SeatUID:    sandbox.Value(fmt.Sprintf("5ea70000-0000-4000-8000-%012d", number)),
		Email:      sandbox.Value(words[0]),
		Name:       sandbox.Value(""),
		AccessSeat: sandbox.Value(false), GatewaySeat: sandbox.Value(false),
		CreatedAt: daysBefore(ts, "400"), LastSuccessfulLogin: sandbox.Null[string](),
	}}
	for _, word := range words[1:] {
		key, value, _ := strings.Cut(word, "=")
		switch key {
		case "name":
			p.record.Name = sandbox.Value(strings.Trim(value, `"`))
		case "access":
			p.record.AccessSeat = sandbox.Value(true)
		case "gateway":
			p.record.GatewaySeat = sandbox.Value(true)
		case "login":
			p.record.LastSuccessfulLogin = sandbox.Value("0000-00-00 00:00:00")
			if value != "unreadable" {
				p.record.LastSuccessfulLogin = daysBefore(ts, value)
			}
		case "created":
			p.record.CreatedAt = daysBefore(ts, value)
		case "seen":
			p.seen = daysBefore(ts, value)
		case "shared":
			p.shared = daysBefore(ts, value)
		case "id":
			p.record.ID = sandbox.Value(value)
		case "noseat":
			p.record.SeatUID = sandbox.Null[string]()
		default:
			ts.Fatalf("a person has no %q", word)
		}
	}
	return p
}

// daysBefore returns the date so many days, with decimals, before scriptNow.
func daysBefore(ts *testscript.TestScript, text string) sandbox.Field[string] {
	days, err := strconv.ParseFloat(text, 64)
	ts.Check(err)
	return sandbox.At(scriptNow.Add(-time.Duration(days * float64(24*time.Hour))))
}

// join puts the person, and their device if they have one, into the account.
func (p *scriptPerson) join(box *sandbox.Sandbox) {
	devices := 0.0
	owner := sandbox.Value(sandbox.DeviceUser{ID: p.record.ID, Email: p.record.Email})
	if !p.seen.IsMissing() {
		devices++
		box.PutDevice(sandbox.MainAccount, sandbox.Device{ID: p.record.ID, LastSeenAt: p.seen, LastSeenUser: owner})
	}
	if !p.shared.IsMissing() {
		devices++
		id, _ := p.record.ID.Get()
		machine := sandbox.RegisteredDevice{ID: sandbox.Value("shared-" + id)}
		visitor := sandbox.DeviceUser{ID: sandbox.Value("visitor-" + id), Email: sandbox.Value("visitor@example.org")}
		box.PutDevice(sandbox.MainAccount, sandbox.Device{
			ID: machine.ID, LastSeenAt: sandbox.At(scriptNow.Add(-time.Hour)), LastSeenUser: sandbox.Value(visitor),
			ActiveRegistrations: sandbox.Value(2.0),
		})
		box.PutRegistration(sandbox.MainAccount, sandbox.Registration{
			ID: sandbox.Value("registration-" + id), LastSeenAt: p.shared, User: owner, Device: sandbox.Value(machine),
		})
	}
	p.record.ActiveDeviceCount = sandbox.Value(devices)
	box.Put(sandbox.MainAccount, p.record)
}

func scriptMeanwhile(ts *testscript.TestScript, _ bool, args []string) {
	box := sandboxOf(ts)
	if len(args) < 2 {
		ts.Fatalf("usage: meanwhile login|rename|remove|join|seen EMAIL [NAME|DAYS]")
	}
	what, email := args[0], args[1]
	if what == "join" {
		people := parsePeople(ts, strings.Join(args[1:], " "))
		people[0].record.ID = sandbox.Value("00000000-0000-4000-9000-000000000000")
		people[0].join(box)
		return
	}
	record, there := box.UserByEmail(sandbox.MainAccount, email)
	if !there {
		ts.Fatalf("nobody in the account has the email %s", email)
	}
	id, _ := record.ID.Get()
	switch {
	case what == "login":
		ts.Check(box.Login(sandbox.MainAccount, id))
	case what == "remove":
		box.Remove(sandbox.MainAccount, id)
	case what == "rename" && len(args) == 3:
		record.Name = sandbox.Value(args[2])
		box.Put(sandbox.MainAccount, record)
	case what == "seen" && len(args) == 3:
		person := scriptPerson{record: record, seen: daysBefore(ts, args[2])}
		person.join(box)
	default:
		ts.Fatalf("unknown event %q", strings.Join(args, " "))
	}
}

func scriptRequests(ts *testscript.TestScript, _ bool, args []string) {
	box := sandboxOf(ts)
	counts := make(map[string]int)
	for _, request := range box.Requests() {
		counts[request.Method]++
	}
	var sent []string
	for method, count := range counts {
		sent = append(sent, fmt.Sprintf("%s=%d", method, count))
	}
	slices.Sort(sent)
	wanted := slices.Sorted(slices.Values(args))
	if !slices.Equal(sent, wanted) {
		ts.Fatalf("sent %q, want %q", sent, wanted)
	}
	box.ForgetRequests()
}

func scriptBodies(ts *testscript.TestScript, _ bool, args []string) {
	for _, request := range sandboxOf(ts).Requests() {
		if request.Method == args[0] {
			_, err := fmt.Fprintln(ts.Stdout(), strings.TrimSpace(request.Body))
			ts.Check(err)
		}
	}
}

func scriptExits(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) < 2 {
		ts.Fatalf("usage: exits CODE PROGRAM [ARG ...]")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	err = ts.Exec(args[1], args[2:]...)
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		got = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

// unsteady is what differs from run to run, and what it is replaced with.
var unsteady = []struct {
	pattern *regexp.Regexp
	text    string
}{
	{regexp.MustCompile(`\b\d{8}T\d{6}[0-9.]*Z-[0-9a-f]+\b`), "RUN"},
	{regexp.MustCompile(`started \d{4}-\d\d-\d\d \d\d:\d\d UTC, took \d+\w+`), "started THEN, took NO TIME"},
	{regexp.MustCompile(`"(started_at|finished_at)": "[^"]*"`), `"$1": "THEN"`},
	{regexp.MustCompile(`http://127\.0\.0\.1:\d+`), "http://SANDBOX"},
	{regexp.MustCompile(`seatsync \d+\.\d+\.\d+[-\w.]*`), "seatsync VERSION"},
}

func scriptStill(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: still FILE INTO")
	}
	text := ts.ReadFile(args[0])
	text = strings.ReplaceAll(text, ts.Getenv("WORK"), "$WORK")
	for _, part := range unsteady {
		text = part.pattern.ReplaceAllString(text, part.text)
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(text), 0o600))
}

func scriptConforms(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) < 2 {
		ts.Fatalf("usage: [!] conforms SCHEMA FILE ...")
	}
	document, err := jsonschema.UnmarshalJSON(strings.NewReader(ts.ReadFile(args[0])))
	ts.Check(err)
	compiler := jsonschema.NewCompiler()
	ts.Check(compiler.AddResource("schema.json", document))
	schema, err := compiler.Compile("schema.json")
	ts.Check(err)
	for _, name := range args[1:] {
		err := schema.Validate(readAsJSON(ts, name))
		if (err == nil) == neg {
			ts.Fatalf("%s: conforms to %s: %v (%v)", name, args[0], err == nil, err)
		}
	}
}

// readAsJSON returns the value in a YAML or JSON file as an editor sees it: a
// date is text, since JSON has none.
func readAsJSON(ts *testscript.TestScript, name string) any {
	var node yaml.Node
	ts.Check(yaml.Unmarshal([]byte(ts.ReadFile(name)), &node))
	datesAsText(&node)
	var value any
	ts.Check(node.Decode(&value))
	data, err := json.Marshal(value)
	ts.Check(err)
	value, err = jsonschema.UnmarshalJSON(bytes.NewReader(data))
	ts.Check(err)
	return value
}

func datesAsText(node *yaml.Node) {
	if node.ShortTag() == "!!timestamp" {
		node.Tag = "!!str"
	}
	for _, child := range node.Content {
		datesAsText(child)
	}
}

func scriptExample(ts *testscript.TestScript, _ bool, args []string) {
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), seatsync.Example, 0o600))
	ts.Check(os.WriteFile(filepath.Join(filepath.Dir(ts.MkAbs(args[0])), "people.csv"), seatsync.ExampleRoster, 0o600))
}
