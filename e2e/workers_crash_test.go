// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"math/rand/v2"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/e2e/internal/exposition"
)

// Processes are killed under load, at any moment. What was answered survives, and what was not is counted once when it
// comes again.
func TestPushesSurviveKills(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(*seed, 0))
	d := deployWorkers(t)
	watched := watch(t, d.scraped)
	d.startTaking()
	clients := startTraffic(t, d, 16)
	for range 6 {
		clients.waitForMore(d, 500)
		d.current.KillAfter(time.Duration(random.Int64N(int64(2 * time.Second))))
		d.start()
	}
	clients.waitForMore(d, 500)
	d.expectSeries(clients.end().series())
	watched.expectGrowth()
}

// With acknowledge: memory a clean stop loses nothing, and after any other stop everything starts anew, which start
// timestamps say.
func TestMemoryIsSavedByACleanStop(t *testing.T) {
	t.Parallel()
	d := deployWorkers(t, "yaml:receivers::workersmetrics::acknowledge: memory")
	d.startTaking()
	clients := startTraffic(t, d, 4)
	clients.waitForMore(d, 500)
	truth := clients.end()
	d.expectSeries(truth.series())
	began := d.created(truth)

	d.current.Terminate()
	d.startTaking()
	clients = startTraffic(t, d, 4)
	clients.waitForMore(d, 500)
	truth.merge(clients.end())
	d.expectSeries(truth.series())
	assert.Equal(t, began, d.created(truth), "the series go on")

	killed := time.Now()
	d.current.Kill()
	p := d.startTaking()
	assert.Len(t, p.Log.Lines("\twarn\t", "did not stop cleanly", "start anew"), 1)
	clients = startTraffic(t, d, 4)
	clients.waitForMore(d, 500)
	truth = clients.end()
	d.expectSeries(truth.series())
	for series, start := range d.created(truth) {
		assert.True(t, start.After(killed), "%s begins at %v, before the kill at %v", series, start, killed)
	}
}

// created is when counters and histograms began, as Prometheus is told in protobuf.
func (d *deployment) created(truth tally) map[string]time.Time {
	d.t.Helper()
	families, err := d.exporter().families(d.t.Context(), protobufExposition)
	require.NoError(d.t, err)
	began := map[string]time.Time{}
	for _, family := range families {
		for _, m := range family.GetMetric() {
			name := exposition.Series(family.GetName(), exposition.Labels(m))
			switch family.GetType() {
			case dto.MetricType_COUNTER:
				began[name] = m.GetCounter().GetCreatedTimestamp().AsTime()
			case dto.MetricType_HISTOGRAM:
				began[name] = m.GetHistogram().GetCreatedTimestamp().AsTime()
			default:
			}
		}
	}
	require.Len(d.t, began, 3*len(truth), "two counters and a histogram for each label set")
	return began
}
