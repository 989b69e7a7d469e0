// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// requestsOf asks for a zone's requests in a window.
func requestsOf(t *testing.T, s *Simulator, id string, from, to time.Time) uint64 {
	t.Helper()
	answer := ask(t, s, `query ($zone: string, $from: Time!, $to: Time!) { viewer { zones(filter: {zoneTag: $zone}) {
		httpRequests1mGroups(limit: 1, filter: {datetime_geq: $from, datetime_lt: $to}) { sum { requests } } } } }`,
		map[string]any{"zone": id, "from": from, "to": to})
	require.Empty(t, answer.Errors)
	total := uint64(0)
	for _, row := range rowsOf[struct{ Sum struct{ Requests uint64 } }](t, answer.Data.Viewer.Zones[0], datasetHTTPRequests1m) {
		total += row.Sum.Requests
	}
	return total
}

// total finds one Total's value.
func total(totals []Total, id, measure string) uint64 {
	n := uint64(0)
	for _, t := range totals {
		if t.ID == id && t.Measure == measure {
			n += t.Int
		}
	}
	return n
}

// A share of the events shows only after a while, each after its own; in the end all have come, and the truth knew them all along.
func TestLateEvents(t *testing.T) {
	t.Parallel()
	s, clock := newTestSimulator(t, func(c *Config) { c.EventsPerMinute = 200 })
	s.SetFaults(Faults{Late: Lateness{Share: 0.3, MinSeconds: 60, MaxSeconds: 240}})
	id := firstOf(s, PlanEnterprise).ID
	from, to := testBegin.Add(30*time.Minute), testBegin.Add(35*time.Minute)
	clock.set(to.Add(time.Second))
	truth := total(exact(s.Truth(from, to, counters()...)), id, "sum.requests")
	require.Greater(t, truth, uint64(300))

	before := uint64(0)
	for minutes := range 5 {
		at := to.Add(time.Second + time.Duration(minutes)*time.Minute)
		clock.set(at)
		seen := requestsOf(t, s, id, from, to)
		assert.Equal(t, total(exact(s.TruthVisible(from, to, at, counters()...)), id, "sum.requests"), seen)
		assert.Equal(t, truth, total(exact(s.Truth(from, to, counters()...)), id, "sum.requests"))
		assert.GreaterOrEqual(t, seen, before)
		switch minutes {
		case 0:
			assert.InEpsilon(t, 0.85, float64(seen)/float64(truth), 0.12, "most of the late ones are still to come")
		case 4:
			assert.Equal(t, truth, seen, "none is later than four minutes")
		}
		before = seen
	}
	for _, e := range events(s, id, from, to) {
		late := s.faults.get().Late.of(e.salt)
		assert.True(t, late == 0 || late >= minute && late <= 4*minute)
	}
}

// What a client must have counted follows from what it read, and when: each window once, by the last answer it got.
func TestTruthOfLastReads(t *testing.T) {
	t.Parallel()
	s, clock := newTestSimulator(t, func(c *Config) { c.EventsPerMinute = 100 })
	s.SetFaults(Faults{Late: Lateness{Share: 0.5, MinSeconds: 0, MaxSeconds: 900}, GraphQL: Fault{MalformedRate: 0.3}})
	s.RecordReads(RecordAnswers)
	id, account := firstOf(s, PlanEnterprise).ID, s.world().accounts[0].ID
	counted := fold{}
	read := func(from, to time.Time) {
		for range 100 { // until an answer arrives
			one := fold{}
			if !askWhole(t, s, one, id, everythingOfZone, map[string]any{"zone": id, "from": from, "to": to}) {
				continue
			}
			for !askWhole(t, s, one, account, everythingOfAccount, map[string]any{"account": account, "from": from, "to": to}) {
			}
			for key, n := range one {
				counted[key] += n
			}
			return
		}
	}
	const windows = 12
	for i := range windows {
		from, to := testBegin.Add(time.Duration(5*i)*time.Minute), testBegin.Add(time.Duration(5*i+5)*time.Minute)
		clock.set(to.Add(time.Duration(i%4) * time.Minute))
		read(from, to)
	}
	reads := LastReads(s.Reads())
	require.Len(t, reads, 3*windows)
	expected := exact(s.TruthOf(reads, counters()...))
	assert.Equal(t, foldTruth(expected), counted)
	assert.Equal(t, expected, exact(s.Answered(reads, counters()...)), "without sampling, what was answered is what was visible")
	all := total(exact(s.Truth(testBegin, testBegin.Add(time.Hour), counters()...)), id, "sum.requests")
	assert.Less(t, total(expected, id, "sum.requests"), all, "some came too late")
}

// askWhole is askScope for answers that may be malformed.
func askWhole(t *testing.T, s *Simulator, f fold, id, query string, variables map[string]any) bool {
	t.Helper()
	w := call(t, s, http.MethodPost, "/client/v4/graphql", queryBody(t, query, variables))
	if !json.Valid(w.Body.Bytes()) {
		return false
	}
	require.Equal(t, http.StatusOK, w.Code, w.Body.String())
	f.answer(t, id, w.Body)
	return true
}
