// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package dataset

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/internal/cloudflare"
	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/internal/simulator"
)

// shown writes a point as metric{key=value,…} value.
func shown(l *Listing, p Point) string {
	m := l.Metrics[p.Metric]
	var labels []string
	for i, a := range m.Attributes {
		labels = append(labels, a.Name+"="+p.Attributes[i])
	}
	value := strconv.FormatInt(p.Int, 10)
	if m.Double {
		value = fmt.Sprint(p.Double)
	}
	return strings.TrimPrefix(m.Name, "cloudflare.") + "{" + strings.Join(labels, ",") + "} " + value
}

func listingOf(t *testing.T, name string) *Listing {
	t.Helper()
	n := slices.IndexFunc(Listings(), func(l *Listing) bool { return l.Name == name })
	require.GreaterOrEqual(t, n, 0)
	return Listings()[n]
}

func everything(l *Listing) []bool { return slices.Repeat([]bool{true}, len(l.Metrics)) }

// client talks to a handler.
func client(t *testing.T, handler http.Handler) *cloudflare.Client {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	plenty := cloudflare.Rate{Requests: 1_000_000_000, Per: time.Second}
	c, err := cloudflare.NewClient(cloudflare.Settings{
		Endpoint: server.URL + "/client/v4", Credentials: cloudflare.Credentials{Token: "v1.0-token"},
		HTTP: server.Client(), REST: plenty, GraphQL: plenty,
	})
	require.NoError(t, err)
	return c
}

func simulated(t *testing.T, permissions ...string) (*simulator.Simulator, *cloudflare.Client) {
	t.Helper()
	noon := time.Date(2026, time.March, 1, 12, 0, 0, 0, time.UTC)
	world, err := simulator.New(simulator.Config{
		Seed: 1, Accounts: simulator.DefaultLayout(2, 5, simulator.PlanEnterprise, simulator.PlanFree), Begin: noon, Clock: func() time.Time { return noon },
		Tokens: []simulator.Token{{Secret: "v1.0-token", Permissions: permissions}},
	})
	require.NoError(t, err)
	t.Cleanup(world.Close)
	return world, client(t, world)
}

func readListing(t *testing.T, l *Listing, c *cloudflare.Client, scope ListingScope, want []bool) []string {
	t.Helper()
	var points []string
	require.NoError(t, l.Read(t.Context(), c, scope, want, func(p Point) { points = append(points, shown(l, p)) }))
	unique := slices.Clone(points)
	slices.Sort(unique)
	assert.Len(t, slices.Compact(unique), len(points), "no point twice")
	return points
}

// What each listing reads of each scope of the simulator is what the simulator says there is.
func TestListings(t *testing.T) {
	t.Parallel()
	world, c := simulated(t)
	want := map[string]func(zone, account string) []string{
		"certificates":   func(zone, _ string) []string { return wantCertificates(world, zone) },
		"load_balancers": func(zone, account string) []string { return wantWeights(world, zone, account) },
		"pool_health":    func(_, account string) []string { return wantHealth(world, account) },
		"tunnels":        func(_, account string) []string { return wantTunnels(world, account) },
	}
	require.Len(t, Listings(), len(want))
	for _, l := range Listings() {
		points := 0
		for _, account := range simulator.DefaultLayout(2, 5) {
			scopes := []ListingScope{{ID: account.ID, AccountID: account.ID}}
			if l.Scope == cloudflare.ZoneScope {
				scopes = nil
				for _, z := range account.Zones {
					scopes = append(scopes, ListingScope{ID: z.ID, AccountID: account.ID})
				}
			}
			for _, scope := range scopes {
				wanted := want[l.Name](scope.ID, account.ID)
				assert.ElementsMatch(t, wanted, readListing(t, l, c, scope, everything(l)), l.Name)
				points += len(wanted)
			}
		}
		assert.Positive(t, points, l.Name)
	}
}

func wantCertificates(world *simulator.Simulator, zone string) (want []string) {
	for _, p := range world.CertificatePacks(zone) {
		for _, c := range p.Certificates {
			want = append(want,
				fmt.Sprintf("zone.certificate.expiry{certificate_id=%s,type=%s,issuer=%s,status=%s,host=%s} %d", c.ID, p.Type, c.Issuer, c.Status, c.Hosts[0], c.ExpiresOn.Unix()),
				fmt.Sprintf("zone.certificate.status{certificate_id=%s,type=%s,issuer=%s,status=%s} 1", c.ID, p.Type, c.Issuer, p.Status))
		}
		if len(p.Certificates) == 0 {
			want = append(want, fmt.Sprintf("zone.certificate.status{certificate_id=%s,type=%s,issuer=,status=pending_validation} 1", p.ID, p.Type))
		}
	}
	return want
}

func wantWeights(world *simulator.Simulator, zone, account string) (want []string) {
	for _, b := range world.LoadBalancers(zone) {
		uses := append(slices.Clone(b.DefaultPools), b.FallbackPool)
		for _, pools := range b.RegionPools {
			uses = append(uses, pools...)
		}
		for _, p := range world.Pools(account) {
			for _, o := range p.Origins {
				if slices.Contains(uses, p.ID) && o.Enabled {
					want = append(want, fmt.Sprintf("zone.lb.origin_weight{lb_name=%s,pool_name=%s,origin_name=%s} %g", b.Name, p.Name, o.Name, o.Weight))
				}
			}
		}
	}
	return want
}

func wantHealth(world *simulator.Simulator, account string) (want []string) {
	for _, p := range world.Pools(account) {
		for i, o := range p.Origins {
			health := 1
			if p.Name == "america" && i == 0 {
				health = 0 // unhealthy for all three; asia's first for one only
			}
			if o.Enabled {
				want = append(want, fmt.Sprintf("pool.origin.health_status{pool_name=%s,origin_name=%s,ip=%s} %d", p.Name, o.Name, o.Address, health))
			}
		}
	}
	return want
}

func wantTunnels(world *simulator.Simulator, account string) (want []string) {
	health := map[string]string{"healthy": "1", "degraded": "0.5"}
	for _, tunnel := range world.Tunnels(account) {
		connectors, places := map[string]bool{}, map[string]int{}
		for _, c := range tunnel.Connections {
			if !c.IsPendingReconnect {
				connectors[c.ClientID] = true
				places[fmt.Sprintf("connector_id=%s,version=%s,colo=%s", c.ClientID, c.ClientVersion, c.ColoName)]++
			}
		}
		want = append(want,
			fmt.Sprintf("tunnel.info{tunnel_id=%s,tunnel_name=%s,status=%s} 1", tunnel.ID, tunnel.Name, tunnel.Status),
			fmt.Sprintf("tunnel.health_status{tunnel_id=%s,tunnel_name=%s} %s", tunnel.ID, tunnel.Name, health[tunnel.Status]),
			fmt.Sprintf("tunnel.connectors{tunnel_id=%s} %d", tunnel.ID, len(connectors)))
		for place, n := range places {
			want = append(want, fmt.Sprintf("tunnel.connections{tunnel_id=%s,%s} %d", tunnel.ID, place, n))
		}
	}
	return want
}

// Each listing is refused without its permission, and nothing is emitted then.
func TestListingsNeedPermission(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ permissions, endpoint string }{
		"certificates":   {simulator.PermissionPools, "/ssl/certificate_packs: "},
		"load_balancers": {simulator.PermissionLoadBalancers, "/load_balancers/pools: "},
		"pool_health":    {simulator.PermissionLoadBalancers, "/load_balancers/pools: "},
		"tunnels":        {simulator.PermissionLoadBalancers, "/cfd_tunnel: "},
	} {
		_, c := simulated(t, tt.permissions)
		l, account := listingOf(t, name), simulator.DefaultLayout(1, 1)[0]
		scope := ListingScope{ID: account.ID, AccountID: account.ID}
		if l.Scope == cloudflare.ZoneScope {
			scope.ID = account.Zones[0].ID
		}
		err := l.Read(t.Context(), c, scope, everything(l), func(Point) { assert.Fail(t, "a point", name) })
		assert.Equal(t, cloudflare.ClassPermission, cloudflare.ClassOf(err))
		require.ErrorContains(t, err, "read "+name+": GET ")
		require.ErrorContains(t, err, tt.endpoint)
	}
	_, c := simulated(t)
	l := listingOf(t, "load_balancers")
	err := l.Read(t.Context(), c, ListingScope{ID: simulator.DefaultLayout(1, 1)[0].Zones[0].ID}, everything(l), func(Point) { assert.Fail(t, "a point") })
	assert.Equal(t, cloudflare.ClassPermission, cloudflare.ClassOf(err), "the account is not known")
}

// answers has a result for each path, and counts the requests.
type answers struct {
	results  map[string]string
	requests []string
}

func (a *answers) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path := strings.TrimPrefix(r.URL.Path, "/client/v4/")
	a.requests = append(a.requests, path)
	w.Header().Set("Content-Type", "application/json")
	_, _ = fmt.Fprintf(w, `{"success":true,"errors":[],"result":%s}`, a.results[path])
}

func TestListingsOfOddAnswers(t *testing.T) {
	t.Parallel()
	scope := ListingScope{ID: "s", AccountID: "a"}
	pool := func(enabled bool, origins string) string {
		return fmt.Sprintf(`[{"id":"p","name":"pool","enabled":%t,"origins":[%s]}]`, enabled, origins)
	}
	voting := func(votes ...bool) string {
		var pops []string
		for i, healthy := range votes {
			pops = append(pops, fmt.Sprintf(`"%d":{"healthy":true,"origins":[{"192.0.2.1":{"healthy":%t}}]}`, i, healthy))
		}
		return `{"pop_health":{` + strings.Join(pops, ",") + `}}`
	}
	const pools, health = "accounts/s/load_balancers/pools", "accounts/s/load_balancers/pools/p/health"
	const origin = `{"name":"o","address":"192.0.2.1","enabled":true,"weight":1}`
	for name, tt := range map[string]struct {
		listing  string
		results  map[string]string
		want     []string
		requests int
	}{
		"a certificate without hosts and end": {
			"certificates",
			map[string]string{"zones/s/ssl/certificate_packs": `[{"id":"p","type":"keyless","status":"active","hosts":null,"certificates":[{"id":"c"},{"id":"d","expires_on":"2026-03-01T12:00:00Z"}]}]`},
			[]string{
				"zone.certificate.status{certificate_id=c,type=keyless,issuer=,status=active} 1",
				"zone.certificate.status{certificate_id=d,type=keyless,issuer=,status=active} 1",
				"zone.certificate.expiry{certificate_id=d,type=keyless,issuer=,status=,host=} 1772366400",
			},
			1,
		},
		"no load balancer":           {"load_balancers", map[string]string{"zones/s/load_balancers": `[]`}, nil, 1},
		"no pools":                   {"pool_health", map[string]string{pools: `[]`}, nil, 1},
		"a pool that is off":         {"pool_health", map[string]string{pools: pool(false, origin)}, nil, 1},
		"never checked":              {"pool_health", map[string]string{pools: pool(true, origin), health: `{"pop_health":{}}`}, nil, 2},
		"healthy for two of three":   {"pool_health", map[string]string{pools: pool(true, origin), health: voting(true, false, true)}, []string{"pool.origin.health_status{pool_name=pool,origin_name=o,ip=192.0.2.1} 1"}, 2},
		"a tie":                      {"pool_health", map[string]string{pools: pool(true, origin), health: voting(true, false)}, []string{"pool.origin.health_status{pool_name=pool,origin_name=o,ip=192.0.2.1} 0"}, 2},
		"an address without origin":  {"pool_health", map[string]string{pools: pool(true, ``), health: voting(true)}, []string{"pool.origin.health_status{pool_name=pool,origin_name=,ip=192.0.2.1} 1"}, 2},
		"two origins at one address": {"pool_health", map[string]string{pools: pool(true, origin+`,`+strings.Replace(origin, `"o"`, `"q"`, 1)), health: voting(true)}, []string{"pool.origin.health_status{pool_name=pool,origin_name=o,ip=192.0.2.1} 1", "pool.origin.health_status{pool_name=pool,origin_name=q,ip=192.0.2.1} 1"}, 2},
		"tunnels without connections": {
			"tunnels",
			map[string]string{"accounts/s/cfd_tunnel": `[{"id":"1","name":"a","status":"down"},{"id":"2","name":"b","status":"inactive","connections":[]},{"id":"3","name":"c","status":"odd"}]`},
			[]string{
				"tunnel.info{tunnel_id=1,tunnel_name=a,status=down} 1", "tunnel.health_status{tunnel_id=1,tunnel_name=a} 0", "tunnel.connectors{tunnel_id=1} 0",
				"tunnel.info{tunnel_id=2,tunnel_name=b,status=inactive} 1", "tunnel.health_status{tunnel_id=2,tunnel_name=b} 0", "tunnel.connectors{tunnel_id=2} 0",
				"tunnel.info{tunnel_id=3,tunnel_name=c,status=odd} 1", "tunnel.connectors{tunnel_id=3} 0",
			},
			1,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			served := &answers{results: tt.results}
			l := listingOf(t, tt.listing)
			assert.ElementsMatch(t, tt.want, readListing(t, l, client(t, served), scope, everything(l)))
			assert.Len(t, served.requests, tt.requests)
		})
	}
}

// Connections are not asked for where nobody wants them.
func TestListingsAskForWhatIsWanted(t *testing.T) {
	t.Parallel()
	world, c := simulated(t)
	account := simulator.DefaultLayout(1, 1)[0].ID
	l := listingOf(t, "tunnels")
	requests := func() int { return world.Requests().REST[http.StatusOK] }
	points := readListing(t, l, c, ListingScope{ID: account, AccountID: account}, []bool{false, true, false, false})
	assert.Len(t, points, 2)
	assert.Equal(t, 1, requests())
	readListing(t, l, c, ListingScope{ID: account, AccountID: account}, everything(l))
	assert.Equal(t, 3, requests())
}

func TestListingsAreComplete(t *testing.T) {
	t.Parallel()
	for _, l := range Listings() {
		assert.Positive(t, l.Interval)
		assert.NotEmpty(t, l.Permission)
		for _, m := range l.Metrics {
			assert.Equal(t, Gauge, m.Kind)
			assert.Empty(t, m.Fields)
		}
	}
}
