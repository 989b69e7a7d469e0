// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package cloudflaremetricsreceiver

import (
	"strings"
	"testing"
	"time"

	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/pdatatest/pmetrictest"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/internal/oracle"
	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/internal/simulator"
)

func TestCountsEqualTheTruth(t *testing.T) {
	t.Parallel()
	w := newWorld(t, mixedPlans())
	w.ticks(20)
	w.settle()
	w.expectTruth()
	assert.NotEmpty(t, w.last)
}

func TestCountsEqualTheTruthOverRestarts(t *testing.T) {
	t.Parallel()
	w := newWorld(t, mixedPlans())
	for range 5 {
		w.ticks(3)
		w.restart()
		w.clock.Advance(7 * time.Minute)
	}
	w.ticks(2)
	w.settle()
	w.expectTruth()
}

// A series shows zero first and its value from the next scrape on, so that rate() and increase() see its first events.
func TestNewSeriesAreShownAsZeroFirst(t *testing.T) {
	t.Parallel()
	w := newWorld(t, mixedPlans())
	seen := map[oracle.Series]bool{}
	for range 10 {
		require.NoError(t, w.tick(time.Minute))
		for series, value := range w.last {
			if !seen[series] {
				assert.Zero(t, value, "%v", series)
			}
			seen[series] = true
		}
	}
	assert.Greater(t, len(seen), 100)
}

// Attribute-less counters are there from the first scrape on, before anything has been counted.
func TestAttributelessCountersStartAtZero(t *testing.T) {
	t.Parallel()
	accounts := simulator.DefaultLayout(1, 1, simulator.PlanEnterprise)
	w := newWorld(t, accounts)
	require.NoError(t, w.tick(0))
	value, ok := w.last[oracle.Series{Metric: "cloudflare.zone.requests", Scope: accounts[0].Zones[0].ID}]
	assert.True(t, ok)
	assert.Zero(t, value)
}

// A series' start timestamp is the begin of the first window that counted it, and stays that over a restart.
func TestStartTimestamps(t *testing.T) {
	t.Parallel()
	w := newWorld(t, mixedPlans())
	starts := map[string]pcommon.Timestamp{}
	for n := range 8 {
		watermark := w.clock.Now().Add(time.Minute - w.config.Delay).Truncate(time.Minute)
		require.NoError(t, w.tick(time.Minute))
		eachPoint(w.md, func(resource pcommon.Map, m pmetric.Metric, p pmetric.NumberDataPoint) {
			if m.Type() != pmetric.MetricTypeSum || !strings.HasPrefix(m.Name(), "cloudflare.zone") {
				return
			}
			id, _ := resource.Get("service.instance.id")
			key := id.Str() + m.Name() + attributesOf(p)
			if start, known := starts[key]; known {
				assert.Equal(t, start, p.StartTimestamp(), key)
			} else if n > 0 {
				assert.Equal(t, watermark.Add(-time.Minute), p.StartTimestamp().AsTime(), key)
			}
			starts[key] = p.StartTimestamp()
		})
		if n == 4 {
			w.restart()
		}
	}
}

// A field that one zone may not see takes its metric from that zone's source alone. It is said once, and is no failure.
func TestGatedField(t *testing.T) {
	t.Parallel()
	accounts := simulator.DefaultLayout(1, 3, simulator.PlanEnterprise)
	gated := &accounts[0].Zones[1]
	gated.Withheld = []string{"httpRequests1mGroups.sum_threatPathingMap_threatPathingName", "firewallEventsAdaptiveGroups"}
	w := newWorld(t, accounts)
	w.ticks(5)
	w.settle()
	assert.InDelta(t, 1, w.own("cloudflare.exporter.up", ""), 0)
	assert.Equal(t, 1, strings.Count(logged(w), "does not include all fields"))
	_, raw := w.gauge("cloudflare.exporter.source", gated.ID, "dataset=firewallEventsAdaptive,metric_family=firewall_events")
	assert.True(t, raw, "raw events have what groups lack")
	gone := func(s oracle.Series) bool { return s.Scope == gated.ID && s.Metric == "cloudflare.zone.threats.type" }
	w.expectTruthBut(gone)
	for series := range w.last {
		assert.False(t, gone(series), "%v", series)
	}
}

func TestOwnMetrics(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simulator.DefaultLayout(2, 3, simulator.PlanEnterprise), func(c *Config) {
		c.Zones.Exclude = []string{"zone1.*"}
	})
	w.ticks(2)
	assert.InDelta(t, 1, w.own("cloudflare.exporter.up", ""), 0)
	assert.InDelta(t, 2, w.own("cloudflare.accounts", ""), 0)
	assert.InDelta(t, 5, w.own("cloudflare.zones", ""), 0)
	assert.InDelta(t, 1, w.own("cloudflare.zones.filtered", ""), 0)
	settled := w.clock.Now().Add(-w.config.Delay).Truncate(time.Minute).Unix()
	for _, family := range []string{"http_requests", "firewall_events", "workers_invocations"} {
		assert.InDelta(t, settled, w.own("cloudflare.exporter.watermark.timestamp", "metric_family="+family), 0)
		assert.InDelta(t, 0, w.own("cloudflare.exporter.lost.time", "metric_family="+family), 0)
	}
}

// Gauges are of the newest settled minute, and end with one point without a value when their subject does.
func TestGauges(t *testing.T) {
	t.Parallel()
	accounts := simulator.DefaultLayout(1, 1, simulator.PlanEnterprise)
	zone := accounts[0].Zones[0].ID
	w := newWorld(t, accounts)
	live := map[string]bool{}
	for range 15 {
		require.NoError(t, w.tick(time.Minute))
		_, ok := w.gauge("cloudflare.zone.uniques", zone, "")
		assert.True(t, ok)
		ratio, ok := w.gauge("cloudflare.zone.cache_hit_ratio", zone, "")
		assert.True(t, !ok || (ratio > 0 && ratio < 1), "absent in a minute without requests")
		now := map[string]bool{}
		eachPoint(w.md, func(_ pcommon.Map, m pmetric.Metric, p pmetric.NumberDataPoint) {
			if m.Name() != "cloudflare.worker.cpu_time" {
				return
			}
			key := attributesOf(p)
			if p.Flags().NoRecordedValue() {
				assert.True(t, live[key], "%s ended without having been there", key)
				return
			}
			now[key] = true
		})
		live = now
	}
	assert.NotEmpty(t, live)
}

// An excluded zone ends with one point without a value on each of its series, and is forgotten.
func TestExcludedZoneEnds(t *testing.T) {
	t.Parallel()
	accounts := simulator.DefaultLayout(1, 2, simulator.PlanEnterprise)
	gone, stays := accounts[0].Zones[0].ID, accounts[0].Zones[1].ID
	w := newWorld(t, accounts)
	w.ticks(3)
	w.config.Zones.Exclude = []string{gone}
	w.restart()
	w.last = nil

	ended := func() (n int) {
		eachPoint(w.md, func(resource pcommon.Map, m pmetric.Metric, p pmetric.NumberDataPoint) {
			id, _ := resource.Get("service.instance.id")
			if id.Str() == gone {
				assert.True(t, p.Flags().NoRecordedValue(), m.Name())
				n++
			}
		})
		return n
	}
	require.NoError(t, w.tick(0))
	assert.Positive(t, ended())
	require.NoError(t, w.tick(time.Minute))
	assert.Zero(t, ended())
	for series := range w.last {
		assert.NotEqual(t, gone, series.Scope)
	}
	assert.Contains(t, w.last, oracle.Series{Metric: "cloudflare.zone.requests", Scope: stays})
}

func TestDisabledMetricsAreNotAskedFor(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simulator.DefaultLayout(1, 1, simulator.PlanEnterprise), func(c *Config) {
		c.MetricsBuilderConfig.Metrics.CloudflareZoneFirewallEvents.Enabled = false
		c.MetricsBuilderConfig.Metrics.CloudflareZoneRequestsCountry.Enabled = false
	})
	assert.NotContains(t, w.scraper.sources.byDataset, "firewallEventsAdaptiveGroups")
	w.ticks(3)
	for series := range w.last {
		assert.NotEqual(t, "cloudflare.zone.firewall.events", series.Metric)
		assert.NotEqual(t, "cloudflare.zone.requests.country", series.Metric)
	}
}

// Identity is on the resource, complete, and different for each zone even for exporters that only look at service.*.
func TestResources(t *testing.T) {
	t.Parallel()
	accounts := mixedPlans()
	w := newWorld(t, accounts)
	w.ticks(2)
	seen := map[string]bool{}
	for _, rm := range w.md.ResourceMetrics().All() {
		get := func(key string) string {
			if v, ok := rm.Resource().Attributes().Get(key); ok {
				return v.Str()
			}
			return ""
		}
		instance := get("service.instance.id")
		assert.Equal(t, "cloudflare", get("service.name"))
		assert.False(t, seen[instance], "two resources of %s", instance)
		seen[instance] = true
		if zone := get("cloudflare.zone.id"); zone != "" {
			assert.Equal(t, instance, zone)
			assert.NotEmpty(t, get("cloudflare.zone.name"))
			assert.NotEmpty(t, get("cloudflare.account.id"))
			assert.NotEmpty(t, get("cloudflare.account.name"))
		}
	}
	require.NoError(t, pmetrictest.ValidateMetrics(w.md))
}
