// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"maps"
	"math"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var levels = ID{Family: "levels"}

const (
	counted = iota
	level
)

func levelMetrics() []Metric {
	return []Metric{
		counted: {Name: "counted", Attributes: []string{"series"}},
		level:   {Name: "level", Attributes: []string{"series"}, Type: Bits},
	}
}

func held(l *Ledger, id ID) map[string]uint64 {
	values := map[string]uint64{}
	for s := range l.Held(id) {
		values[name(l, id, s)] = s.Held().Bits()
	}
	return values
}

func TestBitsAreSetAndSaved(t *testing.T) {
	t.Parallel()
	disk := newFakeStorage()
	l := open(t, disk)
	want := map[string]uint64{}
	commit(t, l, func(tx *Tx) {
		tx.Define(levels, t0, levelMetrics())
		for i, bits := range []uint64{0, 1, 1 << 63, math.MaxUint64, math.Float64bits(-2.5), math.Float64bits(math.Inf(-1))} {
			tx.Set(levels, level, []string{strconv.Itoa(i)}, t0, 7)
			tx.Set(levels, level, []string{strconv.Itoa(i)}, t1, bits)
			want["level|"+strconv.Itoa(i)] = bits
		}
	})
	assert.Equal(t, want, held(l, levels))
	assert.Equal(t, want, held(open(t, disk), levels))
	for s := range l.Held(levels) {
		assert.Equal(t, t0, s.Start())
	}

	commit(t, l, func(tx *Tx) { tx.Set(levels, level, []string{"3"}, t1, 5) })
	v, ok := open(t, disk).Get(levels, level, []string{"3"})
	assert.True(t, ok)
	assert.Equal(t, uint64(5), v.Bits())
	_, ok = l.Get(levels, level, []string{"unknown"})
	assert.False(t, ok)
	_, ok = l.Get(levels, level, nil)
	assert.False(t, ok)
}

func TestBitsAreNotCountedAndCountersNotSet(t *testing.T) {
	t.Parallel()
	l := open(t, newFakeStorage())
	commit(t, l, func(tx *Tx) {
		tx.Define(levels, t0, levelMetrics())
		tx.Add(levels, level, []string{"a"}, t0, IntValue(1))
		tx.Add(levels, counted, []string{"a"}, t0, BitsValue(1))
		tx.Set(levels, level, []string{string(make([]byte, maxKeyBytes))}, t0, 1)
	})
	assert.Equal(t, uint64(3), l.Stats().Refused)
	assert.Empty(t, held(l, levels))

	tx := l.Begin()
	tx.Set(levels, counted, []string{"a"}, t0, 1)
	require.ErrorContains(t, tx.Commit(t.Context()), "metric counted of partition {levels } is counted, not set")
	tx = l.Begin()
	tx.Set(zoneA, level, []string{"a"}, t0, 1)
	require.ErrorContains(t, tx.Commit(t.Context()), "not defined")
	tx = l.Begin()
	tx.Prune(zoneA, func(Series) bool { return true })
	require.ErrorContains(t, tx.Commit(t.Context()), "prune partition")
}

// fillLevels gives every series both metrics, in several pages.
func fillLevels(tx *Tx) {
	tx.Define(levels, t0, levelMetrics())
	for i := range 2 * pageSeries {
		values := []string{strconv.Itoa(i)}
		tx.Add(levels, counted, values, t0, IntValue(int64(i)))
		tx.Set(levels, level, values, t0, uint64(i))
	}
	tx.SetCursor(levels, []byte("cursor"))
}

func even(s Series) bool { return s.Held().Bits()%2 == 0 }

func TestPruneRemovesForGood(t *testing.T) {
	t.Parallel()
	disk := newFakeStorage()
	l := open(t, disk)
	commit(t, l, fillLevels)
	show(t, l)
	shownBefore := dump(l, levels)
	commit(t, l, func(tx *Tx) { tx.Prune(levels, even) })

	got := dump(l, levels)
	require.Len(t, got, 2*pageSeries)
	maps.DeleteFunc(shownBefore, func(name string, _ float64) bool { _, kept := got[name]; return !kept })
	assert.Equal(t, shownBefore, got, "what is kept shows what it showed")
	again := open(t, disk)
	assert.Equal(t, got, dump(again, levels))
	assert.Equal(t, held(l, levels), held(again, levels))
	cursor, _ := again.Cursor(levels)
	assert.Equal(t, "cursor", string(cursor))
	for key := range disk.values {
		assert.NotContains(t, []string{part{id: levels, number: 2}.key(), part{id: levels, number: 3}.key()}, key, "left-over page")
	}

	commit(t, l, func(tx *Tx) { tx.Add(levels, counted, []string{"1"}, t2, IntValue(9)) })
	assert.Zero(t, dump(l, levels)["counted|1"], "a series that comes again begins with its zero")
	assert.Equal(t, t2, starts(l, levels)["counted|1"])
}

func TestPruneAndSetAreTakenBack(t *testing.T) {
	t.Parallel()
	for name, do := range map[string]func(tx *Tx){
		"set":            func(tx *Tx) { tx.Set(levels, level, []string{"200"}, t1, 1) },
		"prune":          func(tx *Tx) { tx.Prune(levels, even) },
		"set then prune": func(tx *Tx) { tx.Set(levels, level, []string{"200"}, t1, 1); tx.Prune(levels, even) },
		"prune then set": func(tx *Tx) { tx.Prune(levels, even); tx.Set(levels, level, []string{"1"}, t1, 8) },
		"prune all":      func(tx *Tx) { tx.Prune(levels, func(Series) bool { return false }) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			disk := newFakeStorage()
			l := open(t, disk)
			commit(t, l, fillLevels)
			before := held(l, levels)
			disk.failing = true
			tx := l.Begin()
			do(tx)
			require.Error(t, tx.Commit(t.Context()))
			assert.Equal(t, before, held(l, levels))
			disk.failing = false
			commit(t, l, func(*Tx) {})
			assert.Equal(t, before, held(open(t, disk), levels))

			commit(t, l, do)
			assert.Equal(t, held(l, levels), held(open(t, disk), levels))
		})
	}
}

// Series that are shown as one can go by the state of one of them.
func TestHeldDoesNotEmit(t *testing.T) {
	t.Parallel()
	l := open(t, newFakeStorage())
	commit(t, l, fillLevels)
	held(l, levels)
	l.Emitted()
	commit(t, l, func(*Tx) {})
	for s := range l.Held(levels) {
		require.False(t, s.Shown())
	}
	show(t, l)
	for s := range l.Held(levels) {
		require.True(t, s.Shown())
	}
}

func TestBitsEndWhenAnAttributeGoes(t *testing.T) {
	t.Parallel()
	l := open(t, newFakeStorage())
	commit(t, l, func(tx *Tx) {
		tx.Define(levels, t0, []Metric{{Name: "level", Type: Bits, Attributes: []string{"a", "b"}}})
		tx.Set(levels, 0, []string{"x", "y"}, t0, 3)
	})
	commit(t, l, func(tx *Tx) {
		tx.Define(levels, t0, []Metric{{Name: "level", Type: Bits, Attributes: []string{"a"}}})
	})
	assert.Empty(t, held(l, levels))
}
