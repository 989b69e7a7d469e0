// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package dataset

import (
	"context"
	"time"

	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/internal/cloudflare"
)

// certificatesListing are a zone's edge certificates. They change by the day, and so does the time that is left to them.
func certificatesListing() *Listing {
	const (
		expiry = iota
		status
	)
	return &Listing{
		Name:       "certificates",
		Scope:      cloudflare.ZoneScope,
		Interval:   30 * time.Minute,
		Permission: "Zone > SSL and Certificates: Read",
		Metrics: []Metric{
			expiry: listed("cloudflare.zone.certificate.expiry", "certificate_id", "type", "issuer", "status", "host"),
			status: listed("cloudflare.zone.certificate.status", "certificate_id", "type", "issuer", "status"),
		},
		read: func(ctx context.Context, c *cloudflare.Client, scope ListingScope, _ []bool, emit func(Point)) error {
			packs, err := c.CertificatePacks(ctx, scope.ID)
			if err != nil {
				return err
			}
			for _, p := range packs {
				for _, one := range ofPack(p) {
					emit(Point{Metric: status, Int: 1, Attributes: []string{one.ID, p.Type, one.Issuer, p.Status}})
					if !one.ExpiresOn.IsZero() {
						emit(Point{Metric: expiry, Int: one.ExpiresOn.Unix(), Attributes: []string{one.ID, p.Type, one.Issuer, one.Status, firstHost(one)}})
					}
				}
			}
			return nil
		},
	}
}

// ofPack are a pack's certificates. The order of one that has not been issued goes by the pack's identifier.
func ofPack(p cloudflare.CertificatePack) []cloudflare.Certificate {
	if len(p.Certificates) == 0 {
		return []cloudflare.Certificate{{ID: p.ID}}
	}
	return p.Certificates
}

// firstHost stands for all that a certificate covers, which may be a hundred.
func firstHost(c cloudflare.Certificate) string {
	if len(c.Hosts) == 0 {
		return ""
	}
	return c.Hosts[0]
}
