// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package aggregate

import (
	"errors"
	"fmt"
	"slices"
	"strconv"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
)

// The template of a series is all that is fixed about it: OTLP metrics with one point that has its attributes and
// explicit bounds, but no value. It is saved as it is.

// Where a template keeps what else there is to know of the series. Metadata is not emitted.
const (
	groupKey    = "group"
	overflowKey = "overflow"
)

// newTemplate makes the template of a series.
func newTemplate(st *stream, who identity) pmetric.Metrics {
	m := st.metric
	md := pmetric.NewMetrics()
	rm := md.ResourceMetrics().AppendEmpty()
	who.resource.to(rm.Resource().Attributes())
	target := rm.ScopeMetrics().AppendEmpty().Metrics().AppendEmpty()
	describe(target, m)
	if st.group != "" {
		target.Metadata().PutStr(groupKey, st.group)
	}
	if st.overflow {
		target.Metadata().PutBool(overflowKey, true)
	}
	var attributes pcommon.Map
	switch m.kind {
	case counter, upDownCounter:
		attributes = target.Sum().DataPoints().AppendEmpty().Attributes()
	case gauge:
		attributes = target.Gauge().DataPoints().AppendEmpty().Attributes()
	case histogram:
		dp := target.Histogram().DataPoints().AppendEmpty()
		dp.ExplicitBounds().FromRaw(st.bounds)
		attributes = dp.Attributes()
	case exponentialHistogram:
		attributes = target.ExponentialHistogram().DataPoints().AppendEmpty().Attributes()
	}
	who.attributes.to(attributes)
	return md
}

// describe makes target a metric like m without points.
func describe(target pmetric.Metric, m *metric) {
	target.SetName(m.name)
	target.SetUnit(m.unit)
	target.SetDescription(m.description)
	switch m.kind {
	case counter, upDownCounter:
		sum := target.SetEmptySum()
		sum.SetIsMonotonic(m.kind == counter)
		sum.SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
	case gauge:
		target.SetEmptyGauge()
	case histogram:
		target.SetEmptyHistogram().SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
	case exponentialHistogram:
		target.SetEmptyExponentialHistogram().SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
	}
}

func encodeTemplate(md pmetric.Metrics) (string, error) {
	b, err := (&pmetric.ProtoMarshaler{}).MarshalMetrics(md)
	return string(b), err
}

// decode makes a series of what was saved, and takes over what the metric does not know of itself yet.
func (m *metric) decode(id, template string) (*stream, error) {
	md, err := decodeTemplate(template)
	if err != nil {
		return nil, err
	}
	target := templateMetric(md)
	k, ok := kindOf(target)
	if !ok {
		return nil, errors.New("its template is no metric")
	}
	m.kind = k
	if m.unit == "" {
		m.unit = target.Unit()
	}
	if m.description == "" {
		m.description = target.Description()
	}
	n, err := strconv.ParseUint(id, 36, 64)
	if err != nil {
		return nil, fmt.Errorf("its id: %w", err)
	}
	m.next = max(m.next, n+1)

	key, resource := templateKey(md)
	st := &stream{metric: m, key: key, resource: resource, id: id, template: template, point: md}
	if group, ok := target.Metadata().Get(groupKey); ok {
		st.group = group.Str()
	}
	if k == histogram {
		st.bounds = target.Histogram().DataPoints().At(0).ExplicitBounds().AsRaw()
	}
	_, st.overflow = target.Metadata().Get(overflowKey)
	return st, nil
}

func decodeTemplate(template string) (pmetric.Metrics, error) {
	md, err := (&pmetric.ProtoUnmarshaler{}).UnmarshalMetrics([]byte(template))
	if err != nil {
		return md, fmt.Errorf("its template: %w", err)
	}
	if md.DataPointCount() != 1 {
		return md, errors.New("its template has not one point")
	}
	return md, nil
}

func templateMetric(md pmetric.Metrics) pmetric.Metric {
	return md.ResourceMetrics().At(0).ScopeMetrics().At(0).Metrics().At(0)
}

// templateKey returns the identity that a template stands for, see identity.key.
func templateKey(md pmetric.Metrics) (key, resource string) {
	var who identity
	who.resource.from(md.ResourceMetrics().At(0).Resource().Attributes())
	who.attributes.from(pointAttributes(md))
	return who.key()
}

func (l *labels) from(attributes pcommon.Map) {
	for name, value := range attributes.All() {
		*l = append(*l, label{name: name, value: value.AsString(), raw: value})
	}
	slices.SortFunc(*l, label.compare)
}

// pointAttributes returns the attributes of the one point of a template.
func pointAttributes(md pmetric.Metrics) pcommon.Map {
	switch m := templateMetric(md); m.Type() {
	case pmetric.MetricTypeSum:
		return m.Sum().DataPoints().At(0).Attributes()
	case pmetric.MetricTypeGauge:
		return m.Gauge().DataPoints().At(0).Attributes()
	case pmetric.MetricTypeHistogram:
		return m.Histogram().DataPoints().At(0).Attributes()
	case pmetric.MetricTypeExponentialHistogram:
		return m.ExponentialHistogram().DataPoints().At(0).Attributes()
	case pmetric.MetricTypeEmpty, pmetric.MetricTypeSummary:
	}
	return pcommon.NewMap()
}

func kindOf(m pmetric.Metric) (kind, bool) {
	switch m.Type() {
	case pmetric.MetricTypeSum:
		if m.Sum().IsMonotonic() {
			return counter, true
		}
		return upDownCounter, true
	case pmetric.MetricTypeGauge:
		return gauge, true
	case pmetric.MetricTypeHistogram:
		return histogram, true
	case pmetric.MetricTypeExponentialHistogram:
		return exponentialHistogram, true
	case pmetric.MetricTypeEmpty, pmetric.MetricTypeSummary:
	}
	return 0, false
}
