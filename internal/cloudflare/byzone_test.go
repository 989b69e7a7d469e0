// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package cloudflare

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/internal/cloudflare/schema"
)

func TestByZone(t *testing.T) {
	t.Parallel()
	parsed, err := schema.Load()
	require.NoError(t, err)
	const window = `limit: $limit, filter: {datetime_geq: $from, datetime_lt: $to}`
	const head = `query X($zones: [string!], $from: Time!, $to: Time!, $limit: uint64!) { viewer { zones(filter: {zoneTag_in: $zones}) { zoneTag `

	events, err := ParseOperation(parsed, head+
		`firewallEventsAdaptiveGroups(`+window+`, orderBy: [count_DESC]) { count dimensions { action } } } } }`)
	require.NoError(t, err)
	byZone, err := events.ByZone(parsed)
	require.NoError(t, err)
	assert.Equal(t, AccountScope, byZone.Scope())
	assert.Equal(t, []string{"count", "dimensions.zoneTag", "dimensions.action"}, byZone.Fields())
	assert.Equal(t, []string{"count", "dimensions.action"}, events.Fields(), "the original stays as it is")

	total, err := ParseOperation(parsed, head+`firewallEventsAdaptiveGroups(`+window+`) { count } } } }`)
	require.NoError(t, err)
	byZone, err = total.ByZone(parsed)
	require.NoError(t, err)
	assert.Equal(t, []string{"count", "dimensions.zoneTag"}, byZone.Fields())

	rollUp, err := ParseOperation(parsed, head+`httpRequests1mGroups(`+window+`) { sum { requests } } } } }`)
	require.NoError(t, err)
	byZone, err = rollUp.ByZone(parsed)
	require.NoError(t, err)
	assert.Nil(t, byZone, "the roll-up of an account does not tell its zones apart")
}

func TestFilters(t *testing.T) {
	t.Parallel()
	parsed, err := schema.Load()
	require.NoError(t, err)
	operation, err := ParseOperation(parsed, `query X($zones: [string!], $from: Time!, $to: Time!, $limit: uint64!) {
		viewer { zones(filter: {zoneTag_in: $zones}) { zoneTag firewallEventsAdaptiveGroups(
			limit: $limit, filter: {datetime_geq: $from, datetime_lt: $to, action: "block", source_in: ["waf"], source_neq: ""}
		) { count } } } }`)
	require.NoError(t, err)
	assert.Equal(t, []string{"dimensions.action", "dimensions.source"}, operation.Filters())
}
