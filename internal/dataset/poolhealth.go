// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package dataset

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/internal/cloudflare"
)

// poolHealthListing is what Cloudflare's health checks find of the origins of an account's pools.
func poolHealthListing() *Listing {
	return &Listing{
		Name:       "pool_health",
		Scope:      cloudflare.AccountScope,
		Interval:   time.Minute,
		Permission: "Account > Load Balancing: Monitors and Pools: Read",
		Metrics:    []Metric{listed("cloudflare.pool.origin.health_status", "pool_name", "origin_name", "ip")},
		read: func(ctx context.Context, c *cloudflare.Client, scope ListingScope, _ []bool, emit func(Point)) error {
			pools, err := c.Pools(ctx, scope.ID)
			if err != nil {
				return err
			}
			for _, p := range pools {
				if !p.Enabled {
					continue // not checked
				}
				health, err := c.PoolHealth(ctx, scope.ID, p.ID)
				if err != nil {
					return err
				}
				emitHealth(p, health, emit)
			}
			return nil
		},
	}
}

// emitHealth emits the health of each address that has been checked, with the names that the pool has for it.
func emitHealth(p cloudflare.Pool, health cloudflare.PoolHealth, emit func(Point)) {
	found := majority(health)
	for _, address := range slices.Sorted(maps.Keys(found)) {
		names := []string{}
		for _, o := range p.Origins {
			if o.Address == address && !slices.Contains(names, o.Name) {
				names = append(names, o.Name)
			}
		}
		if len(names) == 0 {
			names = append(names, "")
		}
		for _, name := range names {
			emit(Point{Int: found[address], Attributes: []string{p.Name, name, address}})
		}
	}
}

// majority tells by address whether more than half of the points of presence that have checked it find it healthy: 1 or 0.
func majority(health cloudflare.PoolHealth) map[string]int64 {
	votes := map[string]int{} // those for it less those against it
	for _, pop := range health {
		for address, o := range pop.Origins {
			if o.Healthy {
				votes[address]++
			} else {
				votes[address]--
			}
		}
	}
	found := map[string]int64{}
	for address, more := range votes {
		found[address] = 0
		if more > 0 {
			found[address] = 1
		}
	}
	return found
}
