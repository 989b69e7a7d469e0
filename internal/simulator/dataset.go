// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"iter"
	"maps"
	"slices"
)

// dataset is a GraphQL node: a view of events of one type. Adding one takes a table like those in the dataset_ files.
type dataset[E timed] struct {
	name     string
	adaptive bool // may be sampled
	// events gives the events that the dataset counts in a scope and in [from, to).
	events     func(sc scope, from, to int64) iter.Seq[*E]
	dimensions map[string]dimension[E]
	// measures are the fields outside dimensions, by their flattened names: "count", "sum_requests".
	measures map[string]measure[E]
	// breakdowns are the measures that are lists with an element per key: "sum_countryMap".
	breakdowns map[string]breakdown[E]
}

// dimension is something to group and filter by.
type dimension[E any] struct {
	dimensionInfo
	of func(*E) value
}

// measure makes a number of the events of one row. There is at least one.
type measure[E any] func(rows []*E) any

// breakdown is a list inside a row, with an element per key. Events without a key are left out.
type breakdown[E any] struct {
	key      string
	kind     dimensionKind
	of       func(*E) (key value, ok bool)
	measures map[string]measure[E]
}

// node is a dataset without its type of events.
type node struct {
	name       string
	dimensions map[string]dimensionInfo
	fields     []string          // all fields by flattened names
	breakdowns map[string]string // their keys, by flattened names
	rows       func(q query) result
}

func newNode[E timed](d dataset[E]) *node {
	n := &node{
		name:       d.name,
		dimensions: map[string]dimensionInfo{},
		breakdowns: map[string]string{},
		rows:       d.rows,
	}
	for name, dimension := range d.dimensions {
		n.dimensions[name] = dimension.dimensionInfo
		n.fields = append(n.fields, "dimensions_"+name)
	}
	n.fields = slices.AppendSeq(n.fields, maps.Keys(d.measures))
	for name, b := range d.breakdowns {
		n.breakdowns[name] = b.key
		n.fields = append(n.fields, name, name+"_"+b.key)
		for leaf := range b.measures {
			n.fields = append(n.fields, name+"_"+leaf)
		}
	}
	slices.Sort(n.fields)
	return n
}

// nodeKey names a node by where it is.
type nodeKey struct{ scope, name string }

// datasets lists the nodes that the simulator answers.
func (s *Simulator) datasets() map[nodeKey]*node {
	nodes := map[nodeKey]*node{}
	for scope, list := range map[string][]*node{
		"zone":    {newNode(httpRequests1m(s.requests)), newNode(firewallEvents(s.matched))},
		"account": {newNode(workersInvocations(s.workers)), newNode(accountFirewallEvents(s.matched))},
	} {
		for _, n := range list {
			nodes[nodeKey{scope, n.name}] = n
		}
	}
	return nodes
}

// timeDimensions are an event's time at the granularities that a node knows. Precision is that of the event's own time:
// roll-ups have minutes, adaptive nodes seconds.
func timeDimensions[E any](at func(*E) int64, precision int64, widths map[string]int64) map[string]dimension[E] {
	dimensions := map[string]dimension[E]{}
	add := func(name string, kind dimensionKind, width int64) {
		dimensions[name] = dimension[E]{
			dimensionInfo{kind, width},
			func(e *E) value { return value{number: floorDiv(at(e), width) * width} },
		}
	}
	add("date", kindDay, 24*60*minute)
	add("datetime", kindInstant, precision)
	for name, width := range widths {
		add(name, kindInstant, width)
	}
	return dimensions
}

func textDimension[E any](of func(*E) string) dimension[E] {
	return dimension[E]{dimensionInfo{kind: kindText}, func(e *E) value { return value{text: of(e)} }}
}

func sum[E any](of func(*E) uint64) measure[E] {
	return func(rows []*E) any {
		var total uint64
		for _, e := range rows {
			total += of(e)
		}
		return total
	}
}

func sumFloat[E any](of func(*E) float64) measure[E] {
	return func(rows []*E) any {
		var total float64
		for _, e := range rows {
			total += of(e)
		}
		return total
	}
}

func mean[E any](of func(*E) float64) measure[E] {
	return func(rows []*E) any {
		var total float64
		for _, e := range rows {
			total += of(e)
		}
		return total / float64(len(rows))
	}
}

func highest[E any](of func(*E) float64) measure[E] {
	return func(rows []*E) any {
		most := of(rows[0])
		for _, e := range rows[1:] {
			most = max(most, of(e))
		}
		return most
	}
}

// quantile takes the nearest rank.
func quantile[E any](q float64, of func(*E) float64) measure[E] {
	return func(rows []*E) any {
		values := make([]float64, len(rows))
		for i, e := range rows {
			values[i] = of(e)
		}
		slices.Sort(values)
		return float32(values[min(int(q*float64(len(values))), len(values)-1)])
	}
}

// one counts each event once, and says that it stands for one event.
func one[E any](*E) uint64 { return 1 }

func oneFloat[E any](*E) float64 { return 1 }

// when counts of the events that meet a condition.
func when[E any](met func(*E) bool, of func(*E) uint64) func(*E) uint64 {
	return func(e *E) uint64 {
		if met(e) {
			return of(e)
		}
		return 0
	}
}
