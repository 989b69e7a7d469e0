// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"math"
	"math/rand/v2"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// addCountries adds 1 to each of n series of byCountry, from the first on.
func addCountries(tx *Tx, first, n int, start time.Time) {
	for i := range n {
		tx.Add(zoneA, byCountry, []string{strconv.Itoa(first + i)}, start, IntValue(1))
	}
}

func sum(values map[string]float64) float64 {
	total := 0.0
	for _, v := range values {
		total += v
	}
	return total
}

func TestTotalsStayRight(t *testing.T) {
	t.Parallel()
	disk := newFakeStorage()
	l := open(t, disk)
	random := rand.New(rand.NewPCG(1, 1))
	fed := 0.0
	for tick := range 30 {
		commit(t, l, func(tx *Tx) {
			tx.Define(zoneA, t0, withLimit(httpMetrics(), []int{10, 3, 0, 20}[tick/3%4]))
			for range 50 {
				v := random.IntN(100)
				fed += float64(v)
				tx.Add(zoneA, byHost, []string{strconv.Itoa(random.IntN(10)), strconv.Itoa(random.IntN(10))}, t0, IntValue(int64(v)))
			}
			tx.AddOverflow(zoneA, byHost, t0, IntValue(1000))
			fed += 1000
		})
		show(t, l)
		assert.InDelta(t, fed, sum(dump(l, zoneA)), 0)
		if tick%5 == 0 {
			l = open(t, disk)
		}
	}
}

func TestSeriesKnownBeforeARestartAreNeverFoldedAway(t *testing.T) {
	t.Parallel()
	disk := newFakeStorage()
	l := open(t, disk)
	commit(t, l, func(tx *Tx) {
		tx.Define(zoneA, t0, httpMetrics())
		addCountries(tx, 0, 200, t0)
	})
	show(t, l)
	for range 2 { // lowered over a restart, and while running
		commit(t, l, func(tx *Tx) {
			tx.Define(zoneA, t1, withLimit(httpMetrics(), 5))
			addCountries(tx, 0, 210, t1)
		})
		show(t, l)
		l = open(t, disk)
	}
	commit(t, l, func(tx *Tx) {
		tx.Define(zoneA, t2, withLimit(httpMetrics(), 1000))
		addCountries(tx, 200, 1, t2)
	})
	show(t, l)
	values := dump(l, zoneA)
	for i := range 200 {
		assert.InDelta(t, 3, values["requests.by_country|"+strconv.Itoa(i)], 0)
	}
	assert.InDelta(t, 20, values["requests.by_country"], 0, "what overflowed stays so")
	assert.InDelta(t, 1, values["requests.by_country|200"], 0)
	assert.Len(t, values, 1+200+1+1)
}

func TestSeriesBeyondTheLimitAreOneOverflowSeries(t *testing.T) {
	t.Parallel()
	disk := newFakeStorage()
	l := open(t, disk)
	commit(t, l, func(tx *Tx) {
		tx.Define(zoneA, t0, withLimit(httpMetrics(), 2))
		addCountries(tx, 0, 2, t0)
		tx.Add(zoneA, byHost, []string{"a", "200"}, t0, IntValue(1))
	})
	show(t, l)
	commit(t, l, func(tx *Tx) { addCountries(tx, 0, 10, t1) })
	assert.Equal(t, []string{"requests.by_country"}, overflowing(l, zoneA))
	assert.Equal(t, t1, starts(l, zoneA)["requests.by_country"])
	assert.Zero(t, emit(l, zoneA)["requests.by_country"], "new like every series")
	commit(t, l, func(*Tx) {})

	want := map[string]float64{
		"requests": 0, "requests.by_country|0": 2, "requests.by_country|1": 2, "requests.by_country": 8, "requests.by_host|a|200": 1,
	}
	for _, l := range []*Ledger{l, open(t, disk)} {
		assert.Equal(t, want, dump(l, zoneA))
		assert.Equal(t, []string{"requests.by_country"}, overflowing(l, zoneA))
		assert.Equal(t, 5, l.Stats().Series)
		assert.Equal(t, 1, l.Stats().Overflow)
	}
}

func TestOverflowSeriesDoesNotCountAgainstTheLimit(t *testing.T) {
	t.Parallel()
	l := open(t, newFakeStorage())
	commit(t, l, func(tx *Tx) {
		tx.Define(zoneA, t0, withLimit(httpMetrics(), 2))
		tx.AddOverflow(zoneA, byCountry, t0, IntValue(5))
		addCountries(tx, 0, 3, t0)
	})
	show(t, l)
	assert.Equal(t, map[string]float64{
		"requests": 0, "requests.by_country": 6, "requests.by_country|0": 1, "requests.by_country|1": 1,
	}, dump(l, zoneA))
}

func TestMetricsWithoutAttributesNeverOverflow(t *testing.T) {
	t.Parallel()
	l := open(t, newFakeStorage())
	commit(t, l, func(tx *Tx) {
		tx.Define(zoneA, t0, withLimit(httpMetrics(), 1))
		tx.Add(zoneA, requests, nil, t0, IntValue(1))
		tx.AddOverflow(zoneA, requests, t0, IntValue(2))
	})
	show(t, l)
	assert.Equal(t, map[string]float64{"requests": 3}, dump(l, zoneA))
	assert.Empty(t, overflowing(l, zoneA))
	assert.Zero(t, l.Stats().Overflow)
	assert.Equal(t, math.MaxInt, l.Room(zoneA, requests))
}

func TestOverflowStaysOverflowWhenAttributesAreRemoved(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		attributes []string
		want       map[string]float64
		overflow   []string
		room       int
	}{
		"none":        {[]string{"host", "status"}, map[string]float64{"by|a|200": 1, "by|a|404": 2, "by|b|200": 4, "by": 24}, []string{"by"}, 0},
		"other order": {[]string{"status", "host"}, map[string]float64{"by|200|a": 1, "by|404|a": 2, "by|200|b": 4, "by": 24}, []string{"by"}, 0},
		"one":         {[]string{"host"}, map[string]float64{"by|a": 3, "by|b": 4, "by": 24}, []string{"by"}, 1},
		"all":         {nil, map[string]float64{"by": 31}, nil, math.MaxInt},
		"one added":   {[]string{"host", "status", "colo"}, map[string]float64{}, nil, 3},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			disk := newFakeStorage()
			l := open(t, disk)
			commit(t, l, func(tx *Tx) {
				tx.Define(zoneA, t0, []Metric{{Name: "by", Attributes: []string{"host", "status"}, Limit: 3}})
				for i, values := range [][]string{{"a", "200"}, {"a", "404"}, {"b", "200"}, {"c", "200"}, {"c", "404"}} {
					tx.Add(zoneA, 0, values, t0, IntValue(1<<i))
				}
			})
			show(t, l)
			l = open(t, disk)
			commit(t, l, func(tx *Tx) { tx.Define(zoneA, t1, []Metric{{Name: "by", Attributes: tc.attributes, Limit: 3}}) })
			assert.Equal(t, tc.room, l.Room(zoneA, 0))
			for _, l := range []*Ledger{l, open(t, disk)} {
				assert.Equal(t, tc.want, dump(l, zoneA))
				assert.Equal(t, tc.overflow, overflowing(l, zoneA))
				assert.Equal(t, len(tc.overflow), l.Stats().Overflow)
			}
		})
	}
}

func TestRollbackRestoresLimitsAndOverflow(t *testing.T) {
	t.Parallel()
	disk := newFakeStorage()
	l := open(t, disk)
	commit(t, l, func(tx *Tx) {
		tx.Define(zoneA, t0, withLimit(httpMetrics(), 3))
		addCountries(tx, 0, 2, t0)
	})
	show(t, l)
	before, stats := dump(l, zoneA), l.Stats()
	disk.failing = true
	for _, do := range []func(tx *Tx){
		func(tx *Tx) { addCountries(tx, 0, 10, t1) },
		func(tx *Tx) { tx.AddOverflow(zoneA, byCountry, t1, IntValue(1)) },
		func(tx *Tx) { tx.Define(zoneA, t1, httpMetrics()); addCountries(tx, 0, 10, t1) },
		func(tx *Tx) { addCountries(tx, 0, 10, t1); tx.Define(zoneA, t1, httpMetrics()[:2]) },
	} {
		tx := l.Begin()
		do(tx)
		require.Error(t, tx.Commit(t.Context()))
		assert.Equal(t, before, dump(l, zoneA))
		assert.Equal(t, stats, l.Stats())
		assert.Equal(t, 1, l.Room(zoneA, byCountry))
		assert.Equal(t, withLimit(httpMetrics(), 3), l.Metrics(zoneA))
	}
}

func TestAnotherLimitIsNothingToSave(t *testing.T) {
	t.Parallel()
	disk := newFakeStorage()
	l := open(t, disk)
	commit(t, l, func(tx *Tx) { tx.Define(zoneA, t0, httpMetrics()) })
	show(t, l)
	disk.failing = true
	commit(t, l, func(tx *Tx) { tx.Define(zoneA, t1, withLimit(httpMetrics(), 7)) })
	assert.Equal(t, 7, l.Room(zoneA, byHost))
}

func TestRoomAndHas(t *testing.T) {
	t.Parallel()
	l := open(t, newFakeStorage())
	commit(t, l, func(tx *Tx) {
		tx.Define(zoneA, t0, withLimit(httpMetrics(), 4))
		addCountries(tx, 0, 3, t0)
		assert.Equal(t, 1, l.Room(zoneA, byCountry), "within the transaction")
		assert.True(t, l.Has(zoneA, byCountry, []string{"2"}))
		addCountries(tx, 3, 3, t0)
	})
	assert.Equal(t, 0, l.Room(zoneA, byCountry))
	assert.Equal(t, 4, l.Room(zoneA, byHost))
	assert.True(t, l.Has(zoneA, requests, nil))
	assert.True(t, l.Has(zoneA, byCountry, []string{"3"}))
	assert.False(t, l.Has(zoneA, byCountry, []string{"4"}), "it is in the overflow")
	assert.False(t, l.Has(zoneA, byCountry, nil), "the overflow has no values to ask for")
	assert.False(t, l.Has(zoneA, cpuTime+1, nil))
	assert.False(t, l.Has(zoneB, requests, nil))
	assert.Equal(t, 0, l.Room(zoneA, -1))
	assert.Equal(t, 0, l.Room(zoneB, requests))
}

func TestAddOverflowRefusesWhatAddDoes(t *testing.T) {
	t.Parallel()
	l := open(t, newFakeStorage())
	commit(t, l, func(tx *Tx) {
		tx.Define(zoneA, t0, httpMetrics())
		tx.AddOverflow(zoneA, byCountry, t0, IntValue(-1))
		tx.AddOverflow(zoneA, cpuTime, t0, DoubleValue(math.NaN()))
	})
	assert.Equal(t, uint64(2), l.Stats().Refused)
	assert.Empty(t, overflowing(l, zoneA))
}
