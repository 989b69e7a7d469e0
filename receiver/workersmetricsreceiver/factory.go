// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

//go:generate go tool -modfile=../../tools/go.mod mdatagen metadata.yaml

// Package workersmetricsreceiver takes what Workers and other short-lived clients push, over OTLP/HTTP, in Prometheus'
// formats or as single increments, and emits the sums as cumulative metrics. This package has the routes and the life of
// the receiver; what adding up means is left to package aggregate, Prometheus' formats to package promformat.
package workersmetricsreceiver

import (
	"context"
	"fmt"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/receiver"

	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/receiver/workersmetricsreceiver/internal/metadata"
)

// NewFactory creates the factory of the receiver.
func NewFactory() receiver.Factory {
	return receiver.NewFactory(
		metadata.Type,
		createDefaultConfig,
		receiver.WithMetrics(createMetricsReceiver, metadata.MetricsStability),
	)
}

func createMetricsReceiver(
	_ context.Context, set receiver.Settings, cfg component.Config, next consumer.Metrics,
) (receiver.Metrics, error) {
	config, ok := cfg.(*Config)
	if !ok {
		return nil, fmt.Errorf("configuration of type %T is not the receiver's", cfg)
	}
	return newReceiver(config, set, next, clock{now: time.Now})
}
