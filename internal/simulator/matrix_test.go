// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// everyFault has all faults that come and go on.
func everyFault(now time.Time) Faults {
	fault := Fault{
		HangRate: 0.03, RateLimitedRate: 0.06, RetryAfterSeconds: 5, RetryAfterShare: 0.5, ServerErrorRate: 0.03, UnavailableRate: 0.03,
		ResetRate: 0.03, TruncatedRate: 0.03, MalformedRate: 0.03, LatencySeconds: 0.5, LatencyJitterSeconds: 2,
	}
	return Faults{
		REST: fault, GraphQL: fault,
		Answers: AnswerFaults{
			HeavyMinutes: 8, HeavyNodes: 5, ErrorRate: 0.1, BudgetRate: 0.05, NullRate: 0.08, EmptyZonesRate: 0.03, MissingFieldRate: 0.05,
		},
		Outages: []Outage{
			{From: now.Add(10 * time.Minute), To: now.Add(12 * time.Minute)}, {From: now.Add(20 * time.Minute), To: now.Add(21 * time.Minute), Reset: true},
		},
		ClockSkewSeconds: 30, ClockJumpSeconds: 20, SettingsLagSeconds: 300,
		Late:     Lateness{Share: 0.2, MinSeconds: 10, MaxSeconds: 600},
		Sampling: Sampling{TenAbove: 15, HundredAbove: 60},
	}
}

// impatient is the context of a client that gives up where it would have to wait for ever, and nowhere else.
type impatient struct {
	context.Context
	done chan struct{}
}

func (i impatient) Done() <-chan struct{} { return i.done }

// matrixClient reads one window after another, and tries again after whatever goes wrong.
type matrixClient struct {
	t          *testing.T
	s          *Simulator
	clock      *testClock
	transcript []string
	outcomes   map[string]int
	counted    fold
}

// exchange sends one request; nil is an answer that did not come whole.
func (c *matrixClient) exchange(method, path string, body []byte) (answer *httptest.ResponseRecorder) {
	done := make(chan struct{})
	close(done)
	r := httptest.NewRequest(method, "/client/v4/"+path, bytes.NewReader(body)).WithContext(impatient{c.t.Context(), done})
	r.Header.Set("Authorization", "Bearer secret-token")
	w := httptest.NewRecorder()
	defer func() {
		hash := fnv.New64a()
		_, _ = hash.Write(w.Body.Bytes())
		aborted := recover()
		c.transcript = append(c.transcript, fmt.Sprint(w.Code, w.Header(), hash.Sum64(), aborted))
		if aborted != nil {
			c.outcomes[fmt.Sprint("aborted after ", min(w.Body.Len(), 1))]++
			answer = nil
		}
	}()
	c.s.ServeHTTP(w, r)
	return w
}

// read counts a window of a zone. It tells whether it got it.
func (c *matrixClient) read(id string, from, to time.Time) bool {
	body := queryBody(c.t, everythingOfZone, map[string]any{"zone": id, "from": from, "to": to})
	w := c.exchange(http.MethodPost, "graphql", body)
	if w == nil {
		return false
	}
	if w.Code != http.StatusOK {
		c.outcomes[fmt.Sprint(w.Code, w.Header().Get("Retry-After"))]++
		return false
	}
	var answer struct {
		Data *struct {
			Viewer struct{ Zones []map[string]any }
		}
		Errors []struct{ Message string }
	}
	decoder := json.NewDecoder(bytes.NewReader(w.Body.Bytes()))
	decoder.UseNumber()
	switch err := decoder.Decode(&answer); {
	case err != nil:
		c.outcomes["malformed"]++
	case len(answer.Errors) > 0:
		c.outcomes[answer.Errors[0].Message]++
	case answer.Data == nil:
		c.outcomes["null"]++
	case len(answer.Data.Viewer.Zones) == 0:
		c.outcomes["no zones"]++
	case !complete(answer.Data.Viewer.Zones[0]):
		c.outcomes["incomplete"]++
	default:
		c.outcomes["whole"]++
		c.counted.answer(c.t, id, w.Body)
		return true
	}
	return false
}

// complete tells whether rows have all fields of everythingOfZone.
func complete(zone map[string]any) bool {
	for name, rows := range zone {
		list, _ := rows.([]any)
		for _, element := range list {
			row, _ := element.(map[string]any)
			sums, _ := row["sum"].(map[string]any)
			labels, _ := row["dimensions"].(map[string]any)
			if name == datasetHTTPRequests1m && len(sums) != 17 || name == datasetFirewallEvents && (len(labels) != 5 || row["count"] == nil) {
				return false
			}
		}
	}
	return true
}

// runMatrix reads half an hour of three zones, while zones change under the client's hands.
func runMatrix(t *testing.T, seed uint64) (*matrixClient, *Simulator) {
	t.Helper()
	var clock *testClock
	s, clock := newTestSimulator(t, func(c *Config) {
		c.Seed, c.EventsPerMinute = seed, 120
		c.End = testBegin.Add(30 * time.Minute)
		c.Accounts = DefaultLayout(1, 3, PlanEnterprise, PlanPro)
		c.Limits.GraphQLRequests = 300
		c.Sleep = func(_ context.Context, d time.Duration) { clock.advance(d) }
	})
	clock.set(testBegin)
	s.SetFaults(everyFault(testBegin))
	s.RecordReads(RecordAnswers)
	c := &matrixClient{t: t, s: s, clock: clock, outcomes: map[string]int{}, counted: fold{}}
	account, zones := s.config.Accounts[0].ID, s.config.Accounts[0].Zones
	for from := testBegin; from.Before(s.config.End); {
		switch from.Sub(testBegin) {
		case 8 * time.Minute:
			require.NoError(t, s.SetPlan(zones[0].ID, PlanFree))
		case 16 * time.Minute:
			require.NoError(t, s.RemoveZone(zones[1].ID))
		}
		to := from.Add(4 * time.Minute)
		clock.set(maxTime(clock.time(), to))
		for _, z := range zones {
			for try := 0; !c.read(z.ID, from, to); try++ {
				require.Less(t, try, 1000)
				clock.advance(3 * time.Second)
				c.exchange(http.MethodGet, "zones", nil)
				if try == 20 { // what was taken away comes back
					_ = s.SetPlan(zones[0].ID, PlanEnterprise)
					_ = s.AddZone(account, zones[1])
				}
			}
		}
		from = to
		if from.After(s.config.End.Add(-4 * time.Minute)) {
			break
		}
	}
	return c, s
}

func maxTime(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// With every fault on at once, equal seeds give equal answers to the byte, what was counted is what the record says, and the truth
// is that of a healthy world.
func TestFaultMatrix(t *testing.T) {
	t.Parallel()
	first, s := runMatrix(t, 3)
	again, _ := runMatrix(t, 3)
	other, _ := runMatrix(t, 4)
	assert.Equal(t, first.transcript, again.transcript)
	assert.NotEqual(t, first.transcript, other.transcript)
	for _, outcome := range append([]string{
		"whole", "malformed", "null", "no zones", "incomplete", "aborted after 0", "aborted after 1", "500", "503", "429", "4295",
	}, append(transientTexts(), budgetTexts()...)...) {
		assert.NotZero(t, first.outcomes[outcome]+other.outcomes[outcome], outcome)
	}

	reads := LastReads(s.Reads())
	assert.Equal(t, foldTruth(exact(s.Answered(reads, counters()...))), first.counted)

	healthy, clock := newTestSimulator(t, func(c *Config) {
		c.Seed, c.EventsPerMinute, c.Accounts, c.End = s.config.Seed, s.config.EventsPerMinute, s.config.Accounts, s.config.End
	})
	for _, c := range []*testClock{clock, first.clock} {
		c.set(s.config.End.Add(10 * time.Minute))
	}
	truth := exact(healthy.Truth(time.Time{}, time.Time{}, counters()...))
	assert.Equal(t, truth, exact(s.Truth(time.Time{}, time.Time{}, counters()...)))
	assert.Equal(t, truth, exact(s.TruthVisible(time.Time{}, time.Time{}, s.config.End.Add(10*time.Minute), counters()...)))
}
