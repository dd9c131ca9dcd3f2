package exposition_test

import (
	"bytes"
	"maps"
	"math"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"pgregory.net/rapid"

	"github.com/seatsync/seatsync/reconcile/daemon/exposition"
)

func text(r *exposition.Registry) string {
	var out bytes.Buffer
	_, _ = r.WriteTo(&out)
	return out.String()
}

// theirs is what Prometheus's own library writes.
func theirs(registry *prometheus.Registry) string {
	recorder := httptest.NewRecorder()
	promhttp.HandlerFor(registry, promhttp.HandlerOpts{}).ServeHTTP(recorder, httptest.NewRequest("GET", "/metrics", nil))
	return recorder.Body.String()
}

// lines is what a scrape means: the order of labels and lines does not matter.
func lines(text string) []string {
	var all []string
	for line := range strings.Lines(text) {
		all = append(all, line)
	}
	slices.Sort(all)
	return all
}

func TestTheTextIsThatOfPrometheusItself(t *testing.T) {
	bounds := []float64{0.5, 1, 2.5, 10}
	value := rapid.OneOf(rapid.Float64(), rapid.SampledFrom([]float64{0, 1, 0.5, 2.5, 10, 1e21, 1e-7, math.Inf(1), 1764000000.25}))
	rapid.Check(t, func(t *rapid.T) {
		var ours exposition.Registry
		registry := prometheus.NewRegistry()
		gauge, counter := ours.Gauge("g", "A gauge, \\ and\na break.", "account", "kind"), ours.Counter("c_total", "A counter.", "account")
		histogram := ours.Histogram("h_seconds", "A histogram.", bounds, "account")
		g := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "g", Help: "A gauge, \\ and\na break."}, []string{"account", "kind"})
		c := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "c_total", Help: "A counter."}, []string{"account"})
		h := prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "h_seconds", Help: "A histogram.", Buckets: bounds}, []string{"account"})
		registry.MustRegister(g, c, h)
		account := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{"", "a", `"b"\`, "c\nd", "é\u2028"}))
		for range rapid.IntRange(0, 30).Draw(t, "steps") {
			a, k := account.Draw(t, "account"), account.Draw(t, "kind")
			v := value.Draw(t, "value")
			switch rapid.IntRange(0, 5).Draw(t, "step") {
			case 0:
				gauge.Set(v, a, k)
				g.WithLabelValues(a, k).Set(v)
			case 1:
				counter.Inc(a)
				c.WithLabelValues(a).Inc()
			case 2:
				histogram.Observe(v, a)
				h.WithLabelValues(a).Observe(v)
			case 3:
				counter.Begin(a)
				c.WithLabelValues(a)
			case 4:
				gauge.Delete(a)
				g.DeletePartialMatch(prometheus.Labels{"account": a})
			case 5:
				ours.DeleteAll(a)
				for _, vector := range []interface {
					DeletePartialMatch(prometheus.Labels) int
				}{g, c, h} {
					vector.DeletePartialMatch(prometheus.Labels{"account": a})
				}
			}
		}
		if got, want := lines(text(&ours)), lines(theirs(registry)); !slices.Equal(got, want) {
			t.Fatalf("got\n%s\nwant\n%s", strings.Join(got, ""), strings.Join(want, ""))
		}
	})
}

func TestOrderIsFixedAndInvalidTextIsReplaced(t *testing.T) {
	var r exposition.Registry
	r.Counter("z_total", "Z.").Inc()
	g := r.Gauge("a", "A.", "account")
	for name := range maps.Keys(map[string]bool{"b": true, "a\xff": true, "c": true}) {
		g.Set(1, name)
	}
	const want = "# HELP a A.\n# TYPE a gauge\na{account=\"a\uFFFD\"} 1\na{account=\"b\"} 1\na{account=\"c\"} 1\n" +
		"# HELP z_total Z.\n# TYPE z_total counter\nz_total 1\n"
	if got := text(&r); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestManyMayWriteAtOnce(t *testing.T) {
	var r exposition.Registry
	c := r.Counter("c_total", "C.", "account")
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 100 {
				c.Inc("a")
				_ = text(&r)
			}
		})
	}
	all.Wait()
	if got := c.Value("a"); got != 800 {
		t.Errorf("%v, want 800", got)
	}
}
