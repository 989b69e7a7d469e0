// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"encoding/json"
	"net/http"
	"regexp"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/internal/simulator"
)

// over is what the receiver says once when something that went wrong is right again.
const over = "a problem is over"

// componentHealth has health_check answer with an error as long as a component reports one that may pass.
const componentHealth = "yaml:extensions::health_check::component_health: {include_recoverable_errors: true, recovery_duration: 0s}"

// fault is something that goes wrong and comes right again by itself.
type fault struct {
	begin, end func(*world)
	// says is in the warning: what is wrong and what to do.
	says *regexp.Regexp
}

// inForce is a fault of the simulator.
func inForce(faults simulator.Faults, says string) fault {
	return fault{
		begin: func(w *world) { w.sim.SetFaults(faults) },
		end:   func(w *world) { w.sim.SetFaults(simulator.Faults{}) },
		says:  regexp.MustCompile(says),
	}
}

func faults() map[string]fault {
	revoked := simulator.Fault{Unauthorized: true}
	storm := simulator.Fault{RateLimited: true, RetryAfterSeconds: 2}
	return map[string]fault{
		"wrong token": inForce(simulator.Faults{REST: revoked, GraphQL: revoked},
			`auth: .*Check that the API token`),
		"429 storm": inForce(simulator.Faults{REST: storm, GraphQL: storm},
			`rate_limited: .*Lower rate_limit`),
		"no zones": inForce(simulator.Faults{NoAccounts: true, NoZones: true},
			`(sees no active zone|no zone is listed).*check (the token's resources|that the token)`),
		"zones: [] in silence": inForce(simulator.Faults{EmptyZones: true},
			`missing from Cloudflare's answer.*Check that the token includes`),
		"unreachable endpoint": {
			begin: func(w *world) { w.server.Close() },
			end:   func(w *world) { w.serve() },
			says:  regexp.MustCompile(`connection refused.*Check the network`),
		},
	}
}

// Whatever goes wrong, from the start or in the middle: the Collector stays up, says once what is wrong and what to do,
// shows it in the component's status, recovers by itself, and has lost nothing.
func TestFaults(t *testing.T) {
	t.Parallel()
	for name, f := range faults() {
		t.Run(name+" from the start", func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, mixedPlans(), 10*time.Minute)
			f.begin(w)
			d := deployForHealth(t, w)
			d.start()
			d.expectFault(w, f)
		})
		t.Run(name+" in the middle", func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, mixedPlans(), 15*time.Minute)
			d := deployForHealth(t, w)
			d.start()
			d.expectStatus(http.StatusOK, "StatusOK")
			d.waitUntil(w.begin.Add(history+time.Minute), d.read)
			f.begin(w)
			d.expectFault(w, f)
		})
	}
}

// deployForHealth prepares a collector whose health_check is not content with a component that has an error.
func deployForHealth(t *testing.T, w *world) *deployment {
	t.Helper()
	return deployPrometheus(t, w, componentHealth)
}

// expectFault watches a fault that has begun, ends it, and expects the truth in the end.
func (d *deployment) expectFault(w *world, f fault) {
	d.t.Helper()
	message := d.expectStatus(http.StatusInternalServerError, "StatusRecoverableError")
	assert.NotEmpty(d.t, message)
	log := d.current.Log
	d.eventually(3*time.Minute, func(c *assert.CollectT) {
		assert.GreaterOrEqual(c, len(log.Lines("Error scraping metrics")), 3)
	}, "three scrapes fail")

	said := slices.DeleteFunc(log.Lines("\twarn\t"), func(line string) bool { return !f.says.MatchString(line) })
	assert.Len(d.t, said, 1, "said once: %v", f.says)

	f.end(w)
	d.expectStatus(http.StatusOK, "StatusOK")
	d.eventually(3*time.Minute, func(c *assert.CollectT) {
		assert.NotEmpty(c, log.Lines("\tinfo\t", over))
	}, "said to be over")

	last := d.waitForEnd(w, d.read)
	w.expectTruth(last.counters)
	assert.InDelta(d.t, 0, last.own["cloudflare_exporter_lost_time_seconds_total"], 0)
}

// expectStatus waits for the receiver's component status, and returns its message.
func (d *deployment) expectStatus(code int, status string) (message string) {
	d.t.Helper()
	d.eventually(3*time.Minute, func(c *assert.CollectT) {
		page, gotCode, err := get(d.url("HEALTH_PORT", "/status?pipeline=metrics&verbose"))
		require.NoError(c, err)
		var health struct {
			Components map[string]struct{ Status, Error string }
		}
		require.NoError(c, json.Unmarshal(page, &health))
		receiver := health.Components["receiver:cloudflaremetrics"]
		assert.Equal(c, code, gotCode)
		assert.Equal(c, status, receiver.Status)
		message = receiver.Error
	}, status)
	return message
}

// A token that has never been right is a matter for its owner, who starts the Collector again with another one.
func TestWrongTokenIsReplaced(t *testing.T) {
	t.Parallel()
	w := newWorld(t, twoZones(), 5*time.Minute)
	d := deployForHealth(t, w)
	d.env["SIMULATOR_TOKEN"] = "another-" + testToken
	c := d.start()
	d.expectStatus(http.StatusInternalServerError, "StatusRecoverableError")
	assert.Len(t, c.Log.Lines("\twarn\t", `"class": "auth"`), 1)
	c.Terminate()

	d.env["SIMULATOR_TOKEN"] = testToken
	d.start()
	w.expectTruth(d.waitForEnd(w, d.read).counters)
}

// Shutdown does not wait for an answer that never comes.
func TestShutdownDuringAHungCall(t *testing.T) {
	t.Parallel()
	for name, faults := range map[string]simulator.Faults{
		"REST":    {REST: simulator.Fault{Hang: true}},
		"GraphQL": {GraphQL: simulator.Fault{Hang: true}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, twoZones(), time.Minute)
			w.sim.SetFaults(faults)
			d := deployPrometheus(t, w, "yaml:receivers::cloudflaremetrics::collection_interval: 10m")
			c := d.start()
			d.eventually(3*time.Minute, func(c *assert.CollectT) {
				assert.Positive(c, w.pending.Load())
			}, "a call hangs")
			assert.Less(t, c.Terminate(), 10*time.Second, "a call takes 30 s")
		})
	}
}
