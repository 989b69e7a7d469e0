// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package cloudflaremetricsreceiver

import (
	"context"

	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/internal/dataset"
	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/internal/inventory"
	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/internal/ledger"
)

// ruleName is the name of a firewall rule, or its identifier where the name is not known.
func (s *metricsScraper) ruleName(scope inventory.Scope, id string) string {
	if name, ok := s.inventory.RuleName(scope.ID, id); ok && name != "" {
		return name
	}
	return id
}

// learnRules reads the names of rules before their events are counted, where some are not known yet.
func (s *metricsScraper) learnRules(ctx context.Context, tx *ledger.Tx, list []reading) {
	now := s.now()
	var zones []inventory.Scope
	asked := map[string]bool{}
	for _, r := range list {
		p := s.partitions[partitionID(r.part.Family, r.scope.Kind, r.scope.ID)]
		if r.err == nil && !r.part.Gauges && !asked[r.scope.ID] && !s.inventory.KnowsRules(r.scope.ID, now) && s.hasUnknownRule(p, r) {
			asked[r.scope.ID] = true
			zones = append(zones, p.scope)
		}
	}
	if len(zones) > 0 {
		s.failed(tx, "", "rulesets", s.sayDenied(s.inventory.LearnRules(ctx, now, zones)))
	}
}

func (s *metricsScraper) hasUnknownRule(p *partition, r reading) (unknown bool) {
	sel := p.selection
	if !sel.namesRules {
		return false
	}
	_, _ = sel.Read(r.rows, dataset.Counter, sel.want, func(pt dataset.Point) { // counting meets the same error
		for i, a := range sel.Metrics[pt.Metric].Attributes {
			if a.RuleName {
				_, known := s.inventory.RuleName(p.scope.ID, pt.Attributes[i])
				unknown = unknown || !known
			}
		}
	})
	return unknown
}
