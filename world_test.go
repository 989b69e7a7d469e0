// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package cloudflaremetricsreceiver

import (
	"cmp"
	"context"
	"maps"
	"net/http/httptest"
	"regexp"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/receiver"
	"go.opentelemetry.io/collector/receiver/receivertest"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/internal/dataset"
	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/internal/metadata"
	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/internal/oracle"
	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/internal/simulator"
)

const testToken = "token-that-must-never-be-printed"

// clock is set by hand and read by the receiver and the simulator alike.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// world is a simulated Cloudflare and a receiver that scrapes it, tick by tick, on a clock of its own.
type world struct {
	t      *testing.T
	clock  *clock
	begin  time.Time // of the stream, and of counting
	sim    *simulator.Simulator
	server *httptest.Server
	host   *testHost
	logs   *observer.ObservedLogs
	logger *zap.Logger
	set    receiver.Settings
	config *Config

	scraper *metricsScraper
	// documented are the counters that are compared.
	documented *oracle.Specification
	// last is the value of each counter in the newest scrape.
	last map[oracle.Series]float64
	md   pmetric.Metrics
}

// testHost has a storage extension and remembers the reported status.
type testHost struct {
	disk   *diskStorage
	mu     sync.Mutex
	events []*componentstatus.Event
}

func storageID() component.ID { return component.MustNewID("disk") }

func (h *testHost) GetExtensions() map[component.ID]component.Component {
	return map[component.ID]component.Component{storageID(): h.disk}
}

func (h *testHost) Report(e *componentstatus.Event) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.events = append(h.events, e)
}

func (h *testHost) statuses() []componentstatus.Status {
	h.mu.Lock()
	defer h.mu.Unlock()
	var list []componentstatus.Status
	for _, e := range h.events {
		list = append(list, e.Status())
	}
	return list
}

func newWorld(t *testing.T, accounts []simulator.Account, change ...func(*Config)) *world {
	t.Helper()
	return newWorldOf(t, simulator.Config{Accounts: accounts}, change...)
}

// newWorldOf takes the accounts, events and limits from of.
func newWorldOf(t *testing.T, of simulator.Config, change ...func(*Config)) *world {
	t.Helper()
	begin := time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)
	w := &world{t: t, begin: begin, clock: &clock{now: begin.Add(4*time.Minute + 10*time.Second)}}
	var err error
	of.Seed, of.Begin, of.Clock, of.Token = 7, begin, w.clock.Now, testToken
	of.EventsPerMinute = cmp.Or(of.EventsPerMinute, 30)
	of.Limits.RESTRequests = cmp.Or(of.Limits.RESTRequests, -1)
	of.Limits.GraphQLRequests = cmp.Or(of.Limits.GraphQLRequests, -1)
	w.sim, err = simulator.New(of)
	require.NoError(t, err)
	w.server = httptest.NewServer(w.sim)
	t.Cleanup(w.server.Close)
	t.Cleanup(w.sim.Close)

	core, logs := observer.New(zap.InfoLevel)
	w.logs, w.logger = logs, zap.New(core)
	w.host = &testHost{disk: newDiskStorage()}
	w.set = receivertest.NewNopSettings(metadata.Type)
	w.set.ID = component.NewID(metadata.Type)
	w.set.Logger = w.logger

	w.config = defaultConfig()
	only(t, coreDatasets()...)(w.config)
	w.config.APIToken = testToken
	w.config.HTTP.Endpoint = w.server.URL + "/client/v4"
	w.config.Retry.InitialInterval = time.Millisecond
	w.config.Retry.MaxInterval = time.Millisecond
	w.config.Retry.MaxElapsedTime = 50 * time.Millisecond
	w.config.RateLimit.GraphQL = RateConfig{Requests: 10_000_000, Per: time.Minute}
	w.config.RateLimit.REST = RateConfig{Requests: 10_000_000, Per: time.Minute}
	id := storageID()
	w.config.Storage = &id
	for _, c := range change {
		c(w.config)
	}
	require.NoError(t, w.config.Validate())
	w.documented = documented(t, w.config)
	w.start()
	return w
}

// coreDatasets are enough for most tests, which are about what is alike for all datasets.
func coreDatasets() []string {
	return []string{"httpRequests1mGroups", "firewallEventsAdaptiveGroups", "workersInvocationsAdaptive"}
}

// only enables the metrics of some datasets, and of the receiver's own those that are enabled by default.
func only(t *testing.T, datasets ...string) func(*Config) {
	t.Helper()
	list, err := catalogue()
	require.NoError(t, err)
	settings := map[string]any{}
	for _, d := range list {
		for _, m := range d.Metrics {
			if slices.Contains(datasets, d.Name) {
				settings[m.Name] = map[string]any{"enabled": true}
			} else if settings[m.Name] == nil {
				settings[m.Name] = map[string]any{"enabled": false}
			}
		}
	}
	for _, l := range dataset.Listings() {
		for _, m := range l.Metrics {
			settings[m.Name] = map[string]any{"enabled": slices.Contains(datasets, l.Name)}
		}
	}
	return func(c *Config) {
		require.NoError(t, confmap.NewFromStringMap(settings).Unmarshal(&c.MetricsBuilderConfig.Metrics))
	}
}

// withEverything enables all that is enabled by default.
func withEverything(c *Config) { c.MetricsBuilderConfig = metadata.NewDefaultMetricsBuilderConfig() }

func (w *world) start() {
	w.t.Helper()
	s, err := newMetricsScraper(w.t.Context(), w.config, w.set)
	require.NoError(w.t, err)
	s.now = w.clock.Now
	require.NoError(w.t, s.start(w.t.Context(), w.host))
	w.scraper = s
	w.t.Cleanup(func() { assert.NoError(w.t, s.shutdown(context.Background())) })
}

// restart starts another receiver on what the last one saved, which is all that is left of it.
func (w *world) restart() {
	w.t.Helper()
	w.start()
}

// tick moves the clock and scrapes once. Whatever a scrape shows must hold: one point per series, no counter that goes
// down, the tick's time on all points, no start timestamp on gauges.
func (w *world) tick(advance time.Duration) error {
	w.t.Helper()
	w.clock.Advance(advance)
	md, err := w.scraper.scrape(w.t.Context())
	w.md = md
	now := countersOf(w.t, w.documented, md, pcommon.NewTimestampFromTime(w.clock.Now()))
	after := identities(now)
	for series, before := range identities(w.last) {
		if after[series] < before {
			assert.Fail(w.t, "a counter went down", "%v from %v to %v", series, before, after[series])
		}
	}
	w.last = now
	return err
}

// identities are the series without the names of rules, which may change.
func identities(counters map[oracle.Series]float64) map[oracle.Series]float64 {
	name := regexp.MustCompile(`\brule=[^,]*,`)
	list := make(map[oracle.Series]float64, len(counters))
	for series, value := range counters {
		series.Attributes = name.ReplaceAllString(series.Attributes, "")
		list[series] += value
	}
	return list
}

// ticks scrapes n times a minute apart and expects each to go well.
func (w *world) ticks(n int) {
	w.t.Helper()
	for range n {
		require.NoError(w.t, w.tick(time.Minute))
	}
}

// expectTruth compares every counter with what happened until the last settled minute.
func (w *world) expectTruth() {
	w.t.Helper()
	w.expectTruthBut(func(oracle.Series) bool { return false })
}

// expectTruthBut leaves some counters out.
func (w *world) expectTruthBut(left func(oracle.Series) bool) {
	w.t.Helper()
	settled := w.clock.Now().Add(-w.config.Delay).Truncate(time.Minute)
	expected, actual := w.truth(w.begin, settled), maps.Clone(w.last)
	for _, series := range []map[oracle.Series]float64{expected, actual} {
		maps.DeleteFunc(series, func(s oracle.Series, _ float64) bool { return left(s) })
	}
	differences := oracle.Differences(expected, actual)
	assert.Empty(w.t, differences[:min(5, len(differences))], "%d differences", len(differences))
}

// settle lets new series show their value: they are shown as zero in their first scrape.
func (w *world) settle() {
	w.t.Helper()
	require.NoError(w.t, w.tick(0))
}

func countersOf(t *testing.T, documented *oracle.Specification, md pmetric.Metrics, ts pcommon.Timestamp) map[oracle.Series]float64 {
	t.Helper()
	eachPoint(md, func(_ pcommon.Map, m pmetric.Metric, p pmetric.NumberDataPoint) {
		assert.Equal(t, ts, p.Timestamp(), m.Name())
		if m.Type() == pmetric.MetricTypeGauge {
			assert.Zero(t, p.StartTimestamp(), m.Name())
		} else {
			assert.NotZero(t, p.StartTimestamp(), m.Name())
		}
	})
	values := map[oracle.Series]float64{}
	eachCounter(documented, md, func(series oracle.Series, value float64) {
		if _, twice := values[series]; twice {
			assert.Fail(t, "two points of one series", "%v", series)
		}
		values[series] = value
	})
	return values
}

// eachCounter visits the points of the counters that the oracle knows, but for series that have ended.
func eachCounter(documented *oracle.Specification, md pmetric.Metrics, visit func(oracle.Series, float64)) {
	counters := documented.Metrics(oracle.Counter)
	eachPoint(md, func(resource pcommon.Map, m pmetric.Metric, p pmetric.NumberDataPoint) {
		if slices.Contains(counters, m.Name()) && !p.Flags().NoRecordedValue() {
			scope, _ := resource.Get("service.instance.id")
			visit(oracle.Series{Metric: m.Name(), Scope: scope.Str(), Attributes: attributesOf(p)}, valueOf(p))
		}
	})
}

func eachPoint(md pmetric.Metrics, visit func(pcommon.Map, pmetric.Metric, pmetric.NumberDataPoint)) {
	for _, rm := range md.ResourceMetrics().All() {
		for _, sm := range rm.ScopeMetrics().All() {
			for _, m := range sm.Metrics().All() {
				points := pmetric.NewNumberDataPointSlice()
				if m.Type() == pmetric.MetricTypeSum {
					points = m.Sum().DataPoints()
				} else if m.Type() == pmetric.MetricTypeGauge {
					points = m.Gauge().DataPoints()
				}
				for _, p := range points.All() {
					visit(rm.Resource().Attributes(), m, p)
				}
			}
		}
	}
}

func attributesOf(p pmetric.NumberDataPoint) string {
	set := map[string]string{}
	for k, v := range p.Attributes().All() {
		set[k] = v.AsString()
	}
	return oracle.Attributes(set)
}

func valueOf(p pmetric.NumberDataPoint) float64 {
	if p.ValueType() == pmetric.NumberDataPointValueTypeDouble {
		return p.DoubleValue()
	}
	return float64(p.IntValue())
}

// gauge gives the value of a gauge of one resource, false when it is absent or has ended.
func (w *world) gauge(name, instance, attributes string) (value float64, ok bool) {
	eachPoint(w.md, func(resource pcommon.Map, m pmetric.Metric, p pmetric.NumberDataPoint) {
		id, _ := resource.Get("service.instance.id")
		if m.Name() == name && id.Str() == instance && attributesOf(p) == attributes && !p.Flags().NoRecordedValue() {
			value, ok = valueOf(p), true
		}
	})
	return value, ok
}

// own gives one of the receiver's own metrics.
func (w *world) own(name, attributes string) float64 {
	w.t.Helper()
	v, ok := w.gauge(name, w.set.ID.String(), attributes)
	require.True(w.t, ok, "%s{%s} is missing", name, attributes)
	return v
}

func mixedPlans() []simulator.Account {
	return simulator.DefaultLayout(2, 4, simulator.PlanEnterprise, simulator.PlanFree, simulator.PlanPro)
}
