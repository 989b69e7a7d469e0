// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package aggregate

import (
	"math"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/receiver/workersmetricsreceiver/internal/exact"
)

// Metrics returns the snapshot as metrics whose points have this time. Resources, metrics and points come in an order that
// stays the same. Sums are cumulative and doubles. Nothing follows the point of a series that has ended in its Metric, since
// the Prometheus exporter takes no notice of that.
func (s *Snapshot) Metrics(scope string, at time.Time) pmetric.Metrics {
	md := pmetric.NewMetrics()
	timestamp := pcommon.NewTimestampFromTime(at)
	for _, group := range s.resources {
		rm := md.ResourceMetrics().AppendEmpty()
		group.rows[0].point.ResourceMetrics().At(0).Resource().Attributes().CopyTo(rm.Resource().Attributes())
		sm := rm.ScopeMetrics().AppendEmpty()
		sm.Scope().SetName(scope)
		var target pmetric.Metric
		for i, r := range group.rows {
			if i == 0 || !group.rows[i-1].shares(r) {
				target = sm.Metrics().AppendEmpty()
				describe(target, &r.metric)
			}
			r.appendTo(target, timestamp)
		}
	}
	return md
}

func (r *row) appendTo(target pmetric.Metric, at pcommon.Timestamp) {
	switch r.metric.kind {
	case counter, upDownCounter:
		r.toNumber(target.Sum().DataPoints().AppendEmpty(), at)
	case gauge:
		r.toNumber(target.Gauge().DataPoints().AppendEmpty(), at)
	case histogram:
		r.toHistogram(target.Histogram().DataPoints().AppendEmpty(), at)
	case exponentialHistogram:
		r.toExponential(target.ExponentialHistogram().DataPoints().AppendEmpty(), at)
	}
}

func (r *row) toNumber(dp pmetric.NumberDataPoint, at pcommon.Timestamp) {
	pointAttributes(r.point).CopyTo(dp.Attributes())
	dp.SetTimestamp(at)
	switch {
	case r.ended:
		dp.SetFlags(pmetric.DefaultDataPointFlags.WithNoRecordedValue(true))
	case r.metric.kind == gauge:
		dp.SetDoubleValue(math.Float64frombits(r.level(valueLevel)))
	default:
		dp.SetStartTimestamp(pcommon.NewTimestampFromTime(r.start))
		dp.SetDoubleValue(0)
		if r.shown {
			dp.SetDoubleValue(r.sum())
		}
	}
}

func (r *row) toHistogram(dp pmetric.HistogramDataPoint, at pcommon.Timestamp) {
	templateMetric(r.point).Histogram().DataPoints().At(0).CopyTo(dp)
	dp.SetTimestamp(at)
	counts := make([]uint64, dp.ExplicitBounds().Len()+1)
	if r.ended {
		// Prometheus and the exporter for remote write end the series of the buckets and the sum that they find here.
		dp.BucketCounts().FromRaw(counts)
		dp.SetSum(0)
		dp.SetFlags(pmetric.DefaultDataPointFlags.WithNoRecordedValue(true))
		return
	}
	dp.SetStartTimestamp(pcommon.NewTimestampFromTime(r.start))
	total, summed := uint64(0), true
	if r.shown {
		for _, part := range r.counted {
			switch i := 0; part.name[0] {
			case bucketPart:
				if i = number(part.name); i < len(counts) {
					counts[i] = part.bits
					total += part.bits
				}
			case sumlessPart[0]:
				summed = false
			}
		}
	}
	dp.BucketCounts().FromRaw(counts)
	dp.SetCount(total)
	if summed {
		dp.SetSum(r.shownSum())
	}
}

func (r *row) toExponential(dp pmetric.ExponentialHistogramDataPoint, at pcommon.Timestamp) {
	pointAttributes(r.point).CopyTo(dp.Attributes())
	dp.SetTimestamp(at)
	if r.ended {
		dp.SetFlags(pmetric.DefaultDataPointFlags.WithNoRecordedValue(true))
		return
	}
	dp.SetStartTimestamp(pcommon.NewTimestampFromTime(r.start))
	x, summed := r.exponents()
	if !r.shown {
		x, summed = exponents{Scale: x.Scale}, true
	}
	total := x.Zero
	for _, counts := range []map[int]uint64{x.Positive, x.Negative} {
		for _, n := range counts {
			total += n
		}
	}
	dp.SetScale(int32(x.Scale))
	dp.SetZeroCount(x.Zero)
	dp.SetZeroThreshold(x.ZeroThreshold)
	dp.SetCount(total)
	toBuckets(x.Positive, dp.Positive())
	toBuckets(x.Negative, dp.Negative())
	if summed {
		dp.SetSum(r.shownSum())
	}
}

// exponents merges the buckets, which were counted at several scales, at one that suits all.
func (r *row) exponents() (x exponents, summed bool) {
	summed = true
	var e exponential // comes to the scale at which the series counts
	for _, part := range r.counted {
		switch scale, index := exponentialNumbers(part.name); part.name[0] {
		case positivePart:
			e.include(scale, span{}.with(index), span{})
		case negativePart:
			e.include(scale, span{}, span{}.with(index))
		}
	}
	x = exponents{Scale: e.scale, Positive: map[int]uint64{}, Negative: map[int]uint64{}}
	x.ZeroThreshold = math.Float64frombits(r.level(zeroThreshold))
	for _, part := range r.counted {
		switch part.name[0] {
		case positivePart:
			r.merge(&x, x.Positive, part)
		case negativePart:
			r.merge(&x, x.Negative, part)
		case zeroPart[0]:
			x.Zero += part.bits
		case sumlessPart[0]:
			summed = false
		}
	}
	return x, summed
}

// merge adds a bucket to those of the common scale. One that ends inside of the zero bucket belongs to that.
func (r *row) merge(x *exponents, counts map[int]uint64, part held) {
	scale, index := exponentialNumbers(part.name)
	if x.ZeroThreshold > 0 && isZero(scale, index, x.ZeroThreshold) {
		x.Zero += part.bits
		return
	}
	counts[index>>(scale-x.Scale)] += part.bits
}

func toBuckets(counts map[int]uint64, buckets pmetric.ExponentialHistogramDataPointBuckets) {
	sp := spanOf(counts)
	if !sp.some {
		return
	}
	dense := make([]uint64, sp.last-sp.first+1)
	for index, n := range counts {
		dense[index-sp.first] = n
	}
	buckets.SetOffset(int32(sp.first))
	buckets.BucketCounts().FromRaw(dense)
}

// shownSum is 0 as long as the series shows its zero.
func (r *row) shownSum() float64 {
	if !r.shown {
		return 0
	}
	return r.sum()
}

func (r *row) sum() float64 {
	parts := make([]exact.Part, 0, len(r.counted))
	for _, part := range r.counted {
		if sign := part.name[0]; sign == addedPart || sign == removedPart {
			parts = append(parts, exact.Part{Negative: sign == removedPart, Place: number(part.name), Count: part.bits})
		}
	}
	return exact.Sum(parts)
}

func (r *row) level(name string) uint64 {
	for _, part := range r.levels {
		if part.name == name {
			return part.bits
		}
	}
	return 0
}
