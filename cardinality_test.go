// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package cloudflaremetricsreceiver

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/internal/oracle"
	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/internal/simulator"
)

// A zone with 100,000 label sets a minute, ten times the page size: the sum over all series is exact, and memory is
// bounded by series_limit.
func TestHundredThousandLabelSets(t *testing.T) {
	t.Parallel()
	accounts := simulator.DefaultLayout(1, 1, simulator.PlanEnterprise)
	accounts[0].Zones[0].LabelSetsPerMinute = 100_000
	w := newWorldOf(t, simulator.Config{Accounts: accounts})
	w.ticks(2)
	require.NoError(t, w.tick(2*time.Minute))
	w.settle()

	settled := w.clock.Now().Add(-w.config.Delay).Truncate(time.Minute)
	truth := sums(w.truth(w.begin, settled))
	events := oracle.Series{Metric: "cloudflare.zone.firewall.events", Scope: accounts[0].Zones[0].ID}
	assert.Greater(t, truth[events], 300_000.0)
	assert.InDelta(t, truth[events], sums(w.last)[events], 0)
	assert.LessOrEqual(t, w.scraper.ledger.Stats().Series, w.config.SeriesLimit+1000)
}
