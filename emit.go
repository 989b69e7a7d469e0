// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package cloudflaremetricsreceiver

import (
	"maps"
	"slices"
	"strings"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/internal/cloudflare"
	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/internal/inventory"
	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/internal/ledger"
	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/internal/metadata"
)

// emitter turns series into data points through the generated builder.
type emitter struct {
	mb      *metadata.MetricsBuilder
	ints    map[string]recordInt
	doubles map[string]recordDouble

	ts     pcommon.Timestamp
	start  pcommon.Timestamp // as set in the builder
	values []string
	// attributes of the point at hand; options passes them on.
	attributes metadata.Attributes
	options    []metadata.MetricAttributeOption
	// ended counts, by instance and metric, the points at the end of a metric that are to be flagged.
	ended map[endedKey]int
}

type endedKey struct{ instance, metric string }

func newEmitter(mb *metadata.MetricsBuilder) *emitter {
	mb.Reset(metadata.WithStartTime(0))
	e := &emitter{mb: mb, ints: intRecorders(mb), doubles: doubleRecorders(mb), ended: map[endedKey]int{}}
	e.options = []metadata.MetricAttributeOption{&e.attributes}
	return e
}

// emit hands on every known series of every scope, as saved, and the gauges as last read.
func (s *metricsScraper) emit(now time.Time) pmetric.Metrics {
	e := s.emitter
	e.ts = pcommon.NewTimestampFromTime(now)
	ended := s.findEnded()
	for _, scope := range s.inventory.Scopes() {
		s.describe(scope, now)
		for _, family := range s.sources.allNames {
			s.emitPartition(partitionID(family, scope.Kind, scope.ID), scope, now, false)
		}
		e.resource(scope)
	}
	for id, scope := range ended {
		if scope != nil {
			s.emitPartition(id, *scope, now, true)
			e.resource(*scope)
		}
	}
	s.ended = ended
	s.emitOwn()
	s.ledger.Emitted()
	return e.finish()
}

// findEnded gives the partitions whose family is disabled or whose scope is gone or no longer included, and the scope
// where it is still known.
func (s *metricsScraper) findEnded() map[ledger.ID]*inventory.Scope {
	ended := map[ledger.ID]*inventory.Scope{}
	if !s.inventory.Known() {
		return ended
	}
	alive := map[ledger.ID]bool{receiverID(): true}
	for _, scope := range s.inventory.Scopes() {
		for _, family := range s.sources.allNames {
			alive[partitionID(family, scope.Kind, scope.ID)] = true
		}
	}
	for _, id := range slices.AppendSeq(s.ledger.IDs(), maps.Keys(s.gauges)) {
		if alive[id] {
			continue
		}
		ended[id] = nil
		kind, scopeID := scopeOf(id)
		if scope, ok := s.inventory.Former(kind, scopeID); ok {
			ended[id] = &scope
		}
	}
	return ended
}

func (s *metricsScraper) emitPartition(id ledger.ID, scope inventory.Scope, now time.Time, ended bool) {
	metrics := emittable(s.ledger.Metrics(id))
	named := map[int][]ledger.Series{}
	for series := range s.ledger.Series(id) {
		m := metrics[series.Metric()]
		if a, ok := s.sources.named[m.Name]; ok && slices.Contains(m.Attributes, a.Name) {
			named[series.Metric()] = append(named[series.Metric()], series)
			continue
		}
		s.emitter.counter(scope.ID, m, series, ended)
	}
	for metric, list := range named {
		s.emitNamed(scope.ID, metrics[metric], s.sources.named[metrics[metric].Name], list, ended)
	}
	g := s.gauges[id]
	if g == nil {
		return
	}
	g.expire(now)
	if ended {
		g.end()
	}
	for _, p := range g.live {
		s.emitter.gauge(p)
	}
	for _, p := range g.ended {
		s.emitter.gauge(p)
		s.emitter.ended[endedKey{scope.ID, p.metric.Name}]++
	}
	g.ended = nil
}

// emittable are the metrics with the attribute keys that users know.
func emittable(metrics []ledger.Metric) []ledger.Metric {
	marked := func(key string) bool { return strings.HasSuffix(key, classMark) }
	if !slices.ContainsFunc(metrics, func(m ledger.Metric) bool { return slices.ContainsFunc(m.Attributes, marked) }) {
		return metrics
	}
	metrics = slices.Clone(metrics)
	for i := range metrics {
		metrics[i].Attributes = slices.Clone(metrics[i].Attributes)
		for n, key := range metrics[i].Attributes {
			metrics[i].Attributes[n] = strings.TrimSuffix(key, classMark)
		}
	}
	return metrics
}

// counter records a series; more are values of attributes beyond the series' own.
func (e *emitter) counter(instance string, m ledger.Metric, series ledger.Series, ended bool, more ...string) {
	e.startAt(series.Start())
	if series.Overflow() {
		e.attributes = metadata.Attributes{Keys: []string{metadata.Overflow}}
	} else {
		e.values = append(series.AppendValues(e.values[:0]), more...)
		e.attributes = metadata.Attributes{Keys: m.Attributes, Values: e.values}
	}
	if m.Type == ledger.Double {
		e.doubles[m.Name](e.ts, series.Value().Double(), e.options...)
	} else {
		e.ints[m.Name](e.ts, series.Value().Int(), e.options...)
	}
	if ended {
		e.ended[endedKey{instance, m.Name}]++
	}
}

func (e *emitter) gauge(p gaugePoint) {
	e.startAt(time.Time{})
	e.attributes = metadata.Attributes{Keys: p.metric.AttributeNames(), Values: p.Attributes}
	if p.metric.Double {
		e.doubles[p.metric.Name](e.ts, p.Double, e.options...)
	} else {
		e.ints[p.metric.Name](e.ts, p.Int, e.options...)
	}
}

// startAt sets the start timestamp of the points that follow; gauges have none.
func (e *emitter) startAt(t time.Time) {
	var ts pcommon.Timestamp
	if !t.IsZero() {
		ts = pcommon.NewTimestampFromTime(t)
	}
	if ts != e.start {
		e.mb.Reset(metadata.WithStartTime(ts))
		e.start = ts
	}
}

// resource closes what has been recorded as belonging to one zone or account. The service attributes become job and
// instance in Prometheus, so that no exporter's default settings can merge two zones.
func (e *emitter) resource(scope inventory.Scope) {
	rb := e.mb.NewResourceBuilder()
	rb.SetServiceName("cloudflare")
	rb.SetServiceInstanceID(scope.ID)
	rb.SetCloudflareAccountID(scope.AccountID)
	rb.SetCloudflareAccountName(scope.AccountName)
	if scope.Kind == cloudflare.ZoneScope {
		rb.SetCloudflareZoneID(scope.ID)
		rb.SetCloudflareZoneName(scope.Name)
	}
	e.mb.EmitForResource(metadata.WithResource(rb.Emit()))
}

// emitOwn records what the receiver says about itself.
func (s *metricsScraper) emitOwn() {
	e := s.emitter
	metrics := s.ledger.Metrics(receiverID())
	for series := range s.ledger.Series(receiverID()) {
		e.counter("", metrics[series.Metric()], series, false)
	}
	e.startAt(time.Time{})
	up := int64(0)
	if s.health.well() {
		up = 1
	}
	e.mb.RecordCloudflareExporterUpDataPoint(e.ts, up)
	if s.inventory.Known() {
		accounts, zones, filtered := s.inventory.Counts()
		e.mb.RecordCloudflareAccountsDataPoint(e.ts, int64(accounts))
		e.mb.RecordCloudflareZonesDataPoint(e.ts, int64(zones))
		e.mb.RecordCloudflareZonesFilteredDataPoint(e.ts, int64(filtered))
	}
	e.mb.RecordCloudflareExporterOverflowSeriesDataPoint(e.ts, int64(s.ledger.Stats().Overflow))
	for family, t := range s.watermarks() {
		e.mb.RecordCloudflareExporterWatermarkTimestampDataPoint(e.ts, t.Unix(), metadata.WithMetricFamilyMetricAttribute(family))
	}
	for dataset, results := range s.probes.results {
		e.mb.RecordCloudflareExporterLateRatioDataPoint(e.ts, lateRatio(results), metadata.WithDatasetMetricAttribute(dataset))
	}
	rb := e.mb.NewResourceBuilder()
	rb.SetServiceName("cloudflare")
	rb.SetServiceInstanceID(s.settings.ID.String())
	e.mb.EmitForResource(metadata.WithResource(rb.Emit()))
}

// watermarks gives the oldest watermark of each family that has counters.
func (s *metricsScraper) watermarks() map[string]time.Time {
	oldest := map[string]time.Time{}
	for id, p := range s.partitions {
		if !p.selection.counts {
			continue
		}
		if t, ok := oldest[id.Family]; !ok || p.cursor.Watermark.Before(t) {
			oldest[id.Family] = p.cursor.Watermark
		}
	}
	return oldest
}

// finish gives the metrics and flags the points of series that have ended as having no value.
func (e *emitter) finish() pmetric.Metrics {
	md := e.mb.Emit()
	if len(e.ended) == 0 {
		return md
	}
	for _, rm := range md.ResourceMetrics().All() {
		instance, _ := rm.Resource().Attributes().Get("service.instance.id")
		for _, sm := range rm.ScopeMetrics().All() {
			metrics := sm.Metrics()
			for i := range metrics.Len() {
				m := metrics.At(i)
				endLast(metrics, m, e.ended[endedKey{instance.Str(), m.Name()}])
			}
		}
	}
	clear(e.ended)
	return md
}

// endLast flags the last points of a metric. Each but the first is moved to a metric of its own with the same name: the Prometheus
// exporter takes no notice of what follows such a point in a metric, and would show the other series until they expire.
func endLast(metrics pmetric.MetricSlice, m pmetric.Metric, n int) {
	points := pointsOf(m)
	first := points.Len() - n
	for i := first; i < points.Len(); i++ {
		points.At(i).SetFlags(pmetric.DefaultDataPointFlags.WithNoRecordedValue(true))
	}
	for i := first + 1; i < points.Len(); i++ {
		points.At(i).CopyTo(likeEmpty(metrics.AppendEmpty(), m).AppendEmpty())
	}
	at := 0
	points.RemoveIf(func(pmetric.NumberDataPoint) bool {
		at++
		return at > first+1
	})
}

func pointsOf(m pmetric.Metric) pmetric.NumberDataPointSlice {
	if m.Type() == pmetric.MetricTypeSum {
		return m.Sum().DataPoints()
	}
	return m.Gauge().DataPoints()
}

// likeEmpty makes an empty metric like another one, without points.
func likeEmpty(empty, m pmetric.Metric) pmetric.NumberDataPointSlice {
	empty.SetName(m.Name())
	empty.SetDescription(m.Description())
	empty.SetUnit(m.Unit())
	if m.Type() != pmetric.MetricTypeSum {
		return empty.SetEmptyGauge().DataPoints()
	}
	sum := empty.SetEmptySum()
	sum.SetIsMonotonic(m.Sum().IsMonotonic())
	sum.SetAggregationTemporality(m.Sum().AggregationTemporality())
	return sum.DataPoints()
}
