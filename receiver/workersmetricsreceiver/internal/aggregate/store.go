// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

// Package aggregate adds up what many short-lived clients push. A [Store] takes pushes, each a contribution in the form of
// OTLP metrics with delta or cumulative temporality, and keeps one cumulative series for all that agree in metric,
// identifying resource attributes and allowed attributes. Everything is kept in a ledger, so each push is saved as a
// whole or not at all, together with its idempotency key.
//
// Sums are exact, see package exact; what is read of them is rounded once. How pushes arrive and how series leave is left
// to the receiver. A Store is for use from one goroutine; a [Snapshot] taken from it is not bound to it.
package aggregate

import (
	"context"
	"fmt"
	"time"

	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.uber.org/zap"

	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/internal/ledger"
)

// Settings say what is kept.
type Settings struct {
	// Attributes are the names of those that tell series apart; with none, all do.
	Attributes []string
	// ResourceAttributes are the names of those that tell series apart.
	ResourceAttributes []string
	// ValueLimit is the most values that one attribute of a metric takes, before new ones become [OtherValue].
	ValueLimit int
	// SeriesLimit is the most series of a metric, besides those that take what is beyond it, and the most sources of
	// cumulative points.
	SeriesLimit int
	// MetricLimit is the most metrics.
	MetricLimit int
	// SeriesTTL is how long a series lives that nothing is added to; 0: for ever.
	SeriesTTL time.Duration
	// KeyLimit is the most idempotency keys and KeyTTL how long each is kept at least.
	KeyLimit int
	KeyTTL   time.Duration
}

// Store is a set of cumulative series. Changes go into a transaction that the first of them opens, and that Commit saves.
type Store struct {
	settings Settings
	allowed  map[string]bool // nil: all are
	logger   *zap.Logger
	now      func() time.Time
	names    *partNames

	ledger *ledger.Ledger
	tx     *ledger.Tx // nil: none is open

	// What follows is made from the ledger, see load.
	metrics map[string]*metric
	sources map[string]*source
	keys    keys

	work workspace
}

// Open reads what is saved. An error means that the storage failed. The store does not own the client.
func Open(ctx context.Context, client storage.Client, settings Settings, logger *zap.Logger, now func() time.Time) (*Store, error) {
	l, err := ledger.Open(ctx, client, logger)
	if err != nil {
		return nil, err
	}
	s := &Store{settings: settings, logger: logger, now: now, names: newPartNames(), ledger: l}
	if len(settings.Attributes) > 0 {
		s.allowed = make(map[string]bool, len(settings.Attributes))
		for _, name := range settings.Attributes {
			s.allowed[name] = true
		}
	}
	s.load()
	return s, nil
}

// load makes the view that the store works on from the ledger.
func (s *Store) load() {
	s.metrics = map[string]*metric{}
	s.sources = map[string]*source{}
	s.keys = keys{}
	for _, id := range s.ledger.IDs() {
		switch id.Family {
		case metricFamily:
			s.loadMetric(id)
		case sourceFamily:
			s.loadSource(id)
		case keyFamily:
			s.keys.load(s.ledger, id)
		}
	}
}

func (s *Store) begin() *ledger.Tx {
	if s.tx == nil {
		s.tx = s.ledger.Begin()
	}
	return s.tx
}

// Commit saves all changes since the last one, and which zeros were emitted. On an error all these changes are undone.
func (s *Store) Commit(ctx context.Context) error {
	tx := s.begin()
	s.tx = nil
	if err := tx.Commit(ctx); err != nil {
		s.load()
		return fmt.Errorf("saving the pushed series: %w", err)
	}
	return nil
}

// Reset removes everything, as a change to be committed.
func (s *Store) Reset() {
	tx := s.begin()
	for _, id := range s.ledger.IDs() {
		tx.Delete(id)
	}
	s.load()
}

// Stats describes what a store holds.
type Stats struct {
	Metrics  int
	Series   int // those beyond the limit included
	Overflow int // series that take what is beyond the limit
	Sources  int // of cumulative points
	Keys     int
}

// Stats returns what the store holds now.
func (s *Store) Stats() Stats {
	stats := Stats{Metrics: len(s.metrics), Sources: len(s.sources), Keys: s.keys.count}
	for _, m := range s.metrics {
		stats.Series += len(m.streams)
		stats.Overflow += m.overflows
	}
	return stats
}
