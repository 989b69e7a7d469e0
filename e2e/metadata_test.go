// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"sync"

	"github.com/prometheus/otlptranslator"
	"go.yaml.in/yaml/v3"
)

// metadataFile is what a metadata.yaml says of metrics.
type metadataFile struct {
	Metrics   map[string]metadataMetric
	Telemetry struct{ Metrics map[string]metadataMetric }
}

type metadataMetric struct {
	Enabled        bool
	Unit           string
	Attributes     []string
	Sum, Histogram *struct{ Monotonic bool }
}

// counter says that it only goes up.
func (m metadataMetric) counter() bool { return m.Sum != nil && m.Sum.Monotonic }

// prometheusName is what a metric is called by Prometheus' own rules.
func (m metadataMetric) prometheusName(otel string) (string, error) {
	metric := otlptranslator.Metric{Name: otel, Unit: m.Unit, Type: otlptranslator.MetricTypeGauge}
	switch {
	case m.Histogram != nil:
		metric.Type = otlptranslator.MetricTypeHistogram
	case m.counter():
		metric.Type = otlptranslator.MetricTypeMonotonicCounter
	}
	namer := otlptranslator.NewMetricNamer("", otlptranslator.UnderscoreEscapingWithSuffixes)
	return namer.Build(metric)
}

// readMetadata reads a file below the repository's root.
func readMetadata(path ...string) (file metadataFile, err error) {
	text, err := os.ReadFile(filepath.Join(append([]string{repository}, path...)...))
	if err != nil {
		return file, err
	}
	err = yaml.Unmarshal(text, &file)
	return file, err
}

// declared are the metrics of cloudflaremetrics.
var declared = sync.OnceValues(func() (map[string]metadataMetric, error) {
	file, err := readMetadata("metadata.yaml")
	return file.Metrics, err
})

// prometheusNames gives the OTel name of each counter of cloudflaremetrics by the name that Prometheus has for it.
var prometheusNames = sync.OnceValues(func() (map[string]string, error) {
	metrics, err := declared()
	if err != nil {
		return nil, err
	}
	names := map[string]string{}
	for otel, m := range metrics {
		if !m.counter() {
			continue
		}
		name, err := m.prometheusName(otel)
		if err != nil {
			return nil, err
		}
		if other, taken := names[name]; taken {
			return nil, fmt.Errorf("%s and %s have one name in Prometheus: %s", otel, other, name)
		}
		names[name] = otel
	}
	return names, nil
})
