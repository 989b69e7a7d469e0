// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package cloudflaremetricsreceiver

import (
	"encoding/json"
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.opentelemetry.io/collector/receiver/receivertest"

	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/internal/cloudflare"
	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/internal/dataset"
	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/internal/inventory"
	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/internal/ledger"
	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/internal/metadata"
	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/internal/planner"
)

// The benchmarks work on firewall events, the dataset with the most attributes, at 1,000 to 100,000 series in ten zones.
// ns/series must not depend on the number.
func sizes() []int { return []int{1_000, 10_000, 100_000} }

const benchZones = 10

// benchScraper has an inventory and partitions, but no API behind it.
func benchScraper(b *testing.B) (*metricsScraper, []*partition) {
	b.Helper()
	config := defaultConfig()
	config.SeriesLimit = 1_000_000
	set := receivertest.NewNopSettings(metadata.Type)
	set.ID = component.NewID(metadata.Type)
	s, err := newMetricsScraper(b.Context(), config, set)
	require.NoError(b, err)
	s.ledger, err = ledger.Open(b.Context(), storage.NewNopClient(), set.Logger)
	require.NoError(b, err)
	s.inventory = inventory.New(inventory.Settings{Keep: time.Hour}, nil)

	var scopes []inventory.Scope
	for z := range benchZones {
		scopes = append(scopes, inventory.Scope{
			Kind: cloudflare.ZoneScope, ID: fmt.Sprintf("%032x", z), Name: fmt.Sprintf("zone%d.example.com", z), AccountID: "a",
		})
	}
	list, err := json.Marshal(map[string]any{"refreshed": time.Now(), "scopes": scopes})
	require.NoError(b, err)
	require.NoError(b, s.inventory.Restore(list))

	source := s.sources.byDataset["firewallEventsAdaptiveGroups"]
	sel := source.selectFor(cloudflare.Limits{}, config.SeriesLimit)
	tx := s.ledger.Begin()
	var partitions []*partition
	for _, scope := range scopes {
		p := &partition{
			id: partitionID("firewall_events", scope.Kind, scope.ID), scope: scope, selection: sel,
			cursor: cursor{Watermark: time.Now().Truncate(time.Minute)},
		}
		tx.Define(p.id, p.cursor.Watermark, sel.counters)
		s.partitions[p.id] = p
		partitions = append(partitions, p)
	}
	require.NoError(b, tx.Commit(b.Context()))
	return s, partitions
}

// benchRows is an answer with n label sets.
func benchRows(n int) json.RawMessage {
	rows := make([]map[string]any, n)
	for i := range rows {
		rows[i] = map[string]any{"count": i%7 + 1, "dimensions": map[string]any{
			"action": []string{"block", "log", "managed_challenge"}[i%3], "source": "firewallmanaged",
			"ruleId": fmt.Sprintf("%032x", i%40), "clientRequestHTTPHost": fmt.Sprintf("host%d.example.com", i/5000),
			"clientCountryName": fmt.Sprintf("C%d", i),
		}}
	}
	data, _ := json.Marshal(rows)
	return data
}

func benchReadings(partitions []*partition, rows json.RawMessage) []reading {
	var readings []reading
	for _, p := range partitions {
		w := planner.Window{From: p.cursor.Watermark, To: p.cursor.Watermark.Add(time.Minute)}
		readings = append(readings, reading{
			scope: planner.Scope{Kind: p.scope.Kind, ID: p.scope.ID},
			part:  planner.Part{Family: p.id.Family, Dataset: p.selection.Name, Window: w},
			rows:  rows,
		})
	}
	return readings
}

func BenchmarkFold(b *testing.B) {
	for _, n := range sizes() {
		b.Run(fmt.Sprintf("series=%d", n), func(b *testing.B) {
			s, partitions := benchScraper(b)
			rows := benchRows(n / benchZones)
			b.ReportAllocs()
			for b.Loop() {
				tx := s.ledger.Begin()
				s.count(tx, benchReadings(partitions, rows))
				b.StopTimer()
				require.NoError(b, tx.Commit(b.Context()))
				b.StartTimer()
			}
			perSeries(b, n)
		})
	}
}

func BenchmarkCommit(b *testing.B) {
	for _, n := range sizes() {
		b.Run(fmt.Sprintf("series=%d", n), func(b *testing.B) {
			s, partitions := benchScraper(b)
			rows := benchRows(n / benchZones)
			b.ReportAllocs()
			for b.Loop() {
				b.StopTimer()
				tx := s.ledger.Begin()
				s.count(tx, benchReadings(partitions, rows))
				b.StartTimer()
				require.NoError(b, tx.Commit(b.Context()))
			}
			perSeries(b, n)
			b.ReportMetric(float64(s.ledger.Stats().EncodedBytes)/float64(n), "encoded-bytes/series")
		})
	}
}

func BenchmarkEmit(b *testing.B) {
	for _, n := range sizes() {
		b.Run(fmt.Sprintf("series=%d", n), func(b *testing.B) {
			s, partitions := benchScraper(b)
			tx := s.ledger.Begin()
			s.count(tx, benchReadings(partitions, benchRows(n/benchZones)))
			require.NoError(b, tx.Commit(b.Context()))
			b.ReportAllocs()
			for b.Loop() {
				md := s.emit(time.Now())
				if md.DataPointCount() < n {
					b.Fatalf("emitted %d points", md.DataPointCount())
				}
			}
			perSeries(b, n)
		})
	}
}

// BenchmarkMillion is a scrape of 1,000,000 known series, all of which change, without decoding Cloudflare's JSON.
func BenchmarkMillion(b *testing.B) {
	const n = 1_000_000
	s, partitions := benchScraper(b)
	var points []dataset.Point
	_, err := partitions[0].selection.Read(benchRows(n/benchZones), dataset.Counter, partitions[0].selection.want,
		func(p dataset.Point) { points = append(points, p) })
	require.NoError(b, err)
	scrape := func() {
		tx := s.ledger.Begin()
		for _, p := range partitions {
			for _, pt := range points {
				tx.Add(p.id, 0, pt.Attributes, p.cursor.Watermark, ledger.IntValue(pt.Int))
			}
		}
		require.NoError(b, tx.Commit(b.Context()))
		if md := s.emit(time.Now()); md.DataPointCount() < n {
			b.Fatalf("emitted %d points", md.DataPointCount())
		}
	}
	scrape()
	b.ReportAllocs()
	for b.Loop() {
		scrape()
	}
	perSeries(b, n)
}

// BenchmarkHeld measures what a series keeps in memory between scrapes.
func BenchmarkHeld(b *testing.B) {
	for _, n := range sizes() {
		b.Run(fmt.Sprintf("series=%d", n), func(b *testing.B) {
			for b.Loop() {
				rows := benchRows(n / benchZones)
				s, partitions := benchScraper(b)
				before := heap()
				tx := s.ledger.Begin()
				s.count(tx, benchReadings(partitions, rows))
				require.NoError(b, tx.Commit(b.Context()))
				b.ReportMetric(float64(heap()-before)/float64(n), "held-bytes/series")
				runtime.KeepAlive(s)
			}
		})
	}
}

func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

func perSeries(b *testing.B, n int) {
	b.Helper()
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/series")
}
