// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// met is what a client meets: a status and a text, or an error of the transport.
type met struct {
	status     int
	body       string
	retryAfter string
	err        error
}

// meet sends one request over a real connection.
func meet(t *testing.T, server *httptest.Server, path, body string) met {
	t.Helper()
	method := http.MethodGet
	if body != "" {
		method = http.MethodPost
	}
	r, err := http.NewRequestWithContext(t.Context(), method, server.URL+"/client/v4/"+path, strings.NewReader(body))
	require.NoError(t, err)
	r.Header.Set("Authorization", "Bearer secret-token")
	response, err := server.Client().Do(r)
	if err != nil {
		return met{err: err}
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	return met{response.StatusCode, string(text), response.Header.Get("Retry-After"), err}
}

// serveTest serves a simulator on a connection per request, as a client that keeps them would repeat requests on reset ones.
func serveTest(t *testing.T, s *Simulator) *httptest.Server {
	t.Helper()
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	server.Client().Transport = &http.Transport{DisableKeepAlives: true}
	return server
}

const cheap = `{"query":"{ viewer { zones(limit: 1) { zoneTag } } }"}`

// Each fault that comes at a rate strikes at a rate of one, and is what it is called.
func TestEveryRate(t *testing.T) {
	t.Parallel()
	is := func(status int, texts ...string) func(*testing.T, met) {
		return func(t *testing.T, m met) {
			t.Helper()
			require.NoError(t, m.err)
			assert.Equal(t, status, m.status)
			found := false
			for _, text := range texts {
				found = found || strings.Contains(m.body, text)
			}
			assert.True(t, found, m.body)
		}
	}
	failed := func(target error) func(*testing.T, met) {
		return func(t *testing.T, m met) { t.Helper(); require.ErrorIs(t, m.err, target) }
	}
	malformed := func(t *testing.T, m met) {
		t.Helper()
		require.NoError(t, m.err)
		assert.Equal(t, 200, m.status)
		assert.NotEmpty(t, m.body)
		assert.False(t, json.Valid([]byte(m.body)))
	}
	for _, test := range []struct {
		name          string
		fault         Fault
		rest, graphql func(*testing.T, met)
	}{
		{"429", Fault{RateLimitedRate: 1}, is(429, "10429"), is(429, "budget depleted")},
		{"500", Fault{ServerErrorRate: 1}, is(500, "Internal server error"), is(500, "Internal server error")},
		{"503", Fault{UnavailableRate: 1}, is(503, "unavailable"), is(503, busyTexts()...)},
		{"reset", Fault{ResetRate: 1}, failed(syscall.ECONNRESET), failed(syscall.ECONNRESET)},
		{"truncated", Fault{TruncatedRate: 1}, failed(io.ErrUnexpectedEOF), failed(io.ErrUnexpectedEOF)},
		{"malformed", Fault{MalformedRate: 1}, malformed, malformed},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s, _ := newTestSimulator(t, nil)
			server := serveTest(t, s)
			s.SetFaults(Faults{REST: test.fault})
			test.rest(t, meet(t, server, "zones", ""))
			is(200, "zoneTag")(t, meet(t, server, "graphql", cheap))
			s.SetFaults(Faults{GraphQL: test.fault})
			test.graphql(t, meet(t, server, "graphql", cheap))
			is(200, "zone1.")(t, meet(t, server, "zones", ""))
		})
	}
}

func TestAnswerFaults(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		faults AnswerFaults
		texts  []string
		code   string
	}{
		{"transient", AnswerFaults{ErrorRate: 1}, transientTexts(), ""},
		{"budget", AnswerFaults{BudgetRate: 1}, budgetTexts(), "budget"},
		{"heavy by nodes", AnswerFaults{HeavyNodes: 1}, []string{errHeavy().message}, ""},
		{"heavy by minutes", AnswerFaults{HeavyMinutes: 19}, []string{errHeavy().message}, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s, _ := newTestSimulator(t, nil)
			s.SetFaults(Faults{Answers: test.faults})
			seen := map[string]bool{}
			query := inZone(firstOf(s, PlanEnterprise).ID, `a: `+firewall+`{ count } b: `+firewall+`{ count }`)
			for range 40 {
				w := call(t, s, http.MethodPost, "/client/v4/graphql", queryBody(t, query, nil))
				assert.Equal(t, http.StatusOK, w.Code)
				assert.Contains(t, w.Body.String(), `{"data":null,"errors":[`)
				var answer reply
				require.NoError(t, json.Unmarshal(w.Body.Bytes(), &answer))
				seen[answer.Errors[0].Message] = true
				assert.Equal(t, test.code, answer.Errors[0].Extensions["code"])
			}
			assert.Len(t, seen, len(test.texts), "every text comes up")
			for _, text := range test.texts {
				assert.True(t, seen[text], text)
			}
			s.SetFaults(Faults{Answers: AnswerFaults{HeavyNodes: 2, HeavyMinutes: 20}})
			assert.Empty(t, ask(t, s, query, nil).Errors, "at the bound, nothing is heavy")
		})
	}
}

func TestEmptyAnswers(t *testing.T) {
	t.Parallel()
	s, _ := newTestSimulator(t, nil)
	answer := func() string {
		return strings.TrimSpace(call(t, s, http.MethodPost, "/client/v4/graphql", []byte(cheap)).Body.String())
	}
	s.SetFaults(Faults{Answers: AnswerFaults{NullRate: 1}})
	assert.Equal(t, `{"data":null,"errors":null}`, answer())
	s.SetFaults(Faults{Answers: AnswerFaults{EmptyZonesRate: 1}})
	assert.JSONEq(t, `{"data":{"viewer":{"zones":[]}},"errors":null}`, answer())
	s.SetFaults(Faults{Answers: AnswerFaults{MissingFieldRate: 1}})
	assert.Contains(t, answer(), "zoneTag", "an answer without rows has no field to lose")
}

// One row of the answer, and only one, lacks something.
func TestMissingField(t *testing.T) {
	t.Parallel()
	s, _ := newTestSimulator(t, nil)
	s.RecordReads(RecordWindows)
	query := queryBody(t, inZone(firstOf(s, PlanEnterprise).ID, `a: `+firewall+`{ count dimensions { action source } } b: `+
		firewall+`{ count dimensions { action source } }`), nil)
	leaves := func() (n int) {
		body := call(t, s, http.MethodPost, "/client/v4/graphql", query).Body.String()
		return strings.Count(body, `"count"`) + strings.Count(body, `"action"`) + strings.Count(body, `"source"`)
	}
	whole := leaves()
	s.SetFaults(Faults{Answers: AnswerFaults{MissingFieldRate: 1}})
	lost := map[int]bool{}
	for range 40 {
		lost[whole-leaves()] = true
	}
	assert.Equal(t, map[int]bool{1: true, 2: true}, lost, "a leaf or all dimensions")
	reads := s.Reads()
	require.Len(t, reads, 82)
	assert.False(t, reads[0].Lost || reads[1].Lost)
	for i := 2; i < len(reads); i += 2 {
		assert.NotEqual(t, reads[i].Lost, reads[i+1].Lost)
	}
}

func TestRetryAfterShare(t *testing.T) {
	t.Parallel()
	s, _ := newTestSimulator(t, nil)
	s.SetFaults(Faults{REST: Fault{RateLimitedRate: 0.5, RetryAfterSeconds: 9, RetryAfterShare: 0.5}})
	statuses, headers := map[int]int{}, map[string]int{}
	for range 200 {
		w := call(t, s, http.MethodGet, "/client/v4/zones", nil)
		statuses[w.Code]++
		if w.Code == http.StatusTooManyRequests {
			headers[w.Header().Get("Retry-After")]++
		}
	}
	assert.InDelta(t, 100, statuses[429], 30)
	assert.Equal(t, 200, statuses[429]+statuses[200])
	assert.InDelta(t, 50, headers["9"], 25)
	assert.Equal(t, statuses[429], headers["9"]+headers[""])
}

// Latency passes on the injected clock, differs by its jitter, and ends with the client.
func TestLatency(t *testing.T) {
	t.Parallel()
	var slept []time.Duration
	var clock *testClock
	s, clock := newTestSimulator(t, func(c *Config) {
		c.Sleep = func(_ context.Context, d time.Duration) {
			slept = append(slept, d)
			clock.advance(d)
		}
	})
	s.SetFaults(Faults{GraphQL: Fault{LatencySeconds: 20, LatencyJitterSeconds: 10, ServerErrorRate: 0.5}})
	start := clock.time()
	for range 50 {
		call(t, s, http.MethodPost, "/client/v4/graphql", []byte(cheap))
		call(t, s, http.MethodGet, "/client/v4/zones", nil)
	}
	require.Len(t, slept, 50)
	total := time.Duration(0)
	for _, d := range slept {
		assert.GreaterOrEqual(t, d, 20*time.Second)
		assert.Less(t, d, 30*time.Second)
		total += d
	}
	assert.InDelta(t, 25*50, total.Seconds(), 60)
	assert.Equal(t, total, clock.time().Sub(start))
}

func TestLatencyEndsWithTheClientOrTheSimulator(t *testing.T) {
	t.Parallel()
	s, _ := newTestSimulator(t, nil)
	s.SetFaults(Faults{REST: Fault{LatencySeconds: 3600}, GraphQL: Fault{HangRate: 1}})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, path := range []string{"zones", "graphql"} {
		r := httptest.NewRequest(http.MethodGet, "/client/v4/"+path, bytes.NewReader(nil)).WithContext(ctx)
		assert.PanicsWithError(t, http.ErrAbortHandler.Error(), func() { s.ServeHTTP(httptest.NewRecorder(), r) })
	}
	s.Close()
	assert.Equal(t, 200, call(t, s, http.MethodGet, "/client/v4/zones", nil).Code)
	assert.Equal(t, RequestCounts{REST: map[int]int{0: 1, 200: 1}, GraphQL: map[int]int{0: 1}}, s.Requests())
}

func TestOutages(t *testing.T) {
	t.Parallel()
	s, clock := newTestSimulator(t, nil)
	server := serveTest(t, s)
	now := clock.time()
	s.SetFaults(Faults{Outages: []Outage{
		{From: now.Add(time.Hour), To: now.Add(3 * time.Hour)},
		{From: now.Add(4 * time.Hour), To: now.Add(5 * time.Hour), Reset: true},
	}})
	for _, test := range []struct {
		at     time.Duration
		status int
	}{
		{0, 200},
		{time.Hour - 1, 200},
		{time.Hour, 503},
		{3*time.Hour - 1, 503},
		{3 * time.Hour, 200},
		{4 * time.Hour, 0},
		{5 * time.Hour, 200},
	} {
		clock.set(now.Add(test.at))
		for path, body := range map[string]string{"zones": "", "graphql": cheap} {
			m := meet(t, server, path, body)
			assert.Equal(t, test.status, m.status, "%s after %s", path, test.at)
			assert.Equal(t, test.status == 0, errors.Is(m.err, syscall.ECONNRESET), m.err)
		}
	}
}

func TestClockSkew(t *testing.T) {
	t.Parallel()
	s, clock := newTestSimulator(t, nil)
	off := func() time.Duration {
		date, err := http.ParseTime(call(t, s, http.MethodGet, "/client/v4/zones", nil).Header().Get("Date"))
		require.NoError(t, err)
		return date.Sub(clock.time().Truncate(time.Second))
	}
	s.SetFaults(Faults{ClockSkewSeconds: -90})
	assert.Equal(t, -90*time.Second, off())
	s.SetFaults(Faults{ClockSkewSeconds: 100, ClockJumpSeconds: 50})
	seen := map[time.Duration]bool{}
	for range 50 {
		seen[off()] = true
		assert.InDelta(t, 100, off().Seconds(), 51)
	}
	assert.Greater(t, len(seen), 20)
	date := call(t, s, http.MethodGet, "/healthz", nil).Header().Get("Date")
	assert.Equal(t, clock.time().UTC().Format(http.TimeFormat), date, "the simulator's own endpoints keep its time")
}

func TestInvalidFaults(t *testing.T) {
	t.Parallel()
	for _, refused := range []string{
		`{"rest":{"reset_rate":-0.1}}`, `{"graphql":{"hang_rate":1.1}}`, `{"rest":{"latency_seconds":-1}}`, `{"answers":{"null_rate":2}}`,
		`{"answers":{"heavy_nodes":-1}}`, `{"clock_jump_seconds":-1}`, `{"settings_lag_seconds":-1}`, `{"late":{"share":2}}`,
		`{"late":{"min_seconds":2,"max_seconds":1}}`, `{"sampling":{"ten_above":-1}}`,
		`{"outages":[{"from":"2026-01-01T01:00:00Z","to":"2026-01-01T00:00:00Z"}]}`, `{"outages":[{"at":1}]}`, `{`,
	} {
		_, err := ParseFaults(strings.NewReader(refused))
		require.Error(t, err, refused)
	}
	faults, err := ParseFaults(strings.NewReader(`{"late":{"share":0.5,"max_seconds":60},"outages":[{"from":"2026-01-01T00:00:00Z","to":"2026-01-01T01:00:00Z","reset":true}]}`))
	require.NoError(t, err)
	assert.Equal(t, Lateness{Share: 0.5, MaxSeconds: 60}, faults.Late)
	assert.True(t, faults.Outages[0].Reset)
}
