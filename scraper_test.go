// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package cloudflaremetricsreceiver

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestCountsEqualTheTruth(t *testing.T) {
	t.Parallel()
	w := newWorld(t, mixedPlans())
	w.ticks(20)
	w.settle()
	w.expectTruth()
	assert.NotEmpty(t, w.last)
}

func TestCountsEqualTheTruthOverRestarts(t *testing.T) {
	t.Parallel()
	w := newWorld(t, mixedPlans())
	for range 5 {
		w.ticks(3)
		w.restart()
		w.clock.Advance(7 * time.Minute)
	}
	w.ticks(2)
	w.settle()
	w.expectTruth()
}
