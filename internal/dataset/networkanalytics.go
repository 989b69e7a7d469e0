// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package dataset

// packetRow is what all rows of Network Analytics have, whichever system saw the packets.
type packetRow struct {
	outcome, direction, protocol string
	bits, packets                uint64
}

// networkAnalytics are the packets that one of Cloudflare's systems passed or dropped, extrapolated from samples.
func networkAnalytics[R any](node, system, text string, read func(*R) packetRow) *Dataset {
	attributes := []Attribute{by("outcome", "outcome"), by("direction", "direction"), by("ip_protocol", "ipProtocolName")}
	values := func(r *R) []string {
		row := read(r)
		return []string{row.outcome, row.direction, row.protocol}
	}
	name := "cloudflare.network_analytics." + system
	return withMeasures(accountEvents(node, "network_analytics_"+system, text), []measure[R]{
		counted(name+".bits", "sum.bits", attributes, func(r *R) uint64 { return read(r).bits }, values),
		counted(name+".packets", "sum.packets", attributes, func(r *R) uint64 { return read(r).packets }, values),
	})
}

// advancedDnsProtectionNetworkAnalyticsAdaptiveGroupsDataset has the packets of Advanced DNS Protection.
func advancedDnsProtectionNetworkAnalyticsAdaptiveGroupsDataset() *Dataset { //nolint:revive // named after the node
	return networkAnalytics("advancedDnsProtectionNetworkAnalyticsAdaptiveGroups", "advanced_dns_protection",
		advancedDnsProtectionNetworkAnalyticsAdaptiveGroups_Operation,
		func(r *advancedDnsProtectionNetworkAnalyticsRow) packetRow {
			d := &r.Dimensions
			return packetRow{d.Outcome, d.Direction, d.IpProtocolName, r.Sum.Bits, r.Sum.Packets}
		})
}

// cdnNetworkAnalyticsAdaptiveGroupsDataset has the packets of the CDN.
func cdnNetworkAnalyticsAdaptiveGroupsDataset() *Dataset {
	return networkAnalytics("cdnNetworkAnalyticsAdaptiveGroups", "cdn", cdnNetworkAnalyticsAdaptiveGroups_Operation,
		func(r *cdnNetworkAnalyticsRow) packetRow {
			d := &r.Dimensions
			return packetRow{d.Outcome, d.Direction, d.IpProtocolName, r.Sum.Bits, r.Sum.Packets}
		})
}

// dosdNetworkAnalyticsAdaptiveGroupsDataset has the packets of the DDoS managed rules.
func dosdNetworkAnalyticsAdaptiveGroupsDataset() *Dataset {
	return networkAnalytics("dosdNetworkAnalyticsAdaptiveGroups", "dosd", dosdNetworkAnalyticsAdaptiveGroups_Operation,
		func(r *dosdNetworkAnalyticsRow) packetRow {
			d := &r.Dimensions
			return packetRow{d.Outcome, d.Direction, d.IpProtocolName, r.Sum.Bits, r.Sum.Packets}
		})
}

// magicFirewallNetworkAnalyticsAdaptiveGroupsDataset has the packets of Magic Firewall.
func magicFirewallNetworkAnalyticsAdaptiveGroupsDataset() *Dataset {
	return networkAnalytics("magicFirewallNetworkAnalyticsAdaptiveGroups", "magic_firewall",
		magicFirewallNetworkAnalyticsAdaptiveGroups_Operation,
		func(r *magicFirewallNetworkAnalyticsRow) packetRow {
			d := &r.Dimensions
			return packetRow{d.Outcome, d.Direction, d.IpProtocolName, r.Sum.Bits, r.Sum.Packets}
		})
}

// magicIDPSNetworkAnalyticsAdaptiveGroupsDataset has the packets of Magic Firewall's intrusion detection.
func magicIDPSNetworkAnalyticsAdaptiveGroupsDataset() *Dataset {
	return networkAnalytics("magicIDPSNetworkAnalyticsAdaptiveGroups", "magic_idps",
		magicIDPSNetworkAnalyticsAdaptiveGroups_Operation,
		func(r *magicIDPSNetworkAnalyticsRow) packetRow {
			d := &r.Dimensions
			return packetRow{d.Outcome, d.Direction, d.IpProtocolName, r.Sum.Bits, r.Sum.Packets}
		})
}

// magicTransitNetworkAnalyticsAdaptiveGroupsDataset has the packets of Magic Transit.
func magicTransitNetworkAnalyticsAdaptiveGroupsDataset() *Dataset {
	return networkAnalytics("magicTransitNetworkAnalyticsAdaptiveGroups", "magic_transit",
		magicTransitNetworkAnalyticsAdaptiveGroups_Operation,
		func(r *magicTransitNetworkAnalyticsRow) packetRow {
			d := &r.Dimensions
			return packetRow{d.Outcome, d.Direction, d.IpProtocolName, r.Sum.Bits, r.Sum.Packets}
		})
}

// programmableFlowProtectionNetworkAnalyticsAdaptiveGroupsDataset has the packets of Programmable Flow Protection.
func programmableFlowProtectionNetworkAnalyticsAdaptiveGroupsDataset() *Dataset {
	return networkAnalytics("programmableFlowProtectionNetworkAnalyticsAdaptiveGroups", "programmable_flow_protection",
		programmableFlowProtectionNetworkAnalyticsAdaptiveGroups_Operation,
		func(r *programmableFlowProtectionNetworkAnalyticsRow) packetRow {
			d := &r.Dimensions
			return packetRow{d.Outcome, d.Direction, d.IpProtocolName, r.Sum.Bits, r.Sum.Packets}
		})
}

// spectrumNetworkAnalyticsAdaptiveGroupsDataset has the packets of Spectrum.
func spectrumNetworkAnalyticsAdaptiveGroupsDataset() *Dataset {
	return networkAnalytics("spectrumNetworkAnalyticsAdaptiveGroups", "spectrum", spectrumNetworkAnalyticsAdaptiveGroups_Operation,
		func(r *spectrumNetworkAnalyticsRow) packetRow {
			d := &r.Dimensions
			return packetRow{d.Outcome, d.Direction, d.IpProtocolName, r.Sum.Bits, r.Sum.Packets}
		})
}
