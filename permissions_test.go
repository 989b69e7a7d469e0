// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package cloudflaremetricsreceiver

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/internal/oracle"
	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/internal/simulator"
)

const limitedToken = "token-that-may-do-little"

// newLimited is a world whose token has some permissions only, with everything enabled.
func newLimited(t *testing.T, accounts []simulator.Account, permissions ...string) *world {
	t.Helper()
	tokens := []simulator.Token{{Secret: limitedToken, Permissions: permissions}}
	return newWorldOf(t, simulator.Config{Accounts: accounts, Tokens: tokens, EventsPerMinute: 10}, withEverything,
		func(c *Config) { c.APIToken = limitedToken })
}

// withoutRuleNames is the truth when no rule has a known name: identifiers stand for them.
func (w *world) withoutRuleNames(from, to time.Time) map[oracle.Series]float64 {
	w.t.Helper()
	totals, err := w.sim.Truth(from, to, w.documented.Groupings(oracle.Counter)...)
	require.NoError(w.t, err)
	return w.documented.Expected(totals, oracle.Computed(func(string) map[string]string { return nil }))
}

func (w *world) settled() time.Time { return w.clock.Now().Add(-w.config.Delay).Truncate(time.Minute) }

// expectWell says that nothing has failed in the last tick, nor ever been counted as an error.
func (w *world) expectWell() {
	w.t.Helper()
	assert.InDelta(w.t, 1, w.own("cloudflare.exporter.up", ""), 0)
	eachPoint(w.md, func(_ pcommon.Map, m pmetric.Metric, p pmetric.NumberDataPoint) {
		assert.NotEqual(w.t, "cloudflare.exporter.errors", m.Name(), attributesOf(p))
	})
}

// With what reading analytics takes and nothing else, all that is lost are names and lists. Each gap is said once, with
// what closes it.
func TestTokenForAnalyticsOnly(t *testing.T) {
	t.Parallel()
	accounts := simulator.DefaultLayout(2, 2, simulator.PlanEnterprise, simulator.PlanFree)
	w := newLimited(t, accounts,
		simulator.PermissionZoneAnalytics, simulator.PermissionAccountAnalytics, simulator.PermissionWorkersScripts)
	w.ticks(15)
	w.settle()
	assert.Empty(t, oracle.Differences(w.withoutRuleNames(w.begin, w.settled()), w.last))
	assert.NotEmpty(t, w.last)
	w.expectWell()
	for permission, times := range map[string]int{
		"list zones: ":                                        1,
		"Zone > Zone: Read":                                   1,
		"list accounts: ":                                     1,
		"Account > Account Settings: Read":                    1,
		"Zone > Zone WAF: Read":                               1,
		"Account > Account Rulesets: Read":                    1,
		"Zone > SSL and Certificates: Read":                   len(accounts),
		"Zone > Load Balancers: Read":                         len(accounts),
		"permission Account > Load Balancing: Monitors and P": len(accounts),
		"Account > Cloudflare Tunnel: Read":                   len(accounts),
	} {
		assert.Equal(t, times, strings.Count(logged(w), permission), "%s\n%s", permission, logged(w))
	}
	named := 0
	for _, rm := range w.md.ResourceMetrics().All() {
		get := func(key string) string {
			v, _ := rm.Resource().Attributes().Get(key)
			return v.Str()
		}
		if zone, ok := rm.Resource().Attributes().Get("cloudflare.zone.name"); ok {
			named++
			assert.Equal(t, get("cloudflare.zone.id"), zone.Str())
			assert.Equal(t, get("cloudflare.account.id"), get("cloudflare.account.name"))
		}
	}
	assert.Equal(t, 4, named)
	assert.NotContains(t, logged(w), limitedToken)
}

// A token that may not read the analytics of accounts reads those of zones in full.
func TestTokenWithoutAccountAnalytics(t *testing.T) {
	t.Parallel()
	for name, permissions := range map[string][]string{
		"alone":      {simulator.PermissionZoneAnalytics},
		"with lists": {simulator.PermissionZoneAnalytics, simulator.PermissionZone, simulator.PermissionAccountSettings},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			accounts := simulator.DefaultLayout(2, 1, simulator.PlanEnterprise, simulator.PlanFree)
			w := newLimited(t, accounts, permissions...)
			w.ticks(15)
			w.settle()
			expected := w.withoutRuleNames(w.begin, w.settled())
			maps.DeleteFunc(expected, func(s oracle.Series, _ float64) bool {
				return slices.ContainsFunc(accounts, func(a simulator.Account) bool { return a.ID == s.Scope })
			})
			assert.Empty(t, oracle.Differences(expected, w.last))
			assert.NotEmpty(t, w.last)
			w.expectWell()
			assert.Equal(t, 1, strings.Count(logged(w), "Account > Account Analytics: Read"), logged(w))
		})
	}
}

// The entitlements of zones and of accounts may both be refused; neither hides the other.
func TestTokenForNoAnalytics(t *testing.T) {
	t.Parallel()
	w := newLimited(t, simulator.DefaultLayout(1, 1), simulator.PermissionZone, simulator.PermissionAccountSettings)
	w.ticks(5)
	for _, permission := range []string{"Zone > Analytics: Read", "Account > Account Analytics: Read"} {
		assert.Equal(t, 1, strings.Count(logged(w), permission), "%s\n%s", permission, logged(w))
	}
}

// What the token may do more is noticed within the hour.
func TestPermissionGivenLater(t *testing.T) {
	t.Parallel()
	accounts := simulator.DefaultLayout(1, 1, simulator.PlanEnterprise)
	account, zone := accounts[0].ID, accounts[0].Zones[0].ID
	w := newLimited(t, accounts, simulator.PermissionZoneAnalytics)
	w.ticks(4)
	require.False(t, w.has("cloudflare.worker.requests", account))
	require.NoError(t, w.sim.SetPermissions(limitedToken))
	for range 12 {
		require.NoError(t, w.tick(5*time.Minute))
	}
	w.settle()
	w.settle()
	before, since := w.last, w.settled()
	w.ticks(4)
	w.settle()
	counted := map[oracle.Series]float64{}
	for s, v := range w.last {
		counted[s] = v - before[s]
	}
	assert.Empty(t, oracle.Differences(w.truth(since, w.settled()), counted), "from then on all is counted, by name")
	assert.True(t, w.has("cloudflare.worker.requests", account))
	w.expectWell()
	for metric, scope := range map[string]string{
		"cloudflare.zone.certificate.status": zone, "cloudflare.zone.lb.origin_weight": zone,
		"cloudflare.tunnel.info": account, "cloudflare.pool.origin.health_status": account,
	} {
		assert.NotEmpty(t, w.gauges(metric, scope), metric)
	}
	for _, rm := range w.md.ResourceMetrics().All() {
		if name, ok := rm.Resource().Attributes().Get("cloudflare.zone.name"); ok {
			assert.Equal(t, accounts[0].Zones[0].Name, name.Str())
		}
	}
}
