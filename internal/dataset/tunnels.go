// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package dataset

import (
	"context"
	"time"

	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/internal/cloudflare"
)

// The metrics of tunnels.
const (
	infoOfTunnel = iota
	healthOfTunnel
	connectorsOfTunnel
	connectionsOfTunnel
)

// tunnelsListing are an account's tunnels of cloudflared, with their connections.
func tunnelsListing() *Listing {
	return &Listing{
		Name:       "tunnels",
		Scope:      cloudflare.AccountScope,
		Interval:   time.Minute,
		Permission: "Account > Cloudflare Tunnel: Read",
		Metrics: []Metric{
			infoOfTunnel:        listed("cloudflare.tunnel.info", "tunnel_id", "tunnel_name", "status"),
			healthOfTunnel:      listedDouble("cloudflare.tunnel.health_status", "tunnel_id", "tunnel_name"),
			connectorsOfTunnel:  listed("cloudflare.tunnel.connectors", "tunnel_id"),
			connectionsOfTunnel: listed("cloudflare.tunnel.connections", "tunnel_id", "connector_id", "version", "colo"),
		},
		read: func(ctx context.Context, c *cloudflare.Client, scope ListingScope, want []bool, emit func(Point)) error {
			tunnels, err := c.Tunnels(ctx, scope.ID)
			if err != nil {
				return err
			}
			for _, t := range tunnels {
				if len(t.Connections) == 0 && connected(t) && (want[connectorsOfTunnel] || want[connectionsOfTunnel]) {
					if t.Connections, err = c.TunnelConnections(ctx, scope.ID, t.ID); err != nil {
						return err
					}
				}
				emitTunnel(t, emit)
			}
			return nil
		},
	}
}

// connected says whether a tunnel has connections, which a list of tunnels may leave out.
func connected(t cloudflare.Tunnel) bool { return t.Status == "healthy" || t.Status == "degraded" }

// tunnelHealths are statuses as numbers that can be compared and averaged: what is not 1 needs a look, and 0 serves nothing.
func tunnelHealths() map[string]float64 {
	return map[string]float64{"healthy": 1, "degraded": 0.5, "down": 0, "inactive": 0}
}

func emitTunnel(t cloudflare.Tunnel, emit func(Point)) {
	emit(Point{Metric: infoOfTunnel, Int: 1, Attributes: []string{t.ID, t.Name, t.Status}})
	if health, ok := tunnelHealths()[t.Status]; ok {
		emit(Point{Metric: healthOfTunnel, Double: health, Attributes: []string{t.ID, t.Name}})
	}
	type place struct{ connector, version, colo string }
	connectors, connections := map[string]bool{}, map[place]int64{}
	for _, c := range t.Connections {
		if !c.Pending {
			connectors[c.ConnectorID] = true
			connections[place{c.ConnectorID, c.Version, c.Colo}]++
		}
	}
	emit(Point{Metric: connectorsOfTunnel, Int: int64(len(connectors)), Attributes: []string{t.ID}})
	for p, n := range connections {
		emit(Point{Metric: connectionsOfTunnel, Int: n, Attributes: []string{t.ID, p.connector, p.version, p.colo}})
	}
}
