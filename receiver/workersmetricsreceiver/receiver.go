// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package workersmetricsreceiver

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/receiver"
	"go.opentelemetry.io/collector/receiver/receiverhelper"

	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/receiver/workersmetricsreceiver/internal/aggregate"
	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/receiver/workersmetricsreceiver/internal/metadata"
)

// clock is the time that a receiver lives in.
type clock struct {
	now   func() time.Time
	ticks <-chan time.Time // when to emit; nil: by the collection interval
}

// workersReceiver is a server in front of a writer.
type workersReceiver struct {
	config    *Config
	settings  receiver.Settings
	next      consumer.Metrics
	clock     clock
	telemetry *telemetry
	report    *receiverhelper.ObsReport

	storage     *stateStorage
	writer      *writer
	server      *http.Server
	listener    *sharedListener
	connections connections
	serving     sync.WaitGroup
}

func newReceiver(config *Config, set receiver.Settings, next consumer.Metrics, c clock) (*workersReceiver, error) {
	builder, err := metadata.NewTelemetryBuilder(set.TelemetrySettings)
	if err != nil {
		return nil, err
	}
	report, err := receiverhelper.NewObsReport(receiverhelper.ObsReportSettings{ReceiverID: set.ID, ReceiverCreateSettings: set})
	if err != nil {
		return nil, err
	}
	return &workersReceiver{config: config, settings: set, next: next, clock: c, telemetry: newTelemetry(builder), report: report}, nil
}

// Start reads what is saved and listens.
func (r *workersReceiver) Start(ctx context.Context, host component.Host) error {
	storage, err := openStorage(ctx, host, r.config, r.settings.ID)
	if err != nil {
		return err
	}
	r.storage = storage
	store, err := aggregate.Open(ctx, storage.client, r.config.settings(), r.settings.Logger, r.clock.now)
	if err != nil {
		return fmt.Errorf("storage: read the saved series: %w", err)
	}
	if err := storage.begin(ctx, store, r.settings.Logger); err != nil {
		return err
	}
	w := newWriter(r, store, host)
	if err := r.listen(ctx, host, w); err != nil {
		return err
	}
	w.start()
	r.writer = w
	return nil
}

func (c *Config) settings() aggregate.Settings {
	identify := slices.Clone(c.ResourceAttributes.Identify)
	slices.Sort(identify)
	return aggregate.Settings{
		Attributes:         c.Attributes.Allow,
		ResourceAttributes: slices.Compact(identify),
		ValueLimit:         c.Attributes.ValueLimit,
		SeriesLimit:        c.SeriesLimit,
		MetricLimit:        c.MetricsLimit,
		SeriesTTL:          c.SeriesTTL,
		KeyLimit:           c.Idempotency.MaxKeys,
		KeyTTL:             c.Idempotency.TTL,
	}
}

func (r *workersReceiver) listen(ctx context.Context, host component.Host, w *writer) error {
	config := r.config.HTTP // which ToServer completes
	handler := newServer(w, r.telemetry, r.config)
	server, err := config.ToServer(ctx, host.GetExtensions(), r.settings.TelemetrySettings, handler)
	if err != nil {
		return fmt.Errorf("http: %w", err)
	}
	listener, shared, err := listen(ctx, &config)
	if err != nil {
		return fmt.Errorf("http::endpoint: listen on %s: %w", config.NetAddr.Endpoint, err)
	}
	r.connections.busy = map[net.Conn]bool{}
	server.ConnState = r.connections.note
	r.server, r.listener = server, shared
	r.serving.Go(func() {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			componentstatus.ReportStatus(host, componentstatus.NewFatalErrorEvent(fmt.Errorf("http: %w", err)))
		}
	})
	return nil
}

// Shutdown answers what has been asked, emits and saves what is there, and closes the storage. It may be called without
// Start, and again.
func (r *workersReceiver) Shutdown(ctx context.Context) error {
	var errs []error
	if r.server != nil {
		r.drain(ctx)
		if err := r.server.Shutdown(ctx); err != nil {
			errs = append(errs, err, r.server.Close())
		}
		r.serving.Wait()
		r.listener.keep()
		r.server = nil
	}
	clean := true
	if r.writer != nil {
		if err := r.writer.shutdown(ctx); err != nil {
			errs, clean = append(errs, err), false
		}
		r.writer = nil
	}
	if r.storage != nil {
		errs = append(errs, r.storage.end(ctx, clean))
		r.storage = nil
	}
	return errors.Join(errs...)
}
