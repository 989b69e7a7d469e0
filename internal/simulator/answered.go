// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"fmt"
	"maps"
	"slices"
)

// answered adds up the counters of an answer by its dimensions, those of time left out. A raw row stands for as many events as its
// sample interval.
func (n *node) answered(fields []*selected, rows []map[string]any) []Total {
	var totals []Total
	labelling := n.labelling(fields)
	for _, row := range rows {
		labels := map[string]string{}
		for _, f := range fields {
			if own, ok := row[f.key].(map[string]any); ok && f.name() == "dimensions" {
				label(labels, labelling, own)
			}
		}
		if n.raw {
			label(labels, labelling, row)
			totals = append(totals, numbered("rows", n.weight(fields, row), labels))
		}
		for _, f := range fields {
			switch f.name() {
			case "count":
				totals = append(totals, numbered("count", row[f.key], labels))
			case "sum":
				totals = append(totals, n.sums(f.nested, row[f.key].(map[string]any), labels)...) //nolint:errcheck // rows are made so
			}
		}
	}
	return SumTotals(totals)
}

func label(labels map[string]string, fields []*selected, values map[string]any) {
	for _, f := range fields {
		labels[f.name()] = fmt.Sprint(values[f.key])
	}
}

// weight is how many events a raw row stands for, as far as it tells.
func (n *node) weight(fields []*selected, row map[string]any) uint64 {
	for _, f := range fields {
		if f.name() == "sampleInterval" {
			_, interval := numeric(row[f.key])
			return interval
		}
	}
	return 1
}

// sums reads what is below sum: numbers, and breakdowns, each element of which has a key and numbers.
func (n *node) sums(fields []*selected, sums map[string]any, labels map[string]string) []Total {
	var totals []Total
	for _, f := range fields {
		key, ok := n.breakdowns["sum_"+f.name()]
		if !ok {
			totals = append(totals, numbered("sum."+f.name(), sums[f.key], labels))
			continue
		}
		for _, element := range sums[f.key].([]map[string]any) { //nolint:errcheck // rows are made so
			own := maps.Clone(labels)
			for _, leaf := range f.nested {
				if leaf.name() == key {
					own["sum."+f.name()+"."+key] = fmt.Sprint(element[leaf.key])
				}
			}
			for _, leaf := range f.nested {
				if leaf.name() != key {
					totals = append(totals, numbered("sum."+f.name()+"."+leaf.name(), element[leaf.key], own))
				}
			}
		}
	}
	return totals
}

// numbered makes a Total of a number in an answer; what is none, a __typename, has the value 0.
func numbered(measure string, n any, labels map[string]string) Total {
	t := Total{Measure: measure, Dimensions: labels}
	t.Value, t.Int = numeric(n)
	return t
}

// byZone makes of a Read that zones can be told apart in one for each zone that its filter accepts. Split tells whether
// the answer does tell them apart. Other Reads stay as they are.
func (r Read) byZone(q query, n *node, split bool) []Read {
	if _, ok := n.dimensions["zoneTag"]; !ok {
		r.Answered = identified(r.Answered, r, nil)
		return []Read{r}
	}
	var reads []Read
	for _, z := range q.scope.account.zones {
		if !q.filter.acceptsZone(z.ID) {
			continue
		}
		own := r
		own.Scope, own.ID, own.Account, own.Answered = "zone", z.ID, true, nil
		if split && r.Answered != nil {
			own.Answered = identified(r.Answered, own, &z.ID)
		}
		reads = append(reads, own)
	}
	return reads
}

// identified completes the totals of a Read. With a zone they are those of that zone, without the label zoneTag.
func identified(totals []Total, r Read, zone *string) []Total {
	if totals == nil {
		return nil
	}
	own := []Total{}
	for _, t := range totals {
		if zone != nil {
			if t.Dimensions["zoneTag"] != *zone {
				continue
			}
			t.Dimensions = maps.Clone(t.Dimensions)
			delete(t.Dimensions, "zoneTag")
		}
		t.Scope, t.ID, t.Dataset = r.Scope, r.ID, r.Dataset
		own = append(own, t)
	}
	return own
}

// acceptsZone tells whether a filter leaves a zone in, as far as it speaks of zones outside of alternatives.
func (f filter) acceptsZone(id string) bool {
	return !slices.ContainsFunc(f.conditions, func(c condition) bool {
		return c.dimension == "zoneTag" && !c.accepts(value{text: id})
	}) && !slices.ContainsFunc(f.and, func(and filter) bool { return !and.acceptsZone(id) })
}
