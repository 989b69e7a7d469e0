// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// served decodes what an endpoint of the REST API answers.
func served[T any](t *testing.T, s *Simulator, path string) (into T) {
	t.Helper()
	w := call(t, s, http.MethodGet, "/client/v4/"+path, nil)
	require.Equal(t, http.StatusOK, w.Code, w.Body.String())
	body := struct{ Result *T }{&into}
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &body))
	return into
}

func TestCertificatePacksAreServed(t *testing.T) {
	t.Parallel()
	s, _ := newTestSimulator(t, nil)
	statuses := map[string]bool{}
	for _, z := range s.world().zones {
		path := "zones/" + z.ID + "/ssl/certificate_packs"
		packs := served[[]CertificatePack](t, s, path+"?status=all")
		assert.Equal(t, s.CertificatePacks(z.ID), packs)
		require.Len(t, packs, 2)
		assert.Len(t, packs[0].Certificates, 2)
		for _, p := range packs {
			statuses[p.Status] = true
			for _, c := range p.Certificates {
				assert.Equal(t, p.Status == "expired", c.ExpiresOn.Before(testBegin))
			}
		}
		for _, p := range served[[]CertificatePack](t, s, path) {
			assert.Equal(t, "active", p.Status)
		}
		p, _ := listed(t, s, path+"?status=all&page=2&per_page=5")
		assert.Equal(t, resultInfo{Page: 2, PerPage: 5, TotalCount: 2, TotalPages: 1}, p.ResultInfo)
	}
	assert.Len(t, statuses, 3)
}

func TestLoadBalancersAreServed(t *testing.T) {
	t.Parallel()
	s, _ := newTestSimulator(t, nil)
	for _, z := range s.world().zones {
		balancers := served[[]LoadBalancer](t, s, "zones/"+z.ID+"/load_balancers")
		assert.Equal(t, s.LoadBalancers(z.ID), balancers)
		assert.Equal(t, z.Plan == PlanEnterprise, len(balancers) == 2)
		pools := served[[]Pool](t, s, "accounts/"+z.account.ID+"/load_balancers/pools")
		assert.Equal(t, s.Pools(z.account.ID), pools)
		for _, p := range pools {
			health := served[struct {
				PoolID    string               `json:"pool_id"`
				PoPHealth map[string]PoPHealth `json:"pop_health"`
			}](t, s, "accounts/"+z.account.ID+"/load_balancers/pools/"+p.ID+"/health")
			assert.Equal(t, p.ID, health.PoolID)
			assert.Equal(t, s.PoolHealth(p), health.PoPHealth)
			assert.Len(t, health.PoPHealth, 3)
		}
	}
}

func TestTunnelsAreServed(t *testing.T) {
	t.Parallel()
	s, _ := newTestSimulator(t, nil)
	for _, a := range s.world().accounts {
		want := s.Tunnels(a.ID)
		tunnels := served[[]Tunnel](t, s, "accounts/"+a.ID+"/cfd_tunnel?is_deleted=false")
		require.Len(t, tunnels, 2)
		assert.Equal(t, want[0], tunnels[0])
		assert.Empty(t, tunnels[1].Connections)
		for _, tunnel := range want {
			var connections []Connection
			for _, c := range served[[]connector](t, s, "accounts/"+a.ID+"/cfd_tunnel/"+tunnel.ID+"/connections") {
				connections = append(connections, c.Connections...)
			}
			assert.Equal(t, tunnel.Connections, connections)
		}
	}
}

// Every rule that has matched a request and is of a source with rulesets is found by its id.
func TestRulesetsNameTheRulesOfEvents(t *testing.T) {
	t.Parallel()
	s, _ := newTestSimulator(t, nil)
	withRulesets := map[string]bool{"firewallcustom": true, "firewallmanaged": true, "ratelimit": true, "l7ddos": true}
	for _, z := range s.world().zones {
		names := map[string]string{}
		read := func(set restRuleset) {
			for _, r := range set.Rules {
				names[r.ID] = r.Description
				if r.Action != "execute" {
					continue
				}
				delete(names, r.ID)
				for _, managed := range served[restRuleset](t, s, "zones/"+z.ID+"/rulesets/"+r.Parameters.ID).Rules {
					names[managed.ID] = managed.Description
				}
			}
		}
		for _, p := range phases() {
			read(served[restRuleset](t, s, "zones/"+z.ID+"/rulesets/phases/"+p.name+"/entrypoint"))
		}
		for id, name := range s.RuleNames(z.ID) {
			assert.Equal(t, name, names[id])
		}
		for r := range s.matched.between(z.ID, testBegin.UnixMicro(), testBegin.Add(time.Hour).UnixMicro()) {
			if withRulesets[r.firewallSource] {
				assert.Equal(t, r.ruleName, names[r.ruleID], r.firewallSource)
			}
		}
	}
}

func TestWhatDoesNotExist(t *testing.T) {
	t.Parallel()
	s, _ := newTestSimulator(t, nil)
	zone, account := s.world().zones[0].ID, s.world().accounts[0].ID
	for path, code := range map[string]int{
		"zones/" + hexID("nowhere", 0) + "/load_balancers":                                     7003,
		"accounts/" + hexID("nowhere", 0) + "/cfd_tunnel":                                      7003,
		"zones/" + zone + "/rulesets/phases/http_request_sbfm/entrypoint":                      10003,
		"accounts/" + account + "/rulesets/phases/http_request_firewall_custom/entrypoint":     10003,
		"zones/" + zone + "/rulesets/" + hexID("nowhere", 0):                                   10003,
		"accounts/" + account + "/load_balancers/pools/" + hexID("nowhere", 0) + "/health":     1003,
		"accounts/" + account + "/cfd_tunnel/00000000-0000-0000-0000-000000000000/connections": 1003,
	} {
		w := call(t, s, http.MethodGet, "/client/v4/"+path, nil)
		assert.Equal(t, http.StatusNotFound, w.Code, path)
		var p page
		require.NoError(t, json.Unmarshal(w.Body.Bytes(), &p))
		assert.Equal(t, code, p.Errors[0].Code, path)
	}
}

// as sends a request with a token of one's choice.
func as(s *Simulator, secret, method, path, body string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, "/client/v4/"+path, strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer "+secret)
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w
}

func TestTokensMayDoWhatTheyArePermittedTo(t *testing.T) {
	t.Parallel()
	s, _ := newTestSimulator(t, func(c *Config) {
		for _, p := range permissions() {
			c.Tokens = append(c.Tokens, Token{Secret: strings.ReplaceAll(strings.ReplaceAll(p, " ", "-"), ":", ""), Permissions: []string{p}})
		}
	})
	zone, account := s.world().zones[0], s.world().accounts[0].ID
	pool := s.Pools(account)[0].ID
	query := func(text string) string {
		body, err := json.Marshal(map[string]string{"query": text})
		require.NoError(t, err)
		return string(body)
	}
	for _, endpoint := range []struct{ permission, path, query string }{
		{PermissionAccountSettings, "accounts", ""},
		{PermissionZone, "zones", ""},
		{PermissionCertificates, "zones/" + zone.ID + "/ssl/certificate_packs", ""},
		{PermissionLoadBalancers, "zones/" + zone.ID + "/load_balancers", ""},
		{PermissionPools, "accounts/" + account + "/load_balancers/pools", ""},
		{PermissionPools, "accounts/" + account + "/load_balancers/pools/" + pool + "/health", ""},
		{PermissionZoneWAF, "zones/" + zone.ID + "/rulesets/phases/http_ratelimit/entrypoint", ""},
		{PermissionTunnel, "accounts/" + account + "/cfd_tunnel", ""},
		{PermissionZoneAnalytics, "graphql", query(`{viewer{zones(limit:1){zoneTag}}}`)},
		{PermissionZoneAnalytics, "graphql", query(`{viewer{zones(limit:1){zoneTag settings{httpRequests1mGroups{enabled}}}}}`)},
		{PermissionAccountAnalytics, "graphql", query(`{viewer{accounts{accountTag}}}`)},
	} {
		method := http.MethodGet
		if endpoint.query != "" {
			method = http.MethodPost
		}
		assert.Equal(t, http.StatusOK, as(s, "secret-token", method, endpoint.path, endpoint.query).Code, endpoint.path)
		for _, token := range s.config.Tokens {
			w := as(s, token.Secret, method, endpoint.path, endpoint.query)
			refused := w.Code == http.StatusForbidden && strings.Contains(w.Body.String(), `{"code":10000,"message":"Authentication error"}`) ||
				strings.Contains(w.Body.String(), "Actor does not have permission 'com.cloudflare.api.account.")
			assert.Equal(t, token.Permissions[0] != endpoint.permission, refused, "%s %s", endpoint.path, token.Permissions)
		}
	}
	assert.Equal(t, http.StatusForbidden, as(s, "other", http.MethodGet, "zones", "").Code)
	w := as(s, "Account-Analytics-Read", http.MethodPost, "graphql", query(`{viewer{accounts(filter:{accountTag:"`+account+`"}){zones(limit:1){zoneTag}}}}`))
	assert.Contains(t, w.Body.String(), "zone.analytics.read' for zone "+s.world().accounts[0].zones[0].ID)
}

func TestTokensAreChecked(t *testing.T) {
	t.Parallel()
	for _, tokens := range [][]Token{{{}}, {{Secret: "x", Permissions: []string{"Zone Reed"}}}} {
		_, err := New(Config{Accounts: DefaultLayout(1, 1), Tokens: tokens})
		assert.ErrorContains(t, err, "token 0")
	}
}

// REST's faults and limits apply to every endpoint.
func TestRESTFaultsApplyToAllEndpoints(t *testing.T) {
	t.Parallel()
	s, _ := newTestSimulator(t, nil)
	path := "/client/v4/zones/" + s.world().zones[0].ID + "/load_balancers"
	before := s.Requests().REST[http.StatusOK]
	assert.Equal(t, http.StatusOK, call(t, s, http.MethodGet, path, nil).Code)
	assert.Equal(t, before+1, s.Requests().REST[http.StatusOK])
	assert.Equal(t, http.StatusMethodNotAllowed, call(t, s, http.MethodPost, path, nil).Code)
	s.SetFaults(Faults{REST: Fault{RateLimited: true}})
	assert.Equal(t, http.StatusTooManyRequests, call(t, s, http.MethodGet, path, nil).Code)
}
