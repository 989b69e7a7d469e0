// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"iter"
	"slices"
)

// dataset is a GraphQL node: a view of events of one type. Adding one takes a table like those in the dataset_ files.
type dataset[E timed] struct {
	name     string
	adaptive bool // may be sampled
	// events gives the events that the dataset counts in a scope and in [from, to).
	events func(sc scope, from, to int64) iter.Seq[*E]
	// raw datasets have one row per event, with the dimensions as fields of the row.
	raw        bool
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

// timeDimensions are an event's time at the granularities that a node knows. Precision is that of the event's own time:
// roll-ups have minutes, adaptive nodes seconds.
func timeDimensions[E any](at func(*E) int64, precision int64, widths map[string]int64) map[string]dimension[E] {
	dimensions := map[string]dimension[E]{}
	add := func(name string, kind dimensionKind, width int64) {
		dimensions[name] = dimension[E]{
			dimensionInfo{kind: kind, width: width},
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

func numberDimension[E any](of func(*E) int64) dimension[E] {
	return dimension[E]{dimensionInfo{kind: kindNumber}, func(e *E) value { return value{number: of(e)} }}
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

// meanNonZero leaves zeros out. Of nothing but zeros it is zero.
func meanNonZero[E any](of func(*E) float64) measure[E] {
	return func(rows []*E) any {
		total, count := 0.0, 0.0
		for _, e := range rows {
			if x := of(e); x != 0 {
				total, count = total+x, count+1
			}
		}
		return total / max(count, 1)
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
		return values[min(int(q*float64(len(values))), len(values)-1)]
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
