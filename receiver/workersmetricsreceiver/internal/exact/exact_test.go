// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package exact

import (
	"math"
	"math/big"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// total counts parts as the callers do.
type total map[Part]uint64

func (t total) add(parts []Part) {
	for _, p := range parts {
		t[Part{Negative: p.Negative, Place: p.Place}] += p.Count
	}
}

func (t total) sum() float64 {
	var parts []Part
	for p, count := range t {
		p.Count = count
		parts = append(parts, p)
	}
	return Sum(parts)
}

func requireSame(t *testing.T, want, got float64) {
	t.Helper()
	require.Equal(t, math.Float64bits(want), math.Float64bits(got), "%v and %v", want, got)
}

func edges() []float64 {
	return []float64{
		0, 1, -1, 0.1, 1.0 / 3, 1 << 20, 1<<20 - 1, 1 << 53, 1e308, math.MaxFloat64, -math.MaxFloat64,
		math.SmallestNonzeroFloat64, 2.2250738585072014e-308, 5e-300, 123456789.123,
	}
}

func TestNumbersComeBack(t *testing.T) {
	t.Parallel()
	for _, v := range edges() {
		parts := Double(nil, v)
		for _, p := range parts {
			require.Less(t, p.Count, uint64(1<<placeBits))
			require.GreaterOrEqual(t, p.Place, MinPlace)
			require.LessOrEqual(t, p.Place, MaxPlace)
		}
		requireSame(t, v, Sum(parts))
	}
	for _, v := range []int64{0, 1, -1, 1 << 40, math.MaxInt64, math.MinInt64, -(1<<53 + 1)} {
		requireSame(t, float64(v), Sum(Int(nil, v)))
	}
	assert.Len(t, Double(nil, 1), 1)
	assert.Empty(t, Double(nil, math.NaN()))
	assert.Empty(t, Double(nil, math.Inf(-1)))
}

// Ten million dimes and a number that swallows them when added naively.
func TestSumsAreExactInAnyOrder(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	values := append(slices.Clone(edges()[:9]), 1e16, -1e16, 1e-20)
	for range 20_000 {
		values = append(values, (r.Float64()-0.3)*math.Pow(10, float64(r.IntN(40)-20)))
	}
	truth := new(big.Float).SetPrec(4000)
	for _, v := range values {
		truth.Add(truth, big.NewFloat(v))
	}
	want, _ := truth.Float64()
	for range 3 {
		r.Shuffle(len(values), func(i, j int) { values[i], values[j] = values[j], values[i] })
		got := total{}
		for _, v := range values {
			got.add(Double(nil, v))
		}
		requireSame(t, want, got.sum())
	}
}

func TestDifferencesAreExact(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(3, 4))
	got, last := total{}, 0.0
	for range 100_000 {
		next := last + r.ExpFloat64()*math.Pow(10, float64(r.IntN(12)-9))
		got.add(Difference(nil, next, last))
		last = next
	}
	requireSame(t, last, got.sum())
	requireSame(t, math.Inf(1), Sum(Difference(nil, math.MaxFloat64, -math.MaxFloat64)))
}

func FuzzSplit(f *testing.F) {
	for _, v := range edges() {
		f.Add(v, v/3)
	}
	f.Fuzz(func(t *testing.T, a, b float64) {
		if math.IsInf(a, 0) || math.IsNaN(a) || math.IsInf(b, 0) || math.IsNaN(b) {
			return // only finite numbers are counted
		}
		if a == 0 {
			a = 0 // without sign
		}
		requireSame(t, a, Sum(Double(nil, a)))
		want, _ := new(big.Float).Sub(new(big.Float).SetPrec(2200).SetFloat64(a), big.NewFloat(b)).Float64()
		got := Sum(Difference(nil, a, b))
		require.Equal(t, want, got) //nolint:testifylint // exact is what this is about
	})
}
