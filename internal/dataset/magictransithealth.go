// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package dataset

// magicTransitTunnelHealthChecksAdaptiveGroupsDataset is the health checks of an account's tunnels, which each of
// Cloudflare's data centres runs. The tunnels are told apart by site and name.
func magicTransitTunnelHealthChecksAdaptiveGroupsDataset() *Dataset {
	tunnel := []Attribute{by("tunnel_name", "tunnelName"), by("site_name", "siteName")}
	names := []string{"dimensions.tunnelName", "dimensions.siteName"}
	d := accountEvents("magicTransitTunnelHealthChecksAdaptiveGroups", "magic_transit_tunnel_checks",
		magicTransitTunnelHealthChecksAdaptiveGroups_Operation)
	return withMeasures(d, []measure[magicTransitTunnelHealthChecksRow]{
		counted("cloudflare.magic_transit.tunnel.checks", "count", append(tunnel[:2:2], by("result_status", "resultStatus")),
			func(r *magicTransitTunnelHealthChecksRow) uint64 { return r.Count },
			func(r *magicTransitTunnelHealthChecksRow) []string {
				return []string{r.Dimensions.TunnelName, r.Dimensions.SiteName, r.Dimensions.ResultStatus}
			}),
		{
			name: "cloudflare.magic_transit.tunnel.state", kind: Gauge, attributes: tunnel, fields: []string{"count", "avg.tunnelState"},
			across: func(rows []magicTransitTunnelHealthChecksRow, emit func(float64, ...string)) {
				for _, t := range tunnels(rows) {
					if t.checks > 0 {
						emit(t.state/float64(t.checks), t.name, t.site)
					}
				}
			},
		},
		tunnelsThat("cloudflare.magic_transit.active_tunnels", append(names[:2:2], "dimensions.active"), (*tunnelHealth).isActive),
		tunnelsThat("cloudflare.magic_transit.healthy_tunnels", append(names[:2:2], "count", "avg.tunnelState"), (*tunnelHealth).isHealthy),
		{
			name: "cloudflare.magic_transit.edge_colo_count", kind: Gauge, fields: []string{"dimensions.edgeColoName"},
			acrossInts: func(rows []magicTransitTunnelHealthChecksRow, emit func(uint64, ...string)) {
				colos := map[string]bool{}
				for i := range rows {
					colos[rows[i].Dimensions.EdgeColoName] = true
				}
				if len(colos) > 0 {
					emit(uint64(len(colos)))
				}
			},
		},
	})
}

// tunnelHealth is all health checks of one tunnel.
type tunnelHealth struct {
	name, site string
	checks     uint64
	// state is the sum of the states that the checks found, from 0 (down) to 1 (healthy).
	state float64
	// active says that some data centre had traffic for the tunnel in the last six hours.
	active bool
}

func (t *tunnelHealth) isActive() bool { return t.active }

// isHealthy says that no check found anything else.
func (t *tunnelHealth) isHealthy() bool { return t.checks > 0 && t.state == float64(t.checks) }

// tunnels joins the rows of each tunnel, in the order in which they come.
func tunnels(rows []magicTransitTunnelHealthChecksRow) []*tunnelHealth {
	type key struct{ name, site string }
	var list []*tunnelHealth
	known := map[key]*tunnelHealth{}
	for i := range rows {
		d := &rows[i].Dimensions
		t := known[key{d.TunnelName, d.SiteName}]
		if t == nil {
			t = &tunnelHealth{name: d.TunnelName, site: d.SiteName}
			known[key{d.TunnelName, d.SiteName}] = t
			list = append(list, t)
		}
		t.checks += rows[i].Count
		t.state += rows[i].Avg.TunnelState * float64(rows[i].Count)
		t.active = t.active || d.Active > 0
	}
	return list
}

// tunnelsThat is a gauge of how many tunnels are as told. An account without tunnels has no value.
func tunnelsThat(name string, fields []string, is func(*tunnelHealth) bool) measure[magicTransitTunnelHealthChecksRow] {
	return measure[magicTransitTunnelHealthChecksRow]{
		name: name, kind: Gauge, fields: fields,
		acrossInts: func(rows []magicTransitTunnelHealthChecksRow, emit func(uint64, ...string)) {
			list, number := tunnels(rows), uint64(0)
			for _, t := range list {
				if is(t) {
					number++
				}
			}
			if len(list) > 0 {
				emit(number)
			}
		},
	}
}
