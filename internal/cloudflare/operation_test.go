// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package cloudflare

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/internal/cloudflare/schema"
)

const (
	firewallText = `query firewall($zones: [string!], $from: Time!, $to: Time!, $limit: uint64!) {
  viewer {
    zones(filter: {zoneTag_in: $zones}) {
      zoneTag
      # a comment that documents do not repeat
      firewallEventsAdaptiveGroups(limit: $limit, filter: {datetime_geq: $from, datetime_lt: $to}, orderBy: [count_DESC, action_ASC]) {
        count
        avg { sampleInterval }
        dimensions { action source clientCountryName }
      }
    }
  }
}`
	requestsText = `query requests($zones: [string!], $from: Time!, $to: Time!, $limit: uint64!) {
  viewer { zones(filter: {zoneTag_in: $zones}) { zoneTag
    httpRequests1mGroups(limit: $limit, filter: {AND: [{datetime_geq: $from}, {datetime_lt: $to}]}, orderBy: sum_requests_DESC) {
      sum { requests bytes countryMap { clientCountryName requests bytes } }
      uniq { uniques }
    }
  } }
}`
	datesText = `query dates($zones: [string!], $from: Date!, $to: Date!, $limit: uint64!) {
  viewer { zones(filter: {zoneTag_in: $zones}) { zoneTag
    httpRequests1mGroups(limit: $limit, filter: {date_geq: $from, date_lt: $to}) { sum { requests } }
  } }
}`
	workersText = `query workers($account: string!, $from: Time!, $to: Time!, $limit: uint64!) {
  viewer { accounts(filter: {accountTag: $account}) { accountTag
    workersInvocationsAdaptive(limit: $limit, filter: {datetime_geq: $from, datetime_lt: $to, status_neq: "x\"y"}, orderBy: [sum_requests_DESC]) {
      dimensions { scriptName status }
      sum { requests errors }
      quantiles { cpuTimeP50 cpuTimeP99 }
    }
  } }
}`
)

func loadSchema(tb testing.TB) *ast.Schema {
	tb.Helper()
	loaded, err := schema.Load()
	require.NoError(tb, err)
	return loaded
}

func operation(tb testing.TB, text string) *Operation {
	tb.Helper()
	parsed, err := ParseOperation(loadSchema(tb), text)
	require.NoError(tb, err)
	return parsed
}

func TestParseOperation(t *testing.T) {
	t.Parallel()
	firewall := operation(t, firewallText)
	assert.Equal(t, "firewallEventsAdaptiveGroups", firewall.Dataset())
	assert.Equal(t, ZoneScope, firewall.Scope())
	assert.Equal(t, []string{"count", "avg.sampleInterval", "dimensions.action", "dimensions.source", "dimensions.clientCountryName"}, firewall.Fields())

	requests := operation(t, requestsText)
	assert.Equal(t, []string{
		"sum.requests", "sum.bytes", "sum.countryMap.clientCountryName", "sum.countryMap.requests", "sum.countryMap.bytes", "uniq.uniques",
	}, requests.Fields())

	workers := operation(t, workersText)
	assert.Equal(t, "workersInvocationsAdaptive", workers.Dataset())
	assert.Equal(t, AccountScope, workers.Scope())
	assert.Equal(t, "account", workers.Scope().String())
}

func TestParseOperationRefuses(t *testing.T) {
	t.Parallel()
	replace := func(old, replacement string) string {
		require.Contains(t, firewallText, old)
		return strings.Replace(firewallText, old, replacement, 1)
	}
	for name, text := range map[string]string{
		"no GraphQL":       `hello`,
		"nothing":          ``,
		"unknown field":    replace("count\n", "counts\n"),
		"unknown type":     replace("$from: Time!", "$from: Timestamp!"),
		"wrong type":       replace("$limit: uint64!", "$limit: string!"),
		"unused variable":  replace("$limit: uint64!", "$limit: uint64!, $to2: Time!"),
		"unknown variable": replace("datetime_lt: $to", "datetime_lt: $to, action: $action, action_neq: $action"),
		"another variable": strings.Replace(replace("datetime_lt: $to", "datetime_lt: $to, action: $action"), "$limit: uint64!", "$limit: uint64!, $action: string", 1),
		"no window":        strings.NewReplacer("datetime_lt: $to", `datetime_lt: "2026-01-01T00:00:00Z"`, "$to: Time!, ", "").Replace(firewallText),
		"alias":            replace("count\n", "n: count\n"),
		"node alias":       replace("firewallEventsAdaptiveGroups(", "f: firewallEventsAdaptiveGroups("),
		"directive":        replace("count\n", "count @include(if: true)\n"),
		"inline fragment":  replace("count\n", "... on ZoneFirewallEventsAdaptiveGroups { count }\n"),
		"fragment":         replace("count\n", "...f\n") + ` fragment f on ZoneFirewallEventsAdaptiveGroups { count }`,
		"cost":             replace("viewer {", "cost viewer {"),
		"budget":           replace("zones(", "budget zones("),
		"budget alone":     `query x { viewer { budget } }`,
		"two operations":   firewallText + ` query y { cost }`,
		"no dataset":       `query x($zones: [string!]) { viewer { zones(filter: {zoneTag_in: $zones}) { zoneTag } } }`,
		"settings":         replace("zoneTag\n", "zoneTag settings { httpRequests1mGroups { enabled } }\n"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := ParseOperation(loadSchema(t), text)
			require.ErrorContains(t, err, "parse operation")
		})
	}
}
