package daemon

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/seatsync/seatsync/reconcile"
)

// chart is one picture of a number over the recorded runs. Its coordinates are
// in the units of its viewBox.
type chart struct {
	Title, Label  string
	Width, Height int
	// Line and Area are the points of the number, Bound those of what it must
	// stay below; empty when there is no bound.
	Line, Area, Bound string
	BoundLabel        string
	BoundX, BoundY    string
	Levels            []level
	Times             []instant
	Marks             []mark
	Last              *mark
}

// level is a line of the grid with its number, instant a moment on the axis, and
// mark a run.
type (
	level   struct{ Y, TextY, Text string }
	instant struct{ X, Text, Anchor string }
	mark    struct{ X, Y, Text, Tone string }
)

// The size of a chart and the room around the picture in it.
const (
	chartWidth, chartHeight                      = 640, 220
	chartLeft, chartRight, chartTop, chartBottom = 76, 16, 16, 34
	mostMarks                                    = 60 // beyond, dots would be a smear
)

// sample is one number at one time.
type sample struct {
	at           time.Time
	value, bound float64 // bound is NaN where there is none
	text, tone   string
}

// charts draws seats and cost over the runs that have a plan. One run makes no
// picture.
func charts(runs []Run) []chart {
	var seats, cost []sample
	currency := ""
	for _, run := range slices.Backward(runs) {
		if run.Summary == nil {
			continue
		}
		bound, suffix := math.NaN(), ""
		if run.Seats.Purchased != nil {
			bound, suffix = float64(*run.Seats.Purchased), fmt.Sprintf(" of %d", *run.Seats.Purchased)
		}
		when := clockTime(run.FinishedAt) + ", " + string(run.Mode)
		seats = append(seats, sample{
			run.FinishedAt, float64(run.Seats.Used), bound, fmt.Sprintf("%s: %d%s seats in use", when, run.Seats.Used, suffix), string(run.Mode),
		})
		if value, err := strconv.ParseFloat(string(run.Cost), 64); err == nil {
			currency = run.Summary.Currency
			text := fmt.Sprintf("%s: %s %s a month", when, reconcile.Thousands(string(run.Cost)), currency)
			cost = append(cost, sample{run.FinishedAt, value, math.NaN(), text, string(run.Mode)})
		}
	}
	var drawn []chart
	if len(seats) > 1 {
		drawn = append(drawn, draw("Seats in use", seats))
	}
	if len(cost) > 1 {
		drawn = append(drawn, draw(strings.TrimSuffix("Cost a month, in "+currency, ", in "), cost))
	}
	return drawn
}

// draw lays a chart out. The number is a step: it holds until the next run.
func draw(title string, samples []sample) chart {
	first, last := samples[0], samples[len(samples)-1]
	c := chart{
		Title: title, Width: chartWidth, Height: chartHeight,
		Label: fmt.Sprintf("%s over %d runs. First, %s. Last, %s.", title, len(samples), first.text, last.text),
	}
	top := 0.0
	for _, s := range samples {
		top = max(top, s.value)
		if !math.IsNaN(s.bound) {
			top = max(top, s.bound)
		}
	}
	step := niceStep(top)
	top = max(step, math.Ceil(top/step)*step)
	x := func(at time.Time) float64 {
		span := last.at.Sub(first.at)
		if span <= 0 {
			return chartLeft
		}
		return chartLeft + float64(at.Sub(first.at))/float64(span)*(chartWidth-chartLeft-chartRight)
	}
	y := func(value float64) float64 { return chartTop + (1-value/top)*(chartHeight-chartTop-chartBottom) }
	for value := 0.0; value <= top+step/2; value += step {
		c.Levels = append(c.Levels, level{number(y(value)), number(y(value) + 4), reconcile.Thousands(strconv.FormatFloat(value, 'f', -1, 64))})
	}
	c.drawTimes(first.at, last.at)
	c.drawLines(samples, x, y)
	return c
}

// drawLines draws the number, its bound and a dot for each run.
func (c *chart) drawLines(samples []sample, x func(time.Time) float64, y func(float64) float64) {
	var line, bound []string
	for i, s := range samples {
		if i > 0 {
			line = append(line, point(x(s.at), y(samples[i-1].value)))
		}
		line = append(line, point(x(s.at), y(s.value)))
		if math.IsNaN(s.bound) {
			continue
		}
		if len(bound) > 0 && i > 0 && !math.IsNaN(samples[i-1].bound) {
			bound = append(bound, point(x(s.at), y(samples[i-1].bound)))
		}
		bound = append(bound, point(x(s.at), y(s.bound)))
		c.BoundLabel, c.BoundX, c.BoundY = "purchased", number(chartLeft+6), number(y(s.bound)+14)
	}
	c.Line, c.Bound = strings.Join(line, " "), strings.Join(bound, " ")
	left, right := x(samples[0].at), x(samples[len(samples)-1].at)
	c.Area = point(left, y(0)) + " " + c.Line + " " + point(right, y(0))
	for i, s := range samples {
		dot := mark{number(x(s.at)), number(y(s.value)), s.text, s.tone}
		if i == len(samples)-1 {
			c.Last = &dot
		} else if len(samples) <= mostMarks {
			c.Marks = append(c.Marks, dot)
		}
	}
}

// drawTimes writes the first, the middle and the last moment under the picture.
func (c *chart) drawTimes(first, last time.Time) {
	layout := "2 Jan 2006"
	if last.Sub(first) < 72*time.Hour {
		layout = "2 Jan 15:04"
	}
	middle := first.Add(last.Sub(first) / 2)
	c.Times = []instant{
		{number(chartLeft), first.Format(layout), "start"},
		{number((chartLeft + chartWidth - chartRight) / 2), middle.Format(layout), "middle"},
		{number(chartWidth - chartRight), last.Format(layout), "end"},
	}
}

// niceStep returns a step of 1, 2 or 5 times a power of ten that makes at most
// five of the range.
func niceStep(top float64) float64 {
	if top <= 4 {
		return 1
	}
	power := math.Pow(10, math.Floor(math.Log10(top/4)))
	for _, factor := range []float64{1, 2, 5, 10} {
		if step := factor * power; top/step <= 5 {
			return step
		}
	}
	return 10 * power
}

func number(value float64) string { return strconv.FormatFloat(math.Round(value*10)/10, 'f', -1, 64) }

func point(x, y float64) string { return number(x) + "," + number(y) }
