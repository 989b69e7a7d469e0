// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package cloudflaremetricsreceiver

import (
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

// newNamed is a world of firewall events.
func newNamed(t *testing.T, zones int) (w *world, accounts []simulator.Account) {
	t.Helper()
	accounts = simulator.DefaultLayout(1, zones, simulator.PlanEnterprise)
	return newWorldOf(t, simulator.Config{Accounts: accounts}, only(t, "firewallEventsAdaptiveGroups")), accounts
}

// endedCounters are the counters that end with the last scrape. They are behind all live points of their metric.
func (w *world) endedCounters() map[oracle.Series]bool {
	w.t.Helper()
	ended, ending := map[oracle.Series]bool{}, map[oracle.Series]bool{}
	eachPoint(w.md, func(resource pcommon.Map, m pmetric.Metric, p pmetric.NumberDataPoint) {
		id, _ := resource.Get("service.instance.id")
		whole := oracle.Series{Metric: m.Name(), Scope: id.Str()}
		if m.Type() != pmetric.MetricTypeSum || !p.Flags().NoRecordedValue() {
			assert.False(w.t, ending[whole], "%s goes on behind a point that has ended", m.Name())
			return
		}
		series := oracle.Series{Metric: m.Name(), Scope: id.Str(), Attributes: attributesOf(p)}
		assert.False(w.t, ended[series], "%v ends twice", series)
		ended[series], ending[whole] = true, true
	})
	return ended
}

// ofRule are the series of a rule of a zone.
func ofRule(values map[oracle.Series]float64, zone, rule string) map[oracle.Series]float64 {
	list := map[oracle.Series]float64{}
	for s, v := range values {
		if s.Scope == zone && strings.Contains(s.Attributes, "rule_id="+rule) {
			list[s] = v
		}
	}
	return list
}

// busiest is the rule of a zone's own rulesets with the most series.
func (w *world) busiest(zone string) (rule, name string) {
	w.t.Helper()
	most := 0
	for s := range w.last {
		set := attributeSet(s)
		if n := len(ofRule(w.last, zone, set["rule_id"])); s.Scope == zone && set["source"] == "firewallcustom" && n > most {
			most, rule, name = n, set["rule_id"], set["rule"]
		}
	}
	require.Positive(w.t, most)
	return rule, name
}

// A rule that is renamed keeps its counts under its new name, and each label set with the old name ends once.
func TestRenamedRule(t *testing.T) {
	t.Parallel()
	w, accounts := newNamed(t, 2)
	zone := accounts[0].Zones[0].ID
	w.ticks(2)
	require.NoError(t, w.tick(3*time.Hour)) // all rules have been met
	w.settle()
	w.expectTruth()
	rule, name := w.busiest(zone)
	before := ofRule(w.last, zone, rule)
	clear(w.scraper.names.wanted)
	for s := range w.last { // no rule without a name is to have all of them asked for
		w.scraper.names.unknown[named{s.Scope, attributeSet(s)["rule_id"]}] = w.begin.AddDate(1, 0, 0)
	}
	require.NoError(t, w.sim.SetRuleName(zone, rule, "Another name"))

	renamed := 0
	for range 13 {
		require.NoError(t, w.tick(5*time.Minute))
		ended := w.endedCounters()
		if len(ended) == 0 {
			continue
		}
		renamed++
		for s := range ended {
			assert.Equal(t, name, attributeSet(s)["rule"])
			assert.Equal(t, rule, attributeSet(s)["rule_id"])
			assert.Equal(t, zone, s.Scope)
		}
		for s := range before {
			assert.True(t, ended[s], "%v has not ended", s)
		}
	}
	assert.Equal(t, 1, renamed)
	w.settle()
	w.expectTruth()
	for s := range ofRule(w.last, zone, rule) {
		assert.Equal(t, "Another name", attributeSet(s)["rule"])
	}
}

// Names are saved with the list of zones.
func TestNamesSurviveARestartWithoutREST(t *testing.T) {
	t.Parallel()
	w, _ := newNamed(t, 2)
	w.ticks(5)
	w.settle()
	w.expectTruth()
	shown := w.last
	w.sim.SetFaults(simulator.Faults{REST: simulator.Fault{ServerErrorRate: 1}})
	w.restart()
	require.Error(t, w.tick(0))
	assert.Equal(t, shown, w.last)
	assert.Empty(t, w.endedCounters())
	for range 3 {
		require.Error(t, w.tick(time.Minute))
		assert.Empty(t, w.endedCounters())
	}
	require.Error(t, w.tick(0))
	w.expectTruth()
}

// Names of many zones come a few zones at a time. Until then identifiers stand for them, and those label sets end.
func TestNamesOfManyZones(t *testing.T) {
	t.Parallel()
	w, _ := newNamed(t, 45)
	without := map[string]bool{}
	for range 4 {
		w.ticks(1)
		without = map[string]bool{}
		for s := range w.last {
			set := attributeSet(s)
			if _, named := w.sim.RuleNames(s.Scope)[set["rule_id"]]; named && set["rule"] == set["rule_id"] {
				without[s.Scope] = true
			}
		}
	}
	assert.Empty(t, without)
	w.settle()
	w.expectTruth()
}

// attributeSet takes a label set apart.
func attributeSet(s oracle.Series) map[string]string {
	set := map[string]string{}
	for pair := range strings.SplitSeq(s.Attributes, ",") {
		key, value, _ := strings.Cut(pair, "=")
		set[key] = value
	}
	return set
}
