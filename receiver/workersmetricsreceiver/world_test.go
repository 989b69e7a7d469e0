// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package workersmetricsreceiver

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/receiver/workersmetricsreceiver/internal/aggregate"
	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/receiver/workersmetricsreceiver/internal/metadatatest"
)

// diskStorage is a storage extension whose contents outlive its clients, as a disk's do. It can be full, and slow.
type diskStorage struct {
	component.StartFunc
	component.ShutdownFunc

	mu   sync.Mutex
	data map[string][]byte
	full bool
	gate chan struct{} // when there, each batch that writes takes from it first
}

func newDiskStorage() *diskStorage { return &diskStorage{data: map[string][]byte{}} }

var errDiskFull = errors.New("no space left on device")

func (d *diskStorage) setFull(full bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.full = full
}

// clone is what a machine finds after a crash at this moment.
func (d *diskStorage) clone() *diskStorage {
	d.mu.Lock()
	defer d.mu.Unlock()
	c := newDiskStorage()
	for key, value := range d.data {
		c.data[key] = bytes.Clone(value)
	}
	return c
}

func (d *diskStorage) GetClient(context.Context, component.Kind, component.ID, string) (storage.Client, error) {
	return diskClient{d}, nil
}

type diskClient struct{ disk *diskStorage }

func (c diskClient) Get(ctx context.Context, key string) ([]byte, error) {
	op := storage.GetOperation(key)
	err := c.Batch(ctx, op)
	return op.Value, err
}

func (c diskClient) Set(ctx context.Context, key string, value []byte) error {
	return c.Batch(ctx, storage.SetOperation(key, value))
}

func (c diskClient) Delete(ctx context.Context, key string) error {
	return c.Batch(ctx, storage.DeleteOperation(key))
}

func (c diskClient) Batch(_ context.Context, ops ...*storage.Operation) error {
	if c.disk.gate != nil && ops[0].Type != storage.Get {
		<-c.disk.gate
	}
	c.disk.mu.Lock()
	defer c.disk.mu.Unlock()
	for _, op := range ops {
		if op.Type != storage.Get && c.disk.full {
			return errDiskFull
		}
	}
	for _, op := range ops {
		switch op.Type {
		case storage.Get:
			op.Value = bytes.Clone(c.disk.data[op.Key])
		case storage.Set:
			c.disk.data[op.Key] = bytes.Clone(op.Value)
		case storage.Delete:
			delete(c.disk.data, op.Key)
		}
	}
	return nil
}

func (diskClient) Close(context.Context) error { return nil }

// host has extensions.
type host struct {
	extensions map[component.ID]component.Component
}

func (h host) GetExtensions() map[component.ID]component.Component { return h.extensions }

var storageID = component.MustNewID("disk")

// world is a running receiver, with a disk and a pipeline.
type world struct {
	*workersReceiver
	t         testing.TB
	disk      *diskStorage
	sink      *consumertest.MetricsSink
	ticks     chan time.Time
	telemetry *componenttest.Telemetry
	client    *http.Client
	url       string
	host      host
}

func testConfig(acknowledge string) *Config {
	config := createDefaultConfig().(*Config) //nolint:errcheck // it is
	config.HTTP.NetAddr.Endpoint = "127.0.0.1:0"
	config.Acknowledge = acknowledge
	config.Storage = &storageID
	return config
}

func start(tb testing.TB, config *Config, disk *diskStorage) *world {
	tb.Helper()
	return startWith(tb, config, disk, nil)
}

func startWith(tb testing.TB, config *Config, disk *diskStorage, extensions map[component.ID]component.Component) *world {
	tb.Helper()
	w := &world{
		t: tb, disk: disk, sink: &consumertest.MetricsSink{}, ticks: make(chan time.Time), telemetry: componenttest.NewTelemetry(),
		client: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 100}},
		host:   host{map[component.ID]component.Component{}},
	}
	if disk != nil {
		w.host.extensions[storageID] = disk
	}
	maps.Copy(w.host.extensions, extensions)
	w.run(config)
	return w
}

func (w *world) run(config *Config) {
	w.t.Helper()
	r, err := newReceiver(config, metadatatest.NewSettings(w.telemetry), w.sink, clock{now: time.Now, ticks: w.ticks})
	require.NoError(w.t, err)
	require.NoError(w.t, r.Start(context.Background(), w.host))
	w.workersReceiver = r
	w.url = "http://" + r.listener.Addr().String()
	w.t.Cleanup(w.stop)
}

func (w *world) stop() {
	w.t.Helper()
	w.client.CloseIdleConnections()
	require.NoError(w.t, w.Shutdown(context.Background()))
}

// reply is what a request was answered with.
type reply struct {
	status int
	body   string
	header http.Header
}

func (w *world) do(method, path, body string, header ...string) reply {
	w.t.Helper()
	got, err := w.try(method, path, body, header...)
	require.NoError(w.t, err)
	return got
}

func (w *world) try(method, path, body string, header ...string) (reply, error) {
	req, err := http.NewRequestWithContext(context.Background(), method, w.url+path, strings.NewReader(body))
	if err != nil {
		return reply{}, err
	}
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := w.client.Do(req)
	if err != nil {
		return reply{}, err
	}
	content, err := io.ReadAll(resp.Body)
	return reply{resp.StatusCode, string(content), resp.Header}, errors.Join(err, resp.Body.Close())
}

// attempt is do for goroutines other than the test's: if it fails the reply says so.
func (w *world) attempt(method, path, body string, header ...string) reply {
	got, err := w.try(method, path, body, header...)
	if err != nil {
		return reply{body: err.Error()}
	}
	return got
}

// ok makes a request that must be done.
func (w *world) ok(method, path, body string, header ...string) {
	w.t.Helper()
	got := w.do(method, path, body, header...)
	require.Contains(w.t, []int{http.StatusOK, http.StatusAccepted}, got.status, got.body)
}

// text returns what GET /metrics says, without comments.
func (w *world) text() string {
	w.t.Helper()
	got := w.do(http.MethodGet, "/metrics", "")
	require.Equal(w.t, http.StatusOK, got.status)
	var lines []string
	for line := range strings.Lines(got.body) {
		if !strings.HasPrefix(line, "#") {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "")
}

// series returns how many series there are.
func (w *world) series(tb testing.TB) (n int) {
	tb.Helper()
	require.NoError(tb, w.writer.submit(func(s *aggregate.Store) error {
		n = s.Stats().Series
		return nil
	}, true))
	return n
}

// emit has everything emitted, and returns it.
func (w *world) emit() pmetric.Metrics {
	w.t.Helper()
	w.sink.Reset()
	w.ticks <- time.Now()
	require.Eventually(w.t, w.settled, 10*time.Second, time.Millisecond)
	if len(w.sink.AllMetrics()) == 0 {
		return pmetric.NewMetrics()
	}
	return w.sink.AllMetrics()[0]
}

// settled reports whether the outcome of the last emission has been noted.
func (w *world) settled() bool {
	settled := false
	err := w.writer.submit(func(*aggregate.Store) error {
		settled = !w.writer.emitting
		return nil
	}, true)
	return err == nil && settled
}

// otlpJSON is a push of one delta point, as the clients of Workers write it.
func otlpJSON(service, metric string, by float64, start, end time.Time, attributes ...string) string {
	var pairs []string
	for i := 0; i < len(attributes); i += 2 {
		pairs = append(pairs, fmt.Sprintf(`{"key":%q,"value":{"stringValue":%q}}`, attributes[i], attributes[i+1]))
	}
	return fmt.Sprintf(`{"resourceMetrics":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":%q}}]},`+
		`"scopeMetrics":[{"metrics":[{"name":%q,"sum":{"aggregationTemporality":1,"isMonotonic":true,"dataPoints":[`+
		`{"attributes":[%s],"startTimeUnixNano":"%d","timeUnixNano":"%d","asDouble":%v}]}}]}]}]}`,
		service, metric, strings.Join(pairs, ","), start.UnixNano(), end.UnixNano(), by)
}

func number(tb testing.TB, md pmetric.Metrics, name string) pmetric.NumberDataPoint {
	tb.Helper()
	for _, rm := range md.ResourceMetrics().All() {
		for _, m := range rm.ScopeMetrics().At(0).Metrics().All() {
			if m.Name() == name {
				return m.Sum().DataPoints().At(0)
			}
		}
	}
	require.Fail(tb, "there is no "+name)
	return pmetric.NewNumberDataPoint()
}

func textOf(tb testing.TB, attributes pcommon.Map, name string) string {
	tb.Helper()
	value, ok := attributes.Get(name)
	require.True(tb, ok, name)
	return value.AsString()
}

// consumerFunc is a pipeline that only answers.
type consumerFunc func() error

func (consumerFunc) Capabilities() consumer.Capabilities { return consumer.Capabilities{} }

func (f consumerFunc) ConsumeMetrics(context.Context, pmetric.Metrics) error { return f() }

func httpRequest(tb testing.TB, body string) *http.Request {
	tb.Helper()
	r, err := http.NewRequestWithContext(context.Background(), http.MethodPost, "/metrics", strings.NewReader(body))
	require.NoError(tb, err)
	return r
}
