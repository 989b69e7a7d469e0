// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package promformat

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"strings"

	dto "github.com/prometheus/client_model/go"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// Families translates metrics to families, one for each name. Names are those of the metrics; escaping is left to the
// encoder. The attributes of the resource become labels, service.namespace and service.name together the label job.
// Points without a value are left out.
func Families(md pmetric.Metrics) []*dto.MetricFamily {
	byName := map[string]*dto.MetricFamily{}
	for _, rm := range md.ResourceMetrics().All() {
		labels := resourceLabels(rm.Resource().Attributes())
		for _, sm := range rm.ScopeMetrics().All() {
			for _, m := range sm.Metrics().All() {
				addFamily(byName, m, labels)
			}
		}
	}
	families := slices.Collect(maps.Values(byName))
	slices.SortFunc(families, func(a, b *dto.MetricFamily) int { return cmp.Compare(a.GetName(), b.GetName()) })
	return families
}

func resourceLabels(attributes pcommon.Map) map[string]string {
	labels := map[string]string{}
	for name, value := range attributes.All() {
		switch name {
		case serviceName, serviceNamespace:
		case serviceInstanceID:
			labels[instanceLabel] = value.AsString()
		default:
			labels[name] = value.AsString()
		}
	}
	if job := Job(attributes); job != "" {
		labels[JobLabel] = job
	}
	return labels
}

// Job returns the label of a resource, "" if it names no service. See OpenTelemetry's Prometheus compatibility.
func Job(resource pcommon.Map) string {
	var parts []string
	for _, name := range []string{serviceNamespace, serviceName} {
		if value, ok := resource.Get(name); ok {
			parts = append(parts, value.AsString())
		}
	}
	return strings.Join(parts, "/")
}

func addFamily(byName map[string]*dto.MetricFamily, m pmetric.Metric, labels map[string]string) {
	family := byName[m.Name()]
	if family == nil {
		family = &dto.MetricFamily{Name: new(m.Name()), Help: new(m.Description())}
		byName[m.Name()] = family
	}
	switch m.Type() {
	case pmetric.MetricTypeSum:
		family.Type = dto.MetricType_GAUGE.Enum()
		if m.Sum().IsMonotonic() {
			family.Type = dto.MetricType_COUNTER.Enum()
		}
		for _, dp := range m.Sum().DataPoints().All() {
			addNumber(family, dp, labels)
		}
	case pmetric.MetricTypeGauge:
		family.Type = dto.MetricType_GAUGE.Enum()
		for _, dp := range m.Gauge().DataPoints().All() {
			addNumber(family, dp, labels)
		}
	case pmetric.MetricTypeHistogram:
		family.Type = dto.MetricType_HISTOGRAM.Enum()
		for _, dp := range m.Histogram().DataPoints().All() {
			addClassic(family, dp, labels)
		}
	case pmetric.MetricTypeExponentialHistogram:
		family.Type = dto.MetricType_HISTOGRAM.Enum()
		for _, dp := range m.ExponentialHistogram().DataPoints().All() {
			addNative(family, dp, labels)
		}
	case pmetric.MetricTypeEmpty, pmetric.MetricTypeSummary:
	}
}

func pairs(attributes pcommon.Map, labels map[string]string) []*dto.LabelPair {
	all := maps.Clone(labels)
	for name, value := range attributes.All() {
		all[name] = value.AsString()
	}
	list := make([]*dto.LabelPair, 0, len(all))
	for _, name := range slices.Sorted(maps.Keys(all)) {
		list = append(list, &dto.LabelPair{Name: new(name), Value: new(all[name])})
	}
	return list
}

func addNumber(family *dto.MetricFamily, dp pmetric.NumberDataPoint, labels map[string]string) {
	if dp.Flags().NoRecordedValue() {
		return
	}
	m := &dto.Metric{Label: pairs(dp.Attributes(), labels)}
	if family.GetType() == dto.MetricType_COUNTER {
		m.Counter = &dto.Counter{Value: new(dp.DoubleValue()), CreatedTimestamp: createdAt(dp.StartTimestamp())}
	} else {
		m.Gauge = &dto.Gauge{Value: new(dp.DoubleValue())}
	}
	family.Metric = append(family.Metric, m)
}

func addClassic(family *dto.MetricFamily, dp pmetric.HistogramDataPoint, labels map[string]string) {
	if dp.Flags().NoRecordedValue() {
		return
	}
	h := &dto.Histogram{SampleCount: new(dp.Count()), SampleSum: new(sumOf(dp.HasSum(), dp.Sum()))}
	h.CreatedTimestamp = createdAt(dp.StartTimestamp())
	total := uint64(0)
	for i, bound := range dp.ExplicitBounds().All() {
		total += dp.BucketCounts().At(i)
		h.Bucket = append(h.Bucket, &dto.Bucket{UpperBound: new(bound), CumulativeCount: new(total)})
	}
	family.Metric = append(family.Metric, &dto.Metric{Label: pairs(dp.Attributes(), labels), Histogram: h})
}

// addNative adds an exponential histogram as a native one. Texts show its count and sum only. Prometheus has no scales
// below -4, where a bucket spans five decimal digits; these show so, too.
func addNative(family *dto.MetricFamily, dp pmetric.ExponentialHistogramDataPoint, labels map[string]string) {
	if dp.Flags().NoRecordedValue() {
		return
	}
	h := &dto.Histogram{SampleCount: new(dp.Count()), SampleSum: new(sumOf(dp.HasSum(), dp.Sum()))}
	h.CreatedTimestamp = createdAt(dp.StartTimestamp())
	if dp.Scale() >= minSchema {
		steps := max(dp.Scale()-maxSchema, 0)
		h.Schema = new(dp.Scale() - steps)
		h.ZeroCount, h.ZeroThreshold = new(dp.ZeroCount()), new(dp.ZeroThreshold())
		h.PositiveSpan, h.PositiveDelta = toSpans(lowered(dp.Positive(), steps))
		h.NegativeSpan, h.NegativeDelta = toSpans(lowered(dp.Negative(), steps))
		if len(h.PositiveSpan) == 0 && len(h.NegativeSpan) == 0 && dp.ZeroCount() == 0 {
			h.PositiveSpan = []*dto.BucketSpan{{Offset: new(int32(0)), Length: new(uint32(0))}} // tells it from a classic one
		}
	}
	family.Metric = append(family.Metric, &dto.Metric{Label: pairs(dp.Attributes(), labels), Histogram: h})
}

// lowered merges buckets to those of a scale that is lower by steps.
func lowered(buckets pmetric.ExponentialHistogramDataPointBuckets, steps int32) pmetric.ExponentialHistogramDataPointBuckets {
	if steps == 0 || buckets.BucketCounts().Len() == 0 {
		return buckets
	}
	merged := pmetric.NewExponentialHistogramDataPointBuckets()
	merged.SetOffset(buckets.Offset() >> steps)
	last := (buckets.Offset() + int32(buckets.BucketCounts().Len()) - 1) >> steps
	counts := make([]uint64, last-merged.Offset()+1)
	for i, n := range buckets.BucketCounts().All() {
		counts[(buckets.Offset()+int32(i))>>steps-merged.Offset()] += n
	}
	merged.BucketCounts().FromRaw(counts)
	return merged
}

// sumOf is not a number for a histogram without a sum, as an exposition has to have one.
func sumOf(has bool, sum float64) float64 {
	if !has {
		return math.NaN()
	}
	return sum
}

func createdAt(start pcommon.Timestamp) *timestamppb.Timestamp {
	if start == 0 {
		return nil
	}
	return timestamppb.New(start.AsTime())
}
