// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package promformat

import (
	"fmt"

	dto "github.com/prometheus/client_model/go"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
)

// The schemas of native histograms that are scales of exponential ones, see Prometheus' model/histogram.
const (
	minSchema = -4
	maxSchema = 8
)

// maxNativeBuckets bounds what the spans of one push, which skip buckets for free, make of a small body.
const maxNativeBuckets = 1 << 18

// isNative reports whether a histogram has native buckets; then its classic ones are left out, as Prometheus does.
func isNative(h *dto.Histogram) bool {
	return h.Schema != nil && (len(h.GetPositiveSpan()) > 0 || len(h.GetNegativeSpan()) > 0 || h.GetZeroThreshold() > 0 || h.GetZeroCount() > 0)
}

func (t *translation) native(to pmetric.Metric, h *dto.Histogram, start, at pcommon.Timestamp, attributes pcommon.Map) error {
	if h.GetSchema() < minSchema || h.GetSchema() > maxSchema {
		return fmt.Errorf("native histograms of schema %d are not taken, only %d to %d", h.GetSchema(), minSchema, maxSchema)
	}
	if to.Type() == pmetric.MetricTypeEmpty {
		to.SetEmptyExponentialHistogram().SetAggregationTemporality(t.temporality())
	}
	if to.Type() != pmetric.MetricTypeExponentialHistogram {
		return errMixed()
	}
	dp := to.ExponentialHistogram().DataPoints().AppendEmpty()
	dp.SetScale(h.GetSchema())
	dp.SetZeroCount(h.GetZeroCount())
	dp.SetZeroThreshold(h.GetZeroThreshold())
	dp.SetCount(h.GetSampleCount())
	dp.SetStartTimestamp(start)
	dp.SetTimestamp(at)
	if h.SampleSum != nil {
		dp.SetSum(h.GetSampleSum())
	}
	if err := t.fromSpans(dp.Positive(), h.GetPositiveSpan(), h.GetPositiveDelta()); err != nil {
		return err
	}
	if err := t.fromSpans(dp.Negative(), h.GetNegativeSpan(), h.GetNegativeDelta()); err != nil {
		return err
	}
	attributes.MoveTo(dp.Attributes())
	return nil
}

// fromSpans lays the buckets out one after the other. Prometheus numbers a bucket by its upper bound, OTLP by its lower.
func (t *translation) fromSpans(to pmetric.ExponentialHistogramDataPointBuckets, spans []*dto.BucketSpan, deltas []int64) error {
	var counts []uint64
	count, next := int64(0), 0
	for i, span := range spans {
		gap := int(span.GetOffset())
		if i == 0 {
			to.SetOffset(span.GetOffset() - 1)
			gap = 0
		}
		t.buckets += gap + int(span.GetLength())
		if gap < 0 || t.buckets > maxNativeBuckets {
			return fmt.Errorf("its spans go backwards, or cover more than the %d buckets of a push", maxNativeBuckets)
		}
		counts = append(counts, make([]uint64, gap)...)
		for range span.GetLength() {
			if next == len(deltas) {
				return fmt.Errorf("its spans have more buckets than the %d there are", len(deltas))
			}
			if count += deltas[next]; count < 0 {
				return fmt.Errorf("a bucket has the count %d", count)
			}
			next++
			counts = append(counts, uint64(count))
		}
	}
	if next != len(deltas) {
		return fmt.Errorf("%d buckets are in none of its spans", len(deltas)-next)
	}
	to.BucketCounts().FromRaw(counts)
	return nil
}

// toSpans is the way back. Runs of empty buckets become gaps.
func toSpans(buckets pmetric.ExponentialHistogramDataPointBuckets) (spans []*dto.BucketSpan, deltas []int64) {
	last, end := int64(0), int32(0)
	var span *dto.BucketSpan
	for i, n := range buckets.BucketCounts().All() {
		if n == 0 {
			continue
		}
		index := buckets.Offset() + int32(i) + 1
		if span == nil || index != end {
			offset, length := index-end, uint32(0)
			span = &dto.BucketSpan{Offset: &offset, Length: &length}
			spans = append(spans, span)
		}
		*span.Length++
		end = index + 1
		deltas = append(deltas, int64(n)-last)
		last = int64(n)
	}
	return spans, deltas
}
