// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package inventory

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/internal/cloudflare"
	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/internal/simulator"
)

func datasets() map[cloudflare.ScopeKind][]string {
	return map[cloudflare.ScopeKind][]string{cloudflare.ZoneScope: {requests, events}, cloudflare.AccountScope: {workers}}
}

// acme has a Pro zone and, as the second, one on the plan given.
func acme(second simulator.Plan) []simulator.Account {
	a := account(1, "acme", 2)
	a.Zones[1].Plan = second
	return []simulator.Account{a}
}

func (a *api) refreshLimits(i *Inventory) {
	a.t.Helper()
	require.NoError(a.t, i.RefreshLimits(a.t.Context(), a.clock(), datasets()))
}

func TestLimitsAreByScopeAndDataset(t *testing.T) {
	t.Parallel()
	a := serve(t, acme(simulator.PlanFree))
	i := a.inventory()
	a.refresh(i)
	paid, free, acme := find(t, i, "zone1.acme"), find(t, i, "zone2.acme"), find(t, i, "acme")
	_, ok := i.Limits(paid.ID, requests, requests)
	assert.False(t, ok, "not read yet")

	a.refreshLimits(i)
	limits, ok := i.Limits(paid.ID, requests, requests)
	assert.True(t, ok)
	assert.Equal(t, 24*time.Hour, limits.NotOlderThan)
	assert.True(t, limits.Offers("sum.requests"))
	limits, ok = i.Limits(paid.ID, events, events)
	assert.True(t, ok)
	assert.Equal(t, 72*time.Hour, limits.NotOlderThan)
	_, ok = i.Limits(free.ID, requests, requests)
	assert.False(t, ok)
	_, ok = i.Limits(acme.ID, workers, workers)
	assert.True(t, ok)
	_, ok = i.Limits(acme.ID, requests, requests)
	assert.False(t, ok, "not asked for")
}

func TestLimitsAreCurrentForAnHour(t *testing.T) {
	t.Parallel()
	a := serve(t, acme(simulator.PlanFree))
	i := a.inventory()
	a.refresh(i)
	a.refreshLimits(i)
	asked := a.graphQLRequests()
	assert.Equal(t, 2, asked, "zones together, the account")
	a.after(time.Hour - time.Nanosecond)
	a.refreshLimits(i)
	assert.Equal(t, asked, a.graphQLRequests())

	a.become(acme(simulator.PlanPro))
	free := find(t, i, "zone2.acme")
	_, ok := i.Limits(free.ID, requests, requests)
	assert.False(t, ok)
	a.after(time.Nanosecond)
	a.refreshLimits(i)
	_, ok = i.Limits(free.ID, requests, requests)
	assert.True(t, ok, "an upgraded plan shows within the hour")
}

func TestNewScopesAreAskedAboutAtOnce(t *testing.T) {
	t.Parallel()
	a := serve(t, []simulator.Account{account(1, "acme", 1)})
	i := a.inventory()
	a.refresh(i)
	a.refreshLimits(i)
	a.become([]simulator.Account{account(1, "acme", 2)})
	a.after(10 * time.Minute)
	a.refresh(i)
	a.refreshLimits(i)
	assert.Equal(t, 1, a.graphQLRequests(), "about the new one alone")
	_, ok := i.Limits(find(t, i, "zone2.acme").ID, requests, requests)
	assert.True(t, ok)
}

func TestExcludedAndGoneScopesAreNotAskedAbout(t *testing.T) {
	t.Parallel()
	a := serve(t, []simulator.Account{account(1, "acme", 3)})
	i := a.inventory(func(s *Settings) { s.Zones.Exclude, s.Accounts.Exclude = []string{"zone1.*"}, []string{"nobody"} })
	a.refresh(i)
	a.become([]simulator.Account{account(1, "acme", 2)}) // zone3 would make the query fail
	a.after(time.Hour)
	a.refresh(i)
	a.refreshLimits(i)
	_, ok := i.Limits(id(1001), requests, requests)
	assert.False(t, ok)
	_, ok = i.Limits(find(t, i, "zone2.acme").ID, requests, requests)
	assert.True(t, ok)
}

func TestARefusedDatasetIsLeftAloneUntilTheNextReading(t *testing.T) {
	t.Parallel()
	a := serve(t, acme(simulator.PlanPro))
	i := a.inventory()
	a.refresh(i)
	zone := find(t, i, "zone1.acme")
	assert.False(t, i.Refuse(zone.ID, requests), "of what is not known there is no news")
	a.refreshLimits(i)

	assert.True(t, i.Refuse(zone.ID, requests))
	assert.False(t, i.Refuse(zone.ID, requests), "no news the second time")
	_, ok := i.Limits(zone.ID, requests, requests)
	assert.False(t, ok)
	_, ok = i.Limits(zone.ID, events, events)
	assert.True(t, ok, "the other dataset")
	_, ok = i.Limits(find(t, i, "zone2.acme").ID, requests, requests)
	assert.True(t, ok, "the other zone")

	a.after(59 * time.Minute)
	a.refreshLimits(i)
	_, ok = i.Limits(zone.ID, requests, requests)
	assert.False(t, ok)
	a.after(time.Minute)
	a.refreshLimits(i)
	_, ok = i.Limits(zone.ID, requests, requests)
	assert.True(t, ok)
	assert.True(t, i.Refuse(zone.ID, requests), "news again")
}

// An access error may mean that the entitlements have changed: they are read again at once, once.
func TestEntitlementsAreReadAgainAfterARefusal(t *testing.T) {
	t.Parallel()
	a := serve(t, acme(simulator.PlanPro))
	i := a.inventory()
	a.refresh(i)
	zone := find(t, i, "zone1.acme")
	a.refreshLimits(i)
	asked := a.graphQLRequests()
	require.True(t, i.Refuse(zone.ID, requests))
	a.after(time.Minute)
	a.refreshLimits(i)
	assert.Equal(t, asked+1, a.graphQLRequests())
	_, ok := i.Limits(zone.ID, requests, requests)
	assert.False(t, ok, "the settings are not believed")
	a.after(time.Minute)
	a.refreshLimits(i)
	assert.Equal(t, asked+1, a.graphQLRequests())
}

func TestWhatCouldNotBeReadStaysKnown(t *testing.T) {
	t.Parallel()
	a := serve(t, acme(simulator.PlanPro))
	i := a.inventory()
	a.refresh(i)
	a.refreshLimits(i)
	var faults simulator.Faults
	faults.GraphQL.ServerErrorRate = 1
	a.simulator.SetFaults(faults)
	require.ErrorContains(t, i.RefreshLimits(t.Context(), a.after(2*time.Hour), datasets()), "read entitlements of zones: ")
	_, ok := i.Limits(find(t, i, "zone1.acme").ID, requests, requests)
	assert.True(t, ok)

	a.simulator.SetFaults(simulator.Faults{})
	a.refreshLimits(i)
	before := a.graphQLRequests()
	a.refreshLimits(i)
	assert.Equal(t, before, a.graphQLRequests(), "read again, at the first chance")
}

func TestScopesMissingFromTheAnswer(t *testing.T) {
	t.Parallel()
	a := serve(t, acme(simulator.PlanPro))
	i := a.inventory()
	a.refresh(i)
	a.simulator.SetFaults(simulator.Faults{EmptyZones: true})
	err := i.RefreshLimits(t.Context(), a.clock(), datasets())
	require.ErrorContains(t, err, "2 of 2 zones are missing from Cloudflare's answer")
	_, ok := i.Limits(find(t, i, "zone1.acme").ID, requests, requests)
	assert.False(t, ok)
	_, ok = i.Limits(find(t, i, "acme").ID, workers, workers)
	assert.True(t, ok)
}

func TestOneRefusedZoneDoesNotHideTheOthers(t *testing.T) {
	t.Parallel()
	a := serve(t, []simulator.Account{account(1, "acme", 23)})
	i := a.inventory()
	a.refresh(i)
	a.become([]simulator.Account{account(1, "acme", 22)}) // the 23rd is no longer the token's; the list does not know yet
	err := i.RefreshLimits(t.Context(), a.clock(), datasets())
	require.Error(t, err)
	for _, s := range i.Scopes() {
		if s.Kind != cloudflare.ZoneScope {
			continue
		}
		_, ok := i.Limits(s.ID, requests, requests)
		assert.Equal(t, s.Name != "zone23.acme", ok, s.Name)
	}
}
