// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package aggregate

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
)

func TestSeriesEndWithOnePoint(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.push(delta("old", 1))
	w.push(deltaHistogram("latency", []float64{1}, []uint64{1, 1}, 2))
	w.push(deltaExponential("size", 0, 0, []uint64{1}, 0, 1))
	w.push(gaugeAt("level", 1, w.clock))
	w.emit()
	w.clock = w.clock.Add(50 * time.Minute)
	w.push(delta("old", 1, "a", "b"))
	w.open() // when a series was last seen is known over a restart
	w.clock = w.clock.Add(15 * time.Minute)
	want := map[string]string{"/old": "ended", "/latency": "ended", "/size": "ended", "/level": "ended", "/old{a=b}": "0"}
	assert.Equal(t, want, w.emit())
	w.open()
	assert.Equal(t, want, w.emit(), "that it is out was not saved before the restart")
	assert.Equal(t, map[string]string{"/old{a=b}": "1"}, w.emit())
	w.open()
	assert.Equal(t, map[string]string{"/old{a=b}": "1"}, w.emit())
	assert.Equal(t, Stats{Metrics: 1, Series: 1}, w.Stats())
}

// Prometheus has a series for each bucket, for the sum and for the count, and ends those that it is told of.
func TestHistogramsEndWithTheirBuckets(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.push(deltaHistogram("latency", []float64{1, 2}, []uint64{1, 1, 0}, 2))
	w.emit()
	w.Delete(Selector{})
	w.commit()
	md := w.ToEmit().Metrics("", w.clock)
	dp := md.ResourceMetrics().At(0).ScopeMetrics().At(0).Metrics().At(0).Histogram().DataPoints().At(0)
	assert.True(t, dp.Flags().NoRecordedValue())
	assert.Equal(t, []float64{1, 2}, dp.ExplicitBounds().AsRaw())
	assert.Equal(t, []uint64{0, 0, 0}, dp.BucketCounts().AsRaw())
	assert.True(t, dp.HasSum())
}

func TestSeriesThatComeAgainDoNotEnd(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.push(delta("requests", 5))
	w.emit()
	assert.Equal(t, 1, w.Delete(Selector{}))
	w.push(gaugeAt("requests", 3, w.clock)) // also with another kind
	assert.Equal(t, map[string]string{"/requests": "3"}, w.emit())
	w.Delete(Selector{})
	w.push(delta("requests", 1))
	assert.Equal(t, map[string]string{"/requests": "0"}, w.emit())
	assert.Equal(t, map[string]string{"/requests": "1"}, w.emit())
}

func TestDelete(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		sel  Selector
		left []string
	}{
		"all":          {Selector{}, nil},
		"metric":       {Selector{Metric: "requests"}, []string{"/http.requests{http.method=GET}", "web/up"}},
		"label":        {Selector{Metric: "requests", Labels: map[string]string{"a": "1"}}, []string{"/requests", "/requests{a=2,b=1}", "/http.requests{http.method=GET}", "web/up"}},
		"all labels":   {Selector{Metric: "requests", Labels: map[string]string{"a": "2", "b": "1"}}, []string{"/requests", "/requests{a=1,b=1}", "/http.requests{http.method=GET}", "web/up"}},
		"no match":     {Selector{Metric: "requests", Labels: map[string]string{"a": "1", "b": "2"}}, []string{"/requests", "/requests{a=1,b=1}", "/requests{a=2,b=1}", "/http.requests{http.method=GET}", "web/up"}},
		"exposed name": {Selector{Metric: "http_requests", Labels: map[string]string{"http_method": "GET"}}, []string{"/requests", "/requests{a=1,b=1}", "/requests{a=2,b=1}", "web/up"}},
		"job":          {Selector{Labels: map[string]string{"job": "web"}}, []string{"/requests", "/requests{a=1,b=1}", "/requests{a=2,b=1}", "/http.requests{http.method=GET}"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.push(delta("requests", 1))
			w.push(delta("requests", 1, "a", "1", "b", "1"))
			w.push(delta("requests", 1, "a", "2", "b", "1"))
			w.push(delta("http.requests", 1, "http.method", "GET"))
			md := gaugeAt("up", 1, w.clock)
			md.ResourceMetrics().At(0).Resource().Attributes().PutStr("service.name", "web")
			w.push(md)
			assert.Equal(t, 5-len(tc.left), w.Delete(tc.sel))
			w.commit()
			w.open()
			var left []string
			for series := range w.current() {
				left = append(left, series)
			}
			assert.ElementsMatch(t, tc.left, left)
		})
	}
}

func TestGroups(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	one, other := Group(map[string]string{"job": "a"}), Group(map[string]string{"job": "a", "shard": "1"})
	push := func(group string, replace bool, names ...string) {
		for _, name := range names {
			_, err := w.Push(Push{Metrics: gaugeAt(name, 1, w.clock), Group: group, ReplaceGauges: replace})
			require.NoError(t, err)
		}
	}
	push(one, false, "x", "y")
	push(other, false, "z")
	_, err := w.Push(Push{Metrics: delta("counted", 1), Group: one})
	require.NoError(t, err)
	w.commit()
	w.open()
	push(one, true, "v")
	w.commit()
	assert.Equal(t, map[string]string{"/v": "1", "/z": "1", "/counted": "1"}, w.current(), "PUT replaces gauges and adds to counters")
	w.open()
	assert.Equal(t, 2, w.DeleteGroup(one, pcommon.NewMap()))
	assert.Equal(t, map[string]string{"/z": "1"}, w.current())
}

func TestDeletingAGroupForgetsItsInstance(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	push := func() { w.push(cumulative(delta("requests", 5), "i", time.Time{}, time.Time{})) }
	push()
	push()
	assert.Equal(t, "5", w.current()["/requests"])
	resource := pcommon.NewMap()
	resource.PutStr(instanceAttribute, "i")
	w.DeleteGroup("group", resource)
	push()
	assert.Equal(t, "10", w.current()["/requests"])
}
