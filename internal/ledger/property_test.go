// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// model is a ledger in plain maps that copies everything wherever the ledger is clever.
type model map[ID]*modelPartition

type modelPartition struct {
	cursor  string
	metrics []Metric
	series  map[string]modelSeries // by name and attribute values, as name makes them; by name only if overflow
}

type modelSeries struct {
	value float64
	start time.Time
	state state
}

func (m model) clone() model {
	c := model{}
	for id, p := range m {
		c[id] = &modelPartition{cursor: p.cursor, metrics: p.metrics, series: maps.Clone(p.series)}
	}
	return c
}

// setStates moves all series in one state on to another.
func (m model) setStates(from, to state) model {
	for _, p := range m {
		for key, s := range p.series {
			if s.state == from {
				s.state = to
				p.series[key] = s
			}
		}
	}
	return m
}

// forgetLimits is what a restart does.
func (m model) forgetLimits() model {
	for _, p := range m {
		p.metrics = withLimit(p.metrics, 0)
	}
	return m
}

func (m model) define(id ID, start time.Time, metrics []Metric) {
	next := &modelPartition{metrics: metrics, series: map[string]modelSeries{}}
	if old, ok := m[id]; ok {
		next.cursor = old.cursor
		for key, s := range old.series {
			if key, ok := old.project(key, metrics); ok {
				next.merge(key, s)
			}
		}
	}
	for _, metric := range metrics {
		if _, ok := next.series[metric.Name]; !ok && len(metric.Attributes) == 0 {
			next.series[metric.Name] = modelSeries{start: start}
		}
	}
	m[id] = next
}

func (p *modelPartition) project(key string, metrics []Metric) (string, bool) {
	values := strings.Split(key, "|")
	named := func(m Metric) bool { return m.Name == values[0] }
	old := p.metrics[slices.IndexFunc(p.metrics, named)]
	i := slices.IndexFunc(metrics, named)
	if i < 0 || metrics[i].Type != old.Type {
		return "", false
	}
	projected := values[:1:1]
	for _, attribute := range metrics[i].Attributes {
		place := slices.Index(old.Attributes, attribute)
		if place < 0 {
			return "", false
		}
		if len(values) > 1 {
			projected = append(projected, values[1+place])
		}
	}
	return strings.Join(projected, "|"), true
}

func (p *modelPartition) merge(key string, s modelSeries) {
	if other, ok := p.series[key]; ok {
		s.value += other.value
		s.state = max(s.state, other.state)
		if other.start.Before(s.start) {
			s.start = other.start
		}
	}
	p.series[key] = s
}

func (p *modelPartition) room(metric int) int {
	m := p.metrics[metric]
	if m.Limit == 0 || len(m.Attributes) == 0 {
		return math.MaxInt
	}
	series := 0
	for key := range p.series {
		if strings.HasPrefix(key, m.Name+"|") {
			series++
		}
	}
	return max(0, m.Limit-series)
}

// overflow returns the names of the overflow series.
func (p *modelPartition) overflow() []string {
	var names []string
	for _, m := range p.metrics {
		if _, ok := p.series[m.Name]; ok && len(m.Attributes) > 0 {
			names = append(names, m.Name)
		}
	}
	return names
}

func withLimit(metrics []Metric, limit int) []Metric {
	limited := slices.Clone(metrics)
	for i := range limited {
		limited[i].Limit = limit
	}
	return limited
}

// modelDefinitions are what partitions are defined with in turn.
func modelDefinitions() [][]Metric {
	return [][]Metric{
		{{Name: "total"}, {Name: "by", Attributes: []string{"a", "b"}}},
		{{Name: "by", Attributes: []string{"b"}}, {Name: "seconds", Type: Double, Attributes: []string{"a"}}, {Name: "total"}},
		{{Name: "by", Attributes: []string{"b", "a"}}, {Name: "seconds", Type: Double}, {Name: "total", Type: Double}},
		{{Name: "total"}, {Name: "by"}},
	}
}

// harness does the same to a ledger and to the model.
type harness struct {
	t      *testing.T
	random *rand.Rand
	disk   *fakeStorage
	ledger *Ledger
	model  model // what the ledger must hold
	saved  model // what a crash must leave
	clock  time.Time

	highest map[ID]map[string]float64 // the highest value shown of each series and start since its partition was defined
}

func TestAnyHistoryEqualsThePlainModel(t *testing.T) {
	t.Parallel()
	for seed := range uint64(8) {
		t.Run(strconv.FormatUint(seed, 10), func(t *testing.T) {
			t.Parallel()
			h := &harness{
				t: t, random: rand.New(rand.NewPCG(seed, 0)), disk: newFakeStorage(), model: model{}, saved: model{},
				clock: t0, highest: map[ID]map[string]float64{},
			}
			h.ledger = open(t, h.disk)
			for range 120 {
				h.step()
				h.compare()
			}
		})
	}
}

func (h *harness) step() {
	h.clock = h.clock.Add(time.Minute)
	switch h.random.IntN(10) {
	case 0:
		h.crash()
	case 1, 2, 3:
		h.emit()
	default:
		h.transaction()
	}
}

// crash goes on with what is in the storage.
func (h *harness) crash() {
	h.ledger = open(h.t, h.disk)
	for id, p := range h.saved { // a definition can be saved though its commit failed
		if was := h.model[id]; was == nil || !slices.EqualFunc(was.metrics, p.metrics, Metric.equal) {
			delete(h.highest, id)
		}
	}
	h.model = h.saved.clone().setStates(zeroSeen, unseen).forgetLimits()
	h.saved = h.model.clone()
}

func (h *harness) emit() {
	for _, id := range h.ledger.IDs() {
		dump(h.ledger, id)
	}
	h.ledger.Emitted()
	h.model.setStates(unseen, zeroSeen)
}

func (h *harness) transaction() {
	tx, next := h.ledger.Begin(), h.model.clone()
	for range h.random.IntN(4) {
		h.change(tx, next)
	}
	switch h.random.IntN(6) {
	case 0:
		tx.Rollback()
	case 1:
		h.disk.failing = true
		h.fails(tx)
	case 2:
		h.disk.failsAfterAll = true
		if h.fails(tx) {
			h.saved = next.setStates(zeroSeen, shown)
		}
	default:
		require.NoError(h.t, tx.Commit(h.t.Context()))
		h.model = next.setStates(zeroSeen, shown)
		h.saved = next.clone()
	}
	h.disk.failing, h.disk.failsAfterAll = false, false
}

// fails commits on a failing storage. Nothing to save is no failure.
func (h *harness) fails(tx *Tx) bool {
	batches := h.disk.batches
	err := tx.Commit(h.t.Context())
	require.Equal(h.t, h.disk.batches > batches, err != nil)
	return err != nil
}

func (h *harness) change(tx *Tx, next model) {
	id := ID{Family: "f", Scope: strconv.Itoa(h.random.IntN(3))}
	if h.random.IntN(12) == 0 {
		tx.Delete(id)
		delete(next, id)
		delete(h.highest, id)
		return
	}
	if next[id] == nil || h.random.IntN(8) == 0 {
		definition := withLimit(modelDefinitions()[h.random.IntN(4)], []int{0, 5, 100}[h.random.IntN(3)])
		tx.Define(id, h.clock, definition)
		next.define(id, h.clock, definition)
		delete(h.highest, id)
	}
	for range h.random.IntN(400) {
		h.add(tx, next, id)
	}
	cursor := h.clock.String()
	tx.SetCursor(id, []byte(cursor))
	next[id].cursor = cursor
}

func (h *harness) add(tx *Tx, next model, id ID) {
	p := next[id]
	metric := h.random.IntN(len(p.metrics))
	values := make([]string, len(p.metrics[metric].Attributes))
	for i := range values {
		values[i] = strconv.Itoa(h.random.IntN(40))
	}
	key := strings.Join(append([]string{p.metrics[metric].Name}, values...), "|")
	v := h.random.Int64N(5)
	_, known := p.series[key]
	require.Equal(h.t, known, h.ledger.Has(id, metric, values))
	room := math.MaxInt
	if !known {
		room = p.room(metric)
		require.Equal(h.t, room, h.ledger.Room(id, metric))
	}
	if h.random.IntN(100) == 0 {
		tx.AddOverflow(id, metric, h.clock, IntValue(v))
		key = p.metrics[metric].Name
	} else {
		tx.Add(id, metric, values, h.clock, IntValue(v))
		if !known && room == 0 {
			key = p.metrics[metric].Name
		}
	}
	s, ok := p.series[key]
	if !ok {
		s.start = h.clock
	}
	s.value += float64(v)
	p.series[key] = s
}

func (h *harness) compare() {
	require.ElementsMatch(h.t, slices.Collect(maps.Keys(h.model)), h.ledger.IDs())
	series, overflows := 0, 0
	for id, p := range h.model {
		cursor, _ := h.ledger.Cursor(id)
		require.Equal(h.t, p.cursor, string(cursor))
		want := map[string]modelSeries{}
		for key, s := range p.series {
			if s.state != shown {
				s.value = 0
			}
			want[key] = modelSeries{value: s.value, start: s.start}
		}
		got := map[string]modelSeries{}
		for s := range h.ledger.Series(id) {
			got[name(h.ledger, id, s)] = modelSeries{value: s.Value().Double(), start: s.Start()}
		}
		if !maps.Equal(want, got) { // which takes far less time than what tells the difference
			require.Equal(h.t, want, got)
		}
		require.Equal(h.t, p.overflow(), overflowing(h.ledger, id))
		h.neverDown(id, got)
		series += len(p.series)
		overflows += len(p.overflow())
	}
	stats := h.ledger.Stats()
	require.Equal(h.t, []int{series, overflows}, []int{stats.Series, stats.Overflow})
}

func (h *harness) neverDown(id ID, series map[string]modelSeries) {
	if h.highest[id] == nil {
		h.highest[id] = map[string]float64{}
	}
	for key, s := range series {
		key += s.start.String()
		if s.value < h.highest[id][key] {
			require.Failf(h.t, "a shown value went down", "%s", key)
		}
		h.highest[id][key] = s.value
	}
}
