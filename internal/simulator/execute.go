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
	document  *document
	now       time.Time
}

// block is a zones or accounts field of the viewer with the scopes that it selects.
type block struct {
	*selected
	scopes []scope
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

// viewer selects all scopes first: the number of nodes is refused before any is executed.
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
			scopes, err := e.scopes(f)
			if err != nil {
				return nil, err.at(viewer.key, f.key)
			}
			blocks = append(blocks, block{f, scopes})
		}
	}
	if bound := e.simulator.config.Limits.ScopeNodes; bound > 0 && e.nodes(blocks) > bound {
		return nil, errTooManyNodes()
	}
	for _, b := range blocks {
		list := []map[string]any{}
		for i, sc := range b.scopes {
			object, err := e.scope(sc, b.nested, []string{viewer.key, b.key, strconv.Itoa(i)})
			if err != nil {
				return nil, err
			}
			list = append(list, object)
		}
		answer[b.key] = list
	}
	return answer, nil
}

// nodes counts scopes × nodes.
func (e *execution) nodes(blocks []block) int {
	total := 0
	for _, b := range blocks {
		for _, f := range b.nested {
			if _, ok := e.simulator.nodes[f.name()]; ok {
				total += len(b.scopes)
			}
		}
	}
	return total
}

// scope answers the fields of one zone or account.
func (e *execution) scope(sc scope, fields []*selected, path []string) (map[string]any, *queryError) {
	answer := map[string]any{}
	for _, f := range fields {
		switch f.name() {
		case "__typename":
			answer[f.key] = f.field.ObjectDefinition.Name
		case "zoneTag", "accountTag":
			answer[f.key] = sc.id()
		case "settings":
			answer[f.key] = e.settings(sc, f)
		default:
			rows, err := e.node(sc, f)
			if err != nil {
				return nil, err.at(append(slices.Clone(path), f.key)...)
			}
			answer[f.key] = rows
		}
	}
	return answer, nil
}

// settings answers the entitlements of a scope.
func (e *execution) settings(sc scope, settings *selected) map[string]any {
	answer := map[string]any{}
	for _, f := range settings.nested {
		if f.name() == "__typename" {
			answer[f.key] = f.field.ObjectDefinition.Name
			continue
		}
		granted := e.simulator.entitlement(sc, e.simulator.nodes[f.name()])
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
	n := e.simulator.nodes[f.name()]
	arguments, err := e.document.arguments(f.field)
	if err != nil {
		return nil, err
	}
	q, err := parseQuery(n, f, arguments)
	if err != nil {
		return nil, err
	}
	q.scope = sc
	if err := e.admit(&q, n); err != nil {
		return nil, err
	}
	return n.rows(q), nil
}
