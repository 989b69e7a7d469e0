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
	"go.uber.org/zap"

	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/internal/oracle"
	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/internal/simulator"
)

// plansOf is an account with a zone of each of the plans.
func plansOf(account simulator.Account, plans ...simulator.Plan) simulator.Account {
	for i := range account.Zones {
		account.Zones[i].Plan = plans[i]
	}
	return account
}

// Each zone of an account with all plans, and each of one with Free zones only, exports what its plan allows. A gated zone spoils
// nothing for the others and is no error.
func TestMixedPlans(t *testing.T) {
	t.Parallel()
	accounts := simulator.DefaultLayout(2, 6)
	accounts[0] = plansOf(accounts[0], simulator.PlanEnterprise, simulator.PlanBusiness, simulator.PlanPro,
		simulator.PlanFree, simulator.PlanFree, simulator.PlanFree)
	free := slices.Repeat([]simulator.Plan{simulator.PlanFree}, 6)
	accounts[1] = plansOf(accounts[1], free...)
	w := newWorld(t, accounts, withEverything)
	w.ticks(8)
	w.settle()
	w.expectTruth()
	for _, account := range accounts {
		for _, z := range account.Zones {
			source, rule := "httpRequests1mGroups", "firewallEventsAdaptiveGroups"
			if z.Plan == simulator.PlanFree {
				source, rule = "httpRequestsAdaptiveGroups.totals", "firewallEventsAdaptive"
			}
			assert.Positive(t, w.last[oracle.Series{Metric: "cloudflare.zone.requests", Scope: z.ID}], z.Name)
			for family, dataset := range map[string]string{"http_requests": source, "firewall_events": rule} {
				_, ok := w.gauge("cloudflare.exporter.source", z.ID, "dataset="+dataset+",metric_family="+family)
				assert.True(t, ok, "%s of %s is to be read from %s", family, z.Name, dataset)
			}
			assert.Equal(t, z.Plan != simulator.PlanFree, w.has("cloudflare.zone.pageviews", z.ID), z.Name)
			assert.Equal(t, z.Plan != simulator.PlanFree, w.has("cloudflare.zone.health_check.events_origin", z.ID), z.Name)
			assert.True(t, w.has("cloudflare.zone.requests.status_country_host", z.ID), z.Name)
		}
	}
	assert.Empty(t, w.logs.FilterLevelExact(zap.WarnLevel).All())
	assert.InDelta(t, 1, w.own("cloudflare.exporter.up", ""), 0)
}

// has says whether a counter has any series.
func (w *world) has(metric, scope string) bool {
	for series := range w.last {
		if series.Metric == metric && series.Scope == scope {
			return true
		}
	}
	return false
}

// A Free zone that is upgraded gains its datasets within the hour, without a restart. What it had goes on without a jump, and no
// minute counts twice.
func TestUpgradedZone(t *testing.T) {
	t.Parallel()
	accounts := simulator.DefaultLayout(1, 2, simulator.PlanFree, simulator.PlanEnterprise)
	zone := accounts[0].Zones[0].ID
	w := newWorld(t, accounts)
	w.ticks(5)
	require.True(t, w.has("cloudflare.zone.requests", zone))
	require.False(t, w.has("cloudflare.zone.pageviews", zone))
	require.NoError(t, w.sim.SetPlan(zone, simulator.PlanPro))
	w.ticks(56)
	w.settle()

	settled := w.clock.Now().Add(-w.config.Delay).Truncate(time.Minute)
	gained := w.started("cloudflare.zone.pageviews", zone)
	assert.True(t, w.started("cloudflare.zone.requests", zone).Before(gained), "the series is the same as before")
	expected := w.truth(w.begin, settled)
	since := w.truth(gained, settled)
	maps.DeleteFunc(expected, func(s oracle.Series, _ float64) bool {
		return s.Scope == zone && slices.Contains(paidOnly(), s.Metric)
	})
	for s, v := range since {
		if s.Scope == zone && slices.Contains(paidOnly(), s.Metric) {
			expected[s] = v
		}
	}
	assert.Empty(t, oracle.Differences(expected, w.last))
	_, before := w.gauge("cloudflare.exporter.source", zone, "dataset=httpRequestsAdaptiveGroups.totals,metric_family=http_requests")
	_, after := w.gauge("cloudflare.exporter.source", zone, "dataset=httpRequests1mGroups,metric_family=http_requests")
	assert.True(t, after && !before)
	assert.Equal(t, 2, strings.Count(logged(w), "read from another dataset"), "of requests and of firewall events")
}

// paidOnly are the counters that only the roll-up of paid zones has.
func paidOnly() []string {
	return []string{
		"cloudflare.zone.pageviews", "cloudflare.zone.threats", "cloudflare.zone.threats.country", "cloudflare.zone.threats.type",
		"cloudflare.zone.requests.browser_map.page_views", "cloudflare.zone.requests.content_type", "cloudflare.zone.bandwidth.content_type",
		"cloudflare.zone.requests.ip_class",
	}
}

// A zone that is downgraded keeps the series it has; those that its new source does not have stand still.
func TestDowngradedZone(t *testing.T) {
	t.Parallel()
	accounts := simulator.DefaultLayout(1, 1, simulator.PlanPro)
	zone := accounts[0].Zones[0].ID
	w := newWorld(t, accounts)
	w.ticks(10)
	views := oracle.Series{Metric: "cloudflare.zone.pageviews", Scope: zone}
	requests := oracle.Series{Metric: "cloudflare.zone.requests", Scope: zone}
	require.NoError(t, w.sim.SetPlan(zone, simulator.PlanFree))
	w.ticks(5) // the first refusal has the entitlements read again
	stood, went := w.last[views], w.last[requests]
	require.Positive(t, stood)
	w.ticks(10)
	assert.InDelta(t, stood, w.last[views], 0)
	assert.Greater(t, w.last[requests], went)
	w.settle()
	settled := w.clock.Now().Add(-w.config.Delay).Truncate(time.Minute)
	assert.InDelta(t, w.truth(w.begin, settled)[requests], w.last[requests], 0)
}

// started gives the start timestamp of a counter without attributes.
func (w *world) started(metric, instance string) (start time.Time) {
	eachPoint(w.md, func(resource pcommon.Map, m pmetric.Metric, p pmetric.NumberDataPoint) {
		if id, _ := resource.Get("service.instance.id"); m.Name() == metric && id.Str() == instance {
			start = p.StartTimestamp().AsTime()
		}
	})
	return start
}
