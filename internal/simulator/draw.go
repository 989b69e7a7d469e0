// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"encoding/binary"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"slices"
	"sort"
)

// seeded returns the dice of one minute of one stream.
func seeded(seed uint64, kind, owner string, minuteIndex int64) *rand.Rand {
	h := fnv.New64a()
	var numbers [16]byte
	binary.LittleEndian.PutUint64(numbers[:8], seed)
	binary.LittleEndian.PutUint64(numbers[8:], uint64(minuteIndex))
	_, _ = h.Write(numbers[:])
	_, _ = h.Write([]byte(kind + "\x00" + owner))
	low := h.Sum64()
	_, _ = h.Write([]byte{0})
	return rand.New(rand.NewPCG(low, h.Sum64()))
}

// mix spreads a number over all bits: the finalizer of SplitMix64 (Steele, Lea and Flood, 2014).
func mix(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// choice draws one of its values, each by its weight.
type choice[T any] struct {
	values     []T
	cumulative []float64
}

// zipf makes a choice in which the nth value weighs 1/n^exponent.
func zipf[T any](exponent float64, values ...T) choice[T] {
	c := choice[T]{values: values}
	total := 0.0
	for i := range values {
		total += math.Pow(float64(i+1), -exponent)
		c.cumulative = append(c.cumulative, total)
	}
	return c
}

// weighted makes a choice from values and weights.
func weighted[T any](options ...option[T]) choice[T] {
	var c choice[T]
	total := 0.0
	for _, o := range options {
		total += o.weight
		c.values = append(c.values, o.value)
		c.cumulative = append(c.cumulative, total)
	}
	return c
}

type option[T any] struct {
	value  T
	weight float64
}

func (c choice[T]) draw(dice *rand.Rand) T {
	x := dice.Float64() * c.cumulative[len(c.cumulative)-1]
	return c.values[min(sort.SearchFloat64s(c.cumulative, x), len(c.values)-1)]
}

// logNormal draws a positive number around a median, with the long tail that sizes and durations have.
func logNormal(dice *rand.Rand, median, sigma float64) uint64 {
	return uint64(median * math.Exp(sigma*dice.NormFloat64()))
}

// instants draws the times of a minute's events, in order: their number follows the mean, the time of day and chance, and
// is zero in one minute out of twenty.
func instants(dice *rand.Rand, mean float64, minuteIndex int64) []int64 {
	const quiet = 0.05
	if dice.Float64() < quiet {
		return nil
	}
	dayPhase := 2 * math.Pi * float64(minuteIndex%1440) / 1440
	expected := mean / (1 - quiet) * (1 - 0.5*math.Cos(dayPhase)) * (0.5 + dice.Float64())
	at := make([]int64, int(expected+dice.Float64()))
	for i := range at {
		at[i] = minuteIndex*minute + dice.Int64N(60_000)*1000
	}
	slices.Sort(at)
	return at
}
