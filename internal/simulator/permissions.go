// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"fmt"
	"net/http"
	"slices"
)

// Token is an API token that lets in.
type Token struct {
	Secret string
	// Permissions are what it may be used for, by the names that Cloudflare's API has for them, such as [PermissionZone];
	// a token without any may be used for everything.
	Permissions []string
}

// The permissions that the simulator knows.
const (
	PermissionZoneAnalytics    = "Zone Analytics Read"
	PermissionAccountAnalytics = "Account Analytics Read"
	PermissionWorkersScripts   = "Workers Scripts Read"
	PermissionZone             = "Zone Read"
	PermissionAccountSettings  = "Account Settings Read"
	PermissionCertificates     = "SSL and Certificates Read"
	PermissionLoadBalancers    = "Load Balancers Read"
	PermissionPools            = "Load Balancing: Monitors and Pools Read"
	PermissionZoneWAF          = "Zone WAF Read"
	PermissionAccountRulesets  = "Account Rulesets Read"
	PermissionTunnel           = "Cloudflare Tunnel Read"
)

func permissions() []string {
	return []string{
		PermissionZoneAnalytics, PermissionAccountAnalytics, PermissionWorkersScripts, PermissionZone, PermissionAccountSettings,
		PermissionCertificates, PermissionLoadBalancers, PermissionPools, PermissionZoneWAF, PermissionAccountRulesets, PermissionTunnel,
	}
}

func validateTokens(tokens []Token) error {
	for i, t := range tokens {
		if t.Secret == "" {
			return fmt.Errorf("token %d has no secret", i)
		}
		for _, p := range t.Permissions {
			if !slices.Contains(permissions(), p) {
				return fmt.Errorf("token %d: unknown permission %q", i, p)
			}
		}
	}
	return nil
}

func (t Token) may(permission string) bool {
	return len(t.Permissions) == 0 || slices.Contains(t.Permissions, permission)
}

// permitted refuses tokens without a permission.
func permitted(permission string, next handler) handler {
	return func(w http.ResponseWriter, r *http.Request, x *exchange) {
		if !x.token.may(permission) {
			writeEnvelopeError(w, errInvalidToken()) // Cloudflare does not tell the one from the other
			return
		}
		next(w, r, x)
	}
}

// permit refuses a document as a whole when its token may not read the analytics of one of its scopes. The name of the
// permission for accounts is not known from Cloudflare; it follows the one for zones.
func (e *execution) permit(scopes []scope) *queryError {
	for _, sc := range scopes {
		permission, name := PermissionAccountAnalytics, "com.cloudflare.api.account.analytics.read"
		if sc.zone != nil {
			permission, name = PermissionZoneAnalytics, "com.cloudflare.api.account.zone.analytics.read"
		}
		if !e.exchange.token.may(permission) {
			return refused("Actor does not have permission '%s' for %s %s", name, sc.kind(), sc.id())
		}
	}
	return nil
}
