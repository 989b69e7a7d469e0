// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package cloudflaremetricsreceiver

import (
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/internal/oracle"
	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/internal/simulator"
)

// hours is how much simulated time a chaos test covers; `make chaos` sets a day.
func hours(t *testing.T) int {
	t.Helper()
	n, err := strconv.Atoi(os.Getenv("CHAOS_HOURS"))
	if err != nil {
		return 1
	}
	return n
}

// chaosAccounts are many zones over all plans, with and without entitlements of the account.
func chaosAccounts() []simulator.Account {
	accounts := simulator.DefaultLayout(3, 6, simulator.PlanEnterprise, simulator.PlanFree, simulator.PlanPro, simulator.PlanBusiness)
	accounts[0].Granted = []string{"firewallEventsAdaptiveGroups"}
	// What an account may read would cover its Free zones, which may not read it themselves.
	for i, z := range accounts[0].Zones {
		if z.Plan == simulator.PlanFree {
			accounts[0].Zones[i].Plan = simulator.PlanPro
		}
	}
	return accounts
}

func chaosWorld(t *testing.T) *world {
	t.Helper()
	return newWorldOf(t, simulator.Config{
		Accounts: chaosAccounts(), EventsPerMinute: 20, Limits: simulator.Limits{PageSize: 40, ScopeNodes: 20},
	}, func(c *Config) {
		c.Inventory.Refresh = 5 * time.Minute
		c.HTTP.Timeout = 500 * time.Millisecond // hangs cost real time
	})
}

// everything that can go wrong with an API, at once.
func everything(r *rand.Rand, now time.Time) simulator.Faults {
	graphQL := simulator.Fault{
		ServerErrorRate: 0.03, MalformedRate: 0.03, UnavailableRate: 0.03, ResetRate: 0.03, TruncatedRate: 0.03,
		RateLimitedRate: 0.01, RetryAfterShare: 0.5, RetryAfterSeconds: 20, HangRate: 0.002,
		Unauthorized: r.IntN(10) == 0,
	}
	f := simulator.Faults{
		REST: graphQL, GraphQL: graphQL,
		NoZones: r.IntN(10) == 0, NoAccounts: r.IntN(10) == 0, EmptyZones: r.IntN(15) == 0,
		Answers: simulator.AnswerFaults{
			HeavyNodes: 15, HeavyMinutes: 200, ErrorRate: 0.03, BudgetRate: 0.003, NullRate: 0.03, EmptyZonesRate: 0.03, MissingFieldRate: 0.03,
		},
		ClockSkewSeconds: -30, ClockJumpSeconds: 20,
	}
	if r.IntN(8) == 0 {
		f.Outages = []simulator.Outage{{From: now, To: now.Add(15 * time.Minute), Reset: r.IntN(2) == 0}}
	}
	return f
}

// withinDelay is lateness that the receiver's delay makes up for, also when clocks are off.
func withinDelay() simulator.Lateness {
	return simulator.Lateness{Share: 0.3, MinSeconds: 1, MaxSeconds: 200}
}

// Every fault at once for hours, kills and full disks in between: when the faults have stopped and the backlog is read,
// every counter of every series is equal to the truth, and none has ever gone down.
func TestChaosWithTruth(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	w := chaosWorld(t)
	w.sim.SetFaults(simulator.Faults{Late: withinDelay()})
	w.ticks(2) // everything is known and counting has begun

	gated := w.zone(0)
	kills := 0
	for n := range hours(t) * 60 {
		if n%10 == 0 {
			faults := everything(r, w.clock.Now())
			faults.Late = withinDelay()
			w.sim.SetFaults(faults)
		}
		switch r.IntN(8) {
		case 0, 1:
			w.restart() // all that was not saved is gone
			kills++
		case 2:
			w.host.disk.setFull(true)
			_ = w.tick(time.Minute)
			w.host.disk.setFull(false)
			w.restart()
			kills++
		case 3:
			require.NoError(t, w.sim.SetWithheld(gated.ID, "httpRequests1mGroups"))
		case 4:
			require.NoError(t, w.sim.SetWithheld(gated.ID))
		}
		_ = w.tick(time.Minute)
	}
	t.Logf("%d kills, %v", kills, w.sim.Requests())
	assert.Greater(t, kills, 12*hours(t))

	w.sim.SetFaults(simulator.Faults{Late: withinDelay()})
	require.NoError(t, w.sim.SetWithheld(gated.ID))
	w.drain()
	w.settle()
	w.expectTruthBut(func(s oracle.Series) bool { return s.Scope == gated.ID && slices.Contains(paidOnly(), s.Metric) })
	assert.Zero(t, w.own("cloudflare.exporter.lost.time", "metric_family=http_requests"))
	assert.NotContains(t, logged(w), testToken)
}

// zone gives an Enterprise zone.
func (w *world) zone(account int) simulator.Zone {
	zones := chaosAccounts()[account].Zones
	return zones[slices.IndexFunc(zones, func(z simulator.Zone) bool { return z.Plan == simulator.PlanEnterprise })]
}

// drain scrapes until every family has been counted up to its horizon. Entitlements that were refused under the faults
// come back within the hour.
func (w *world) drain() {
	w.t.Helper()
	for range 90 {
		err := w.tick(time.Minute)
		settled := float64(w.clock.Now().Add(-w.config.Delay).Truncate(time.Minute).Unix())
		if err == nil && w.own("cloudflare.exporter.watermark.timestamp", "metric_family=http_requests") == settled &&
			w.own("cloudflare.exporter.watermark.timestamp", "metric_family=firewall_events") == settled &&
			w.own("cloudflare.exporter.watermark.timestamp", "metric_family=workers_invocations") == settled &&
			len(w.scraper.partitions) == w.partitions() {
			return
		}
	}
	require.Fail(w.t, "the backlog is not read", logged(w))
}

// partitions is how many there are when every scope may read what its plan includes.
func (w *world) partitions() (n int) {
	for _, a := range chaosAccounts() {
		n += 1 + 2*len(a.Zones) // Workers, and each zone's requests and firewall events
	}
	return n
}

// counted are the reads that a receiver adds to counters: not those for gauges, nor answers that were cut off. Where nothing fails it
// is the first reading of a window that counts: probes for late events may read it again.
func (w *world) counted() []simulator.Read {
	w.t.Helper()
	reads, err := w.sim.Complete(w.sim.Reads(), w.documented.Groupings(oracle.Counter)...)
	require.NoError(w.t, err)
	reads = slices.DeleteFunc(reads, func(r simulator.Read) bool { return r.Full })
	slices.Reverse(reads)
	return slices.DeleteFunc(simulator.LastReads(reads), func(r simulator.Read) bool { return !r.From.Before(r.To) })
}

// Events later than delay are missing, exactly those, and the receiver says how many there are of them.
func TestEventsLaterThanDelay(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simulator.DefaultLayout(1, 3, simulator.PlanEnterprise))
	w.sim.RecordReads(simulator.RecordWindows)
	w.sim.SetFaults(simulator.Faults{Late: simulator.Lateness{Share: 0.2, MinSeconds: 60, MaxSeconds: 1200}})
	w.ticks(130)
	w.settle()
	visible := w.truthOf(w.counted())
	assert.Empty(t, oracle.Differences(visible, w.last))

	settled := w.clock.Now().Add(-w.config.Delay).Truncate(time.Minute)
	truth := w.truth(w.begin, settled)
	var want, got float64
	for s, v := range truth {
		if s.Metric == "cloudflare.zone.requests" {
			want, got = want+v, got+w.last[s]
		}
	}
	assert.Less(t, got, want)
	ratio := w.own("cloudflare.exporter.late.ratio", "dataset=httpRequests1mGroups")
	assert.InDelta(t, (want-got)/want, ratio, 0.1)
}

// Estimates may differ from one reading to the next. Each window is counted once all the same, as it was answered, and
// nothing goes down.
func TestSampledAnswersAreCountedOnce(t *testing.T) {
	t.Parallel()
	w := newWorldOf(t, simulator.Config{Accounts: simulator.DefaultLayout(1, 3, simulator.PlanEnterprise), EventsPerMinute: 600})
	w.sim.RecordReads(simulator.RecordAnswers)
	w.sim.SetFaults(simulator.Faults{Sampling: simulator.Sampling{TenAbove: 20, HundredAbove: 2000}})
	for range 3 {
		w.ticks(5)
		w.restart()
		require.NoError(t, w.tick(12*time.Minute))
	}
	w.settle()
	assert.Empty(t, oracle.Differences(w.answered(w.counted()), w.last))
	_, measured := w.gauge("cloudflare.exporter.late.ratio", w.set.ID.String(), "dataset=firewallEventsAdaptiveGroups")
	assert.False(t, measured, "nothing is said about lateness where Cloudflare samples")
}
