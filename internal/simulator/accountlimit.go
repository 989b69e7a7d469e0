// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"net/http"
	"slices"
	"sync"
	"time"
)

// accountBased tells whether a request wants account-based rate limiting, by a header of
// https://developers.cloudflare.com/analytics/graphql-api/account-based-rate-limiting/. Such a request does not touch the
// limit of its user or token; each account and each zone has a limit of its own.
func accountBased(r *http.Request) bool { return r.Header.Get("X-Rate-Limit-Type") == "account-based" }

// buckets are the limits of accounts and zones.
type buckets struct {
	limit int

	mu       sync.Mutex
	limiters map[string]*rateLimiter // by id
}

// charge is what a document takes of one account or zone.
type charge struct {
	scope scope
	count int
}

// take takes all charges, or none and returns the scope whose limit is exceeded.
func (b *buckets) take(now time.Time, charges []charge) (exceeded *scope) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, c := range charges {
		id := c.scope.id()
		if b.limiters[id] == nil {
			b.limiters[id] = &rateLimiter{limit: b.limit}
		}
		if b.limiters[id].left(now) < c.count {
			return &c.scope
		}
	}
	for _, c := range charges {
		for range c.count {
			b.limiters[c.scope.id()].take(now)
		}
	}
	return nil
}

// charge takes a document's charges under account-based limiting: a zones block of the viewer counts against its zone, one inside an
// account against the account, and so does an accounts block that selects anything besides zones.
func (e *execution) charge(blocks []block) *queryError {
	if !e.exchange.accountBased {
		return nil
	}
	var charges []charge
	for _, b := range blocks {
		if b.name() == "zones" && !e.namesOneZone(b.selected) {
			return errZoneList()
		}
		for _, sc := range b.scopes {
			count := 1
			if sc.zone == nil {
				count = accountCharge(b.selected)
			}
			charges = addCharge(charges, sc, count)
		}
	}
	if exceeded := e.simulator.buckets.take(e.now, charges); exceeded != nil {
		return errScopeBudget(*exceeded)
	}
	return nil
}

// addCharge adds a charge to others, of which there is one for each scope.
func addCharge(charges []charge, sc scope, count int) []charge {
	i := slices.IndexFunc(charges, func(c charge) bool { return c.scope == sc })
	if i < 0 {
		return append(charges, charge{sc, count})
	}
	charges[i].count += count
	return charges
}

func accountCharge(accounts *selected) int {
	own, nested := 0, 0
	for _, f := range accounts.nested {
		switch f.name() {
		case "zones":
			nested++
		case "__typename", "accountTag":
		default:
			own = 1
		}
	}
	return max(own+nested, 1)
}

func (e *execution) namesOneZone(f *selected) bool {
	arguments, err := e.document.arguments(f.field)
	if err != nil {
		return false
	}
	filter, _ := arguments["filter"].(map[string]any)
	_, one := filter["zoneTag"]
	return one && len(filter) == 1
}
