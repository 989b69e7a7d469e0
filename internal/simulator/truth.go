// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"cmp"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"
	"time"
)

// Total is the exact value of one [Grouping] for one label set of one zone or account. Totals of zero are left out: a label set
// without a Total has 0.
type Total struct {
	Name       string            `json:"name"`  // the grouping's
	Scope      string            `json:"scope"` // zone or account
	ID         string            `json:"id"`
	Dataset    string            `json:"dataset"`
	Measure    string            `json:"measure"`
	Dimensions map[string]string `json:"dimensions"` // by the names that the grouping has for them
	Value      float64           `json:"value"`
	Int        uint64            `json:"int"` // the exact value of a whole number; 0 for measures in floating point
}

// Truth returns the totals of [from, to), as far as the stream covers it and the clock has come, of those datasets and fields that a
// scope's plan lets its owner read. A zero from or to is no bound. Roll-ups know full minutes only, so their totals are
// comparable for bounds on full minutes. What is no sum (avg, max, quantiles, uniq) is that of all the range.
//
// The totals are taken straight from the events, with nothing of what answers queries but the definitions of the fields. An error
// means that a grouping names what no dataset has.
//
// Events count by when they happened, whether they are visible yet or not. Plans and zones are those of the moment: what a
// zone was not entitled to, or an account did not have, at an earlier time is no matter.
func (s *Simulator) Truth(from, to time.Time, groupings ...Grouping) ([]Total, error) {
	return s.truth(s.bounded(from, to, nil), false, groupings)
}

// TruthAll is Truth with the totals of datasets and fields that a scope's plan keeps from its owner.
func (s *Simulator) TruthAll(from, to time.Time, groupings ...Grouping) ([]Total, error) {
	return s.truth(s.bounded(from, to, nil), true, groupings)
}

// TruthVisible is Truth of the events that a reader could see at an instant, by the [Lateness] in force.
func (s *Simulator) TruthVisible(from, to, at time.Time, groupings ...Grouping) ([]Total, error) {
	late, instant := s.faults.get().Late, at.UnixMicro()
	shows := func(event int64, salt uint64) bool { return late.shows(event, salt, instant) }
	return s.truth(s.bounded(from, to, shows), false, groupings)
}

// window is events of a range that some reader could see.
type window struct {
	span
	shows func(at int64, salt uint64) bool // nil is all
}

// bounded cuts a range to what there is.
func (s *Simulator) bounded(from, to time.Time, shows func(int64, uint64) bool) window {
	w := window{span{s.config.Begin.UnixMicro(), s.now().UnixMicro()}, shows}
	if !from.IsZero() {
		w.from = max(w.from, from.UnixMicro())
	}
	if !to.IsZero() {
		w.to = min(w.to, to.UnixMicro())
	}
	return w
}

// truth leaves entitlements out of account if all is set.
func (s *Simulator) truth(w window, all bool, groupings []Grouping) ([]Total, error) {
	if err := s.checkGroupings(groupings); err != nil {
		return nil, err
	}
	var totals []Total
	world := s.world()
	for _, sc := range world.scopes() {
		for key, own := range byNode(sc.kind(), groupings) {
			n := s.nodes[key]
			fields := n.offered
			if !all {
				fields = s.readable(world, sc, n)
			}
			if len(fields) == 0 {
				continue
			}
			own = slices.DeleteFunc(own, func(g Grouping) bool { return g.Unless != "" && s.mayRead(world, sc, g.Unless, all) })
			found, err := n.totals(sc, []window{w}, own, fields)
			if err != nil {
				return nil, err
			}
			totals = append(totals, found...)
		}
	}
	sortTotals(totals)
	return totals, nil
}

// checkGroupings finds what no dataset has.
func (s *Simulator) checkGroupings(groupings []Grouping) error {
	for _, g := range groupings {
		n := s.nodes[nodeKey{g.Scope, g.Dataset}]
		if n == nil {
			return fmt.Errorf("grouping %q: there is no dataset %q of scope %q", g.Name, g.Dataset, g.Scope)
		}
		if err := n.check(g); err != nil {
			return err
		}
		if g.Unless != "" && s.nodes[nodeKey{g.Scope, g.Unless}] == nil {
			return fmt.Errorf("grouping %q: unless: there is no dataset %q of scope %q", g.Name, g.Unless, g.Scope)
		}
	}
	return nil
}

// byNode collects the groupings of scopes of a kind by their datasets.
func byNode(kind string, groupings []Grouping) map[nodeKey][]Grouping {
	nodes := map[nodeKey][]Grouping{}
	for _, g := range groupings {
		if g.Scope == kind {
			key := nodeKey{g.Scope, g.Dataset}
			nodes[key] = append(nodes[key], g)
		}
	}
	return nodes
}

// scopes are all zones, then all accounts.
func (w *world) scopes() []scope {
	var scopes []scope
	for _, z := range w.zones {
		scopes = append(scopes, scope{zone: z, account: z.account})
	}
	for _, a := range w.accounts {
		scopes = append(scopes, scope{account: a})
	}
	return scopes
}

// readable lists the fields of a dataset that the owner of a scope may read: of a zone that may not read it itself, those that may
// be read at account scope.
func (s *Simulator) readable(w *world, sc scope, n *node) []string {
	granted := s.entitlement(sc, n, w.grantAt(sc, s.now()))
	if wide := s.nodes[nodeKey{"account", n.name}]; !granted.Enabled && sc.zone != nil && wide != nil && wide.tellsZones() {
		account := scope{account: sc.account}
		granted = s.entitlement(account, wide, w.grantAt(account, s.now()))
	}
	return granted.AvailableFields
}

func (s *Simulator) mayRead(w *world, sc scope, dataset string, all bool) bool {
	n := s.nodes[nodeKey{sc.kind(), dataset}]
	return all || len(s.readable(w, sc, n)) > 0
}

// totals adds up groupings over the events of a scope in some windows. Fields, sorted, are those that may be read.
func (d dataset[E]) totals(sc scope, windows []window, groupings []Grouping, fields []string) ([]Total, error) {
	divisions, err := d.divide(groupings, func(field string) bool {
		_, ok := slices.BinarySearch(fields, field)
		return ok
	})
	if err != nil || len(divisions) == 0 {
		return nil, err
	}
	var key []byte
	for e := range d.visible(sc, windows) {
		for _, division := range divisions {
			key = division.add(e, key[:0])
		}
	}
	var totals []Total
	for _, division := range divisions {
		for _, g := range division.groups {
			totals = append(totals, division.totals(sc, g.events)...)
		}
	}
	return totals, nil
}

// add puts an event into its group. Key is memory to use.
func (d *division[E]) add(e *E, key []byte) []byte {
	if !d.accepts(e) {
		return key
	}
	for i := range d.dimensions {
		key = d.dimensions[i].of(e).appendTo(key)
	}
	g, ok := d.groups[string(key)]
	if !ok {
		g = &group[E]{}
		d.groups[string(key)] = g
	}
	g.events = append(g.events, e)
	return key
}

// visible gives the events of windows, one after another.
func (d dataset[E]) visible(sc scope, windows []window) iter.Seq[*E] {
	return func(yield func(*E) bool) {
		for _, w := range windows {
			for e := range d.events(sc, w.from, w.to) {
				at, salt := (*e).stamp()
				if (w.shows == nil || w.shows(at, salt)) && !yield(e) {
					return
				}
			}
		}
	}
}

// totals are those of one group.
func (d *division[E]) totals(sc scope, events []*E) []Total {
	labels := map[string]string{}
	for _, dimension := range d.dimensions {
		labels[dimension.name] = fmt.Sprint(dimension.json(dimension.of(events[0])))
	}
	var totals []Total
	for _, t := range d.tallies {
		total := Total{Name: t.Name, Scope: sc.kind(), ID: sc.id(), Dataset: t.Dataset, Measure: t.Measure, Dimensions: labels}
		if total.Value, total.Int = numeric(t.measure(events)); total.Value != 0 {
			totals = append(totals, total)
		}
	}
	return totals
}

// SumTotals adds up totals of the same name, measure and label set, drops those of zero, and brings the rest into the order of Truth.
func SumTotals(totals ...[]Total) []Total {
	sums := map[string]*Total{}
	for _, t := range slices.Concat(totals...) {
		key := strings.Join(slices.Concat([]string{t.Name, t.Scope, t.ID, t.Dataset, t.Measure}, labels(t.Dimensions)), "\x00")
		if sum := sums[key]; sum != nil {
			sum.Value += t.Value
			sum.Int += t.Int
		} else {
			sums[key] = &t
		}
	}
	var all []Total
	for _, t := range sums {
		if t.Value != 0 {
			all = append(all, *t)
		}
	}
	sortTotals(all)
	return all
}

// labels lists names and values of a label set, in order.
func labels(dimensions map[string]string) []string {
	var list []string
	for _, name := range slices.Sorted(maps.Keys(dimensions)) {
		list = append(list, name, dimensions[name])
	}
	return list
}

// sortTotals brings totals into order: zones before accounts, then by what they are of.
func sortTotals(totals []Total) {
	type sortable struct {
		Total
		labels string
	}
	sorted := make([]sortable, len(totals))
	for i, t := range totals {
		sorted[i] = sortable{t, strings.Join(labels(t.Dimensions), "\x00")}
	}
	slices.SortFunc(sorted, func(a, b sortable) int {
		return cmp.Or(
			strings.Compare(b.Scope, a.Scope), strings.Compare(a.ID, b.ID), strings.Compare(a.Dataset, b.Dataset),
			strings.Compare(a.Name, b.Name), strings.Compare(a.Measure, b.Measure), strings.Compare(a.labels, b.labels),
		)
	})
	for i := range sorted {
		totals[i] = sorted[i].Total
	}
}
