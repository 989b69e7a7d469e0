// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"slices"
)

// node is a dataset without its type of events.
type node struct {
	name       string
	raw        bool
	dimensions map[string]dimensionInfo
	fields     []string          // all that can be selected, by flattened names, sorted
	offered    []string          // fields, and what can be filtered by only, sorted
	breakdowns map[string]string // their keys, by flattened names
	rows       func(q query) result
	totals     func(sc scope, windows []window, groupings []Grouping, fields []string) ([]Total, error)
	check      func(g Grouping) error // whether it names what there is
}

// newNode makes a node of a dataset, in which what nobody modelled follows from the events' salts.
func newNode[E timed](d dataset[E], t rowType) *node {
	d = derive(d, t)
	n := &node{
		name:       d.name,
		raw:        d.raw,
		dimensions: map[string]dimensionInfo{},
		fields:     t.fields(),
		offered:    t.offered(),
		breakdowns: map[string]string{},
		rows:       d.rows,
		totals:     d.totals,
		check: func(g Grouping) error {
			_, err := d.prepare(g, func(string) bool { return true })
			return err
		},
	}
	for name, dimension := range d.dimensions {
		n.dimensions[name] = dimension.dimensionInfo
	}
	for name, b := range d.breakdowns {
		n.breakdowns[name] = b.key
	}
	return n
}

// nodeKey names a node by where it is.
type nodeKey struct{ scope, name string }

// datasets lists the nodes that the simulator answers: all that the schema has. Those that are not modelled by hand are synthetic.
func (s *Simulator) datasets() map[nodeKey]*node {
	nodes := map[nodeKey]*node{}
	modelled := s.modelled()
	for _, scope := range []string{"zone", "account"} {
		for _, field := range s.schema.Types[scope].Fields {
			if field.Arguments.ForName("filter") == nil || field.Arguments.ForName("limit") == nil || field.Name == "zones" {
				continue
			}
			key, t := nodeKey{scope, field.Name}, newRowType(s.schema, field)
			if own, ok := modelled[key]; ok {
				nodes[key] = own(t)
			} else {
				nodes[key] = newNode(s.syntheticDataset(key, t), t)
			}
		}
	}
	return nodes
}

// modelled are the datasets with events of their own.
func (s *Simulator) modelled() map[nodeKey]func(rowType) *node {
	requests := func(d dataset[httpRequest]) func(rowType) *node {
		return func(t rowType) *node { return newNode(d, t) }
	}
	return map[nodeKey]func(rowType) *node{
		{"zone", datasetHTTPRequests1m}:           requests(httpRequests1m(s.requests)),
		{"zone", "httpRequestsAdaptiveGroups"}:    requests(httpRequestsAdaptive(s.requests)),
		{"account", "httpRequestsAdaptiveGroups"}: requests(ofAccount(httpRequestsAdaptive(s.requests), zoneOfRequest)),
		{"zone", datasetFirewallEvents}:           requests(firewallEvents(s.matched)),
		{"account", datasetFirewallEvents}:        requests(ofAccount(firewallEvents(s.matched), zoneOfRequest)),
		{"zone", "firewallEventsAdaptive"}:        requests(rawFirewallEvents(s.matched)),
		{"account", "firewallEventsAdaptive"}:     requests(ofAccount(rawFirewallEvents(s.matched), zoneOfRequest)),
		{"account", datasetWorkers}:               func(t rowType) *node { return newNode(workersInvocations(s.workers), t) },
	}
}

// tellsZones tells whether a node of an account has the events of its zones, told apart.
func (n *node) tellsZones() bool {
	_, ok := n.dimensions["zoneTag"]
	return ok
}

// field is the flattened name of a dimension.
func (n *node) field(dimension string) string { return fieldOf(dimension, n.raw) }

// has tells whether a node has a field, by its flattened name.
func (n *node) has(field string) bool {
	_, ok := slices.BinarySearch(n.fields, field)
	return ok
}
