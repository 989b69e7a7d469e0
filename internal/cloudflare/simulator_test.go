// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package cloudflare

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/internal/simulator"
)

// The client and the simulator were written from the same facts, not from each other.
func TestAgainstTheSimulator(t *testing.T) {
	t.Parallel()
	config := simulator.Config{Seed: 1, Token: token, Begin: noon.Add(-time.Hour), Clock: func() time.Time { return noon }}
	const free = "ffffffffffffffffffffffffffffffff"
	config.Accounts = []simulator.Account{{ID: account, Name: "Acme", Workers: []string{"w"}, Zones: []simulator.Zone{{ID: free, Name: "free.example", Plan: simulator.PlanFree}}}}
	for i, tag := range zoneTags(60) {
		config.Accounts[0].Zones = append(config.Accounts[0].Zones, simulator.Zone{ID: tag, Name: fmt.Sprint(i, ".example"), Plan: simulator.PlanEnterprise})
	}
	world, err := simulator.New(config)
	require.NoError(t, err)
	t.Cleanup(world.Close)
	client, _ := serve(t, http.HandlerFunc(world.ServeHTTP), oneAttempt)

	accounts, err := client.Accounts(t.Context())
	require.NoError(t, err)
	require.Len(t, accounts, 1)
	assert.Equal(t, account, accounts[0].ID)
	zones, err := client.Zones(t.Context())
	require.NoError(t, err)
	require.Len(t, zones, 61)
	assert.Equal(t, account, zones[0].AccountID)
	now, _ := client.Clock()
	assert.WithinDuration(t, noon, now, time.Minute)

	tags := append(zoneTags(1), free)
	limits, err := client.Limits(t.Context(), ZoneScope, tags, []string{"httpRequests1mGroups", "firewallEventsAdaptiveGroups"})
	require.NoError(t, err)
	assert.False(t, limits[free]["httpRequests1mGroups"].Enabled)
	granted := limits[tags[0]]["firewallEventsAdaptiveGroups"]
	require.True(t, granted.Enabled)
	firewall := operation(t, firewallText)
	for _, path := range firewall.Fields() {
		assert.True(t, granted.Offers(path), path)
	}
	assert.True(t, granted.Offers("dimensions.action"))

	part := window(firewall, 60)
	part.From, part.To = noon.Add(-30*time.Minute), noon
	requests := window(operation(t, requestsText), 1)
	requests.From, requests.To = part.From, part.To
	answer, err := client.Query(t.Context(), Document{Scope: ZoneScope, Tags: tags[:1], Parts: []Part{part, requests}})
	require.NoError(t, err)
	rows, err := DecodeRows[firewallRow](answer.Rows[tags[0]][0])
	require.NoError(t, err)
	assert.NotEmpty(t, rows)
	assert.Positive(t, answer.Cost)
	assert.Positive(t, answer.Budget)

	_, err = client.Query(t.Context(), Document{Scope: ZoneScope, Tags: tags, Parts: []Part{part}})
	var typed *Error
	require.ErrorAs(t, err, &typed)
	assert.Equal(t, ClassGatedDataset, typed.Class)
	assert.Equal(t, []string{free}, typed.Tags)

	part.From = noon.Add(-1000 * 24 * time.Hour)
	_, err = client.Query(t.Context(), Document{Scope: ZoneScope, Tags: tags[:1], Parts: []Part{part}})
	assert.Contains(t, []Class{ClassTooOld, ClassTooWide}, ClassOf(err))
	_, err = client.Query(t.Context(), Document{Scope: ZoneScope, Tags: zoneTags(11), Parts: []Part{requests}})
	assert.True(t, ClassOf(err).Splittable(), "%v", err)
}
