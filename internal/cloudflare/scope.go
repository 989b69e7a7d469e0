// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package cloudflare

// ScopeKind tells below which list of the GraphQL viewer a dataset is asked for.
type ScopeKind int

// The two scopes that datasets are read from.
const (
	// ZoneScope is viewer.zones: up to ten zones in one query.
	ZoneScope ScopeKind = iota
	// AccountScope is viewer.accounts: one account in one query.
	AccountScope
)

// String returns "zone" or "account".
func (k ScopeKind) String() string {
	if k == AccountScope {
		return "account"
	}
	return "zone"
}

// list is the field of viewer that holds the scopes of this kind.
func (k ScopeKind) list() string { return k.String() + "s" }

// tag is the field by which each scope names itself in an answer.
func (k ScopeKind) tag() string { return k.String() + "Tag" }

// filter is the key of the list's filter, and variable and variableType what is passed to it. Alone says that a query
// has one scope by rule, not by chance.
func (k ScopeKind) filter(alone bool) (key, variable, variableType string) {
	switch {
	case k == AccountScope:
		return "accountTag", "account", "string!"
	case alone:
		return "zoneTag", "zone", "string!"
	default:
		return "zoneTag_in", "zones", "[string!]"
	}
}

// filterValue is what the filter's variable is set to.
func (k ScopeKind) filterValue(tags []string, alone bool) any {
	if k == AccountScope || alone {
		return tags[0]
	}
	return tags
}

// tagsPerQuery is how many scopes Cloudflare accepts in one query, on every plan, and one under account-based limits.
// https://developers.cloudflare.com/analytics/graphql-api/limits/
// https://developers.cloudflare.com/analytics/graphql-api/account-based-rate-limiting/
func (k ScopeKind) tagsPerQuery(alone bool) int {
	if k == AccountScope || alone {
		return 1
	}
	return 10
}
