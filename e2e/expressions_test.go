// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/prometheus/promql/parser"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

// quietMark is in the description of a panel that has no data while all is well.
const quietMark = "Empty while all is well."

// dashboardPanel is the part of a panel that is tested.
type dashboardPanel struct {
	Title, Type, Description, Interval string
	FieldConfig                        struct {
		Defaults struct{ Unit string }
	} `json:"fieldConfig"`
	Targets []struct{ Expr, LegendFormat string }
}

// dashboard is the part of a dashboard that is tested.
type dashboard struct {
	UID, Title    string
	SchemaVersion int
	Tags          []string
	Panels        []dashboardPanel
	Templating    struct {
		List []struct{ Name, Type, Definition, AllValue string }
	}
}

// dashboards reads all that are shipped.
func dashboards(t *testing.T) []dashboard {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(repository, "dashboards", "*.json"))
	require.NoError(t, err)
	require.Len(t, files, 6)
	all := make([]dashboard, len(files))
	for i, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		require.NoError(t, json.Unmarshal(text, &all[i]), file)
		require.Equal(t, all[i].UID+".json", filepath.Base(file))
	}
	return all
}

// interpolate does what Grafana does to an expression when everything is chosen.
func interpolate(expr string) string {
	expr = strings.NewReplacer("$__rate_interval", "4m", "$__range", "6h").Replace(expr)
	return regexp.MustCompile(`\$\w+`).ReplaceAllString(expr, ".*")
}

// expression is one that is shipped, and where.
type expression struct {
	where, text string
	// quiet has no data while all is well.
	quiet bool
}

// panelExpressions are those of all panels.
func panelExpressions(t *testing.T) []expression {
	t.Helper()
	var list []expression
	for _, d := range dashboards(t) {
		for _, p := range d.Panels {
			for _, target := range p.Targets {
				list = append(list, expression{
					where: d.Title + ": " + p.Title, text: interpolate(target.Expr), quiet: strings.Contains(p.Description, quietMark),
				})
			}
		}
	}
	require.Greater(t, len(list), 100)
	return list
}

// variableExpressions are what the choices of variables are made from.
func variableExpressions(t *testing.T) []expression {
	t.Helper()
	var list []expression
	call := regexp.MustCompile(`^label_values\((.*), (\w+)\)$`)
	for _, d := range dashboards(t) {
		for _, v := range d.Templating.List {
			if v.Type == "datasource" {
				continue
			}
			parts := call.FindStringSubmatch(v.Definition)
			require.Len(t, parts, 3, "%s: %s", d.Title, v.Definition)
			list = append(list, expression{where: d.Title + ": $" + v.Name, text: "count by (" + parts[2] + ") (" + interpolate(parts[1]) + ")"})
		}
	}
	return list
}

// rule is a recording rule or an alert.
type rule struct {
	Record        string            `yaml:",omitempty"`
	Alert         string            `yaml:",omitempty"`
	Expr          string            `yaml:",omitempty"`
	For           string            `yaml:",omitempty"`
	KeepFiringFor string            `yaml:"keep_firing_for,omitempty"`
	Labels        map[string]string `yaml:",omitempty"`
	Annotations   map[string]string `yaml:",omitempty"`
}

func (r rule) name() string { return r.Record + r.Alert }

type ruleGroup struct {
	Name  string
	Rules []rule
}

type ruleFile struct{ Groups []ruleGroup }

// ruleFiles reads the rules that are shipped, by file.
func ruleFiles(t *testing.T) map[string]ruleFile {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(repository, "dashboards", "rules", "cloudflare-*.yaml"))
	require.NoError(t, err)
	require.Len(t, names, 3)
	files := map[string]ruleFile{}
	for _, name := range names {
		text, err := os.ReadFile(name)
		require.NoError(t, err)
		var file ruleFile
		require.NoError(t, yaml.Unmarshal(text, &file), name)
		files[filepath.Base(name)] = file
	}
	return files
}

// rules are all that are shipped.
func rules(t *testing.T) []rule {
	t.Helper()
	var all []rule
	for _, file := range ruleFiles(t) {
		for _, group := range file.Groups {
			all = append(all, group.Rules...)
		}
	}
	slices.SortFunc(all, func(a, b rule) int { return strings.Compare(a.name(), b.name()) })
	return all
}

// parse reads PromQL.
func parse(t *testing.T, text string) parser.Expr {
	t.Helper()
	expr, err := parser.NewParser(parser.Options{}).ParseExpr(text)
	require.NoError(t, err, text)
	return expr
}
