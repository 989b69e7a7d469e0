// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package cloudflare

import (
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
)

// pruned returns a copy of a selection with the leaves that keep accepts; parents that become empty vanish.
func pruned(selection ast.SelectionSet, prefix string, keep func(string) bool) ast.SelectionSet {
	var kept ast.SelectionSet
	for _, item := range selection {
		field, ok := item.(*ast.Field)
		if !ok {
			continue
		}
		path := prefix + field.Name
		below := pruned(field.SelectionSet, path+".", keep)
		if isLeaf := len(field.SelectionSet) == 0; len(below) > 0 || (isLeaf && keep(path)) {
			kept = append(kept, &ast.Field{
				Alias: field.Name, Name: field.Name, Definition: field.Definition,
				Arguments: renamed(field.Arguments, nil), SelectionSet: below,
			})
		}
	}
	return kept
}

// renamed returns a deep copy of arguments whose variables go by the names that rename gives.
func renamed(arguments ast.ArgumentList, rename func(string) string) ast.ArgumentList {
	copies := make(ast.ArgumentList, len(arguments))
	for i, argument := range arguments {
		copies[i] = &ast.Argument{Name: argument.Name, Value: renamedValue(argument.Value, rename)}
	}
	return copies
}

func renamedValue(value *ast.Value, rename func(string) string) *ast.Value {
	duplicate := &ast.Value{Raw: value.Raw, Kind: value.Kind}
	if value.Kind == ast.Variable && rename != nil {
		duplicate.Raw = rename(value.Raw)
	}
	for _, child := range value.Children {
		duplicate.Children = append(duplicate.Children, &ast.ChildValue{
			Name: child.Name, Value: renamedValue(child.Value, rename),
		})
	}
	return duplicate
}

// withoutOrders drops the orderings by fields that were pruned, since grouped rows cannot be sorted by what they lack.
func withoutOrders(arguments ast.ArgumentList, dropped []string) ast.ArgumentList {
	return slices.DeleteFunc(arguments, func(argument *ast.Argument) bool {
		if argument.Name != "orderBy" {
			return false
		}
		if argument.Value.Kind != ast.ListValue {
			return orders(argument.Value.Raw, dropped)
		}
		argument.Value.Children = slices.DeleteFunc(argument.Value.Children, func(entry *ast.ChildValue) bool {
			return orders(entry.Value.Raw, dropped)
		})
		return len(argument.Value.Children) == 0
	})
}

// orders reports whether an entry such as sum_requests_DESC or action_ASC sorts by one of the paths. Measures carry
// their parent's name, dimensions do not.
func orders(entry string, paths []string) bool {
	name := strings.TrimSuffix(strings.TrimSuffix(entry, "_ASC"), "_DESC")
	return slices.ContainsFunc(paths, func(path string) bool {
		return name == strings.ReplaceAll(strings.TrimPrefix(path, "dimensions."), ".", "_")
	})
}

// withoutFilters drops keys of the argument filter.
func withoutFilters(arguments ast.ArgumentList, keys []string) ast.ArgumentList {
	for _, argument := range arguments {
		if argument.Name == "filter" {
			argument.Value.Children = slices.DeleteFunc(argument.Value.Children, func(entry *ast.ChildValue) bool {
				return slices.Contains(keys, entry.Name)
			})
		}
	}
	return arguments
}
