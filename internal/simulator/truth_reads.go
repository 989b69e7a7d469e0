// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"encoding/json"
	"maps"
	"math"
	"slices"
	"strings"
)

// TruthOf adds up what each of some reads could see of its window: the events that had become visible when it was answered, without a
// limit and without sampling.
//
// A grouping is of the reads of its query. Which these are follows from the groupings that share the query: a read of their dataset
// whose filter is part of all their conditions, and whose dimensions come closest to theirs. A read that has some of their dimensions,
// some others, and not all, is of no query. So groupings must be given together with those that share their query.
func (s *Simulator) TruthOf(reads []Read, groupings ...Grouping) ([]Total, error) {
	if err := s.checkGroupings(groupings); err != nil {
		return nil, err
	}
	windows, of := map[readKey][]window{}, map[readKey]Read{}
	for _, r := range reads {
		at := r.At.UnixMicro()
		windows[r.key()] = append(windows[r.key()], window{
			span{r.From.UnixMicro(), min(r.To.UnixMicro(), at)},
			func(event int64, salt uint64) bool { return r.Late.shows(event, salt, at) },
		})
		of[r.key()] = r
	}
	queries, w := s.queries(groupings), s.world()
	var totals []Total
	for key, own := range windows {
		sc, ok := w.scope(key.scope, key.id)
		if !ok {
			continue
		}
		n := s.nodes[nodeKey{key.scope, key.dataset}]
		found, err := n.totals(sc, own, matching(queries, of[key]), n.offered)
		if err != nil {
			return nil, err
		}
		totals = append(totals, found...)
	}
	return SumTotals(totals), nil
}

// Answered adds up what some reads were answered, cut at the limit, late and sampled as it was. The reads of a grouping are those that
// they are for [Simulator.TruthOf]. Measures that are no sums have no totals.
func (s *Simulator) Answered(reads []Read, groupings ...Grouping) ([]Total, error) {
	if err := s.checkGroupings(groupings); err != nil {
		return nil, err
	}
	queries := s.queries(groupings)
	var totals []Total
	for _, r := range reads {
		for _, g := range matching(queries, r) {
			n := s.nodes[nodeKey{g.Scope, g.Dataset}]
			for _, t := range r.Answered {
				if t.Measure == g.Measure && n.meets(g, t) {
					t.Name, t.Dimensions = g.Name, projected(t.Dimensions, g.Dimensions)
					totals = append(totals, t)
				}
			}
		}
	}
	return SumTotals(totals), nil
}

// Complete are those of some reads that select all that the groupings of a query need: every measure and every dimension. What a client reads
// for other purposes with the same filter, gauges' windows or totals to compare with, is left out.
func (s *Simulator) Complete(reads []Read, groupings ...Grouping) ([]Read, error) {
	if err := s.checkGroupings(groupings); err != nil {
		return nil, err
	}
	queries := s.queries(groupings)
	return slices.DeleteFunc(slices.Clone(reads), func(r Read) bool {
		return !slices.ContainsFunc(queries, func(q *sharedQuery) bool { return q.completelyReadBy(r) })
	}), nil
}

// completelyReadBy tells whether a read selects all that a query's groupings need.
func (q *sharedQuery) completelyReadBy(r Read) bool {
	if _, ok := q.distance(r); !ok {
		return false
	}
	for _, g := range q.groupings {
		for _, name := range append([]string{g.Measure}, g.Dimensions...) {
			flat := strings.ReplaceAll(name, ".", "_")
			if name != "rows" && !slices.Contains(r.Fields, flat) && !slices.Contains(r.Dimensions, name) {
				return false
			}
		}
	}
	return true
}

func projected(labels map[string]string, names []string) map[string]string {
	own := maps.Clone(labels)
	maps.DeleteFunc(own, func(name, _ string) bool { return !slices.Contains(names, name) })
	return own
}

// meets tells whether a label set meets those of a grouping's conditions that it tells of. The filter of its read has seen to the others.
func (n *node) meets(g Grouping, t Total) bool {
	f, err := parseFilter(g.Where, n.dimensions)
	if err != nil {
		return false
	}
	for _, c := range f.conditions {
		label, ok := t.Dimensions[c.dimension]
		if !ok {
			continue
		}
		var written any = label
		if c.kind == kindNumber {
			written = json.Number(label)
		}
		if v, err := c.kind.parse(written); err != nil || !c.accepts(v) {
			return false
		}
	}
	return true
}

func (w *world) scope(kind, id string) (scope, bool) {
	for _, sc := range w.scopes() {
		if sc.kind() == kind && sc.id() == id {
			return sc, true
		}
	}
	return scope{}, false
}

// sharedQuery is what groupings with the same query tell of it.
type sharedQuery struct {
	groupings  []Grouping
	conditions [][]string // of each grouping
	dimensions map[string]bool
}

// queries brings the groupings of each query together.
func (s *Simulator) queries(groupings []Grouping) []*sharedQuery {
	var queries []*sharedQuery
	index := map[[3]string]*sharedQuery{}
	for _, g := range groupings {
		q := index[g.query()]
		if q == nil {
			q = &sharedQuery{dimensions: map[string]bool{}}
			index[g.query()] = q
			queries = append(queries, q)
		}
		f, _ := parseFilter(g.Where, s.nodes[nodeKey{g.Scope, g.Dataset}].dimensions)
		q.groupings, q.conditions = append(q.groupings, g), append(q.conditions, f.canonical())
		for _, name := range g.Dimensions {
			if !strings.Contains(name, ".") { // breakdowns come by themselves
				q.dimensions[name] = true
			}
		}
	}
	return queries
}

// matching are the groupings of the queries that a read comes closest to.
func matching(queries []*sharedQuery, r Read) []Grouping {
	var groupings []Grouping
	least := math.MaxInt
	for _, q := range queries {
		distance, ok := q.distance(r)
		if !ok || distance > least {
			continue
		}
		if distance < least {
			least, groupings = distance, nil
		}
		groupings = append(groupings, q.groupings...)
	}
	return groupings
}

// distance counts the dimensions in which a read differs from a query. It is none of the query's if it cannot be one.
func (q *sharedQuery) distance(r Read) (int, bool) {
	if g := q.groupings[0]; g.Scope != r.Scope || g.Dataset != r.Dataset {
		return 0, false
	}
	wanted := maps.Clone(q.dimensions)
	for _, conditions := range q.conditions {
		for _, c := range r.Where {
			if !slices.Contains(conditions, c) {
				return 0, false
			}
		}
		for _, c := range conditions {
			if !slices.Contains(r.Where, c) { // then rows are told apart by it
				wanted[dimensionOf(c)] = true
			}
		}
	}
	more, fewer := 0, len(wanted)
	for _, name := range r.Dimensions {
		if wanted[name] {
			fewer--
		} else {
			more++
		}
	}
	return more + fewer, more == 0 || fewer == 0
}

// dimensionOf takes the dimension from a condition as [condition.canonical] writes it.
func dimensionOf(condition string) string {
	name, _, _ := strings.Cut(condition, ":")
	name, _, _ = strings.Cut(name, "_")
	return name
}
