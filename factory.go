// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

//go:generate go -C tools run ./recordgen -in ../internal/metadata/generated_metrics.go -out ../generated_recorders.go

// Package cloudflaremetricsreceiver scrapes Cloudflare's GraphQL Analytics and REST APIs and emits what happened as
// cumulative counters and gauges. This package wires: it reads the configuration, and on each tick has the inventory
// list zones and accounts, the planner decide what to ask, the client ask it and the ledger count and save it, and
// hands the ledger on as metrics.
package cloudflaremetricsreceiver

import (
	"context"
	"fmt"
	"sync"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/receiver"
	"go.opentelemetry.io/collector/scraper"
	"go.opentelemetry.io/collector/scraper/scraperhelper"

	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/internal/metadata"
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
	return newReceiver(config, set, next)
}

// newReceiver takes more options of the controller, so that a test can bring its own ticker.
func newReceiver(
	config *Config, set receiver.Settings, next consumer.Metrics, options ...scraperhelper.ControllerOption,
) (receiver.Metrics, error) {
	life, cancel := context.WithCancel(context.Background())
	s, err := newMetricsScraper(life, config, set)
	if err != nil {
		cancel()
		return nil, err
	}
	sc, err := scraper.NewMetrics(s.scrape, scraper.WithStart(s.start), scraper.WithShutdown(s.shutdown))
	if err != nil {
		cancel()
		return nil, err
	}
	controller, err := scraperhelper.NewMetricsController(&config.ControllerConfig, set, next,
		append(options, scraperhelper.AddMetricsScraper(metadata.Type, sc))...)
	if err != nil {
		cancel()
		return nil, err
	}
	return &stoppable{Metrics: controller, cancel: cancel}, nil
}

// stoppable ends a running scrape before the controller waits for it, and makes a second shutdown harmless: the
// controller scrapes on a context that nobody cancels and closes a channel on each shutdown.
type stoppable struct {
	receiver.Metrics
	cancel context.CancelFunc
	once   sync.Once
	err    error
}

func (r *stoppable) Shutdown(ctx context.Context) error {
	r.once.Do(func() {
		r.cancel()
		r.err = r.Metrics.Shutdown(ctx)
	})
	return r.err
}
