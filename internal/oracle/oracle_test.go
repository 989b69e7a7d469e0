// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package oracle

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/internal/simulator"
)

// A name that the simulator does not use would make a counter that is expected to stand at zero.
func TestEveryCounterIsCountedByTheSimulator(t *testing.T) {
	t.Parallel()
	noon := time.Date(2026, time.March, 1, 12, 0, 0, 0, time.UTC)
	world, err := simulator.New(simulator.Config{
		Accounts: simulator.DefaultLayout(1, 2), Begin: noon.Add(-20 * time.Minute), EventsPerMinute: 300,
		Clock: func() time.Time { return noon },
	})
	require.NoError(t, err)
	t.Cleanup(world.Close)

	known, met := counters(), map[string]bool{}
	for _, total := range world.Truth(time.Time{}, time.Time{}) {
		c, ok := known[[2]string{total.Dataset, total.Measure}]
		if !ok {
			continue // no metric is read from it
		}
		met[c.metric] = true
		require.Len(t, total.Dimensions, len(c.attributes), c.metric)
		for dimension := range total.Dimensions {
			require.NotEmpty(t, c.attributes[dimension], "%s by %s", c.metric, dimension)
		}
	}
	assert.Len(t, met, len(Metrics()), "the simulator counts nothing for the others")
}

func TestMetrics(t *testing.T) {
	t.Parallel()
	names := Metrics()
	assert.True(t, slices.IsSorted(names))
	assert.Len(t, slices.Compact(slices.Clone(names)), len(names), "two measures make one metric")
}

func TestAttributes(t *testing.T) {
	t.Parallel()
	assert.Empty(t, Attributes(nil))
	assert.Equal(t, "a=1,b=,c=3", Attributes(map[string]string{"c": "3", "a": "1", "b": ""}))
}

func TestExpected(t *testing.T) {
	t.Parallel()
	const rollup = "httpRequests1mGroups"
	country := func(code string) map[string]string { return map[string]string{"clientCountryName": code} }
	got := Expected([]simulator.Total{
		{ID: "z", Dataset: rollup, Measure: "sum.requests", Value: 3},
		{ID: "y", Dataset: rollup, Measure: "sum.requests", Value: 4},
		{ID: "z", Dataset: rollup, Measure: "sum.countryMap.bytes", Dimensions: country("DE"), Value: 5},
		{ID: "z", Dataset: rollup, Measure: "sum.countryMap.bytes", Dimensions: country("DE"), Value: 6},
		{ID: "z", Dataset: rollup, Measure: "sum.countryMap.bytes", Dimensions: country("IS"), Value: 7},
		{ID: "z", Dataset: rollup, Measure: "sum.nobodyReadsThis", Value: 8},
		{ID: "z", Dataset: "another", Measure: "sum.requests", Value: 9},
	})
	assert.Equal(t, map[Series]float64{
		{"cloudflare.zone.requests", "z", ""}:                    3,
		{"cloudflare.zone.requests", "y", ""}:                    4,
		{"cloudflare.zone.bandwidth.country", "z", "country=DE"}: 11,
		{"cloudflare.zone.bandwidth.country", "z", "country=IS"}: 7,
	}, got)
}

func TestDifferences(t *testing.T) {
	t.Parallel()
	a, b := Series{"m", "z", ""}, Series{"m", "z", "k=v"}
	for name, tt := range map[string]struct {
		expected, actual map[Series]float64
		want             []string
	}{
		"equal":                {map[Series]float64{a: 1, b: 2}, map[Series]float64{a: 1, b: 2}, nil},
		"missing":              {map[Series]float64{a: 3}, nil, []string{"m{} of z: want 3, got 0 (off by -3)"}},
		"extra":                {nil, map[Series]float64{b: 3}, []string{"m{k=v} of z: not expected, got 3"}},
		"wrong":                {map[Series]float64{b: 3}, map[Series]float64{b: 5}, []string{"m{k=v} of z: want 3, got 5 (off by 2)"}},
		"zero is absent":       {map[Series]float64{a: 0}, map[Series]float64{b: 0}, nil},
		"whole and off by one": {map[Series]float64{a: 1e15}, map[Series]float64{a: 1e15 + 1}, []string{"m{} of z: want 1e+15, got 1.000000000000001e+15 (off by 1)"}},
		"another order":        {map[Series]float64{a: 0.1 + 0.2}, map[Series]float64{a: 0.3}, nil},
		"a double, wrong":      {map[Series]float64{a: 0.5}, map[Series]float64{a: 0.25}, []string{"m{} of z: want 0.5, got 0.25 (off by -0.25)"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, tt.want, Differences(tt.expected, tt.actual))
		})
	}
	assert.True(t, slices.IsSorted(Differences(map[Series]float64{a: 1, b: 1}, map[Series]float64{})))
}
