// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/api"
	promapi "github.com/prometheus/client_golang/api/prometheus/v1"
	"github.com/prometheus/common/model"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/e2e/internal/process"
)

// prometheusServer is a real Prometheus: its configuration, its port and its data. Processes come and go there.
type prometheusServer struct {
	t       *testing.T
	port    int
	args    []string
	current *process.Process
}

// startPrometheus starts a Prometheus with a configuration file of this text, which ends with the test. It answers
// queries when this returns.
func startPrometheus(t *testing.T, config string, flags ...string) *prometheusServer {
	t.Helper()
	dir := t.TempDir()
	file := filepath.Join(dir, "prometheus.yml")
	require.NoError(t, os.WriteFile(file, []byte(config), 0o600))
	p := &prometheusServer{t: t, port: freePort(t)}
	p.args = append([]string{
		"--config.file=" + file,
		"--storage.tsdb.path=" + filepath.Join(dir, "data"),
		fmt.Sprintf("--web.listen-address=127.0.0.1:%d", p.port),
	}, flags...)
	p.start()
	return p
}

// start starts a process, again after the one before has ended, and waits until it answers queries.
func (p *prometheusServer) start() {
	p.t.Helper()
	p.current = startProcess(p.t, nil, prometheusTool(p.t, "prometheus"), p.args...)
	require.EventuallyWithT(p.t, func(c *assert.CollectT) {
		_, code, err := get(p.url() + "/-/ready")
		require.NoError(c, err)
		assert.Equal(c, http.StatusOK, code)
	}, time.Minute, 100*time.Millisecond, "Prometheus is ready")
}

// stop ends the process and keeps its data.
func (p *prometheusServer) stop() {
	p.t.Helper()
	p.current.Terminate()
}

func (p *prometheusServer) url() string { return fmt.Sprintf("http://127.0.0.1:%d", p.port) }

// query evaluates an expression at an instant. A sample's name is the label __name__, which many functions remove.
func (p *prometheusServer) query(t *testing.T, expr string, at time.Time) []sample {
	t.Helper()
	samples, err := p.evaluate(expr, at)
	require.NoError(t, err, expr)
	return samples
}

// eventually evaluates the expression at the present until the condition holds, and returns what it held for.
func (p *prometheusServer) eventually(t *testing.T, expr string, condition func([]sample) bool) (samples []sample) {
	t.Helper()
	require.EventuallyWithT(t, func(c *assert.CollectT) {
		var err error
		samples, err = p.evaluate(expr, time.Now())
		require.NoError(c, err)
		assert.True(c, condition(samples), "%s has %d samples, among them %v", expr, len(samples), samples[:min(3, len(samples))])
	}, 3*time.Minute, 200*time.Millisecond, expr)
	return samples
}

func (p *prometheusServer) evaluate(expr string, at time.Time) ([]sample, error) {
	transport := &http.Transport{DisableKeepAlives: true}
	client, err := api.NewClient(api.Config{Address: p.url(), RoundTripper: transport})
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(p.t.Context(), 30*time.Second)
	defer cancel()
	value, warnings, err := promapi.NewAPI(client).Query(ctx, expr, at)
	if err != nil {
		return nil, err
	}
	if len(warnings) > 0 {
		return nil, errors.New(strings.Join(warnings, "; "))
	}
	return samplesOf(value)
}

// samplesOf converts what instant queries give: vectors and scalars.
func samplesOf(value model.Value) ([]sample, error) {
	switch v := value.(type) {
	case *model.Scalar:
		return []sample{{labels: map[string]string{}, value: float64(v.Value)}}, nil
	case model.Vector:
		samples := make([]sample, len(v))
		for i, s := range v {
			samples[i] = sample{labels: map[string]string{}, value: float64(s.Value)}
			for name, text := range s.Metric {
				samples[i].labels[string(name)] = string(text)
			}
			samples[i].name = samples[i].labels[model.MetricNameLabel]
			delete(samples[i].labels, model.MetricNameLabel)
		}
		return samples, nil
	default:
		return nil, fmt.Errorf("a value of type %v", value.Type())
	}
}

// promtool runs promtool in the repository's root, expects it to be content, and returns what it writes.
func promtool(t *testing.T, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), prometheusTool(t, "promtool"), args...)
	cmd.Dir = repository
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s\n%s", cmd, out)
	return string(out)
}

// prometheusBuilds are Prometheus' executables, in a directory that survives the tests: linking them takes a minute.
var prometheusBuilds = map[string]func() error{
	"prometheus": sync.OnceValue(func() error { return buildPrometheus("prometheus") }),
	"promtool":   sync.OnceValue(func() error { return buildPrometheus("promtool") }),
}

// prometheusTool builds one of Prometheus' executables, of the version in prometheus/go.mod.
func prometheusTool(t *testing.T, name string) string {
	t.Helper()
	require.NoError(t, prometheusBuilds[name]())
	path, err := filepath.Abs(filepath.Join(repository, ".tools", "e2e", name))
	require.NoError(t, err)
	return path
}

// buildPrometheus has the flags of `make prometheus`, so that the two share Go's build cache.
func buildPrometheus(name string) error {
	return process.Build(filepath.Join("..", repository, ".tools", "e2e", name), "prometheus",
		"github.com/prometheus/prometheus/cmd/"+name, "-tags", "remove_all_sd")
}
