// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package cloudflaremetricsreceiver

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/internal/dataset"
)

// tableRows gives the cells of all rows of a page's tables whose first cell is a name in backticks, by that name.
func tableRows(t *testing.T, page, prefix string) map[string][][]string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("docs", page))
	require.NoError(t, err)
	rows := map[string][][]string{}
	for line := range strings.Lines(string(text)) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		name, ok := strings.CutPrefix(strings.TrimSpace(cells[0]), "`"+prefix)
		if !ok || len(cells) < 2 {
			continue
		}
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		name = prefix + strings.TrimSuffix(name, "`")
		rows[name] = append(rows[name], cells)
	}
	return rows
}

// Each metric is under one question, with the name that Prometheus knows it by and its attributes.
func TestEveryMetricAnswersOneQuestion(t *testing.T) {
	t.Parallel()
	listed := tableRows(t, "metrics.md", "cloudflare.")
	metrics := loadMetadata(t).Metrics
	for _, name := range slices.Sorted(maps.Keys(metrics)) {
		rows := listed[name]
		if !assert.Len(t, rows, 1, "%s is to be in one table", name) {
			continue
		}
		assert.Equal(t, "`"+prometheusName(name, metrics[name])+"`", rows[0][1], name)
		var attributes []string
		for _, a := range metrics[name].Attributes {
			if a != overflowAttribute {
				attributes = append(attributes, "`"+a+"`")
			}
		}
		assert.Equal(t, strings.Join(attributes, ", "), rows[0][2], name)
	}
	for name := range listed {
		assert.Contains(t, metrics, name, "there is no such metric")
	}
}

// prometheusName does to a name what the page says of names.
func prometheusName(name string, m metadataMetric) string {
	units := map[string]string{"By": "bytes", "s": "seconds", "min": "minutes"}
	name = strings.ReplaceAll(name, ".", "_")
	if unit := units[m.Unit]; unit != "" && !slices.Contains(strings.Split(name, "_"), unit) {
		name += "_" + unit
	}
	if m.Sum != nil {
		name += "_total"
	}
	return name
}

// Each key of the option datasets is in a table, with the scope that it is asked for.
func TestEveryDatasetIsInTheTable(t *testing.T) {
	t.Parallel()
	listed := tableRows(t, "limits.md", "")
	list, err := catalogue()
	require.NoError(t, err)
	for _, d := range list {
		if assert.Len(t, listed[d.Name], 1, d.Name) {
			assert.Equal(t, d.Scope().String(), listed[d.Name][0][1], d.Name)
		}
	}
	for _, l := range dataset.Listings() {
		if assert.Len(t, listed[l.Name], 1, l.Name) {
			assert.Equal(t, l.Scope.String(), listed[l.Name][0][1], l.Name)
		}
	}
}
