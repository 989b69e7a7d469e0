// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/e2e/internal/process"
)

// workersPace has what is pushed emitted twice a second.
const workersPace = "yaml:receivers::workersmetrics::collection_interval: 500ms"

// protobufExposition is what Prometheus asks for when it wants native histograms.
const protobufExposition = "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited"

const (
	jsonType     = "application/json"
	protobufType = "application/x-protobuf"
)

// deployWorkers prepares a collector with the shipped configuration for what Workers push.
func deployWorkers(t *testing.T, overlays ...string) *deployment {
	t.Helper()
	d := &deployment{t: t, executable: executable(t), args: []string{componentStatus}, env: map[string]string{
		"WORKERS_METRICS_TOKEN": testToken,
		"WORKERS_ENDPOINT":      "127.0.0.1:" + strconv.Itoa(freePort(t)),
		"STATE_DIR":             t.TempDir(),
	}}
	for _, name := range []string{"WORKERS_METRICS_PORT", "TELEMETRY_PORT", "HEALTH_PORT", "ZPAGES_PORT"} {
		d.env[name] = strconv.Itoa(freePort(t))
	}
	for _, config := range append([]string{shipped("collector-workers.yaml"), workersPace}, overlays...) {
		d.args = append(d.args, "--config="+config)
	}
	return d
}

// intake is a client of the receiver.
type intake struct {
	http  *http.Client
	url   string
	token string
}

// intake returns a client that has so many connections at most, all of which it keeps.
func (d *deployment) intake(connections int) *intake {
	transport := &http.Transport{MaxIdleConnsPerHost: connections, MaxConnsPerHost: connections}
	d.t.Cleanup(transport.CloseIdleConnections)
	return &intake{
		http: &http.Client{Transport: transport, Timeout: 30 * time.Second},
		url:  "http://" + d.env["WORKERS_ENDPOINT"], token: testToken,
	}
}

// startTaking starts a process and waits until it takes pushes.
func (d *deployment) startTaking() *process.Process {
	d.t.Helper()
	p := d.start()
	i := d.intake(1)
	d.eventually(time.Minute, func(c *assert.CollectT) {
		got, err := i.do(d.t.Context(), http.MethodGet, "/metrics", "")
		require.NoError(c, err)
		require.Equal(c, http.StatusOK, got.status)
	}, "the intake answers")
	return p
}

// reply is what a request was answered with.
type reply struct {
	status int
	body   string
	header http.Header
}

// do makes one request. Headers are names and values by turns.
func (i *intake) do(ctx context.Context, method, path, body string, header ...string) (reply, error) {
	request, err := http.NewRequestWithContext(ctx, method, i.url+path, strings.NewReader(body))
	if err != nil {
		return reply{}, err
	}
	request.Header.Set("Authorization", "Bearer "+i.token)
	for n := 0; n < len(header); n += 2 {
		request.Header.Set(header[n], header[n+1])
	}
	response, err := i.http.Do(request)
	if err != nil {
		return reply{}, err
	}
	content, err := io.ReadAll(response.Body)
	return reply{response.StatusCode, string(content), response.Header}, errors.Join(err, response.Body.Close())
}

// ok makes a request that must be done.
func (i *intake) ok(t *testing.T, method, path, body string, header ...string) {
	t.Helper()
	got, err := i.do(t.Context(), method, path, body, header...)
	require.NoError(t, err)
	require.Contains(t, []int{http.StatusOK, http.StatusAccepted}, got.status, got.body)
}

// accepted is the body of the answer to OTLP/JSON of which nothing was refused.
const accepted = `{"partialSuccess":{}}`

// statusError is an answer that says that a push was not taken.
type statusError struct{ reply }

func (e statusError) Error() string { return fmt.Sprintf("status %d: %s", e.status, e.body) }

// push sends OTLP/JSON once, as @else42/cf-worker-otel does, and returns nil when all of it was taken.
func (i *intake) push(ctx context.Context, body string, header ...string) error {
	got, err := i.do(ctx, http.MethodPost, "/", body, append([]string{"Content-Type", jsonType}, header...)...)
	if err == nil && (got.status != http.StatusOK || got.body != accepted) {
		err = statusError{got}
	}
	return err
}

// deliver sends OTLP/JSON with an idempotency key, again and again until it is taken or refused for good.
func (i *intake) deliver(ctx context.Context, body, key string) error {
	for {
		err := i.push(ctx, body, "Idempotency-Key", key)
		var answered statusError
		if err == nil || errors.As(err, &answered) && answered.status < http.StatusInternalServerError {
			return err
		}
		select {
		case <-ctx.Done():
			return errors.Join(err, ctx.Err())
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// families reads an exposition in the format that is asked for: text, or protobuf.
func (i *intake) families(ctx context.Context, accept string) ([]*dto.MetricFamily, error) {
	got, err := i.do(ctx, http.MethodGet, "/metrics", "", "Accept", accept)
	if err != nil || got.status != http.StatusOK {
		return nil, cmp.Or(err, fmt.Errorf("status %d: %s", got.status, got.body))
	}
	decoder := expfmt.NewDecoder(strings.NewReader(got.body), expfmt.ResponseFormat(got.header))
	var families []*dto.MetricFamily
	for {
		var family dto.MetricFamily
		if err := decoder.Decode(&family); errors.Is(err, io.EOF) {
			return families, nil
		} else if err != nil {
			return nil, fmt.Errorf("the exposition cannot be parsed: %w", err)
		}
		families = append(families, &family)
	}
}

// sums is what the receiver says when it is asked itself, by series in Prometheus' notation.
func (i *intake) sums(ctx context.Context) (map[string]float64, error) {
	families, err := i.families(ctx, string(expfmt.NewFormat(expfmt.TypeTextPlain)))
	return values(families), err
}

// exporter reads the Prometheus exporter, which wants no token.
func (d *deployment) exporter() *intake {
	transport := &http.Transport{DisableKeepAlives: true}
	return &intake{http: &http.Client{Transport: transport, Timeout: 5 * time.Second}, url: d.url("WORKERS_METRICS_PORT", "")}
}

// values flattens families: a histogram becomes the lines that it has in text. target_info is left out.
func values(families []*dto.MetricFamily) map[string]float64 {
	all := map[string]float64{}
	for _, family := range families {
		if family.GetName() == "target_info" {
			continue
		}
		for _, m := range family.GetMetric() {
			labels := labelsOf(m)
			if h := m.GetHistogram(); h != nil {
				addLines(all, family.GetName(), labels, h)
				continue
			}
			all[series(family.GetName(), labels)] = m.GetCounter().GetValue() + m.GetGauge().GetValue() + m.GetUntyped().GetValue()
		}
	}
	return all
}

func labelsOf(m *dto.Metric) map[string]string {
	labels := map[string]string{}
	for _, pair := range m.GetLabel() {
		labels[pair.GetName()] = pair.GetValue()
	}
	return labels
}

func addLines(all map[string]float64, name string, labels map[string]string, h *dto.Histogram) {
	for _, bucket := range h.GetBucket() {
		all[bucketLine(name, labels, bucket.GetUpperBound())] = float64(bucket.GetCumulativeCount())
	}
	all[series(name+"_sum", labels)] = h.GetSampleSum()
	all[series(name+"_count", labels)] = float64(h.GetSampleCount())
}

func bucketLine(name string, labels map[string]string, bound float64) string {
	labels = maps.Clone(labels)
	labels["le"] = fmt.Sprint(bound)
	return series(name+"_bucket", labels)
}

func series(name string, labels map[string]string) string {
	return sample{name: name, labels: labels}.String()
}

// expectSeries waits until the Prometheus exporter shows exactly these, and expects the receiver to say the same.
func (d *deployment) expectSeries(want map[string]float64) {
	d.t.Helper()
	require.NotEmpty(d.t, want)
	var wrong []string
	for _, shown := range []struct {
		where string
		read  func() (map[string]float64, error)
	}{
		{"the scrape", func() (map[string]float64, error) { return d.scraped() }},
		{"GET /metrics", func() (map[string]float64, error) { return d.intake(1).sums(d.t.Context()) }},
	} {
		d.eventually(time.Minute, func(c *assert.CollectT) {
			got, err := shown.read()
			require.NoError(c, err)
			wrong = differences(want, got)
			assert.Empty(c, wrong)
		}, shown.where+" shows the truth")
	}
}

// scraped is what the Prometheus exporter shows.
func (d *deployment) scraped() (map[string]float64, error) {
	families, err := d.exporter().families(d.t.Context(), string(expfmt.NewFormat(expfmt.TypeTextPlain)))
	return values(families), err
}

// differences names some of the series that are not as they should be.
func differences(want, got map[string]float64) []string {
	var wrong []string
	for name, value := range want {
		if shown, ok := got[name]; !ok {
			wrong = append(wrong, name+" is missing")
		} else if shown != value {
			wrong = append(wrong, fmt.Sprintf("%s is %v instead of %v", name, shown, value))
		}
	}
	for name, value := range got {
		if _, ok := want[name]; !ok {
			wrong = append(wrong, fmt.Sprintf("%s %v is too many", name, value))
		}
	}
	slices.Sort(wrong)
	return wrong[:min(5, len(wrong))]
}
