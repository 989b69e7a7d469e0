// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package cloudflare

import (
	"context"

	"github.com/cloudflare/cloudflare-go/v7/accounts"
	"github.com/cloudflare/cloudflare-go/v7/load_balancers"
	"github.com/cloudflare/cloudflare-go/v7/option"
	"github.com/cloudflare/cloudflare-go/v7/ssl"
	"github.com/cloudflare/cloudflare-go/v7/zones"
)

// Account is an account that the credentials see.
type Account struct {
	ID, Name string
	Type     string // standard or enterprise
}

// Zone is a zone that the credentials see.
type Zone struct {
	ID, Name               string
	Status                 string // initializing, pending, active or moved
	Type                   string // full, partial or secondary
	Paused                 bool
	AccountID, AccountName string
}

// services are the SDK's that are used.
type services struct {
	accounts      *accounts.AccountService
	zones         *zones.ZoneService
	packs         *ssl.CertificatePackService
	loadBalancers *load_balancers.LoadBalancerService
	pools         *load_balancers.PoolService
}

func newServices(options []option.RequestOption) services {
	return services{
		accounts:      accounts.NewAccountService(options...),
		zones:         zones.NewZoneService(options...),
		packs:         ssl.NewCertificatePackService(options...),
		loadBalancers: load_balancers.NewLoadBalancerService(options...),
		pools:         load_balancers.NewPoolService(options...),
	}
}

// Accounts lists every account. It needs the permission Account Settings Read.
func (c *Client) Accounts(ctx context.Context) ([]Account, error) {
	return list(ctx, c, "accounts", "accounts", sdkPages(func(ctx context.Context, number float64, options ...option.RequestOption) ([]Account, error) {
		var params accounts.AccountListParams
		params.Page.Value, params.Page.Present = number, true
		params.PerPage.Value, params.PerPage.Present = perPage, true
		page, err := c.services.accounts.List(ctx, params, options...)
		return convertPage(page, err, func(a accounts.Account) Account {
			return Account{ID: a.ID, Name: a.Name, Type: string(a.Type)}
		})
	}), func(a Account) string { return a.ID })
}

// Zones lists every zone of every account. It needs the permission Zone Read.
func (c *Client) Zones(ctx context.Context) ([]Zone, error) {
	return list(ctx, c, "zones", "zones", sdkPages(func(ctx context.Context, number float64, options ...option.RequestOption) ([]Zone, error) {
		var params zones.ZoneListParams
		params.Page.Value, params.Page.Present = number, true
		params.PerPage.Value, params.PerPage.Present = perPage, true
		page, err := c.services.zones.List(ctx, params, options...)
		return convertPage(page, err, func(z zones.Zone) Zone {
			return Zone{
				ID: z.ID, Name: z.Name, Status: string(z.Status), Type: string(z.Type), Paused: z.Paused,
				AccountID: z.Account.ID, AccountName: z.Account.Name,
			}
		})
	}), func(z Zone) string { return z.ID })
}
