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
	"go.uber.org/zap"

	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/internal/dataset"
	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/internal/oracle"
	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/internal/simulator"
)

// newAttributes is a small world with metrics that have all kinds of attributes.
func newAttributes(t *testing.T, change ...func(*Config)) *world {
	t.Helper()
	return newWorldOf(t, simulator.Config{
		Accounts: simulator.DefaultLayout(1, 2, simulator.PlanEnterprise, simulator.PlanFree), EventsPerMinute: 20,
	}, append([]func(*Config){withEverything}, change...)...)
}

// regrouped is the truth by other groupings than those that are documented.
func (w *world) regrouped(from, to time.Time, kind oracle.Kind, change func(*simulator.Grouping)) map[oracle.Series]float64 {
	w.t.Helper()
	groupings := w.documented.Groupings(kind)
	for i := range groupings {
		change(&groupings[i])
	}
	totals, err := w.sim.Truth(from, to, groupings...)
	require.NoError(w.t, err)
	return w.documented.Expected(totals, oracle.Computed(w.sim.RuleNames))
}

// expectRegrouped compares counters, and gauges of the newest minute: those of an hour have no value yet.
func (w *world) expectRegrouped(change func(*simulator.Grouping)) {
	w.t.Helper()
	assert.Empty(w.t, oracle.Differences(w.regrouped(w.begin, w.settled(), oracle.Counter, change), w.last))
	from, to := w.newest(time.Minute)
	gauges := w.regrouped(from, to, oracle.Gauge, change)
	maps.DeleteFunc(gauges, func(s oracle.Series, _ float64) bool { return strings.HasPrefix(s.Metric, "cloudflare.r2.storage.") })
	w.expectGauges(gauges, w.documented.Metrics(oracle.Gauge))
}

// What is dropped is not asked for: Cloudflare adds up, and makes averages and quantiles of all of it.
func TestDroppedAttributeIsNotGroupedBy(t *testing.T) {
	t.Parallel()
	const host = "clientRequestHTTPHost"
	w := newAttributes(t, func(c *Config) { c.DropAttributes = []string{"host"} })
	w.sim.RecordReads(simulator.RecordWindows)
	w.ticks(6)
	w.settle()
	w.expectRegrouped(func(g *simulator.Grouping) {
		g.Dimensions = slices.DeleteFunc(slices.Clone(g.Dimensions), func(d string) bool { return d == host })
	})
	require.NotEmpty(t, w.sim.Reads())
	for _, r := range w.sim.Reads() {
		assert.NotContains(t, r.Dimensions, host, r.Dataset)
	}
	assert.Empty(t, w.logs.FilterLevelExact(zap.WarnLevel).All())
}

// Gauges keep an attribute that another gauge of the same query is made of: rows stay apart by it, and averages of each are not one
// of all. What counts does without it.
func TestGaugesKeepWhatCannotBeMerged(t *testing.T) {
	t.Parallel()
	w := newAttributes(t, func(c *Config) { c.DropAttributes = []string{"origin_status", "tunnel_name"} })
	w.ticks(3)
	w.settle()
	w.expectRegrouped(func(g *simulator.Grouping) {
		if strings.HasPrefix(g.Name, "cloudflare.zone.requests.origin_status") || strings.HasPrefix(g.Name, "cloudflare.magic_transit.") {
			g.Dimensions = slices.DeleteFunc(slices.Clone(g.Dimensions), func(d string) bool {
				return d == "originResponseStatus" || d == "tunnelName"
			})
		}
	})
	w.expectGauges(w.derivedGauges(), w.derivedMetrics())
}

// A rule is the same without its name.
func TestDroppedNameKeepsTheIdentifier(t *testing.T) {
	t.Parallel()
	w := newAttributes(t, func(c *Config) { c.DropAttributes = []string{"rule"} })
	w.ticks(6)
	w.settle()
	expected := project(w.truth(w.begin, w.settled()), func(set map[string]string) { delete(set, "rule") })
	assert.Empty(t, oracle.Differences(expected, w.last))
	identified := 0
	for s := range w.last {
		if strings.Contains(s.Attributes, "rule_id=") {
			identified++
		}
	}
	assert.Positive(t, identified)
}

// All requests are more than those of end users.
func TestRequestSourceAll(t *testing.T) {
	t.Parallel()
	w := newAttributes(t, func(c *Config) { c.RequestSource = sourceAll })
	w.ticks(6)
	w.settle()
	w.expectRegrouped(func(g *simulator.Grouping) {
		g.Where = maps.Clone(g.Where)
		delete(g.Where, "requestSource")
	})
	eyeball := sums(w.truth(w.begin, w.settled()))
	byHost := oracle.Series{Metric: "cloudflare.zone.requests.status_country_host", Scope: w.oneZone()}
	assert.Positive(t, eyeball[byHost])
	assert.Greater(t, sums(w.last)[byHost], eyeball[byHost])
}

// oneZone is a zone that there is.
func (w *world) oneZone() string {
	for _, s := range w.scraper.inventory.Scopes() {
		if s.ID != s.AccountID {
			return s.ID
		}
	}
	return ""
}

func TestAttributesThatCannotBeDropped(t *testing.T) {
	t.Parallel()
	for attribute, want := range map[string]string{
		"quantile": "drop_attributes: values that differ in quantile only cannot be merged; disable the metric instead",
		"hots":     `drop_attributes: no metric that is read from GraphQL has the attribute "hots"; there are action, `,
	} {
		c := defaultConfig()
		c.APIToken, c.DropAttributes = "token", []string{attribute}
		require.ErrorContains(t, c.Validate(), want)
	}
}

// project changes the attributes of series and adds up those that have become the same.
func project(values map[oracle.Series]float64, change func(map[string]string)) map[oracle.Series]float64 {
	projected := map[oracle.Series]float64{}
	for s, v := range values {
		set := map[string]string{}
		for pair := range strings.SplitSeq(s.Attributes, ",") {
			key, value, _ := strings.Cut(pair, "=")
			set[key] = value
		}
		change(set)
		s.Attributes = oracle.Attributes(set)
		projected[s] += v
	}
	return projected
}

// Attributes come and go over restarts without a step in any sum. What goes is summed up and counts on; a metric that gains one
// starts anew where it was read up to.
func TestAttributesThatComeAndGo(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		on, off func(*Config)
		change  func(map[string]string)
	}{
		"drop_attributes": {
			func(c *Config) { c.DropAttributes = []string{"host"} },
			func(c *Config) { c.DropAttributes = nil },
			func(set map[string]string) { delete(set, "host") },
		},
		"status_class": {
			func(c *Config) { c.StatusClass = true },
			func(c *Config) { c.StatusClass = false },
			func(set map[string]string) {
				for _, key := range []string{"status", "edge_status", "origin_status"} {
					set[key] = dataset.StatusClass(set[key])
				}
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newAttributes(t, only(t, append(coreDatasets(),
				"httpRequestsAdaptiveGroups.status", "httpRequestsAdaptiveGroups.origin", "httpRequestsAdaptiveGroups.totals")...))
			w.ticks(4)
			w.settle()
			w.expectTruth()
			before := project(w.last, tt.change)
			affected := map[string]bool{}
			for s := range w.last {
				if _, same := before[s]; !same {
					affected[s.Metric] = true
				}
			}
			require.Greater(t, len(affected), 3)

			tt.on(w.config)
			w.restart()
			w.last = nil
			for range 5 {
				require.NoError(t, w.tick(time.Minute))
				truth := project(w.truth(w.begin, w.settled()), tt.change)
				assert.Empty(t, beyond(before, w.last), "a sum went down")
				assert.Empty(t, beyond(w.last, truth), "a sum is more than there was")
				before = w.last
			}
			w.settle()
			assert.Empty(t, oracle.Differences(project(w.truth(w.begin, w.settled()), tt.change), w.last))

			tt.off(w.config)
			isAffected := func(s oracle.Series, _ float64) bool { return affected[s.Metric] }
			maps.DeleteFunc(before, isAffected)
			since := w.settled()
			w.restart()
			w.last = nil
			w.ticks(4)
			w.settle()
			expected, anew := w.truth(w.begin, w.settled()), w.truth(since, w.settled())
			maps.DeleteFunc(expected, isAffected)
			maps.DeleteFunc(anew, func(s oracle.Series, v float64) bool { return !isAffected(s, v) })
			maps.Copy(expected, anew)
			assert.Empty(t, oracle.Differences(expected, w.last))
			assert.Empty(t, beyond(before, w.last), "a sum went down")
			assert.Empty(t, w.logs.FilterLevelExact(zap.WarnLevel).All())
		})
	}
}

// beyond are the series that are more in one than in the other.
func beyond(values, most map[oracle.Series]float64) (list []oracle.Series) {
	for s, v := range values {
		if v > most[s]*(1+1e-9) {
			list = append(list, s)
		}
	}
	return list
}
