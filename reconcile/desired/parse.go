package desired

import (
	"regexp"
	"strconv"
	"sync"
	"unicode/utf8"

	"gopkg.in/yaml.v3"

	"github.com/seatsync/seatsync/reconcile"
)

// fileParser turns the nodes of one file into the parts of a Desired.
type fileParser struct {
	document
	desired  *reconcile.Desired // nil in an included file
	includes []reconcile.Located
	users    []reconcile.DesiredUser
	groups   []groupParts // as they are written
	roster   *rosterSpec  // nil where there is none, or where it is wrong
	// parts is in how many parts the users may be read side by side; entries, when not
	// nil, has those of each part, read ahead of the rest.
	parts   int
	entries []*fileParser
}

// keys are the keys of the first file.
func (p *fileParser) keys() []key {
	return []key{
		{"version", p.parseVersion},
		{"account", into(&p.desired.Account, p.parseAccount)},
		{"account_name", into(&p.desired.AccountName, p.parseAccountName)},
		{"account_token_env", into(&p.desired.TokenVariable, p.parseVariable)},
		{"include", p.parseInclude},
		{"roster", p.parseRoster},
		{"license", p.parseLicense},
		{"policy", p.parsePolicy},
		{"schedule", p.parseSchedule},
		{"timezone", p.parseTimezone},
		{"users", p.parseUsers},
	}
}

// rootKeys are the names of the keys of the first file.
func rootKeys() []string { return namesOf((&fileParser{desired: new(reconcile.Desired)}).keys()) }

// parseRoot reads the first file.
func (p *fileParser) parseRoot(data []byte) {
	top := p.parseTop(data)
	if top == nil || isNull(top) {
		if len(p.problems) == 0 {
			p.problemAt(1, 1, "the file is empty: begin with 'version: 1', or make a file with 'seatsync export'")
		}
		return
	}
	p.mapping(top, "the desired state", p.keys()...)
	p.require(top, "version", "version is missing: begin the file with 'version: 1'")
}

// teamPattern finds one of the keys of an included file, in whatever style.
var teamPattern = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(?m)(^|[{,])[ \t]*["']?(version|users?)["']?[ \t]*:`)
})

// contentPattern finds anything but comments.
var contentPattern = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`(?m)^[ \t]*[^#\s]`) })

// parseTeam reads an included file. Of a file without any of its keys no problem
// quotes anything: a pattern may have found a file with secrets.
func (p *fileParser) parseTeam(data []byte) {
	if !teamPattern().Match(data) && contentPattern().Match(data) {
		p.problemAt(1, 1, "this is not a desired-state file: an included file lists people under 'users:'")
		return
	}
	p.readTeam(p.parseTop(data))
}

// readTeam reads the top node of an included file.
func (p *fileParser) readTeam(top *yaml.Node) {
	if top == nil || isNull(top) {
		if len(p.problems) == 0 {
			// Cut off by accident, it would make a whole team unlisted.
			p.problemAt(1, 1, "the file is empty: write 'users: []' if it lists nobody")
		}
		return
	}
	p.mapping(top, "an included file",
		key{"version", p.parseVersion},
		key{"users", func(value *yaml.Node, name string) {
			if isNull(value) && p.entries == nil {
				p.problem(value, "users is empty: write 'users: []' if the file lists nobody")
			}
			p.parseUsers(value, name)
		}},
	)
}

func (p *fileParser) parseVersion(node *yaml.Node, _ string) {
	if node.Kind != yaml.ScalarNode || node.Value != "1" {
		p.problem(node, "version: this seatsync reads version 1, got %s", kindOf(node))
	}
}

func (p *fileParser) parseAccount(node *yaml.Node, name string) string {
	text, ok := p.literal(node, name)
	if !ok {
		return ""
	}
	if err := reconcile.CheckAccountID(text); err != nil {
		p.problem(node, "account: %v", err)
	}
	return text
}

// longestAccountName is more than anybody calls an account.
const longestAccountName = 100

func (p *fileParser) parseAccountName(node *yaml.Node, name string) string {
	text, ok := p.text(node, name)
	if ok && utf8.RuneCountInString(text) > longestAccountName {
		p.problem(node, "account_name: longer than %d characters", longestAccountName)
	}
	return text
}

// variablePattern is what a shell calls a variable.
var variablePattern = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Z][A-Z0-9_]{0,99}$`) })

func (p *fileParser) parseVariable(node *yaml.Node, name string) string {
	text, ok := p.text(node, name)
	if ok && !variablePattern().MatchString(text) {
		p.problem(node, "account_token_env: this is not the name of a variable: write one such as CLOUDFLARE_API_TOKEN_EMEA, and never the token itself")
	}
	return text
}

func (p *fileParser) parseInclude(node *yaml.Node, name string) {
	p.items(node, "file patterns", func(value *yaml.Node) {
		if pattern, ok := p.text(value, name); ok {
			p.includes = append(p.includes, reconcile.Located{Text: pattern, At: p.position(value)})
		}
	})
}

// maxPurchased is more seats than anyone buys; it keeps arithmetic in range.
const maxPurchased = 100_000_000

func (p *fileParser) parseLicense(node *yaml.Node, name string) {
	license := &p.desired.License
	p.mapping(node, name,
		key{"from", into(&license.FromSubscription, p.isSubscription)},
		key{"purchased", into(&license.Purchased, p.parsePurchased)},
		key{"price", into(&license.Price, p.parsePrice)},
		key{"currency", into(&license.Currency, p.plainText)},
		key{"renews", into(&license.Renews, p.parseDate)},
		key{"budget", p.at(&license.BudgetAt, p.parseBudget)},
	)
}

// isSubscription reports whether a source is the subscription, which is the only one.
func (p *fileParser) isSubscription(node *yaml.Node, name string) bool {
	text, ok := p.text(node, name)
	if ok && text != "subscription" {
		p.problem(node, "from: %q is not a source: write subscription, or leave it out", text)
	}
	return ok
}

func (p *fileParser) parsePurchased(node *yaml.Node, name string) *int {
	text, ok := p.literal(node, name)
	count, err := strconv.Atoi(text)
	if ok && (err != nil || count < 0 || count > maxPurchased) {
		p.problem(node, "purchased: %q is not a number of seats", text)
	}
	return &count
}

// parsePrice reads an amount of money.
func (p *fileParser) parsePrice(node *yaml.Node, what string) reconcile.Amount {
	text, ok := p.literal(node, what)
	if !ok {
		return ""
	}
	price, err := reconcile.ParseAmount(text)
	if point := decimalPoint(text); point != "" {
		p.problem(node, "%s: %q has a decimal comma: write %s", what, text, point)
	} else if err != nil {
		p.problem(node, "%s: %v", what, err)
	}
	return price
}

// commaPattern is a number with a decimal comma, as much of the world writes it.
var commaPattern = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^([0-9]+),([0-9]{1,2})$`) })

// decimalPoint returns a number that has a decimal comma with a point, or "".
func decimalPoint(text string) string {
	if !commaPattern().MatchString(text) {
		return ""
	}
	return commaPattern().ReplaceAllString(text, "$1.$2")
}

// seatsPattern is a budget of seats in place of money.
var seatsPattern = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^([0-9]{1,9}) seats?$`) })

// parseBudget reads an amount of money a month, or a number of seats.
func (p *fileParser) parseBudget(node *yaml.Node, name string) {
	text, ok := p.literal(node, name)
	if !ok {
		return
	}
	license := &p.desired.License
	if seats := seatsPattern().FindStringSubmatch(text); seats != nil {
		count, _ := strconv.Atoi(seats[1]) // at most nine digits
		license.BudgetSeats = &count
		return
	}
	budget, err := reconcile.ParseAmount(text)
	if point := decimalPoint(text); point != "" {
		p.problem(node, "budget: %q has a decimal comma: write %s", text, point)
	} else if err != nil {
		p.problem(node, "budget: %q is neither an amount of money a month, as in 1500.00, nor a number of seats, as in 450 seats", text)
	}
	license.Budget = budget
}

func (p *fileParser) parseSchedule(node *yaml.Node, _ string) {
	p.items(node, "schedule entries", func(value *yaml.Node) {
		entry := reconcile.ScheduleEntry{Mode: reconcile.ModeDryRun, At: p.position(value)}
		p.mapping(value, "a schedule entry",
			key{"cron", into(&entry.Cron, p.parseCron)},
			key{"mode", into(&entry.Mode, oneOf(&p.document, reconcile.Modes()...))},
		)
		p.require(value, "cron", "the schedule entry has no cron: write one, for instance cron: \"0 6 * * 1-5\"")
		p.desired.Schedule = append(p.desired.Schedule, entry)
	})
}

func (p *fileParser) parseCron(node *yaml.Node, name string) string {
	text, ok := p.text(node, name)
	if ok {
		schedule, err := ParseCron(text)
		if err == nil {
			err = checkRecurring(text, schedule)
		}
		if err != nil {
			p.problem(node, "cron: %v", err)
		}
	}
	return text
}

func (p *fileParser) parseTimezone(node *yaml.Node, name string) {
	text, ok := p.text(node, name)
	if !ok {
		return
	}
	zone, err := ParseTimezone(text)
	if err != nil {
		p.problem(node, "timezone: %v", err)
		return
	}
	p.desired.Timezone = zone
}
