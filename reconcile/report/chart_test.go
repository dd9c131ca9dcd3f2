package report

import (
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

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
		"groups with lines of their own": {reconcile.Activity{AfterDays: 90, BucketDays: 30, Buckets: []int{5, 2, 3}, Near: []int{0, 1, 0}, Past: []int{1, 1, 0}, Never: 1},
			"By the rules of their groups, of 11 seat holders 7 are active, 1 is due within the notice, 2 are past the threshold, and of 1 the last sign is none or not readable."},
		"only unreadable": {reconcile.Activity{AfterDays: 90, BucketDays: 7, Unknown: 3},
			"The last sign of activity of 3 seat holders: 3 not readable."},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if got := newHistogram(&test.activity).Sentence; got != test.want {
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
		picture := string(newHistogram(activity).SVG())
		rects := rectForm.FindAllStringSubmatch(picture, -1)
		if len(rects) == 0 {
			t.Errorf("no bar is drawn of %+v", activity)
		}
		for _, rect := range rects {
			x, y, width, height := coordinate(t, rect[1]), coordinate(t, rect[2]), coordinate(t, rect[3]), coordinate(t, rect[4])
			if x < 0 || x+width > histogramWidth || y < histogramTop || y+height > histogramBase+0.2 || width <= 0 {
				t.Errorf("a bar is outside: %s", rect[0])
			}
		}
		if drawn := strings.Contains(picture, `class="threshold"`); drawn != (activity.AfterDays > 0) {
			t.Errorf("a threshold of %d days is drawn: %t", activity.AfterDays, drawn)
		}
	}
}

var rectForm = regexp.MustCompile(`<rect class="[a-z-]+" x="([^"]*)" y="([^"]*)" width="([^"]*)" height="([^"]*)">`)

func coordinate(t *testing.T, text string) float64 {
	t.Helper()
	number, err := strconv.ParseFloat(text, 64)
	if err != nil {
		t.Fatal(err)
	}
	return number
}

func TestBarsAreLinearAndOneThatWouldFlattenTheOthersIsCut(t *testing.T) {
	heights := func(buckets ...int) string {
		var list []string
		picture := string(newHistogram(&reconcile.Activity{BucketDays: 30, Buckets: buckets}).SVG())
		for _, rect := range rectForm.FindAllStringSubmatch(picture, -1) {
			list = append(list, rect[4])
		}
		return strings.Join(list, " ") + map[bool]string{true: " cut"}[strings.Contains(picture, `class="break"`)]
	}
	for name, test := range map[string]struct{ got, want string }{
		"twice as many people are twice as high":    {heights(100, 50, 25), "170 85 42.5"},
		"one that is ten times the next is cut":     {heights(1000, 100, 50), "170 136 68 cut"},
		"one person beside a hundred is still seen": {heights(100, 50, 1), "170 85 1.7"},
		"a bar that is alone is whole":              {heights(1000), "170"},
	} {
		t.Run(name, func(t *testing.T) {
			if test.got != test.want {
				t.Errorf("got heights %s, want %s", test.got, test.want)
			}
		})
	}
}

func TestThereIsNoPictureOfNothing(t *testing.T) {
	for _, activity := range []*reconcile.Activity{nil, {AfterDays: 90, BucketDays: 7}, {BucketDays: 0, Buckets: []int{1}}, {BucketDays: 7, Buckets: make([]int, 100_000)}} {
		if newHistogram(activity) != nil {
			t.Errorf("a picture of %+v", activity)
		}
	}
	if strings.Contains(written(t, HTML, emptyPlan(), Options{}), "<svg class=\"chart\"") {
		t.Error("a picture without a rule")
	}
}

func TestSavingsOfNothingHaveNoPicture(t *testing.T) {
	freed := time.Date(2026, 11, 3, 0, 0, 0, 0, time.UTC)
	var history reconcile.History
	history.Add(reconcile.PastRun{FinishedAt: freed, Taken: []reconcile.PastRelease{{
		UserID: "a", Reason: reconcile.Inactive, Price: "7", Currency: "USD", At: freed,
	}}})
	if chart := NewSavingsReport("", &history, freed).Chart(); chart != nil {
		t.Errorf("nothing is saved yet: %s", chart.Sentence)
	}
	if NewSavingsReport("", &history, freed.AddDate(0, 0, 1)).Chart() == nil {
		t.Error("a day's price is saved, and there is no picture of it")
	}
}
