// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"bytes"
	"fmt"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	dto "github.com/prometheus/client_model/go"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

// dialects are the exporters of testdata/exporters.yaml, by the configuration that speaks as they do.
var dialects = map[string]string{
	"compat-lablabs.yaml":             "lablabs",
	"compat-cloudflare-exporter.yaml": "cloudflare_prometheus_exporter",
	"compat-seed.yaml":                "cloudflare_prometheus_exporter_readme",
}

// word is a metric of another exporter, what carries it here, and how the configuration makes it of that.
type word struct {
	Metric    string
	Type      string
	Labels    []string
	By        []string
	Renamed   map[string]string
	Gone      map[string]string
	Different string
	Compat    struct {
		Impossible     string
		ImpossibleType string `yaml:"impossible_type"`
		Approximate    string
		More           map[string]string
		Constant       map[string]string
		Account        string
		Values         map[string]map[string]string
		Class          []string
		Slug           map[string]string
		Only           map[string]string
		Factor         float64
		Fold           string
		Quiet          string
	}
}

// dialect is what an exporter's metrics are called, by name.
func dialect(t *testing.T, exporter string) map[string]word {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(repository, "testdata", "exporters.yaml"))
	require.NoError(t, err)
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	decoder.KnownFields(true)
	var exporters map[string][]word
	require.NoError(t, decoder.Decode(&exporters))
	words := map[string]word{}
	for _, w := range exporters[exporter] {
		words[w.Metric] = w
	}
	require.NotEmpty(t, words)
	return words
}

// kind is the type of its series.
func (w word) kind() dto.MetricType {
	if (w.Type == "counter") == (w.Compat.ImpossibleType == "") {
		return dto.MetricType_COUNTER
	}
	return dto.MetricType_GAUGE
}

// labels are those that each series has besides job and instance.
func (w word) labels() []string {
	labels := slices.Collect(maps.Keys(w.Compat.More))
	for _, label := range w.Labels {
		if w.Gone[label] == "" || w.Compat.Constant[label] != "" {
			labels = append(labels, label)
		}
	}
	slices.Sort(labels)
	return labels
}

// expected gives the values of the metric's series, computed from what the collector puts out under its own names.
func (w word) expected(own []sample) (map[string]float64, error) {
	name, err := nativeName(w.By[0])
	if err != nil {
		return nil, err
	}
	values, counter := map[string]float64{}, w.Type == "counter"
	for _, s := range own {
		if s.name != name || !w.takes(s) {
			continue
		}
		series, value := w.series(s), s.value
		if w.Compat.Factor != 0 {
			value *= w.Compat.Factor
		}
		before, twice := values[series]
		switch {
		case !twice:
		case counter || w.Compat.Fold == "sum" || w.Compat.ImpossibleType != "":
			value += before
		case w.Compat.Fold == "max":
			value = max(value, before)
		default:
			return nil, fmt.Errorf("%s would be two series of ours, one of them %v", series, s)
		}
		values[series] = value
	}
	return values, nil
}

func (w word) takes(s sample) bool {
	for label, value := range w.Compat.Only {
		if s.labels[label] != value {
			return false
		}
	}
	return true
}

// series is what one of our series is called there.
func (w word) series(own sample) string {
	theirs := sample{name: w.Metric, labels: map[string]string{}}
	for _, label := range []string{"job", "instance", "otel_metric_overflow"} {
		theirs.labels[label] = own.labels[label]
	}
	for _, label := range w.labels() {
		theirs.labels[label] = w.value(label, own.labels)
	}
	return canonical(theirs)
}

// value is what a label is there.
func (w word) value(label string, own map[string]string) string {
	switch attribute, renamed := w.Renamed[label]; {
	case w.Compat.Constant[label] != "":
		return w.Compat.Constant[label]
	case label == "zone":
		return own["cloudflare_zone_name"]
	case label == "account" && w.Compat.Account == "id":
		return own["cloudflare_account_id"]
	case label == "account" && w.Compat.Account == "name":
		return own["cloudflare_account_name"]
	case label == "account":
		return slug(own["cloudflare_account_name"], "-")
	case renamed:
		return own[attribute]
	}
	value := own[label]
	if other := w.Compat.Values[label][value]; other != "" {
		value = other
	}
	if slices.Contains(w.Compat.Class, label) && value != "" {
		value = value[:1] + "xx"
	}
	if space := w.Compat.Slug[label]; space != "" {
		value = slug(value, space)
	}
	return value
}

func slug(text, space string) string { return strings.ReplaceAll(strings.ToLower(text), " ", space) }

// canonical names a series without labels that are empty, which Prometheus does not tell from absent ones.
func canonical(s sample) string {
	s.labels = maps.Clone(s.labels)
	maps.DeleteFunc(s.labels, func(_, value string) bool { return value == "" })
	return s.String()
}

// mistranslations describes what is not as the exporter would have it, which ours says it should be.
func mistranslations(words map[string]word, theirs, own []sample) ([]string, error) {
	actual, list := map[string]map[string]sample{}, []string{}
	for _, s := range theirs {
		if actual[s.name] == nil {
			actual[s.name] = map[string]sample{}
		}
		if _, twice := actual[s.name][canonical(s)]; twice {
			list = append(list, fmt.Sprintf("two samples of %v", s))
		}
		actual[s.name][canonical(s)] = s
	}
	for name, w := range words {
		list = append(list, w.kinds(actual[name])...)
		if w.Compat.Impossible != "" || w.Compat.Approximate != "" {
			continue
		}
		expected, err := w.expected(own)
		if err != nil {
			return nil, err
		}
		list = append(list, w.values(expected, actual[name])...)
	}
	slices.Sort(list)
	return list, nil
}

// kinds describes what is wrong with the type and the names of labels.
func (w word) kinds(actual map[string]sample) []string {
	var list []string
	if (len(actual) == 0) != (w.Compat.Impossible != "") {
		list = append(list, fmt.Sprintf("%s has %d series", w.Metric, len(actual)))
	}
	want := append(w.labels(), "instance", "job")
	slices.Sort(want)
	seen := map[string]bool{}
	for _, s := range actual {
		if s.kind != w.kind() {
			list = append(list, fmt.Sprintf("%v has type %v", s, s.kind))
		}
		for label, value := range s.labels {
			seen[label] = seen[label] || value != ""
			if !slices.Contains(want, label) && value != "" && label != "otel_metric_overflow" {
				list = append(list, fmt.Sprintf("%v has a label %s", s, label))
			}
		}
	}
	for _, label := range want {
		if len(actual) > 0 && !seen[label] {
			list = append(list, fmt.Sprintf("%s has no label %s", w.Metric, label))
		}
	}
	return list
}

// values describes the series that are missing, too many or at another value.
func (w word) values(expected map[string]float64, actual map[string]sample) []string {
	var list []string
	for series, want := range expected {
		got, ok := actual[series]
		if !ok || math.Abs(got.value-want) > 1e-9*math.Abs(want) {
			list = append(list, fmt.Sprintf("%s: want %v, got %v", series, want, got.value))
		}
	}
	for series := range actual {
		if _, ok := expected[series]; !ok {
			list = append(list, series+": not expected")
		}
	}
	return list
}

// nativeName is what Prometheus calls a metric of ours.
func nativeName(otel string) (string, error) {
	metrics, err := declared()
	if err != nil {
		return "", err
	}
	m, ok := metrics[otel]
	if !ok {
		return "", fmt.Errorf("there is no metric %s", otel)
	}
	return m.prometheusName(otel)
}
