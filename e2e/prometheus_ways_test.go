// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/internal/simulator"
)

// way is how numbers come from the Collector into Prometheus.
type way struct {
	config string // the shipped configuration of the Collector
	flag   string // what has Prometheus let it in
}

var ways = map[string]way{
	"scrape":       {config: "collector-prometheus.yaml"},
	"remote write": {config: "collector-remote-write.yaml", flag: "--web.enable-remote-write-receiver"},
	"OTLP":         {config: "collector-otlp.yaml", flag: "--web.enable-otlp-receiver"},
}

// features are those of Prometheus that the tests' expressions need.
const features = "--enable-feature=promql-extended-range-selectors,promql-experimental-functions"

// deploy starts a Prometheus with the shipped configuration, and prepares a collector whose numbers come into it.
func (y way) deploy(t *testing.T, w *world, overlays ...string) (*deployment, *prometheusServer) {
	t.Helper()
	d := deploy(t, w, append([]string{shipped(y.config), shipped("simulator.yaml"), pace}, overlays...)...)
	flags := []string{features}
	if y.flag != "" {
		flags = append(flags, y.flag)
	}
	p := startPrometheus(t, shippedPrometheus(t, d), flags...)
	// It looks for targets some seconds after its start only, and the first emission is there to be seen.
	p.eventually(t, `up{job="cloudflare"}`, func(up []sample) bool { return len(up) == 1 })
	d.env["REMOTE_WRITE_ENDPOINT"] = p.url() + "/api/v1/write"
	d.env["OTLP_ENDPOINT"] = p.url() + "/api/v1/otlp"
	return d, p
}

// shippedPrometheus is deploy/prometheus/prometheus.yml with all that can be uncommented and with the deployment's ports, at
// the tests' pace: it scrapes twice for each emission of an unhurried collector.
func shippedPrometheus(t *testing.T, d *deployment) string {
	t.Helper()
	root, err := filepath.Abs(repository)
	require.NoError(t, err)
	config := strings.NewReplacer(
		"127.0.0.1:9464", "127.0.0.1:"+d.env["METRICS_PORT"],
		"127.0.0.1:8888", "127.0.0.1:"+d.env["TELEMETRY_PORT"],
		"../../dashboards", root+"/dashboards",
	).Replace(uncommentedPrometheus(t))
	return regexp.MustCompile(`scrape_(interval|timeout): \w+`).ReplaceAllString(config, "scrape_$1: 2s")
}

func uncommentedPrometheus(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(repository, "deploy", "prometheus", "prometheus.yml"))
	require.NoError(t, err)
	return regexp.MustCompile(`(?m)^  #(- |  \w)`).ReplaceAllString(string(text), "  $1")
}

// Prometheus' own side is valid as it is shipped, and with what can be uncommented.
func TestPrometheusConfigurationIsValid(t *testing.T) {
	t.Parallel()
	assert.Contains(t, promtool(t, "check", "config", filepath.Join("deploy", "prometheus", "prometheus.yml")), "rule files found")

	text := uncommentedPrometheus(t)
	assert.Equal(t, 4, strings.Count(text, "\n  - job_name: "))
	file := filepath.Join(t.TempDir(), "prometheus.yml")
	require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
	promtool(t, "check", "config", "--syntax-only", file)
}

// read gives what Prometheus holds of the receiver now.
func (p *prometheusServer) read() (reading, error) {
	samples, err := p.evaluate(`{__name__=~"cloudflare_.+"}`, time.Now())
	if err != nil {
		return reading{}, err
	}
	for i := range samples {
		samples[i].kind = kindByName(samples[i].name)
	}
	return translate(samples)
}

// kindByName is for samples that come without their type.
func kindByName(name string) dto.MetricType {
	if strings.HasSuffix(name, "_total") {
		return dto.MetricType_COUNTER
	}
	return dto.MetricType_GAUGE
}

// unhurried is a pace at which a busy machine can keep up with scraping each emission twice, and reads the names of
// firewall rules in time for the first one: when a name becomes known later, series go on under another label.
const unhurried = "yaml:receivers::cloudflaremetrics::collection_interval: 5s"

// threePlans are one account with a zone of each plan that may read something else.
func threePlans() []simulator.Account {
	return simulator.DefaultLayout(1, 3, simulator.PlanEnterprise, simulator.PlanFree, simulator.PlanPro)
}

// growths say how much a counter has grown in the whole test.
var growths = []string{
	"last_over_time(%[1]s[1h]) - first_over_time(%[1]s[1h])",
	"increase(%[1]s[1h] anchored)",
}

// expectIncreases compares what PromQL says of each series with what happened.
func (w *world) expectIncreases(p *prometheusServer) {
	w.t.Helper()
	names, err := prometheusNames()
	require.NoError(w.t, err)
	now := time.Now()
	for _, growth := range growths {
		var all []sample
		for name := range names {
			for _, s := range p.query(w.t, fmt.Sprintf(growth, name), now) {
				s.name, s.kind = name, dto.MetricType_COUNTER
				all = append(all, s)
			}
		}
		r, err := translate(all)
		require.NoError(w.t, err)
		w.t.Log(growth)
		w.expectTruth(r.counters)
	}
	for name := range names {
		assert.Empty(w.t, p.query(w.t, fmt.Sprintf("resets(%s[1h]) > 0", name), now), "counters that have gone down")
	}
}

// Whichever way the numbers come into Prometheus: what PromQL says that has been added is what happened, for every series,
// those included that are born on the way, though the Collector is killed and restarted in between.
func TestPrometheusCountsTheTruth(t *testing.T) {
	t.Parallel()
	for name, y := range ways {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			prometheusTool(t, "prometheus") // building takes a while, in which the clock must not run
			w := newWorld(t, threePlans(), 25*time.Minute)
			d, p := y.deploy(t, w, unhurried)

			d.start()
			first := d.waitUntil(w.begin.Add(history), p.read)
			d.current.Kill()
			d.start()
			d.waitUntil(w.begin.Add(history+8*time.Minute), p.read)
			assert.Less(t, d.current.Terminate(), 10*time.Second)
			d.start()
			last := d.waitForEnd(w, p.read)

			w.expectTruth(last.counters)
			w.expectIncreases(p)
			assert.Greater(t, born(first, last), 10, "series are born during the test")
			for i := range last.samples {
				delete(last.samples[i].labels, "collector")
			}
			w.expectIdentity(last.samples)
		})
	}
}

// born is how many counters are in the second reading only.
func born(before, after reading) (n int) {
	for series := range after.counters {
		if _, known := before.counters[series]; !known {
			n++
		}
	}
	return n
}
