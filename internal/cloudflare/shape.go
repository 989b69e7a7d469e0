// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package cloudflare

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/vektah/gqlparser/v2/ast"
)

// fits reports whether an answer has all that a field's selection asks for. A struct would decode a missing count as
// 0 and nobody would notice; the types of scalars are left to the struct.
func fits(raw json.RawMessage, field *ast.Field) error {
	if absent := isNull(raw); absent && (raw == nil || field.Definition.Type.NonNull) {
		return fmt.Errorf("the answer has no %s", field.Alias)
	} else if absent || len(field.SelectionSet) == 0 {
		return nil
	}
	if field.Definition.Type.Elem == nil {
		return hasAll(raw, field)
	}
	var items []json.RawMessage
	if json.Unmarshal(raw, &items) != nil {
		return fmt.Errorf("%s is not a list", field.Alias)
	}
	for _, item := range items {
		if err := hasAll(item, field); err != nil {
			return err
		}
	}
	return nil
}

// hasAll checks one object of a field.
func hasAll(raw json.RawMessage, field *ast.Field) error {
	var members map[string]json.RawMessage
	if json.Unmarshal(raw, &members) != nil || members == nil {
		return fmt.Errorf("%s has something that is not an object", field.Alias)
	}
	for _, selection := range field.SelectionSet {
		if member, ok := selection.(*ast.Field); ok {
			if err := fits(members[member.Alias], member); err != nil {
				return fmt.Errorf("%s: %w", field.Alias, err)
			}
		}
	}
	return nil
}

// isNull reports whether a member is null or not there.
func isNull(raw json.RawMessage) bool { return len(raw) == 0 || string(bytes.TrimSpace(raw)) == "null" }

// isJSONArray looks at the first byte of a valid JSON value.
func isJSONArray(raw json.RawMessage) bool { return bytes.HasPrefix(bytes.TrimSpace(raw), []byte("[")) }
