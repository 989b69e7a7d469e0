// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"cmp"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"

	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/e2e/internal/exposition"
	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/internal/oracle"
)

// sample is one line of an exposition, or the newest sample of one series that was written remotely.
type sample struct {
	name   string
	labels map[string]string
	value  float64
	kind   dto.MetricType
}

// String is the sample's series in Prometheus' notation.
func (s sample) String() string { return exposition.Series(s.name, s.labels) }

// scrape reads a Prometheus endpoint as Prometheus would.
func scrape(url string) ([]sample, error) {
	page, code, err := get(url)
	if err != nil || code != http.StatusOK {
		return nil, cmp.Or(err, fmt.Errorf("status %d", code))
	}
	families, err := exposition.Read(string(page), expfmt.NewFormat(expfmt.TypeTextPlain))
	if err != nil {
		return nil, err
	}
	var samples []sample
	for _, family := range families {
		for _, m := range family.GetMetric() {
			value := m.GetCounter().GetValue() + m.GetGauge().GetValue() + m.GetUntyped().GetValue()
			samples = append(samples, sample{name: family.GetName(), labels: exposition.Labels(m), value: value, kind: family.GetType()})
		}
	}
	return samples, nil
}

// reading is what a backend holds at one moment.
type reading struct {
	samples    []sample
	counters   map[oracle.Series]float64
	own        map[string]float64 // the receiver's own metrics, by series in Prometheus' notation
	watermarks map[string]float64 // Unix seconds, by family
}

// ownMetrics begins the names of the metrics that the receiver has of itself.
const ownMetrics = "cloudflare_exporter_"

// notAttributes are the labels that are no attributes of data points.
var notAttributes = []string{
	"job", "instance", "cloudflare_account_id", "cloudflare_account_name", "cloudflare_zone_id", "cloudflare_zone_name",
	"otel_scope_name", "otel_scope_version", "otel_scope_schema_url", "collector",
}

// translate finds the receiver's series among samples with Prometheus' names. Each counter must have a name that
// metadata.yaml gives it, and no two samples may be of one series.
func translate(samples []sample) (reading, error) {
	names, err := prometheusNames()
	if err != nil {
		return reading{}, err
	}
	r := reading{
		samples: samples, counters: map[oracle.Series]float64{}, own: map[string]float64{}, watermarks: map[string]float64{},
	}
	for _, s := range samples {
		if s.name == ownMetrics+"watermark_timestamp_seconds" {
			r.watermarks[s.labels["metric_family"]] = s.value
		}
		if strings.HasPrefix(s.name, ownMetrics) {
			r.own[s.name] += s.value
			continue
		}
		otel, counter := names[s.name]
		if counter != (s.kind == dto.MetricType_COUNTER) && strings.HasPrefix(s.name, "cloudflare_") {
			return r, fmt.Errorf("%v has type %v", s, s.kind)
		}
		if !counter {
			continue
		}
		attributes := maps.Clone(s.labels)
		maps.DeleteFunc(attributes, func(name, _ string) bool { return slices.Contains(notAttributes, name) })
		series := oracle.Series{Metric: otel, Scope: s.labels["instance"], Attributes: oracle.Attributes(attributes)}
		if _, twice := r.counters[series]; twice {
			return r, fmt.Errorf("two samples of %v, one of them %v", series, s)
		}
		r.counters[series] = s.value
	}
	return r, nil
}

// read scrapes the deployment's Prometheus endpoint.
func (d *deployment) read() (reading, error) {
	samples, err := scrape(d.url("METRICS_PORT", "/metrics"))
	if err != nil {
		return reading{}, err
	}
	return translate(samples)
}
