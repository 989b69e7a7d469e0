// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package schema

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
)

// completeSchema is where Cloudflare's complete schema is by default, from the repository's root.
const completeSchema = "../shared/reference/cloudflare-schema.graphql"

// Every type, field, argument and enum value of ours is Cloudflare's too and has the same type there.
func TestSchemaIsPartOfCloudflares(t *testing.T) {
	t.Parallel()
	complete := loadComplete(t)
	ours, err := Load()
	require.NoError(t, err)
	assert.Equal(t, complete.Query.Name, ours.Query.Name)
	for name, definition := range ours.Types {
		if definition.BuiltIn || strings.HasPrefix(name, "__") {
			continue
		}
		theirs := complete.Types[name]
		if !assert.NotNil(t, theirs, "type %s", name) {
			continue
		}
		assert.Equal(t, theirs.Kind, definition.Kind, "kind of %s", name)
		compareFields(t, definition, theirs)
		for _, value := range definition.EnumValues {
			assert.NotNil(t, theirs.EnumValues.ForName(value.Name), "value %s of %s", value.Name, name)
		}
	}
}

func compareFields(t *testing.T, ours, theirs *ast.Definition) {
	t.Helper()
	for _, field := range ours.Fields {
		if strings.HasPrefix(field.Name, "__") {
			continue
		}
		their := theirs.Fields.ForName(field.Name)
		if !assert.NotNil(t, their, "field %s.%s", ours.Name, field.Name) {
			continue
		}
		assert.Equal(t, their.Type.String(), field.Type.String(), "type of %s.%s", ours.Name, field.Name)
		for _, argument := range field.Arguments {
			if wanted := their.Arguments.ForName(argument.Name); assert.NotNil(t, wanted, "argument %s of %s.%s", argument.Name, ours.Name, field.Name) {
				assert.Equal(t, wanted.Type.String(), argument.Type.String(), "argument %s of %s.%s", argument.Name, ours.Name, field.Name)
			}
		}
		for _, argument := range their.Arguments {
			assert.False(t, argument.Type.NonNull && field.Arguments.ForName(argument.Name) == nil, "required argument %s of %s.%s", argument.Name, ours.Name, field.Name)
		}
	}
}

// loadComplete parses Cloudflare's schema, which the repository does not hold. CI has to have it.
func loadComplete(t *testing.T) *ast.Schema {
	t.Helper()
	path := os.Getenv("CLOUDFLARE_SCHEMA")
	if path == "" {
		path = filepath.Join(root(t), filepath.FromSlash(completeSchema))
	}
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		const hint = "Cloudflare's complete schema is not at %s: introspect https://api.cloudflare.com/client/v4/graphql, " +
			"write the answer as SDL, and set CLOUDFLARE_SCHEMA to the file"
		if os.Getenv("CI") != "" {
			t.Fatalf(hint, path)
		}
		t.Skipf(hint, path)
	}
	require.NoError(t, err)
	complete, err := gqlparser.LoadSchema(&ast.Source{Name: filepath.Base(path), Input: string(text)})
	require.NoError(t, err)
	return complete
}

func root(t *testing.T) string {
	t.Helper()
	directory, err := os.Getwd()
	require.NoError(t, err)
	for {
		if _, err := os.Stat(filepath.Join(directory, "go.mod")); err == nil {
			return directory
		}
		parent := filepath.Dir(directory)
		require.NotEqual(t, parent, directory, "no go.mod above the test")
		directory = parent
	}
}
