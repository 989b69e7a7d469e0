// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestSetPermissions(t *testing.T) {
	t.Parallel()
	s, _ := newTestSimulator(t, func(c *Config) {
		c.Token, c.Tokens = "other-token", []Token{{Secret: "secret-token", Permissions: []string{PermissionZone}}}
	})
	assert.Equal(t, http.StatusForbidden, call(t, s, http.MethodGet, "/client/v4/accounts", nil).Code)
	require.NoError(t, s.SetPermissions("secret-token", PermissionAccountSettings))
	assert.Equal(t, http.StatusOK, call(t, s, http.MethodGet, "/client/v4/accounts", nil).Code)
	assert.Equal(t, http.StatusForbidden, call(t, s, http.MethodGet, "/client/v4/zones", nil).Code)
	require.Error(t, s.SetPermissions("secret-token", "Zone Reed"))
	require.ErrorIs(t, s.SetPermissions("unknown"), errUnknown)
}

func TestSetRuleName(t *testing.T) {
	t.Parallel()
	s, _ := newTestSimulator(t, nil)
	zone := s.world().zones[0].ID
	renamed := ""
	for id := range s.RuleNames(zone) {
		renamed = id
	}
	require.NoError(t, s.SetRuleName(zone, renamed, "Another name"))
	assert.Equal(t, "Another name", s.RuleNames(zone)[renamed])
	require.ErrorIs(t, s.SetRuleName(zone, "unknown", "x"), errUnknown)
}

func TestRemove(t *testing.T) {
	t.Parallel()
	s, _ := newTestSimulator(t, nil)
	zone, account := s.world().zones[0].ID, s.world().accounts[0].ID
	packs, tunnels := s.CertificatePacks(zone), s.Tunnels(account)
	s.Remove(packs[0].ID)
	s.Remove(tunnels[0].ID)
	assert.Equal(t, packs[1:], s.CertificatePacks(zone))
	assert.Equal(t, tunnels[1:], s.Tunnels(account))
	assert.NotContains(t, call(t, s, http.MethodGet, "/client/v4/accounts/"+account+"/cfd_tunnel", nil).Body.String(), tunnels[0].ID)
}

func TestFailPool(t *testing.T) {
	t.Parallel()
	s, _ := newTestSimulator(t, nil)
	pools := s.Pools(s.world().accounts[0].ID)
	s.FailPool(pools[0].ID)
	for i, p := range pools[:2] {
		for _, pop := range s.PoolHealth(p) {
			healthy := false
			for _, origin := range pop.Origins {
				for _, health := range origin {
					healthy = healthy || health.Healthy
				}
			}
			assert.Equal(t, i > 0, healthy, p.Name)
		}
	}
}
