// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package cloudflaremetricsreceiver

import (
	"context"
	"fmt"
	"slices"
	"time"

	"go.uber.org/zap"
	"golang.org/x/sync/errgroup"

	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/internal/cloudflare"
	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/internal/dataset"
	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/internal/inventory"
	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/internal/ledger"
)

// listing is a REST list with the metrics that the configuration wants of it.
type listing struct {
	*dataset.Listing
	wanted   []bool
	interval time.Duration
}

// refusedFor is how long a list is not asked for again that the token may not see.
const refusedFor = time.Hour

func newListings(c *Config, enabled map[string]bool) []*listing {
	var list []*listing
	for _, l := range dataset.Listings() {
		wanted := make([]bool, len(l.Metrics))
		for i, m := range l.Metrics {
			wanted[i] = enabled[m.Name]
		}
		if slices.Contains(wanted, true) {
			list = append(list, &listing{l, wanted, c.listingInterval(l)})
		}
	}
	return list
}

func listingFamily(name string) string { return "list_" + name }

func listingID(name string, scope inventory.Scope) ledger.ID {
	return partitionID(listingFamily(name), scope.Kind, scope.ID)
}

// listed is what one listing of one scope answered.
type listed struct {
	listing *listing
	scope   inventory.Scope
	points  []dataset.Point
	err     error
}

// list asks REST for the lists that are due, and takes their gauges over.
func (s *metricsScraper) list(ctx context.Context, tx *ledger.Tx, now time.Time) {
	due := s.dueListings(now)
	if ctx.Err() != nil {
		return
	}
	var group errgroup.Group
	group.SetLimit(concurrency)
	for i := range due {
		group.Go(func() error {
			l := &due[i]
			l.err = l.listing.Read(ctx, s.client, dataset.ListingScope{ID: l.scope.ID, AccountID: l.scope.AccountID}, l.listing.wanted,
				func(p dataset.Point) { l.points = append(l.points, p) })
			return nil
		})
	}
	_ = group.Wait() // errors are in due
	for _, l := range due {
		s.takeListed(tx, l, now)
	}
}

func (s *metricsScraper) dueListings(now time.Time) []listed {
	var due []listed
	for _, scope := range s.inventory.Scopes() {
		for _, l := range s.sources.listings {
			if l.Scope == scope.Kind && s.inventory.Current(scope) && !now.Before(s.listAt[listingID(l.Name, scope)]) {
				due = append(due, listed{listing: l, scope: scope})
			}
		}
	}
	return due
}

func (s *metricsScraper) takeListed(tx *ledger.Tx, l listed, now time.Time) {
	id := listingID(l.listing.Name, l.scope)
	switch class := classOf(l.err); {
	case l.err == nil:
		s.health.answered = true
		s.listAt[id] = now.Add(l.listing.interval)
		s.gaugesOf(id).replace(l.listing.Metrics, s.limited(id, l.listing.Metrics, l.points), now.Add(l.listing.interval+gaugeLifetime))
	case class == cloudflare.ClassPermission:
		s.listAt[id] = now.Add(refusedFor)
		s.sayUnlisted(l)
	default:
		s.failed(tx, l.scope.AccountID, l.listing.Name, fmt.Errorf("%s of %s %s: %w", l.listing.Name, l.scope.Kind, l.scope.ID, l.err))
	}
}

// sayUnlisted says once for each account and list that the token's permissions do not cover it.
func (s *metricsScraper) sayUnlisted(l listed) {
	key := "unlisted " + l.scope.AccountID + " " + l.listing.Name
	if s.said[key] {
		return
	}
	s.said[key] = true
	s.settings.Logger.Info("the token may not see a list; its metrics are left out and the list is tried again within the hour; "+
		"further zones of the account are not logged",
		zap.String("list", l.listing.Name), zap.Stringer("kind", l.scope.Kind), zap.String("scope", l.scope.ID), zap.Error(l.err),
		zap.String("remedy", "give the token the permission "+l.listing.Permission+", or disable the list's metrics"))
}
