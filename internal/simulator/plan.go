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

// reach is how far back a dataset may be read, and how wide a window of it; zero if it may not be read at all.
type reach struct{ oldest, widest time.Duration }

const (
	day  = 24 * time.Hour
	week = 7 * day
)

// planReach is what plans may read of the datasets whose names have a prefix.
type planReach struct {
	prefix string
	plans  map[Plan]reach
}

// zoneReaches says what plans may read of a zone, the first prefix that fits. Figures are from Cloudflare's tables of dataset limits
// (the one of 2022 gives one figure for age and width) and of security events; of datasets in neither table they are
// those that Cloudflare shows most often.
func zoneReaches() []planReach {
	byPlan := func(free, pro, business, enterprise reach) map[Plan]reach {
		return map[Plan]reach{PlanFree: free, PlanPro: pro, PlanBusiness: business, PlanEnterprise: enterprise}
	}
	both := func(d time.Duration) reach { return reach{d, d} }
	all := func(r reach) map[Plan]reach { return byPlan(r, r, r, r) }
	none := reach{}
	return []planReach{
		{datasetHTTPRequests1m, byPlan(none, both(day), both(3*day), both(week))},
		{"httpRequests1h", byPlan(both(3*day), both(week), both(30*day), both(90*day))},
		{"httpRequests1d", all(both(365 * day))},
		{"httpRequestsAdaptive", byPlan(reach{week, day}, both(week), both(31*day), reach{90 * day, 31 * day})},
		{"firewallEventsAdaptiveByTimeGroups", byPlan(both(14*day), both(14*day), both(30*day), both(30*day))},
		{datasetFirewallEvents, byPlan(none, both(3*day), both(30*day), both(30*day))},
		{"firewallEventsAdaptive", byPlan(both(day), both(day), both(3*day), reach{30 * day, 31 * day})},
		{"healthCheckEvents", byPlan(none, both(3*day), both(30*day), both(90*day))},
		{"loadBalancingRequests", byPlan(none, both(3*day), both(30*day), both(30*day))},
		{"logpush", byPlan(none, none, none, reach{31 * day, week})},
		{"dnsAnalytics", all(both(week))},
		{"", all(reach{31 * day, week})},
	}
}

// zoneReach returns what a plan may read of a zone's dataset.
func zoneReach(plan Plan, dataset string) reach {
	for _, r := range zoneReaches() {
		if strings.HasPrefix(dataset, r.prefix) {
			return r.plans[plan]
		}
	}
	return reach{}
}

// includes tells whether a plan lets the owner of a zone read a field, by its flattened name. Scores of bots and fingerprints
// come with Bot Management, which is sold with Enterprise plans.
func (p Plan) includes(dataset, field string) bool {
	if !strings.HasPrefix(dataset, "httpRequestsAdaptive") && !strings.HasPrefix(dataset, "firewallEventsAdaptive") {
		return true
	}
	leaf := field[strings.LastIndex(field, "_")+1:]
	for _, prefix := range []string{"botScore", "botManagementDecision", "botDetection", "ja3", "ja4"} {
		if strings.HasPrefix(leaf, prefix) {
			return p == PlanEnterprise
		}
	}
	return p != PlanFree || leaf != "edgeResponseContentTypeName" && leaf != "clientRefererHost"
}

// entitlement tells what may be read of a node in a scope.
func (s *Simulator) entitlement(sc scope, n *node, g grant) entitlement {
	limits := windowLimits(sc, n, g)
	if limits == (reach{}) || g.withholds(n.name) {
		return entitlement{AvailableFields: []string{}}
	}
	return entitlement{
		Enabled: true,
		AvailableFields: slices.DeleteFunc(slices.Clone(n.offered), func(field string) bool {
			return g.withholds(n.name+"."+field) || sc.zone != nil && !g.plan.includes(n.name, field)
		}),
		MaxDuration:       int64(limits.widest / time.Second),
		NotOlderThan:      int64(limits.oldest / time.Second),
		MaxPageSize:       int64(s.config.Limits.PageSize),
		MaxNumberOfFields: maxNumberOfFields,
	}
}

// windowLimits returns the greatest age and width of a window. Workers' figures are from the Workers documentation: three
// months back, a week per query. An account's datasets that tell its zones apart have to be granted, and have the limits of
// the best plan.
func windowLimits(sc scope, n *node, g grant) reach {
	switch {
	case sc.zone != nil:
		return zoneReach(g.plan, n.name)
	case n.tellsZones() && !slices.Contains(g.granted, n.name):
		return reach{}
	case n.tellsZones():
		return zoneReach(PlanEnterprise, n.name)
	case n.name == datasetWorkers:
		return reach{13 * week, week}
	default:
		return reach{31 * day, week}
	}
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
		if n == nil || isField && !slices.Contains(n.offered, field) {
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
