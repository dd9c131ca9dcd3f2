package reconcile

import (
	"encoding/json"
	"fmt"
	"time"
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

// freezeJSON is a window in a plan. What is not given is empty.
type freezeJSON struct {
	From   Date     `json:"from"`
	Until  Date     `json:"until"`
	Cron   string   `json:"cron"`
	For    string   `json:"for"` // as Go writes it: 64h0m0s
	Reason string   `json:"reason"`
	Source Position `json:"source"`
}

// MarshalJSON writes the window as plans have it.
func (f Freeze) MarshalJSON() ([]byte, error) {
	window := freezeJSON{From: f.From, Until: f.Until, Cron: f.Cron, Reason: f.Reason, Source: f.At}
	if f.For != 0 {
		window.For = f.For.String()
	}
	return json.Marshal(window)
}

// UnmarshalJSON reads the window of a plan.
func (f *Freeze) UnmarshalJSON(data []byte) (err error) {
	var window freezeJSON
	if err := json.Unmarshal(data, &window); err != nil {
		return err
	}
	*f = Freeze{From: window.From, Until: window.Until, Cron: window.Cron, Reason: window.Reason, At: window.Source}
	if window.For != "" {
		f.For, err = time.ParseDuration(window.For)
	}
	return err
}
