// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package cloudflaremetricsreceiver

import (
	"cmp"
	"context"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/internal/cloudflare"
	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/internal/metadata"
)

// telemetry is what the receiver reports through the Collector's own metrics.
type telemetry struct{ *metadata.TelemetryBuilder }

// The outcomes of a window.
const (
	committed = "committed"
	split     = "split"
	givenUp   = "given_up"
)

// request is called by the client for each attempt, side by side.
func (t telemetry) request(r cloudflare.Request) {
	ctx := context.Background()
	kind := attribute.String("kind", string(r.Kind))
	outcome := attribute.String("outcome", cmp.Or(string(r.Class), "ok"))
	t.CloudflaremetricsAPIRequests.Add(ctx, 1, metric.WithAttributes(kind, attribute.String("dataset", r.Dataset), outcome))
	t.CloudflaremetricsAPIDuration.Record(ctx, r.Duration.Seconds(), metric.WithAttributes(kind))
}

func (t telemetry) windows(dataset, outcome string, n int) {
	t.CloudflaremetricsWindows.Add(context.Background(), int64(n),
		metric.WithAttributes(attribute.String("dataset", dataset), attribute.String("outcome", outcome)))
}

func (t telemetry) truncation(dataset string) {
	t.CloudflaremetricsTruncations.Add(context.Background(), 1, metric.WithAttributes(attribute.String("dataset", dataset)))
}

func (t telemetry) rows(dataset string, n int) {
	t.CloudflaremetricsRows.Add(context.Background(), int64(n), metric.WithAttributes(attribute.String("dataset", dataset)))
}

// state reports what the receiver holds at the end of a scrape.
func (t telemetry) state(ctx context.Context, series, bytes, budget int) {
	t.CloudflaremetricsSeries.Record(ctx, int64(series))
	t.CloudflaremetricsStateSize.Record(ctx, int64(bytes))
	t.CloudflaremetricsBudgetLeft.Record(ctx, int64(budget))
}
