// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestDefineOverARestart(t *testing.T) {
	t.Parallel()
	metric := func(name string, t ValueType, attributes ...string) Metric {
		return Metric{Name: name, Type: t, Attributes: attributes}
	}
	old := []Metric{metric("total", Int), metric("by", Int, "host", "status"), metric("seconds", Double, "host")}
	for name, tc := range map[string]struct {
		metrics []Metric
		want    map[string]float64
		starts  map[string]time.Time
	}{
		"unchanged": {
			metrics: old,
			want:    map[string]float64{"total": 10, "by|a|200": 1, "by|a|404": 2, "by|b|200": 4, "seconds|a": 0.5, "seconds|b": 0.25},
			starts:  map[string]time.Time{"total": t0, "by|a|200": t1, "by|a|404": t0, "by|b|200": t1, "seconds|a": t0, "seconds|b": t0},
		},
		"other order of metrics and attributes": {
			metrics: []Metric{metric("seconds", Double, "host"), metric("by", Int, "status", "host"), metric("total", Int)},
			want:    map[string]float64{"total": 10, "by|200|a": 1, "by|404|a": 2, "by|200|b": 4, "seconds|a": 0.5, "seconds|b": 0.25},
			starts:  map[string]time.Time{"total": t0, "by|200|a": t1, "by|404|a": t0, "by|200|b": t1, "seconds|a": t0, "seconds|b": t0},
		},
		"attribute removed: summed, earliest start": {
			metrics: []Metric{metric("total", Int), metric("by", Int, "host"), metric("seconds", Double)},
			want:    map[string]float64{"total": 10, "by|a": 3, "by|b": 4, "seconds": 0.75},
			starts:  map[string]time.Time{"total": t0, "by|a": t0, "by|b": t1, "seconds": t0},
		},
		"attribute added: anew": {
			metrics: []Metric{metric("total", Int, "host"), metric("by", Int, "host", "status", "colo"), metric("seconds", Double, "host")},
			want:    map[string]float64{"seconds|a": 0.5, "seconds|b": 0.25},
			starts:  map[string]time.Time{"seconds|a": t0, "seconds|b": t0},
		},
		"attribute replaced by one derived from it: converted and summed": {
			metrics: []Metric{{Name: "by", Type: Int, Attributes: []string{"class", "host"}, Derived: map[string]Derivation{
				"class": {From: "status", Value: func(status string) string { return status[:1] + "xx" }},
			}}, {Name: "total", Type: Int, Attributes: []string{"class"}, Derived: map[string]Derivation{"class": {From: "status"}}}},
			want:   map[string]float64{"by|2xx|a": 1, "by|4xx|a": 2, "by|2xx|b": 4},
			starts: map[string]time.Time{"by|2xx|a": t1, "by|4xx|a": t0, "by|2xx|b": t1},
		},
		"derived attribute that was there already": {
			metrics: []Metric{{Name: "by", Type: Int, Attributes: []string{"host", "status"}, Derived: map[string]Derivation{
				"status": {From: "host", Value: func(string) string { return "wrong" }},
			}}},
			want:   map[string]float64{"by|a|200": 1, "by|a|404": 2, "by|b|200": 4},
			starts: map[string]time.Time{"by|a|200": t1, "by|a|404": t0, "by|b|200": t1},
		},
		"attribute replaced: anew": {
			metrics: []Metric{metric("by", Int, "host", "colo")},
			want:    map[string]float64{},
			starts:  map[string]time.Time{},
		},
		"type changed: anew": {
			metrics: []Metric{metric("total", Double), metric("seconds", Int, "host")},
			want:    map[string]float64{"total": 0},
			starts:  map[string]time.Time{"total": t2},
		},
		"metric new, others removed": {
			metrics: []Metric{metric("new", Int), metric("total", Int)},
			want:    map[string]float64{"new": 0, "total": 10},
			starts:  map[string]time.Time{"new": t2, "total": t0},
		},
		"no metrics": {want: map[string]float64{}, starts: map[string]time.Time{}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			disk := newFakeStorage()
			l := open(t, disk)
			commit(t, l, func(tx *Tx) {
				tx.Define(zoneA, t0, old)
				tx.SetCursor(zoneA, []byte("t2"))
				tx.Add(zoneA, 0, nil, t0, IntValue(10))
				tx.Add(zoneA, 1, []string{"a", "200"}, t1, IntValue(1))
				tx.Add(zoneA, 1, []string{"a", "404"}, t0, IntValue(2))
				tx.Add(zoneA, 1, []string{"b", "200"}, t1, IntValue(4))
				tx.Add(zoneA, 2, []string{"a"}, t0, DoubleValue(0.5))
				tx.Add(zoneA, 2, []string{"b"}, t0, DoubleValue(0.25))
			})
			show(t, l)

			l = open(t, disk)
			commit(t, l, func(tx *Tx) { tx.Define(zoneA, t2, tc.metrics) })
			for _, l := range []*Ledger{l, open(t, disk)} {
				assert.Equal(t, tc.want, dump(l, zoneA))
				assert.Equal(t, tc.starts, starts(l, zoneA))
				cursor, _ := l.Cursor(zoneA)
				assert.Equal(t, "t2", string(cursor))
			}
		})
	}
}

func TestSumIsShownIfOneOfItsSeriesWas(t *testing.T) {
	t.Parallel()
	l := open(t, newFakeStorage())
	commit(t, l, func(tx *Tx) {
		tx.Define(zoneA, t0, httpMetrics())
		tx.Add(zoneA, byHost, []string{"a", "200"}, t0, IntValue(1))
	})
	show(t, l)
	commit(t, l, func(tx *Tx) {
		tx.Add(zoneA, byHost, []string{"a", "404"}, t1, IntValue(2))
		tx.Add(zoneA, byHost, []string{"b", "404"}, t1, IntValue(4))
		tx.Define(zoneA, t2, []Metric{{Name: "requests.by_host", Attributes: []string{"host"}}})
	})
	assert.Equal(t, map[string]float64{"requests.by_host|a": 3, "requests.by_host|b": 0}, emit(l, zoneA))
	assert.InDelta(t, 4, tick(t, l, zoneA)["requests.by_host|b"], 0)
}

func TestZeroEmittedBeforeADefinitionCounts(t *testing.T) {
	t.Parallel()
	disk := newFakeStorage()
	l := open(t, disk)
	commit(t, l, func(tx *Tx) {
		tx.Define(zoneA, t0, httpMetrics())
		tx.Add(zoneA, requests, nil, t0, IntValue(3))
	})
	emit(l, zoneA)
	commit(t, l, func(tx *Tx) { tx.Define(zoneA, t1, httpMetrics()[:2]) })
	assert.InDelta(t, 3, dump(l, zoneA)["requests"], 0)
	assert.InDelta(t, 3, dump(open(t, disk), zoneA)["requests"], 0)
}

func TestDefinitionIsACopy(t *testing.T) {
	t.Parallel()
	l := open(t, newFakeStorage())
	given := httpMetrics()
	commit(t, l, func(tx *Tx) { tx.Define(zoneA, t0, given) })
	given[byHost].Attributes[0] = "changed"
	assert.Equal(t, httpMetrics(), l.Metrics(zoneA))
}
