// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package cloudflaremetricsreceiver

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/confmap/confmaptest"
)

// The tables of metrics in docs/migration.md say what testdata/exporters.yaml says, to which the end-to-end tests hold what
// the collector puts out.
func TestMigrationTables(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile(filepath.Join("docs", "migration.md"))
	require.NoError(t, err)
	ours := loadMetadata(t).Metrics
	for exporter, rows := range loadExporters(t) {
		var want strings.Builder
		for _, row := range rows {
			want.WriteString(row.cells(ours))
		}
		_, rest, ok := strings.Cut(string(page), "<!-- begin "+exporter+" -->\n")
		require.True(t, ok, "no table for %s", exporter)
		table, _, ok := strings.Cut(rest, "<!-- end "+exporter+" -->")
		require.True(t, ok, "no end of the table for %s", exporter)
		_, body, _ := strings.Cut(table, "|---|---|---|---|\n")
		assert.Equal(t, want.String(), strings.TrimRight(body, "\n")+"\n", exporter)
	}
}

// cells is the metric's row: what it is there, what has its numbers here, what is different, and what is with the
// compatible names.
func (m *exporterMetric) cells(ours map[string]metadataMetric) string {
	theirs := "`" + m.Metric + "` " + m.Type
	if len(m.Labels) > 0 {
		theirs += " by `" + strings.Join(m.Labels, "`, `") + "`"
	}
	return fmt.Sprintf("| %s | %s | %s | %s |\n", theirs, m.carriers(ours), m.differences(), m.compatible())
}

func (m *exporterMetric) carriers(ours map[string]metadataMetric) string {
	var names []string
	for _, name := range m.By {
		names = append(names, "`"+prometheusName(name, ours[name])+"`")
	}
	return strings.Join(names, ", ")
}

func (m *exporterMetric) differences() string {
	var list []string
	if m.Different != "" {
		list = append(list, m.Different)
	}
	for _, label := range slices.Sorted(maps.Keys(m.Renamed)) {
		list = append(list, fmt.Sprintf("`%s` is `%s`", label, m.Renamed[label]))
	}
	return strings.Join(append(list, without(m.Gone)...), "; ")
}

// compatible tells where the compatible metric is not what the exporter has.
func (m *exporterMetric) compatible() string {
	if m.Compat.Impossible != "" {
		return "**none**: " + m.Compat.Impossible
	}
	var list []string
	if m.Compat.ImpossibleType != "" {
		list = append(list, "**a counter**: "+m.Compat.ImpossibleType)
	}
	for _, text := range []string{m.Compat.Approximate, m.Compat.Quiet} {
		if text != "" {
			list = append(list, text)
		}
	}
	for _, label := range slices.Sorted(maps.Keys(m.Compat.More)) {
		list = append(list, fmt.Sprintf("`%s` too: %s", label, m.Compat.More[label]))
	}
	for _, label := range slices.Sorted(maps.Keys(m.Compat.Constant)) {
		list = append(list, fmt.Sprintf("`%s` is always `%s`", label, m.Compat.Constant[label]))
	}
	gone := maps.Clone(m.Gone)
	maps.DeleteFunc(gone, func(label, _ string) bool { return m.Compat.Constant[label] != "" })
	for _, label := range slices.Sorted(maps.Keys(gone)) {
		list = append(list, fmt.Sprintf("**no `%s`**", label))
	}
	if len(list) == 0 {
		return "same"
	}
	return strings.Join(list, "; ")
}

func without(gone map[string]string) []string {
	var list []string
	for _, label := range slices.Sorted(maps.Keys(gone)) {
		list = append(list, fmt.Sprintf("no `%s`: %s", label, gone[label]))
	}
	return list
}

// Whatever another exporter or client is set with and asked by is in the document: what replaces it, or why it is gone.
func TestMigrationNamesEverySetting(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile(filepath.Join("docs", "migration.md"))
	require.NoError(t, err)
	conf, err := confmaptest.LoadConf(filepath.Join("testdata", "exporter_settings.yaml"))
	require.NoError(t, err)
	var sources map[string]map[string][]string
	require.NoError(t, conf.Unmarshal(&sources))
	require.Len(t, sources, 5)
	var cells []string
	for line := range strings.Lines(string(page)) {
		if row, ok := strings.CutPrefix(line, "| "); ok {
			first, _, _ := strings.Cut(row, " | ")
			cells = append(cells, first)
		}
	}
	first := strings.Join(cells, "\n")
	for source, kinds := range sources {
		for kind, names := range kinds {
			for _, name := range names {
				found := strings.Contains(first, "`"+name) || strings.Contains(first, "`PUT /config/"+name+"`")
				assert.True(t, found, "%s: %s %s", source, kind, name)
			}
		}
	}
}
