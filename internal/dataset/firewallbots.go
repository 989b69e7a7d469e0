// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package dataset

// firewallEventsAdaptiveGroupsBotsDataset is the firewall events of requests that are likely automated. Its query asks
// for bot scores of 1 to 29 only; 0 means that none was computed.
func firewallEventsAdaptiveGroupsBotsDataset() *Dataset {
	type row = firewallEventsBotsRow
	attributes := []Attribute{by("bot_score", "botScore"), by("detection_source", "botScoreSrcName")}
	d := zoneEvents("firewallEventsAdaptiveGroups.bots", "firewall_bots", firewallEventsAdaptiveGroupsBots_Operation)
	return withMeasures(d, []measure[row]{
		counted("cloudflare.zone.firewall.bots_detected", "count", attributes, func(r *row) uint64 { return r.Count },
			func(r *row) []string {
				return []string{botScoreRange(r.Dimensions.BotScore), r.Dimensions.BotScoreSrcName}
			}),
	})
}

// botScoreRange parts scores below 30 where what is automated without doubt ends.
func botScoreRange(score uint8) string {
	if score < 10 {
		return "1-9"
	}
	return "10-29"
}
