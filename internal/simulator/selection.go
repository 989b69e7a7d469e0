// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"slices"

	"github.com/vektah/gqlparser/v2/ast"
)

// selected is one field to answer, under its alias. The selections of fields with the same alias are merged.
type selected struct {
	key    string
	field  *ast.Field
	nested []*selected
}

// name is the field's own name.
func (s *selected) name() string { return s.field.Name }

// collect resolves fragments, directives and repeated fields of a selection set.
func (d *document) collect(set ast.SelectionSet) []*selected {
	c := collector{document: d, byKey: map[string]*collected{}}
	c.add(set)
	fields := make([]*selected, len(c.ordered))
	for i, found := range c.ordered {
		fields[i] = &selected{key: found.field.Alias, field: found.field, nested: d.collect(found.set)}
	}
	return fields
}

type collector struct {
	document *document
	ordered  []*collected
	byKey    map[string]*collected
}

type collected struct {
	field *ast.Field
	set   ast.SelectionSet
}

func (c *collector) add(set ast.SelectionSet) {
	for _, selection := range set {
		switch selection := selection.(type) {
		case *ast.Field:
			if c.document.included(selection.Directives) {
				c.addField(selection)
			}
		case *ast.InlineFragment:
			if c.document.included(selection.Directives) {
				c.add(selection.SelectionSet)
			}
		case *ast.FragmentSpread:
			if c.document.included(selection.Directives) {
				c.add(selection.Definition.SelectionSet)
			}
		}
	}
}

func (c *collector) addField(field *ast.Field) {
	found := c.byKey[field.Alias]
	if found == nil {
		found = &collected{field: field}
		c.byKey[field.Alias] = found
		c.ordered = append(c.ordered, found)
	}
	// A new slice: the document's own must not grow.
	found.set = append(slices.Clip(found.set), field.SelectionSet...)
}

// included evaluates @skip and @include.
func (d *document) included(directives ast.DirectiveList) bool {
	for _, directive := range directives {
		condition := directive.Arguments.ForName("if")
		if condition == nil {
			continue
		}
		value, err := condition.Value.Value(d.variables)
		if met, _ := value.(bool); err != nil || met == (directive.Name == "skip") {
			return false
		}
	}
	return true
}

// arguments evaluates a field's arguments. Absent variables and nulls are left out.
func (d *document) arguments(field *ast.Field) (map[string]any, *queryError) {
	arguments := map[string]any{}
	for _, argument := range field.Arguments {
		value, err := argument.Value.Value(d.variables)
		if err != nil {
			return nil, errArguments(field.Name, err.Error())
		}
		if value != nil {
			arguments[argument.Name] = value
		}
	}
	return arguments, nil
}
