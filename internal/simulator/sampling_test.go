// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

type sampledRow struct {
	Count uint64
	Sum   struct {
		Requests, Subrequests uint64
		Duration              float64
	}
	Avg        struct{ SampleInterval float64 }
	Dimensions struct{ SampleInterval int }
	Max        struct{ CPUTime float64 }
}

// The larger a query, the coarser its answer: multiples of the interval, about right, and another one each time.
func TestSampling(t *testing.T) {
	t.Parallel()
	s, clock := newTestSimulator(t, func(c *Config) { c.Accounts, c.EventsPerMinute = DefaultLayout(1, 1), 600 })
	s.SetFaults(Faults{Sampling: Sampling{TenAbove: 150, HundredAbove: 2000}})
	s.RecordReads(RecordAnswers)
	z, a := firstOf(s, PlanEnterprise), s.world().accounts[0]
	clock.set(testBegin.Add(30 * time.Minute))
	read := func(minutes int) (firewall, workers sampledRow) {
		variables := map[string]any{"zone": z.ID, "account": a.ID, "from": testBegin.Add(time.Minute), "to": testBegin.Add(time.Duration(1+minutes) * time.Minute)}
		answer := ask(t, s, `query ($zone: string!, $account: string!, $from: Time!, $to: Time!) { viewer {
			zones(filter: {zoneTag: $zone}) { firewallEventsAdaptiveGroups(limit: 10, filter: {datetime_geq: $from, datetime_lt: $to}) {
				count avg { sampleInterval } dimensions { sampleInterval } } }
			accounts(filter: {accountTag: $account}) { workersInvocationsAdaptive(limit: 10, filter: {datetime_geq: $from, datetime_lt: $to}) {
				sum { requests subrequests duration } avg { sampleInterval } max { cpuTime } } } } }`, variables)
		require.Empty(t, answer.Errors)
		zoneRows := rowsOf[sampledRow](t, answer.Data.Viewer.Zones[0], datasetFirewallEvents)
		accountRows := rowsOf[sampledRow](t, answer.Data.Viewer.Accounts[0], datasetWorkers)
		require.Len(t, zoneRows, 1)
		require.Len(t, accountRows, 1)
		return zoneRows[0], accountRows[0]
	}
	truth := func(minutes int) []Total {
		return exact(s.Truth(testBegin.Add(time.Minute), testBegin.Add(time.Duration(1+minutes)*time.Minute), counters()...))
	}

	exact, coarse := read(1)
	assert.Equal(t, total(truth(1), z.ID, "count"), exact.Count)
	assert.InDelta(t, 1, exact.Avg.SampleInterval, 0)
	assert.InDelta(t, 10, coarse.Avg.SampleInterval, 0, "hundreds of invocations")
	assert.Zero(t, coarse.Sum.Requests%10)
	assert.Zero(t, coarse.Sum.Subrequests%10)

	all := truth(20)
	sampledTen, sampledHundred := read(20)
	assert.Equal(t, 10, sampledTen.Dimensions.SampleInterval)
	assert.Zero(t, sampledTen.Count%10)
	assert.InEpsilon(t, total(all, z.ID, "count"), sampledTen.Count, 0.3)
	assert.InDelta(t, 100, sampledHundred.Avg.SampleInterval, 0)
	assert.Zero(t, sampledHundred.Sum.Requests%100)
	assert.InEpsilon(t, total(all, a.ID, "sum.requests"), sampledHundred.Sum.Requests, 0.3)
	assert.Less(t, sampledHundred.Max.CPUTime, 1e6, "what is no total is not scaled")
	again, _ := read(20)
	assert.NotEqual(t, sampledTen.Count, again.Count)

	reads := s.Reads()
	last := reads[len(reads)-2]
	assert.Equal(t, 10, last.Interval)
	require.Len(t, last.Answered, 1)
	assert.Equal(t, again.Count, last.Answered[0].Int, "the record has what was answered")
	assert.Equal(t, all, truth(20), "the truth is not sampled")
}

// Roll-ups are exact, and so is what is small.
func TestRollUpsAreNotSampled(t *testing.T) {
	t.Parallel()
	s, _ := newTestSimulator(t, nil)
	s.SetFaults(Faults{Sampling: Sampling{HundredAbove: 1}})
	id := firstOf(s, PlanEnterprise).ID
	from, to := testBegin.Add(time.Minute), testBegin.Add(time.Hour)
	assert.Equal(t, total(exact(s.Truth(from, to, counters()...)), id, "sum.requests"), requestsOf(t, s, id, from, to))
	answer := ask(t, s, inZone(id, firewall+`{ count }`), nil)
	for _, row := range rowsOf[map[string]json.Number](t, answer.Data.Viewer.Zones[0], datasetFirewallEvents) {
		n, err := row["count"].Int64()
		require.NoError(t, err)
		assert.Zero(t, n%100)
	}
}

func TestSamplesAreAsLargeAsTheyShould(t *testing.T) {
	t.Parallel()
	dice := seeded(1, "test", "", 0)
	for _, interval := range []int{10, 100} {
		kept := 0
		for range 100_000 {
			if sampled(dice.Uint64(), 12345, interval) {
				kept++
			}
		}
		assert.InEpsilon(t, 100_000/interval, kept, 0.1)
	}
}
