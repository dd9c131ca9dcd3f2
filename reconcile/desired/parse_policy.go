package desired

import (
	"fmt"
	"math/big"
	"regexp"
	"strconv"
	"strings"
	"time"

	"gopkg.in/yaml.v3"

	"github.com/seatsync/seatsync/reconcile"
)

func (p *fileParser) parsePolicy(node *yaml.Node) {
	policy := &p.desired.Policy
	keys := []string{"unlisted", "grants", "inactive", "protected", "limits", "freeze"}
	p.fields(node, "policy", keys, func(key string, at, value *yaml.Node) bool {
		switch key {
		case "unlisted":
			policy.Unlisted = reconcile.UnlistedPolicy(p.choice(value, "unlisted",
				string(reconcile.UnlistedKeep), string(reconcile.UnlistedReport), string(reconcile.UnlistedRelease)))
			policy.UnlistedAt = p.position(value)
		case "grants":
			policy.Grants = reconcile.GrantsPolicy(p.choice(value, "grants", string(reconcile.GrantsRequest), string(reconcile.GrantsNever)))
		case "inactive":
			policy.Inactive = p.parseInactive(value)
		case "protected":
			p.parseProtected(value)
		case "limits":
			p.parseLimits(value)
		case "freeze":
			p.parseFreeze(value)
		default:
			return false
		}
		return true
	})
}

// position returns the place of a node.
func (p *fileParser) position(node *yaml.Node) reconcile.Position {
	return reconcile.Position{File: p.file, Line: node.Line, Column: node.Column}
}

// parseInactive reads the rule about inactivity. `after` is required, since a
// rule without a threshold would do nothing and look as if it did.
func (p *fileParser) parseInactive(node *yaml.Node) *reconcile.InactivePolicy {
	rule := &reconcile.InactivePolicy{}
	hasAfter := false
	p.fields(node, "inactive", []string{"after", "never_after", "notice"}, func(key string, at, value *yaml.Node) bool {
		switch key {
		case "after":
			hasAfter = true
			rule.After = p.parseThreshold(value, "after")
			rule.AfterAt = p.position(value)
		case "never_after":
			rule.NeverAfter = p.parseThreshold(value, "never_after")
			rule.NeverAfterAt = p.position(value)
		case "notice":
			rule.Notice = p.parseDuration(value, "notice")
		default:
			return false
		}
		return true
	})
	if !hasAfter && node.Kind == yaml.MappingNode {
		p.problem(node, "inactive: after is missing: write how long someone may show no activity, for instance after: 90d")
	}
	return rule
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

func (p *fileParser) parseProtected(node *yaml.Node) {
	p.items(node, "emails or patterns", func(value *yaml.Node) {
		text, ok := p.text(value, "protected")
		if !ok {
			return
		}
		glob, err := parseGlob(text, p.position(value))
		if err != nil {
			p.problem(value, "protected: %v", err)
			return
		}
		p.desired.Policy.Protected = append(p.desired.Policy.Protected, glob)
	})
}

func (p *fileParser) parseLimits(node *yaml.Node) {
	limit := &p.desired.Policy.Releases
	p.fields(node, "limits", []string{"releases"}, func(key string, at, value *yaml.Node) bool {
		if key != "releases" {
			return false
		}
		limit.At = p.position(value)
		values := []*yaml.Node{value}
		if value.Kind == yaml.SequenceNode {
			values = value.Content
		}
		if len(values) == 0 {
			p.problem(value, "releases: the list is empty: write a count, a percentage, or both as [50, 10%%]")
		}
		for _, value := range values {
			if text, ok := p.literal(value, "releases"); ok {
				if err := addToLimit(limit, text); err != nil {
					p.problem(value, "releases: %v", err)
				}
			}
		}
		return true
	})
}

var percentPattern = regexp.MustCompile(`^([0-9]{1,3}(?:\.[0-9]{1,3})?)\s*%$`)

// addToLimit takes one value of a limit, a count or a percentage.
func addToLimit(l *reconcile.ReleaseLimit, text string) error {
	if match := percentPattern.FindStringSubmatch(text); match != nil {
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
