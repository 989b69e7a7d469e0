// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"cmp"
	"iter"
	"strings"
)

// Synthetic datasets have about one event for this many HTTP requests.
const syntheticShare = 6

// newSyntheticStream gives the events of synthetic datasets. Owners are named by [syntheticOwner].
func newSyntheticStream(config Config) *stream[syntheticEvent] {
	mean := max(float64(config.EventsPerMinute)/syntheticShare, 1)
	return newStream(config, cachedMatches, func(owner string, minuteIndex int64) []syntheticEvent {
		dice := seeded(config.Seed, "synthetic", owner, minuteIndex)
		at := instants(dice, mean, minuteIndex)
		kind, rest, _ := strings.Cut(owner, "/")
		zone := ""
		if kind == "zone" {
			zone, _, _ = strings.Cut(rest, "/")
		}
		events := make([]syntheticEvent, len(at))
		for i := range events {
			events[i] = syntheticEvent{at: at[i], salt: dice.Uint64(), zone: zone}
		}
		return events
	})
}

// syntheticOwner names the stream of a dataset of a scope.
func syntheticOwner(sc scope, dataset string) string {
	return sc.kind() + "/" + sc.id() + "/" + dataset
}

// syntheticDataset is a dataset of which everything follows from its events' salts. One that tells an account's zones apart has
// the events that these have under the same name.
func (s *Simulator) syntheticDataset(key nodeKey, t rowType) dataset[syntheticEvent] {
	d := dataset[syntheticEvent]{
		name:     key.name,
		adaptive: strings.Contains(key.name, "Adaptive"),
		events: func(sc scope, from, to int64) iter.Seq[*syntheticEvent] {
			return s.synthetic.between(syntheticOwner(sc, key.name), from, to)
		},
	}
	if _, ok := t.dimensions["zoneTag"]; ok && key.scope == "account" {
		d = ofAccount(d, func(e *syntheticEvent) string { return e.zone })
	}
	return d
}

// rollUp is the granule of a dataset's own time: that of roll-ups is coarser than the second.
func rollUp(dataset string) int64 {
	for part, width := range map[string]int64{"1m": minute, "1h": 60 * minute, "1d": 24 * 60 * minute} {
		if strings.Contains(dataset, part) && !strings.Contains(dataset, "Adaptive") {
			return width
		}
	}
	return second
}

// timeWidth is the granule of a dimension of time, by its name. Of names that say nothing of it, it is the second.
func timeWidth(name string, own int64) int64 {
	widths := map[string]int64{
		"datetime":               own,
		"datetimeTenSeconds":     10 * second,
		"datetimeMinute":         minute,
		"datetimeFiveMinute":     5 * minute,
		"datetimeFiveMinutes":    5 * minute,
		"datetimeTenMinute":      10 * minute,
		"datetimeFifteenMinutes": 15 * minute,
		"datetimeHalfOfHour":     30 * minute,
		"datetimeHour":           60 * minute,
		"datetimeSixHours":       6 * 60 * minute,
		"datetimeDay":            24 * 60 * minute,
	}
	return cmp.Or(widths[name], second)
}
