// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package planner

import (
	"testing"
	"time"
)

// A tick of 1,000 zones with two families each, up to date and after a day without an answer.
func BenchmarkPlan(b *testing.B) {
	for name, behind := range map[string]time.Duration{"current": time.Minute, "day": 24 * time.Hour} {
		b.Run(name, func(b *testing.B) {
			partitions := zones("a", 1000, noon.Add(-behind))
			events := zones("a", 1000, noon.Add(-behind))
			for i := range events {
				partitions[i].Source.Gauges = true
				events[i].Family, events[i].Source.Dataset, events[i].Source.Step = "events", "events", 15*time.Minute
			}
			partitions = append(partitions, events...)
			b.ReportAllocs()
			for b.Loop() {
				if docs := Plan(noon, partitions, usual); len(docs) != 100 {
					b.Fatal(len(docs))
				}
			}
		})
	}
}
