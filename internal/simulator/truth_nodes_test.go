// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Of every node of the schema, Truth equals what GraphQL answers: sums over any windows, all else over one.
func TestTruthEqualsEveryNode(t *testing.T) {
	t.Parallel()
	s, _ := newTestSimulator(t, func(c *Config) {
		c.Accounts, c.EventsPerMinute = DefaultLayout(1, 1, PlanEnterprise), 12
	})
	for key, n := range s.nodes {
		if n.raw || key.scope == "account" && n.tellsZones() {
			continue
		}
		t.Run(key.scope+" "+key.name, func(t *testing.T) {
			t.Parallel()
			truthOfNode(t, s, key)
		})
	}
}

func truthOfNode(t *testing.T, s *Simulator, key nodeKey) {
	t.Helper()
	n := s.nodes[key]
	dimensions := slices.DeleteFunc(slices.Sorted(maps.Keys(n.dimensions)), func(name string) bool {
		info := n.dimensions[name]
		return info.width != 0 || info.list || name == "sampleInterval" || !n.has("dimensions_"+name)
	})
	dimensions = dimensions[:min(3, len(dimensions))]
	for _, field := range n.fields {
		group, leaf, _ := strings.Cut(field, "_")
		if group == "dimensions" || strings.Contains(leaf, "_") || n.breakdowns[field] != "" {
			continue
		}
		parts := []int{1}
		if group == "count" || group == "sum" {
			parts = []int{1, 4}
		}
		g := Grouping{Name: "m", Scope: key.scope, Dataset: key.name, Measure: strings.ReplaceAll(field, "_", "."), Dimensions: dimensions}
		want := map[string]float64{}
		for _, total := range exact(s.Truth(testBegin, testBegin.Add(time.Hour), g)) {
			want[fmt.Sprint(total.Dimensions)] = total.Value
		}
		for _, windows := range parts {
			got := map[string]float64{}
			for i := range windows {
				width := time.Hour / time.Duration(windows)
				addRows(t, s, g, testBegin.Add(time.Duration(i)*width), width, got)
			}
			assert.Equal(t, want, got, "%s in %d windows", field, windows)
		}
	}
}

// addRows asks for a grouping over GraphQL, and adds its rows.
func addRows(t *testing.T, s *Simulator, g Grouping, from time.Time, width time.Duration, values map[string]float64) {
	t.Helper()
	selection := g.Measure
	group, leaf, nested := strings.Cut(g.Measure, ".")
	if nested {
		selection = group + " { " + leaf + " }"
	}
	if len(g.Dimensions) > 0 {
		selection += " dimensions { " + strings.Join(g.Dimensions, " ") + " }"
	}
	argument := s.schema.Types[g.Scope].Fields.ForName(g.Dataset).Arguments.ForName("filter")
	name := "datetimeMinute"
	if s.schema.Types[argument.Type.Name()].Fields.ForName(name+"_geq") == nil {
		name = "datetime"
	}
	node := fmt.Sprintf(`%s(limit: 10000, filter: {%s_geq: %q, %s_lt: %q}) { %s }`, g.Dataset,
		name, from.Format(time.RFC3339), name, from.Add(width).Format(time.RFC3339), selection)
	query := inZone(s.world().zones[0].ID, node)
	if g.Scope == "account" {
		query = inAccount(s.world().accounts[0].ID, node)
	}
	w := call(t, s, http.MethodPost, "/client/v4/graphql", queryBody(t, query, nil))
	require.Equal(t, http.StatusOK, w.Code, w.Body.String())
	for _, row := range decodedRows(t, w.Body, g.Dataset) {
		labels := map[string]string{}
		if own, ok := row["dimensions"].(map[string]any); ok {
			for name, v := range own {
				labels[name] = fmt.Sprint(v)
			}
		}
		v := row[g.Measure]
		if nested {
			v = row[group].(map[string]any)[leaf] //nolint:errcheck // a test may panic
		}
		if x := valueOf(t, v); x != 0 {
			values[fmt.Sprint(labels)] += x
		}
	}
}

// ofAdaptive is a grouping of a zone's HTTP requests.
func ofAdaptive(name, measure string, where map[string]any, dimensions ...string) Grouping {
	return Grouping{Name: name, Scope: "zone", Query: "q", Dataset: "httpRequestsAdaptiveGroups", Measure: measure, Where: where, Dimensions: dimensions}
}

func endUsers() map[string]any { return map[string]any{"requestSource": requestEyeball} }

// The roll-up and the adaptive dataset, narrowed to end users, count the same.
func TestSourcesAgree(t *testing.T) {
	t.Parallel()
	s, _ := newTestSimulator(t, nil)
	values := map[string]map[string]float64{}
	for _, total := range exact(s.TruthAll(time.Time{}, testBegin.Add(time.Hour),
		Grouping{Name: "rollUp", Scope: "zone", Dataset: datasetHTTPRequests1m, Measure: "sum.bytes"},
		ofAdaptive("adaptive", "sum.edgeResponseBytes", endUsers()),
		ofAdaptive("all", "sum.edgeResponseBytes", nil),
	)) {
		if values[total.Name] == nil {
			values[total.Name] = map[string]float64{}
		}
		values[total.Name][total.ID] = total.Value
	}
	assert.Len(t, values["rollUp"], len(s.world().zones))
	assert.Equal(t, values["rollUp"], values["adaptive"])
	for id, all := range values["all"] {
		assert.Greater(t, all, values["rollUp"][id])
	}
}

func TestTruthAgainstTheEvents(t *testing.T) {
	t.Parallel()
	s, _ := newTestSimulator(t, func(c *Config) { c.EventsPerMinute = 300 })
	z, to := firstOf(s, PlanEnterprise), testBegin.Add(20*time.Minute)
	failed := func(r httpRequest) bool { return r.eyeball() && r.edgeStatus >= 400 }
	want, slow, asked := map[string]float64{}, map[string]float64{}, map[string]float64{}
	for _, r := range events(s, z.ID, testBegin, to) {
		if failed(r) {
			want[fmt.Sprint(map[string]string{"coloCode": r.colo, "edgeResponseStatus": strconv.Itoa(int(r.edgeStatus))})]++
		}
		if r.originDurationMS > 0 {
			slow[r.country], asked[r.country] = slow[r.country]+float64(r.originDurationMS), asked[r.country]+1
		}
	}
	got := map[string]float64{}
	for _, total := range exact(s.Truth(testBegin, to,
		ofAdaptive("failed", "count", map[string]any{"requestSource": "eyeball", "edgeResponseStatus_geq": 400}, "coloCode", "edgeResponseStatus"),
		ofAdaptive("slow", "avg.originResponseDurationMs", nil, "clientCountryName"),
	)) {
		switch {
		case total.ID != z.ID:
		case total.Name == "failed":
			got[fmt.Sprint(total.Dimensions)] = total.Value
		default:
			country := total.Dimensions["clientCountryName"]
			assert.InEpsilon(t, slow[country]/asked[country], total.Value, 1e-9, "zeros are left out")
		}
	}
	assert.Equal(t, want, got)
}

// Who may not read a dataset has its totals from another one, and who may not read a field is not told by it.
func TestTruthByEntitlements(t *testing.T) {
	t.Parallel()
	s, _ := newTestSimulator(t, nil)
	fallback := ofAdaptive("requests", "count", endUsers())
	fallback.Unless = datasetHTTPRequests1m
	bots := Grouping{Name: "bots", Scope: "zone", Dataset: datasetFirewallEvents, Measure: "count", Dimensions: []string{"action", "botScore"}}
	human := ofAdaptive("human", "count", map[string]any{"botScore_geq": 30})
	raw := Grouping{Name: "raw", Scope: "zone", Dataset: "firewallEventsAdaptive", Measure: "rows", Dimensions: []string{"action"}, Unless: datasetFirewallEvents}
	names := map[Plan]map[string]bool{}
	for _, total := range exact(s.Truth(time.Time{}, time.Time{},
		Grouping{Name: "roll-up", Scope: "zone", Dataset: datasetHTTPRequests1m, Measure: "sum.requests"}, fallback, bots, human, raw)) {
		plan := s.world().zones[slices.IndexFunc(s.world().zones, func(z *zone) bool { return z.ID == total.ID })].Plan
		if names[plan] == nil {
			names[plan] = map[string]bool{}
		}
		names[plan][total.Name+" by "+strings.Join(slices.Sorted(maps.Keys(total.Dimensions)), " ")] = true
	}
	assert.Equal(t, map[Plan]map[string]bool{
		PlanFree:       {"requests by ": true, "raw by action": true},
		PlanPro:        {"roll-up by ": true, "bots by action": true},
		PlanBusiness:   {"roll-up by ": true, "bots by action": true},
		PlanEnterprise: {"roll-up by ": true, "bots by action botScore": true, "human by ": true},
	}, names)
}

func TestGroupingsOfNothing(t *testing.T) {
	t.Parallel()
	s, _ := newTestSimulator(t, nil)
	for want, g := range map[string]Grouping{
		`there is no dataset "nothing" of scope "zone"`:                    {Scope: "zone", Dataset: "nothing", Measure: "count"},
		`there is no dataset "workersInvocationsAdaptive" of scope "zone"`: {Scope: "zone", Dataset: datasetWorkers, Measure: "sum.requests"},
		`httpRequests1mGroups has no measure "sum.nothing"`:                {Scope: "zone", Dataset: datasetHTTPRequests1m, Measure: "sum.nothing"},
		`httpRequests1mGroups has no measure "sum.countryMap.nothing"`:     {Scope: "zone", Dataset: datasetHTTPRequests1m, Measure: "sum.countryMap.nothing"},
		`cannot be grouped by "sum.countryMap.clientCountryName"`:          {Scope: "zone", Dataset: datasetHTTPRequests1m, Measure: "sum.requests", Dimensions: []string{"sum.countryMap.clientCountryName"}},
		`the measure of firewallEventsAdaptive is rows, not "count"`:       {Scope: "zone", Dataset: "firewallEventsAdaptive", Measure: "count"},
		`where: unknown filter "colour"`:                                   {Scope: "zone", Dataset: datasetFirewallEvents, Measure: "count", Where: map[string]any{"colour": "red"}},
		`unless: there is no dataset "nothing"`:                            {Scope: "zone", Dataset: datasetFirewallEvents, Measure: "count", Unless: "nothing"},
	} {
		for _, ask := range []func() ([]Total, error){
			func() ([]Total, error) { return s.Truth(time.Time{}, time.Time{}, g) },
			func() ([]Total, error) { return s.TruthOf(nil, g) },
			func() ([]Total, error) { return s.Answered(nil, g) },
		} {
			_, err := ask()
			require.ErrorContains(t, err, want)
		}
	}
}

// Queries of one dataset are kept apart, by their dimensions and filters.
func TestTruthOfQueriesOfOneDataset(t *testing.T) {
	t.Parallel()
	s, _ := newTestSimulator(t, nil)
	z := firstOf(s, PlanEnterprise)
	s.RecordReads(RecordAnswers)
	const (
		node  = `httpRequestsAdaptiveGroups(limit: 10000, filter: {` + tenMinutes
		eyes  = node + `, requestSource: "eyeball"})`
		colos = eyes + ` { count dimensions { coloCode clientRequestHTTPHost } }`
	)
	for _, query := range []string{
		colos, // read again below
		eyes + ` { count dimensions { edgeResponseStatus } sum { edgeResponseBytes } }`,
		node + `, requestSource: "eyeball", edgeResponseStatus_geq: 400}) { count dimensions { coloCode edgeResponseStatus } }`,
		eyes + ` { count dimensions { clientCountryName } }`, // of no grouping
		colos,
	} {
		require.Empty(t, ask(t, s, inZone(z.ID, query), nil).Errors)
	}
	of := func(query string, g Grouping) Grouping {
		g.Query = query
		return g
	}
	failed := endUsers()
	failed["edgeResponseStatus_geq"] = 400
	groupings := []Grouping{
		of("colo", ofAdaptive("colo", "count", endUsers(), "coloCode", "clientRequestHTTPHost")),
		of("colo", ofAdaptive("host", "count", endUsers(), "clientRequestHTTPHost")),
		of("totals", ofAdaptive("all", "sum.edgeResponseBytes", endUsers())),
		of("totals", ofAdaptive("status", "count", endUsers(), "edgeResponseStatus")),
		of("totals", ofAdaptive("failed", "count", failed)), // told by the dimension
		of("errors", ofAdaptive("errors", "count", failed, "coloCode", "edgeResponseStatus")),
	}
	var want []Total
	for _, total := range exact(s.Truth(testBegin, testBegin.Add(10*time.Minute), groupings...)) {
		if total.ID == z.ID {
			want = append(want, total)
		}
	}
	reads := LastReads(s.Reads())
	assert.Len(t, reads, 4)
	assert.Equal(t, want, exact(s.TruthOf(reads, groupings...)))
	assert.Equal(t, want, exact(s.Answered(reads, groupings...)))

	complete, err := s.Complete(reads, groupings...)
	require.NoError(t, err)
	assert.Len(t, complete, 3, "one query is of no grouping")
	groupings = append(groupings, of("colo", ofAdaptive("visits", "sum.visits", endUsers(), "coloCode")))
	complete, err = s.Complete(reads, groupings...)
	require.NoError(t, err)
	assert.Len(t, complete, 2, "nobody asked for the visits")
}

// A sampled raw row stands for as many events as it says.
func TestRawRows(t *testing.T) {
	t.Parallel()
	s, _ := newTestSimulator(t, func(c *Config) { c.EventsPerMinute = 600 })
	z := firstOf(s, PlanFree)
	query := inZone(z.ID, `firewallEventsAdaptive(limit: 10000, filter: {`+tenMinutes+`}) { action ruleId sampleInterval }`)
	g := Grouping{Name: "raw", Scope: "zone", Dataset: "firewallEventsAdaptive", Measure: "rows", Dimensions: []string{"action"}}
	s.RecordReads(RecordAnswers)
	require.Empty(t, ask(t, s, query, nil).Errors)
	want := exact(s.Truth(testBegin, testBegin.Add(10*time.Minute), g))
	want = slices.DeleteFunc(want, func(total Total) bool { return total.ID != z.ID })
	assert.Equal(t, want, exact(s.Answered(s.Reads(), g)))
	count := s.Reads()[0].Rows
	assert.Len(t, firewallOf(s, z.ID, testBegin, testBegin.Add(10*time.Minute), func(*httpRequest) bool { return true }), count)

	s.SetFaults(Faults{Sampling: Sampling{TenAbove: 1}})
	s.RecordReads(RecordAnswers)
	answer := ask(t, s, query, nil)
	rows := rowsOf[struct{ SampleInterval int }](t, answer.Data.Viewer.Zones[0], "firewallEventsAdaptive")
	assert.Less(t, len(rows), count/4)
	for _, row := range rows {
		assert.Equal(t, 10, row.SampleInterval)
	}
	sampled := uint64(0)
	for _, total := range exact(s.Answered(s.Reads(), g)) {
		sampled += total.Int
	}
	assert.Equal(t, uint64(10*len(rows)), sampled)
}

// A zone whose origin does not answer has that share of 522, in rows as in truth.
func TestUnreachable(t *testing.T) {
	t.Parallel()
	s, _ := newTestSimulator(t, func(c *Config) {
		c.Accounts = DefaultLayout(1, 2)
		c.Accounts[0].Zones[0].Unreachable = 0.5
	})
	zones := s.config.Accounts[0].Zones
	byStatus := Grouping{Name: "m", Scope: "zone", Dataset: "httpRequestsAdaptiveGroups", Measure: "count", Dimensions: []string{"edgeResponseStatus"}}
	totals, err := s.Truth(time.Time{}, time.Time{}, byStatus)
	require.NoError(t, err)
	all, unreachable := map[string]float64{}, map[string]float64{}
	for _, total := range totals {
		all[total.ID] += total.Value
		if total.Dimensions["edgeResponseStatus"] == "522" {
			unreachable[total.ID] += total.Value
		}
	}
	assert.InDelta(t, 0.5, unreachable[zones[0].ID]/all[zones[0].ID], 0.05)
	assert.InDelta(t, 0, unreachable[zones[1].ID]/all[zones[1].ID], 0.05)
	answer := ask(t, s, inZone(zones[0].ID, `httpRequestsAdaptiveGroups(limit: 10, filter: {edgeResponseStatus_geq: 522, datetime_geq: "`+
		testBegin.Format(time.RFC3339)+`"}) { count }`), nil)
	require.Empty(t, answer.Errors)
	assert.InDelta(t, unreachable[zones[0].ID], float64(rowsOf[struct{ Count uint64 }](t, answer.Data.Viewer.Zones[0], "httpRequestsAdaptiveGroups")[0].Count), 0)

	_, err = New(Config{Accounts: []Account{{ID: hexID("account", 0), Zones: []Zone{{ID: hexID("zone", 0), Plan: PlanFree, Unreachable: 2}}}}})
	require.ErrorContains(t, err, "between 0 and 1")
}
