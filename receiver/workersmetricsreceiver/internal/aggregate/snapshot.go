// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package aggregate

import (
	"cmp"
	"slices"
	"time"

	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/internal/ledger"
)

// Snapshot is what a store held at one time. It is not bound to the store.
type Snapshot struct {
	resources []resourceRows
	ended     []string // templates
}

// resourceRows are the series of one resource, by name of the metric and identity.
type resourceRows struct {
	resource string // part of the identity
	rows     []*row
}

// row is what one series holds.
type row struct {
	metric   metric // without its series
	key      string
	resource string
	point    pmetric.Metrics // not to be changed
	ended    bool
	shown    bool
	start    time.Time
	counted  []held
	levels   []held
}

// held is a part, see package comment of parts.
type held struct {
	name string
	bits uint64
}

// Current returns what is held now, also what has not been saved or emitted yet.
func (s *Store) Current() *Snapshot {
	b := newSnapshotBuilder()
	for _, m := range s.metrics {
		for series := range s.ledger.Held(m.id) {
			b.add(m, series)
		}
	}
	for _, r := range b.rows {
		r.shown = true
	}
	return &Snapshot{resources: b.grouped()}
}

// ToEmit returns what may be emitted: what is saved, of a series that has not been emitted before its zero only, and the
// series that have ended since. There must be nothing to commit.
func (s *Store) ToEmit() *Snapshot {
	b := newSnapshotBuilder()
	for _, m := range s.metrics {
		for series := range s.ledger.Series(m.id) {
			b.add(m, series)
		}
	}
	ended := s.addEnded(b)
	return &Snapshot{resources: b.grouped(), ended: ended}
}

// Emitted says that what ToEmit returned last has been emitted. There must be nothing to commit. What follows from it is
// saved with the next Commit.
func (s *Store) Emitted(snapshot *Snapshot) {
	s.ledger.Emitted()
	if len(snapshot.ended) == 0 {
		return
	}
	emitted := map[string]bool{}
	for _, template := range snapshot.ended {
		emitted[template] = true
	}
	if _, ok := s.ledger.Cursor(endedID()); ok {
		s.begin().Prune(endedID(), func(series ledger.Series) bool { return !emitted[series.AppendValues(nil)[0]] })
	}
}

// addEnded adds the series that have ended and have not come again, and returns what was noted.
func (s *Store) addEnded(b *snapshotBuilder) []string {
	var templates []string
	for series := range s.ledger.Held(endedID()) {
		template := series.AppendValues(nil)[0]
		templates = append(templates, template)
		m := newMetric("")
		st, err := m.decode("0", template)
		if err != nil {
			continue
		}
		m.name = templateMetric(st.point).Name()
		if known := s.metrics[m.name]; known == nil || known.streams[st.key] == nil {
			r := b.row(m, template)
			*r = row{metric: *m, key: st.key, resource: st.resource, point: st.point, ended: true}
		}
	}
	return templates
}

// rowKey tells series apart; ids are of one metric.
type rowKey struct {
	metric *metric
	id     string
}

type snapshotBuilder struct {
	rows map[rowKey]*row
}

func newSnapshotBuilder() *snapshotBuilder {
	return &snapshotBuilder{rows: map[rowKey]*row{}}
}

func (b *snapshotBuilder) row(m *metric, id string) *row {
	r := b.rows[rowKey{m, id}]
	if r == nil {
		r = &row{}
		b.rows[rowKey{m, id}] = r
	}
	return r
}

func (b *snapshotBuilder) add(m *metric, series ledger.Series) {
	var buf [2]string
	values := series.AppendValues(buf[:0])
	r := b.row(m, values[0])
	part := held{name: values[1], bits: series.Held().Bits()}
	switch series.Metric() {
	case counted:
		r.counted = append(r.counted, part)
	case levels:
		r.levels = append(r.levels, part)
	case templates:
		r.shown, r.start = series.Shown(), series.Start()
	}
}

// complete gives the rows of a metric what their series say.
func (b *snapshotBuilder) complete(m *metric) {
	plain := metric{name: m.name, kind: m.kind, unit: m.unit, description: m.description}
	for _, st := range m.streams {
		if r := b.rows[rowKey{m, st.id}]; r != nil {
			r.metric, r.key, r.resource, r.point = plain, st.key, st.resource, st.point
		}
	}
}

// grouped returns the rows in an order that stays the same.
func (b *snapshotBuilder) grouped() []resourceRows {
	done := map[*metric]bool{}
	byResource := map[string][]*row{}
	for key, r := range b.rows {
		if !done[key.metric] {
			done[key.metric] = true
			b.complete(key.metric)
		}
		if r.key != "" { // else its template could not be read
			byResource[r.resource] = append(byResource[r.resource], r)
		}
	}
	var groups []resourceRows
	for resource, rows := range byResource {
		slices.SortFunc(rows, (*row).compare)
		groups = append(groups, resourceRows{resource: resource, rows: rows})
	}
	slices.SortFunc(groups, func(x, y resourceRows) int { return cmp.Compare(x.resource, y.resource) })
	return groups
}

// compare has the ended series of a metric last.
func (r *row) compare(other *row) int {
	ended := func(r *row) int {
		if r.ended {
			return 1
		}
		return 0
	}
	return cmp.Or(cmp.Compare(r.metric.name, other.metric.name), cmp.Compare(ended(r), ended(other)), cmp.Compare(r.key, other.key))
}

// shares says that the next row belongs to the same Metric.
func (r *row) shares(next *row) bool {
	return !r.ended && r.metric.name == next.metric.name && r.metric.kind == next.metric.kind
}
