// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// absence is how many emissions long Prometheus is away: ten minutes with the shipped interval of a minute; unhurried, the
// Collector emits every five seconds.
const absence = 10

// impatience has remote write give batches up as soon, in proportion, as it does in those ten minutes. The shipped
// configuration tries each for 10 s, a sixth of its interval: that is less than a second of five.
const impatience = `yaml:
exporters:
  prometheus_remote_write:
    timeout: 800ms
    retry_on_failure: {initial_interval: 100ms, max_interval: 200ms, max_elapsed_time: 800ms}
`

// A Prometheus that is away and comes back with the data it had before is told all that has happened meanwhile, also
// when batches have been given up: counters are totals. What waits on disk is sent too, by a Collector that has been
// killed in between as well.
func TestPrometheusIsAway(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		overlay string
		// keeps says that every emission is kept, so that series that are born meanwhile are seen from their 0.
		keeps bool
		// during is what the Collector says of it.
		during string
	}{
		"scrape":       {"yaml:{}", false, ""},
		"remote write": {impatience, false, "Exporting failed. Dropping data."},
		"OTLP":         {"yaml:{}", true, "Exporting failed. Will retry the request after interval."},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			prometheusTool(t, "prometheus")
			w := newWorld(t, twoZones(), 70*time.Minute)
			d, p := ways[name].deploy(t, w, unhurried, tt.overlay)
			d.start()
			before := d.waitUntil(w.begin.Add(history), p.read)

			p.stop()
			d.waitForEmissions(absence / 2)
			said := d.current.Log.Lines(tt.during)
			d.current.Kill()
			d.start()
			d.waitForEmissions(absence / 2)
			p.start()

			last := d.waitForEnd(w, p.read)
			w.expectTruth(last.counters)
			if tt.keeps {
				w.expectIncreases(p)
			}
			assert.Positive(t, born(before, last))
			if tt.during != "" {
				require.NotEmpty(t, said, "the absence is noticed")
			}
		})
	}
}

// waitForEmissions waits until the receiver has emitted so often since now.
func (d *deployment) waitForEmissions(n int) {
	d.t.Helper()
	accepted, emissions := -1.0, -1
	d.eventually(2*time.Minute, func(c *assert.CollectT) {
		samples, err := scrape(d.url("TELEMETRY_PORT", "/metrics"))
		require.NoError(c, err)
		for _, s := range samples {
			if s.name == "otelcol_receiver_accepted_metric_points_total" && s.value != accepted {
				accepted = s.value
				emissions++
			}
		}
		assert.GreaterOrEqual(c, emissions, n)
	}, "the receiver emits")
}
