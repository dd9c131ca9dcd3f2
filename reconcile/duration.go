package reconcile

import (
	"strconv"
	"time"
)

// Day is the length of a day in every rule: 24 hours, in UTC, where no day is
// longer or shorter than another.
const Day = 24 * time.Hour

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
