// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

// publication is a dashboard or a set of alerts that somebody has published for an exporter.
type publication struct {
	Source      string
	Config      string
	Mistakes    []string
	Expressions []publicExpression
}

// publicExpression is what a panel or an alert asks. Legend are labels that its result must have.
type publicExpression struct {
	Expr   string
	Legend []string
}

// published gives what has been published for the exporter that a configuration stands in for.
func published(t *testing.T, config string) []publication {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "public_expressions.yaml"))
	require.NoError(t, err)
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	decoder.KnownFields(true)
	var all []publication
	require.NoError(t, decoder.Decode(&all))
	for _, p := range all {
		require.Contains(t, dialects, p.Config, p.Source)
		require.NotEmpty(t, p.Expressions, p.Source)
	}
	return slices.DeleteFunc(all, func(p publication) bool { return p.Config != config })
}

// unanswered describes what expressions ask for that is not among the samples: metrics, labels, and values of labels.
func unanswered(publications []publication, samples []sample) ([]string, error) {
	byName := map[string][]sample{}
	for _, s := range samples {
		byName[s.name] = append(byName[s.name], s)
	}
	var list []string
	for _, p := range publications {
		for _, e := range p.Expressions {
			expr, err := parser.NewParser(parser.Options{}).ParseExpr(e.Expr)
			if err != nil {
				return nil, fmt.Errorf("%s: %s: %w", p.Source, e.Expr, err)
			}
			for _, missing := range lacking(expr, e.Legend, byName) {
				list = append(list, fmt.Sprintf("%s: %s: %s", p.Source, e.Expr, missing))
			}
		}
	}
	return list, nil
}

// lacking describes what an expression asks for in vain. Labels that it groups by or matches on must be on all series that
// it selects.
func lacking(expr parser.Expr, legend []string, byName map[string][]sample) []string {
	var list []string
	parser.Inspect(expr, func(node parser.Node, _ []parser.Node) error {
		switch n := node.(type) {
		case *parser.VectorSelector:
			list = append(list, unlabelled(n, legend, byName)...)
		case *parser.AggregateExpr:
			list = append(list, unlabelledBelow(n, n.Grouping, byName)...)
		case *parser.BinaryExpr:
			if n.VectorMatching != nil {
				list = append(list, unlabelledBelow(n, n.VectorMatching.MatchingLabels, byName)...)
			}
		}
		return nil
	})
	return list
}

// unlabelledBelow looks at all that is selected inside an expression.
func unlabelledBelow(expr parser.Expr, names []string, byName map[string][]sample) []string {
	var list []string
	parser.Inspect(expr, func(node parser.Node, _ []parser.Node) error {
		if selector, ok := node.(*parser.VectorSelector); ok {
			list = append(list, unlabelled(selector, names, byName)...)
		}
		return nil
	})
	return list
}

// unlabelled describes which labels the series of a selector do not have, or that there are none.
func unlabelled(selector *parser.VectorSelector, names []string, byName map[string][]sample) []string {
	selected := slices.DeleteFunc(slices.Clone(byName[selector.Name]), func(s sample) bool { return !matches(s, selector.LabelMatchers) })
	if len(selected) == 0 {
		return []string{fmt.Sprintf("%s selects nothing", selector)}
	}
	var list []string
	for _, name := range names {
		if !slices.ContainsFunc(selected, func(s sample) bool { return s.labels[name] != "" }) {
			list = append(list, fmt.Sprintf("%s has no label %s", selector, name))
		}
	}
	return list
}

func matches(s sample, matchers []*labels.Matcher) bool {
	for _, m := range matchers {
		if m.Name != model.MetricNameLabel && !m.Matches(s.labels[m.Name]) {
			return false
		}
	}
	return true
}
