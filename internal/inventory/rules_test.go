// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package inventory

import (
	"context"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/internal/cloudflare"
	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/internal/simulator"
)

func zones(i *Inventory) []Scope {
	return slices.DeleteFunc(i.Scopes(), func(s Scope) bool { return s.Kind != cloudflare.ZoneScope })
}

// listed has listed the zones, and counts REST requests from now on.
func (a *api) listed(change ...func(*Settings)) (i *Inventory, asked func() int) {
	i = a.inventory(change...)
	a.refresh(i)
	before := a.restRequests()
	return i, func() int { return a.restRequests() - before }
}

func (a *api) assertNames(i *Inventory) {
	a.t.Helper()
	for _, z := range zones(i) {
		known := a.simulator.RuleNames(z.ID)
		require.NotEmpty(a.t, known)
		for id, want := range known {
			name, ok := i.RuleName(z.ID, id)
			assert.True(a.t, ok)
			assert.Equal(a.t, want, name)
		}
	}
}

func TestRulesAreLearned(t *testing.T) {
	t.Parallel()
	a := serve(t, []simulator.Account{account(1, "acme", 3)})
	i, asked := a.listed()
	now := a.clock()
	_, ok := i.RuleName(id(1001), slices.Collect(maps.Keys(a.simulator.RuleNames(id(1001))))[0])
	assert.False(t, ok)
	require.NoError(t, i.LearnRules(t.Context(), now, zones(i)[:2]))
	// Five phases of two zones and their account, and two managed rulesets once.
	assert.Equal(t, 5*3+2, asked())
	assert.True(t, i.KnowsRules(id(1001), now))
	assert.False(t, i.KnowsRules(id(1003), now))
	require.NoError(t, i.LearnRules(t.Context(), now, zones(i)))
	assert.Equal(t, 5*4+2, asked(), "the third alone")
	a.assertNames(i)
	_, ok = i.RuleName(id(1001), "bic")
	assert.False(t, ok)
}

func TestRulesAreCurrentForTenMinutes(t *testing.T) {
	t.Parallel()
	a := serve(t, []simulator.Account{account(1, "acme", 1)})
	i, asked := a.listed()
	for _, tt := range []struct {
		after time.Duration
		asked int
	}{
		{0, 5 + 5 + 2},
		{10*time.Minute - time.Nanosecond, 0},
		{time.Nanosecond, 5 + 5},
		{time.Hour, 5 + 5 + 2},
	} {
		before := asked()
		require.NoError(t, i.LearnRules(t.Context(), a.after(tt.after), zones(i)))
		assert.Equal(t, tt.asked, asked()-before, tt.after)
	}
}

// So many zones' rules are not read all in one scrape.
func TestRulesAreLearnedByAndBy(t *testing.T) {
	t.Parallel()
	a := serve(t, []simulator.Account{account(1, "acme", 45)})
	i, _ := a.listed()
	for _, left := range []int{25, 5, 0} {
		require.NoError(t, i.LearnRules(t.Context(), a.clock(), zones(i)))
		unknown := slices.DeleteFunc(zones(i), func(z Scope) bool { return i.KnowsRules(z.ID, a.clock()) })
		assert.Len(t, unknown, left)
	}
}

func TestRulesThatMayNotBeRead(t *testing.T) {
	t.Parallel()
	world := []simulator.Account{account(1, "acme", 2), account(2, "other", 1)}
	a := serve(t, world)
	lists := []string{simulator.PermissionZone, simulator.PermissionAccountSettings}
	a.permit(world, lists...)
	i, asked := a.listed()
	err := i.LearnRules(t.Context(), a.clock(), zones(i))
	assert.Equal(t, cloudflare.ClassPermission, cloudflare.ClassOf(err))
	require.ErrorContains(t, err, "read the names of firewall rules: GET zones/"+id(1001)+"/rulesets/phases/")
	assert.Equal(t, 4, strings.Count(err.Error(), "permission: "), "two accounts, and the zones of each:\n%s", err)
	before := asked()
	require.NoError(t, i.LearnRules(t.Context(), a.after(time.Hour-time.Nanosecond), zones(i)))
	assert.Equal(t, before, asked())
	require.NoError(t, i.LearnRules(t.Context(), a.after(time.Nanosecond), zones(i)), "said already")
	assert.Greater(t, asked(), before)

	a.permit(world, append(lists, simulator.PermissionZoneWAF, simulator.PermissionAccountRulesets)...)
	require.NoError(t, i.LearnRules(t.Context(), a.after(time.Hour), zones(i)))
	a.assertNames(i)
	a.permit(world, lists...)
	require.Error(t, i.LearnRules(t.Context(), a.after(time.Hour), zones(i)), "news again")
	a.assertNames(i)
}

// One phase takes a permission of its own: the others are read as ever.
func TestOneDeniedPhaseHidesNoOther(t *testing.T) {
	t.Parallel()
	a := serve(t, []simulator.Account{account(1, "acme", 1)})
	i, asked := a.listed()
	a.before = func(w http.ResponseWriter, r *http.Request) bool {
		if !strings.Contains(r.URL.Path, "ddos_l7") {
			return false
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusForbidden)
		_, _ = io.WriteString(w, `{"success":false,"errors":[{"code":10000,"message":"Authentication error"}],"result":null}`)
		return true
	}
	require.ErrorContains(t, i.LearnRules(t.Context(), a.clock(), zones(i)), "ddos_l7")
	found := 0
	for ruleID := range a.simulator.RuleNames(id(1001)) {
		if _, ok := i.RuleName(id(1001), ruleID); ok {
			found++
		}
	}
	assert.Equal(t, len(a.simulator.RuleNames(id(1001)))-1, found)
	before := asked()
	require.NoError(t, i.LearnRules(t.Context(), a.after(rulesAge), zones(i)))
	assert.Equal(t, before+4+4, asked())
}

func TestRulesSurviveARestart(t *testing.T) {
	t.Parallel()
	a := serve(t, []simulator.Account{account(1, "acme", 2)})
	first, _ := a.listed()
	require.NoError(t, first.LearnRules(t.Context(), a.clock(), zones(first)))
	saved, err := first.Marshal()
	require.NoError(t, err)

	second := a.inventory()
	require.NoError(t, second.Restore(saved))
	assert.True(t, second.KnowsRules(id(1001), a.clock()))
	a.broken(true)
	a.after(rulesAge)
	require.Error(t, second.LearnRules(t.Context(), a.clock(), zones(second)))
	assert.False(t, second.KnowsRules(id(1001), a.clock()))
	a.assertNames(second)

	third := a.inventory()
	require.NoError(t, third.Restore([]byte(`{"refreshed":"2026-03-01T12:00:00Z","scopes":[]}`)), "of before there were rules")
	a.broken(false)
	a.refresh(third)
	require.NoError(t, third.LearnRules(t.Context(), a.clock(), zones(third)))
	a.assertNames(third)
}

func TestRulesOfDroppedZonesAreForgotten(t *testing.T) {
	t.Parallel()
	a := serve(t, []simulator.Account{account(1, "acme", 2)})
	i, _ := a.listed()
	require.NoError(t, i.LearnRules(t.Context(), a.clock(), zones(i)))
	a.become([]simulator.Account{account(1, "acme", 1)})
	for range 2 {
		a.after(25 * time.Hour)
		a.refresh(i)
	}
	assert.False(t, i.KnowsRules(id(1002), noon))
	assert.True(t, i.KnowsRules(id(1001), noon))
}

// What the budget does not allow now is no error.
func TestRulesWaitForTheBudget(t *testing.T) {
	t.Parallel()
	a := serve(t, []simulator.Account{account(1, "acme", 1)})
	i, _ := a.listed()
	client, err := cloudflare.NewClient(cloudflare.Settings{
		Endpoint: "http://127.0.0.1:1", HTTP: http.DefaultClient,
		REST: cloudflare.Rate{Requests: 1, Per: time.Hour}, GraphQL: cloudflare.Rate{Requests: 1, Per: time.Hour},
	})
	require.NoError(t, err)
	i.client = client
	ctx, done := context.WithTimeout(t.Context(), time.Minute)
	defer done()
	require.NoError(t, i.LearnRules(ctx, a.clock(), zones(i)))
	assert.False(t, i.KnowsRules(id(1001), a.clock()))
}
