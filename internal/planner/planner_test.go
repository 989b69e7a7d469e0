// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package planner

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestHorizonIsTheEndOfTheNewestSettledGranule(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		clock              time.Time
		delay, granularity time.Duration
		want               time.Time
	}{
		"on the minute":            {at(0), 5 * time.Minute, time.Minute, at(-5)},
		"within the minute":        {at(0).Add(59 * time.Second), 5 * time.Minute, time.Minute, at(-5)},
		"no delay":                 {at(0), 0, time.Minute, at(0)},
		"delay of odd seconds":     {at(0), 61 * time.Second, time.Minute, at(-2)},
		"hours":                    {at(4), 5 * time.Minute, time.Hour, at(-60)},
		"days begin at midnight":   {at(0), 5 * time.Minute, 24 * time.Hour, at(-12 * 60)},
		"an hour that just passed": {at(5), 5 * time.Minute, time.Hour, at(0)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := Source{Delay: tt.delay, Granularity: tt.granularity}
			assert.Equal(t, tt.want, s.Horizon(tt.clock))
		})
	}
}

func TestOldestIsClearOfTheEdge(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		clock                     time.Time
		notOlderThan, maxBackfill time.Duration
		want                      time.Time
	}{
		"the user's wish":              {at(0), 0, 2 * time.Hour, at(-119)},
		"within a minute":              {at(0).Add(30 * time.Second), 0, 2 * time.Hour, at(-119)},
		"what Cloudflare has":          {at(0), time.Hour, 2 * time.Hour, at(-57)},
		"the user's wish, the shorter": {at(0), 4 * time.Hour, 2 * time.Hour, at(-119)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := Source{NotOlderThan: tt.notOlderThan, Granularity: time.Minute}
			got := s.Oldest(tt.clock, tt.maxBackfill)
			assert.Equal(t, tt.want, got)
			// Sent a minute later, the query is still inside.
			assert.Less(t, tt.clock.Add(time.Minute).Sub(got), tt.maxBackfill+time.Minute)
			if tt.notOlderThan > 0 {
				assert.Less(t, tt.clock.Add(time.Minute).Sub(got), tt.notOlderThan)
			}
		})
	}
}

func TestWindowsFollowTheWatermark(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		watermark         int
		step, maxDuration time.Duration
		want              []Window
	}{
		"nothing new":                         {0, time.Hour, 0, nil},
		"ahead of the horizon":                {7, time.Hour, 0, nil},
		"one minute":                          {-1, time.Hour, 0, []Window{window(-1, 0)}},
		"exactly one step":                    {-60, time.Hour, 0, []Window{window(-60, 0)}},
		"a step and a rest":                   {-61, time.Hour, 0, []Window{window(-61, -1), window(-1, 0)}},
		"maxDuration below the step":          {-60, time.Hour, 25 * time.Minute, []Window{window(-60, -35), window(-35, -10), window(-10, 0)}},
		"maxDuration above the step":          {-60, time.Hour, 24 * time.Hour, []Window{window(-60, 0)}},
		"maxDuration is no multiple":          {-20, time.Hour, 10*time.Minute + 59*time.Second, []Window{window(-20, -10), window(-10, 0)}},
		"a step below the granule is the one": {-2, time.Second, 0, []Window{window(-2, -1), window(-1, 0)}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := zones("a", 1, at(tt.watermark))
			p[0].Source.Step, p[0].Source.MaxDuration = tt.step, tt.maxDuration
			assert.Equal(t, tt.want, windowsOf(Plan(noon, p, usual), p[0].Scope))
		})
	}
}

func TestPartsCarryWhatTheyAreReadWith(t *testing.T) {
	t.Parallel()
	p := zones("a", 1, at(-1))
	p[0].Source.Gauges, p[0].Source.Resolution = true, time.Second
	docs := Plan(noon, p, usual)
	require.Len(t, docs, 1)
	want := Part{
		Family: "requests", Dataset: "rollup", Variant: "+", Gauges: true,
		Window: window(-1, 0), Resolution: time.Second, Limit: 100, since: at(-1),
	}
	counters := want
	counters.Gauges = false
	assert.Equal(t, []Document{{Scopes: []Scope{p[0].Scope}, Parts: []Part{want, counters}}}, docs)
}

func TestGaugesAreOfTheNewestFullGranule(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		granularity time.Duration
		observed    time.Time
		clock       time.Time
		want        []Window
	}{
		"never read":        {time.Minute, time.Time{}, at(0), []Window{window(-1, 0)}},
		"read a minute ago": {time.Minute, at(-1), at(0), []Window{window(-1, 0)}},
		"read already":      {time.Minute, at(0), at(0), nil},
		"not full yet":      {time.Minute, at(0), at(0).Add(59 * time.Second), nil},
		"hours":             {time.Hour, at(-120), at(30), []Window{window(-60, 0)}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := zones("a", 1, noon.Add(-24*time.Hour))
			p[0].Observed = tt.observed
			p[0].Source.Gauges, p[0].Source.Counters, p[0].Source.Granularity = true, false, tt.granularity
			var got []Window
			for _, d := range Plan(tt.clock, p, usual) {
				for _, part := range d.Parts {
					require.True(t, part.Gauges)
					got = append(got, part.Window)
				}
			}
			assert.Equal(t, tt.want, got)
		})
	}
}

// Gauges do not wait for the whole of a backlog: they have a document of their own beside its first one.
func TestGaugesBesideABacklog(t *testing.T) {
	t.Parallel()
	p := zones("a", 1, noon.Add(-48*time.Hour))
	p[0].Source.Gauges = true
	docs := Plan(noon, p, Limits{Zones: 10, Nodes: 3})
	require.Len(t, docs, 2)
	require.Len(t, docs[0].Parts, 3)
	assert.False(t, docs[0].Parts[0].Gauges)
	assert.Equal(t, noon.Add(-48*time.Hour), docs[0].Oldest())
	assert.Equal(t, 3, docs[0].Nodes())
	require.Len(t, docs[1].Parts, 1)
	assert.True(t, docs[1].Parts[0].Gauges)
}

// However narrow the bound, counters and gauges both get their turn.
func TestTheNarrowestBound(t *testing.T) {
	t.Parallel()
	p := zones("a", 1, at(-1))
	p[0].Source.Gauges = true
	docs := Plan(noon, p, Limits{Zones: 10, Nodes: 1})
	require.Len(t, docs, 2)
	assert.NotEqual(t, docs[0].Parts[0].Gauges, docs[1].Parts[0].Gauges)
}

func TestScopesWithEqualNeedsShareADocument(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		change func(*Partition)
		want   int
	}{
		"equal":           {func(*Partition) {}, 1},
		"other dataset":   {func(p *Partition) { p.Source.Dataset = "other" }, 2},
		"other variant":   {func(p *Partition) { p.Source.Variant = "-" }, 2},
		"other watermark": {func(p *Partition) { p.Watermark = at(-2) }, 2},
		"other page size": {func(p *Partition) { p.Source.PageSize = 5 }, 2},
		"other delay":     {func(p *Partition) { p.Source.Delay = time.Minute; p.Watermark = at(-3) }, 2},
		"gauges too":      {func(p *Partition) { p.Source.Gauges = true }, 2},
		"other account":   {func(p *Partition) { p.Scope = zone("b", 1) }, 1},
		"an account":      {func(p *Partition) { p.Scope = account("a") }, 2},
		"nothing to read": {func(p *Partition) { p.Source.Counters = false }, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := zones("a", 2, at(-5))
			tt.change(&p[1])
			assert.Len(t, Plan(noon, p, usual), tt.want)
		})
	}
}

func TestDocumentsStayWithinTheLimits(t *testing.T) {
	t.Parallel()
	p := zones("a", 23, noon.Add(-24*time.Hour)) // 24 windows each
	for name, tt := range map[string]struct {
		limits Limits
		scopes []int
		parts  int
	}{
		"zones":            {Limits{Zones: 10, Nodes: 1000}, []int{10, 10, 3}, 24},
		"nodes bind parts": {Limits{Zones: 10, Nodes: 50}, []int{10, 10, 3}, 5},
		"nodes bind zones": {Limits{Zones: 10, Nodes: 8}, []int{8, 8, 7}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			docs := Plan(noon, p, tt.limits)
			require.Len(t, docs, len(tt.scopes))
			for i, d := range docs {
				assert.Len(t, d.Scopes, tt.scopes[i])
				assert.LessOrEqual(t, d.Nodes(), tt.limits.Nodes)
			}
			assert.Len(t, docs[0].Parts, tt.parts)
		})
	}
	t.Run("down to one node", func(t *testing.T) {
		t.Parallel()
		docs := Plan(noon, p, Limits{Zones: 10, Nodes: 1})
		require.Len(t, docs, len(p))
		assert.Equal(t, 1, docs[0].Nodes())
	})
}

func TestAccountsStandAlone(t *testing.T) {
	t.Parallel()
	var p []Partition
	for _, id := range []string{"a", "b", "c"} {
		p = append(p, Partition{Family: "workers", Scope: account(id), Source: rollup(), Watermark: at(-1)})
	}
	docs := Plan(noon, p, usual)
	require.Len(t, docs, 3)
	for _, d := range docs {
		assert.Len(t, d.Scopes, 1)
	}
}

func TestPartsOfOneDocumentAreOldestFirst(t *testing.T) {
	t.Parallel()
	requests := zones("a", 1, at(-90))
	events := zones("a", 1, at(-100))
	events[0].Family, events[0].Source.Dataset = "events", "events"
	docs := Plan(noon, slices.Concat(requests, events), usual)
	require.Len(t, docs, 1)
	var got []Window
	for _, p := range docs[0].Parts {
		got = append(got, p.Window)
	}
	assert.Equal(t, []Window{window(-100, -40), window(-90, -30), window(-40, 0), window(-30, 0)}, got)
}

func TestOldestFirst(t *testing.T) {
	t.Parallel()
	var p []Partition
	for n, minutes := range []int{-3, -30, -5, -600, -1} {
		p = append(p, Partition{Family: "requests", Scope: zone("a", n), Source: rollup(), Watermark: at(minutes)})
	}
	docs := Plan(noon, p, usual)
	require.Len(t, docs, 5)
	for i, minutes := range []int{-600, -30, -5, -3, -1} {
		assert.Equal(t, at(minutes), docs[i].Oldest())
	}
}

// An account with many zones that are far behind does not hold up one whose only zone is nearly up to date.
func TestAccountsTakeTurns(t *testing.T) {
	t.Parallel()
	p := slices.Concat(zones("many", 1000, noon.Add(-24*time.Hour)), zones("one", 1, at(-1)), zones("some", 20, at(-2)))
	docs := Plan(noon, p, usual)
	require.Len(t, docs, 100+1+2)
	var turns []string
	for _, d := range docs[:7] {
		turns = append(turns, d.Scopes[0].Account)
	}
	assert.Equal(t, []string{"many", "some", "one", "many", "some", "many", "many"}, turns)
}

func TestNothingToPlan(t *testing.T) {
	t.Parallel()
	assert.Empty(t, Plan(noon, nil, usual))
	assert.Empty(t, Plan(noon, zones("a", 3, noon), usual))
}
