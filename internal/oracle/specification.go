// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package oracle

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/internal/simulator"
)

// Kind tells counters from gauges.
type Kind int

// What a metric may be.
const (
	Counter Kind = iota
	Gauge
)

// Specification is what the documentation says of all metrics that are read from datasets.
type Specification struct {
	metrics []metric // by name
}

// metric is one metric with its sources. A derived one has none.
type metric struct {
	name     string
	kind     Kind
	optional bool // not enabled by default
	sources  []source
}

// source is a grouping, with what becomes of its totals.
type source struct {
	simulator.Grouping
	divisor    float64
	attributes map[string][]string // by dimension
}

// Completion puts the attributes into a set that are computed from others. It finds each attribute of a dimension at the
// dimension's value. Scope is the identifier of the zone or account.
type Completion func(metric, scope string, attributes map[string]string)

// New reads a metadata.yaml that has been decoded. An error names the metric and what does not follow the grammar.
func New(document map[string]any) (*Specification, error) {
	metrics, ok := document["metrics"].(map[string]any)
	if !ok {
		return nil, errors.New("the metrics' documentation has no metrics")
	}
	s := &Specification{}
	for _, name := range slices.Sorted(maps.Keys(metrics)) {
		entry, _ := metrics[name].(map[string]any)
		m, documented, err := newMetric(name, entry)
		if err != nil {
			return nil, fmt.Errorf("metric %s: %w", name, err)
		}
		if documented {
			s.metrics = append(s.metrics, m)
		}
	}
	return s, nil
}

// newMetric reads an entry of metadata.yaml. One without a Source is not read from datasets.
func newMetric(name string, entry map[string]any) (m metric, documented bool, err error) {
	m = metric{name: name, optional: entry["enabled"] == false}
	if _, isGauge := entry["gauge"]; isGauge {
		m.kind = Gauge
	}
	text, _ := entry["extended_documentation"].(string)
	found, err := parseBullets(text)
	if err != nil || found.source == "" {
		return m, false, err
	}
	if strings.HasPrefix(found.source, "derived from ") {
		return m, true, nil
	}
	for i, line := range []string{found.source, found.otherwise} {
		if line == "" {
			continue
		}
		parsed, err := parseSource(line)
		if err != nil {
			return m, false, err
		}
		parsed.complete(m, i)
		m.sources = append(m.sources, parsed)
	}
	return m, true, nil
}

// complete fills in what a line leaves to its metric and its place.
func (s *source) complete(m metric, place int) {
	s.Name = m.name
	if s.Scope == "" {
		s.Scope = "account"
		if strings.HasPrefix(m.name, "cloudflare.zone.") {
			s.Scope = "zone"
		}
	}
	if place > 0 {
		s.Name += " (otherwise)"
		s.Unless = m.sources[0].Dataset
	}
}

// Default leaves out metrics that are not enabled by default.
func (s *Specification) Default() *Specification {
	return s.Only(func(name string) bool { return !s.metric(name).optional })
}

// Only leaves out metrics that are not to be kept.
func (s *Specification) Only(keep func(metric string) bool) *Specification {
	return &Specification{slices.DeleteFunc(slices.Clone(s.metrics), func(m metric) bool { return !keep(m.name) })}
}

func (s *Specification) metric(name string) metric {
	return s.metrics[slices.IndexFunc(s.metrics, func(m metric) bool { return m.name == name })]
}

// Metrics are the names of all metrics of a kind that have groupings, sorted.
func (s *Specification) Metrics(kind Kind) []string {
	return s.names(func(m metric) bool { return m.kind == kind && len(m.sources) > 0 })
}

// Derived are the names of the metrics whose source is prose, sorted.
func (s *Specification) Derived() []string {
	return s.names(func(m metric) bool { return len(m.sources) == 0 })
}

func (s *Specification) names(which func(metric) bool) []string {
	var names []string
	for _, m := range s.metrics {
		if which(m) {
			names = append(names, m.name)
		}
	}
	return names
}

// Groupings are what to ask the simulator's truth for.
func (s *Specification) Groupings(kind Kind) []simulator.Grouping {
	var groupings []simulator.Grouping
	for _, m := range s.metrics {
		if m.kind == kind {
			for _, source := range m.sources {
				groupings = append(groupings, source.Grouping)
			}
		}
	}
	return groupings
}

// Expected gives the value of each series that is not zero, of totals of the specification's groupings. Totals with equal
// attributes are added up.
func (s *Specification) Expected(totals []simulator.Total, completions ...Completion) map[Series]float64 {
	metrics, sources := map[string]string{}, map[string]source{}
	for _, m := range s.metrics {
		for _, source := range m.sources {
			metrics[source.Name], sources[source.Name] = m.name, source
		}
	}
	expected := map[Series]float64{}
	for _, t := range totals {
		own, ok := sources[t.Name]
		if !ok {
			continue
		}
		set := map[string]string{}
		for dimension, value := range t.Dimensions {
			for _, attribute := range own.attributes[dimension] {
				set[attribute] = value
			}
		}
		for _, complete := range completions {
			complete(metrics[t.Name], t.ID, set)
		}
		expected[Series{metrics[t.Name], t.ID, Attributes(set)}] += t.Value / own.divisor
	}
	return expected
}
