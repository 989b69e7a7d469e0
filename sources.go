// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package cloudflaremetricsreceiver

import (
	"slices"
	"strings"

	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/internal/cloudflare"
	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/internal/cloudflare/schema"
	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/internal/dataset"
	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/internal/ledger"
)

// source is a dataset with the metrics that the configuration wants of it.
type source struct {
	*dataset.Dataset
	wanted []bool // by index into Metrics
	// counts says that counters are among them, namesRules that one has names of firewall rules.
	counts, namesRules bool
	// sampleInterval is the field that tells of sampling, if the node has one.
	sampleInterval string
}

// sources are the datasets that at least one enabled metric is read from; others are never asked for.
type sources struct {
	byDataset map[string]*source
	// families has the datasets of each family in order of preference.
	families map[string][]*source
	names    []string // of the families, sorted
	// allNames has those of listings and of the receiver's own gauges as well.
	allNames []string
	// nodes are those whose entitlements are asked for.
	nodes map[cloudflare.ScopeKind][]string
	// listings are the REST lists that at least one enabled metric is read from.
	listings []*listing
	// unfiltered are the keys of filters that the configuration switches off.
	unfiltered []string
	// named has the attributes whose values have names, by metric.
	named map[string]dataset.Attribute
	// ownMetrics are the receiver's own counters, aboutScope its own gauges of each zone and account.
	ownMetrics []ledger.Metric
	aboutScope []dataset.Metric
}

// The receiver's own counters, as indices into sources.ownMetrics.
const (
	ownLostTime = iota
	ownErrors
)

func catalogue() ([]*dataset.Dataset, error) {
	sch, err := schema.Load()
	if err != nil {
		return nil, err
	}
	return dataset.Catalogue(sch)
}

func newSources(c *Config) (*sources, error) {
	list, err := catalogue()
	if err != nil {
		return nil, err
	}
	s := &sources{
		named:     map[string]dataset.Attribute{},
		byDataset: map[string]*source{}, families: map[string][]*source{}, nodes: map[cloudflare.ScopeKind][]string{},
		aboutScope: aboutScope(),
		ownMetrics: []ledger.Metric{
			ownLostTime: {Name: "cloudflare.exporter.lost.time", Attributes: []string{"metric_family"}, Type: ledger.Int},
			ownErrors:   {Name: "cloudflare.exporter.errors", Attributes: []string{"account", "dataset", "class"}, Type: ledger.Int},
		},
	}
	if c.RequestSource == sourceAll {
		s.unfiltered = []string{"requestSource"}
	}
	enabled := enabledMetrics(c.MetricsBuilderConfig.Metrics)
	for _, d := range list {
		d = d.Without(c.DropAttributes)
		if c.StatusClass {
			d = d.ByStatusClass()
		}
		if src := newSource(d, enabled); slices.Contains(src.wanted, true) {
			s.add(src)
		}
	}
	slices.Sort(s.names)
	s.listings = newListings(c, enabled)
	s.allNames = append(slices.Clone(s.names), aboutFamily)
	for _, l := range s.listings {
		s.allNames = append(s.allNames, listingFamily(l.Name))
	}
	return s, nil
}

func newSource(d *dataset.Dataset, enabled map[string]bool) *source {
	src := &source{Dataset: d, sampleInterval: d.SampleIntervalField()}
	for _, m := range d.Metrics {
		src.wanted = append(src.wanted, enabled[m.Name])
		src.counts = src.counts || (enabled[m.Name] && m.Kind == dataset.Counter)
		for _, a := range m.Attributes {
			src.namesRules = src.namesRules || (enabled[m.Name] && a.NamedBy != "")
		}
	}
	return src
}

func (s *sources) add(src *source) {
	s.byDataset[src.Name] = src
	for _, m := range src.Metrics {
		for _, a := range m.Attributes {
			if a.NamedBy != "" {
				s.named[m.Name] = a
			}
		}
	}
	if !slices.Contains(s.names, src.Family) {
		s.names = append(s.names, src.Family)
	}
	family := s.families[src.Family]
	family = append(family, src)
	slices.SortStableFunc(family, func(a, b *source) int {
		switch {
		case a.Fallback == b.Fallback:
			return 0
		case b.Fallback:
			return -1
		default:
			return 1
		}
	})
	s.families[src.Family] = family
	s.addNode(src.Scope(), src.Node())
	if src.ByZone != nil {
		s.addNode(cloudflare.AccountScope, src.Node())
	}
}

func (s *sources) addNode(scope cloudflare.ScopeKind, node string) {
	if !slices.Contains(s.nodes[scope], node) {
		s.nodes[scope] = append(s.nodes[scope], node)
	}
}

// selection is the part of a source that one scope may see: the wanted metrics all of whose fields it may read.
type selection struct {
	*source
	limits   cloudflare.Limits
	want     []bool
	counters []ledger.Metric
	// readsCounters and readsGauges say which kinds there are fields to ask for.
	readsCounters, readsGauges bool
	// index leads from the dataset's metrics to counters; -1 where there is none.
	index []int
	// variant names the selection within the source.
	variant variant
}

// variant is a selection as it goes through the planner: a sign for each metric, and one for the sample interval.
type variant string

const (
	wantedSign   = '+'
	unwantedSign = '-'
)

// selectFor picks what a scope may see. A metric takes up to seriesLimit label sets per scope.
func (s *source) selectFor(limits cloudflare.Limits, seriesLimit int) *selection {
	sel := &selection{source: s, limits: limits, want: s.offered(limits), index: make([]int, len(s.Metrics))}
	var signs strings.Builder
	sign := func(wanted bool) {
		if wanted {
			signs.WriteByte(wantedSign)
		} else {
			signs.WriteByte(unwantedSign)
		}
	}
	for i := range s.Metrics {
		sel.index[i] = -1
		sign(sel.want[i])
		if m := &s.Metrics[i]; sel.want[i] && m.Kind == dataset.Counter {
			sel.index[i] = len(sel.counters)
			sel.counters = append(sel.counters, counter(m, seriesLimit))
		}
	}
	sign(s.sampleInterval != "" && limits.Offers(s.sampleInterval))
	sel.variant = variant(signs.String())
	_, sel.readsCounters = s.Keep(dataset.Counter, sel.want)
	_, sel.readsGauges = s.Keep(dataset.Gauge, sel.want)
	return sel
}

// counter is a metric as the ledger keeps it.
func counter(m *dataset.Metric, seriesLimit int) ledger.Metric {
	c := ledger.Metric{Name: m.Name, Type: ledger.Int, Limit: seriesLimit}
	if m.Double {
		c.Type = ledger.Double
	}
	for _, a := range m.Attributes {
		key := a.Name
		if a.Class {
			key += classMark
			c.Derived = map[string]ledger.Derivation{key: {From: a.Name, Value: dataset.StatusClass}}
		}
		c.Attributes = append(c.Attributes, key)
	}
	return c
}

// classMark tells, in the ledger, status classes from status codes: series by code can be continued by class, but not the
// other way round.
const classMark = ":class"

// offered are the wanted metrics that can be read by limits.
func (s *source) offered(limits cloudflare.Limits) []bool {
	want := s.Offered(limits)
	for i := range want {
		want[i] = want[i] && s.wanted[i]
	}
	return want
}

// carriedOver are the counters that a scope has of the family but not from this source. They stand where they are: a known
// series does not vanish because another dataset serves.
func (s *sources) carriedOver(sel *selection, known []ledger.Metric, seriesLimit int) []ledger.Metric {
	var list []ledger.Metric
	has := func(list []ledger.Metric, name string) bool {
		return slices.ContainsFunc(list, func(m ledger.Metric) bool { return m.Name == name })
	}
	for _, src := range s.families[sel.Family] {
		for i := range src.Metrics {
			m := &src.Metrics[i]
			if src.wanted[i] && m.Kind == dataset.Counter && has(known, m.Name) && !has(sel.counters, m.Name) && !has(list, m.Name) {
				list = append(list, counter(m, seriesLimit))
			}
		}
	}
	return list
}

// withheld are the names of the wanted metrics that the scope may not see.
func (sel *selection) withheld() []string {
	var names []string
	for i, m := range sel.Metrics {
		if sel.wanted[i] && !sel.want[i] {
			names = append(names, m.Name)
		}
	}
	return names
}

// want is the selection that a variant names.
func (v variant) want() []bool {
	want := make([]bool, len(v)-1)
	for i := range want {
		want[i] = v[i] == wantedSign
	}
	return want
}

// sampled says that the sample interval is selected.
func (v variant) sampled() bool { return v[len(v)-1] == wantedSign }

// keep tells which leaf fields make up a variant for one kind of metrics.
func (s *source) keep(kind dataset.Kind, v variant) func(field string) bool {
	needed, _ := s.Keep(kind, v.want())
	return func(field string) bool { return needed(field) || (field == s.sampleInterval && v.sampled()) }
}
