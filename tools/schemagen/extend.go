// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"
	"github.com/vektah/gqlparser/v2/validator"
)

// extend returns ours with all that the operations need of complete. The error names the operation that asks for
// something Cloudflare does not have.
func extend(complete, ours string, operations []operation) (string, error) {
	theirs, err := gqlparser.LoadSchema(&ast.Source{Name: "the complete schema", Input: complete})
	if err != nil {
		return "", fmt.Errorf("read the complete schema: %w", err)
	}
	document, err := parser.ParseSchema(&ast.Source{Name: "our schema", Input: ours})
	if err != nil {
		return "", fmt.Errorf("read our schema: %w", err)
	}
	part := newSubset(theirs, document)
	for _, o := range operations {
		if err := part.addOperation(o.text); err != nil {
			return "", fmt.Errorf("%s: %w", o.file, err)
		}
	}
	text := heading(ours) + part.String()
	if err := check(text, operations); err != nil {
		return "", fmt.Errorf("the schema that was made: %w", err)
	}
	return text, nil
}

// check says whether a schema is complete in itself and has what the operations use.
func check(schema string, operations []operation) error {
	loaded, err := gqlparser.LoadSchema(&ast.Source{Name: "schema", Input: schema})
	if err != nil {
		return err
	}
	for _, o := range operations {
		if _, err := load(loaded, o.text); err != nil {
			return fmt.Errorf("%s: %w", o.file, err)
		}
	}
	return nil
}

func load(schema *ast.Schema, text string) (*ast.QueryDocument, error) {
	query, problems := gqlparser.LoadQueryWithRules(schema, text, nil)
	if len(problems) > 0 {
		return nil, problems
	}
	return query, nil
}

// addOperation adds what the query uses, and what the same query for a whole account would.
func (s *subset) addOperation(text string) error {
	query, err := load(s.complete, text)
	if err != nil {
		return err
	}
	s.addQuery(query)
	byZone, err := parser.ParseQuery(&ast.Source{Input: text})
	if err != nil {
		return err
	}
	if !s.splitByZone(byZone) {
		return nil
	}
	if problems := validator.ValidateWithRules(s.complete, byZone, nil); len(problems) > 0 {
		return fmt.Errorf("at account scope: %w", problems)
	}
	s.addQuery(byZone)
	return nil
}

func (s *subset) addQuery(query *ast.QueryDocument) {
	for _, o := range query.Operations {
		for _, v := range o.VariableDefinitions {
			s.define(v.Type)
		}
		s.addSelection(o.SelectionSet)
	}
}

func (s *subset) addSelection(selection ast.SelectionSet) {
	for _, item := range selection {
		field, ok := item.(*ast.Field)
		if !ok { // operations have no fragments, and the final check would miss what one uses
			continue
		}
		own := s.field(field.ObjectDefinition, field.Name)
		for _, argument := range field.Arguments {
			s.addArgument(own, field.Definition, argument)
		}
		s.addSettings(field)
		s.addSelection(field.SelectionSet)
	}
}

func (s *subset) addArgument(own, theirs *ast.FieldDefinition, used *ast.Argument) {
	definition := theirs.Arguments.ForName(used.Name)
	if own.Arguments.ForName(used.Name) == nil {
		own.Arguments = append(own.Arguments, &ast.ArgumentDefinition{Name: definition.Name, Type: definition.Type})
	}
	s.define(definition.Type)
	s.addValue(used.Value)
}

// addValue adds the keys of input objects and the values of enums.
func (s *subset) addValue(value *ast.Value) {
	if value.Kind == ast.EnumValue {
		s.enumValue(value.Definition, value.Raw)
	}
	for _, child := range value.Children {
		if value.Kind == ast.ObjectValue {
			s.field(value.Definition, child.Name)
		}
		s.addValue(child.Value)
	}
}

// settings is the field of a scope that says what it may read.
const settings = "settings"

// addSettings adds what says whether a scope may read the dataset.
func (s *subset) addSettings(dataset *ast.Field) {
	scope := dataset.ObjectDefinition
	entitlements := scope.Fields.ForName(settings)
	if entitlements == nil || len(dataset.SelectionSet) == 0 {
		return
	}
	if of := s.complete.Types[entitlements.Type.Name()]; of.Fields.ForName(dataset.Name) != nil {
		s.field(scope, settings)
		s.field(of, dataset.Name)
	}
}
