// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"runtime"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/extension/xextension/storage"
)

// The label sets of the benchmarks look like those of firewall events: five attributes, among them a rule ID of 32 hex
// digits that many series share, a host and a country.

const benchMetric = 1

var benchID = ID{Family: "firewallEventsAdaptiveGroups", Scope: "023e105f4ecef8ad9ca31a8372d0c353"}

func benchMetrics() []Metric {
	return []Metric{
		{Name: "cloudflare.zone.firewall.events"},
		{Name: "cloudflare.zone.firewall.events.by_rule", Attributes: []string{"action", "source", "rule", "host", "country"}},
	}
}

func benchLabels(n int) [][]string {
	random := rand.New(rand.NewPCG(1, 2))
	rules := make([]string, 50)
	for i := range rules {
		rules[i] = hex.EncodeToString(fmt.Appendf(nil, "%016x", random.Uint64()))[:32]
	}
	actions := []string{"block", "managed_challenge", "log", "skip"}
	sources := []string{"firewallManaged", "firewallCustom", "ratelimit", "bic"}
	labels := make([][]string, n)
	for i := range labels {
		rule := random.IntN(len(rules))
		labels[i] = []string{
			actions[rule%4], sources[rule/4%4], rules[rule],
			fmt.Sprintf("host-%d.example.com", i/1000),
			fmt.Sprintf("%c%c", 'A'+i%20, 'A'+i/20%20) + strconv.Itoa(i/400%3),
		}
	}
	return labels
}

func benchAdd(tx *Tx, labels [][]string, start time.Time) {
	for i, values := range labels {
		tx.Add(benchID, benchMetric, values, start, IntValue(int64(1+i%1000)))
	}
}

// fill adds n series in windows of a minute, all of them shown.
func fill(tb testing.TB, l *Ledger, n int) [][]string {
	tb.Helper()
	labels := benchLabels(n)
	commit(tb, l, func(tx *Tx) {
		tx.Define(benchID, t0, benchMetrics())
		for i, values := range labels {
			start := t0.Add(time.Duration(i/100) * time.Minute)
			tx.Add(benchID, benchMetric, values, start, IntValue(int64(1+i*i%100_000)))
		}
	})
	show(tb, l)
	require.Equal(tb, n+1, l.Stats().Series)
	return labels
}

// sizes runs a benchmark at several numbers of series.
func sizes(b *testing.B, run func(b *testing.B, series int)) {
	b.Helper()
	for _, series := range []int{1_000, 10_000, 100_000, 1_000_000} {
		b.Run(fmt.Sprintf("series=%d", series), func(b *testing.B) {
			b.ReportAllocs()
			run(b, series)
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(series), "ns/series")
		})
	}
}

// discard is a storage that keeps nothing, to measure what is ours.
func discard() storage.Client { return storage.NewNopClient() }

func heap() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// BenchmarkFold adds one increment to every series; bytes/series is what a series takes in memory.
func BenchmarkFold(b *testing.B) {
	sizes(b, func(b *testing.B, series int) {
		b.Helper()
		labels := benchLabels(series)
		before := heap()
		l := open(b, discard())
		commit(b, l, func(tx *Tx) {
			tx.Define(benchID, t0, benchMetrics())
			benchAdd(tx, labels, t0)
		})
		show(b, l)
		held := heap() - before
		b.ResetTimer()
		for b.Loop() {
			tx := l.Begin()
			benchAdd(tx, labels, t1)
			b.StopTimer()
			tx.Rollback()
			b.StartTimer()
		}
		b.ReportMetric(float64(held)/float64(series), "bytes/series")
	})
}

// BenchmarkFoldBeyondLimit adds one increment to each label set when the metric has room for a tenth of them.
func BenchmarkFoldBeyondLimit(b *testing.B) {
	sizes(b, func(b *testing.B, series int) {
		b.Helper()
		labels := benchLabels(series)
		l := open(b, discard())
		commit(b, l, func(tx *Tx) {
			tx.Define(benchID, t0, withLimit(benchMetrics(), series/10))
			benchAdd(tx, labels, t0)
		})
		require.Equal(b, 1+series/10+1, l.Stats().Series)
		for b.Loop() {
			tx := l.Begin()
			benchAdd(tx, labels, t1)
			b.StopTimer()
			tx.Rollback()
			b.StartTimer()
		}
	})
}

// BenchmarkStats asks for what a receiver shows on every tick.
func BenchmarkStats(b *testing.B) {
	sizes(b, func(b *testing.B, series int) {
		b.Helper()
		l := open(b, discard())
		fill(b, l, series)
		total := 0
		for b.Loop() {
			total += l.Stats().Overflow
		}
		require.Zero(b, total)
	})
}

// BenchmarkCommit saves after every series has changed; bytes/series is what a series takes in the storage.
func BenchmarkCommit(b *testing.B) {
	sizes(b, func(b *testing.B, series int) {
		b.Helper()
		l := open(b, discard())
		labels := fill(b, l, series)
		for b.Loop() {
			b.StopTimer()
			tx := l.Begin()
			benchAdd(tx, labels, t1)
			b.StartTimer()
			require.NoError(b, tx.Commit(b.Context()))
		}
		b.ReportMetric(float64(l.Stats().EncodedBytes)/float64(series), "bytes/series")
	})
}

// BenchmarkCommitOne saves after one of the series has changed.
func BenchmarkCommitOne(b *testing.B) {
	sizes(b, func(b *testing.B, series int) {
		b.Helper()
		l := open(b, discard())
		labels := fill(b, l, series)
		for b.Loop() {
			tx := l.Begin()
			benchAdd(tx, labels[series/2:series/2+1], t1)
			require.NoError(b, tx.Commit(b.Context()))
		}
	})
}

// BenchmarkLoad opens a ledger; bytes/series is what a series takes in memory then.
func BenchmarkLoad(b *testing.B) {
	sizes(b, func(b *testing.B, series int) {
		b.Helper()
		disk := newFakeStorage()
		fill(b, open(b, disk), series)
		before := heap()
		l := open(b, disk)
		held := heap() - before
		runtime.KeepAlive(l)
		b.ResetTimer()
		for b.Loop() {
			open(b, disk)
		}
		b.ReportMetric(float64(held)/float64(series), "bytes/series")
	})
}

// BenchmarkSeries reads every series as emitting does.
func BenchmarkSeries(b *testing.B) {
	sizes(b, func(b *testing.B, series int) {
		b.Helper()
		l := open(b, discard())
		fill(b, l, series)
		buf := make([]string, 0, 5)
		sum := int64(0)
		for b.Loop() {
			for s := range l.Series(benchID) {
				buf = s.AppendValues(buf[:0])
				sum += s.Value().Int() + int64(len(buf)) + int64(s.Start().Second())
			}
		}
		require.Positive(b, sum)
	})
}

// BenchmarkDefine defines what is defined already.
func BenchmarkDefine(b *testing.B) {
	l := open(b, discard())
	metrics := make([]Metric, 30)
	for i := range metrics {
		metrics[i] = Metric{Name: fmt.Sprintf("cloudflare.zone.metric.%d", i), Attributes: []string{"host", "country"}}
	}
	commit(b, l, func(tx *Tx) { tx.Define(benchID, t0, metrics) })
	b.ReportAllocs()
	for b.Loop() {
		tx := l.Begin()
		tx.Define(benchID, t0, metrics)
		require.NoError(b, tx.Commit(b.Context()))
	}
}
