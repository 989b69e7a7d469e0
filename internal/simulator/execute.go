// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"slices"
	"strconv"
	"time"
)

// queryCost is what a document costs of the budget. Cloudflare documents that documents are counted, not nodes.
const queryCost = 1

// execution answers one document, at one instant.
type execution struct {
	simulator *Simulator
	world     *world
	exchange  *exchange
	document  *document
	now       time.Time
	noZones   bool  // zones: []
	asked     int64 // asked for so far, summed over nodes, in µs
	answers   []answered
}

// block is a zones or accounts field with the scopes that it selects.
type block struct {
	*selected
	scopes []scope
	nested []block // zones fields of an account, for each of the scopes in turn
}

func (e *execution) root() (map[string]any, *queryError) {
	data := map[string]any{}
	for _, f := range e.document.collect(e.document.operation.SelectionSet) {
		switch f.name() {
		case "__typename":
			data[f.key] = f.field.ObjectDefinition.Name
		case "cost":
			data[f.key] = queryCost
		case "viewer":
			viewer, err := e.viewer(f)
			if err != nil {
				return nil, err
			}
			data[f.key] = viewer
		default:
			return nil, errQuery("introspection is not available")
		}
	}
	return data, nil
}

// viewer selects all scopes first: the number of nodes, and account-based limits, are refused before any is executed.
func (e *execution) viewer(viewer *selected) (map[string]any, *queryError) {
	answer := map[string]any{}
	var blocks []block
	for _, f := range viewer.nested {
		switch f.name() {
		case "__typename":
			answer[f.key] = f.field.ObjectDefinition.Name
		case "budget":
			answer[f.key] = e.simulator.graphql.left(e.now)
		default:
			b, err := e.block(f, nil)
			if err != nil {
				return nil, err.at(viewer.key, f.key)
			}
			blocks = append(blocks, b)
		}
	}
	if err := e.admitNodes(e.nodes(blocks)); err != nil {
		return nil, err
	}
	if err := e.charge(blocks); err != nil {
		return nil, err
	}
	for _, b := range blocks {
		list, err := e.list(b.selected, b.scopes, []string{viewer.key, b.key})
		if err != nil {
			return nil, err
		}
		answer[b.key] = list
	}
	return answer, nil
}

func (e *execution) block(f *selected, parent *account) (block, *queryError) {
	scopes, err := e.scopes(f, parent)
	if err == nil {
		err = e.permit(scopes)
	}
	if err != nil {
		return block{}, err
	}
	b := block{selected: f, scopes: scopes}
	for _, sc := range scopes {
		for _, nested := range f.nested {
			if sc.zone == nil && nested.name() == "zones" {
				own, err := e.block(nested, sc.account)
				if err != nil {
					return block{}, err
				}
				b.nested = append(b.nested, own)
			}
		}
	}
	return b, nil
}

func (e *execution) admitNodes(nodes int) *queryError {
	if bound := e.simulator.config.Limits.ScopeNodes; bound > 0 && nodes > bound {
		return errTooManyNodes()
	}
	if bound := e.exchange.faults.Answers.HeavyNodes; bound > 0 && nodes > bound {
		return errHeavy()
	}
	return nil
}

// nodes counts scopes × nodes.
func (e *execution) nodes(blocks []block) int {
	total := 0
	for _, b := range blocks {
		for _, f := range b.selected.nested {
			for _, sc := range b.scopes {
				if e.simulator.nodes[nodeKey{sc.kind(), f.name()}] != nil {
					total++
				}
			}
		}
		total += e.nodes(b.nested)
	}
	return total
}

func (e *execution) list(f *selected, scopes []scope, path []string) ([]map[string]any, *queryError) {
	list := []map[string]any{}
	for i, sc := range scopes {
		object, err := e.scope(sc, f.nested, append(slices.Clone(path), strconv.Itoa(i)))
		if err != nil {
			return nil, err
		}
		list = append(list, object)
	}
	return list, nil
}

// scope answers the fields of one zone or account.
func (e *execution) scope(sc scope, fields []*selected, path []string) (map[string]any, *queryError) {
	answer := map[string]any{}
	for _, f := range fields {
		here := append(slices.Clone(path), f.key)
		switch f.name() {
		case "__typename":
			answer[f.key] = f.field.ObjectDefinition.Name
		case "zoneTag", "accountTag":
			answer[f.key] = sc.id()
		case "settings":
			answer[f.key] = e.settings(sc, f)
		case "zones":
			scopes, err := e.scopes(f, sc.account)
			if err != nil {
				return nil, err.at(here...)
			}
			if answer[f.key], err = e.list(f, scopes, here); err != nil {
				return nil, err
			}
		default:
			rows, err := e.node(sc, f)
			if err != nil {
				return nil, err.at(here...)
			}
			answer[f.key] = rows
		}
	}
	return answer, nil
}

// settings answers the entitlements of a scope, as they were a lag ago.
func (e *execution) settings(sc scope, settings *selected) map[string]any {
	answer := map[string]any{}
	told := e.world.grantAt(sc, e.now.Add(-inSeconds(e.exchange.faults.SettingsLagSeconds)))
	for _, f := range settings.nested {
		if f.name() == "__typename" {
			answer[f.key] = f.field.ObjectDefinition.Name
			continue
		}
		granted := entitlement{AvailableFields: []string{}} // what the schema has settings of and no node
		if n := e.simulator.nodes[nodeKey{sc.kind(), f.name()}]; n != nil {
			granted = e.simulator.entitlement(sc, n, told)
		}
		values := map[string]any{
			"enabled":           granted.Enabled,
			"availableFields":   granted.AvailableFields,
			"maxDuration":       granted.MaxDuration,
			"notOlderThan":      granted.NotOlderThan,
			"maxPageSize":       granted.MaxPageSize,
			"maxNumberOfFields": granted.MaxNumberOfFields,
			"__typename":        "Settings",
		}
		object := map[string]any{}
		for _, leaf := range f.nested {
			object[leaf.key] = values[leaf.name()]
		}
		answer[f.key] = object
	}
	return answer
}

// node checks what is asked of a dataset, and executes it.
func (e *execution) node(sc scope, f *selected) ([]map[string]any, *queryError) {
	n := e.simulator.nodes[nodeKey{sc.kind(), f.name()}]
	arguments, err := e.document.arguments(f.field)
	if err != nil {
		return nil, err
	}
	q, err := parseQuery(n, f, arguments)
	if err != nil {
		return nil, err
	}
	q.scope, q.now, q.draw = sc, e.now.UnixMicro(), e.simulator.faults.bits
	q.late, q.sampling = e.exchange.faults.Late, e.exchange.faults.Sampling
	if err := e.admit(&q, n); err != nil {
		return nil, err
	}
	if err := e.admitMinutes(q); err != nil {
		return nil, err
	}
	answer := n.rows(q)
	e.answers = append(e.answers, answered{rows: answer.rows, reads: e.record(q, n, f, answer)})
	return answer.rows, nil
}

// admitMinutes adds up what a document asks for.
func (e *execution) admitMinutes(q query) *queryError {
	e.asked += max(q.asked.to-q.asked.from, 0)
	if bound := e.exchange.faults.Answers.HeavyMinutes; bound > 0 && e.asked > int64(bound)*minute {
		return errHeavy()
	}
	return nil
}
