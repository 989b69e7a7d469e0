// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

//go:build node

package node

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/e2e/internal/process"
)

// Programs with prom-client arrive bucket by bucket in each of the ways that docs/workers.md has: each push a contribution,
// or one registry again and again, which says by a header or in the address that its counts are cumulative.
func TestPromClient(t *testing.T) {
	t.Parallel()
	for _, way := range []string{"contributions", "header", "query"} {
		t.Run(way, func(t *testing.T) {
			t.Parallel()
			c := startCollector(t)
			cmd := nodeCommand("node", "prom-client.mjs", way, c.intake)
			cmd.Env = append(cmd.Env, "METRICS_TOKEN="+token)
			var events []struct {
				Name      string
				Labels    map[string]string
				By, Value float64
			}
			p := process.Start(t, cmd, token)
			require.NoError(t, p.Wait())
			printed := p.Log.Lines("jobs_total")
			require.Len(t, printed, 1)
			require.NoError(t, json.Unmarshal([]byte(printed[0]), &events))
			require.GreaterOrEqual(t, len(events), 2000)
			want := truth{}
			for _, e := range events {
				e.Labels["job"] = "batch"
				if e.Name == "jobs_total" {
					want.add(e.Name, e.Labels, e.By)
				} else {
					want.observe(e.Name, e.Labels, []float64{0.1, 0.25, 0.5, 2.5, 10}, e.Value)
				}
			}
			c.expect(want)
		})
	}
}
