// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package cloudflaremetricsreceiver

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/receiver/receivertest"

	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/internal/cloudflare"
	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/internal/metadata"
	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/internal/oracle"
	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/internal/simulator"
)

// direct is a transport without a network: in a synctest bubble, time stands still while a socket is waited for.
type direct struct{ handler http.Handler }

func (d direct) RoundTrip(r *http.Request) (*http.Response, error) {
	recorder := httptest.NewRecorder()
	r = r.Clone(r.Context())
	if r.Body == nil {
		r.Body = http.NoBody // as a server would see it
	}
	d.handler.ServeHTTP(recorder, r)
	return recorder.Result(), nil
}

// paced is a receiver with the default configuration and budget against an API that enforces Cloudflare's, in a bubble
// where waiting takes no time.
type paced struct {
	*world
	began time.Time
}

func newPaced(t *testing.T, of simulator.Config, change ...func(*Config)) *paced {
	t.Helper()
	began := time.Now().Truncate(time.Minute)
	time.Sleep(time.Until(began.Add(6 * time.Minute)))
	of.Seed, of.Begin, of.Clock, of.Token, of.EventsPerMinute = 7, began, time.Now, testToken, 2
	sim, err := simulator.New(of)
	require.NoError(t, err)

	w := &world{t: t, clock: &clock{}, begin: began, sim: sim, host: &testHost{disk: newDiskStorage()}}
	w.set = receivertest.NewNopSettings(metadata.Type)
	w.set.ID = component.NewID(metadata.Type)
	w.config = defaultConfig()
	w.config.APIToken = testToken
	w.config.Lookback = time.Hour
	id := storageID()
	w.config.Storage = &id
	for _, c := range append([]func(*Config){only(t, coreDatasets()...)}, change...) {
		c(w.config)
	}
	w.documented = documented(t, w.config)
	w.scraper, err = newMetricsScraper(t.Context(), w.config, w.set)
	require.NoError(t, err)
	require.NoError(t, w.scraper.start(t.Context(), w.host))
	settings := w.scraper.clientSettings()
	settings.HTTP = &http.Client{Transport: direct{sim}, Timeout: w.config.HTTP.Timeout}
	w.scraper.client, err = cloudflare.NewClient(settings)
	require.NoError(t, err)
	require.NoError(t, w.scraper.startInventory())
	return &paced{w, began}
}

// scrape runs one tick as the controller would: at the minute.
func (p *paced) scrape() error {
	p.t.Helper()
	time.Sleep(time.Until(time.Now().Truncate(time.Minute).Add(time.Minute)))
	md, err := p.scraper.scrape(p.t.Context())
	p.md = md
	return err
}

// counters are those of the last scrape.
func (p *paced) counters() map[oracle.Series]float64 {
	values := map[oracle.Series]float64{}
	eachCounter(p.documented, p.md, func(s oracle.Series, v float64) { values[s] = v })
	return values
}

func (p *paced) requests() (graphQL, rest int) {
	for _, n := range p.sim.Requests().GraphQL {
		graphQL += n
	}
	for _, n := range p.sim.Requests().REST {
		rest += n
	}
	return graphQL, rest
}

// behind is how far the oldest watermark is from the horizon.
func (p *paced) behind() time.Duration {
	var most time.Duration
	for _, part := range p.scraper.partitions {
		most = max(most, part.source.Horizon(time.Now()).Sub(part.cursor.Watermark))
	}
	return most
}

// expectTruth compares with what happened until the watermark, which all partitions share.
func (p *paced) expectTruth() {
	p.t.Helper()
	require.Zero(p.t, p.behind())
	horizon := time.Now().Add(-p.config.Delay).Truncate(time.Minute)
	require.NoError(p.t, p.scrape())
	expected := identities(p.truth(p.began, horizon))
	counted := identities(p.counters()) // names of rules take their time
	for s, v := range counted {
		if v < expected[s] {
			assert.Fail(p.t, "an event is missing", "%v: %v of %v", s, v, expected[s])
		}
	}
	expected = identities(p.truth(p.began, time.Now().Add(-p.config.Delay).Truncate(time.Minute)))
	for s, v := range counted {
		if v > expected[s] {
			assert.Fail(p.t, "an event is counted twice", "%v: %v of %v", s, v, expected[s])
		}
	}
}

// 200 zones need at most 30 GraphQL requests a minute where Cloudflare takes 50 zones × nodes.
func TestRequestsForManyZones(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		bound   int
		granted []string
		most    float64
	}{
		"bound 50":                         {50, nil, 30},
		"bound 50 and account entitlement": {50, []string{"firewallEventsAdaptiveGroups"}, 30},
		"bound 10":                         {10, nil, 48},
		"bound 10 and account entitlement": {10, []string{"firewallEventsAdaptiveGroups"}, 48},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				accounts := simulator.DefaultLayout(1, 200, simulator.PlanEnterprise)
				accounts[0].Granted = tt.granted
				p := newPaced(t, simulator.Config{Accounts: accounts, Limits: simulator.Limits{ScopeNodes: tt.bound}})
				for range 8 {
					_ = p.scrape() // finds the bound and catches up
				}
				before, _ := p.requests()
				worst := time.Duration(0)
				for range 8 {
					require.NoError(t, p.scrape())
					worst = max(worst, p.behind())
				}
				after, _ := p.requests()
				perMinute := float64(after-before) / 8
				t.Logf("%.1f GraphQL requests a minute, at most %v behind", perMinute, worst)
				assert.LessOrEqual(t, perMinute, tt.most)
				assert.LessOrEqual(t, worst, 5*time.Minute)
			})
		})
	}
}

// Where the budget paces a scrape over minutes, a longer interval saves requests all the same: what settles meanwhile waits for
// the next scrape.
func TestLongIntervalSavesRequests(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const interval = 5 * time.Minute
		p := newPaced(t, simulator.Config{
			Accounts: simulator.DefaultLayout(1, 200, simulator.PlanEnterprise), Limits: simulator.Limits{ScopeNodes: 10},
		}, func(c *Config) { c.ControllerConfig.CollectionInterval = interval })
		scrape := func() {
			time.Sleep(time.Until(time.Now().Truncate(interval).Add(interval - time.Minute)))
			require.NoError(t, p.scrape())
		}
		scrape() // finds the bound and catches up
		scrape()
		before, _ := p.requests()
		for range 4 {
			scrape()
			assert.LessOrEqual(t, p.behind(), interval)
		}
		after, _ := p.requests()
		perMinute := float64(after-before) / (4 * interval.Minutes())
		t.Logf("%.1f GraphQL requests a minute", perMinute)
		assert.LessOrEqual(t, perMinute, 16.0)
	})
}

// With everything enabled, 50 zones of one account need at most 25 GraphQL requests a minute where Cloudflare takes
// 50 zones × nodes.
func TestRequestsWithEverything(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		bound  int
		most   float64
		behind time.Duration
	}{
		"bound 50": {50, 25, 0},
		"bound 10": {10, 48, 5 * time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				p := newPaced(t, simulator.Config{
					Accounts: simulator.DefaultLayout(1, 50, simulator.PlanEnterprise), Limits: simulator.Limits{ScopeNodes: tt.bound},
				}, withEverything)
				for range 15 {
					_ = p.scrape() // finds the bound and catches up
				}
				before, _ := p.requests()
				worst := time.Duration(0)
				for range 10 {
					require.NoError(t, p.scrape())
					worst = max(worst, p.behind())
				}
				after, _ := p.requests()
				perMinute := float64(after-before) / 10
				t.Logf("%.1f GraphQL requests a minute, at most %v behind", perMinute, worst)
				assert.LessOrEqual(t, perMinute, tt.most)
				assert.LessOrEqual(t, worst, tt.behind)
			})
		})
	}
}

// 1,000 zones do not fit into the budget: freshness bends, nothing is lost, and the API never refuses a request.
func TestThousandZonesStayWithinTheBudget(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPaced(t, simulator.Config{
			Accounts: simulator.DefaultLayout(2, 500, simulator.PlanEnterprise), Limits: simulator.Limits{ScopeNodes: 50},
		})
		worst := time.Duration(0)
		for n := range 20 {
			_ = p.scrape()
			if n > 10 {
				worst = max(worst, p.behind())
			}
		}
		graphQL, _ := p.requests()
		t.Logf("%d GraphQL requests in 20 minutes, at most %v behind, answers %v", graphQL, worst, p.sim.Requests().GraphQL)
		assert.LessOrEqual(t, worst, 10*time.Minute)
		assert.Zero(t, p.sim.Requests().GraphQL[http.StatusTooManyRequests])
		for family := range p.scraper.sources.families {
			assert.InDelta(t, 0, p.own("cloudflare.exporter.lost.time", "metric_family="+family), 0)
		}
	})
}

// An outage of two hours is read completely within ten scrapes at 50 zones, within the budget.
func TestOutageIsCaughtUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPaced(t, simulator.Config{Accounts: simulator.DefaultLayout(1, 50, simulator.PlanEnterprise)})
		for range 10 {
			_ = p.scrape()
		}
		require.Zero(t, p.behind())
		p.sim.SetFaults(simulator.Faults{Outages: []simulator.Outage{{From: time.Now(), To: time.Now().Add(2 * time.Hour)}}})
		for range 119 {
			require.Error(t, p.scrape())
		}
		p.sim.SetFaults(simulator.Faults{})
		scrapes := 0
		for ; p.behind() > 0 || scrapes == 0; scrapes++ {
			require.Less(t, scrapes, 10, "%v behind", p.behind())
			_ = p.scrape()
		}
		t.Logf("caught up after %d scrapes", scrapes)
		assert.Zero(t, p.sim.Requests().GraphQL[http.StatusTooManyRequests])
		p.expectTruth()
	})
}

// REST is asked for the list of zones every ten minutes, and for the names of a zone's firewall rules when there is a new one.
func TestRESTRequests(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPaced(t, simulator.Config{Accounts: simulator.DefaultLayout(1, 50, simulator.PlanEnterprise)})
		require.NoError(t, p.scrape())
		_, before := p.requests()
		for range 60 {
			_ = p.scrape()
		}
		_, after := p.requests()
		t.Logf("%d REST requests in an hour", after-before)
		assert.LessOrEqual(t, after-before, 350)
	})
}
