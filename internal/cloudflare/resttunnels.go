// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package cloudflare

import (
	"context"
	"net/url"
	"time"
)

// Tunnel is an account's tunnel of cloudflared.
type Tunnel struct {
	ID     string `json:"id"`
	Name   string `json:"name"`
	Status string `json:"status"` // inactive (never run), degraded, healthy or down
	// Connections are those to Cloudflare. Cloudflare has announced that lists of tunnels will leave them out.
	Connections []TunnelConnection `json:"connections"`
}

// TunnelConnection is a connection of one of a tunnel's connectors, which are running cloudflared processes.
type TunnelConnection struct {
	ConnectorID string    `json:"client_id"`
	Version     string    `json:"client_version"` // of cloudflared
	Colo        string    `json:"colo_name"`
	Pending     bool      `json:"is_pending_reconnect"`
	OpenedAt    time.Time `json:"opened_at"`
}

// Tunnels lists an account's tunnels that have not been deleted. It needs the permission Cloudflare Tunnel Read. The SDK's package
// with tunnels takes half a minute to compile.
func (c *Client) Tunnels(ctx context.Context, accountID string) ([]Tunnel, error) {
	path := tunnelsPath(accountID)
	get := plainPages[Tunnel](path, url.Values{"is_deleted": {"false"}})
	return list(ctx, c, "tunnels", path, get, func(t Tunnel) string { return t.ID })
}

// TunnelConnections reads the connections of one tunnel. It needs the permission that Tunnels needs.
func (c *Client) TunnelConnections(ctx context.Context, accountID, tunnelID string) ([]TunnelConnection, error) {
	type connector struct {
		ID          string             `json:"id"`
		Version     string             `json:"version"`
		Connections []TunnelConnection `json:"conns"`
	}
	found, err := object[[]connector](ctx, c, "tunnels", tunnelsPath(accountID)+"/"+url.PathEscape(tunnelID)+"/connections", never)
	if err != nil {
		return nil, err
	}
	var connections []TunnelConnection
	for _, one := range *found {
		for _, connection := range one.Connections {
			connection.ConnectorID, connection.Version = one.ID, one.Version
			connections = append(connections, connection)
		}
	}
	return connections, nil
}

func tunnelsPath(accountID string) string { return "accounts/" + accountID + "/cfd_tunnel" }
