package desired

import (
	"cmp"
	"fmt"
	"math/big"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"gopkg.in/yaml.v3"

	"github.com/seatsync/seatsync/reconcile"
)

func (p *fileParser) parsePolicy(node *yaml.Node, name string) {
	policy := &p.desired.Policy
	ofHolders := oneOf(&p.document, reconcile.HolderKeep, reconcile.HolderReport, reconcile.HolderRelease)
	p.mapping(node, name,
		key{"unlisted", p.at(&policy.UnlistedAt, into(&policy.Unlisted, ofHolders))},
		key{"departed", p.at(&policy.DepartedAt, into(&policy.Departed, ofHolders))},
		key{"grants", into(&policy.Grants, oneOf(&p.document, reconcile.GrantsRequest, reconcile.GrantsNever))},
		key{"inactive", func(value *yaml.Node, name string) {
			policy.Inactive = p.parseInactive(value, name)
			p.checkInactive(policy.Inactive, value, valueOf(value, "announced"))
		}},
		key{"groups", p.parseGroups},
		key{"protected", into(&policy.Protected, p.parsePatterns)},
		key{"limits", p.parseLimits},
		key{"freeze", p.parseFreeze},
	)
}

// parseInactive reads the keys of a rule about inactivity.
func (p *fileParser) parseInactive(node *yaml.Node, name string) *reconcile.InactivePolicy {
	rule := new(reconcile.InactivePolicy)
	p.mapping(node, name,
		key{"after", p.at(&rule.AfterAt, into(&rule.After, p.parseThreshold))},
		key{"never_after", p.at(&rule.NeverAfterAt, func(value *yaml.Node, name string) {
			if value.Value != never { // which takes back what a group would inherit
				rule.NeverAfter = p.parseThreshold(value, name)
			}
		})},
		key{"notice", into(&rule.Notice, p.parseDuration)},
		key{"announced", into(&rule.Announced, p.isTrue)},
	)
	return rule
}

// checkInactive records what a rule lacks. `after` is required, since a rule without
// a threshold would do nothing and look as if it did.
func (p *fileParser) checkInactive(rule *reconcile.InactivePolicy, node, announcedAt *yaml.Node) {
	if rule.AfterAt.IsZero() && node.Kind == yaml.MappingNode {
		p.problem(node, "inactive: after is missing: write how long someone may show no activity, for instance after: 90d")
	}
	if rule.Announced && rule.Notice <= 0 {
		p.problem(announcedAt, "announced: notice is missing: write how long before their release people are named, for instance notice: 7d")
	}
}

func (p *fileParser) parseDuration(node *yaml.Node, what string) time.Duration {
	text, ok := p.literal(node, what)
	if !ok {
		return 0
	}
	duration, err := ParseDuration(text)
	if err != nil {
		p.problem(node, "%s: %v", what, err)
	}
	return duration
}

// parseThreshold reads a duration of at least a day: someone who was active
// this morning is never inactive.
func (p *fileParser) parseThreshold(node *yaml.Node, what string) time.Duration {
	problems := len(p.problems)
	duration := p.parseDuration(node, what)
	if len(p.problems) == problems && duration < reconcile.Day {
		p.problem(node, "%s: %s is less than a day: write at least 1d", what, kindOf(node))
	}
	return duration
}

// parsePatterns reads a list of patterns over emails.
func (p *fileParser) parsePatterns(node *yaml.Node, what string) (patterns []reconcile.Glob) {
	p.items(node, "emails or patterns", func(value *yaml.Node) {
		text, ok := p.text(value, what)
		if !ok {
			return
		}
		glob, err := parseGlob(text, p.position(value))
		if err != nil {
			p.problem(value, "%s: %v", what, err)
			return
		}
		patterns = append(patterns, glob)
	})
	return patterns
}

func (p *fileParser) parseLimits(node *yaml.Node, name string) {
	policy := &p.desired.Policy
	p.mapping(node, name,
		key{"releases", into(&policy.Releases, p.parseLimit)},
		key{"beyond", into(&policy.Beyond, oneOf(&p.document, reconcile.BeyondHold, reconcile.BeyondLongestIdle))},
		key{"releases_per", p.parseWindows},
		key{"returned", p.at(&policy.ReturnedAt, into(&policy.Returned, p.parsePercent))},
	)
}

// parseLimit reads a count, a percentage, or a list of both.
func (p *fileParser) parseLimit(node *yaml.Node, what string) reconcile.ReleaseLimit {
	limit := reconcile.ReleaseLimit{At: p.position(node)}
	values := []*yaml.Node{node}
	if node.Kind == yaml.SequenceNode {
		values = node.Content
	}
	if len(values) == 0 {
		p.problem(node, "%s: the list is empty: write a count, a percentage, or both as [50, 10%%]", what)
	}
	for _, value := range values {
		if text, ok := p.literal(value, what); ok {
			if err := addToLimit(&limit, text); err != nil {
				p.problem(value, "%s: %v", what, err)
			}
		}
	}
	return limit
}

// parsePercent reads a percentage.
func (p *fileParser) parsePercent(node *yaml.Node, what string) *big.Rat {
	text, ok := p.literal(node, what)
	if !ok {
		return nil
	}
	limit := reconcile.ReleaseLimit{}
	if err := addToLimit(&limit, text); err != nil || limit.Percent == nil {
		p.problem(node, "%s: %q is not a percentage: write for instance 20%%", what, text)
	}
	return limit.Percent
}

// longestWindow is the longest window in days. Records older than that say little.
const longestWindow = 366

// parseWindows reads the limits over time, in the order of their length.
func (p *fileParser) parseWindows(node *yaml.Node, name string) {
	if node.Kind != yaml.MappingNode {
		p.problem(node, "releases_per: expected windows such as {7d: 40, 30d: [100, 30%%]}")
		return
	}
	windows := &p.desired.Policy.Windows
	for i := 0; i+1 < len(node.Content); i += 2 {
		key, value := node.Content[i], node.Content[i+1]
		length, err := ParseDuration(key.Value)
		days := int(length / reconcile.Day)
		switch {
		case err != nil:
			p.problem(key, "releases_per: %v", err)
			continue
		case length < reconcile.Day || length%reconcile.Day != 0 || days > longestWindow:
			p.problem(key, "releases_per: %q is not a window: write whole days, from 1d to %dd", key.Value, longestWindow)
			continue
		case slices.ContainsFunc(*windows, func(w reconcile.WindowLimit) bool { return w.Days == days }):
			p.problem(key, "releases_per: a second window of %s", reconcile.Count(days, "day"))
			continue
		}
		*windows = append(*windows, reconcile.WindowLimit{Days: days, Limit: p.parseLimit(value, name)})
	}
	slices.SortStableFunc(*windows, func(a, b reconcile.WindowLimit) int { return cmp.Compare(a.Days, b.Days) })
}

var percentPattern = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^([0-9]{1,3}(?:\.[0-9]{1,3})?)\s*%$`) })

// addToLimit takes one value of a limit, a count or a percentage.
func addToLimit(l *reconcile.ReleaseLimit, text string) error {
	if match := percentPattern().FindStringSubmatch(text); match != nil {
		percent, _ := new(big.Rat).SetString(match[1])
		if percent.Cmp(big.NewRat(100, 1)) > 0 {
			return fmt.Errorf("%q is more than all seats: write at most 100%%", text)
		}
		if l.Percent != nil {
			return fmt.Errorf("%q is a second percentage: write one count and one percentage, for instance [50, 10%%]", text)
		}
		l.Percent = percent
		return nil
	}
	count, err := strconv.Atoi(text)
	if err != nil || count < 0 || strings.HasPrefix(text, "+") {
		return fmt.Errorf("%q is not a limit: write a count such as 50, a percentage such as 25%%, or both as [50, 10%%]", text)
	}
	if l.Count != nil {
		return fmt.Errorf("%q is a second count: write one count and one percentage, for instance [50, 10%%]", text)
	}
	l.Count = &count
	return nil
}
