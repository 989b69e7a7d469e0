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

// firewallEvents are the requests that a security rule matched, in groups.
func firewallEvents(matched *stream[httpRequest]) dataset[httpRequest] {
	dimensions := requestDimensions()
	maps.Copy(dimensions, map[string]dimension[httpRequest]{
		"action":      textDimension(func(r *httpRequest) string { return r.firewallAction }),
		"description": textDimension(func(r *httpRequest) string { return r.ruleName }),
		"ruleId":      textDimension(func(r *httpRequest) string { return r.ruleID }),
		"source":      textDimension(func(r *httpRequest) string { return r.firewallSource }),
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

// rawFirewallEvents are the same, one row per event.
func rawFirewallEvents(matched *stream[httpRequest]) dataset[httpRequest] {
	d := firewallEvents(matched)
	d.name, d.measures = "firewallEventsAdaptive", nil
	return d
}
