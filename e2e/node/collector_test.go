// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

//go:build node

package node

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const token = "node-token-that-must-never-be-printed"

// patience is how long the slowest machine may take for what is waited for.
const patience = 90 * time.Second

// collector is a collector's place on this machine: its ports and its state. Processes come and go there.
type collector struct {
	t       *testing.T
	env     []string
	intake  string // where clients push
	scraped string // where Prometheus scrapes
	health  string
	current *process
}

// startCollector starts a collector with the shipped configuration, which emits each second.
func startCollector(t *testing.T) *collector {
	t.Helper()
	intake, scraped, health := freePort(t), freePort(t), freePort(t)
	c := &collector{
		t: t,
		env: append(cleanEnvironment(), "WORKERS_METRICS_TOKEN="+token, "STATE_DIR="+t.TempDir(), "LOG_LEVEL=warn",
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
	cmd := newCommand(repository, c.env, collectorPath,
		"--feature-gates=extension.healthcheck.useComponentStatus", "--config="+filepath.Join("config", "collector-workers.yaml"),
		"--config=yaml:receivers::workersmetrics::collection_interval: 1s")
	c.current = startProcess(c.t, cmd)
	c.current.eventually(func(t *assert.CollectT) {
		_, err := c.get(c.health)
		assert.NoError(t, err)
	})
}

// crash ends the collector without its knowing, and starts it again.
func (c *collector) crash() {
	c.t.Helper()
	c.current.kill()
	c.start()
}

// expect waits until Prometheus sees what happened and nothing else.
func (c *collector) expect(want truth) {
	c.t.Helper()
	c.current.eventually(func(t *assert.CollectT) { assert.Empty(t, c.difference(c.scraped, want)) })
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
	got, err := parse(page)
	if err != nil {
		return err.Error()
	}
	return differences(want.rounded(), got)
}

// get fetches a page, with the token.
func (c *collector) get(url string) (string, error) {
	request, err := http.NewRequest(http.MethodGet, url, nil)
	if err != nil {
		return "", err
	}
	request.Header.Set("Authorization", "Bearer "+token)
	client := http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
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

// parse reads an exposition as Prometheus would.
func parse(page string) (map[string]float64, error) {
	parser := expfmt.NewTextParser(model.LegacyValidation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(page))
	if err != nil {
		return nil, err
	}
	samples := map[string]float64{}
	for name, family := range families {
		for _, m := range family.GetMetric() {
			labels := map[string]string{}
			for _, pair := range m.GetLabel() {
				labels[pair.GetName()] = pair.GetValue()
			}
			h := m.GetHistogram()
			if h == nil {
				samples[series(name, labels)] = m.GetCounter().GetValue() + m.GetGauge().GetValue() + m.GetUntyped().GetValue()
				continue
			}
			samples[series(name+"_count", labels)] = float64(h.GetSampleCount())
			samples[series(name+"_sum", labels)] = h.GetSampleSum()
			for _, b := range h.GetBucket() {
				samples[series(name+"_bucket", withBound(labels, b.GetUpperBound()))] = float64(b.GetCumulativeCount())
			}
		}
	}
	return samples, nil
}

// ports are those that freePort has returned.
var ports sync.Map

// freePort finds a port that nobody listens at. No two calls return the same one.
func freePort(t *testing.T) string {
	t.Helper()
	for {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		_, port, err := net.SplitHostPort(listener.Addr().String())
		require.NoError(t, err)
		require.NoError(t, listener.Close())
		if _, taken := ports.LoadOrStore(port, true); !taken {
			return port
		}
	}
}
