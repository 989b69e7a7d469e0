// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package workersmetricsreceiver

import (
	"net/http"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/push"
	"github.com/prometheus/common/expfmt"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// registry is what a Go program pushes.
type registry struct {
	*prometheus.Registry
	requests prometheus.Counter
	latency  prometheus.Histogram
	native   prometheus.Histogram
	level    prometheus.Gauge
}

func newRegistry() registry {
	r := registry{
		Registry: prometheus.NewRegistry(),
		requests: prometheus.NewCounter(prometheus.CounterOpts{Name: "requests_total"}),
		latency:  prometheus.NewHistogram(prometheus.HistogramOpts{Name: "latency_seconds", Buckets: []float64{1, 5}}),
		native:   prometheus.NewHistogram(prometheus.HistogramOpts{Name: "size_bytes", NativeHistogramBucketFactor: 1.1}),
		level:    prometheus.NewGauge(prometheus.GaugeOpts{Name: "level"}),
	}
	r.MustRegister(r.requests, r.latency, r.native, r.level)
	return r
}

func (r registry) observe(n int) {
	for range n {
		r.requests.Inc()
		r.latency.Observe(2)
		r.native.Observe(100)
	}
	r.level.Set(float64(n))
}

const afterFive = `latency_seconds_bucket{job="batch",le="1"} 0
latency_seconds_bucket{job="batch",le="5"} 5
latency_seconds_bucket{job="batch",le="+Inf"} 5
latency_seconds_sum{job="batch"} 10
latency_seconds_count{job="batch"} 5
level{job="batch"} 2
requests_total{job="batch"} 5
size_bytes_bucket{job="batch",le="+Inf"} 5
size_bytes_sum{job="batch"} 500
size_bytes_count{job="batch"} 5
`

// A program that runs, pushes and ends has a new registry each time: what it holds is what is new.
func TestGoProgramsThatEnd(t *testing.T) {
	t.Parallel()
	for name, format := range map[string]expfmt.FormatType{
		"protobuf": expfmt.TypeProtoDelim, "text": expfmt.TypeTextPlain, "OpenMetrics": expfmt.TypeOpenMetrics,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := start(t, testConfig(acknowledgeDurable), newDiskStorage())
			pusher := func(r registry) *push.Pusher {
				return push.New(w.url, "batch").Gatherer(r).Client(w.client).Format(expfmt.NewFormat(format))
			}
			for _, n := range []int{3, 2} {
				r := newRegistry()
				if format != expfmt.TypeProtoDelim {
					r.Unregister(r.native) // which has no text
				}
				r.observe(n)
				require.NoError(t, pusher(r).AddContext(t.Context()))
			}
			if format == expfmt.TypeProtoDelim {
				assert.Equal(t, afterFive, w.text())
			} else {
				assert.Contains(t, afterFive, w.text())
			}
			require.NoError(t, pusher(newRegistry()).Delete())
			assert.Empty(t, w.text())
		})
	}
}

// A program that goes on running pushes everything since it began, and says so.
func TestGoProgramsThatGoOn(t *testing.T) {
	t.Parallel()
	w := start(t, testConfig(acknowledgeDurable), newDiskStorage())
	header := http.Header{}
	header.Set(temporalityHeader, "cumulative")
	pusher := func(r registry, instance string) *push.Pusher {
		return push.New(w.url, "batch").Gatherer(r).Client(w.client).Header(header).Grouping("instance", instance)
	}
	a, b := newRegistry(), newRegistry()
	a.observe(1)
	b.observe(1)
	require.NoError(t, pusher(a, "a").PushContext(t.Context()))
	require.NoError(t, pusher(b, "b").PushContext(t.Context()))
	require.NoError(t, pusher(b, "b").PushContext(t.Context()))
	a.observe(1)
	require.NoError(t, pusher(a, "a").PushContext(t.Context()))
	again := newRegistry() // b is started again
	again.observe(2)
	require.NoError(t, pusher(again, "b").PushContext(t.Context()))
	assert.Equal(t, afterFive, w.text())

	require.NoError(t, w.Shutdown(t.Context()))
	w.run(testConfig(acknowledgeDurable))
	require.NoError(t, pusher(again, "b").PushContext(t.Context()))
	assert.Equal(t, afterFive, w.text(), "what was pushed last is known over a restart")
}
