package reconcile

import (
	"fmt"
	"regexp"
	"strconv"
	"time"
)

// Day is the length of a day in every rule: 24 hours, in UTC, where no day is
// longer or shorter than another.
const Day = 24 * time.Hour

// maxDuration keeps sums of moments and durations far from overflow.
const maxDuration = 100 * 366 * Day

// durationPattern is the whole form: numbers with units, and fractions only where
// time.ParseDuration reads them.
var durationPattern = regexp.MustCompile(`^([0-9]+[dw]|[0-9]+(\.[0-9]+)?(ns|us|µs|ms|s|m|h))+$`)

// dayUnits finds the units that time.ParseDuration does not know.
var dayUnits = regexp.MustCompile(`([0-9]+)(d|w)`)

// ParseDuration reads a duration in Go's form, with d for days and w for weeks
// as well: 90d, 2w, 1d12h, 36h.
func ParseDuration(text string) (time.Duration, error) {
	invalid := fmt.Errorf("%q is not a duration: write a number and a unit, for instance 90d, 2w or 36h", text)
	if text == "0" {
		return 0, nil
	}
	if !durationPattern.MatchString(text) {
		return 0, invalid
	}
	var total time.Duration
	for _, match := range dayUnits.FindAllStringSubmatch(text, -1) {
		count, err := strconv.ParseInt(match[1], 10, 32)
		if err != nil {
			return 0, invalid
		}
		unit := Day
		if match[2] == "w" {
			unit = 7 * Day
		}
		if count > int64((maxDuration-total)/unit) {
			return 0, fmt.Errorf("%q is longer than 100 years", text)
		}
		total += time.Duration(count) * unit
	}
	rest := dayUnits.ReplaceAllString(text, "")
	if rest == "" {
		return total, nil
	}
	duration, err := time.ParseDuration(rest)
	if err != nil {
		return 0, invalid
	}
	if duration > maxDuration-total {
		return 0, fmt.Errorf("%q is longer than 100 years", text)
	}
	return total + duration, nil
}

// FormatDuration writes a duration in whole days where it is one, as people
// write it in the file.
func FormatDuration(d time.Duration) string {
	if d%Day == 0 {
		return strconv.FormatInt(int64(d/Day), 10) + "d"
	}
	return d.String()
}

// daysBetween returns the whole days that have elapsed from one moment to a
// later one, negative when it is not later.
func daysBetween(from, to time.Time) int {
	elapsed := to.Sub(from)
	days := elapsed / Day
	if elapsed < 0 && elapsed%Day != 0 {
		days--
	}
	return int(days)
}
