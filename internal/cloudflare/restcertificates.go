// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package cloudflare

import (
	"context"
	"time"

	"github.com/cloudflare/cloudflare-go/v7/option"
	"github.com/cloudflare/cloudflare-go/v7/ssl"
)

// CertificatePack is one of a zone's edge certificates, in up to three variants of key.
type CertificatePack struct {
	ID     string
	Type   string // universal, advanced, mh_custom and others
	Status string // active, expired, pending_validation and others
	// Certificates are none as long as none has been issued.
	Certificates []Certificate
}

// Certificate is one certificate of a pack.
type Certificate struct {
	ID, Issuer, Status string
	ExpiresOn          time.Time // zero when that is not known
	Hosts              []string
}

// CertificatePacks lists a zone's certificate packs, whatever their status. It needs the permission SSL and Certificates Read.
func (c *Client) CertificatePacks(ctx context.Context, zoneID string) ([]CertificatePack, error) {
	path := "zones/" + zoneID + "/ssl/certificate_packs"
	get := func(ctx context.Context, number float64, options ...option.RequestOption) ([]CertificatePack, error) {
		var params ssl.CertificatePackListParams
		params.ZoneID.Value, params.ZoneID.Present = zoneID, true
		params.Status.Value, params.Status.Present = ssl.CertificatePackListParamsStatusAll, true
		params.Page.Value, params.Page.Present = number, true
		params.PerPage.Value, params.PerPage.Present = perPage, true
		page, err := c.services.packs.List(ctx, params, options...)
		return convertPage(page, err, certificatePack)
	}
	return list(ctx, c, "certificate_packs", path, sdkPages(get), func(p CertificatePack) string { return p.ID })
}

func certificatePack(p ssl.CertificatePackListResponse) CertificatePack {
	return CertificatePack{
		ID: p.ID, Type: string(p.Type), Status: string(p.Status),
		Certificates: convert(p.Certificates, func(c ssl.CertificatePackListResponseCertificate) Certificate {
			return Certificate{ID: c.ID, Issuer: c.Issuer, Status: c.Status, ExpiresOn: c.ExpiresOn, Hosts: c.Hosts}
		}),
	}
}
