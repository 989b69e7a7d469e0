// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package inventory

import (
	"context"
	"slices"

	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/internal/cloudflare"
)

// answer is what Cloudflare said about the accounts and zones that there are.
type answer struct {
	accounts []cloudflare.Account
	zones    []cloudflare.Zone
	// accountsErr and zonesErr are REST's, discoverErr is GraphQL's.
	accountsErr, zonesErr, discoverErr error
	// hasAccounts and hasZones say that the lists are Cloudflare's, by REST or by GraphQL.
	hasAccounts, hasZones bool
}

// ask lists accounts and zones by REST, and by GraphQL what the token may not list: reading analytics takes other permissions.
func (i *Inventory) ask(ctx context.Context) *answer {
	a := &answer{}
	a.accounts, a.accountsErr = i.client.Accounts(ctx)
	a.zones, a.zonesErr = i.client.Zones(ctx)
	a.hasAccounts, a.hasZones = a.accountsErr == nil, a.zonesErr == nil
	if denied(a.accountsErr) {
		a.discoverErr = i.discoverAccounts(ctx, a)
	}
	if denied(a.zonesErr) && a.discoverErr == nil {
		a.discoverErr = i.discoverZones(ctx, a)
	}
	if cloudflare.ClassOf(a.discoverErr) == cloudflare.ClassAuth {
		// The token is not one that may do little, but none at all.
		a.accountsErr, a.zonesErr = nil, nil
	}
	return a
}

// discoverAccounts finds accounts by GraphQL. GraphQL has no names: a known name stays, otherwise the id stands in for it.
func (i *Inventory) discoverAccounts(ctx context.Context, a *answer) error {
	tags, err := i.client.AccountTags(ctx)
	if err != nil {
		return unlessDenied(err)
	}
	a.hasAccounts = true
	for _, tag := range tags {
		a.accounts = append(a.accounts, cloudflare.Account{ID: tag, Name: i.accountName(tag, a.zones)})
	}
	return nil
}

// accountName is what REST says of an account beside one of its zones, or what is known.
func (i *Inventory) accountName(id string, zones []cloudflare.Zone) string {
	if n := slices.IndexFunc(zones, func(z cloudflare.Zone) bool { return z.AccountID == id && z.AccountName != "" }); n >= 0 {
		return zones[n].AccountName
	}
	return i.known(cloudflare.AccountScope, id).Name
}

// discoverZones finds zones by GraphQL, those of each account so that it is known whose they are, or else all together.
func (i *Inventory) discoverZones(ctx context.Context, a *answer) error {
	var zones []cloudflare.Zone
	for _, account := range a.accounts {
		tags, err := i.client.ZoneTags(ctx, account.ID)
		if denied(err) {
			return i.discoverAllZones(ctx, a)
		}
		if err != nil {
			return err
		}
		for _, tag := range tags {
			z := i.knownZone(tag)
			z.AccountID, z.AccountName = account.ID, account.Name
			zones = append(zones, z)
		}
	}
	if len(a.accounts) == 0 {
		return i.discoverAllZones(ctx, a)
	}
	a.zones, a.hasZones = zones, true
	return nil
}

func (i *Inventory) discoverAllZones(ctx context.Context, a *answer) error {
	tags, err := i.client.ZoneTags(ctx, "")
	if err != nil {
		return unlessDenied(err)
	}
	a.hasZones = true
	for _, tag := range tags {
		a.zones = append(a.zones, i.knownZone(tag))
	}
	return nil
}

func unlessDenied(err error) error {
	if denied(err) {
		return nil // as by REST, which has been said
	}
	return err
}

// knownZone is a zone as far as it is known; GraphQL lists none that is not active.
func (i *Inventory) knownZone(tag string) cloudflare.Zone {
	known := i.known(cloudflare.ZoneScope, tag)
	return cloudflare.Zone{ID: tag, Name: known.Name, Status: "active", AccountID: known.AccountID, AccountName: known.AccountName}
}

// known is what is known of a scope, or one whose id stands in for its name.
func (i *Inventory) known(kind cloudflare.ScopeKind, id string) Scope {
	n := slices.IndexFunc(i.listed, func(s Scope) bool { return s.Kind == kind && s.ID == id })
	if n < 0 {
		return Scope{Kind: kind, ID: id, Name: id}
	}
	return i.listed[n]
}
