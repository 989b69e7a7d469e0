// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package aggregate

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pmetric"
)

func TestContributionsAddUp(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for range 10 {
		w.push(delta("spent", 0.1, "model", "a"))
	}
	w.push(delta("spent", 5, "model", "b"))
	w.push(deltaHistogram("latency", []float64{1, 5}, []uint64{1, 0, 2}, 20.5))
	w.push(deltaHistogram("latency", []float64{1, 5}, []uint64{0, 3, 1}, 10.25))
	w.push(gaugeAt("level", 7, w.clock))
	want := map[string]string{
		"/spent{model=a}": "1",
		"/spent{model=b}": "5",
		"/latency":        "[1 5] [1 3 3] count 7 sum 30.75",
		"/level":          "7",
	}
	assert.Equal(t, want, w.current())
	w.open()
	assert.Equal(t, want, w.current())
	assert.Equal(t, Stats{Metrics: 3, Series: 4}, w.Stats())
}

// A counter, a histogram and an exponential histogram begin with their zero, and go on from it.
func TestZeroFirst(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.push(delta("requests", 1))
	w.push(deltaHistogram("latency", []float64{1}, []uint64{1, 2}, 9))
	w.push(deltaExponential("size", 0, 0, []uint64{1, 1}, 1, 9))
	w.push(gaugeAt("level", 7, w.clock))
	zero := map[string]string{
		"/requests": "0",
		"/latency":  "[1] [0 0] count 0 sum 0",
		"/size":     "scale 0 zero 0 0 [] 0 [] count 0 sum 0",
		"/level":    "7",
	}
	full := map[string]string{
		"/requests": "1",
		"/latency":  "[1] [1 2] count 3 sum 9",
		"/size":     "scale 0 zero 1 0 [1 1] 0 [] count 3 sum 9",
		"/level":    "7",
	}
	assert.Equal(t, zero, w.emit())
	w.open()
	assert.Equal(t, zero, w.emit(), "that the zero is out was not saved before the restart")
	assert.Equal(t, full, w.emit())
	w.open()
	assert.Equal(t, full, w.emit())

	w.push(deltaHistogram("latency", []float64{1}, []uint64{1, 0}, 1))
	assert.Equal(t, "[1] [2 2] count 4 sum 10", w.emit()["/latency"], "later buckets show at once")
}

func TestStartsAreThoseOfTheFirstPush(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first := w.clock
	w.push(delta("requests", 1))
	w.clock = w.clock.Add(time.Hour)
	w.push(delta("requests", 1))
	w.open()
	dp := w.Current().Metrics("test", w.clock).ResourceMetrics().At(0).ScopeMetrics().At(0).Metrics().At(0).Sum().DataPoints().At(0)
	assert.Equal(t, first, dp.StartTimestamp().AsTime())
	assert.Equal(t, w.clock, dp.Timestamp().AsTime())
}

func TestLastGaugeByTimestamp(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.push(gaugeAt("level", 1, w.clock.Add(-time.Minute)))
	w.push(gaugeAt("level", 2, w.clock.Add(-time.Hour)))
	assert.Equal(t, "1", w.current()["/level"], "the later one stands")
	w.push(gaugeAt("level", 3, w.clock.Add(24*time.Hour)))
	w.clock = w.clock.Add(time.Second)
	w.push(gaugeAt("level", -4, w.clock))
	assert.Equal(t, "-4", w.current()["/level"], "a clock ahead of ours does not keep others out")
	w.push(gaugeAt("level", math.Inf(1), time.Unix(0, 0)))
	assert.Equal(t, "+Inf", w.current()["/level"], "without a time it is now")
}

func TestUpDownCounters(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, v := range []float64{5, -7.5, 1} {
		md := delta("open", v)
		md.ResourceMetrics().At(0).ScopeMetrics().At(0).Metrics().At(0).Sum().SetIsMonotonic(false)
		w.push(md)
	}
	assert.Equal(t, "-1.5", w.current()["/open"])
}

func TestIdentity(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(s *Settings) { s.Attributes = []string{"route"} })
	for _, instance := range []string{"a", "b"} {
		for _, service := range []string{"web", "api"} {
			md := delta("requests", 1, "path", "/"+instance, "route", "/*")
			attributes := md.ResourceMetrics().At(0).Resource().Attributes()
			attributes.PutStr("service.name", service)
			attributes.PutStr("service.instance.id", instance)
			attributes.PutStr("host.name", instance)
			w.push(md)
		}
	}
	assert.Equal(t, map[string]string{"web/requests{route=/*}": "2", "api/requests{route=/*}": "2"}, w.current())

	md := delta("typed", 1)
	attributes := md.ResourceMetrics().At(0).ScopeMetrics().At(0).Metrics().At(0).Sum().DataPoints().At(0).Attributes()
	attributes.PutInt("route", 200)
	w.push(md)
	w.push(delta("typed", 1, "route", "200"))
	w.push(delta("typed", 1, "route", ""))
	w.push(delta("typed", 1))
	assert.Equal(t, "2", w.current()["/typed{route=200}"], "text tells series apart")
	assert.Equal(t, "2", w.current()["/typed"], "empty is none")
}

func TestLimits(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(s *Settings) { s.ValueLimit, s.SeriesLimit, s.MetricLimit = 5, 8, 2 })
	for i := range 20 {
		w.push(delta("by_path", 1, "path", fmt.Sprintf("/%d", i), "method", "GET"))
	}
	got := w.current()
	assert.Len(t, got, 6)
	assert.Equal(t, "1", got["/by_path{method=GET,path=/4}"])
	assert.Equal(t, "15", got["/by_path{method=GET,path=_OTHER}"])
	w.open(func(s *Settings) { s.ValueLimit, s.SeriesLimit, s.MetricLimit = 5, 8, 2 })
	w.push(delta("by_path", 1, "path", "/new", "method", "GET"))
	w.push(delta("by_path", 1, "path", "/3", "method", "GET"))
	assert.Equal(t, "16", w.current()["/by_path{method=GET,path=_OTHER}"])
	assert.Equal(t, "2", w.current()["/by_path{method=GET,path=/3}"])

	for i := range 20 {
		w.push(delta("many", 1, "a", strconv.Itoa(i%5), "b", strconv.Itoa(i%4)))
	}
	got = w.current()
	assert.Equal(t, "12", got["/many{otel.metric.overflow=true}"])
	assert.Equal(t, 1, w.Stats().Overflow)
	r := w.refused(delta("third", 1))
	assert.Equal(t, Full, r.Reason)
	assert.Contains(t, r.Message, "metrics_limit")
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		md     pmetric.Metrics
		reason Reason
		want   string
	}{
		"kind":          {gaugeAt("requests", 1, time.Time{}), Conflict, "metric requests is a counter here, and a gauge was pushed"},
		"bounds":        {deltaHistogram("latency", []float64{1, 2}, []uint64{1, 1, 1}, 1), Conflict, "the series has the bounds [1 5] here, and [1 2] were pushed"},
		"unit":          {withUnit(delta("bytes", 1), "s"), Conflict, `has the unit "By" here, and "s" was pushed`},
		"name":          {delta("req uests", 1), Invalid, `metric name "req uests" is not valid`},
		"reserved name": {delta("__all", 1), Invalid, "is not valid"},
		"empty name":    {delta("", 1), Invalid, "is not valid"},
		"negative":      {delta("requests", -1), Invalid, "-1 would make a counter go down"},
		"not a number":  {delta("requests", math.NaN()), Invalid, "NaN cannot be added up"},
		"infinite":      {delta("requests", math.Inf(1)), Invalid, "+Inf cannot be added up"},
		"attribute":     {delta("requests", 1, "__name__", "x"), Invalid, `attribute name "__name__" is not valid`},
		"counts":        {deltaHistogram("latency", []float64{1, 5}, []uint64{1}, 1), Invalid, "2 bounds and 1 bucket counts"},
		"descending":    {deltaHistogram("other", []float64{5, 1}, []uint64{1, 0, 0}, 1), Invalid, "do not ascend"},
		"huge":          {delta("requests", 1, manyPairs()...), Invalid, "bytes;"},
		"too many":      {delta("requests", 1, pairs(100)...), Invalid, "has 100 attributes; 64 are the most"},
		"no instance":   {cumulative(delta("requests", 1), "", time.Time{}, time.Time{}), Conflict, "service.instance.id"},
		"no doubles":    {deltaExponential("size", 3, 1<<30, []uint64{1}, 0, 1), Invalid, "hold no doubles"},
		"scale":         {deltaExponential("size", 21, 0, []uint64{1}, 0, 1), Invalid, "scale 21 is not between"},
		"count differs": {withCount(deltaExponential("size", 1, 0, []uint64{1}, 0, 1), 9), Invalid, "is not the sum of the bucket counts"},
		"summary":       {summary(), Invalid, "quantiles cannot be added up"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.push(delta("requests", 1))
			w.push(deltaHistogram("latency", []float64{1, 5}, []uint64{1, 0, 2}, 20.5))
			w.push(withUnit(delta("bytes", 1), "By"))
			r := w.refused(tc.md)
			assert.Equal(t, tc.reason, r.Reason)
			assert.Contains(t, r.Message, tc.want)
			assert.Equal(t, 3, w.Stats().Metrics)
			assert.Zero(t, w.Stats().Sources)
		})
	}
}

func withUnit(md pmetric.Metrics, unit string) pmetric.Metrics {
	md.ResourceMetrics().At(0).ScopeMetrics().At(0).Metrics().At(0).SetUnit(unit)
	return md
}

func withCount(md pmetric.Metrics, n uint64) pmetric.Metrics {
	md.ResourceMetrics().At(0).ScopeMetrics().At(0).Metrics().At(0).ExponentialHistogram().DataPoints().At(0).SetCount(n)
	return md
}

func summary() pmetric.Metrics {
	md, m := metricOf("", "quantiles")
	m.SetEmptySummary().DataPoints().AppendEmpty()
	return md
}

func pairs(n int) []string {
	var list []string
	for i := range n {
		list = append(list, fmt.Sprint("a", i), "b")
	}
	return list
}

func manyPairs() []string {
	list := pairs(60)
	for i := range list {
		list[i] += strings.Repeat("x", 200+600*(i%2))
	}
	return list
}

// What is refused in a partial push does not keep the rest out; in any other it does.
func TestPartialPush(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	md := delta("good", 1)
	delta("bad", -1).ResourceMetrics().MoveAndAppendTo(md.ResourceMetrics())
	delta("good", 2).ResourceMetrics().MoveAndAppendTo(md.ResourceMetrics())
	gaugeAt("good", 2, w.clock).ResourceMetrics().MoveAndAppendTo(md.ResourceMetrics())
	assert.Equal(t, Invalid, w.refused(md).Reason)
	outcome, err := w.Push(Push{Metrics: md, Partial: true})
	require.NoError(t, err)
	assert.Equal(t, Outcome{Points: 2, Refused: 2, Message: "metric bad: -1 would make a counter go down"}, outcome)
	assert.Equal(t, map[string]string{"/good": "3"}, w.current())
}

func TestFailedCommitChangesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.push(delta("requests", 1))
	w.push(cumulative(delta("total", 5), "i", time.Time{}, time.Time{}))
	before := w.current()
	w.disk.failing = true
	for _, md := range []pmetric.Metrics{
		delta("requests", 1), delta("new", 1), cumulative(delta("total", 9), "i", time.Time{}, time.Time{}),
	} {
		_, err := w.Push(Push{Metrics: md})
		require.NoError(t, err)
		require.ErrorIs(t, w.Commit(t.Context()), errStorage)
		require.Equal(t, before, w.current())
	}
	replayed, err := w.Once(NewKey("", "k"), func() error { return nil })
	require.NoError(t, err)
	require.False(t, replayed)
	require.Error(t, w.Commit(t.Context()))
	w.disk.failing = false
	w.push(cumulative(delta("total", 9), "i", time.Time{}, time.Time{}))
	assert.Equal(t, "9", w.current()["/total"])
	replayed, err = w.Once(NewKey("", "k"), func() error { return nil })
	require.NoError(t, err)
	assert.False(t, replayed, "a key that was not saved is not known")
}

// Exponential histograms of any scales and ranges add up to what they would be when counted at the final scale.
func TestExponentialHistogramsMerge(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := rand.New(rand.NewPCG(5, 6))
	truth := map[int]uint64{} // at scale 20
	zero, sum := uint64(0), 0.0
	for range 300 {
		scale := 20 - r.IntN(18)
		center := (r.IntN(8) - 4) << scale
		counts := make([]uint64, 1+r.IntN(20))
		for i := range counts {
			counts[i] = uint64(r.IntN(3))
			truth[(center+i)<<(20-scale)] += counts[i]
		}
		w.push(deltaExponential("size", int32(scale), int32(center), counts, 2, 0.5))
		zero += 2
		sum += 0.5
	}
	check := func() {
		dp := w.Current().Metrics("test", w.clock).ResourceMetrics().At(0).ScopeMetrics().At(0).Metrics().At(0).ExponentialHistogram().DataPoints().At(0)
		want := lower(truth, 20-int(dp.Scale()))
		for index, n := range want {
			if n == 0 {
				delete(want, index)
			}
		}
		assert.Equal(t, want, exponentialBuckets(dp.Positive()))
		assert.LessOrEqual(t, dp.Positive().BucketCounts().Len(), maxExponentialBuckets)
		assert.Equal(t, zero, dp.ZeroCount())
		assert.InDelta(t, sum, dp.Sum(), 0)
	}
	check()
	w.open()
	check()
	w.push(deltaExponential("size", 20, 0, []uint64{1}, 0, 0))
	truth[0]++
	check()
}

func TestKeys(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(s *Settings) { s.KeyLimit = 3 })
	count := func() error { _, err := w.Push(Push{Metrics: delta("requests", 1)}); return err }
	once := func(principal, key, body string) (bool, error) {
		replayed, err := w.Once(NewKey(principal, key, []byte(body)), count)
		w.commit()
		return replayed, err
	}
	for i := range 3 {
		replayed, err := once("alice", "k", "body")
		require.NoError(t, err)
		assert.Equal(t, i > 0, replayed)
		w.open(func(s *Settings) { s.KeyLimit = 3 })
	}
	assert.Equal(t, "1", w.current()["/requests"])
	_, err := once("alice", "k", "another body")
	var r *Refusal
	require.ErrorAs(t, err, &r)
	assert.Equal(t, KeyReused, r.Reason)

	replayed, err := once("bob", "k", "body")
	require.NoError(t, err)
	assert.False(t, replayed, "another principal's key is another key")
	_, err = once("alice", "k2", "body")
	require.NoError(t, err)
	_, err = once("alice", "k3", "body")
	require.ErrorAs(t, err, &r)
	assert.Equal(t, Busy, r.Reason)
	assert.Equal(t, "3", w.current()["/requests"])
	replayed, err = once("alice", "k", "body")
	require.NoError(t, err)
	assert.True(t, replayed, "known keys are answered")

	w.clock = w.clock.Add(59 * time.Second)
	replayed, err = once("alice", "k", "body")
	require.NoError(t, err)
	assert.True(t, replayed)
	w.clock = w.clock.Add(10 * time.Second)
	_, err = once("alice", "k3", "body")
	require.NoError(t, err)
	assert.Equal(t, 1, w.Stats().Keys)
	assert.Equal(t, "4", w.current()["/requests"])
}
