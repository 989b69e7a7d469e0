// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package cloudflare

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
)

// Operation is a query for one dataset, from which documents take what they need.
type Operation struct {
	scope  ScopeKind
	node   *ast.Field // the dataset, with its arguments and full selection
	types  map[string]*ast.Type
	fields []string
}

// The variables of a window, in an operation and – with the part's number – in a document.
const (
	fromVariable  = "from"
	toVariable    = "to"
	limitVariable = "limit"
)

// ParseOperation reads one operation of the form
//
//	query X($zones: [string!], $from: Time!, $to: Time!, $limit: uint64!) {
//	  viewer { zones(filter: {zoneTag_in: $zones}) { zoneTag dataset(limit: $limit, filter: {…}, orderBy: […]) { … } } }
//	}
//
// or the same for accounts(filter: {accountTag: $account}) { accountTag … }. The text must be valid by the schema, select
// one dataset, and use neither fragments, directives nor aliases. Window variables may be of type Time or Date.
func ParseOperation(schema *ast.Schema, text string) (*Operation, error) {
	document, problems := gqlparser.LoadQueryWithRules(schema, text, nil)
	if len(problems) > 0 {
		return nil, fmt.Errorf("parse operation: %w", problems)
	}
	if len(document.Operations) != 1 || document.Operations[0].Operation != ast.Query {
		return nil, errors.New("parse operation: the text must be one query")
	}
	operation, err := newOperation(document.Operations[0])
	if err != nil {
		return nil, fmt.Errorf("parse operation %q: %w", document.Operations[0].Name, err)
	}
	return operation, nil
}

func newOperation(definition *ast.OperationDefinition) (*Operation, error) {
	viewer, err := only(definition.SelectionSet, "viewer")
	if err != nil {
		return nil, err
	}
	if len(viewer.SelectionSet) != 1 {
		return nil, errors.New("viewer must have one list of scopes")
	}
	operation := &Operation{}
	scope, isField := viewer.SelectionSet[0].(*ast.Field)
	switch {
	case isField && scope.Name == ZoneScope.list():
		operation.scope = ZoneScope
	case isField && scope.Name == AccountScope.list():
		operation.scope = AccountScope
	default:
		return nil, errors.New("viewer must have zones or accounts")
	}
	if operation.node, err = dataset(scope, operation.scope); err != nil {
		return nil, err
	}
	if operation.types, err = windowTypes(definition, operation.scope); err != nil {
		return nil, err
	}
	operation.fields, err = leaves(operation.node.SelectionSet, "")
	return operation, err
}

// only returns the sole selection, a field of that name.
func only(selection ast.SelectionSet, name string) (*ast.Field, error) {
	if len(selection) == 1 {
		if field, ok := selection[0].(*ast.Field); ok && field.Name == name && field.Alias == name {
			return field, nil
		}
	}
	return nil, fmt.Errorf("the selection must be %s alone", name)
}

// dataset returns the node beside the tag.
func dataset(scope *ast.Field, kind ScopeKind) (*ast.Field, error) {
	var node *ast.Field
	for _, selection := range scope.SelectionSet {
		field, ok := selection.(*ast.Field)
		switch {
		case !ok || field.Alias != field.Name:
			return nil, errors.New("fragments and aliases are not supported")
		case field.Name == kind.tag():
		case node != nil:
			return nil, fmt.Errorf("both %s and %s are selected, one dataset is allowed", node.Name, field.Name)
		default:
			node = field
		}
	}
	if node == nil || len(node.SelectionSet) == 0 {
		return nil, fmt.Errorf("no dataset beside %s", kind.tag())
	}
	return node, nil
}

// windowTypes returns the types of the part's own variables and refuses unknown ones, which no document could fill.
func windowTypes(definition *ast.OperationDefinition, kind ScopeKind) (map[string]*ast.Type, error) {
	_, shared, _ := kind.filter(false)
	types := map[string]*ast.Type{}
	for _, variable := range definition.VariableDefinitions {
		switch variable.Variable {
		case shared:
		case fromVariable, toVariable, limitVariable:
			types[variable.Variable] = variable.Type
		default:
			return nil, fmt.Errorf("unknown variable $%s", variable.Variable)
		}
	}
	for _, name := range []string{fromVariable, toVariable, limitVariable} {
		if types[name] == nil {
			return nil, fmt.Errorf("variable $%s is missing", name)
		}
	}
	return types, nil
}

// leaves lists the dotted paths of scalars.
func leaves(selection ast.SelectionSet, prefix string) ([]string, error) {
	var paths []string
	for _, item := range selection {
		field, ok := item.(*ast.Field)
		if !ok || field.Alias != field.Name || len(field.Directives) > 0 {
			return nil, errors.New("fragments, aliases and directives are not supported")
		}
		if len(field.SelectionSet) == 0 {
			paths = append(paths, prefix+field.Name)
			continue
		}
		below, err := leaves(field.SelectionSet, prefix+field.Name+".")
		if err != nil {
			return nil, err
		}
		paths = append(paths, below...)
	}
	return paths, nil
}

// Dataset returns the name of the node, such as httpRequests1mGroups.
func (o *Operation) Dataset() string { return o.node.Name }

// Scope returns where the dataset is asked for.
func (o *Operation) Scope() ScopeKind { return o.scope }

// Fields returns the selected scalars as dotted paths below the dataset, such as count or sum.countryMap.requests.
func (o *Operation) Fields() []string { return slices.Clone(o.fields) }

// Filters returns the fields that rows are filtered by besides their time, as dotted paths: dimensions.botScore.
func (o *Operation) Filters() []string {
	var paths []string
	for _, argument := range o.node.Arguments {
		if argument.Name != "filter" {
			continue
		}
		for _, entry := range argument.Value.Children {
			name, _, _ := strings.Cut(entry.Name, "_")
			if !strings.HasPrefix(name, "date") && !slices.Contains(paths, "dimensions."+name) {
				paths = append(paths, "dimensions."+name)
			}
		}
	}
	return paths
}

// ByZone is the same query at account scope, with the zone as one more dimension of its rows. It is nil where the schema
// has no such node there, or the node does not tell zones apart. The error says that the schema lacks something of it.
func (o *Operation) ByZone(schema *ast.Schema) (*Operation, error) {
	node := schema.Types["account"].Fields.ForName(o.Dataset())
	if node == nil || !tellsZones(schema, node) {
		return nil, nil
	}
	key, shared, sharedType := AccountScope.filter(false)
	definitions := ast.VariableDefinitionList{{Variable: shared, Type: typeOf(sharedType)}}
	for _, name := range []string{fromVariable, toVariable, limitVariable} {
		definitions = append(definitions, &ast.VariableDefinition{Variable: name, Type: o.types[name]})
	}
	dataset := &ast.Field{
		Alias: o.node.Name, Name: o.node.Name, Arguments: renamed(o.node.Arguments, nil), SelectionSet: withZoneTag(o.node.SelectionSet),
	}
	list := &ast.Field{
		Alias: AccountScope.list(), Name: AccountScope.list(), Arguments: filterBy(key, shared),
		SelectionSet: ast.SelectionSet{leaf(AccountScope.tag()), dataset},
	}
	viewer := &ast.Field{Alias: "viewer", Name: "viewer", SelectionSet: ast.SelectionSet{list}}
	return ParseOperation(schema, write(definitions, ast.SelectionSet{viewer}))
}

// withZoneTag returns a copy of a node's selection with the zone as the first dimension.
func withZoneTag(selection ast.SelectionSet) ast.SelectionSet {
	selection = pruned(selection, "", func(string) bool { return true })
	for _, item := range selection {
		if field, ok := item.(*ast.Field); ok && field.Name == "dimensions" {
			field.SelectionSet = append(ast.SelectionSet{leaf("zoneTag")}, field.SelectionSet...)
			return selection
		}
	}
	return append(selection, &ast.Field{Alias: "dimensions", Name: "dimensions", SelectionSet: ast.SelectionSet{leaf("zoneTag")}})
}

func tellsZones(schema *ast.Schema, node *ast.FieldDefinition) bool {
	row := schema.Types[node.Type.Name()]
	if row == nil {
		return false
	}
	dimensions := row.Fields.ForName("dimensions")
	return dimensions != nil && schema.Types[dimensions.Type.Name()].Fields.ForName("zoneTag") != nil
}
