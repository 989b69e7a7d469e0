// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

//go:build node

package node

import (
	"maps"
	"math"
	"math/big"
	"slices"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/pmetric/pmetricotlp"

	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/e2e/internal/exposition"
)

// truth is what has been counted, by series in Prometheus' notation. Sums are exact: 3,000 bits are more than all sums of
// these tests' doubles need.
type truth map[string]*big.Float

// add counts for a series.
func (t truth) add(name string, labels map[string]string, by float64) {
	t.addTo(exposition.Series(name, labels), big.NewFloat(by))
}

func (t truth) addTo(series string, by *big.Float) {
	if t[series] == nil {
		t[series] = new(big.Float).SetPrec(3000)
	}
	t[series].Add(t[series], by)
}

// observe counts for all series of a histogram.
func (t truth) observe(name string, labels map[string]string, bounds []float64, value float64) {
	t.add(name+"_count", labels, 1)
	t.add(name+"_sum", labels, value)
	for _, bound := range append(slices.Clone(bounds), math.Inf(1)) {
		by := 0.
		if value <= bound {
			by = 1
		}
		t.addTo(exposition.Bucket(name, labels, bound), big.NewFloat(by))
	}
}

// merge adds what another one counted.
func (t truth) merge(other truth) {
	for key, value := range other {
		t.addTo(key, value)
	}
}

// rounded is the truth as Prometheus can show it.
func (t truth) rounded() map[string]float64 {
	values := map[string]float64{}
	for key, exact := range t {
		values[key], _ = exact.Float64()
	}
	return values
}

// missing is what another truth, which knows more series, says otherwise of those that this one has.
func (t truth) missing(from truth) string {
	others := from.rounded()
	maps.DeleteFunc(others, func(key string, _ float64) bool { return t[key] == nil })
	return exposition.Differences(t.rounded(), others)
}

// addOTLP counts what a push in OTLP/JSON holds: counters and histograms of deltas.
func (t truth) addOTLP(body []byte) error {
	request := pmetricotlp.NewExportRequest()
	if err := request.UnmarshalJSON(body); err != nil {
		return err
	}
	for _, rm := range request.Metrics().ResourceMetrics().All() {
		service, _ := rm.Resource().Attributes().Get("service.name")
		for _, sm := range rm.ScopeMetrics().All() {
			for _, m := range sm.Metrics().All() {
				t.addMetric(service.Str(), m)
			}
		}
	}
	return nil
}

func (t truth) addMetric(job string, m pmetric.Metric) {
	if m.Type() == pmetric.MetricTypeSum {
		for _, p := range m.Sum().DataPoints().All() {
			t.add(m.Name(), labelsOf(job, p.Attributes()), p.DoubleValue())
		}
		return
	}
	for _, p := range m.Histogram().DataPoints().All() {
		labels := labelsOf(job, p.Attributes())
		t.add(m.Name()+"_count", labels, float64(p.Count()))
		t.add(m.Name()+"_sum", labels, p.Sum())
		cumulative := uint64(0)
		for i, bound := range append(p.ExplicitBounds().AsRaw(), math.Inf(1)) {
			cumulative += p.BucketCounts().At(i)
			t.addTo(exposition.Bucket(m.Name(), labels, bound), new(big.Float).SetUint64(cumulative))
		}
	}
}

func labelsOf(job string, attributes pcommon.Map) map[string]string {
	labels := map[string]string{"job": job}
	for name, value := range attributes.All() {
		labels[name] = value.AsString()
	}
	return labels
}
