// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package dataset

import "time"

// microseconds is the unit of Workers' CPU and wall times in the schema's descriptions.
const microseconds = 1e-6

// workersInvocationsAdaptiveDataset is an account's Workers by script and outcome. Durations called duration are
// gigabyte-seconds, not seconds (schema text).
func workersInvocationsAdaptiveDataset() *Dataset {
	return withMeasures(Dataset{
		Name:        "workersInvocationsAdaptive",
		Family:      "workers_invocations",
		Granularity: time.Minute,
		Resolution:  time.Second,
		Step:        15 * time.Minute,
		Permission:  "Account > Account Analytics: Read",
		text:        workersInvocationsAdaptive_Operation,
	}, []measure[workersInvocationsRow]{
		workersTotal("cloudflare.worker.requests", "requests", func(s *workersInvocationsSum) uint64 { return s.Requests }),
		workersTotal("cloudflare.worker.errors", "errors", func(s *workersInvocationsSum) uint64 { return s.Errors }),
		workersTotal("cloudflare.worker.subrequests", "subrequests", func(s *workersInvocationsSum) uint64 { return s.Subrequests }),
		{
			name: "cloudflare.worker.duration.gigabyte_seconds", attributes: workersAttributes(), fields: []string{"sum.duration"},
			doubles: func(r *workersInvocationsRow, emit func(float64, ...string)) {
				emit(r.Sum.Duration, r.Dimensions.ScriptName, r.Dimensions.Status)
			},
		},
		workersQuantiles("cloudflare.worker.cpu_time", "cpuTime", microseconds, func(q *workersInvocationsQuantiles) []float64 {
			return []float64{q.CpuTimeP50, q.CpuTimeP75, q.CpuTimeP99, q.CpuTimeP999}
		}),
		workersQuantiles("cloudflare.worker.wall_time", "wallTime", microseconds, func(q *workersInvocationsQuantiles) []float64 {
			return []float64{q.WallTimeP50, q.WallTimeP75, q.WallTimeP99, q.WallTimeP999}
		}),
		workersQuantiles("cloudflare.worker.invocation.duration.gigabyte_seconds", "duration", 1, func(q *workersInvocationsQuantiles) []float64 {
			return []float64{q.DurationP50, q.DurationP75, q.DurationP99, q.DurationP999}
		}),
	})
}

func workersAttributes() []Attribute {
	return []Attribute{by("script_name", "scriptName"), by("status", "status")}
}

func workersTotal(name, field string, value func(*workersInvocationsSum) uint64) measure[workersInvocationsRow] {
	return measure[workersInvocationsRow]{
		name: name, attributes: workersAttributes(), fields: []string{"sum." + field},
		ints: func(r *workersInvocationsRow, emit func(uint64, ...string)) {
			emit(value(&r.Sum), r.Dimensions.ScriptName, r.Dimensions.Status)
		},
	}
}

// workersQuantiles are those of a field, in its unit times factor.
func workersQuantiles(name, field string, factor float64, value func(*workersInvocationsQuantiles) []float64,
) measure[workersInvocationsRow] {
	return quantiles(name, field, []string{"P50", "P75", "P99", "P999"}, factor, workersAttributes(),
		func(r *workersInvocationsRow) []float64 { return value(&r.Quantiles) },
		func(r *workersInvocationsRow) []string { return []string{r.Dimensions.ScriptName, r.Dimensions.Status} })
}
