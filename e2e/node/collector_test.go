// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

//go:build node

package node

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/prometheus/common/expfmt"
	"github.com/stretchr/testify/assert"

	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/e2e/internal/exposition"
	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/e2e/internal/process"
)

const token = "node-token-that-must-never-be-printed"

// patience is how long the slowest machine may take for what is waited for.
const patience = process.Patience

// collector is a collector's place on this machine: its ports and its state. Processes come and go there.
type collector struct {
	t       *testing.T
	env     []string
	intake  string // where clients push
	scraped string // where Prometheus scrapes
	health  string
	current *process.Process
}

// startCollector starts a collector with the shipped configuration, which emits each second.
func startCollector(t *testing.T) *collector {
	t.Helper()
	intake, scraped, health := freePort(t), freePort(t), freePort(t)
	c := &collector{
		t: t,
		env: append(process.Environment(), "WORKERS_METRICS_TOKEN="+token, "STATE_DIR="+t.TempDir(), "LOG_LEVEL=warn",
			"WORKERS_ENDPOINT=127.0.0.1:"+intake, "WORKERS_METRICS_PORT="+scraped, "HEALTH_PORT="+health,
			"TELEMETRY_PORT="+freePort(t), "ZPAGES_PORT="+freePort(t)),
		intake:  "http://127.0.0.1:" + intake,
		scraped: "http://127.0.0.1:" + scraped + "/metrics",
		health:  "http://127.0.0.1:" + health + "/status",
	}
	c.start()
	return c
}

func (c *collector) start() {
	c.t.Helper()
	cmd := exec.Command(collectorPath,
		"--feature-gates=extension.healthcheck.useComponentStatus", "--config="+filepath.Join("config", "collector-workers.yaml"),
		"--config=yaml:receivers::workersmetrics::collection_interval: 1s")
	cmd.Dir, cmd.Env = repository, c.env
	c.current = process.Start(c.t, cmd, token)
	c.current.Eventually(patience, func(t *assert.CollectT) {
		_, err := c.get(c.health)
		assert.NoError(t, err)
	}, "the collector is healthy")
}

// crash ends the collector without its knowing, and starts it again.
func (c *collector) crash() {
	c.t.Helper()
	c.current.Kill()
	c.start()
}

// expect waits until Prometheus sees what happened and nothing else.
func (c *collector) expect(want truth) {
	c.t.Helper()
	c.current.Eventually(patience, func(t *assert.CollectT) { assert.Empty(t, c.difference(c.scraped, want)) }, "Prometheus sees the truth")
}

// expectPushed waits until there have been so many pushes, Prometheus sees what they say, and that is what happened as far as
// it is known.
func (c *collector) expectPushed(i *intake, pushes int, known truth) {
	c.t.Helper()
	c.current.Eventually(patience, func(t *assert.CollectT) {
		recorded, n := i.recorded()
		assert.Equal(t, pushes, n)
		assert.Empty(t, known.missing(recorded))
		assert.Empty(t, c.difference(c.scraped, recorded))
	}, "Prometheus sees what was pushed")
}

// stays makes sure that what is counted now, in the receiver itself, is still what happened.
func (c *collector) stays(want truth) {
	c.t.Helper()
	assert.Empty(c.t, c.difference(c.intake+"/metrics", want))
}

// difference is what a page shows otherwise than it happened, or why it shows nothing.
func (c *collector) difference(url string, want truth) string {
	page, err := c.get(url)
	if err != nil {
		return err.Error()
	}
	families, err := exposition.Read(page, expfmt.NewFormat(expfmt.TypeTextPlain))
	if err != nil {
		return err.Error()
	}
	return exposition.Differences(want.rounded(), exposition.Values(families))
}

// get fetches a page, with the token.
func (c *collector) get(url string) (string, error) {
	request, err := http.NewRequest(http.MethodGet, url, nil)
	if err != nil {
		return "", err
	}
	request.Header.Set("Authorization", "Bearer "+token)
	client := http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Do(request)
	if err != nil {
		return "", err
	}
	page, err := io.ReadAll(response.Body)
	if err := errors.Join(err, response.Body.Close()); err != nil {
		return "", err
	}
	if response.StatusCode != http.StatusOK {
		return "", fmt.Errorf("%s answers %s: %s", url, response.Status, page)
	}
	return string(page), nil
}

// ports are those that the tests of this package use.
var ports process.Ports

func freePort(t *testing.T) string {
	t.Helper()
	return strconv.Itoa(ports.Free(t))
}
