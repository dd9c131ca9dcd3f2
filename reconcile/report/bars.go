package report

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"

	"github.com/seatsync/seatsync/reconcile"
)

// bars is a number for each of some months.
type bars struct {
	title string
	items []barItem
}

// barItem is one bar: what stands under it, its height, and the number in words, which is
// empty where it is not known.
type barItem struct {
	label string
	value float64
	text  string
}

// sentence says what the bar shows.
func (i barItem) sentence() string { return i.label + ": " + cmp.Or(i.text, "not known") }

// lines draws the bars for a terminal, one a line, from the left.
func (b *bars) lines(width int) []string {
	label, text, top := 0, 0, 0.0
	for _, item := range b.items {
		label, text, top = max(label, columns(item.label)), max(text, columns(item.text)), max(top, item.value)
	}
	room := 40
	if width > 0 {
		room = max(8, min(60, width-label-text-6))
	}
	var lines []string
	for _, item := range b.items {
		length := 0
		if top > 0 && item.value > 0 {
			length = max(1, int(item.value/top*float64(room)+0.5))
		}
		line := fmt.Sprintf("%s  %s %s", padded(item.label, label), strings.Repeat("█", length), item.text)
		lines = append(lines, strings.TrimRight(line, " "))
	}
	return lines
}

// The size of the picture and the room around the bars in it. Letters are large, so
// that a phone can show it whole.
const (
	barsWidth, barsHeight = 640, 240
	barsLeft, barsRight   = 104, 600
	barsTop, barsBottom   = 24, 200
)

// chart draws the bars upright.
func (b *bars) chart() *Chart {
	top := 0.0
	for _, item := range b.items {
		top = max(top, item.value)
	}
	first, last := b.items[0], b.items[len(b.items)-1]
	c := &Chart{
		Title: b.title, Width: barsWidth, Height: barsHeight,
		Sentence: fmt.Sprintf("%s. First, %s. Last, %s.", b.title, first.sentence(), last.sentence()),
	}
	levels := gridLevels(top)
	top = max(levels[len(levels)-1], 1)
	y := func(value float64) float64 { return barsBottom - value/top*(barsBottom-barsTop) }
	for _, level := range levels {
		c.path("grid", barsLeft, y(level), barsRight, y(level))
		c.text("axis", "end", barsLeft-8, y(level)+4, reconcile.Thousands(strconv.FormatFloat(level, 'f', -1, 64)))
	}
	step := float64(barsRight-barsLeft) / float64(len(b.items))
	wide := min(step*0.7, 56)
	every := (len(b.items) + 4) / 5 // so that labels keep apart
	for i, item := range b.items {
		x := barsLeft + step*(float64(i)+0.5)
		c.rect("saved", x-wide/2, y(item.value), wide, barsBottom-y(item.value), item.sentence())
		if (len(b.items)-1-i)%every == 0 {
			c.text("axis", "middle", x, barsBottom+22, item.label)
		}
		c.Numbers = append(c.Numbers, Fact{item.label, item.text})
	}
	c.path("baseline", barsLeft, barsBottom, barsRight, barsBottom)
	return c
}
