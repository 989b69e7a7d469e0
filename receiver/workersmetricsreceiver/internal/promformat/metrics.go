// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package promformat

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	dto "github.com/prometheus/client_model/go"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
)

// JobLabel is the label that Prometheus has for what OpenTelemetry calls a service.
const JobLabel = "job"

// What else says who a target is, to Prometheus and to OpenTelemetry, which has it on the resource.
const (
	instanceLabel     = "instance"
	serviceName       = "service.name"
	serviceNamespace  = "service.namespace"
	serviceInstanceID = "service.instance.id"
)

// Options say how families become metrics.
type Options struct {
	// Labels are put on every series, in place of what it has of that name.
	Labels map[string]string
	// Cumulative says that counters and histograms hold everything since their client began. The label instance then says
	// which client that was, and is no attribute.
	Cumulative bool
}

// Metrics translates families to OTLP metrics, one resource for each job (and instance). Counters and histograms are
// deltas unless they are cumulative; what has no type is a gauge.
func Metrics(families []*dto.MetricFamily, opts Options) (pmetric.Metrics, error) {
	t := translation{options: opts, md: pmetric.NewMetrics(), scopes: map[target]pmetric.MetricSlice{}}
	for _, family := range families {
		if err := t.family(family); err != nil {
			return pmetric.Metrics{}, err
		}
	}
	return t.md, nil
}

// Resource returns the attributes of the resource that these labels stand for.
func Resource(labels map[string]string) pcommon.Map {
	attributes := pcommon.NewMap()
	target{job: labels[JobLabel], instance: labels[instanceLabel]}.to(attributes)
	return attributes
}

type target struct{ job, instance string }

func (t target) to(attributes pcommon.Map) {
	if t.job != "" {
		attributes.PutStr(serviceName, t.job)
	}
	if t.instance != "" {
		attributes.PutStr(serviceInstanceID, t.instance)
	}
}

type translation struct {
	options Options
	md      pmetric.Metrics
	scopes  map[target]pmetric.MetricSlice
	buckets int // of native histograms
}

func (t *translation) family(family *dto.MetricFamily) error {
	metrics := map[target]pmetric.Metric{}
	for _, m := range family.GetMetric() {
		from, attributes := t.labels(m)
		to, ok := metrics[from]
		if !ok {
			to = t.scope(from).AppendEmpty()
			to.SetName(family.GetName())
			to.SetDescription(family.GetHelp())
			metrics[from] = to
		}
		if err := t.metric(to, family.GetType(), m, attributes); err != nil {
			return fmt.Errorf("metric %s: %w", family.GetName(), err)
		}
	}
	return nil
}

func (t *translation) scope(from target) pmetric.MetricSlice {
	metrics, ok := t.scopes[from]
	if !ok {
		rm := t.md.ResourceMetrics().AppendEmpty()
		from.to(rm.Resource().Attributes())
		metrics = rm.ScopeMetrics().AppendEmpty().Metrics()
		t.scopes[from] = metrics
	}
	return metrics
}

// labels tells what the labels say of the target from those of the series.
func (t *translation) labels(m *dto.Metric) (target, pcommon.Map) {
	var from target
	attributes := pcommon.NewMap()
	attributes.EnsureCapacity(len(m.GetLabel()) + len(t.options.Labels))
	put := func(name, value string) {
		switch {
		case name == JobLabel:
			from.job = value
		case name == instanceLabel && t.options.Cumulative:
			from.instance = value
		default:
			attributes.PutStr(name, value)
		}
	}
	for _, l := range m.GetLabel() {
		put(l.GetName(), l.GetValue())
	}
	for name, value := range t.options.Labels {
		put(name, value)
	}
	return from, attributes
}

func (t *translation) temporality() pmetric.AggregationTemporality {
	if t.options.Cumulative {
		return pmetric.AggregationTemporalityCumulative
	}
	return pmetric.AggregationTemporalityDelta
}

func (t *translation) metric(to pmetric.Metric, kind dto.MetricType, m *dto.Metric, attributes pcommon.Map) error {
	at := pcommon.NewTimestampFromTime(time.UnixMilli(m.GetTimestampMs()))
	switch kind {
	case dto.MetricType_COUNTER:
		if to.Type() == pmetric.MetricTypeEmpty {
			sum := to.SetEmptySum()
			sum.SetIsMonotonic(true)
			sum.SetAggregationTemporality(t.temporality())
		}
		dp := to.Sum().DataPoints().AppendEmpty()
		dp.SetDoubleValue(m.GetCounter().GetValue())
		dp.SetTimestamp(at)
		if created := m.GetCounter().GetCreatedTimestamp(); created != nil {
			dp.SetStartTimestamp(pcommon.NewTimestampFromTime(created.AsTime()))
		}
		attributes.MoveTo(dp.Attributes())
	case dto.MetricType_GAUGE, dto.MetricType_UNTYPED:
		if to.Type() == pmetric.MetricTypeEmpty {
			to.SetEmptyGauge()
		}
		dp := to.Gauge().DataPoints().AppendEmpty()
		dp.SetDoubleValue(m.GetGauge().GetValue() + m.GetUntyped().GetValue())
		dp.SetTimestamp(at)
		attributes.MoveTo(dp.Attributes())
	case dto.MetricType_HISTOGRAM:
		return t.histogram(to, m.GetHistogram(), at, attributes)
	case dto.MetricType_SUMMARY, dto.MetricType_GAUGE_HISTOGRAM:
		return fmt.Errorf("it is a %v: what it holds cannot be added up, push a histogram", kind)
	}
	return nil
}

func (t *translation) histogram(to pmetric.Metric, h *dto.Histogram, at pcommon.Timestamp, attributes pcommon.Map) error {
	if h.GetSampleCountFloat() != 0 || len(h.GetPositiveCount())+len(h.GetNegativeCount()) > 0 {
		return fmt.Errorf("a count of %v is not a whole number", h.GetSampleCountFloat())
	}
	start := pcommon.Timestamp(0)
	if created := h.GetCreatedTimestamp(); created != nil {
		start = pcommon.NewTimestampFromTime(created.AsTime())
	}
	if isNative(h) {
		return t.native(to, h, start, at, attributes)
	}
	if to.Type() == pmetric.MetricTypeEmpty {
		to.SetEmptyHistogram().SetAggregationTemporality(t.temporality())
	}
	if to.Type() != pmetric.MetricTypeHistogram {
		return errMixed()
	}
	bounds, counts, err := classicBuckets(h)
	if err != nil {
		return err
	}
	dp := to.Histogram().DataPoints().AppendEmpty()
	dp.ExplicitBounds().FromRaw(bounds)
	dp.BucketCounts().FromRaw(counts)
	for _, n := range counts {
		dp.SetCount(dp.Count() + n)
	}
	if h.SampleSum != nil {
		dp.SetSum(h.GetSampleSum())
	}
	dp.SetStartTimestamp(start)
	dp.SetTimestamp(at)
	attributes.MoveTo(dp.Attributes())
	return nil
}

func errMixed() error { return errors.New("some of its series are native histograms and some are not") }

// classicBuckets returns bounds and counts per bucket of a histogram whose buckets each count all below them, too.
func classicBuckets(h *dto.Histogram) (bounds []float64, counts []uint64, err error) {
	buckets := slices.Clone(h.GetBucket())
	slices.SortStableFunc(buckets, func(a, b *dto.Bucket) int {
		switch {
		case a.GetUpperBound() < b.GetUpperBound():
			return -1
		case a.GetUpperBound() > b.GetUpperBound():
			return 1
		}
		return 0
	})
	last, total := uint64(0), h.GetSampleCount()
	for _, b := range buckets {
		if b.GetCumulativeCountFloat() != 0 {
			return nil, nil, fmt.Errorf("a count of %v is not a whole number", b.GetCumulativeCountFloat())
		}
		n := b.GetCumulativeCount()
		if n < last {
			return nil, nil, fmt.Errorf("the bucket le=%q holds %d, fewer than the one below, which has %d", fmt.Sprint(b.GetUpperBound()), n, last)
		}
		if math.IsInf(b.GetUpperBound(), 1) {
			if h.SampleCount != nil && n != total {
				return nil, nil, fmt.Errorf("the count %d is not that of the bucket le=\"+Inf\", which has %d", total, n)
			}
			total = n
			continue
		}
		bounds, counts = append(bounds, b.GetUpperBound()), append(counts, n-last)
		last = n
	}
	if total < last {
		return nil, nil, fmt.Errorf("the count %d is less than a bucket's, which has %d", total, last)
	}
	return bounds, append(counts, total-last), nil
}
