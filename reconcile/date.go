package reconcile

import (
	"encoding/json"
	"fmt"
	"time"
)

// Date is a calendar day, written 2027-03-31. The zero value means no day.
type Date struct {
	year  int
	month time.Month
	day   int
}

// ParseDate reads a day in the form 2027-03-31.
func ParseDate(text string) (Date, error) {
	t, err := time.Parse(time.DateOnly, text)
	if err != nil {
		return Date{}, fmt.Errorf("%q is not a day: write it as year-month-day, for instance 2027-03-31", text)
	}
	year, month, day := t.Date()
	return Date{year, month, day}, nil
}

// IsZero reports whether the date names no day.
func (d Date) IsZero() bool { return d == Date{} }

// Begin returns the moment at which the day begins, in UTC or in zone, whichever
// is earlier.
func (d Date) Begin(zone *time.Location) time.Time {
	begin := time.Date(d.year, d.month, d.day, 0, 0, 0, 0, time.UTC)
	if local := time.Date(d.year, d.month, d.day, 0, 0, 0, 0, zone); local.Before(begin) {
		return local.UTC()
	}
	return begin
}

// End returns the moment at which the day is over. A day is over when it is
// over both in UTC and in zone, so that nobody loses a day to an offset.
func (d Date) End(zone *time.Location) time.Time {
	end := time.Date(d.year, d.month, d.day+1, 0, 0, 0, 0, time.UTC)
	if zone == nil {
		return end
	}
	local := time.Date(d.year, d.month, d.day+1, 0, 0, 0, 0, zone)
	// Where the clock jumps over midnight, time.Date may answer with a moment of
	// the evening before.
	for year, month, day := local.Date(); (Date{year, month, day}) == d; year, month, day = local.Date() {
		local = local.Add(15 * time.Minute)
	}
	if local.After(end) {
		return local.UTC()
	}
	return end
}

// String returns the day as year-month-day, or "" for no day.
func (d Date) String() string {
	if d.IsZero() {
		return ""
	}
	return fmt.Sprintf("%04d-%02d-%02d", d.year, d.month, d.day)
}

// Zone returns the timezone of a name, by which people are told when something was and what
// day it is. It is UTC where the name is empty, or not known here.
func Zone(name string) *time.Location {
	zone, err := time.LoadLocation(name)
	if err != nil {
		return time.UTC
	}
	return zone
}

// MarshalJSON writes the day as text.
func (d Date) MarshalJSON() ([]byte, error) { return json.Marshal(d.String()) }

// UnmarshalJSON reads a day, or no day from an empty text.
func (d *Date) UnmarshalJSON(data []byte) error {
	var text string
	if err := json.Unmarshal(data, &text); err != nil {
		return err
	}
	if text == "" {
		*d = Date{}
		return nil
	}
	parsed, err := ParseDate(text)
	*d = parsed
	return err
}
