package report

import (
	"strings"
	"testing"

	"github.com/seatsync/seatsync/reconcile"
)

func TestThePictureSaysInWordsWhatItShows(t *testing.T) {
	tests := map[string]struct {
		activity reconcile.Activity
		want     string
	}{
		"the demo": {*demoPlan().Activity,
			"The last sign of activity of 1,500 seat holders: 1,465 within 77 days, 12 near the line of 90 days (77 to 90), 12 past it, " +
				"9 never, 2 not readable."},
		"everyone active": {reconcile.Activity{AfterDays: 90, NoticeDays: 7, BucketDays: 7, Buckets: []int{5}},
			"The last sign of activity of 5 seat holders: 5 within 83 days."},
		"one person, past the line": {reconcile.Activity{AfterDays: 7, BucketDays: 7, Buckets: []int{0, 1}},
			"The last sign of activity of 1 seat holder: 1 past it."},
		"only unreadable": {reconcile.Activity{AfterDays: 90, BucketDays: 7, Unknown: 3},
			"The last sign of activity of 3 seat holders: 3 not readable."},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if got := newChart(&test.activity).Sentence; got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
		})
	}
}

func TestThePictureStaysWithinItsFrame(t *testing.T) {
	for _, activity := range []*reconcile.Activity{
		demoPlan().Activity,
		{AfterDays: 365, NoticeDays: 30, BucketDays: 7, Buckets: make([]int, 60), Never: 1_000_000, Unknown: 1},
		{AfterDays: 1, NoticeDays: 5, BucketDays: 1, Buckets: []int{1, 0, 99}},
		{AfterDays: 0, BucketDays: 30, Buckets: []int{3}},
	} {
		c := newChart(activity)
		for _, bar := range c.Bars {
			if bar.X < 0 || bar.X+bar.Width > chartWidth || bar.Y < 0 || bar.Y+bar.Height > chartBase+0.2 || bar.Width <= 0 {
				t.Errorf("a bar is outside: %+v", bar)
			}
		}
		if c.Threshold != nil && (c.Threshold.X < chartLeft || c.Threshold.X > chartWidth-sideWidth) {
			t.Errorf("the threshold is outside: %+v", c.Threshold)
		}
		if (c.Threshold == nil) != (activity.AfterDays == 0) {
			t.Error("a threshold that is not there is drawn")
		}
	}
}

func TestThereIsNoPictureOfNothing(t *testing.T) {
	for _, activity := range []*reconcile.Activity{nil, {AfterDays: 90, BucketDays: 7}, {BucketDays: 0, Buckets: []int{1}}, {BucketDays: 7, Buckets: make([]int, 100_000)}} {
		if newChart(activity) != nil {
			t.Errorf("a picture of %+v", activity)
		}
	}
	if strings.Contains(written(t, HTML, emptyPlan(), Options{}), "<svg class=\"chart\"") {
		t.Error("a picture without a rule")
	}
}
