// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package inventory

import (
	"context"
	"errors"
	"time"

	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/internal/cloudflare"
)

const (
	rulesAge = 10 * time.Minute // how long names of rules are taken as current
	// deniedAge is how long a zone or account is left alone whose rules the token may not read, and how long rulesets are
	// taken as current that many zones execute: Cloudflare renews its own weekly.
	deniedAge   = time.Hour
	rulesetsAge = time.Hour
	namesAge    = time.Hour // after which known names are read again, so that new ones show
	// learnAtOnce bounds the zones whose rules are read in one scrape, so that there is REST budget left for others.
	learnAtOnce = 20
)

// rulePhases are where rules of firewall events are.
// https://developers.cloudflare.com/ruleset-engine/reference/phases-list/
func rulePhases() []string {
	return []string{"http_request_firewall_custom", "http_request_firewall_managed", "http_ratelimit", "http_request_sbfm", "ddos_l7"}
}

// rules are the names of firewall rules. It is saved.
type rules struct {
	Zones    map[string]*ruleNames `json:"zones"`
	Accounts map[string]*ruleNames `json:"accounts"`
	// Rulesets are those that zones and accounts execute.
	Rulesets map[string]*ruleNames `json:"rulesets"`

	told map[string]string // by account, the scope whose denial has been returned
}

// ruleNames are the rules of one zone, account or ruleset.
type ruleNames struct {
	Names   map[string]string `json:"names"`             // by the rules' ids
	Account string            `json:"account,omitempty"` // of a zone
	Read    time.Time         `json:"read"`
	Denied  bool              `json:"denied,omitempty"` // Read is when the token was refused; Names are from before
}

func newRules() rules {
	return rules{Zones: map[string]*ruleNames{}, Accounts: map[string]*ruleNames{}, Rulesets: map[string]*ruleNames{}, told: map[string]string{}}
}

// due says whether it is time to read rules.
func (n *ruleNames) due(now time.Time) bool {
	if n == nil {
		return true
	}
	age := rulesAge
	if n.Denied {
		age = deniedAge
	}
	return now.Sub(n.Read) >= age
}

// RuleName gives the name of a rule that matched a request to a zone: its description, or the reference that somebody gave it.
func (i *Inventory) RuleName(zoneID, ruleID string) (string, bool) {
	var account string
	if zone := i.rules.Zones[zoneID]; zone != nil {
		if name, ok := zone.Names[ruleID]; ok {
			return name, true
		}
		account = zone.Account
	}
	if own := i.rules.Accounts[account]; own != nil {
		if name, ok := own.Names[ruleID]; ok {
			return name, true
		}
	}
	for _, set := range i.rules.Rulesets {
		if name, ok := set.Names[ruleID]; ok {
			return name, true
		}
	}
	return "", false
}

// KnowsRules says whether LearnRules would leave a zone alone for now.
func (i *Inventory) KnowsRules(zoneID string, now time.Time) bool {
	return !i.rules.Zones[zoneID].due(now)
}

// RulesOutdated says whether the names that are known of a zone's rules are old enough to have changed.
func (i *Inventory) RulesOutdated(zoneID string, now time.Time) bool {
	known := i.rules.Zones[zoneID]
	return known != nil && now.Sub(known.Read) >= namesAge
}

// LearnRules reads the names of the firewall rules of some zones and their accounts: of each every ten minutes, of those that
// the token may not read every hour. A denial is returned once for each account, until its rules can be read again. Any other error
// ends the reading for now; what is known stays known.
func (i *Inventory) LearnRules(ctx context.Context, now time.Time, zones []Scope) error {
	var denials []error
	read := 0
	for _, z := range zones {
		if i.KnowsRules(z.ID, now) || read == learnAtOnce {
			continue
		}
		read++
		denial, err := i.learn(ctx, now, i.rules.Zones, z)
		denials = append(denials, i.sayOnce("zones of "+z.AccountID, z.ID, denial))
		if err == nil && z.AccountID != "" && i.rules.Accounts[z.AccountID].due(now) {
			denial, err = i.learn(ctx, now, i.rules.Accounts, accountScope(z.AccountID, z.AccountName))
			denials = append(denials, i.sayOnce(z.AccountID, z.AccountID, denial))
		}
		if cloudflare.ClassOf(err) == cloudflare.ClassDeferred {
			break // the budget will allow it later
		}
		if err != nil {
			return errors.Join(append(denials, err)...)
		}
	}
	return errors.Join(denials...)
}

// sayOnce gives a denial back if there has been none of its kind yet, or the scope that was denied could be read since.
func (i *Inventory) sayOnce(about, scopeID string, denial error) error {
	said := i.rules.told[about]
	switch {
	case denial == nil && said == scopeID:
		delete(i.rules.told, about)
	case denial != nil && said == "":
		i.rules.told[about] = scopeID
		return denial
	}
	return nil
}

// learn reads all phases of a zone or account. A denial of some of them does not keep the others from being read.
func (i *Inventory) learn(ctx context.Context, now time.Time, into map[string]*ruleNames, s Scope) (denial, err error) {
	fresh := &ruleNames{Names: map[string]string{}, Account: s.AccountID, Read: now, Denied: true}
	for _, phase := range rulePhases() {
		err := i.learnPhase(ctx, now, fresh, s, phase)
		if err == nil {
			fresh.Denied = false
			continue
		}
		err = during(ReadRules, err)
		if !denied(err) {
			return denial, err
		}
		if denial == nil {
			denial = err
		}
	}
	if known := into[s.ID]; fresh.Denied && known != nil {
		fresh.Names = known.Names
	}
	into[s.ID] = fresh
	return denial, nil
}

func (i *Inventory) learnPhase(ctx context.Context, now time.Time, into *ruleNames, s Scope, phase string) error {
	list, err := i.client.PhaseRules(ctx, s.Kind, s.ID, phase)
	if err != nil {
		return err
	}
	into.add(list)
	for _, r := range list {
		if set := i.rules.Rulesets[r.Executes]; r.Executes == "" || (set != nil && now.Sub(set.Read) < rulesetsAge) {
			continue
		}
		list, err := i.client.RulesetRules(ctx, s.Kind, s.ID, r.Executes)
		if err != nil {
			return err
		}
		set := &ruleNames{Names: map[string]string{}, Read: now}
		set.add(list)
		i.rules.Rulesets[r.Executes] = set
	}
	return nil
}

// add takes rules that have names; one that executes others does not match by itself.
func (n *ruleNames) add(list []cloudflare.Rule) {
	for _, r := range list {
		if name := r.Name(); name != "" && r.Executes == "" {
			n.Names[r.ID] = name
		}
	}
}

// forget drops the rules of scopes that are no longer listed.
func (r *rules) forget(dropped []Scope) {
	for _, s := range dropped {
		delete(r.Zones, s.ID)
		delete(r.Accounts, s.ID)
	}
}
