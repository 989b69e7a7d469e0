// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package cloudflare

import (
	"sync"
	"time"
)

// scopeBudgets are the budgets of account-based rate limits: one of each zone and account, made when it is first needed.
// All of them count as empty when the client was made, as if they had been there since: what the process before this
// one used is behind them, and a thousand zones fill up at once instead of one after the other.
type scopeBudgets struct {
	began time.Time
	rate  Rate
	now   func() time.Time
	whole *budget // of GraphQL; it is stopped by what concerns no single zone or account, and paces nothing

	mu    sync.Mutex
	byTag map[string]*budget
}

func newScopeBudgets(whole *budget, settings Settings) *scopeBudgets {
	return &scopeBudgets{
		began: settings.Now(), rate: settings.GraphQL, now: settings.Now, whole: whole, byTag: map[string]*budget{},
	}
}

// of is the budget of a zone or account.
func (s *scopeBudgets) of(tag string) *budget {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.byTag[tag] == nil {
		s.byTag[tag] = s.unused()
	}
	return s.byTag[tag]
}

// unused is a budget that nothing has been taken from since the client was made.
func (s *scopeBudgets) unused() *budget {
	b := newBudgetSince(s.began, KindGraphQL, s.rate, s.now)
	b.whole = s.whole
	return b
}

// available returns how many requests could start now about the zone or account that has the fewest left, but for those
// that are stopped.
func (s *scopeBudgets) available() int {
	least := s.unused().available()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, b := range s.byTag {
		if b.refusal() == nil {
			least = min(least, b.available())
		}
	}
	return least
}
