// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package dataset

import "time"

// firewallEventsAdaptiveGroupsDataset is what Cloudflare's firewall products did to a zone's requests. Its count is the
// sum of the rows' sample intervals (schema text), so it is never multiplied.
func firewallEventsAdaptiveGroupsDataset() *Dataset {
	return withMeasures(Dataset{
		Name:        "firewallEventsAdaptiveGroups",
		Family:      "firewall_events",
		Granularity: time.Minute,
		Resolution:  time.Second,
		Step:        15 * time.Minute,
		Permission:  "Zone > Analytics: Read",
		text:        firewallEventsAdaptiveGroups_Operation,
	}, []measure[firewallEventsRow]{
		{
			name:       "cloudflare.zone.firewall.events",
			attributes: firewallAttributes("dimensions."),
			fields:     []string{"count"},
			ints: func(r *firewallEventsRow, emit func(uint64, ...string)) {
				d := &r.Dimensions
				emit(r.Count, d.Action, d.Source, d.RuleId, d.ClientRequestHTTPHost, d.ClientCountryName)
			},
		},
	})
}

// firewallAttributes are alike for groups and for raw rows, whose fields are not below dimensions.
func firewallAttributes(path string) []Attribute {
	return []Attribute{
		{Name: "action", Field: path + "action"},
		{Name: "source", Field: path + "source"},
		{Name: "rule_id", Field: path + "ruleId", NamedBy: "rule"},
		{Name: "host", Field: path + "clientRequestHTTPHost"},
		{Name: "country", Field: path + "clientCountryName"},
	}
}
