package desired

import (
	"strings"
	"time"

	"github.com/robfig/cron/v3"
	"gopkg.in/yaml.v3"

	"github.com/seatsync/seatsync/reconcile"
)

// FrozenAt returns the window that a time falls into, or nil. The days and
// expressions of windows are in zone.
func FrozenAt(windows []reconcile.Freeze, now time.Time, zone *time.Location) *reconcile.Freeze {
	for i := range windows {
		if covers(&windows[i], now, zone) {
			return &windows[i]
		}
	}
	return nil
}

// covers reports whether a time is in the window. Like the end of a day, its
// beginning is the earlier one of UTC and the zone: in doubt it is frozen.
func covers(f *reconcile.Freeze, now time.Time, zone *time.Location) bool {
	if f.Cron == "" {
		return !now.Before(f.From.Begin(zone)) && now.Before(f.Until.End(zone))
	}
	schedule, err := parseSchedule(f.Cron)
	if err != nil {
		return true // checked when the file was read; in doubt it is frozen
	}
	// A time that clocks show twice begins it twice: in doubt it is frozen.
	for _, schedule := range []cron.Schedule{daily{schedule}, schedule} {
		if begin := schedule.Next(now.Add(-f.For).In(zone)); !begin.IsZero() && !begin.After(now) {
			return true
		}
	}
	return false
}

// longestFreeze keeps a window that comes again from being one that never ends.
const longestFreeze = 31 * reconcile.Day

func (p *fileParser) parseFreeze(node *yaml.Node, _ string) {
	p.items(node, "windows", func(value *yaml.Node) {
		window := reconcile.Freeze{At: p.position(value)}
		before := len(p.problems)
		p.mapping(value, "a freeze window",
			key{"from", into(&window.From, p.parseDate)},
			key{"until", into(&window.Until, p.parseDate)},
			key{"cron", into(&window.Cron, p.parseCron)},
			key{"for", into(&window.For, p.parseDuration)},
			key{"reason", into(&window.Reason, p.plainText)},
		)
		if len(p.problems) == before {
			p.checkFreeze(value, &window)
		}
		p.desired.Policy.Freeze = append(p.desired.Policy.Freeze, window)
	})
}

// checkFreeze records what makes a window none.
func (p *fileParser) checkFreeze(node *yaml.Node, window *reconcile.Freeze) {
	days, again := !window.From.IsZero() || !window.Until.IsZero(), window.Cron != "" || window.For != 0
	switch {
	case days == again:
		p.problem(node, "freeze: write from and until, or cron and for")
	case days && (window.From.IsZero() || window.Until.IsZero()):
		p.problem(node, "freeze: write both from and until: the first day and the last")
	case days && !window.Until.End(nil).After(window.From.Begin(time.UTC)):
		p.problem(node, "freeze: until %s is before from %s", window.Until, window.From)
	case again && (window.Cron == "" || window.For <= 0):
		p.problem(node, "freeze: write both cron and for: when it begins and how long it lasts, for instance cron: \"0 16 * * 5\", for: 64h")
	case again && strings.HasPrefix(window.Cron, "@every"):
		p.problem(node, "freeze: %s has no time at which it begins: write a cron expression, for instance \"0 16 * * 5\"", window.Cron)
	case again && window.For > longestFreeze:
		p.problem(node, "freeze: for %s is longer than %s", reconcile.FormatDuration(window.For), reconcile.FormatDuration(longestFreeze))
	}
}
