package report

import (
	"fmt"
	"math"
	"strings"

	"github.com/seatsync/seatsync/reconcile"
)

// The picture is drawn in these units; the page scales it.
const (
	chartWidth, chartHeight = 460, 262
	chartLeft, chartTop     = 38, 30
	chartBase               = 216
	// sideWidth is the room on the right for the people without a date.
	sideWidth = 104
	// mostChartBuckets bounds the picture for any plan that may be read.
	mostChartBuckets = 120
)

// chart is a histogram of the days since people last showed a sign of activity,
// with the threshold and the notice before it drawn in.
type chart struct {
	Width, Height     int
	Left, Right, Base float64
	AxisX, AxisY      float64
	Lines             []gridLine
	Bars              []chartBar
	Ticks             []tick
	Notice            *band
	NoticeText        string
	Threshold         *threshold
	// Sentence says what the picture shows.
	Sentence string
}

// gridLine is a number of people on the vertical axis.
type gridLine struct {
	Y, X, TextY float64
	Label       string
}

// chartBar is the people of one span of days.
type chartBar struct {
	X, Y, Width, Height float64
	Class, Title, Range string
	Label, Count        string
	LabelX, LabelY      float64
}

// tick is a number of days on the horizontal axis.
type tick struct {
	X, Y  float64
	Label string
}

// band is the span of days in which a release is announced.
type band struct{ X, Y, Width, Height float64 }

// threshold is the line beyond which people are inactive.
type threshold struct {
	X, Y, TextX, TextY float64
	Anchor, Label      string
}

// newChart draws the spread; nil when there is no rule, or nothing to draw.
func newChart(activity *reconcile.Activity) *chart {
	if activity == nil || activity.BucketDays <= 0 || len(activity.Buckets) > mostChartBuckets {
		return nil
	}
	s := newSpread(activity)
	if s.total == 0 {
		return nil
	}
	c := &chart{
		Width: chartWidth, Height: chartHeight, Left: chartLeft, Right: chartWidth, Base: chartBase,
		AxisX: tenth(chartLeft + s.plotWidth()/2), AxisY: chartBase + 38,
		NoticeText: count(activity.NoticeDays, "day", "days"),
		Sentence:   s.sentence(),
	}
	for _, n := range s.gridValues() {
		y := chartBase - s.height(n)
		c.Lines = append(c.Lines, gridLine{tenth(y), chartLeft - 5, tenth(y + 4), number(n)})
	}
	for i, n := range activity.Buckets {
		c.Bars = append(c.Bars, s.bucket(i, n))
	}
	c.Bars = append(c.Bars, s.side(0, "never", activity.Never), s.side(1, "unknown", activity.Unknown))
	c.Ticks = s.ticks()
	if activity.AfterDays > 0 {
		c.Threshold = s.threshold()
		if activity.NoticeDays > 0 {
			from, to := s.x(max(0, activity.AfterDays-activity.NoticeDays)), s.x(activity.AfterDays)
			c.Notice = &band{tenth(from), chartTop, tenth(to - from), chartBase - chartTop}
		}
	}
	return c
}

// spread is an activity with what it takes to draw it.
type spread struct {
	*reconcile.Activity
	// days is the length of the horizontal axis.
	days        int
	most, total int
}

func newSpread(activity *reconcile.Activity) *spread {
	s := &spread{Activity: activity}
	s.days = max(len(activity.Buckets)*activity.BucketDays, activity.AfterDays+2*activity.BucketDays)
	for _, n := range append([]int{activity.Never, activity.Unknown}, activity.Buckets...) {
		s.most = max(s.most, n)
		s.total += max(0, n)
	}
	return s
}

func (s *spread) plotWidth() float64 { return chartWidth - chartLeft - sideWidth }

// x places a number of days.
func (s *spread) x(days int) float64 {
	return chartLeft + s.plotWidth()*float64(days)/float64(s.days)
}

// height is the height of a bar. It grows with the square root: in an account
// of a thousand people the five near the line would otherwise be a hairline.
func (s *spread) height(n int) float64 {
	if n <= 0 {
		return 0
	}
	return max(2, (chartBase-chartTop-16)*math.Sqrt(float64(n)/float64(max(1, s.most))))
}

// bucket draws the people of one span of days.
func (s *spread) bucket(i, n int) chartBar {
	from, to := i*s.BucketDays, (i+1)*s.BucketDays
	left, right := s.x(from), s.x(to)
	b := chartBar{
		X: tenth(left + 0.5), Width: tenth(max(1, right-left-1)), Class: s.class(from, to),
		Range: fmt.Sprintf("%d to %d days", from, to-1),
	}
	if i == len(s.Buckets)-1 {
		b.Range = fmt.Sprintf("%d days or more", from)
	}
	b.rise(s.height(n), n)
	// Numbers stand where people look, and where there is room for them.
	if b.Class != "recent" && right-left >= 6.5*float64(len(b.Count)) || right-left >= 30 {
		b.label()
	}
	return b
}

// side draws people without a date, to the right of the axis.
func (s *spread) side(position int, name string, n int) chartBar {
	const width, gap = 26, 50
	b := chartBar{
		X: chartWidth - sideWidth + 10 + float64(position*gap), Width: width, Class: "unsure",
		Range: map[string]string{"never": "never seen", "unknown": "not readable"}[name],
	}
	b.rise(s.height(n), n)
	b.label()
	return b
}

// rise sets what depends on the number of people.
func (b *chartBar) rise(height float64, n int) {
	b.Y, b.Height, b.Count = tenth(chartBase-height), tenth(height), number(n)
	b.Title = b.Range + ": " + count(n, "person", "people")
}

// label writes the number of people above the bar, but not a zero.
func (b *chartBar) label() {
	if b.Count != "0" {
		b.Label, b.LabelX, b.LabelY = b.Count, tenth(b.X+b.Width/2), tenth(b.Y-4)
	}
}

// class says on which side of the line a span of days is. A span that the line
// or the notice cuts is near it.
func (s *spread) class(from, to int) string {
	switch {
	case s.AfterDays <= 0 || to <= s.AfterDays-s.NoticeDays:
		return "recent"
	case from >= s.AfterDays:
		return "past"
	}
	return "near"
}

// threshold draws the line of the rule, with its label where there is room.
func (s *spread) threshold() *threshold {
	x := tenth(s.x(s.AfterDays))
	t := &threshold{X: x, Y: chartTop - 12, TextX: x + 5, TextY: chartTop - 14, Anchor: "start",
		Label: "inactive from " + count(s.AfterDays, "day", "days")}
	if x > chartWidth/2 {
		t.TextX, t.Anchor = x-5, "end"
	}
	return t
}

// ticks places a few round numbers of days, and the names of the bars beside.
func (s *spread) ticks() []tick {
	step := s.days
	for _, days := range [...]int{7, 14, 30, 60, 90, 180, 365} {
		if s.days/days <= 8 {
			step = days
			break
		}
	}
	var ticks []tick
	for days := 0; s.x(days) <= chartWidth-sideWidth-8; days += step {
		ticks = append(ticks, tick{tenth(s.x(days)), chartBase + 16, number(days)})
	}
	for i, name := range [...]string{"never", "unknown"} {
		b := s.side(i, name, 0)
		ticks = append(ticks, tick{tenth(b.X + b.Width/2), chartBase + 16, name})
	}
	return ticks
}

// gridValues returns round numbers of people, far enough apart to be labelled.
func (s *spread) gridValues() []int {
	var values []int
	last := math.Inf(1)
	for power := 1_000_000; power >= 1; power /= 10 {
		for _, digit := range [...]int{5, 2, 1} {
			n := digit * power
			if h := s.height(n); n <= s.most && last-h >= 26 && h >= 12 {
				values, last = append(values, n), h
			}
		}
	}
	return values
}

// sentence says what the picture shows, for those who do not see it.
func (s *spread) sentence() string {
	counts := make(map[string]int)
	nearFrom, nearTo := -1, 0
	for i, n := range s.Buckets {
		class := s.class(i*s.BucketDays, (i+1)*s.BucketDays)
		counts[class] += n
		if class == "near" {
			if nearFrom < 0 {
				nearFrom = i * s.BucketDays
			}
			nearTo = (i + 1) * s.BucketDays
		}
	}
	var parts []string
	add := func(n int, text string) {
		if n > 0 {
			parts = append(parts, number(n)+" "+text)
		}
	}
	if s.AfterDays <= 0 {
		add(counts["recent"], "known")
	} else {
		recentTo := nearFrom
		if recentTo < 0 {
			recentTo = s.AfterDays - s.NoticeDays
		}
		add(counts["recent"], fmt.Sprintf("within %d days", recentTo))
		add(counts["near"], fmt.Sprintf("near the line of %d days (%d to %d)", s.AfterDays, nearFrom, nearTo-1))
		add(counts["past"], "past it")
	}
	add(s.Never, "never")
	add(s.Unknown, "not readable")
	return "The last sign of activity of " + count(s.total, "seat holder", "seat holders") + ": " + strings.Join(parts, ", ") + "."
}

// tenth rounds to one decimal, which is as fine as a screen shows.
func tenth(x float64) float64 { return math.Round(x*10) / 10 }
