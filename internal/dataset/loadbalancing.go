// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package dataset

// loadBalancingRequestsAdaptiveGroupsDataset is the requests that a zone's load balancers sent to each origin.
func loadBalancingRequestsAdaptiveGroupsDataset() *Dataset {
	d := zoneEvents("loadBalancingRequestsAdaptiveGroups", "load_balancing", loadBalancingRequestsAdaptiveGroups_Operation)
	return withMeasures(d, []measure[loadBalancingRequestsRow]{
		counted("cloudflare.zone.pool.requests", "count",
			[]Attribute{by("lb_name", "lbName"), by("pool_name", "selectedPoolName"), by("origin_name", "selectedOriginName")},
			func(r *loadBalancingRequestsRow) uint64 { return r.Count },
			func(r *loadBalancingRequestsRow) []string {
				d := &r.Dimensions
				return []string{d.LbName, d.SelectedPoolName, d.SelectedOriginName}
			}),
	})
}

// loadBalancingRequestsAdaptiveGroupsPoolsDataset is what a zone's load balancers knew about their pools when they chose
// one. What they knew is in dimensions, so that a pool has as many rows as it had states within a minute.
func loadBalancingRequestsAdaptiveGroupsPoolsDataset() *Dataset {
	d := zoneEvents("loadBalancingRequestsAdaptiveGroups.pools", "load_balancing_pools", loadBalancingRequestsAdaptiveGroupsPools_Operation)
	return withMeasures(d, []measure[loadBalancingRequestsPoolsRow]{
		{
			name: "cloudflare.zone.pool.health_status", kind: Gauge,
			attributes: poolAttributes(), fields: []string{"dimensions.selectedPoolHealthy"},
			acrossInts: func(rows []loadBalancingRequestsPoolsRow, emit func(uint64, ...string)) {
				for _, p := range pools(rows) {
					emit(p.healthy, p.lb, p.name)
				}
			},
		},
		{
			name: "cloudflare.zone.lb.pool_rtt", kind: Gauge,
			attributes: poolAttributes(), fields: []string{"count", "dimensions.selectedPoolAvgRttMs"},
			across: func(rows []loadBalancingRequestsPoolsRow, emit func(float64, ...string)) {
				for _, p := range pools(rows) {
					if p.timed > 0 {
						emit(p.rtt/p.timed/1000, p.lb, p.name)
					}
				}
			},
		},
		{
			name: "cloudflare.zone.lb.origins_selected", kind: Gauge,
			attributes: poolAttributes(), fields: []string{"dimensions.numberOriginsSelected"},
			acrossInts: func(rows []loadBalancingRequestsPoolsRow, emit func(uint64, ...string)) {
				for _, p := range pools(rows) {
					emit(p.origins, p.lb, p.name)
				}
			},
		},
		{
			name: "cloudflare.zone.lb.steering_policy.info", kind: Gauge,
			attributes: []Attribute{by("lb_name", "lbName"), by("policy", "steeringPolicy")},
			acrossInts: steeringPolicies,
		},
	})
}

func poolAttributes() []Attribute {
	return []Attribute{by("lb_name", "lbName"), by("pool_name", "selectedPoolName")}
}

// poolState is all that the requests of one load balancer tell about one pool.
type poolState struct {
	lb, name string
	// healthy is 1 unless it was 0 for some request.
	healthy uint64
	// origins is the largest number selected for a request.
	origins uint64
	// rtt is the sum of the round-trip times in milliseconds of as many requests as timed.
	rtt, timed float64
}

// pools joins the rows of each pool, in the order in which they come.
func pools(rows []loadBalancingRequestsPoolsRow) []*poolState {
	type key struct{ lb, pool string }
	var list []*poolState
	known := map[key]*poolState{}
	for i := range rows {
		d := &rows[i].Dimensions
		p := known[key{d.LbName, d.SelectedPoolName}]
		if p == nil {
			p = &poolState{lb: d.LbName, name: d.SelectedPoolName, healthy: 1}
			known[key{p.lb, p.name}] = p
			list = append(list, p)
		}
		p.add(&rows[i])
	}
	return list
}

// add takes the requests of a row into account. Only dynamic steering measures round-trip times; they are 0 otherwise.
func (p *poolState) add(r *loadBalancingRequestsPoolsRow) {
	d := &r.Dimensions
	p.healthy = min(p.healthy, uint64(d.SelectedPoolHealthy))
	p.origins = max(p.origins, uint64(d.NumberOriginsSelected))
	if d.SelectedPoolAvgRttMs > 0 {
		p.rtt += float64(d.SelectedPoolAvgRttMs) * float64(r.Count)
		p.timed += float64(r.Count)
	}
}

// steeringPolicies has 1 for each policy that a load balancer followed.
func steeringPolicies(rows []loadBalancingRequestsPoolsRow, emit func(uint64, ...string)) {
	type key struct{ lb, policy string }
	seen := map[key]bool{}
	for i := range rows {
		k := key{rows[i].Dimensions.LbName, rows[i].Dimensions.SteeringPolicy}
		if !seen[k] {
			seen[k] = true
			emit(1, k.lb, k.policy)
		}
	}
}
