package reconcile

import (
	"fmt"
	"time"

	"gopkg.in/yaml.v3"
)

// Freeze is a window in which nothing is applied: an apply that falls into it is
// a dry run. Of several windows one is enough, whatever the schedule says. It is
// either some days or a time that comes again.
type Freeze struct {
	// From and Until are the first and the last day; zero for one that comes again.
	From, Until Date
	// Cron is when it begins, again and again, and For how long it lasts.
	Cron string
	For  time.Duration
	// Reason is for people.
	Reason string
	At     Position
}

// FrozenAt returns the window that a time falls into, or nil. The days and
// expressions of windows are in zone.
func (p *Policy) FrozenAt(now time.Time, zone *time.Location) *Freeze {
	for i := range p.Freeze {
		if p.Freeze[i].covers(now, zone) {
			return &p.Freeze[i]
		}
	}
	return nil
}

// covers reports whether a time is in the window. Like the end of a day, its
// beginning is the earlier one of UTC and the zone: in doubt it is frozen.
func (f *Freeze) covers(now time.Time, zone *time.Location) bool {
	if f.Cron == "" {
		return !now.Before(f.From.begin(zone)) && now.Before(f.Until.End(zone))
	}
	schedule, err := ParseCron(f.Cron)
	if err != nil {
		return true // checked when the file was read; in doubt it is frozen
	}
	begin := schedule.Next(now.Add(-f.For).In(zone))
	return !begin.IsZero() && !begin.After(now)
}

// begin returns the moment at which the day begins, in UTC or in zone, whichever
// is earlier.
func (d Date) begin(zone *time.Location) time.Time {
	begin := time.Date(d.year, d.month, d.day, 0, 0, 0, 0, time.UTC)
	if local := time.Date(d.year, d.month, d.day, 0, 0, 0, 0, zone); local.Before(begin) {
		return local.UTC()
	}
	return begin
}

// String says what the window is, for people.
func (f *Freeze) String() string {
	when := fmt.Sprintf("%s to %s", f.From, f.Until)
	if f.Cron != "" {
		when = fmt.Sprintf("%s for %s", f.Cron, FormatDuration(f.For))
	}
	text := fmt.Sprintf("policy.freeze %s (%s:%d)", when, f.At.File, f.At.Line)
	if f.Reason != "" {
		text += ": " + f.Reason
	}
	return text
}

// longestFreeze keeps a window that comes again from being one that never ends.
const longestFreeze = 31 * Day

func (p *fileParser) parseFreeze(node *yaml.Node) {
	p.items(node, "windows", func(value *yaml.Node) {
		window := Freeze{At: p.position(value)}
		before := len(p.problems)
		p.fields(value, "a freeze window", []string{"from", "until", "cron", "for", "reason"}, func(key string, at, value *yaml.Node) bool {
			switch key {
			case "from":
				window.From = p.parseDate(value, "from")
			case "until":
				window.Until = p.parseDate(value, "until")
			case "cron":
				if text, ok := p.text(value, "cron"); ok {
					window.Cron = text
					if _, err := ParseCron(text); err != nil {
						p.problem(value, "cron: %v", err)
					}
				}
			case "for":
				window.For = p.parseDuration(value, "for")
			case "reason":
				window.Reason, _ = p.text(value, "reason")
			default:
				return false
			}
			return true
		})
		if len(p.problems) == before {
			p.checkFreeze(value, &window)
		}
		p.desired.Policy.Freeze = append(p.desired.Policy.Freeze, window)
	})
}

// checkFreeze records what makes a window none.
func (p *fileParser) checkFreeze(node *yaml.Node, window *Freeze) {
	days, again := !window.From.IsZero() || !window.Until.IsZero(), window.Cron != "" || window.For != 0
	switch {
	case days == again:
		p.problem(node, "freeze: write from and until, or cron and for")
	case days && (window.From.IsZero() || window.Until.IsZero()):
		p.problem(node, "freeze: write both from and until: the first day and the last")
	case days && !window.Until.End(nil).After(window.From.begin(time.UTC)):
		p.problem(node, "freeze: until %s is before from %s", window.Until, window.From)
	case again && (window.Cron == "" || window.For <= 0):
		p.problem(node, "freeze: write both cron and for: when it begins and how long it lasts, for instance cron: \"0 16 * * 5\", for: 64h")
	case again && window.For > longestFreeze:
		p.problem(node, "freeze: for %s is longer than %s", FormatDuration(window.For), FormatDuration(longestFreeze))
	}
}
