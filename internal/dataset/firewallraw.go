// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package dataset

// firewallEventsAdaptiveDataset is for zones that may not read groups of firewall events: single events, each of which
// counts for as many as its sample stands for.
func firewallEventsAdaptiveDataset() *Dataset {
	d := zoneEvents("firewallEventsAdaptive", "firewall_events", firewallEventsAdaptive_Operation)
	d.Fallback, d.Raw = true, true
	return withMeasures(d, []measure[firewallEventsRawRow]{
		{
			name:       "cloudflare.zone.firewall.events",
			attributes: firewallAttributes(""),
			fields:     []string{rawSampleInterval},
			ints: func(r *firewallEventsRawRow, emit func(uint64, ...string)) {
				emit(max(1, uint64(r.SampleInterval)), r.Action, r.Source, r.RuleId, r.ClientRequestHTTPHost, r.ClientCountryName)
			},
		},
	})
}
