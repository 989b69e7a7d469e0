// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"fmt"
	"slices"
	"strings"
)

// Grouping says what to add up: one measure of one dataset, over the events that meet some conditions, by some dimensions.
type Grouping struct {
	Name  string `json:"name"`  // of the totals
	Scope string `json:"scope"` // zone or account
	// Query tells the queries of one dataset apart, for [Simulator.TruthOf]: groupings with the same are read with one selection.
	Query   string `json:"query,omitempty"`
	Dataset string `json:"dataset"`
	// Measure is written as the field is reached: count, sum.requests, sum.countryMap.bytes, avg.slo. Of datasets of raw rows it is
	// rows, the number of events.
	Measure string `json:"measure"`
	// Dimensions are clientCountryName and the like; the key of a breakdown is written sum.countryMap.clientCountryName.
	Dimensions []string `json:"dimensions,omitempty"`
	// Where has conditions as GraphQL filters have them: {"requestSource": "eyeball", "edgeResponseStatus_geq": 400}.
	Where map[string]any `json:"where,omitempty"`
	// Unless is a dataset: only scopes that may not read it have totals.
	Unless string `json:"unless,omitempty"`
}

// query names the query that a grouping is read with.
func (g Grouping) query() [3]string { return [3]string{g.Scope, g.Dataset, g.Query} }

// division is groupings of one dataset that divide the same events in the same way.
type division[E timed] struct {
	accepts    func(*E) bool
	dimensions []keyedDimension[E]
	tallies    []tally[E]
	groups     map[string]*group[E]
}

// keyedDimension is a dimension under the name that a grouping has for it.
type keyedDimension[E timed] struct {
	name string
	dimension[E]
}

// tally is the measure of one grouping.
type tally[E timed] struct {
	Grouping
	measure measure[E]
}

// tallied is a grouping, ready to be added up.
type tallied[E timed] struct {
	tally[E]
	breakdown  string
	filter     filter
	dimensions []keyedDimension[E]
	fields     []string // that it takes, by flattened names
}

// prepare finds what a grouping names. Dimensions that may not be read are left out: then there are fewer, larger groups.
func (d dataset[E]) prepare(g Grouping, may func(field string) bool) (tallied[E], error) {
	t := tallied[E]{tally: tally[E]{Grouping: g}}
	err := d.prepareMeasure(&t)
	if err != nil {
		return t, fmt.Errorf("grouping %q: %w", g.Name, err)
	}
	if t.filter, err = parseFilter(g.Where, d.infos()); err != nil {
		return t, fmt.Errorf("grouping %q: where: %w", g.Name, err)
	}
	for _, dimension := range t.filter.dimensions() {
		t.fields = append(t.fields, fieldOf(dimension, d.raw))
	}
	for _, name := range g.Dimensions {
		dimension, field, err := d.groupedBy(name, t.breakdown)
		if err != nil {
			return t, fmt.Errorf("grouping %q: %w", g.Name, err)
		}
		if may(field) {
			t.dimensions = append(t.dimensions, keyedDimension[E]{name, dimension})
		}
	}
	return t, nil
}

func (d dataset[E]) prepareMeasure(t *tallied[E]) error {
	if d.raw {
		if t.Measure != "rows" {
			return fmt.Errorf("the measure of %s is rows, not %q", d.name, t.Measure)
		}
		t.measure = sum(one[E])
		return nil
	}
	flat := strings.ReplaceAll(t.Measure, ".", "_")
	t.fields = []string{flat}
	if m, ok := d.measures[flat]; ok {
		t.measure = m
		return nil
	}
	if i := strings.LastIndex(flat, "_"); i > 0 {
		if m, ok := d.breakdowns[flat[:i]].measures[flat[i+1:]]; ok {
			t.breakdown, t.measure = flat[:i], m
			return nil
		}
	}
	return fmt.Errorf("%s has no measure %q", d.name, t.Measure)
}

// groupedBy finds a dimension, or the key of a breakdown, and the field that it is.
func (d dataset[E]) groupedBy(name, breakdown string) (dimension[E], string, error) {
	flat := strings.ReplaceAll(name, ".", "_")
	if b := d.breakdowns[breakdown]; breakdown != "" && flat == breakdown+"_"+b.key {
		return dimension[E]{dimensionInfo{kind: b.kind}, func(e *E) value {
			v, _ := b.of(e)
			return v
		}}, flat, nil
	}
	if dimension, ok := d.dimensions[name]; ok {
		return dimension, fieldOf(name, d.raw), nil
	}
	return dimension[E]{}, "", fmt.Errorf("%s cannot be grouped by %q", d.name, name)
}

func (d dataset[E]) infos() map[string]dimensionInfo {
	infos := map[string]dimensionInfo{}
	for name, dimension := range d.dimensions {
		infos[name] = dimension.dimensionInfo
	}
	return infos
}

// accepts tells which events a grouping is of: those with a key, if it is of a breakdown.
func (d dataset[E]) accepts(t tallied[E]) func(*E) bool {
	accepts := d.bind(t.filter)
	if t.breakdown == "" {
		return accepts
	}
	keyed := d.breakdowns[t.breakdown].of
	return func(e *E) bool {
		_, ok := keyed(e)
		return ok && accepts(e)
	}
}

// divide brings groupings together that divide the events in the same way. Those that take a field that may not be read
// are left out.
func (d dataset[E]) divide(groupings []Grouping, may func(field string) bool) ([]*division[E], error) {
	var divisions []*division[E]
	index := map[string]*division[E]{}
	for _, g := range groupings {
		t, err := d.prepare(g, may)
		if err != nil {
			return nil, err
		}
		if slices.ContainsFunc(t.fields, func(field string) bool { return !may(field) }) {
			continue
		}
		key := fmt.Sprint(t.breakdown, t.filter.canonical(), g.Dimensions)
		if index[key] == nil {
			index[key] = &division[E]{accepts: d.accepts(t), dimensions: t.dimensions, groups: map[string]*group[E]{}}
			divisions = append(divisions, index[key])
		}
		index[key].tallies = append(index[key].tallies, t.tally)
	}
	return divisions, nil
}
