// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"net/http"
	"slices"
	"strings"
)

// endpoint is one of the REST API's, with the permission that it needs.
type endpoint struct {
	path, permission string
	serve            http.HandlerFunc
}

// routeREST registers the endpoints of the REST API.
func (s *Simulator) routeREST(mux *http.ServeMux) {
	mux.Handle("/client/v4/user/tokens/verify", s.api(kindREST, get(s.verifyToken)))
	for _, e := range []endpoint{
		{"accounts", PermissionAccountSettings, s.listAccounts},
		{"zones", PermissionZone, s.listZones},
		{"zones/{zone}/ssl/certificate_packs", PermissionCertificates, s.ofZone(s.listCertificatePacks)},
		{"zones/{zone}/load_balancers", PermissionLoadBalancers, s.ofZone(s.listLoadBalancers)},
		{"zones/{zone}/rulesets/{ruleset}", PermissionZoneWAF, s.ofZone(s.getRuleset)},
		{"zones/{zone}/rulesets/phases/{phase}/entrypoint", PermissionZoneWAF, s.ofZone(s.getEntrypoint)},
		{"accounts/{account}/rulesets/{ruleset}", PermissionAccountRulesets, s.ofAccount(s.getRuleset)},
		{"accounts/{account}/rulesets/phases/{phase}/entrypoint", PermissionAccountRulesets, s.ofAccount(s.getEntrypoint)},
		{"accounts/{account}/load_balancers/pools", PermissionPools, s.ofAccount(s.listPools)},
		{"accounts/{account}/load_balancers/pools/{pool}/health", PermissionPools, s.ofAccount(s.getPoolHealth)},
		{"accounts/{account}/cfd_tunnel", PermissionTunnel, s.ofAccount(s.listTunnels)},
		{"accounts/{account}/cfd_tunnel/{tunnel}/connections", PermissionTunnel, s.ofAccount(s.listConnectors)},
	} {
		mux.Handle("/client/v4/"+e.path, s.api(kindREST, permitted(e.permission, get(e.serve))))
	}
}

// scopeHandler answers a request about one zone or account.
type scopeHandler func(w http.ResponseWriter, r *http.Request, sc scope)

// ofZone finds the zone that a path names.
func (s *Simulator) ofZone(next scopeHandler) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		z := s.world().zone(r.PathValue("zone"))
		if z == nil {
			writeEnvelopeError(w, errNoRoute(r.URL.Path))
			return
		}
		next(w, r, scope{zone: z, account: z.account})
	}
}

// ofAccount finds the account that a path names.
func (s *Simulator) ofAccount(next scopeHandler) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		for _, a := range s.world().accounts {
			if a.ID == r.PathValue("account") {
				next(w, r, scope{account: a})
				return
			}
		}
		writeEnvelopeError(w, errNoRoute(r.URL.Path))
	}
}

// zone finds a zone; nil if there is none of that id.
func (w *world) zone(id string) *zone {
	i, found := slices.BinarySearchFunc(w.zones, id, func(z *zone, id string) int { return strings.Compare(z.ID, id) })
	if !found {
		return nil
	}
	return w.zones[i]
}
