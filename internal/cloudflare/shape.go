// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package cloudflare

import (
	"encoding/json"
	"errors"
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
	var objects []members
	if field.Definition.Type.Elem == nil {
		objects = make([]members, 1)
		if json.Unmarshal(raw, &objects[0]) != nil {
			return fmt.Errorf("%s is not an object", field.Alias)
		}
	} else if json.Unmarshal(raw, &objects) != nil {
		return fmt.Errorf("%s is not a list of objects", field.Alias)
	}
	for _, object := range objects {
		if err := object.fit(field); err != nil {
			return fmt.Errorf("%s: %w", field.Alias, err)
		}
	}
	return nil
}

// members are the parts of a JSON object.
type members map[string]json.RawMessage

func (m members) fit(field *ast.Field) error {
	if m == nil {
		return errors.New("an object is null")
	}
	for _, selection := range field.SelectionSet {
		if member, ok := selection.(*ast.Field); ok {
			if err := fits(m[member.Alias], member); err != nil {
				return err
			}
		}
	}
	return nil
}

// isNull reports whether a member is null or not there.
func isNull(raw json.RawMessage) bool { return len(raw) == 0 || string(raw) == "null" }
