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
}

// sources are the datasets that at least one enabled metric is read from; others are never asked for.
type sources struct {
	byDataset map[string]*source
	// families has the datasets of each family in order of preference.
	families map[string][]*source
	names    []string // of the families, sorted
	datasets map[cloudflare.ScopeKind][]string
	// ownMetrics are the receiver's own counters.
	ownMetrics []ledger.Metric
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

func datasetNames() ([]string, error) {
	list, err := catalogue()
	var names []string
	for _, d := range list {
		names = append(names, d.Name)
	}
	return names, err
}

func newSources(enabled map[string]bool) (*sources, error) {
	list, err := catalogue()
	if err != nil {
		return nil, err
	}
	s := &sources{
		byDataset: map[string]*source{}, families: map[string][]*source{}, datasets: map[cloudflare.ScopeKind][]string{},
	}
	for _, d := range list {
		src := &source{Dataset: d}
		for _, m := range d.Metrics {
			src.wanted = append(src.wanted, enabled[m.Name])
		}
		if !slices.Contains(src.wanted, true) {
			continue
		}
		s.byDataset[d.Name] = src
		s.families[d.Family] = append(s.families[d.Family], src)
		s.datasets[d.Scope()] = append(s.datasets[d.Scope()], d.Name)
		if d.ByZone != nil {
			s.datasets[cloudflare.AccountScope] = append(s.datasets[cloudflare.AccountScope], d.Name)
		}
		if !slices.Contains(s.names, d.Family) {
			s.names = append(s.names, d.Family)
		}
	}
	slices.Sort(s.names)
	s.ownMetrics = []ledger.Metric{
		ownLostTime: {Name: "cloudflare.exporter.lost.time", Attributes: []string{"metric_family"}, Type: ledger.Int},
		ownErrors:   {Name: "cloudflare.exporter.errors", Attributes: []string{"account", "dataset", "class"}, Type: ledger.Int},
	}
	return s, nil
}

// selection is the part of a source that one scope may see: the wanted metrics all of whose fields it may read.
type selection struct {
	*source
	want     []bool
	counters []ledger.Metric
	// index leads from the dataset's metrics to counters; -1 where there is none.
	index []int
	// variant names the selection within the source.
	variant string
}

// selectFor picks what a scope may see. A metric takes up to seriesLimit label sets per scope.
func (s *source) selectFor(limits cloudflare.Limits, seriesLimit int) *selection {
	sel := &selection{source: s, want: s.offered(limits), index: make([]int, len(s.Metrics))}
	var variant strings.Builder
	for i, m := range s.Metrics {
		sel.index[i] = -1
		if !sel.want[i] {
			variant.WriteByte('-')
			continue
		}
		variant.WriteByte('+')
		if m.Kind != dataset.Counter {
			continue
		}
		sel.index[i] = len(sel.counters)
		valueType := ledger.Int
		if m.Double {
			valueType = ledger.Double
		}
		sel.counters = append(sel.counters, ledger.Metric{
			Name: m.Name, Attributes: m.Attributes, Type: valueType, Limit: seriesLimit,
		})
	}
	sel.variant = variant.String()
	return sel
}

// offered are the wanted metrics all of whose fields Cloudflare lists as available. A list from which nothing can be
// read although the dataset is enabled is one that this code does not understand; then the query will tell.
func (s *source) offered(limits cloudflare.Limits) []bool {
	want := slices.Clone(s.wanted)
	for i, m := range s.Metrics {
		want[i] = want[i] && limits.OffersAll(m.Fields)
	}
	if !slices.Contains(want, true) {
		return s.wanted
	}
	return want
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

// wantOf is the selection that a variant names.
func wantOf(variant string) []bool {
	want := make([]bool, len(variant))
	for i := range variant {
		want[i] = variant[i] == '+'
	}
	return want
}
