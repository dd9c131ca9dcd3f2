package reconcile

import (
	"encoding/json"
	"time"
)

// Moment is a point in time as the API returned it, in eight bytes. The zero value
// means that the API returned none: the field was null, missing or empty. A Moment
// that is there but cannot be trusted (unparsable, or before Cloudflare
// existed) is unreadable, which is neither "never" nor "long ago".
type Moment struct {
	// nanos counts from the Unix epoch; 0 is none and -1 is unreadable. Neither
	// collides with a real moment because the oldest plausible one is in 2009.
	nanos int64
}

// oldestPlausible is the year Cloudflare was founded. Older dates are the zero
// values of other programs (0001-01-01, 1970-01-01), not activity.
const oldestPlausible = 2009

// latestPlausible keeps a moment within what 64 bits of nanoseconds can hold.
const latestPlausible = 2200

// momentLayouts are the formats that occur in responses of the API. A layout
// without an offset is missing on purpose: such a date could be half a day off.
var momentLayouts = [...]string{
	time.RFC3339Nano,
	"2006-01-02 15:04:05Z07:00",
	"2006-01-02T15:04:05-0700",
	"2006-01-02 15:04:05-0700",
	"2006-01-02 15:04:05 -0700",
	"2006-01-02 15:04:05 -0700 MST",
}

// ParseMoment reads a date of the API. An empty text is no moment, and a text
// in no known format is an unreadable one; it never fails.
func ParseMoment(text string) Moment {
	if text == "" {
		return Moment{}
	}
	for _, layout := range momentLayouts {
		if t, err := time.Parse(layout, text); err == nil {
			return MomentOf(t)
		}
	}
	return UnreadableMoment()
}

// MomentOf returns the Moment of t, which is unreadable when t is implausible.
func MomentOf(t time.Time) Moment {
	if year := t.UTC().Year(); year < oldestPlausible || year > latestPlausible {
		return UnreadableMoment()
	}
	return Moment{nanos: t.UnixNano()}
}

// UnreadableMoment returns the Moment for a date that is there but cannot be
// trusted.
func UnreadableMoment() Moment { return Moment{nanos: -1} }

// IsNone reports whether the API returned no date at all.
func (m Moment) IsNone() bool { return m.nanos == 0 }

// IsKnown reports whether the moment is a date that can be reasoned with.
func (m Moment) IsKnown() bool { return m.nanos > 0 }

// Time returns the moment in UTC, or the zero time when it is not known.
func (m Moment) Time() time.Time {
	if !m.IsKnown() {
		return time.Time{}
	}
	return time.Unix(0, m.nanos).UTC()
}

// Newest returns the later of two moments. An unreadable one wins over
// everything, since the sign that cannot be read may be the newest; callers
// that can do better look at the two themselves.
func (m Moment) Newest(other Moment) Moment {
	if m.nanos < 0 || other.nanos < 0 {
		return UnreadableMoment()
	}
	return Moment{nanos: max(m.nanos, other.nanos)}
}

// After reports whether the moment is known and later than t.
func (m Moment) After(t time.Time) bool { return m.IsKnown() && m.Time().After(t) }

// String returns the moment in RFC 3339, "never" or "unreadable".
func (m Moment) String() string {
	switch {
	case m.IsNone():
		return "never"
	case !m.IsKnown():
		return "unreadable"
	}
	return m.Time().Format(time.RFC3339Nano)
}

// MarshalJSON writes a known moment in RFC 3339 UTC, and null otherwise.
func (m Moment) MarshalJSON() ([]byte, error) {
	if !m.IsKnown() {
		return []byte("null"), nil
	}
	return json.Marshal(m.String())
}

// UnmarshalJSON reads null or a date.
func (m *Moment) UnmarshalJSON(data []byte) error {
	var text *string
	if err := json.Unmarshal(data, &text); err != nil {
		return err
	}
	*m = Moment{}
	if text != nil {
		*m = ParseMoment(*text)
	}
	return nil
}
