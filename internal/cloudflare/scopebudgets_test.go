// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package cloudflare

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-cloudflare/cloudflaremetricsreceiver/internal/simulator"
)

func accountBased(s *Settings) { s.AccountBased = true }

// slowly is a rate with a burst of 25 that gains a request in 0.8 s.
func slowly(s *Settings) { s.GraphQL = Rate{Requests: 150, Per: 100 * time.Second} }

// zoneQuery asks about one zone.
func zoneQuery(t *testing.T, tag string) Document {
	t.Helper()
	return Document{Scope: ZoneScope, Tags: []string{tag}, Parts: []Part{window(operation(t, firewallText), 1)}}
}

// askedZone is the zone that a request is about.
func askedZone(t *testing.T, r *http.Request) string {
	t.Helper()
	assert.Equal(t, "account-based", r.Header.Get("X-Rate-Limit-Type"))
	var request struct {
		Query     string         `json:"query"`
		Variables map[string]any `json:"variables"`
	}
	require.NoError(t, json.NewDecoder(r.Body).Decode(&request))
	assert.Contains(t, request.Query, "zoneTag:$zone")
	assert.NotContains(t, request.Query, "zoneTag_in")
	requireValid(t, loadSchema(t), request.Query, request.Variables)
	tag, _ := request.Variables["zone"].(string)
	return tag
}

func emptyAnswer(tag string) string {
	return `{"data":{"cost":1,"viewer":{"budget":0,"zones":[{"zoneTag":"` + tag + `","p0":[]}]}},"errors":null}`
}

func TestAccountBasedQueriesNameOneZone(t *testing.T) {
	t.Parallel()
	client, attempts := inMemory(t, func(_ int, r *http.Request) (*http.Response, error) {
		return reply(200, emptyAnswer(askedZone(t, r))), nil
	}, accountBased)
	for range 3 { // although the answers' budget, which is nobody knows whose, is 0
		answer, err := client.Query(t.Context(), zoneQuery(t, zoneA))
		require.NoError(t, err)
		assert.Contains(t, answer.Rows, zoneA)
		assert.Zero(t, answer.Budget)
	}
	document := zoneQuery(t, zoneA)
	document.Tags = []string{zoneA, zoneB}
	_, err := client.Query(t.Context(), document)
	assert.Equal(t, ClassInvalidQuery, ClassOf(err))
	require.ErrorContains(t, err, "a query has one zone")
	assert.Equal(t, 3, *attempts)
}

func TestDefaultLimitsAreAskedForWithoutHeader(t *testing.T) {
	t.Parallel()
	client, _ := inMemory(t, func(_ int, r *http.Request) (*http.Response, error) {
		assert.NotContains(t, r.Header, "X-Rate-Limit-Type")
		return reply(200, emptyAnswer(zoneA)), nil
	})
	_, err := client.Query(t.Context(), zoneQuery(t, zoneA))
	require.NoError(t, err)
}

// Zones do not take from each other, and fill up while others are asked.
func TestScopeBudgetsFillUpTogether(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		client, _ := inMemory(t, func(_ int, r *http.Request) (*http.Response, error) {
			return reply(200, emptyAnswer(askedZone(t, r))), nil
		}, accountBased, slowly)
		assert.Zero(t, client.Budget())
		start := time.Now()
		for _, tag := range zoneTags(20) {
			_, err := client.Query(t.Context(), zoneQuery(t, tag))
			require.NoError(t, err)
		}
		assert.Equal(t, 800*time.Millisecond, time.Since(start).Round(time.Millisecond), "the first waits for all")
		time.Sleep(time.Minute)
		assert.Equal(t, 25, client.Budget())
		for range 5 {
			_, err := client.Query(t.Context(), zoneQuery(t, zoneA))
			require.NoError(t, err)
		}
		assert.Equal(t, 20, client.Budget(), "of the zone that has the fewest left")
	})
}

// However late a zone turns up, it is not asked about more often than the rate allows in any span.
func TestScopeBudgetNeverExceedsItsRate(t *testing.T) {
	t.Parallel()
	for _, idle := range []time.Duration{0, time.Second, 30 * time.Second, time.Hour} {
		synctest.Test(t, func(t *testing.T) {
			settings := Settings{GraphQL: Rate{Requests: 30, Per: 100 * time.Second}, Now: time.Now}
			budgets := newScopeBudgets(newBudget(KindGraphQL, settings.GraphQL, time.Now), settings)
			began := time.Now()
			time.Sleep(idle)
			assert.Equal(t, min(5, int(idle/(4*time.Second))), budgets.available())
			var starts []time.Time
			for i := range 60 {
				b := budgets.of(zoneA)
				require.NoError(t, b.acquire(t.Context()))
				b.release()
				starts = append(starts, time.Now())
				// The process before this one may have used all that was there: there is what has flowed in since.
				assert.LessOrEqual(t, 4*time.Second*time.Duration(i+1), time.Since(began)+time.Microsecond)
			}
			for i := 30; i < len(starts); i++ {
				assert.GreaterOrEqual(t, starts[i].Sub(starts[i-30]), 100*time.Second-time.Microsecond)
			}
		})
	}
}

func TestRefusalsStopWhatTheyName(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		message string
		class   Class
		others  Class // what asking about another zone then gives
	}{
		"zone":    {"Zone " + zoneA + " has exceeded its rate limit. Please try again after 5 minutes.", ClassScopeLimited, ""},
		"account": {"Account " + account + " has exceeded its rate limit. Please try again after 5 minutes.", ClassScopeLimited, ""},
		"neither": {"rate limiter budget depleted, try again after 5 minutes", ClassRateLimited, ClassRateLimited},
		"user":    {"User " + zoneB + " has exceeded its rate limit.", ClassRateLimited, ClassRateLimited},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				client, attempts := inMemory(t, func(attempt int, r *http.Request) (*http.Response, error) {
					tag := askedZone(t, r)
					if attempt == 1 {
						return reply(429, graphQLError(tt.message, "budget")), nil
					}
					return reply(200, emptyAnswer(tag)), nil
				}, accountBased, slowly)
				time.Sleep(time.Minute)
				for range 2 { // the second is refused here
					_, err := client.Query(t.Context(), zoneQuery(t, zoneA))
					assert.Equal(t, tt.class, ClassOf(err))
				}
				assert.Equal(t, 1, *attempts)
				assert.Equal(t, tt.others == "", client.Budget() > 0)
				_, err := client.Query(t.Context(), zoneQuery(t, zoneB))
				assert.Equal(t, tt.others, ClassOf(err))
				time.Sleep(5 * time.Minute)
				_, err = client.Query(t.Context(), zoneQuery(t, zoneA))
				require.NoError(t, err)
			})
		})
	}
}

// What is wrong with the credentials is not tried zone by zone, and neither is what no time is left for.
func TestAccountBasedLimitsGiveUp(t *testing.T) {
	t.Parallel()
	client, seen := serve(t, text(401, ``), accountBased)
	limits, err := client.Limits(t.Context(), ZoneScope, zoneTags(100), []string{"x"})
	assert.Equal(t, ClassAuth, ClassOf(err))
	assert.Empty(t, limits)
	assert.LessOrEqual(t, len(seen.classes()), limitsAtOnce)

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = client.Limits(ctx, ZoneScope, zoneTags(100), []string{"x"})
	assert.Equal(t, ClassCanceled, ClassOf(err))
}

// The model of the simulator charges and refuses as Cloudflare documents it.
func TestAccountBasedAgainstTheSimulator(t *testing.T) {
	t.Parallel()
	config := simulator.Config{Seed: 1, Token: token, Begin: noon.Add(-time.Hour), Clock: func() time.Time { return noon }}
	config.Accounts = []simulator.Account{{ID: account, Name: "Acme", Workers: []string{"w"}}}
	tags := zoneTags(30)
	for _, tag := range tags {
		config.Accounts[0].Zones = append(config.Accounts[0].Zones, simulator.Zone{ID: tag, Name: strings.TrimLeft(tag, "0") + "z.example", Plan: simulator.PlanEnterprise})
	}
	config.Limits.AccountBased, config.Limits.GraphQLRequests = 2, 1
	world, err := simulator.New(config)
	require.NoError(t, err)
	t.Cleanup(world.Close)
	client, _ := serve(t, world.ServeHTTP, oneAttempt, accountBased)

	limits, err := client.Limits(t.Context(), ZoneScope, tags, []string{"firewallEventsAdaptiveGroups"})
	require.NoError(t, err)
	assert.Len(t, limits, 30)
	limits, err = client.Limits(t.Context(), AccountScope, []string{account}, []string{"workersInvocationsAdaptive"})
	require.NoError(t, err)
	assert.Len(t, limits, 1)

	document := zoneQuery(t, tags[0])
	document.Parts[0].From, document.Parts[0].To = noon.Add(-30*time.Minute), noon
	_, err = client.Query(t.Context(), document)
	require.NoError(t, err)
	_, err = client.Query(t.Context(), document)
	assert.Equal(t, ClassScopeLimited, ClassOf(err), "the third request about this zone")
	limits, err = client.Limits(t.Context(), ZoneScope, tags, []string{"firewallEventsAdaptiveGroups"})
	assert.Equal(t, ClassScopeLimited, ClassOf(err))
	assert.Len(t, limits, 29, "the others go on")
}
