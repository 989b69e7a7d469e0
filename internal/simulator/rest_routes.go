// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package simulator

import "net/http"

// routeREST registers the endpoints of the REST API, each with the permission that it needs.
func (s *Simulator) routeREST(mux *http.ServeMux) {
	for _, endpoint := range []struct {
		path, permission string
		serve            http.HandlerFunc
	}{
		{"accounts", PermissionAccountSettings, s.listAccounts},
		{"zones", PermissionZone, s.listZones},
	} {
		mux.Handle("/client/v4/"+endpoint.path, s.api(kindREST, permitted(endpoint.permission, get(endpoint.serve))))
	}
	mux.Handle("/client/v4/user/tokens/verify", s.api(kindREST, get(s.verifyToken)))
}
