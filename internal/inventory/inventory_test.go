// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package inventory

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/internal/cloudflare"
	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/internal/simulator"
)

// A page has 50 zones.
func TestListsEveryPage(t *testing.T) {
	t.Parallel()
	a := serve(t, []simulator.Account{account(1, "acme", 30), account(2, "other", 27)})
	i := a.inventory()
	assert.False(t, i.Known())
	assert.Empty(t, i.Scopes())
	a.refresh(i)
	assert.True(t, i.Known())

	scopes := i.Scopes()
	require.Len(t, scopes, 57+2)
	assert.True(t, sorted(scopes))
	for _, s := range scopes {
		assert.True(t, i.Current(s))
	}
	accounts, zones, filtered := i.Counts()
	assert.Equal(t, []int{2, 57, 0}, []int{accounts, zones, filtered})
	assert.Equal(t, Scope{
		Kind: cloudflare.ZoneScope, ID: id(2007), Name: "zone7.other", AccountID: id(2), AccountName: "other",
	}, find(t, i, "zone7.other"))
	assert.Equal(t, Scope{
		Kind: cloudflare.AccountScope, ID: id(2), Name: "other", AccountID: id(2), AccountName: "other",
	}, find(t, i, "other"))
}

func TestFiltersChooseScopes(t *testing.T) {
	t.Parallel()
	a := serve(t, []simulator.Account{account(1, "acme", 3), account(2, "other", 2)})
	for name, tt := range map[string]struct {
		accounts, zones         Filter
		wantAccounts, wantZones []string
		filtered                int
	}{
		"zone by name": {
			zones:        Filter{Include: []string{"zone1.acme"}},
			wantAccounts: []string{"acme", "other"}, wantZones: []string{"zone1.acme"}, filtered: 4,
		},
		"zone by id": {
			zones:        Filter{Include: []string{id(2002)}},
			wantAccounts: []string{"acme", "other"}, wantZones: []string{"zone2.other"}, filtered: 4,
		},
		"zones by glob": {
			zones:        Filter{Include: []string{"zone1.*"}},
			wantAccounts: []string{"acme", "other"}, wantZones: []string{"zone1.acme", "zone1.other"}, filtered: 3,
		},
		"exclude wins": {
			zones:        Filter{Include: []string{"*.acme"}, Exclude: []string{"zone2.*"}},
			wantAccounts: []string{"acme", "other"}, wantZones: []string{"zone1.acme", "zone3.acme"}, filtered: 3,
		},
		"account by name": {
			accounts:     Filter{Include: []string{"ACME"}},
			wantAccounts: []string{"acme"}, wantZones: []string{"zone1.acme", "zone2.acme", "zone3.acme"}, filtered: 2,
		},
		"account by id, excluded": {
			accounts:     Filter{Exclude: []string{id(1)}},
			wantAccounts: []string{"other"}, wantZones: []string{"zone1.other", "zone2.other"}, filtered: 3,
		},
		"an excluded account's zone is not included by its name": {
			accounts: Filter{Exclude: []string{"acme"}}, zones: Filter{Include: []string{"zone1.acme"}},
			wantAccounts: []string{"other"}, filtered: 5,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			i := a.inventory(func(s *Settings) { s.Accounts, s.Zones = tt.accounts, tt.zones })
			a.refresh(i)
			assert.Equal(t, tt.wantAccounts, accountNames(i.Scopes()))
			assert.Equal(t, tt.wantZones, names(i.Scopes()))
			accounts, zones, filtered := i.Counts()
			assert.Equal(t, []int{len(tt.wantAccounts), len(tt.wantZones), tt.filtered}, []int{accounts, zones, filtered})
		})
	}
}

func TestAListIsCurrentForItsTime(t *testing.T) {
	t.Parallel()
	a := serve(t, []simulator.Account{account(1, "acme", 2)})
	i := a.inventory()
	a.refresh(i)
	asked := a.restRequests()

	renewed, err := i.Refresh(t.Context(), a.after(10*time.Minute-time.Nanosecond))
	require.NoError(t, err)
	assert.False(t, renewed)
	assert.Equal(t, asked, a.restRequests())

	a.become([]simulator.Account{account(1, "acme", 3)})
	a.after(time.Nanosecond)
	a.refresh(i)
	assert.Len(t, names(i.Scopes()), 3)
}

func TestAFailedListChangesNothing(t *testing.T) {
	t.Parallel()
	a := serve(t, []simulator.Account{account(1, "acme", 2)})
	i := a.inventory()
	a.refresh(i)
	before := i.Scopes()

	a.broken(true)
	renewed, err := i.Refresh(t.Context(), a.after(time.Hour))
	assert.False(t, renewed)
	require.ErrorContains(t, err, "list accounts: ")
	require.ErrorContains(t, err, "list zones: ")
	assert.Equal(t, before, i.Scopes())
	assert.True(t, i.Current(before[0]))
	accounts, zones, _ := i.Counts()
	assert.Equal(t, []int{1, 2}, []int{accounts, zones})

	a.broken(false)
	a.after(time.Second)
	a.refresh(i) // at once, not after the list's time
}

func TestNothingIsKnownBeforeTheFirstList(t *testing.T) {
	t.Parallel()
	a := serve(t, []simulator.Account{account(1, "acme", 2)})
	i := a.inventory()
	a.broken(true)
	renewed, err := i.Refresh(t.Context(), noon)
	require.Error(t, err)
	assert.False(t, renewed)
	assert.False(t, i.Known())
	assert.Empty(t, i.Scopes())
}

// Half a list does not pass for all: when the second page fails, the first is not taken.
func TestALaterPageFails(t *testing.T) {
	t.Parallel()
	a := serve(t, []simulator.Account{account(1, "acme", 57)})
	i := a.inventory()
	a.refresh(i)
	a.before = func(w http.ResponseWriter, r *http.Request) bool {
		if !strings.HasSuffix(r.URL.Path, "/zones") || r.URL.Query().Get("page") != "2" {
			return false
		}
		w.WriteHeader(http.StatusBadGateway)
		return true
	}
	_, err := i.Refresh(t.Context(), a.after(time.Hour))
	require.ErrorContains(t, err, "list zones: ")
	assert.Len(t, names(i.Scopes()), 57)
	_, zones, _ := i.Counts()
	assert.Equal(t, 57, zones)
}

func TestAnEmptyListIsNotBelieved(t *testing.T) {
	t.Parallel()
	a := serve(t, []simulator.Account{account(1, "acme", 2)})
	i := a.inventory()
	a.refresh(i)

	a.simulator.SetFaults(simulator.Faults{NoZones: true})
	_, err := i.Refresh(t.Context(), a.after(time.Hour))
	require.ErrorIs(t, err, errNoZones)
	assert.Len(t, names(i.Scopes()), 2)
	assert.True(t, i.Current(find(t, i, "zone1.acme")), "still asked for")

	_, err = i.Refresh(t.Context(), a.after(24*time.Hour))
	require.ErrorIs(t, err, errNoZones)
	assert.Len(t, names(i.Scopes()), 2)
	_, err = i.Refresh(t.Context(), a.after(time.Second))
	require.NoError(t, err)
	assert.Empty(t, names(i.Scopes()), "it has been so for too long")
	assert.Equal(t, []string{"acme"}, accountNames(i.Scopes()))
}

// An empty first list may be the truth: an account without zones.
func TestAnAccountWithoutZones(t *testing.T) {
	t.Parallel()
	a := serve(t, []simulator.Account{account(1, "acme", 0)})
	i := a.inventory()
	a.refresh(i)
	assert.Equal(t, []string{"acme"}, accountNames(i.Scopes()))
}

func TestGoneZonesAreKeptForAWhile(t *testing.T) {
	t.Parallel()
	a := serve(t, []simulator.Account{account(1, "acme", 3)})
	i := a.inventory()
	a.refresh(i)
	a.become([]simulator.Account{account(1, "acme", 2)})
	a.after(time.Hour)
	a.refresh(i)

	gone := find(t, i, "zone3.acme")
	assert.Equal(t, a.clock(), gone.MissingSince)
	assert.False(t, i.Current(gone))
	assert.True(t, i.Current(find(t, i, "zone1.acme")))
	_, zones, _ := i.Counts()
	assert.Equal(t, 2, zones)

	a.after(24 * time.Hour)
	a.refresh(i)
	assert.Len(t, names(i.Scopes()), 3, "for exactly a day")
	a.after(10 * time.Minute)
	a.refresh(i)
	assert.Len(t, names(i.Scopes()), 2)
	former, ok := i.Former(cloudflare.ZoneScope, gone.ID)
	assert.True(t, ok)
	assert.Equal(t, gone, former)

	a.become([]simulator.Account{account(1, "acme", 3)})
	a.after(time.Hour)
	a.refresh(i)
	assert.True(t, i.Current(find(t, i, "zone3.acme")), "it is back")
}

func TestFormer(t *testing.T) {
	t.Parallel()
	a := serve(t, []simulator.Account{account(1, "acme", 2)})
	i := a.inventory(func(s *Settings) { s.Zones.Exclude = []string{"zone2.acme"} })
	a.refresh(i)
	excluded, ok := i.Former(cloudflare.ZoneScope, id(1002))
	assert.True(t, ok)
	assert.Equal(t, "zone2.acme", excluded.Name)
	_, ok = i.Former(cloudflare.AccountScope, id(1002))
	assert.False(t, ok, "a zone is not an account")
	_, ok = i.Former(cloudflare.ZoneScope, id(77))
	assert.False(t, ok)
}

func TestARenamedZoneStaysItself(t *testing.T) {
	t.Parallel()
	a := serve(t, []simulator.Account{account(1, "acme", 1)})
	i := a.inventory()
	a.refresh(i)
	renamed := account(1, "acme", 1)
	renamed.Name, renamed.Zones[0].Name = "Acme Corp", "new.example"
	a.become([]simulator.Account{renamed})
	a.after(time.Hour)
	a.refresh(i)
	require.Len(t, i.Scopes(), 2)
	assert.Equal(t, id(1001), find(t, i, "new.example").ID)
	assert.Equal(t, "Acme Corp", find(t, i, "new.example").AccountName)
	assert.Equal(t, id(1), find(t, i, "Acme Corp").ID)
}

func TestRestore(t *testing.T) {
	t.Parallel()
	a := serve(t, []simulator.Account{account(1, "acme", 3)})
	first := a.inventory()
	a.refresh(first)
	saved, err := first.Marshal()
	require.NoError(t, err)

	second := a.inventory()
	require.NoError(t, second.Restore(saved))
	assert.True(t, second.Known())
	assert.Equal(t, first.Scopes(), second.Scopes())
	assert.True(t, second.Current(second.Scopes()[0]))

	a.broken(true)
	_, err = second.Refresh(t.Context(), a.after(time.Minute))
	require.Error(t, err, "a refresh is due at once")
	assert.Equal(t, first.Scopes(), second.Scopes())
	again, err := second.Marshal()
	require.NoError(t, err)
	assert.JSONEq(t, string(saved), string(again))
}

func TestRestoreRefusesWhatIsNoList(t *testing.T) {
	t.Parallel()
	a := serve(t, []simulator.Account{account(1, "acme", 1)})
	for _, saved := range []string{"", "[]", `"text"`, `{"scopes":[{"kind":"zone"}]}`, `{"refreshed":"yesterday"}`} {
		i := a.inventory()
		require.ErrorContains(t, i.Restore([]byte(saved)), "decode the saved list", saved)
		assert.False(t, i.Known(), saved)
		assert.Empty(t, i.Scopes(), saved)
	}
}

// A token for zones alone learns the accounts from its zones, and that is no reason to list all the time.
func TestAccountsMayNotBeListed(t *testing.T) {
	t.Parallel()
	a := serve(t, []simulator.Account{account(1, "acme", 2)})
	asked := a.forbid("/accounts")
	i := a.inventory()
	renewed, err := i.Refresh(t.Context(), noon)
	require.ErrorContains(t, err, "list accounts: ")
	assert.Equal(t, cloudflare.ClassPermission, cloudflare.ClassOf(err))
	assert.True(t, renewed)
	assert.True(t, i.Known())
	assert.Equal(t, []string{"acme"}, accountNames(i.Scopes()))
	assert.Len(t, names(i.Scopes()), 2)

	renewed, err = i.Refresh(t.Context(), a.after(time.Minute))
	require.NoError(t, err)
	assert.False(t, renewed)
	assert.Equal(t, 1, *asked)
}

// Zones that Cloudflare does not serve have nothing to count.
func TestPendingZonesAreIgnored(t *testing.T) {
	t.Parallel()
	a := serve(t, []simulator.Account{account(1, "acme", 4)})
	statuses := map[string]string{"zone1.acme": "pending", "zone2.acme": "initializing", "zone3.acme": "moved"}
	a.before = func(w http.ResponseWriter, r *http.Request) bool {
		if !strings.HasSuffix(r.URL.Path, "/zones") {
			return false
		}
		a.edit(w, r, func(zone map[string]any) {
			name, _ := zone["name"].(string)
			if status := statuses[name]; status != "" {
				zone["status"] = status
			}
		})
		return true
	}
	i := a.inventory()
	a.refresh(i)
	assert.Equal(t, []string{"zone4.acme"}, names(i.Scopes()))

	clear(statuses)
	a.after(time.Hour)
	a.refresh(i)
	assert.Len(t, names(i.Scopes()), 4)
}

// edit answers as the simulator does, with each item changed.
func (a *api) edit(w http.ResponseWriter, r *http.Request, change func(item map[string]any)) {
	answer := httptest.NewRecorder()
	a.simulator.ServeHTTP(answer, r)
	var envelope map[string]any
	if err := json.Unmarshal(answer.Body.Bytes(), &envelope); err != nil {
		a.t.Error(err)
	}
	items, _ := envelope["result"].([]any)
	for _, item := range items {
		if object, ok := item.(map[string]any); ok {
			change(object)
		}
	}
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(envelope); err != nil {
		a.t.Error(err)
	}
}
