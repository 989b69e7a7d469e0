// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package workersmetricsreceiver

import (
	"net/http"
	"testing"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/metric/metricdata/metricdatatest"

	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/receiver/workersmetricsreceiver/internal/metadatatest"
)

func TestTelemetry(t *testing.T) {
	t.Parallel()
	w := start(t, testConfig(acknowledgeMemory), newDiskStorage())
	w.ok(http.MethodPatch, "/metrics/a", "", keyHeader, "k")
	w.ok(http.MethodPatch, "/metrics/a", "", keyHeader, "k")
	w.ok(http.MethodPost, "/v1/metrics", otlpJSON("", "a", -1, time.Now(), time.Now()), "Content-Type", jsonType)
	w.do(http.MethodPatch, "/metrics/a", "x")
	w.emit()
	count := func(value int64, attributes ...attribute.KeyValue) metricdata.DataPoint[int64] {
		return metricdata.DataPoint[int64]{Value: value, Attributes: attribute.NewSet(attributes...)}
	}
	ignore := metricdatatest.IgnoreTimestamp()
	metadatatest.AssertEqualWorkersmetricsRequests(t, w.telemetry, []metricdata.DataPoint[int64]{
		count(2, attribute.String("route", "increment"), attribute.Int("status", 200)),
		count(1, attribute.String("route", "increment"), attribute.Int("status", 400)),
		count(1, attribute.String("route", "otlp"), attribute.Int("status", 200)),
	}, ignore)
	metadatatest.AssertEqualWorkersmetricsPoints(t, w.telemetry, []metricdata.DataPoint[int64]{
		count(1, attribute.String("outcome", "added")), count(1, attribute.String("outcome", "refused")),
	}, ignore)
	metadatatest.AssertEqualWorkersmetricsSeries(t, w.telemetry, []metricdata.DataPoint[int64]{count(1)}, ignore)
	metadatatest.AssertEqualWorkersmetricsIdempotencyKeys(t, w.telemetry, []metricdata.DataPoint[int64]{count(1)}, ignore)
	metadatatest.AssertEqualWorkersmetricsOverflowSeries(t, w.telemetry, []metricdata.DataPoint[int64]{count(0)}, ignore)
	metadatatest.AssertEqualWorkersmetricsSources(t, w.telemetry, []metricdata.DataPoint[int64]{count(0)}, ignore)
}
