// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package cloudflaremetricsreceiver

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/confmap/confmaptest"
)

// exporterMetric is a metric of another exporter, and what carries it here.
type exporterMetric struct {
	Metric    string            `mapstructure:"metric"`
	Type      string            `mapstructure:"type"`
	Labels    []string          `mapstructure:"labels"`
	By        []string          `mapstructure:"by"`
	Renamed   map[string]string `mapstructure:"renamed"`
	Gone      map[string]string `mapstructure:"gone"`
	Different string            `mapstructure:"different"`
	Compat    compatibility     `mapstructure:"compat"`
}

// compatibility is how what config/compat-*.yaml makes of a metric differs from the exporter's. The end-to-end tests hold
// that against what the collector puts out, and the keys that are missing here.
type compatibility struct {
	Impossible     string            `mapstructure:"impossible"`
	ImpossibleType string            `mapstructure:"impossible_type"`
	Approximate    string            `mapstructure:"approximate"`
	Quiet          string            `mapstructure:"quiet"`
	More           map[string]string `mapstructure:"more"`
	Constant       map[string]string `mapstructure:"constant"`
}

// loadExporters gives the metrics of each exporter.
func loadExporters(t *testing.T) map[string][]exporterMetric {
	t.Helper()
	conf, err := confmaptest.LoadConf(filepath.Join("testdata", "exporters.yaml"))
	require.NoError(t, err)
	var exporters map[string][]exporterMetric
	require.NoError(t, conf.Unmarshal(&exporters, confmap.WithIgnoreUnused()))
	return exporters
}

// Whoever comes from another exporter finds each metric and label, or the reason why it is not the same.
func TestEveryMetricOfTheExportersIsHere(t *testing.T) {
	t.Parallel()
	exporters, ours := loadExporters(t), loadMetadata(t).Metrics
	for exporter, rows := range map[string]int{"cloudflare_prometheus_exporter_readme": 68, "cloudflare_prometheus_exporter": 69, "lablabs": 44} {
		assert.Len(t, exporters[exporter], rows, exporter)
		for _, theirs := range exporters[exporter] {
			assert.True(t, len(theirs.By) > 0 || theirs.Different != "", "%s is neither carried nor is it said why", theirs.Metric)
			for _, name := range theirs.By {
				carrier, ok := ours[name]
				require.True(t, ok, "%s is to be carried by %s, which there is not", theirs.Metric, name)
				assert.True(t, (carrier.Sum != nil) == (theirs.Type == "counter") || theirs.Different != "",
					"%s is a %s there, and it is not said why it is none here", theirs.Metric, theirs.Type)
				theirs.assertLabels(t, carrier)
			}
		}
	}
}

func (theirs *exporterMetric) assertLabels(t *testing.T, carrier metadataMetric) {
	t.Helper()
	for _, label := range theirs.Labels {
		if label == "zone" || label == "account" || theirs.Gone[label] != "" {
			continue
		}
		attribute := label
		if renamed, ok := theirs.Renamed[label]; ok {
			attribute = renamed
		}
		assert.Contains(t, carrier.Attributes, attribute, "%s{%s}", theirs.Metric, label)
	}
	for label := range theirs.Renamed {
		assert.Contains(t, theirs.Labels, label, theirs.Metric)
	}
}
