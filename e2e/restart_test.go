// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	"flag"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var seed = flag.Uint64("seed", 1, "decides at which moments processes are killed")

// Restarts are asked for politely, again and again in the middle of the stream.
func TestCountersEqualTheTruthOverRestarts(t *testing.T) {
	t.Parallel()
	w := newWorld(t, mixedPlans(), 25*time.Minute)
	d := deployPrometheus(t, w)
	watched := watchCounters(t, d)
	for part := range 3 {
		c := d.start()
		d.waitUntil(w.end.Add(time.Duration(part-4)*5*time.Minute), d.read)
		assert.Less(t, c.Terminate(), 10*time.Second)
	}
	d.start()
	last := d.waitForEnd(w, d.read)
	w.expectTruth(last.counters)
	assert.InDelta(t, 0, last.own["cloudflare_exporter_lost_time_seconds_total"], 0)
	watched.expectGrowth()
}

// Processes are killed at any moment: while they start, read what they have missed, or ask, save and emit.
func TestCountersEqualTheTruthOverKills(t *testing.T) {
	t.Parallel()
	t.Logf("-seed %d", *seed)
	random := rand.New(rand.NewPCG(*seed, 0))
	w := newWorld(t, mixedPlans(), 30*time.Minute)
	d := deployPrometheus(t, w, "yaml:receivers::cloudflaremetrics::collection_interval: 2s")
	watched := watchCounters(t, d)
	for round := range 12 {
		p := d.start()
		if round%2 == 0 {
			d.waitUntil(w.begin, d.read)
		}
		p.KillAfter(time.Duration(random.Int64N(int64(2 * time.Second))))
	}
	d.start()
	last := d.waitForEnd(w, d.read)
	w.expectTruth(last.counters)
	assert.InDelta(t, 0, last.own["cloudflare_exporter_lost_time_seconds_total"], 0)
	watched.expectGrowth()
}

// watcher scrapes an endpoint all the time, whoever serves it, and notes what no counter may do: go down.
type watcher struct {
	t    *testing.T
	stop func()

	scrapes int
	first   float64 // sum of all counters in the first scrape
	last    map[string]float64
	fell    []string
}

// watchCounters watches the receiver's counters at the deployment's endpoint.
func watchCounters(t *testing.T, d *deployment) *watcher {
	t.Helper()
	names, err := prometheusNames()
	require.NoError(t, err)
	return watch(t, func() (map[string]float64, error) {
		samples, err := scrape(d.url("METRICS_PORT", "/metrics"))
		counters := map[string]float64{}
		for _, s := range samples {
			if _, counter := names[s.name]; counter {
				counters[s.String()] = s.value
			}
		}
		return counters, err
	})
}

// watch begins to read series, until expectGrowth or the end of the test. An error means that no process is there at the
// moment.
func watch(t *testing.T, read func() (map[string]float64, error)) *watcher {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	w := &watcher{t: t, last: map[string]float64{}}
	w.stop = sync.OnceFunc(func() {
		cancel()
		<-ended
	})
	t.Cleanup(w.stop)
	go func() {
		defer close(ended)
		ticks := time.NewTicker(100 * time.Millisecond)
		defer ticks.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-ticks.C:
				w.look(read)
			}
		}
	}()
	return w
}

// look reads once.
func (w *watcher) look(read func() (map[string]float64, error)) {
	counters, err := read()
	if err != nil || len(counters) == 0 {
		return
	}
	sum := 0.0
	for series, value := range counters {
		if value < w.last[series] {
			w.fell = append(w.fell, series)
		}
		w.last[series] = value
		sum += value
	}
	if w.scrapes == 0 {
		w.first = sum
	}
	w.scrapes++
}

// expectGrowth ends watching: no counter has ever gone down, and there was something to see.
func (w *watcher) expectGrowth() {
	w.t.Helper()
	w.stop()
	assert.Empty(w.t, w.fell[:min(3, len(w.fell))], "%d falls of counters", len(w.fell))
	assert.Greater(w.t, w.scrapes, 8)
	sum := 0.0
	for _, value := range w.last {
		sum += value
	}
	assert.Greater(w.t, sum, w.first)
}
