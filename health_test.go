// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package cloudflaremetricsreceiver

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/internal/cloudflare"
)

// A tick that asks nothing keeps what was wrong before, and what goes wrong in it is said all the same.
func TestProblemsAreCarriedOver(t *testing.T) {
	t.Parallel()
	core, logs := observer.New(zapcore.InfoLevel)
	h := newHealth(zap.New(core))
	h.failed("read a", &cloudflare.Error{Class: cloudflare.ClassTransient})
	require.Error(t, h.settle())
	h.carryOver()
	h.failed("save counters", errors.New("no space left on device"))
	require.ErrorContains(t, h.settle(), "2 times")
	h.carryOver()
	require.ErrorContains(t, h.settle(), "2 times")
	h.answered = true
	h.carryOver()
	require.NoError(t, h.settle())

	var said []string
	for _, entry := range logs.All() {
		said = append(said, entry.Level.String()+": "+entry.Message)
	}
	assert.ElementsMatch(t, []string{
		"warn: Cloudflare's API did not answer all that was asked; what is missing will be asked for again",
		"warn: something is wrong, although Cloudflare's API answers; the next scrape tries again",
		"info: a problem is over", "info: a problem is over",
	}, said)
}
