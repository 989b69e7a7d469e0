// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package aggregate

import (
	"encoding/hex"
	"encoding/json"
	"maps"
	"math"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.uber.org/zap"

	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/internal/ledger"
	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/receiver/workersmetricsreceiver/internal/exact"
)

// Each source of cumulative points is a partition of the ledger without metrics. Its cursor is the source as JSON.
const sourceFamily = "source"

// source remembers the points that one instance pushed last, so that only what they have risen by is counted.
type source struct {
	Seen     int64               `json:"seen"` // Unix time in seconds
	Trackers map[string]*tracker `json:"trackers"`

	key     string
	changed bool
}

// tracker remembers one point. It is found by the metric and all its attributes, whether they are allowed or not:
// several points of a source may go to one series.
type tracker struct {
	Start pcommon.Timestamp `json:"start,omitempty"`
	Time  pcommon.Timestamp `json:"time,omitempty"`
	Seen  int64             `json:"seen"` // Unix time in seconds

	Int       int64      `json:"int,omitempty"`
	IsInt     bool       `json:"is_int,omitempty"`
	Double    float64    `json:"double,omitempty"` // the sum of a histogram
	HasSum    bool       `json:"has_sum,omitempty"`
	Counts    []uint64   `json:"counts,omitempty"`
	Exponents *exponents `json:"exponents,omitempty"`
}

func sourceID(key string) ledger.ID {
	return ledger.ID{Family: sourceFamily, Scope: hex.EncodeToString([]byte(key))}
}

func (s *Store) loadSource(id ledger.ID) {
	cursor, _ := s.ledger.Cursor(id)
	src := &source{}
	key, err := hex.DecodeString(id.Scope)
	if err == nil {
		err = json.Unmarshal(cursor, src)
	}
	if err != nil {
		s.logger.Error("What a source of cumulative points pushed last cannot be read: its next points count in full", zap.Error(err))
		return
	}
	maps.DeleteFunc(src.Trackers, func(_ string, t *tracker) bool { return t == nil })
	if src.Trackers == nil {
		src.Trackers = map[string]*tracker{}
	}
	src.key = string(key)
	s.sources[src.key] = src
}

// planSource returns the source of the resource at hand, which is made if there is none.
func (s *Store) planSource() (*source, *Refusal) {
	src := s.sources[s.work.origin.key]
	if src == nil {
		if len(s.sources) >= s.settings.SeriesLimit {
			return nil, refuse(Full, "there are %d sources of cumulative points, which is the limit (series_limit)", len(s.sources))
		}
		src = &source{key: s.work.origin.key, Trackers: map[string]*tracker{}}
		s.sources[src.key] = src
	}
	if !src.changed {
		src.changed = true
		s.work.sources = append(s.work.sources, src)
	}
	return src, nil
}

// saveSources saves the sources that have pushed.
func (s *Store) saveSources(now time.Time) {
	for _, src := range s.work.sources {
		src.changed = false
		if len(src.Trackers) == 0 {
			delete(s.sources, src.key)
			continue
		}
		src.Seen = now.Unix()
		cursor, err := json.Marshal(src)
		if err != nil { // a tracker has only numbers that can be written
			s.logger.DPanic("A source of cumulative points cannot be saved", zap.Error(err))
			continue
		}
		s.tx.Define(sourceID(src.key), now, nil)
		s.tx.SetCursor(sourceID(src.key), cursor)
	}
}

// tracker returns what is remembered of the point of a contribution.
func (src *source) tracker(c *contribution) *tracker {
	t := src.Trackers[c.tracker]
	if t == nil {
		t = &tracker{}
		src.Trackers[c.tracker] = t
	}
	return t
}

// progress says how a point relates to the one before.
type progress uint8

const (
	first   progress = iota // there is none, or the source began anew
	further                 // it goes on
	stale                   // it was overtaken
)

// advance takes the times of a point over. Of times that are not known nothing follows.
func (t *tracker) advance(a *adding, start, at pcommon.Timestamp) progress {
	p := further
	switch known := t.Seen != 0; {
	case known && start != 0 && start < t.Start, known && start <= t.Start && at != 0 && at < t.Time:
		return stale
	case !known, start != 0 && t.Start != 0 && start > t.Start:
		p = first
	}
	t.Start, t.Time, t.Seen = max(start, t.Start), max(at, t.Time), a.now.Unix()
	if p == first {
		t.Start, t.Time = start, at
	}
	return p
}

func (t *tracker) number(a *adding, dp pmetric.NumberDataPoint) {
	last := *t
	p := t.advance(a, dp.StartTimestamp(), dp.Timestamp())
	if p == stale {
		return
	}
	t.IsInt = dp.ValueType() == pmetric.NumberDataPointValueTypeInt
	t.Int, t.Double = 0, 0
	if t.IsInt {
		t.Int = dp.IntValue()
	} else {
		t.Double = dp.DoubleValue()
	}
	// A counter that is lower than it was began anew. What goes up and down counts with what it is now.
	if a.to.metric.kind == counter && (p == first || t.value() < last.value()) {
		last = tracker{IsInt: t.IsInt}
	}
	if rise := t.Int - last.Int; t.IsInt && last.IsInt && (rise > 0) == (t.Int > last.Int) { // it did not wrap around
		a.parts(exact.Int(a.work.parts[:0], rise))
		return
	}
	a.difference(t.value(), last.value())
}

// value returns the number as a double.
func (t *tracker) value() float64 {
	if t.IsInt {
		return float64(t.Int)
	}
	return t.Double
}

func (t *tracker) histogram(a *adding, dp pmetric.HistogramDataPoint, counts []uint64) {
	last := *t
	p := t.advance(a, dp.StartTimestamp(), dp.Timestamp())
	if p == stale {
		return
	}
	t.Counts, t.Double, t.HasSum = counts, dp.Sum(), dp.HasSum()
	if p == first || len(last.Counts) != len(counts) || anyLower(counts, last.Counts) {
		a.buckets(counts)
		a.histogramSum(dp.HasSum(), dp.Sum())
		return
	}
	for i, n := range counts {
		a.count(a.names.bucket(i), n-last.Counts[i])
	}
	a.sumDifference(t, &last)
}

func (a *adding) sumDifference(t, last *tracker) {
	if t.HasSum && last.HasSum {
		a.difference(t.Double, last.Double)
	} else {
		a.histogramSum(t.HasSum, t.Double)
	}
}

func anyLower(counts, last []uint64) bool {
	for i, n := range counts {
		if n < last[i] {
			return true
		}
	}
	return false
}

func (t *tracker) exponential(a *adding, dp pmetric.ExponentialHistogramDataPoint, x exponents) {
	last := *t
	p := t.advance(a, dp.StartTimestamp(), dp.Timestamp())
	if p == stale {
		return
	}
	t.Exponents, t.Double, t.HasSum = &x, dp.Sum(), dp.HasSum()
	rise, ok := exponents{}, false
	if p == further && last.Exponents != nil {
		rise, ok = x.since(*last.Exponents)
	}
	if !ok {
		a.exponents(x)
		a.histogramSum(dp.HasSum(), dp.Sum())
		return
	}
	a.exponents(rise)
	a.sumDifference(t, &last)
}

// since returns what x has more than last, and false if it has less of anything. In between buckets may have been merged:
// with their neighbours, or with the zero bucket.
func (x exponents) since(last exponents) (exponents, bool) {
	last = last.widened(x.ZeroThreshold)
	scale := min(x.Scale, last.Scale)
	x, last = x.lowered(scale), last.lowered(scale)
	positive, ok1 := rise(x.Positive, last.Positive)
	negative, ok2 := rise(x.Negative, last.Negative)
	ok := ok1 && ok2 && x.Zero >= last.Zero && !math.Signbit(x.ZeroThreshold-last.ZeroThreshold)
	return exponents{
		Scale: scale, Zero: x.Zero - last.Zero, ZeroThreshold: x.ZeroThreshold, Positive: positive, Negative: negative,
	}, ok
}

func rise(counts, last map[int]uint64) (map[int]uint64, bool) {
	risen := map[int]uint64{}
	for index, n := range last {
		if counts[index] < n {
			return nil, false
		}
	}
	for index, n := range counts {
		if n > last[index] {
			risen[index] = n - last[index]
		}
	}
	return risen, true
}
