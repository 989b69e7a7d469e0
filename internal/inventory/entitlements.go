// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package inventory

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/internal/cloudflare"
)

// limitsAge is how long entitlements are taken as current: an upgraded plan shows within the hour.
const limitsAge = time.Hour

// entitlements of one scope.
type entitlements struct {
	at      time.Time
	byNode  map[string]cloudflare.Limits
	refused map[string]bool     // queries refused despite the settings, until the hour is over
	fields  map[string][]string // fields of queries, in lower case, refused likewise
	suspect bool                // read again in the next scrape, since something has been refused
}

// Limits gives what a scope may read of a node by one query of it; false when it may not, or that is not known yet.
func (i *Inventory) Limits(scopeID, node, query string) (cloudflare.Limits, bool) {
	e := i.limits[scopeID]
	if e == nil || e.refused[query] {
		return cloudflare.Limits{}, false
	}
	l, ok := e.byNode[node]
	l.Withheld = e.fields[query]
	return l, ok && l.Enabled
}

// Refused says whether a query has been refused to a scope within the hour although the settings allow its node.
func (i *Inventory) Refused(scopeID, node, query string) bool {
	e := i.limits[scopeID]
	return e != nil && e.refused[query] && e.byNode[node].Enabled
}

// RefuseField notes that Cloudflare refused a field of a query to a scope although the settings allow it, and says whether that
// is news. Until the hour is over, what needs the field is left out.
func (i *Inventory) RefuseField(scopeID, query, field string) (news bool) {
	e := i.limits[scopeID]
	if field = strings.ToLower(field); e == nil || field == "" || slices.Contains(e.fields[query], field) {
		return false
	}
	e.fields[query] = append(slices.Clip(e.fields[query]), field)
	return true
}

// Refuse notes that Cloudflare refused a query to a scope although the settings allow its node, and says whether that is
// news. The entitlements are then read again in the next scrape; if they still allow it, the query is left alone until
// the hour is over.
func (i *Inventory) Refuse(scopeID, query string) (news bool) {
	e := i.limits[scopeID]
	if e == nil || e.refused[query] {
		return false
	}
	e.refused[query], e.suspect = true, true
	return true
}

// RefreshLimits reads the entitlements of every current scope whose own are missing or an hour old. Scopes that could
// not be asked keep what was known; those that the token's permissions do not cover have none for the next hour.
func (i *Inventory) RefreshLimits(ctx context.Context, now time.Time, datasets map[cloudflare.ScopeKind][]string) error {
	var errs []error
	for kind, nodes := range datasets {
		ids := i.outdated(kind, now)
		if len(ids) == 0 {
			continue
		}
		answer, err := i.client.Limits(ctx, kind, ids, nodes)
		errs = append(errs, during(readLimits(kind), err))
		i.takeLimits(answer, now)
		if err != nil && allDenied(err) {
			i.withoutLimits(ids, answer, now)
		}
		if missing := len(ids) - len(answer); missing > 0 && err == nil {
			errs = append(errs, &cloudflare.Error{
				Class: cloudflare.ClassMissing, Kind: cloudflare.KindGraphQL,
				Message: fmt.Sprintf("%d of %d %ss are missing from Cloudflare's answer", missing, len(ids), kind),
			})
		}
	}
	return errors.Join(errs...)
}

// allDenied says that nothing is wrong but the token's permissions.
func allDenied(err error) bool {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		return !slices.ContainsFunc(joined.Unwrap(), func(e error) bool { return !allDenied(e) })
	}
	return denied(err)
}

// withoutLimits notes which scopes Cloudflare had no answer for. Asking again each tick would change nothing.
func (i *Inventory) withoutLimits(ids []string, answer map[string]map[string]cloudflare.Limits, now time.Time) {
	for _, id := range ids {
		if _, answered := answer[id]; !answered {
			i.limits[id] = &entitlements{at: now, refused: map[string]bool{}, fields: map[string][]string{}}
		}
	}
}

// rereadAtOnce bounds how many known entitlements are read again in one scrape, so that many scopes' do not run out all
// at once.
const rereadAtOnce = 50

func (i *Inventory) outdated(kind cloudflare.ScopeKind, now time.Time) []string {
	var unknown, old []string
	for _, s := range i.listed {
		if s.Kind != kind || !i.included(s) || !i.Current(s) {
			continue
		}
		switch e := i.limits[s.ID]; {
		case e == nil:
			unknown = append(unknown, s.ID)
		case e.suspect || now.Sub(e.at) >= limitsAge:
			old = append(old, s.ID)
		}
	}
	return append(unknown, old[:min(len(old), rereadAtOnce)]...)
}

func (i *Inventory) takeLimits(answer map[string]map[string]cloudflare.Limits, now time.Time) {
	for id, byNode := range answer {
		fresh := &entitlements{at: now, byNode: byNode, refused: map[string]bool{}, fields: map[string][]string{}}
		if before := i.limits[id]; before != nil && before.suspect && now.Sub(before.at) < limitsAge {
			fresh.at, fresh.refused, fresh.fields = before.at, before.refused, before.fields
		}
		i.limits[id] = fresh
	}
}
