// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"
)

// errUnknown is what changing something that is not there gives.
var errUnknown = errors.New("unknown id")

// world is what exists at the moment. It is never changed, only replaced.
type world struct {
	config   []Account // what the rest is made from
	accounts []*account
	zones    []*zone // by id
	grants   map[string][]grant
}

// zone and account are the configured ones, with a way from the one to the other.
type zone struct {
	Zone
	account *account
}

type account struct {
	Account
	zones []*zone // by id
}

// scope is a zone, or an account if zone is nil.
type scope struct {
	zone    *zone
	account *account
}

// grant is what a zone or account was entitled to from an instant on.
type grant struct {
	since    time.Time
	plan     Plan
	granted  []string
	withheld []string
}

func (g grant) equal(o grant) bool {
	return g.plan == o.plan && slices.Equal(g.granted, o.granted) && slices.Equal(g.withheld, o.withheld)
}

// newWorld builds a world. Grants are those of the world before; what changed since is added as of now.
func newWorld(config []Account, grants map[string][]grant, now time.Time) *world {
	w := &world{config: config, grants: maps.Clone(grants)}
	if w.grants == nil {
		w.grants = map[string][]grant{}
	}
	for _, a := range config {
		acc := &account{Account: a}
		w.accounts = append(w.accounts, acc)
		w.grant(a.ID, grant{now, "", a.Granted, a.Withheld})
		for _, z := range a.Zones {
			acc.zones = append(acc.zones, &zone{Zone: z, account: acc})
			w.grant(z.ID, grant{now, z.Plan, nil, z.Withheld})
		}
		slices.SortFunc(acc.zones, func(a, b *zone) int { return cmp.Compare(a.ID, b.ID) })
		w.zones = append(w.zones, acc.zones...)
	}
	slices.SortFunc(w.accounts, func(a, b *account) int { return cmp.Compare(a.ID, b.ID) })
	slices.SortFunc(w.zones, func(a, b *zone) int { return cmp.Compare(a.ID, b.ID) })
	return w
}

func (w *world) grant(id string, g grant) {
	history := w.grants[id]
	if len(history) == 0 || !history[len(history)-1].equal(g) {
		w.grants[id] = append(slices.Clip(history), g)
	}
}

// grantAt returns what a scope was entitled to at an instant. What was there from the start was there before.
func (w *world) grantAt(sc scope, at time.Time) grant {
	history := w.grants[sc.id()]
	found := history[0]
	for _, g := range history[1:] {
		if !g.since.After(at) {
			found = g
		}
	}
	return found
}

// SetPlan puts a zone on another plan: REST shows it and queries are held against it at once, settings after
// [Faults.SettingsLagSeconds].
func (s *Simulator) SetPlan(zoneID string, plan Plan) error {
	return s.changeZone(zoneID, func(z *Zone) { z.Plan = plan })
}

// SetWithheld replaces the Withheld list of a zone or an account, with the same effect as SetPlan.
func (s *Simulator) SetWithheld(id string, withheld ...string) error {
	withheld = slices.Clone(withheld)
	err := s.changeZone(id, func(z *Zone) { z.Withheld = withheld })
	if errors.Is(err, errUnknown) {
		return s.changeAccount(id, func(a *Account) { a.Withheld = withheld })
	}
	return err
}

// SetGranted replaces the Granted list of an account, with the same effect as SetPlan.
func (s *Simulator) SetGranted(accountID string, granted ...string) error {
	return s.changeAccount(accountID, func(a *Account) { a.Granted = slices.Clone(granted) })
}

// RenameZone gives a zone another name. Its events stay what they are.
func (s *Simulator) RenameZone(zoneID, name string) error {
	return s.changeZone(zoneID, func(z *Zone) { z.Name = name })
}

// AddZone puts a zone into an account. It has events since [Config.Begin]; one that comes back has the events that it
// had before, and those of the time between.
func (s *Simulator) AddZone(accountID string, z Zone) error {
	return s.changeAccount(accountID, func(a *Account) { a.Zones = append(slices.Clip(a.Zones), z) })
}

// RemoveZone takes a zone away: REST and GraphQL, and Truth, do not know it any more.
func (s *Simulator) RemoveZone(zoneID string) error {
	return s.change(func(accounts []Account) bool {
		for i, a := range accounts {
			at := slices.IndexFunc(a.Zones, func(z Zone) bool { return z.ID == zoneID })
			if at >= 0 {
				accounts[i].Zones = slices.Delete(slices.Clone(a.Zones), at, at+1)
				return true
			}
		}
		return false
	})
}

func (s *Simulator) changeZone(id string, change func(*Zone)) error {
	return s.change(func(accounts []Account) bool {
		for i, a := range accounts {
			at := slices.IndexFunc(a.Zones, func(z Zone) bool { return z.ID == id })
			if at >= 0 {
				accounts[i].Zones = slices.Clone(a.Zones)
				change(&accounts[i].Zones[at])
				return true
			}
		}
		return false
	})
}

func (s *Simulator) changeAccount(id string, change func(*Account)) error {
	return s.change(func(accounts []Account) bool {
		at := slices.IndexFunc(accounts, func(a Account) bool { return a.ID == id })
		if at >= 0 {
			change(&accounts[at])
		}
		return at >= 0
	})
}

// change replaces the world by one that is made from changed accounts, if these are valid.
func (s *Simulator) change(apply func([]Account) (found bool)) error {
	s.changing.Lock()
	defer s.changing.Unlock()
	before := s.world()
	accounts := slices.Clone(before.config)
	if !apply(accounts) {
		return errUnknown
	}
	if err := validateAccounts(accounts); err != nil {
		return fmt.Errorf("changing the simulator's world: %w", err)
	}
	after := newWorld(accounts, before.grants, s.now())
	if err := s.checkEntitlements(after); err != nil {
		return fmt.Errorf("changing the simulator's world: %w", err)
	}
	s.traffic.learn(accounts)
	s.current.Store(after)
	return nil
}

func (s *Simulator) world() *world { return s.current.Load() }
