// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"maps"
	"slices"
	"strings"
)

func (sc scope) kind() string {
	if sc.zone != nil {
		return "zone"
	}
	return "account"
}

func (sc scope) id() string {
	if sc.zone != nil {
		return sc.zone.ID
	}
	return sc.account.ID
}

// scopes finds what a zones or accounts field selects. Zones may be nested in an account.
func (e *execution) scopes(f *selected, parent *account) ([]scope, *queryError) {
	arguments, err := e.document.arguments(f.field)
	if err != nil {
		return nil, err
	}
	filter, _ := arguments["filter"].(map[string]any)
	if f.name() == "accounts" {
		return e.accounts(f, filter)
	}
	among := e.world.zones
	if parent != nil {
		among = parent.zones
	}
	return e.zones(among, filter, arguments)
}

func (e *execution) accounts(f *selected, filter map[string]any) ([]scope, *queryError) {
	var scopes []scope
	for _, a := range e.world.accounts {
		if tag, ok := filter["accountTag"]; !ok || tag == a.ID {
			scopes = append(scopes, scope{account: a})
		}
	}
	if len(scopes) == 0 {
		return nil, errAccountNotAuthorized()
	}
	if most := e.simulator.config.Limits.AccountsPerNode; len(scopes) > most && !tagsOnly(f) {
		return nil, errTooMany("accounts", most)
	}
	return scopes, nil
}

// tagsOnly tells whether nothing is asked about scopes but which there are.
func tagsOnly(f *selected) bool {
	return !slices.ContainsFunc(f.nested, func(leaf *selected) bool { return leaf.name() != "accountTag" && leaf.name() != "__typename" })
}

// zones answers in the order of ids, whatever order they were asked in.
func (e *execution) zones(among []*zone, filter, arguments map[string]any) ([]scope, *queryError) {
	most := e.simulator.config.Limits.ZonesPerQuery
	count := uint64(most)
	if limit, ok := arguments["limit"]; ok {
		n, err := parseCount(limit)
		if err != nil {
			return nil, errArguments("zones", "limit: "+err.Error())
		}
		if n == 0 || n > uint64(most) {
			return nil, errLimit(int64(most))
		}
		count = n
	}
	zones, err := e.filterZones(among, filter)
	if err != nil || e.noZones {
		return nil, err
	}
	var scopes []scope
	for _, z := range zones[:min(uint64(len(zones)), count)] {
		scopes = append(scopes, scope{zone: z, account: z.account})
	}
	return scopes, nil
}

// filterZones reads a ZoneFilter, which takes exactly one of its fields.
func (e *execution) filterZones(all []*zone, filter map[string]any) ([]*zone, *queryError) {
	if filter == nil {
		return all, nil
	}
	if len(filter) != 1 {
		return nil, errArguments("zones", "filter takes one of zoneTag, zoneTag_in and zoneTag_gt")
	}
	for operator, argument := range filter {
		if operator == "zoneTag_gt" {
			after, ok := argument.(string)
			if !ok {
				return nil, errArguments("zones", "zoneTag_gt must be a string")
			}
			return slices.DeleteFunc(slices.Clone(all), func(z *zone) bool { return z.ID <= after }), nil
		}
		return e.zonesByID(all, argument)
	}
	return all, nil
}

func (e *execution) zonesByID(among []*zone, argument any) ([]*zone, *queryError) {
	wanted := map[string]bool{}
	for _, element := range asList(argument) {
		id, ok := element.(string)
		if !ok {
			return nil, errArguments("zones", "zone tags must be strings")
		}
		wanted[strings.ToLower(id)] = true
	}
	if len(wanted) == 0 {
		return nil, errNoZoneFilter()
	}
	if most := e.simulator.config.Limits.ZonesPerQuery; len(wanted) > most {
		return nil, errTooMany("zones", most)
	}
	var found []*zone
	for _, z := range among {
		if wanted[z.ID] {
			found = append(found, z)
			delete(wanted, z.ID)
		}
	}
	if len(wanted) > 0 {
		return nil, errZonesNotAuthorized(slices.Sorted(maps.Keys(wanted)))
	}
	return found, nil
}
