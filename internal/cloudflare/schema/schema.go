// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

// Package schema holds the part of Cloudflare's GraphQL schema that this project uses. Types are generated from
// it, documents are checked against it, and the simulator answers by it. A test holds it against the complete
// schema that Cloudflare publishes by introspection.
package schema

import (
	_ "embed"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
)

//go:embed schema.graphql
var source string

// Load parses the schema.
func Load() (*ast.Schema, error) {
	return gqlparser.LoadSchema(&ast.Source{Name: "schema.graphql", Input: source})
}
