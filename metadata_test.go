// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package cloudflaremetricsreceiver

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/confmap/confmaptest"

	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/internal/dataset"
)

// metadataFile is the part of metadata.yaml that these tests look at.
type metadataFile struct {
	Attributes map[string]struct {
		Description      string `mapstructure:"description"`
		Type             string `mapstructure:"type"`
		RequirementLevel string `mapstructure:"requirement_level"`
	} `mapstructure:"attributes"`
	Metrics map[string]metadataMetric `mapstructure:"metrics"`
}

type metadataMetric struct {
	Description string        `mapstructure:"description"`
	Extended    string        `mapstructure:"extended_documentation"`
	Unit        string        `mapstructure:"unit"`
	Sum         *metadataData `mapstructure:"sum"`
	Gauge       *metadataData `mapstructure:"gauge"`
	Attributes  []string      `mapstructure:"attributes"`
}

type metadataData struct {
	ValueType   string `mapstructure:"value_type"`
	Monotonic   bool   `mapstructure:"monotonic"`
	Temporality string `mapstructure:"aggregation_temporality"`
}

func loadMetadata(t *testing.T) *metadataFile {
	t.Helper()
	conf, err := confmaptest.LoadConf("metadata.yaml")
	require.NoError(t, err)
	var file metadataFile
	require.NoError(t, conf.Unmarshal(&file, confmap.WithIgnoreUnused()))
	require.NotEmpty(t, file.Metrics)
	return &file
}

// overflowAttribute is on the one series that holds what is beyond series_limit; datasets know nothing of it.
const overflowAttribute = "otel.metric.overflow"

// What datasets read is what metadata.yaml declares.
func TestMetadataOfDatasets(t *testing.T) {
	t.Parallel()
	file := loadMetadata(t)
	list, err := catalogue()
	require.NoError(t, err)
	for _, d := range list {
		for _, m := range d.Metrics {
			declared, ok := file.Metrics[m.Name]
			if !assert.True(t, ok, "%s of %s is not in metadata.yaml", m.Name, d.Name) {
				continue
			}
			data, valueType := declared.Sum, "int"
			if m.Kind == dataset.Gauge {
				data = declared.Gauge
			}
			if m.Double {
				valueType = "double"
			}
			if assert.NotNil(t, data, "%s is of another kind", m.Name) {
				assert.Equal(t, valueType, data.ValueType, m.Name)
			}
			own := slices.DeleteFunc(slices.Clone(declared.Attributes), func(key string) bool { return key == overflowAttribute })
			assert.Equal(t, strings.Join(m.AttributeNames(), ", "), strings.Join(own, ", "), m.Name)
			assert.True(t, len(own) == len(declared.Attributes) || (m.Kind == dataset.Counter && len(own) > 0),
				"%s cannot overflow", m.Name)
			assert.Contains(t, declared.Extended, "`"+d.Name+"`", "%s: no source is %s", m.Name, d.Name)
			assertDocumented(t, m.Name, declared.Extended, d.Permission)
			assertUnit(t, m, declared.Unit)
		}
	}
}

// assertUnit holds the unit against the field: Cloudflare's duration is in gigabyte-seconds, its bytes are bytes.
func assertUnit(t *testing.T, m dataset.Metric, unit string) {
	t.Helper()
	for _, path := range m.Fields {
		leaf := strings.ToLower(path[strings.LastIndexByte(path, '.')+1:])
		switch {
		case strings.HasPrefix(leaf, "duration"):
			assert.Equal(t, "{gigabyte_second}", unit, "%s reads %s", m.Name, path)
		case strings.HasPrefix(leaf, "cputime"), strings.HasPrefix(leaf, "walltime"):
			assert.Equal(t, "s", unit, "%s reads %s", m.Name, path)
		case strings.HasSuffix(leaf, "bytes"):
			assert.Equal(t, "By", unit, "%s reads %s", m.Name, path)
		}
	}
}

func assertDocumented(t *testing.T, name, documentation, permission string) {
	t.Helper()
	assert.Regexp(t, `(?m)^- Source: .+\.$`, documentation, name)
	assert.Contains(t, documentation, "- Permission: "+permission+".", name)
	assert.Regexp(t, `(?m)^- Plans: .+\.$`, documentation, name)
	assert.Regexp(t, `(?m)^- Replaces: .+\.$`, documentation, name)
}

func TestMetadataOfListings(t *testing.T) {
	t.Parallel()
	file := loadMetadata(t)
	for _, l := range dataset.Listings() {
		for _, m := range l.Metrics {
			declared, ok := file.Metrics[m.Name]
			if assert.True(t, ok, "%s of %s is not in metadata.yaml", m.Name, l.Name) && assert.NotNil(t, declared.Gauge, m.Name) {
				assert.Equal(t, m.Double, declared.Gauge.ValueType == "double", m.Name)
				assert.Equal(t, strings.Join(m.AttributeNames(), ", "), strings.Join(declared.Attributes, ", "), m.Name)
				assertDocumented(t, m.Name, declared.Extended, l.Permission)
			}
		}
	}
}

// Each metric is read from a dataset or is one of the receiver's own.
func TestMetadataHasNoMetricWithoutASource(t *testing.T) {
	t.Parallel()
	list, err := catalogue()
	require.NoError(t, err)
	var read []string
	for _, d := range list {
		for _, m := range d.Metrics {
			read = append(read, m.Name)
		}
	}
	for _, l := range dataset.Listings() {
		for _, m := range l.Metrics {
			read = append(read, m.Name)
		}
	}
	for name := range loadMetadata(t).Metrics {
		own := strings.HasPrefix(name, "cloudflare.exporter.") ||
			slices.Contains([]string{"cloudflare.accounts", "cloudflare.zones", "cloudflare.zones.filtered"}, name)
		assert.NotEqual(t, own, slices.Contains(read, name), "%s is neither read from a dataset nor the receiver's own, or both", name)
	}
}

// Every sum is a cumulative counter, and no two metrics become one in a system that has no dots in names.
func TestMetadataIsOfOneKind(t *testing.T) {
	t.Parallel()
	translated := map[string]string{}
	for name, m := range loadMetadata(t).Metrics {
		assert.NotEqual(t, m.Sum == nil, m.Gauge == nil, name)
		if m.Sum != nil {
			assert.True(t, m.Sum.Monotonic, name)
			assert.Equal(t, "cumulative", m.Sum.Temporality, name)
			assert.NotEqual(t, "1", m.Unit, "%s counts something: name it in braces", name)
		}
		assert.NotEmpty(t, m.Unit, name)
		assert.True(t, strings.HasSuffix(m.Description, "."), "%s: %s", name, m.Description)
		flat := strings.ReplaceAll(name, ".", "_")
		assert.Empty(t, translated[flat], name)
		translated[flat] = name
	}
}

// With one attribute that is required, the recorders' signatures would differ and recording would no longer be linear.
func TestMetadataAttributes(t *testing.T) {
	t.Parallel()
	file := loadMetadata(t)
	used := map[string]bool{}
	for name, m := range file.Metrics {
		for _, key := range m.Attributes {
			assert.Contains(t, file.Attributes, key, name)
			used[key] = true
		}
	}
	for key, a := range file.Attributes {
		assert.Equal(t, "conditionally_required", a.RequirementLevel, key)
		assert.NotEmpty(t, a.Description, key)
		if key == overflowAttribute {
			assert.Equal(t, "bool", a.Type)
			continue
		}
		assert.Equal(t, "string", a.Type, key)
	}
	for key := range used {
		assert.NotContains(t, []string{"zone", "zone_id", "zone_name", "account_id", "account_name"}, key, "identity is on the resource")
	}
}
