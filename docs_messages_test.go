// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package cloudflaremetricsreceiver

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// operations is docs/operations.md with single spaces.
func operations(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("docs/operations.md")
	require.NoError(t, err)
	return oneLine(string(text))
}

func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }

// sourceFiles are the hand-written files of both receivers, tests excepted.
func sourceFiles(t *testing.T) map[string]*ast.File {
	t.Helper()
	files := map[string]*ast.File{}
	for _, pattern := range []string{"*.go", "internal/*/*.go", "receiver/*/*.go", "receiver/*/internal/*/*.go"} {
		names, err := filepath.Glob(pattern)
		require.NoError(t, err)
		for _, name := range names {
			if strings.HasSuffix(name, "_test.go") || strings.Contains(name, "generated_") || strings.HasPrefix(name, "internal/simulator") {
				continue
			}
			file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
			require.NoError(t, err)
			files[name] = file
		}
	}
	return files
}

// constantText is the value of a string that is written out, in one piece or several.
func constantText(e ast.Expr) (string, bool) {
	switch e := e.(type) {
	case *ast.BasicLit:
		text, err := strconv.Unquote(e.Value)
		return text, err == nil && e.Kind == token.STRING
	case *ast.BinaryExpr:
		left, ok := constantText(e.X)
		right, also := constantText(e.Y)
		return left + right, ok && also
	default:
		return "", false
	}
}

// called gives the first argument of each call of x.name below a node, as far as it is written out.
func called(n ast.Node, match func(x, name string) bool) []string {
	var texts []string
	ast.Inspect(n, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok || len(call.Args) == 0 {
			return true
		}
		function, ok := call.Fun.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		var x string
		switch of := function.X.(type) {
		case *ast.Ident:
			x = of.Name
		case *ast.SelectorExpr:
			x = of.Sel.Name
		}
		if text, ok := constantText(call.Args[0]); ok && match(x, function.Sel.Name) {
			texts = append(texts, text)
		}
		return true
	})
	return texts
}

// Whatever either receiver may log can be looked up.
func TestEveryLogMessageIsExplained(t *testing.T) {
	t.Parallel()
	page := operations(t)
	found := 0
	for name, file := range sourceFiles(t) {
		for _, message := range called(file, func(x, name string) bool {
			return strings.EqualFold(x, "logger") && slices.Contains([]string{"Debug", "Info", "Warn", "Error", "DPanic"}, name)
		}) {
			found++
			assert.Contains(t, page, oneLine(message), "%s logs it", name)
		}
	}
	assert.Greater(t, found, 25, "messages are not found any more")
}

// So can whatever keeps either from starting: what their configurations and starts say.
func TestEveryErrorOfTheStartIsExplained(t *testing.T) {
	t.Parallel()
	page := operations(t)
	verbs := regexp.MustCompile(`%[.0-9]*[a-z]`)
	starts := map[string][]string{ // no functions: all of the file
		"config.go": nil, "config_datasets.go": nil, "receiver/workersmetricsreceiver/config.go": nil, "internal/inventory/filter.go": nil,
		"internal/cloudflare/auth.go":                 {"validate"},
		"scraper.go":                                  {"start", "startInventory"},
		"receiver/workersmetricsreceiver/receiver.go": {"Start", "listen"},
		"receiver/workersmetricsreceiver/storage.go":  {"openStorage", "begin"},
	}
	files := sourceFiles(t)
	for name, functions := range starts {
		require.Contains(t, files, name)
		found := 0
		for _, declaration := range files[name].Decls {
			function, ok := declaration.(*ast.FuncDecl)
			if !ok || (functions != nil && !slices.Contains(functions, function.Name.Name)) {
				continue
			}
			for _, format := range called(function, func(x, name string) bool { return x == "errors" && name == "New" || x == "fmt" && name == "Errorf" }) {
				found++
				longest := slices.MaxFunc(verbs.Split(format, -1), func(a, b string) int { return len(a) - len(b) })
				assert.Contains(t, page, oneLine(longest), "%s says %q", name, format)
			}
		}
		assert.Positive(t, found, "no errors are found in %s any more", name)
	}
}

// Each class of errors, which metrics and logs name, has a row.
func TestEveryClassOfErrorsIsExplained(t *testing.T) {
	t.Parallel()
	page := operations(t)
	found := 0
	ast.Inspect(sourceFiles(t)["internal/cloudflare/errors.go"], func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || len(spec.Values) != 1 || !strings.HasPrefix(spec.Names[0].Name, "Class") {
			return true
		}
		if class, ok := constantText(spec.Values[0]); ok {
			found++
			assert.Contains(t, page, "| `"+class+"`", spec.Names[0].Name)
		}
		return true
	})
	assert.Greater(t, found, 15, "classes are not found any more")
}

// Each alert's runbook is a section of its name.
func TestEveryAlertHasASection(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("docs/operations.md")
	require.NoError(t, err)
	files, err := filepath.Glob("dashboards/rules/*.yaml")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		rules, err := os.ReadFile(file)
		require.NoError(t, err)
		for _, match := range regexp.MustCompile(`(?m)^\s*- alert: (\w+)$`).FindAllStringSubmatch(string(rules), -1) {
			assert.Regexp(t, `(?m)^#+ `+match[1]+`$`, string(page), file)
		}
	}
}
