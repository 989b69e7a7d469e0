// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"math"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// events collects all that a zone's stream has in a range.
func events(s *Simulator, id string, from, to time.Time) []httpRequest {
	var all []httpRequest
	for r := range s.requests.between(id, from.UnixMicro(), to.UnixMicro()) {
		all = append(all, *r)
	}
	return all
}

// The same window is the same in every simulator, in whatever order and pieces it is read.
func TestStreamsAreReproducible(t *testing.T) {
	t.Parallel()
	first, _ := newTestSimulator(t, nil)
	second, _ := newTestSimulator(t, nil)
	other, _ := newTestSimulator(t, func(c *Config) { c.Seed++ })
	second.requests.cache = newMinuteCache[httpRequest](1)
	id, to := first.world().zones[0].ID, testBegin.Add(time.Hour)
	whole := events(first, id, testBegin, to)
	var pieces []httpRequest
	for at := to; at.After(testBegin); at = at.Add(-7 * time.Second) {
		pieces = append(events(second, id, at.Add(-7*time.Second), at), pieces...)
	}
	assert.Equal(t, whole, pieces)
	assert.NotEqual(t, whole, events(other, id, testBegin, to))
	assert.NotEqual(t, whole, events(first, first.world().zones[1].ID, testBegin, to))
	assert.True(t, slices.IsSortedFunc(whole, func(a, b httpRequest) int { return int(a.at - b.at) }))
}

func TestTrafficLooksLikeTraffic(t *testing.T) {
	t.Parallel()
	s, _ := newTestSimulator(t, func(c *Config) { c.EventsPerMinute = 40 })
	day := testBegin.Add(24 * time.Hour)
	all := events(s, s.world().zones[0].ID, testBegin, day)
	assert.InEpsilon(t, 40*1440, len(all), 0.05)

	perMinute, countries := map[int64]int{}, map[string]int{}
	var encrypted, cached, firewall, threats, views int
	for _, r := range all {
		perMinute[floorDiv(r.at, minute)]++
		countries[r.country]++
		encrypted += int(when((*httpRequest).encrypted, one)(&r))
		cached += int(when((*httpRequest).cached, one)(&r))
		if r.firewallAction != "" {
			firewall++
		}
		if r.threat != "" {
			threats++
			assert.NotEmpty(t, r.firewallAction)
		}
		if r.pageView {
			views++
			assert.Equal(t, uint16(200), r.edgeStatus)
		}
	}
	assert.InDelta(t, 0.05*1440, 1440-len(perMinute), 30, "quiet minutes")
	assert.Greater(t, countries["US"], 10*countries["IS"])
	assert.NotZero(t, countries["XX"])
	assert.NotZero(t, countries["T1"])
	n := float64(len(all))
	assert.InDelta(t, 0.9, float64(encrypted)/n, 0.1)
	assert.InDelta(t, 0.25, float64(cached)/n, 0.1)
	assert.InDelta(t, 0.05, float64(firewall)/n, 0.01)
	assert.InDelta(t, 0.035, float64(threats)/n, 0.015)
	assert.InDelta(t, 0.2, float64(views)/n, 0.1)
}

// Some series turn up only after a while.
func TestLateSeries(t *testing.T) {
	t.Parallel()
	s, _ := newTestSimulator(t, func(c *Config) { c.EventsPerMinute = 200 })
	z := s.world().zones[0]
	late := func(r httpRequest) bool { return r.host == "beta."+z.Name }
	turn := testBegin.Add(lateMinutes * time.Minute)
	assert.False(t, slices.ContainsFunc(events(s, z.ID, testBegin, turn), late))
	assert.True(t, slices.ContainsFunc(events(s, z.ID, turn, turn.Add(10*time.Minute)), late))
}

func TestStreamBounds(t *testing.T) {
	t.Parallel()
	begin, end := testBegin.Add(90*time.Second), testBegin.Add(5*time.Minute+time.Millisecond)
	s, _ := newTestSimulator(t, func(c *Config) { c.Begin, c.End, c.EventsPerMinute = begin, end, 500 })
	all := events(s, s.world().zones[0].ID, testBegin.Add(-time.Hour), testBegin.Add(time.Hour))
	require.NotEmpty(t, all)
	assert.GreaterOrEqual(t, all[0].at, begin.UnixMicro())
	assert.Less(t, all[len(all)-1].at, end.UnixMicro())
	for range s.requests.between(s.world().zones[0].ID, math.MinInt64, math.MaxInt64) {
		break
	}
}

// Durations may be added in any order.
func TestGigabyteSecondsAreExact(t *testing.T) {
	t.Parallel()
	s, _ := newTestSimulator(t, nil)
	var durations []float64
	for i := range s.workers.between(scriptOwner(s.world().accounts[0].ID, "auth"), testBegin.UnixMicro(), testBegin.Add(2*time.Hour).UnixMicro()) {
		durations = append(durations, i.duration)
	}
	forward, backward := 0.0, 0.0
	for i := range durations {
		forward += durations[i]
		backward += durations[len(durations)-1-i]
	}
	require.Greater(t, len(durations), 100)
	assert.Equal(t, math.Float64bits(forward), math.Float64bits(backward))
}

func TestMinuteCacheIsBounded(t *testing.T) {
	t.Parallel()
	c := newMinuteCache[httpRequest](100)
	for m := range int64(50) {
		c.put(minuteKey{"z", m}, make([]httpRequest, 9))
		_, ok := c.get(minuteKey{"z", 0})
		assert.True(t, ok, "what is used stays")
	}
	assert.Equal(t, 100, c.held)
	assert.Equal(t, 10, c.order.Len())
	assert.Len(t, c.minutes, 10)
	_, ok := c.get(minuteKey{"z", 1})
	assert.False(t, ok)
	c.put(minuteKey{"z", 99}, make([]httpRequest, 1000))
	assert.Len(t, c.minutes, 1, "a minute that is too large is kept alone")
}

func TestInvalidConfigurations(t *testing.T) {
	t.Parallel()
	id := hexID("zone", 1)
	for want, change := range map[string]func(*Config){
		"no accounts":   func(c *Config) { c.Accounts = nil },
		"negative":      func(c *Config) { c.EventsPerMinute = -1 },
		"before":        func(c *Config) { c.End = c.Begin.Add(-time.Second) },
		"hexadecimal":   func(c *Config) { c.Accounts = []Account{{ID: "short"}} },
		"twice":         func(c *Config) { c.Accounts = []Account{{ID: id, Zones: []Zone{{ID: id, Plan: PlanPro}}}} },
		"unknown plan":  func(c *Config) { c.Accounts = DefaultLayout(1, 1, "gold") },
		"no such field": func(c *Config) { c.Accounts[0].Zones[0].Withheld = []string{"httpRequests1mGroups.colour"} },
	} {
		config := Config{Accounts: DefaultLayout(1, 1), Begin: testBegin, Clock: func() time.Time { return testBegin }}
		change(&config)
		_, err := New(config)
		assert.ErrorContains(t, err, want)
	}
}

// Requests of all kinds may come at once.
func TestConcurrentRequests(t *testing.T) {
	t.Parallel()
	s, clock := newTestSimulator(t, nil)
	id := firstOf(s, PlanEnterprise).ID
	var wait sync.WaitGroup
	for i := range 8 {
		wait.Go(func() {
			s.SetFaults(Faults{NoZones: i%2 == 0, Late: Lateness{Share: 0.1, MaxSeconds: 60}, REST: Fault{ServerErrorRate: 0.5}})
			s.RecordReads(RecordAnswers)
			assert.NoError(t, s.SetPlan(id, []Plan{PlanEnterprise, PlanPro}[i%2]))
			assert.NoError(t, s.AddZone(s.config.Accounts[0].ID, Zone{ID: hexID("zone", 100+i), Plan: PlanPro}))
			clock.advance(time.Second)
			call(t, s, "GET", "/client/v4/zones", nil)
			exact(s.Truth(testBegin.Add(100*time.Minute), time.Time{}, counters()...))
			ask(t, s, inZone(id, firewall+`{ count }`), nil)
			s.Requests()
			exact(s.TruthOf(LastReads(s.Reads()), counters()...))
		})
	}
	wait.Wait()
}
