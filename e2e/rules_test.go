// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/prometheus/prometheus/promql/parser"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// hastening is how many times as fast what must be fresh for a time is taken for fresh.
const hastening = 60

// hasten shortens the ranges and offsets of an expression.
func hasten(t *testing.T, text string) string {
	t.Helper()
	expr := parse(t, text)
	parser.Inspect(expr, func(node parser.Node, _ []parser.Node) error {
		switch n := node.(type) {
		case *parser.MatrixSelector:
			n.Range /= hastening
		case *parser.VectorSelector:
			n.OriginalOffset /= hastening
		}
		return nil
	})
	return expr.String()
}

func TestHasten(t *testing.T) {
	t.Parallel()
	assert.Equal(t, "max_over_time(x[15s]) < bool 900 and x offset 15s", hasten(t, "max_over_time(x[15m]) < bool 900 and x offset 15m"))
}

// promtool has nothing against the rules, and each does what its tests say.
func TestRules(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{
		{"check", "rules", "--lint=all", "--lint-fatal", "dashboards/rules/cloudflare-*.yaml"},
		{"test", "rules", "dashboards/rules/tests/*.yaml"},
	} {
		files, err := filepath.Glob(filepath.Join(repository, args[len(args)-1]))
		require.NoError(t, err)
		require.GreaterOrEqual(t, len(files), 3)
		for i := range files {
			files[i], err = filepath.Rel(repository, files[i])
			require.NoError(t, err)
		}
		promtool(t, append(args[:len(args)-1], files...)...)
	}
}

// Each alert says how bad it is, and where to read on; each has a test that makes it fire.
func TestAlertsAreDescribed(t *testing.T) {
	t.Parallel()
	tested := readFiles(t, "dashboards", "rules", "tests", "faults-*.yaml")
	operations := readFiles(t, "docs", "operations.md")
	listed := readFiles(t, "dashboards", "rules", "README.md")
	for _, r := range rules(t) {
		if r.Alert == "" {
			continue
		}
		assert.Contains(t, []string{"critical", "warning", "info"}, r.Labels["severity"], r.Alert)
		assert.NotEmpty(t, r.Annotations["summary"], r.Alert)
		assert.NotEmpty(t, r.Annotations["description"], r.Alert)
		anchor := "#" + strings.ToLower(r.Alert)
		assert.True(t, strings.HasSuffix(r.Annotations["runbook_url"], "docs/operations.md"+anchor), r.Alert)
		assert.Contains(t, operations, r.Alert, "the runbook")
		assert.Contains(t, tested, `alertname="`+r.Alert+`"`, "a test makes it fire")
		assert.Contains(t, listed, "| `"+r.Alert+"` | "+r.Labels["severity"]+" |", "the list of alerts")
	}
}

// readFiles gives the text of all files that match.
func readFiles(t *testing.T, path ...string) string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(append([]string{repository}, path...)...))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	var text strings.Builder
	for _, file := range files {
		content, err := os.ReadFile(file)
		require.NoError(t, err)
		text.Write(content)
	}
	return text.String()
}
