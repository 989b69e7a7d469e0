// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package cloudflaremetricsreceiver

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/internal/dataset"
	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/internal/inventory"
	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/internal/ledger"
)

// The identifier of a firewall rule is what its series are counted by. Its name is put beside it when they are emitted, so a
// rule that is renamed keeps its counts; the label set with the former name ends.

// named is an identifier of a zone that has a name.
type named struct{ zone, id string }

// names are those that were emitted last.
type names struct {
	emitted map[named]string
	// wanted are those that are to be asked for, by zone; unknown those that were, and when: who still has no name has none.
	wanted  map[string]map[string]bool
	unknown map[named]time.Time
}

// unknownFor is how long rules are not asked for again that have no name.
const unknownFor = time.Hour

func newNames() names {
	return names{map[named]string{}, map[string]map[string]bool{}, map[named]time.Time{}}
}

// learnRules reads the names of rules, where some are not known yet that answers or series have, and each hour what may have been
// renamed.
func (s *metricsScraper) learnRules(ctx context.Context, tx *ledger.Tx, list []reading) {
	now := s.now()
	for _, r := range list {
		p := s.partitions[partitionID(r.part.Family, r.scope.Kind, r.scope.ID)]
		if r.err == nil && !r.part.Gauges && p.selection.namesRules && !s.inventory.KnowsRules(r.scope.ID, now) {
			s.findUnknown(p, r, now)
		}
	}
	var zones, outdated []inventory.Scope
	for _, p := range s.partitions {
		switch {
		case !p.selection.namesRules:
		case len(s.names.wanted[p.scope.ID]) > 0:
			zones = append(zones, p.scope)
		case s.inventory.RulesOutdated(p.scope.ID, now):
			outdated = append(outdated, p.scope)
		}
	}
	zones = append(zones, outdated...) // where names are missing comes first
	if len(zones) == 0 {
		return
	}
	s.failed(tx, "", "rulesets", s.sayDenied(s.inventory.LearnRules(ctx, now, zones)))
	s.saveInventory(tx)
	for _, zone := range zones {
		if !s.inventory.KnowsRules(zone.ID, now) {
			continue // its turn comes in another scrape
		}
		for rule := range s.names.wanted[zone.ID] {
			s.names.unknown[named{zone.ID, rule}] = now
		}
		delete(s.names.wanted, zone.ID)
	}
}

// want asks for the name of a rule that has none and has not been asked for lately.
func (n *names) want(rule named, now time.Time) {
	if now.Sub(n.unknown[rule]) < unknownFor {
		return
	}
	if n.wanted[rule.zone] == nil {
		n.wanted[rule.zone] = map[string]bool{}
	}
	n.wanted[rule.zone][rule.id] = true
}

func (s *metricsScraper) findUnknown(p *partition, r reading, now time.Time) {
	sel := p.selection
	_, _ = sel.Read(r.rows, dataset.Counter, sel.want, func(pt dataset.Point) { // counting meets the same error
		for i, a := range sel.Metrics[pt.Metric].Attributes {
			if a.NamedBy != "" {
				s.name(named{p.scope.ID, pt.Attributes[i]}, now)
			}
		}
	})
}

// name is the name of a rule, or its identifier where the name is not known; former is what it was called in the last scrape.
func (s *metricsScraper) name(rule named, now time.Time) (name, former string) {
	name, known := s.inventory.RuleName(rule.zone, rule.id)
	if !known || name == "" {
		name = rule.id
		s.names.want(rule, now)
	}
	former, ok := s.names.emitted[rule]
	if !ok {
		former = name
	}
	return name, former
}

// emitNamed emits the series of a metric that has names beside identifiers, and ends those whose name has changed.
func (s *metricsScraper) emitNamed(zone string, m ledger.Metric, attribute dataset.Attribute, list []ledger.Series, ended bool) {
	tick := s.now()
	at := slices.Index(m.Attributes, attribute.Name)
	m.Attributes = append(slices.Clip(m.Attributes), attribute.NamedBy)
	var renamed []ledger.Series
	now := map[named]string{}
	for _, series := range list {
		if series.Overflow() {
			s.emitter.counter(zone, m, series, ended)
			continue
		}
		rule := named{zone, series.AppendValues(nil)[at]}
		name, former := s.name(rule, tick)
		now[rule] = name
		s.emitter.counter(zone, m, series, ended, name)
		if former != name {
			renamed = append(renamed, series)
		}
	}
	for _, series := range renamed {
		_, former := s.name(named{zone, series.AppendValues(nil)[at]}, tick)
		s.emitter.counter(zone, m, series, true, former)
	}
	maps.Copy(s.names.emitted, now)
}

// forget drops what is known of a scope that has ended.
func (n *names) forget(zone string) {
	delete(n.wanted, zone)
	for rule := range n.emitted {
		if rule.zone == zone {
			delete(n.emitted, rule)
		}
	}
	for rule := range n.unknown {
		if rule.zone == zone {
			delete(n.unknown, rule)
		}
	}
}
