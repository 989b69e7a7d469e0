// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package workersmetricsreceiver

import (
	"context"
	"sync"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/receiver/workersmetricsreceiver/internal/aggregate"
	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/receiver/workersmetricsreceiver/internal/metadata"
)

// telemetry is what the receiver reports through the Collector's own metrics.
type telemetry struct {
	builder        *metadata.TelemetryBuilder
	added, refused metric.MeasurementOption
	requests       sync.Map // of request to metric.MeasurementOption, made once for each that occurs
}

// request is what a request is counted by.
type request struct {
	route  route
	status int
}

func newTelemetry(builder *metadata.TelemetryBuilder) *telemetry {
	outcome := func(o string) metric.MeasurementOption {
		return metric.WithAttributeSet(attribute.NewSet(attribute.String("outcome", o)))
	}
	return &telemetry{builder: builder, added: outcome("added"), refused: outcome("refused")}
}

// route is what a request asks for.
type route string

const (
	otlpRoute      route = "otlp"
	pushRoute      route = "push"
	groupRoute     route = "group"
	incrementRoute route = "increment"
	deleteRoute    route = "delete"
	readRoute      route = "read"
)

func (t *telemetry) request(r request) {
	option, ok := t.requests.Load(r)
	if !ok {
		option, _ = t.requests.LoadOrStore(r, metric.WithAttributeSet(
			attribute.NewSet(attribute.String("route", string(r.route)), attribute.Int("status", r.status))))
	}
	if option, ok := option.(metric.MeasurementOption); ok {
		t.builder.WorkersmetricsRequests.Add(context.Background(), 1, option)
	}
}

func (t *telemetry) points(o aggregate.Outcome) {
	if o.Points > 0 {
		t.builder.WorkersmetricsPoints.Add(context.Background(), int64(o.Points), t.added)
	}
	if o.Refused > 0 {
		t.builder.WorkersmetricsPoints.Add(context.Background(), int64(o.Refused), t.refused)
	}
}

func (t *telemetry) committed(took time.Duration) {
	t.builder.WorkersmetricsCommitDuration.Record(context.Background(), took.Seconds())
}

func (t *telemetry) state(s aggregate.Stats) {
	ctx := context.Background()
	t.builder.WorkersmetricsSeries.Record(ctx, int64(s.Series))
	t.builder.WorkersmetricsOverflowSeries.Record(ctx, int64(s.Overflow))
	t.builder.WorkersmetricsSources.Record(ctx, int64(s.Sources))
	t.builder.WorkersmetricsIdempotencyKeys.Record(ctx, int64(s.Keys))
}
