// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package dataset

import (
	"context"
	"slices"
	"time"

	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/internal/cloudflare"
)

// loadBalancersListing is the configuration of a zone's load balancers, whose pools are the account's.
func loadBalancersListing() *Listing {
	return &Listing{
		Name:       "load_balancers",
		Scope:      cloudflare.ZoneScope,
		Interval:   10 * time.Minute,
		Permission: "Zone > Load Balancers: Read and Account > Load Balancing: Monitors and Pools: Read",
		Metrics:    []Metric{listedDouble("cloudflare.zone.lb.origin_weight", "lb_name", "pool_name", "origin_name")},
		read: func(ctx context.Context, c *cloudflare.Client, scope ListingScope, _ []bool, emit func(Point)) error {
			balancers, err := c.LoadBalancers(ctx, scope.ID)
			if err != nil || len(balancers) == 0 {
				return err
			}
			if scope.AccountID == "" {
				return errUnknownAccount
			}
			pools, err := c.Pools(ctx, scope.AccountID)
			if err != nil {
				return err
			}
			for _, b := range balancers {
				for _, p := range pools {
					if slices.Contains(b.Pools, p.ID) {
						emitWeights(b, p, emit)
					}
				}
			}
			return nil
		},
	}
}

var errUnknownAccount = &cloudflare.Error{
	Class: cloudflare.ClassPermission, Kind: cloudflare.KindREST,
	Message: "the zone's account, whose pools its load balancers use, is not known, since the token may not list zones",
}

func emitWeights(b cloudflare.LoadBalancer, p cloudflare.Pool, emit func(Point)) {
	for _, o := range p.Origins {
		if o.Enabled {
			emit(Point{Double: o.Weight, Attributes: []string{b.Name, p.Name, o.Name}})
		}
	}
}
