// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"
	"time"
)

// Config describes the world that a [Simulator] serves. Only Accounts is required.
type Config struct {
	// Seed decides every event. Equal seeds, accounts and begins give equal events.
	Seed     uint64
	Accounts []Account
	// Begin is when the first event may happen; zero means one hour before the clock, on a full minute.
	Begin time.Time
	// End is when events stop, exclusive; zero means never.
	End time.Time
	// Clock is the API's clock, time.Now when nil: it fills Date headers, decides what is too old, and hides
	// events that have not happened yet.
	Clock func() time.Time
	// Sleep lets latency pass on that clock and returns early when ctx ends; nil waits in real time.
	Sleep func(ctx context.Context, d time.Duration)
	// EventsPerMinute is the average number of HTTP requests per zone, 60 when zero. A Worker script has a third,
	// and each dataset of a scope that is not modelled by hand a sixth, but at least one.
	EventsPerMinute int
	// Token is the API token, or global key, that is let in; empty, and without Tokens, anything that looks like one is.
	Token string
	// Tokens are further ones, each with permissions of its own.
	Tokens []Token
	Limits Limits
}

// Account is a Cloudflare account with its Worker scripts and zones.
type Account struct {
	ID      string // 32 hexadecimal digits
	Name    string
	Workers []string
	Zones   []Zone
	// Granted are the datasets that may be read at account scope among those that tell zones apart: httpRequestsAdaptiveGroups,
	// firewallEventsAdaptiveGroups, dnsAnalyticsAdaptiveGroups and their raw siblings. The others may always be.
	Granted []string
	// Withheld takes away datasets or fields of account scope, as [Zone.Withheld] does of a zone's.
	Withheld []string
}

// Zone is a domain. Its plan decides what its owner may read.
type Zone struct {
	ID   string // 32 hexadecimal digits
	Name string
	Plan Plan
	// Withheld takes away more than the plan does: "httpRequests1mGroups" a whole dataset,
	// "firewallEventsAdaptiveGroups.dimensions_ruleId" one field.
	Withheld []string
	// LabelSetsPerMinute gives the zone's firewall events that many label sets in each minute, the same in all of them, with
	// events that come beside the zone's others.
	LabelSetsPerMinute int
	// Unreachable is the share of the zone's requests that end with status 522 because the origin does not answer, 0 to 1.
	Unreachable float64
}

// Limits are Cloudflare's limits. Zero means Cloudflare's value; a negative request limit means none.
type Limits struct {
	RESTRequests    int // in five minutes, 1200
	GraphQLRequests int // in five minutes, 300
	AccountBased    int // of each account and zone in five minutes, 300; for requests with X-Rate-Limit-Type: account-based
	ZonesPerQuery   int // 10
	AccountsPerNode int // accounts an accounts node may cover, 1
	PageSize        int // rows of one node, 10000
	// ScopeNodes bounds zones × nodes, summed over a document. Cloudflare does not publish its value; zero is no bound.
	ScopeNodes int
}

func (l Limits) withDefaults() Limits {
	for _, d := range []struct {
		limit *int
		value int
	}{
		{&l.RESTRequests, 1200},
		{&l.GraphQLRequests, 300},
		{&l.AccountBased, 300},
		{&l.ZonesPerQuery, 10},
		{&l.AccountsPerNode, 1},
		{&l.PageSize, 10000},
	} {
		if *d.limit == 0 {
			*d.limit = d.value
		}
	}
	return l
}

func (c Config) withDefaults() Config {
	if c.Clock == nil {
		c.Clock = time.Now
	}
	if c.Begin.IsZero() {
		c.Begin = c.Clock().Add(-time.Hour).Truncate(time.Minute)
	}
	if c.EventsPerMinute == 0 {
		c.EventsPerMinute = 60
	}
	c.Limits = c.Limits.withDefaults()
	return c
}

func (c Config) validate() error {
	if len(c.Accounts) == 0 {
		return errors.New("no accounts")
	}
	if c.EventsPerMinute < 0 {
		return fmt.Errorf("negative events per minute: %d", c.EventsPerMinute)
	}
	if !c.End.IsZero() && c.End.Before(c.Begin) {
		return fmt.Errorf("the end %s is before the begin %s", c.End.Format(time.RFC3339), c.Begin.Format(time.RFC3339))
	}
	return errors.Join(validateTokens(c.Tokens), validateAccounts(c.Accounts))
}

func validateAccounts(accounts []Account) error {
	seen := map[string]bool{}
	for _, a := range accounts {
		if err := validateID(seen, "account", a.ID); err != nil {
			return err
		}
		for _, z := range a.Zones {
			if err := validateID(seen, "zone", z.ID); err != nil {
				return err
			}
			if !z.Plan.known() {
				return fmt.Errorf("zone %s: unknown plan %q", z.ID, z.Plan)
			}
			if z.LabelSetsPerMinute < 0 {
				return fmt.Errorf("zone %s: negative label sets per minute: %d", z.ID, z.LabelSetsPerMinute)
			}
			if !(z.Unreachable >= 0 && z.Unreachable <= 1) {
				return fmt.Errorf("zone %s: a share of unreachable requests is between 0 and 1, not %v", z.ID, z.Unreachable)
			}
		}
	}
	return nil
}

func validateID(seen map[string]bool, kind, id string) error {
	if !regexp.MustCompile(`^[0-9a-f]{32}$`).MatchString(id) {
		return fmt.Errorf("%s id %q is not 32 hexadecimal digits", kind, id)
	}
	if seen[id] {
		return fmt.Errorf("%s id %s is used twice", kind, id)
	}
	seen[id] = true
	return nil
}

// DefaultLayout names some accounts with zones, whose plans go round, and three Worker scripts each. Ids depend on
// the position only.
func DefaultLayout(accounts, zonesPerAccount int, plans ...Plan) []Account {
	if len(plans) == 0 {
		plans = []Plan{PlanEnterprise}
	}
	layout := make([]Account, accounts)
	for a := range layout {
		account := Account{
			ID:      hexID("account", a),
			Name:    fmt.Sprintf("Example Account %d", a+1),
			Workers: []string{"api-gateway", "image-resizer", "auth"},
			Zones:   make([]Zone, zonesPerAccount),
		}
		for z := range account.Zones {
			n := a*zonesPerAccount + z
			account.Zones[z] = Zone{
				ID:   hexID("zone", n),
				Name: fmt.Sprintf("zone%d.example.com", n+1),
				Plan: plans[n%len(plans)],
			}
		}
		layout[a] = account
	}
	return layout
}

// hexID looks like one of Cloudflare's identifiers.
func hexID(kind string, n int) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s %d", kind, n))
	return hex.EncodeToString(sum[:16])
}
