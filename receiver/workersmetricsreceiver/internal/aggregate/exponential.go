// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package aggregate

import (
	"maps"
	"math"
	"strings"

	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/internal/ledger"
)

// maxExponentialBuckets is the most buckets of one sign that an exponential histogram keeps apart, as in OpenTelemetry's
// SDKs. With more the scale is lowered, which merges neighbours.
const maxExponentialBuckets = 160

// span is a range of bucket indexes, both ends included.
type span struct {
	some        bool
	first, last int
}

func (sp span) with(index int) span {
	if !sp.some {
		return span{some: true, first: index, last: index}
	}
	return span{some: true, first: min(sp.first, index), last: max(sp.last, index)}
}

// lowered returns the range at a scale that is lower by steps. An index halves with each, rounding down.
func (sp span) lowered(steps int) span {
	return span{some: sp.some, first: sp.first >> steps, last: sp.last >> steps}
}

func (sp span) fits() bool { return !sp.some || sp.last-sp.first < maxExponentialBuckets }

// include makes room for buckets of that scale, which lowers our scale if need be.
func (e *exponential) include(scale int, positive, negative span) {
	if !e.known {
		e.known, e.scale = true, scale
	}
	common := min(e.scale, scale)
	ours, theirs := e.scale-common, scale-common
	p := e.positive.lowered(ours).union(positive.lowered(theirs))
	n := e.negative.lowered(ours).union(negative.lowered(theirs))
	for common > minScale && (!p.fits() || !n.fits()) {
		p, n = p.lowered(1), n.lowered(1)
		common--
	}
	e.scale, e.positive, e.negative = common, p, n
}

func (sp span) union(other span) span {
	if !other.some {
		return sp
	}
	return sp.with(other.first).with(other.last)
}

// exponents is an exponential histogram by bucket index.
type exponents struct {
	Scale              int
	Zero               uint64
	ZeroThreshold      float64
	Positive, Negative map[int]uint64
}

func exponentsOf(dp pmetric.ExponentialHistogramDataPoint) exponents {
	return exponents{
		Scale: int(dp.Scale()), Zero: dp.ZeroCount(), ZeroThreshold: dp.ZeroThreshold(),
		Positive: exponentialBuckets(dp.Positive()), Negative: exponentialBuckets(dp.Negative()),
	}
}

func exponentialBuckets(buckets pmetric.ExponentialHistogramDataPointBuckets) map[int]uint64 {
	counts := map[int]uint64{}
	for i, n := range buckets.BucketCounts().All() {
		if n > 0 {
			counts[int(buckets.Offset())+i] = n
		}
	}
	return counts
}

func (x exponents) lowered(scale int) exponents {
	if scale >= x.Scale {
		return x
	}
	steps := x.Scale - scale
	x.Positive, x.Negative, x.Scale = lower(x.Positive, steps), lower(x.Negative, steps), scale
	return x
}

// widened returns what x is when its zero bucket is that wide: the buckets inside of that are part of it.
func (x exponents) widened(threshold float64) exponents {
	if threshold <= x.ZeroThreshold {
		return x
	}
	x.ZeroThreshold = threshold
	x.Positive, x.Negative = maps.Clone(x.Positive), maps.Clone(x.Negative)
	for _, counts := range []map[int]uint64{x.Positive, x.Negative} {
		for index, n := range counts {
			if isZero(x.Scale, index, threshold) {
				x.Zero += n
				delete(counts, index)
			}
		}
	}
	return x
}

// isZero reports whether a bucket ends inside of a zero bucket of that width. Where it ends is rounded.
func isZero(scale, index int, threshold float64) bool {
	return math.Exp2(math.Ldexp(float64(index+1), -scale)) <= threshold*(1+1e-12)
}

func lower(counts map[int]uint64, steps int) map[int]uint64 {
	merged := make(map[int]uint64, len(counts))
	for index, n := range counts {
		merged[index>>steps] += n
	}
	return merged
}

func spanOf(counts map[int]uint64) span {
	var sp span
	for index := range counts {
		sp = sp.with(index)
	}
	return sp
}

func (a *adding) exponential(c *contribution) {
	x := exponentsOf(c.exponential)
	if c.source != nil {
		c.source.tracker(c).exponential(a, c.exponential, x)
		return
	}
	a.exponents(x)
	a.histogramSum(c.exponential.HasSum(), c.exponential.Sum())
}

// exponents counts buckets at the scale that the series has by then. What was counted at higher scales stays where it is,
// and is merged when it is read.
func (a *adding) exponents(x exponents) {
	st := a.to
	st.include(x.Scale, spanOf(x.Positive), spanOf(x.Negative))
	x = x.lowered(st.scale)
	for index, n := range x.Positive {
		a.count(exponentialName(positivePart, x.Scale, index), n)
	}
	for index, n := range x.Negative {
		a.count(exponentialName(negativePart, x.Scale, index), n)
	}
	a.count(zeroPart, x.Zero)
	if last, _ := a.level(zeroThreshold); x.ZeroThreshold > math.Float64frombits(last) {
		a.set(zeroThreshold, math.Float64bits(x.ZeroThreshold))
	}
}

// loadRanges finds the scales and ranges of the saved series of a metric.
func (s *Store) loadRanges(id ledger.ID, byID map[string]*stream) {
	for series := range s.ledger.Held(id) {
		if series.Metric() != counted {
			continue
		}
		values := series.AppendValues(nil)
		st := byID[values[0]]
		if st == nil {
			continue
		}
		switch scale, index := exponentialNumbers(values[1]); {
		case strings.HasPrefix(values[1], string(positivePart)):
			st.include(scale, span{}.with(index), span{})
		case strings.HasPrefix(values[1], string(negativePart)):
			st.include(scale, span{}, span{}.with(index))
		}
	}
}
