// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package inventory

import (
	"cmp"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/internal/cloudflare"
	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/internal/simulator"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var noon = time.Date(2026, time.March, 1, 12, 0, 0, 0, time.UTC)

const (
	requests = "httpRequests1mGroups"
	events   = "firewallEventsAdaptiveGroups"
	workers  = "workersInvocationsAdaptive"
)

// api is a Cloudflare that can become another from one call to the next.
type api struct {
	t         *testing.T
	simulator *simulator.Simulator
	before    func(http.ResponseWriter, *http.Request) bool // answers instead, if it says so
	client    *cloudflare.Client

	mu  sync.Mutex
	now time.Time
}

func serve(t *testing.T, accounts []simulator.Account) *api {
	t.Helper()
	a := &api{t: t, now: noon}
	a.become(accounts)
	server := httptest.NewServer(a)
	t.Cleanup(server.Close)
	plenty := cloudflare.Rate{Requests: 1_000_000_000, Per: time.Second}
	client, err := cloudflare.NewClient(cloudflare.Settings{
		Endpoint: server.URL + "/client/v4", Credentials: cloudflare.Credentials{Token: "v1.0-token"},
		HTTP: server.Client(), REST: plenty, GraphQL: plenty,
	})
	require.NoError(t, err)
	a.client = client
	return a
}

func (a *api) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if a.before == nil || !a.before(w, r) {
		a.simulator.ServeHTTP(w, r)
	}
}

// become replaces the world: accounts and zones come, go, are renamed or change their plan.
func (a *api) become(accounts []simulator.Account) {
	a.t.Helper()
	world, err := simulator.New(simulator.Config{Accounts: accounts, Begin: noon.Add(-time.Minute), Clock: a.clock})
	require.NoError(a.t, err)
	a.t.Cleanup(world.Close)
	a.simulator = world
}

func (a *api) clock() time.Time {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.now
}

// after lets time pass and returns the new time.
func (a *api) after(d time.Duration) time.Time {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.now = a.now.Add(d)
	return a.now
}

// restRequests is how many there were since the world began.
func (a *api) restRequests() int {
	total := 0
	for _, n := range a.simulator.Requests().REST {
		total += n
	}
	return total
}

func (a *api) graphQLRequests() int {
	total := 0
	for _, n := range a.simulator.Requests().GraphQL {
		total += n
	}
	return total
}

// broken answers all REST requests with an error.
func (a *api) broken(yes bool) {
	var faults simulator.Faults
	if yes {
		faults.REST.ServerErrorRate = 1
	}
	a.simulator.SetFaults(faults)
}

// inventory lists every ten minutes and keeps what is gone for a day.
func (a *api) inventory(change ...func(*Settings)) *Inventory {
	settings := Settings{Refresh: 10 * time.Minute, Keep: 24 * time.Hour}
	for _, f := range change {
		f(&settings)
	}
	return New(settings, a.client)
}

func (a *api) refresh(i *Inventory) {
	a.t.Helper()
	renewed, err := i.Refresh(a.t.Context(), a.clock())
	require.NoError(a.t, err)
	require.True(a.t, renewed)
}

// id looks like one of Cloudflare's.
func id(n int) string { return fmt.Sprintf("%032x", n) }

// account has zones named zone1.<name>, zone2.<name> and so on.
func account(n int, name string, zones int) simulator.Account {
	a := simulator.Account{ID: id(n), Name: name, Workers: []string{"w"}}
	for z := range zones {
		a.Zones = append(a.Zones, simulator.Zone{ID: id(n*1000 + z + 1), Name: fmt.Sprintf("zone%d.%s", z+1, name), Plan: simulator.PlanPro})
	}
	return a
}

// names are those of zones, in order.
func names(scopes []Scope) []string {
	var list []string
	for _, s := range scopes {
		if s.Kind == cloudflare.ZoneScope {
			list = append(list, s.Name)
		}
	}
	slices.Sort(list)
	return list
}

func accountNames(scopes []Scope) []string {
	var list []string
	for _, s := range scopes {
		if s.Kind == cloudflare.AccountScope {
			list = append(list, s.Name)
		}
	}
	slices.Sort(list)
	return list
}

// find gives a zone or account by name.
func find(t *testing.T, i *Inventory, name string) Scope {
	t.Helper()
	scopes := i.Scopes()
	n := slices.IndexFunc(scopes, func(s Scope) bool { return s.Name == name })
	require.GreaterOrEqual(t, n, 0, "no %s", name)
	return scopes[n]
}

func sorted(scopes []Scope) bool {
	return slices.IsSortedFunc(scopes, func(a, b Scope) int { return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.ID, b.ID)) })
}

// forbid refuses one of the lists for want of a permission, and counts how often it is asked for.
func (a *api) forbid(list string) *int {
	asked := new(int)
	a.before = func(w http.ResponseWriter, r *http.Request) bool {
		if !strings.HasSuffix(r.URL.Path, list) {
			return false
		}
		*asked++
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusForbidden)
		_, _ = io.WriteString(w, `{"success":false,"errors":[{"code":9109,"message":"Unauthorized to access requested resource"}],"result":null}`)
		return true
	}
	return asked
}
