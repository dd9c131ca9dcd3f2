package reconcile

import (
	"fmt"
	"net/mail"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/robfig/cron/v3"
	"gopkg.in/yaml.v3"
)

// fileParser turns the nodes of one file into the parts of a Desired.
type fileParser struct {
	document
	desired  *Desired // nil in an included file
	includes []include
	users    []DesiredUser
	// entries, when not nil, has the users of the file, read ahead of the rest.
	entries *fileParser
}

// include is one pattern under include.
type include struct {
	pattern string
	at      Position
}

// rootKeys are the keys of the first file.
var rootKeys = []string{"version", "account", "account_token_env", "include", "license", "policy", "schedule", "timezone", "users"}

// parseRoot reads the first file.
func (p *fileParser) parseRoot(data []byte) {
	top := p.parseTop(data)
	if top == nil || isNull(top) {
		if len(p.problems) == 0 {
			p.problemAt(1, 1, "the file is empty: begin with 'version: 1', or make a file with 'seatsync export'")
		}
		return
	}
	hasVersion := false
	p.fields(top, "the desired state", rootKeys, func(key string, at, value *yaml.Node) bool {
		switch key {
		case "version":
			hasVersion = true
			p.parseVersion(value)
		case "account":
			p.desired.Account = p.parseAccount(value)
		case "account_token_env":
			p.desired.TokenVariable = p.parseVariable(value)
		case "include":
			p.parseInclude(value)
		case "license":
			p.parseLicense(value)
		case "policy":
			p.parsePolicy(value)
		case "schedule":
			p.parseSchedule(value)
		case "timezone":
			p.parseTimezone(value)
		case "users":
			p.parseUsers(value)
		default:
			return false
		}
		return true
	})
	if !hasVersion && top.Kind == yaml.MappingNode {
		p.problem(top, "version is missing: begin the file with 'version: 1'")
	}
}

// teamKeys are the keys of an included file.
var teamKeys = []string{"version", "users"}

// parseTeam reads an included file.
func (p *fileParser) parseTeam(data []byte) { p.readTeam(p.parseTop(data)) }

// readTeam reads the top node of an included file.
func (p *fileParser) readTeam(top *yaml.Node) {
	if top == nil || isNull(top) {
		if len(p.problems) == 0 {
			// Cut off by accident, it would make a whole team unlisted.
			p.problemAt(1, 1, "the file is empty: write 'users: []' if it lists nobody")
		}
		return
	}
	p.fields(top, "an included file", teamKeys, func(key string, at, value *yaml.Node) bool {
		switch key {
		case "version":
			p.parseVersion(value)
		case "users":
			if isNull(value) && p.entries == nil {
				p.problem(value, "users is empty: write 'users: []' if the file lists nobody")
			}
			p.parseUsers(value)
		default:
			return false
		}
		return true
	})
}

func (p *fileParser) parseVersion(node *yaml.Node) {
	if node.Kind != yaml.ScalarNode || node.Value != "1" {
		p.problem(node, "version: this seatsync reads version 1, got %s", kindOf(node))
	}
}

// accountPattern keeps an account id from changing the path of a request.
var accountPattern = regexp.MustCompile(`^[0-9A-Za-z_-]{1,32}$`)

// CheckAccountID returns an error when text cannot be an account id.
func CheckAccountID(text string) error {
	if !accountPattern.MatchString(text) {
		return fmt.Errorf("%q is not an account id: copy the 32 letters and digits from the dashboard's address, or from Account home", text)
	}
	return nil
}

func (p *fileParser) parseAccount(node *yaml.Node) string {
	text, ok := p.literal(node, "account")
	if !ok {
		return ""
	}
	if err := CheckAccountID(text); err != nil {
		p.problem(node, "account: %v", err)
	}
	return text
}

// variablePattern is what a shell calls a variable.
var variablePattern = regexp.MustCompile(`^[A-Z][A-Z0-9_]{0,99}$`)

func (p *fileParser) parseVariable(node *yaml.Node) string {
	text, ok := p.text(node, "account_token_env")
	if ok && !variablePattern.MatchString(text) {
		p.problem(node, "account_token_env: this is not the name of a variable: write one such as CLOUDFLARE_API_TOKEN_EMEA, and never the token itself")
	}
	return text
}

func (p *fileParser) parseInclude(node *yaml.Node) {
	p.items(node, "file patterns", func(value *yaml.Node) {
		if pattern, ok := p.text(value, "include"); ok {
			p.includes = append(p.includes, include{pattern, Position{p.file, value.Line, value.Column}})
		}
	})
}

// maxPurchased is more seats than anyone buys; it keeps arithmetic in range.
const maxPurchased = 100_000_000

func (p *fileParser) parseLicense(node *yaml.Node) {
	license := &p.desired.License
	p.fields(node, "license", []string{"purchased", "price", "currency"}, func(key string, at, value *yaml.Node) bool {
		switch key {
		case "purchased":
			text, ok := p.literal(value, "purchased")
			count, err := strconv.Atoi(text)
			if ok && (err != nil || count < 0 || count > maxPurchased) {
				p.problem(value, "purchased: %q is not a number of seats", text)
			}
			license.Purchased = &count
		case "price":
			if text, ok := p.literal(value, "price"); ok {
				price, err := ParseAmount(text)
				if err != nil {
					p.problem(value, "price: %v", err)
				}
				license.Price = price
			}
		case "currency":
			license.Currency, _ = p.text(value, "currency")
		default:
			return false
		}
		return true
	})
}

func (p *fileParser) parseSchedule(node *yaml.Node) {
	p.items(node, "schedule entries", func(value *yaml.Node) {
		entry := ScheduleEntry{Mode: ModeDryRun, At: Position{p.file, value.Line, value.Column}}
		p.fields(value, "a schedule entry", []string{"cron", "mode"}, func(key string, at, value *yaml.Node) bool {
			switch key {
			case "cron":
				if text, ok := p.text(value, "cron"); ok {
					entry.Cron = text
					if _, err := ParseCron(text); err != nil {
						p.problem(value, "cron: %v", err)
					}
				}
			case "mode":
				entry.Mode = Mode(p.choice(value, "mode", string(ModeDryRun), string(ModeApply)))
			default:
				return false
			}
			return true
		})
		if entry.Cron == "" && value.Kind == yaml.MappingNode {
			p.problem(value, "the schedule entry has no cron: write one, for instance cron: \"0 6 * * 1-5\"")
		}
		p.desired.Schedule = append(p.desired.Schedule, entry)
	})
}

// ParseCron reads a cron expression: five fields, six with seconds in front, or
// a descriptor such as @daily or @every 1h. A timezone belongs in the file's
// timezone and not in the expression.
func ParseCron(text string) (schedule cron.Schedule, err error) {
	if strings.Contains(text, "TZ=") {
		return nil, fmt.Errorf("%q names a timezone: use the key timezone instead", text)
	}
	defer func() {
		// cron v3.0.1 panics on some malformed expressions.
		if cause := recover(); cause != nil {
			err = fmt.Errorf("%q is not a cron expression", text)
		}
	}()
	parser := cron.NewParser(cron.SecondOptional | cron.Minute | cron.Hour | cron.Dom | cron.Month | cron.Dow | cron.Descriptor)
	schedule, err = parser.Parse(text)
	if err != nil {
		return nil, fmt.Errorf("%q is not a cron expression: %w", text, err)
	}
	return schedule, nil
}

func (p *fileParser) parseTimezone(node *yaml.Node) {
	text, ok := p.text(node, "timezone")
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

// ParseTimezone returns the location of an IANA name.
func ParseTimezone(text string) (*time.Location, error) {
	zone, err := time.LoadLocation(text)
	if err != nil || text == "" || text == "Local" {
		return nil, fmt.Errorf("%q is not a timezone: write an IANA name, for instance Europe/Berlin", text)
	}
	return zone, nil
}

// isInvisible reports whether a character cannot be seen, so that two texts with
// and without it look the same.
func isInvisible(r rune) bool {
	return unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || unicode.IsSpace(r)
}

// maxEmailLength is the longest address that mail can be sent to (RFC 5321),
// with some room.
const maxEmailLength = 320

// checkEmail returns an error when text is not a plain email address.
func checkEmail(text string) error {
	if isPlainAddress(text) {
		return nil
	}
	if len(text) <= maxEmailLength && !strings.ContainsFunc(text, isInvisible) {
		address, err := mail.ParseAddress(text)
		if err == nil && address.Name == "" && address.Address == text {
			return nil
		}
	}
	return fmt.Errorf("%s is not an email address", strconv.Quote(text[:min(len(text), maxEmailLength)]))
}

// isPlainAddress recognizes what nearly every address looks like: letters, digits
// and a few signs, with single dots between them. For such a text checkEmail
// need not ask the parser of whole mail headers.
func isPlainAddress(text string) bool {
	local, domain, ok := strings.Cut(text, "@")
	return ok && len(text) <= maxEmailLength && isDotted(local, "_+-") && isDotted(domain, "-")
}

// isDotted reports whether a text is made of words with single dots between them.
func isDotted(text, signs string) bool {
	previous := byte('.')
	for i := range len(text) {
		c := text[i]
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', strings.IndexByte(signs, c) >= 0:
		case c != '.' || previous == '.':
			return false
		}
		previous = c
	}
	return previous != '.'
}
