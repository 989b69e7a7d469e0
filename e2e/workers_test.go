// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
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

	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/e2e/internal/exposition"
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
		http: &http.Client{Transport: transport, Timeout: time.Minute},
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
	return exposition.Read(got.body, expfmt.ResponseFormat(got.header))
}

// sums is what the receiver says when it is asked itself, by series in Prometheus' notation.
func (i *intake) sums(ctx context.Context) (map[string]float64, error) {
	families, err := i.families(ctx, string(expfmt.NewFormat(expfmt.TypeTextPlain)))
	return values(families), err
}

// exporter reads the Prometheus exporter, which wants no token.
func (d *deployment) exporter() *intake {
	transport := &http.Transport{DisableKeepAlives: true}
	return &intake{http: &http.Client{Transport: transport, Timeout: 30 * time.Second}, url: d.url("WORKERS_METRICS_PORT", "")}
}

// values are the values of all series but target_info.
func values(families []*dto.MetricFamily) map[string]float64 {
	return exposition.Values(slices.DeleteFunc(families, func(f *dto.MetricFamily) bool { return f.GetName() == "target_info" }))
}

// expectSeries waits until the Prometheus exporter shows exactly these, and expects the receiver to say the same.
func (d *deployment) expectSeries(want map[string]float64) {
	d.t.Helper()
	require.NotEmpty(d.t, want)
	for _, shown := range []struct {
		where string
		read  func() (map[string]float64, error)
	}{
		{"the scrape", d.scraped},
		{"GET /metrics", func() (map[string]float64, error) { return d.intake(1).sums(d.t.Context()) }},
	} {
		d.eventually(time.Minute, func(c *assert.CollectT) {
			got, err := shown.read()
			require.NoError(c, err)
			assert.Empty(c, exposition.Differences(want, got))
		}, shown.where+" shows the truth")
	}
}

// scraped is what the Prometheus exporter shows.
func (d *deployment) scraped() (map[string]float64, error) {
	families, err := d.exporter().families(d.t.Context(), string(expfmt.NewFormat(expfmt.TypeTextPlain)))
	return values(families), err
}
