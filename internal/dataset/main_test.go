// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package dataset

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/internal/cloudflare/schema"
)

func load(tb testing.TB) []*Dataset {
	tb.Helper()
	parsed, err := schema.Load()
	require.NoError(tb, err)
	list, err := Catalogue(parsed)
	require.NoError(tb, err)
	require.NotEmpty(tb, list)
	return list
}

func byName(tb testing.TB, name string) *Dataset {
	tb.Helper()
	list := load(tb)
	i := slices.IndexFunc(list, func(d *Dataset) bool { return d.Name == name })
	require.GreaterOrEqual(tb, i, 0, "no dataset %s", name)
	return list[i]
}

// all wants every metric.
func (d *Dataset) all() []bool { return slices.Repeat([]bool{true}, len(d.Metrics)) }

// only wants one.
func (d *Dataset) only(metric int) []bool {
	want := make([]bool, len(d.Metrics))
	want[metric] = true
	return want
}

// read gives the points in a readable form: metric, attributes, value.
func read(tb testing.TB, d *Dataset, rows string, kind Kind, want []bool) []string {
	tb.Helper()
	var points []string
	_, err := d.Read(json.RawMessage(rows), kind, want, func(p Point) { points = append(points, d.print(p)) })
	require.NoError(tb, err)
	return points
}

func (d *Dataset) print(p Point) string {
	m := d.Metrics[p.Metric]
	set := make([]string, len(m.Attributes))
	for i, a := range m.Attributes {
		set[i] = a.Name + "=" + p.Attributes[i]
	}
	value := strconv.FormatInt(p.Int, 10)
	if m.Double {
		value = fmt.Sprintf("%.9g", p.Double)
	}
	return m.Name + "{" + strings.Join(set, ",") + "} " + value
}

// tree is a row whose leaves are set by their dotted paths, as far as the operation selects them. Maps of the roll-up
// are lists of one element.
func tree(fields []string, leaf func(path string) any) map[string]any {
	row, below := map[string]any{}, map[string][]string{}
	for _, path := range fields {
		name, rest, nested := strings.Cut(path, ".")
		if !nested {
			row[name] = leaf(path)
			continue
		}
		below[name] = append(below[name], rest)
	}
	for name, paths := range maps.All(below) {
		child := tree(paths, func(path string) any { return leaf(name + "." + path) })
		row[name] = child
		if strings.HasSuffix(name, "Map") {
			row[name] = []any{child}
		}
	}
	return row
}
