// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"cmp"
	"iter"
	"slices"
	"strings"
)

// query is what a node is asked for, checked.
type query struct {
	scope  scope
	asked  span // the time range as it was asked for
	span   span // of events that exist and may match
	filter filter
	limit  uint64
	order  []orderTerm
	fields []*selected

	now      int64
	late     Lateness
	sampling Sampling
	draw     func() uint64 // of a sample
}

// result is a node's answer.
type result struct {
	rows     []map[string]any
	interval int // of sampling
}

// orderTerm is one element of orderBy: a dimension or a flattened measure.
type orderTerm struct {
	field      string
	descending bool
}

// group is one row in the making.
type group[E any] struct {
	events []*E
}

// rows executes a query: filter, group by the dimensions selected, order, cut, answer. Rows beyond the limit are dropped
// without a word, as Cloudflare does. Rows that orderBy does not separate come in the order of their first events.
func (d dataset[E]) rows(q query) result {
	events, interval := d.sample(d.matching(q), q)
	d = d.scaled(interval)
	groups := d.groups(events, q.fields)
	d.sort(groups, q.order)
	groups = groups[:min(uint64(len(groups)), q.limit)]
	rows := make([]map[string]any, len(groups))
	for i, g := range groups {
		rows[i] = d.render(q.fields, "", g.events)
	}
	return result{rows, interval}
}

// matching gives the events that can be read already and that a query's filter accepts.
func (d dataset[E]) matching(q query) iter.Seq[*E] {
	accepts := d.bind(q.filter)
	return func(yield func(*E) bool) {
		for e := range d.events(q.scope, q.span.from, q.span.to) {
			at, salt := (*e).stamp()
			if q.late.shows(at, salt, q.now) && accepts(e) && !yield(e) {
				return
			}
		}
	}
}

// sample thins events out, if there are so many of them that an adaptive dataset would not look at all.
func (d dataset[E]) sample(events iter.Seq[*E], q query) (iter.Seq[*E], int) {
	if !d.adaptive || q.sampling == (Sampling{}) {
		return events, 1
	}
	all := slices.Collect(events)
	interval := q.sampling.interval(len(all))
	if interval > 1 {
		draw := q.draw()
		all = slices.DeleteFunc(all, func(e *E) bool {
			_, salt := (*e).stamp()
			return !sampled(salt, draw, interval)
		})
	}
	return slices.Values(all), interval
}

// bind makes a predicate over events of a filter.
func (d dataset[E]) bind(f filter) func(*E) bool {
	type bound struct {
		condition
		of func(*E) value
	}
	conditions := make([]bound, len(f.conditions))
	for i, c := range f.conditions {
		conditions[i] = bound{c, d.dimensions[c.dimension].of}
	}
	and, or := d.bindAll(f.and), d.bindAll(f.or)
	return func(e *E) bool {
		for i := range conditions {
			if !conditions[i].accepts(conditions[i].of(e)) {
				return false
			}
		}
		for _, accepts := range and {
			if !accepts(e) {
				return false
			}
		}
		return len(or) == 0 || slices.ContainsFunc(or, func(accepts func(*E) bool) bool { return accepts(e) })
	}
}

func (d dataset[E]) bindAll(filters []filter) []func(*E) bool {
	predicates := make([]func(*E) bool, len(filters))
	for i, f := range filters {
		predicates[i] = d.bind(f)
	}
	return predicates
}

// groups collects the events that make a row. Of a raw dataset each makes its own.
func (d dataset[E]) groups(events iter.Seq[*E], fields []*selected) []group[E] {
	if !d.raw {
		return groupBy(events, d.selectedDimensions(fields))
	}
	var groups []group[E]
	for e := range events {
		groups = append(groups, group[E]{[]*E{e}})
	}
	return groups
}

// selectedDimensions returns what to group by.
func (d dataset[E]) selectedDimensions(fields []*selected) []func(*E) value {
	var dimensions []func(*E) value
	for _, f := range fields {
		if f.name() != "dimensions" {
			continue
		}
		for _, leaf := range f.nested {
			if dimension, ok := d.dimensions[leaf.name()]; ok {
				dimensions = append(dimensions, dimension.of)
			}
		}
	}
	return dimensions
}

// groupBy collects events that agree in all dimensions, in the order of first appearance.
func groupBy[E any](events iter.Seq[*E], dimensions []func(*E) value) []group[E] {
	var groups []group[E]
	index := map[string]int{}
	var key []byte
	for e := range events {
		key = key[:0]
		for _, of := range dimensions {
			key = of(e).appendTo(key)
		}
		i, ok := index[string(key)]
		if !ok {
			i = len(groups)
			index[string(key)] = i
			groups = append(groups, group[E]{})
		}
		groups[i].events = append(groups[i].events, e)
	}
	return groups
}

func (d dataset[E]) sort(groups []group[E], order []orderTerm) {
	if len(order) == 0 {
		return
	}
	type sortable struct {
		group[E]
		keys []sortKey
	}
	sorted := make([]sortable, len(groups))
	for i, g := range groups {
		sorted[i].group = g
		for _, term := range order {
			sorted[i].keys = append(sorted[i].keys, d.sortKey(g, term.field))
		}
	}
	slices.SortStableFunc(sorted, func(a, b sortable) int {
		for i, term := range order {
			if c := a.keys[i].compare(b.keys[i]); c != 0 && term.descending {
				return -c
			} else if c != 0 {
				return c
			}
		}
		return 0
	})
	for i := range sorted {
		groups[i] = sorted[i].group
	}
}

// sortKey is the value of a dimension or a measure.
type sortKey struct {
	dimension value
	measure   float64
}

func (k sortKey) compare(o sortKey) int {
	return cmp.Or(cmp.Compare(k.measure, o.measure), k.dimension.compare(o.dimension))
}

// sortKey takes a dimension that is not selected from the first event of a row.
func (d dataset[E]) sortKey(g group[E], field string) sortKey {
	if dimension, ok := d.dimensions[field]; ok {
		return sortKey{dimension: dimension.of(g.events[0])}
	}
	m, ok := d.measures[field]
	if !ok {
		return sortKey{}
	}
	x, _ := numeric(m(g.events))
	return sortKey{measure: x}
}

// render answers the fields of one row. Prefix is the name of the object they are in.
func (d dataset[E]) render(fields []*selected, prefix string, events []*E) map[string]any {
	row := map[string]any{}
	for _, f := range fields {
		row[f.key] = d.renderField(f, prefix, events)
	}
	return row
}

func (d dataset[E]) renderField(f *selected, prefix string, events []*E) any {
	name := f.name()
	if name == "__typename" {
		return f.field.ObjectDefinition.Name
	}
	if _, ok := d.dimensions[name]; prefix == "dimensions" || d.raw && prefix == "" && ok {
		dimension := d.dimensions[name]
		return dimension.json(dimension.of(events[0]))
	}
	flat := strings.TrimPrefix(prefix+"_"+name, "_")
	if m, ok := d.measures[flat]; ok {
		return m(events)
	}
	if b, ok := d.breakdowns[flat]; ok {
		return b.render(f.nested, events)
	}
	return d.render(f.nested, name, events)
}

// render answers a breakdown: a list with one element per key.
func (b breakdown[E]) render(fields []*selected, events []*E) []map[string]any {
	keyed := func(yield func(*E) bool) {
		for _, e := range events {
			if _, ok := b.of(e); ok && !yield(e) {
				return
			}
		}
	}
	key := func(e *E) value {
		v, _ := b.of(e)
		return v
	}
	elements := []map[string]any{}
	for _, g := range groupBy(keyed, []func(*E) value{key}) {
		element := map[string]any{}
		for _, f := range fields {
			switch name := f.name(); name {
			case "__typename":
				element[f.key] = f.field.ObjectDefinition.Name
			case b.key:
				element[f.key] = b.kind.json(key(g.events[0]))
			default:
				element[f.key] = b.measures[name](g.events)
			}
		}
		elements = append(elements, element)
	}
	return elements
}
