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
	// MissingSince is when Cloudflare first listed its scopes without this one; zero while it is listed.
	MissingSince time.Time `json:"missing_since,omitzero"`
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
	// emptySince is when Cloudflare first listed no zone where there had been some.
	emptySince time.Time
	limits     map[string]*entitlements
	rules      rules
}

// New makes an inventory that knows nothing yet.
func New(settings Settings, client *cloudflare.Client) *Inventory {
	return &Inventory{settings: settings, client: client, limits: map[string]*entitlements{}, rules: newRules()}
}

// state is the part of an inventory that survives a restart.
type state struct {
	Refreshed time.Time `json:"refreshed"`
	Scopes    []Scope   `json:"scopes"`
	Rules     rules     `json:"rules"`
}

// Marshal encodes the list, and the names of rules, so that Restore can bring it back after a restart.
func (i *Inventory) Marshal() ([]byte, error) {
	return json.Marshal(state{i.refreshed, i.listed, i.rules})
}

// Restore takes over a saved list. It serves until the first refresh, which is due at once.
func (i *Inventory) Restore(data []byte) error {
	s := state{Rules: newRules()}
	if err := json.Unmarshal(data, &s); err != nil {
		return fmt.Errorf("decode the saved list of accounts and zones: %w", err)
	}
	i.listed, i.refreshed, i.failed, i.rules = s.Scopes, s.Refreshed, true, s.Rules
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
	a := i.ask(ctx)
	if a.hasZones && !i.believe(a.zones, now) {
		a.hasZones, a.zonesErr = false, errNoZones
	}
	i.merge(scopesOf(a.accounts, a.zones), now, map[cloudflare.ScopeKind]bool{
		cloudflare.ZoneScope:    a.hasZones,
		cloudflare.AccountScope: a.hasAccounts || (denied(a.accountsErr) && a.hasZones),
	})
	i.rules.forget(i.dropped)
	// Where the token may not list one of them, the other has to do, and asking again each tick would change nothing.
	settled := (a.hasZones || denied(a.zonesErr)) && (a.hasAccounts || denied(a.accountsErr)) && a.discoverErr == nil
	i.failed = !settled || len(a.zones)+len(a.accounts) == 0
	if !i.failed {
		i.refreshed = now
	}
	return a.hasZones || a.hasAccounts, errors.Join(during(ListAccounts, a.accountsErr), during(ListZones, a.zonesErr),
		during(Discover, a.discoverErr))
}

func denied(err error) bool { return cloudflare.ClassOf(err) == cloudflare.ClassPermission }

// errNoZones is an answer that is more likely a mistake than the truth: it would end every zone's counters. The zones
// stay listed until it has been the answer for Settings.Keep.
var errNoZones = errors.New("no zone is listed where there were some; they are kept for now; " +
	"check that the token still includes them")

func (i *Inventory) believe(zones []cloudflare.Zone, now time.Time) bool {
	hadZones := slices.ContainsFunc(i.listed, func(s Scope) bool { return s.Kind == cloudflare.ZoneScope })
	if len(zones) > 0 || !hadZones {
		i.emptySince = time.Time{}
		return true
	}
	if i.emptySince.IsZero() {
		i.emptySince = now
	}
	return now.Sub(i.emptySince) > i.settings.Keep
}

func scopesOf(accounts []cloudflare.Account, zones []cloudflare.Zone) []Scope {
	var scopes []Scope
	for _, a := range accounts {
		scopes = append(scopes, accountScope(a.ID, a.Name))
	}
	for _, z := range zones {
		if z.Status != "active" {
			continue // not served by Cloudflare yet or any more: there is nothing to count
		}
		scopes = append(scopes, Scope{
			Kind: cloudflare.ZoneScope, ID: z.ID, Name: z.Name, AccountID: z.AccountID, AccountName: z.AccountName,
		})
		if z.AccountID != "" {
			scopes = append(scopes, accountScope(z.AccountID, z.AccountName))
		}
	}
	return scopes
}

func accountScope(id, name string) Scope {
	return Scope{Kind: cloudflare.AccountScope, ID: id, Name: name, AccountID: id, AccountName: name}
}

// merge renews the list. Of the kinds that Cloudflare has answered for, what is not in the answer is missing from now on,
// and dropped when it has been missing for too long.
func (i *Inventory) merge(answer []Scope, now time.Time, answered map[cloudflare.ScopeKind]bool) {
	merged := slices.Concat(answer, i.listed)
	for n := len(answer); n < len(merged); n++ {
		if s := &merged[n]; answered[s.Kind] && s.MissingSince.IsZero() {
			s.MissingSince = now
			if s.Kind == cloudflare.ZoneScope && !i.emptySince.IsZero() {
				s.MissingSince = i.emptySince
			}
		}
	}
	slices.SortStableFunc(merged, func(a, b Scope) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.ID, b.ID))
	})
	merged = slices.CompactFunc(merged, func(a, b Scope) bool { return a.Kind == b.Kind && a.ID == b.ID })
	i.listed, i.dropped = nil, nil
	for _, s := range merged {
		if !s.MissingSince.IsZero() && now.Sub(s.MissingSince) > i.settings.Keep {
			i.dropped = append(i.dropped, s)
		} else {
			i.listed = append(i.listed, s)
		}
	}
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

// Current says whether the scope is in the newest list.
func (i *Inventory) Current(s Scope) bool { return s.MissingSince.IsZero() }

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
