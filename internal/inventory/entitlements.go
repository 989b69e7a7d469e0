// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package inventory

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/internal/cloudflare"
)

// limitsAge is how long entitlements are taken as current: an upgraded plan shows within the hour.
const limitsAge = time.Hour

// zonesPerQuery is the most zones that one GraphQL document may name (Cloudflare's GraphQL limits).
const zonesPerQuery = 10

// entitlements of one scope.
type entitlements struct {
	at      time.Time
	byNode  map[string]cloudflare.Limits
	refused map[string]bool // refused despite the settings, until they are read again
}

// Limits gives what a scope may read of a dataset; false when it may not read it, or that is not known yet.
func (i *Inventory) Limits(scope Scope, dataset string) (cloudflare.Limits, bool) {
	e := i.limits[scope.ID]
	if e == nil || e.refused[dataset] {
		return cloudflare.Limits{}, false
	}
	l, ok := e.byNode[dataset]
	return l, ok && l.Enabled
}

// Refuse notes that Cloudflare refused a dataset to a scope although the settings allow it, and says whether that is
// news. The dataset is left alone until the entitlements are read again.
func (i *Inventory) Refuse(scopeID, dataset string) (news bool) {
	e := i.limits[scopeID]
	if e == nil || e.refused[dataset] {
		return false
	}
	e.refused[dataset] = true
	return true
}

// RefreshLimits reads the entitlements of every current scope whose own are missing or an hour old. Scopes that could
// not be asked keep what was known.
func (i *Inventory) RefreshLimits(ctx context.Context, now time.Time, datasets map[cloudflare.ScopeKind][]string) error {
	var errs []error
	for kind, nodes := range datasets {
		if len(nodes) == 0 {
			continue
		}
		size := 1
		if kind == cloudflare.ZoneScope {
			size = zonesPerQuery
		}
		for ids := range slices.Chunk(i.outdated(kind, now), size) {
			errs = append(errs, i.readLimits(ctx, now, kind, ids, nodes))
		}
	}
	return errors.Join(errs...)
}

func (i *Inventory) outdated(kind cloudflare.ScopeKind, now time.Time) []string {
	var ids []string
	for _, s := range i.listed {
		if s.Kind != kind || !i.included(s) || !i.Current(s) {
			continue
		}
		if e := i.limits[s.ID]; e == nil || now.Sub(e.at) >= limitsAge {
			ids = append(ids, s.ID)
		}
	}
	return ids
}

// readLimits asks for several scopes at once and, where one of them spoils the answer for all, in halves.
func (i *Inventory) readLimits(ctx context.Context, now time.Time, kind cloudflare.ScopeKind, ids, nodes []string) error {
	answer, err := i.client.Limits(ctx, kind, ids, nodes)
	class := cloudflare.ClassOf(err)
	switch {
	case err == nil:
		return i.takeLimits(answer, now, ids)
	case len(ids) > 1 && (class == cloudflare.ClassPermission || class.Splittable()):
		half := len(ids) / 2
		return errors.Join(
			i.readLimits(ctx, now, kind, ids[:half], nodes),
			i.readLimits(ctx, now, kind, ids[half:], nodes))
	case class == cloudflare.ClassPermission:
		i.limits[ids[0]] = &entitlements{at: now}
	}
	return fmt.Errorf("read the entitlements of %s %s: %w", kind, ids[0], err)
}

func (i *Inventory) takeLimits(answer map[string]map[string]cloudflare.Limits, now time.Time, ids []string) error {
	var missing int
	for _, id := range ids {
		byNode, ok := answer[id]
		if !ok {
			missing++
			continue
		}
		i.limits[id] = &entitlements{at: now, byNode: byNode, refused: map[string]bool{}}
	}
	if missing > 0 {
		return fmt.Errorf("read entitlements: Cloudflare answered without %d of %d zones or accounts", missing, len(ids))
	}
	return nil
}
