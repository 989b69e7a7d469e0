// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"fmt"
	"slices"
	"time"
)

// Define creates the partition or brings it to this set of metrics:
//
//   - A metric with the same name, type and attributes continues, in whatever order.
//   - If attributes were taken away from it, its series are summed over them; the earliest start timestamp stands, and
//     the sum is shown if one of the series was. The overflow series stays what it is, unless no attribute is left.
//   - If an attribute was replaced by one that is derived from it, values are converted, and series that become the same are
//     summed likewise.
//   - If it got another attribute or another type, or is new, it starts anew. So does one of [Bits] that lost an attribute.
//   - A metric that is not defined any more ends: its series are removed.
//
// A metric without attributes has its only series from the beginning, with the value 0 and the given start timestamp.
// Series that continue do so whatever the Limit. To define what is defined already changes nothing but the limits, which
// are not saved, and costs little.
func (tx *Tx) Define(id ID, start time.Time, metrics []Metric) {
	if tx.done {
		tx.fail(fmt.Errorf("define partition %v after the transaction", id))
		return
	}
	old := tx.ledger.partitions[id]
	if old != nil && slices.EqualFunc(old.metrics, metrics, Metric.equal) {
		tx.setLimits(id, metrics)
		return
	}
	if name, ok := duplicateName(metrics); ok {
		tx.fail(fmt.Errorf("partition %v defines metric %s twice", id, name))
		return
	}
	p := newPartition(id, cloneMetrics(metrics))
	if old != nil {
		p.cursor = old.cursor
		p.carryOver(old)
	}
	p.seed(start)
	tx.replace(tx.change(id), p)
}

// setLimits changes nothing but the limits, so there is nothing to save.
func (tx *Tx) setLimits(id ID, metrics []Metric) {
	p := tx.ledger.partitions[id]
	if slices.EqualFunc(p.metrics, metrics, func(a, b Metric) bool { return a.Limit == b.Limit }) {
		return
	}
	tx.change(id)
	p.metrics = cloneMetrics(metrics)
}

func (m Metric) equal(other Metric) bool {
	return m.Name == other.Name && m.Type == other.Type && slices.Equal(m.Attributes, other.Attributes)
}

func duplicateName(metrics []Metric) (string, bool) {
	seen := make(map[string]bool, len(metrics))
	for _, m := range metrics {
		if seen[m.Name] {
			return m.Name, true
		}
		seen[m.Name] = true
	}
	return "", false
}

func cloneMetrics(metrics []Metric) []Metric {
	clones := slices.Clone(metrics)
	for i := range clones {
		clones[i].Attributes = slices.Clone(clones[i].Attributes)
	}
	return clones
}

// projection says where the series of a metric go when its partition is defined anew.
type projection struct {
	metric int
	values []origin // of each attribute
	ends   bool
}

// origin is where the values of an attribute come from.
type origin struct {
	place   int                 // of the former attribute
	convert func(string) string // nil: as it is
}

// carryOver takes over all series of the old partition that continue, in their order.
func (p *partition) carryOver(old *partition) {
	projections := make([]projection, len(old.metrics))
	for i, m := range old.metrics {
		projections[i] = project(m, p.metrics)
	}
	var from, to []string
	var key []byte
	for _, e := range old.entries {
		proj := projections[e.metric]
		if proj.ends {
			continue
		}
		to = to[:0]
		if !old.isOverflow(&e) {
			from = appendValues(from[:0], e.key)
			for _, o := range proj.values {
				to = append(to, o.value(from))
			}
		}
		key = appendKey(key[:0], proj.metric, to)
		p.merge(key, uint32(proj.metric), e)
	}
	p.relist()
}

func project(old Metric, metrics []Metric) projection {
	i := slices.IndexFunc(metrics, func(m Metric) bool { return m.Name == old.Name && m.Type == old.Type })
	if i < 0 || old.Type == Bits && len(old.Attributes) != len(metrics[i].Attributes) {
		return projection{ends: true}
	}
	proj := projection{metric: i}
	for _, attribute := range metrics[i].Attributes {
		o := origin{place: slices.Index(old.Attributes, attribute)}
		if derived, ok := metrics[i].Derived[attribute]; ok && o.place < 0 {
			o = origin{slices.Index(old.Attributes, derived.From), derived.Value}
		}
		if o.place < 0 {
			return projection{ends: true}
		}
		proj.values = append(proj.values, o)
	}
	return proj
}

func (o origin) value(former []string) string {
	if o.convert == nil {
		return former[o.place]
	}
	return o.convert(former[o.place])
}

// merge adds a series of the former partition under a new key.
func (p *partition) merge(key []byte, metric uint32, e entry) {
	if i, ok := p.index[string(key)]; ok {
		sum := &p.entries[i]
		t := p.metrics[metric].Type
		sum.bits = t.raise(sum.bits, Value{bits: e.bits, valueType: t})
		sum.start = min(sum.start, e.start)
		sum.state = max(sum.state, e.state)
		return
	}
	if e.key != string(key) {
		e.key = string(key)
	}
	e.metric = metric
	p.insert(e)
}

// relist makes the lists of states anew after states of entries have changed.
func (p *partition) relist() {
	p.unseen, p.zeroSeen = nil, nil
	for i, e := range p.entries {
		switch e.state {
		case unseen:
			p.unseen = append(p.unseen, uint32(i))
		case zeroSeen:
			p.zeroSeen = append(p.zeroSeen, uint32(i))
		case shown:
		}
	}
}
