// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package oracle

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestAttributes(t *testing.T) {
	t.Parallel()
	assert.Empty(t, Attributes(nil))
	assert.Equal(t, "a=1,c=3", Attributes(map[string]string{"c": "3", "a": "1", "b": ""}))
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
