package report

import (
	"fmt"
	"html/template"
	"math"
	"strconv"
	"strings"
)

// Chart is a picture: shapes in the units of its view box, which the page scales
// and whose classes its style colours.
type Chart struct {
	Title         string
	Width, Height int
	// Sentence says what the picture shows, for those who do not see it.
	Sentence string
	Legend   []legendItem
	// Numbers is the same as a table; empty where the picture has it all.
	Numbers []Fact

	shapes strings.Builder
}

// legendItem says what a colour means.
type legendItem struct{ Class, Label string }

// SVG returns the picture as markup.
func (c *Chart) SVG() template.HTML {
	return template.HTML(fmt.Sprintf(`<svg class="chart" viewBox="0 0 %d %d" role="img" aria-label="%s">%s`+"\n</svg>",
		c.Width, c.Height, escaped(c.Sentence), c.shapes.String()))
}

// rect draws a bar or a band.
func (c *Chart) rect(class string, x, y, width, height float64, title string) {
	fmt.Fprintf(&c.shapes, "\n"+`<rect class="%s" x="%s" y="%s" width="%s" height="%s">%s</rect>`,
		class, tenth(x), tenth(y), tenth(width), tenth(height), titled(title))
}

// path draws a line through points, x and y in turns.
func (c *Chart) path(class string, points ...float64) {
	pairs := make([]string, 0, len(points)/2)
	for i := 0; i+1 < len(points); i += 2 {
		pairs = append(pairs, tenth(points[i])+","+tenth(points[i+1]))
	}
	fmt.Fprintf(&c.shapes, "\n"+`<polyline class="%s" points="%s"/>`, class, strings.Join(pairs, " "))
}

// dot draws a point.
func (c *Chart) dot(class string, x, y, radius float64, title string) {
	fmt.Fprintf(&c.shapes, "\n"+`<circle class="%s" cx="%s" cy="%s" r="%s">%s</circle>`,
		class, tenth(x), tenth(y), tenth(radius), titled(title))
}

// text writes words: anchor is start, middle or end.
func (c *Chart) text(class, anchor string, x, y float64, text string) {
	fmt.Fprintf(&c.shapes, "\n"+`<text class="%s" x="%s" y="%s" text-anchor="%s">%s</text>`,
		class, tenth(x), tenth(y), anchor, escaped(text))
}

// titled is what a shape says when it is pointed at.
func titled(text string) string {
	if text == "" {
		return ""
	}
	return "<title>" + escaped(text) + "</title>"
}

func escaped(text string) string { return template.HTMLEscapeString(text) }

// tenth writes a coordinate with one decimal, which is as fine as a screen shows.
func tenth(x float64) string { return strconv.FormatFloat(math.Round(x*10)/10, 'f', -1, 64) }

// gridLevels returns round numbers from 0 to top or just beyond, at most six of them.
func gridLevels(top float64) []float64 {
	step := 1.0
	if top > 4 {
		power := math.Pow(10, math.Floor(math.Log10(top/4)))
		for _, factor := range [...]float64{1, 2, 5, 10} {
			if step = factor * power; top/step <= 5 {
				break
			}
		}
	}
	values := []float64{0}
	for i := 1.0; values[len(values)-1] < top; i++ {
		values = append(values, i*step)
	}
	return values
}
