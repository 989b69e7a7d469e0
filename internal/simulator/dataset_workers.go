// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"iter"
	"maps"
)

// workersInvocations are the runs of an account's Worker scripts.
func workersInvocations(invocations *stream[invocation]) dataset[invocation] {
	dimensions := timeDimensions(func(i *invocation) int64 { return i.at }, second, adaptiveWidths())
	maps.Copy(dimensions, map[string]dimension[invocation]{
		"scriptName": textDimension(func(i *invocation) string { return i.script }),
		"status":     textDimension(func(i *invocation) string { return i.status }),
	})
	measures := map[string]measure[invocation]{
		"sum_requests":          sum(one[invocation]),
		"sum_errors":            sum(when(func(i *invocation) bool { return i.failed }, one)),
		"sum_clientDisconnects": sum(when(func(i *invocation) bool { return i.disconnected }, one)),
		"sum_subrequests":       sum(func(i *invocation) uint64 { return i.subrequests }),
		"sum_responseBodySize":  sum(func(i *invocation) uint64 { return i.responseBytes }),
		"sum_cpuTimeUs":         sum(func(i *invocation) uint64 { return i.cpuUS }),
		"sum_wallTime":          sum(func(i *invocation) uint64 { return i.wallUS }),
		"sum_requestDuration":   sumFloat(func(i *invocation) float64 { return float64(i.requestUS) }),
		"sum_duration":          sumFloat(func(i *invocation) float64 { return i.duration }),
		"avg_sampleInterval":    mean(oneFloat[invocation]),
	}
	maps.Copy(measures, workersDistributions())
	return dataset[invocation]{
		name:     datasetWorkers,
		adaptive: true,
		events: func(sc scope, from, to int64) iter.Seq[*invocation] {
			return func(yield func(*invocation) bool) {
				for _, script := range sc.account.Workers {
					for i := range invocations.between(scriptOwner(sc.account.ID, script), from, to) {
						if !yield(i) {
							return
						}
					}
				}
			}
		},
		dimensions: dimensions,
		measures:   measures,
	}
}

// workersDistributions are max and quantiles, which have the same five quantities.
func workersDistributions() map[string]measure[invocation] {
	measures := map[string]measure[invocation]{}
	for name, of := range map[string]func(*invocation) float64{
		"cpuTime":          func(i *invocation) float64 { return float64(i.cpuUS) },
		"wallTime":         func(i *invocation) float64 { return float64(i.wallUS) },
		"requestDuration":  func(i *invocation) float64 { return float64(i.requestUS) },
		"responseBodySize": func(i *invocation) float64 { return float64(i.responseBytes) },
		"duration":         func(i *invocation) float64 { return i.duration },
	} {
		measures["max_"+name] = highest(of)
		for suffix, q := range map[string]float64{
			"P25": 0.25, "P50": 0.5, "P75": 0.75, "P90": 0.9, "P95": 0.95, "P99": 0.99, "P999": 0.999,
		} {
			measures["quantiles_"+name+suffix] = quantile(q, of)
		}
	}
	return measures
}
