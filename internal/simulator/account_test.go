// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// inAccount is a query for one node of an account.
func inAccount(id, node string) string {
	return fmt.Sprintf(`{ viewer { accounts(filter: {accountTag: %q}) { %s } } }`, id, node)
}

// Firewall events at account scope are those of the account's zones, told apart by zoneTag.
func TestAccountFirewallEvents(t *testing.T) {
	t.Parallel()
	s, _ := newTestSimulator(t, nil)
	a, other := s.world().accounts[0], s.world().accounts[1]
	query := func(filter string) string {
		return inAccount(a.ID, `firewallEventsAdaptiveGroups(limit: 10000, orderBy: [zoneTag_ASC], filter: {`+tenMinutes+filter+`}) {
			count dimensions { zoneTag action source ruleId clientRequestHTTPHost clientCountryName } }`)
	}
	refused := ask(t, s, query(""), nil)
	require.Len(t, refused.Errors, 1)
	assert.Contains(t, refused.Errors[0].Message, "account '"+a.ID+"' does not have access to the path")

	require.NoError(t, s.SetGranted(a.ID, datasetFirewallEvents))
	require.NoError(t, s.SetGranted(other.ID, datasetFirewallEvents))
	s.RecordReads(RecordAnswers)
	require.Empty(t, ask(t, s, query(""), nil).Errors)
	reads := s.Reads()
	require.Len(t, reads, len(a.zones), "one for each zone")
	truth := exact(s.Truth(testBegin, testBegin.Add(10*time.Minute), counters()...))
	assert.NotZero(t, total(truth, firstOf(s, PlanFree).ID, "count"), "the grant is of all zones, whatever their plans")
	for i, r := range reads {
		assert.Equal(t, a.zones[i].ID, r.ID)
		assert.True(t, r.Account)
		assert.Equal(t, total(truth, r.ID, "count"), total(r.Answered, r.ID, "count"))
	}
	own := exact(s.TruthOf(reads, counters()...))
	for _, z := range a.zones {
		assert.Equal(t, total(truth, z.ID, "count"), total(own, z.ID, "count"))
	}

	s.RecordReads(RecordWindows)
	some := fmt.Sprintf(`, zoneTag_in: [%q, %q]`, a.zones[1].ID, a.zones[3].ID)
	var rows []firewallRow
	answer := ask(t, s, query(some), nil)
	require.Empty(t, answer.Errors)
	rows = rowsOf[firewallRow](t, answer.Data.Viewer.Accounts[0], datasetFirewallEvents)
	counts := map[string]uint64{}
	for _, row := range rows {
		counts[row.Dimensions["zoneTag"]] += row.Count
	}
	assert.Equal(t, map[string]uint64{a.zones[1].ID: total(truth, a.zones[1].ID, "count"), a.zones[3].ID: total(truth, a.zones[3].ID, "count")}, counts)
	require.Len(t, s.Reads(), 2)
	assert.Empty(t, s.Reads()[0].Where, "zones do not count")

	require.NoError(t, s.SetWithheld(a.ID, "firewallEventsAdaptiveGroups.dimensions_ruleId", datasetWorkers))
	refused = ask(t, s, query(""), nil)
	require.Len(t, refused.Errors, 1)
	assert.Contains(t, refused.Errors[0].Message, "the field 'ruleid'")
	assert.NotEmpty(t, ask(t, s, inAccount(a.ID, `workersInvocationsAdaptive(limit: 1, filter: {`+tenMinutes+`}) { sum { requests } }`), nil).Errors)
	assert.Zero(t, total(exact(s.Truth(time.Time{}, time.Time{}, counters()...)), a.ID, "sum.requests"))
}

func TestZonesNestedInAnAccount(t *testing.T) {
	t.Parallel()
	s, _ := newTestSimulator(t, func(c *Config) { c.Limits.ScopeNodes = 6 })
	a, other := s.world().accounts[0], s.world().accounts[1]
	nested := func(zones, node string) string {
		return inAccount(a.ID, `accountTag zones`+zones+` { zoneTag `+node+` }`)
	}
	answer := ask(t, s, nested(`(limit: 10)`, ``), nil)
	require.Empty(t, answer.Errors)
	var zones []struct{ ZoneTag string }
	require.NoError(t, json.Unmarshal(answer.Data.Viewer.Accounts[0]["zones"], &zones))
	require.Len(t, zones, len(a.zones))
	for i, z := range a.zones {
		assert.Equal(t, z.ID, zones[i].ZoneTag)
	}
	two := fmt.Sprintf(`(filter: {zoneTag_in: [%q, %q]})`, a.zones[0].ID, a.zones[1].ID)
	for _, test := range []struct{ query, want string }{
		{nested(fmt.Sprintf(`(filter: {zoneTag: %q})`, other.zones[0].ID), ``), "are not authorized"},
		{nested(`(limit: 10)`, `a: `+firewall+`{ count } b: `+firewall+`{ count }`), "too many nodes"},
		{nested(two, `a: `+firewall+`{ count } b: `+firewall+`{ count }`), ""},
	} {
		refused := ask(t, s, test.query, nil)
		if test.want == "" {
			assert.Empty(t, refused.Errors)
			continue
		}
		require.Len(t, refused.Errors, 1)
		assert.Contains(t, refused.Errors[0].Message, test.want)
	}
}

// askAccountBased asks under the opt-in limits.
func askAccountBased(t *testing.T, s *Simulator, query string) reply {
	t.Helper()
	r := httptest.NewRequest(http.MethodPost, "/client/v4/graphql", bytes.NewReader(queryBody(t, query, nil)))
	r.Header.Set("Authorization", "Bearer secret-token")
	r.Header.Set("X-Rate-Limit-Type", "account-based")
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	answer := reply{Status: w.Code}
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &answer))
	return answer
}

func TestAccountBasedLimits(t *testing.T) {
	t.Parallel()
	s, clock := newTestSimulator(t, func(c *Config) { c.Limits.AccountBased, c.Limits.GraphQLRequests = 4, 2 })
	a := s.world().accounts[0]
	zoneQuery := func(i int) string { return inZone(a.zones[i].ID, `zoneTag`) }
	nested := inAccount(a.ID, fmt.Sprintf(`zones(filter: {zoneTag_in: [%q, %q]}) { zoneTag }`, a.zones[0].ID, a.zones[1].ID))
	both := inAccount(a.ID, `settings { workersInvocationsAdaptive { enabled } } zones(limit: 5) { zoneTag }`)
	for range 4 {
		assert.Empty(t, askAccountBased(t, s, zoneQuery(0)).Errors)
	}
	exceeded := askAccountBased(t, s, zoneQuery(0))
	assert.Equal(t, http.StatusTooManyRequests, exceeded.Status)
	require.Len(t, exceeded.Errors, 1)
	assert.Contains(t, exceeded.Errors[0].Message, "Zone "+a.zones[0].ID+" has exceeded its rate limit. Please try again after 5 minutes.")
	assert.Equal(t, "budget", exceeded.Errors[0].Extensions["code"])
	assert.Nil(t, exceeded.Errors[0].Path)
	assert.Empty(t, askAccountBased(t, s, zoneQuery(1)).Errors, "each zone has its own")
	assert.Empty(t, askAccountBased(t, s, both).Errors, "takes two of the account's four")
	assert.Empty(t, askAccountBased(t, s, nested).Errors, "takes one")
	refused := askAccountBased(t, s, both)
	require.Len(t, refused.Errors, 1)
	assert.Contains(t, refused.Errors[0].Message, "Account "+a.ID+" has exceeded")
	assert.Empty(t, askAccountBased(t, s, nested).Errors, "what is refused takes nothing")
	assert.NotEmpty(t, askAccountBased(t, s, nested).Errors)
	for _, list := range []string{
		fmt.Sprintf(`(filter: {zoneTag_in: [%q]})`, a.zones[0].ID), `(filter: {zoneTag_gt: ""})`, `(limit: 1)`, ``,
	} {
		refused := askAccountBased(t, s, `{ viewer { zones`+list+` { zoneTag } } }`)
		assert.Equal(t, http.StatusBadRequest, refused.Status, list)
	}
	for range 2 {
		assert.Empty(t, ask(t, s, `{ cost }`, nil).Errors, "the token's own limit was not touched")
	}
	assert.NotEmpty(t, ask(t, s, `{ cost }`, nil).Errors)
	clock.advance(5 * time.Minute)
	assert.Empty(t, askAccountBased(t, s, zoneQuery(0)).Errors)
}
