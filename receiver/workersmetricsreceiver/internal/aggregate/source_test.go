// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package aggregate

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pmetric"
)

func TestCumulativeNumbers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	at := func(s int) time.Time { return w.clock.Add(time.Duration(s) * time.Second) }
	for _, step := range []struct {
		what      string
		instance  string
		v         float64
		start, at time.Time
		want      string
	}{
		{"the first counts in full", "a", 10, at(0), at(1), "10"},
		{"then what it rose by", "a", 12, at(0), at(2), "12"},
		{"a retry adds nothing", "a", 12, at(0), at(2), "12"},
		{"one that was overtaken adds nothing", "a", 11, at(0), at(1), "12"},
		{"another instance", "b", 5, at(0), at(1), "17"},
		{"lower is a reset", "a", 3, at(0), at(3), "20"},
		{"after which it goes on", "a", 4, at(0), at(4), "21"},
		{"a later start is a reset, also when higher", "a", 6, at(5), at(6), "27"},
		{"an earlier start was overtaken", "a", 100, at(0), at(7), "27"},
		{"without times", "b", 6, time.Time{}, time.Time{}, "28"},
	} {
		w.push(cumulative(delta("requests", step.v), step.instance, step.start, step.at))
		require.Equal(t, map[string]string{"/requests": step.want}, w.current(), step.what)
		w.open()
	}
	assert.Equal(t, 2, w.Stats().Sources)
}

func TestCumulativeDoublesDoNotDrift(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := 0.0
	for range 1000 {
		v += 0.1
		_, err := w.Push(Push{Metrics: cumulative(delta("spent", v), "a", time.Time{}, time.Time{})})
		require.NoError(t, err)
	}
	got := w.Current().Metrics("test", w.clock).ResourceMetrics().At(0).ScopeMetrics().At(0).Metrics().At(0).Sum().DataPoints().At(0).DoubleValue()
	assert.InDelta(t, v, got, 0)
}

func TestCumulativeIntegersBeyondDoubles(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, v := range []int64{1<<60 + 1, 1<<60 + 3} {
		md := cumulative(delta("bytes", 0), "a", time.Time{}, time.Time{})
		md.ResourceMetrics().At(0).ScopeMetrics().At(0).Metrics().At(0).Sum().DataPoints().At(0).SetIntValue(v)
		w.push(md)
	}
	total := int64(0)
	places := []int64{1, 1 << 20, 1 << 40, 1 << 60}
	for _, part := range w.Current().resources[0].rows[0].counted {
		total += int64(part.bits) * places[number(part.name)]
	}
	assert.Equal(t, int64(1<<60+3), total)
}

// Points that become one series because an attribute is not allowed are told apart by it all the same.
func TestCumulativePointsOfOneSeries(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(s *Settings) { s.Attributes = []string{"route"} })
	push := func(path string, v float64) {
		w.push(cumulative(delta("requests", v, "path", path), "a", time.Time{}, time.Time{}))
	}
	push("/a", 10)
	push("/b", 1)
	push("/a", 11)
	push("/b", 2)
	assert.Equal(t, map[string]string{"/requests": "13"}, w.current())
}

func TestCumulativeHistograms(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	bounds := []float64{1, 5}
	push := func(counts []uint64, sum float64) {
		w.push(cumulative(deltaHistogram("latency", bounds, counts, sum), "a", time.Time{}, time.Time{}))
		w.open()
	}
	push([]uint64{1, 2, 3}, 10)
	push([]uint64{1, 4, 3}, 16.5)
	assert.Equal(t, "[1 5] [1 4 3] count 8 sum 16.5", w.current()["/latency"])
	push([]uint64{2, 0, 0}, 1)
	assert.Equal(t, "[1 5] [3 4 3] count 10 sum 17.5", w.current()["/latency"], "lower is a reset")
	r := w.refused(cumulative(deltaHistogram("latency", []float64{1}, []uint64{9, 9}, 1), "a", time.Time{}, time.Time{}))
	assert.Equal(t, Conflict, r.Reason)
}

func TestCumulativeExponentialHistograms(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	push := func(scale, offset int32, counts []uint64, zero uint64, sum float64) {
		w.push(cumulative(deltaExponential("size", scale, offset, counts, zero, sum), "a", time.Time{}, time.Time{}))
		w.open()
	}
	push(2, 4, []uint64{1, 1, 1, 1}, 1, 10)
	push(1, 2, []uint64{3, 2, 7}, 1, 30)
	assert.Equal(t, "scale 1 zero 1 2 [3 2 7] 0 [] count 13 sum 30", w.current()["/size"], "the scale was lowered in between")
	push(1, 2, []uint64{1}, 0, 2)
	assert.Equal(t, "scale 1 zero 1 2 [4 2 7] 0 [] count 14 sum 32", w.current()["/size"], "lower is a reset")
}

// A client that runs out of buckets makes its zero bucket wider. That is no reset.
func TestCumulativeExponentialHistogramsWithWiderZero(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	push := func(threshold float64, zero uint64, offset int32, counts ...uint64) {
		md := cumulative(deltaExponential("size", 0, offset, counts, zero, 8), "a", time.Time{}, time.Time{})
		md.ResourceMetrics().At(0).ScopeMetrics().At(0).Metrics().At(0).ExponentialHistogram().DataPoints().At(0).SetZeroThreshold(threshold)
		w.push(md)
		w.open()
	}
	push(0, 1, -2, 3, 1, 2, 5) // (1/4, 1/2], (1/2, 1], (1, 2], (2, 4]
	push(1, 6, 0, 2, 5)
	assert.Equal(t, "scale 0 zero 6 0 [2 5] 0 [] count 13 sum 8", w.current()["/size"])
}

func TestCumulativeUpDownCounters(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	push := func(instance string, v float64) {
		md := cumulative(delta("open", v), instance, time.Time{}, time.Time{})
		md.ResourceMetrics().At(0).ScopeMetrics().At(0).Metrics().At(0).Sum().SetIsMonotonic(false)
		w.push(md)
	}
	push("a", 5)
	push("b", 2)
	push("a", 3)
	assert.Equal(t, "5", w.current()["/open"])
}

func TestSourcesAreBounded(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(s *Settings) { s.SeriesLimit = 2 })
	push := func(instance string) pmetric.Metrics {
		return cumulative(delta("requests", 1), instance, time.Time{}, time.Time{})
	}
	w.push(push("a"))
	w.push(push("b"))
	r := w.refused(push("c"))
	assert.Equal(t, Full, r.Reason)
	assert.Contains(t, r.Message, "sources")
	w.clock = w.clock.Add(2 * time.Hour)
	w.emit()
	assert.Zero(t, w.Stats().Sources)
	w.push(push("c"))
}
