// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package cloudflare

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/internal/simulator"
)

// Accounts and zones are found by GraphQL alone.
func TestDiscovery(t *testing.T) {
	t.Parallel()
	config := simulator.Config{Seed: 1, Clock: func() time.Time { return noon }}
	config.Tokens = []simulator.Token{{Secret: token, Permissions: []string{simulator.PermissionZoneAnalytics, simulator.PermissionAccountAnalytics}}}
	config.Accounts = simulator.DefaultLayout(3, 20)
	config.Accounts[1].Zones = config.Accounts[1].Zones[:13]
	config.Accounts[2].Zones = nil
	world, err := simulator.New(config)
	require.NoError(t, err)
	t.Cleanup(world.Close)
	for _, accountBased := range []bool{false, true} {
		client, _ := serve(t, world.ServeHTTP, oneAttempt, func(s *Settings) { s.AccountBased = accountBased })
		tags, err := client.AccountTags(t.Context())
		require.NoError(t, err)
		var accounts, all []string
		for _, a := range config.Accounts {
			accounts = append(accounts, a.ID)
			zones := []string{}
			for _, z := range a.Zones {
				zones = append(zones, z.ID)
			}
			all = append(all, zones...)
			found, err := client.ZoneTags(t.Context(), a.ID)
			require.NoError(t, err)
			assert.ElementsMatch(t, zones, found)
		}
		assert.ElementsMatch(t, accounts, tags)
		found, err := client.ZoneTags(t.Context(), "")
		if accountBased {
			require.Error(t, err)
			continue
		}
		require.NoError(t, err)
		assert.ElementsMatch(t, all, found)
	}
}

func TestDiscoveryIsStrict(t *testing.T) {
	t.Parallel()
	ten := strings.Repeat(`{"zoneTag":"0"},`, 10)
	for name, tt := range map[string]struct {
		viewer  string
		account string
	}{
		"no zones":          {viewer: `{}`},
		"null":              {viewer: `{"zones":null}`},
		"a zone without id": {viewer: `{"zones":[{}]}`},
		"no end":            {viewer: `{"zones":[` + ten[:len(ten)-1] + `]}`},
		"another account":   {viewer: `{"accounts":[{"accountTag":"x","zones":[]}]}`, account: account},
		"no such account":   {viewer: `{"accounts":[]}`, account: account},
		"odd zones":         {viewer: `{"accounts":[{"accountTag":"` + account + `","zones":{}}]}`, account: account},
	} {
		client, _ := serve(t, text(200, `{"data":{"viewer":`+tt.viewer+`}}`), oneAttempt)
		_, err := client.ZoneTags(t.Context(), tt.account)
		assert.Equal(t, ClassMalformed, ClassOf(err), name)
		_, err = client.AccountTags(t.Context())
		if tt.account == "" {
			assert.Equal(t, ClassMalformed, ClassOf(err), name)
		}
	}
}
