// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"os/exec"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/e2e/internal/process"
)

// The README's first command, as somebody runs it who has just cloned the repository and has no token. It is built
// before, since only the start is to be timed.
func TestMakeRun(t *testing.T) {
	t.Parallel()
	executable(t) // has compiled most of it
	build := exec.CommandContext(t.Context(), "make", "-C", repository, "build")
	build.Env = process.Environment()
	out, err := build.CombinedOutput()
	require.NoError(t, err, "%s", out)

	env := []string{"SIMULATOR_STATE_DIR=" + t.TempDir()}
	port := map[string]string{}
	for _, name := range []string{"METRICS_PORT", "SIMULATOR_PORT", "TELEMETRY_PORT", "HEALTH_PORT", "ZPAGES_PORT"} {
		port[name] = strconv.Itoa(freePort(t))
		env = append(env, name+"="+port[name])
	}
	run := startProcess(t, env, "make", "run")
	url := "http://127.0.0.1:" + port["METRICS_PORT"] + "/metrics"

	first := requestsByZone(t, url, time.Minute, nil)
	assert.Len(t, first, 3, "zones")
	assert.Len(t, run.Log.Lines("CLOUDFLARE_API_TOKEN is not set, so this is the simulator"), 1)
	requestsByZone(t, url, 2*time.Minute, first)

	run.Signal(syscall.SIGINT) // as Ctrl-C does
	_ = run.Wait()             // make says that it was interrupted
	require.Eventually(t, run.Gone, process.Patience, 50*time.Millisecond, "no process is left")
}

// requestsByZone waits until every zone has requests, more than before.
func requestsByZone(t *testing.T, url string, within time.Duration, before map[string]float64) (zones map[string]float64) {
	t.Helper()
	require.EventuallyWithT(t, func(c *assert.CollectT) {
		samples, err := scrape(url)
		require.NoError(c, err)
		zones = map[string]float64{}
		for _, s := range samples {
			if s.name == "cloudflare_zone_requests_total" {
				zones[s.labels["cloudflare_zone_name"]] = s.value
			}
		}
		assert.NotEmpty(c, zones)
		for zone, value := range zones {
			assert.Greater(c, value, before[zone], zone)
		}
	}, within, 100*time.Millisecond, "cloudflare_zone_requests_total per zone")
	return zones
}
