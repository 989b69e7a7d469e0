// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package cloudflaremetricsreceiver

import (
	"net/http"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/internal/cloudflare"
	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/internal/inventory"
	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/internal/simulator"
)

func accountBased(c *Config) { c.RateLimit.AccountBased = true }

// The default limits allow not a single request, so that one without the header would show.
func TestAccountBasedTotals(t *testing.T) {
	t.Parallel()
	for name, granted := range map[string][]string{"zones": nil, "account scope": {"firewallEventsAdaptiveGroups"}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			accounts := mixedPlans()
			if granted != nil {
				accounts = simulator.DefaultLayout(1, 4, simulator.PlanEnterprise)
				accounts[0].Granted = granted
			}
			w := newWorldOf(t, simulator.Config{Accounts: accounts, Limits: simulator.Limits{GraphQLRequests: 1}}, accountBased)
			w.ticks(10)
			w.settle()
			w.expectTruth()
			assert.Zero(t, w.sim.Requests().GraphQL[http.StatusTooManyRequests])
		})
	}
}

// slow takes a while for each answer.
type slow struct {
	direct
	latency time.Duration
}

func (s slow) RoundTrip(r *http.Request) (*http.Response, error) {
	time.Sleep(s.latency)
	return s.direct.RoundTrip(r)
}

// newDistant is a paced receiver under account-based limits whose API is that far away.
func newDistant(t *testing.T, zones int, latency time.Duration) *paced {
	t.Helper()
	p := newPaced(t, simulator.Config{
		Accounts: simulator.DefaultLayout(1, zones, simulator.PlanEnterprise), Limits: simulator.Limits{ScopeNodes: 50},
	}, accountBased)
	settings := p.scraper.clientSettings()
	settings.HTTP = &http.Client{Transport: slow{direct{p.sim}, latency}, Timeout: p.config.HTTP.Timeout}
	var err error
	p.scraper.client, err = cloudflare.NewClient(settings)
	require.NoError(t, err)
	require.NoError(t, p.scraper.startInventory())
	return p
}

// scrapeLater is a scrape a while after the minute, which is over by the API's clock as well.
func (p *paced) scrapeLater() error {
	time.Sleep(time.Until(time.Now().Truncate(time.Minute).Add(65 * time.Second)))
	md, err := p.scraper.scrape(p.t.Context())
	p.md = md
	return err
}

// Each zone is read in each scrape, by a request of its own, and no budget is ever exceeded.
func TestAccountBasedSteadyState(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		zones   int
		latency time.Duration
	}{
		"60 zones":            {60, 0},
		"100 zones, far away": {100, 500 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				p := newDistant(t, tt.zones, tt.latency)
				for range 5 {
					_ = p.scrapeLater() // reads the entitlements and catches up
				}
				before, _ := p.requests()
				worst := time.Duration(0)
				const scrapes = 15
				for range scrapes {
					require.NoError(t, p.scrapeLater())
					worst = max(worst, p.behind())
				}
				after, _ := p.requests()
				perZone := float64(after-before) / scrapes / float64(tt.zones)
				t.Logf("%.2f GraphQL requests of each zone a minute, at most %v behind", perZone, worst)
				assert.LessOrEqual(t, worst, 2*time.Minute)
				assert.InDelta(t, 1, perZone, 0.1, "and now and then a probe")
				assert.Zero(t, p.sim.Requests().GraphQL[http.StatusTooManyRequests])
				p.expectTruth()
			})
		})
	}
}

// A zone that others use up waits by itself: the other zones are read as ever, and nothing of it is lost.
func TestOthersUseUpOneZone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newDistant(t, 10, 0)
		for range 5 {
			_ = p.scrapeLater()
		}
		require.Zero(t, p.behind())
		other := p.scraper.clientSettings()
		other.HTTP = &http.Client{Transport: direct{p.sim}}
		other.Retry.Enabled = false
		other.GraphQL = cloudflare.Rate{Requests: 1_000_000, Per: time.Second}
		other.Observe = nil
		hog, err := cloudflare.NewClient(other)
		require.NoError(t, err)
		scopes := p.scraper.inventory.Scopes()
		hot := scopes[slices.IndexFunc(scopes, func(sc inventory.Scope) bool { return sc.Kind == cloudflare.ZoneScope })].ID
		time.Sleep(6 * time.Minute) // what the receiver has asked no longer counts
		for err == nil {
			_, err = hog.Limits(t.Context(), cloudflare.ZoneScope, []string{hot}, []string{"httpRequests1mGroups"})
		}
		require.Equal(t, cloudflare.ClassScopeLimited, cloudflare.ClassOf(err))

		require.Error(t, p.scrapeLater())
		for range 3 {
			for _, part := range p.scraper.partitions {
				if part.scope.ID != hot {
					assert.Zero(t, part.source.Horizon(time.Now()).Sub(part.cursor.Watermark), "%v", part)
				}
			}
			_ = p.scrapeLater()
		}
		assert.Equal(t, 2, p.sim.Requests().GraphQL[http.StatusTooManyRequests], "of the other and of the receiver")
		for range 5 {
			_ = p.scrapeLater()
		}
		p.expectTruth()
	})
}
