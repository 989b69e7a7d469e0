// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"errors"
	"io"
	"net/http"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/e2e/internal/process"
)

// pace is what a test lays over a configuration: scrapes every two seconds, windows that are read a (simulated) minute after
// they end, counting that begins before the stream does, and a budget that never makes it wait.
const pace = `yaml:
receivers:
  cloudflaremetrics:
    collection_interval: 2s
    initial_delay: 0s
    delay: 1m
    lookback: 2h
    inventory: {refresh: 1s}
    rate_limit:
      graphql: {requests: 10000000, per: 1m}
      rest: {requests: 10000000, per: 1m}
`

// componentStatus is the feature gate that the shipped configurations' health_check needs.
const componentStatus = "--feature-gates=extension.healthcheck.useComponentStatus"

// deployment is a collector's place on this machine: what is configured, its ports and its state. Processes come and
// go there.
type deployment struct {
	t          *testing.T
	executable string
	args       []string
	env        map[string]string
	current    *process.Process
}

// deploy prepares a collector that reads the world. Later configurations are laid over earlier ones.
func deploy(t *testing.T, w *world, configs ...string) *deployment {
	t.Helper()
	state := t.TempDir()
	d := &deployment{t: t, executable: executable(t), args: []string{componentStatus}, env: map[string]string{
		"CLOUDFLARE_API_TOKEN": testToken,
		"SIMULATOR_TOKEN":      testToken,
		"SIMULATOR_PORT":       strconv.Itoa(w.port),
		"SIMULATOR_STATE_DIR":  state,
		"STATE_DIR":            state,
	}}
	for _, name := range []string{"METRICS_PORT", "TELEMETRY_PORT", "HEALTH_PORT", "ZPAGES_PORT"} {
		d.env[name] = strconv.Itoa(freePort(t))
	}
	for _, config := range configs {
		d.args = append(d.args, "--config="+config)
	}
	return d
}

// deployPrometheus prepares a collector with the shipped configuration for scraping, at the tests' pace.
func deployPrometheus(t *testing.T, w *world, overlays ...string) *deployment {
	t.Helper()
	return deploy(t, w, append([]string{shipped("collector-prometheus.yaml"), shipped("simulator.yaml"), pace}, overlays...)...)
}

// start starts a process and does not wait for it to be ready.
func (d *deployment) start() *process.Process {
	d.t.Helper()
	var env []string
	for name, value := range d.env {
		env = append(env, name+"="+value)
	}
	d.current = startProcess(d.t, env, d.executable, d.args...)
	return d.current
}

// startProcess starts a command in the repository's root, with nothing in its environment that would change what is tested
// but what is given here.
func startProcess(t *testing.T, env []string, name string, args ...string) *process.Process {
	t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Dir, cmd.Env = repository, append(process.Environment(), env...)
	return process.Start(t, cmd, testToken)
}

// shipped is the path of one of the configurations that users start from, as seen from the repository's root.
func shipped(name string) string { return filepath.Join("config", name) }

// url is on one of the deployment's ports.
func (d *deployment) url(port, path string) string {
	return "http://127.0.0.1:" + d.env[port] + path
}

// eventually polls until the condition holds, and gives up as soon as the process has ended.
func (d *deployment) eventually(within time.Duration, condition func(*assert.CollectT), what string) {
	d.t.Helper()
	d.current.Eventually(within, condition, what)
}

// get fetches a page.
func get(url string) (page []byte, code int, err error) {
	client := http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Get(url)
	if err != nil {
		return nil, 0, err
	}
	page, err = io.ReadAll(response.Body)
	return page, response.StatusCode, errors.Join(err, response.Body.Close())
}
