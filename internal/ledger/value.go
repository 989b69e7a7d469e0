// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"math"
	"time"
)

// ValueType says what a metric counts in.
type ValueType uint8

// The value types of a metric.
const (
	Int ValueType = iota
	Double
	Bits // 64 bits that are set and not counted, see [Tx.Set]; what they mean is left to the caller
)

// Value is a number of a metric's type, or an increment to it. The zero Value is the integer 0.
type Value struct {
	bits      uint64 // the int64, the bits of the float64, or the Bits
	valueType ValueType
}

// IntValue returns v as a Value.
func IntValue(v int64) Value {
	return Value{bits: uint64(v)}
}

// DoubleValue returns v as a Value.
func DoubleValue(v float64) Value {
	return Value{bits: math.Float64bits(v), valueType: Double}
}

// BitsValue returns v as a Value.
func BitsValue(v uint64) Value {
	return Value{bits: v, valueType: Bits}
}

// Bits returns the value as it is stored.
func (v Value) Bits() uint64 {
	return v.bits
}

// Int returns the value as an integer; the fraction of a double is cut off.
func (v Value) Int() int64 {
	if v.valueType == Double {
		return int64(math.Float64frombits(v.bits))
	}
	return int64(v.bits)
}

// Double returns the value as a floating point number.
func (v Value) Double() float64 {
	if v.valueType == Double {
		return math.Float64frombits(v.bits)
	}
	return float64(int64(v.bits))
}

// isIncrement reports whether a cumulative counter of type t can be raised by the value: finite, not negative, and
// without loss of a fraction.
func (v Value) isIncrement(t ValueType) bool {
	if t == Bits || v.valueType == Bits {
		return false
	}
	if v.valueType == Int {
		return int64(v.bits) >= 0
	}
	f := math.Float64frombits(v.bits)
	return t == Double && f >= 0 && !math.IsInf(f, 1)
}

// raise adds an increment to the bits of a counter of type t. Counters stay at the largest finite value of their type
// rather than overflow.
func (t ValueType) raise(bits uint64, increment Value) uint64 {
	if t == Double {
		sum := math.Float64frombits(bits) + increment.Double()
		return math.Float64bits(min(sum, math.MaxFloat64))
	}
	return min(bits+increment.bits, math.MaxInt64)
}

// Series is one series of a partition, see [Ledger.Series].
type Series struct {
	entry  *entry
	metric *Metric
}

// Metric returns the index of the series' metric in [Ledger.Metrics].
func (s Series) Metric() int {
	return int(s.entry.metric)
}

// Overflow reports whether this is the overflow series of its metric, see [Tx.Add].
func (s Series) Overflow() bool {
	return s.metric.overflows() && isBare(s.entry.key)
}

// AppendValues appends the attribute values to buf, in the order of [Metric].Attributes; an overflow series has none. It
// does not copy their text.
func (s Series) AppendValues(buf []string) []string {
	return appendValues(buf, s.entry.key)
}

// Start returns the start timestamp in UTC: the one given when the series was first seen.
func (s Series) Start() time.Time {
	return time.Unix(0, s.entry.start).UTC()
}

// Value returns what may be shown now: 0 until the zero of the series was emitted and that is saved.
func (s Series) Value() Value {
	if s.entry.state != shown {
		return Value{valueType: s.metric.Type}
	}
	return Value{bits: s.entry.bits, valueType: s.metric.Type}
}

// Held returns what the series holds, shown or not. Outside of transactions that is saved, so it serves callers that
// show several series as one and take [Series.Shown] of one of them for all.
func (s Series) Held() Value {
	return Value{bits: s.entry.bits, valueType: s.metric.Type}
}

// Shown reports whether the zero of the series was emitted and that is saved.
func (s Series) Shown() bool {
	return s.entry.state == shown
}
