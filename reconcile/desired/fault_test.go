package desired

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/seatsync/seatsync/reconcile"
)

// firstProblem parses a file and returns the first thing that is wrong in it.
func firstProblem(t rapid.TB, text string) reconcile.Problem {
	t.Helper()
	_, err := Parse(File{Name: "f.yaml", Data: []byte(text)}, nil, time.Time{})
	var problems reconcile.Problems
	if !errors.As(err, &problems) {
		t.Fatalf("no problem in:\n%s", text)
	}
	return problems[0]
}

func TestAFaultIsReportedWhereItIs(t *testing.T) {
	const head = "version: 1\nusers:\n"
	tests := map[string]struct{ text, want string }{
		"an entry that is indented more":                 {head + "  - email: a@b.cc\n   - email: b@b.cc\n  - email: c@b.cc\n", "4:4: not valid YAML: indented with 3 spaces where its neighbours have 2"},
		"an entry as deep as the keys before it":         {head + "  - email: a@b.cc\n    - email: b@b.cc\n", "4:5: not valid YAML: indented with 4 spaces where its neighbours have 2"},
		"an entry that is indented less":                 {head + "  - email: a@b.cc\n - email: b@b.cc\n", "4:2: not valid YAML: indented with 1 space where its neighbours have 2"},
		"an entry at the margin":                         {head + "  - email: a@b.cc\n- email: b@b.cc\n", "4:1: not valid YAML: indented with 0 spaces where its neighbours have 2"},
		"the first entry, which the others are not like": {head + "   - email: a@b.cc\n  - email: b@b.cc\n  - email: c@b.cc\n", "3:4: not valid YAML: indented with 3 spaces where its neighbours have 2"},
		"the dash of the first entry alone":              {head + "   - email: a@b.cc\n    name: A\n  - email: b@b.cc\n", "3:4: not valid YAML: indented with 3 spaces where its neighbours have 2"},
		"a key that is indented less":                    {head + "  - email: a@b.cc\n   name: A\n", "4:4: not valid YAML: indented with 3 spaces where its neighbours have 4"},
		"a key that is indented more":                    {head + "  - email: a@b.cc\n     name: A\n", "4:6: not valid YAML: indented with 5 spaces where its neighbours have 4"},
		"a key at the margin":                            {head + "  - email: a@b.cc\nname: A\n  - email: b@b.cc\n", "4:1: not valid YAML: indented with 0 spaces where its neighbours have 4"},
		"a key of the policy":                            {"version: 1\npolicy:\n  unlisted: keep\n   grants: never\n", "4:4: not valid YAML: indented with 3 spaces where its neighbours have 2"},
		"a tab":                                          {head + "  - email: a@b.cc\n\tname: A\n", "4:1: not valid YAML: the line is indented with a tab: use spaces"},
		"a tab behind spaces":                            {head + "  - email: a@b.cc\n  \tname: A\n", "4:3: not valid YAML: the line is indented with a tab: use spaces"},
		"a tab after a dash":                             {head + "  - email: a@b.cc\n  -\temail: b@b.cc\n", "4:4: not valid YAML: a tab follows the dash: use a space"},
		"a tab after the first dash":                     {head + "  -\temail: a@b.cc\n  - email: b@b.cc\n", "3:4: not valid YAML: a tab follows the dash: use a space"},
		"a tab after a dash and a space":                 {head + "  - \temail: a@b.cc\n", "3:5: not valid YAML: a tab follows the dash: use a space"},
		"a tab before a text of a list":                  {"version: 1\npolicy:\n  protected:\n    - a@b.cc\n    -\tb@b.cc\n", "5:6: not valid YAML: a tab follows the dash: use a space"},
		"no space after a dash":                          {head + "  - email: a@b.cc\n  -email: b@b.cc\n", "4:3: not valid YAML: a space is missing after -"},
		"no space after the only dash":                   {head + "  -email: b@b.cc\n", "3:3: a space is missing after -"},
		"no space after a dash before a text":            {"version: 1\npolicy:\n  protected:\n    - a@b.cc\n    -b@b.cc\n    - c: d\n", "5:5: not valid YAML: a space is missing after -"},
		"no space after a colon":                         {head + "  - email:a@b.cc\n    name: A\n", "3:11: not valid YAML: a space is missing after email:"},
		"no space after the only colon":                  {head + "  - email:a@b.cc\n", "3:5: a space is missing after email:"},
		"a quote that is not closed":                     {head + "  - email: a@b.cc\n    name: \"A\n  - email: b@b.cc\n    name: \"B\"\n", "4:11: not valid YAML: the quote \" is not closed"},
		"a bracket that is not closed":                   {head + "  - {email: a@b.cc, name: A\n  - {email: b@b.cc}\n", "3:5: not valid YAML: the bracket { is not closed"},
		"a bracket at the end of the file":               {"version: 1\nusers: [\n", "2:8: not valid YAML: the bracket [ is not closed"},
		"a pattern without quotes":                       {"version: 1\npolicy:\n  protected:\n    - *@b.cc\n", "4:7: not valid YAML: a value that begins with * must be in quotes"},
		"a pattern without quotes, in brackets":          {"version: 1\npolicy:\n  protected: [*@b.cc]\n", "3:1: not valid YAML: a value that begins with * or & must be in quotes"},
		"a value with a colon":                           {head + "  - email: a@b.cc\n    name: A: B\n", "4:12: not valid YAML: a value with a colon and a space in it must be in quotes"},
		"a value that begins with an at sign":            {head + "  - email: @a\n", "3:12: not valid YAML: a value that begins with @ must be in quotes"},
		"a tab in a text is none":                        {head + "  - email: a@b.cc\n    name: |\n      A\n      \tB\n   until: 2027-01-01\n", "7:4: not valid YAML: indented with 3 spaces where its neighbours have 4"},
		"brackets over several lines are none":           {"version: 1\npolicy: {unlisted: keep,\n  limits: {releases: 5}\n}\nusers:\n  - email: a@b.cc\n   - email: b@b.cc\n", "7:4: not valid YAML: indented with 3 spaces where its neighbours have 2"},
		"windows are keys":                               {"version: 1\npolicy:\n  limits:\n    releases_per:\n      7d: 40\n      30d: 100\n     beyond: hold\n", "7:6: not valid YAML: indented with 5 spaces where its neighbours have 6"},
		"what no line explains":                          {"version: 1\nusers: ]\n", "2:1: not valid YAML: did not find expected node content"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if got := firstProblem(t, test.text).String(); got != "f.yaml:"+test.want {
				t.Errorf("got  %s\nwant f.yaml:%s", got, test.want)
			}
		})
	}
}

// injection makes one line of a file wrong, in a way that YAML cannot be read with,
// or returns "".
type injection func(t *rapid.T, line string) string

// injections are the faults that people make.
func injections() map[string]injection {
	indented := func(line string) (indent int, bare string) {
		bare = strings.TrimLeft(line, " ")
		return len(line) - len(bare), bare
	}
	return map[string]injection{
		"other indentation": func(t *rapid.T, line string) string {
			indent, bare := indented(line)
			wrong := rapid.IntRange(0, indent+3).Filter(func(n int) bool { return n != indent }).Draw(t, "spaces")
			return strings.Repeat(" ", wrong) + bare
		},
		"tab": func(_ *rapid.T, line string) string {
			_, bare := indented(line)
			return "\t" + bare
		},
		"no space after a dash": func(_ *rapid.T, line string) string {
			return strings.Replace(line, "- email", "-email", 1)
		},
		"open quote": func(_ *rapid.T, line string) string {
			before, after, found := strings.Cut(line, "name: ")
			if !found {
				return ""
			}
			return before + "name: \"" + strings.Trim(after, "\"'")
		},
	}
}

// drawBigFile draws a file of many entries in a style of somebody's own.
func drawBigFile(t *rapid.T) (lines []string, isEntry []bool) {
	dash := strings.Repeat(" ", rapid.SampledFrom([]int{0, 2, 4}).Draw(t, "indent"))
	add := func(entry bool, text string) { lines, isEntry = append(lines, text), append(isEntry, entry) }
	add(false, "version: 1")
	if rapid.Bool().Draw(t, "has policy") {
		add(false, "policy:")
		add(false, "  protected: [ceo@example.com, \"*@board.example.com\"] # of them")
		add(false, "  limits: {releases: 10%,")
		add(false, "    releases_per: {7d: 40}}")
	}
	add(false, "users:")
	for i := range rapid.IntRange(4, 60).Draw(t, "entries") {
		if rapid.IntRange(0, 9).Draw(t, "comment") == 0 {
			add(false, dash+"# 'Somebody\" else: [")
		}
		add(true, fmt.Sprintf("%s- email: user%d@example.com", dash, i))
		if rapid.Bool().Draw(t, "has a name") {
			add(true, dash+"  name: "+rapid.SampledFrom([]string{"Ada Lovelace", `"Ada: Lovelace"`, "'O''Neill'", "Jürgen # the elder"}).Draw(t, "name"))
		}
		if rapid.Bool().Draw(t, "has a seat") {
			add(true, dash+"  access_seat: true")
		}
		if rapid.IntRange(0, 5).Draw(t, "exempt") == 0 {
			add(true, dash+"  exempt: {from: inactive, until: 2027-01-15, owner: hr, reason: leave}")
		}
	}
	return lines, isEntry
}

func TestTheLineThatIsReportedIsTheOneThatWasMadeWrong(t *testing.T) {
	for name, inject := range injections() {
		t.Run(name, func(t *testing.T) {
			wrong := 0
			rapid.Check(t, func(t *rapid.T) {
				lines, isEntry := drawBigFile(t)
				at := rapid.IntRange(0, len(lines)-1).Filter(func(i int) bool { return isEntry[i] }).Draw(t, "line")
				changed := inject(t, lines[at])
				if changed == "" || changed == lines[at] {
					return
				}
				lines[at] = changed
				text := strings.Join(lines, "\n") + "\n"
				if isYAML([]byte(text)) {
					return // it means something else then
				}
				wrong++
				if got := firstProblem(t, text); got.At.Line != at+1 {
					t.Fatalf("line %d was made wrong, reported: %s\n%s", at+1, got, text)
				}
			})
			if wrong < 10 {
				t.Errorf("only %d files were wrong", wrong)
			}
		})
	}
}

func TestTheFaultOfABigFileIsFoundInALine(t *testing.T) {
	lines := []string{"version: 1", "users:"}
	for len(lines) < 1500 {
		lines = append(lines, fmt.Sprintf("  - {email: user%d@example.com}", len(lines)))
	}
	lines[901] = " " + lines[901]
	want := "f.yaml:902:4: not valid YAML: indented with 3 spaces where its neighbours have 2"
	if got := firstProblem(t, strings.Join(lines, "\n")).String(); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// Whatever the text is, looking for a fault ends and names a line of it.
func FuzzFaultsAreInTheText(f *testing.F) {
	f.Add("version: 1\nusers:\n  - email: a@b.cc\n   - email: b@b.cc\n")
	f.Add("users: [\"a\n- '\n")
	f.Add("a: |\n  b\n\tc\n- {")
	f.Fuzz(func(t *testing.T, text string) {
		found := findFault([]byte(text))
		if found != nil && (found.line < 1 || found.line > strings.Count(text, "\n")+1 || found.column < 1 || found.message == "") {
			t.Errorf("%+v", found)
		}
	})
}
