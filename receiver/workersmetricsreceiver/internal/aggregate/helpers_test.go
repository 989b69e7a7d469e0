// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package aggregate

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.uber.org/zap"

	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/receiver/workersmetricsreceiver/internal/promformat"
)

var errStorage = errors.New("disk is on fire")

// disk is a storage that outlives the stores on it.
type disk struct {
	values  map[string][]byte
	failing bool
}

func newDisk() *disk { return &disk{values: map[string][]byte{}} }

func (d *disk) Batch(_ context.Context, ops ...*storage.Operation) error {
	if d.failing {
		return errStorage
	}
	for _, op := range ops {
		switch op.Type {
		case storage.Get:
			op.Value = bytes.Clone(d.values[op.Key])
		case storage.Set:
			d.values[op.Key] = bytes.Clone(op.Value)
		case storage.Delete:
			delete(d.values, op.Key)
		}
	}
	return nil
}

func (d *disk) Get(ctx context.Context, key string) ([]byte, error) {
	op := storage.GetOperation(key)
	err := d.Batch(ctx, op)
	return op.Value, err
}

func (d *disk) Set(ctx context.Context, key string, value []byte) error {
	return d.Batch(ctx, storage.SetOperation(key, value))
}

func (d *disk) Delete(ctx context.Context, key string) error {
	return d.Batch(ctx, storage.DeleteOperation(key))
}

func (*disk) Close(context.Context) error { return nil }

func settings() Settings {
	return Settings{
		ResourceAttributes: []string{"service.name", "service.namespace"},
		ValueLimit:         100, SeriesLimit: 1000, MetricLimit: 100,
		SeriesTTL: time.Hour, KeyLimit: 100, KeyTTL: time.Minute,
	}
}

// world is a store with its disk and its clock.
type world struct {
	*Store
	t     *testing.T
	disk  *disk
	clock time.Time
}

func newWorld(t *testing.T, change ...func(*Settings)) *world {
	t.Helper()
	w := &world{t: t, disk: newDisk(), clock: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}
	w.open(change...)
	return w
}

// open is what a restart does; what was not committed is lost.
func (w *world) open(change ...func(*Settings)) {
	w.t.Helper()
	set := settings()
	for _, c := range change {
		c(&set)
	}
	s, err := Open(w.t.Context(), w.disk, set, zap.NewNop(), func() time.Time { return w.clock })
	require.NoError(w.t, err)
	w.Store = s
}

func (w *world) push(md pmetric.Metrics) {
	w.t.Helper()
	_, err := w.Push(Push{Metrics: md})
	require.NoError(w.t, err)
	w.commit()
}

func (w *world) refused(md pmetric.Metrics) *Refusal {
	w.t.Helper()
	before := w.current()
	_, err := w.Push(Push{Metrics: md})
	var r *Refusal
	require.ErrorAs(w.t, err, &r)
	w.commit()
	require.Equal(w.t, before, w.current(), "a refused push changes nothing")
	return r
}

func (w *world) commit() {
	w.t.Helper()
	require.NoError(w.t, w.Commit(w.t.Context()))
}

// emit commits and emits, and returns what was emitted.
func (w *world) emit() map[string]string {
	w.t.Helper()
	w.Expire()
	w.commit()
	snapshot := w.ToEmit()
	w.Emitted(snapshot)
	return dump(snapshot.Metrics("test", w.clock))
}

func (w *world) current() map[string]string {
	return dump(w.Current().Metrics("test", w.clock))
}

// dump returns each point as "resource/metric{attributes}" → what it holds.
func dump(md pmetric.Metrics) map[string]string {
	points := map[string]string{}
	for _, rm := range md.ResourceMetrics().All() {
		for _, m := range rm.ScopeMetrics().At(0).Metrics().All() {
			name := promformat.Job(rm.Resource().Attributes()) + "/" + m.Name()
			switch m.Type() {
			case pmetric.MetricTypeSum:
				dumpNumbers(points, name, m.Sum().DataPoints())
			case pmetric.MetricTypeGauge:
				dumpNumbers(points, name, m.Gauge().DataPoints())
			case pmetric.MetricTypeHistogram:
				for _, dp := range m.Histogram().DataPoints().All() {
					points[name+text(dp.Attributes())] = dumpHistogram(dp)
				}
			case pmetric.MetricTypeExponentialHistogram:
				for _, dp := range m.ExponentialHistogram().DataPoints().All() {
					points[name+text(dp.Attributes())] = dumpExponential(dp)
				}
			case pmetric.MetricTypeEmpty, pmetric.MetricTypeSummary:
			}
		}
	}
	return points
}

func dumpNumbers(points map[string]string, name string, dps pmetric.NumberDataPointSlice) {
	for _, dp := range dps.All() {
		value := fmt.Sprint(dp.DoubleValue())
		if dp.Flags().NoRecordedValue() {
			value = "ended"
		}
		points[name+text(dp.Attributes())] = value
	}
}

func dumpHistogram(dp pmetric.HistogramDataPoint) string {
	if dp.Flags().NoRecordedValue() {
		return "ended"
	}
	s := fmt.Sprint(dp.ExplicitBounds().AsRaw(), dp.BucketCounts().AsRaw(), " count ", dp.Count())
	if dp.HasSum() {
		s += fmt.Sprint(" sum ", dp.Sum())
	}
	return s
}

func dumpExponential(dp pmetric.ExponentialHistogramDataPoint) string {
	if dp.Flags().NoRecordedValue() {
		return "ended"
	}
	return fmt.Sprint("scale ", dp.Scale(), " zero ", dp.ZeroCount(), " ", dp.Positive().Offset(), dp.Positive().BucketCounts().AsRaw(),
		" ", dp.Negative().Offset(), dp.Negative().BucketCounts().AsRaw(), " count ", dp.Count(), " sum ", dp.Sum())
}

func text(attributes pcommon.Map) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(attributes.AsRaw())) {
		value, _ := attributes.Get(name)
		parts = append(parts, name+"="+value.AsString())
	}
	if len(parts) == 0 {
		return ""
	}
	return "{" + strings.Join(parts, ",") + "}"
}

// The builders of pushes. Attributes are pairs.

func metricOf(service, name string) (pmetric.Metrics, pmetric.Metric) {
	md := pmetric.NewMetrics()
	rm := md.ResourceMetrics().AppendEmpty()
	if service != "" {
		rm.Resource().Attributes().PutStr("service.name", service)
	}
	m := rm.ScopeMetrics().AppendEmpty().Metrics().AppendEmpty()
	m.SetName(name)
	return md, m
}

func put(attributes pcommon.Map, pairs []string) {
	for i := 0; i < len(pairs); i += 2 {
		attributes.PutStr(pairs[i], pairs[i+1])
	}
}

func delta(name string, v float64, pairs ...string) pmetric.Metrics {
	md, m := metricOf("", name)
	sum := m.SetEmptySum()
	sum.SetIsMonotonic(true)
	sum.SetAggregationTemporality(pmetric.AggregationTemporalityDelta)
	dp := sum.DataPoints().AppendEmpty()
	dp.SetDoubleValue(v)
	put(dp.Attributes(), pairs)
	return md
}

func gaugeAt(name string, v float64, at time.Time, pairs ...string) pmetric.Metrics {
	md, m := metricOf("", name)
	dp := m.SetEmptyGauge().DataPoints().AppendEmpty()
	dp.SetDoubleValue(v)
	dp.SetTimestamp(pcommon.NewTimestampFromTime(at))
	put(dp.Attributes(), pairs)
	return md
}

func deltaHistogram(name string, bounds []float64, counts []uint64, sum float64, pairs ...string) pmetric.Metrics {
	md, m := metricOf("", name)
	h := m.SetEmptyHistogram()
	h.SetAggregationTemporality(pmetric.AggregationTemporalityDelta)
	dp := h.DataPoints().AppendEmpty()
	dp.ExplicitBounds().FromRaw(bounds)
	dp.BucketCounts().FromRaw(counts)
	for _, n := range counts {
		dp.SetCount(dp.Count() + n)
	}
	dp.SetSum(sum)
	put(dp.Attributes(), pairs)
	return md
}

func deltaExponential(name string, scale, offset int32, counts []uint64, zero uint64, sum float64) pmetric.Metrics {
	md, m := metricOf("", name)
	h := m.SetEmptyExponentialHistogram()
	h.SetAggregationTemporality(pmetric.AggregationTemporalityDelta)
	dp := h.DataPoints().AppendEmpty()
	dp.SetScale(scale)
	dp.Positive().SetOffset(offset)
	dp.Positive().BucketCounts().FromRaw(counts)
	dp.SetZeroCount(zero)
	dp.SetCount(zero)
	for _, n := range counts {
		dp.SetCount(dp.Count() + n)
	}
	dp.SetSum(sum)
	return md
}

// cumulative makes a delta push a cumulative one of an instance.
func cumulative(md pmetric.Metrics, instance string, start, at time.Time) pmetric.Metrics {
	rm := md.ResourceMetrics().At(0)
	if instance != "" {
		rm.Resource().Attributes().PutStr(instanceAttribute, instance)
	}
	startTS, atTS := timestamp(start), timestamp(at)
	switch m := rm.ScopeMetrics().At(0).Metrics().At(0); m.Type() {
	case pmetric.MetricTypeSum:
		m.Sum().SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
		m.Sum().DataPoints().At(0).SetStartTimestamp(startTS)
		m.Sum().DataPoints().At(0).SetTimestamp(atTS)
	case pmetric.MetricTypeHistogram:
		m.Histogram().SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
		m.Histogram().DataPoints().At(0).SetStartTimestamp(startTS)
		m.Histogram().DataPoints().At(0).SetTimestamp(atTS)
	case pmetric.MetricTypeExponentialHistogram:
		m.ExponentialHistogram().SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
		m.ExponentialHistogram().DataPoints().At(0).SetStartTimestamp(startTS)
		m.ExponentialHistogram().DataPoints().At(0).SetTimestamp(atTS)
	case pmetric.MetricTypeEmpty, pmetric.MetricTypeGauge, pmetric.MetricTypeSummary:
	}
	return md
}

func timestamp(t time.Time) pcommon.Timestamp {
	if t.IsZero() {
		return 0
	}
	return pcommon.NewTimestampFromTime(t)
}
