// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/parser"
	"github.com/vektah/gqlparser/v2/validator"
	"github.com/vektah/gqlparser/v2/validator/core"
	"github.com/vektah/gqlparser/v2/validator/rules"
)

// maxTokens bounds a document; parsing and checking take time that grows with it.
const maxTokens = 50_000

// document is a valid operation with its variables.
type document struct {
	operation *ast.OperationDefinition
	variables map[string]any
}

// prepare parses a query, checks it against the schema and fills in its variables.
func (s *Simulator) prepare(request graphqlRequest) (*document, *queryError) {
	parsed, err := parser.ParseQueryWithTokenLimit(&ast.Source{Input: request.Query}, maxTokens)
	if err != nil {
		return nil, errQuery(err.Error())
	}
	if errs := validator.ValidateWithRules(s.schema, parsed, validationRules()); len(errs) > 0 {
		return nil, validationError(errs)
	}
	operation := parsed.Operations.ForName(request.OperationName)
	if operation == nil {
		return nil, errQuery("there is no such operation")
	}
	variables, err := validator.VariableValues(s.schema, operation, request.Variables)
	if err != nil {
		return nil, badRequest("error parsing args: %s", err)
	}
	return &document{operation: operation, variables: variables}, nil
}

// validationRules are GraphQL's, with one that knows Cloudflare's scalars: the server takes variables of the standard
// types String, Int, Float and Boolean where the schema has a scalar of its own.
func validationRules() *rules.Rules {
	all := rules.NewDefaultRules()
	all.ReplaceRule(rules.VariablesInAllowedPositionRule.Name, func(events *core.Events, addError core.AddErrFunc) {
		events.OnValue(func(_ *core.Walker, value *ast.Value) {
			if value.Kind == ast.Variable && value.ExpectedType != nil && value.VariableDefinition != nil && !fits(value) {
				addError(core.Message("variable $%s of type %s used in position expecting type %s",
					value.Raw, value.VariableDefinition.Type, value.ExpectedType), core.At(value.Position))
			}
		})
	})
	return all
}

// fits tells whether a variable may stand where it does.
func fits(value *ast.Value) bool {
	expected := standardType(value.ExpectedType)
	if absent := value.VariableDefinition.DefaultValue; absent != nil && absent.Kind != ast.NullValue {
		expected.NonNull = false
	}
	return standardType(value.VariableDefinition.Type).IsCompatible(expected)
}

// standardType puts GraphQL's scalars in place of Cloudflare's.
func standardType(t *ast.Type) *ast.Type {
	if t.Elem != nil {
		return &ast.Type{Elem: standardType(t.Elem), NonNull: t.NonNull}
	}
	name := t.NamedType
	switch {
	case name == "string", name == "Date", name == "Time":
		name = "String"
	case name == "bool":
		name = "Boolean"
	case strings.HasPrefix(name, "float"):
		name = "Float"
	case strings.HasPrefix(name, "int"), strings.HasPrefix(name, "uint"):
		name = "Int"
	}
	return &ast.Type{NamedType: name, NonNull: t.NonNull}
}

// validationError says in Cloudflare's words what is wrong with a document. Fields below a scalar are found unknown
// before the scalar is found to have fields, which says more.
func validationError(errs gqlerror.List) *queryError {
	err := errs[max(0, slices.IndexFunc(errs, func(e *gqlerror.Error) bool { return e.Rule == rules.ScalarLeafsRule.Name }))]
	switch err.Rule {
	case rules.FieldsOnCorrectTypeRule.Name:
		return badRequest("unknown field %q", firstQuoted(err.Message))
	case rules.ScalarLeafsRule.Name:
		if strings.Contains(err.Message, "must not have a selection") {
			return badRequest("scalar fields must have no selections: %q", firstQuoted(err.Message))
		}
		return badRequest("object field must have selections: %q", firstQuoted(err.Message))
	case rules.KnownArgumentNamesRule.Name, rules.ProvidedRequiredArgumentsRule.Name, rules.ValuesOfCorrectTypeRule.Name,
		rules.VariablesInAllowedPositionRule.Name, rules.UniqueInputFieldNamesRule.Name:
		return badRequest("error parsing args: %s", err.Message)
	default:
		return errQuery(err.Message)
	}
}

func firstQuoted(message string) string {
	_, rest, _ := strings.Cut(message, `"`)
	name, _, _ := strings.Cut(rest, `"`)
	return name
}
