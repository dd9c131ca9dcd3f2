package simulation

import (
	"reflect"
	"time"
	"unsafe"
)

// mostClockOff is how far a clock is off at the most.
const mostClockOff = 4000 * time.Second

// shifted is what a machine shows whose wall clock is off: its monotonic clock is not.
// Package time offers no way to make such a time.
func shifted(now time.Time, by time.Duration) time.Time {
	shown := now.Add(by)
	field, ok := reflect.TypeFor[time.Time]().FieldByName("ext")
	if by == 0 || shown == shown.Round(0) || !ok || field.Type.Kind() != reflect.Int64 {
		return shown
	}
	*(*int64)(unsafe.Add(unsafe.Pointer(&shown), field.Offset)) -= int64(by)
	return shown
}
