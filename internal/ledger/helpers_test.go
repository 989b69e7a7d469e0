// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"bytes"
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.uber.org/zap"
)

var errStorage = errors.New("disk is on fire")

// fakeStorage is a storage that outlives the ledger on it, and fails on demand.
type fakeStorage struct {
	values        map[string][]byte
	failing       bool // batches fail without effect
	failsAfterAll bool // batches that write take effect, then fail
	batches       int
	written       []string // keys set or deleted by the last batch
	largest       int      // the most operations in one batch
}

func newFakeStorage() *fakeStorage {
	return &fakeStorage{values: map[string][]byte{}}
}

func (s *fakeStorage) Batch(_ context.Context, ops ...*storage.Operation) error {
	s.batches++
	s.largest = max(s.largest, len(ops))
	if s.failing {
		return errStorage
	}
	s.written = nil
	for _, op := range ops {
		switch op.Type {
		case storage.Get:
			op.Value = bytes.Clone(s.values[op.Key])
			continue
		case storage.Set:
			s.values[op.Key] = bytes.Clone(op.Value)
		case storage.Delete:
			delete(s.values, op.Key)
		}
		s.written = append(s.written, op.Key)
	}
	if s.failsAfterAll && len(s.written) > 0 {
		return errStorage
	}
	return nil
}

func (s *fakeStorage) Get(ctx context.Context, key string) ([]byte, error) {
	op := storage.GetOperation(key)
	err := s.Batch(ctx, op)
	return op.Value, err
}

func (s *fakeStorage) Set(ctx context.Context, key string, value []byte) error {
	return s.Batch(ctx, storage.SetOperation(key, value))
}

func (s *fakeStorage) Delete(ctx context.Context, key string) error {
	return s.Batch(ctx, storage.DeleteOperation(key))
}

func (*fakeStorage) Close(context.Context) error { return nil }

// clone returns a storage with the same content, as it is when the process is killed now.
func (s *fakeStorage) clone() *fakeStorage {
	return &fakeStorage{values: maps.Clone(s.values)}
}

var (
	zoneA = ID{Family: "http", Scope: "zone-a"}
	zoneB = ID{Family: "http", Scope: "zone-b"}

	t0 = time.Date(2026, 1, 2, 3, 4, 0, 0, time.UTC)
	t1 = t0.Add(time.Minute)
	t2 = t0.Add(2 * time.Minute)
)

const (
	requests  = iota // no attributes
	byCountry        // country
	byHost           // host, status
	cpuTime          // double, by script
)

func httpMetrics() []Metric {
	return []Metric{
		requests:  {Name: "requests"},
		byCountry: {Name: "requests.by_country", Attributes: []string{"country"}},
		byHost:    {Name: "requests.by_host", Attributes: []string{"host", "status"}},
		cpuTime:   {Name: "cpu_time", Attributes: []string{"script"}, Type: Double},
	}
}

func open(tb testing.TB, client storage.Client) *Ledger {
	tb.Helper()
	l, err := Open(tb.Context(), client, zap.NewNop())
	require.NoError(tb, err)
	return l
}

// commit runs a transaction.
func commit(tb testing.TB, l *Ledger, do func(tx *Tx)) {
	tb.Helper()
	tx := l.Begin()
	do(tx)
	require.NoError(tb, tx.Commit(tb.Context()))
}

// emit is what a receiver does after each commit. It returns what is shown, see dump.
func emit(l *Ledger, id ID) map[string]float64 {
	shown := dump(l, id)
	l.Emitted()
	return shown
}

// tick commits nothing and emits.
func tick(tb testing.TB, l *Ledger, id ID) map[string]float64 {
	tb.Helper()
	commit(tb, l, func(*Tx) {})
	return emit(l, id)
}

// show brings all series to show their values.
func show(tb testing.TB, l *Ledger) {
	tb.Helper()
	for _, id := range l.IDs() {
		dump(l, id)
	}
	l.Emitted()
	commit(tb, l, func(*Tx) {})
}

// dump returns the shown value of each series, by name and attribute values: "requests.by_host|a.example|200". That of an
// overflow series is the name alone.
func dump(l *Ledger, id ID) map[string]float64 {
	values := map[string]float64{}
	for s := range l.Series(id) {
		values[name(l, id, s)] = s.Value().Double()
	}
	return values
}

// starts is dump for the start timestamps.
func starts(l *Ledger, id ID) map[string]time.Time {
	values := map[string]time.Time{}
	for s := range l.Series(id) {
		values[name(l, id, s)] = s.Start()
	}
	return values
}

func name(l *Ledger, id ID, s Series) string {
	return strings.Join(s.AppendValues([]string{l.Metrics(id)[s.Metric()].Name}), "|")
}

// overflowing returns the names of the overflow series.
func overflowing(l *Ledger, id ID) []string {
	var names []string
	for s := range l.Series(id) {
		if s.Overflow() {
			names = append(names, name(l, id, s))
		}
	}
	return names
}

// order returns the names of the series as they come.
func order(l *Ledger, id ID) []string {
	var names []string
	for s := range l.Series(id) {
		names = append(names, name(l, id, s))
	}
	return names
}

func sortedKeys[V any](m map[string]V) []string {
	return slices.Sorted(maps.Keys(m))
}
