// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/e2e/internal/exposition"
)

// journal is all points of each series that a backend received by OTLP, in their order.
type journal struct {
	*sink

	mu     sync.Mutex
	points map[string][]entry
}

// entry is one point: a counter's or a gauge's value, or how often a histogram has counted.
type entry struct {
	value       float64
	start, time time.Time
	ended       bool
}

func newJournal(t *testing.T) *journal {
	t.Helper()
	j := &journal{points: map[string][]entry{}}
	j.sink = newSink(t, func(_ *sink, body []byte) error { return j.parse(body) })
	return j
}

func (j *journal) parse(body []byte) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	return eachMetric(body, func(_ pcommon.Map, m pmetric.Metric) error {
		j.note(m)
		return nil
	})
}

func (j *journal) note(m pmetric.Metric) {
	numbers := pmetric.NewNumberDataPointSlice()
	switch m.Type() {
	case pmetric.MetricTypeSum:
		numbers = m.Sum().DataPoints()
	case pmetric.MetricTypeGauge:
		numbers = m.Gauge().DataPoints()
	case pmetric.MetricTypeHistogram:
		for _, p := range m.Histogram().DataPoints().All() {
			j.append(m.Name(), p.Attributes(), p, float64(p.Count()))
		}
	default:
	}
	for _, p := range numbers.All() {
		j.append(m.Name(), p.Attributes(), p, p.DoubleValue())
	}
}

func (j *journal) append(name string, attributes pcommon.Map, point interface {
	Flags() pmetric.DataPointFlags
	StartTimestamp() pcommon.Timestamp
	Timestamp() pcommon.Timestamp
}, value float64,
) {
	labels := map[string]string{}
	for label, v := range attributes.All() {
		labels[label] = v.AsString()
	}
	id := exposition.Series(name, labels)
	j.points[id] = append(j.points[id], entry{
		value, point.StartTimestamp().AsTime(), point.Timestamp().AsTime(), point.Flags().NoRecordedValue(),
	})
}

// of returns the points of a series, and how many of them say that it has ended.
func (j *journal) of(series string) (points []entry, ends int) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, p := range j.points[series] {
		if p.ended {
			ends++
		}
	}
	return append(points, j.points[series]...), ends
}

// waitFor waits for so many more points of a series.
func (j *journal) waitFor(d *deployment, series string, more int) {
	d.t.Helper()
	before, _ := j.of(series)
	d.eventually(time.Minute, func(c *assert.CollectT) {
		points, _ := j.of(series)
		assert.GreaterOrEqual(c, len(points), len(before)+more)
	}, series+" goes on")
}

const pushedForDeletion = `# TYPE orders_total counter
orders_total{plan="free",region="eu"} 1
orders_total{plan="free",region="us"} 2
orders_total{plan="pro",region="eu"} 3
# TYPE queue_length gauge
queue_length{queue="a"} 4
queue_length{queue="b"} 5
queue_length{queue="c"} 6
# TYPE latency_ms histogram
latency_ms_bucket{route="/",le="10"} 1
latency_ms_bucket{route="/",le="+Inf"} 2
latency_ms_sum{route="/"} 30
latency_ms_count{route="/"} 2
latency_ms_bucket{route="/b",le="10"} 1
latency_ms_bucket{route="/b",le="+Inf"} 1
latency_ms_sum{route="/b"} 7
latency_ms_count{route="/b"} 1
# TYPE kept_total counter
kept_total 9
`

// What is deleted ends with one point everywhere: several series of one metric at once, and no others.
func TestDeletedSeriesEndDownstream(t *testing.T) {
	t.Parallel()
	backend, remote := newJournal(t), newSink(t, parseRemoteWrite)
	d := deployWorkers(t)
	d.env["WORKERS_EXPORTERS"] = "[prometheus/workers, otlp_http/workers, prometheus_remote_write/workers]"
	d.env["OTLP_ENDPOINT"], d.env["REMOTE_WRITE_ENDPOINT"] = backend.URL, remote.URL
	d.startTaking()
	i := d.intake(1)
	i.ok(t, http.MethodPost, "/metrics", pushedForDeletion)
	i.ok(t, http.MethodPost, "/metrics/job/batch", "# TYPE copied_total counter\ncopied_total{table=\"a\"} 1\ncopied_total{table=\"b\"} 2\n")
	want, err := i.sums(t.Context())
	require.NoError(t, err)
	require.Len(t, want, 3+3+8+1+2)
	d.expectSeries(want)

	for _, deletion := range []struct {
		path  string
		lines []string // beginnings of what GET /metrics ceases to show
		ended []string // the series that end
	}{
		{"/metrics/orders_total?plan=free", []string{`orders_total{plan="free"`}, []string{
			`orders_total{plan="free",region="eu"}`, `orders_total{plan="free",region="us"}`,
		}},
		{"/metrics/queue_length?queue=b", []string{`queue_length{queue="b"`}, []string{`queue_length{queue="b"}`}},
		{"/metrics/latency_ms", []string{"latency_ms_"}, []string{`latency_ms{route="/"}`, `latency_ms{route="/b"}`}},
		{"/metrics/job/batch", []string{"copied_total"}, []string{`copied_total{table="a"}`, `copied_total{table="b"}`}},
		{"/metrics/orders_total?plan=pro&region=us", nil, nil}, // has one of them
	} {
		i.ok(t, http.MethodDelete, deletion.path, "")
		for line := range want {
			for _, beginning := range deletion.lines {
				if strings.HasPrefix(line, beginning) {
					delete(want, line)
				}
			}
		}
		d.expectSeries(want)
		d.expectWritten(remote, want)
		backend.waitFor(d, "kept_total{}", 3)
		for _, series := range deletion.ended {
			points, ends := backend.of(series)
			assert.Equal(t, 1, ends, series)
			assert.True(t, points[len(points)-1].ended, "nothing of %s comes after its end", series)
		}
	}
	assert.Len(t, want, 4)
	for _, series := range []string{`orders_total{plan="pro",region="eu"}`, `queue_length{queue="a"}`, `queue_length{queue="c"}`, "kept_total{}"} {
		_, ends := backend.of(series)
		assert.Zero(t, ends, series)
	}
	backend.expectNewLife(d, i)

	i.ok(t, http.MethodDelete, "/metrics/__all", "")
	d.eventually(time.Minute, func(c *assert.CollectT) {
		got, err := d.scraped()
		require.NoError(c, err)
		assert.Empty(c, got)
		_, ends := backend.of("kept_total{}")
		assert.Equal(c, 1, ends)
	}, "nothing is left")
	left, err := i.sums(t.Context())
	require.NoError(t, err)
	assert.Empty(t, left)
	d.expectWritten(remote, nil)
	_, err = backend.samples()
	require.NoError(t, err)
}

// expectWritten waits until the series that have been written remotely, and not been marked as stale, are these.
func (d *deployment) expectWritten(remote *sink, want map[string]float64) {
	d.t.Helper()
	d.eventually(time.Minute, func(c *assert.CollectT) {
		samples, err := remote.samples()
		require.NoError(c, err)
		got := map[string]float64{}
		for _, s := range samples {
			if s.name != "target_info" {
				got[s.String()] = s.value
			}
		}
		assert.Empty(c, exposition.Differences(want, got))
	}, "what is written remotely is the truth")
}

// expectNewLife pushes to a series that was deleted: it begins with zero, later than it has ended.
func (j *journal) expectNewLife(d *deployment, i *intake) {
	d.t.Helper()
	const series = `orders_total{plan="free",region="eu"}`
	before, _ := j.of(series)
	end := before[len(before)-1]
	i.ok(d.t, http.MethodPatch, "/metrics/orders_total?plan=free&region=eu", "7")
	j.waitFor(d, series, 2)
	after, _ := j.of(series)
	first, second := after[len(before)], after[len(before)+1]
	assert.Zero(d.t, first.value)
	assert.InDelta(d.t, 7, second.value, 0)
	assert.Equal(d.t, first.start, second.start)
	assert.False(d.t, first.start.Before(end.time), "it begins at %v, and ended at %v", first.start, end.time)
}
