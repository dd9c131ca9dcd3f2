// Package exposition keeps numbers and writes them in Prometheus's text format (version 0.0.4), for a scrape or for
// node_exporter's textfile collector.
//
// It does of prometheus/client_golang what seatsync uses: gauges, counters and histograms with labels. That library
// brings protobuf and its reflection, an eighth of the whole program, for a format that is a page of text; and with a
// thousand accounts it takes most of a second for a scrape. Its parser and its linter judge this package in the tests.
//
// The package must never know what the numbers mean. Read on in ../metrics.go, which says so.
package exposition

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"
)

// Registry is a set of families of numbers. Its zero value is empty and ready for use.
type Registry struct {
	mu       sync.Mutex // over the list and every number in it
	families []*Family
}

// Family is everything with one name: a number, or a histogram, for each combination of values of its labels. It may be
// used by several goroutines.
type Family struct {
	registry         *Registry
	name, help, kind string
	labels           []string
	bounds           []float64            // of a histogram, rising; the last bucket, of everything, is not among them
	series           map[string][]*series // by the value of the first label, "" where there is none
}

// series is one combination of values.
type series struct {
	values []string
	value  float64  // or the sum of what a histogram observed
	counts []uint64 // of a histogram, for each bucket alone; the last is beyond every bound
}

// Gauge adds a family whose numbers rise and fall.
func (r *Registry) Gauge(name, help string, labels ...string) *Family {
	return r.add(&Family{name: name, help: help, kind: "gauge", labels: labels})
}

// Counter adds a family whose numbers only rise. By convention its name ends in _total.
func (r *Registry) Counter(name, help string, labels ...string) *Family {
	return r.add(&Family{name: name, help: help, kind: "counter", labels: labels})
}

// Histogram adds a family that counts observations by their size; the bounds rise.
func (r *Registry) Histogram(name, help string, bounds []float64, labels ...string) *Family {
	return r.add(&Family{name: name, help: help, kind: "histogram", labels: labels, bounds: bounds})
}

func (r *Registry) add(f *Family) *Family {
	r.mu.Lock()
	defer r.mu.Unlock()
	f.registry, f.series = r, make(map[string][]*series)
	r.families = append(r.families, f)
	return f
}

// with calls do with the series of the values, which is made if there is none yet. There is a value for each label.
func (f *Family) with(values []string, do func(*series)) {
	if len(values) != len(f.labels) {
		panic(fmt.Sprintf("exposition: %s has labels %q, not %d", f.name, f.labels, len(values)))
	}
	f.registry.mu.Lock()
	defer f.registry.mu.Unlock()
	one := f.find(values)
	if one == nil {
		one = &series{values: slices.Clone(values)}
		if f.kind == "histogram" {
			one.counts = make([]uint64, len(f.bounds)+1)
		}
		f.series[first(values)] = append(f.series[first(values)], one)
	}
	do(one)
}

// find returns the series of the values, or nil. An account has few of a family.
func (f *Family) find(values []string) *series {
	for _, one := range f.series[first(values)] {
		if slices.Equal(one.values, values) {
			return one
		}
	}
	return nil
}

// first is the value of the first label.
func first(values []string) string {
	if len(values) == 0 {
		return ""
	}
	return values[0]
}

// Begin makes the series of the values appear, with 0 if it is new: a counter that appears with its first event would
// look to Prometheus as if it had never risen.
func (f *Family) Begin(values ...string) { f.with(values, func(*series) {}) }

// Set sets a gauge.
func (f *Family) Set(value float64, values ...string) {
	f.with(values, func(s *series) { s.value = value })
}

// SetSeen sets a gauge that is left out as long as it was never anything but 0.
func (f *Family) SetSeen(value float64, values ...string) {
	if value != 0 || f.has(values) {
		f.Set(value, values...)
	}
}

// has reports whether there is a series of the values.
func (f *Family) has(values []string) bool {
	f.registry.mu.Lock()
	defer f.registry.mu.Unlock()
	return f.find(values) != nil
}

// Inc adds one to a counter.
func (f *Family) Inc(values ...string) { f.Add(1, values...) }

// Add adds to a counter or a gauge.
func (f *Family) Add(more float64, values ...string) {
	f.with(values, func(s *series) { s.value += more })
}

// Observe counts one observation in a histogram.
func (f *Family) Observe(value float64, values ...string) {
	f.with(values, func(s *series) {
		s.value += value
		bucket, _ := slices.BinarySearch(f.bounds, value) // a bucket holds its own bound
		s.counts[bucket]++
	})
}

// Value returns the number of the values, 0 if there is none; of a histogram the sum.
func (f *Family) Value(values ...string) (value float64) {
	f.registry.mu.Lock()
	defer f.registry.mu.Unlock()
	if one := f.find(values); one != nil {
		value = one.value
	}
	return value
}

// Delete removes every series in which the first labels have these values, of which there is one at least.
func (f *Family) Delete(values ...string) {
	f.registry.mu.Lock()
	defer f.registry.mu.Unlock()
	left := slices.DeleteFunc(f.series[values[0]], func(one *series) bool { return slices.Equal(one.values[:len(values)], values) })
	if f.series[values[0]] = left; len(left) == 0 {
		delete(f.series, values[0])
	}
}

// DeleteAll removes every series of every family in which the first labels have these values.
func (r *Registry) DeleteAll(first ...string) {
	r.mu.Lock()
	families := slices.Clone(r.families)
	r.mu.Unlock()
	for _, f := range families {
		f.Delete(first...)
	}
}

// WriteTo writes everything, families and series in the order of their names and values, as of one moment.
func (r *Registry) WriteTo(out io.Writer) (int64, error) {
	var text bytes.Buffer
	r.mu.Lock()
	families := slices.Clone(r.families)
	slices.SortFunc(families, func(a, b *Family) int { return strings.Compare(a.name, b.name) })
	for _, f := range families {
		f.write(&text)
	}
	r.mu.Unlock()
	return text.WriteTo(out)
}

// write writes a family that has something to say.
func (f *Family) write(out *bytes.Buffer) {
	if len(f.series) == 0 {
		return
	}
	fmt.Fprintf(out, "# HELP %s %s\n# TYPE %s %s\n", f.name, strings.NewReplacer(`\`, `\\`, "\n", `\n`).Replace(f.help), f.name, f.kind)
	for _, first := range slices.Sorted(maps.Keys(f.series)) {
		slices.SortFunc(f.series[first], func(a, b *series) int { return slices.Compare(a.values, b.values) })
		for _, one := range f.series[first] {
			f.writeSeries(out, one)
		}
	}
}

// writeSeries writes a number, or the numbers of a histogram.
func (f *Family) writeSeries(out *bytes.Buffer, one *series) {
	if f.kind != "histogram" {
		f.line(out, "", one.values, "", one.value)
		return
	}
	total := uint64(0)
	for i, count := range one.counts {
		total += count
		bound := math.Inf(1)
		if i < len(f.bounds) {
			bound = f.bounds[i]
		}
		f.line(out, "_bucket", one.values, number(bound), float64(total))
	}
	f.line(out, "_sum", one.values, "", one.value)
	f.line(out, "_count", one.values, "", float64(total))
}

// line writes one number. The bound is that of a bucket, or "".
func (f *Family) line(out *bytes.Buffer, suffix string, values []string, bound string, value float64) {
	out.WriteString(f.name)
	out.WriteString(suffix)
	separator := byte('{')
	pair := func(label, value string) {
		out.WriteByte(separator)
		separator = ','
		out.WriteString(label)
		out.WriteString(`="`)
		writeEscaped(out, value)
		out.WriteByte('"')
	}
	for i, label := range f.labels {
		pair(label, values[i])
	}
	if bound != "" {
		pair("le", bound)
	}
	if separator == ',' {
		out.WriteByte('}')
	}
	out.WriteByte(' ')
	out.WriteString(number(value))
	out.WriteByte('\n')
}

// writeEscaped writes a label's value, in which a backslash, a quotation mark and a line break are special. What is not
// UTF-8 would make Prometheus refuse everything.
func writeEscaped(out *bytes.Buffer, value string) {
	if !strings.ContainsAny(value, "\\\"\n") && utf8.ValidString(value) {
		out.WriteString(value) // nearly always
		return
	}
	for _, r := range strings.ToValidUTF8(value, "\uFFFD") {
		switch r {
		case '\\', '"':
			out.WriteByte('\\')
			out.WriteRune(r)
		case '\n':
			out.WriteString(`\n`)
		default:
			out.WriteRune(r)
		}
	}
}

// number writes a float as the format has it.
func number(value float64) string {
	switch {
	case math.IsInf(value, 1):
		return "+Inf"
	case value == 0:
		return "0" // also for less than nothing
	}
	return strconv.FormatFloat(value, 'g', -1, 64)
}
