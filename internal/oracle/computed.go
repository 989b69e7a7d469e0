// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package oracle

import "github.com/biter777/countries"

// Computed completes the attributes that are computed: the region of a country, the range of a bot score, and the name of a
// firewall rule by names, which gives those of a zone by the rules' identifiers.
func Computed(names func(zone string) map[string]string) Completion {
	return func(_, scope string, attributes map[string]string) {
		if country, ok := attributes["country"]; ok && attributes["region"] != "" {
			attributes["region"] = countries.ByName(country).Region().String()
			if attributes["region"] == "None" {
				attributes["region"] = countries.UnknownMsg
			}
		}
		if score := attributes["bot_score"]; score != "" {
			attributes["bot_score"] = "1-9"
			if len(score) > 1 {
				attributes["bot_score"] = "10-29"
			}
		}
		if id, ok := attributes["rule_id"]; ok && attributes["rule"] != "" {
			if name := names(scope)[id]; name != "" {
				attributes["rule"] = name
			}
		}
	}
}
