// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package dataset

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/internal/cloudflare"
	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/internal/cloudflare/schema"
)

func TestCatalogue(t *testing.T) {
	t.Parallel()
	names, metrics := map[string]bool{}, map[string]string{}
	scopes := map[string]cloudflare.ScopeKind{}
	word := regexp.MustCompile(`^[a-z][a-z0-9_]*$`)
	for _, d := range load(t) {
		assert.False(t, names[d.Name], "%s is there twice", d.Name)
		names[d.Name] = true
		assert.Regexp(t, word, d.Family)
		assert.NotEmpty(t, d.Permission, d.Name)
		if scope, known := scopes[d.Family]; known {
			assert.Equal(t, scope, d.Scope(), "the sources of family %s", d.Family)
		}
		scopes[d.Family] = d.Scope()

		assert.Positive(t, d.Resolution, d.Name)
		assert.Zero(t, d.Granularity%d.Resolution, "%s: granules are made of the filter's units", d.Name)
		assert.Zero(t, d.Step%d.Granularity, "%s: steps are made of granules", d.Name)
		assert.GreaterOrEqual(t, d.Step, d.Granularity, d.Name)
		assert.Zero(t, (24*time.Hour)%d.Granularity, d.Name)

		require.NotEmpty(t, d.Metrics, d.Name)
		for _, m := range d.Metrics {
			if family, known := metrics[m.Name]; known {
				assert.Equal(t, family, d.Family, "%s is a metric of two families", m.Name)
			}
			metrics[m.Name] = d.Family
			assert.NotEmpty(t, m.reads(), m.Name)
			assert.Len(t, unique(m.Fields), len(m.Fields), "%s lists a field twice", m.Name)
			assert.Len(t, unique(m.AttributeNames()), len(m.AttributeNames()), "%s has an attribute twice", m.Name)
			for _, key := range m.AttributeNames() {
				assert.Regexp(t, word, key)
			}
		}
		assert.Len(t, slices.Collect(metricNames(d)), len(unique(slices.Collect(metricNames(d)))), "%s has a metric twice", d.Name)
	}
}

func metricNames(d *Dataset) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for _, m := range d.Metrics {
			if !yield(m.Name) {
				return
			}
		}
	}
}

func unique(list []string) []string {
	return slices.Compact(slices.Sorted(slices.Values(list)))
}

// sampled is selected for the receiver itself, which decides by it whether an estimate may be used.
const sampled = "avg.sampleInterval"

// What nobody reads is not asked for.
func TestEveryFieldIsRead(t *testing.T) {
	t.Parallel()
	for _, d := range load(t) {
		var used []string
		for _, m := range d.Metrics {
			used = append(used, m.reads()...)
		}
		selected := slices.DeleteFunc(d.Operation.Fields(), func(path string) bool { return path == sampled })
		assert.ElementsMatch(t, unique(used), selected, d.Name)
	}
}

// Values of two windows may be added up only where the field is additive; a map's key is of the same sum.
func TestCountersAreAdditive(t *testing.T) {
	t.Parallel()
	for _, d := range load(t) {
		for _, m := range d.Metrics {
			var measures []string
			for _, path := range m.reads() {
				if root, _, _ := strings.Cut(path, "."); root != "dimensions" && !d.Raw {
					measures = append(measures, root)
				}
			}
			for _, root := range measures {
				assert.True(t, m.Kind == Gauge || root == "count" || root == "sum", "counter %s reads %s", m.Name, root)
			}
			// A gauge that reads dimensions besides may have the sum for a weight.
			one := m.Kind == Gauge && len(measures) == 1 && len(m.Fields) == 1
			assert.False(t, one && (measures[0] == "count" || measures[0] == "sum"), "%s reads a sum as it is, so it is a counter", m.Name)
		}
	}
}

func TestKeep(t *testing.T) {
	t.Parallel()
	d := byName(t, "httpRequests1mGroups")
	want := make([]bool, len(d.Metrics))
	_, needed := d.Keep(Counter, want)
	assert.False(t, needed)
	for i, m := range d.Metrics {
		want[i] = m.Name == "cloudflare.zone.requests" || m.Name == "cloudflare.zone.threats.country" || m.Name == "cloudflare.zone.uniques"
	}
	for kind, fields := range map[Kind][]string{
		Counter: {"sum.requests", "sum.countryMap.clientCountryName", "sum.countryMap.threats"},
		Gauge:   {"uniq.uniques"},
	} {
		keep, needed := d.Keep(kind, want)
		assert.True(t, needed)
		var kept []string
		for _, path := range d.Operation.Fields() {
			if keep(path) {
				kept = append(kept, path)
			}
		}
		assert.ElementsMatch(t, fields, kept)
	}
}

func TestCatalogueRefusesWhatDoesNotFitTheSchema(t *testing.T) {
	t.Parallel()
	other, err := gqlparser.LoadSchema(&ast.Source{Input: "type Query { viewer: String }"})
	require.NoError(t, err)
	_, err = Catalogue(other)
	require.ErrorContains(t, err, "operation of ")

	d := byName(t, "httpRequests1mGroups")
	require.NoError(t, d.check(d.Operation.Fields()))
	fields := slices.DeleteFunc(d.Operation.Fields(), func(path string) bool { return path == "sum.requests" })
	assert.ErrorContains(t, d.check(fields), "cloudflare.zone.requests reads field sum.requests")
}

// Cloudflare's own descriptions tell the unit of a field: microseconds become seconds, gigabyte-seconds stay what they are.
func TestUnitsAreThoseOfCloudflaresDescriptions(t *testing.T) {
	t.Parallel()
	complete := loadComplete(t)
	checked := 0
	for _, d := range load(t) {
		for i, m := range d.Metrics {
			for _, path := range m.reads() {
				field := fieldOf(t, complete, d, path)
				factor, hasUnit := factorOf(field.Description)
				if !hasUnit {
					continue
				}
				checked++
				row := tree(m.reads(), func(leaf string) any {
					switch leaf {
					case path:
						return 1_000_000
					case "count":
						return 1 // the weight of an average
					default:
						return leafOf(t, d, leaf, 0)
					}
				})
				require.True(t, m.Double, m.Name)
				var sum float64
				raw := encode(t, row)
				_, err := d.Read([]byte(raw), m.Kind, d.only(i), func(p Point) { sum += p.Double })
				require.NoError(t, err)
				assert.InEpsilon(t, 1_000_000*factor, sum, 1e-9, "%s reads %s: %q", m.Name, path, field.Description)
			}
		}
	}
	assert.GreaterOrEqual(t, checked, 13, "the descriptions have changed")
}

// factorOf is what a number in the described unit is multiplied by.
func factorOf(description string) (factor float64, known bool) {
	text := strings.ToLower(description)
	switch {
	case strings.Contains(text, "microsecond"), strings.HasSuffix(text, " in us"):
		return 1e-6, true
	case strings.Contains(text, "millisecond"), strings.HasSuffix(text, " in ms"):
		return 1e-3, true
	case strings.Contains(text, "gb*s"):
		return 1, true
	default:
		return 0, false
	}
}

// Operations are valid by Cloudflare's complete schema, and each of their fields is there.
func TestFieldsAreCloudflares(t *testing.T) {
	t.Parallel()
	complete := loadComplete(t)
	for _, d := range load(t) {
		_, err := cloudflare.ParseOperation(complete, d.text)
		require.NoError(t, err, d.Name)
		for _, path := range d.Operation.Fields() {
			assert.NotNil(t, fieldOf(t, complete, d, path), "%s of %s", path, d.Name)
		}
	}
}

// ours is our part of the schema, parsed once.
var ours = sync.OnceValues(schema.Load)

// leafOf is a value that fits the type of a field; n tells it from others.
func leafOf(t *testing.T, d *Dataset, path string, n int) any {
	t.Helper()
	parsed, err := ours()
	require.NoError(t, err)
	if fieldOf(t, parsed, d, path).Type.Name() == "string" {
		return "text " + path
	}
	return n
}

// fieldOf follows a dotted path down from the dataset's node.
func fieldOf(t *testing.T, s *ast.Schema, d *Dataset, path string) *ast.FieldDefinition {
	t.Helper()
	viewer := s.Types[s.Query.Fields.ForName("viewer").Type.Name()]
	scope := s.Types[viewer.Fields.ForName(d.Scope().String()+"s").Type.Name()]
	field := scope.Fields.ForName(d.Node())
	for step := range strings.SplitSeq(path, ".") {
		require.NotNil(t, field, "%s of %s", path, d.Name)
		field = s.Types[field.Type.Name()].Fields.ForName(step)
	}
	require.NotNil(t, field, "%s of %s", path, d.Name)
	return field
}

// loadComplete parses Cloudflare's schema, which the repository does not hold. CI has to have it.
func loadComplete(t *testing.T) *ast.Schema {
	t.Helper()
	path := os.Getenv("CLOUDFLARE_SCHEMA")
	if path == "" {
		path = filepath.FromSlash("../../../shared/reference/cloudflare-schema.graphql")
	}
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		const hint = "Cloudflare's complete schema is not at %s: introspect it and set CLOUDFLARE_SCHEMA to the file"
		if os.Getenv("CI") != "" {
			t.Fatalf(hint, path)
		}
		t.Skipf(hint, path)
	}
	require.NoError(t, err)
	complete, err := gqlparser.LoadSchema(&ast.Source{Name: filepath.Base(path), Input: string(text)})
	require.NoError(t, err)
	return complete
}
