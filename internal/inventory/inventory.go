// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

// Package inventory knows the accounts and zones that the token sees and the configuration includes, their names, and
// which datasets each of them may read how far back (entitlements, from Cloudflare's settings node). It keeps the
// last known list when Cloudflare does not answer. What is asked about them is the planner's business.
package inventory

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/internal/cloudflare"
)

// Scope is an account or a zone.
type Scope struct {
	Kind cloudflare.ScopeKind `json:"kind"`
	// ID is Cloudflare's identifier; a scope that is renamed keeps it.
	ID   string `json:"id"`
	Name string `json:"name"`
	// AccountID and AccountName are the account that a zone belongs to, or the account itself.
	AccountID   string `json:"account_id"`
	AccountName string `json:"account_name"`
	// Seen is when the scope was last in Cloudflare's list.
	Seen time.Time `json:"seen"`
}

// Settings say what is listed how often.
type Settings struct {
	Accounts, Zones Filter
	// Refresh is how long a list is taken as current.
	Refresh time.Duration
	// Keep is how long a scope that is no longer listed is kept, in case its absence is Cloudflare's mistake or the
	// token's: for that time its counters stand and its windows can still be asked for.
	Keep time.Duration
}

// Inventory is used from one goroutine.
type Inventory struct {
	settings Settings
	client   *cloudflare.Client

	listed    []Scope // everything that the token sees or lately saw, sorted by kind and ID
	dropped   []Scope // what the last renewal took off that list
	refreshed time.Time
	failed    bool
	limits    map[string]*entitlements
}

// New makes an inventory that knows nothing yet.
func New(settings Settings, client *cloudflare.Client) *Inventory {
	return &Inventory{settings: settings, client: client, limits: map[string]*entitlements{}}
}

// state is the part of an inventory that survives a restart.
type state struct {
	Refreshed time.Time `json:"refreshed"`
	Scopes    []Scope   `json:"scopes"`
}

// Marshal encodes the list so that Restore can bring it back after a restart.
func (i *Inventory) Marshal() ([]byte, error) {
	return json.Marshal(state{i.refreshed, i.listed})
}

// Restore takes over a saved list. It serves until the first refresh, which is due at once.
func (i *Inventory) Restore(data []byte) error {
	var s state
	if err := json.Unmarshal(data, &s); err != nil {
		return fmt.Errorf("decode the saved list of accounts and zones: %w", err)
	}
	i.listed, i.refreshed, i.failed = s.Scopes, s.Refreshed, true
	return nil
}

// Known says whether there ever was a list; without one nothing can be said about a scope that is not in it.
func (i *Inventory) Known() bool { return !i.refreshed.IsZero() }

// Refresh lists accounts and zones when that is due, and says whether the list was renewed. On an error what could
// not be listed stays as it was; the next call tries again.
func (i *Inventory) Refresh(ctx context.Context, now time.Time) (renewed bool, err error) {
	if !i.failed && now.Sub(i.refreshed) < i.settings.Refresh && i.Known() {
		return false, nil
	}
	accounts, accountsErr := i.client.Accounts(ctx)
	zones, zonesErr := i.client.Zones(ctx)
	if zonesErr == nil && len(zones) == 0 && i.hasZones() {
		zonesErr = errNoZones
	}
	// Whoever may not list accounts still learns those of the zones, and asking again each tick would change nothing.
	mayNotList := cloudflare.ClassOf(accountsErr) == cloudflare.ClassPermission && zonesErr == nil
	i.failed = zonesErr != nil || (accountsErr != nil && !mayNotList) || len(zones)+len(accounts) == 0
	i.merge(scopesOf(accounts, zones, now), now)
	if zonesErr == nil && (accountsErr == nil || mayNotList) {
		i.refreshed = now
	}
	return zonesErr == nil || accountsErr == nil, errors.Join(
		wrap("list accounts", accountsErr), wrap("list zones", zonesErr))
}

// errNoZones is an answer that is more likely a mistake than the truth: it would end every zone's counters. The zones are
// kept until Settings.Keep has passed, and asked for in vain until then.
var errNoZones = errors.New("no zone is listed where there were some; they are kept for now; " +
	"check that the token still includes them")

func (i *Inventory) hasZones() bool {
	return slices.ContainsFunc(i.listed, func(s Scope) bool { return s.Kind == cloudflare.ZoneScope })
}

func wrap(doing string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", doing, err)
}

func scopesOf(accounts []cloudflare.Account, zones []cloudflare.Zone, now time.Time) []Scope {
	var scopes []Scope
	for _, a := range accounts {
		scopes = append(scopes, Scope{cloudflare.AccountScope, a.ID, a.Name, a.ID, a.Name, now})
	}
	for _, z := range zones {
		if z.Status != "active" {
			continue // not served by Cloudflare yet or any more: there is nothing to count
		}
		scopes = append(scopes, Scope{cloudflare.ZoneScope, z.ID, z.Name, z.AccountID, z.AccountName, now})
		scopes = append(scopes, Scope{cloudflare.AccountScope, z.AccountID, z.AccountName, z.AccountID, z.AccountName, now})
	}
	return scopes
}

// merge renews what is listed now and drops what has not been listed for too long.
func (i *Inventory) merge(now []Scope, at time.Time) {
	i.listed = append(now, i.listed...)
	slices.SortStableFunc(i.listed, func(a, b Scope) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.ID, b.ID))
	})
	i.listed = slices.CompactFunc(i.listed, func(a, b Scope) bool { return a.Kind == b.Kind && a.ID == b.ID })
	tooLong := func(s Scope) bool { return at.Sub(s.Seen) > i.settings.Keep }
	i.dropped = slices.DeleteFunc(slices.Clone(i.listed), func(s Scope) bool { return !tooLong(s) })
	i.listed = slices.DeleteFunc(i.listed, tooLong)
}

// Former finds a scope that is no longer among Scopes, because it has not been listed for too long or is excluded.
func (i *Inventory) Former(kind cloudflare.ScopeKind, id string) (Scope, bool) {
	for _, s := range slices.Concat(i.dropped, i.listed) {
		if s.Kind == kind && s.ID == id {
			return s, true
		}
	}
	return Scope{}, false
}

// Scopes are the accounts and zones that the configuration includes, those lately gone among them.
func (i *Inventory) Scopes() []Scope {
	return slices.DeleteFunc(slices.Clone(i.listed), func(s Scope) bool { return !i.included(s) })
}

// Current says whether the scope was in the newest list.
func (i *Inventory) Current(s Scope) bool { return !s.Seen.Before(i.refreshed) }

// Counts are the numbers of current accounts and zones that the configuration includes, and of zones it leaves out.
func (i *Inventory) Counts() (accounts, zones, filtered int) {
	for _, s := range i.listed {
		switch {
		case !i.Current(s):
		case s.Kind == cloudflare.ZoneScope && !i.included(s):
			filtered++
		case s.Kind == cloudflare.ZoneScope:
			zones++
		case i.included(s):
			accounts++
		}
	}
	return accounts, zones, filtered
}

func (i *Inventory) included(s Scope) bool {
	if !i.settings.Accounts.Match(s.AccountID, s.AccountName) {
		return false
	}
	return s.Kind == cloudflare.AccountScope || i.settings.Zones.Match(s.ID, s.Name)
}
