// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
)

// rowType is what the schema says of a node's rows and filter. Fields with arguments (confidence) are left out.
type rowType struct {
	raw        bool              // rows are events: their fields are neither dimensions nor measures
	dimensions map[string]scalar // of a raw node, the fields of its rows
	filters    map[string]scalar
	measures   map[string]scalar  // by flattened names
	lists      map[string][]field // of objects, by flattened names
}

// scalar is the type of a leaf.
type scalar struct {
	name string
	list bool
}

func (s scalar) whole() bool {
	return strings.HasPrefix(s.name, "uint") || strings.HasPrefix(s.name, "int")
}

// field is a leaf of an object in a list.
type field struct {
	name string
	scalar
}

// newRowType reads the type of a node's rows.
func newRowType(schema *ast.Schema, node *ast.FieldDefinition) rowType {
	row := schema.Types[node.Type.Name()]
	t := rowType{
		raw:        !slices.ContainsFunc(row.Fields, isGrouped),
		dimensions: map[string]scalar{}, filters: map[string]scalar{}, measures: map[string]scalar{}, lists: map[string][]field{},
	}
	for _, f := range row.Fields {
		object := schema.Types[f.Type.Name()]
		switch {
		case len(f.Arguments) > 0:
		case object.Kind != ast.Object && t.raw:
			t.dimensions[f.Name] = scalarOf(f)
		case object.Kind != ast.Object:
			t.measures[f.Name] = scalarOf(f)
		case t.raw:
			t.lists[f.Name] = leaves(object)
		case f.Name == "dimensions":
			for _, leaf := range leaves(object) {
				t.dimensions[leaf.name] = leaf.scalar
			}
		default:
			t.addMeasures(schema, f.Name, object)
		}
	}
	t.addFilters(schema, node)
	return t
}

// isGrouped tells whether a field is one of those that rows of groups have, and rows of events do not.
func isGrouped(f *ast.FieldDefinition) bool {
	return slices.Contains([]string{"dimensions", "count", "sum", "avg", "max", "min", "quantiles", "uniq", "ratio"}, f.Name)
}

func (t rowType) addMeasures(schema *ast.Schema, prefix string, object *ast.Definition) {
	for _, f := range object.Fields {
		name := prefix + "_" + f.Name
		if element := schema.Types[f.Type.Name()]; element.Kind == ast.Object {
			t.lists[name] = leaves(element)
		} else {
			t.measures[name] = scalarOf(f)
		}
	}
}

// addFilters reads the filter's operators, of which there are several for each dimension.
func (t rowType) addFilters(schema *ast.Schema, node *ast.FieldDefinition) {
	for _, f := range schema.Types[node.Arguments.ForName("filter").Type.Name()].Fields {
		name, _, _ := strings.Cut(f.Name, "_")
		if name != "AND" && name != "OR" {
			t.filters[name] = scalar{name: f.Type.Name()}
		}
	}
}

func leaves(object *ast.Definition) []field {
	var list []field
	for _, f := range object.Fields {
		list = append(list, field{f.Name, scalarOf(f)})
	}
	return list
}

func scalarOf(f *ast.FieldDefinition) scalar { return scalar{f.Type.Name(), f.Type.Elem != nil} }

// fields lists all fields by flattened names, sorted.
func (t rowType) fields() []string {
	var names []string
	for name := range t.dimensions {
		names = append(names, fieldOf(name, t.raw))
	}
	for name := range t.measures {
		names = append(names, name)
	}
	for name, leaves := range t.lists {
		names = append(names, name)
		for _, leaf := range leaves {
			names = append(names, name+"_"+leaf.name)
		}
	}
	slices.Sort(names)
	return names
}

// offered lists fields, and what can be filtered by only, as the dimension that it is in the complete schema.
func (t rowType) offered() []string {
	names := t.fields()
	for name := range t.filters {
		names = append(names, fieldOf(name, t.raw))
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// fieldOf is the flattened name of a dimension.
func fieldOf(dimension string, raw bool) string {
	if raw {
		return dimension
	}
	return "dimensions_" + dimension
}
