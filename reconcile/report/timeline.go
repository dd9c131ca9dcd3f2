package report

import (
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/seatsync/seatsync/reconcile"
)

// Sample is one number at one time.
type Sample struct {
	At    time.Time
	Value float64
	// Bound is what the number must stay below; NaN where there is none.
	Bound float64
	// Text says the number, and when it was so. Class is the style of its dot.
	Text, Class string
}

// The size of a timeline and the room around the picture in it.
const (
	timelineWidth, timelineHeight = 640, 220
	timelineLeft, timelineRight   = 76, 624
	timelineTop, timelineBottom   = 16, 186
	mostDots                      = 60 // beyond, dots would be a smear
)

// NewTimeline draws a number over time. It is a step: it holds until the next
// sample. One sample makes no picture: nil.
func NewTimeline(title, name, bound string, samples []Sample) *Chart {
	if len(samples) < 2 {
		return nil
	}
	first, last := samples[0], samples[len(samples)-1]
	c := &Chart{
		Title: title, Width: timelineWidth, Height: timelineHeight,
		Sentence: fmt.Sprintf("%s over %d runs. First, %s. Last, %s.", title, len(samples), first.Text, last.Text),
		Legend:   []legendItem{{"line", name}},
	}
	top := 0.0
	for _, s := range samples {
		top = max(top, s.Value)
		if !math.IsNaN(s.Bound) {
			top = max(top, s.Bound)
		}
	}
	levels := gridLevels(top)
	top = max(levels[len(levels)-1], 1)
	x := func(at time.Time) float64 {
		span := max(last.At.Sub(first.At), 1)
		return timelineLeft + float64(at.Sub(first.At))/float64(span)*(timelineRight-timelineLeft)
	}
	y := func(value float64) float64 { return timelineBottom - value/top*(timelineBottom-timelineTop) }
	for _, level := range levels {
		c.path("grid", timelineLeft, y(level), timelineRight, y(level))
		c.text("axis", "end", timelineLeft-8, y(level)+4, reconcile.Thousands(strconv.FormatFloat(level, 'f', -1, 64)))
	}
	line := steps(samples, x, y, func(s Sample) float64 { return s.Value })
	c.path("area", append(append([]float64{timelineLeft, timelineBottom}, line...), timelineRight, timelineBottom)...)
	if edge := steps(samples, x, y, func(s Sample) float64 { return s.Bound }); len(edge) > 2 {
		c.path("bound", edge...)
		c.Legend = append(c.Legend, legendItem{"bound", bound})
	}
	c.path("line", line...)
	for i, s := range samples {
		switch {
		case i == len(samples)-1:
			c.dot("mark last "+s.Class, x(s.At), y(s.Value), 5, s.Text)
		case len(samples) <= mostDots:
			c.dot("mark "+s.Class, x(s.At), y(s.Value), 3.5, s.Text)
		}
	}
	layout := "2 Jan 2006"
	if last.At.Sub(first.At) < 72*time.Hour {
		layout = "2 Jan 15:04"
	}
	c.text("axis", "start", timelineLeft, timelineHeight-6, first.At.Format(layout))
	c.text("axis", "middle", (timelineLeft+timelineRight)/2, timelineHeight-6, first.At.Add(last.At.Sub(first.At)/2).Format(layout))
	c.text("axis", "end", timelineRight, timelineHeight-6, last.At.Format(layout))
	return c
}

// steps returns the points of a line that holds each value until the next.
// Values that are not known leave no point.
func steps(samples []Sample, x func(time.Time) float64, y func(float64) float64, of func(Sample) float64) []float64 {
	var points []float64
	for i, s := range samples {
		if math.IsNaN(of(s)) {
			continue
		}
		if i > 0 && !math.IsNaN(of(samples[i-1])) {
			points = append(points, x(s.At), y(of(samples[i-1])))
		}
		points = append(points, x(s.At), y(of(s)))
	}
	return points
}
