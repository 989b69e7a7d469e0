// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package cloudflaremetricsreceiver

import (
	"maps"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/internal/oracle"
	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/internal/simulator"
)

func every(d time.Duration) DatasetConfig { return DatasetConfig{Interval: &d} }

// readAt counts the instants at which some reads were answered.
func (w *world) readAt(which func(simulator.Read) bool) int {
	instants := map[time.Time]bool{}
	for _, r := range w.sim.Reads() {
		if which(r) {
			instants[r.At] = true
		}
	}
	return len(instants)
}

// truthUpTo is what counters must stand at that have been read up to horizons of their own.
func (w *world) truthUpTo(horizon func(simulator.Grouping) time.Time) map[oracle.Series]float64 {
	w.t.Helper()
	var totals []simulator.Total
	for _, g := range w.documented.Groupings(oracle.Counter) {
		list, err := w.sim.Truth(w.begin, horizon(g), g)
		require.NoError(w.t, err)
		totals = append(totals, list...)
	}
	return w.documented.Expected(totals, oracle.Computed(w.sim.RuleNames))
}

// Each read is of whole intervals: between them nothing is asked, nothing is lost or counted twice, and gauges stay.
func TestIntervals(t *testing.T) {
	t.Parallel()
	const often, seldom = 5 * time.Minute, 10 * time.Minute
	const byHost, byStatus = "httpRequestsAdaptiveGroups.host", "httpRequestsAdaptiveGroups.status"
	w := newWorldOf(t, simulator.Config{
		Accounts: simulator.DefaultLayout(1, 2, simulator.PlanEnterprise), EventsPerMinute: 20,
	}, only(t, append(coreDatasets(), byHost, byStatus)...), func(c *Config) {
		c.Datasets = map[string]DatasetConfig{
			"httpRequestsAdaptiveGroups": every(seldom), byStatus: every(often), // the query's own wins
			"workersInvocationsAdaptive": every(2 * time.Minute),
		}
	})
	w.sim.RecordReads(simulator.RecordWindows)
	met := map[string]bool{}
	for range 33 {
		w.ticks(1)
		_, horizon := w.newest(seldom)
		gauges := w.derivedGaugesOf(horizon.Add(-time.Minute), horizon)
		maps.DeleteFunc(gauges, func(s oracle.Series, _ float64) bool {
			return s.Metric != "cloudflare.zone.hostname.edge_ttfb" && s.Metric != "cloudflare.zone.edge_error_rate"
		})
		w.expectGauges(gauges, []string{"cloudflare.zone.hostname.edge_ttfb", "cloudflare.zone.edge_error_rate"})
		for s := range gauges {
			met[s.Metric] = true
		}
	}
	w.settle()
	assert.Len(t, met, 2)

	intervals := map[string]time.Duration{byStatus: often, byHost: seldom, "workersInvocationsAdaptive": 2 * time.Minute}
	expected := w.truthUpTo(func(g simulator.Grouping) time.Time {
		_, horizon := w.newest(max(time.Minute, intervals[g.Query]))
		return horizon
	})
	assert.Empty(t, oracle.Differences(expected, w.last))
	is := func(dataset, field string) func(simulator.Read) bool {
		return func(r simulator.Read) bool { return r.Dataset == dataset && slices.Contains(r.Fields, field) }
	}
	assert.Equal(t, 4, w.readAt(is("httpRequestsAdaptiveGroups", "quantiles_edgeTimeToFirstByteMsP50")))
	assert.Equal(t, 6, w.readAt(is("httpRequestsAdaptiveGroups", "dimensions_edgeResponseStatus")))
	assert.Equal(t, 16, w.readAt(is("workersInvocationsAdaptive", "sum_requests")), "the first scrape has nothing to count")
	assert.Equal(t, 33, w.readAt(is("httpRequests1mGroups", "sum_requests")))
}

// A dataset that settles later is read later, and the others are not held up by it.
func TestDelayOfADataset(t *testing.T) {
	t.Parallel()
	delays := map[string]time.Duration{
		"firewallEventsAdaptiveGroups": 12 * time.Minute, "httpRequests1mGroups": 5 * time.Minute, "workersInvocationsAdaptive": time.Minute,
	}
	w := newWorld(t, simulator.DefaultLayout(1, 2, simulator.PlanEnterprise), func(c *Config) {
		c.Datasets = map[string]DatasetConfig{}
		for name, delay := range delays {
			c.Datasets[name] = DatasetConfig{Delay: &delay}
		}
		c.Delay = time.Hour
		c.Lookback = 10 * time.Minute // Workers' horizon is behind the begin when the first scrape comes
	})
	w.ticks(20)
	w.settle()
	horizon := func(dataset string) time.Time { return w.clock.Now().Add(-delays[dataset]).Truncate(time.Minute) }
	expected := w.truthUpTo(func(g simulator.Grouping) time.Time { return horizon(g.Dataset) })
	assert.Empty(t, oracle.Differences(expected, w.last))
	for family, dataset := range map[string]string{
		"firewall_events": "firewallEventsAdaptiveGroups", "http_requests": "httpRequests1mGroups", "workers_invocations": "workersInvocationsAdaptive",
	} {
		assert.InDelta(t, horizon(dataset).Unix(), w.own("cloudflare.exporter.watermark.timestamp", "metric_family="+family), 0)
	}
}

// Lists are asked for at their own pace, and their gauges are shown all the time between.
func TestIntervalsOfLists(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		change func(*Config)
		ticks  int
	}{
		"default":    {func(*Config) {}, 61},
		"configured": {func(c *Config) { c.Datasets = map[string]DatasetConfig{"certificates": every(5 * time.Minute)} }, 11},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			accounts := simulator.DefaultLayout(1, 2, simulator.PlanEnterprise)
			w := newWorldOf(t, simulator.Config{Accounts: accounts, EventsPerMinute: 1}, only(t, "certificates"), tt.change,
				func(c *Config) { c.Inventory.Refresh = 24 * time.Hour })
			before := 0
			for range tt.ticks {
				w.ticks(1)
				for _, z := range accounts[0].Zones {
					assert.NotEmpty(t, w.gauges("cloudflare.zone.certificate.status", z.ID))
				}
				if before == 0 {
					before = w.sim.Requests().REST[http.StatusOK]
				}
			}
			assert.Equal(t, 2*len(accounts[0].Zones), w.sim.Requests().REST[http.StatusOK]-before, "twice more of each zone")
		})
	}
}
