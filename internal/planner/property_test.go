// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package planner

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/internal/cloudflare"
)

// world is a random state of things to plan for.
type world struct {
	random     *rand.Rand
	clock      time.Time
	limits     Limits
	partitions []Partition
}

func newWorld(seed uint64) *world {
	r := rand.New(rand.NewPCG(seed, 0))
	w := &world{
		random: r,
		clock:  noon.Add(time.Duration(r.Int64N(int64(48 * time.Hour)))),
		limits: Limits{Zones: 1 + r.IntN(12), Nodes: 1 + r.IntN(60)},
	}
	for _, name := range []string{"a", "b", "c"}[:1+r.IntN(3)] {
		w.add(account(name), w.source("workers", time.Minute, time.Second, 15*time.Minute))
		requests := w.source("requests", time.Minute, time.Minute, 6*time.Hour)
		events := w.source("events", time.Minute, time.Second, 15*time.Minute)
		hourly := w.source("hourly", time.Hour, time.Hour, 24*time.Hour)
		for n := range r.IntN(16) {
			w.add(zone(name, n), requests)
			if r.IntN(4) > 0 {
				w.add(zone(name, n), events)
			}
			if r.IntN(4) == 0 {
				w.add(zone(name, n), hourly)
			}
		}
	}
	r.Shuffle(len(w.partitions), func(i, j int) {
		w.partitions[i], w.partitions[j] = w.partitions[j], w.partitions[i]
	})
	return w
}

// source varies in what Cloudflare grants and the user configures.
func (w *world) source(name string, granularity, resolution, step time.Duration) Source {
	r := w.random
	kinds := r.IntN(8) // mostly both
	return Source{
		Dataset: name, Variant: []string{"++", "+-"}[r.IntN(2)], Counters: kinds != 0, Gauges: kinds != 1,
		Granularity: granularity, Resolution: resolution, Step: step,
		Delay:       time.Duration(r.IntN(600)) * time.Second,
		MaxDuration: []time.Duration{0, 0, 90*time.Minute + 30*time.Second, 24 * time.Hour}[r.IntN(4)],
		PageSize:    []int{100, 10_000}[r.IntN(2)],
	}
}

// add gives a scope a source, most often as far as others of its kind are.
func (w *world) add(scope Scope, source Source) {
	r := w.random
	horizon := source.Horizon(w.clock)
	behind := []int{0, 1, 1, 1, 1, 5, -2, r.IntN(120)}[r.IntN(8)]
	w.partitions = append(w.partitions, Partition{
		Family: "family of " + source.Dataset, Scope: scope, Source: source,
		Watermark: horizon.Add(-time.Duration(behind) * source.Granularity),
		Observed:  []time.Time{{}, horizon.Add(-source.Granularity), horizon}[r.IntN(3)],
	})
}

func (w *world) plan() []Document { return Plan(w.clock, w.partitions, w.limits) }

func (w *world) partition(scope Scope, part Part) *Partition {
	i := slices.IndexFunc(w.partitions, func(p Partition) bool { return p.Scope == scope && p.Family == part.Family })
	return &w.partitions[i]
}

func TestPlansOfRandomWorlds(t *testing.T) {
	t.Parallel()
	for seed := range uint64(40) {
		checkWorld(t, seed)
	}
}

func FuzzPlan(f *testing.F) {
	f.Add(uint64(1 << 40))
	f.Fuzz(checkWorld)
}

// checkWorld plans and answers until nothing is left to plan; now and then an answer fails to come.
func checkWorld(t *testing.T, seed uint64) {
	t.Helper()
	w := newWorld(seed)
	for round := 0; ; round++ {
		require.Less(t, round, 2000, "seed %d: planning does not end", seed)
		docs := w.plan()
		w.checkDocuments(t, docs)
		w.checkEveryNeed(t, docs)
		if len(docs) == 0 {
			break
		}
		for _, d := range docs {
			if w.random.IntN(8) > 0 {
				w.answer(t, d)
			}
		}
	}
	for _, p := range w.partitions {
		horizon := p.Source.Horizon(w.clock)
		require.False(t, p.Source.Counters && p.Watermark.Before(horizon))
		require.False(t, p.Source.Gauges && p.Observed.Before(horizon))
	}
}

// answer counts a document and checks each window against the partition that it is for.
func (w *world) answer(t *testing.T, d Document) {
	t.Helper()
	for _, scope := range d.Scopes {
		for _, part := range d.Parts {
			p := w.partition(scope, part)
			s, horizon := &p.Source, p.Source.Horizon(w.clock)
			require.Equal(t, []any{s.Dataset, s.Variant, s.Resolution, s.PageSize}, []any{part.Dataset, part.Variant, part.Resolution, part.Limit})
			if part.Gauges {
				require.True(t, s.Gauges)
				require.Equal(t, Window{horizon.Add(-s.Granularity), horizon}, part.Window)
				require.True(t, p.Observed.Before(horizon), "read already")
				p.Observed = horizon
				continue
			}
			require.True(t, s.Counters)
			require.Equal(t, p.Watermark, part.Window.From, "windows are contiguous from the watermark")
			require.Positive(t, part.Window.Width())
			require.LessOrEqual(t, part.Window.Width(), max(s.Step, s.Granularity))
			if s.MaxDuration > 0 {
				require.LessOrEqual(t, part.Window.Width(), s.MaxDuration)
			}
			require.False(t, part.Window.To.After(horizon), "beyond the horizon")
			require.Equal(t, part.Window.To.Truncate(s.Granularity), part.Window.To, "aligned")
			p.Watermark = part.Window.To
		}
	}
}

func (w *world) checkDocuments(t *testing.T, docs []Document) {
	t.Helper()
	turns := map[string]int{}
	var oldest time.Time
	for _, d := range docs {
		require.NotEmpty(t, d.Scopes)
		require.NotEmpty(t, d.Parts)
		require.LessOrEqual(t, d.Nodes(), w.limits.Nodes)
		require.LessOrEqual(t, len(d.Scopes), w.limits.Zones)
		for _, s := range d.Scopes {
			require.Equal(t, d.Scopes[0].Kind, s.Kind, "one kind")
			require.True(t, s.Kind == cloudflare.ZoneScope || len(d.Scopes) == 1, "accounts stand alone")
		}

		accounts := d.accounts()
		for _, account := range accounts {
			turns[account]++
		}
		if len(w.accounts()) == 1 {
			require.False(t, d.Oldest().Before(oldest), "oldest first")
			oldest = d.Oldest()
		}
	}
	// Each account is served before any other has been served a second time.
	served := map[string]int{}
	for _, d := range docs {
		for _, account := range d.accounts() {
			served[account]++
		}
		if len(served) < len(turns) {
			require.True(t, slices.ContainsFunc(d.accounts(), func(a string) bool { return served[a] == 1 }), "accounts take turns")
		}
	}
}

// accounts are those of the world's partitions.
func (w *world) accounts() map[string]bool {
	accounts := map[string]bool{}
	for _, p := range w.partitions {
		accounts[p.Scope.Account] = true
	}
	return accounts
}

// checkEveryNeed holds each scope's needs against its documents: each dataset is in exactly one of them, with the first
// windows of exactly its own needs, and the order in which partitions are listed does not matter.
func (w *world) checkEveryNeed(t *testing.T, docs []Document) {
	t.Helper()
	type need struct {
		scope   Scope
		dataset string
	}
	needs := map[need][]Part{}
	for i := range w.partitions {
		p := &w.partitions[i]
		for _, part := range p.parts(w.clock, w.limits.Nodes) {
			n := need{p.Scope, part.dataset()}
			needs[n] = append(needs[n], part)
		}
	}
	for _, d := range docs {
		for _, scope := range d.Scopes {
			asked := map[need][]Part{}
			for _, part := range d.Parts {
				n := need{scope, part.dataset()}
				asked[n] = append(asked[n], part)
			}
			for n, parts := range asked {
				require.NotEmpty(t, needs[n], "needs nothing, or is in two documents")
				require.Equal(t, needs[n][:len(parts)], parts)
				delete(needs, n)
			}
		}
	}
	require.Empty(t, needs, "needs without a document")

	shuffled := slices.Clone(w.partitions)
	slices.Reverse(shuffled)
	require.Equal(t, docs, Plan(w.clock, shuffled, w.limits))
}
