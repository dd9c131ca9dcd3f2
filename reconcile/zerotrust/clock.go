package zerotrust

import (
	"net/http"
	"time"

	"github.com/seatsync/seatsync/reconcile"
)

// noteClock keeps the date of the last response beside the clock here, at the
// middle between request and response. One without a date leaves none.
func (c *Connection) noteClock(header http.Header, begin, end time.Time) {
	var clock reconcile.Clock
	if date, err := http.ParseTime(header.Get("Date")); err == nil {
		half := end.Sub(begin) / 2
		clock = reconcile.Clock{
			// The date has whole seconds, so the truth is half a second later on average.
			API: date.Add(time.Second / 2), Here: c.config.Now().Add(-half), Within: half + time.Second/2,
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.clock = clock
}

// clockAt returns what the last response says of the API's time at an earlier
// moment by the clock here.
func (c *Connection) clockAt(then time.Time) reconcile.Clock {
	c.mu.Lock()
	defer c.mu.Unlock()
	clock := c.clock
	if clock.IsKnown() {
		clock.API = clock.API.Add(then.Sub(clock.Here)).UTC()
		clock.Here = then
	}
	return clock
}
