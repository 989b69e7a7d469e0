// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package cloudflaremetricsreceiver

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/internal/oracle"
	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/internal/simulator"
)

// busy is a world whose answers never fit into Cloudflare's page size.
func busy(t *testing.T, pageSize int, change ...func(*Config)) *world {
	t.Helper()
	return newWorldOf(t, simulator.Config{
		Accounts:        simulator.DefaultLayout(1, 2, simulator.PlanEnterprise),
		EventsPerMinute: 2000,
		Limits:          simulator.Limits{PageSize: pageSize},
	}, change...)
}

// An answer that may have been cut off is asked for in halves until it fits, and every series is exact.
func TestCutOffAnswersAreExactBelowTheSeriesLimit(t *testing.T) {
	t.Parallel()
	w := busy(t, 20)
	w.ticks(3)
	require.NoError(t, w.tick(15*time.Minute))
	w.settle()
	w.expectTruth()
}

// At series_limit the sums stay exact: what does not get a series of its own is in the overflow series.
func TestOverflowKeepsTotalsRight(t *testing.T) {
	t.Parallel()
	w := busy(t, 50, func(c *Config) { c.SeriesLimit = 40 })
	w.ticks(6)
	w.restart()
	require.NoError(t, w.tick(20*time.Minute))
	w.ticks(3)
	w.settle()

	settled := w.clock.Now().Add(-w.config.Delay).Truncate(time.Minute)
	truth := w.truth(w.begin, settled)
	assert.Equal(t, sums(truth), sums(w.last))

	series := map[oracle.Series]int{}
	for s, value := range w.last {
		if strings.Contains(s.Attributes, "overflow") {
			assert.Positive(t, value)
			continue
		}
		series[oracle.Series{Metric: s.Metric, Scope: s.Scope}]++
		assert.LessOrEqual(t, value, truth[s], "%v", s)
	}
	for s, n := range series {
		assert.LessOrEqual(t, n, 40, "%v", s)
	}
	assert.Positive(t, w.own("cloudflare.exporter.overflow.series", ""))
}

// sums adds up the integer counters of each metric and scope.
func sums(values map[oracle.Series]float64) map[oracle.Series]float64 {
	totals := map[oracle.Series]float64{}
	for s, v := range values {
		if v != 0 && s.Metric != "cloudflare.worker.duration.gigabyte_seconds" {
			totals[oracle.Series{Metric: s.Metric, Scope: s.Scope}] += v
		}
	}
	return totals
}

// A series known before a restart keeps its own series although the limit has been lowered below their number.
func TestKnownSeriesAreNeverFoldedAway(t *testing.T) {
	t.Parallel()
	w := busy(t, 10_000)
	w.ticks(3)
	w.settle()
	known := len(w.last)
	w.config.SeriesLimit = 5
	w.restart()
	w.ticks(3)
	w.settle()
	assert.GreaterOrEqual(t, len(w.last), known)
}

// Cloudflare does not say how many zones × nodes it takes in one document. The bound is found and kept to.
func TestNodeBoundIsLearned(t *testing.T) {
	t.Parallel()
	w := newWorldOf(t, simulator.Config{
		Accounts: simulator.DefaultLayout(1, 12, simulator.PlanEnterprise),
		Limits:   simulator.Limits{ScopeNodes: 7},
	})
	w.ticks(3)
	w.settle()
	w.expectTruth()
	before := w.sim.Requests().GraphQL[429]
	assert.Positive(t, before)
	w.ticks(3)
	assert.Equal(t, before, w.sim.Requests().GraphQL[429], "no document is too large any more")
}
