// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package ledger

import "math"

// Room returns how many more series the metric takes before label sets that it does not have go to its overflow series;
// without a limit that is a very large number. It is 0 for a metric that is not defined. Limits are known from the first
// [Tx.Define] after Open; until then there are none.
func (l *Ledger) Room(id ID, metric int) int {
	p, ok := l.partitions[id]
	if !ok || p.checkMetric(metric) != nil {
		return 0
	}
	return p.room(metric)
}

// Has reports whether the metric has a series of its own with these attribute values, in the order of
// [Metric].Attributes.
func (l *Ledger) Has(id ID, metric int, values []string) bool {
	p, ok := l.partitions[id]
	if !ok || p.check(metric, values) != nil {
		return false
	}
	_, ok = p.index[string(l.makeKey(metric, values))]
	return ok
}

func (p *partition) room(metric int) int {
	m := &p.metrics[metric]
	if m.Limit <= 0 || !m.overflows() {
		return math.MaxInt
	}
	of := &p.byMetric[metric]
	series := len(of.entries)
	if of.overflow {
		series--
	}
	return max(m.Limit-series, 0)
}

// overflows reports whether the metric can have an overflow series. Without attributes it has one series anyway.
func (m *Metric) overflows() bool {
	return len(m.Attributes) > 0
}

func (p *partition) isOverflow(e *entry) bool {
	return p.metrics[e.metric].overflows() && isBare(e.key)
}
