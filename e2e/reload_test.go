// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"errors"
	"maps"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/internal/oracle"
	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/internal/simulator"
)

// Zones, metrics, attributes and the interval are changed by editing the file and SIGHUP, in the middle of the stream. What is
// left is counted as if nothing had happened, and no sum ever steps.
func TestCountersEqualTheTruthOverReloads(t *testing.T) {
	t.Parallel()
	const (
		step   = 4 * time.Minute // of the stream, between two changes
		denied = "cloudflare.zone.requests.country"
		host   = "clientRequestHTTPHost"
	)
	w := newWorld(t, simulator.DefaultLayout(1, 3, simulator.PlanEnterprise), 30*time.Minute)
	zones := w.accounts[0].Zones
	receiver := "receivers:\n  cloudflaremetrics:\n    zones: {exclude: [" + zones[2].ID + "]}\n"
	changing := newOverlay(t, receiver)
	d := deployPrometheus(t, w, changing.path)
	c := d.start()
	d.waitUntil(w.begin, d.read)
	watched := watchSums(t, d, []string{zones[0].ID, zones[1].ID}, denied)

	receiver = "receivers:\n  cloudflaremetrics:\n"
	for round, change := range []string{
		"    zones: {include: [" + zones[0].Name + ", " + zones[1].Name + "]}\n",
		"    metrics: {" + denied + ": {enabled: false}}\n",
		"    drop_attributes: [host]\n",
		"    collection_interval: 3s\n",
	} {
		d.waitUntil(w.end.Add(time.Duration(round-6)*step), d.read)
		receiver += change
		changing.write(receiver)
		c.Signal(syscall.SIGHUP)
		d.eventually(time.Minute, func(collect *assert.CollectT) {
			assert.Len(collect, c.Log.Lines("Everything is ready"), round+2)
		}, "the new configuration is in force")
	}
	last := d.waitForEnd(w, d.read)
	watched.expectGrowth()

	expected := w.truthWithout(host)
	maps.DeleteFunc(expected, func(s oracle.Series, _ float64) bool { return s.Metric == denied || s.Scope == zones[2].ID })
	require.Greater(t, len(expected), 100, "the simulated world is too quiet")
	differences := oracle.Differences(expected, last.counters)
	assert.Empty(t, differences[:min(10, len(differences))], "%d of %d series differ", len(differences), len(expected))
	assert.InDelta(t, 0, last.own["cloudflare_exporter_lost_time_seconds_total"], 0)

	assert.Less(t, c.Terminate(), 10*time.Second)
}

// truthWithout is the truth by groupings that lack a dimension.
func (w *world) truthWithout(dimension string) map[oracle.Series]float64 {
	w.t.Helper()
	s, err := documented()
	require.NoError(w.t, err)
	groupings := s.Groupings(oracle.Counter)
	for i := range groupings {
		groupings[i].Dimensions = slices.DeleteFunc(slices.Clone(groupings[i].Dimensions), func(d string) bool { return d == dimension })
	}
	totals, err := w.sim.Truth(w.begin, w.end, groupings...)
	require.NoError(w.t, err)
	return s.Expected(totals, oracle.Computed(w.sim.RuleNames))
}

// watchSums watches the sums of counters over all attributes, for the zones and metrics that stay. After a reload the exporter
// takes in one series after the other, those of the receiver itself last: until then sums lack some.
func watchSums(t *testing.T, d *deployment, zones []string, but string) *watcher {
	t.Helper()
	return watch(t, func() (map[string]float64, error) {
		r, err := d.read()
		if _, incomplete := r.furthestBehind(); incomplete != nil {
			return nil, errors.Join(err, incomplete)
		}
		sums := map[string]float64{}
		for s, value := range r.counters {
			if s.Metric != but && slices.Contains(zones, s.Scope) {
				sums[s.Metric+" of "+s.Scope] += value
			}
		}
		return sums, err
	})
}
