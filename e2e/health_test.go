// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The probes that deploy/ uses, as health_check of the shipped configurations answers them.
const (
	readiness = "/status"
	liveness  = "/status?pipeline=extensions"
)

// An outage of Cloudflare is no reason to restart the Collector or to take it out of service, where its counters would be
// missed: it is live and ready all the way through, and says what is wrong in the body.
func TestHealthThroughAnOutage(t *testing.T) {
	t.Parallel()
	w := newWorld(t, twoZones(), 15*time.Minute)
	d := deployPrometheus(t, w)
	d.start()
	d.eventually(3*time.Minute, func(c *assert.CollectT) {
		assert.Equal(c, health{http.StatusOK, "StatusOK", ""}, d.health(c, readiness))
		assert.Equal(c, health{http.StatusOK, "StatusOK", ""}, d.health(c, liveness))
	}, "ready after the start")
	counted := d.waitUntil(w.begin.Add(history+time.Minute), d.read).counters
	require.NotEmpty(t, counted)

	w.server.Close()
	log := d.current.Log
	d.eventually(3*time.Minute, func(c *assert.CollectT) {
		got := d.health(c, readiness)
		assert.Equal(c, "StatusRecoverableError", got.Status)
		assert.Contains(c, got.Error, "connection refused")
		assert.GreaterOrEqual(c, len(log.Lines("Error scraping metrics")), 3)
		for _, probe := range []string{readiness, liveness} {
			assert.Equal(t, http.StatusOK, d.health(c, probe).code, "%s during the outage", probe)
		}
	}, "the outage shows in the body")
	during, err := d.read()
	require.NoError(t, err)
	for series, value := range counted {
		assert.GreaterOrEqual(t, during.counters[series], value, "%s is there to be scraped during the outage", series)
	}

	w.serve()
	d.eventually(3*time.Minute, func(c *assert.CollectT) {
		assert.Equal(c, health{http.StatusOK, "StatusOK", ""}, d.health(c, readiness))
	}, "the body says that it is over")
}

// health is an answer of health_check.
type health struct {
	code   int
	Status string
	Error  string
}

func (d *deployment) health(t require.TestingT, probe string) (got health) {
	page, code, err := get(d.url("HEALTH_PORT", probe))
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(page, &got), "%s", page)
	got.code = code
	return got
}
