// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package oracle

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/confmap/confmaptest"

	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/internal/simulator"
)

// entry is a metadata.yaml of one metric.
func entry(name, kind string, bullets ...string) map[string]any {
	return map[string]any{"metrics": map[string]any{name: map[string]any{
		kind: map[string]any{"value_type": "int"}, "extended_documentation": "Prose.\n" + strings.Join(bullets, "\n"),
	}}}
}

func TestSources(t *testing.T) {
	t.Parallel()
	eyeballs := map[string]any{"requestSource": "eyeball"}
	for name, test := range map[string]struct {
		metric  string
		bullets []string
		want    []simulator.Grouping
	}{
		"plain": {
			"cloudflare.zone.requests",
			[]string{"- Source: `httpRequests1mGroups`: `sum.requests`.", "- Plans: all."},
			[]simulator.Grouping{{Scope: "zone", Query: "httpRequests1mGroups", Dataset: "httpRequests1mGroups", Measure: "sum.requests"}},
		},
		"all that there is": {
			"cloudflare.zone.x",
			[]string{"- Source: `httpRequestsAdaptiveGroups.colo`: `sum.visits / 1000` by `coloCode` as `colo` and `city`, `clientRequestHTTPHost` as `host`, where `requestSource: \"eyeball\"`, `edgeResponseStatus_geq: 400`."},
			[]simulator.Grouping{{
				Scope: "zone", Query: "httpRequestsAdaptiveGroups.colo", Dataset: "httpRequestsAdaptiveGroups", Measure: "sum.visits",
				Dimensions: []string{"coloCode", "clientRequestHTTPHost"},
				Where:      map[string]any{"requestSource": "eyeball", "edgeResponseStatus_geq": json.Number("400")},
			}},
		},
		"another source": {
			"cloudflare.zone.y",
			[]string{
				"- Source: `httpRequests1mGroups`: `sum.countryMap.bytes` by `sum.countryMap.clientCountryName` as `country`.",
				"- Otherwise: `httpRequestsAdaptiveGroups.totals`: `count` by `clientCountryName` as `country`, where `requestSource: \"eyeball\"`.",
			},
			[]simulator.Grouping{
				{
					Scope: "zone", Query: "httpRequests1mGroups", Dataset: "httpRequests1mGroups", Measure: "sum.countryMap.bytes",
					Dimensions: []string{"sum.countryMap.clientCountryName"},
				},
				{
					Name: "cloudflare.zone.y (otherwise)", Scope: "zone", Query: "httpRequestsAdaptiveGroups.totals", Dataset: "httpRequestsAdaptiveGroups",
					Measure: "count", Dimensions: []string{"clientCountryName"}, Where: eyeballs, Unless: "httpRequests1mGroups",
				},
			},
		},
		"a list": {
			"cloudflare.worker.z",
			[]string{"- Source: `d`: `count`, where `a_in: [\"b\", \"c\"]`."},
			[]simulator.Grouping{{Scope: "account", Query: "d", Dataset: "d", Measure: "count", Where: map[string]any{"a_in": []any{"b", "c"}}}},
		},
		"scope": {
			"cloudflare.logpush.z",
			[]string{"- Source: `d` at zone scope: `count`."},
			[]simulator.Grouping{{Scope: "zone", Query: "d", Dataset: "d", Measure: "count"}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, err := New(entry(test.metric, "sum", test.bullets...))
			require.NoError(t, err)
			test.want[0].Name = test.metric
			assert.Equal(t, test.want, s.Groupings(Counter))
			assert.Empty(t, s.Groupings(Gauge))
			assert.Equal(t, []string{test.metric}, s.Metrics(Counter))
		})
	}
}

func TestDerived(t *testing.T) {
	t.Parallel()
	s, err := New(entry("m", "gauge", "- Source: derived from `d`, somehow."))
	require.NoError(t, err)
	assert.Equal(t, []string{"m"}, s.Derived())
	assert.Empty(t, s.Metrics(Gauge))
	assert.Empty(t, s.Groupings(Gauge))
	s, err = New(entry("m", "gauge"))
	require.NoError(t, err)
	assert.Empty(t, s.Derived(), "not read from a dataset")
}

func TestWhatDoesNotFollowTheGrammar(t *testing.T) {
	t.Parallel()
	for bullet, want := range map[string]string{
		"- Source: `d`: `count`":                           `want "." at ""`,
		"- Source: `d`: `count`. More.":                    `nothing after the full stop at " More."`,
		"- Source: d: `count`.":                            "want the query in backquotes",
		"- Source: `d` `count`.":                           `want ": "`,
		"- Source: `d`: count.":                            "want the measure in backquotes",
		"- Source: `d`: `count / none`.":                   `a positive number after / and not "none"`,
		"- Source: `d` at home scope: `count`.":            "want one of zone, account",
		"- Source: `d`: `count` by `a`.":                   `want " as " at "."`,
		"- Source: `d`: `count` by `a` as b.":              "want an attribute in backquotes",
		"- Source: `d`: `count`, where `a`.":               "a condition such as `requestSource: \"eyeball\"` and not \"a\"",
		"- Source: `d`: `count`, where `a: b`.":            `and not "a: b"`,
		"- Sauce: `d`.":                                    `unknown bullet "Sauce": use Source,`,
		"- Otherwise: `d`: `count`.":                       "needs a Source",
		"- Source: `d`: `count`.\n- Source: `e`: `count`.": `two bullets "Source"`,
	} {
		_, err := New(entry("m", "sum", bullet))
		require.ErrorContains(t, err, want, bullet)
		require.ErrorContains(t, err, "metric m: ")
	}
	_, err := New(map[string]any{"a": "b"})
	require.ErrorContains(t, err, "the metrics' documentation has no metrics")
}

func TestExpected(t *testing.T) {
	t.Parallel()
	s, err := New(entry("cloudflare.zone.m", "sum",
		"- Source: `d`: `sum.ms / 1000` by `clientCountryName` as `country` and `region`.",
		"- Otherwise: `e`: `sum.milli / 1000` by `clientCountryName` as `country` and `region`."))
	require.NoError(t, err)
	country := func(code string) map[string]string { return map[string]string{"clientCountryName": code} }
	got := s.Expected([]simulator.Total{
		{Name: "cloudflare.zone.m", ID: "z", Dimensions: country("DE"), Value: 3000},
		{Name: "cloudflare.zone.m", ID: "z", Dimensions: country("FR"), Value: 500},
		{Name: "cloudflare.zone.m", ID: "z", Dimensions: country("DE"), Value: 1000},
		{Name: "cloudflare.zone.m (otherwise)", ID: "y", Dimensions: country("DE"), Value: 7000},
		{Name: "another", ID: "y", Value: 1},
	}, func(metric, scope string, attributes map[string]string) {
		assert.Equal(t, "cloudflare.zone.m", metric)
		assert.Contains(t, []string{"y", "z"}, scope)
		attributes["region"] = "Europe"
	})
	assert.Equal(t, map[Series]float64{
		{"cloudflare.zone.m", "z", "country=DE,region=Europe"}: 4,
		{"cloudflare.zone.m", "z", "country=FR,region=Europe"}: 0.5,
		{"cloudflare.zone.m", "y", "country=DE,region=Europe"}: 7,
	}, got)
}

// The documentation names only what there is, and the simulator has something of all of it.
func TestEveryDocumentedMetricIsInTheSimulator(t *testing.T) {
	t.Parallel()
	document, err := confmaptest.LoadConf("../../metadata.yaml")
	require.NoError(t, err)
	s, err := New(document.ToStringMap())
	require.NoError(t, err)
	noon := time.Date(2026, time.March, 1, 12, 0, 0, 0, time.UTC)
	accounts := simulator.DefaultLayout(1, 2, simulator.PlanEnterprise, simulator.PlanFree)
	world, err := simulator.New(simulator.Config{
		Accounts: accounts, Begin: noon.Add(-20 * time.Minute), EventsPerMinute: 300, Clock: func() time.Time { return noon },
	})
	require.NoError(t, err)
	t.Cleanup(world.Close)
	for _, kind := range []Kind{Counter, Gauge} {
		totals, err := world.Truth(time.Time{}, time.Time{}, s.Groupings(kind)...)
		require.NoError(t, err)
		met := map[string]bool{}
		for series := range s.Expected(totals) {
			met[series.Metric] = true
		}
		for _, name := range s.Metrics(kind) {
			assert.True(t, met[name], name)
		}
	}
	assert.NotEmpty(t, s.Derived())
	assert.Less(t, len(s.Default().Groupings(Counter)), len(s.Groupings(Counter)))
}
