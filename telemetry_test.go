// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package cloudflaremetricsreceiver

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/metric/metricdata/metricdatatest"

	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/internal/metadatatest"
	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/internal/simulator"
)

// What the receiver does is seen in the Collector's own metrics.
func TestTelemetry(t *testing.T) {
	t.Parallel()
	tel := componenttest.NewTelemetry()
	t.Cleanup(func() { require.NoError(t, tel.Shutdown(context.Background())) })
	w := newWorldOf(t, simulator.Config{
		Accounts: simulator.DefaultLayout(1, 1, simulator.PlanEnterprise), EventsPerMinute: 300, Limits: simulator.Limits{PageSize: 20},
	}, func(c *Config) { c.MaxBackfill = time.Hour })
	w.set = metadatatest.NewSettings(tel)
	w.set.Logger = w.logger
	w.restart()
	w.ticks(4)
	require.NoError(t, w.tick(2*time.Hour), "an hour of it is given up")

	assert.Positive(t, sumOf(t, tel, "otelcol_cloudflaremetrics_api_requests", "outcome", "ok"))
	assert.Positive(t, sumOf(t, tel, "otelcol_cloudflaremetrics_api_requests", "dataset", "zones"))
	assert.Positive(t, sumOf(t, tel, "otelcol_cloudflaremetrics_api_requests", "dataset", "settings"))
	assert.Positive(t, sumOf(t, tel, "otelcol_cloudflaremetrics_rows", "dataset", "httpRequests1mGroups"))
	assert.Positive(t, sumOf(t, tel, "otelcol_cloudflaremetrics_truncations", "dataset", "firewallEventsAdaptiveGroups"))
	for _, outcome := range []string{committed, split, givenUp} {
		assert.Positive(t, sumOf(t, tel, "otelcol_cloudflaremetrics_windows", "outcome", outcome), outcome)
	}
	metadatatest.AssertEqualCloudflaremetricsSeries(t, tel, []metricdata.DataPoint[int64]{
		{Value: int64(w.scraper.ledger.Stats().Series)},
	}, metricdatatest.IgnoreTimestamp())
	for _, name := range []string{"state_size", "budget_left", "api_duration"} {
		_, err := tel.GetMetric("otelcol_cloudflaremetrics_" + name)
		require.NoError(t, err)
	}
}

// sumOf adds up the points of a counter that have an attribute.
func sumOf(t *testing.T, tel *componenttest.Telemetry, name, key, value string) (sum int64) {
	t.Helper()
	m, err := tel.GetMetric(name)
	require.NoError(t, err)
	data, ok := m.Data.(metricdata.Sum[int64])
	require.True(t, ok, "%s is a counter", name)
	for _, p := range data.DataPoints {
		for _, kv := range p.Attributes.ToSlice() {
			if string(kv.Key) == key && kv.Value.AsString() == value {
				sum += p.Value
			}
		}
	}
	return sum
}
