// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

// Package exact takes numbers apart into integers that can be counted one by one, so that a sum of doubles is the same in
// whatever order they arrive, over restarts and however many there are: adding is exact, and reading a sum rounds it once,
// to the nearest double. Where the integers are counted is left to the caller.
//
// A number is a sum of parts, Count × 2^(20 × Place). Parts of the same sign and place are added up. A counter of 63 bits
// takes more than 8 × 10^12 of them.
package exact

import (
	"math"
	"math/big"
	"math/bits"
)

// Places lie in this range, whatever the double.
const (
	MinPlace = -54
	MaxPlace = 51
)

const placeBits = 20

// Part is a part of a number, or a sum of such parts.
type Part struct {
	Negative bool
	Place    int
	Count    uint64 // below 2^20 for parts of one number, at most 2^63-1 for sums
}

// Double appends the parts of v to dst. There are none if v is zero, infinite or not a number.
func Double(dst []Part, v float64) []Part {
	if v == 0 || math.IsInf(v, 0) || math.IsNaN(v) {
		return dst
	}
	fraction, exponent := math.Frexp(math.Abs(v))
	return split(dst, v < 0, uint64(math.Ldexp(fraction, 53)), exponent-53)
}

// Int appends the parts of v to dst.
func Int(dst []Part, v int64) []Part {
	magnitude := uint64(v)
	if v < 0 {
		magnitude = -magnitude
	}
	return split(dst, v < 0, magnitude, 0)
}

// Difference appends the parts of a - b to dst; both are finite. Nothing is rounded.
func Difference(dst []Part, a, b float64) []Part {
	d := a - b
	if math.IsInf(d, 0) {
		return Double(Double(dst, a), -b)
	}
	// Knuth's TwoSum: d and what is missing of it are the difference without error.
	t := d - a
	rest := (a - (d - t)) + (-b - t)
	return Double(Double(dst, d), rest)
}

// split appends the parts of mantissa × 2^exponent.
func split(dst []Part, negative bool, mantissa uint64, exponent int) []Part {
	zeros := bits.TrailingZeros64(mantissa)
	if mantissa != 0 {
		mantissa, exponent = mantissa>>zeros, exponent+zeros
	}
	place := floorDiv(exponent, placeBits)
	shift := exponent - place*placeBits // < 20: what sticks out at the top is the high word
	high, low := bits.Mul64(mantissa, 1<<shift)
	for high != 0 || low != 0 {
		if count := low & (1<<placeBits - 1); count != 0 {
			dst = append(dst, Part{Negative: negative, Place: place, Count: count})
		}
		low = low>>placeBits | high<<(64-placeBits)
		high >>= placeBits
		place++
	}
	return dst
}

func floorDiv(a, b int) int {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

// Sum returns the double nearest to the sum of the parts, an infinity if it is beyond the largest double.
func Sum(parts []Part) float64 {
	if len(parts) == 0 {
		return 0
	}
	if p := parts[0]; len(parts) == 1 && p.Place == 0 && p.Count < 1<<53 {
		return signed(p)
	}
	least := parts[0].Place
	for _, p := range parts {
		least = min(least, p.Place)
	}
	var sum, term big.Int
	for _, p := range parts {
		term.SetUint64(p.Count)
		term.Lsh(&term, uint(p.Place-least)*placeBits)
		if p.Negative {
			term.Neg(&term)
		}
		sum.Add(&sum, &term)
	}
	return nearest(&sum, least*placeBits)
}

// nearest returns n × 2^exponent, rounded once.
func nearest(n *big.Int, exponent int) float64 {
	f := new(big.Float).SetInt(n) // has as many bits as it takes
	v, _ := f.SetMantExp(f, exponent).Float64()
	return v
}

func signed(p Part) float64 {
	if p.Negative {
		return -float64(p.Count)
	}
	return float64(p.Count)
}
