// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package aggregate

import (
	"encoding/hex"
	"math"
	"slices"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
)

const (
	maxBuckets       = 2048
	maxTemplateBytes = 1 << 15 // the ledger takes twice that

	// The scales of OTLP's data model.
	minScale = -10
	maxScale = 20
)

// planNumber plans a point of a sum or a gauge. A point that is flagged as having no value leaves the contribution empty.
func (s *Store) planNumber(n *newcomer, dp pmetric.NumberDataPoint) (contribution, *Refusal) {
	if dp.Flags().NoRecordedValue() {
		return contribution{}, nil
	}
	switch dp.ValueType() {
	case pmetric.NumberDataPointValueTypeDouble:
		if v := dp.DoubleValue(); n.kind != gauge && (math.IsNaN(v) || math.IsInf(v, 0)) {
			return contribution{}, refuse(Invalid, "%v cannot be added up", v)
		}
		if n.kind == counter && dp.DoubleValue() < 0 {
			return contribution{}, refuse(Invalid, "%v would make a counter go down", dp.DoubleValue())
		}
	case pmetric.NumberDataPointValueTypeInt:
		if n.kind == counter && dp.IntValue() < 0 {
			return contribution{}, refuse(Invalid, "%d would make a counter go down", dp.IntValue())
		}
	case pmetric.NumberDataPointValueTypeEmpty:
		return contribution{}, refuse(Invalid, "a point has no value")
	}
	c, refusal := s.planPoint(n, dp.Attributes(), nil)
	c.number = dp
	return c, refusal
}

func (s *Store) planHistogram(n *newcomer, dp pmetric.HistogramDataPoint) (contribution, *Refusal) {
	if dp.Flags().NoRecordedValue() {
		return contribution{}, nil
	}
	bounds := dp.ExplicitBounds().AsRaw()
	if refusal := checkHistogram(dp, bounds); refusal != nil {
		return contribution{}, refusal
	}
	c, refusal := s.planPoint(n, dp.Attributes(), bounds)
	c.histogram = dp
	return c, refusal
}

func checkHistogram(dp pmetric.HistogramDataPoint, bounds []float64) *Refusal {
	counts := dp.BucketCounts()
	if len(bounds) >= maxBuckets {
		return refuse(Invalid, "%d bounds are too many; %d are the most", len(bounds), maxBuckets-1)
	}
	for i, b := range bounds {
		if math.IsNaN(b) || math.IsInf(b, 0) || i > 0 && b <= bounds[i-1] {
			return refuse(Invalid, "bounds %v do not ascend", bounds)
		}
	}
	if dp.Count() > math.MaxInt64 {
		return refuse(Invalid, "the count %d is too large", dp.Count())
	}
	if counts.Len() == 0 && len(bounds) == 0 {
		return checkSum(dp.HasSum(), dp.Sum())
	}
	if counts.Len() != len(bounds)+1 {
		return refuse(Invalid, "%d bounds and %d bucket counts do not go together", len(bounds), counts.Len())
	}
	if total, ok := addUp(counts); !ok || total != dp.Count() {
		return refuse(Invalid, "the count %d is not the sum of the bucket counts", dp.Count())
	}
	return checkSum(dp.HasSum(), dp.Sum())
}

func checkSum(has bool, sum float64) *Refusal {
	if has && (math.IsNaN(sum) || math.IsInf(sum, 0)) {
		return refuse(Invalid, "the sum %v cannot be added up", sum)
	}
	return nil
}

// addUp reports false if the sum does not fit.
func addUp(counts pcommon.UInt64Slice) (uint64, bool) {
	total := uint64(0)
	for _, count := range counts.All() {
		if count > math.MaxInt64-total {
			return 0, false
		}
		total += count
	}
	return total, true
}

func (s *Store) planExponential(n *newcomer, dp pmetric.ExponentialHistogramDataPoint) (contribution, *Refusal) {
	if dp.Flags().NoRecordedValue() {
		return contribution{}, nil
	}
	if refusal := checkExponential(dp); refusal != nil {
		return contribution{}, refusal
	}
	c, refusal := s.planPoint(n, dp.Attributes(), nil)
	c.exponential = dp
	return c, refusal
}

func checkExponential(dp pmetric.ExponentialHistogramDataPoint) *Refusal {
	if dp.Scale() < minScale || dp.Scale() > maxScale {
		return refuse(Invalid, "scale %d is not between %d and %d", dp.Scale(), minScale, maxScale)
	}
	if w := dp.ZeroThreshold(); !(w >= 0) || math.IsInf(w, 0) {
		return refuse(Invalid, "the zero threshold %v is not a width", w)
	}
	for _, buckets := range []pmetric.ExponentialHistogramDataPointBuckets{dp.Positive(), dp.Negative()} {
		first, last := int(buckets.Offset()), int(buckets.Offset())+buckets.BucketCounts().Len()-1
		if !isIndex(first, int(dp.Scale())) || !isIndex(last, int(dp.Scale())) {
			return refuse(Invalid, "buckets %d to %d at scale %d hold no doubles", first, last, dp.Scale())
		}
	}
	positive, ok1 := addUp(dp.Positive().BucketCounts())
	negative, ok2 := addUp(dp.Negative().BucketCounts())
	if !ok1 || !ok2 || dp.ZeroCount() > math.MaxInt64 || positive+negative+dp.ZeroCount() != dp.Count() || dp.Count() > math.MaxInt64 {
		return refuse(Invalid, "the count %d is not the sum of the bucket counts", dp.Count())
	}
	return checkSum(dp.HasSum(), dp.Sum())
}

// isIndex reports whether a bucket can hold a double, the exponents of which go from -1074 to 1024.
func isIndex(index, scale int) bool {
	if scale < 0 {
		index <<= -scale
		scale = 0
	}
	return index >= -1100<<scale && index <= 1100<<scale
}

// planPoint finds the series of a point, and the source if it is cumulative.
func (s *Store) planPoint(n *newcomer, attributes pcommon.Map, bounds []float64) (contribution, *Refusal) {
	var c contribution
	w := &s.work
	var refusal *Refusal
	if w.all, refusal = w.all[:0].addAll(attributes); refusal != nil {
		return c, refusal
	}
	w.who.attributes = w.who.attributes[:0]
	for _, l := range w.all {
		if s.isAllowed(l.name) {
			w.who.attributes = append(w.who.attributes, l)
		}
	}
	if n.cumulative && n.kind != gauge {
		if c.source, refusal = s.planSource(); refusal != nil {
			return c, refusal
		}
		w.key = w.all.appendKey(append(append(w.key[:0], n.name...), 0))
		c.tracker = hex.EncodeToString([]byte(digest(w.key)))
		if trackers := c.source.Trackers; trackers[c.tracker] == nil && len(trackers) >= s.settings.SeriesLimit {
			return c, refuse(Full, "its source has %d cumulative points, which is the limit (series_limit)", len(trackers))
		}
	}
	c.stream, refusal = s.planStream(n, bounds)
	return c, refusal
}

// planStream returns the series with the identity of the point, which is made if there is none.
func (s *Store) planStream(n *newcomer, bounds []float64) (*stream, *Refusal) {
	if st, ok := s.find(n.known); ok {
		return st.check(bounds)
	}
	if n.known == nil {
		if len(s.metrics) >= s.settings.MetricLimit {
			return nil, refuse(Full, "there are %d metrics, which is the limit (metrics_limit)", len(s.metrics))
		}
		return s.newStream(n, bounds, false)
	}
	if s.foldValues(n.known) {
		if st, ok := s.find(n.known); ok {
			return st.check(bounds)
		}
	}
	if len(n.known.streams)-n.known.overflows >= s.settings.SeriesLimit {
		s.overflow(n.known)
		if st, ok := s.find(n.known); ok {
			return st.check(bounds)
		}
		return s.newStream(n, bounds, true)
	}
	return s.newStream(n, bounds, false)
}

func (s *Store) find(m *metric) (*stream, bool) {
	if m == nil {
		return nil, false
	}
	w := &s.work
	w.key, _ = w.who.appendKey(w.key[:0])
	st, ok := m.streams[string(w.key)]
	return st, ok
}

func (st *stream) check(bounds []float64) (*stream, *Refusal) {
	if st.metric.kind == histogram && !slices.Equal(st.bounds, bounds) {
		return nil, refuse(Conflict, "the series has the bounds %v here, and %v were pushed", st.bounds, bounds)
	}
	return st, nil
}

// foldValues replaces new values of attributes that have as many as they may.
func (s *Store) foldValues(m *metric) bool {
	folded := false
	for i := range s.work.who.attributes {
		l := &s.work.who.attributes[i]
		if values := m.values[l.name]; len(values) >= s.settings.ValueLimit && values[l.value] == 0 {
			l.value, l.raw = OtherValue, pcommon.NewValueStr(OtherValue)
			folded = true
		}
	}
	return folded
}

// overflow makes the identity that of the series that takes what is beyond the limit. There is one for each resource that
// the metric has a series of, and one for all others.
func (s *Store) overflow(m *metric) {
	who := &s.work.who
	if resource := who.resource.appendKey(nil); m.resources[string(resource)] == 0 {
		who.resource = who.resource[:0]
	}
	who.attributes = append(who.attributes[:0], label{name: overflowAttribute, value: "true", raw: pcommon.NewValueBool(true)})
}

func (s *Store) newStream(n *newcomer, bounds []float64, overflow bool) (*stream, *Refusal) {
	m := n.known
	if m == nil {
		m = newMetric(n.name)
		m.kind, m.unit, m.description = n.kind, n.unit, cut(n.what)
	}
	who := s.work.who
	st := &stream{metric: m, bounds: bounds, group: n.push.Group, overflow: overflow}
	st.point = newTemplate(st, who)
	template, err := encodeTemplate(st.point)
	if err != nil || len(template) > maxTemplateBytes {
		return nil, refuse(Invalid, "the attributes and bounds of a point take %d bytes; %d are the most", len(template), maxTemplateBytes)
	}
	st.template = template
	st.key, st.resource = who.key()
	st.id = m.newID()
	m.insert(st)
	s.metrics[m.name] = m
	n.known = m
	s.work.streams = append(s.work.streams, st)
	return st, nil
}

// cut bounds a description.
func cut(text string) string {
	return clean(pcommon.NewValueStr(text))
}
