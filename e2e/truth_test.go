// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The shipped configuration for scraping counts what happened: every counter, in every zone and account, is equal to
// the simulator's truth, with none missing and none too many.
func TestCountersEqualTheTruth(t *testing.T) {
	t.Parallel()
	w := newWorld(t, mixedPlans(), 20*time.Minute)
	d := deployPrometheus(t, w)
	c := d.start()

	last := d.waitForEnd(w, d.read)
	w.expectTruth(last.counters)
	w.expectIdentity(last.samples)
	assert.InDelta(t, 1, last.own["cloudflare_exporter_up"], 0)
	assert.InDelta(t, 0, last.own["cloudflare_exporter_lost_time_seconds_total"], 0)
	assert.Contains(t, last.own, "cloudflare_exporter_lost_time_seconds_total")
	expectTelemetry(t, d)

	c.Terminate()
}

// The Collector's own metrics are at its own endpoint, the receiver's among them.
func expectTelemetry(t *testing.T, d *deployment) {
	t.Helper()
	samples, err := scrape(d.url("TELEMETRY_PORT", "/metrics"))
	require.NoError(t, err)
	have := map[string]float64{}
	for _, s := range samples {
		have[s.name] += s.value
	}
	assert.Positive(t, have["otelcol_receiver_accepted_metric_points_total"])
	assert.Positive(t, have["otelcol_cloudflaremetrics_api_requests_total"])
}
