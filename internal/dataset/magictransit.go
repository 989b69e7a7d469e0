// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package dataset

// magicTransitTunnelTrafficAdaptiveGroupsDataset is what went through an account's tunnels.
func magicTransitTunnelTrafficAdaptiveGroupsDataset() *Dataset {
	attributes := []Attribute{by("tunnel_name", "tunnelName"), by("direction", "direction")}
	values := func(r *magicTransitTunnelTrafficRow) []string {
		return []string{r.Dimensions.TunnelName, r.Dimensions.Direction}
	}
	d := accountEvents("magicTransitTunnelTrafficAdaptiveGroups", "magic_transit_tunnel_traffic",
		magicTransitTunnelTrafficAdaptiveGroups_Operation)
	return withMeasures(d, []measure[magicTransitTunnelTrafficRow]{
		counted("cloudflare.magic_transit.tunnel.traffic.bits", "sum.bits", attributes,
			func(r *magicTransitTunnelTrafficRow) uint64 { return r.Sum.Bits }, values),
		counted("cloudflare.magic_transit.tunnel.traffic.packets", "sum.packets", attributes,
			func(r *magicTransitTunnelTrafficRow) uint64 { return r.Sum.Packets }, values),
	})
}

// magicTransitTunnelHealthCheckSLOsAdaptiveGroupsDataset is how far the health checks of an account's tunnels kept the
// objectives of its notification policies.
func magicTransitTunnelHealthCheckSLOsAdaptiveGroupsDataset() *Dataset {
	type row = magicTransitTunnelHealthCheckSLOsRow
	attributes := []Attribute{
		by("tunnel_name", "tunnelName"), by("site_name", "siteName"), by("alert_type", "alertType"), by("status", "status"),
	}
	values := func(r *row) []string {
		d := &r.Dimensions
		return []string{d.TunnelName, d.SiteName, d.AlertType, d.Status}
	}
	d := accountEvents("magicTransitTunnelHealthCheckSLOsAdaptiveGroups", "magic_transit_tunnel_slos",
		magicTransitTunnelHealthCheckSLOsAdaptiveGroups_Operation)
	return withMeasures(d, []measure[row]{
		measured("cloudflare.magic_transit.tunnel.effective_slo", "avg.effectiveSlo", attributes,
			func(r *row) float64 { return r.Avg.EffectiveSlo }, values),
		measured("cloudflare.magic_transit.tunnel.slo", "avg.slo", attributes, func(r *row) float64 { return r.Avg.Slo }, values),
	})
}

// magicFirewallSamplesAdaptiveGroupsDataset is what the rules of Magic Firewall matched.
func magicFirewallSamplesAdaptiveGroupsDataset() *Dataset {
	attributes := []Attribute{by("rule_id", "ruleId")}
	values := func(r *magicFirewallSamplesRow) []string { return []string{r.Dimensions.RuleId} }
	d := accountEvents("magicFirewallSamplesAdaptiveGroups", "magic_firewall_rules", magicFirewallSamplesAdaptiveGroups_Operation)
	return withMeasures(d, []measure[magicFirewallSamplesRow]{
		counted("cloudflare.magic_firewall.rule.bits", "sum.bits", attributes,
			func(r *magicFirewallSamplesRow) uint64 { return r.Sum.Bits }, values),
		counted("cloudflare.magic_firewall.rule.packets", "sum.packets", attributes,
			func(r *magicFirewallSamplesRow) uint64 { return r.Sum.Packets }, values),
	})
}
