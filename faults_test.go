// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package cloudflaremetricsreceiver

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/scraper/scrapererror"
	"go.uber.org/zap"

	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/internal/simulator"
)

// Every fault lasts a few ticks in the middle of a run. Whatever it is, the receiver says so once, shows it in its
// status, recovers by itself, and has lost nothing.
func TestFaultsLoseNothing(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		faults simulator.Faults
		want   string // in the only warning
	}{
		"revoked token":        {simulator.Faults{REST: simulator.Fault{Unauthorized: true}, GraphQL: simulator.Fault{Unauthorized: true}}, "auth"},
		"429 with Retry-After": {simulator.Faults{GraphQL: simulator.Fault{RateLimited: true, RetryAfterSeconds: 30}}, "rate_limited"},
		"429 without":          {simulator.Faults{GraphQL: simulator.Fault{RateLimited: true}}, "rate_limited"},
		"server errors":        {simulator.Faults{GraphQL: simulator.Fault{ServerErrorRate: 1}}, "transient"},
		"half a body":          {simulator.Faults{GraphQL: simulator.Fault{MalformedRate: 1}}, ""},
		"zones: [] in GraphQL": {simulator.Faults{EmptyZones: true}, "missing from Cloudflare's answer"},
		"no zones in REST":     {simulator.Faults{NoZones: true}, "no zone is listed"},
		"REST away":            {simulator.Faults{REST: simulator.Fault{ServerErrorRate: 1}}, "transient"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, mixedPlans(), func(c *Config) { c.Inventory.Refresh = time.Minute })
			w.ticks(3)
			assert.InDelta(t, 1, w.own("cloudflare.exporter.up", ""), 0)
			known := len(w.last)
			before := w.logs.FilterLevelExact(zap.WarnLevel).Len()

			w.sim.SetFaults(tt.faults)
			for range 4 {
				err := w.tick(time.Minute)
				require.Error(t, err)
				assert.True(t, scrapererror.IsPartialScrapeError(err))
				assert.InDelta(t, 0, w.own("cloudflare.exporter.up", ""), 0)
				assert.GreaterOrEqual(t, len(w.last), known, "known series stay")
			}
			warnings := w.logs.FilterLevelExact(zap.WarnLevel).All()[before:]
			assert.NotEmpty(t, warnings)
			assert.LessOrEqual(t, len(warnings), 2)
			assert.Contains(t, logged(w), tt.want)

			w.sim.SetFaults(simulator.Faults{})
			for range 8 {
				_ = w.tick(time.Minute)
			}
			w.settle()
			w.expectTruth()
			assert.Equal(t, []componentstatus.Status{
				componentstatus.StatusOK, componentstatus.StatusRecoverableError, componentstatus.StatusOK,
			}, w.host.statuses())
			assert.NotContains(t, logged(w), testToken)
		})
	}
}

func logged(w *world) string {
	var b strings.Builder
	for _, e := range w.logs.All() {
		b.WriteString(e.Level.String() + " " + e.Message)
		for _, f := range e.Context {
			if err, ok := f.Interface.(error); ok {
				b.WriteString(" " + err.Error())
			}
			b.WriteString(" " + f.String)
		}
		b.WriteByte('\n')
	}
	return b.String()
}

func TestTokenThatSeesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t, mixedPlans())
	w.sim.SetFaults(simulator.Faults{NoAccounts: true, NoZones: true})
	require.ErrorContains(t, w.tick(0), errNothingToScrape.Error())
	require.Error(t, w.tick(time.Minute))
	assert.Equal(t, 1, w.logs.FilterLevelExact(zap.WarnLevel).Len(), logged(w))
	w.sim.SetFaults(simulator.Faults{})
	require.NoError(t, w.tick(time.Minute), "an empty list is asked for again at once")
	assert.NotEmpty(t, w.last)
}

// A full disk undoes the tick in memory as well: nothing is shown that is not saved, and nothing is lost.
func TestFullDiskRollsBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t, mixedPlans())
	w.ticks(3)
	w.settle()
	shown := w.last
	w.host.disk.setFull(true)
	for range 3 {
		require.ErrorContains(t, w.tick(time.Minute), "no space left")
		assert.Equal(t, shown, w.last)
	}
	w.host.disk.setFull(false)
	w.ticks(1)
	w.settle()
	w.expectTruth()
}

func TestRestartWhileRESTIsDownStillEmits(t *testing.T) {
	t.Parallel()
	w := newWorld(t, mixedPlans())
	w.ticks(3)
	w.settle()
	shown := w.last
	w.sim.SetFaults(simulator.Faults{REST: simulator.Fault{ServerErrorRate: 1}})
	w.restart()
	require.Error(t, w.tick(0))
	assert.Equal(t, shown, w.last)
	w.sim.SetFaults(simulator.Faults{})
	w.ticks(2)
	w.settle()
	w.expectTruth()
}

func TestOurClockAheadOfTheAPIs(t *testing.T) {
	t.Parallel()
	w := newWorld(t, mixedPlans())
	w.scraper.now = func() time.Time { return w.clock.Now().Add(time.Hour) }
	for range 5 {
		w.clock.Advance(time.Minute)
		md, err := w.scraper.scrape(t.Context())
		require.NoError(t, err)
		w.md = md
	}
	settled := w.clock.Now().Add(-w.config.Delay).Truncate(time.Minute)
	mark := w.own("cloudflare.exporter.watermark.timestamp", "metric_family=http_requests")
	assert.Equal(t, settled.Unix(), int64(mark), "windows end where the API's clock says they are settled")
}

// What is older than max_backfill is given up, loudly and exactly.
func TestGivesUpWhatIsTooOld(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simulator.DefaultLayout(1, 1, simulator.PlanEnterprise), func(c *Config) { c.MaxBackfill = 2 * time.Hour })
	w.ticks(2)
	watermark := w.own("cloudflare.exporter.watermark.timestamp", "metric_family=http_requests")
	w.restart()
	require.NoError(t, w.tick(5*time.Hour))
	w.settle()

	oldest := w.clock.Now().Add(-2 * time.Hour).Truncate(time.Minute).Add(time.Minute)
	lost := w.own("cloudflare.exporter.lost.time", "metric_family=http_requests")
	assert.InDelta(t, float64(oldest.Unix())-watermark, lost, 0)
	assert.Contains(t, logged(w), "missing from the counters")
}

func TestShutdownDuringAHungCall(t *testing.T) {
	t.Parallel()
	w := newWorld(t, mixedPlans())
	asked := make(chan struct{}, 100)
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		asked <- struct{}{}
		<-r.Context().Done()
	}))
	t.Cleanup(server.Close)
	config := *w.config
	config.HTTP.Endpoint = server.URL
	config.ControllerConfig.InitialDelay = 0
	r, err := newReceiver(&config, w.set, consumertest.NewNop())
	require.NoError(t, err)
	require.NoError(t, r.Start(t.Context(), w.host))
	<-asked
	began := time.Now()
	require.NoError(t, r.Shutdown(context.Background()))
	assert.Less(t, time.Since(began), 2*time.Second)
	require.NoError(t, r.Shutdown(context.Background()), "a second shutdown is harmless")
}
