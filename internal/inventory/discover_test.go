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

// permit lets the token do some things only, from now on.
func (a *api) permit(accounts []simulator.Account, permissions ...string) {
	a.t.Helper()
	world, err := simulator.New(simulator.Config{
		Accounts: accounts, Begin: noon.Add(-time.Minute), Clock: a.clock,
		Tokens: []simulator.Token{{Secret: "v1.0-token", Permissions: permissions}},
	})
	require.NoError(a.t, err)
	a.t.Cleanup(world.Close)
	a.simulator = world
}

func TestScopesAreFoundWithoutREST(t *testing.T) {
	t.Parallel()
	const (
		zone, analytics         = simulator.PermissionZoneAnalytics, simulator.PermissionAccountAnalytics
		listZones, listAccounts = simulator.PermissionZone, simulator.PermissionAccountSettings
		scripts                 = simulator.PermissionWorkersScripts
	)
	for name, tt := range map[string]struct {
		permissions     []string
		accounts, zones int
		owners, named   int // zones whose account, and whose name is known
		errors          []string
	}{
		"cloudflare-prometheus-exporter's": {[]string{zone, analytics, scripts}, 2, 27, 27, 0, []string{"list accounts: ", "list zones: "}},
		"zones only":                       {[]string{zone}, 0, 27, 0, 0, []string{"list accounts: ", "list zones: "}},
		"accounts only":                    {[]string{analytics}, 2, 0, 0, 0, []string{"list accounts: ", "list zones: "}},
		"accounts by REST":                 {[]string{zone, analytics, listAccounts}, 2, 27, 27, 0, []string{"list zones: "}},
		"accounts by REST, not to be read": {[]string{zone, listAccounts}, 2, 27, 0, 0, []string{"list zones: "}},
		"zones by REST":                    {[]string{zone, analytics, listZones}, 2, 27, 27, 27, []string{"list accounts: "}},
		"all":                              {[]string{zone, analytics, listZones, listAccounts}, 2, 27, 27, 27, nil},
		"nothing":                          {[]string{scripts}, 0, 0, 0, 0, []string{"list accounts: ", "list zones: "}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			world := []simulator.Account{account(1, "acme", 15), account(2, "other", 12)}
			a := serve(t, world)
			a.permit(world, tt.permissions...)
			i := a.inventory()
			_, err := i.Refresh(t.Context(), a.clock())
			for _, text := range tt.errors {
				require.ErrorContains(t, err, text)
				assert.Equal(t, cloudflare.ClassPermission, cloudflare.ClassOf(err))
			}
			if tt.errors == nil {
				require.NoError(t, err)
			}
			accounts, zones, _ := i.Counts()
			assert.Equal(t, []int{tt.accounts, tt.zones}, []int{accounts, zones})
			owners, named := 0, 0
			for _, s := range i.Scopes() {
				if s.Kind != cloudflare.ZoneScope {
					continue
				}
				if s.AccountID != "" {
					owners++
				}
				if s.Name != s.ID {
					named++
				}
			}
			assert.Equal(t, []int{tt.owners, tt.named}, []int{owners, named})
		})
	}
}

// A list by GraphQL is current for as long as one by REST, and its zones come and go.
func TestFoundScopesAreCurrentForTheirTime(t *testing.T) {
	t.Parallel()
	a := serve(t, []simulator.Account{account(1, "acme", 3)})
	permissions := []string{simulator.PermissionZoneAnalytics, simulator.PermissionAccountAnalytics}
	a.permit([]simulator.Account{account(1, "acme", 3)}, permissions...)
	i := a.inventory()
	renewed, err := i.Refresh(t.Context(), a.clock())
	require.Error(t, err)
	assert.True(t, renewed)
	asked := a.graphQLRequests()
	renewed, err = i.Refresh(t.Context(), a.after(time.Minute))
	require.NoError(t, err)
	assert.False(t, renewed)
	assert.Equal(t, asked, a.graphQLRequests())

	a.permit([]simulator.Account{account(1, "acme", 2)}, permissions...)
	_, err = i.Refresh(t.Context(), a.after(10*time.Minute))
	require.Error(t, err)
	_, zones, _ := i.Counts()
	assert.Equal(t, 2, zones)
	assert.Len(t, i.Scopes(), 4, "the third is kept for its time")
}

// Names that REST has told stay when the token loses its permissions, and come when it gets them.
func TestNamesStayAndCome(t *testing.T) {
	t.Parallel()
	world := []simulator.Account{account(1, "acme", 2)}
	a := serve(t, world)
	few := []string{simulator.PermissionZoneAnalytics, simulator.PermissionAccountAnalytics}
	i := a.inventory()
	a.permit(world, few...)
	_, err := i.Refresh(t.Context(), a.clock())
	require.Error(t, err)
	assert.Equal(t, []string{id(1001), id(1002)}, names(i.Scopes()))

	a.permit(world)
	a.after(10 * time.Minute)
	a.refresh(i)
	assert.Equal(t, []string{"zone1.acme", "zone2.acme"}, names(i.Scopes()))
	before := i.Scopes()

	a.permit(world, few...)
	_, err = i.Refresh(t.Context(), a.after(10*time.Minute))
	require.Error(t, err)
	assert.Equal(t, before, i.Scopes())
}

// A token that is not valid is refused like one that may not list anything; GraphQL tells.
func TestAnInvalidTokenIsNotOneWithoutPermissions(t *testing.T) {
	t.Parallel()
	a := serve(t, []simulator.Account{account(1, "acme", 2)})
	i := a.inventory()
	a.refresh(i)
	a.simulator.SetFaults(simulator.Faults{REST: simulator.Fault{Unauthorized: true}, GraphQL: simulator.Fault{Unauthorized: true}})
	for range 2 {
		_, err := i.Refresh(t.Context(), a.after(10*time.Minute))
		require.Error(t, err)
		assert.Equal(t, cloudflare.ClassAuth, cloudflare.ClassOf(err))
		assert.NotContains(t, err.Error(), "permission")
		assert.Len(t, names(i.Scopes()), 2)
	}
}

// A failure of GraphQL is no answer about what there is.
func TestAFailedSearchChangesNothing(t *testing.T) {
	t.Parallel()
	world := []simulator.Account{account(1, "acme", 2)}
	a := serve(t, world)
	i := a.inventory()
	a.refresh(i)
	a.permit(world, simulator.PermissionZoneAnalytics, simulator.PermissionAccountAnalytics)
	a.simulator.SetFaults(simulator.Faults{GraphQL: simulator.Fault{ServerErrorRate: 1}})
	_, err := i.Refresh(t.Context(), a.after(10*time.Minute))
	require.ErrorContains(t, err, "list accounts and zones by GraphQL: ")
	accounts, zones, _ := i.Counts()
	assert.Equal(t, []int{1, 2}, []int{accounts, zones}, "nothing is missing")
	a.simulator.SetFaults(simulator.Faults{})
	renewed, err := i.Refresh(t.Context(), a.after(time.Minute))
	require.Error(t, err)
	assert.True(t, renewed, "tried again at once")
}
