// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package cloudflaremetricsreceiver

import (
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/confmap/confmaptest"

	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/internal/dataset"
	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/internal/oracle"
	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/internal/simulator"
)

// specification is what the documentation says of all metrics that are read from datasets.
func specification(tb testing.TB) *oracle.Specification {
	tb.Helper()
	document, err := confmaptest.LoadConf("metadata.yaml")
	require.NoError(tb, err)
	s, err := oracle.New(document.ToStringMap())
	require.NoError(tb, err)
	return s
}

// documented is what the documentation says of the enabled metrics.
func documented(tb testing.TB, c *Config) *oracle.Specification {
	tb.Helper()
	enabled := enabledMetrics(c.MetricsBuilderConfig.Metrics)
	return specification(tb).Only(func(metric string) bool { return enabled[metric] })
}

// catalogued are all metrics of all datasets.
func catalogued(tb testing.TB) []dataset.Metric {
	tb.Helper()
	list, err := catalogue()
	require.NoError(tb, err)
	var metrics []dataset.Metric
	for _, d := range list {
		metrics = append(metrics, d.Metrics...)
	}
	return metrics
}

// truth is what each counter must stand at, of the events of [from, to).
func (w *world) truth(from, to time.Time) map[oracle.Series]float64 {
	w.t.Helper()
	totals, err := w.sim.Truth(from, to, w.documented.Groupings(oracle.Counter)...)
	require.NoError(w.t, err)
	return w.documented.Expected(totals, oracle.Computed(w.sim.RuleNames))
}

// truthOf is what counters must stand at that add up what some reads could see.
func (w *world) truthOf(reads []simulator.Read) map[oracle.Series]float64 {
	w.t.Helper()
	totals, err := w.sim.TruthOf(reads, w.documented.Groupings(oracle.Counter)...)
	require.NoError(w.t, err)
	return w.documented.Expected(totals, oracle.Computed(w.sim.RuleNames))
}

// answered is what counters must stand at that add up what some reads were answered.
func (w *world) answered(reads []simulator.Read) map[oracle.Series]float64 {
	w.t.Helper()
	totals, err := w.sim.Answered(reads, w.documented.Groupings(oracle.Counter)...)
	require.NoError(w.t, err)
	return w.documented.Expected(totals, oracle.Computed(w.sim.RuleNames))
}

// A counter that the oracle does not know is one that no test of the whole receiver holds against the truth.
func TestOracleKnowsEveryCounter(t *testing.T) {
	t.Parallel()
	s := specification(t)
	counters := map[string]bool{}
	for _, m := range catalogued(t) {
		if m.Kind == dataset.Counter {
			counters[m.Name] = true
		}
	}
	delete(counters, "cloudflare.zone.edge_errors.path") // paths are normalised, which has tests of its own
	for _, name := range slices.Sorted(maps.Keys(counters)) {
		require.Contains(t, s.Metrics(oracle.Counter), name)
	}
}
