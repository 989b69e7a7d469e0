// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A zone has as many label sets in each minute as it should, the same ones, and more events of a few.
func TestLabelSetsPerMinute(t *testing.T) {
	t.Parallel()
	const sets = 12_000
	s, _ := newTestSimulator(t, func(c *Config) {
		c.Accounts = DefaultLayout(1, 1)
		c.Accounts[0].Zones[0].LabelSetsPerMinute = sets
	})
	id := s.config.Accounts[0].Zones[0].ID
	read := func(filter, rest string) (rows []firewallRow) {
		answer := ask(t, s, inZone(id, `firewallEventsAdaptiveGroups(limit: 10000, orderBy: [count_DESC, ruleId_ASC], filter: {`+filter+`}) { count `+rest+` }`), nil)
		require.Empty(t, answer.Errors)
		return rowsOf[firewallRow](t, answer.Data.Viewer.Zones[0], datasetFirewallEvents)
	}
	for m := range 2 {
		distinct, count := map[string]bool{}, uint64(0)
		for piece := range 6 { // that fit into a page
			at := testBegin.Add(time.Duration(m)*time.Minute + time.Duration(piece)*10*time.Second)
			rows := read(fmt.Sprintf(`datetime_geq: %q, datetime_lt: %q`, at.Format(time.RFC3339), at.Add(10*time.Second).Format(time.RFC3339)), `dimensions { ruleId action source clientRequestHTTPHost clientCountryName }`)
			assert.Less(t, len(rows), 10_000)
			for _, row := range rows {
				distinct[row.Dimensions["ruleId"]] = true
				count += row.Count
			}
		}
		assert.GreaterOrEqual(t, len(distinct), sets)
		assert.Less(t, len(distinct), sets+10, "beside them there are the rules of every zone")
		from := testBegin.Add(time.Duration(m) * time.Minute)
		assert.Equal(t, total(exact(s.Truth(from, from.Add(time.Minute), counters()...)), id, "count"), count)
	}
	top := read(`datetime_geq: "2026-03-04T10:00:00Z", datetime_lt: "2026-03-04T10:01:00Z"`, `dimensions { ruleId }`)
	require.Len(t, top, 10_000, "a page")
	assert.Equal(t, []uint64{5, 4, 4}, []uint64{top[0].Count, top[1].Count, top[2].Count})
	whole := events(s, id, testBegin, testBegin.Add(time.Minute))
	assert.True(t, slices.IsSortedFunc(whole, func(a, b httpRequest) int { return int(a.at - b.at) }))
}

// BenchmarkLabelSets produces a minute of 100,000 label sets.
func BenchmarkLabelSets(b *testing.B) {
	s, _ := newTestSimulator(b, func(c *Config) { c.Accounts[0].Zones[0].LabelSetsPerMinute = 100_000 })
	id, at := s.config.Accounts[0].Zones[0].ID, floorDiv(testBegin.UnixMicro(), minute)
	b.ReportAllocs()
	for b.Loop() {
		at++
		s.requests.generate(id, at)
	}
}
