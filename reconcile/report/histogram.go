package report

import (
	"fmt"
	"slices"
	"strings"

	"github.com/seatsync/seatsync/reconcile"
)

// The size of the histogram and the room around the picture in it.
const (
	histogramWidth, histogramHeight = 460, 262
	histogramLeft, histogramTop     = 38, 30
	histogramBase                   = 216
	// sideWidth is the room on the right for the people without a date.
	sideWidth = 104
	plotWidth = histogramWidth - histogramLeft - sideWidth
	// mostBuckets bounds the picture for any plan that may be read.
	mostBuckets = 120
)

// The classes of a span of days: on which side of the line it is.
const (
	classRecent = "recent"
	classNear   = "near"
	classPast   = "past"
	classUnsure = "unsure"
)

// histogram is an activity with what it takes to draw the days since people last
// showed a sign of activity.
type histogram struct {
	*reconcile.Activity
	chart Chart
	// bins are bars that are wide enough for their numbers, binDays their width in
	// days and days the length of the axis.
	bins          []bin
	binDays, days int
	// full is the number of people of a bar of full height. Bars beyond are cut.
	full int
}

// bin is the people of some buckets, by class.
type bin struct {
	label   string
	people  map[string]int
	x, wide float64
}

func (b *bin) total() int {
	return b.people[classRecent] + b.people[classNear] + b.people[classPast] + b.people[classUnsure]
}

// newHistogram draws the spread, with the threshold and the notice before it;
// nil when there is no rule, or nothing to draw.
func newHistogram(activity *reconcile.Activity) *Chart {
	if activity == nil || activity.BucketDays <= 0 || len(activity.Buckets) > mostBuckets {
		return nil
	}
	h := &histogram{Activity: activity, chart: Chart{Title: "Days since the last sign of activity", Width: histogramWidth, Height: histogramHeight}}
	h.fill()
	total := 0
	for i := range h.bins {
		total += h.bins[i].total()
	}
	if total == 0 {
		return nil
	}
	h.chart.Sentence = h.sentence(total)
	h.drawScale()
	for i := range h.bins {
		h.drawBin(&h.bins[i])
		h.chart.Numbers = append(h.chart.Numbers, Fact{h.bins[i].label, reconcile.Number(h.bins[i].total())})
	}
	h.drawAxis()
	h.legend()
	return &h.chart
}

// classes counts the people of a bucket by class: by their own rules where there are
// groups, or else by the line.
func (h *histogram) classes(bucket int) map[string]int {
	people := max(0, h.Buckets[bucket])
	if !h.isByGroup() {
		return map[string]int{h.class(bucket*h.BucketDays, (bucket+1)*h.BucketDays): people}
	}
	near, past := h.Near[bucket], h.Past[bucket]
	return map[string]int{classRecent: max(0, people-near-past), classNear: max(0, near), classPast: max(0, past)}
}

// isByGroup reports whether people are judged by more than the one line.
func (h *histogram) isByGroup() bool {
	return len(h.Near) > 0 && len(h.Near) == len(h.Buckets) && len(h.Past) == len(h.Buckets)
}

// class says on which side of the line a span of days is. A span that the line
// or the notice cuts is near it.
func (h *histogram) class(from, to int) string {
	switch {
	case h.AfterDays <= 0 || to <= h.AfterDays-h.NoticeDays:
		return classRecent
	case from >= h.AfterDays:
		return classPast
	}
	return classNear
}

// fill puts the people into bins and finds the scale.
func (h *histogram) fill() {
	h.days = max(len(h.Buckets)*h.BucketDays, h.AfterDays+2*h.BucketDays)
	h.binDays = h.BucketDays
	for _, wide := range [...]int{6, 3, 2} { // the widest of whose bars the line cuts none
		if days := wide * h.BucketDays; h.AfterDays%days == 0 && h.days/days >= 6 {
			h.binDays = days
			break
		}
	}
	h.days = (h.days + h.binDays - 1) / h.binDays * h.binDays
	for from := 0; from < h.days; from += h.binDays {
		b := bin{label: fmt.Sprintf("%d to %d days", from, from+h.binDays-1), people: make(map[string]int), x: h.x(from) + 0.5}
		b.wide = h.x(from+h.binDays) - h.x(from) - 1
		for i := from / h.BucketDays; i < min(len(h.Buckets), (from+h.binDays)/h.BucketDays); i++ {
			for class, n := range h.classes(i) {
				b.people[class] += n
			}
		}
		h.bins = append(h.bins, b)
	}
	h.bins[len(h.bins)-1].label = fmt.Sprintf("%d days or more", h.days-h.binDays)
	for i, side := range [...]struct {
		label string
		n     int
	}{{"never seen", h.Never}, {"not readable", h.Unknown}} {
		h.bins = append(h.bins, bin{label: side.label, people: map[string]int{classUnsure: max(0, side.n)},
			x: histogramWidth - sideWidth + 10 + float64(50*i), wide: 26})
	}
	var sizes []int
	for i := range h.bins {
		sizes = append(sizes, h.bins[i].total())
	}
	slices.Sort(sizes)
	slices.Reverse(sizes)
	h.full = sizes[0]
	// Where one or two bars would flatten all others they are cut, and say so.
	for i := range min(2, len(sizes)-2) {
		if sizes[i+2] > 0 && sizes[i] > 5*sizes[i+1] {
			h.full = sizes[i+1]
			break
		}
	}
}

// x places a number of days.
func (h *histogram) x(days int) float64 {
	return histogramLeft + plotWidth*float64(days)/float64(h.days)
}

// y places a number of people. Bars that are cut end above all others.
func (h *histogram) y(n int) float64 {
	room := float64(histogramBase - histogramTop - 16)
	if h.isBroken() {
		room -= 34
	}
	if n > h.full {
		return histogramTop + 16
	}
	return histogramBase - room*float64(n)/float64(max(1, h.full))
}

func (h *histogram) isBroken() bool {
	return slices.ContainsFunc(h.bins, func(b bin) bool { return b.total() > h.full })
}

// drawScale draws the grid and the span of days in which a release is announced.
func (h *histogram) drawScale() {
	for _, level := range gridLevels(float64(h.full)) {
		if n := int(level); n > 0 && n <= h.full {
			h.chart.path("grid", histogramLeft, h.y(n), histogramWidth, h.y(n))
			h.chart.text("axis", "end", histogramLeft-5, h.y(n)+4, reconcile.Number(n))
		}
	}
	if h.AfterDays > 0 && h.NoticeDays > 0 {
		from := h.x(max(0, h.AfterDays-h.NoticeDays))
		h.chart.rect("notice-band", from, histogramTop, h.x(h.AfterDays)-from, histogramBase-histogramTop, "")
	}
}

// drawBin draws a bar, its classes one on the other, with its number above.
func (h *histogram) drawBin(b *bin) {
	below, total := 0, b.total()
	title := b.label + ": " + reconcile.CountOf(total, "person", "people")
	for _, class := range [...]string{classRecent, classNear, classPast, classUnsure} {
		if n := b.people[class]; n > 0 {
			bottom, top := h.y(below), h.y(below+n)
			h.chart.rect(class, b.x, min(top, bottom-1.5), b.wide, max(1.5, bottom-top), title)
			below += n
		}
	}
	if total > h.full {
		y := h.y(total) + 18
		h.chart.path("break", b.x-3, y+4, b.x+b.wide+3, y-4)
	}
	if text := reconcile.Number(total); total > 0 && (b.wide >= 6.5*float64(len(text)) || total > h.full) {
		h.chart.text("count", "middle", b.x+b.wide/2, h.y(total)-4, text)
	}
}

// drawAxis draws the axis of days and the line of the rule.
func (h *histogram) drawAxis() {
	h.chart.path("baseline", histogramLeft, histogramBase, histogramWidth, histogramBase)
	step := h.days
	for _, days := range [...]int{7, 14, 30, 60, 90, 180, 365} {
		if h.days/days <= 8 {
			step = days
			break
		}
	}
	for days := 0; h.x(days) <= histogramWidth-sideWidth-8; days += step {
		h.chart.text("axis", "middle", h.x(days), histogramBase+16, reconcile.Number(days))
	}
	for i, name := range [...]string{"never", "unknown"} {
		b := &h.bins[len(h.bins)-2+i]
		h.chart.text("axis", "middle", b.x+b.wide/2, histogramBase+16, name)
	}
	h.chart.text("axis", "middle", histogramLeft+plotWidth/2, histogramBase+38, "days since the last sign of activity")
	if h.AfterDays <= 0 {
		return
	}
	x, textX, anchor := h.x(h.AfterDays), h.x(h.AfterDays)+5, "start"
	if x > histogramWidth/2 {
		textX, anchor = x-5, "end"
	}
	h.chart.path("threshold", x, histogramTop-12, x, histogramBase)
	label := "inactive from " + reconcile.Count(h.AfterDays, "day")
	if h.isByGroup() {
		label += ", groups aside"
	}
	h.chart.text("threshold-label", anchor, textX, histogramTop-14, label)
}

// legend says what the colours mean.
func (h *histogram) legend() {
	h.chart.Legend = []legendItem{{classRecent, "active"}}
	if h.isByGroup() {
		h.chart.Legend = append(h.chart.Legend, legendItem{classNear, "in the notice of their group"}, legendItem{classPast, "past the threshold of their group"})
	} else if h.AfterDays > 0 {
		if h.NoticeDays > 0 {
			h.chart.Legend = append(h.chart.Legend, legendItem{classNear, "in the " + reconcile.Count(h.NoticeDays, "day") + " of notice, or on the line"})
		}
		h.chart.Legend = append(h.chart.Legend, legendItem{classPast, "past the threshold"})
	}
	h.chart.Legend = append(h.chart.Legend, legendItem{classUnsure, "never seen, or not readable"})
	if h.isBroken() {
		h.chart.Legend = append(h.chart.Legend, legendItem{"cut", "a bar with a gap is cut: its number says how many it stands for"})
	}
}

// groupSentence is the sentence where each group has its own line.
func (h *histogram) groupSentence(total int) string {
	people := make(map[string]int)
	for i := range h.Buckets {
		for class, n := range h.classes(i) {
			people[class] += n
		}
	}
	text := fmt.Sprintf("By the rules of their groups, of %s %s active, %s due within the notice, %s past the threshold",
		reconcile.CountOf(total, "seat holder", "seat holders"), reconcile.CountOf(people[classRecent], "is", "are"),
		reconcile.CountOf(people[classNear], "is", "are"), reconcile.CountOf(people[classPast], "is", "are"))
	if n := h.Never + h.Unknown; n > 0 {
		text += fmt.Sprintf(", and of %s the last sign is none or not readable", reconcile.Number(n))
	}
	return text + "."
}

// sentence says what the picture shows, for those who do not see it.
func (h *histogram) sentence(total int) string {
	if h.isByGroup() {
		return h.groupSentence(total)
	}
	people := make(map[string]int)
	nearFrom, nearTo := max(0, h.AfterDays-h.NoticeDays), 0
	for i, n := range h.Buckets {
		class := h.class(i*h.BucketDays, (i+1)*h.BucketDays)
		if class == classNear {
			if nearTo == 0 {
				nearFrom = i * h.BucketDays
			}
			nearTo = (i + 1) * h.BucketDays
		}
		people[class] += n
	}
	var parts []string
	add := func(n int, text string) {
		if n > 0 {
			parts = append(parts, reconcile.Number(n)+" "+text)
		}
	}
	if h.AfterDays <= 0 {
		add(people[classRecent], "known")
	} else {
		add(people[classRecent], fmt.Sprintf("within %d days", nearFrom))
	}
	add(people[classNear], fmt.Sprintf("near the line of %d days (%d to %d)", h.AfterDays, nearFrom, nearTo-1))
	add(people[classPast], "past it")
	add(h.Never, "never")
	add(h.Unknown, "not readable")
	return "The last sign of activity of " + reconcile.CountOf(total, "seat holder", "seat holders") + ": " + strings.Join(parts, ", ") + "."
}
