// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package aggregate

import (
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/receiver/workersmetricsreceiver/internal/exact"
)

// Push is one contribution.
type Push struct {
	Metrics pmetric.Metrics
	// Partial lets points be refused one by one. Otherwise one that is refused has the whole push refused.
	Partial bool
	// Group names the group that new series belong to, see [Store.DeleteGroup]; "" is none.
	Group string
	// ReplaceGauges ends the gauges of the group that the push does not set.
	ReplaceGauges bool
}

// Outcome says what became of a push.
type Outcome struct {
	Points  int    // added
	Refused int    // points, in a partial push
	Message string // why the first of them was refused
}

// refuse notes points that are refused in a partial push. For any other it returns the refusal.
func (o *Outcome) refuse(push *Push, points int, r *Refusal) *Refusal {
	if !push.Partial {
		return r
	}
	o.Refused += points
	if o.Message == "" {
		o.Message = r.Message
	}
	return nil
}

// contribution is a point that will be added to a series. Of the points one is set, according to the kind of the metric.
type contribution struct {
	stream      *stream
	source      *source // nil: the point is an increment
	tracker     string  // of the source
	number      pmetric.NumberDataPoint
	histogram   pmetric.HistogramDataPoint
	exponential pmetric.ExponentialHistogramDataPoint
}

// workspace is memory that is used again from push to push, and what the push at hand has made so far.
type workspace struct {
	all    labels   // of the point, also those that are not allowed
	who    identity // of the point
	origin origin
	key    []byte
	parts  []exact.Part
	pair   [2]string

	planned []contribution
	streams []*stream // new ones
	sources []*source // new ones and those to be saved
}

// origin is where the points of a resource come from.
type origin struct {
	named bool // it has an instance id
	key   string
}

// Push adds a contribution, or returns a [Refusal] and changes nothing.
func (s *Store) Push(push Push) (Outcome, error) {
	s.clearWork()
	outcome, refusal := s.plan(&push)
	if refusal != nil {
		s.abandon()
		return Outcome{}, refusal
	}
	s.begin()
	now := s.now()
	for i := range s.work.planned {
		s.apply(&s.work.planned[i], now)
	}
	s.saveSources(now)
	if push.ReplaceGauges {
		s.endOtherGauges(push.Group)
	}
	outcome.Points = len(s.work.planned)
	return outcome, nil
}

func (s *Store) clearWork() {
	w := &s.work
	clear(w.planned)
	clear(w.streams)
	clear(w.sources)
	w.planned, w.streams, w.sources = w.planned[:0], w.streams[:0], w.sources[:0]
}

// abandon takes out what was made for a push that is refused.
func (s *Store) abandon() {
	for _, st := range s.work.streams {
		s.forget(st)
	}
	for _, src := range s.work.sources {
		src.changed = false
		if len(src.Trackers) == 0 {
			delete(s.sources, src.key)
		}
	}
}

// forget takes a series out of the view, and its metric with the last one.
func (s *Store) forget(st *stream) {
	st.metric.remove(st)
	if len(st.metric.streams) == 0 {
		delete(s.metrics, st.metric.name)
	}
}

// plan finds the series of all points, makes those that are new, and checks everything that can be wrong.
func (s *Store) plan(push *Push) (Outcome, *Refusal) {
	var outcome Outcome
	for _, rm := range push.Metrics.ResourceMetrics().All() {
		s.enterResource(rm.Resource().Attributes())
		for _, sm := range rm.ScopeMetrics().All() {
			for _, m := range sm.Metrics().All() {
				if refusal := s.planMetric(push, m, &outcome); refusal != nil {
					return outcome, refusal
				}
			}
		}
	}
	return outcome, nil
}

func (s *Store) enterResource(attributes pcommon.Map) {
	w := &s.work
	w.who.resource = w.who.resource[:0]
	for _, name := range s.settings.ResourceAttributes { // which are sorted
		value, ok := attributes.Get(name)
		if !ok {
			continue
		}
		if text := clean(value); text != "" {
			w.who.resource = append(w.who.resource, label{name: name, value: text, raw: value})
		}
	}
	w.origin = origin{}
	if instance, ok := attributes.Get(instanceAttribute); ok && instance.AsString() != "" {
		w.key = append(w.who.resource.appendKey(w.key[:0]), instance.AsString()...)
		w.origin = origin{named: true, key: digest(w.key)}
	}
}

// newcomer describes the metric of a point as it was pushed, and what the store has of that name.
type newcomer struct {
	push       *Push
	name       string
	kind       kind
	unit       string
	what       string // description
	cumulative bool
	known      *metric // nil: it is new
}

func (s *Store) planMetric(push *Push, m pmetric.Metric, outcome *Outcome) *Refusal {
	n, refusal := s.enterMetric(push, m)
	if refusal != nil {
		return outcome.refuse(push, dataPoints(m), refusal)
	}
	for i := range dataPoints(m) {
		var c contribution
		switch n.kind {
		case counter, upDownCounter:
			c, refusal = s.planNumber(n, m.Sum().DataPoints().At(i))
		case gauge:
			c, refusal = s.planNumber(n, m.Gauge().DataPoints().At(i))
		case histogram:
			c, refusal = s.planHistogram(n, m.Histogram().DataPoints().At(i))
		case exponentialHistogram:
			c, refusal = s.planExponential(n, m.ExponentialHistogram().DataPoints().At(i))
		}
		if refusal != nil {
			refusal.Message = "metric " + n.name + ": " + refusal.Message
			if refusal := outcome.refuse(push, 1, refusal); refusal != nil {
				return refusal
			}
			continue
		}
		if c.stream != nil {
			s.work.planned = append(s.work.planned, c)
		}
	}
	return nil
}

func (s *Store) enterMetric(push *Push, m pmetric.Metric) (*newcomer, *Refusal) {
	if !ValidName(m.Name()) {
		return nil, refuse(Invalid, "metric name %.60q is not valid: it begins with a letter or one _, and letters, digits and _ : . - / follow, "+
			"%d at most", m.Name(), maxNameBytes)
	}
	k, ok := kindOf(m)
	if !ok {
		return nil, refuse(Invalid, "metric %s is a summary or has no points: quantiles cannot be added up, push a histogram", m.Name())
	}
	temporality := temporalityOf(m)
	if k != gauge && temporality == pmetric.AggregationTemporalityUnspecified {
		return nil, refuse(Invalid, "metric %s has no aggregation temporality: say delta, or cumulative with %s", m.Name(), instanceAttribute)
	}
	n := &newcomer{
		push: push, name: m.Name(), kind: k, unit: m.Unit(), what: m.Description(),
		cumulative: temporality == pmetric.AggregationTemporalityCumulative, known: s.metrics[m.Name()],
	}
	if len(n.unit) > maxNameBytes {
		return nil, refuse(Invalid, "metric %s has a unit of %d bytes", n.name, len(n.unit))
	}
	if known := n.known; known != nil {
		if known.kind != k {
			return nil, refuse(Conflict, "metric %s is %v here, and %v was pushed", n.name, known.kind, k)
		}
		if known.unit != "" && n.unit != "" && known.unit != n.unit {
			return nil, refuse(Conflict, "metric %s has the unit %q here, and %q was pushed", n.name, known.unit, n.unit)
		}
	}
	if n.cumulative && !s.work.origin.named {
		return nil, refuse(Conflict, "metric %s has cumulative points, which need the resource attribute %s (or the label instance) "+
			"to tell their sources apart; delta points do not", n.name, instanceAttribute)
	}
	return n, nil
}

func temporalityOf(m pmetric.Metric) pmetric.AggregationTemporality {
	switch m.Type() {
	case pmetric.MetricTypeSum:
		return m.Sum().AggregationTemporality()
	case pmetric.MetricTypeHistogram:
		return m.Histogram().AggregationTemporality()
	case pmetric.MetricTypeExponentialHistogram:
		return m.ExponentialHistogram().AggregationTemporality()
	case pmetric.MetricTypeEmpty, pmetric.MetricTypeGauge, pmetric.MetricTypeSummary:
	}
	return pmetric.AggregationTemporalityUnspecified
}

func dataPoints(m pmetric.Metric) int {
	switch m.Type() {
	case pmetric.MetricTypeSum:
		return m.Sum().DataPoints().Len()
	case pmetric.MetricTypeGauge:
		return m.Gauge().DataPoints().Len()
	case pmetric.MetricTypeHistogram:
		return m.Histogram().DataPoints().Len()
	case pmetric.MetricTypeExponentialHistogram:
		return m.ExponentialHistogram().DataPoints().Len()
	case pmetric.MetricTypeSummary:
		return m.Summary().DataPoints().Len()
	case pmetric.MetricTypeEmpty:
	}
	return 0
}
