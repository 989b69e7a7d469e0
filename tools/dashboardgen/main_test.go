// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const metadata = "../../metadata.yaml"

// What is committed is what the definitions say.
func TestDashboardsAreUpToDate(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	require.NoError(t, run(metadata, dir))
	for _, d := range all() {
		want, err := os.ReadFile(filepath.Join(dir, d.uid+".json"))
		require.NoError(t, err)
		got, err := os.ReadFile(filepath.Join("../../dashboards", d.uid+".json"))
		require.NoError(t, err)
		assert.Equal(t, string(want), string(got), "%s: run make generate", d.uid)
	}
	committed, err := filepath.Glob("../../dashboards/*.json")
	require.NoError(t, err)
	assert.Len(t, committed, len(all()), "each file has a definition")
}

func TestPanels(t *testing.T) {
	t.Parallel()
	c, err := readCatalogue(metadata)
	require.NoError(t, err)
	uids := map[string]bool{}
	for _, d := range all() {
		uids[d.uid] = true
	}
	assert.Len(t, uids, len(all()))
	for _, d := range all() {
		t.Run(d.uid, func(t *testing.T) {
			t.Parallel()
			titles := map[string]bool{}
			for _, r := range d.rows {
				for _, p := range r.panels {
					name := r.title + ": " + p.title
					assert.False(t, titles[name], "%s is there twice", name)
					titles[name] = true
					assert.NotEmpty(t, p.unit, name)
					assert.Regexp(t, `[.…]$`, p.about, name)
					assert.NotContains(t, p.description(c), "Reads .", "%s reads nothing that is known", name)
					assert.LessOrEqual(t, p.width, columns, name)
					if p.to.uid != "" {
						assert.True(t, uids[p.to.uid], "%s leads to a dashboard that is not there", name)
					}
					assertQueries(t, d, p, name)
				}
			}
		})
	}
}

// assertQueries holds what queries and legends have to have in common.
func assertQueries(t *testing.T, d dashboard, p panel, name string) {
	t.Helper()
	variables := map[string]bool{"$__rate_interval": true, "$__range": true}
	for _, v := range d.variables {
		variables["$"+v.name] = true
	}
	require.NotEmpty(t, p.queries, name)
	for _, q := range p.queries {
		expr := expand(q.expr)
		for _, used := range regexp.MustCompile(`\$\w+`).FindAllString(expr, -1) {
			assert.True(t, variables[used], "%s: the dashboard has no variable %s", name, used)
		}
		assert.NotContains(t, expr, "@", name)
		if p.kind == table {
			assert.Empty(t, q.legend, "%s: a table has columns", name)
			assert.NotEmpty(t, p.value, name)
			continue
		}
		assert.NotEmpty(t, q.legend, name)
		for _, label := range regexp.MustCompile(`{{(\w+)}}`).FindAllStringSubmatch(q.legend, -1) {
			assert.Regexp(t, `(by|group_left) \([^)]*\b`+label[1]+`\b|^\w+{|^rate\(`, expr, "%s: the legend has a label that the query has not", name)
		}
		for _, carried := range p.to.carry {
			assert.Contains(t, expr, "by (cloudflare_account_name, cloudflare_zone_name", "%s: the link needs %s", name, carried.label)
		}
	}
}

// Panels neither overlap nor stick out, and every id is there once.
func TestLayout(t *testing.T) {
	t.Parallel()
	for _, d := range all() {
		type cell struct{ x, y int }
		taken, ids := map[cell]string{}, map[int]bool{}
		for _, p := range d.render(nil).Panels {
			assert.False(t, ids[p.ID])
			ids[p.ID] = true
			at := p.GridPos
			assert.LessOrEqual(t, at.X+at.W, columns, "%s / %s", d.title, p.Title)
			for x := at.X; x < at.X+at.W; x++ {
				for y := at.Y; y < at.Y+at.H; y++ {
					assert.Empty(t, taken[cell{x, y}], "%s / %s is over another panel", d.title, p.Title)
					taken[cell{x, y}] = p.Title
				}
			}
		}
	}
}

// A second reading finds the same: nothing depends on the order of a map, nothing is lost on the way through JSON.
func TestJSON(t *testing.T) {
	t.Parallel()
	c, err := readCatalogue(metadata)
	require.NoError(t, err)
	for _, d := range all() {
		text, err := json.Marshal(d.render(c))
		require.NoError(t, err)
		var parsed dashboardJSON
		decoder := json.NewDecoder(strings.NewReader(string(text)))
		decoder.DisallowUnknownFields()
		require.NoError(t, decoder.Decode(&parsed))
		again, err := json.Marshal(parsed)
		require.NoError(t, err)
		assert.JSONEq(t, string(text), string(again))
		assert.Len(t, parsed.Templating.List, len(d.variables)+1)
	}
}
