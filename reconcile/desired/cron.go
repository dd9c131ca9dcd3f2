package desired

import (
	"fmt"
	"strings"
	"time"

	"github.com/robfig/cron/v3"
)

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

// ParseTimezone returns the location of an IANA name.
func ParseTimezone(text string) (*time.Location, error) {
	zone, err := time.LoadLocation(text)
	if err != nil || text == "" || text == "Local" {
		return nil, fmt.Errorf("%q is not a timezone: write an IANA name, for instance Europe/Berlin", text)
	}
	return zone, nil
}
