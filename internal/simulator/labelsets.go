// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// labelSets gives firewall events of many label sets cheaply: each minute is the same events at the same seconds. The nth
// label set has one event, and one more if n is a multiple of ten, two more of a hundred and so on, so that top lists have an order.
type labelSets struct {
	template []httpRequest // of minute 0, in order of time
}

func newLabelSets(seed uint64, z Zone) *labelSets {
	if z.LabelSetsPerMinute == 0 {
		return nil
	}
	dice := seeded(seed, "label sets", z.ID, 0)
	l := &labelSets{}
	for n := range z.LabelSetsPerMinute {
		r := httpRequest{
			clientIP: netip.AddrFrom4([4]byte{198, 18, byte(n >> 8), byte(n)}), clientIPClass: "badHost", country: "XX",
			deviceType: "desktop", browser: "Unknown", method: "GET", scheme: "https", host: z.Name, path: "/",
			httpVersion: "HTTP/2", tlsProtocol: "TLSv1.3", requestBytes: 512, colo: "FRA", responseBytes: 1024, source: requestEyeball,
			botScore: 1, botScoreSource: "Heuristics",
		}
		r.match(rule{
			id: fmt.Sprintf("%032x", n), name: fmt.Sprintf("Rule %d", n), source: "firewallcustom", action: "block", threat: "user.ban.ip", status: 403,
		})
		for range 1 + trailingZeros(n+1) {
			r.at = dice.Int64N(60_000) * 1000
			l.template = append(l.template, r)
		}
	}
	slices.SortFunc(l.template, func(a, b httpRequest) int {
		return cmp.Or(cmp.Compare(a.at, b.at), strings.Compare(a.ruleID, b.ruleID))
	})
	return l
}

// trailingZeros counts those of a positive number in decimal.
func trailingZeros(n int) int {
	zeros := 0
	for ; n%10 == 0; n /= 10 {
		zeros++
	}
	return zeros
}

// add puts the events among those of a minute.
func (l *labelSets) add(requests []httpRequest, minuteIndex int64) []httpRequest {
	if l == nil {
		return requests
	}
	merged := make([]httpRequest, 0, len(requests)+len(l.template))
	for _, r := range l.template {
		r.at += minuteIndex * minute
		for len(requests) > 0 && requests[0].at <= r.at {
			merged, requests = append(merged, requests[0]), requests[1:]
		}
		merged = append(merged, r)
	}
	return append(merged, requests...)
}
