// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Plan is a zone's plan, by the name that Cloudflare calls legacy_id.
type Plan string

// The plans that Cloudflare sells by zone.
const (
	PlanFree       Plan = "free"
	PlanPro        Plan = "pro"
	PlanBusiness   Plan = "business"
	PlanEnterprise Plan = "enterprise"
)

func (p Plan) known() bool {
	return slices.Contains([]Plan{PlanFree, PlanPro, PlanBusiness, PlanEnterprise}, p)
}

// The datasets by Cloudflare's names.
const (
	datasetHTTPRequests1m = "httpRequests1mGroups"
	datasetFirewallEvents = "firewallEventsAdaptiveGroups"
	datasetWorkers        = "workersInvocationsAdaptive"
)

// entitlement is what a requester may read of one dataset in one zone or account, as the settings node tells it.
type entitlement struct {
	Enabled           bool     `json:"enabled"`
	AvailableFields   []string `json:"availableFields"`
	MaxDuration       int64    `json:"maxDuration"`  // seconds
	NotOlderThan      int64    `json:"notOlderThan"` // seconds
	MaxPageSize       int64    `json:"maxPageSize"`
	MaxNumberOfFields int64    `json:"maxNumberOfFields"`
}

// maxNumberOfFields is the figure of every sample that Cloudflare publishes.
const maxNumberOfFields = 30

// retention returns how far back a plan may read a zone's dataset; zero if it may not read it at all. The figures are
// from Cloudflare's table of dataset limits, which gives one figure for age and width.
func retention(plan Plan, dataset string) time.Duration {
	const day = 24 * time.Hour
	switch dataset {
	case datasetHTTPRequests1m:
		return map[Plan]time.Duration{PlanPro: day, PlanBusiness: 3 * day, PlanEnterprise: 7 * day}[plan]
	case datasetFirewallEvents:
		return map[Plan]time.Duration{PlanPro: 3 * day, PlanBusiness: 30 * day, PlanEnterprise: 30 * day}[plan]
	default:
		return 0
	}
}

// entitlement tells what may be read of a node in a scope.
func (s *Simulator) entitlement(sc scope, n *node, g grant) entitlement {
	oldest, widest := windowLimits(sc, n.name, g)
	if oldest == 0 || g.withholds(n.name) {
		return entitlement{AvailableFields: []string{}}
	}
	return entitlement{
		Enabled: true,
		AvailableFields: slices.DeleteFunc(slices.Clone(n.fields), func(field string) bool {
			return g.withholds(n.name + "." + field)
		}),
		MaxDuration:       int64(widest / time.Second),
		NotOlderThan:      int64(oldest / time.Second),
		MaxPageSize:       int64(s.config.Limits.PageSize),
		MaxNumberOfFields: maxNumberOfFields,
	}
}

// windowLimits returns the greatest age and width of a window. Workers' figures are from the Workers documentation:
// three months back, a week per query. Other datasets at account scope have those of the best plan.
func windowLimits(sc scope, dataset string, g grant) (oldest, widest time.Duration) {
	const week = 7 * 24 * time.Hour
	r := time.Duration(0)
	switch {
	case sc.zone != nil:
		r = retention(g.plan, dataset)
	case dataset == datasetWorkers:
		return 13 * week, week
	case slices.Contains(g.granted, dataset):
		r = retention(PlanEnterprise, dataset)
	}
	return r, r
}

// checkEntitlements makes sure that a slip of the pen does not grant what should be withheld, or the other way round.
func (s *Simulator) checkEntitlements(w *world) error {
	for _, z := range w.zones {
		if err := s.checkWithheld("zone", z.ID, z.Withheld); err != nil {
			return err
		}
	}
	for _, a := range w.accounts {
		if err := s.checkWithheld("account", a.ID, a.Withheld); err != nil {
			return err
		}
		for _, dataset := range a.Granted {
			if s.nodes[nodeKey{"account", dataset}] == nil {
				return fmt.Errorf("account %s is granted %q, but there is no such dataset", a.ID, dataset)
			}
		}
	}
	return nil
}

func (s *Simulator) checkWithheld(scope, id string, list []string) error {
	for _, withheld := range list {
		dataset, field, isField := strings.Cut(withheld, ".")
		n := s.nodes[nodeKey{scope, dataset}]
		if n == nil || isField && !slices.Contains(n.fields, field) {
			return fmt.Errorf("%s %s withholds %q, but there is no such field", scope, id, withheld)
		}
	}
	return nil
}

// withholds tells whether a Withheld list names the dataset or the field; a container takes its leaves with it.
func (g grant) withholds(name string) bool {
	return slices.ContainsFunc(g.withheld, func(withheld string) bool {
		return name == withheld || strings.Contains(withheld, ".") && strings.HasPrefix(name, withheld+"_")
	})
}
