// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package cloudflaremetricsreceiver

import (
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

// gauges gives the values of a gauge of one resource that have not ended, by attributes.
func (w *world) gauges(name, instance string) map[string]float64 {
	values := map[string]float64{}
	for s, v := range w.allGauges() {
		if s.Metric == name && s.Scope == instance {
			values[s.Attributes] = v
		}
	}
	return values
}

// allGauges are those of the last scrape that have not ended.
func (w *world) allGauges() map[oracle.Series]float64 {
	live, _ := w.gaugePoints()
	return live
}

// gaugePoints are the gauges that have a value in the last scrape, and those that end with it. What ends is behind all live
// points of its metric, and nothing is there twice.
func (w *world) gaugePoints() (live map[oracle.Series]float64, ended map[oracle.Series]bool) {
	w.t.Helper()
	live, ended = map[oracle.Series]float64{}, map[oracle.Series]bool{}
	ending := map[oracle.Series]bool{} // the metrics of which an ended point has been seen
	eachPoint(w.md, func(resource pcommon.Map, m pmetric.Metric, p pmetric.NumberDataPoint) {
		if m.Type() != pmetric.MetricTypeGauge {
			return
		}
		id, _ := resource.Get("service.instance.id")
		series := oracle.Series{Metric: m.Name(), Scope: id.Str(), Attributes: attributesOf(p)}
		whole := oracle.Series{Metric: m.Name(), Scope: id.Str()}
		if _, twice := live[series]; twice || ended[series] {
			assert.Fail(w.t, "two points of one gauge", "%v", series)
		}
		if p.Flags().NoRecordedValue() {
			ended[series], ending[whole] = true, true
			return
		}
		assert.False(w.t, ending[whole], "%v is behind a point that has ended", series)
		live[series] = valueOf(p)
	})
	return live, ended
}

// lives follows gauges from scrape to scrape: whatever was there and is no longer ends with exactly one point.
type lives struct{ live map[oracle.Series]float64 }

func (l *lives) follow(w *world) (ended map[oracle.Series]bool) {
	w.t.Helper()
	live, ended := w.gaugePoints()
	for s := range l.live {
		if _, ok := live[s]; !ok {
			assert.True(w.t, ended[s], "%v vanished", s)
		}
	}
	for s := range ended {
		_, ok := l.live[s]
		assert.True(w.t, ok, "%v ended without having been there", s)
	}
	l.live = live
	return ended
}

// newest is the newest settled granule.
func (w *world) newest(granularity time.Duration) (from, to time.Time) {
	to = w.clock.Now().Add(-w.config.Delay).Truncate(granularity)
	return to.Add(-granularity), to
}

// documentedGauges is what the gauges must stand at whose documentation names their source.
func (w *world) documentedGauges() map[oracle.Series]float64 {
	w.t.Helper()
	hourly, others := []simulator.Grouping{}, []simulator.Grouping{}
	for _, g := range w.documented.Groupings(oracle.Gauge) {
		if g.Dataset == "r2StorageAdaptiveGroups" {
			hourly = append(hourly, g)
		} else {
			others = append(others, g)
		}
	}
	from, to := w.newest(time.Hour)
	totals, err := w.sim.Truth(from, to, hourly...)
	require.NoError(w.t, err)
	from, to = w.newest(time.Minute)
	more, err := w.sim.Truth(from, to, others...)
	require.NoError(w.t, err)
	return w.documented.Expected(append(totals, more...))
}

// expectGauges compares the gauges of some metrics.
func (w *world) expectGauges(expected map[oracle.Series]float64, metrics []string) {
	w.t.Helper()
	actual := w.allGauges()
	for s := range actual {
		if !slices.Contains(metrics, s.Metric) {
			delete(actual, s)
		}
	}
	differences := oracle.Differences(expected, actual)
	assert.Empty(w.t, differences[:min(5, len(differences))], "%d differences", len(differences))
}

// Every gauge is of the newest settled granule, on every plan, whatever was counted in the same scrape.
func TestGaugesEqualTheTruth(t *testing.T) {
	t.Parallel()
	w := newWorldOf(t, simulator.Config{
		Accounts:        simulator.DefaultLayout(2, 2, simulator.PlanEnterprise, simulator.PlanFree, simulator.PlanPro, simulator.PlanBusiness),
		EventsPerMinute: 20,
	}, withEverything, also(t, "cloudflare.zone.dns.processing_time"))
	met := map[string]bool{}
	followed := lives{}
	for _, advance := range []time.Duration{time.Minute, time.Minute, time.Hour, time.Minute, 5 * time.Minute, time.Minute} {
		require.NoError(t, w.tick(advance))
		followed.follow(w)
		expected := w.documentedGauges()
		w.expectGauges(expected, w.documented.Metrics(oracle.Gauge))
		derived := w.derivedGauges()
		w.expectGauges(derived, w.derivedMetrics())
		for _, gauges := range []map[oracle.Series]float64{expected, derived} {
			for s := range gauges {
				met[s.Metric] = true
			}
		}
	}
	for _, metric := range slices.Concat(w.documented.Metrics(oracle.Gauge), w.derivedMetrics()) {
		assert.True(t, met[metric], "%s has not been there once", metric)
	}
	assert.Empty(t, w.logs.FilterLevelExact(zap.WarnLevel).All())
}

// What cannot be read is shown for as long as Prometheus looks back, and then ends.
func TestUnreadableGaugesEnd(t *testing.T) {
	t.Parallel()
	accounts := simulator.DefaultLayout(1, 1, simulator.PlanEnterprise)
	uniques := oracle.Series{Metric: "cloudflare.zone.uniques", Scope: accounts[0].Zones[0].ID}
	w := newWorld(t, accounts)
	w.ticks(2)
	followed := lives{}
	followed.follow(w)
	w.sim.SetFaults(simulator.Faults{GraphQL: simulator.Fault{ServerErrorRate: 1}})
	for range 10 {
		require.Error(t, w.tick(time.Minute))
		followed.follow(w)
		if _, shown := followed.live[uniques]; !shown {
			break
		}
	}
	_, ended := w.gaugePoints()
	assert.True(t, ended[uniques])
	assert.Equal(t, 2*time.Minute+gaugeLifetime, w.clock.Now().Sub(w.begin.Add(6*time.Minute+10*time.Second)))
	require.Error(t, w.tick(time.Minute))
	assert.Empty(t, followed.follow(w))
	w.sim.SetFaults(simulator.Faults{})
	require.NoError(t, w.tick(time.Minute))
	assert.Contains(t, w.allGauges(), uniques, "it comes back by itself")
}

// Gauges cannot be added up to one that stands for the rest: those beyond the limit are left out, which is said once.
func TestSeriesLimitBoundsGauges(t *testing.T) {
	t.Parallel()
	const most = 2
	w := newWorld(t, simulator.DefaultLayout(1, 1, simulator.PlanEnterprise), withEverything, func(c *Config) { c.SeriesLimit = most })
	w.ticks(5)
	series := map[string]int{}
	for s := range w.allGauges() {
		if !strings.HasPrefix(s.Metric, "cloudflare.exporter.") {
			series[s.Metric]++
		}
	}
	bounded := 0
	for metric, n := range series {
		assert.LessOrEqual(t, n, most, metric)
		if n == most {
			bounded++
		}
	}
	assert.Greater(t, bounded, 5)
	said := map[string]int{}
	for _, entry := range w.logs.FilterMessageSnippet("a gauge has more label sets than series_limit").All() {
		metric, _ := entry.ContextMap()["metric"].(string)
		said[metric]++
	}
	assert.Contains(t, said, "cloudflare.zone.hostname.edge_ttfb")
	assert.Contains(t, said, "cloudflare.zone.certificate.status", "lists are bounded as well")
	for metric, n := range said {
		assert.Equal(t, 1, n, metric)
	}
}
