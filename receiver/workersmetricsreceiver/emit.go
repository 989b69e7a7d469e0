// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package workersmetricsreceiver

import (
	"context"

	"go.uber.org/zap"

	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/receiver/workersmetricsreceiver/internal/aggregate"
	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/receiver/workersmetricsreceiver/internal/metadata"
)

// format is how the Collector's own metrics call what the points are made from.
const format = "workersmetrics"

// emission is what was handed to the consumer, and what came of it.
type emission struct {
	snapshot *aggregate.Snapshot
	err      error
}

// tick emits what is saved, unless the consumer still has the last emission.
func (w *writer) tick() {
	w.store.Expire()
	if err := w.commit(); err != nil {
		w.settings.Logger.Debug("What has ended stays until that can be saved", zap.Error(err))
	}
	w.telemetry.state(w.store.Stats())
	if w.emitting {
		w.settings.Logger.Warn("The pipeline still has the last emission: this one is left out, and the next has everything in it")
		return
	}
	w.emitting = true
	snapshot := w.store.ToEmit()
	go func() { w.emitted <- emission{snapshot, w.consume(w.life, snapshot)} }()
}

// consume hands a snapshot on. It is used side by side with the store.
func (w *writer) consume(ctx context.Context, snapshot *aggregate.Snapshot) error {
	md := snapshot.Metrics(metadata.ScopeName, w.clock.now())
	points := md.DataPointCount()
	if points == 0 {
		return nil
	}
	ctx = w.report.StartMetricsOp(ctx)
	err := w.next.ConsumeMetrics(ctx, md)
	w.report.EndMetricsOp(ctx, format, points, err)
	return err
}

// settle notes what came of an emission. What was new in it shows its value from the next one on; what ended is done
// with. If the pipeline refused it, all that stays as it was.
func (w *writer) settle(e emission) {
	w.emitting = false
	if e.err != nil {
		w.settings.Logger.Error("The pipeline refused an emission; the next has everything in it", zap.Error(e.err))
		return
	}
	if err := w.commit(); err == nil {
		w.store.Emitted(e.snapshot)
	}
}

// finish does what is still asked, and emits and saves for the last time.
func (w *writer) finish() {
	for more := true; more; {
		select {
		case j := <-w.queue:
			w.doGroup(j)
		default:
			more = false
		}
	}
	if w.emitting {
		w.settle(<-w.emitted)
	}
	if err := w.commit(); err != nil {
		return
	}
	snapshot := w.store.ToEmit()
	w.settle(emission{snapshot, w.consume(w.life, snapshot)})
	if err := w.commit(); err != nil {
		w.settings.Logger.Error("What was emitted last cannot be noted", zap.Error(err))
	}
}
