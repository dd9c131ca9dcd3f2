package daemon

import (
	"fmt"
	"slices"
	"time"

	"github.com/robfig/cron/v3"

	"github.com/seatsync/seatsync/reconcile"
	"github.com/seatsync/seatsync/reconcile/desired"
)

// timetable is the schedule of one account with the next time of each entry.
//
// It uses the expressions of robfig/cron and not its runner: entries of one
// account must not overlap, those that are due together are one run, and the
// wall clock has to be looked at again after the machine was asleep or its clock
// was set, which a timer alone does not notice.
//
// What is due once a day is due once also on the days when clocks change: see
// [desired.ParseCron].
type timetable struct {
	zone *time.Location
	// putOff is how long after its moment in the schedule a run is due.
	putOff time.Duration
	rows   []row
}

// row is one entry of the schedule.
type row struct {
	entry    reconcile.ScheduleEntry
	schedule cron.Schedule
	next     time.Time // its next moment in the schedule, zero when it never comes
}

// follow takes over a schedule. Entries that were there already keep their next
// time, so that a file that is saved every minute does not put off @every 1h. A moment
// that has passed and whose run is yet to begin counts.
func (t *timetable) follow(settings Settings, putOff time.Duration, now time.Time) error {
	zone := settings.Zone
	if zone == nil {
		zone = time.UTC
	}
	sameZone := t.zone != nil && t.zone.String() == zone.String()
	rows := make([]row, 0, len(settings.Schedule))
	for _, entry := range settings.Schedule {
		isEarlier := func(earlier row) bool {
			return sameZone && earlier.entry.Cron == entry.Cron && earlier.entry.Mode == entry.Mode
		}
		if i := slices.IndexFunc(t.rows, isEarlier); i >= 0 {
			rows = append(rows, row{entry: entry, schedule: t.rows[i].schedule, next: t.rows[i].next})
			continue
		}
		schedule, err := desired.ParseCron(entry.Cron)
		if err != nil {
			return fmt.Errorf("schedule: %w", err)
		}
		rows = append(rows, row{entry: entry, schedule: schedule, next: schedule.Next(now.Add(-putOff).In(zone))})
	}
	t.zone, t.putOff, t.rows = zone, putOff, rows
	return nil
}

// due returns what is due now, with its moment in the schedule, and moves those entries
// on. An apply that is due together with a dry run wins: it plans too.
func (t *timetable) due(now time.Time) (mode reconcile.Mode, moment time.Time, isDue bool) {
	now = now.Add(-t.putOff)
	for i := range t.rows {
		row := &t.rows[i]
		if row.next.IsZero() || now.Before(row.next) {
			continue
		}
		if !isDue || row.entry.Mode == reconcile.ModeApply {
			mode, moment = row.entry.Mode, row.next
		}
		row.next = row.schedule.Next(now.In(t.zone))
		isDue = true
	}
	return mode, moment, isDue
}

// next returns when something is due next and what, the zero time for never.
func (t *timetable) next() (at time.Time, mode reconcile.Mode) {
	for _, row := range t.rows {
		switch due := row.next.Add(t.putOff); {
		case row.next.IsZero():
		case at.IsZero() || due.Before(at):
			at, mode = due, row.entry.Mode
		case due.Equal(at) && row.entry.Mode == reconcile.ModeApply:
			mode = row.entry.Mode
		}
	}
	return at, mode
}

// nextApply returns when the next apply is due, the zero time for never.
func (t *timetable) nextApply() time.Time {
	applies := timetable{putOff: t.putOff}
	for _, row := range t.rows {
		if row.entry.Mode == reconcile.ModeApply {
			applies.rows = append(applies.rows, row)
		}
	}
	at, _ := applies.next()
	return at
}
