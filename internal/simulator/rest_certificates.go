// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"net/http"
	"slices"
	"time"
)

// CertificatePack is a zone's certificate pack with the documented properties that a reader may want.
type CertificatePack struct {
	ID           string        `json:"id"`
	Type         string        `json:"type"`
	Status       string        `json:"status"`
	Hosts        []string      `json:"hosts"`
	Authority    string        `json:"certificate_authority"`
	Certificates []Certificate `json:"certificates"`
}

// Certificate is one of a pack.
type Certificate struct {
	ID        string    `json:"id"`
	Issuer    string    `json:"issuer"`
	Signature string    `json:"signature"`
	Status    string    `json:"status"`
	ExpiresOn time.Time `json:"expires_on"`
	Hosts     []string  `json:"hosts"`
}

const certificateActive = "active"

// CertificatePacks returns what REST lists about a zone with status=all: a universal pack of two certificates, and an advanced one
// that is active, expired, or waits for its validation and has no certificate yet.
func (s *Simulator) CertificatePacks(zoneID string) []CertificatePack {
	z := s.world().zone(zoneID)
	if z == nil {
		return nil
	}
	const day = 24 * time.Hour
	dice := seeded(s.config.Seed, "certificates", zoneID, 0)
	hosts := []string{z.Name, "*." + z.Name}
	certificate := func(issuer, signature, status string, expires time.Duration) Certificate {
		return Certificate{
			ID: ruleID(dice), Issuer: issuer, Signature: signature, Status: status,
			ExpiresOn: s.config.Begin.UTC().Add(expires), Hosts: hosts,
		}
	}
	universal := CertificatePack{
		ID: ruleID(dice), Type: "universal", Status: certificateActive, Hosts: hosts, Authority: "google",
		Certificates: []Certificate{
			certificate("GoogleTrustServices", "ECDSAWithSHA256", certificateActive, 61*day+time.Duration(dice.IntN(20))*day),
			certificate("GoogleTrustServices", "SHA256WithRSA", certificateActive, 30*day+time.Duration(dice.IntN(20))*day),
		},
	}
	advanced := CertificatePack{ID: ruleID(dice), Type: "advanced", Hosts: hosts, Authority: "lets_encrypt", Certificates: []Certificate{}}
	switch hashed(zoneID) % 3 {
	case 0:
		advanced.Status = "pending_validation"
	case 1:
		advanced.Status = certificateActive
		advanced.Certificates = append(advanced.Certificates, certificate("LetsEncrypt", "ECDSAWithSHA256", certificateActive, 5*day))
	case 2:
		advanced.Status = "expired"
		advanced.Certificates = append(advanced.Certificates, certificate("LetsEncrypt", "ECDSAWithSHA256", "expired", -2*day))
	}
	removed := s.altered.removals()
	return slices.DeleteFunc([]CertificatePack{universal, advanced}, func(p CertificatePack) bool { return removed[p.ID] })
}

// listCertificatePacks leaves out packs that are not active unless it is asked for all.
func (s *Simulator) listCertificatePacks(w http.ResponseWriter, r *http.Request, sc scope) {
	packs := s.CertificatePacks(sc.zone.ID)
	if r.URL.Query().Get("status") != "all" {
		packs = slices.DeleteFunc(packs, func(p CertificatePack) bool { return p.Status != certificateActive })
	}
	writePage(w, r.URL.Query(), packs)
}
