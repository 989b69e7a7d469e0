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

// FuzzGraphQL sends arbitrary bodies: the answer is always JSON, and either data or an error.
func FuzzGraphQL(f *testing.F) {
	s, _ := newTestSimulator(f, func(c *Config) { c.EventsPerMinute, c.End = 3, testBegin.Add(5*time.Minute) })
	id, account := firstOf(s, PlanEnterprise).ID, s.world().accounts[0].ID
	require.NoError(f, s.SetGranted(account, datasetFirewallEvents))
	s.SetFaults(Faults{Sampling: Sampling{TenAbove: 2}, Late: Lateness{Share: 0.5, MaxSeconds: 60}})
	for _, query := range []string{
		"", "{", "{ cost }", "{ a: cost a: cost }", "{ viewer { budget __typename } }", "query q { cost }", "subscription { cost }",
		inZone(id, firewall+`{ count avg { sampleInterval } dimensions { action datetime } }`),
		inZone(id, `httpRequests1mGroups(limit: 1, orderBy: [sum_requests_DESC], filter: {`+tenMinutes+`}) { sum { countryMap { bytes clientCountryName } } uniq { uniques } }`),
		inZone(id, `httpRequests1mGroups(limit: 1, filter: {AND: [{`+tenMinutes+`}], OR: [{date_in: ["2026-03-04"]}]}) { dimensions { date } }`),
		inZone(id, `settings { __typename httpRequests1mGroups { enabled } }`),
		`{ viewer { ...f } } fragment f on viewer { zones(limit: 1) @skip(if: false) { ... { zoneTag } } }`,
		`{ viewer { accounts { accountTag } zones(filter: {zoneTag_gt: ""}, limit: -1) { zoneTag } } }`,
		inAccount(account, `zones(limit: 2) { zoneTag `+firewall+`{ count } } `+firewall+`{ count dimensions { zoneTag } }`),
		inAccount(account, `firewallEventsAdaptiveGroups(limit: 5, filter: {zoneTag_in: ["`+id+`"], `+tenMinutes+`}) { n: count c: dimensions { z: zoneTag } }`),
		`{ __type(name: "zone") { name } }`,
	} {
		body, err := json.Marshal(map[string]any{"query": query})
		if err != nil {
			f.Fatal(err)
		}
		f.Add(body)
	}
	f.Add([]byte(`{"query": "query ($z: [string!], $f: ZoneFilter_InputObject, $n: uint64) { viewer { zones(filter: $f, limit: $n) { zoneTag } } }",` +
		`"variables": {"z": [null, 1], "f": {"zoneTag_in": "x"}, "n": 1e3}}`))
	f.Add([]byte(`{"query": "query ($s: Boolean) { cost @skip(if: $s) }", "variables": {"s": null}}`))
	f.Add([]byte(`[]`))
	f.Fuzz(func(t *testing.T, body []byte) {
		s.RecordReads(RecordAnswers)
		w := call(t, s, http.MethodPost, "/client/v4/graphql", body)
		var answer struct {
			Data   *json.RawMessage
			Errors []graphqlError
		}
		require.NoError(t, json.Unmarshal(w.Body.Bytes(), &answer), "%q", w.Body)
		assert.NotEqual(t, answer.Data == nil, answer.Errors == nil, "%q", w.Body)
		assert.NotEqual(t, http.StatusInternalServerError, w.Code)
		exact(s.TruthOf(LastReads(s.Reads()), counters()...))
	})
}
