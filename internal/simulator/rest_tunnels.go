// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"fmt"
	"net/http"
	"slices"
	"time"
)

// Tunnel is an account's tunnel. Cloudflare has announced that lists will leave the connections out: those of the second tunnel
// are told by an endpoint of their own only.
type Tunnel struct {
	ID          string       `json:"id"`
	Name        string       `json:"name"`
	Status      string       `json:"status"`
	CreatedAt   time.Time    `json:"created_at"`
	Connections []Connection `json:"connections"`
}

// Connection is one of a tunnel's to Cloudflare.
type Connection struct {
	ID                 string    `json:"id"`
	ClientID           string    `json:"client_id"`
	ClientVersion      string    `json:"client_version"`
	ColoName           string    `json:"colo_name"`
	IsPendingReconnect bool      `json:"is_pending_reconnect"`
	OpenedAt           time.Time `json:"opened_at"`
	OriginIP           string    `json:"origin_ip"`
}

// connector is a running cloudflared with its connections.
type connector struct {
	ID          string       `json:"id"`
	Version     string       `json:"version"`
	Arch        string       `json:"arch"`
	RunAt       time.Time    `json:"run_at"`
	Connections []Connection `json:"conns"`
}

// tunnelDegraded is the status of a tunnel with too few connections, and that of the one whose connections the list leaves out.
const tunnelDegraded = "degraded"

// Tunnels returns the two tunnels that each account has, with their connections: a healthy one of two connectors with four
// connections each, and a degraded one with a single connector that has lost one of four.
func (s *Simulator) Tunnels(accountID string) []Tunnel {
	dice := seeded(s.config.Seed, "tunnels", accountID, 0)
	uuid := func() string {
		id := ruleID(dice)
		return fmt.Sprintf("%s-%s-%s-%s-%s", id[:8], id[8:12], id[12:16], id[16:20], id[20:])
	}
	connect := func(version, origin string, pending int) []Connection {
		client, connections := uuid(), []Connection{}
		for n, colo := range []string{"fra01", "fra01", "ams06", "ams07"} {
			connections = append(connections, Connection{
				ID: uuid(), ClientID: client, ClientVersion: version, ColoName: colo, IsPendingReconnect: n < pending,
				OpenedAt: s.config.Begin.UTC().Add(-time.Hour), OriginIP: origin,
			})
		}
		return connections
	}
	tunnels := []Tunnel{
		{
			ID: uuid(), Name: "office", Status: "healthy", CreatedAt: created(),
			Connections: slices.Concat(connect("2026.1.0", "198.51.100.1", 0), connect("2025.11.1", "198.51.100.2", 0)),
		},
		{
			ID: uuid(), Name: "warehouse", Status: tunnelDegraded, CreatedAt: created(),
			Connections: connect("2026.1.0", "198.51.100.3", 1),
		},
	}
	removed := s.altered.removals()
	return slices.DeleteFunc(tunnels, func(t Tunnel) bool { return removed[t.ID] })
}

func (s *Simulator) listTunnels(w http.ResponseWriter, r *http.Request, sc scope) {
	tunnels := s.Tunnels(sc.account.ID)
	for i := range tunnels {
		if tunnels[i].Status == tunnelDegraded {
			tunnels[i].Connections = []Connection{}
		}
	}
	writePage(w, r.URL.Query(), tunnels)
}

// listConnectors does not page.
func (s *Simulator) listConnectors(w http.ResponseWriter, r *http.Request, sc scope) {
	tunnels := s.Tunnels(sc.account.ID)
	i := slices.IndexFunc(tunnels, func(t Tunnel) bool { return t.ID == r.PathValue("tunnel") })
	if i < 0 {
		writeEnvelopeError(w, newAPIError(http.StatusNotFound, 1003, "Tunnel not found"))
		return
	}
	connectors := []connector{}
	for _, c := range tunnels[i].Connections {
		if n := len(connectors); n == 0 || connectors[n-1].ID != c.ClientID {
			connectors = append(connectors, connector{ID: c.ClientID, Version: c.ClientVersion, Arch: "linux_amd64", RunAt: c.OpenedAt})
		}
		last := &connectors[len(connectors)-1]
		last.Connections = append(last.Connections, c)
	}
	writeResult(w, connectors, nil)
}
