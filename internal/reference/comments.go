// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
)

// comments are those of struct fields, by package, type and field.
type comments struct {
	directories map[string]string // of the sources, by package
	packages    map[string]map[string]string
}

// newComments asks the go command where the sources are of what this command is built from.
func newComments() (*comments, error) {
	output, err := exec.Command("go", "list", "-deps", "-f", "{{.ImportPath}}\t{{.Dir}}", module+"/internal/reference").Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %w", err)
	}
	c := &comments{map[string]string{}, map[string]map[string]string{}}
	for line := range strings.Lines(string(output)) {
		path, directory, _ := strings.Cut(strings.TrimSpace(line), "\t")
		c.directories[path] = directory
	}
	return c, nil
}

// of is the comment of a field as a text about its key; of fields of others only the first paragraph.
func (c *comments) of(t reflect.Type, field, name string) (string, error) {
	path := t.PkgPath()
	if c.packages[path] == nil {
		fields, err := fieldComments(c.directories[path])
		if err != nil {
			return "", fmt.Errorf("package %s: %w", path, err)
		}
		c.packages[path] = fields
	}
	typeName, _, _ := strings.Cut(t.Name(), "[") // without type arguments
	doc := c.packages[path][typeName+"."+field]
	if !strings.HasPrefix(path, module) {
		doc, _, _ = strings.Cut(doc, "\n\n")
	}
	doc = strings.Join(strings.Fields(doc), " ")
	if rest, ok := strings.CutPrefix(doc, field+" "); ok {
		doc = "`" + name + "` " + rest
	}
	return doc, nil
}

func fieldComments(directory string) (map[string]string, error) {
	files, err := filepath.Glob(filepath.Join(directory, "*.go"))
	if err != nil {
		return nil, err
	}
	found := map[string]string{}
	for _, file := range files {
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		ast.Inspect(parsed, func(n ast.Node) bool {
			if spec, ok := n.(*ast.TypeSpec); ok {
				addComments(found, spec)
			}
			return true
		})
	}
	return found, nil
}

func addComments(to map[string]string, spec *ast.TypeSpec) {
	fields, ok := spec.Type.(*ast.StructType)
	if !ok {
		return
	}
	for _, f := range fields.Fields.List {
		for _, name := range f.Names {
			to[spec.Name.Name+"."+name.Name] = f.Doc.Text()
		}
	}
}
