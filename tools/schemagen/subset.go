// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/formatter"
)

// subset is the part of a complete schema that we have so far.
type subset struct {
	complete *ast.Schema
	roots    ast.SchemaDefinitionList
	types    map[string]*ast.Definition
}

func newSubset(complete *ast.Schema, ours *ast.SchemaDocument) *subset {
	s := &subset{complete: complete, roots: ours.Schema, types: map[string]*ast.Definition{}}
	for _, d := range ours.Definitions {
		s.types[d.Name] = d
	}
	return s
}

// define returns our definition of a type, empty if we did not have it. Builtin types need none.
func (s *subset) define(of *ast.Type) *ast.Definition {
	theirs := s.complete.Types[of.Name()]
	if theirs.BuiltIn {
		return theirs
	}
	if s.types[theirs.Name] == nil {
		s.types[theirs.Name] = &ast.Definition{Kind: theirs.Kind, Name: theirs.Name}
	}
	return s.types[theirs.Name]
}

// field returns our definition of a field of an object or an input object, whose type it defines as well.
func (s *subset) field(theirs *ast.Definition, name string) *ast.FieldDefinition {
	their := theirs.Fields.ForName(name)
	s.define(their.Type)
	own := s.define(ast.NamedType(theirs.Name, nil))
	if have := own.Fields.ForName(name); have != nil {
		return have
	}
	field := &ast.FieldDefinition{Name: name, Type: their.Type}
	own.Fields = append(own.Fields, field)
	return field
}

func (s *subset) enumValue(theirs *ast.Definition, name string) {
	own := s.define(ast.NamedType(theirs.Name, nil))
	if own.EnumValues.ForName(name) == nil {
		own.EnumValues = append(own.EnumValues, &ast.EnumValueDefinition{Name: name})
	}
}

// String is the subset as SDL, in an order that depends only on names.
func (s *subset) String() string {
	var text strings.Builder
	write := func(list ...*ast.Definition) {
		out := formatter.NewFormatter(&text, formatter.WithIndent("  "), formatter.WithoutDescription())
		out.FormatSchemaDocument(&ast.SchemaDocument{Definitions: list})
	}
	formatter.NewFormatter(&text, formatter.WithIndent("  ")).FormatSchemaDocument(&ast.SchemaDocument{Schema: s.roots})
	text.WriteString("\n")
	composed := []*ast.Definition{}
	for _, d := range s.sorted() {
		if d.Kind != ast.Scalar {
			composed = append(composed, d)
			continue
		}
		write(d)
	}
	for _, d := range composed {
		text.WriteString("\n")
		write(d)
	}
	return text.String()
}

// sorted puts all types, and what is in them, in order: account before AccountSettings.
func (s *subset) sorted() []*ast.Definition {
	list := make([]*ast.Definition, 0, len(s.types))
	for _, d := range s.types {
		slices.SortFunc(d.Fields, func(a, b *ast.FieldDefinition) int { return cmp.Compare(a.Name, b.Name) })
		slices.SortFunc(d.EnumValues, func(a, b *ast.EnumValueDefinition) int { return cmp.Compare(a.Name, b.Name) })
		for _, f := range d.Fields {
			slices.SortFunc(f.Arguments, func(a, b *ast.ArgumentDefinition) int { return cmp.Compare(a.Name, b.Name) })
		}
		list = append(list, d)
	}
	slices.SortFunc(list, func(a, b *ast.Definition) int {
		return cmp.Or(cmp.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name)), cmp.Compare(a.Name, b.Name))
	})
	return list
}

// heading is the comment at the top, up to the first empty line and with it.
func heading(schema string) string {
	if !strings.HasPrefix(schema, "#") {
		return ""
	}
	comment, _, _ := strings.Cut(schema, "\n\n")
	return comment + "\n\n"
}
