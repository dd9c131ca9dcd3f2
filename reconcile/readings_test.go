package reconcile

import (
	"reflect"
	"testing"
	"time"
	"unsafe"
)

// withMonotonic returns a time whose monotonic clock shows so much less than its wall
// clock, as after a suspension. Package time offers no way to make one.
func withMonotonic(t *testing.T, moment time.Time, behind time.Duration) time.Time {
	t.Helper()
	field, ok := reflect.TypeFor[time.Time]().FieldByName("ext")
	if !ok || field.Type.Kind() != reflect.Int64 {
		t.Skip("time.Time has no monotonic clock where it was")
	}
	*(*int64)(unsafe.Add(unsafe.Pointer(&moment), field.Offset)) -= int64(behind)
	return moment
}

func TestTheAgeOfAReadingIsTheGreatestThatItMayHave(t *testing.T) {
	at := time.Now()
	for _, test := range []struct {
		name string
		now  time.Time
		want time.Duration
	}{
		{"both clocks go", at.Add(time.Second), time.Second},
		{"a machine that slept for an hour", withMonotonic(t, at.Add(time.Hour), time.Hour), time.Hour},
		{"a wall clock that is set back by an hour", withMonotonic(t, at.Add(-time.Hour), -time.Hour-time.Second), anyAge},
		{"a machine that slept, and whose wall clock is set back by more", withMonotonic(t, at.Add(-time.Minute), -time.Minute-time.Second), anyAge},
		{"no monotonic clock", at.Add(time.Minute).Round(0), time.Minute},
		{"no monotonic clock, and a wall clock that is set back", at.Add(-time.Second).Round(0), anyAge},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := ageOf(at, test.now); got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}
