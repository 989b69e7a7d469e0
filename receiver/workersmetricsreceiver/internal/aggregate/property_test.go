// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package aggregate

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
)

// truth is what a store has to hold after pushes that were saved, restarts, failed saves and emissions in any order.
type truth struct {
	*world
	random   *rand.Rand
	counters map[string]float64
	counts   map[string]uint64 // of histograms
	emitted  map[string]point
}

// point is what was emitted of a series last.
type point struct {
	start pcommon.Timestamp
	value float64
}

func TestAnyOrderOfEvents(t *testing.T) {
	t.Parallel()
	for seed := range uint64(40) {
		t.Run(strconv.FormatUint(seed, 10), func(t *testing.T) {
			t.Parallel()
			m := truth{
				world: newWorld(t), random: rand.New(rand.NewPCG(seed, 1)),
				counters: map[string]float64{}, counts: map[string]uint64{}, emitted: map[string]point{},
			}
			for range 300 {
				m.step()
			}
			m.disk.failing = false
			m.check()
		})
	}
}

func (m *truth) step() {
	m.clock = m.clock.Add(time.Second)
	switch n := m.random.IntN(20); {
	case n < 12:
		m.pushSome()
	case n < 15:
		m.emitSome()
	case n < 17:
		m.disk.failing = false
		m.open() // a crash: nothing that was committed is lost
		m.check()
	case n < 18:
		m.disk.failing = !m.disk.failing
		if m.disk.failing {
			return
		}
		m.check()
	default:
		m.deleteSome()
	}
	if m.disk.failing && m.random.IntN(3) == 0 {
		m.disk.failing = false
	}
}

// pushSome makes a group of pushes that are saved together.
func (m *truth) pushSome() {
	counters, counts := map[string]float64{}, map[string]uint64{}
	for range 1 + m.random.IntN(5) {
		label := strconv.Itoa(m.random.IntN(20))
		if m.random.IntN(2) == 0 {
			v := float64(m.random.IntN(1000)) / 8
			m.add(delta("counter", v, "l", label))
			counters["/counter{l="+label+"}"] += v
		} else {
			n := uint64(m.random.IntN(5))
			m.add(deltaHistogram("histogram", []float64{1, 2}, []uint64{n, 0, 1}, 1, "l", label))
			counts["/histogram{l="+label+"}"] += n + 1
		}
	}
	if m.Commit(m.t.Context()) != nil {
		return
	}
	for name, v := range counters {
		m.counters[name] += v
	}
	for name, n := range counts {
		m.counts[name] += n
	}
}

func (m *truth) add(md pmetric.Metrics) {
	_, err := m.Push(Push{Metrics: md})
	require.NoError(m.t, err)
}

func (m *truth) deleteSome() {
	label := strconv.Itoa(m.random.IntN(20))
	m.Delete(Selector{Labels: map[string]string{"l": label}})
	if m.Commit(m.t.Context()) == nil {
		for _, name := range []string{"/counter{l=" + label + "}", "/histogram{l=" + label + "}"} {
			delete(m.counters, name)
			delete(m.counts, name)
		}
	}
}

// emitSome emits, which the pipeline may refuse. No series goes down while it has the same start.
func (m *truth) emitSome() {
	_ = m.Commit(m.t.Context()) // if it fails, what was saved before is emitted
	snapshot := m.ToEmit()
	if m.random.IntN(4) == 0 {
		return
	}
	m.Emitted(snapshot)
	md := snapshot.Metrics("test", m.clock)
	for _, rm := range md.ResourceMetrics().All() {
		for _, metric := range rm.ScopeMetrics().At(0).Metrics().All() {
			if metric.Type() == pmetric.MetricTypeSum {
				for _, dp := range metric.Sum().DataPoints().All() {
					m.saw(metric.Name()+text(dp.Attributes()), dp.Flags(), point{dp.StartTimestamp(), dp.DoubleValue()})
				}
				continue
			}
			for _, dp := range metric.Histogram().DataPoints().All() {
				m.saw(metric.Name()+text(dp.Attributes()), dp.Flags(), point{dp.StartTimestamp(), float64(dp.Count())})
			}
		}
	}
}

func (m *truth) saw(name string, flags pmetric.DataPointFlags, p point) {
	if flags.NoRecordedValue() {
		return
	}
	last, ok := m.emitted[name]
	switch {
	case !ok || p.start != last.start:
		require.Zero(m.t, p.value, "%s begins with its zero", name)
	default:
		require.GreaterOrEqual(m.t, p.value, last.value, name)
	}
	m.emitted[name] = p
}

func (m *truth) check() {
	got := m.current()
	require.Len(m.t, got, len(m.counters)+len(m.counts))
	for name, v := range m.counters {
		require.Equal(m.t, fmt.Sprint(v), got[name], name)
	}
	for name, n := range m.counts {
		require.Contains(m.t, got[name], fmt.Sprintf("count %d ", n), name)
	}
}
