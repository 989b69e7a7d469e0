// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package cloudflare

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/formatter"
)

// Part asks for one dataset over one window.
type Part struct {
	Operation *Operation
	// Keep tells by dotted path which of Operation.Fields are asked for; nil keeps all.
	Keep func(path string) bool
	// From and To bound the window [From, To). They are sent in whole seconds.
	From, To time.Time
	// Limit bounds the rows per scope.
	Limit int
	// Unfiltered are keys of the operation's filter that are left out of it, such as requestSource.
	Unfiltered []string
}

// Document is one query: parts × scopes.
type Document struct {
	Scope ScopeKind
	Tags  []string // zones, or one account
	Parts []Part
}

// Build returns the GraphQL text and its variables. Part i goes by the alias p<i> and has variables of its own.
// It fails when the document could not be asked at all.
func (d Document) Build() (string, map[string]any, error) {
	query, err := d.build(false)
	return query.text, query.variables, err
}

// query is a document ready to be sent, and what its answer must have.
type query struct {
	text      string
	variables map[string]any
	parts     []*ast.Field
}

// build names the zone by itself instead of in a list when it must be alone.
func (d Document) build(alone bool) (query, error) {
	if err := d.validate(alone); err != nil {
		return query{}, fmt.Errorf("build document: %w", err)
	}
	key, shared, sharedType := d.Scope.filter(alone)
	result := query{variables: map[string]any{shared: d.Scope.filterValue(d.Tags, alone)}}
	definitions := ast.VariableDefinitionList{{Variable: shared, Type: typeOf(sharedType)}}
	selection := ast.SelectionSet{leaf(d.Scope.tag())}
	for i, part := range d.Parts {
		field := part.field(i)
		if len(field.SelectionSet) == 0 {
			return query{}, fmt.Errorf("build document: part %d (%s) keeps no field", i, part.Operation.Dataset())
		}
		result.parts = append(result.parts, field)
		selection = append(selection, field)
		definitions = append(definitions, part.definitions(i)...)
		part.fill(i, result.variables)
	}
	list := &ast.Field{Alias: d.Scope.list(), Name: d.Scope.list(), SelectionSet: selection, Arguments: filterBy(key, shared)}
	result.text = format(definitions, list)
	return result, nil
}

func (d Document) validate(alone bool) error {
	if len(d.Tags) == 0 || len(d.Parts) == 0 {
		return errors.New("tags and parts must not be empty")
	}
	if d.Scope == AccountScope && len(d.Tags) > 1 {
		return errors.New("a query has one account")
	}
	if alone && len(d.Tags) > 1 {
		return errors.New("under account-based rate limits a query has one zone")
	}
	if slices.Contains(d.Tags, "") {
		return errors.New("a tag is empty")
	}
	for i, part := range d.Parts {
		switch {
		case part.Operation == nil:
			return fmt.Errorf("part %d has no operation", i)
		case part.Operation.scope != d.Scope:
			return fmt.Errorf("part %d (%s) is of scope %s", i, part.Operation.Dataset(), part.Operation.scope)
		case !part.From.Before(part.To):
			return fmt.Errorf("part %d (%s) has an empty window", i, part.Operation.Dataset())
		case part.Limit <= 0:
			return fmt.Errorf("part %d (%s) has no limit", i, part.Operation.Dataset())
		}
	}
	return nil
}

// alias is the name of a part in the answer.
func alias(part int) string { return "p" + strconv.Itoa(part) }

// field is the part's dataset, pruned, under its alias.
func (p Part) field(number int) *ast.Field {
	var dropped []string
	keep := func(path string) bool {
		if p.Keep == nil || p.Keep(path) {
			return true
		}
		dropped = append(dropped, path)
		return false
	}
	selection := pruned(p.Operation.node.SelectionSet, "", keep)
	arguments := renamed(p.Operation.node.Arguments, func(name string) string { return name + strconv.Itoa(number) })
	return &ast.Field{
		Alias: alias(number), Name: p.Operation.node.Name, Definition: p.Operation.node.Definition,
		SelectionSet: selection, Arguments: withoutFilters(withoutOrders(arguments, dropped), p.Unfiltered),
	}
}

func (p Part) definitions(number int) ast.VariableDefinitionList {
	var definitions ast.VariableDefinitionList
	for _, name := range []string{fromVariable, toVariable, limitVariable} {
		definitions = append(definitions, &ast.VariableDefinition{
			Variable: name + strconv.Itoa(number), Type: p.Operation.types[name],
		})
	}
	return definitions
}

func (p Part) fill(number int, variables map[string]any) {
	suffix := strconv.Itoa(number)
	variables[fromVariable+suffix] = instant(p.From, p.Operation.types[fromVariable])
	variables[toVariable+suffix] = instant(p.To, p.Operation.types[toVariable])
	variables[limitVariable+suffix] = p.Limit
}

// instant writes a time as the scalar Date or Time.
func instant(t time.Time, as *ast.Type) string {
	if as.Name() == "Date" {
		return t.UTC().Format(time.DateOnly)
	}
	return t.UTC().Format("2006-01-02T15:04:05Z")
}

// format writes the document around a list of scopes: what the query costs and what is left are asked for with each.
func format(definitions ast.VariableDefinitionList, list *ast.Field) string {
	viewer := &ast.Field{Alias: "viewer", Name: "viewer", SelectionSet: ast.SelectionSet{leaf("budget"), list}}
	return write(definitions, ast.SelectionSet{leaf("cost"), viewer})
}

func write(definitions ast.VariableDefinitionList, selection ast.SelectionSet) string {
	var text strings.Builder
	formatter.NewFormatter(&text, formatter.WithIndent(" ")).FormatQueryDocument(&ast.QueryDocument{
		Operations: ast.OperationList{{
			Operation: ast.Query, VariableDefinitions: definitions, SelectionSet: selection,
		}},
	})
	return text.String()
}

func leaf(name string) *ast.Field { return &ast.Field{Alias: name, Name: name} }

// filterBy is the argument filter: {key: $variable}.
func filterBy(key, variable string) ast.ArgumentList {
	return ast.ArgumentList{{Name: "filter", Value: &ast.Value{
		Kind:     ast.ObjectValue,
		Children: ast.ChildValueList{{Name: key, Value: &ast.Value{Kind: ast.Variable, Raw: variable}}},
	}}}
}

// typeOf is the AST of string! or [string!].
func typeOf(text string) *ast.Type {
	if inner, ok := strings.CutPrefix(text, "["); ok {
		return ast.ListType(typeOf(strings.TrimSuffix(inner, "]")), nil)
	}
	return ast.NonNullNamedType(strings.TrimSuffix(text, "!"), nil)
}
