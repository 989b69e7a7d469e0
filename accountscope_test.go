// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package cloudflaremetricsreceiver

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/internal/simulator"
)

func accountsWithEntitlement(zones int) []simulator.Account {
	accounts := simulator.DefaultLayout(2, zones, simulator.PlanEnterprise)
	for i := range accounts {
		accounts[i].Granted = []string{"firewallEventsAdaptiveGroups"}
	}
	return accounts
}

// byAccount counts the partitions that are asked for together with the account's other zones.
func (w *world) byAccount() (n int) {
	for _, p := range w.scraper.partitions {
		if p.byAccount {
			n++
		}
	}
	return n
}

// Where the account may read a dataset by zone, one request stands for all its zones, and every count is the same.
func TestAccountScope(t *testing.T) {
	t.Parallel()
	w := newWorld(t, accountsWithEntitlement(12))
	w.ticks(5)
	require.NoError(t, w.tick(20*time.Minute))
	w.settle()
	w.expectTruth()
	assert.Equal(t, 24, w.byAccount())
}

// An answer for the whole account that may be cut off is not used; the zones are asked one by one, in the same scrape.
func TestAccountScopeFallsBackToZones(t *testing.T) {
	t.Parallel()
	w := newWorldOf(t, simulator.Config{
		Accounts: accountsWithEntitlement(6), EventsPerMinute: 150, Limits: simulator.Limits{PageSize: 20},
	})
	w.ticks(3)
	assert.Zero(t, w.byAccount())
	w.settle()
	w.expectTruth()
	require.NoError(t, w.tick(30*time.Minute))
	assert.Zero(t, w.byAccount())
	w.settle()
	w.expectTruth()
}
