package desired

import (
	"fmt"
	"strings"
	"time"

	"github.com/robfig/cron/v3"
)

// ParseCron reads a cron expression: five fields, six with seconds in front, or
// a descriptor such as @daily or @every 1h. A timezone belongs in the file's
// timezone and not in the expression. Where minute and hour are fixed values, it
// comes once a day also on the days when clocks change.
func ParseCron(text string) (cron.Schedule, error) {
	schedule, err := parseSchedule(text)
	if err == nil && isDaily(text) {
		schedule = daily{schedule}
	}
	return schedule, err
}

func parseSchedule(text string) (schedule cron.Schedule, err error) {
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

// isDaily reports whether minute and hour of a valid expression are fixed values.
func isDaily(text string) bool {
	fields := strings.Fields(text)
	if strings.HasPrefix(text, "@") {
		return fields[0] != "@hourly" && fields[0] != "@every"
	}
	minuteAndHour := strings.Join(fields[len(fields)-5:len(fields)-3], "")
	return strings.Trim(minuteAndHour, "0123456789,") == ""
}

// daily is a schedule by the clock on the wall. On the day when clocks go forward a
// time that they skip is the instant at which they do, and when they go back a time
// that they show twice is the first of the two: once a day is once a day.
type daily struct{ wall cron.Schedule }

// Next returns the next time after t, in t's zone; zero when there is none.
func (d daily) Next(t time.Time) time.Time {
	for wall := onTheWall(t); ; {
		if wall = d.wall.Next(wall); wall.IsZero() {
			return wall
		}
		if next := firstInstant(wall, t.Location()); next.After(t) {
			return next
		}
	}
}

// onTheWall returns what clocks in t's zone show, as if it were UTC.
func onTheWall(t time.Time) time.Time {
	year, month, day := t.Date()
	return time.Date(year, month, day, t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), time.UTC)
}

// firstInstant returns the first instant at which clocks in a zone show a time, or
// the one at which they skip it.
func firstInstant(wall time.Time, zone *time.Location) time.Time {
	year, month, day := wall.Date()
	t := time.Date(year, month, day, wall.Hour(), wall.Minute(), wall.Second(), 0, zone)
	begin, end := t.ZoneBounds()
	switch shown := onTheWall(t); {
	case shown.After(wall):
		return begin
	case shown.Before(wall):
		return end
	case begin.IsZero():
		return t
	}
	// What was shown before the clocks were last set may have been the same.
	_, before := begin.Add(-time.Second).Zone()
	_, after := t.Zone()
	if earlier := t.Add(time.Duration(after-before) * time.Second); earlier.Before(begin) && onTheWall(earlier).Equal(wall) {
		return earlier
	}
	return t
}

// checkRecurring returns an error for a time of the file that never comes, or comes
// more than once a minute.
func checkRecurring(text string, schedule cron.Schedule) error {
	if every, ok := schedule.(cron.ConstantDelaySchedule); ok && every.Delay < time.Minute {
		return fmt.Errorf("%q is more often than once a minute: write at least @every 1m", text)
	}
	// Any beginning would do: the search goes on for years, leap years included.
	if schedule.Next(time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)).IsZero() {
		return fmt.Errorf("%q never comes: no month has such a day", text)
	}
	return nil
}

// ParseTimezone returns the location of an IANA name.
func ParseTimezone(text string) (*time.Location, error) {
	zone, err := time.LoadLocation(text)
	if err != nil || text == "" || text == "Local" {
		return nil, fmt.Errorf("%q is not a timezone: write an IANA name, for instance Europe/Berlin", text)
	}
	return zone, nil
}
