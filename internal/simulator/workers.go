// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"math"
	"math/rand/v2"
	"strings"
)

// workers draws the invocations of Worker scripts.
type workers struct {
	seed     uint64
	mean     float64
	late     int64
	statuses choice[string]
}

// scriptOwner names a script's stream.
func scriptOwner(accountID, script string) string { return accountID + "/" + script }

// invocationGenerator returns the generator of scripts' invocations.
func invocationGenerator(config Config) func(owner string, minuteIndex int64) []invocation {
	w := &workers{
		seed: config.Seed,
		mean: float64(config.EventsPerMinute) / 3,
		late: floorDiv(config.Begin.UnixMicro(), minute) + lateMinutes,
		statuses: weighted(
			option[string]{"success", 95},
			option[string]{"clientDisconnected", 2},
			option[string]{"scriptThrewException", 2},
			option[string]{"exceededResources", 0.6},
			option[string]{"internalError", 0.1},
			option[string]{"responseStreamDisconnected", 0.3},
		),
	}
	return func(owner string, minuteIndex int64) []invocation {
		dice := seeded(w.seed, "invocations", owner, minuteIndex)
		salts := seeded(w.seed, "salts", owner, minuteIndex)
		_, script, _ := strings.Cut(owner, "/")
		at := instants(dice, w.mean, minuteIndex)
		invocations := make([]invocation, len(at))
		for i := range invocations {
			invocations[i] = w.invocation(dice, script, at[i])
			invocations[i].salt = salts.Uint64()
		}
		return invocations
	}
}

func (w *workers) invocation(dice *rand.Rand, script string, at int64) invocation {
	status := w.statuses.draw(dice)
	if status == "exceededResources" && floorDiv(at, minute) < w.late {
		status = "success"
	}
	cpu := 100 + logNormal(dice, 1_800, 0.8)
	wall := cpu + logNormal(dice, 25_000, 1)
	return invocation{
		at: at, script: script, status: status,
		failed:       status != "success" && status != "clientDisconnected",
		disconnected: status == "clientDisconnected",
		cpuUS:        cpu, wallUS: wall, requestUS: wall + logNormal(dice, 900, 0.5),
		duration:      gigabyteSeconds(wall),
		responseBytes: logNormal(dice, 6_000, 1.2),
		subrequests:   uint64(dice.ExpFloat64() * 1.5),
	}
}

// gigabyteSeconds is the time that an isolate with 128 MB is billed for, rounded to 2^-20 GB·s.
func gigabyteSeconds(wallUS uint64) float64 {
	const unit = 1 << 20
	return math.Ceil(float64(wallUS)/1e6*0.125*unit) / unit
}
