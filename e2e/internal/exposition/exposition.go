// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

// Package exposition reads what Prometheus is shown as numbers by series, and says where two such readings differ.
package exposition

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
)

// Series is Prometheus' notation of a series.
func Series(name string, labels map[string]string) string {
	var list []string
	for _, label := range slices.Sorted(maps.Keys(labels)) {
		list = append(list, fmt.Sprintf("%s=%q", label, labels[label]))
	}
	return name + "{" + strings.Join(list, ",") + "}"
}

// Bucket is the series of a bucket of a classic histogram.
func Bucket(histogram string, labels map[string]string, bound float64) string {
	labels = maps.Clone(labels)
	labels["le"] = strconv.FormatFloat(bound, 'g', -1, 64)
	return Series(histogram+"_bucket", labels)
}

// Labels are those of a metric, by name.
func Labels(m *dto.Metric) map[string]string {
	labels := map[string]string{}
	for _, pair := range m.GetLabel() {
		labels[pair.GetName()] = pair.GetValue()
	}
	return labels
}

// Read reads a page in one of Prometheus' formats.
func Read(page string, format expfmt.Format) ([]*dto.MetricFamily, error) {
	decoder := expfmt.NewDecoder(strings.NewReader(page), format)
	var families []*dto.MetricFamily
	for {
		var family dto.MetricFamily
		if err := decoder.Decode(&family); errors.Is(err, io.EOF) {
			return families, nil
		} else if err != nil {
			return nil, fmt.Errorf("the exposition cannot be parsed: %w", err)
		}
		families = append(families, &family)
	}
}

// Values flattens families: a histogram becomes the lines that it has in text.
func Values(families []*dto.MetricFamily) map[string]float64 {
	all := map[string]float64{}
	for _, family := range families {
		name := family.GetName()
		for _, m := range family.GetMetric() {
			labels := Labels(m)
			h := m.GetHistogram()
			if h == nil {
				all[Series(name, labels)] = m.GetCounter().GetValue() + m.GetGauge().GetValue() + m.GetUntyped().GetValue()
				continue
			}
			for _, b := range h.GetBucket() {
				all[Bucket(name, labels, b.GetUpperBound())] = float64(b.GetCumulativeCount())
			}
			all[Series(name+"_sum", labels)] = h.GetSampleSum()
			all[Series(name+"_count", labels)] = float64(h.GetSampleCount())
		}
	}
	return all
}

// Differences are the series that are not as they should be, one a line, the first ten.
func Differences(want, got map[string]float64) string {
	var lines []string
	for series, value := range want {
		if actual, there := got[series]; !there {
			lines = append(lines, fmt.Sprintf("%s is missing, and should be %v", series, value))
		} else if actual != value {
			lines = append(lines, fmt.Sprintf("%s is %v instead of %v", series, actual, value))
		}
	}
	for series, value := range got {
		if _, expected := want[series]; !expected {
			lines = append(lines, fmt.Sprintf("%s is %v, and should not be there", series, value))
		}
	}
	slices.Sort(lines)
	return strings.Join(lines[:min(10, len(lines))], "\n")
}
