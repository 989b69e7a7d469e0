// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

// Zones that differ in nothing but their identity never share a series, whichever way the data leaves: were they to,
// values would be missing or mixed, and not be equal to the truth of each zone. (TestCountersEqualTheTruth is the same
// for scraping.)

func TestZonesStayApartByOTLP(t *testing.T) {
	t.Parallel()
	w := newWorld(t, twoZones(), 5*time.Minute)
	backend := newSink(t, parseOTLP)
	d := deploy(t, w, shipped("collector-otlp.yaml"), shipped("simulator.yaml"), pace)
	d.env["OTLP_ENDPOINT"] = backend.URL
	c := d.start()
	w.expectTruth(d.waitForEnd(w, backend.readOTLP).counters)
	expectTelemetry(t, d)

	c.Terminate()
}

func TestZonesStayApartByRemoteWrite(t *testing.T) {
	t.Parallel()
	w := newWorld(t, twoZones(), 5*time.Minute)
	backend := newSink(t, parseRemoteWrite)
	d := deploy(t, w, shipped("collector-remote-write.yaml"), shipped("simulator.yaml"), pace)
	d.env["REMOTE_WRITE_ENDPOINT"] = backend.URL
	d.env["COLLECTOR_NAME"] = "e2e"
	c := d.start()
	last := d.waitForEnd(w, backend.readRemoteWrite)
	w.expectTruth(last.counters)
	for i := range last.samples {
		assert.Equal(t, "e2e", last.samples[i].labels["collector"], "the external label")
		delete(last.samples[i].labels, "collector")
	}
	w.expectIdentity(last.samples)
	expectTelemetry(t, d)

	c.Terminate()
}

// Nobody has to know which of an exporter's settings matter.
func TestZonesStayApartByDefaultSettings(t *testing.T) {
	t.Parallel()
	w := newWorld(t, twoZones(), 5*time.Minute)
	otlp, remote := newSink(t, parseOTLP), newSink(t, parseRemoteWrite)
	const receiver = `yaml:
receivers:
  cloudflaremetrics:
    api_token: ${env:CLOUDFLARE_API_TOKEN}
    http: {endpoint: "http://127.0.0.1:${env:SIMULATOR_PORT}/client/v4"}
`
	d := deploy(t, w, receiver, pace, fmt.Sprintf(`yaml:
exporters:
  prometheus: {endpoint: "127.0.0.1:${env:METRICS_PORT}"}
  otlp_http: {endpoint: %q}
  prometheus_remote_write: {endpoint: %q}
service:
  pipelines:
    metrics: {receivers: [cloudflaremetrics], exporters: [prometheus, otlp_http, prometheus_remote_write]}
  telemetry: {metrics: {level: none}}
`, otlp.URL, remote.URL))
	d.start()
	for name, read := range map[string]func() (reading, error){
		"prometheus":              d.read,
		"otlp_http":               otlp.readOTLP,
		"prometheus_remote_write": remote.readRemoteWrite,
	} {
		t.Log(name)
		w.expectTruth(d.waitForEnd(w, read).counters)
	}
}

// expectIdentity checks the labels that the shipped configurations put on all series of zones and accounts.
func (w *world) expectIdentity(samples []sample) {
	w.t.Helper()
	want := map[string]map[string]string{}
	for _, a := range w.accounts {
		want[a.ID] = map[string]string{"cloudflare_account_id": a.ID, "cloudflare_account_name": a.Name}
		for _, z := range a.Zones {
			want[z.ID] = maps.Clone(want[a.ID])
			want[z.ID]["cloudflare_zone_id"], want[z.ID]["cloudflare_zone_name"] = z.ID, z.Name
		}
	}
	seen := map[string]bool{}
	var wrong []string
	for _, s := range samples {
		labels, ok := want[s.labels["instance"]]
		if !ok {
			continue
		}
		seen[s.labels["instance"]] = true
		identity := maps.Clone(s.labels)
		maps.DeleteFunc(identity, func(name, _ string) bool {
			return !slices.Contains(notAttributes, name) || name == "job" || name == "instance"
		})
		if s.name != "target_info" && (s.labels["job"] != "cloudflare" || !maps.Equal(identity, labels)) {
			wrong = append(wrong, fmt.Sprintf("%v should have the labels %v", s, labels))
		}
	}
	assert.Empty(w.t, wrong[:min(3, len(wrong))], "%d series", len(wrong))
	assert.Greater(w.t, len(seen), len(w.accounts), "series of zones and accounts")
}
