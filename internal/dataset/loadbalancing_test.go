// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package dataset

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestReadLoadBalancing(t *testing.T) {
	t.Parallel()
	d := byName(t, "loadBalancingRequestsAdaptiveGroups")
	const rows = `[{"count": 101, "dimensions": {"lbName": "lb.example.com", "selectedPoolName": "eu", "selectedOriginName": "eu-1"}}]`
	assert.Equal(t, []string{
		"cloudflare.zone.pool.requests{lb_name=lb.example.com,pool_name=eu,origin_name=eu-1} 101",
	}, read(t, d, rows, Counter, d.all()))
}

// Rows are finer than pools: by what the load balancer knew at the time.
func TestReadPools(t *testing.T) {
	t.Parallel()
	const (
		eu      = `{"lbName": "a", "selectedPoolName": "eu", "steeringPolicy": "dynamic_latency", `
		healthy = `{"count": 3, "dimensions": ` + eu + `"selectedPoolHealthy": 1, "selectedPoolAvgRttMs": 1000, "numberOriginsSelected": 1}}`
		failing = `{"count": 1, "dimensions": ` + eu + `"selectedPoolHealthy": 0, "selectedPoolAvgRttMs": 2000, "numberOriginsSelected": 2}}`
		untimed = `{"count": 96, "dimensions": ` + eu + `"selectedPoolHealthy": 1, "selectedPoolAvgRttMs": 0, "numberOriginsSelected": 1}}`
		// The same pool serves another load balancer, which steers by weights and does not measure.
		other = `{"count": 5, "dimensions": {"lbName": "b", "selectedPoolName": "eu", "steeringPolicy": "random",
		  "selectedPoolHealthy": 1, "selectedPoolAvgRttMs": 0, "numberOriginsSelected": 0}}`
	)
	for name, tt := range map[string]struct {
		rows   string
		gauges []string
	}{
		"nothing": {rows: `[]`},
		"one state": {
			rows: `[` + healthy + `]`,
			gauges: []string{
				"cloudflare.zone.pool.health_status{lb_name=a,pool_name=eu} 1",
				"cloudflare.zone.lb.pool_rtt{lb_name=a,pool_name=eu} 1",
				"cloudflare.zone.lb.origins_selected{lb_name=a,pool_name=eu} 1",
				"cloudflare.zone.lb.steering_policy.info{lb_name=a,policy=dynamic_latency} 1",
			},
		},
		"unhealthy wins, times are weighted, the largest number of origins": {
			rows: `[` + healthy + `,` + failing + `,` + untimed + `]`,
			gauges: []string{
				"cloudflare.zone.pool.health_status{lb_name=a,pool_name=eu} 0",
				"cloudflare.zone.lb.pool_rtt{lb_name=a,pool_name=eu} 1.25",
				"cloudflare.zone.lb.origins_selected{lb_name=a,pool_name=eu} 2",
				"cloudflare.zone.lb.steering_policy.info{lb_name=a,policy=dynamic_latency} 1",
			},
		},
		"a pool of two load balancers": {
			rows: `[` + failing + `,` + other + `]`,
			gauges: []string{
				"cloudflare.zone.pool.health_status{lb_name=a,pool_name=eu} 0",
				"cloudflare.zone.pool.health_status{lb_name=b,pool_name=eu} 1",
				"cloudflare.zone.lb.pool_rtt{lb_name=a,pool_name=eu} 2",
				"cloudflare.zone.lb.origins_selected{lb_name=a,pool_name=eu} 2",
				"cloudflare.zone.lb.origins_selected{lb_name=b,pool_name=eu} 0",
				"cloudflare.zone.lb.steering_policy.info{lb_name=a,policy=dynamic_latency} 1",
				"cloudflare.zone.lb.steering_policy.info{lb_name=b,policy=random} 1",
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := byName(t, "loadBalancingRequestsAdaptiveGroups.pools")
			assert.Equal(t, tt.gauges, read(t, d, tt.rows, Gauge, d.all()))
			assert.Empty(t, read(t, d, tt.rows, Counter, d.all()))
		})
	}
}

// Without an attribute rows are joined that differed by it alone.
func TestReadPoolsWithoutPool(t *testing.T) {
	t.Parallel()
	d := byName(t, "loadBalancingRequestsAdaptiveGroups.pools").Without([]string{"pool_name"})
	assert.Equal(t, []string{"cloudflare.zone.pool.health_status{lb_name=a} 0"}, read(t, d, `[
	  {"dimensions": {"lbName": "a", "selectedPoolHealthy": 1}},
	  {"dimensions": {"lbName": "a", "selectedPoolHealthy": 0}}
	]`, Gauge, d.only(0)))
}
