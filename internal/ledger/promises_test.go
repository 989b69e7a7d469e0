// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"fmt"
	"math"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// One test for each promise of the ledger.

func TestCountersAndCursorAreSavedTogether(t *testing.T) {
	t.Parallel()
	disk := newFakeStorage()
	l := open(t, disk)
	commit(t, l, func(tx *Tx) {
		tx.Define(zoneA, t0, httpMetrics())
		tx.Add(zoneA, byCountry, []string{"CH"}, t0, IntValue(7))
		tx.SetCursor(zoneA, []byte("t1"))
	})
	assert.Equal(t, 2, disk.batches, "one to open, one to commit")

	disk.failing = true
	tx := l.Begin()
	tx.Add(zoneA, byCountry, []string{"CH"}, t1, IntValue(5))
	tx.SetCursor(zoneA, []byte("t2"))
	require.ErrorIs(t, tx.Commit(t.Context()), errStorage)
	disk.failing = false

	for _, l := range []*Ledger{l, open(t, disk)} {
		show(t, l)
		cursor, ok := l.Cursor(zoneA)
		assert.True(t, ok)
		assert.Equal(t, "t1", string(cursor))
		assert.Equal(t, map[string]float64{"requests": 0, "requests.by_country|CH": 7}, dump(l, zoneA))
	}
}

func TestNothingIsShownThatIsNotSaved(t *testing.T) {
	t.Parallel()
	disk := newFakeStorage()
	l := open(t, disk)
	commit(t, l, func(tx *Tx) {
		tx.Define(zoneA, t0, httpMetrics())
		tx.Add(zoneA, requests, nil, t0, IntValue(3))
	})
	show(t, l)

	disk.failing = true
	tx := l.Begin()
	tx.Add(zoneA, requests, nil, t1, IntValue(4))
	tx.Add(zoneA, byCountry, []string{"CH"}, t1, IntValue(4))
	tx.Define(zoneB, t0, httpMetrics())
	require.Error(t, tx.Commit(t.Context()))
	assert.Equal(t, map[string]float64{"requests": 3}, dump(l, zoneA))
	assert.Equal(t, []ID{zoneA}, l.IDs())

	crashed := open(t, disk.clone())
	assert.Equal(t, dump(l, zoneA), dump(crashed, zoneA))
}

func TestNewSeriesIsZeroOnItsFirstTickAndHasItsValueFromTheNext(t *testing.T) {
	t.Parallel()
	l := open(t, newFakeStorage())
	commit(t, l, func(tx *Tx) {
		tx.Define(zoneA, t0, httpMetrics())
		tx.Add(zoneA, byCountry, []string{"CH"}, t0, IntValue(7))
	})
	const series = "requests.by_country|CH"
	assert.Zero(t, emit(l, zoneA)[series])
	assert.Zero(t, dump(l, zoneA)[series], "its zero is emitted, but that is not saved")
	assert.InDelta(t, 7, tick(t, l, zoneA)[series], 0)

	commit(t, l, func(tx *Tx) { tx.Add(zoneA, byCountry, []string{"CH"}, t1, IntValue(2)) })
	assert.InDelta(t, 9, emit(l, zoneA)[series], 0)
}

func TestSeriesStaysZeroUntilItsZeroWasEmitted(t *testing.T) {
	t.Parallel()
	l := open(t, newFakeStorage())
	commit(t, l, func(tx *Tx) {
		tx.Define(zoneA, t0, httpMetrics())
		tx.Define(zoneB, t0, httpMetrics())
		tx.Add(zoneA, requests, nil, t0, IntValue(1))
		tx.Add(zoneB, requests, nil, t0, IntValue(1))
	})
	commit(t, l, func(*Tx) {})
	assert.Zero(t, emit(l, zoneA)["requests"], "two commits, but nothing was emitted in between")
	commit(t, l, func(*Tx) {})
	assert.InDelta(t, 1, dump(l, zoneA)["requests"], 0)
	assert.Zero(t, dump(l, zoneB)["requests"], "the other partition was not read, so not emitted")
}

func TestSeriesFirstSeenBetweenReadingAndEmittedIsNotTakenForEmitted(t *testing.T) {
	t.Parallel()
	l := open(t, newFakeStorage())
	commit(t, l, func(tx *Tx) { tx.Define(zoneA, t0, httpMetrics()) })
	dump(l, zoneA)
	commit(t, l, func(tx *Tx) { tx.Add(zoneA, byCountry, []string{"CH"}, t0, IntValue(7)) })
	l.Emitted()
	commit(t, l, func(*Tx) {})
	assert.Zero(t, dump(l, zoneA)["requests.by_country|CH"])
}

func TestEmittedWithinATransactionIsIgnored(t *testing.T) {
	t.Parallel()
	l := open(t, newFakeStorage())
	tx := l.Begin()
	tx.Define(zoneA, t0, httpMetrics())
	tx.Add(zoneA, requests, nil, t0, IntValue(1))
	dump(l, zoneA)
	l.Emitted()
	require.NoError(t, tx.Commit(t.Context()))
	commit(t, l, func(*Tx) {})
	assert.Zero(t, dump(l, zoneA)["requests"])
}

func TestValueIsNotShownWhenSavingThatFails(t *testing.T) {
	t.Parallel()
	disk := newFakeStorage()
	l := open(t, disk)
	commit(t, l, func(tx *Tx) {
		tx.Define(zoneA, t0, httpMetrics())
		tx.Add(zoneA, requests, nil, t0, IntValue(3))
	})
	emit(l, zoneA)
	disk.failing = true
	require.Error(t, l.Begin().Commit(t.Context()))
	assert.Zero(t, emit(l, zoneA)["requests"])
	disk.failing = false
	assert.InDelta(t, 3, tick(t, l, zoneA)["requests"], 0, "the zero is out, so the next commit that works will do")
}

func TestShownValueIsShownAfterACrash(t *testing.T) {
	t.Parallel()
	disk := newFakeStorage()
	l := open(t, disk)
	commit(t, l, func(tx *Tx) {
		tx.Define(zoneA, t0, httpMetrics())
		tx.Add(zoneA, requests, nil, t0, IntValue(3))
	})
	emit(l, zoneA)
	assert.Zero(t, dump(open(t, disk.clone()), zoneA)["requests"], "the zero is not known to be out")
	commit(t, l, func(*Tx) {})
	assert.InDelta(t, 3, dump(open(t, disk.clone()), zoneA)["requests"], 0)
}

func TestDuplicateLabelSetsAreAddedUp(t *testing.T) {
	t.Parallel()
	l := open(t, newFakeStorage())
	commit(t, l, func(tx *Tx) {
		tx.Define(zoneA, t0, httpMetrics())
		for range 3 {
			tx.Add(zoneA, byHost, []string{"a.example", "200"}, t0, IntValue(2))
			tx.Add(zoneA, cpuTime, []string{"worker"}, t0, DoubleValue(0.25))
		}
	})
	show(t, l)
	assert.Equal(t, map[string]float64{"requests": 0, "requests.by_host|a.example|200": 6, "cpu_time|worker": 0.75}, dump(l, zoneA))
}

func TestEachSeriesKeepsItsStartTimestamp(t *testing.T) {
	t.Parallel()
	disk := newFakeStorage()
	l := open(t, disk)
	commit(t, l, func(tx *Tx) {
		tx.Define(zoneA, t0, httpMetrics())
		tx.Add(zoneA, byCountry, []string{"CH"}, t1, IntValue(1))
	})
	commit(t, l, func(tx *Tx) {
		tx.Define(zoneA, t2, httpMetrics())
		tx.Add(zoneA, requests, nil, t2, IntValue(1))
		tx.Add(zoneA, byCountry, []string{"CH"}, t2, IntValue(1))
		tx.Add(zoneA, byCountry, []string{"DE"}, t2, IntValue(1))
	})
	want := map[string]time.Time{"requests": t0, "requests.by_country|CH": t1, "requests.by_country|DE": t2}
	assert.Equal(t, want, starts(l, zoneA))
	assert.Equal(t, want, starts(open(t, disk), zoneA))
}

func TestAttributelessCountersStartAtZero(t *testing.T) {
	t.Parallel()
	l := open(t, newFakeStorage())
	commit(t, l, func(tx *Tx) { tx.Define(zoneA, t0, httpMetrics()) })
	assert.Equal(t, map[string]float64{"requests": 0}, dump(l, zoneA))
	assert.Equal(t, map[string]time.Time{"requests": t0}, starts(l, zoneA))
}

func TestKnownSeriesNeverVanishes(t *testing.T) {
	t.Parallel()
	disk := newFakeStorage()
	l := open(t, disk)
	var want []string
	for window := range 5 {
		commit(t, l, func(tx *Tx) {
			tx.Define(zoneA, t0, httpMetrics())
			for i := range 100 {
				tx.Add(zoneA, byCountry, []string{fmt.Sprint(window, i)}, t0, IntValue(0))
			}
		})
		for _, known := range want {
			assert.Contains(t, dump(l, zoneA), known)
		}
		want = sortedKeys(dump(l, zoneA))
		l = open(t, disk)
	}
	assert.Len(t, want, 501)
}

func TestSeriesComeByMetricInAStableOrder(t *testing.T) {
	t.Parallel()
	disk := newFakeStorage()
	l := open(t, disk)
	commit(t, l, func(tx *Tx) {
		tx.Define(zoneA, t0, httpMetrics())
		tx.Add(zoneA, cpuTime, []string{"w"}, t0, DoubleValue(1))
		tx.Add(zoneA, byCountry, []string{"DE"}, t0, IntValue(1))
		tx.Add(zoneA, byHost, []string{"a", "200"}, t0, IntValue(1))
		tx.Add(zoneA, byCountry, []string{"CH"}, t0, IntValue(1))
	})
	want := []string{"requests", "requests.by_country|DE", "requests.by_country|CH", "requests.by_host|a|200", "cpu_time|w"}
	assert.Equal(t, want, order(l, zoneA))
	assert.Equal(t, want, order(open(t, disk), zoneA))
}

func TestCostOfSavingFollowsWhatChanged(t *testing.T) {
	t.Parallel()
	disk := newFakeStorage()
	l := open(t, disk)
	commit(t, l, func(tx *Tx) {
		for _, id := range []ID{zoneA, zoneB} {
			tx.Define(id, t0, httpMetrics())
			for i := range 10 * pageSeries {
				tx.Add(id, byCountry, []string{strconv.Itoa(i)}, t0, IntValue(1))
			}
		}
	})
	show(t, l)

	commit(t, l, func(tx *Tx) {
		tx.Define(zoneA, t1, httpMetrics())
		tx.Define(zoneB, t1, httpMetrics())
		tx.Add(zoneA, byCountry, []string{"200"}, t1, IntValue(1))
		tx.Add(zoneB, byCountry, []string{"200"}, t1, IntValue(0))
		tx.SetCursor(zoneA, []byte("t1"))
	})
	assert.ElementsMatch(t, []string{"ledger/partition/http/zone-a/1", "ledger/partition/http/zone-a/header"}, disk.written)

	commit(t, l, func(tx *Tx) { tx.SetCursor(zoneB, []byte("t1")) })
	assert.ElementsMatch(t, []string{"ledger/partition/http/zone-b/header"}, disk.written)
}

func TestCommitWithNothingToDoDoesNoIO(t *testing.T) {
	t.Parallel()
	disk := newFakeStorage()
	l := open(t, disk)
	commit(t, l, func(tx *Tx) {
		tx.Define(zoneA, t0, httpMetrics())
		tx.SetCursor(zoneA, []byte("t1"))
	})
	show(t, l)
	disk.failing = true
	commit(t, l, func(tx *Tx) {
		tx.Define(zoneA, t1, httpMetrics())
		tx.Add(zoneA, requests, nil, t1, IntValue(0))
		tx.SetCursor(zoneA, []byte("t1"))
		tx.Delete(zoneB)
	})
}

func TestIntegerCounterStaysAtItsLargestValue(t *testing.T) {
	t.Parallel()
	l := open(t, newFakeStorage())
	commit(t, l, func(tx *Tx) {
		tx.Define(zoneA, t0, httpMetrics())
		for range 3 {
			tx.Add(zoneA, requests, nil, t0, IntValue(math.MaxInt64-1))
			tx.Add(zoneA, cpuTime, []string{"w"}, t0, DoubleValue(math.MaxFloat64))
		}
	})
	show(t, l)
	for s := range l.Series(zoneA) {
		switch s.Metric() {
		case requests:
			assert.Equal(t, int64(math.MaxInt64), s.Value().Int())
		case cpuTime:
			assert.InDelta(t, math.MaxFloat64, s.Value().Double(), 0)
		}
	}
}

func TestIncrementsThatWouldLowerACounterAreRefused(t *testing.T) {
	t.Parallel()
	disk := newFakeStorage()
	l := open(t, disk)
	tooLong := []string{string(make([]byte, maxKeyBytes))}
	refusals := func(tx *Tx) {
		tx.Add(zoneA, requests, nil, t0, IntValue(-1))
		tx.Add(zoneA, requests, nil, t0, DoubleValue(1.5))
		tx.Add(zoneA, cpuTime, []string{"w"}, t0, DoubleValue(-0.1))
		tx.Add(zoneA, cpuTime, []string{"w"}, t0, DoubleValue(math.NaN()))
		tx.Add(zoneA, cpuTime, []string{"w"}, t0, DoubleValue(math.Inf(1)))
		tx.Add(zoneA, cpuTime, []string{"w"}, t0, IntValue(-1))
		tx.Add(zoneA, cpuTime, tooLong, t0, IntValue(1))
	}
	commit(t, l, func(tx *Tx) {
		tx.Define(zoneA, t0, httpMetrics())
		refusals(tx)
		tx.Add(zoneA, cpuTime, []string{"v"}, t0, IntValue(2))
		tx.Add(zoneA, cpuTime, []string{"v"}, t0, DoubleValue(math.Copysign(0, -1)))
	})
	assert.Equal(t, uint64(7), l.Stats().Refused)
	show(t, l)
	assert.Equal(t, map[string]float64{"requests": 0, "cpu_time|v": 2}, dump(l, zoneA))

	tx := l.Begin()
	refusals(tx)
	tx.Rollback()
	assert.Equal(t, uint64(7), l.Stats().Refused, "a window that is asked again is refused again")
}
