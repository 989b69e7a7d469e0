// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"fmt"
	"maps"
	"slices"
	"sync"
)

// alterations are what users have changed since the simulator began, besides accounts and zones.
type alterations struct {
	mu        sync.RWMutex
	tokens    []Token
	ruleNames map[zoneRule]string
	removed   map[string]bool // certificate packs and tunnels, by id
	failed    map[string]bool // pools, by id
}

type zoneRule struct{ zone, rule string }

func newAlterations(tokens []Token) alterations {
	return alterations{tokens: slices.Clone(tokens), ruleNames: map[zoneRule]string{}, removed: map[string]bool{}, failed: map[string]bool{}}
}

// SetPermissions gives one of [Config.Tokens] other permissions; none are all of them.
func (s *Simulator) SetPermissions(secret string, list ...string) error {
	token := Token{Secret: secret, Permissions: slices.Clone(list)}
	if err := validateTokens([]Token{token}); err != nil {
		return err
	}
	a := &s.altered
	a.mu.Lock()
	defer a.mu.Unlock()
	i := slices.IndexFunc(a.tokens, func(t Token) bool { return t.Secret == secret })
	if i < 0 {
		return fmt.Errorf("setting the permissions of a token: %w", errUnknown)
	}
	a.tokens[i] = token
	return nil
}

func (a *alterations) allTokens() []Token {
	a.mu.RLock()
	defer a.mu.RUnlock()
	return slices.Clone(a.tokens)
}

// SetRuleName renames a rule of a zone in its ruleset. Events keep the description that the rule had in the beginning.
func (s *Simulator) SetRuleName(zoneID, id, name string) error {
	if !slices.ContainsFunc(s.rules(zoneID), func(r rule) bool { return r.id == id }) {
		return fmt.Errorf("renaming a rule: %w", errUnknown)
	}
	a := &s.altered
	a.mu.Lock()
	defer a.mu.Unlock()
	a.ruleNames[zoneRule{zoneID, id}] = name
	return nil
}

// rename gives rules the names that they have now.
func (a *alterations) rename(zoneID string, rules []rule) {
	a.mu.RLock()
	defer a.mu.RUnlock()
	for i := range rules {
		if name, ok := a.ruleNames[zoneRule{zoneID, rules[i].id}]; ok {
			rules[i].name = name
		}
	}
}

// Remove takes a certificate pack or a tunnel off its list. Ids that are not listed make no difference.
func (s *Simulator) Remove(id string) {
	s.altered.mu.Lock()
	defer s.altered.mu.Unlock()
	s.altered.removed[id] = true
}

// removals are the ids that are no longer listed.
func (a *alterations) removals() map[string]bool {
	a.mu.RLock()
	defer a.mu.RUnlock()
	return maps.Clone(a.removed)
}

// FailPool takes all origins of a pool down. Ids that are not listed make no difference.
func (s *Simulator) FailPool(id string) {
	s.altered.mu.Lock()
	defer s.altered.mu.Unlock()
	s.altered.failed[id] = true
}

func (a *alterations) hasFailed(pool string) bool {
	a.mu.RLock()
	defer a.mu.RUnlock()
	return a.failed[pool]
}
