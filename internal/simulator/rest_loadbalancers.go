// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"fmt"
	"net/http"
)

// LoadBalancer is a zone's load balancer.
type LoadBalancer struct {
	ID             string              `json:"id"`
	Name           string              `json:"name"`
	Enabled        bool                `json:"enabled"`
	Proxied        bool                `json:"proxied"`
	SteeringPolicy string              `json:"steering_policy"`
	DefaultPools   []string            `json:"default_pools"`
	FallbackPool   string              `json:"fallback_pool"`
	RegionPools    map[string][]string `json:"region_pools"`
}

// Pool is an account's pool of origins.
type Pool struct {
	ID      string   `json:"id"`
	Name    string   `json:"name"`
	Enabled bool     `json:"enabled"`
	Monitor string   `json:"monitor"`
	Origins []Origin `json:"origins"`
}

// Origin is a server of a pool.
type Origin struct {
	Name    string  `json:"name"`
	Address string  `json:"address"`
	Enabled bool    `json:"enabled"`
	Weight  float64 `json:"weight"`
}

// PoPHealth is what one of Cloudflare's points of presence finds of a pool.
type PoPHealth struct {
	Healthy bool                      `json:"healthy"`
	Origins []map[string]OriginHealth `json:"origins"` // by address, one in each
}

// OriginHealth is what it finds of an origin.
type OriginHealth struct {
	Healthy       bool   `json:"healthy"`
	RTT           string `json:"rtt"`
	FailureReason string `json:"failure_reason"`
	ResponseCode  int    `json:"response_code"`
}

// Pools returns the three pools that each account has. One of them has an origin that is switched off.
func (s *Simulator) Pools(accountID string) []Pool {
	dice := seeded(s.config.Seed, "pools", accountID, 0)
	var pools []Pool
	for n, name := range []string{"europe", "america", "asia"} {
		pool := Pool{ID: ruleID(dice), Name: name, Enabled: true, Monitor: ruleID(dice)}
		for o, weight := range []float64{1, 0.5, 0.25}[:2+n%2] {
			pool.Origins = append(pool.Origins, Origin{
				Name: fmt.Sprintf("%s-%d", name, o+1), Address: fmt.Sprintf("192.0.2.%d", 10*n+o+1), Enabled: o < 2, Weight: weight,
			})
		}
		pools = append(pools, pool)
	}
	return pools
}

// LoadBalancers returns the two load balancers that each Enterprise zone has.
func (s *Simulator) LoadBalancers(zoneID string) []LoadBalancer {
	z := s.world().zone(zoneID)
	if z == nil || z.Plan != PlanEnterprise {
		return []LoadBalancer{}
	}
	dice := seeded(s.config.Seed, "load balancers", zoneID, 0)
	pools := s.Pools(z.account.ID)
	europe, america, asia := pools[0].ID, pools[1].ID, pools[2].ID
	return []LoadBalancer{
		{
			ID: ruleID(dice), Name: "www." + z.Name, Enabled: true, Proxied: true, SteeringPolicy: "off",
			DefaultPools: []string{europe, america}, FallbackPool: america, RegionPools: map[string][]string{},
		},
		{
			ID: ruleID(dice), Name: "api." + z.Name, Enabled: true, SteeringPolicy: "geo",
			DefaultPools: []string{america}, FallbackPool: america, RegionPools: map[string][]string{"EEAS": {asia, america}},
		},
	}
}

// PoolHealth returns what three points of presence find of a pool. The first origin of the pool america is found unhealthy by all
// of them, that of asia by one; all origins of a pool that [Simulator.FailPool] was called with are.
func (s *Simulator) PoolHealth(p Pool) map[string]PoPHealth {
	sick, down := map[string]int{"america": 3, "asia": 1}[p.Name], s.altered.hasFailed(p.ID)
	health := map[string]PoPHealth{}
	for n, pop := range []string{"Amsterdam, NL", "San Jose, US", "Tokyo, JP"} {
		found := PoPHealth{Healthy: true}
		for o, origin := range p.Origins {
			if !origin.Enabled {
				continue
			}
			one := OriginHealth{Healthy: true, RTT: fmt.Sprintf("%d.5ms", 10*(n+1)), FailureReason: "No failures", ResponseCode: http.StatusOK}
			if down || o == 0 && n < sick {
				one = OriginHealth{RTT: "0ms", FailureReason: "TCP connection failed"}
			}
			found.Origins = append(found.Origins, map[string]OriginHealth{origin.Address: one})
		}
		health[pop] = found
	}
	return health
}

func (s *Simulator) listLoadBalancers(w http.ResponseWriter, _ *http.Request, sc scope) {
	writeResult(w, s.LoadBalancers(sc.zone.ID), nil)
}

func (s *Simulator) listPools(w http.ResponseWriter, _ *http.Request, sc scope) {
	writeResult(w, s.Pools(sc.account.ID), nil)
}

func (s *Simulator) getPoolHealth(w http.ResponseWriter, r *http.Request, sc scope) {
	for _, p := range s.Pools(sc.account.ID) {
		if p.ID == r.PathValue("pool") {
			writeResult(w, map[string]any{"pool_id": p.ID, "pop_health": s.PoolHealth(p)}, nil)
			return
		}
	}
	writeEnvelopeError(w, newAPIError(http.StatusNotFound, 1003, "resource not found"))
}
