// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// firstOf returns the first zone of a plan, in the order of ids.
func firstOf(s *Simulator, plan Plan) *zone {
	return s.world().zones[slices.IndexFunc(s.world().zones, func(z *zone) bool { return z.Plan == plan })]
}

// inZone is a query for one node of a zone.
func inZone(id, node string) string {
	return fmt.Sprintf(`{ viewer { zones(filter: {zoneTag: %q}) { %s } } }`, id, node)
}

const (
	tenMinutes = `datetime_geq: "2026-03-04T10:00:00Z", datetime_lt: "2026-03-04T10:10:00Z"`
	firewall   = `firewallEventsAdaptiveGroups(limit: 100, filter: {` + tenMinutes + `})`
)

func TestRefusedQueries(t *testing.T) {
	t.Parallel()
	s, _ := newTestSimulator(t, func(c *Config) {
		c.Limits.ScopeNodes = 12
		c.Accounts[0].Zones[0].Withheld = []string{"firewallEventsAdaptiveGroups.dimensions_ruleId", "httpRequests1mGroups.sum_countryMap"}
		c.Accounts[0].Zones[3].Withheld = []string{"httpRequests1mGroups"}
	})
	enterprise := s.config.Accounts[1].Zones[0].ID
	pro, free, account := firstOf(s, PlanPro).ID, firstOf(s, PlanFree).ID, s.world().accounts[0].ID
	poor, poorest := s.config.Accounts[0].Zones[0].ID, s.config.Accounts[0].Zones[3].ID
	stranger := strings.Repeat("0", 32)
	allTags := make([]string, 0, len(s.world().zones))
	for _, z := range s.world().zones {
		allTags = append(allTags, `"`+z.ID+`"`)
	}
	eleven := strings.Join(append(slices.Clone(allTags), `"`+stranger+`"`), " ")
	http1m := `httpRequests1mGroups(limit: 10, filter: {` + tenMinutes + `}) { sum { requests } }`
	window := func(filter string) string {
		return inZone(enterprise, `httpRequests1mGroups(limit: 10, filter: {`+filter+`}) { sum { requests } }`)
	}
	for _, test := range []struct {
		name, query, want, code string
		status                  int
	}{
		{"no query", ``, "query contains error", "", 400},
		{"syntax", `{ viewer {`, "query contains error, please review it and retry", "", 400},
		{"mutation", `mutation { viewer { budget } }`, "query contains error", "", 400},
		{"introspection", `{ __schema { types { name } } }`, "query contains error", "", 400},
		{"fragment cycle", `{ viewer { ...a } } fragment a on viewer { ...a }`, "query contains error", "", 400},
		{"unknown field", `{ viewer { zones { colour } } }`, `unknown field "colour"`, "", 400},
		{"unknown dimension", inZone(enterprise, firewall+`{ dimensions { colour } }`), `unknown field "colour"`, "", 400},
		{"scalar with selection", `{ viewer { budget { x } } }`, "scalar fields must have no selections", "", 400},
		{"object without selection", `{ viewer { zones } }`, "object field must have selections", "", 400},
		{"unknown argument", `{ viewer { zones(colour: 1) { zoneTag } } }`, "error parsing args", "", 400},
		{"no filter", inZone(enterprise, `firewallEventsAdaptiveGroups(limit: 1) { count }`), "error parsing args", "", 400},
		{"unknown filter", window(`colour: "red"`), "error parsing args", "", 400},
		{"bad time", window(`datetime_geq: "yesterday"`), "error parsing args", "", 400},
		{"time of the wrong type", window(`datetime_geq: 5`), "error parsing args", "", 400},
		{"list for one value", window(`datetime_geq: ["2026-03-04T10:00:00Z", "2026-03-04T10:00:00Z"]`), "error parsing args", "", 400},
		{"null for one value", window(`datetime_geq: null`), "cannot request data older than 1w", "", 400},
		{"bad limit", inZone(enterprise, `firewallEventsAdaptiveGroups(limit: "x", filter: {}) { count }`), "error parsing args", "", 400},
		{"huge limit", inZone(enterprise, `firewallEventsAdaptiveGroups(limit: 99999999999999999999, filter: {}) { count }`), "error parsing args", "", 400},
		{"bad order", inZone(enterprise, strings.Replace(firewall, "limit", "orderBy: [colour_ASC] limit", 1)+`{ count }`), "error parsing args", "", 400},
		{
			"limit 0", inZone(enterprise, `firewallEventsAdaptiveGroups(limit: 0, filter: {`+tenMinutes+`}) { count }`),
			"limit must be positive number and not greater than 10000", "", 400,
		},
		{
			"limit over the page size", inZone(enterprise, `firewallEventsAdaptiveGroups(limit: 10001, filter: {`+tenMinutes+`}) { count }`),
			"limit must be positive number and not greater than 10000", "", 400,
		},
		{"zone limit", `{ viewer { zones(limit: 11) { zoneTag } } }`, "not greater than 10", "", 400},
		{"no zones", `{ viewer { zones(filter: {zoneTag_in: []}) { zoneTag } } }`, "empty zone filters not allowed", "", 400},
		{"two zone filters", `{ viewer { zones(filter: {zoneTag: "a", zoneTag_gt: "b"}) { zoneTag } } }`, "error parsing args", "", 400},
		{"eleven zones", `{ viewer { zones(filter: {zoneTag_in: [` + eleven + `]}) { zoneTag } } }`, "number of zones can't be more than 10", "", 400},
		{
			"foreign zone", `{ viewer { zones(filter: {zoneTag_in: ["` + enterprise + `", "` + stranger + `"]}) { zoneTag } } }`,
			"zones [" + stranger + "] are not authorized", "authz", 200,
		},
		{
			"foreign account", `{ viewer { accounts(filter: {accountTag: "` + stranger + `"}) { accountTag } } }`,
			"not authorized for that account", "authz", 200,
		},
		{"two accounts", `{ viewer { accounts { settings { workersInvocationsAdaptive { enabled } } } } }`, "number of accounts can't be more than 1", "", 400},
		{
			"gated by plan", inZone(free, http1m), "zone '" + free + "' does not have access to the path. Refer to this page for more details " +
				"about access controls: https://developers.cloudflare.com/analytics/graphql-api/errors/", "authz", 200,
		},
		{"gated by plan, other dataset", inZone(free, firewall+`{ count }`), "does not have access to the path", "authz", 200},
		{"withheld dataset", inZone(poorest, http1m), "zone '" + poorest + "' does not have access to the path", "authz", 200},
		{
			"withheld dimension", inZone(poor, firewall+`{ count dimensions { action ruleId } }`),
			"zone '" + poor + "' does not have access to the field 'ruleid' from the path", "authz", 200,
		},
		{
			"withheld measure", inZone(poor, `httpRequests1mGroups(limit: 1, filter: {`+tenMinutes+`}) { sum { countryMap { requests } } }`),
			"does not have access to the field 'countrymap' from the path", "authz", 200,
		},
		{
			"too old", inZone(pro, `httpRequests1mGroups(limit: 1, filter: {datetime_geq: "2026-03-03T11:59:00Z", datetime_lt: "2026-03-03T12:10:00Z"}) { sum { requests } }`),
			`zone "` + pro + `" cannot request data older than 1d, but your query requests data from 1d1m13s250ms ago`, "", 400,
		},
		{
			"too wide", inZone(pro, `httpRequests1mGroups(limit: 1, filter: {datetime_geq: "2026-03-04T10:00:00Z", datetime_lt: "2026-03-05T10:00:01Z"}) { sum { requests } }`),
			`zone "` + pro + `" cannot request a time range wider than 1d, but your query time range spans 1d1s`, "", 400,
		},
		{
			"too wide by the clock", `{ viewer { accounts(filter: {accountTag: "` + account + `"}) {
				workersInvocationsAdaptive(limit: 1, filter: {datetime_gt: "2026-02-25T12:00:13Z"}) { sum { requests } } } } }`,
			`account "` + account + `" cannot request a time range wider than 1w, but your query time range spans 1w250ms`, "", 400,
		},
		{"no time range", window(``), "cannot request data older than 1w", "", 400},
		{"no time range in an alternative", window(`OR: [{` + tenMinutes + `}, {date_neq: "2026-03-04"}]`), "cannot request data older than 1w", "", 400},
		{
			"too many fields", `{ viewer { accounts(filter: {accountTag: "` + account + `"}) { workersInvocationsAdaptive(limit: 1, filter: {` +
				tenMinutes + `}) { quantiles { ` + strings.Join(quantileFields()[:31], " ") + ` } } } } }`,
			"number of fields can't be more than 30", "", 400,
		},
		{
			"too many nodes", `{ viewer { zones(limit: 10) { a: ` + firewall + `{ count } b: ` + firewall + `{ count } } } }`,
			"in combination, your request queries too many nodes, zones and accounts", "", 429,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := call(t, s, http.MethodPost, "/client/v4/graphql", queryBody(t, test.query, nil))
			assert.Equal(t, test.status, w.Code)
			var answer struct {
				Data   *json.RawMessage
				Errors []struct {
					Message    string
					Extensions map[string]string
				}
			}
			require.NoError(t, json.Unmarshal(w.Body.Bytes(), &answer), w.Body.String())
			assert.Nil(t, answer.Data)
			require.Len(t, answer.Errors, 1, w.Body.String())
			assert.Contains(t, answer.Errors[0].Message, test.want)
			assert.Equal(t, test.code, answer.Errors[0].Extensions["code"])
			assert.Equal(t, "2026-03-04T12:00:13.25Z", answer.Errors[0].Extensions["timestamp"])
		})
	}
}

func quantileFields() []string {
	var fields []string
	for name := range workersDistributions() {
		if field, ok := strings.CutPrefix(name, "quantiles_"); ok {
			fields = append(fields, field)
		}
	}
	return fields
}

func queryBody(tb testing.TB, query string, variables map[string]any) []byte {
	tb.Helper()
	body, err := json.Marshal(map[string]any{"query": query, "variables": variables})
	require.NoError(tb, err)
	return body
}

// One gated zone takes the whole document with it, and the path tells which it was.
func TestErrorPathNamesTheZone(t *testing.T) {
	t.Parallel()
	s, _ := newTestSimulator(t, nil)
	answer := ask(t, s, `query { viewer { z: zones(limit: 10) { zoneTag events: `+firewall+` { count } } } }`, nil)
	require.Len(t, answer.Errors, 1)
	index := slices.IndexFunc(s.world().zones, func(z *zone) bool { return z.Plan == PlanFree })
	assert.Equal(t, []string{"viewer", "z", strconv.Itoa(index), "events"}, answer.Errors[0].Path)
	assert.Empty(t, answer.Data.Viewer.Zones)
}

func TestZoneSelection(t *testing.T) {
	t.Parallel()
	s, _ := newTestSimulator(t, nil)
	id := func(i int) string { return s.world().zones[i].ID }
	for _, test := range []struct {
		arguments string
		want      []string
	}{
		{`(filter: {zoneTag: "` + id(4) + `"})`, []string{id(4)}},
		{`(filter: {zoneTag_in: ["` + id(6) + `", "` + id(2) + `", "` + id(6) + `"]})`, []string{id(2), id(6)}},
		{`(filter: {zoneTag_in: "` + id(6) + `"})`, []string{id(6)}},
		{`(filter: {zoneTag_gt: "` + id(7) + `"}, limit: 10)`, []string{id(8), id(9)}},
		{`(filter: {zoneTag_gt: ""}, limit: 2)`, []string{id(0), id(1)}},
		{`(limit: 1)`, []string{id(0)}},
		{`(filter: {zoneTag_gt: "` + id(9) + `"})`, nil},
	} {
		t.Run(test.arguments, func(t *testing.T) {
			t.Parallel()
			answer := ask(t, s, `{ viewer { zones`+test.arguments+` { zoneTag } } }`, nil)
			require.Empty(t, answer.Errors)
			var tags []string
			for _, z := range answer.Data.Viewer.Zones {
				tags = append(tags, strings.Trim(string(z["zoneTag"]), `"`))
			}
			assert.Equal(t, test.want, tags)
		})
	}
}

func TestVariablesMayHaveStandardTypes(t *testing.T) {
	t.Parallel()
	s, _ := newTestSimulator(t, nil)
	z := firstOf(s, PlanEnterprise)
	answer := ask(t, s, `query ($zones: [String!], $from: Time!, $to: Time, $limit: Int!, $order: [ZoneFirewallEventsAdaptiveGroupsOrderBy!]) {
		viewer { zones(filter: {zoneTag_in: $zones}) {
			firewallEventsAdaptiveGroups(limit: $limit, orderBy: $order, filter: {datetime_geq: $from, datetime_lt: $to}) { count } } } }`,
		map[string]any{"zones": []string{z.ID}, "from": testBegin, "to": testBegin.Add(time.Hour), "limit": 1, "order": "count_DESC"})
	require.Empty(t, answer.Errors)
	require.Len(t, answer.Data.Viewer.Zones, 1)
	for _, declaration := range []string{"$zone: Int!", "$zone: [string!]", "$zone: Colour"} {
		refused := ask(t, s, `query (`+declaration+`) { viewer { zones(filter: {zoneTag: $zone}) { zoneTag } } }`, map[string]any{"zone": 1})
		assert.NotEmpty(t, refused.Errors, declaration)
	}
	refused := ask(t, s, `query ($zone: string!) { viewer { zones(filter: {zoneTag: $zone}) { zoneTag } } }`, nil)
	require.Len(t, refused.Errors, 1)
	assert.Contains(t, refused.Errors[0].Message, "error parsing args")
}

// Aliases, fragments, directives and __typename work as GraphQL says.
func TestSelections(t *testing.T) {
	t.Parallel()
	s, _ := newTestSimulator(t, nil)
	w := call(t, s, http.MethodPost, "/client/v4/graphql", queryBody(t, `
		query first { cost }
		query second($no: Boolean = false) {
			what: cost
			viewer { __typename budget ...v zones(limit: 1) { ... on zone { __typename } tag: zoneTag @skip(if: true) other: zoneTag @include(if: $no) } }
		}
		fragment v on viewer { zones(limit: 1) { first: zoneTag } }`, nil))
	assert.Contains(t, w.Body.String(), "no such operation")

	body, err := json.Marshal(map[string]any{"operationName": "second", "query": `
		query first { cost }
		query second($no: Boolean = false) {
			what: cost
			viewer { __typename budget ...v zones(limit: 1) { ... on zone { __typename } tag: zoneTag @skip(if: true) other: zoneTag @include(if: $no) } }
		}
		fragment v on viewer { zones(limit: 1) { first: zoneTag } }`})
	require.NoError(t, err)
	w = call(t, s, http.MethodPost, "/client/v4/graphql", body)
	assert.JSONEq(t, `{"data": {"what": 1, "viewer": {"__typename": "viewer", "budget": 1048576, "zones": [
		{"__typename": "zone", "first": "`+s.world().zones[0].ID+`"}]}}, "errors": null}`, w.Body.String())
}

func TestSettings(t *testing.T) {
	t.Parallel()
	s, _ := newTestSimulator(t, func(c *Config) {
		c.Limits.PageSize = 50
		c.Accounts[0].Zones[1].Withheld = []string{"firewallEventsAdaptiveGroups.dimensions_ruleId"}
	})
	type settings map[string]entitlement
	read := func(id string) settings {
		answer := ask(t, s, inZone(id, `settings { __typename
			httpRequests1mGroups { __typename enabled availableFields maxDuration notOlderThan maxPageSize maxNumberOfFields }
			firewallEventsAdaptiveGroups { enabled availableFields maxDuration notOlderThan maxPageSize maxNumberOfFields } }`), nil)
		require.Empty(t, answer.Errors)
		var raw map[string]json.RawMessage
		require.NoError(t, json.Unmarshal(answer.Data.Viewer.Zones[0]["settings"], &raw))
		found := settings{}
		for _, name := range []string{datasetHTTPRequests1m, datasetFirewallEvents} {
			var e entitlement
			require.NoError(t, json.Unmarshal(raw[name], &e))
			found[name] = e
		}
		return found
	}
	for plan, days := range map[Plan][2]int64{PlanBusiness: {3, 30}, PlanEnterprise: {7, 30}} {
		got := read(firstOf(s, plan).ID)
		assert.Equal(t, 86400*days[0], got[datasetHTTPRequests1m].NotOlderThan, plan)
		assert.Equal(t, 86400*days[1], got[datasetFirewallEvents].MaxDuration, plan)
		assert.Equal(t, int64(50), got[datasetFirewallEvents].MaxPageSize)
		assert.Equal(t, int64(30), got[datasetFirewallEvents].MaxNumberOfFields)
		assert.Subset(t, got[datasetHTTPRequests1m].AvailableFields,
			[]string{"sum_requests", "sum_countryMap", "sum_countryMap_bytes", "uniq_uniques", "dimensions_datetimeMinute"})
		assert.Subset(t, got[datasetFirewallEvents].AvailableFields, []string{"count", "dimensions_ruleId"})
	}
	poor := read(s.config.Accounts[0].Zones[1].ID)
	assert.True(t, poor[datasetFirewallEvents].Enabled)
	assert.NotContains(t, poor[datasetFirewallEvents].AvailableFields, "dimensions_ruleId")
	free := read(firstOf(s, PlanFree).ID)
	assert.Equal(t, entitlement{AvailableFields: []string{}}, free[datasetHTTPRequests1m])

	answer := ask(t, s, `{ viewer { accounts(filter: {accountTag: "`+s.world().accounts[0].ID+`"}) { accountTag settings { workersInvocationsAdaptive { maxDuration notOlderThan } } } } }`, nil)
	require.Empty(t, answer.Errors)
	assert.JSONEq(t, `{"workersInvocationsAdaptive": {"maxDuration": 604800, "notOlderThan": 7862400}}`, string(answer.Data.Viewer.Accounts[0]["settings"]))
}

// Every field of the schema's known datasets is answered, and every filter and order is understood.
func TestNodesCoverTheSchema(t *testing.T) {
	t.Parallel()
	s, _ := newTestSimulator(t, nil)
	for _, scopeType := range []string{"zone", "account"} {
		for _, field := range s.schema.Types[scopeType].Fields {
			if field.Arguments.ForName("orderBy") == nil {
				continue
			}
			n := s.nodes[nodeKey{scopeType, field.Name}]
			require.NotNil(t, n, field.Name)
			var want []string
			for _, object := range s.schema.Types[field.Type.Name()].Fields {
				want = append(want, s.leaves(object.Name, object.Type.Name())...)
			}
			assert.ElementsMatch(t, want, n.fields, field.Name)
			for _, filter := range s.schema.Types[field.Arguments.ForName("filter").Type.Name()].Fields {
				name, _, _ := strings.Cut(filter.Name, "_")
				if name != "AND" && name != "OR" {
					assert.Contains(t, n.dimensions, name)
				}
			}
			for _, order := range s.schema.Types[field.Arguments.ForName("orderBy").Type.Name()].EnumValues {
				name := order.Name[:strings.LastIndex(order.Name, "_")]
				_, isDimension := n.dimensions[name]
				assert.True(t, isDimension || n.has(name), order.Name)
			}
		}
	}
}

// leaves flattens the names of a field; a list of objects counts by itself, too.
func (s *Simulator) leaves(name, typeName string) []string {
	fields := s.schema.Types[typeName].Fields
	if len(fields) == 0 {
		return []string{name}
	}
	var names []string
	if strings.HasSuffix(typeName, "Elem") {
		names = append(names, name)
	}
	for _, field := range fields {
		names = append(names, s.leaves(name+"_"+field.Name, field.Type.Name())...)
	}
	return names
}
