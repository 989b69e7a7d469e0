// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"bytes"
	"encoding/json"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"
)

var weird = ID{Family: "a/b c", Scope: ""}

// populated returns a storage with three partitions, the second of several pages.
func populated(t *testing.T) *fakeStorage {
	t.Helper()
	disk := newFakeStorage()
	l := open(t, disk)
	commit(t, l, func(tx *Tx) {
		for _, id := range []ID{zoneA, zoneB, weird} {
			tx.Define(id, t0, httpMetrics())
			tx.SetCursor(id, []byte("t1"))
			tx.Add(id, byHost, []string{"a.example", "200"}, t0, IntValue(7))
			tx.Add(id, cpuTime, []string{"w"}, t1, DoubleValue(0.1))
		}
		for i := range 2 * pageSeries {
			tx.Add(zoneB, byCountry, []string{strconv.Itoa(i)}, t1, IntValue(int64(i)))
		}
	})
	show(t, l)
	return disk
}

// owner returns the partition that a storage key belongs to; false for a copy of the index.
func owner(t *testing.T, key string) (ID, bool) {
	t.Helper()
	for _, id := range []ID{zoneA, zoneB, weird} {
		if strings.HasPrefix(key, partitionPrefix+id.path()+"/") {
			return id, true
		}
	}
	require.Contains(t, indexKeys(), key)
	return ID{}, false
}

func TestDamageOfAnyByteRestartsOnlyItsPartition(t *testing.T) {
	t.Parallel()
	intact := populated(t)
	ref := open(t, intact.clone())
	for key, value := range intact.values {
		for at := 0; at < len(value); at += 1 + len(value)/41 {
			disk := intact.clone()
			damaged := bytes.Clone(value)
			damaged[at] ^= 0x10
			disk.values[key] = damaged
			damagedID, isPartition := owner(t, key)

			l := open(t, disk)
			for _, id := range ref.IDs() {
				if isPartition && id == damagedID {
					assert.NotContains(t, l.IDs(), id, "%s byte %d", key, at)
					continue
				}
				assert.Equal(t, dump(ref, id), dump(l, id), "%s byte %d", key, at)
			}
			if isPartition {
				assert.Contains(t, string(disk.values[setAsidePrefix+damagedID.path()]), string(damaged), "the raw bytes are kept")
				assert.Equal(t, 1, l.Stats().SetAside)
			}
		}
	}
}

func TestUnusableStateIsSetAsideLoudly(t *testing.T) {
	t.Parallel()
	page0, page1 := part{id: zoneB}.key(), part{id: zoneB, number: 1}.key()
	headerA, headerB := part{id: zoneA, number: headerPart}.key(), part{id: zoneB, number: headerPart}.key()
	for name, tc := range map[string]struct {
		damage func(values map[string][]byte)
		reason string
	}{
		"header missing": {func(v map[string][]byte) { delete(v, headerB) }, "header: it is missing"},
		"header empty":   {func(v map[string][]byte) { v[headerB] = []byte{} }, "header: it is missing"},
		"header foreign": {func(v map[string][]byte) { v[headerB] = []byte(`{"checkpoint": 1234567}`) }, "header: it is something else"},
		"header cut":     {func(v map[string][]byte) { v[headerB] = v[headerB][:20] }, "header: its checksum does not match"},
		"header of another": {
			func(v map[string][]byte) { v[headerB] = v[headerA] },
			"header: it belongs to partition {http zone-a}",
		},
		"header of a later version": {
			func(v map[string][]byte) { v[headerB] = reseal(v[headerB], func(b []byte) { b[3] = 9 }) },
			"header: its format version 9 is not known",
		},
		"page missing":             {func(v map[string][]byte) { delete(v, page1) }, "page 1: it is missing"},
		"page in another place":    {func(v map[string][]byte) { v[page1] = v[page0] }, "page 1: it is page 0 of partition {http zone-b}"},
		"page of another":          {func(v map[string][]byte) { v[page0] = v[part{id: zoneA}.key()] }, "page 0: it is page 0 of partition {http zone-a}"},
		"page with trailing":       {func(v map[string][]byte) { v[page0] = extend(v[page0]) }, "page 0: it is malformed"},
		"page with a series twice": {func(v map[string][]byte) { twice(v, headerB, page0) }, "it has a series for the second time"},
		"page of another moment":   {func(v map[string][]byte) { v[page0] = earlier(t, page0) }, "header and pages were not saved together"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			disk := populated(t)
			tc.damage(disk.values)
			core, logs := observer.New(zapcore.DebugLevel)
			l, err := Open(t.Context(), disk, zap.New(core))
			require.NoError(t, err)
			assert.Equal(t, []ID{weird, zoneA}, l.IDs())

			require.Equal(t, 1, logs.Len())
			entry := logs.All()[0]
			assert.Equal(t, zapcore.ErrorLevel, entry.Level)
			assert.Equal(t, map[string]any{
				"family": "http", "scope": "zone-b",
				"storage_key": "ledger/set-aside/http/zone-b", "error": tc.reason,
			}, entry.ContextMap())
			for key := range disk.values {
				assert.NotContains(t, key, "ledger/partition/http/zone-b/", "moved, not copied")
			}

			assert.Equal(t, []ID{weird, zoneA}, open(t, disk.clone()).IDs(), "it is not set aside again")
			commit(t, l, func(tx *Tx) {
				tx.Define(zoneB, t2, httpMetrics())
				tx.Add(zoneB, requests, nil, t2, IntValue(3))
			})
			show(t, l)
			assert.Equal(t, map[string]float64{"requests": 3}, dump(open(t, disk.clone()), zoneB))
		})
	}
}

// testdata/state-v1.json is what populated left in the storage when it was written in version 1.
func TestStateSavedInVersion1SurvivesTheUpgrade(t *testing.T) {
	t.Parallel()
	saved, err := os.ReadFile("testdata/state-v1.json")
	require.NoError(t, err)
	disk := newFakeStorage()
	require.NoError(t, json.Unmarshal(saved, &disk.values))
	l, now := open(t, disk), open(t, populated(t))
	require.Equal(t, now.IDs(), l.IDs())
	for _, id := range l.IDs() {
		assert.Equal(t, dump(now, id), dump(l, id))
		assert.Equal(t, starts(now, id), starts(l, id))
	}

	commit(t, l, func(tx *Tx) { // which leaves pages of both versions behind
		tx.Define(zoneB, t2, withLimit(httpMetrics(), 1))
		tx.Add(zoneB, byCountry, []string{"200"}, t2, IntValue(1000))
		tx.Add(zoneB, byCountry, []string{"new"}, t2, IntValue(5))
	})
	show(t, l)
	values := dump(open(t, disk), zoneB)
	assert.InDelta(t, 1200, values["requests.by_country|200"], 0)
	assert.InDelta(t, 5, values["requests.by_country"], 0)
	assert.Len(t, values, len(dump(now, zoneB))+1)
}

// reseal changes a record and gives it the checksum that goes with that.
func reseal(record []byte, change func(b []byte)) []byte {
	b := bytes.Clone(record[:len(record)-4])
	change(b)
	return endRecord(b)
}

// twice makes the second series of zone-b's first page the same as the third.
func twice(values map[string][]byte, headerKey, pageKey string) {
	h, _ := decodeHeader(values[headerKey])
	p, _ := decodePage(values[pageKey], h.metrics)
	p.entries[1] = p.entries[2]
	var enc encoder
	h.checksums -= uint64(storedChecksum(values[pageKey]))
	values[pageKey] = enc.page(p.id, p.number, h.metrics, p.entries)
	h.checksums += uint64(storedChecksum(values[pageKey]))
	values[headerKey] = enc.header(h)
}

func extend(record []byte) []byte {
	return endRecord(append(bytes.Clone(record[:len(record)-4]), 0))
}

// earlier returns the value of a key as it was saved before the series were shown.
func earlier(t *testing.T, key string) []byte {
	t.Helper()
	disk := populated(t)
	l := open(t, disk)
	commit(t, l, func(tx *Tx) { tx.Add(zoneB, requests, nil, t0, IntValue(1)) })
	return disk.values[key]
}

func TestSetAsideCopiesAreBounded(t *testing.T) {
	t.Parallel()
	disk := populated(t)
	for round := range 3 {
		disk.values[part{id: zoneB, number: headerPart}.key()] = []byte("nonsense")
		l := open(t, disk)
		commit(t, l, func(tx *Tx) { tx.Define(zoneB, t0, httpMetrics()) })
		aside := 0
		for key := range disk.values {
			if strings.HasPrefix(key, setAsidePrefix) {
				aside++
			}
		}
		assert.Equal(t, 1, aside, "round %d", round)
	}
}

func TestOneDamagedCopyOfTheIndexIsRepaired(t *testing.T) {
	t.Parallel()
	intact := populated(t)
	for _, key := range indexKeys() {
		disk := intact.clone()
		disk.values[key] = []byte("nonsense")
		l := open(t, disk)
		assert.Len(t, l.IDs(), 3)
		commit(t, l, func(*Tx) {})
		assert.Len(t, open(t, disk).IDs(), 3)
		for _, key := range indexKeys() {
			_, err := decodeIndex(disk.values[key])
			require.NoError(t, err)
		}
	}
}

func TestUnusableIndexIsSetAside(t *testing.T) {
	t.Parallel()
	disk := populated(t)
	for _, key := range indexKeys() {
		disk.values[key] = []byte("nonsense " + key)
	}
	core, logs := observer.New(zapcore.ErrorLevel)
	l, err := Open(t.Context(), disk, zap.New(core))
	require.NoError(t, err)
	assert.Equal(t, 1, logs.Len())
	assert.Empty(t, l.IDs())
	assert.Contains(t, string(disk.values[setAsideIndex]), "nonsense ledger/index/1")

	commit(t, l, func(tx *Tx) { tx.Define(zoneB, t0, httpMetrics()) })
	l = open(t, disk)
	assert.Equal(t, []ID{zoneB}, l.IDs())
	assert.Equal(t, map[string]float64{"requests": 0}, dump(l, zoneB))
}

func TestOpenFailsOnlyWhenTheStorageDoes(t *testing.T) {
	t.Parallel()
	disk := populated(t)
	disk.failing = true
	_, err := Open(t.Context(), disk, zap.NewNop())
	require.ErrorIs(t, err, errStorage)

	disk = populated(t)
	disk.values[part{id: zoneB}.key()] = []byte("nonsense")
	before := sortedKeys(disk.values)
	disk.failsAfterAll = true // what reads works
	_, err = Open(t.Context(), disk, zap.NewNop())
	require.ErrorIs(t, err, errStorage)
	disk.failsAfterAll = false
	assert.NotEqual(t, before, sortedKeys(disk.values))
	assert.Len(t, open(t, disk).IDs(), 2)
}

func TestOpenReadsInFewBoundedBatches(t *testing.T) {
	t.Parallel()
	disk := newFakeStorage()
	l := open(t, disk)
	commit(t, l, func(tx *Tx) {
		for i := range 2500 {
			id := ID{Family: "http", Scope: strconv.Itoa(i)}
			tx.Define(id, t0, httpMetrics())
			tx.Add(id, byCountry, []string{"CH"}, t0, IntValue(1))
		}
	})
	disk.batches, disk.largest = 0, 0
	assert.Equal(t, l.Stats(), open(t, disk).Stats())
	assert.Equal(t, 1+3+3, disk.batches)
	assert.LessOrEqual(t, disk.largest, batchReads)
}

func TestEmptyStorageIsAnEmptyLedger(t *testing.T) {
	t.Parallel()
	disk := newFakeStorage()
	l := open(t, disk)
	assert.Empty(t, l.IDs())
	assert.Equal(t, Stats{}, l.Stats())
	commit(t, l, func(*Tx) {})
	assert.Empty(t, disk.values)
}
