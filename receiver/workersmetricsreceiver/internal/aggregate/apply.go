// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package aggregate

import (
	"math"
	"time"

	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/internal/ledger"
	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/receiver/workersmetricsreceiver/internal/exact"
)

// adding is one series in the course of being added to.
type adding struct {
	*Store
	to  *stream
	now time.Time
}

// apply adds a planned contribution, in which nothing is wrong.
func (s *Store) apply(c *contribution, now time.Time) {
	m := c.stream.metric
	if !m.defined {
		s.tx.Define(m.id, now, partitionMetrics())
		m.defined = true
	}
	s.touch(c.stream, now)
	a := adding{Store: s, to: c.stream, now: now}
	switch m.kind {
	case counter, upDownCounter:
		a.sum(c)
	case gauge:
		a.gauge(c.number)
	case histogram:
		a.histogram(c)
	case exponentialHistogram:
		a.exponential(c)
	}
}

// touch notes that a series is alive. That is saved now and then only.
func (s *Store) touch(st *stream, now time.Time) {
	st.seen = now
	if unix := now.Unix(); unix-st.savedSeen >= s.seenStep() {
		st.savedSeen = unix
		s.tx.Set(st.metric.id, templates, []string{st.id, st.template}, now, uint64(unix))
	}
}

// seenStep is how many seconds pass before it is saved again that something is alive.
func (s *Store) seenStep() int64 {
	return max(int64(s.settings.SeriesTTL/(20*time.Second)), 1)
}

func (a *adding) pair(name string) []string {
	a.work.pair = [2]string{a.to.id, name}
	return a.work.pair[:]
}

func (a *adding) count(name string, n uint64) {
	if n > 0 {
		a.tx.Add(a.to.metric.id, counted, a.pair(name), a.now, ledger.IntValue(int64(n)))
	}
}

func (a *adding) set(name string, bits uint64) {
	a.tx.Set(a.to.metric.id, levels, a.pair(name), a.now, bits)
}

func (a *adding) level(name string) (uint64, bool) {
	v, ok := a.ledger.Get(a.to.metric.id, levels, a.pair(name))
	return v.Bits(), ok
}

// parts adds a number that has been taken apart.
func (a *adding) parts(parts []exact.Part) {
	for _, p := range parts {
		a.count(a.names.sum(p), p.Count)
	}
	a.work.parts = parts[:0]
}

func (a *adding) double(v float64) { a.parts(exact.Double(a.work.parts[:0], v)) }

func (a *adding) difference(v, last float64) { a.parts(exact.Difference(a.work.parts[:0], v, last)) }

func (a *adding) sum(c *contribution) {
	switch {
	case c.source != nil:
		c.source.tracker(c).number(a, c.number)
	case c.number.ValueType() == pmetric.NumberDataPointValueTypeInt:
		a.parts(exact.Int(a.work.parts[:0], c.number.IntValue()))
	default:
		a.double(c.number.DoubleValue())
	}
}

// gauge sets a value, unless there is one that was measured later. A clock that is ahead of ours counts as ours, so that
// it does not keep others out.
func (a *adding) gauge(dp pmetric.NumberDataPoint) {
	at := min(int64(dp.Timestamp()), a.now.UnixNano())
	if at <= 0 {
		at = a.now.UnixNano()
	}
	if last, ok := a.level(timeLevel); ok && int64(last) > at {
		return
	}
	a.set(timeLevel, uint64(at))
	a.set(valueLevel, math.Float64bits(doubleOf(dp)))
}

func doubleOf(dp pmetric.NumberDataPoint) float64 {
	if dp.ValueType() == pmetric.NumberDataPointValueTypeInt {
		return float64(dp.IntValue())
	}
	return dp.DoubleValue()
}

func (a *adding) histogram(c *contribution) {
	counts := bucketCounts(c.histogram)
	if c.source != nil {
		c.source.tracker(c).histogram(a, c.histogram, counts)
		return
	}
	a.buckets(counts)
	a.histogramSum(c.histogram.HasSum(), c.histogram.Sum())
}

// bucketCounts returns the counts of a histogram, which has one bucket when it names none.
func bucketCounts(dp pmetric.HistogramDataPoint) []uint64 {
	if dp.BucketCounts().Len() == 0 {
		return []uint64{dp.Count()}
	}
	return dp.BucketCounts().AsRaw()
}

func (a *adding) buckets(counts []uint64) {
	for i, n := range counts {
		a.count(a.names.bucket(i), n)
	}
}

// histogramSum adds a sum. A histogram to which something without a sum was added has none from then on.
func (a *adding) histogramSum(has bool, sum float64) {
	if has {
		a.double(sum)
	} else {
		a.count(sumlessPart, 1)
	}
}
