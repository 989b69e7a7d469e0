// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"slices"

	"github.com/vektah/gqlparser/v2/ast"
)

// Cloudflare's names, and those of the operations' variables.
const (
	zoneTag    = "zoneTag"
	dimensions = "dimensions"

	zoneScope, zoneVariable                    = "zones", "zones"
	accountScope, accountVariable, accountType = "accounts", "account", "account"
	accountTag                                 = "accountTag"
)

// splitByZone turns a query for zones into the one for an account that has the zone as one more dimension, as the
// receiver does when it runs. It returns false where Cloudflare has no such dataset; the query is then as it was.
func (s *subset) splitByZone(query *ast.QueryDocument) bool {
	for _, operation := range query.Operations {
		scope := find(operation.SelectionSet, zoneScope)
		if scope == nil {
			return false
		}
		tag, dataset := find(scope.SelectionSet, zoneTag), datasetOf(scope.SelectionSet)
		if tag == nil || dataset == nil || !s.tellsZones(dataset.Name) {
			return false
		}
		addZone(dataset)
		rename(tag, accountTag)
		rename(scope, accountScope)
		scope.Arguments = filterBy(accountTag, accountVariable)
		operation.VariableDefinitions = append(
			slices.DeleteFunc(operation.VariableDefinitions, func(v *ast.VariableDefinition) bool { return v.Variable == zoneVariable }),
			&ast.VariableDefinition{Variable: accountVariable, Type: ast.NonNullNamedType("string", nil)},
		)
	}
	return true
}

// tellsZones says whether an account has the dataset with the zone as a dimension.
func (s *subset) tellsZones(dataset string) bool {
	of := s.complete.Types[accountType]
	for _, name := range []string{dataset, dimensions, zoneTag} {
		if of == nil {
			return false
		}
		field := of.Fields.ForName(name)
		if field == nil {
			return false
		}
		of = s.complete.Types[field.Type.Name()]
	}
	return true
}

// find returns the first field of that name at any depth.
func find(selection ast.SelectionSet, name string) *ast.Field {
	for _, item := range selection {
		field, ok := item.(*ast.Field)
		if !ok {
			continue
		}
		if field.Name == name {
			return field
		}
		if below := find(field.SelectionSet, name); below != nil {
			return below
		}
	}
	return nil
}

// datasetOf returns the dataset of a scope.
func datasetOf(scope ast.SelectionSet) *ast.Field {
	for _, item := range scope {
		if field, ok := item.(*ast.Field); ok && len(field.SelectionSet) > 0 {
			return field
		}
	}
	return nil
}

func addZone(dataset *ast.Field) {
	by := find(dataset.SelectionSet, dimensions)
	if by == nil {
		by = &ast.Field{}
		rename(by, dimensions)
		dataset.SelectionSet = append(dataset.SelectionSet, by)
	}
	zone := &ast.Field{}
	rename(zone, zoneTag)
	by.SelectionSet = append(by.SelectionSet, zone)
}

func rename(field *ast.Field, name string) { field.Alias, field.Name = name, name }

// filterBy is the argument filter: {key: $variable}.
func filterBy(key, variable string) ast.ArgumentList {
	return ast.ArgumentList{{Name: "filter", Value: &ast.Value{
		Kind:     ast.ObjectValue,
		Children: ast.ChildValueList{{Name: key, Value: &ast.Value{Kind: ast.Variable, Raw: variable}}},
	}}}
}
