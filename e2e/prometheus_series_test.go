// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// What docs/prometheus.md says of series by each way: labels, target_info, times, staleness and metadata.
func TestPrometheusSeries(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		targets  int  // how many target_info there are beside those of accounts and zones
		arrival  bool // samples have the time of the scrape, not that of the emission
		ends     bool // series end when the Collector does
		metadata bool // /api/v1/metadata has the metrics
		labels   []string
	}{
		"scrape":       {targets: 1, arrival: true, ends: true, metadata: true},
		"remote write": {labels: []string{"collector"}},
		"OTLP":         {},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			prometheusTool(t, "prometheus")
			w := newWorld(t, twoZones(), 10*time.Minute)
			d, p := ways[name].deploy(t, w, unhurried)
			d.start()
			d.waitForEnd(w, p.read)
			// An account and two zones. A scrape that fails, on a busy machine, has all series end until the next.
			p.eventually(t, `target_info{job="cloudflare"}`, func(targets []sample) bool { return len(targets) == 3+tt.targets })
			now := time.Now()

			const requests = "cloudflare_zone_requests_total"
			for _, s := range p.query(t, requests, now) {
				have := make([]string, 0, len(s.labels))
				for label := range s.labels {
					have = append(have, label)
				}
				want := []string{
					"cloudflare_account_id", "cloudflare_account_name", "cloudflare_zone_id", "cloudflare_zone_name", "instance", "job",
				}
				assert.ElementsMatch(t, slices.Concat(want, tt.labels), have)
			}

			joined := p.query(t, "sum by (job, instance) ("+requests+") * on (job, instance) group_left (cloudflare_zone_name) target_info", now)
			require.Len(t, joined, 2)
			assert.Contains(t, joined[0].labels["cloudflare_zone_name"], ".example.com")

			scraped := p.query(t, "timestamp("+requests+`) == on () group_left () timestamp(up{job="cloudflare"})`, now)
			assert.Len(t, scraped, map[bool]int{true: 2}[tt.arrival], "samples with the time of a scrape")
			assert.Len(t, p.query(t, `count_values("at", timestamp(`+requests+"))", now), 1, "samples of one emission have one time")

			const quantiles = "cloudflare_zone_origin_response_duration_quantiles_seconds"
			recent := p.query(t, "count(last_over_time("+quantiles+"[5m]))", now)
			require.Len(t, recent, 1)
			for _, s := range p.query(t, "count("+quantiles+")", now) {
				assert.Less(t, s.value, recent[0].value, "gauges that could not be read any more have ended")
			}

			assert.Equal(t, tt.metadata, p.knows(t, requests), "metadata")

			d.current.Terminate()
			if tt.ends {
				p.eventually(t, requests, func(samples []sample) bool { return len(samples) == 0 })
				return
			}
			// Longer than a scrape that fails takes to show.
			require.Never(t, func() bool {
				samples, err := p.evaluate(requests, time.Now())
				return err == nil && len(samples) == 0
			}, 5*time.Second, time.Second)
		})
	}
}

// knows asks whether Prometheus has the metric's type and help.
func (p *prometheusServer) knows(t *testing.T, metric string) bool {
	t.Helper()
	page, _, err := get(p.url() + "/api/v1/metadata?metric=" + metric)
	require.NoError(t, err)
	var answer struct{ Data map[string]any }
	require.NoError(t, json.Unmarshal(page, &answer))
	return len(answer.Data) > 0
}
