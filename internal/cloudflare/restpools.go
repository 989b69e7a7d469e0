// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package cloudflare

import (
	"context"
	"encoding/json"
	"maps"
	"net/url"
	"slices"

	"github.com/cloudflare/cloudflare-go/v7/load_balancers"
	"github.com/cloudflare/cloudflare-go/v7/option"
)

// LoadBalancer is a zone's load balancer.
type LoadBalancer struct {
	ID, Name string
	Enabled  bool
	// Pools are the ids of all pools that it may send requests to, each once, sorted.
	Pools []string
}

// Pool is an account's pool of origins.
type Pool struct {
	ID, Name string
	Enabled  bool
	Origins  []Origin
}

// Origin is a server of a pool.
type Origin struct {
	Name, Address string
	Enabled       bool
	Weight        float64 // 0 to 1
}

// PoolHealth is what Cloudflare's points of presence find of a pool, by the names of those.
type PoolHealth map[string]PoPHealth

// PoPHealth is what one of them finds.
type PoPHealth struct {
	Healthy bool
	Origins map[string]OriginHealth // by address
}

// OriginHealth is the outcome of the last health check of an origin.
type OriginHealth struct {
	Healthy       bool   `json:"healthy"`
	RTT           string `json:"rtt"` // with its unit, such as 12.1ms
	FailureReason string `json:"failure_reason"`
	ResponseCode  int    `json:"response_code"`
}

// LoadBalancers lists a zone's load balancers. It needs the permission Load Balancers Read.
func (c *Client) LoadBalancers(ctx context.Context, zoneID string) ([]LoadBalancer, error) {
	get := func(ctx context.Context, _ float64, options ...option.RequestOption) ([]LoadBalancer, error) {
		var params load_balancers.LoadBalancerListParams
		params.ZoneID.Value, params.ZoneID.Present = zoneID, true
		page, err := c.services.loadBalancers.List(ctx, params, options...)
		return convertList(page, err, loadBalancer)
	}
	return whole(ctx, c, "load_balancers", "zones/"+zoneID+"/load_balancers", sdkPages(get), func(b LoadBalancer) string { return b.ID })
}

func loadBalancer(b load_balancers.LoadBalancer) LoadBalancer {
	pools := append(slices.Clone(b.DefaultPools), b.FallbackPool)
	for _, byPlace := range []map[string][]string{b.RegionPools, b.CountryPools, b.POPPools} {
		pools = slices.Concat(pools, slices.Concat(slices.Collect(maps.Values(byPlace))...))
	}
	slices.Sort(pools)
	pools = slices.DeleteFunc(slices.Compact(pools), func(id string) bool { return id == "" })
	return LoadBalancer{ID: b.ID, Name: b.Name, Enabled: b.Enabled, Pools: pools}
}

// Pools lists an account's pools. It needs the permission Load Balancing: Monitors and Pools Read.
func (c *Client) Pools(ctx context.Context, accountID string) ([]Pool, error) {
	get := func(ctx context.Context, _ float64, options ...option.RequestOption) ([]Pool, error) {
		var params load_balancers.PoolListParams
		params.AccountID.Value, params.AccountID.Present = accountID, true
		page, err := c.services.pools.List(ctx, params, options...)
		return convertList(page, err, pool)
	}
	return whole(ctx, c, "pools", poolsPath(accountID), sdkPages(get), func(p Pool) string { return p.ID })
}

func poolsPath(accountID string) string { return "accounts/" + accountID + "/load_balancers/pools" }

func pool(p load_balancers.Pool) Pool {
	return Pool{
		ID: p.ID, Name: p.Name, Enabled: p.Enabled,
		Origins: convert(p.Origins, func(o load_balancers.Origin) Origin {
			return Origin{Name: o.Name, Address: o.Address, Enabled: o.Enabled, Weight: o.Weight}
		}),
	}
}

// PoolHealth gets what is known about the health of a pool's origins, nothing of a pool that is not there any more. It needs the
// permission that Pools needs. The SDK has the answer as if there were a single point of presence.
func (c *Client) PoolHealth(ctx context.Context, accountID, poolID string) (PoolHealth, error) {
	type answer struct {
		PoPHealth map[string]json.RawMessage `json:"pop_health"`
	}
	found, err := object[answer](ctx, c, "pool_health", poolsPath(accountID)+"/"+url.PathEscape(poolID)+"/health", nothingThere)
	health := PoolHealth{}
	if err != nil || found == nil {
		return health, err
	}
	for pop, raw := range found.PoPHealth {
		if one, ok := popHealth(raw); ok {
			health[pop] = one
		}
	}
	return health, nil
}

// popHealth reads what one point of presence finds; what it did not find out, or says in another way, is left out.
func popHealth(raw json.RawMessage) (PoPHealth, bool) {
	var found struct {
		Healthy *bool                        `json:"healthy"`
		Origins []map[string]json.RawMessage `json:"origins"`
	}
	if json.Unmarshal(raw, &found) != nil || found.Healthy == nil {
		return PoPHealth{}, false
	}
	health := PoPHealth{Healthy: *found.Healthy, Origins: map[string]OriginHealth{}}
	for _, byAddress := range found.Origins {
		for address, raw := range byAddress {
			var origin struct {
				Healthy *bool `json:"healthy"`
			}
			var details OriginHealth
			if json.Unmarshal(raw, &origin) == nil && origin.Healthy != nil {
				_ = json.Unmarshal(raw, &details) // what is of another type stays empty
				details.Healthy = *origin.Healthy
				health.Origins[address] = details
			}
		}
	}
	return health, true
}
