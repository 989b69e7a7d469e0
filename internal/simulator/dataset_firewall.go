// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"iter"
	"maps"
)

// adaptiveWidths are the granularities that most adaptive nodes know.
func adaptiveWidths() map[string]int64 {
	return map[string]int64{
		"datetimeMinute":         minute,
		"datetimeFiveMinutes":    5 * minute,
		"datetimeFifteenMinutes": 15 * minute,
		"datetimeHour":           60 * minute,
	}
}

// firewallEvents are the requests that a security rule matched.
func firewallEvents(matched *stream[httpRequest]) dataset[httpRequest] {
	dimensions := timeDimensions(func(r *httpRequest) int64 { return r.at }, second, adaptiveWidths())
	maps.Copy(dimensions, map[string]dimension[httpRequest]{
		"action":                textDimension(func(r *httpRequest) string { return r.firewallAction }),
		"clientCountryName":     textDimension(func(r *httpRequest) string { return r.country }),
		"clientRequestHTTPHost": textDimension(func(r *httpRequest) string { return r.host }),
		"ruleId":                textDimension(func(r *httpRequest) string { return r.ruleID }),
		"source":                textDimension(func(r *httpRequest) string { return r.firewallSource }),
		"sampleInterval": {
			dimensionInfo{kind: kindNumber},
			func(*httpRequest) value { return value{number: 1} },
		},
	})
	return dataset[httpRequest]{
		name:     datasetFirewallEvents,
		adaptive: true,
		events: func(sc scope, from, to int64) iter.Seq[*httpRequest] {
			return matched.between(sc.zone.ID, from, to)
		},
		dimensions: dimensions,
		measures: map[string]measure[httpRequest]{
			"count":              sum(one[httpRequest]),
			"avg_sampleInterval": mean(oneFloat[httpRequest]),
		},
	}
}

// accountFirewallEvents are those of all zones of an account, whatever these may read themselves, one zone after another.
func accountFirewallEvents(matched *stream[httpRequest]) dataset[httpRequest] {
	d := firewallEvents(matched)
	ofZone := d.events
	d.dimensions["zoneTag"] = textDimension(func(r *httpRequest) string { return r.zone })
	d.events = func(sc scope, from, to int64) iter.Seq[*httpRequest] {
		return func(yield func(*httpRequest) bool) {
			for _, z := range sc.account.zones {
				for r := range ofZone(scope{zone: z, account: sc.account}, from, to) {
					if !yield(r) {
						return
					}
				}
			}
		}
	}
	return d
}
