// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package aggregate

import (
	"slices"
	"strconv"
	"time"

	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.uber.org/zap"

	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/internal/ledger"
)

// Each metric is a partition of the ledger, named after it.
const metricFamily = "metric"

// The metrics of such a partition. All have the id of the series as first attribute.
const (
	counted   = iota // parts that are added up
	levels           // parts that are set
	templates        // when the series was last seen, Unix time in seconds; the attribute is its template
)

func partitionMetrics() []ledger.Metric {
	return []ledger.Metric{
		counted:   {Name: "counted", Attributes: []string{"series", "part"}},
		levels:    {Name: "level", Attributes: []string{"series", "part"}, Type: ledger.Bits},
		templates: {Name: "series", Attributes: []string{"series", "template"}, Type: ledger.Bits},
	}
}

// kind is what a metric is.
type kind uint8

const (
	counter kind = iota
	upDownCounter
	gauge
	histogram
	exponentialHistogram
)

func (k kind) String() string {
	return [...]string{"a counter", "an up-down counter", "a gauge", "a histogram", "an exponential histogram"}[k]
}

// metric is what the series of one name have in common.
type metric struct {
	id          ledger.ID
	name        string
	kind        kind
	unit        string
	description string

	streams   map[string]*stream // by identity, see identity.key
	next      uint64             // id of the next series
	values    map[string]map[string]int
	resources map[string]int // how many series each has
	overflows int
	defined   bool // in the ledger
}

// stream is one cumulative series.
type stream struct {
	metric   *metric
	key      string
	resource string // its part of the key
	id       string
	template string // the encoded form of point
	point    pmetric.Metrics
	group    string
	bounds   []float64
	overflow bool

	seen      time.Time
	savedSeen int64
	exponential
}

// exponential is how the buckets of an exponential histogram are counted from now on: with this scale, in these ranges.
type exponential struct {
	known              bool
	scale              int
	positive, negative span
}

func newMetric(name string) *metric {
	return &metric{
		id:   ledger.ID{Family: metricFamily, Scope: name},
		name: name,

		streams: map[string]*stream{}, values: map[string]map[string]int{}, resources: map[string]int{},
	}
}

// loadMetric reads the series of a partition.
func (s *Store) loadMetric(id ledger.ID) {
	if !slices.EqualFunc(s.ledger.Metrics(id), partitionMetrics(), func(a, b ledger.Metric) bool { return a.Name == b.Name }) {
		return
	}
	m := newMetric(id.Scope)
	m.defined = true
	byID := map[string]*stream{}
	for series := range s.ledger.Held(id) {
		if series.Metric() != templates {
			continue
		}
		values := series.AppendValues(nil)
		st, err := m.decode(values[0], values[1])
		if err != nil {
			s.logger.Error("A saved series cannot be read and is left out", zap.String("metric", m.name), zap.Error(err))
			continue
		}
		st.savedSeen = int64(series.Held().Bits())
		st.seen = time.Unix(st.savedSeen, 0)
		m.insert(st)
		byID[st.id] = st
	}
	if m.kind == exponentialHistogram {
		s.loadRanges(id, byID)
	}
	if len(m.streams) > 0 {
		s.metrics[m.name] = m
	}
}

// insert makes a series known.
func (m *metric) insert(st *stream) {
	m.streams[st.key] = st
	m.resources[st.resource]++
	if st.overflow {
		m.overflows++
		return
	}
	for name, value := range pointAttributes(st.point).All() {
		m.count(name, value.AsString(), 1)
	}
}

// remove undoes insert.
func (m *metric) remove(st *stream) {
	delete(m.streams, st.key)
	if m.resources[st.resource]--; m.resources[st.resource] == 0 {
		delete(m.resources, st.resource)
	}
	if st.overflow {
		m.overflows--
		return
	}
	for name, value := range pointAttributes(st.point).All() {
		m.count(name, value.AsString(), -1)
	}
}

func (m *metric) count(name, value string, by int) {
	values := m.values[name]
	if values == nil {
		values = map[string]int{}
		m.values[name] = values
	}
	if values[value] += by; values[value] == 0 {
		delete(values, value)
	}
}

func (m *metric) newID() string {
	id := strconv.FormatUint(m.next, 36)
	m.next++
	return id
}
