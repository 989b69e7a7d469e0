// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestRollbackRestoresEverything(t *testing.T) {
	t.Parallel()
	disk := newFakeStorage()
	l := open(t, disk)
	commit(t, l, func(tx *Tx) {
		for _, id := range []ID{zoneA, zoneB} {
			tx.Define(id, t0, httpMetrics())
			tx.Add(id, requests, nil, t0, IntValue(5))
			tx.SetCursor(id, []byte("t1"))
		}
	})
	show(t, l)
	before := dump(l, zoneA)

	for name, do := range map[string]func(tx *Tx){
		"add":    func(tx *Tx) { addMany(tx, zoneA) },
		"cursor": func(tx *Tx) { tx.SetCursor(zoneA, []byte("t2")) },
		"define": func(tx *Tx) { tx.Define(zoneA, t1, httpMetrics()[:1]) },
		"delete": func(tx *Tx) { tx.Delete(zoneA) },
		"add, then define": func(tx *Tx) {
			addMany(tx, zoneA)
			tx.Define(zoneA, t1, httpMetrics()[:2])
			tx.Add(zoneA, requests, nil, t0, IntValue(9))
			tx.SetCursor(zoneA, []byte("t2"))
		},
		"delete, then define": func(tx *Tx) {
			addMany(tx, zoneA)
			tx.Delete(zoneA)
			tx.Define(zoneA, t1, httpMetrics())
			addMany(tx, zoneA)
		},
		"new partition": func(tx *Tx) { tx.Define(ID{Family: "new"}, t0, httpMetrics()) },
	} {
		for _, end := range []string{"Rollback", "failed Commit", "Begin"} {
			tx := l.Begin()
			do(tx)
			switch end {
			case "Rollback":
				tx.Rollback()
			case "failed Commit":
				disk.failing = true
				require.Error(t, tx.Commit(t.Context()))
				disk.failing = false
			case "Begin":
				l.Begin().Rollback()
			}
			cursor, _ := l.Cursor(zoneA)
			assert.Equal(t, "t1", string(cursor), "%s, %s", name, end)
			assert.Equal(t, before, dump(l, zoneA), "%s, %s", name, end)
			assert.Equal(t, httpMetrics(), l.Metrics(zoneA), "%s, %s", name, end)
			assert.Equal(t, []ID{zoneA, zoneB}, l.IDs(), "%s, %s", name, end)
		}
	}
	commit(t, l, func(tx *Tx) { tx.Add(zoneA, byCountry, []string{"CH"}, t2, IntValue(1)) })
	show(t, l)
	assert.Equal(t, dump(l, zoneA), dump(open(t, disk), zoneA))
}

func addMany(tx *Tx, id ID) {
	for i := range 3 * pageSeries {
		tx.Add(id, requests, nil, t0, IntValue(1))
		tx.Add(id, byCountry, []string{strconv.Itoa(i % 200)}, t0, IntValue(1))
	}
}

// A storage can fail after it has written; then memory and storage differ until the next commit.
func TestCommitRepairsWhatAFailedOneMayHaveWritten(t *testing.T) {
	t.Parallel()
	for name, do := range map[string]func(tx *Tx){
		"values":        func(tx *Tx) { addMany(tx, zoneA); tx.SetCursor(zoneA, []byte("t2")) },
		"new partition": func(tx *Tx) { tx.Define(ID{Family: "new"}, t0, httpMetrics()); addMany(tx, ID{Family: "new"}) },
		"deletion":      func(tx *Tx) { tx.Delete(zoneB) },
		"definition":    func(tx *Tx) { tx.Define(zoneB, t1, httpMetrics()[:1]) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			disk := newFakeStorage()
			l := open(t, disk)
			commit(t, l, func(tx *Tx) {
				tx.Define(zoneA, t0, httpMetrics())
				tx.Define(zoneB, t0, httpMetrics())
				addMany(tx, zoneB)
			})
			show(t, l)
			keys := sortedKeys(disk.values)

			disk.failsAfterAll = true
			tx := l.Begin()
			do(tx)
			require.Error(t, tx.Commit(t.Context()))
			disk.failsAfterAll = false
			commit(t, l, func(*Tx) {})

			again := open(t, disk.clone())
			assert.Equal(t, l.IDs(), again.IDs())
			for _, id := range l.IDs() {
				assert.Equal(t, dump(l, id), dump(again, id))
			}
			assert.Equal(t, keys, sortedKeys(disk.values), "nothing is left over")
			disk.failing = true
			commit(t, l, func(*Tx) {}) // nothing is left to do
		})
	}
}

func TestMistakesOfTheCallerFailTheCommit(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		do   func(tx *Tx)
		want string
	}{
		"add undefined":      {func(tx *Tx) { tx.Add(zoneB, 0, nil, t0, IntValue(1)) }, "add to partition {http zone-b}, which is not defined"},
		"overflow undefined": {func(tx *Tx) { tx.AddOverflow(zoneB, 0, t0, IntValue(1)) }, "add to the overflow of partition {http zone-b}, which is not defined"},
		"overflow of what":   {func(tx *Tx) { tx.AddOverflow(zoneA, 4, t0, IntValue(1)) }, "has no metric 4"},
		"cursor undefined":   {func(tx *Tx) { tx.SetCursor(zoneB, nil) }, "set the cursor of partition {http zone-b}"},
		"add deleted":        {func(tx *Tx) { tx.Delete(zoneA); tx.Add(zoneA, 0, nil, t0, IntValue(1)) }, "not defined"},
		"metric too large":   {func(tx *Tx) { tx.Add(zoneA, 4, nil, t0, IntValue(1)) }, "has no metric 4"},
		"metric negative":    {func(tx *Tx) { tx.Add(zoneA, -1, nil, t0, IntValue(1)) }, "has no metric -1"},
		"too few values":     {func(tx *Tx) { tx.Add(zoneA, byHost, []string{"a"}, t0, IntValue(1)) }, "has 2 attributes, got 1 values"},
		"metric twice":       {func(tx *Tx) { tx.Define(zoneA, t0, []Metric{{Name: "x"}, {Name: "x"}}) }, "defines metric x twice"},
		"the first one told": {func(tx *Tx) { tx.Add(zoneB, 0, nil, t0, IntValue(1)); tx.Add(zoneA, 9, nil, t0, IntValue(1)) }, "add to partition"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := open(t, newFakeStorage())
			commit(t, l, func(tx *Tx) { tx.Define(zoneA, t0, httpMetrics()) })
			show(t, l)
			tx := l.Begin()
			tx.Add(zoneA, requests, nil, t0, IntValue(1))
			tc.do(tx)
			require.ErrorContains(t, tx.Commit(t.Context()), tc.want)
			assert.Equal(t, map[string]float64{"requests": 0}, dump(l, zoneA))
		})
	}
}

func TestTransactionIsOverAfterItsEnd(t *testing.T) {
	t.Parallel()
	l := open(t, newFakeStorage())
	tx := l.Begin()
	tx.Define(zoneA, t0, httpMetrics())
	tx.SetCursor(zoneA, nil)
	require.NoError(t, tx.Commit(t.Context()))
	tx.Rollback()
	tx.Add(zoneA, requests, nil, t0, IntValue(1))
	tx.SetCursor(zoneA, []byte("late"))
	tx.Define(zoneA, t0, nil)
	tx.Delete(zoneA)
	require.Error(t, tx.Commit(t.Context()))

	show(t, l)
	assert.Equal(t, map[string]float64{"requests": 0}, dump(l, zoneA))
	cursor, ok := l.Cursor(zoneA)
	assert.True(t, ok)
	assert.Empty(t, cursor)
}

func TestDeleteLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	disk := newFakeStorage()
	l := open(t, disk)
	commit(t, l, func(tx *Tx) { tx.Define(zoneA, t0, httpMetrics()) })
	show(t, l)
	keys := sortedKeys(disk.values)
	commit(t, l, func(tx *Tx) {
		tx.Define(zoneB, t0, httpMetrics())
		addMany(tx, zoneB)
	})
	commit(t, l, func(tx *Tx) { tx.Delete(zoneB) })
	assert.Equal(t, keys, sortedKeys(disk.values))
	assert.Equal(t, []ID{zoneA}, l.IDs())
	assert.Equal(t, []ID{zoneA}, open(t, disk).IDs())
	_, ok := l.Cursor(zoneB)
	assert.False(t, ok)
	assert.Nil(t, l.Metrics(zoneB))
	assert.Empty(t, dump(l, zoneB))
}

func TestDeletedPartitionStartsAnew(t *testing.T) {
	t.Parallel()
	disk := newFakeStorage()
	l := open(t, disk)
	commit(t, l, func(tx *Tx) {
		tx.Define(zoneA, t0, httpMetrics())
		tx.SetCursor(zoneA, []byte("t1"))
		addMany(tx, zoneA)
	})
	show(t, l)
	commit(t, l, func(tx *Tx) {
		tx.Delete(zoneA)
		tx.Define(zoneA, t2, httpMetrics())
		tx.Add(zoneA, requests, nil, t2, IntValue(1))
	})
	for _, l := range []*Ledger{l, open(t, disk)} {
		assert.Equal(t, map[string]float64{"requests": 0}, dump(l, zoneA))
		assert.Equal(t, t2, starts(l, zoneA)["requests"])
		cursor, _ := l.Cursor(zoneA)
		assert.Nil(t, cursor)
	}
}

func TestCursorIsACopy(t *testing.T) {
	t.Parallel()
	l := open(t, newFakeStorage())
	given := []byte("t1")
	commit(t, l, func(tx *Tx) {
		tx.Define(zoneA, t0, nil)
		tx.SetCursor(zoneA, given)
	})
	given[0] = 'x'
	got, _ := l.Cursor(zoneA)
	got[1] = 'x'
	again, _ := l.Cursor(zoneA)
	assert.Equal(t, "t1", string(again))
}

func TestStats(t *testing.T) {
	t.Parallel()
	disk := newFakeStorage()
	l := open(t, disk)
	commit(t, l, func(tx *Tx) {
		tx.Define(zoneA, t0, httpMetrics())
		tx.Define(zoneB, t0, httpMetrics())
		addMany(tx, zoneB)
	})
	size := 0
	for _, value := range disk.values {
		size += len(value)
	}
	want := Stats{Partitions: 2, Series: 202, EncodedBytes: size}
	assert.Equal(t, want, l.Stats())
	assert.Equal(t, want, open(t, disk).Stats())
}
