// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"cmp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

type firewallRow struct {
	Count      uint64
	Dimensions map[string]string
}

// firewallOf collects a zone's firewall events of a range straight from the stream.
func firewallOf(s *Simulator, id string, from, to time.Time, keep func(*httpRequest) bool) []*httpRequest {
	var events []*httpRequest
	for r := range s.requests.between(id, from.UnixMicro(), to.UnixMicro()) {
		if r.firewallAction != "" && keep(r) {
			events = append(events, r)
		}
	}
	return events
}

// Each operator accepts exactly the events that it should.
func TestFilters(t *testing.T) {
	t.Parallel()
	s, _ := newTestSimulator(t, func(c *Config) { c.EventsPerMinute = 300 })
	z := firstOf(s, PlanEnterprise)
	const hour = `datetime_geq: "2026-03-04T10:00:00Z", datetime_lt: "2026-03-04T11:00:00Z"`
	at := func(r *httpRequest) string { return time.UnixMicro(r.at).UTC().Format("15:04:05") }
	for _, test := range []struct {
		filter string
		keep   func(*httpRequest) bool
	}{
		{`action: "block"`, func(r *httpRequest) bool { return r.firewallAction == "block" }},
		{`action_neq: "block"`, func(r *httpRequest) bool { return r.firewallAction != "block" }},
		{`action_in: ["log", "skip"]`, func(r *httpRequest) bool { return r.firewallAction == "log" || r.firewallAction == "skip" }},
		{`action_in: "log"`, func(r *httpRequest) bool { return r.firewallAction == "log" }},
		{`action_in: []`, func(*httpRequest) bool { return false }},
		{`action_notin: ["log", "skip"]`, func(r *httpRequest) bool { return r.firewallAction != "log" && r.firewallAction != "skip" }},
		{`action_gt: "block"`, func(r *httpRequest) bool { return r.firewallAction > "block" }},
		{`action_geq: "jschallenge"`, func(r *httpRequest) bool { return r.firewallAction >= "jschallenge" }},
		{`action_lt: "log"`, func(r *httpRequest) bool { return r.firewallAction < "log" }},
		{`action_leq: "log"`, func(r *httpRequest) bool { return r.firewallAction <= "log" }},
		{`source_like: "firewall%"`, func(r *httpRequest) bool { return strings.HasPrefix(r.firewallSource, "firewall") }},
		{`source_notlike: "%all%o%"`, func(r *httpRequest) bool { return r.firewallSource != "firewallcustom" }},
		{`clientRequestHTTPHost_like: "%.example.com"`, func(*httpRequest) bool { return true }},
		{`action: "block", clientCountryName: "US"`, func(r *httpRequest) bool { return r.firewallAction == "block" && r.country == "US" }},
		{`OR: [{action: "log"}, {clientCountryName_in: ["DE", "T1"]}]`, func(r *httpRequest) bool {
			return r.firewallAction == "log" || r.country == "DE" || r.country == "T1"
		}},
		{`AND: [{OR: [{action: "log"}, {action: "skip"}]}, {clientCountryName_neq: "US"}]`, func(r *httpRequest) bool {
			return (r.firewallAction == "log" || r.firewallAction == "skip") && r.country != "US"
		}},
		{`AND: {action: "log"}, OR: []`, func(r *httpRequest) bool { return r.firewallAction == "log" }},
		{`sampleInterval: 1`, func(*httpRequest) bool { return true }},
		{`sampleInterval_gt: 1`, func(*httpRequest) bool { return false }},
		{`date: "2026-03-04"`, func(*httpRequest) bool { return true }},
		{`date_lt: "2026-03-04"`, func(*httpRequest) bool { return false }},
		{`datetimeMinute: "2026-03-04T10:07:00Z"`, func(r *httpRequest) bool { return at(r)[:5] == "10:07" }},
		{`datetimeMinute_gt: "2026-03-04T10:07:00Z"`, func(r *httpRequest) bool { return at(r) >= "10:08:00" }},
		{`datetimeMinute_leq: "2026-03-04T10:07:00Z"`, func(r *httpRequest) bool { return at(r) < "10:08:00" }},
		{`datetimeFiveMinutes_lt: "2026-03-04T10:07:30Z"`, func(r *httpRequest) bool { return at(r) < "10:10:00" }},
		{`datetimeFifteenMinutes_in: ["2026-03-04T10:15:00Z", "2026-03-04T10:45:00Z"]`, func(r *httpRequest) bool {
			return at(r) >= "10:45:00" || at(r) >= "10:15:00" && at(r) < "10:30:00"
		}},
		{`datetimeHour_neq: "2026-03-04T10:00:00Z"`, func(*httpRequest) bool { return false }},
		{`datetime_lt: "2026-03-04T10:07:30.5Z"`, func(r *httpRequest) bool { return at(r) < "10:07:31" }}, // whole seconds
		{`ruleId: null`, func(*httpRequest) bool { return true }},
	} {
		t.Run(test.filter, func(t *testing.T) {
			t.Parallel()
			query := `firewallEventsAdaptiveGroups(limit: 10, filter: {AND: [{` + hour + `}, {` + test.filter + `}]}) { count }`
			answer := ask(t, s, inZone(z.ID, query), nil)
			require.Empty(t, answer.Errors)
			rows := rowsOf[firewallRow](t, answer.Data.Viewer.Zones[0], datasetFirewallEvents)
			want := len(firewallOf(s, z.ID, testBegin, testBegin.Add(time.Hour), test.keep))
			if want == 0 {
				assert.Empty(t, rows)
				return
			}
			require.Len(t, rows, 1)
			assert.Equal(t, uint64(want), rows[0].Count)
		})
	}
}

func TestGroupingOrderAndLimit(t *testing.T) {
	t.Parallel()
	s, _ := newTestSimulator(t, func(c *Config) { c.EventsPerMinute = 300 })
	z := firstOf(s, PlanEnterprise)
	read := func(arguments string) []firewallRow {
		answer := ask(t, s, inZone(z.ID, `firewallEventsAdaptiveGroups(`+arguments+
			` filter: {datetime_geq: "2026-03-04T10:00:00Z", datetime_lt: "2026-03-04T10:30:00Z"}) { count dimensions { clientCountryName action } }`), nil)
		require.Empty(t, answer.Errors)
		return rowsOf[firewallRow](t, answer.Data.Viewer.Zones[0], datasetFirewallEvents)
	}
	want := map[string]uint64{}
	for _, r := range firewallOf(s, z.ID, testBegin, testBegin.Add(30*time.Minute), func(*httpRequest) bool { return true }) {
		want[r.country+" "+r.firewallAction]++
	}
	all := read(`limit: 10000`)
	got := map[string]uint64{}
	for _, row := range all {
		got[row.Dimensions["clientCountryName"]+" "+row.Dimensions["action"]] = row.Count
	}
	assert.Equal(t, want, got)
	assert.Len(t, all, len(want))

	byCount := read(`limit: 10000, orderBy: [count_DESC, clientCountryName_ASC, action_DESC]`)
	assert.True(t, slices.IsSortedFunc(byCount, func(a, b firewallRow) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Dimensions["clientCountryName"], b.Dimensions["clientCountryName"]),
			cmp.Compare(b.Dimensions["action"], a.Dimensions["action"]))
	}))
	assert.Equal(t, byCount[:5], read(`limit: 5, orderBy: [count_DESC, clientCountryName_ASC, action_DESC]`))
	assert.Equal(t, all, read(`limit: 10000`), "rows without an order come in the same order again")
	byCountry := read(`limit: 10000, orderBy: clientCountryName_DESC`)
	assert.True(t, slices.IsSortedFunc(byCountry, func(a, b firewallRow) int {
		return cmp.Compare(b.Dimensions["clientCountryName"], a.Dimensions["clientCountryName"])
	}))
}

func TestTimeDimensions(t *testing.T) {
	t.Parallel()
	s, _ := newTestSimulator(t, nil)
	z := firstOf(s, PlanEnterprise)
	const window = `(limit: 10000, filter: {datetime_geq: "2026-03-04T10:20:00Z", datetime_lt: "2026-03-04T11:40:00Z"})`
	type row struct {
		Dimensions map[string]string
		Sum        struct{ Requests uint64 }
	}
	for dimension, want := range map[string][]string{
		"date":                   {"2026-03-04"},
		"datetimeHour":           {"2026-03-04T10:00:00Z", "2026-03-04T11:00:00Z"},
		"datetimeHalfOfHour":     {"2026-03-04T10:00:00Z", "2026-03-04T10:30:00Z", "2026-03-04T11:00:00Z", "2026-03-04T11:30:00Z"},
		"datetimeFifteenMinutes": {"2026-03-04T10:15:00Z", "2026-03-04T10:30:00Z", "2026-03-04T10:45:00Z", "2026-03-04T11:00:00Z", "2026-03-04T11:15:00Z", "2026-03-04T11:30:00Z"},
	} {
		answer := ask(t, s, inZone(z.ID, datasetHTTPRequests1m+window+` { dimensions { `+dimension+` } sum { requests } }`), nil)
		require.Empty(t, answer.Errors)
		var got []string
		for _, r := range rowsOf[row](t, answer.Data.Viewer.Zones[0], datasetHTTPRequests1m) {
			got = append(got, r.Dimensions[dimension])
			assert.NotZero(t, r.Sum.Requests)
		}
		assert.Equal(t, want, got)
	}
	answer := ask(t, s, inZone(z.ID, datasetHTTPRequests1m+window+` { dimensions { datetime datetimeMinute } }`), nil)
	require.Empty(t, answer.Errors)
	for _, r := range rowsOf[row](t, answer.Data.Viewer.Zones[0], datasetHTTPRequests1m) {
		assert.Equal(t, r.Dimensions["datetimeMinute"], r.Dimensions["datetime"], "a roll-up's time is the minute's")
	}
}

// What is no sum: uniques, averages, maxima and quantiles, against plain calculations.
func TestOtherMeasures(t *testing.T) {
	t.Parallel()
	s, _ := newTestSimulator(t, nil)
	z, a := firstOf(s, PlanEnterprise), s.world().accounts[0]
	answer := ask(t, s, inZone(z.ID, datasetHTTPRequests1m+`(limit: 1, filter: {`+tenMinutes+`}) { uniq { uniques } avg { bytes sampleInterval } }`), nil)
	require.Empty(t, answer.Errors)
	visitors, bytes, count := map[string]bool{}, 0.0, 0.0
	for r := range eyeballs(s.requests.between(z.ID, testBegin.UnixMicro(), testBegin.Add(10*time.Minute).UnixMicro())) {
		visitors[r.clientIP.String()] = true
		bytes += float64(r.responseBytes)
		count++
	}
	type httpRow struct {
		Uniq struct{ Uniques int }
		Avg  struct{ Bytes, SampleInterval float64 }
	}
	rows := rowsOf[httpRow](t, answer.Data.Viewer.Zones[0], datasetHTTPRequests1m)
	require.Len(t, rows, 1)
	assert.Equal(t, len(visitors), rows[0].Uniq.Uniques)
	assert.InEpsilon(t, bytes/count, rows[0].Avg.Bytes, 1e-9)
	assert.InEpsilon(t, 1.0, rows[0].Avg.SampleInterval, 1e-9)

	answer = ask(t, s, `{ viewer { accounts(filter: {accountTag: "`+a.ID+`"}) { workersInvocationsAdaptive(limit: 1, filter: {`+tenMinutes+`}) {
		max { cpuTime } quantiles { cpuTimeP50 cpuTimeP999 } } } } }`, nil)
	require.Empty(t, answer.Errors)
	var cpu []float64
	for _, script := range a.Workers {
		for i := range s.workers.between(scriptOwner(a.ID, script), testBegin.UnixMicro(), testBegin.Add(10*time.Minute).UnixMicro()) {
			cpu = append(cpu, float64(i.cpuUS))
		}
	}
	slices.Sort(cpu)
	type workersRow struct {
		Max       struct{ CPUTime float64 }
		Quantiles struct{ CPUTimeP50, CPUTimeP999 float64 }
	}
	invocations := rowsOf[workersRow](t, answer.Data.Viewer.Accounts[0], datasetWorkers)
	require.Len(t, invocations, 1)
	assert.InEpsilon(t, cpu[len(cpu)-1], invocations[0].Max.CPUTime, 1e-9)
	assert.InEpsilon(t, cpu[len(cpu)-1], invocations[0].Quantiles.CPUTimeP999, 1e-6)
	assert.InEpsilon(t, cpu[len(cpu)/2], invocations[0].Quantiles.CPUTimeP50, 1e-6)
}

func TestWindowsWithoutEventsHaveNoRows(t *testing.T) {
	t.Parallel()
	s, clock := newTestSimulator(t, nil)
	z := firstOf(s, PlanEnterprise)
	count := func(from, to time.Time) int {
		answer := ask(t, s, `query ($zone: string, $from: Time!, $to: Time!) { viewer { zones(filter: {zoneTag: $zone}) {
			httpRequests1mGroups(limit: 1, filter: {datetime_geq: $from, datetime_lt: $to}) { sum { requests } } } } }`,
			map[string]any{"zone": z.ID, "from": from, "to": to})
		require.Empty(t, answer.Errors)
		return len(rowsOf[any](t, answer.Data.Viewer.Zones[0], datasetHTTPRequests1m))
	}
	assert.Zero(t, count(testBegin.Add(-time.Hour), testBegin), "before the begin")
	assert.Zero(t, count(testBegin.Add(time.Hour), testBegin), "backwards")
	now := clock.time()
	assert.Zero(t, count(now.Add(time.Minute), now.Add(time.Hour)), "in the future")
	clock.set(now.Add(time.Hour))
	assert.Equal(t, 1, count(now.Add(time.Minute), now.Add(time.Hour)))
}

func TestLike(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		text, pattern string
		want          bool
	}{
		{"abc", "abc", true},
		{"abc", "ab", false},
		{"abc", "a%", true},
		{"abc", "%c", true},
		{"abc", "%b%", true},
		{"abc", "a%c", true},
		{"abc", "a%b%c", true},
		{"abc", "%", true},
		{"", "%", true},
		{"", "", true},
		{"aba", "ab%ba", false},
		{"abcbd", "a%b%d", true},
		{"abc", "c%a", false},
	} {
		assert.Equal(t, test.want, like(test.text, test.pattern), "%q like %q", test.text, test.pattern)
	}
}

func TestFormatDuration(t *testing.T) {
	t.Parallel()
	const day = 24 * time.Hour
	for d, want := range map[time.Duration]string{
		day + time.Second + 620*time.Millisecond: "1d1s620ms", 184 * day: "26w2d", 200*day + 4*time.Hour + 6*time.Second: "28w4d4h6s", 0: "0s", 90 * time.Minute: "1h30m",
	} {
		assert.Equal(t, want, formatDuration(d))
	}
}
