// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/internal/oracle"
	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/internal/simulator"
)

// besides is a second pipeline that puts the same data out under the receiver's own names, as docs/migration.md has it.
const besides = `yaml:
exporters:
  prometheus/native:
    endpoint: 127.0.0.1:${env:NATIVE_PORT:-9466}
    translation_strategy: UnderscoreEscapingWithSuffixes
    resource_to_telemetry_conversion: {enabled: true, exclude_service_attributes: true}
    without_scope_info: true
    metric_expiration: 5m
service:
  pipelines:
    metrics/native: {receivers: [cloudflaremetrics], processors: [memory_limiter], exporters: [prometheus/native]}
`

// offByDefault is a metric that the exporter has and we do not put out by default.
const offByDefault = "cloudflare.zone.edge_errors.path"

// brief has merged series, whose end is not told, be gone as soon as nothing is shown in them any more.
const brief = "yaml:exporters::prometheus::metric_expiration: 20s"

const allMetrics = "yaml:receivers::cloudflaremetrics::metrics::" + offByDefault + "::enabled: true"

// What the tests compare with is what the document advises for moving on.
func TestBothNamesAreDocumented(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile(filepath.Join(repository, "docs", "migration.md"))
	require.NoError(t, err)
	assert.Contains(t, string(page), strings.TrimPrefix(besides, "yaml:"))
}

// Each configuration goes with each way out, and with what Workers push beside it.
func TestDialectsAreValid(t *testing.T) {
	t.Parallel()
	for config := range dialects {
		for _, way := range []string{"collector-prometheus.yaml", "collector-remote-write.yaml", "collector-otlp.yaml"} {
			t.Run(config+" over "+way, func(t *testing.T) {
				t.Parallel()
				assert.Empty(t, validate(t, []string{credentials, pushToken},
					"--config="+shipped(way), "--config="+shipped("collector-workers.yaml"), "--config="+shipped(config)))
			})
		}
	}
}

// Each configuration puts out all metrics of its exporter, with their types, labels and units, and no others; and each
// series has the value that ours has, which is the truth.
func TestDialects(t *testing.T) {
	t.Parallel()
	for config, exporter := range dialects {
		t.Run(config, func(t *testing.T) {
			t.Parallel()
			w, proceed := newStillWorld(t, namesakes())
			d := deployPrometheus(t, w, shipped(config), besides, allMetrics, brief)
			d.env["NATIVE_PORT"] = strconv.Itoa(freePort(t))
			c := d.start()
			d.expectErrors(w, proceed)

			words := dialect(t, exporter)
			theirs := d.expectWords(w, words, func() ([]sample, error) { return scrape(d.url("METRICS_PORT", "/metrics")) })
			list, err := unanswered(published(t, config), theirs)
			require.NoError(t, err)
			assert.Empty(t, strings.Join(list, "\n"), "what public dashboards and alerts ask in vain")
			assert.Empty(t, c.Log.Lines("processor", "rror"), "what processors complain about")
		})
	}
}

// By remote write the names, labels and values are the same. Samples are written without their type.
func TestDialectByRemoteWrite(t *testing.T) {
	t.Parallel()
	w, proceed := newStillWorld(t, namesakes())
	proceed()
	backend := newSink(t, parseRemoteWrite)
	d := deploy(t, w, shipped("collector-remote-write.yaml"), shipped("simulator.yaml"), pace, shipped("compat-lablabs.yaml"), besides, allMetrics)
	d.env["REMOTE_WRITE_ENDPOINT"] = backend.URL
	d.env["NATIVE_PORT"] = strconv.Itoa(freePort(t))
	d.start()
	words := dialect(t, "lablabs")
	d.expectWords(w, words, func() ([]sample, error) {
		samples, err := backend.samples()
		for i := range samples {
			delete(samples[i].labels, "collector")
			samples[i].kind = words[samples[i].name].kind()
		}
		return samples, err
	})
}

// newStillWorld starts a Cloudflare whose clock stands still, so that what two endpoints show can be compared at leisure. It
// stands in the middle of the stream until the world is told to proceed, and then where the stream has ended and settled.
func newStillWorld(t *testing.T, accounts []simulator.Account) (w *world, proceed func()) {
	t.Helper()
	executable(t)
	now := time.Now().Add(-time.Hour).Truncate(time.Hour).Add(history / 4) // storage is told by full hours
	var clock atomic.Int64
	clock.Store(now.Add(-history / 2).Unix())
	w = openWorld(t, simulator.Config{
		Accounts: accounts, Begin: now.Add(-history), End: now.Add(-time.Minute), EventsPerMinute: 40,
		Clock: func() time.Time { return time.Unix(clock.Load(), 0) },
	})
	return w, func() { clock.Store(now.Unix()) }
}

// namesakes are two accounts that are called the same but for capitals, and have zones of the same names.
func namesakes() []simulator.Account {
	accounts := simulator.DefaultLayout(2, 1, simulator.PlanEnterprise)
	accounts[1].Name = strings.ToUpper(accounts[0].Name)
	for i := range accounts[1].Zones {
		accounts[1].Zones[i].Name = accounts[0].Zones[i].Name
	}
	return accounts
}

// readNative scrapes what is put out under the receiver's own names.
func (d *deployment) readNative() (reading, error) {
	samples, err := scrape(d.url("NATIVE_PORT", "/metrics"))
	if err != nil {
		return reading{}, err
	}
	return translate(samples)
}

// expectErrors waits until something has been read, and then until requests for an account or a zone have failed.
func (d *deployment) expectErrors(w *world, proceed func()) {
	d.t.Helper()
	d.expectSample("cloudflare_worker_requests_total", "cloudflare_account_id")
	w.sim.SetFaults(simulator.Faults{GraphQL: simulator.Fault{Unauthorized: true}})
	proceed()
	d.expectSample(ownMetrics+"errors_total", "account")
	w.sim.SetFaults(simulator.Faults{})
}

// expectSample waits for a sample with a label.
func (d *deployment) expectSample(name, label string) {
	d.t.Helper()
	d.eventually(2*time.Minute, func(c *assert.CollectT) {
		r, err := d.readNative()
		require.NoError(c, err)
		assert.True(c, slices.ContainsFunc(r.samples, func(s sample) bool { return s.name == name && s.labels[label] != "" }))
	}, name+" is there")
}

// expectWords waits until what is read is what the exporter would show of the truth, and nothing else, and returns it.
func (d *deployment) expectWords(w *world, words map[string]word, read func() ([]sample, error)) (last []sample) {
	d.t.Helper()
	d.eventually(3*time.Minute, func(c *assert.CollectT) {
		theirs, err := read()
		require.NoError(c, err)
		own, err := d.readNative()
		require.NoError(c, err)
		list, err := mistranslations(words, theirs, own.samples)
		require.NoError(c, err)
		list = append(list, strangers(words, theirs)...)
		maps.DeleteFunc(own.counters, func(s oracle.Series, _ float64) bool { return s.Metric == offByDefault })
		list = append(list, oracle.Differences(w.truth(), own.counters)...)
		assert.Empty(c, strings.Join(list[:min(10, len(list))], "\n"), "%d differences", len(list))
		last = theirs
	}, "all metrics are there, as the exporter has them")
	return last
}

// strangers are the metrics that the exporter does not have. What the receiver says about itself is welcome.
func strangers(words map[string]word, samples []sample) []string {
	var list []string
	for _, s := range samples {
		known := words[s.name].Metric != "" || strings.HasPrefix(s.name, ownMetrics) || s.name == "target_info"
		if !known && !slices.Contains([]string{"cloudflare_accounts", "cloudflare_zones", "cloudflare_zones_filtered"}, s.name) {
			list = append(list, s.name+" is none of the exporter's")
		}
	}
	return slices.Compact(list)
}
