// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package cloudflare

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/internal/simulator"
)

// simulated serves a world of one account with an Enterprise and a Free zone, by a token with some permissions, or all.
func simulated(t *testing.T, permissions ...string) (*simulator.Simulator, *Client) {
	t.Helper()
	world, err := simulator.New(simulator.Config{
		Seed: 1, Tokens: []simulator.Token{{Secret: token, Permissions: permissions}}, Begin: noon.Add(-time.Hour), Clock: func() time.Time { return noon },
		Accounts: []simulator.Account{{ID: account, Name: "Acme", Zones: []simulator.Zone{
			{ID: zoneA, Name: "a.example", Plan: simulator.PlanEnterprise}, {ID: zoneB, Name: "b.example", Plan: simulator.PlanFree},
		}}},
	})
	require.NoError(t, err)
	t.Cleanup(world.Close)
	client, _ := serve(t, world.ServeHTTP, oneAttempt)
	return world, client
}

func TestCertificatePacks(t *testing.T) {
	t.Parallel()
	world, client := simulated(t)
	for _, zone := range []string{zoneA, zoneB} {
		packs, err := client.CertificatePacks(t.Context(), zone)
		require.NoError(t, err)
		want := world.CertificatePacks(zone)
		require.Len(t, packs, len(want))
		for i, p := range want {
			assert.Equal(t, []string{p.ID, p.Type, p.Status}, []string{packs[i].ID, packs[i].Type, packs[i].Status})
			require.Len(t, packs[i].Certificates, len(p.Certificates))
			for j, c := range p.Certificates {
				assert.Equal(t, Certificate{ID: c.ID, Issuer: c.Issuer, Status: c.Status, ExpiresOn: c.ExpiresOn, Hosts: c.Hosts}, packs[i].Certificates[j])
			}
		}
	}
}

func TestLoadBalancersAndPools(t *testing.T) {
	t.Parallel()
	world, client := simulated(t)
	balancers, err := client.LoadBalancers(t.Context(), zoneB)
	require.NoError(t, err)
	assert.Empty(t, balancers)
	balancers, err = client.LoadBalancers(t.Context(), zoneA)
	require.NoError(t, err)
	want := world.LoadBalancers(zoneA)
	require.Len(t, balancers, 2)
	assert.Equal(t, want[0].Name, balancers[0].Name)
	assert.ElementsMatch(t, want[0].DefaultPools, balancers[0].Pools, "its fallback is among them")
	assert.ElementsMatch(t, want[1].RegionPools["EEAS"], balancers[1].Pools)

	pools, err := client.Pools(t.Context(), account)
	require.NoError(t, err)
	require.Len(t, pools, 3)
	for i, p := range world.Pools(account) {
		assert.Equal(t, p.Name, pools[i].Name)
		for j, o := range p.Origins {
			assert.Equal(t, Origin(o), pools[i].Origins[j])
		}
		health, err := client.PoolHealth(t.Context(), account, pools[i].ID)
		require.NoError(t, err)
		wantHealth := PoolHealth{}
		for pop, found := range world.PoolHealth(p) {
			wantHealth[pop] = PoPHealth{Healthy: found.Healthy, Origins: map[string]OriginHealth{}}
			for _, byAddress := range found.Origins {
				for address, o := range byAddress {
					wantHealth[pop].Origins[address] = OriginHealth(o)
				}
			}
		}
		assert.Equal(t, wantHealth, health)
	}
}

// SinglePage endpoints have no pages, however many items they have.
func TestListsThatDoNotPage(t *testing.T) {
	t.Parallel()
	var items []string
	for i := range 120 {
		items = append(items, fmt.Sprintf(`{"id":"%d"}`, i))
	}
	client, seen := serve(t, text(200, `{"success":true,"result":[`+strings.Join(items, ",")+`]}`))
	pools, err := client.Pools(t.Context(), account)
	require.NoError(t, err)
	assert.Len(t, pools, 120)
	assert.Len(t, seen.classes(), 1)
}

func TestPoolHealthIsReadLeniently(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]PoolHealth{
		`{}`:                  {},
		`{"pop_health":null}`: {},
		`{"pop_health":{"healthy":true,"origins":[{"192.0.2.1":{"healthy":true}}]}}`: {},
		`{"pop_health":{"A":{"healthy":true,"origins":null},"B":{"healthy":null},"C":7}}`: {
			"A": {Healthy: true, Origins: map[string]OriginHealth{}},
		},
		`{"pop_health":{"A":{"healthy":false,"origins":[{"x":{"healthy":true,"rtt":12,"response_code":200}},{"y":{"healthy":null}},{"z":1}]}}}`: {
			"A": {Origins: map[string]OriginHealth{"x": {Healthy: true, ResponseCode: 200}}},
		},
	} {
		client, _ := serve(t, text(200, `{"success":true,"result":`+body+`}`), oneAttempt)
		health, err := client.PoolHealth(t.Context(), account, "p")
		require.NoError(t, err)
		assert.Equal(t, want, health, body)
	}
}

func TestRules(t *testing.T) {
	t.Parallel()
	world, client := simulated(t)
	names := map[string]string{}
	for _, phase := range []string{"http_request_firewall_custom", "http_request_firewall_managed", "http_ratelimit", "http_request_sbfm", "ddos_l7"} {
		rules, err := client.PhaseRules(t.Context(), ZoneScope, zoneA, phase)
		require.NoError(t, err)
		for _, r := range rules {
			if r.Executes == "" {
				names[r.ID] = r.Name()
				continue
			}
			managed, err := client.RulesetRules(t.Context(), ZoneScope, zoneA, r.Executes)
			require.NoError(t, err)
			for _, m := range managed {
				names[m.ID] = m.Name()
			}
		}
		atAccount, err := client.PhaseRules(t.Context(), AccountScope, account, phase)
		require.NoError(t, err)
		assert.Empty(t, atAccount)
	}
	for id, name := range world.RuleNames(zoneA) {
		assert.Equal(t, name, names[id])
	}
	_, err := client.RulesetRules(t.Context(), ZoneScope, zoneA, account)
	assert.Equal(t, ClassInvalidQuery, ClassOf(err), "it should be there")
	_, err = client.PhaseRules(t.Context(), ZoneScope, account, "ddos_l7")
	assert.Equal(t, ClassInvalidQuery, ClassOf(err), "no such zone")
}

func TestRuleName(t *testing.T) {
	t.Parallel()
	for want, r := range map[string]Rule{
		"Block bots": {ID: "1", Ref: "block_bots", Description: "Block bots"},
		"block_bots": {ID: "1", Ref: "block_bots"},
		"":           {ID: "1", Ref: "1"},
	} {
		assert.Equal(t, want, r.Name())
	}
}

func TestTunnels(t *testing.T) {
	t.Parallel()
	world, client := simulated(t)
	tunnels, err := client.Tunnels(t.Context(), account)
	require.NoError(t, err)
	require.Len(t, tunnels, 2)
	for i, want := range world.Tunnels(account) {
		assert.Equal(t, []string{want.ID, want.Name, want.Status}, []string{tunnels[i].ID, tunnels[i].Name, tunnels[i].Status})
		connections, err := client.TunnelConnections(t.Context(), account, want.ID)
		require.NoError(t, err)
		require.Len(t, connections, len(want.Connections))
		for j, c := range want.Connections {
			assert.Equal(t, TunnelConnection{c.ClientID, c.ClientVersion, c.ColoName, c.IsPendingReconnect, c.OpenedAt}, connections[j])
		}
		if i == 0 {
			assert.Equal(t, connections, tunnels[i].Connections)
		}
	}
}

// Each endpoint is told of by name when the token may not use it.
func TestEndpointsAreNamedWhenRefused(t *testing.T) {
	t.Parallel()
	_, client := simulated(t, simulator.PermissionZoneAnalytics)
	for path, read := range map[string]func(context.Context) error{
		"accounts": func(ctx context.Context) error { return second(client.Accounts(ctx)) },
		"zones":    func(ctx context.Context) error { return second(client.Zones(ctx)) },
		"zones/" + zoneA + "/ssl/certificate_packs": func(ctx context.Context) error { return second(client.CertificatePacks(ctx, zoneA)) },
		"zones/" + zoneA + "/load_balancers":        func(ctx context.Context) error { return second(client.LoadBalancers(ctx, zoneA)) },
		"accounts/" + account + "/load_balancers/pools": func(ctx context.Context) error {
			return second(client.Pools(ctx, account))
		},
		"accounts/" + account + "/load_balancers/pools/p/health": func(ctx context.Context) error {
			return second(client.PoolHealth(ctx, account, "p"))
		},
		"zones/" + zoneA + "/rulesets/phases/ddos_l7/entrypoint": func(ctx context.Context) error {
			return second(client.PhaseRules(ctx, ZoneScope, zoneA, "ddos_l7"))
		},
		"accounts/" + account + "/cfd_tunnel": func(ctx context.Context) error { return second(client.Tunnels(ctx, account)) },
	} {
		err := read(t.Context())
		assert.Equal(t, ClassPermission, ClassOf(err), path)
		assert.ErrorContains(t, err, "GET "+path+": ")
	}
}

func second[T any](_ T, err error) error { return err }

func TestObjectsAreReadStrictly(t *testing.T) {
	t.Parallel()
	for _, body := range []string{``, `null`, `{}`, `{"success":true,"result":null}`, `{"success":true,"result":[]}`, `{"success":true,"result":{"rules":7}}`, `{"success":false,"result":{}}`} {
		client, _ := serve(t, text(200, body), oneAttempt)
		_, err := client.PhaseRules(t.Context(), ZoneScope, zoneA, "ddos_l7")
		assert.Equal(t, ClassMalformed, ClassOf(err), body)
	}
}

func TestPlainGetsAreRetried(t *testing.T) {
	t.Parallel()
	first := true
	client, seen := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if first {
			first = false
			text(502, ``)(w, r)
			return
		}
		assert.Equal(t, "Bearer "+token, r.Header.Get("Authorization"))
		assert.Equal(t, "test/1", r.Header.Get("User-Agent"))
		assert.Equal(t, "false", r.URL.Query().Get("is_deleted"))
		text(200, `{"success":true,"result":[{"id":"t","name":"x","connections":null}]}`)(w, r)
	})
	tunnels, err := client.Tunnels(t.Context(), account)
	require.NoError(t, err)
	assert.Equal(t, []Tunnel{{ID: "t", Name: "x"}}, tunnels)
	assert.Equal(t, []Class{ClassTransient, ""}, seen.classes())
}
