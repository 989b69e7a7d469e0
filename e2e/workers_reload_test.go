// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// partialReload are the feature gates with which a reload leaves receivers alone that stay the same, if nothing but
// receivers changed.
const partialReload = "--feature-gates=service.partialReload,service.partialReloadReceivers"

// reloads is how often configurations change in these tests.
const reloads = 3

// overlay is a configuration that changes.
type overlay struct {
	t    *testing.T
	path string
}

func newOverlay(t *testing.T, content string) *overlay {
	t.Helper()
	o := &overlay{t, filepath.Join(t.TempDir(), "overlay.yaml")}
	o.write(content)
	return o
}

func (o *overlay) write(content string) {
	o.t.Helper()
	require.NoError(o.t, os.WriteFile(o.path, []byte(content), 0o600))
}

// neighbour is another receiver, in the same pipeline.
func neighbour(port int) string {
	return fmt.Sprintf(`
receivers:
  otlp: {protocols: {http: {endpoint: "127.0.0.1:%d"}}}
service:
  pipelines:
    metrics/workers: {receivers: [workersmetrics, otlp]}
`, port)
}

// A reload that changes another receiver goes unnoticed by clients that push once, over new connections as well as those
// that they keep.
func TestListenerSurvivesReloadsOfOtherReceivers(t *testing.T) {
	t.Parallel()
	changing := newOverlay(t, neighbour(freePort(t)))
	d := deployWorkers(t, changing.path)
	d.args = append(d.args, partialReload)
	p := d.startTaking()
	clients := startSinglePushes(t, d, 8)
	for range reloads {
		clients.waitForMore(d, 200)
		port := freePort(t)
		changing.write(neighbour(port))
		p.Signal(syscall.SIGHUP)
		d.eventually(time.Minute, func(c *assert.CollectT) {
			connection, err := net.Dial("tcp", "127.0.0.1:"+strconv.Itoa(port))
			require.NoError(c, err)
			require.NoError(c, connection.Close())
		}, "the other receiver has moved")
	}
	clients.waitForMore(d, 200)
	d.expectSeries(clients.end().series())
	assert.Len(t, p.Log.Lines("performing partial receiver reload"), reloads)
	assert.Empty(t, p.Log.Lines("restart service"))
}

// startSinglePushes starts clients that push once and do not retry. Every other one makes a connection for each push.
func startSinglePushes(t *testing.T, d *deployment, clients int) *traffic {
	t.Helper()
	kept, single := d.intake(clients), d.intake(clients)
	single.http.Transport = &http.Transport{DisableKeepAlives: true}
	return startClients(t, clients, func(client int, body string) error {
		if client%2 == 0 {
			return single.push(t.Context(), body)
		}
		return kept.push(t.Context(), body)
	})
}

// A reload that has everything start anew refuses nobody who connects meanwhile.
func TestReloadsRefuseNobody(t *testing.T) {
	t.Parallel()
	expiration := func(round int) string {
		return fmt.Sprintf("exporters: {prometheus/workers: {metric_expiration: %dm}}", 5+round)
	}
	changing := newOverlay(t, expiration(0))
	d := deployWorkers(t, changing.path)
	p := d.startTaking()
	single := d.intake(8)
	single.http.Transport = &http.Transport{DisableKeepAlives: true}
	clients := startClients(t, 8, func(_ int, body string) error { return single.push(t.Context(), body) })
	for round := range reloads {
		clients.waitForMore(d, 200)
		changing.write(expiration(round + 1))
		p.Signal(syscall.SIGHUP)
		d.eventually(time.Minute, func(c *assert.CollectT) {
			assert.Len(c, p.Log.Lines("Everything is ready"), round+2)
		}, "the configuration is in force")
	}
	clients.waitForMore(d, 200)
	d.expectSeries(clients.end().series())
}

// Connections that are kept alive are closed by such a reload. Clients that retry lose nothing.
func TestReloadsLoseNothing(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		change func(round int) string
		gates  []string
	}{
		"without the gates": {func(int) string { return neighbour(freePort(t)) }, nil},
		"of an exporter": {func(round int) string {
			return fmt.Sprintf("exporters: {prometheus/workers: {metric_expiration: %dm}}", 5+round)
		}, []string{partialReload}},
		"of the receiver": {func(round int) string {
			return fmt.Sprintf("receivers: {workersmetrics: {series_limit: %d}}", 1000+round)
		}, []string{partialReload}},
		"in memory": {func(round int) string {
			return fmt.Sprintf("receivers: {workersmetrics: {acknowledge: memory, series_limit: %d}}", 1000+round)
		}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			changing := newOverlay(t, tt.change(0))
			d := deployWorkers(t, changing.path)
			d.args = append(d.args, tt.gates...)
			p := d.startTaking()
			clients := startTraffic(t, d, 8)
			for round := range reloads {
				clients.waitForMore(d, 200)
				changing.write(tt.change(round + 1))
				p.Signal(syscall.SIGHUP)
				d.eventually(time.Minute, func(c *assert.CollectT) {
					restarts, partial := p.Log.Lines("Everything is ready"), p.Log.Lines("performing partial receiver reload")
					assert.Equal(c, round+2, len(restarts)+len(partial))
				}, "the configuration is in force")
			}
			clients.waitForMore(d, 200)
			d.expectSeries(clients.end().series())
		})
	}
}
